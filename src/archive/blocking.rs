//! The archive without `async`.

use std::fmt;
use std::sync::Arc;

use super::{Account, CollectOptions, Collected, Manifest, Outcomes, Wanted};
use crate::arrow::Contacts;
use crate::client::blocking::Engine;
use crate::error::Result;

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
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Archive").field(&self.archive).finish()
    }
}
