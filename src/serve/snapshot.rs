//! A state, and what was rendered of it: each page once, however often it is asked for.
//!
//! What is rendered takes memory for as long as somebody takes it, which slow readers may do for long. So all of it has a
//! budget: each answer holds its part until the last of its readers is done, and whoever finds none left is told so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::metrics::Format;
use super::query::Query;
use super::state::State;
use super::{api, metrics, page};

/// How many answers are kept of a state.
const MOST_KEPT: usize = 256;

/// The bytes of all answers that are kept or on their way, in KiB.
const BUDGET: u32 = 256 * 1024;

/// How many are rendered at once.
const AT_ONCE: usize = 2;

/// How long somebody waits for others to be done.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is rendered of a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Front(Query),
    Import(Uuid),
    Counts(Query),
    Trends(Query),
    Imports(Query),
    /// All but what depends on the moment.
    Metrics(Format),
}

/// Why nothing was rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unrendered {
    /// There is no such thing.
    Unknown,
    /// Too much is on its way.
    Busy,
    /// A bug of ours.
    Failed,
}

/// What all snapshots have in common.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    bytes: Arc<Semaphore>,
    rendering: Arc<Semaphore>,
}

/// A state, and what was rendered of it.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) state: State,
    budget: Budget,
    kept: Mutex<HashMap<Subject, Arc<OnceCell<Bytes>>>>,
}

/// What was rendered, with its part of the budget.
struct Rendered {
    bytes: Vec<u8>,
    #[allow(dead_code, reason = "it is there to be dropped")]
    part: OwnedSemaphorePermit,
}

impl Budget {
    pub(super) fn new() -> Self {
        Budget { bytes: Arc::new(Semaphore::new(BUDGET as usize)), rendering: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Snapshot {
    pub(super) fn new(state: State, budget: Budget) -> Self {
        Snapshot { state, budget, kept: Mutex::default() }
    }

    /// What is to be told, rendered once for all who ask meanwhile.
    pub(super) async fn rendered(self: &Arc<Self>, subject: Subject) -> Result<Bytes, Unrendered> {
        let cell = self.cell(&subject);
        let rendered = cell.get_or_try_init(|| self.render(&subject)).await.cloned();
        if rendered.is_err() {
            // What isn't there takes no place, however many such things are asked for.
            self.lock().remove(&subject);
        }
        rendered
    }

    fn cell(&self, subject: &Subject) -> Arc<OnceCell<Bytes>> {
        let mut kept = self.lock();
        if kept.len() >= MOST_KEPT && !kept.contains_key(subject) {
            kept.clear();
        }
        Arc::clone(kept.entry(subject.clone()).or_default())
    }

    async fn render(self: &Arc<Self>, subject: &Subject) -> Result<Bytes, Unrendered> {
        let turn = Arc::clone(&self.budget.rendering).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await.map_err(|_| Unrendered::Busy)?;
        let (own, wanted) = (Arc::clone(self), subject.clone());
        let rendering = tokio::task::spawn_blocking(move || wanted.render(&own.state));
        let bytes = rendering.await.map_err(|_| Unrendered::Failed)??;
        let part = self.part(bytes.len()).await?;
        drop(turn);
        Ok(Bytes::from_owner(Rendered { bytes, part }))
    }

    /// A part of the budget. Where none is left, what is kept goes first.
    async fn part(&self, len: usize) -> Result<OwnedSemaphorePermit, Unrendered> {
        let part = u32::try_from(len.div_ceil(1024)).unwrap_or(BUDGET).min(BUDGET);
        if let Ok(part) = Arc::clone(&self.budget.bytes).try_acquire_many_owned(part) {
            return Ok(part);
        }
        self.lock().clear();
        let waiting = Arc::clone(&self.budget.bytes).acquire_many_owned(part);
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(Ok(part)) => Ok(part),
            _ => Err(Unrendered::Busy),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Subject, Arc<OnceCell<Bytes>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject {
    fn render(&self, state: &State) -> Result<Vec<u8>, Unrendered> {
        let failed = |_| Unrendered::Failed;
        match self {
            Subject::Front(query) => Ok(page::front(state, query).into_bytes()),
            Subject::Import(id) => page::import(state, *id).map(String::into_bytes).ok_or(Unrendered::Unknown),
            Subject::Counts(query) => api::counts(state, query).map_err(failed),
            Subject::Trends(query) => api::trends(state, query).map_err(failed),
            Subject::Imports(query) => api::imports(state, query).map_err(failed),
            Subject::Metrics(format) => Ok(metrics::lasting(state, now(), *format).into_bytes()),
        }
    }
}

impl AsRef<[u8]> for Rendered {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

pub(super) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
