//! Where a report comes from.

mod admission;
mod arguments;
mod files;
mod pattern;
mod spelling;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::PathBuf;

use dotdigital_faults::{Error, FaultReader, FaultSink, ReadOptions, ReasonCounts, blocking};
use uuid::Uuid;

pub use admission::Admission;
pub use arguments::{SourceArg, SourcesArg};
pub use spelling::import_id;

use super::connection::Connection;
use super::failure::{Failure, note, note_with_hint};
use super::gzip;
use super::lines::BOM;
use super::progress::Progress;

/// Where a report comes from.
#[derive(Clone, Debug)]
pub enum Source {
    Import(Uuid),
    Path(PathBuf),
    Stdin,
    /// Standard input, where no source was given.
    Piped,
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
        client.wait_until_finished(connection.report_id(id))?;
    }
    Ok((client, progress))
}

/// Asks for something about one of many imports: not before it is let in, and not once the credentials were refused.
pub fn ask<T>(
    id: Uuid,
    connection: &Connection,
    options: &ReadOptions,
    admission: &Admission,
    call: impl FnOnce(&blocking::Client) -> Result<T, Error>,
) -> Result<T, Failure> {
    let visit = admission.enter(id)?;
    // Its time begins now, and not while it waits for its turn.
    let client = connection.client(options).map_err(|failure| failure.at(Source::Import(id)))?;
    let client = client.observed_by(visit.hook());
    Ok(visit.end(call(&client))?)
}

/// Fetches one of many imports, once it has finished if that was to be waited for.
fn fetched<T>(
    id: Uuid,
    connection: &Connection,
    options: &ReadOptions,
    admission: &Admission,
    fetch: impl FnOnce(&blocking::Client) -> Result<T, Error>,
) -> Result<T, Failure> {
    ask(id, connection, options, admission, |client| {
        if connection.wait {
            client.wait_until_finished(connection.report_id(id))?;
        }
        fetch(client)
    })
}

/// An import id as the argument of a verb that takes nothing else.
pub fn parse_import_id(text: &str) -> Result<Uuid, String> {
    let usual = || "an import id is a GUID, such as 842d81e8-c619-457f-bb77-ab6c4a17da39".to_owned();
    import_id(text).ok_or_else(|| spelling::near_miss(text).unwrap_or_else(usual))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Import(id) => write!(f, "import {id}"),
            // With quotes and escapes: a path may hold anything.
            Source::Path(path) => write!(f, "{path:?}"),
            Source::Stdin | Source::Piped => f.write_str("standard input"),
        }
    }
}

impl Source {
    /// Counts one of many reports in constant memory.
    pub fn counts(
        &self,
        connection: &Connection,
        options: &ReadOptions,
        company: Option<&Admission>,
    ) -> Result<ReasonCounts, Failure> {
        let counts = match (self, company) {
            (&Source::Import(id), None) => {
                let (client, _progress) = ready(id, connection, options)?;
                client.reason_counts(connection.report_id(id))?
            }
            (&Source::Import(id), Some(admission)) => {
                fetched(id, connection, options, admission, |client| client.reason_counts(connection.report_id(id)))?
            }
            _ => {
                let (input, progress) = self.open(connection, company.is_some())?;
                let reader = FaultReader::with_options(progress.reader(input), options);
                reader.into_counts().map_err(|error| self.failure(error))?
            }
        };
        Ok(self.named(counts))
    }

    /// Hands the faults of the report to a sink, in constant memory. The sink is made anew where a report has to be
    /// fetched again.
    pub fn feed<S, F>(
        &self,
        connection: &Connection,
        options: &ReadOptions,
        make_sink: F,
    ) -> Result<(S, ReasonCounts), Failure>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S, Error> + Send,
    {
        let source = self.single()?;
        let (sink, counts) = source.feed_among(connection, options, None, make_sink)?;
        source.warn_if_cut_off(&counts);
        Ok((sink, counts))
    }

    /// Hands the faults of one of many reports to a sink.
    pub fn feed_among<S, F>(
        &self,
        connection: &Connection,
        options: &ReadOptions,
        company: Option<&Admission>,
        mut make_sink: F,
    ) -> Result<(S, ReasonCounts), Failure>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S, Error> + Send,
    {
        let (sink, counts) = match (self, company) {
            (&Source::Import(id), None) => {
                let (client, _progress) = ready(id, connection, options)?;
                client.stream_faults(connection.report_id(id), make_sink)?
            }
            (&Source::Import(id), Some(admission)) => fetched(id, connection, options, admission, |client| {
                client.stream_faults(connection.report_id(id), make_sink)
            })?,
            _ => {
                let (input, progress) = self.open(connection, company.is_some())?;
                let mut sink = make_sink()?;
                let reader = FaultReader::with_options(progress.reader(input), options);
                let counts = reader.drain_into(&mut sink).map_err(|error| self.failure(error))?;
                (sink, counts)
            }
        };
        Ok((sink, self.named(counts)))
    }

