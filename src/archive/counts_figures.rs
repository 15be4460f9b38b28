//! An import, read from its file of `counts_v1` in little time.
//!
//! # How it works
//!
//! Files are small and many, so that what costs is not the data but all that is made for each column. What describes the
//! import is the same on every row, and then the footer tells it: the least and the largest value of a column. So pages are
//! read of few columns, and of no more than four where only the figures are wanted:
//!
//! ```text
//!   footer   account kind import_id protocol status archived_at total      least = largest
//!            report_sha256 report_bytes
//!            reason count                                                  the same, where there is one reason
//!   pages    reason count                                                  where there are several
//!            service: its keys and its values, those of the first row
//!            anomalies: the same                                           where all is wanted
//!            label                                                         where a reason isn't known
//! ```
//!
//! A file of which the footer doesn't tell as much, as another program may have written it, is read as a whole.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use uuid::Uuid;

use super::counts_table::{Columns, damaged};
use super::parquet_file::{guarded, unreadable};
use super::unpacked_pages::UnpackedPages;
use crate::arrow::kind;
use crate::error::Result;
use crate::reason::FailureReason;
use crate::report_id::ReportId;
use crate::tally::archived_import::ArchivedImport;

/// More rows than this are no import's.
const MOST_ROWS: usize = 100_000;

/// The import of a file that is filed under a day. Of the figures alone, unknown reasons have no label, and anomalies and what
/// is known of the report's bytes are left out. `None` where it can't be had so easily.
pub(super) fn read(file: &Bytes, date: NaiveDate, columns: Columns) -> Result<Option<ArchivedImport>> {
    guarded(|| {
        let metadata = ParquetMetaDataReader::new().parse_and_finish(file).map_err(unreadable)?;
        let [group] = metadata.row_groups() else { return Ok(None) };
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        match rows {
            0 => Err(damaged("it has no row")),
            _ if rows > MOST_ROWS => Err(damaged("it has more rows than there are reasons")),
            _ => {
                let file = File { file: Arc::new(file.clone()), columns: group.columns(), rows };
                let Some(import) = file.import(date)? else { return Ok(None) };
                if columns == Columns::Figures { Ok(Some(import)) } else { file.with_details(import) }
            }
        }
    })
}

/// What all rows of a column have in common: a value, or `None` where it is null.
type Same<T> = Option<T>;

/// A file and the columns of its only row group.
struct File<'f> {
    file: Arc<Bytes>,
    columns: &'f [ColumnChunkMetaData],
    rows: usize,
}

impl<'f> File<'f> {
    fn import(&self, date: NaiveDate) -> Result<Option<ArchivedImport>> {
        let texts = ["account", "kind", "import_id", "protocol", "status"].map(|name| self.same_text(name));
        let [Some(Some(account)), Some(Some(of)), Some(Some(id)), Some(Some(protocol)), Some(Some(status))] = texts
        else {
            return Ok(None);
        };
        let (Some(Some(at)), Some(total)) = (self.same_number("archived_at"), self.same_number("total")) else {
            return Ok(None);
        };
        let id: Uuid = parsed("import_id", id)?;
        let ids = [ReportId::Import(id), ReportId::Enrolment(id)];
        let id = ids.into_iter().find(|id| kind(*id) == of).ok_or_else(|| damaged("`kind` is none"))?;
        let at = DateTime::from_timestamp_micros(at).ok_or_else(|| damaged("`archived_at` is no instant"))?;
        let (account, protocol) = (parsed("account", account)?, parsed("protocol", protocol)?);
        let import = ArchivedImport::new(account, id, protocol, date, at, parsed("status", status)?);
        let (Some(reasons), Some(service)) = (self.reasons()?, self.map("service")?) else { return Ok(None) };
        Ok(Some(ArchivedImport { total: total.map(count), reasons, service, ..import }))
    }

    /// What the figures leave out.
    fn with_details(&self, mut import: ArchivedImport) -> Result<Option<ArchivedImport>> {
        if import.reasons.iter().any(|(reason, _)| matches!(reason, FailureReason::Other(_))) {
            let Some(labels) = self.texts("label", "label") else { return Ok(None) };
            if labels.values.len() != import.reasons.len() {
                return Ok(None);
            }
            for ((reason, _), label) in import.reasons.iter_mut().zip(&labels.values) {
                if let FailureReason::Other(_) = reason {
                    *reason = FailureReason::unknown(label.as_utf8().map_err(unreadable)?);
                }
            }
        }
        let (sha256, bytes) = (self.same_text("report_sha256"), self.same_number("report_bytes"));
        let (Some(anomalies), Some(sha256), Some(bytes)) = (self.map("anomalies")?, sha256, bytes) else {
            return Ok(None);
        };
        let (report_sha256, report_bytes) = (sha256.map(Into::into), bytes.map(count));
        Ok(Some(ArchivedImport { anomalies: anomalies.unwrap_or_default(), report_sha256, report_bytes, ..import }))
    }

