//! Faults as CSV, as the report itself is.
//!
//! # How it works
//!
//! Nearly every row can be written as it stands: it has no quotes, its cells are parted by commas, and nothing is to be
//! changed in it. Such a row is copied. Any other is taken apart into its cells, and written anew.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use csv_core::{QuoteStyle, WriterBuilder};
use memchr::{memchr, memchr3};

use super::gathered::Gathered;
use super::{WriteOptions, tell};
use crate::anomaly::Anomaly;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{BOM, format};
use crate::reason::FailureReason;
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;
use crate::report::cells::closing_quote;
use crate::report::columns::{Columns, SameColumns};
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;

/// How many bytes the headers may take that keep short rows apart: so many in any case, and so many for each byte of
/// these rows.
const HEADERS: u64 = 64 << 20;
const HEADERS_PER_BYTE: u64 = 1024;

/// Writes faults as CSV under the header of their report, as `faults list --format csv` prints them.
///
/// Cells are written byte for byte, also where they are not UTF-8 and where they look like a formula: what is
/// written reads back as the same cells, under the same columns. A row keeps its width. Where the report has no header,
/// the columns are named `column_1`, `column_2`, and so on. Where another header begins, it is written, too. A header
/// without a fault under it is read as an empty report, unless a column's name holds a code such as `ERROR_X`: that is how
/// the service tells an error in one line. And where no column is named `Reason`, as where there is no header, it takes a
/// known reason to show that what was written is a report: write the faults of unknown reasons beside others, or say
/// where the reason stands when it is read.
///
/// One kind of cell does not come back whole: one that holds, behind a line break, a line that is a fault by commas, which
/// is then read as a fault, so that none is ever lost. A report with commas holds no such cell; one with other separators
/// may, and so may an answer of the newer API.
///
/// [`Csv`] does the same with faults that come one at a time.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email\r\nBlocker,\"a\"\r\nDuplicate,b\r\n")?;
/// let mut csv = Vec::new();
/// let blockers = report.by_reason(&FailureReason::Blocker);
/// export::faults_to_csv(&report, blockers, &export::WriteOptions::new(), &mut csv)?;
/// assert_eq!(csv, b"Reason,email\nBlocker,a\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_csv<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    options: &WriteOptions,
    writer: impl Write,
) -> Result<()> {
    let mut csv = Csv::new(writer, options);
    tell(report, faults, &mut csv)?;
    csv.finish().map(|_| ())
}

/// Writes the faults that call for one remedy as CSV, in the shape that suits the remedy.
///
/// What is to be imported again ([`Remedy::Correct`], [`Remedy::RetryLater`]) has the upload's own shape: all
/// columns but the reason's, in their order, so that the file can go straight back; of the newer API's failures, the
/// identifiers. The others keep the reason's.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Remedy, export};
///
/// let report = FaultReport::from_bytes("Reason,email,name\nInvalid Email,demo@,Demo\nBlocker,a@example.com,Ann\n")?;
/// let options = export::WriteOptions::new();
/// let mut correct = Vec::new();
/// export::remedy_to_csv(&report, Remedy::Correct, &options, &mut correct)?;
/// assert_eq!(correct, b"email,name\ndemo@,Demo\n");
/// let mut remove = Vec::new();
/// export::remedy_to_csv(&report, Remedy::Remove, &options, &mut remove)?;
/// assert_eq!(remove, b"Reason,email,name\nBlocker,a@example.com,Ann\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn remedy_to_csv(report: &FaultReport, remedy: Remedy, options: &WriteOptions, writer: impl Write) -> Result<()> {
    faults_to_csv(report, report.by_remedy(remedy), &options_for(remedy, options), writer)
}

/// The options with the shape that suits a remedy.
pub(super) fn options_for(remedy: Remedy, options: &WriteOptions) -> WriteOptions {
    options.clone().upload_shape(matches!(remedy, Remedy::Correct | Remedy::RetryLater))
}

/// The file name of the faults that call for a remedy, such as `ask-consent.csv`.
///
/// ```
/// use dotdigital_faults::{Remedy, export};
///
/// assert_eq!(export::remedy_file_name(Remedy::AskConsent), "ask-consent.csv");
/// ```
pub fn remedy_file_name(remedy: Remedy) -> String {
    format!("{}.csv", remedy.slug().replace('_', "-"))
}

/// Writes faults as CSV as they come, in constant memory; what [`faults_to_csv`] does with those of a report.
///
/// It needs no buffer around its writer. [`finish`](Self::finish) writes what is still in its own.
///
/// ```
/// use dotdigital_faults::{Fault, FaultReader, FaultSink, Remedy, export};
///
/// let report = "Reason,email\nBlocker,a@example.com\nDuplicate,b@example.com\n";
/// let mut csv = export::Csv::new(Vec::new(), &export::WriteOptions::new());
/// let mut reader = FaultReader::new(report.as_bytes());
/// while let Some(fault) = reader.read_fault()? {
///     if fault.remedy() == Remedy::Remove {
///         csv.fault(&fault)?;
///     }
/// }
/// assert_eq!(csv.finish()?, b"Reason,email\nBlocker,a@example.com\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct Csv<W> {
    out: Gathered<W>,
    options: WriteOptions,
    records: Records,
    /// The columns above the rows, and their header as it is written once more, from the first time on that it is.
    columns: Option<SameColumns>,
    header: Vec<u8>,
    /// How many cells the last row has, if it has so few that it might go on in the next one.
    short: Option<usize>,
    /// How many bytes headers may still take that keep rows apart.
    allowed: u64,
}

