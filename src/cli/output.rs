//! Where the data goes: standard output, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use dotdigital_faults::Error;
use dotdigital_faults::export::{HiddenFile, TableOptions};

use super::failure::Failure;
use super::kept::Kept;

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

    /// Writes data, by way of a buffer. Whoever reads it may have had enough before its end: what is still to be judged,
    /// such as a gate, is judged all the same.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
        let destination = self.destination()?;
        if let Destination::Stdout = destination {
            return buffered(io::stdout().lock(), write).or_else(Failure::unless_closed_pipe);
        }
        let mut part = destination.part().map_err(|error| destination.unwritable(&error))?;
        buffered(&mut part, write)?;
        destination.complete(part).or_else(Failure::unless_closed_pipe)
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
            _ => HiddenFile::temporary(),
        }
    }

    /// Lets a file appear that is whole.
    pub fn complete(&self, mut part: HiddenFile) -> Result<(), Failure> {
        match self {
            Destination::Stdout => {
                part.rewind()?;
                copy(part, io::stdout().lock())
            }
            Destination::Stream(path) => {
                let stream = opened(path).map_err(|error| self.unwritable(&error))?;
                part.rewind()?;
                copy(part, stream)
            }
            Destination::File(path) => part.appear_at(path).map_err(|error| self.unwritable(&error)),
        }
    }

    /// Is it only to be written to, so that nothing can be taken back?
    pub fn is_stream(&self) -> bool {
        matches!(self, Destination::Stdout | Destination::Stream(_))
    }

    /// Do people see it as it comes?
    pub fn is_terminal(&self) -> bool {
        match self {
            Destination::Stdout => io::stdout().is_terminal(),
            // Not so a pipe: to open it waits for somebody who reads.
            Destination::Stream(path) => is_device(path) && opened(path).is_ok_and(|stream| stream.is_terminal()),
            Destination::File(_) => false,
        }
    }

    /// Where rows are written while they are read: nobody sees them until all of them are there, unless it is certain
    /// that nothing will go wrong.
    pub fn rows(&self, is_certain: bool) -> io::Result<OutputRows> {
        match self {
            Destination::Stdout if is_certain => Ok(OutputRows::Stdout(io::stdout())),
            Destination::Stream(path) if is_certain => opened(path).map(OutputRows::Stream),
            Destination::Stdout => Ok(OutputRows::Kept(Kept::default())),
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
            OutputRows::Kept(kept) => copy(kept.read()?, io::stdout().lock()),
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

/// Writes what is whole.
fn copy(mut from: impl Read, mut to: impl Write) -> Result<(), Failure> {
    io::copy(&mut from, &mut to)?;
    Ok(to.flush()?)
}

/// A device, a pipe or an open file: what is there already stays, as it does for the shell that has opened it.
fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

#[cfg(unix)]
fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_device(_: &Path) -> bool {
    false
}

/// Rows that are being written.
pub enum OutputRows {
    Stdout(io::Stdout),
    Stream(File),
    Kept(Kept),
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

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
