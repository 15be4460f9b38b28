//! What is the same in every Parquet file of an archive.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};

use super::failure::{self, failed};
use crate::arrow::ContactMode;
use crate::error::{Error, ErrorKind, Result};

/// How much of a file's end is read at first to find its footer.
const USUAL_FOOTER: u64 = 16 * 1024;

const ROW_GROUP: usize = 131_072;

const SCHEMA: &str = "dotdigital_faults.schema";
const VERSION: &str = "dotdigital_faults.version";
const CONTACTS: &str = "dotdigital_faults.contacts";
const REPORT_SHA256: &str = "dotdigital_faults.report_sha256";

/// What the footer of a file says of its report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) schema: String,
    pub(super) version: String,
    pub(super) contacts: Option<ContactMode>,
    pub(super) report_sha256: Option<String>,
}

impl Footer {
    /// That of a file that this version writes.
    pub(super) fn new(contacts: Option<ContactMode>, report_sha256: Option<String>) -> Self {
        Footer { schema: "1".into(), version: env!("CARGO_PKG_VERSION").into(), contacts, report_sha256 }
    }

    /// That of a file, by its bytes.
    pub(super) fn read(file: &Bytes) -> Result<Self> {
        guarded(|| Footer::of(file))
    }

    fn of(file: &Bytes) -> Result<Self> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone()).map_err(unreadable)?;
        Ok(Footer::in_metadata(reader.metadata()))
    }

    /// That of a file, by what has been read of its end.
    pub(super) fn in_metadata(metadata: &ParquetMetaData) -> Self {
        let pairs = metadata.file_metadata().key_value_metadata();
        let value = |key: &str| pairs?.iter().find(|pair| pair.key == key)?.value.clone();
        Footer {
            schema: value(SCHEMA).unwrap_or_default(),
            version: value(VERSION).unwrap_or_default(),
            contacts: value(CONTACTS).and_then(|name| name.parse().ok()),
            report_sha256: value(REPORT_SHA256),
        }
    }

    pub(super) fn pairs(&self) -> Vec<KeyValue> {
        let pairs = [
            (SCHEMA, Some(self.schema.clone())),
            (VERSION, Some(self.version.clone())),
            (CONTACTS, self.contacts.map(|mode| mode.to_string())),
            (REPORT_SHA256, self.report_sha256.clone()),
        ];
        pairs.into_iter().filter_map(|(key, value)| Some(KeyValue::new(key.to_owned(), value?))).collect()
    }
}

/// What the end of a file in a store says, of which no more is read.
///
/// # Errors
/// [`Archive`](ErrorKind::Archive) where it is no whole file of Parquet; and those of the store, also where there is no file.
pub(super) async fn metadata_of(store: &dyn ObjectStore, path: &Path, size: u64) -> Result<ParquetMetaData> {
    if size == 0 {
        return Err(failure::damaged(path, "it is empty"));
    }
    let mut length = USUAL_FOOTER.min(size);
    loop {
        let end = store.get_range(path, size - length..size).await.map_err(|error| failed("read", path, error))?;
        let parsed = guarded(|| {
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&end, size).and_then(|()| reader.finish()) {
                Ok(metadata) => Ok(Ok(metadata)),
                Err(ParquetError::NeedMoreData(needed)) => Ok(Err(needed as u64)),
                Err(error) => Err(unreadable(error)),
            }
        });
        match parsed.map_err(|error| failure::damaged(path, &error.without_hint().to_string()))? {
            Ok(metadata) => return Ok(metadata),
            // More each time, and at most all of it.
            Err(needed) if needed > length && needed <= size => length = needed,
            Err(_) => return Err(failure::damaged(path, "its footer has no end")),
        }
    }
}

/// How files are written. Arrow's own names for the parts of a map become the format's.
pub(super) fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_coerce_types(true)
        .set_created_by(concat!("dotdigital-faults version ", env!("CARGO_PKG_VERSION")).into())
}

/// Reads of a file what can be read; a damaged one is an error. The library of the format asserts some of what a footer
/// says, rather than to fail.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged()))
}

/// The format's own words may hold what is in a column.
pub(super) fn unwritable(_: ParquetError) -> Error {
    Error::new(ErrorKind::Io, "a file of Parquet can't be made")
}

pub(super) fn unreadable(_: ParquetError) -> Error {
    damaged()
}

fn damaged() -> Error {
    Error::new(ErrorKind::Archive, "it is no file of Parquet, or a damaged one")
}
