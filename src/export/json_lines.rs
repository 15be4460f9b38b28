//! Faults as JSON, an object a line.
//!
//! # How it works
//!
//! What is the same in every line is made once: the members that tell a known reason, and the columns' keys. A row whose
//! cells need no escape, which nearly every row is, is copied cell by cell between them:
//!
//! ```text
//!   {"line":2,"reason":"blocker","label":"Blocker","remedy":"remove","email":"a@x","columns":{"Reason":"Blocker",…}}
//!             └──────────── once for each reason ─────────────────┘                          └ a key ┘
//! ```
//!
//! Any other is written cell by cell, with what JSON escapes.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use memchr::memchr_iter;

use super::gathered::Gathered;
use super::{WriteOptions, writing};
use crate::anomaly::Anomaly;
use crate::error::Result;
use crate::reason::FailureReason;
use crate::report::absent::AbsentCells;
use crate::report::columns::{Columns, SameColumns, number};
use crate::report::fault::{Fault, text};
use crate::report::feed::FaultSink;

/// Writes faults as JSON, an object a line, as `faults list --format jsonl` prints them.
///
/// The columns keep the report's names and order; an absent cell is `null`, and so is the line of a fault of the newer
/// API. Where a fault is partial ([`Fault::is_partial`]), `"partial":true` follows the remedy; else there is no such
/// member. What the options say of CSV has no effect here. [`JsonLines`] does the same with faults that come one at a
/// time.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails, and [`TooLarge`](crate::ErrorKind::TooLarge) where the absent cells
/// of short rows, under a header of many columns, would take more than a thousand times what is there.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut lines = Vec::new();
/// export::faults_to_jsonl(report.faults(), &export::WriteOptions::new(), &mut lines)?;
/// assert_eq!(
///     String::from_utf8_lossy(&lines),
///     r#"{"line":2,"reason":"blocker","label":"Blocker","remedy":"remove","email":"demo@example.com","columns":{"Reason":"Blocker","email":"demo@example.com"}}
/// "#,
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_jsonl<'r>(
    faults: impl IntoIterator<Item = Fault<'r>>,
    options: &WriteOptions,
    writer: impl Write,
) -> Result<()> {
    let mut lines = JsonLines::new(writer, options);
    for fault in faults {
        lines.fault(&fault)?;
    }
    lines.finish().map(|_| ())
}

/// Writes faults as JSON, an object a line, as they come, in constant memory; what [`faults_to_jsonl`] does with those of
/// a report.
///
/// It needs no buffer around its writer. [`finish`](Self::finish) writes what is still in its own.
///
/// ```
/// use dotdigital_faults::{FaultReader, export};
///
/// let report = "Reason,email\nBlocker,a@example.com\n";
/// let mut lines = export::JsonLines::new(Vec::new(), &export::WriteOptions::new());
/// FaultReader::new(report.as_bytes()).drain_into(&mut lines)?;
/// assert!(lines.finish()?.starts_with(br#"{"line":2,"reason":"blocker""#));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct JsonLines<W> {
    out: Gathered<W>,
    options: WriteOptions,
    /// The members that tell each known reason, in the documented order.
    reasons: Vec<Vec<u8>>,
    columns: Option<SameColumns>,
    keys: Keys,
    absent: AbsentCells,
}

/// The keys of columns, each with what stands in front of its value; and once more with the value of an absent cell.
#[derive(Default)]
struct Keys {
    text: Vec<u8>,
    ends: Vec<usize>,
    absent: Vec<u8>,
    absent_ends: Vec<usize>,
}

impl Keys {
    /// The keys of the columns' names or, where these may not be seen, of their numbers.
    fn new(columns: &Columns, is_numbered: bool) -> Result<Self> {
        let mut keys = Keys::default();
        for column in 0..columns.len() {
            if column > 0 {
                keys.text.push(b',');
            }
            serde_json::to_writer(&mut keys.text, &key(columns, column, is_numbered)).map_err(writing)?;
            keys.text.push(b':');
            let start = keys.ends.last().copied().unwrap_or(0);
            keys.ends.push(keys.text.len());
            keys.absent.extend_from_slice(keys.text.get(start..).unwrap_or_default());
            keys.absent.extend_from_slice(b"null");
            keys.absent_ends.push(keys.absent.len());
        }
        Ok(keys)
    }

