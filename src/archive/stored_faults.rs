//! What the end of a file of faults in the store says, without fetching all of it.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;

use super::failure::failed;
use super::parquet_file::{Footer, guarded, unreadable};
use crate::error::Result;

/// How much is fetched of the end at first: enough for all but large files.
const END: u64 = 64 * 1024;

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
        let unread = |error| failed("read", path, error);
        let size = store.head(path).await.map_err(unread)?.size;
        let mut wanted = END.min(size);
        loop {
            let range = GetOptions { range: Some(GetRange::Offset(size - wanted)), ..GetOptions::default() };
            let end = async { store.get_opts(path, range).await?.bytes().await };
            let end = end.await.map_err(unread)?;
            let mut reader = ParquetMetaDataReader::new();
            let read = guarded(|| match reader.try_parse_sized(&end, size) {
                Ok(()) => Ok(None),
                Err(ParquetError::NeedMoreData(needed)) => Ok(Some(needed as u64)),
                Err(error) => Err(unreadable(error)),
            });
            match read {
                Ok(None) => return Ok(reader.finish().ok().as_ref().map(StoredFaults::of)),
                Ok(Some(needed)) if needed > wanted && needed <= size => wanted = needed,
                _ => return Ok(None),
            }
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
