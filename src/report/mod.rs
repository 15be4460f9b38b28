//! A whole report in memory.

pub(crate) mod columns;
pub(crate) mod deserialize;
#[cfg(feature = "domains")]
pub(crate) mod domain;
pub(crate) mod email;
pub(crate) mod fault;
pub(crate) mod group;
mod index;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::iter::FusedIterator;
use std::ops::Range;
use std::sync::OnceLock;

use uuid::Uuid;

use crate::anomaly::{Anomalies, Anomaly, AnomalySet};
use crate::error::{Error, Result};
use crate::read::options::ReadOptions;
use crate::read::rows::Layout;
use crate::read::{Outcome, Reader};
use crate::reason::counts::ReasonCounts;
#[cfg(feature = "redact")]
use crate::reason::key::FoldedKey;
use crate::reason::remedy::Remedy;
use crate::reason::{FailureReason, Slot};
use crate::report::columns::Columns;
use crate::report::fault::{Fault, header_fields, text};
use crate::report::index::Index;

/// The faults report of one contact import, read: every contact that was not imported, and why.
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
///     println!("line {}: correct {:?}", fault.line(), fault.email());
/// }
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// The columns are found by their names, so that the reason may stand in any of them. The format is described in
/// the vendor's documentation of `GetContactImportReportFaults`; what it leaves open (the line ends, the quoting,
/// rows of the wrong width) is read as its known clients have met it.
pub struct FaultReport {
    bytes: Vec<u8>,
    index: Index,
    counts: ReasonCounts,
    layout: Layout,
    largest_field: usize,
    columns: OnceLock<Columns>,
}

