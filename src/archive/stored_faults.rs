//! What the end of a file of faults in the store says, without fetching all of it.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use super::failure::failed;
use super::parquet_file::{Footer, metadata_of};
use crate::error::{ErrorKind, Result};

/// What a file of faults says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredFaults {
    pub(super) footer: Footer,
    /// What stands as `archived_at` in each row.
    pub(super) archived_at: Option<DateTime<Utc>>,
}

impl StoredFaults {
    /// Reads the end of a file; `None` where it is no whole file of Parquet.
    ///
    /// # Errors
    /// Those of the store; also where there is no file.
    pub(super) async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Option<Self>> {
        let size = store.head(path).await.map_err(|error| failed("read", path, error))?.size;
        match metadata_of(store, path, size).await {
            Ok(metadata) => Ok(Some(StoredFaults::of(&metadata))),
            Err(error) if error.kind() == ErrorKind::Archive => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of(metadata: &ParquetMetaData) -> Self {
        let columns = metadata.row_groups().first().map(|group| group.columns());
        let column =
            columns.and_then(|columns| columns.iter().find(|column| column.column_path().string() == "archived_at"));
        let archived_at = match column.and_then(|column| column.statistics()) {
            Some(Statistics::Int64(values)) => {
                values.min_opt().and_then(|micros| DateTime::from_timestamp_micros(*micros))
            }
            _ => None,
        };
        StoredFaults { footer: Footer::in_metadata(metadata), archived_at }
    }
}