    /// The members of the cells that a row with so many of them lacks.
    fn absent_behind(&self, cells: usize) -> &[u8] {
        let start = cells.checked_sub(1).map_or(Some(0), |last| self.absent_ends.get(last).copied());
        start.and_then(|start| self.absent.get(start..)).unwrap_or_default()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.text.get(start..end).unwrap_or_default())
    }
}

impl<W: Write> JsonLines<W> {
    /// Writes to a writer.
    pub fn new(writer: W, options: &WriteOptions) -> Self {
        JsonLines {
            out: Gathered::new(writer),
            options: options.clone(),
            reasons: FailureReason::iter().map(|reason| members(&reason)).collect(),
            columns: None,
            keys: Keys::default(),
            absent: AbsentCells::default(),
        }
    }

    /// Writes what is still in the buffer, and gives the writer back.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the writer fails.
    pub fn finish(self) -> Result<W> {
        self.out.finish()
    }

    /// Do numbers stand in for the columns' names?
    fn is_numbered(&self, columns: &Columns) -> bool {
        self.options.redacts() && self.options.numbers(columns)
    }

    /// Learns the keys of the columns under which faults stand.
    fn know(&mut self, columns: &Columns) -> Result<()> {
        if !self.columns.as_ref().is_some_and(|known| known.are(columns)) {
            self.columns = Some(SameColumns::as_those(columns));
            self.keys = Keys::new(columns, self.is_numbered(columns))?;
        }
        Ok(())
    }

    /// Refuses to write very much for very little: the absent cells of short rows under a header of many columns.
    fn allow_absent_cells(&mut self, fault: &Fault<'_>) -> Result<()> {
        if !fault.anomalies().contains(Anomaly::ShortRow) {
            return Ok(());
        }
        let absent = self.keys.absent_behind(fault.raw_fields().count()).len() as u64;
        let advice = "write CSV, in which an absent cell takes no place";
        self.absent.allow(fault, absent).map_err(|error| error.advise(advice))
    }

    /// Writes a fault whose cells can be told without a copy. `false`, and nothing written, where it is another.
    fn copy(&mut self, fault: &Fault<'_>) -> bool {
        let others = [Anomaly::RejoinedRow, Anomaly::UnclosedQuote, Anomaly::InvalidUtf8, Anomaly::LongRow];
        let is_simple = fault.anomalies().is_empty() || !others.into_iter().any(|one| fault.anomalies().contains(one));
        // A fault without a line is one whose cells may be absent.
        if self.options.redacts() || !is_simple || fault.line().is_none() {
            return false;
        }
        let (row, columns) = (fault.bytes(), fault.columns());
        let separator = columns.separator();
        let is_bare = !needs_escape(row, separator);
        self.begin(fault);
        let out = &mut self.out.bytes;
        match columns.email().and_then(|column| fault.raw_field(column)) {
            Some(email) => push_text(out, &email),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"columns\":{");
        let mut cells = 0;
        if is_bare {
            let mut start = 0;
            for (key, end) in self.keys.iter().zip(memchr_iter(separator, row).chain([row.len()])) {
                out.extend_from_slice(key);
                push_quoted(out, row.get(start..end).unwrap_or_default());
                start = end + 1;
                cells += 1;
            }
        } else {
            for (key, cell) in self.keys.iter().zip(fault.raw_fields()) {
                out.extend_from_slice(key);
                push_text(out, &cell);
                cells += 1;
            }
        }
        out.extend_from_slice(self.keys.absent_behind(cells));
        out.extend_from_slice(b"}}");
        true
    }

