//! Reading an archive, and reading again what has come since.
//!
//! A file of an archive never changes, so it is read once, by its name. New ones are mostly filed under the last days: their
//! folders are listed each time, and all of them once an hour.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio::time::Instant;

use super::state::{Import, Names, State};
use crate::archive::Archive;
use crate::error::{Error, Result};

/// The folders of so many days are listed each time.
const RECENT: Days = Days::new(14);

/// All folders are listed again after so long.
const WHOLE: Duration = Duration::from_secs(60 * 60);

/// Where the archive is.
#[derive(Debug)]
pub(super) enum Place {
    Open(Archive),
    /// A folder or a bucket, which is opened as soon as it can be.
    Named(String),
}

/// Reads an archive into states, one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    place: Place,
    names: Names,
    /// When all folders were listed for the last time.
    whole_at: Option<Instant>,
}

/// What came of a reading.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) state: State,
    /// The first things that can't be read.
    pub(super) errors: Vec<Error>,
    /// Is the state that of the whole archive, but for single files that can't be read?
    pub(super) is_whole: bool,
}

/// What can't be read: the first things, and how many there are.
#[derive(Debug, Default)]
struct Errors {
    first: Vec<Error>,
    count: u64,
}

/// How many are named.
const MOST_NAMED: usize = 100;

impl Reader {
    pub(super) fn new(place: Place) -> Self {
        Reader { place, names: Names::default(), whole_at: None }
    }

    /// Reads what has come since a state was read. Where that fails, the new state has what could be read, and tells so.
    pub(super) async fn read(&mut self, before: &State) -> Reading {
        let mut errors = Errors::default();
        let (state, is_whole) = match self.archive().await {
            Ok(archive) => self.read_from(&archive, before, &mut errors).await,
            Err(error) => {
                errors.add(error);
                (before.clone(), false)
            }
        };
        let Errors { first: errors, count } = errors;
        let state = if is_whole { state.read(now(), count) } else { state.failed(count) };
        Reading { state, errors, is_whole }
    }

    /// The archive, whose `archive.json` is read each time: a folder that is gone would be listed as an empty one.
    async fn archive(&mut self) -> Result<Archive> {
        let archive = match &self.place {
            Place::Open(archive) => {
                archive.check().await?;
                return Ok(archive.clone());
            }
            Place::Named(location) => Archive::open(location).await?,
        };
        self.place = Place::Open(archive.clone());
        Ok(archive)
    }

    /// What is known now, and whether that is all.
    async fn read_from(&mut self, archive: &Archive, before: &State, errors: &mut Errors) -> (State, bool) {
        let begun = Instant::now();
        let is_full = self.whole_at.is_none_or(|last| begun.duration_since(last) >= WHOLE);
        let recent = now().date_naive().checked_sub_days(RECENT).unwrap_or(NaiveDate::MIN);
        let since = if is_full { NaiveDate::MIN } else { recent };
        let (imports, is_listed) = self.imports(archive, before, since, errors).await;
        if is_full && is_listed {
            self.whole_at = Some(begun);
        }
        let old = before.clone();
        let state = match tokio::task::spawn_blocking(move || old.with_imports(imports)).await {
            Ok(state) => state,
            // The runtime ends.
            Err(_) => return (before.clone(), false),
        };
        let known = state.claims().iter().map(|claim| (claim.id.uuid(), claim.clone())).collect();
        match archive.claims_beside(|id| state.import(id).is_some(), known).await {
            Ok(open) => {
                open.damaged.into_iter().for_each(|id| errors.add(archive.damaged_claim(id)));
                (state.with_claims(open.claims), is_listed)
            }
            Err(error) => {
                errors.add(error);
                (state, false)
            }
        }
    }

    /// The imports that aren't known yet, and whether all folders could be listed.
    async fn imports(
        &mut self,
        archive: &Archive,
        before: &State,
        since: NaiveDate,
        errors: &mut Errors,
    ) -> (Vec<Import>, bool) {
        let known = before.clone();
        let mut unknown = archive.unknown_imports(since, Arc::new(move |date, id| known.has(date, id)));
        let mut imports = Vec::new();
        while let Some(import) = unknown.next().await {
            match import {
                Ok(import) => imports.push(self.names.import(import)),
                Err(error) => errors.add(error),
            }
        }
        (imports, unknown.is_whole())
    }
}

impl Errors {
    fn add(&mut self, error: Error) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < MOST_NAMED {
            self.first.push(error);
        }
    }
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
