//! The claims that are still open.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use uuid::Uuid;

use super::claim::Claim;
use super::failure::{damaged, failed};
use super::{Archive, get};
use crate::error::Result;

/// How many claims are read at once.
const AT_ONCE: usize = 16;

impl Archive {
    /// The claims of imports that aren't archived yet, by their ids: what the next collect takes up.
    ///
    /// # Errors
    /// [`Archive`](crate::ErrorKind::Archive) for a claim that can't be read; [`Io`](crate::ErrorKind::Io) and
    /// [`NotPermitted`](crate::ErrorKind::NotPermitted) where the store fails.
    pub async fn open_claims(&self) -> Result<Vec<Claim>> {
        // The claims first: whatever is archived meanwhile is then left out.
        let (store, layout) = (&*self.store, &self.layout);
        let mut open = listed(store, &layout.claims(), |path| layout.claimed(path)).await?;
        for done in listed(store, &layout.counts_table(), |path| Some(layout.parse(path)?.1)).await? {
            open.remove(&done);
        }
        let mut open: Vec<_> = open.into_iter().collect();
        open.sort_unstable();
        stream::iter(open)
            .map(|id| self.claim(id))
            .buffered(AT_ONCE)
            .try_filter_map(async |claim| Ok(claim))
            .try_collect()
            .await
    }

    /// The claim of an id, if there is one.
    pub(super) async fn claim(&self, id: Uuid) -> Result<Option<Claim>> {
        let path = self.layout.claim(id);
        match get(&*self.store, &path).await? {
            None => Ok(None),
            Some(json) => match Claim::from_json(id, &json) {
                Some(claim) => Ok(Some(claim)),
                None => Err(damaged(&path, "it is no claim that this version of the program knows")),
            },
        }
    }
}

/// The ids of the files below a folder.
async fn listed(store: &dyn ObjectStore, folder: &Path, id: impl Fn(&Path) -> Option<Uuid>) -> Result<HashSet<Uuid>> {
    let files = store.list(Some(folder)).map_err(|error| failed("listed", folder, error));
    files.try_filter_map(async |file| Ok(id(&file.location))).try_collect().await
}
