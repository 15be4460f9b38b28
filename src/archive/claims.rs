//! The claims that are still open: those of imports of which nothing is kept yet.

#[cfg(feature = "serve")]
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use uuid::Uuid;

use super::claim::Claim;
use super::failure::{damaged, failed};
use super::{Archive, get};
use crate::error::{Error, Result};

/// How many claims are read at once.
const AT_ONCE: usize = 16;

/// By how much the clock of a store may be wrong.
const SKEW: TimeDelta = TimeDelta::days(1);

/// The claims that are open, oldest first, and the ids of those that can't be read.
#[derive(Default)]
pub(crate) struct OpenClaims {
    pub(crate) claims: Vec<Claim>,
    pub(crate) damaged: Vec<Uuid>,
}

impl OpenClaims {
    /// Adds a claim that was read; none where it isn't open.
    fn add(&mut self, read: Read) {
        match read {
            Read::Open(claim) => self.claims.push(claim),
            Read::Settled => {}
            Read::Damaged(id) => self.damaged.push(id),
        }
    }

    fn sort(&mut self) {
        self.claims.sort_by_key(|claim| (claim.claimed_at, claim.id));
        self.damaged.sort_unstable();
    }
}

/// A claim that was read.
enum Read {
    Open(Claim),
    /// It isn't open, or was made too early.
    Settled,
    Damaged(Uuid),
}

impl Archive {
    /// The claims of imports of which nothing is kept yet, oldest first. The next collect takes up those that are at most 30
    /// days old.
    ///
    /// # Errors
    /// [`Archive`](crate::ErrorKind::Archive) for a claim that can't be read; [`Io`](crate::ErrorKind::Io) and
    /// [`NotPermitted`](crate::ErrorKind::NotPermitted) where the store fails.
    pub async fn open_claims(&self) -> Result<Vec<Claim>> {
        let open = self.claims_since(None, |_| true).await?;
        match open.damaged.first() {
            Some(id) => Err(self.damaged_claim(*id)),
            None => Ok(open.claims),
        }
    }

    /// What is wrong with a claim that can't be read, and what to do.
    pub(crate) fn damaged_claim(&self, id: Uuid) -> Error {
        damaged(&self.layout.claim(id), "it is no claim that this version of the program knows").advise(
            "collect with the version that has put it; if it is damaged, remove it and give the import's id again",
        )
    }

    /// The open claims that were made since then, of those ids that are wanted.
    ///
    /// Claims stay for good, and so are many: one is read only if its file is young enough, and if no counts of these days
    /// bear its id.
    pub(super) async fn claims_since(
        &self,
        first: Option<DateTime<Utc>>,
        is_wanted: impl Fn(Uuid) -> bool,
    ) -> Result<OpenClaims> {
        let first_written = first.and_then(|first| first.checked_sub_signed(SKEW));
        // The claims first: whatever is archived meanwhile is then left out.
        let claims = self.layout.claims();
        let mut listed = self.store.list(Some(&claims));
        let mut ids = Vec::new();
        while let Some(file) = listed.try_next().await.map_err(|error| failed("listed", &claims, error))? {
            let is_young = first_written.is_none_or(|first| file.last_modified >= first);
            ids.extend(self.layout.claimed(&file.location).filter(|id| is_young && is_wanted(*id)));
        }
        let counted = self.counted_since(first_written).await?;
        ids.retain(|id| !counted.contains(id));
        let mut read = stream::iter(ids).map(|id| self.open_claim(id, first)).buffer_unordered(AT_ONCE);
        let mut open = OpenClaims::default();
        while let Some(read) = read.next().await {
            open.add(read?);
        }
        open.sort();
        Ok(open)
    }

    /// All claims that are open, for somebody who knows most imports already, and who knows claims that were open before: these
    /// never change, and so aren't read again.
    #[cfg(feature = "serve")]
    pub(crate) async fn claims_beside(
        &self,
        is_counted: impl Fn(Uuid) -> bool,
        mut before: HashMap<Uuid, Claim>,
    ) -> Result<OpenClaims> {
        let claims = self.layout.claims();
        let mut listed = self.store.list(Some(&claims));
        let mut found = Vec::new();
        while let Some(file) = listed.try_next().await.map_err(|error| failed("listed", &claims, error))? {
            let id = self.layout.claimed(&file.location).filter(|id| !is_counted(*id));
            found.extend(id.map(|id| (id, before.remove(&id))));
        }
        let read = stream::iter(found).map(|(id, known)| async move {
            match known {
                Some(claim) => self.still_open(claim).await,
                None => self.open_claim(id, None).await,
            }
        });
        let mut read = read.buffer_unordered(AT_ONCE);
        let mut open = OpenClaims::default();
        while let Some(read) = read.next().await {
            open.add(read?);
        }
        Ok(open)
    }

    /// The ids of which days since then have counts.
    async fn counted_since(&self, first: Option<DateTime<Utc>>) -> Result<HashSet<Uuid>> {
        let table = self.layout.counts_table();
        let folders = match first {
            None => vec![table],
            Some(first) => {
                let listed = self.store.list_with_delimiter(Some(&table)).await;
                let mut folders = listed.map_err(|error| failed("listed", &table, error))?.common_prefixes;
                folders.retain(|folder| self.layout.day(folder).is_some_and(|day| day >= first.date_naive()));
                folders
            }
        };
        let mut counted = HashSet::new();
        for folder in folders {
            self.add_counted(&folder, &mut counted).await?;
        }
        Ok(counted)
    }

    async fn add_counted(&self, folder: &Path, counted: &mut HashSet<Uuid>) -> Result<()> {
        let mut files = self.store.list(Some(folder));
        while let Some(file) = files.try_next().await.map_err(|error| failed("listed", folder, error))? {
            counted.extend(self.layout.parse(&file.location).map(|(_, id)| id));
        }
        Ok(())
    }

    /// Reads a claim that may be open, if it was made since then.
    async fn open_claim(&self, id: Uuid, first: Option<DateTime<Utc>>) -> Result<Read> {
        let Some(json) = get(&*self.store, &self.layout.claim(id)).await? else { return Ok(Read::Settled) };
        match Claim::from_json(id, &json) {
            None => Ok(Read::Damaged(id)),
            Some(claim) if first.is_some_and(|first| claim.claimed_at < first) => Ok(Read::Settled),
            Some(claim) => self.still_open(claim).await,
        }
    }

    /// The claim, unless its import has counts. It may be filed under a day before the claim was made.
    async fn still_open(&self, claim: Claim) -> Result<Read> {
        let counts = self.layout.counts(claim.date, claim.id.uuid());
        match self.store.head(&counts).await {
            Ok(_) => Ok(Read::Settled),
            Err(object_store::Error::NotFound { .. }) => Ok(Read::Open(claim)),
            Err(error) => Err(failed("read", &counts, error)),
        }
    }
}
