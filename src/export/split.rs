//! A report split into files, one a remedy.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::csv::options_for;
#[cfg(unix)]
use super::hidden_file::mask;
use super::hidden_file::{HiddenFile, PREFIX, folder, sync_folder, without_path};
#[cfg(feature = "xlsx")]
use super::xlsx::Xlsx;
use super::{Csv, WriteOptions, remedy_file_name};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;
use crate::tally::contact_hash::{ContactHasher, ContactSet};

/// How a report is split into files.
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing by themselves"]
pub struct SplitOptions {
    write: WriteOptions,
    format: SplitFormat,
    overwrite: bool,
    unique: bool,
}

/// What the files of a split report are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SplitFormat {
    /// CSV.
    #[default]
    Csv,
    /// A workbook for spreadsheets, each of its cells text. Needs the feature `xlsx`.
    #[cfg(feature = "xlsx")]
    Xlsx,
}

impl SplitFormat {
    /// The name of the file of the faults that call for a remedy, such as `ask-consent.csv`.
    pub fn file_name(self, remedy: Remedy) -> String {
        let csv = remedy_file_name(remedy);
        match self {
            SplitFormat::Csv => csv,
            #[cfg(feature = "xlsx")]
            SplitFormat::Xlsx => csv.replace(".csv", ".xlsx"),
        }
    }
}

impl SplitOptions {
    /// CSV, byte for byte, and overwriting nothing.
    pub fn new() -> Self {
        SplitOptions::default()
    }

    /// How the faults are written. The files' shape is their own, whatever the options say of it.
    pub fn write(mut self, options: WriteOptions) -> Self {
        self.write = options;
        self
    }

    /// What the files are. Default: CSV.
    pub fn format(mut self, format: SplitFormat) -> Self {
        self.format = format;
        self
    }

    /// Whether a contact stands only once in each file: its first row does. Default: off.
    ///
    /// A contact is told by its email, without the white space around it and lower-cased; a row without one stays. Who has
    /// faults that call for different things stands in the file of each, so that none is forgotten.
    /// [`SplitFile::repeated`] tells how many rows were left out. It takes about 30 bytes a contact.
    pub fn unique(mut self, unique: bool) -> Self {
        self.unique = unique;
        self
    }

    /// Whether files that are there already are replaced; no, unless set. A link is replaced itself: what it points to stays
    /// as it is.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }
}

/// A file that [`split_to_dir`] has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitFile {
    remedy: Remedy,
    path: PathBuf,
    faults: u64,
    repeated: u64,
    cut_cells: u64,
}

impl SplitFile {
    /// What to do about the faults in it.
    pub fn remedy(&self) -> Remedy {
        self.remedy
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many faults it holds; never 0.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// How many further rows of the same contacts were left out, where each is to stand there [once](SplitOptions::unique).
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// How many cells were cut, since they were too long for a workbook.
    pub fn cut_cells(&self) -> u64 {
        self.cut_cells
    }
}

/// Writes a file for each remedy that occurs into a folder: [`remedy_to_csv`](super::remedy_to_csv), or the same as a
/// workbook, under [`SplitFormat::file_name`].
///
/// The folder is made if there is none; the one around it has to be there. Other files in it are left alone.
///
/// All files or none: they are [hidden](HiddenFile) first, for their owner alone, and are on the disk before the first one
/// gets its name; on any error what has been done is undone. If the program is killed, then
///
/// - while the report is read, nothing is left, on Linux and on disks that know files without a name; elsewhere, hidden
///   files `.faults-…` are;
/// - a new folder is there with all its files, or it isn't there;
/// - in a folder that was there already, each file is whole, the new one or, where it was to be overwritten, the
///   old one. A kill between the renames, which take well under a millisecond, leaves some of the files new;
/// - for as long as the files get their names, a hidden folder `.faults-…` may be left, which only its owner can enter: in the
///   new folder's parent or, where files are overwritten, in the folder itself. It can be removed.
///
/// # Errors
/// [`Exists`](crate::ErrorKind::Exists) where a file is there already and isn't to be overwritten, and
/// [`Io`](crate::ErrorKind::Io).
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// # let parent = tempfile::tempdir().unwrap();
/// # let dir = parent.path().join("to-do");
/// let report = FaultReport::from_bytes("Reason,email\nInvalid Email,demo@\nBlocker,a@example.com\n")?;
/// for file in export::split_to_dir(&report, &dir, &export::SplitOptions::new())? {
///     println!("{}: {} faults. {}", file.path().display(), file.faults(), file.remedy().description());
/// }
/// # assert_eq!(std::fs::read(dir.join("correct.csv")).unwrap(), b"email\ndemo@\n");
/// # assert_eq!(std::fs::read(dir.join("remove.csv")).unwrap(), b"Reason,email\nBlocker,a@example.com\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn split_to_dir(report: &FaultReport, dir: impl AsRef<Path>, options: &SplitOptions) -> Result<Vec<SplitFile>> {
    let mut split = Split::new(dir, options)?;
    report.headers().next().map_or(Ok(()), |columns| split.columns(columns))?;
    report.faults().try_for_each(|fault| split.fault(&fault))?;
    split.finish()
}

