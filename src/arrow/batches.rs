//! Record batches from faults, as they come.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;

use super::contacts::Contacts;
use super::schema::{faults_schema, kind, timestamp};
use crate::account_name::AccountName;
use crate::anomaly::Anomaly;
use crate::error::{Error, ErrorKind, Result};
use crate::report::absent::AbsentCells;
use crate::report::columns::{Columns, SameColumns, number};
use crate::report::domain::domain;
use crate::report::fault::{Fault, text};
use crate::report::feed::FaultSink;
use crate::report_id::ReportId;

/// The most rows of a batch, and the bytes of text beyond which one isn't filled further.
const ROWS: usize = 8192;
const BYTES: usize = 8 << 20;

/// Arrow counts the bytes of a column's texts in 31 bits: rows beyond this aren't taken.
const LARGEST_ROW: usize = 64 << 20;
const MOST_CELLS: usize = 1 << 20;

/// Whose faults batches hold, and what of them.
#[derive(Clone, Debug)]
#[must_use = "options do nothing by themselves"]
pub struct BatchOptions {
    account: AccountName,
    id: ReportId,
    contacts: Contacts,
    archived_at: SystemTime,
    rows: usize,
}

impl BatchOptions {
    /// The faults of an import of an account, with what is chosen of contact data.
    pub fn new(account: AccountName, id: impl Into<ReportId>, contacts: Contacts) -> Self {
        BatchOptions { account, id: id.into(), contacts, archived_at: SystemTime::now(), rows: ROWS }
    }

    /// What stands as `archived_at` in each row. Default: now, when the options are made.
    pub fn archived_at(mut self, instant: SystemTime) -> Self {
        self.archived_at = instant;
        self
    }

    /// The most rows of a batch, at least one. Default: 8,192. A batch of much text has fewer.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }
}

/// Makes record batches of faults as they come, and hands each on as soon as it is full: a [`FaultSink`] in constant
/// memory, for a report, a reader or a download.
///
/// ```
/// use dotdigital_faults::FaultReader;
/// use dotdigital_faults::arrow::{BatchOptions, Contacts, FaultBatches};
///
/// let report = "Reason,email\nBlocker,a@example.com\nDuplicate,b@example.org\n";
/// let options = BatchOptions::new("shop".parse()?, uuid::Uuid::nil(), Contacts::Keep);
/// let mut rows = 0;
/// let mut batches = FaultBatches::new(&options, |batch| {
///     rows += batch.num_rows(); // hand it to an engine
///     Ok(())
/// });
/// FaultReader::new(report.as_bytes()).drain_into(&mut batches)?;
/// batches.finish()?;
/// assert_eq!(rows, 2);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// # Errors
/// Taking a fault fails with what the closure returns, and with [`TooLarge`](ErrorKind::TooLarge) where a row has more than
/// 64 MiB or 1,048,576 cells, or where the absent cells of short rows, under a header of many columns, would take more than
/// a thousand times what is there.
pub struct FaultBatches<F> {
    options: BatchOptions,
    take: F,
    columns: Option<SameColumns>,
    keys: Vec<Box<str>>,
    absent: AbsentCells,
    rows: Rows,
}

impl<F: FnMut(RecordBatch) -> Result<()>> FaultBatches<F> {
    /// Hands batches to a closure.
    pub fn new(options: &BatchOptions, take: F) -> Self {
        FaultBatches {
            options: options.clone(),
            take,
            columns: None,
            keys: Vec::new(),
            absent: AbsentCells::default(),
            rows: Rows::default(),
        }
    }

    /// Hands on what is left.
    ///
    /// # Errors
    /// What the closure returns.
    pub fn finish(mut self) -> Result<()> {
        self.hand_on()
    }

    fn hand_on(&mut self) -> Result<()> {
        if self.rows.len == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.rows).finish(&self.options).map_err(no_batch)?;
        (self.take)(batch)
    }

    /// Learns the keys of the columns under which faults stand.
    fn know(&mut self, columns: &Columns) {
        if self.columns.as_ref().is_some_and(|known| known.are(columns)) {
            return;
        }
        self.columns = Some(SameColumns::as_those(columns));
        let is_numbered = matches!(self.options.contacts, Contacts::Hash(_)) && !columns.names_reason_or_email();
        let key = |column| if is_numbered { number(column).into() } else { columns.key(column).into() };
        self.keys = (0..columns.len()).map(key).collect();
    }

    /// The cells under their columns' keys.
    fn add_cells(&mut self, fault: &Fault<'_>) -> Result<()> {
        if let Contacts::Drop = self.options.contacts {
            return self.rows.columns.append(false).map_err(no_batch);
        }
        self.know(fault.columns());
        if fault.anomalies().contains(Anomaly::ShortRow) {
            let behind = self.keys.get(fault.raw_fields().count()..).unwrap_or_default();
            self.absent.allow(fault, behind.iter().map(|key| key.len() as u64 + 8).sum())?;
        }
        let mut cells = 0;
        let (keys, values) = self.rows.columns.entries();
        for (column, cell) in fault.present_fields().enumerate() {
            if column >= MOST_CELLS {
                return Err(too_large(fault, "a row has more than 1,048,576 cells, which no table holds"));
            }
            match self.keys.get(column) {
                Some(key) => keys.append_value(key),
                None => keys.append_value(fault.columns().key(column)),
            }
            values.append_option(cell.and_then(|cell| self.options.contacts.cell(fault, column, cell)));
            cells += 1;
        }
        for key in self.keys.get(cells..).unwrap_or_default() {
            keys.append_value(key);
            values.append_null();
            self.rows.bytes += key.len();
        }
        self.rows.bytes += 16 * cells;
        self.rows.columns.append(true).map_err(no_batch)
    }
}

