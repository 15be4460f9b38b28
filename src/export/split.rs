//! A report split into files, one a remedy.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

use super::csv::options_for;
use super::{Csv, WriteOptions, remedy_file_name};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;

/// How a report is split into files.
#[derive(Clone, Debug, Default)]
pub struct SplitOptions {
    write: WriteOptions,
    overwrite: bool,
}

impl SplitOptions {
    /// Byte for byte, and overwriting nothing.
    pub fn new() -> Self {
        SplitOptions::default()
    }

    /// How the faults are written. The files' shape is their own, whatever the options say of it.
    pub fn write(mut self, options: WriteOptions) -> Self {
        self.write = options;
        self
    }

    /// Whether files that are there already are replaced; no, unless set.
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
}

/// Writes one CSV for each remedy that occurs into a folder: [`remedy_to_csv`](super::remedy_to_csv) under [`remedy_file_name`].
///
/// The folder is made if there is none; the one around it has to be there. Other files in it are left alone.
///
/// All files or none: they are written aside first, in a hidden folder `.faults-…`, and are on the disk before
/// the first one gets its name; on any error what has been done is undone. If the program is killed, then
///
/// - a new folder is there with all its files, or it isn't there;
/// - in a folder that was there already, each file is whole, the new one or, where it was to be overwritten, the
///   old one. A kill between the renames, which take well under a millisecond, leaves some of the files new;
/// - the hidden folder may be left behind, in the new folder's parent or in the folder itself. It can be removed.
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
    staged: Staged,
    options: SplitOptions,
    /// One for each remedy that has occurred.
    open: Vec<(SplitFile, Csv<File>)>,
}

impl Split {
    /// Splits into a folder, which is made if there is none.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn new(dir: impl AsRef<Path>, options: &SplitOptions) -> Result<Self> {
        Ok(Split { staged: Staged::new(dir.as_ref())?, options: options.clone(), open: Vec::new() })
    }

    /// Lets the files appear, all or none.
    ///
    /// # Errors
    /// Those of [`split_to_dir`].
    pub fn finish(mut self) -> Result<Vec<SplitFile>> {
        self.open.sort_by_key(|(file, _)| file.remedy);
        let paths: Vec<_> = self.open.iter().map(|(file, _)| file.path.clone()).collect();
        if self.staged.dir_exists {
            refuse_existing(&paths, self.options.overwrite)?;
        }
        for (file, csv) in self.open {
            let out = csv.finish().map_err(|error| error.in_file(&file.path))?;
            out.sync_all().map_err(|error| Error::writing_to(&file.path, error))?;
            self.staged.files.push(file);
        }
        sync(self.staged.aside.path());
        self.staged.commit(self.options.overwrite)
    }

    fn open(&mut self, remedy: Remedy) -> Result<&mut (SplitFile, Csv<File>)> {
        if let Some(at) = self.open.iter().position(|(file, _)| file.remedy == remedy) {
            return Ok(&mut self.open[at]);
        }
        let file = SplitFile { remedy, path: self.staged.dir.join(remedy_file_name(remedy)), faults: 0 };
        let out = File::create_new(self.staged.place(&file)).map_err(|error| Error::writing_to(&file.path, error))?;
        let csv = Csv::new(out, &options_for(remedy, &self.options.write));
        self.open.push((file, csv));
        let last = self.open.len() - 1;
        Ok(&mut self.open[last])
    }
}

impl FaultSink for Split {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        let (file, csv) = self.open(fault.remedy())?;
        file.faults += 1;
        csv.fault(fault).map_err(|error| error.in_file(&file.path))
    }
}

/// `Debug` shows nothing of the faults.
impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("files", &self.open.len()).finish_non_exhaustive()
    }
}

/// The files, written aside: dropped, they are gone.
struct Staged {
    dir: PathBuf,
    /// Whether the folder is there already, and the files have to be moved into it.
    dir_exists: bool,
    aside: TempDir,
    files: Vec<SplitFile>,
}

impl Staged {
    fn new(dir: &Path) -> Result<Self> {
        let dir_exists = match fs::metadata(dir) {
            Ok(metadata) if metadata.is_dir() => true,
            Ok(_) => return Err(Error::writing_to(dir, io::ErrorKind::NotADirectory.into())),
            // A link that leads nowhere is there, and yet no folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(dir).is_err() => false,
            Err(error) => return Err(Error::writing_to(dir, error)),
        };
        let aside = aside(dir, dir_exists).map_err(|error| Error::writing_to(dir, error))?;
        Ok(Staged { dir: dir.to_owned(), dir_exists, aside, files: Vec::new() })
    }

