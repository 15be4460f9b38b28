//! Faults as the user's own structs.

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use csv::{DeserializeErrorKind, StringRecord};
use serde::de::{DeserializeOwned, Deserializer, Visitor, value::Error as ProbeError};
use serde::forward_to_deserialize_any;

use super::columns::{Columns, number};
use super::fault::Fault;
use super::{FaultReport, Faults};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::key::KnownColumn;

impl Fault<'_> {
    /// The fault as a value of the user's own type: as [`FaultReport::deserialize`] does it for all of them.
    ///
    /// # Errors
    /// A row that doesn't fit is an [`ErrorKind::Deserialize`] with its line and column. What the cell holds is not part
    /// of the error.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Row {
    ///     email: String,
    ///     postcode: Option<String>,
    /// }
    ///
    /// let report = FaultReport::from_bytes("Reason,Email,Postcode\nDuplicate,a@example.com,1017\n")?;
    /// let row: Row = report.get(0).unwrap().deserialize()?;
    /// assert_eq!((row.email.as_str(), row.postcode.as_deref()), ("a@example.com", Some("1017")));
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T> {
        Fit::new::<T>(self.columns()).value(self)
    }
}

impl FaultReport {
    /// The faults as values of the user's own type, made by the `csv` crate.
    ///
    /// A struct's fields are found among the columns by their names, case-insensitively. A field `reason` finds the
    /// reason's column and a field `email` the email's, whatever the report calls them; a reason may be a
    /// [`FailureReason`](crate::FailureReason). Of several columns of one name the first counts, the others are
    /// `name_2`, `name_3`. A field that is an `Option` is `None` where the cell is empty or absent, or the report
    /// has no such column.
    ///
    /// Each type that the `csv` crate can read is possible: maps have the columns' own names as keys, and tuples
    /// take the cells in their order. So does a struct with `#[serde(flatten)]`, which is a map to serde: there,
    /// name the fields as the report does (`#[serde(rename = "Reason")]`). A flattened part doesn't say what it wants, and
    /// so the `csv` crate guesses: what reads as a number or as `true` comes as that, the postcode `01234` as 1234. For the
    /// text of all cells take a map by itself, such as `HashMap<String, String>`, or [`Fault::fields`].
    ///
    /// # Errors
    /// Each row that doesn't fit is an [`ErrorKind::Deserialize`] with its line and column; the rows behind it are
    /// read all the same. What the cell holds is not part of the error.
    ///
    /// ```
    /// use dotdigital_faults::{FailureReason, FaultReport};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Row {
    ///     reason: FailureReason,
    ///     email: String,
    ///     postcode: Option<u32>,
    /// }
    ///
    /// let report = FaultReport::from_bytes(
    ///     "Reason,Email,Postcode\nDuplicate,a@example.com,1017\nBlocker,b@example.com,\nBlocker,c@example.com,N1\n",
    /// )?;
    /// let mut rows = report.deserialize::<Row>();
    ///
    /// let row = rows.next().unwrap()?;
    /// assert_eq!(row.reason, FailureReason::Duplicate);
    /// assert_eq!((row.email.as_str(), row.postcode), ("a@example.com", Some(1017)));
    ///
    /// assert_eq!(rows.next().unwrap()?.postcode, None);
    ///
    /// let error = rows.next().unwrap().err().unwrap();
    /// assert_eq!(error.to_string(), "line 4, column `Postcode`: the row doesn't fit the type: invalid digit found in string");
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn deserialize<T: DeserializeOwned>(&self) -> Deserialized<'_, T> {
        Deserialized { faults: self.faults(), fit: None, row: PhantomData }
    }
}

/// The faults of a report as the user's own type, as [`FaultReport::deserialize`] gives them.
pub struct Deserialized<'r, T> {
    faults: Faults<'r>,
    /// For the columns under which the last fault stood.
    fit: Option<(&'r Columns, Fit)>,
    row: PhantomData<fn() -> T>,
}

/// How a type fits columns.
struct Fit {
    /// The columns' names as the type calls them.
    headers: StringRecord,
    is_struct: bool,
}

impl Fit {
    fn new<T: DeserializeOwned>(columns: &Columns) -> Self {
        let fields = field_names::<T>();
        let mut headers: Vec<Cow<'_, str>> = (0..columns.len()).map(|column| columns.key(column)).collect();
        let mut free = vec![true; headers.len()];
        for &field in fields.unwrap_or_default() {
            if let Some(column) = column_of(field, columns)
                && let (Some(free), Some(header)) = (free.get_mut(column), headers.get_mut(column))
                && std::mem::take(free)
            {
                *header = Cow::Borrowed(field);
            }
        }
        // What the upload has called like a field that is another column's is none.
        for (column, header) in headers.iter_mut().enumerate() {
            if free.get(column) == Some(&true) && fields.is_some_and(|fields| fields.contains(&&**header)) {
                *header = Cow::Owned(number(column));
            }
        }
        Fit { headers: headers.iter().map(|name| &**name).collect(), is_struct: fields.is_some() }
    }

