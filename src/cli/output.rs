//! Where the data goes: standard output, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
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
    /// Writes data, by way of a buffer.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
        match &self.output {
            None => buffered(io::stdout().lock(), write),
            Some(path) => write_file(path, write).map_err(|failure| match failure {
                Failure::Message(message, code) => Failure::Message(format!("{path:?}: {message}"), code),
                closed => closed,
            }),
        }
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

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    // A link stays a link: the file that it points to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(Failure::new("it is a directory; name a file")),
        // A device or a pipe can't be replaced, only written to.
        Ok(metadata) if !metadata.is_file() => {
            let file = OpenOptions::new().write(true).open(path)?;
            return buffered(file, write);
        }
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary(folder)?;
    buffered(&mut file, write)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is on the disk once its folder is; where a folder can't be synced, that has to do.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A new file in a folder, with the permissions that any new file gets.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".faults-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
