//! CSV, as the report itself is.

use std::cell::RefCell;
use std::io::{self, Write};

use csv::{QuoteStyle, Writer, WriterBuilder};

use super::{WriteOptions, writing};
use crate::error::{Error, Result};
use crate::read::scan::BOM;
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;
use crate::report::fault::Fault;

/// Writes faults as CSV under the header of their report, as `faults list --format csv` prints them.
///
/// Cells are written byte for byte, also where they are not UTF-8 and where they look like a formula: what is
/// written reads back as the same cells. A row keeps its width. Where the report has no header, the columns are
/// named `column_1`, `column_2`, and so on.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email\r\nBlocker,\"a\"\r\nDuplicate,b\r\n")?;
/// let mut csv = Vec::new();
/// export::faults_to_csv(&report, report.by_reason(&FailureReason::Blocker), &mut csv)?;
/// assert_eq!(csv, b"Reason,email\nBlocker,a\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_csv<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    writer: impl Write,
) -> Result<()> {
    faults_to_csv_with(report, faults, &WriteOptions::new(), writer)
}

/// As [`faults_to_csv`], with options.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
pub fn faults_to_csv_with<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    options: &WriteOptions,
    writer: impl Write,
) -> Result<()> {
    let writer = RefCell::new(writer);
    let mut records = Records::new(&writer, options.is_spreadsheet_safe());
    if report.columns().len() > 0 {
        records.write(&options.header(report), true).map_err(failed)?;
    }
    for fault in faults {
        records.write(&options.record(&fault), false).map_err(failed)?;
    }
    records.flush().map_err(writing)
}

/// Writes the faults that call for one remedy as CSV, in the shape that suits the remedy.
///
/// What is to be imported again ([`Remedy::Correct`], [`Remedy::RetryLater`]) has the upload's own shape: all
/// columns but the reason's, in their order, so that the file can go straight back. The others keep the reason's.
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
    let options = options.clone().upload_shape(matches!(remedy, Remedy::Correct | Remedy::RetryLater));
    faults_to_csv_with(report, report.by_remedy(remedy), &options, writer)
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

/// The writer's own error, which tells more than the csv crate's around it.
pub(super) fn failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => writing(error),
        other => writing(io::Error::other(format!("{other:?}"))),
    }
}

/// Writes records with quotes where they are needed, and all in quotes where they would be taken for something
/// else without.
pub(super) struct Records<'w, W: Write> {
    plain: Writer<Lent<'w, W>>,
    quoted: Writer<Lent<'w, W>>,
    /// Must no cell with another program's separator stand without quotes?
    minds_separators: bool,
}

impl<'w, W: Write> Records<'w, W> {
    pub(super) fn new(writer: &'w RefCell<W>, minds_separators: bool) -> Self {
        let mut builder = WriterBuilder::new();
        builder.flexible(true).has_headers(false);
        let plain = builder.from_writer(Lent(writer));
        let quoted = builder.quote_style(QuoteStyle::Always).from_writer(Lent(writer));
        Records { plain, quoted, minds_separators }
    }

    pub(super) fn write(&mut self, record: &[impl AsRef<[u8]>], is_first: bool) -> csv::Result<()> {
        let has_separator = || record.iter().any(|cell| cell.as_ref().iter().any(|byte| b";\t".contains(byte)));
        if !(is_mistakable(record, is_first) || self.minds_separators && has_separator()) {
            return self.plain.write_record(record);
        }
        self.plain.flush()?;
        self.quoted.write_record(record)?;
        Ok(self.quoted.flush()?)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.plain.flush()
    }
}

/// Would the record, without quotes, read as a blank line, a byte order mark or no report at all?
fn is_mistakable(record: &[impl AsRef<[u8]>], is_first: bool) -> bool {
    let first = record.first().map(AsRef::as_ref).unwrap_or_default();
    let blank = |&byte: &u8| byte == b' ' || byte == b'\t';
    first.starts_with(BOM)
        || record.len() == 1 && first.iter().all(blank)
        || is_first && matches!(first.trim_ascii_start().first(), Some(b'{' | b'[' | b'<' | 0xfe | 0xff))
}

/// One writer, lent to two.
struct Lent<'w, W>(&'w RefCell<W>);

impl<W: Write> Write for Lent<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}