impl<W: Write> Csv<W> {
    /// Writes to a writer.
    pub fn new(writer: W, options: &WriteOptions) -> Self {
        Csv {
            out: Gathered::new(writer),
            options: options.clone(),
            records: Records::new(options.is_spreadsheet_safe()),
            columns: None,
            header: Vec::new(),
            short: None,
            allowed: HEADERS,
        }
    }

    /// Writes what is still in the buffer, and gives the writer back.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the writer fails.
    pub fn finish(self) -> Result<W> {
        self.out.finish()
    }

    fn write_cells(&mut self, fault: &Fault<'_>) -> Result<()> {
        if !self.options.has_upload_shape() {
            self.part_from_row_before(fault)?;
        }
        let cells = self.options.cells(fault);
        self.records.write(cells.map(|cell| self.options.defused(cell)), &mut self.out)
    }

    /// Rule 7 would join some rows when they are read again: a header between them keeps them apart.
    fn part_from_row_before(&mut self, fault: &Fault<'_>) -> Result<()> {
        let columns = fault.columns();
        let (width, cells) = (columns.len(), fault.raw_fields().count());
        let has_at = || {
            let email = columns.email().and_then(|column| Some((column, fault.raw_field(column)?)));
            email.is_some_and(|(column, email)| self.options.cell(fault, column, email).contains(&b'@'))
        };
        let goes_on = self.short.is_some_and(|short| short + cells <= width + 1)
            && fault.reason().slug() == FailureReason::OTHER
            && !has_at();
        if goes_on {
            self.repeat_header(fault)?;
        }
        let may_go_on = columns.reason() == 0 && width >= 3 && (2..width).contains(&cells);
        self.short = may_go_on.then_some(cells);
        Ok(())
    }

    /// Writes the header once more, unless that would be very much for very little.
    fn repeat_header(&mut self, fault: &Fault<'_>) -> Result<()> {
        if self.header.is_empty() {
            // It may need fewer quotes than as the first record.
            let mut again = Gathered::new(Vec::new());
            self.records.write(self.options.names(fault.columns()).iter(), &mut again)?;
            self.header = again.finish()?;
        }
        self.allowed = self.allowed.saturating_add(HEADERS_PER_BYTE * fault.bytes().len() as u64);
        self.allowed = self.allowed.checked_sub(self.header.len() as u64).ok_or_else(|| {
            let what = format!(
                "the headers that keep short rows apart would take more than {HEADERS_PER_BYTE} times what is there"
            );
            Error::new(ErrorKind::TooLarge, what).on_line(fault.line()).advise("write JSON lines")
        })?;
        self.out.bytes.extend_from_slice(&self.header);
        Ok(())
    }
}

impl<W: Write> FaultSink for Csv<W> {
    fn columns(&mut self, columns: &Columns) -> Result<()> {
        if self.columns.as_ref().is_some_and(|known| known.are(columns)) {
            return Ok(());
        }
        self.columns = Some(SameColumns::as_those(columns));
        self.short = None;
        if self.options.is_spreadsheet_safe() && self.records.is_first {
            self.out.bytes.extend_from_slice(BOM);
        }
        self.header.clear();
        self.records.write(self.options.names(columns).iter(), &mut self.out)
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self.columns(fault.columns())?;
        match self.options.as_it_stands(fault) {
            Some(bytes) => {
                self.short = None;
                self.out.bytes.extend_from_slice(bytes);
                self.out.bytes.push(b'\n');
            }
            None => self.write_cells(fault)?,
        }
        self.out.write_if_full()
    }
}

/// `Debug` shows nothing of the faults.
impl<W> fmt::Debug for Csv<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csv").field("options", &self.options).finish_non_exhaustive()
    }
}

