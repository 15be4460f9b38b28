//! CSV, as the report itself is.

use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::Range;

use csv::{QuoteStyle, Writer, WriterBuilder};

use super::{record, writing};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::report::FaultReport;
use crate::scan::BOM;
use crate::tally::Tally;

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
    let writer = RefCell::new(writer);
    let mut records = Records::new(&writer);
    let header = report.raw_columns();
    if !header.is_empty() {
        records.write(&header, true).map_err(failed)?;
    }
    for fault in faults {
        records.write(&fault.raw_fields().collect::<Vec<_>>(), false).map_err(failed)?;
    }
    records.flush().map_err(writing)
}

/// Writes a tally as CSV in the long form, as `faults summary --format csv` prints it: a record for each report and
/// reason, which needs no further reshaping in a notebook or a spreadsheet.
///
/// The columns are `import_id`, `source`, `reason`, `label`, `remedy`, `count` and `share`; where faults were
/// grouped, `by`, `group_kind`, `group` and `group_label` stand in front of `reason`, and there is a record for each
/// report, group and reason. `share` is the part of all faults of the report. `import_id` is empty where it isn't
/// known, and `group` where [the key](crate::GroupKey::value) is no value.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, SourceCounts, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let tally = Tally::from(SourceCounts::new("may.csv", report.counts().clone()));
/// let mut csv = Vec::new();
/// export::tally_to_csv(&tally, &mut csv)?;
/// assert_eq!(
///     String::from_utf8_lossy(&csv),
///     "import_id,source,reason,label,remedy,count,share\n,may.csv,blocker,Blocker,remove,1,1.0\n",
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_csv(tally: &Tally, writer: impl Write) -> Result<()> {
    const GROUPS: Range<usize> = 2..6;

    let mut names = vec!["import_id", "source", "by", "group_kind", "group", "group_label"];
    names.extend(["reason", "label", "remedy", "count", "share"]);
    if tally.groups().is_none() {
        names.drain(GROUPS);
    }
    let mut csv = Writer::from_writer(writer);
    csv.write_record(names).map_err(failed)?;
    record::each(tally, |record| {
        let mut fields = vec![record.import_id.map(|id| id.to_string()).unwrap_or_default(), record.source.to_owned()];
        if let Some(group) = record.group {
            let value = group.group.unwrap_or_default();
            fields.extend([group.by, group.group_kind, value, &group.group_label].map(str::to_owned));
        }
        fields.extend([record.reason, &record.label, record.remedy.slug()].map(str::to_owned));
        // As in JSON: the shortest text that reads as the same number.
        let share = serde_json::to_string(&record.share).map_err(writing)?;
        fields.extend([record.count.to_string(), share]);
        csv.write_record(fields).map_err(failed)
    })?;
    csv.flush().map_err(writing)
}

/// The writer's own error, which tells more than the csv crate's around it.
fn failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => writing(error),
        other => writing(io::Error::other(format!("{other:?}"))),
    }
}

/// Writes records with quotes where they are needed, and all in quotes where they would be taken for something
/// else without.
struct Records<'w, W: Write> {
    plain: Writer<Lent<'w, W>>,
    quoted: Writer<Lent<'w, W>>,
}

impl<'w, W: Write> Records<'w, W> {
    fn new(writer: &'w RefCell<W>) -> Self {
        let mut builder = WriterBuilder::new();
        builder.flexible(true).has_headers(false);
        let plain = builder.from_writer(Lent(writer));
        let quoted = builder.quote_style(QuoteStyle::Always).from_writer(Lent(writer));
        Records { plain, quoted }
    }

    fn write(&mut self, record: &[impl AsRef<[u8]>], is_first: bool) -> csv::Result<()> {
        if !is_mistakable(record, is_first) {
            return self.plain.write_record(record);
        }
        self.plain.flush()?;
        self.quoted.write_record(record)?;
        Ok(self.quoted.flush()?)
    }

    fn flush(&mut self) -> io::Result<()> {
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