/// Splits faults into files as they come, in constant memory; what [`split_to_dir`] does with those of a report.
///
/// Nothing is visible until [`finish`](Self::finish) has been called, and nothing is left where it isn't.
///
/// ```
/// use dotdigital_faults::{FaultReader, export};
///
/// # let parent = tempfile::tempdir().unwrap();
/// # let dir = parent.path().join("to-do");
/// let report = "Reason,email\nInvalid Email,demo@\nBlocker,a@example.com\n";
/// let mut split = export::Split::new(&dir, &export::SplitOptions::new())?;
/// FaultReader::new(report.as_bytes()).drain_into(&mut split)?;
/// assert_eq!(split.finish()?.len(), 2);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct Split {
    place: Place,
    options: SplitOptions,
    contacts: ContactHasher,
    /// One for each remedy that has occurred.
    parts: Vec<Part>,
}

/// A file that is being written.
struct Part {
    file: SplitFile,
    rows: Rows,
    /// The contacts in it, where each is to stand there once.
    contacts: Option<ContactSet>,
}

/// What writes it.
enum Rows {
    Csv(Box<Csv<HiddenFile>>),
    #[cfg(feature = "xlsx")]
    Xlsx(Box<Xlsx<HiddenFile>>),
}

impl Split {
    /// Splits into a folder, which is made if there is none.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn new(dir: impl AsRef<Path>, options: &SplitOptions) -> Result<Self> {
        let place = Place::new(dir.as_ref())?;
        Ok(Split { place, options: options.clone(), contacts: ContactHasher::new(), parts: Vec::new() })
    }

    /// Lets the files appear, all or none.
    ///
    /// # Errors
    /// Those of [`split_to_dir`].
    pub fn finish(mut self) -> Result<Vec<SplitFile>> {
        self.parts.sort_by_key(|part| part.file.remedy);
        let paths: Vec<_> = self.parts.iter().map(|part| part.file.path.clone()).collect();
        if self.place.dir_exists {
            refuse_existing(&paths, self.options.overwrite)?;
        }
        let whole = self.parts.into_iter().map(Part::finish).collect::<Result<Vec<_>>>()?;
        self.place.commit(whole, self.options.overwrite)
    }

    fn part(&mut self, remedy: Remedy) -> Result<&mut Part> {
        if let Some(at) = self.parts.iter().position(|part| part.file.remedy == remedy) {
            return Ok(&mut self.parts[at]);
        }
        let path = self.place.dir.join(self.options.format.file_name(remedy));
        let hidden = self.place.hidden().map_err(|error| Error::writing_to(&path, error))?;
        let options = options_for(remedy, &self.options.write);
        let rows = match self.options.format {
            SplitFormat::Csv => Rows::Csv(Box::new(Csv::new(hidden, &options))),
            #[cfg(feature = "xlsx")]
            SplitFormat::Xlsx => Rows::Xlsx(Box::new(Xlsx::new(hidden, &options))),
        };
        let contacts = self.options.unique.then(ContactSet::new);
        let file = SplitFile { remedy, path, faults: 0, repeated: 0, cut_cells: 0 };
        self.parts.push(Part { file, rows, contacts });
        let last = self.parts.len() - 1;
        Ok(&mut self.parts[last])
    }
}

impl FaultSink for Split {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        let contact = if self.options.unique { self.contacts.hash(fault) } else { None };
        let Part { file, rows, contacts } = self.part(fault.remedy())?;
        if let (Some(contacts), Some(contact)) = (contacts, contact)
            && !contacts.insert(contact)
        {
            file.repeated += 1;
            return Ok(());
        }
        file.faults += 1;
        let written = match rows {
            Rows::Csv(csv) => csv.fault(fault),
            #[cfg(feature = "xlsx")]
            Rows::Xlsx(xlsx) => xlsx.fault(fault),
        };
        written.map_err(|error| in_file(error, &file.path))
    }
}

/// `Debug` shows nothing of the faults.
impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("files", &self.parts.len()).finish_non_exhaustive()
    }
}

impl Part {
    /// Writes what is left, so that all of it is on the disk.
    fn finish(self) -> Result<(SplitFile, HiddenFile)> {
        let Part { file, rows, .. } = self;
        let (hidden, cut_cells) = match rows {
            Rows::Csv(csv) => (csv.finish(), 0),
            #[cfg(feature = "xlsx")]
            Rows::Xlsx(xlsx) => {
                let cut_cells = xlsx.cut_cells();
                (xlsx.finish(), cut_cells)
            }
        };
        let mut hidden = hidden.map_err(|error| in_file(error, &file.path))?;
        hidden.sync().map_err(|error| Error::writing_to(&file.path, error))?;
        Ok((SplitFile { cut_cells, ..file }, hidden))
    }
}