impl<F: FnMut(RecordBatch) -> Result<()>> FaultSink for FaultBatches<F> {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        if fault.bytes().len() > LARGEST_ROW {
            return Err(too_large(fault, "a row has more than 64 MiB, which no table holds"));
        }
        self.add_cells(fault)?;
        let rows = &mut self.rows;
        rows.ordinals.append_value(whole(fault.index()));
        rows.lines.append_option(fault.line().map(whole));
        let reason = self.options.contacts.reason(fault);
        rows.reasons.append_value(reason.slug());
        rows.labels.append_value(reason.label());
        rows.remedies.append_value(reason.remedy().slug());
        let email = fault.columns().email().and_then(|column| Some((column, fault.raw_field(column)?)));
        rows.domains.append_option(email.as_ref().and_then(|(_, email)| {
            let email = text(email.clone());
            domain(&email).map(|domain| domain.into_owned())
        }));
        let kept = email.and_then(|(column, email)| self.options.contacts.cell(fault, column, email));
        rows.emails.append_option(kept);
        for anomaly in fault.anomalies().iter() {
            rows.anomalies.values().append_value(anomaly.slug());
        }
        rows.anomalies.append(true);
        rows.len += 1;
        rows.bytes += fault.bytes().len();
        if rows.len >= self.options.rows || rows.bytes >= BYTES {
            self.hand_on()?;
        }
        Ok(())
    }
}

/// Opaque, since it holds contact data.
impl<F> fmt::Debug for FaultBatches<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultBatches").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The rows of the batch that is being filled.
struct Rows {
    len: usize,
    /// About how many bytes of text they hold.
    bytes: usize,
    ordinals: Int64Builder,
    lines: Int64Builder,
    reasons: StringBuilder,
    labels: StringBuilder,
    remedies: StringBuilder,
    emails: StringBuilder,
    domains: StringBuilder,
    columns: MapBuilder<StringBuilder, StringBuilder>,
    anomalies: ListBuilder<StringBuilder>,
}

impl Default for Rows {
    fn default() -> Self {
        Rows {
            len: 0,
            bytes: 0,
            ordinals: Int64Builder::new(),
            lines: Int64Builder::new(),
            reasons: StringBuilder::new(),
            labels: StringBuilder::new(),
            remedies: StringBuilder::new(),
            emails: StringBuilder::new(),
            domains: StringBuilder::new(),
            columns: MapBuilder::new(None, StringBuilder::new(), StringBuilder::new()),
            anomalies: ListBuilder::new(StringBuilder::new()),
        }
    }
}

impl Rows {
    fn finish(mut self, options: &BatchOptions) -> std::result::Result<RecordBatch, ArrowError> {
        let same = |text: &str| {
            let mut column = StringBuilder::with_capacity(self.len, self.len * text.len());
            (0..self.len).for_each(|_| column.append_value(text));
            column.finish()
        };
        let since = options.archived_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let instant = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let mut archived_at = TimestampMicrosecondBuilder::new().with_data_type(timestamp());
        (0..self.len).for_each(|_| archived_at.append_value(instant));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(same(options.account.as_str())),
            Arc::new(same(kind(options.id))),
            Arc::new(same(&options.id.uuid().to_string())),
            Arc::new(self.ordinals.finish()),
            Arc::new(self.lines.finish()),
            Arc::new(self.reasons.finish()),
            Arc::new(self.labels.finish()),
            Arc::new(self.remedies.finish()),
            Arc::new(self.emails.finish()),
            Arc::new(self.domains.finish()),
            Arc::new(self.columns.finish()),
            Arc::new(self.anomalies.finish()),
            Arc::new(archived_at.finish()),
        ];
        RecordBatch::try_new(faults_schema(), columns)
    }
}

/// A number as tables have it.
pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn too_large(fault: &Fault<'_>, what: &'static str) -> Error {
    Error::new(ErrorKind::TooLarge, what).on_line(fault.line())
}

/// Arrow's own words may hold what is in a column.
fn no_batch(_: ArrowError) -> Error {
    Error::new(ErrorKind::Io, "faults can't be made a record batch")
}
