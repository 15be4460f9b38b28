//! Where the data goes: standard output, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use dotdigital_faults::Error;
use dotdigital_faults::export::TableOptions;
use tempfile::{NamedTempFile, SpooledTempFile, TempPath};

use super::failure::Failure;

/// What a file is called until it is whole, where it needs a name.
const PREFIX: &str = ".faults-";
/// How much of the rows is kept in memory until they may appear.
const KEPT_IN_MEMORY: usize = 1 << 20;
/// Whoever links that often has made a circle.
const MOST_LINKS: usize = 40;

/// The option of every verb that prints data.
#[derive(Args, Default)]
pub struct OutputArg {
    /// Write to a file instead of standard output; it appears whole or not at all. Where FILE is a link, what it points
    /// to is replaced or made. Devices and pipes, such as /dev/stdout, are written to
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl OutputArg {
    /// Where the data goes, known before anything is read.
    pub fn destination(&self) -> Result<Destination, Failure> {
        self.output.as_deref().map_or(Ok(Destination::Stdout), Destination::of)
    }

    /// Writes data, by way of a buffer.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
        let destination = self.destination()?;
        if let Destination::Stdout = destination {
            return buffered(io::stdout().lock(), write);
        }
        let mut part = destination.part().map_err(|error| destination.unwritable(&error))?;
        buffered(&mut part, write)?;
        destination.complete(part)
    }

    /// How a table is written there: whether in colours, and how wide.
    pub fn table_options(&self, color: ColorChoice) -> TableOptions {
        let color = match (color, &self.output) {
            // A file is no terminal, whatever standard output is.
            (ColorChoice::Auto, Some(_)) => ColorChoice::Never,
            (ColorChoice::Auto, None) => AutoStream::choice(&io::stdout()),
            (color, _) => color,
        };
        TableOptions::new().colors(color != ColorChoice::Never).width(self.width())
    }

    /// How many columns a line may have.
    fn width(&self) -> usize {
        let terminal = match self.output {
            None if io::stdout().is_terminal() => terminal_size::terminal_size_of(io::stdout()),
            _ => None,
        };
        terminal.map_or(80, |(width, _)| usize::from(width.0))
    }
}

fn buffered(writer: impl Write, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut writer = BufWriter::with_capacity(64 * 1024, writer);
    let done = write(&mut writer).and_then(|()| Ok(writer.flush()?));
    if done.is_err() {
        // What is still in the buffer must not be written when it is dropped.
        let _ = writer.into_parts();
    }
    done
}

/// Where data goes.
pub enum Destination {
    Stdout,
    /// A device, a pipe, or a file that another program has opened for this one: only to be written to.
    Stream(PathBuf),
    /// To be replaced, or made.
    File(PathBuf),
}

