//! A whole report in memory.

pub(crate) mod absent;
pub(crate) mod cells;
pub(crate) mod columns;
pub(crate) mod deserialize;
#[cfg(feature = "domains")]
pub(crate) mod domain;
pub(crate) mod fault;
pub(crate) mod feed;
pub(crate) mod gather;
pub(crate) mod group;
mod index;
pub(crate) mod reader;

use std::fmt;
use std::io::{self, Read};
use std::iter::FusedIterator;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::anomaly::Anomalies;
use crate::error::{Error, Result};
use crate::read::options::ReadOptions;
use crate::read::row::Row;
use crate::reason::counts::ReasonCounts;
use crate::reason::remedy::Remedy;
use crate::reason::{FailureReason, Slot};
#[cfg(feature = "client")]
use crate::report_id::ReportId;
use columns::Columns;
use fault::Fault;
use gather::Gathering;
use index::Index;

/// The faults report of one contact import, read: every contact that was not imported, and why.
///
/// It is read from a CSV, as the service sends it over SOAP and REST, or from an answer of the newer API, in JSON (`GET
/// /contacts/v3/import/{importId}`), of which only the failures are kept: [`bytes`](Self::bytes).
///
/// It owns the report's bytes, and a few bytes of index for each row; a [`Fault`] borrows from it. The reading
/// never fails on what a row holds, and never loses one: what is unusual is counted in
/// [`anomalies`](Self::anomalies). A report that is only to be counted needs no room in memory:
/// [`ReasonCounter`](crate::ReasonCounter).
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport, Remedy};
///
/// let report = FaultReport::from_bytes(
///     "Reason,email,firstname\n\
///      Unsubscribed,karina.plain@example.com,Karina\n\
///      Invalid Email,invisible,\n",
/// )?;
/// assert_eq!(report.len(), 2);
/// assert_eq!(report.counts().get(&FailureReason::Unsubscribed), 1);
/// for fault in report.by_remedy(Remedy::Correct) {
///     println!("correct {:?}", fault.email());
/// }
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// The columns are found by their names, so that the reason may stand in any of them. The format is described in
/// the vendor's documentation of `GetContactImportReportFaults`; what it leaves open (the line ends, the quoting,
/// rows of the wrong width) is read as its known clients have met it.
#[derive(Clone)]
pub struct FaultReport {
    bytes: Vec<u8>,
    index: Arc<Index>,
    counts: ReasonCounts,
}

/// How much is read at a time.
const PIECE: usize = 64 * 1024;

