//! The live dashboard: what an archive holds, over HTTP. Needs the feature `serve`.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page for people: whether imports fail more than usual, whose, why, and what to do; pictures over time, by account, reason, period and grain |
//! | `/imports/{id}` | a page for people about one import |
//! | `/metrics` | Prometheus' text, or OpenMetrics where it is asked for |
//! | `/api/counts.json`, `/api/trends.json`, `/api/imports.json` | arrays of flat records |
//! | `/healthz` | that it lives |
//! | `/readyz` | whether the archive has been read |
//!
//! It reads the counts of an archive and its open claims: never a fault, so never contact data, and never the service, whose
//! calls are limited.
//!
//! ```no_run
//! use std::time::Duration;
//! use dotdigital_faults::archive::Archive;
//! use dotdigital_faults::serve::{Dashboard, Guard, Server};
//!
//! # async fn run() -> dotdigital_faults::Result<()> {
//! let dashboard = Dashboard::new(Archive::open("archive").await?);
//! let own = dashboard.clone();
//! tokio::spawn(async move { own.keep_fresh(Duration::from_secs(60)).await });
//!
//! let server = Server::bind("127.0.0.1:9184".parse().unwrap())?;
//! println!("http://{}", server.address());
//! server.run(dashboard.guarded_router(Guard::new()), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Dashboard::router`] goes into a service of one's own.

mod answer;
mod api;
mod guard;
mod metrics;
mod page;
mod query;
mod refresh;
mod routes;
mod server;
mod snapshot;
mod state;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;

pub use axum;
pub use guard::Guard;
pub use server::Server;

use crate::archive::Archive;
use crate::error::{Error, ErrorKind, Result};
use refresh::{Place, Reader};
use snapshot::{Budget, Snapshot};
use state::State;

/// What an archive holds, read again and again, and told over HTTP.
///
/// It is cheap to clone: clones share what has been read. Of each import a few hundred bytes are held.
#[derive(Clone, Debug)]
pub struct Dashboard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// One reading at a time.
    reader: tokio::sync::Mutex<Reader>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// What can't be read of single files.
    unreadable: RwLock<Vec<Error>>,
    budget: Budget,
}

impl Dashboard {
    /// The dashboard of an archive, of which nothing has been read yet.
    pub fn new(archive: Archive) -> Self {
        Dashboard::of(Place::Open(archive))
    }

    /// The dashboard of the archive at a place, as [`Archive::open`] takes it, which is opened as soon as that can be: it may
    /// not be there yet, or not be reachable for a while.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where the place can't be one.
    pub fn at(location: &str) -> Result<Self> {
        Archive::check_location(location)?;
        Ok(Dashboard::of(Place::Named(location.to_owned())))
    }

    fn of(place: Place) -> Self {
        let budget = Budget::new();
        let snapshot = Arc::new(Snapshot::new(State::default(), budget.clone()));
        let reader = tokio::sync::Mutex::new(Reader::new(place));
        let (snapshot, unreadable) = (RwLock::new(snapshot), RwLock::default());
        Dashboard(Arc::new(Shared { reader, snapshot, unreadable, budget }))
    }

    /// Reads what has come since it was called last; the first time everything. A file is read once. The folders of the last
    /// 14 days are looked through each time, and all of them once an hour.
    ///
    /// A single file that can't be read is passed over, counted, and tried again the next time; [`unreadable`](Self::unreadable)
    /// names it. One that is no import's is passed over.
    ///
    /// # Errors
    /// Those of [`Archive::open`] where the archive as a whole can't be read, and those of a folder that can't be listed: what
    /// was read before stays, and the error is counted.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn refresh(&self) -> Result<()> {
        let mut reader = self.0.reader.lock().await;
        let before = self.snapshot();
        let reading = reader.read(&before.state).await;
        let imports = reading.state.imports().len();
        self.publish(reading.state);
        let first = reading.errors.first().cloned();
        match &first {
            None => tracing::debug!(imports, "the archive was read"),
            Some(error) => tracing::warn!(imports, %error, whole = !reading.is_whole, "the archive can't be read"),
        }
        *self.0.unreadable.write().unwrap_or_else(PoisonError::into_inner) = reading.errors;
        match (reading.is_whole, first) {
            (true, _) => Ok(()),
            (false, Some(error)) => Err(error),
            (false, None) => Err(Error::new(ErrorKind::Io, "the reading of the archive was broken off")),
        }
    }

    /// What the last reading couldn't read, each by its name: single files, and folders where it failed as a whole; of very many
    /// the first hundred.
    pub fn unreadable(&self) -> Vec<Error> {
        self.0.unreadable.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Refreshes at once, and again each time so long after the last one has ended. It never ends; errors are counted and
    /// logged.
    pub async fn keep_fresh(&self, every: Duration) {
        loop {
            // Whoever watches sees it in the metrics.
            _ = self.refresh().await;
            tokio::time::sleep(every).await;
        }
    }

    /// Returns true once the archive has been read.
    pub fn is_ready(&self) -> bool {
        self.snapshot().state.read_at().is_some()
    }

    /// The paths, for a service of one's own, which looks after who may ask. Only GET and HEAD are answered, and every answer
    /// has headers that keep a browser from running, fetching or framing anything.
    pub fn router(&self) -> Router {
        Guard::around(None, routes::router(self.clone()))
    }

    /// The same, for those whom a guard lets in.
    pub fn guarded_router(&self, guard: Guard) -> Router {
        Guard::around(Some(guard), routes::router(self.clone()))
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, state: State) {
        let snapshot = Arc::new(Snapshot::new(state, self.0.budget.clone()));
        *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}
