//! Faults that a worker has put that was killed before it could put the counts, and whose report is gone meanwhile: what they
//! tell is not lost.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::memory::Memory;
use crate::archive::failure::failed;
use crate::archive::parquet_file::{guarded, unreadable};
use crate::archive::stored_faults::StoredFaults;
use crate::archive::{Archive, get};
use crate::arrow::label::kept_reasons;
use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::tally::archived_import::ArchivedImport;

const COLUMNS: [&str; 3] = ["reason", "label", "anomalies"];

/// What is told by a file of faults that has no counts.
pub(super) struct LeftFaults {
    counts: ReasonCounts,
    /// Of rows alone: what was unusual between them isn't known any more.
    anomalies: BTreeMap<String, u64>,
    report_sha256: String,
    pub(super) archived_at: DateTime<Utc>,
}

impl LeftFaults {
    /// Reads a file; `None` where there is none, or none that this archive would hold.
    pub(super) async fn read(archive: &Archive, path: &Path, memory: &Memory) -> Result<Option<Self>> {
        let size = match archive.store.head(path).await {
            Ok(file) => file.size,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed("read", path, error)),
        };
        let Some(StoredFaults { footer, archived_at: Some(archived_at) }) =
            StoredFaults::read(&*archive.store, path).await?
        else {
            return Ok(None);
        };
        let Some(report_sha256) = footer.report_sha256.filter(|_| footer.contacts == Some(archive.manifest.contacts))
        else {
            return Ok(None);
        };
        let reserved = memory.reserve(size).await;
        if reserved.grow_to(size).is_err() {
            return Err(memory.too_little());
        }
        let Some(file) = get(&*archive.store, path).await? else { return Ok(None) };
        let counted = tokio::task::spawn_blocking(move || {
            let counted = guarded(|| count(file));
            drop(reserved);
            counted
        });
        // What can't be read tells nothing.
        let counted = counted.await.map_err(|stopped| Error::reading(std::io::Error::other(stopped)))?;
        Ok(counted.ok().map(|(counts, anomalies)| LeftFaults { counts, anomalies, report_sha256, archived_at }))
    }

    /// What is kept of it in the counts. The report's size and the service's figures aren't known any more.
    pub(super) fn describe(self, import: &mut ArchivedImport) {
        import.reasons = kept_reasons(&self.counts);
        import.total = Some(self.counts.total());
        import.anomalies = self.anomalies;
        import.report_sha256 = Some(self.report_sha256);
    }
}

fn count(file: Bytes) -> Result<(ReasonCounts, BTreeMap<String, u64>)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
    let columns = ProjectionMask::columns(reader.parquet_schema(), COLUMNS);
    let (mut counts, mut anomalies) = (ReasonCounts::new(), BTreeMap::new());
    for batch in reader.with_projection(columns).build().map_err(unreadable)? {
        let batch = batch.map_err(|error| unreadable(error.into()))?;
        add(&batch, &mut counts, &mut anomalies)
            .ok_or_else(|| Error::new(ErrorKind::Archive, "its columns are others"))?;
    }
    Ok((counts, anomalies))
}

/// Adds the rows of a batch; `None` where its columns aren't those of faults.
fn add(batch: &RecordBatch, counts: &mut ReasonCounts, anomalies: &mut BTreeMap<String, u64>) -> Option<()> {
    let slugs = batch.column_by_name("reason")?.as_string_opt::<i32>()?;
    let labels = batch.column_by_name("label")?.as_string_opt::<i32>()?;
    for (slug, label) in slugs.iter().zip(labels) {
        let known = FailureReason::known().iter().find(|known| Some(known.slug()) == slug);
        counts.add_reason(&known.cloned().unwrap_or_else(|| FailureReason::unknown(label.unwrap_or_default())), 1);
    }
    let unusual = batch.column_by_name("anomalies")?.as_list_opt::<i32>()?;
    for slugs in unusual.iter().flatten() {
        for slug in slugs.as_string_opt::<i32>()?.iter().flatten() {
            *anomalies.entry(slug.to_owned()).or_default() += 1;
        }
    }
    Some(())
}
