//! A file that nobody sees until it is whole.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};

/// What a file is called until it is whole, where it needs a name.
pub(super) const PREFIX: &str = ".faults-";

/// A file that nobody sees until it is whole, and that goes away where it never is; for reports, which hold contacts.
///
/// It is for nobody else to read until it appears. On Linux it has no name until then, on disks that know such files: so
/// nothing is left of it, however the program ends. Elsewhere it has a hidden name, `.faults-…`, which is removed where it is
/// dropped, but stays where the program is killed. Needs the feature `split`.
///
/// ```
/// use std::io::Write;
/// use dotdigital_faults::export::HiddenFile;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("faults.csv");
/// let mut file = HiddenFile::in_folder(folder.path())?;
/// file.write_all(b"Reason,email\n")?;
/// assert!(!path.exists());
/// file.appear_at(&path)?;
/// assert_eq!(std::fs::read(&path)?, b"Reason,email\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct HiddenFile(Kind);

#[derive(Debug)]
enum Kind {
    Nameless(File),
    Named(NamedTempFile),
}

impl HiddenFile {
    /// On the disk of a folder, in which it can appear.
    ///
    /// # Errors
    /// Where there is no such folder, or nothing may be written into it.
    pub fn in_folder(folder: impl AsRef<Path>) -> io::Result<HiddenFile> {
        let folder = folder.as_ref();
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(folder) {
            return Ok(HiddenFile(Kind::Nameless(file)));
        }
        // Made for its owner alone, where the system knows such a thing.
        let file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder);
        file.map(|file| HiddenFile(Kind::Named(file))).map_err(|error| without_path(&error))
    }

    /// In the system's folder for temporary files, without a name from the start: it is to be read again, and not to
    /// appear.
    ///
    /// # Errors
    /// Where nothing may be written there.
    pub fn temporary() -> io::Result<HiddenFile> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(&std::env::temp_dir()) {
            return Ok(HiddenFile(Kind::Nameless(file)));
        }
        tempfile::tempfile().map(|file| HiddenFile(Kind::Nameless(file)))
    }

    /// Lets it appear under a name in its folder, in place of a file that may be there: at once, and once all of it is on
    /// the disk.
    ///
    /// It gets the mode of the file that it replaces or, where there was none, that of any new file.
    ///
    /// # Errors
    /// Where it can't be written, or something stands in its place that can't be replaced.
    pub fn appear_at(mut self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        self.sync()?;
        self.replace(path, folder(path))?;
        sync_folder(folder(path));
        Ok(())
    }

    /// Gives it a name, in place of a file that may be there, and waits for no disk. On the way it has a hidden name in a
    /// folder on the same disk.
    pub(super) fn replace(self, path: &Path, by_way_of: &Path) -> io::Result<()> {
        self.opened_to_others(path, by_way_of)?.persist(path).map_err(|error| error.error)
    }

    /// Gives it a name, unless something is there already, and waits for no disk.
    pub(super) fn take(self, path: &Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Kind::Nameless(file) = &self.0 {
            open_to_others(file, path);
            match link(file, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {}
                linked => return linked,
            }
        }
        self.opened_to_others(path, folder(path))?.persist_noclobber(path).map_err(|error| error.error)
    }

    /// Under a hidden name in a folder, and open to those for whom the file of that path is.
    fn opened_to_others(self, path: &Path, folder: &Path) -> io::Result<TempPath> {
        let (file, name) = match self.0 {
            Kind::Named(file) => file.into_parts(),
            #[cfg(target_os = "linux")]
            Kind::Nameless(file) => named(file, folder)?,
            #[cfg(not(target_os = "linux"))]
            Kind::Nameless(file) => copied(file, folder)?,
        };
        // Not before all else is done.
        open_to_others(&file, path);
        Ok(name)
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file().sync_all()
    }

    fn file(&mut self) -> &mut File {
        match &mut self.0 {
            Kind::Nameless(file) => file,
            Kind::Named(file) => file.as_file_mut(),
        }
    }
}

impl Write for HiddenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Read for HiddenFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file().read(bytes)
    }
}

impl Seek for HiddenFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file().seek(to)
    }
}

/// A name is on the disk once its folder is; where a folder can't be synced, that has to do.
pub(super) fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// The folder around a path.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a file to those for whom the file of a path is. On a disk without modes there is nothing to allow.
fn open_to_others(file: &File, path: &Path) {
    #[cfg(unix)]
    let _ = rustix::fs::fchmod(file, mode(path));
    #[cfg(not(unix))]
    let _ = (file, path);
}

/// The mode of the file that is replaced or, for a new one, that which any new file gets. No more of it than who may
/// read, write and run it.
#[cfg(unix)]
fn mode(path: &Path) -> rustix::fs::Mode {
    use rustix::fs::Mode;
    match rustix::fs::stat(path) {
        Ok(replaced) => Mode::from_raw_mode(replaced.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO),
        Err(_) => Mode::from_raw_mode(0o666).difference(mask()),
    }
}

/// What new files and folders are denied.
#[cfg(unix)]
pub(super) fn mask() -> rustix::fs::Mode {
    use rustix::fs::Mode;
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        if let Some(mask) = line.and_then(|mask| rustix::fs::RawMode::from_str_radix(mask.trim(), 8).ok()) {
            return Mode::from_raw_mode(mask);
        }
    }
    // Elsewhere it can't be read without being set; meanwhile it allows the least.
    let mask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(mask);
    mask
}

/// A file without a name, which can be given one; `None` where the disk doesn't have such.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = open(folder, flags, Mode::RUSR | Mode::WUSR).map(File::from).ok()?;
    fs::symlink_metadata(by_number(&file)).is_ok().then_some(file)
}

/// Its place in `/proc`, by which it can be found without a name.
#[cfg(target_os = "linux")]
fn by_number(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives it a name of no meaning, since only a rename can replace another file.
#[cfg(target_os = "linux")]
fn named(file: File, folder: &Path) -> io::Result<(File, TempPath)> {
    match tempfile::Builder::new().prefix(PREFIX).make_in(folder, |path| link(&file, path)) {
        Ok(linked) => Ok((file, linked.into_temp_path())),
        // A disk that has nameless files and no links.
        Err(_) => copied(file, folder),
    }
}

/// What is wrong with a folder, in the system's own words, and without the hidden name in it.
pub(super) fn without_path(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let words = text.split_once(" at path ").map_or(&*text, |(words, _)| words);
    io::Error::new(error.kind(), words)
}

/// Gives a file without a name one; an error where something is there already.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    linkat(CWD, by_number(file), CWD, path, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from)
}

fn copied(mut file: File, folder: &Path) -> io::Result<(File, TempPath)> {
    let mut copy = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
    file.rewind()?;
    io::copy(&mut file, &mut copy)?;
    copy.as_file().sync_all()?;
    Ok(copy.into_parts())
}