    /// Where a file is while it is aside.
    fn place(&self, file: &SplitFile) -> PathBuf {
        self.aside.path().join(remedy_file_name(file.remedy))
    }

    /// Where the file that it replaces is, in case it has to go back.
    fn old_place(&self, file: &SplitFile) -> PathBuf {
        self.aside.path().join(format!("old-{}", remedy_file_name(file.remedy)))
    }

    fn commit(self, overwrite: bool) -> Result<Vec<SplitFile>> {
        if !self.dir_exists {
            // One step, and so there is no half of it. A folder that somebody has filled meanwhile stays.
            fs::rename(self.aside.path(), &self.dir).map_err(|error| Error::writing_to(&self.dir, error))?;
            let _ = self.aside.keep();
            sync(parent(&self.dir));
            return Ok(self.files);
        }
        for (index, file) in self.files.iter().enumerate() {
            if let Err(error) = self.move_in(file, overwrite) {
                let error = match error.kind() {
                    io::ErrorKind::AlreadyExists => exists(&[&file.path]),
                    _ => Error::writing_to(&file.path, error),
                };
                return Err(self.roll_back(index, error));
            }
        }
        sync(&self.dir);
        Ok(self.files)
    }

    /// Gives a file its name.
    fn move_in(&self, file: &SplitFile, overwrite: bool) -> io::Result<()> {
        let new = TempPath::try_from_path(self.place(file))?;
        if !overwrite {
            return Ok(new.persist_noclobber(&file.path)?);
        }
        if let Ok(metadata) = fs::symlink_metadata(&file.path) {
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            let old = self.old_place(file);
            // Where there are no hard links, the name is gone for a moment.
            fs::hard_link(&file.path, &old).or_else(|_| fs::rename(&file.path, &old))?;
        }
        Ok(new.persist(&file.path)?)
    }

    /// Takes back the files up to and with the one that failed.
    fn roll_back(self, failed: usize, error: Error) -> Error {
        for (index, file) in self.files.iter().enumerate().take(failed + 1) {
            let old = self.old_place(file);
            let undone = if fs::symlink_metadata(&old).is_ok() {
                fs::rename(&old, &file.path)
            } else if index < failed {
                fs::remove_file(&file.path)
            } else {
                // The one that failed has replaced nothing.
                Ok(())
            };
            if undone.is_err() {
                let aside = self.aside.keep();
                return error.advise(format!("{:?} can't be put back as it was; look into {aside:?}", file.path));
            }
        }
        error
    }
}

/// A hidden folder beside a new folder, or in one that is there.
fn aside(dir: &Path, dir_exists: bool) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".faults-");
    if dir_exists {
        return builder.tempdir_in(dir);
    }
    // It becomes the new folder, with the permissions that any new folder gets.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent(dir))
}

fn parent(dir: &Path) -> &Path {
    dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

/// A name is on the disk once its folder is; where a folder can't be synced, that has to do.
fn sync(dir: &Path) {
    let _ = File::open(dir).and_then(|dir| dir.sync_all());
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

    fn staged(report: &FaultReport, dir: &Path) -> Staged {
        let mut split = Split::new(dir, &SplitOptions::new()).unwrap();
        report.faults().for_each(|fault| split.fault(&fault).unwrap());
        split.open.sort_by_key(|(file, _)| file.remedy);
        for (file, csv) in split.open {
            csv.finish().unwrap();
            split.staged.files.push(file);
        }
        split.staged
    }

    #[test]
    fn a_kill_before_the_first_rename_leaves_only_what_is_hidden() {
        let report = FaultReport::from_bytes(REPORT).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let new = parent.path().join("new");
        // A kill runs no destructor.
        std::mem::forget(staged(&report, &new));
        assert!(matches!(&names(parent.path())[..], [name] if name.starts_with(".faults-")));

        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("remove.csv"), "old").unwrap();
        std::mem::forget(staged(&report, dir.path()));
        assert!(matches!(&names(dir.path())[..], [name, old] if name.starts_with(".faults-") && old == "remove.csv"));
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
            let staged = staged(&report, dir.path());
            // Somebody comes between: a folder can't be replaced by a file, nor a name be given twice.
            fs::create_dir(dir.path().join("ignore.csv")).unwrap();
            fs::write(dir.path().join("ignore.csv/theirs"), "theirs").unwrap();
            let error = staged.commit(overwrite).unwrap_err();
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
        let staged = staged(&report, &dir);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("correct.csv"), "theirs").unwrap();
        assert_eq!(staged.commit(false).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(fs::read(dir.join("correct.csv")).unwrap(), b"theirs");
        assert_eq!(names(parent.path()), ["new"]);
    }
}