impl WriteOptions {
    /// The names of a header.
    fn names<'c>(&self, columns: &'c Columns) -> Vec<Cow<'c, [u8]>> {
        self.header(columns).into_iter().map(|name| self.defused(name)).collect()
    }

    /// The bytes of a row, or of all of it but the reason, where they are what would be written of its cells.
    fn as_it_stands<'r>(&self, fault: &Fault<'r>) -> Option<&'r [u8]> {
        let (row, columns) = (fault.bytes(), fault.columns());
        // A short row may have to be kept apart from the next one.
        let other = [Anomaly::ShortRow, Anomaly::RejoinedRow, Anomaly::UnclosedQuote];
        let is_whole = fault.anomalies().is_empty() || !other.into_iter().any(|one| fault.anomalies().contains(one));
        if !self.is_bytewise() || columns.separator() != b',' || !is_whole || !is_as_written(row) {
            return None;
        }
        let (row, width) = match (self.has_upload_shape(), columns.reason()) {
            (false, _) => (row, columns.len()),
            (true, 0) if row.first() != Some(&b'"') && columns.are_of_upload() => {
                (row.get(memchr(b',', row)? + 1..)?, columns.len() - 1)
            }
            (true, _) => return None,
        };
        // A first cell that begins as a byte order mark does is looked at, whether it is in quotes or not.
        let first = row.strip_prefix(b"\"").unwrap_or(row).first();
        (width > 1 && first != BOM.first()).then_some(row)
    }
}

/// Does a row have quotes only around cells that need them?
fn is_as_written(row: &[u8]) -> bool {
    let mut rest = row;
    while let Some(open) = memchr(b'"', rest) {
        let at = row.len() - rest.len() + open;
        let is_first = at == 0 || row.get(at - 1) == Some(&b',');
        let quoted = rest.get(open + 1..).unwrap_or_default();
        let (close, is_doubled) = closing_quote(quoted);
        let (content, Some(behind)) = (&quoted[..close], quoted.get(close + 1..)) else { return false };
        let is_needed = is_doubled || memchr3(b',', b'\n', b'\r', content).is_some();
        match behind {
            [] => return is_first && is_needed,
            [b',', behind @ ..] if is_first && is_needed => rest = behind,
            _ => return false,
        }
    }
    true
}

/// Writes records with quotes where they are needed, and all in quotes where they would be taken for something else
/// without.
pub(super) struct Records {
    necessary: csv_core::Writer,
    always: csv_core::Writer,
    /// Must no cell with another program's separator stand without quotes?
    minds_separators: bool,
    is_first: bool,
}

impl Records {
    pub(super) fn new(minds_separators: bool) -> Self {
        Records::separated_by(b',', minds_separators)
    }

    pub(super) fn separated_by(separator: u8, minds_separators: bool) -> Self {
        let writer = |style| WriterBuilder::new().delimiter(separator).quote_style(style).build();
        Records {
            necessary: writer(QuoteStyle::Necessary),
            always: writer(QuoteStyle::Always),
            minds_separators,
            is_first: true,
        }
    }

    /// Writes a record, and lets what is full go on with each cell of it: a row may have millions.
    pub(super) fn write<C: AsRef<[u8]>>(
        &mut self,
        record: impl Iterator<Item = C> + Clone,
        out: &mut Gathered<impl Write>,
    ) -> Result<()> {
        let has_separator = || record.clone().any(|cell| memchr3(b';', b'\t', b'|', cell.as_ref()).is_some());
        let is_quoted = is_mistakable(record.clone(), self.is_first) || self.minds_separators && has_separator();
        self.is_first = false;
        let writer = if is_quoted { &mut self.always } else { &mut self.necessary };
        for (column, cell) in record.enumerate() {
            if column > 0 {
                grow(&mut out.bytes, 0, |room| writer.delimiter(room).1);
            }
            write_cell(writer, cell.as_ref(), &mut out.bytes);
            out.write_if_full()?;
        }
        grow(&mut out.bytes, 0, |room| writer.terminator(room).1);
        Ok(())
    }
}

/// Writes a cell, with its opening quote if it needs one; the closing one is written by what follows it.
fn write_cell(writer: &mut csv_core::Writer, cell: &[u8], out: &mut Vec<u8>) {
    // Room for all of it at once, each byte of it a quote: to be asked twice would look through the rest twice.
    grow(out, 2 * cell.len(), |room| writer.field(cell, room).2);
}

/// Lets something be written behind what is there, where so many bytes and a few more have room.
fn grow(out: &mut Vec<u8>, most: usize, write: impl FnOnce(&mut [u8]) -> usize) {
    const QUOTES: usize = 16;

    let len = out.len();
    out.resize(len + most + QUOTES, 0);
    let written = write(out.get_mut(len..).unwrap_or_default());
    out.truncate(len + written);
}

/// Would the record, without quotes, read as a blank line, a byte order mark or no report at all?
fn is_mistakable<C: AsRef<[u8]>>(mut record: impl Iterator<Item = C>, is_first: bool) -> bool {
    let first = record.next();
    let first = first.as_ref().map(AsRef::as_ref).unwrap_or_default();
    let mut is_alone = || record.next().is_none();
    // Spaces, tabs, and the bytes of byte order marks.
    let blank = |byte: &u8| b" \t\xef\xbb\xbf".contains(byte);
    let begins_as_page = || matches!(first.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'));
    first.starts_with(BOM)
        || first.iter().all(blank) && is_alone()
        || is_first && (begins_as_page() || format(first).is_some() || matches!(first.first(), Some(0xfe | 0xff)))
}
