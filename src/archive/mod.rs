//! Reports kept: a folder or a bucket of Parquet files, which any engine reads. Needs the feature `archive`.
//!
//! The service forgets a report after about a week, and one report says nothing of time. An archive keeps, of each import,
//! why its contacts failed and how many; and, as far as that is chosen, which ones.
//!
//! ```text
//!   ROOT/archive.json                                     what makes it an archive
//!   ROOT/claims/{import_id}.json                          which day and which account an import belongs to; no table
//!   ROOT/faults_v1/date=YYYY-MM-DD/{import_id}.parquet    a row for each fault; may hold contact data
//!   ROOT/counts_v1/date=YYYY-MM-DD/{import_id}.parquet    a row for each reason of an import; never any contact data
//! ```
//!
//! The columns of `faults_v1` are those of [`arrow`](crate::arrow).

pub mod blocking;
mod claim;
mod claims;
mod collect;
mod counts;
mod counts_figures;
mod counts_table;
mod failure;
mod faults_table;
mod folder;
mod forget;
mod layout;
mod location;
mod manifest;
mod parquet_file;
mod prune;
mod status;
mod stored_faults;
mod strays;
mod unpacked_pages;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

pub use claim::Claim;
pub use collect::{Account, CollectOptions, CollectProgress, Collected, Outcome, Outcomes, Shard, Stop, Wanted};
pub use counts::ArchivedImports;
pub use forget::Forgotten;
pub use manifest::Manifest;
pub use prune::Pruned;
pub use status::{ArchiveStatus, OpenClaim};
pub use strays::StrayFiles;

use crate::arrow::Contacts;
#[cfg(feature = "serve")]
pub(crate) use crate::arrow::kind;
use crate::error::{Error, ErrorKind, Result};
use crate::tally::archived_import::ArchivedImport;
use failure::failed;
use folder::{Folder, STAGING};
use layout::Layout;
use location::Location;

/// An archive of reports: a folder or a bucket.
///
/// It is cheap to clone. Every call must run inside a tokio runtime.
#[derive(Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    /// The same store, where it is a folder.
    folder: Option<Folder>,
    layout: Layout,
    manifest: Manifest,
}

impl Archive {
    /// Opens an archive that is there: a folder's path, or the URL of a bucket and a prefix in it, such as
    /// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`, for which the environment has the options.
    /// Buckets need the feature `cloud`.
    ///
    /// # Errors
    /// [`Archive`](ErrorKind::Archive) where there is none, or one of a later version;
    /// [`Configuration`](ErrorKind::Configuration) where the place is none; [`Io`](ErrorKind::Io) and
    /// [`NotPermitted`](ErrorKind::NotPermitted) where the store fails.
    pub async fn open(location: &str) -> Result<Self> {
        match Location::parse(location)? {
            Location::Folder(path) => match location::folder(&path)? {
                Some(folder) => Archive::open_below(Arc::new(folder.clone()), Some(folder), Path::default()).await,
                None => Err(no_archive()),
            },
            Location::Bucket(store, prefix) => Archive::open_below(store, None, prefix).await,
        }
    }

    /// Opens an archive to collect into it, or makes it, with what is chosen of contact data. An archive that is there
    /// keeps what was chosen when it was made: without a choice that holds, and another one is refused.
    ///
    /// A folder is made where there is none, for its owner alone. One that isn't empty and is no archive is refused.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); and [`Archive`](ErrorKind::Archive) where nothing was chosen for a new one.
    pub async fn create(location: &str, contacts: Option<&Contacts>) -> Result<Self> {
        match Location::parse(location)? {
            Location::Folder(path) => {
                let folder = match location::folder(&path)? {
                    Some(folder) => folder,
                    // Nothing is made before it is known how.
                    None if contacts.is_none() => return Err(nothing_chosen()),
                    None => {
                        Folder::make(&path).map_err(|error| location::unreadable(&path, error))?;
                        location::folder(&path)?.ok_or_else(no_archive)?
                    }
                };
                folder.clean_staging(SystemTime::now());
                Archive::create_below(Arc::new(folder.clone()), Some(folder), Path::default(), contacts).await
            }
            Location::Bucket(store, prefix) => Archive::create_below(store, None, prefix, contacts).await,
        }
    }

