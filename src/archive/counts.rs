//! `counts_v1` read as a whole: every import filed since a day.
//!
//! # How it works
//!
//! Folders are listed by their days, so that none is opened that isn't wanted. Paths go in batches to the readers, and
//! imports in batches to whoever asked: both ways hold a few batches, so memory is bounded however many files there are.
//!
//! A file takes some ten microseconds to open and to decode, and as long again wherever it is handed from one thread to
//! another. So a folder of a disk is read by threads of our own, one a core, that see a file through from its name to its
//! import: outside of a runtime the store does its work where it is asked. A bucket is asked for many files at once.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use chrono::NaiveDate;
use futures_util::{FutureExt, StreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Archive;
use super::counts_table::{self, Columns};
use super::failure::{damaged, failed};
use super::layout::Layout;
use super::strays::StrayFiles;
use crate::error::{Error, ErrorKind, Result};
use crate::tally::archived_import::ArchivedImport;
use crate::tally::trends::Trends;
use crate::tally::trends::counter::TrendsCounter;
use crate::tally::trends::options::TrendsOptions;

/// How many files are handed on at once, and how many such batches may wait.
const BATCH: usize = 128;
const WAITING: usize = 4;

/// How many files of a bucket are asked for at once.
const ASKED: usize = 32;

/// The counts of an import have some dozens of rows. What is much larger is none, and isn't fetched.
const LARGEST: u64 = 16 << 20;

/// More threads than this wait for the disk, or for who takes the imports.
const MOST_THREADS: usize = 8;

/// What became of the files of a batch.
type Batch = Vec<Result<ArchivedImport>>;

impl Archive {
    /// Every import that is filed under this day or a later one, as they are read: in no order, and each file by itself, so
    /// that one which can't be read doesn't hide the others. Files that are no import's are passed over.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    ///
    /// ```no_run
    /// use dotdigital_faults::archive::Archive;
    ///
    /// # async fn run() -> dotdigital_faults::Result<()> {
    /// let archive = Archive::open("archive").await?;
    /// let mut imports = archive.imports("2026-03-01".parse().unwrap());
    /// while let Some(import) = imports.next().await {
    ///     let import = import?;
    ///     println!("{} {}: {:?} faults", import.date, import.account, import.total);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn imports(&self, since: NaiveDate) -> ArchivedImports {
        self.scan(since, Columns::All)
    }

    /// What the imports of the archive tell over time, up to today.
    ///
    /// # Errors
    /// Those of the first file that can't be read, by its name: [`Archive`](ErrorKind::Archive) where it is damaged,
    /// [`Io`](ErrorKind::Io) and [`NotPermitted`](ErrorKind::NotPermitted) where the store fails.
    ///
    /// ```no_run
    /// use dotdigital_faults::archive::Archive;
    /// use dotdigital_faults::{TrendBy, TrendsOptions};
    ///
    /// # async fn run() -> dotdigital_faults::Result<()> {
    /// let archive = Archive::open("archive").await?;
    /// let options = TrendsOptions::new().by(TrendBy::Week);
    /// for week in archive.trends(&options, "2026-03-20".parse().unwrap()).await?.rows() {
    ///     println!("{} {}: {} faults", week.series, week.key, week.faults);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn trends(&self, options: &TrendsOptions, today: NaiveDate) -> Result<Trends> {
        let mut counter = TrendsCounter::new(options, today);
        let mut imports = self.figures(options.first_day(today));
        while let Some(import) = imports.next().await {
            counter.add(&import?);
        }
        Ok(counter.finish())
    }

    /// The same imports as [`imports`](Self::imports), with what [`Trends`] and a [`TrendJudge`](crate::TrendJudge) need and
    /// no more: unknown reasons have no label, anomalies and what is known of the report's bytes are left out. That takes
    /// less time.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn figures(&self, since: NaiveDate) -> ArchivedImports {
        self.scan(since, Columns::Figures)
    }

    /// The same imports as [`imports`](Self::imports), but for those of files that are known already.
    #[cfg(feature = "serve")]
    pub(crate) fn unknown_imports(&self, since: NaiveDate, is_known: Known) -> ArchivedImports {
        self.scan_but(since, Columns::All, Some(is_known))
    }

    fn scan(&self, since: NaiveDate, columns: Columns) -> ArchivedImports {
        self.scan_but(since, columns, None)
    }

    fn scan_but(&self, since: NaiveDate, columns: Columns, is_known: Option<Known>) -> ArchivedImports {
        let (paths, asked) = mpsc::channel(WAITING);
        let (read, imports) = mpsc::channel(WAITING);
        let reader = Reader { store: Arc::clone(&self.store), layout: self.layout.clone(), columns };
        match &self.folder {
            Some(_) => read_folder(&reader, asked, &read),
            None => drop(tokio::spawn(reader.clone().read_bucket(asked, read.clone()))),
        }
        let (is_whole, strays) = (Arc::new(AtomicBool::new(true)), Arc::<Mutex<StrayFiles>>::default());
        let listing = Listing { reader, since, is_known, is_whole: Arc::clone(&is_whole), strays: Arc::clone(&strays) };
        tokio::spawn(listing.list(paths, read));
        ArchivedImports {
            imports,
            batch: Vec::new().into_iter(),
            #[cfg(feature = "serve")]
            is_whole,
            strays,
        }
    }
}

