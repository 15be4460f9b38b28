//! `faults_v1`: a file of an import's faults.

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;

use super::parquet_file::{Footer, properties, unwritable};
use crate::arrow::{Contacts, faults_schema};
use crate::error::Result;

/// Makes a file of batches of faults.
pub(super) struct FaultsTable {
    writer: ArrowWriter<Vec<u8>>,
    rows: usize,
}

impl FaultsTable {
    pub(super) fn new() -> Result<Self> {
        let writer = ArrowWriter::try_new(Vec::new(), faults_schema(), Some(properties().build()));
        Ok(FaultsTable { writer: writer.map_err(unwritable)?, rows: 0 })
    }

    /// Takes the next faults.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.writer.write(batch).map_err(unwritable)
    }

    /// About how many bytes it holds.
    pub(super) fn held(&self) -> usize {
        self.writer.bytes_written() + self.writer.in_progress_size()
    }

    /// The file; `None` where there was no fault. Its footer says of which report it is.
    pub(super) fn finish(mut self, contacts: &Contacts, report_sha256: &str) -> Result<Option<Bytes>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let footer = Footer::new(Some(contacts.mode()), Some(report_sha256.to_owned()));
        footer.pairs().into_iter().for_each(|pair| self.writer.append_key_value_metadata(pair));
        Ok(Some(self.writer.into_inner().map_err(unwritable)?.into()))
    }
}