/// The folder in which the files appear.
struct Place {
    dir: PathBuf,
    /// Whether the folder is there already, and the files have to be put into it.
    dir_exists: bool,
}

impl Place {
    fn new(dir: &Path) -> Result<Self> {
        let dir_exists = match fs::metadata(dir) {
            Ok(metadata) if metadata.is_dir() => true,
            Ok(_) => return Err(Error::writing_to(dir, io::ErrorKind::NotADirectory.into())),
            // A link that leads nowhere is there, and yet no folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(dir).is_err() => false,
            Err(error) => return Err(Error::writing_to(dir, error)),
        };
        let place = Place { dir: dir.to_owned(), dir_exists };
        // Whether anything may be written there is seen before anything is read.
        place.hidden().map_err(|error| Error::writing_to(dir, error))?;
        Ok(place)
    }

    /// A file that can appear in the folder, also while that isn't there yet.
    fn hidden(&self) -> io::Result<HiddenFile> {
        HiddenFile::in_folder(self.around())
    }

    /// The folder itself or, where it isn't there yet, the one around it.
    fn around(&self) -> &Path {
        if self.dir_exists { &self.dir } else { folder(&self.dir) }
    }

    /// A hidden folder, which only its owner can enter.
    fn aside(&self) -> Result<TempDir> {
        let aside = tempfile::Builder::new().prefix(PREFIX).tempdir_in(self.around());
        aside.map_err(|error| Error::writing_to(&self.dir, without_path(&error)))
    }

    fn commit(&self, files: Vec<(SplitFile, HiddenFile)>, overwrite: bool) -> Result<Vec<SplitFile>> {
        if self.dir_exists {
            return self.move_in(files, overwrite);
        }
        let aside = self.aside()?;
        let mut done = Vec::new();
        for (file, hidden) in files {
            let place = aside.path().join(file.path.file_name().unwrap_or_default());
            hidden.replace(&place, aside.path()).map_err(|error| Error::writing_to(&file.path, error))?;
            done.push(file);
        }
        sync_folder(aside.path());
        let renamed = open_to_others(aside.path()).and_then(|()| fs::rename(aside.path(), &self.dir));
        // One step, and so there is no half of it. A folder that somebody has filled meanwhile stays.
        renamed.map_err(|error| Error::writing_to(&self.dir, error))?;
        let _ = aside.keep();
        sync_folder(folder(&self.dir));
        Ok(done)
    }

    /// Puts the files into a folder that is there.
    fn move_in(&self, files: Vec<(SplitFile, HiddenFile)>, overwrite: bool) -> Result<Vec<SplitFile>> {
        let mut moved = Moved { old: if overwrite { Some(self.aside()?) } else { None }, files: Vec::new() };
        for (file, hidden) in files {
            if let Err(error) = moved.add(&file, hidden) {
                let error = match error.kind() {
                    io::ErrorKind::AlreadyExists => exists(&[&file.path]),
                    _ => Error::writing_to(&file.path, error),
                };
                return Err(moved.undo(file, error));
            }
            moved.files.push(file);
        }
        sync_folder(&self.dir);
        Ok(moved.files)
    }
}

/// The files that are in the folder already.
struct Moved {
    /// What they have replaced, in case it has to go back; `None` where nothing is to be overwritten.
    old: Option<TempDir>,
    files: Vec<SplitFile>,
}

impl Moved {
    /// Gives a file its name.
    fn add(&self, file: &SplitFile, hidden: HiddenFile) -> io::Result<()> {
        let Some(aside) = &self.old else { return hidden.take(&file.path) };
        if let Ok(metadata) = fs::symlink_metadata(&file.path) {
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let old = old_place(aside, file);
            // Where there are no hard links, the name is gone for a moment.
            fs::hard_link(&file.path, &old).or_else(|_| fs::rename(&file.path, &old))?;
        }
        hidden.replace(&file.path, aside.path())
    }

    /// Takes the files back, up to the one that failed.
    fn undo(mut self, failed: SplitFile, error: Error) -> Error {
        let whole = self.files.len();
        self.files.push(failed);
        for (index, file) in self.files.iter().enumerate() {
            let old = self.old.as_ref().map(|aside| old_place(aside, file));
            let undone = match old.filter(|old| fs::symlink_metadata(old).is_ok()) {
                Some(old) => fs::rename(old, &file.path),
                None if index < whole => fs::remove_file(&file.path),
                // The one that failed has replaced nothing.
                None => Ok(()),
            };
            if undone.is_err() {
                let aside = self.old.map(TempDir::keep).unwrap_or_default();
                return error.advise(format!("{:?} can't be put back as it was; look into {aside:?}", file.path));
            }
        }
        error
    }
}

