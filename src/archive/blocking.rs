//! The archive without `async`.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, ArchiveStatus, Claim, CollectOptions, Collected, Forgotten, Manifest, Outcomes, Pruned, Wanted};
use crate::arrow::Contacts;
use crate::client::blocking::Engine;
use crate::error::Result;
use crate::tally::trends::Trends;
use crate::tally::trends::options::TrendsOptions;

/// An [`Archive`](super::Archive) whose calls return when they are done.
///
/// It can be used from any thread, as [`blocking::Client`](crate::blocking::Client) can.
///
/// ```
/// use dotdigital_faults::archive::{Account, CollectOptions, Wanted, blocking::Archive};
/// use dotdigital_faults::arrow::Contacts;
///
/// let folder = tempfile::tempdir()?;
/// let archive = Archive::create(&folder.path().join("faults").to_string_lossy(), Some(&Contacts::Drop))?;
/// let imports: [Wanted; 0] = [];
/// let accounts: [Account; 0] = [];
/// let outcomes = archive.collect(accounts, imports, &CollectOptions::new(), |_| {})?;
/// assert_eq!(outcomes.code(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Archive {
    archive: super::Archive,
    engine: Arc<Engine>,
}

impl Archive {
    /// As [`open`](super::Archive::open) of the archive.
    ///
    /// # Errors
    /// The same, and [`Io`](crate::ErrorKind::Io) where the system has nothing left for a runtime.
    pub fn open(location: &str) -> Result<Self> {
        let engine = Engine::start()?;
        let archive = engine.run(super::Archive::open(location))?;
        Ok(Archive { archive, engine: Arc::new(engine) })
    }

    /// As [`create`](super::Archive::create) of the archive.
    ///
    /// # Errors
    /// The same, and [`Io`](crate::ErrorKind::Io) where the system has nothing left for a runtime.
    pub fn create(location: &str, contacts: Option<&Contacts>) -> Result<Self> {
        let engine = Engine::start()?;
        let archive = engine.run(super::Archive::create(location, contacts))?;
        Ok(Archive { archive, engine: Arc::new(engine) })
    }

    /// The blocking face of an archive, such as one in a store of one's own.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the system has nothing left for a runtime.
    pub fn from_async(archive: super::Archive) -> Result<Self> {
        Ok(Archive { archive, engine: Arc::new(Engine::start()?) })
    }

    /// What the archive says of itself.
    pub fn manifest(&self) -> &Manifest {
        self.archive.manifest()
    }

    /// As [`collect`](super::Archive::collect) of the archive. [`Stop`](super::Stop) ends it from another thread.
    ///
    /// # Errors
    /// The same.
    pub fn collect(
        &self,
        accounts: impl IntoIterator<Item = Account>,
        imports: impl IntoIterator<Item = Wanted>,
        options: &CollectOptions,
        told: impl FnMut(&Collected) + Send,
    ) -> Result<Outcomes> {
        let (accounts, imports): (Vec<_>, Vec<_>) = (accounts.into_iter().collect(), imports.into_iter().collect());
        self.engine.run(self.archive.collect(accounts, imports, options, told))
    }

    /// As [`status`](super::Archive::status) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn status(&self, now: DateTime<Utc>) -> Result<ArchiveStatus> {
        self.engine.run(self.archive.status(now))
    }

    /// As [`claim`](super::Archive::claim) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn claim(
        &self,
        accounts: impl IntoIterator<Item = Account>,
        imports: impl IntoIterator<Item = Wanted>,
        options: &CollectOptions,
    ) -> Result<Vec<Collected>> {
        let (accounts, imports): (Vec<_>, Vec<_>) = (accounts.into_iter().collect(), imports.into_iter().collect());
        self.engine.run(self.archive.claim(accounts, imports, options))
    }

    /// As [`open_claims`](super::Archive::open_claims) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn open_claims(&self) -> Result<Vec<Claim>> {
        self.engine.run(self.archive.open_claims())
    }

    /// As [`trends`](super::Archive::trends) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn trends(&self, options: &TrendsOptions, today: NaiveDate) -> Result<Trends> {
        self.engine.run(self.archive.trends(options, today))
    }

    /// As [`prune`](super::Archive::prune) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn prune(&self, older_than_days: u64, today: NaiveDate, dry_run: bool) -> Result<Pruned> {
        self.engine.run(self.archive.prune(older_than_days, today, dry_run))
    }

    /// As [`forget`](super::Archive::forget) of the archive.
    ///
    /// # Errors
    /// The same.
    pub fn forget<E: AsRef<str> + Send>(
        &self,
        emails: impl IntoIterator<Item = E>,
        contacts: &Contacts,
        now: DateTime<Utc>,
        anyway: bool,
    ) -> Result<Forgotten> {
        let emails: Vec<E> = emails.into_iter().collect();
        self.engine.run(self.archive.forget(emails, contacts, now, anyway))
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Archive").field(&self.archive).finish()
    }
}
