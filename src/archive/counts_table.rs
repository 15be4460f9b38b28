//! `counts_v1`: a file of an import's counts, a row for each reason.
//!
//! What describes the import stands on every row, so that any engine can filter by it: sum it up where `ordinal` is 0.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

use super::counts_figures;
use super::parquet_file::{Footer, guarded, properties, unreadable, unwritable};
use crate::arrow::{kind, map_of, timestamp, whole};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
use crate::report_id::ReportId;
use crate::tally::archived_import::ArchivedImport;

/// The columns of `counts_v1`.
static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str, is_nullable: bool| Field::new(name, DataType::Utf8, is_nullable);
    let number = |name: &str, is_nullable: bool| Field::new(name, DataType::Int64, is_nullable);
    Arc::new(Schema::new(vec![
        text("account", false),
        text("kind", false),
        text("import_id", false),
        text("protocol", false),
        number("ordinal", false),
        text("reason", true),
        text("label", true),
        text("remedy", true),
        number("count", true),
        number("total", true),
        Field::new("anomalies", map_of(DataType::Int64), false),
        Field::new("service", map_of(DataType::Int64), true),
        text("status", false),
        text("report_sha256", true),
        number("report_bytes", true),
        Field::new("archived_at", timestamp(), false),
    ]))
});

/// The file of an import.
pub(super) fn write(import: &ArchivedImport) -> Result<Bytes> {
    let batch = batch(import).map_err(|_| Error::new(ErrorKind::Io, "counts can't be made a record batch"))?;
    let footer = Footer::new(None, import.report_sha256.clone());
    let properties = properties().set_key_value_metadata(Some(footer.pairs())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&SCHEMA), Some(properties)).map_err(unwritable)?;
    writer.write(&batch).map_err(unwritable)?;
    Ok(writer.into_inner().map_err(unwritable)?.into())
}

/// A row for each reason, or one without a reason.
fn batch(import: &ArchivedImport) -> std::result::Result<RecordBatch, ArrowError> {
    let rows = import.reasons.len().max(1);
    let reason = |row: usize| import.reasons.get(row).map(|(reason, _)| reason);
    // Where no report was had, no count is known; where it was, and nothing failed, there are none.
    let count = |row: usize| import.total.map(|_| import.reasons.get(row).map_or(0, |(_, count)| *count));
    let texts = |of: &dyn Fn(usize) -> Option<String>| {
        let mut column = StringBuilder::new();
        (0..rows).for_each(|row| column.append_option(of(row)));
        Arc::new(column.finish()) as ArrayRef
    };
    let same = |text: &str| texts(&|_| Some(text.to_owned()));
    let numbers = |of: &dyn Fn(usize) -> Option<u64>| {
        let mut column = Int64Builder::new();
        (0..rows).for_each(|row| column.append_option(of(row).map(whole)));
        Arc::new(column.finish()) as ArrayRef
    };
    let mut archived_at = TimestampMicrosecondBuilder::new().with_data_type(timestamp());
    (0..rows).for_each(|_| archived_at.append_value(import.archived_at.timestamp_micros()));
    let columns: Vec<ArrayRef> = vec![
        same(import.account.as_str()),
        same(kind(import.id)),
        same(&import.id.uuid().to_string()),
        same(import.protocol.as_str()),
        numbers(&|row| Some(row as u64)),
        texts(&|row| reason(row).map(|reason| reason.slug().into())),
        texts(&|row| reason(row).map(|reason| reason.label().into())),
        texts(&|row| reason(row).map(|reason| reason.remedy().slug().into())),
        numbers(&count),
        numbers(&|_| import.total),
        figures(rows, Some(&import.anomalies))?,
        figures(rows, import.service.as_ref())?,
        same(import.status.as_str()),
        texts(&|_| import.report_sha256.clone()),
        numbers(&|_| import.report_bytes),
        Arc::new(archived_at.finish()),
    ];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
}

/// The same map on each row.
fn figures(rows: usize, map: Option<&BTreeMap<String, u64>>) -> std::result::Result<ArrayRef, ArrowError> {
    let mut column = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for _ in 0..rows {
        for (name, figure) in map.into_iter().flatten() {
            column.keys().append_value(name);
            column.values().append_value(whole(*figure));
        }
        column.append(map.is_some())?;
    }
    Ok(Arc::new(column.finish()))
}

