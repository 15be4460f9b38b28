//! The claims that are still open: those of imports of which nothing is kept yet.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStoreExt;
use uuid::Uuid;

use super::import::OLDEST_CLAIM;
use crate::archive::claim::Claim;
use crate::archive::failure::failed;
use crate::archive::{Archive, get};
use crate::error::Result;

/// How many claims are read at once.
const AT_ONCE: usize = 16;

/// By how much the clock of a store may be wrong.
const SKEW: TimeDelta = TimeDelta::days(1);

/// The open claims, at most 30 days old, oldest first.
///
/// Claims stay for good, and so are many: one is read only if its file is young, and no counts of these days bear its id.
pub(in crate::archive) async fn open_claims(archive: &Archive, now: DateTime<Utc>) -> Result<Vec<Claim>> {
    let (layout, settled) = (&archive.layout, settled(archive, now).await?);
    let claims = layout.claims();
    let mut listed = archive.store.list(Some(&claims));
    let mut young = Vec::new();
    while let Some(file) = listed.try_next().await.map_err(|error| failed("listed", &claims, error))? {
        let is_young = now - file.last_modified <= OLDEST_CLAIM + SKEW;
        if let Some(id) = layout.claimed(&file.location).filter(|id| is_young && !settled.contains(id)) {
            young.push(id);
        }
    }
    let read = stream::iter(young).map(|id| open_claim(archive.clone(), id, now)).buffer_unordered(AT_ONCE);
    let read: Vec<Option<Claim>> = read.try_collect().await?;
    let mut open: Vec<Claim> = read.into_iter().flatten().collect();
    open.sort_by_key(|claim| (claim.claimed_at, claim.id));
    Ok(open)
}

/// The ids of which the days of open claims have counts.
async fn settled(archive: &Archive, now: DateTime<Utc>) -> Result<HashSet<Uuid>> {
    let table = archive.layout.counts_table();
    let days =
        archive.store.list_with_delimiter(Some(&table)).await.map_err(|error| failed("listed", &table, error))?;
    let first = (now - OLDEST_CLAIM - SKEW).date_naive();
    let mut settled = HashSet::new();
    for day in days.common_prefixes.iter().filter(|day| archive.layout.day(day).is_some_and(|date| date >= first)) {
        let mut files = archive.store.list(Some(day));
        while let Some(file) = files.try_next().await.map_err(|error| failed("listed", day, error))? {
            settled.extend(archive.layout.parse(&file.location).map(|(_, id)| id));
        }
    }
    Ok(settled)
}

/// Reads a claim; `None` where it isn't open, or too old.
async fn open_claim(archive: Archive, id: Uuid, now: DateTime<Utc>) -> Result<Option<Claim>> {
    let path = archive.layout.claim(id);
    let Some(json) = get(&*archive.store, &path).await? else { return Ok(None) };
    let Some(claim) = Claim::from_json(id, &json) else {
        // Nobody knows whose it is. Who gives its id is told.
        tracing::warn!(%path, "a claim can't be read");
        return Ok(None);
    };
    if now - claim.claimed_at > OLDEST_CLAIM {
        return Ok(None);
    }
    let counts = archive.layout.counts(claim.date, id);
    match archive.store.head(&counts).await {
        Ok(_) => Ok(None),
        Err(object_store::Error::NotFound { .. }) => Ok(Some(claim)),
        Err(error) => Err(failed("read", &counts, error)),
    }
}