impl Destination {
    fn of(path: &Path) -> Result<Destination, Failure> {
        let unwritable = |error| Failure::new(format!("{path:?} can't be written: {error}"));
        let target = match resolved(path).map_err(unwritable)? {
            Target::Stdout => return Ok(Destination::Stdout),
            Target::Descriptor => return Ok(Destination::Stream(path.to_owned())),
            Target::Path(target) => target,
        };
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::new(format!("{path:?} is a directory")).hint("name a file"))
            }
            Ok(metadata) if !metadata.is_file() => Ok(Destination::Stream(target)),
            _ => Ok(Destination::File(target)),
        }
    }

    /// A new file that nobody sees yet, on the disk of the one that it will become.
    pub fn part(&self) -> io::Result<HiddenFile> {
        match self {
            Destination::File(path) => HiddenFile::in_folder(folder(path)),
            _ => HiddenFile::nameless(),
        }
    }

    /// Lets a file appear that is whole.
    pub fn complete(&self, mut part: HiddenFile) -> Result<(), Failure> {
        match self {
            Destination::Stdout => part.copy(io::stdout().lock()),
            Destination::Stream(path) => {
                let stream = opened(path).map_err(|error| self.unwritable(&error))?;
                part.copy(stream)
            }
            Destination::File(path) => part.become_file(path).map_err(|error| self.unwritable(&error)),
        }
    }

    /// Is it only to be written to, so that nothing can be taken back?
    pub fn is_stream(&self) -> bool {
        matches!(self, Destination::Stdout | Destination::Stream(_))
    }

    /// Where rows are written while they are read: nobody sees them until all of them are there, unless it is certain
    /// that nothing will go wrong.
    pub fn rows(&self, is_certain: bool) -> io::Result<OutputRows> {
        match self {
            Destination::Stdout if is_certain => Ok(OutputRows::Stdout(io::stdout())),
            Destination::Stream(path) if is_certain => opened(path).map(OutputRows::Stream),
            Destination::Stdout => Ok(OutputRows::Kept(SpooledTempFile::new(KEPT_IN_MEMORY))),
            _ => self.part().map(OutputRows::Hidden),
        }
    }

    /// Lets rows appear that are whole.
    pub fn complete_rows(&self, rows: OutputRows) -> Result<(), Failure> {
        match rows {
            OutputRows::Stdout(mut stdout) => Ok(stdout.flush()?),
            OutputRows::Stream(mut stream) => Ok(stream.flush()?),
            OutputRows::Hidden(part) => self.complete(part),
            OutputRows::Nowhere => Ok(()),
            OutputRows::Kept(mut kept) => {
                let mut stdout = io::stdout().lock();
                kept.rewind()?;
                io::copy(&mut kept, &mut stdout)?;
                Ok(stdout.flush()?)
            }
        }
    }

    /// Rows for which there is no place.
    pub fn unwritable_rows(&self, error: io::Error) -> Error {
        match self {
            Destination::Stdout => Error::from(error),
            Destination::Stream(path) | Destination::File(path) => {
                Error::from(io::Error::new(error.kind(), format!("{path:?}: {error}")))
            }
        }
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        match self {
            Destination::Stdout => Failure::new(format!("the output can't be written: {error}")),
            Destination::Stream(path) | Destination::File(path) => {
                Failure::new(format!("{path:?} can't be written: {error}"))
            }
        }
    }
}

/// A device, a pipe or an open file: what is there already stays, as it does for the shell that has opened it.
fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// Rows that are being written.
pub enum OutputRows {
    Stdout(io::Stdout),
    Stream(File),
    /// In memory as long as they are few, then in a file without a name.
    Kept(SpooledTempFile),
    Hidden(HiddenFile),
    /// Written for nothing but to see that it can be done.
    Nowhere,
}

impl Write for OutputRows {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            OutputRows::Stdout(stdout) => stdout.lock().write(bytes),
            OutputRows::Stream(stream) => stream.write(bytes),
            OutputRows::Kept(kept) => kept.write(bytes),
            OutputRows::Hidden(part) => part.write(bytes),
            OutputRows::Nowhere => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            OutputRows::Stdout(stdout) => stdout.lock().flush(),
            OutputRows::Stream(stream) => stream.flush(),
            OutputRows::Kept(kept) => kept.flush(),
            OutputRows::Hidden(part) => part.flush(),
            OutputRows::Nowhere => Ok(()),
        }
    }
}

/// What a path leads to.
enum Target {
    Stdout,
    /// What this process or another one has open, by its number.
    Descriptor,
    /// The end of all links, whether there is anything or not.
    Path(PathBuf),
}

/// Follows links one by one, since one of them may lead to what is open here under a number: `/dev/stdout` points to
/// `/proc/self/fd/1`, and that to a file which must not be replaced.
fn resolved(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        // That there is no such folder is told when the file is made in it.
        let (Ok(folder), Some(name)) = (fs::canonicalize(folder(&path)), path.file_name()) else {
            return Ok(Target::Path(path));
        };
        if is_of_descriptors(&folder)
            && let Some(number) = name.to_str().and_then(|name| name.parse::<u32>().ok())
        {
            let is_ours = fs::canonicalize("/dev/fd").is_ok_and(|ours| ours == folder);
            return Ok(if is_ours && number == 1 { Target::Stdout } else { Target::Descriptor });
        }
        match fs::read_link(&path) {
            Ok(link) => path = folder.join(link),
            Err(_) => return Ok(Target::Path(path)),
        }
    }
    Err(io::Error::other("there are too many links on the way to it, or they lead in a circle"))
}