/// Which columns of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    All,
    /// What figures are made of.
    Figures,
}

/// Reads the file of an import that is filed under a day.
pub(super) fn read(file: Bytes, date: NaiveDate, columns: Columns) -> Result<ArchivedImport> {
    let easily = counts_figures::read(&file, date, columns)?;
    easily.map_or_else(|| guarded(|| rows(file, date)), Ok)
}

fn rows(file: Bytes, date: NaiveDate) -> Result<ArchivedImport> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let mut import = None;
    for batch in reader.build().map_err(unreadable)? {
        let batch = batch.map_err(|error| unreadable(error.into()))?;
        let rows = Rows(&batch);
        for row in 0..batch.num_rows() {
            let import = match &mut import {
                Some(import) => import,
                None => import.insert(rows.import(row, date)?),
            };
            if let Some(reason) = rows.reason(row)? {
                import.reasons.push((reason, rows.number("count", row)?.unwrap_or(0)));
            }
        }
    }
    import.ok_or_else(|| damaged("it has no row"))
}

/// The rows of a batch, by the names of the columns.
struct Rows<'b>(&'b RecordBatch);

impl<'b> Rows<'b> {
    /// What describes the import, which stands on every row.
    fn import(&self, row: usize, date: NaiveDate) -> Result<ArchivedImport> {
        let id: Uuid = self.parsed("import_id", row)?;
        let of = self.needed("kind", row)?;
        let ids = [ReportId::Import(id), ReportId::Enrolment(id)];
        let id = ids.into_iter().find(|id| kind(*id) == of).ok_or_else(|| damaged("`kind` is none"))?;
        let at = self.column("archived_at")?.as_primitive_opt::<TimestampMicrosecondType>();
        let at = at.and_then(|column| DateTime::from_timestamp_micros(column.value(row)));
        let archived_at = at.ok_or_else(|| damaged("`archived_at` is no instant"))?;
        let account = self.parsed("account", row)?;
        let (protocol, status) = (self.parsed("protocol", row)?, self.parsed("status", row)?);
        Ok(ArchivedImport {
            total: self.number("total", row)?,
            anomalies: self.map("anomalies", row)?.unwrap_or_default(),
            service: self.map("service", row)?,
            report_sha256: self.text("report_sha256", row)?.map(Into::into),
            report_bytes: self.number("report_bytes", row)?,
            ..ArchivedImport::new(account, id, protocol, date, archived_at, status)
        })
    }

    fn reason(&self, row: usize) -> Result<Option<FailureReason>> {
        let Some(slug) = self.text("reason", row)? else { return Ok(None) };
        let known = FailureReason::known().iter().find(|known| known.slug() == slug);
        Ok(Some(match known {
            Some(known) => known.clone(),
            None => FailureReason::unknown(self.needed("label", row)?),
        }))
    }

    fn column(&self, name: &str) -> Result<&'b ArrayRef> {
        self.0.column_by_name(name).ok_or_else(|| damaged(&format!("it has no column `{name}`")))
    }

    fn text(&self, name: &str, row: usize) -> Result<Option<&'b str>> {
        let column =
            self.column(name)?.as_string_opt::<i32>().ok_or_else(|| damaged(&format!("`{name}` is no text")))?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    }

    fn needed(&self, name: &str, row: usize) -> Result<&'b str> {
        self.text(name, row)?.ok_or_else(|| damaged(&format!("`{name}` is null")))
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, row: usize) -> Result<T> {
        self.needed(name, row)?.parse().map_err(|_| damaged(&format!("`{name}` is none that is known")))
    }

    fn number(&self, name: &str, row: usize) -> Result<Option<u64>> {
        let column = self.column(name)?.as_primitive_opt::<Int64Type>();
        let column = column.ok_or_else(|| damaged(&format!("`{name}` is no number")))?;
        Ok(column.is_valid(row).then(|| u64::try_from(column.value(row)).unwrap_or(0)))
    }

    fn map(&self, name: &str, row: usize) -> Result<Option<BTreeMap<String, u64>>> {
        let wrong = || damaged(&format!("`{name}` is no map of numbers"));
        let column = self.column(name)?.as_map_opt().ok_or_else(wrong)?;
        if column.is_null(row) {
            return Ok(None);
        }
        let entries = column.value(row);
        let keys = entries.column(0).as_string_opt::<i32>().ok_or_else(wrong)?;
        let values = entries.column(1).as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
        let pairs = keys
            .iter()
            .zip(values.iter())
            .filter_map(|(key, value)| Some((key?.to_owned(), u64::try_from(value?).unwrap_or(0))));
        Ok(Some(pairs.collect()))
    }
}