    /// Is it a file, which can be read again? Of a pipe nothing is left once it has been read.
    pub fn is_file(&self) -> bool {
        matches!(self.single(), Ok(Source::Path(path)) if path.is_file())
    }

    /// Hands the faults of a file that has been read before to a sink. What was to be said of its report has been said.
    pub fn feed_again(
        &self,
        connection: &Connection,
        options: &ReadOptions,
        sink: &mut impl FaultSink,
    ) -> Result<(), Failure> {
        let source = self.single()?;
        let (input, progress) = source.open(connection, false)?;
        let reader = FaultReader::with_options(progress.reader(input), options);
        reader.drain_into(sink).map_err(|error| source.failure(error))?;
        Ok(())
    }

    /// The import whose report it is, where that is known.
    fn import(&self) -> Option<Uuid> {
        match self {
            Source::Import(id) => Some(*id),
            Source::Path(path) => spelling::named_import(path),
            Source::Stdin | Source::Piped => None,
        }
    }

    fn named(&self, counts: ReasonCounts) -> ReasonCounts {
        match self.import() {
            Some(id) => counts.with_import_id(id),
            None => counts,
        }
    }

    /// What it is, in words for people: an id may be an enrolment's.
    pub fn described(&self, connection: &Connection) -> String {
        match self {
            Source::Import(id) => connection.report_id(*id).to_string(),
            source => source.to_string(),
        }
    }

    /// Does it begin as JSON does, whose end alone tells whether there is a report?
    fn is_json(&self, connection: &Connection) -> bool {
        let mut beginning = Vec::new();
        let opened = self.open(connection, true);
        let _ = opened.map(|(input, _)| input.take(4096).read_to_end(&mut beginning));
        let text = beginning.strip_prefix(BOM).unwrap_or(&beginning);
        text.trim_ascii_start().first() == Some(&b'{')
    }

    /// What tells the source from others in data: the bare id or path.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Source::Import(id) => id.to_string().into(),
            Source::Path(path) => path.to_string_lossy(),
            Source::Stdin | Source::Piped => "standard input".into(),
        }
    }

    /// The bytes of the report, unpacked where they are gzipped. Of many no progress is shown.
    fn open(&self, connection: &Connection, is_one_of_many: bool) -> Result<(Box<dyn Read>, Progress), Failure> {
        let (input, size) = self.open_raw()?;
        let input = gzip::unpacked(input, connection.max_size()).map_err(|error| self.unreadable(&error))?;
        Ok((input, if is_one_of_many { Progress::hidden() } else { Progress::new(size) }))
    }

    /// The bytes as they are, and how many there are, where that is known.
    fn open_raw(&self) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
        match self {
            Source::Import(_) => Err(Failure::new(format!("{self} is not a file"))),
            Source::Path(path) => {
                let file = File::open(path).map_err(|error| self.unreadable(&error))?;
                let metadata = file.metadata().map_err(|error| self.unreadable(&error))?;
                if metadata.is_dir() {
                    return Err(Failure::new(format!("{self} is a directory")).hint("name the file of a report"));
                }
                Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
            }
            Source::Stdin => {
                let stdin = io::stdin();
                if stdin.is_terminal() {
                    return Err(Failure::new("standard input is a terminal")
                        .hint("send a report into it (faults … - < report.csv), or name its path"));
                }
                Ok((Box::new(stdin.lock()), None))
            }
            Source::Piped => {
                let mut stdin = io::stdin().lock();
                if stdin.fill_buf().map_err(|error| self.unreadable(&error))?.is_empty() {
                    note("no SOURCE is given, and nothing came on standard input: that is read as an empty report");
                }
                Ok((Box::new(stdin), None))
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

    /// Says so where the report seems to have been cut off.
    pub fn warn_if_cut_off(&self, counts: &ReasonCounts) {
        if counts.is_cut_off() {
            note_with_hint(
                &format!("{self} ends in the middle of a row, as if it had been cut off"),
                "fetch or save it again to be sure that no fault is missing",
            );
        }
    }
}