    /// Writes any fault, its cells as they may be seen; what is full goes on with each of them: a row may have millions.
    fn write_cells(&mut self, fault: &Fault<'_>) -> Result<()> {
        let columns = fault.columns();
        let is_numbered = self.is_numbered(columns);
        self.begin(fault);
        let JsonLines { out, options, keys, .. } = self;
        match columns.email().and_then(|column| Some((column, fault.raw_field(column)?))) {
            Some((column, email)) => push_text(&mut out.bytes, text(options.cell(fault, column, email)).as_bytes()),
            None => out.bytes.extend_from_slice(b"null"),
        }
        out.bytes.extend_from_slice(b",\"columns\":{");
        let (mut cells, mut known) = (0, keys.iter());
        for (column, cell) in fault.present_fields().enumerate() {
            match known.next() {
                Some(key) => out.bytes.extend_from_slice(key),
                None => push_further_key(&mut out.bytes, columns, column, is_numbered),
            }
            match cell {
                Some(cell) => push_text(&mut out.bytes, text(options.cell(fault, column, cell)).as_bytes()),
                None => out.bytes.extend_from_slice(b"null"),
            }
            out.write_if_full()?;
            cells += 1;
        }
        out.bytes.extend_from_slice(keys.absent_behind(cells));
        out.bytes.extend_from_slice(b"}}");
        Ok(())
    }

    /// Writes a line up to the email's value.
    fn begin(&mut self, fault: &Fault<'_>) {
        let reason = self.options.reason(fault.reason());
        let out = &mut self.out.bytes;
        out.extend_from_slice(b"{\"line\":");
        match fault.line() {
            Some(line) => push_number(out, line),
            None => out.extend_from_slice(b"null"),
        }
        match self.reasons.get(reason.position()) {
            Some(members) => out.extend_from_slice(members),
            None => out.extend_from_slice(&members(&reason)),
        }
    }
}

impl<W: Write> FaultSink for JsonLines<W> {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self.know(fault.columns())?;
        self.allow_absent_cells(fault)?;
        if !self.copy(fault) {
            self.write_cells(fault)?;
        }
        self.out.bytes.push(b'\n');
        self.out.write_if_full()
    }
}

/// `Debug` shows nothing of the faults.
impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The members that tell a known reason, up to the email's value.
fn members(reason: &FailureReason) -> Vec<u8> {
    let text = |text: &str| serde_json::Value::from(text);
    let (slug, label, remedy) = (text(reason.slug()), text(reason.label()), text(reason.remedy().slug()));
    let partial = if reason.is_partial() { r#","partial":true"# } else { "" };
    format!(r#","reason":{slug},"label":{label},"remedy":{remedy}{partial},"email":"#).into_bytes()
}

/// Has a row a byte that JSON escapes, or quotes? A tab may part its cells.
fn needs_escape(row: &[u8], separator: u8) -> bool {
    let escaped = |byte: u8| (byte < 0x20) & (byte != separator) | (byte == b'"') | (byte == b'\\');
    row.iter().fold(false, |found, &byte| found | escaped(byte))
}

/// What tells a column from others, or its number.
fn key(columns: &Columns, column: usize, is_numbered: bool) -> Cow<'_, str> {
    if is_numbered { Cow::Owned(number(column)) } else { columns.key(column) }
}

/// The key of a cell beyond the header.
fn push_further_key(out: &mut Vec<u8>, columns: &Columns, column: usize, is_numbered: bool) {
    if column > 0 {
        out.push(b',');
    }
    push_text(out, key(columns, column, is_numbered).as_bytes());
    out.push(b':');
}

fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// A text with whatever JSON escapes in it.
fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    const NO_SEPARATOR: u8 = 0x20;

    if !needs_escape(text, NO_SEPARATOR) {
        return push_quoted(out, text);
    }
    // Writing to a vector never fails.
    let _ = serde_json::to_writer(out, &*String::from_utf8_lossy(text));
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(number).as_bytes());
}
