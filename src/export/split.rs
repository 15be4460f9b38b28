//! A report split into files, one a remedy.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

use super::{WriteOptions, remedy_file_name, remedy_to_csv};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;

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

/// Writes one CSV for each remedy that occurs into a folder: [`remedy_to_csv`] under [`remedy_file_name`].
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
    let dir = dir.as_ref();
    let files: Vec<_> = Remedy::iter()
        .map(|remedy| SplitFile {
            remedy,
            path: dir.join(remedy_file_name(remedy)),
            faults: report.counts().get_remedy(remedy),
        })
        .filter(|file| file.faults > 0)
        .collect();
    Staged::write(report, dir, files, options)?.commit(options.overwrite)
}

/// The files, written aside: dropped, they are gone.
struct Staged<'d> {
    dir: &'d Path,
    /// Whether the folder is there already, and the files have to be moved into it.
    dir_exists: bool,
    aside: TempDir,
    files: Vec<SplitFile>,
}

impl<'d> Staged<'d> {
    fn write(report: &FaultReport, dir: &'d Path, files: Vec<SplitFile>, options: &SplitOptions) -> Result<Self> {
        let dir_exists = match fs::metadata(dir) {
            Ok(metadata) if metadata.is_dir() => true,
            Ok(_) => return Err(Error::writing_to(dir, io::ErrorKind::NotADirectory.into())),
            // A link that leads nowhere is there, and yet no folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(dir).is_err() => false,
            Err(error) => return Err(Error::writing_to(dir, error)),
        };
        if dir_exists {
            refuse_existing(&files, options.overwrite)?;
        }
        let aside = aside(dir, dir_exists).map_err(|error| Error::writing_to(dir, error))?;
        let staged = Staged { dir, dir_exists, aside, files };
        for file in &staged.files {
            let failed = |error| Error::writing_to(&file.path, error);
            let mut out = BufWriter::new(File::create_new(staged.place(file)).map_err(failed)?);
            remedy_to_csv(report, file.remedy, &options.write, &mut out).map_err(|error| error.in_file(&file.path))?;
            out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
        }
        sync(staged.aside.path());
        Ok(staged)
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
            fs::rename(self.aside.path(), self.dir).map_err(|error| Error::writing_to(self.dir, error))?;
            let _ = self.aside.keep();
            sync(parent(self.dir));
            return Ok(self.files);
        }
        for (index, file) in self.files.iter().enumerate() {
            if let Err(error) = self.move_in(file, overwrite) {
                let error = match error.kind() {
                    io::ErrorKind::AlreadyExists => exists(&[file]),
                    _ => Error::writing_to(&file.path, error),
                };
                return Err(self.roll_back(index, error));
            }
        }
        sync(self.dir);
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

fn refuse_existing(files: &[SplitFile], overwrite: bool) -> Result<()> {
    let mut existing = Vec::new();
    for file in files {
        match fs::symlink_metadata(&file.path) {
            Ok(metadata) if overwrite && metadata.is_dir() => {
                return Err(Error::writing_to(&file.path, io::ErrorKind::IsADirectory.into()));
            }
            Ok(_) if !overwrite => existing.push(file),
            _ => {}
        }
    }
    if existing.is_empty() { Ok(()) } else { Err(exists(&existing)) }
}

fn exists(files: &[&SplitFile]) -> Error {
    let paths: Vec<_> = files.iter().map(|file| format!("{:?}", file.path)).collect();
    let exist = if files.len() == 1 { "exists" } else { "exist" };
    Error::new(ErrorKind::Exists, format!("{} {exist} already; nothing was written", paths.join(", ")))
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

    fn staged<'d>(report: &FaultReport, dir: &'d Path, options: &SplitOptions) -> Staged<'d> {
        let remedies = [Remedy::Correct, Remedy::Remove, Remedy::Ignore];
        let files = remedies.map(|remedy| SplitFile { remedy, path: dir.join(remedy_file_name(remedy)), faults: 1 });
        Staged::write(report, dir, files.into(), options).unwrap()
    }

    #[test]
    fn a_kill_before_the_first_rename_leaves_only_what_is_hidden() {
        let report = FaultReport::from_bytes(REPORT).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let new = parent.path().join("new");
        // A kill runs no destructor.
        std::mem::forget(staged(&report, &new, &SplitOptions::new()));
        assert!(matches!(&names(parent.path())[..], [name] if name.starts_with(".faults-")));

        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("remove.csv"), "old").unwrap();
        std::mem::forget(staged(&report, dir.path(), &SplitOptions::new().overwrite(true)));
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
            let staged = staged(&report, dir.path(), &SplitOptions::new().overwrite(overwrite));
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
        let staged = staged(&report, &dir, &SplitOptions::new());
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("correct.csv"), "theirs").unwrap();
        assert_eq!(staged.commit(false).unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(fs::read(dir.join("correct.csv")).unwrap(), b"theirs");
        assert_eq!(names(parent.path()), ["new"]);
    }
}