/// Where the file is that one replaces.
fn old_place(aside: &TempDir, file: &SplitFile) -> PathBuf {
    aside.path().join(file.path.file_name().unwrap_or_default())
}

/// What the disk refuses is told of the file that it will be; what is wrong with a row is told of the row.
fn in_file(error: Error, path: &Path) -> Error {
    if error.kind() == ErrorKind::Io { error.in_file(path) } else { error }
}

/// Gives a folder that only its owner could enter the mode of any new one.
fn open_to_others(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Whether what is made in it belongs to its group is not for us to change.
        let kept = fs::metadata(folder)?.permissions().mode() & 0o7000;
        let open = rustix::fs::Mode::from_raw_mode(0o777).difference(mask());
        fs::set_permissions(folder, fs::Permissions::from_mode(kept | open.as_raw_mode()))?;
    }
    let _ = folder;
    Ok(())
}

fn refuse_existing(paths: &[PathBuf], overwrite: bool) -> Result<()> {
    let mut existing = Vec::new();
    for path in paths {
        match fs::symlink_metadata(path) {
            Ok(metadata) if overwrite && metadata.is_dir() => {
                return Err(Error::writing_to(path, io::ErrorKind::IsADirectory.into()));
            }
            Ok(_) if !overwrite => existing.push(path.as_path()),
            _ => {}
        }
    }
    if existing.is_empty() { Ok(()) } else { Err(exists(&existing)) }
}

fn exists(paths: &[&Path]) -> Error {
    let shown: Vec<_> = paths.iter().map(|path| format!("{path:?}")).collect();
    let exist = if paths.len() == 1 { "exists" } else { "exist" };
    Error::new(ErrorKind::Exists, format!("{} {exist} already; nothing was written", shown.join(", ")))
        .advise("name another folder, or allow to overwrite")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Reason,email\nInvalid Email,demo@\nBlocker,a@example.com\nDuplicate,b@example.com\n";

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn split(report: &FaultReport, dir: &Path, overwrite: bool) -> Split {
        let mut split = Split::new(dir, &SplitOptions::new().overwrite(overwrite)).unwrap();
        report.faults().for_each(|fault| split.fault(&fault).unwrap());
        split
    }

    /// The files as they are before the first one gets its name.
    fn whole(split: Split) -> (Place, Vec<(SplitFile, HiddenFile)>) {
        let mut parts = split.parts;
        parts.sort_by_key(|part| part.file.remedy);
        (split.place, parts.into_iter().map(|part| part.finish().unwrap()).collect())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_kill_before_the_first_name_leaves_nothing() {
        let report = FaultReport::from_bytes(REPORT).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let new = parent.path().join("new");
        // A kill runs no destructor.
        std::mem::forget(whole(split(&report, &new, false)));
        assert!(names(parent.path()).is_empty());

        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("remove.csv"), "old").unwrap();
        std::mem::forget(whole(split(&report, dir.path(), true)));
        assert_eq!(names(dir.path()), ["remove.csv"]);
        assert_eq!(fs::read(dir.path().join("remove.csv")).unwrap(), b"old");
    }

    #[test]
    fn what_fails_between_the_renames_is_undone() {
        let report = FaultReport::from_bytes(REPORT).unwrap();
        for overwrite in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            if overwrite {
                fs::write(dir.path().join("correct.csv"), "old").unwrap();
            }
            let before = names(dir.path());
            let (place, files) = whole(split(&report, dir.path(), overwrite));
            // Somebody comes between: a folder can't be replaced by a file, nor a name be given twice.
            fs::create_dir(dir.path().join("ignore.csv")).unwrap();
            fs::write(dir.path().join("ignore.csv/theirs"), "theirs").unwrap();
            let error = place.commit(files, overwrite).unwrap_err();
            assert_eq!(error.kind(), if overwrite { ErrorKind::Io } else { ErrorKind::Exists });
            assert!(error.to_string().contains("ignore.csv"), "{error}");
            fs::remove_dir_all(dir.path().join("ignore.csv")).unwrap();
            assert_eq!(names(dir.path()), before);
            if overwrite {
                assert_eq!(fs::read(dir.path().join("correct.csv")).unwrap(), b"old");
            }
        }
    }

    #[test]
    fn a_new_folder_that_somebody_fills_meanwhile_stays() {
        let report = FaultReport::from_bytes(REPORT).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        let (place, files) = whole(split(&report, &dir, false));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("correct.csv"), "theirs").unwrap();
        assert_eq!(place.commit(files, false).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(fs::read(dir.join("correct.csv")).unwrap(), b"theirs");
        assert_eq!(names(parent.path()), ["new"]);
    }
}
