//! One contact that was not imported.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

pub(crate) use super::cells::text;
use super::cells::{Cells, cell};
use super::columns::Columns;
use crate::anomaly::AnomalySet;
use crate::read::row::Row;
use crate::reason::remedy::Remedy;
use crate::reason::{FailureReason, Slot};

/// One contact that was not imported: a row of the report, and why it is in it.
///
/// It is a view: on the bytes of its row, and on the [`Columns`] under which it stands. So it is the same whether it comes
/// from a [`FaultReport`](crate::FaultReport) in memory, from a [`FaultReader`](crate::FaultReader) over a file of any size,
/// or from a [`FaultFeed`](crate::FaultFeed). It copies nothing until a cell is asked for that was quoted or isn't UTF-8.
/// `Debug` prints no contact data. With serde it is a line of `faults list --format jsonl`.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport};
///
/// let report = FaultReport::from_bytes("Reason,email,firstname\nHard bounced,demo@example.com,Demo\n")?;
/// let fault = report.get(0).unwrap();
/// assert_eq!(fault.reason(), &FailureReason::HardBounced);
/// assert_eq!(fault.email(), "demo@example.com");
/// assert_eq!(fault.get("FirstName").as_deref(), Some("Demo"));
/// assert_eq!(fault.line(), Some(2));
/// assert_eq!(format!("{fault:?}"), r#"Fault { line: 2, reason: "hard_bounced", anomalies: {} }"#);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone)]
pub struct Fault<'r> {
    bytes: &'r [u8],
    columns: &'r Columns,
    index: u64,
    line: u64,
    reason: Cow<'static, FailureReason>,
    anomalies: AnomalySet,
}

impl<'r> Fault<'r> {
    /// A row, which has these bytes, and so many faults before it.
    pub(crate) fn new(row: &Row, bytes: &'r [u8], columns: &'r Columns, index: u64) -> Self {
        let Row { line, slot, anomalies, .. } = *row;
        let mut fault = Fault { bytes, columns, index, line, reason: Cow::Borrowed(slot.reason()), anomalies };
        if slot == Slot::Other {
            let cell = fault.field(columns.reason()).unwrap_or_default();
            fault.reason = Cow::Owned(FailureReason::unknown(cell.trim()));
        }
        fault
    }

    /// Why the contact was not imported.
    pub fn reason(&self) -> &FailureReason {
        &self.reason
    }

    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        self.reason.remedy()
    }

    /// The email's cell, which holds whatever was uploaded; empty where the row or the report has none.
    pub fn email(&self) -> Cow<'r, str> {
        self.columns.email().and_then(|column| self.field(column)).unwrap_or_default()
    }

    /// A cell by its column's name, case-insensitively; `None` where there is no such column, the row ends before it, or
    /// the newer API's answer doesn't hold such an identifier.
    ///
    /// [`Columns::position`] tells which column is meant where several have one name.
    pub fn get(&self, column: &str) -> Option<Cow<'r, str>> {
        self.field(self.columns.position(column)?)
    }

    /// A cell by its column's position, counted from 0.
    pub fn field(&self, column: usize) -> Option<Cow<'r, str>> {
        self.raw_field(column).map(text)
    }

    /// A cell by its column's position, counted from 0, as bytes.
    pub fn raw_field(&self, column: usize) -> Option<Cow<'r, [u8]>> {
        cell(self.bytes, column, &self.columns.header, self.anomalies)
    }

    /// The cells, in the order of the columns; an absent identifier of the newer API is an empty one.
    pub fn fields(&self) -> impl Iterator<Item = Cow<'r, str>> + Clone {
        self.raw_fields().map(text)
    }

    /// The cells as bytes, without their quotes: what [`fields`](Self::fields) gives, also where that isn't UTF-8.
    pub fn raw_fields(&self) -> impl Iterator<Item = Cow<'r, [u8]>> + Clone + use<'r> {
        self.raw_cells()
    }

    /// The cells, of which some may be absent although others stand behind them.
    pub(crate) fn present_fields(&self) -> impl Iterator<Item = Option<Cow<'r, [u8]>>> + use<'r> {
        let (mut cells, is_of_answer) = (self.raw_cells(), self.columns.header.is_of_answer);
        std::iter::from_fn(move || if is_of_answer { cells.next_if_present() } else { cells.next().map(Some) })
    }

    fn raw_cells(&self) -> Cells<'r> {
        Cells::new(self.bytes, &self.columns.header, self.anomalies)
    }

    /// The columns under which the fault stands.
    pub fn columns(&self) -> &'r Columns {
        self.columns
    }

    /// How many faults stand before it in its report.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The physical line, counted from 1, on which the row starts; `None` for a fault of the newer API, whose answer is in
    /// JSON.
    pub fn line(&self) -> Option<u64> {
        Some(self.line).filter(|&line| line != Row::NO_LINE)
    }

    /// Returns true if the contact was imported, and only some of its data were not: see
    /// [`FailureReason::is_partial`].
    pub fn is_partial(&self) -> bool {
        self.reason.is_partial()
    }

    /// What was unusual in this row.
    pub fn anomalies(&self) -> AnomalySet {
        self.anomalies
    }

    /// The row, byte for byte, without its line end.
    pub fn bytes(&self) -> &'r [u8] {
        self.bytes
    }
}

/// An email as it is compared: without the white space around it, and lower-cased.
///
/// It need not be a valid one: two bad texts are the same where they read the same.
pub(crate) fn folded_email(email: &str) -> String {
    email.trim().to_lowercase()
}

impl fmt::Debug for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Fault");
        if let Some(line) = self.line() {
            debug.field("line", &line);
        }
        debug.field("reason", &self.reason.slug()).field("anomalies", &self.anomalies()).finish()
    }
}

impl Serialize for Fault<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields: Vec<_> = self.present_fields().map(|cell| cell.map(text)).collect();
        JsonLine { fault: self, fields: &fields }.serialize(serializer)
    }
}

/// A fault as an object, with the texts of its cells.
struct JsonLine<'a> {
    fault: &'a Fault<'a>,
    fields: &'a [Option<Cow<'a, str>>],
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let email = self.fault.columns.email().and_then(|column| self.fields.get(column));
        let mut fault = serializer.serialize_struct("Fault", 6 + usize::from(self.fault.is_partial()))?;
        fault.serialize_field("line", &self.fault.line())?;
        fault.serialize_field("reason", self.fault.reason.slug())?;
        fault.serialize_field("label", self.fault.reason.label())?;
        fault.serialize_field("remedy", &self.fault.remedy())?;
        if self.fault.is_partial() {
            fault.serialize_field("partial", &true)?;
        }
        fault.serialize_field("email", &email)?;
        fault.serialize_field("columns", &NamedCells(self))?;
        fault.end()
    }
}

/// The cells under their columns' keys; an absent one is `null`.
struct NamedCells<'a>(&'a JsonLine<'a>);

impl Serialize for NamedCells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let JsonLine { fault, fields } = self.0;
        let width = fault.columns.len().max(fields.len());
        let mut map = serializer.serialize_map(Some(width))?;
        for column in 0..width {
            map.serialize_entry(&fault.columns.key(column), &fields.get(column))?;
        }
        map.end()
    }
}
