//! One contact that was not imported.

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;

use memchr::{memchr, memchr2, memchr3};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::anomaly::{Anomaly, AnomalySet};
use crate::read::plain;
use crate::read::rows;
use crate::read::scan::{Record, Scanner, Sink};
use crate::reason::remedy::Remedy;
use crate::reason::{FailureReason, Slot};
use crate::report::FaultReport;
use crate::report::columns::Columns;

/// One contact that was not imported: a row of the report, and why it is in it.
///
/// It borrows from its [`FaultReport`] and copies nothing until a cell is asked for that was quoted or isn't UTF-8.
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
/// assert_eq!(fault.line(), 2);
/// assert_eq!(format!("{fault:?}"), r#"Fault { line: 2, reason: "hard_bounced", anomalies: {} }"#);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone)]
pub struct Fault<'r> {
    report: &'r FaultReport,
    row: usize,
    /// From where the row starts to where the next one does.
    bytes: &'r [u8],
    reason: Cow<'static, FailureReason>,
    anomalies: AnomalySet,
}

impl<'r> Fault<'r> {
    pub(crate) fn new(report: &'r FaultReport, row: usize, slot: Slot) -> Self {
        let anomalies = report.row_anomalies(row);
        let bytes = report.row_bytes(row, anomalies);
        let mut fault = Fault { report, row, bytes, reason: Cow::Borrowed(slot.reason()), anomalies };
        if slot == Slot::Other {
            let cell = fault.field(report.layout().reason).unwrap_or_default();
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
        self.email_cell().unwrap_or_default()
    }

    /// A cell by its column's name, in any case; `None` where there is no such column or the row ends before it.
    ///
    /// Of several columns of one name this is the first; the others are `name_2`, `name_3`. A field beyond the
    /// header is `column_N`, counted from 1.
    pub fn get(&self, column: &str) -> Option<Cow<'r, str>> {
        self.field(self.report.named_columns().find(column)?)
    }

    /// A cell by its column's position, counted from 0.
    pub fn field(&self, column: usize) -> Option<Cow<'r, str>> {
        self.cell(column).map(text)
    }

    /// The cells, in the order of the columns.
    pub fn fields(&self) -> Fields<'r> {
        Fields(self.raw_fields())
    }

    /// The cells as bytes, without their quotes: what [`fields`](Self::fields) gives, also where that isn't UTF-8.
    pub fn raw_fields(&self) -> RawFields<'r> {
        RawFields(self.cells(None).fields.into_iter())
    }

    /// The position of the fault in its report, counted from 0.
    pub fn index(&self) -> usize {
        self.row
    }

    /// The physical line, counted from 1, on which the row starts.
    pub fn line(&self) -> u64 {
        self.report.line(self.row)
    }

    /// What was unusual in this row.
    pub fn anomalies(&self) -> AnomalySet {
        self.anomalies
    }

    /// The row, byte for byte, without its line end.
    pub fn bytes(&self) -> &'r [u8] {
        let end = self.cells(None).end;
        self.bytes.get(..end).unwrap_or(self.bytes)
    }

    pub(crate) fn report(&self) -> &'r FaultReport {
        self.report
    }

    fn email_cell(&self) -> Option<Cow<'r, str>> {
        self.field(self.report.layout().email?)
    }

    fn cell(&self, column: usize) -> Option<Cow<'r, [u8]>> {
        if !self.is_rejoined()
            && let Some(cell) = plain_cell(self.bytes, column, self.report.largest_field())
        {
            return cell.map(Cow::Borrowed);
        }
        let mut fields = self.cells(Some(column)).fields;
        (column < fields.len()).then(|| fields.swap_remove(column))
    }

    fn is_rejoined(&self) -> bool {
        self.anomalies().contains(Anomaly::RejoinedRow)
    }

    /// The cells of the row, as far as `column` or, if `None`, all.
    fn cells(&self, column: Option<usize>) -> Cells<'r> {
        let rejoined = self.is_rejoined();
        // The parts of a torn row are only put together once all of them are there.
        let up_to = column.filter(|_| !rejoined).unwrap_or(usize::MAX);
        Cells::read(self.bytes, self.report.largest_field(), up_to, rejoined)
    }
}

/// A cell of a row, `Some(None)` if the row ends before it; `None` where it takes a careful reading to tell.
fn plain_cell(row: &[u8], column: usize, largest_field: usize) -> Option<Option<&[u8]>> {
    if let Some(cell) = cell_of_first_word(row, column) {
        return Some(Some(cell));
    }
    let (mut cell, mut rest) = first_plain_cell(row, largest_field)?;
    for _ in 0..column {
        let Some(next) = rest.strip_prefix(b",") else { return Some(None) };
        (cell, rest) = first_plain_cell(next, largest_field)?;
    }
    Some(Some(cell))
}

/// The same for a cell that ends among the first bytes of a row, with no quotes in front of it or around it.
fn cell_of_first_word(row: &[u8], column: usize) -> Option<&[u8]> {
    let word = row.first_chunk()?;
    let (mut ends, mut start) = (plain::cell_ends(word), 0);
    for _ in 0..column {
        let end = ends.trailing_zeros() as usize;
        if word.get(start) == Some(&b'"') || word.get(end) != Some(&b',') {
            return None;
        }
        ends &= ends - 1;
        start = end + 1;
    }
    let cell = word.get(start..ends.trailing_zeros() as usize).filter(|_| ends != 0)?;
    (cell.first() != Some(&b'"')).then_some(cell)
}