impl FaultReport {
    /// Reads a report from its bytes, exactly as the service sends them. A `Vec<u8>` is moved in, not copied.
    ///
    /// No bytes at all, a byte order mark or a header alone are an empty report.
    ///
    /// # Errors
    /// [`NotAReport`](crate::ErrorKind::NotAReport) where the bytes are something else, such as an error in JSON
    /// or a page in HTML, [`Utf16`](crate::ErrorKind::Utf16), and [`TooLarge`](crate::ErrorKind::TooLarge) for a header of
    /// more columns or bytes than [allowed](ReadOptions::most_columns). What a row holds is never an error. For an answer of the
    /// newer API, [`NotFinished`](crate::ErrorKind::NotFinished) and
    /// [`EndedWithoutReport`](crate::ErrorKind::EndedWithoutReport) where its status is another than `Finished`, and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a failure beyond [`ReadOptions::largest_row`].
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        FaultReport::with_options(bytes, &ReadOptions::new())
    }

    /// As [`from_bytes`](Self::from_bytes), with options.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes), [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn) where a header lacks a
    /// column that the options name and, in a strict reading, [`Anomaly`](crate::ErrorKind::Anomaly).
    pub fn with_options(bytes: impl Into<Vec<u8>>, options: &ReadOptions) -> Result<Self> {
        let mut gathering = Gathering::new(options);
        gathering.take(bytes.into())?;
        gathering.finish()
    }

    /// Reads a report from a file.
    ///
    /// # Errors
    /// Those of [`from_reader`](Self::from_reader).
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("report.csv");
    /// # std::fs::write(&path, "Reason,email\nBlocker,a@example.com\n").unwrap();
    /// let report = dotdigital_faults::FaultReport::from_path(&path)?;
    /// assert_eq!(report.len(), 1);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        FaultReport::from_reader(reader::open(path.as_ref())?, &ReadOptions::new())
    }

    /// Reads a report from a file or a socket, to its end.
    ///
    /// # Errors
    /// Those of [`with_options`](Self::with_options), [`Io`](crate::ErrorKind::Io), and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) past [`ReadOptions::largest_report`].
    pub fn from_reader(reader: impl Read, options: &ReadOptions) -> Result<Self> {
        let limit = options.largest_report;
        let mut gathering = Gathering::new(options);
        let (mut reader, mut piece) = (reader, vec![0; PIECE]);
        loop {
            if let Some(bytes) = gathering.csv() {
                let rest = limit.saturating_add(1).saturating_sub(bytes.len() as u64);
                reader.by_ref().take(rest).read_to_end(bytes).map_err(Error::reading)?;
            }
            if gathering.len() as u64 > limit {
                return Err(Error::too_large(limit));
            }
            if gathering.csv().is_some() {
                return gathering.finish();
            }
            match reader.read(&mut piece) {
                Ok(0) => return gathering.finish(),
                Ok(len) => gathering.feed(piece.get(..len).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::reading(error)),
            }
        }
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Returns true if there are no faults.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The faults, in the order of the report.
    pub fn faults(&self) -> Faults<'_> {
        Faults { report: self, rows: 0..self.len() }
    }

    /// The fault at a position, counted from 0.
    pub fn get(&self, index: usize) -> Option<Fault<'_>> {
        self.fault(index, self.index.slot(index)?)
    }

    /// The faults of one reason, without a look at the others.
    pub fn by_reason<'r>(&'r self, reason: &FailureReason) -> impl DoubleEndedIterator<Item = Fault<'r>> + use<'r> {
        let slot = Slot::from(reason);
        let text = (slot == Slot::Other).then(|| reason.clone());
        self.by_slot(move |candidate| candidate == slot)
            .filter(move |fault| text.as_ref().is_none_or(|text| fault.reason() == text))
    }

    /// The faults that call for one remedy, without a look at the others.
    pub fn by_remedy(&self, remedy: Remedy) -> impl DoubleEndedIterator<Item = Fault<'_>> {
        self.by_slot(move |slot| slot.reason().remedy() == remedy)
    }

    fn by_slot(&self, wanted: impl Fn(Slot) -> bool) -> impl DoubleEndedIterator<Item = Fault<'_>> {
        let rows = self.index.slots().iter().enumerate();
        rows.filter(move |&(_, &slot)| wanted(slot)).filter_map(|(row, &slot)| self.fault(row, slot))
    }

    fn fault(&self, index: usize, slot: Slot) -> Option<Fault<'_>> {
        let (start, len) = self.index.place(index)?;
        let bytes = self.bytes.get(start..start + len)?;
        let columns = self.index.columns_of(index)?;
        let (line, anomalies) = (self.index.line(index), self.index.anomalies(index));
        let row = Row { start: start as u64, end: (start + len) as u64, line, slot, anomalies };
        Some(Fault::new(&row, bytes, columns, index as u64))
    }

    /// How many faults there are of each reason.
    pub fn counts(&self) -> &ReasonCounts {
        &self.counts
    }

    /// What was unusual in the report and was read all the same.
    pub fn anomalies(&self) -> &Anomalies {
        self.counts.anomalies()
    }

    /// The names of the columns, as the first header has them; `column_1`, `column_2`, … where there is no header.
    pub fn columns(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.first_columns().into_iter().flat_map(|columns| columns.names())
    }

    /// The columns of each header, in the order of the report: several, where reports of different columns were joined.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = &Columns> {
        self.index.columns().map(|(_, columns)| columns)
    }

    /// The same, each with the number of the first fault that may stand under it.
    pub(crate) fn headers_at(&self) -> impl Iterator<Item = (usize, &Columns)> {
        self.index.columns()
    }

    /// The position, counted from 0, of the column of that name under the first header, as [`Fault::get`] finds it.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.first_columns()?.position(name)
    }

    /// The position of the reason's column under the first header.
    pub fn reason_column(&self) -> usize {
        self.first_columns().map_or(0, Columns::reason)
    }

    /// The position of the email's column under the first header, if there is one.
    pub fn email_column(&self) -> Option<usize> {
        self.first_columns()?.email()
    }

    /// Returns true if the report begins with a header.
    pub fn has_header(&self) -> bool {
        self.first_columns().is_some_and(Columns::has_header)
    }

    fn first_columns(&self) -> Option<&Columns> {
        self.index.columns().next().map(|(_, columns)| columns)
    }

    /// The raw report, byte for byte; or, of an answer of the newer API, a CSV that is made of its failures.
    ///
    /// That has the columns `Reason`, `email`, `mobileNumber`, `contactId` and `matchIdentifier`, then one for each custom
    /// identifier in the order of their first appearance, then `failureCodes` and `description`, which have those of all
    /// inner failures, and `partial`. A cell of nothing is an identifier that is absent, one of two quotes an empty text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same bytes, given back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The import whose faults these are, where that is known.
    pub fn import_id(&self) -> Option<Uuid> {
        self.counts.import_id()
    }

    /// Says whose faults these are, and so of which kind.
    #[cfg(feature = "client")]
    pub(crate) fn of(mut self, id: ReportId) -> Self {
        self.counts = self.counts.of(id);
        self
    }

    /// Says whose faults these are; the counts say it then, too.
    pub fn with_import_id(mut self, import_id: Uuid) -> Self {
        self.counts = self.counts.with_import_id(import_id);
        self
    }
}

impl fmt::Debug for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultReport")
            .field("bytes", &self.bytes.len())
            .field("faults", &self.len())
            .field("columns", &self.first_columns().map_or(0, Columns::len))
            .field("anomalies", self.anomalies())
            .finish()
    }
}

impl<'r> IntoIterator for &'r FaultReport {
    type Item = Fault<'r>;
    type IntoIter = Faults<'r>;

    fn into_iter(self) -> Faults<'r> {
        self.faults()
    }
}

/// The faults of a report, as [`FaultReport::faults`] gives them.
#[derive(Clone, Debug)]
pub struct Faults<'r> {
    report: &'r FaultReport,
    rows: Range<usize>,
}

impl<'r> Iterator for Faults<'r> {
    type Item = Fault<'r>;

    fn next(&mut self) -> Option<Fault<'r>> {
        self.rows.next().and_then(|row| self.report.get(row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<Fault<'r>> {
        self.rows.nth(n).and_then(|row| self.report.get(row))
    }
}

impl DoubleEndedIterator for Faults<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows.next_back().and_then(|row| self.report.get(row))
    }
}

impl ExactSizeIterator for Faults<'_> {}
impl FusedIterator for Faults<'_> {}