    /// The reasons with their counts.
    fn reasons(&self) -> Result<Option<Vec<(FailureReason, u64)>>> {
        match (self.same_text("reason"), self.same_number("count")) {
            (Some(None), _) => return Ok(Some(Vec::new())),
            (Some(Some(slug)), Some(same)) if self.rows == 1 => {
                return Ok(Some(vec![(reason(slug), count(same.unwrap_or(0)))]));
            }
            _ => {}
        }
        let (Some(reasons), Some(counts)) = (self.texts("reason", "reason"), self.numbers("count", "count")) else {
            return Ok(None);
        };
        // One that is null has no level that says it is there: then rows and values aren't the same.
        if reasons.values.len() != self.rows || counts.values.len() != self.rows {
            return Ok(None);
        }
        let reasons = reasons.values.iter().map(|slug| Ok(reason(slug.as_utf8().map_err(unreadable)?)));
        let reasons = reasons.collect::<Result<Vec<_>>>()?;
        Ok(Some(reasons.into_iter().zip(counts.values.into_iter().map(count)).collect()))
    }

    /// A map of numbers that is the same on every row.
    fn map(&self, name: &str) -> Result<Option<Option<BTreeMap<String, u64>>>> {
        let Some(keys) = self.texts(name, "key") else { return Ok(None) };
        if keys.values.is_empty() {
            // A map that is null, or one that is empty: which of them only its levels tell.
            let is_null = keys.levels.first().is_none_or(|level| *level == 0);
            return Ok(Some((!is_null).then(BTreeMap::new)));
        }
        let Some(values) = self.numbers(name, "value") else { return Ok(None) };
        if keys.values.len() != values.values.len() || !keys.values.len().is_multiple_of(self.rows) {
            return Ok(None);
        }
        let first = keys.values.len() / self.rows;
        let pairs = keys.values.iter().zip(&values.values).take(first);
        let pairs = pairs.map(|(key, value)| Ok((key.as_utf8().map_err(unreadable)?.to_owned(), count(*value))));
        pairs.collect::<Result<BTreeMap<_, _>>>().map(|map| Some(Some(map)))
    }

    /// A column, by the first and the last part of its path.
    fn column(&self, first: &str, last: &str) -> Option<&'f ColumnChunkMetaData> {
        self.columns.iter().find(|column| {
            let parts = column.column_path().parts();
            parts.first().is_some_and(|part| part == first) && parts.last().is_some_and(|part| part == last)
        })
    }

    fn same_text(&self, name: &str) -> Option<Same<&'f str>> {
        let statistics = self.column(name, name)?.statistics()?;
        let Statistics::ByteArray(of) = statistics else { return None };
        match self.same(statistics, of.min_opt(), of.max_opt())? {
            Some(text) => text.as_utf8().ok().map(Some),
            None => Some(None),
        }
    }

    fn same_number(&self, name: &str) -> Option<Same<i64>> {
        let statistics = self.column(name, name)?.statistics()?;
        let Statistics::Int64(of) = statistics else { return None };
        self.same(statistics, of.min_opt(), of.max_opt()).map(Option::<&i64>::copied)
    }

    /// What all rows have in common, if anything.
    fn same<'s, T: PartialEq>(
        &self,
        statistics: &Statistics,
        least: Option<&'s T>,
        largest: Option<&'s T>,
    ) -> Option<Same<&'s T>> {
        match statistics.null_count_opt()? {
            nulls if nulls == self.rows as u64 => Some(None),
            0 if statistics.min_is_exact() && statistics.max_is_exact() && least == largest => least.map(Some),
            _ => None,
        }
    }

    fn texts(&self, first: &str, last: &str) -> Option<Values<ByteArray>> {
        match self.reader(first, last)? {
            ColumnReader::ByteArrayColumnReader(reader) => self.values::<ByteArrayType>(reader),
            _ => None,
        }
    }

    fn numbers(&self, first: &str, last: &str) -> Option<Values<i64>> {
        match self.reader(first, last)? {
            ColumnReader::Int64ColumnReader(reader) => self.values::<Int64Type>(reader),
            _ => None,
        }
    }

    fn reader(&self, first: &str, last: &str) -> Option<ColumnReader> {
        let column = self.column(first, last)?;
        let pages = UnpackedPages::of(&self.file, column, self.rows).ok()??;
        Some(get_column_reader(column.column_descr_ptr(), Box::new(pages)))
    }

    /// The values of a column. Whether one that can't be read so is damaged, reading all of the file tells.
    fn values<T: DataType>(&self, mut reader: ColumnReaderImpl<T>) -> Option<Values<T::T>> {
        let (mut levels, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
        reader.read_records(self.rows, Some(&mut levels), Some(&mut repeated), &mut values).ok()?;
        Some(Values { levels, values })
    }
}

/// A column's values without its nulls, and how much of each place is there.
struct Values<T> {
    levels: Vec<i16>,
    values: Vec<T>,
}

fn reason(slug: &str) -> FailureReason {
    let known = FailureReason::known().iter().find(|known| known.slug() == slug);
    known.cloned().unwrap_or_else(|| FailureReason::unknown(""))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn parsed<T: FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| damaged(&format!("`{name}` is none that is known")))
}
