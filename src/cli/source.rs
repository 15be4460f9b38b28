//! Where a report comes from.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use dotdigital_faults::{Error, FaultReader, FaultReport, FaultSink, ReadOptions, ReasonCounts, blocking};
use uuid::Uuid;

use super::connection::Connection;
use super::failure::{Failure, note_with_hint};
use super::gzip;
use super::progress::Progress;

/// Where a report comes from.
#[derive(Clone, Debug)]
pub enum Source {
    Import(Uuid),
    Path(PathBuf),
    Stdin,
}

/// The argument of every verb that reads a report.
#[derive(Args)]
pub struct SourceArg {
    /// An import id (a GUID), the path of a saved report, or `-` for standard input
    #[arg(value_name = "SOURCE", value_parser = OsStringValueParser::new().map(Source::from))]
    source: Source,

    #[command(flatten)]
    connection: Connection,
}

/// The argument of a verb that reads several reports.
#[derive(Args)]
pub struct SourcesArg {
    /// Import ids (GUIDs), paths of saved reports, or `-` for standard input; several are summed up
    #[arg(value_name = "SOURCE", required = true, value_parser = OsStringValueParser::new().map(Source::from))]
    pub sources: Vec<Source>,

    #[command(flatten)]
    pub connection: Connection,
}

impl SourceArg {
    /// Hands the faults of the report to a sink, which is made anew where a report has to be fetched again.
    pub fn feed<S, F>(&self, options: &ReadOptions, make_sink: F) -> Result<(S, ReasonCounts), Failure>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S, Error> + Send,
    {
        self.source.feed(&self.connection, options, make_sink)
    }

    /// How large it is, where it is a file, which can be read twice.
    pub fn file_size(&self) -> Option<u64> {
        let Source::Path(path) = &self.source else { return None };
        path.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len())
    }
}

impl fmt::Display for SourceArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

/// A client for one import, which has finished if that was to be waited for, and the bar that shows what it does.
pub fn ready(
    id: Uuid,
    connection: &Connection,
    options: &ReadOptions,
) -> Result<(blocking::Client, Progress), Failure> {
    let client = connection.client(options)?;
    let progress = Progress::of_import();
    let client = client.observed_by(progress.hook());
    if connection.wait {
        client.wait_until_finished(id)?;
    }
    Ok((client, progress))
}

impl From<OsString> for Source {
    fn from(text: OsString) -> Self {
        if text == "-" {
            return Source::Stdin;
        }
        match text.to_str().and_then(import_id) {
            Some(id) => Source::Import(id),
            None => Source::Path(text.into()),
        }
    }
}

/// Reads an import id, with or without the braces that some tools put around it.
pub fn import_id(text: &str) -> Option<Uuid> {
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Import(id) => write!(f, "import {id}"),
            // With quotes and escapes: a path may hold anything.
            Source::Path(path) => write!(f, "{path:?}"),
            Source::Stdin => f.write_str("standard input"),
        }
    }
}

impl Source {
    /// Counts the report in constant memory.
    pub fn counts(&self, connection: &Connection, options: &ReadOptions) -> Result<ReasonCounts, Failure> {
        let counts = match *self {
            Source::Import(id) => {
                let (client, _progress) = ready(id, connection, options)?;
                client.reason_counts(id)?
            }
            _ => self.count(connection, options)?,
        };
        self.warn_if_cut_off(&counts);
        Ok(counts)
    }

    /// Hands the faults of the report to a sink, in constant memory. The sink is made anew where a report has to be
    /// fetched again.
    pub fn feed<S, F>(
        &self,
        connection: &Connection,
        options: &ReadOptions,
        mut make_sink: F,
    ) -> Result<(S, ReasonCounts), Failure>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S, Error> + Send,
    {
        let (sink, counts) = match *self {
            Source::Import(id) => {
                let (client, _progress) = ready(id, connection, options)?;
                client.stream_faults(id, make_sink)?
            }
            _ => {
                let (input, progress) = self.open(connection)?;
                let mut sink = make_sink()?;
                let reader = FaultReader::with_options(progress.reader(input), options);
                let counts = reader.drain_into(&mut sink).map_err(|error| self.failure(error))?;
                (sink, counts)
            }
        };
        self.warn_if_cut_off(&counts);
        Ok((sink, counts))
    }

    /// Reads the whole report into memory.
    pub fn report(&self, connection: &Connection, options: &ReadOptions) -> Result<FaultReport, Failure> {
        let report = match *self {
            Source::Import(id) => {
                let (client, _progress) = ready(id, connection, options)?;
                client.report_faults(id)?
            }
            _ => {
                let (input, progress) = self.open(connection)?;
                FaultReport::from_reader(progress.reader(input), options).map_err(|error| self.failure(error))?
            }
        };
        self.warn_if_cut_off(report.counts());
        Ok(report)
    }

    /// What tells the source from others in data: the bare id or path.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Source::Import(id) => id.to_string().into(),
            Source::Path(path) => path.to_string_lossy(),
            Source::Stdin => "standard input".into(),
        }
    }

    fn count(&self, connection: &Connection, options: &ReadOptions) -> Result<ReasonCounts, Failure> {
        let (input, progress) = self.open(connection)?;
        let reader = FaultReader::with_options(progress.reader(input), options);
        reader.into_counts().map_err(|error| self.failure(error))
    }

    /// The bytes of the report, unpacked where they are gzipped.
    fn open(&self, connection: &Connection) -> Result<(Box<dyn Read>, Progress), Failure> {
        let (input, progress) = self.open_raw()?;
        let input = gzip::unpacked(input, connection.max_size()).map_err(|error| self.unreadable(&error))?;
        Ok((input, progress))
    }

    fn open_raw(&self) -> Result<(Box<dyn Read>, Progress), Failure> {
        match self {
            Source::Import(_) => Err(Failure::new(format!("{self} is not a file"))),
            Source::Path(path) => {
                let file = File::open(path).map_err(|error| self.unreadable(&error))?;
                let metadata = file.metadata().map_err(|error| self.unreadable(&error))?;
                if metadata.is_dir() {
                    return Err(Failure::new(format!("{self} is a directory")).hint("name the file of a report"));
                }
                let progress = Progress::new(metadata.is_file().then_some(metadata.len()));
                Ok((Box::new(file), progress))
            }
            Source::Stdin => {
                let stdin = io::stdin();
                if stdin.is_terminal() {
                    return Err(Failure::new("standard input is a terminal")
                        .hint("send a report into it (faults … - < report.csv), or name its path"));
                }
                Ok((Box::new(stdin.lock()), Progress::new(None)))
            }
        }
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        let failure = Failure::new(format!("{self} can't be read: {error}"));
        match error.kind() {
            io::ErrorKind::NotFound => failure.hint("a SOURCE is the path of a saved report, or - for standard input"),
            io::ErrorKind::PermissionDenied => failure.hint("allow reading it, or send it into standard input"),
            _ => failure,
        }
    }

    /// The library's error, with the source in front.
    pub fn failure(&self, error: Error) -> Failure {
        Failure::from(error).at(self)
    }

    fn warn_if_cut_off(&self, counts: &ReasonCounts) {
        if counts.is_cut_off() {
            note_with_hint(
                &format!("{self} ends in the middle of a row, as if it had been cut off"),
                "fetch or save it again to be sure that no fault is missing",
            );
        }
    }
}