/// The cell with which a text begins, and what follows it, if quotes in it and around it are no question.
fn first_plain_cell(text: &[u8], largest_field: usize) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return Some(text.split_at(memchr3(b',', b'\n', b'\r', text).unwrap_or(text.len())));
    };
    let (cell, rest) = quoted.split_at(memchr(b'"', quoted).filter(|&len| len <= largest_field)?);
    let rest = rest.get(1..)?;
    let is_plain = matches!(rest.first(), None | Some(b',' | b'\n' | b'\r')) && memchr2(b'\n', b'\r', cell).is_none();
    is_plain.then_some((cell, rest))
}

/// The cells of one row.
struct Cells<'r> {
    bytes: &'r [u8],
    fields: Vec<Cow<'r, [u8]>>,
    current: Option<Cow<'r, [u8]>>,
    /// Where the row ends, without its line end.
    end: usize,
    /// The last column that is wanted.
    up_to: usize,
    /// Was the row torn apart? All records are parts of it then.
    rejoined: bool,
    /// The first field of the part that is being read.
    part: usize,
}

impl<'r> Cells<'r> {
    fn read(bytes: &'r [u8], largest_field: usize, up_to: usize, rejoined: bool) -> Self {
        let mut cells = Cells { bytes, fields: Vec::new(), current: None, end: 0, up_to, rejoined, part: 0 };
        Scanner::new(largest_field).scan(bytes, &mut cells);
        cells
    }
}

impl<'r> Sink<'r> for Cells<'r> {
    fn text(&mut self, piece: &'r [u8]) -> ControlFlow<()> {
        match &mut self.current {
            Some(field) => field.to_mut().extend_from_slice(piece),
            empty => *empty = Some(Cow::Borrowed(piece)),
        }
        ControlFlow::Continue(())
    }

    fn end_field(&mut self) -> ControlFlow<()> {
        self.fields.push(self.current.take().unwrap_or_default());
        if self.fields.len() > self.up_to { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end_record(&mut self, record: Record) -> ControlFlow<()> {
        if self.part > 0 {
            let first = self.fields.remove(self.part);
            if let Some(last) = self.fields.get_mut(self.part - 1) {
                let last = last.to_mut();
                last.extend_from_slice(&self.bytes[self.end..record.start as usize]);
                last.extend_from_slice(&first);
            }
        }
        self.end = record.end as usize;
        self.part = self.fields.len();
        if self.rejoined { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn blank_line(&mut self) {
        self.current = None;
        self.fields.truncate(self.part);
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        rows::is_fault(line)
    }
}

/// The fields of a header.
pub(crate) fn header_fields(header: &[u8], largest_field: usize) -> Vec<Cow<'_, [u8]>> {
    Cells::read(header, largest_field, usize::MAX, false).fields
}

/// Bytes as text: what isn't UTF-8 reads as U+FFFD.
pub(crate) fn text(cell: Cow<'_, [u8]>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        },
    }
}

impl fmt::Debug for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("line", &self.line())
            .field("reason", &self.reason.slug())
            .field("anomalies", &self.anomalies())
            .finish()
    }
}

impl Serialize for Fault<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields: Vec<_> = self.fields().collect();
        Line { fault: self, label: self.reason.label(), fields: &fields, columns: self.report.named_columns() }
            .serialize(serializer)
    }
}

/// A fault as an object, with the texts that are to stand in it.
pub(crate) struct Line<'a> {
    pub fault: &'a Fault<'a>,
    pub label: &'a str,
    pub fields: &'a [Cow<'a, str>],
    pub columns: &'a Columns,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let email = self.fault.report.layout().email.and_then(|column| self.fields.get(column));
        let mut fault = serializer.serialize_struct("Fault", 6)?;
        fault.serialize_field("line", &self.fault.line())?;
        fault.serialize_field("reason", self.fault.reason.slug())?;
        fault.serialize_field("label", self.label)?;
        fault.serialize_field("remedy", &self.fault.remedy())?;
        fault.serialize_field("email", &email)?;
        fault.serialize_field("columns", &NamedCells { columns: self.columns, fields: self.fields })?;
        fault.end()
    }
}

/// The cells under their columns' keys; an absent one is `null`.
struct NamedCells<'a> {
    columns: &'a Columns,
    fields: &'a [Cow<'a, str>],
}

impl Serialize for NamedCells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let width = self.columns.names().len().max(self.fields.len());
        let mut map = serializer.serialize_map(Some(width))?;
        for column in 0..width {
            map.serialize_entry(&self.columns.key(column), &self.fields.get(column))?;
        }
        map.end()
    }
}

/// The cells of a fault, as [`Fault::fields`] gives them.
#[derive(Clone)]
pub struct Fields<'r>(RawFields<'r>);

impl<'r> Iterator for Fields<'r> {
    type Item = Cow<'r, str>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(text)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Fields<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(text)
    }
}

impl ExactSizeIterator for Fields<'_> {}
impl FusedIterator for Fields<'_> {}

/// The cells of a fault as bytes, as [`Fault::raw_fields`] gives them.
#[derive(Clone)]
pub struct RawFields<'r>(std::vec::IntoIter<Cow<'r, [u8]>>);

impl<'r> Iterator for RawFields<'r> {
    type Item = Cow<'r, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for RawFields<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for RawFields<'_> {}
impl FusedIterator for RawFields<'_> {}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("len", &self.len()).finish()
    }
}

impl fmt::Debug for RawFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawFields").field("len", &self.len()).finish()
    }
}