    /// Opens an archive in a store of one's own, below a prefix.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub async fn open_in(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self> {
        Archive::open_below(store, None, Path::from(prefix)).await
    }

    /// Opens an archive in a store of one's own, or makes it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dotdigital_faults::archive::Archive;
    /// use dotdigital_faults::arrow::Contacts;
    /// use object_store::memory::InMemory;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let store = Arc::new(InMemory::new());
    /// let archive = Archive::create_in(store, "faults", Some(&Contacts::Drop)).await?;
    /// assert!(archive.manifest().conditional_puts);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub async fn create_in(store: Arc<dyn ObjectStore>, prefix: &str, contacts: Option<&Contacts>) -> Result<Self> {
        Archive::create_below(store, None, Path::from(prefix), contacts).await
    }

    /// Is this a place where an archive could be? Nothing is asked there.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where it is none.
    #[cfg(feature = "serve")]
    pub(crate) fn check_location(location: &str) -> Result<()> {
        Location::parse(location).map(drop)
    }

    /// Reads what the archive says of itself again.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    #[cfg(feature = "serve")]
    pub(crate) async fn check(&self) -> Result<()> {
        manifest(&*self.store, &self.layout).await?.map(drop).ok_or_else(no_archive)
    }

    /// What the archive says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn open_below(store: Arc<dyn ObjectStore>, folder: Option<Folder>, root: Path) -> Result<Self> {
        let layout = Layout::below(root);
        match manifest(&*store, &layout).await? {
            Some(manifest) => Ok(Archive { store, folder, layout, manifest }),
            None => Err(no_archive()),
        }
    }

    /// Makes `archive.json` where there is none, and finds out whether the store refuses to write over what is there.
    async fn create_below(
        store: Arc<dyn ObjectStore>,
        folder: Option<Folder>,
        root: Path,
        contacts: Option<&Contacts>,
    ) -> Result<Self> {
        let layout = Layout::below(root);
        let there = match manifest(&*store, &layout).await? {
            Some(there) => there,
            None => {
                let new = Manifest::new(contacts.ok_or_else(nothing_chosen)?, now());
                match put_new(&*store, &layout.manifest(), new.to_json().into()).await? {
                    true => new,
                    // Somebody else was quicker, and has chosen.
                    false => manifest(&*store, &layout).await?.ok_or_else(no_archive)?,
                }
            }
        };
        if let Some(contacts) = contacts {
            there.check(contacts)?;
        }
        let manifest = tried(&*store, &layout, there).await?;
        Ok(Archive { store, folder, layout, manifest })
    }
}

/// Tries whether the store refuses to write over what is there. What is written where it doesn't says so, whoever is
/// killed when: each collect tries again, as long as the manifest says that it refuses.
async fn tried(store: &dyn ObjectStore, layout: &Layout, manifest: Manifest) -> Result<Manifest> {
    if !manifest.conditional_puts {
        return Ok(manifest);
    }
    let other = Manifest { conditional_puts: false, ..manifest.clone() };
    let is_written = put_new(store, &layout.manifest(), other.to_json().into()).await?;
    Ok(if is_written { other } else { manifest })
}

/// Reads `archive.json`. Where there is none, there must be nothing else either.
async fn manifest(store: &dyn ObjectStore, layout: &Layout) -> Result<Option<Manifest>> {
    let read = async || match get(store, &layout.manifest()).await? {
        Some(json) => Manifest::from_json(&json).map(Some),
        None => Ok(None),
    };
    if let Some(manifest) = read().await? {
        return Ok(Some(manifest));
    }
    if !holds_other_things(store, layout).await? {
        return Ok(None);
    }
    // Somebody else may have made the archive meanwhile, and begun to work with it.
    read().await?.map(Some).ok_or_else(|| {
        Error::new(ErrorKind::Archive, "this is no archive: it holds other things, and no archive.json")
            .advise("name an archive, or an empty place for a new one")
    })
}

/// Is there anything but what was being written when somebody was killed?
async fn holds_other_things(store: &dyn ObjectStore, layout: &Layout) -> Result<bool> {
    let staging = layout.root().clone().join(STAGING);
    let root = Some(layout.root()).filter(|root| !root.as_ref().is_empty());
    let mut listed = store.list(root);
    while let Some(file) = listed.try_next().await.map_err(|error| failed("listed", layout.root(), error))? {
        if !file.location.prefix_matches(&staging) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads a file; `None` where there is none.
async fn get(store: &dyn ObjectStore, path: &Path) -> Result<Option<Bytes>> {
    let read = async { store.get(path).await?.bytes().await };
    match read.await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(failed("read", path, error)),
    }
}

/// Puts a file that isn't there yet; `false` where it is.
async fn put_new(store: &dyn ObjectStore, path: &Path, bytes: Bytes) -> Result<bool> {
    match store.put_opts(path, bytes.into(), PutOptions::from(PutMode::Create)).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
        Err(error) => Err(failed("written", path, error)),
    }
}

/// The file of an import's counts, for the benchmark and the tests.
#[doc(hidden)]
pub fn counts_file(import: &ArchivedImport) -> Result<Bytes> {
    counts_table::write(import)
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn no_archive() -> Error {
    Error::new(ErrorKind::Archive, "there is no archive here").advise("the first collect makes one")
}

fn nothing_chosen() -> Error {
    Error::new(ErrorKind::Archive, "what becomes of contact data must be chosen for a new archive").advise(
        "give --contacts drop, hash or keep (Contacts): drop keeps none but the domain, hash needs a key, keep keeps all",
    )
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}