    fn value<T: DeserializeOwned>(&self, fault: &Fault<'_>) -> Result<T> {
        let mut record: StringRecord = fault.fields().collect();
        let cells = record.len();
        let mut headers = Cow::Borrowed(&self.headers);
        if record.len() < headers.len() {
            // So that absent cells are missing fields, and not the end of the row.
            headers.to_mut().truncate(record.len());
            let reason = fault.columns().reason();
            if self.is_struct && record.len() <= reason {
                // Without its cell a reason is an unknown one, and no missing field.
                headers.to_mut().push_field(self.headers.get(reason).unwrap_or_default());
                record.push_field("");
            }
        }
        record.deserialize(Some(&headers)).map_err(|error| {
            let (why, column) = explain::<T>(&error, &record, &headers);
            let error = Error::new(ErrorKind::Deserialize, format!("the row doesn't fit the type: {why}"));
            let error = error.on_line(fault.line());
            match column {
                Some(Column::At(column)) if column < cells => error.in_column(&fault.columns().told(column)),
                Some(Column::At(_)) => error.in_column(&fault.columns().told(fault.columns().reason())),
                Some(Column::Missing(name)) => error.in_column(&name),
                None => error,
            }
        })
    }
}

/// Why a row doesn't fit, and in which column.
fn explain<T: DeserializeOwned>(
    error: &csv::Error,
    record: &StringRecord,
    headers: &StringRecord,
) -> (String, Option<Column>) {
    let csv::ErrorKind::Deserialize { err, .. } = error.kind() else {
        return ("it can't be read".to_owned(), None);
    };
    match err.kind() {
        // serde's own messages repeat the cell, and so they are left out; the others don't.
        DeserializeErrorKind::Message(message) => match missing_field(message) {
            Some(field) => ("there is no such cell".to_owned(), Some(Column::Missing(field.to_owned()))),
            None => ("the cell is of another kind".to_owned(), locate::<T>(record, headers)),
        },
        kind => (kind.to_string(), err.field().map(|field| Column::At(field as usize))),
    }
}

/// In which column a row fails where serde's error doesn't say: it is the last one of the shortest beginning of the
/// row that fails, too. A tuple has no shorter beginning that fits.
fn locate<T: DeserializeOwned>(record: &StringRecord, headers: &StringRecord) -> Option<Column> {
    let lens: Vec<_> = (0..=record.len()).collect();
    let fitting = lens.partition_point(|&len| !beginning_fails::<T>(len, record, headers));
    fitting.checked_sub(1).map(Column::At)
}

/// Returns true if so much of a row fails, for another cause than that a field is missing.
fn beginning_fails<T: DeserializeOwned>(len: usize, record: &StringRecord, headers: &StringRecord) -> bool {
    let (mut record, mut headers) = (record.clone(), headers.clone());
    record.truncate(len);
    headers.truncate(len);
    match record.deserialize::<T>(Some(&headers)) {
        Ok(_) => false,
        Err(error) => match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => match err.kind() {
                DeserializeErrorKind::Message(message) => missing_field(message).is_none(),
                _ => true,
            },
            _ => true,
        },
    }
}

/// The column that a struct's field of that name stands for. `reason` and `email` are those of the report, whatever else the
/// upload has called so.
fn column_of(field: &str, columns: &Columns) -> Option<usize> {
    match field {
        "reason" => return Some(columns.reason()),
        "email" => return columns.email(),
        _ => {}
    }
    if let Some(column) = columns.names().position(|name| name == field) {
        return Some(column);
    }
    match KnownColumn::of(field.as_bytes()) {
        Some(KnownColumn::Reason) => Some(columns.reason()),
        Some(KnownColumn::Email) => columns.email(),
        None => columns.position(field),
    }
}

enum Column {
    At(usize),
    Missing(String),
}

/// The name in serde's message for a field that a struct needs.
fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

impl<T: DeserializeOwned> Iterator for Deserialized<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let fault = self.faults.next()?;
        let columns = fault.columns();
        let fit = match &mut self.fit {
            Some((of, fit)) if std::ptr::eq(*of, columns) => fit,
            fit => &fit.insert((columns, Fit::new::<T>(columns))).1,
        };
        Some(fit.value(&fault))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.faults.size_hint()
    }
}

impl<T: DeserializeOwned> ExactSizeIterator for Deserialized<'_, T> {}
impl<T: DeserializeOwned> FusedIterator for Deserialized<'_, T> {}

impl<T> fmt::Debug for Deserialized<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deserialized").field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// The names of a struct's fields, or `None` for all that isn't a struct.
fn field_names<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut names = None;
    let _ = T::deserialize(Probe(&mut names));
    names
}

/// Has no data: it only learns for which fields a struct asks.
struct Probe<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = ProbeError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        Err(serde::de::Error::custom("a probe has no data"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}
