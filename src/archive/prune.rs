//! Contact data that is old enough to go.

use chrono::{Days, NaiveDate};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::Archive;
use super::failure::failed;
use crate::error::Result;

/// What has been deleted, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pruned {
    /// Folders of a day.
    pub folders: u64,
    /// Files in them.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
}

impl Archive {
    /// Deletes the faults of all days that are more than so many days before `today`, a day of UTC; the counts stay. A
    /// bucket that keeps versions keeps the deleted files as such.
    ///
    /// With `dry_run` it only says what would be deleted.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) and [`NotPermitted`](crate::ErrorKind::NotPermitted) where the store fails; what was
    /// deleted before stays so, and the next call goes on.
    pub async fn prune(&self, older_than_days: u64, today: NaiveDate, dry_run: bool) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        let Some(first_kept) = today.checked_sub_days(Days::new(older_than_days)) else { return Ok(pruned) };
        let table = self.layout.faults_table();
        let days =
            self.store.list_with_delimiter(Some(&table)).await.map_err(|error| failed("listed", &table, error))?;
        for folder in days.common_prefixes {
            if self.layout.day(&folder).is_none_or(|day| day >= first_kept) {
                continue;
            }
            let files: Vec<_> =
                self.store.list(Some(&folder)).try_collect().await.map_err(|error| failed("listed", &folder, error))?;
            if !dry_run {
                let paths = files.iter().map(|file| Ok(file.location.clone())).collect::<Vec<_>>();
                let mut deleted = self.store.delete_stream(stream::iter(paths).boxed());
                while let Some(one) = deleted.next().await {
                    match one {
                        // Another one was quicker.
                        Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                        Err(error) => return Err(failed("deleted", &folder, error)),
                    }
                }
            }
            pruned.folders += u64::from(!files.is_empty());
            pruned.files += files.len() as u64;
            pruned.bytes += files.iter().map(|file| file.size).sum::<u64>();
        }
        Ok(pruned)
    }
}