/// The imports of an archive, as [`Archive::imports`] gives them.
#[derive(Debug)]
pub struct ArchivedImports {
    imports: mpsc::Receiver<Batch>,
    batch: std::vec::IntoIter<Result<ArchivedImport>>,
    #[cfg(feature = "serve")]
    is_whole: Arc<AtomicBool>,
    strays: Arc<Mutex<StrayFiles>>,
}

impl ArchivedImports {
    /// The files that stand among the counts and were passed over. They are known behind the last import.
    pub fn stray_files(&self) -> StrayFiles {
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Were all folders listed, however many of their files can't be read? It is known behind the last import.
    #[cfg(feature = "serve")]
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// The next one; `None` behind the last.
    ///
    /// # Errors
    /// [`Archive`](ErrorKind::Archive) for a file that is damaged, by its name; [`Io`](ErrorKind::Io) and
    /// [`NotPermitted`](ErrorKind::NotPermitted) where the store fails. The next call goes on behind it.
    pub async fn next(&mut self) -> Option<Result<ArchivedImport>> {
        loop {
            if let Some(import) = self.batch.next() {
                return Some(import);
            }
            self.batch = self.imports.recv().await?.into_iter();
        }
    }
}

/// Tells of a file, by its day and its id, whether it needn't be read.
pub(crate) type Known = Arc<dyn Fn(NaiveDate, Uuid) -> bool + Send + Sync>;

/// What is listed.
struct Listing {
    reader: Reader,
    since: NaiveDate,
    is_known: Option<Known>,
    is_whole: Arc<AtomicBool>,
    strays: Arc<Mutex<StrayFiles>>,
}

impl Listing {
    /// Lists the files of each day, the latest first, and hands their paths on.
    async fn list(self, paths: mpsc::Sender<Vec<Path>>, read: mpsc::Sender<Batch>) {
        let Reader { store, layout, .. } = &self.reader;
        let table = layout.counts_table();
        let listed = store.list_with_delimiter(Some(&table)).await;
        let folders = match listed {
            Ok(listed) => {
                listed.objects.iter().for_each(|file| self.pass_over(&file.location));
                listed.common_prefixes
            }
            Err(error) => {
                let _ = read.send(vec![Err(self.unlisted(&table, error))]).await;
                return;
            }
        };
        let mut days = Vec::with_capacity(folders.len());
        for folder in folders {
            match layout.day(&folder) {
                Some(day) => days.push(day),
                None => self.pass_over(&folder),
            }
        }
        days.retain(|day| *day >= self.since);
        days.sort_unstable();
        for day in days.into_iter().rev() {
            let folder = layout.counts_of(day);
            let mut files = store.list(Some(&folder)).chunks(BATCH);
            while let Some(batch) = files.next().await {
                let (mut found, mut wrong) = (Vec::with_capacity(batch.len()), Vec::new());
                for file in batch {
                    match file {
                        Ok(file) if self.is_wanted(&file.location) => found.push(file.location),
                        Ok(_) => {}
                        Err(error) => wrong.push(Err(self.unlisted(&folder, error))),
                    }
                }
                let is_told = wrong.is_empty() || read.send(wrong).await.is_ok();
                // Nobody asks any more.
                if !is_told || paths.send(found).await.is_err() {
                    return;
                }
            }
        }
    }