pub(super) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Archive, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::tally::archived_import::ArchivedStatus;

    fn import(status: ArchivedStatus) -> ArchivedImport {
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let at = DateTime::from_timestamp_micros(1_773_100_800_123_456).unwrap();
        let id = ReportId::Import(Uuid::from_u128(7));
        ArchivedImport::new("shop".parse().unwrap(), id, Protocol::V3, date, at, status)
    }

    fn map(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect()
    }

    /// What is left of an import of which only the figures are read.
    fn without_details(import: &ArchivedImport) -> ArchivedImport {
        let reasons = import.reasons.iter().map(|(reason, count)| match reason {
            FailureReason::Other(_) => (FailureReason::unknown(""), *count),
            known => (known.clone(), *count),
        });
        ArchivedImport {
            reasons: reasons.collect(),
            anomalies: BTreeMap::new(),
            report_sha256: None,
            report_bytes: None,
            ..import.clone()
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut full = import(ArchivedStatus::Archived);
        full.reasons = vec![
            (FailureReason::HardBounced, 3),
            (FailureReason::unknown("Quarantined by moon phase"), 2),
            (FailureReason::ConsentRecordsNotApplied, 1),
        ];
        full.total = Some(6);
        full.anomalies = map(&[("short_row", 2)]);
        full.service = Some(map(&[("newContacts", 10), ("updatedContacts", 5)]));
        full.report_sha256 = Some("ab".repeat(32));
        full.report_bytes = Some(123);
        assert_eq!((full.failed(), full.contacts()), (Some(5), Some(20)));
        let mut usual = full.clone();
        usual.reasons.remove(1);
        usual.total = Some(4);
        usual.anomalies = BTreeMap::new();
        let mut empty = import(ArchivedStatus::Archived);
        empty.total = Some(0);
        let mut enrolment = import(ArchivedStatus::Expired);
        enrolment.id = ReportId::Enrolment(enrolment.id.uuid());
        // One reason, known and not; figures that are there and none.
        let mut one = full.clone();
        one.reasons.truncate(1);
        one.total = Some(3);
        one.service = Some(BTreeMap::new());
        let mut unknown = full.clone();
        unknown.reasons = vec![(FailureReason::unknown(""), 4)];
        unknown.total = Some(4);
        unknown.service = None;
        let mut several = unknown.clone();
        several.reasons = vec![(FailureReason::unknown("a"), 2), (FailureReason::unknown("b"), 2)];
        for import in [
            full,
            usual,
            one,
            unknown,
            several,
            empty,
            enrolment,
            import(ArchivedStatus::NotFound),
            import(ArchivedStatus::EndedWithoutReport),
        ] {
            let file = write(&import).unwrap();
            let easily = |columns| counts_figures::read(&file, import.date, columns).unwrap();
            let figures = easily(Columns::Figures).expect("our own files are read easily");
            assert_eq!(figures, without_details(&import));
            assert_eq!(read(file.clone(), import.date, Columns::All).unwrap(), import);
            assert_eq!(rows(file.clone(), import.date).unwrap(), import);
            assert_eq!(easily(Columns::All).expect("our own files are read easily"), import);
            assert_eq!(Footer::read(&file).unwrap().report_sha256, import.report_sha256);
        }
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let import = import(ArchivedStatus::Expired);
        let file = write(&import).unwrap();
        for cut in 0..file.len() {
            for columns in [Columns::All, Columns::Figures] {
                assert!(read(file.slice(..cut), import.date, columns).is_err(), "cut at {cut}");
            }
        }
        // Whatever is changed: an error or another import, and never a panic.
        for at in 0..file.len() {
            let mut changed = file.to_vec();
            changed[at] ^= 0x55;
            let changed = Bytes::from(changed);
            let _ = read(changed.clone(), import.date, Columns::All);
            let _ = read(changed, import.date, Columns::Figures);
        }
    }
}