impl FaultReport {
    /// Reads a report from its bytes, exactly as the service sends them. A `Vec<u8>` is moved in, not copied.
    ///
    /// No bytes at all, a byte order mark or a header alone are an empty report.
    ///
    /// # Errors
    /// [`NotAReport`](crate::ErrorKind::NotAReport) where the bytes are something else, such as an error in JSON
    /// or a page in HTML, and [`Utf16`](crate::ErrorKind::Utf16). What a row holds is never an error.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        FaultReport::with_options(bytes, &ReadOptions::new())
    }

    /// As [`from_bytes`](Self::from_bytes), with options.
    ///
    /// # Errors
    /// Those of [`from_bytes`](Self::from_bytes) and, in a strict reading,
    /// [`Anomaly`](crate::ErrorKind::Anomaly).
    pub fn with_options(bytes: impl Into<Vec<u8>>, options: &ReadOptions) -> Result<Self> {
        let bytes = bytes.into();
        let mut reader = Reader::new(Index::default(), options);
        reader.feed(&bytes)?;
        let Outcome { layout, counts, rows: mut index } = reader.finish()?;
        index.shrink_to_fit();
        Ok(FaultReport { bytes, index, counts, layout, largest_field: options.field_limit(), columns: OnceLock::new() })
    }

    /// Reads a report from a file or a socket, to its end.
    ///
    /// # Errors
    /// Those of [`with_options`](Self::with_options), [`Io`](crate::ErrorKind::Io), and
    /// [`TooLarge`](crate::ErrorKind::TooLarge) past [`ReadOptions::largest_report`].
    pub fn from_reader(reader: impl Read, options: &ReadOptions) -> Result<Self> {
        let limit = options.report_limit();
        let mut bytes = Vec::new();
        let read = reader.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::reading)?;
        if read as u64 > limit {
            return Err(Error::too_large(limit));
        }
        FaultReport::with_options(bytes, options)
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Are there no faults?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The faults, in the order of the report.
    pub fn faults(&self) -> Faults<'_> {
        Faults { report: self, rows: 0..self.len() }
    }

    /// The fault at a position, counted from 0.
    pub fn get(&self, index: usize) -> Option<Fault<'_>> {
        self.index.slot(index).map(|slot| Fault::new(self, index, slot))
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

    /// The fault at a position that is known to be one.
    pub(crate) fn fault(&self, index: usize) -> Fault<'_> {
        Fault::new(self, index, self.index.slot(index).unwrap_or(Slot::Other))
    }

    fn by_slot(&self, wanted: impl Fn(Slot) -> bool) -> impl DoubleEndedIterator<Item = Fault<'_>> {
        let rows = self.index.slots().iter().enumerate();
        rows.filter(move |&(_, &slot)| wanted(slot)).map(|(row, &slot)| Fault::new(self, row, slot))
    }

    /// How many faults there are of each reason.
    pub fn counts(&self) -> &ReasonCounts {
        &self.counts
    }

    /// What was unusual in the report and was read all the same.
    pub fn anomalies(&self) -> &Anomalies {
        self.counts.anomalies()
    }

    /// The names of the columns, as the header has them; `column_1`, `column_2`, … where there is no header.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.named_columns().names().iter().map(|name| &**name)
    }

    /// The position, counted from 0, of the column of that name, in any case, as [`Fault::get`] finds it.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.named_columns().find(name)
    }

    /// The position of the reason's column.
    pub fn reason_column(&self) -> usize {
        self.layout.reason
    }

    /// The position of the email's column, if the report has one.
    pub fn email_column(&self) -> Option<usize> {
        self.layout.email
    }

    /// Has the report a header?
    pub fn has_header(&self) -> bool {
        self.layout.header.is_some()
    }

    /// The raw report, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The raw report, byte for byte, given back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The import whose faults these are, where that is known.
    pub fn import_id(&self) -> Option<Uuid> {
        self.counts.import_id()
    }

    /// Says whose faults these are; the counts say it then, too.
    pub fn with_import_id(mut self, import_id: Uuid) -> Self {
        self.counts = self.counts.with_import_id(import_id);
        self
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn largest_field(&self) -> usize {
        self.largest_field
    }

    pub(crate) fn named_columns(&self) -> &Columns {
        self.columns.get_or_init(|| match self.header_bytes() {
            Some(header) => {
                let names = header_fields(header, self.largest_field).into_iter();
                Columns::new(names.map(|name| text(name).into()).collect())
            }
            None => Columns::numbered(self.layout.width),
        })
    }

    /// The names of the columns, as bytes.
    pub(crate) fn raw_columns(&self) -> Vec<Cow<'_, [u8]>> {
        match self.header_bytes() {
            Some(header) => header_fields(header, self.largest_field),
            None => self.columns().map(|name| Cow::Borrowed(name.as_bytes())).collect(),
        }
    }

    /// Does the header name the reason's column or the email's, so that it surely is one?
    #[cfg(feature = "redact")]
    pub(crate) fn names_reason_or_email(&self) -> bool {
        let key = |column: usize| self.named_columns().names().get(column).map(|name| FoldedKey::from(&**name));
        key(self.layout.reason).is_some_and(|key| key.is_reason_column())
            || self.layout.email.and_then(key).is_some_and(|key| key.is_email_column())
    }

    /// The header's record, where there is a header.
    fn header_bytes(&self) -> Option<&[u8]> {
        self.layout.header.and_then(|(start, end)| self.bytes.get(start as usize..end as usize))
    }

    /// From where a row starts to where the next one does or, if it was torn apart, to its end.
    pub(crate) fn row_bytes(&self, row: usize, anomalies: AnomalySet) -> &[u8] {
        let start = self.index.start(row).unwrap_or(self.bytes.len());
        let is_torn = anomalies.contains(Anomaly::RejoinedRow);
        let torn_end = if is_torn { self.index.torn_end(row) } else { None };
        let end = torn_end.or_else(|| self.index.start(row + 1)).unwrap_or(self.bytes.len());
        &self.bytes[start..end]
    }

    pub(crate) fn row_anomalies(&self, row: usize) -> AnomalySet {
        self.index.anomalies(row)
    }

    pub(crate) fn line(&self, row: usize) -> u64 {
        self.index.line(row, &self.bytes)
    }
}

impl fmt::Debug for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultReport")
            .field("bytes", &self.bytes.len())
            .field("faults", &self.len())
            .field("columns", &self.layout.width)
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
