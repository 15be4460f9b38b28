//! Where the data goes: standard output, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Seek, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use clap::Args;
use tempfile::NamedTempFile;

use super::failure::Failure;

/// The option of every verb that prints data.
#[derive(Args, Default)]
pub struct OutputArg {
    /// Write to a file instead of standard output; it appears whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl OutputArg {
    /// Where the data goes, known before anything is read.
    pub fn destination(&self) -> Result<Destination, Failure> {
        let Some(path) = &self.output else { return Ok(Destination::Stdout) };
        // A link stays a link: the file that it points to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Err(Failure::new(format!("{path:?} is a directory; name a file"))),
            // A device or a pipe can't be replaced, only written to.
            Ok(metadata) if !metadata.is_file() => Ok(Destination::Device(path)),
            _ => Ok(Destination::File(path)),
        }
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

    /// Writes text with colours, which are dropped where they are not wanted.
    pub fn write_text(
        &self,
        color: ColorChoice,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let color = match (color, &self.output) {
            // A file is no terminal, whatever standard output is.
            (ColorChoice::Auto, Some(_)) => ColorChoice::Never,
            (ColorChoice::Auto, None) => AutoStream::choice(&io::stdout()),
            (color, _) => color,
        };
        self.write(|out| {
            let mut text = AutoStream::new(Vec::new(), color);
            write(&mut text)?;
            Ok(out.write_all(&text.into_inner())?)
        })
    }

    /// How many columns a line may have.
    pub fn width(&self) -> usize {
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
    Device(PathBuf),
    File(PathBuf),
}

impl Destination {
    /// A new file that nobody sees yet, in the folder of the one that it will become.
    pub fn part(&self) -> io::Result<NamedTempFile> {
        let Destination::File(path) = self else { return NamedTempFile::new() };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".faults-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Those of the file that it replaces or, for a new one, those that any new file gets.
            let replaced = fs::metadata(path).map(|metadata| metadata.permissions());
            let part = builder.permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder(path))?;
            if let Ok(permissions) = replaced {
                part.as_file().set_permissions(permissions)?;
            }
            Ok(part)
        }
        #[cfg(not(unix))]
        builder.tempfile_in(folder(path))
    }

    /// Lets a file appear that is whole.
    pub fn complete(&self, mut part: NamedTempFile) -> Result<(), Failure> {
        match self {
            Destination::Stdout => copy(&mut part, io::stdout().lock()),
            Destination::Device(path) => {
                let device = OpenOptions::new().write(true).open(path).map_err(|error| self.unwritable(&error))?;
                copy(&mut part, device)
            }
            Destination::File(path) => {
                part.as_file().sync_all().map_err(|error| self.unwritable(&error))?;
                part.persist(path).map_err(|error| self.unwritable(&error.error))?;
                // The name is on the disk once its folder is; where a folder can't be synced, that has to do.
                let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
                Ok(())
            }
        }
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        match self {
            Destination::Stdout => Failure::new(format!("the output can't be written: {error}")),
            Destination::Device(path) | Destination::File(path) => {
                Failure::new(format!("{path:?} can't be written: {error}"))
            }
        }
    }
}

fn copy(part: &mut NamedTempFile, mut to: impl Write) -> Result<(), Failure> {
    part.rewind()?;
    io::copy(part, &mut to)?;
    Ok(to.flush()?)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