/// Is it `/dev/fd`, or the `fd` of a process or a thread in `/proc`?
fn is_of_descriptors(folder: &Path) -> bool {
    folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
}

/// A file that nobody sees yet. It is for nobody else to read until it appears, and goes away where it doesn't.
pub enum HiddenFile {
    Nameless(File),
    Named(NamedTempFile),
}

impl HiddenFile {
    /// Without a name from the start: whatever ends the program, nothing of a report is left.
    fn nameless() -> io::Result<HiddenFile> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(&std::env::temp_dir()) {
            return Ok(HiddenFile::Nameless(file));
        }
        tempfile::tempfile().map(HiddenFile::Nameless)
    }

    fn in_folder(folder: &Path) -> io::Result<HiddenFile> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless(folder) {
            return Ok(HiddenFile::Nameless(file));
        }
        // Made for its owner alone, where the system knows such a thing.
        tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map(HiddenFile::Named)
    }

    fn file(&mut self) -> &mut File {
        match self {
            HiddenFile::Nameless(file) => file,
            HiddenFile::Named(file) => file.as_file_mut(),
        }
    }

    fn copy(&mut self, mut to: impl Write) -> Result<(), Failure> {
        let file = self.file();
        file.rewind()?;
        io::copy(file, &mut to)?;
        Ok(to.flush()?)
    }

    fn become_file(mut self, path: &Path) -> io::Result<()> {
        self.file().sync_all()?;
        let (file, name) = match self {
            HiddenFile::Named(file) => file.into_parts(),
            #[cfg(target_os = "linux")]
            HiddenFile::Nameless(file) => named(file, folder(path))?,
            #[cfg(not(target_os = "linux"))]
            HiddenFile::Nameless(file) => copied(file, folder(path))?,
        };
        #[cfg(unix)]
        // Not before all else is done. On a disk without modes there is nothing to allow.
        let _ = rustix::fs::fchmod(&file, mode(path));
        drop(file);
        name.persist(path).map_err(|error| error.error)?;
        // The name is on the disk once its folder is; where a folder can't be synced, that has to do.
        let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
        Ok(())
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

/// The mode of the file that is replaced or, for a new one, that which any new file gets. No more of it than who may
/// read, write and run it.
#[cfg(unix)]
fn mode(path: &Path) -> rustix::fs::Mode {
    use rustix::fs::Mode;
    match rustix::fs::stat(path) {
        Ok(replaced) => Mode::from_raw_mode(replaced.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO),
        Err(_) => {
            // It can't be read without being set; meanwhile it allows the least.
            let masked = rustix::process::umask(Mode::RWXG | Mode::RWXO);
            rustix::process::umask(masked);
            Mode::from_raw_mode(0o666).difference(masked)
        }
    }
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
fn by_number(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives it a name of no meaning, since only a rename can replace another file.
#[cfg(target_os = "linux")]
fn named(file: File, folder: &Path) -> io::Result<(File, TempPath)> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let from = by_number(&file);
    let link = |path: &Path| linkat(CWD, &from, CWD, path, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from);
    match tempfile::Builder::new().prefix(PREFIX).make_in(folder, link) {
        Ok(linked) => Ok((file, linked.into_temp_path())),
        // A disk that has nameless files and no links.
        Err(_) => copied(file, folder),
    }
}

fn copied(mut file: File, folder: &Path) -> io::Result<(File, TempPath)> {
    let mut copy = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
    file.rewind()?;
    io::copy(&mut file, &mut copy)?;
    copy.as_file().sync_all()?;
    Ok(copy.into_parts())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