    fn is_wanted(&self, path: &Path) -> bool {
        match self.reader.layout.parse(path) {
            Some((date, id)) => !self.is_known.as_ref().is_some_and(|known| known(date, id)),
            None => {
                self.pass_over(path);
                false
            }
        }
    }

    fn pass_over(&self, path: &Path) {
        self.strays.lock().unwrap_or_else(PoisonError::into_inner).add(path);
    }

    fn unlisted(&self, folder: &Path, error: object_store::Error) -> Error {
        self.is_whole.store(false, Ordering::Release);
        failed("listed", folder, error)
    }
}

/// What it takes to read a file.
#[derive(Clone)]
struct Reader {
    store: Arc<dyn ObjectStore>,
    layout: Layout,
    columns: Columns,
}

/// Reads a folder of a disk, on threads of its own that end with the paths, or with whoever asked.
fn read_folder(reader: &Reader, paths: mpsc::Receiver<Vec<Path>>, read: &mpsc::Sender<Batch>) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let paths = Arc::new(Mutex::new(paths));
    for _ in 0..cores.min(MOST_THREADS) {
        let (reader, paths, own) = (reader.clone(), Arc::clone(&paths), read.clone());
        let work = move || {
            while let Some(batch) = next(&paths) {
                let batch = batch.iter().map(|path| reader.read_here(path)).collect();
                if own.blocking_send(batch).is_err() {
                    break;
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("archive".into()).spawn(work) {
            let error = Error::new(ErrorKind::Io, "no thread can be started to read the archive").caused_by(error);
            let _ = read.try_send(vec![Err(error)]);
        }
    }
}

fn next(paths: &Mutex<mpsc::Receiver<Vec<Path>>>) -> Option<Vec<Path>> {
    paths.lock().ok()?.blocking_recv()
}

impl Reader {
    /// Reads a file outside of a runtime, where the store of a folder is never waited for.
    fn read_here(&self, path: &Path) -> Result<ArchivedImport> {
        let waits = || Error::new(ErrorKind::Io, format!("the archive's {path} isn't to be had at once"));
        let bytes = self.bytes(path).now_or_never().ok_or_else(waits)??;
        self.decoded(path, bytes)
    }

    /// The bytes of a file, which are few.
    async fn bytes(&self, path: &Path) -> Result<Bytes> {
        let file = self.store.get(path).await.map_err(|error| failed("read", path, error))?;
        if file.meta.size > LARGEST {
            return Err(damaged(path, "it is larger than the counts of any import"));
        }
        file.bytes().await.map_err(|error| failed("read", path, error))
    }

    /// Reads the files of a bucket, many at once.
    async fn read_bucket(self, mut paths: mpsc::Receiver<Vec<Path>>, read: mpsc::Sender<Batch>) {
        while let Some(batch) = paths.recv().await {
            let get = |path: Path| async {
                let bytes = self.bytes(&path).await;
                (path, bytes)
            };
            let files: Vec<_> = stream::iter(batch).map(get).buffer_unordered(ASKED).collect().await;
            let reader = self.clone();
            let decoding = tokio::task::spawn_blocking(move || {
                let files = files.into_iter();
                files.map(|(path, bytes)| bytes.and_then(|bytes| reader.decoded(&path, bytes))).collect::<Batch>()
            });
            let Ok(batch) = decoding.await else { return };
            if read.send(batch).await.is_err() {
                return;
            }
        }
    }

    /// The import of a file, which must be the one that the file is named after.
    fn decoded(&self, path: &Path, bytes: Bytes) -> Result<ArchivedImport> {
        let (date, id) = self.layout.parse(path).ok_or_else(|| damaged(path, "it isn't named after an import"))?;
        let import = counts_table::read(bytes, date, self.columns);
        let import = import.map_err(|error| damaged(path, &error.without_hint().to_string()))?;
        match import.id.uuid() == id {
            true => Ok(import),
            false => Err(damaged(path, "it is of another import than it is named after")),
        }
    }
}
