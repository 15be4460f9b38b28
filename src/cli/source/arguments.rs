//! The arguments by which verbs are told what to read.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use dotdigital_faults::{Error, FaultSink, ReadOptions, ReasonCounts};

use super::Source;
use super::files::expanded;
use crate::cli::connection::Connection;
use crate::cli::failure::{Failure, note};
use crate::cli::lines::{Line, is_stdin};
use crate::cli::many::ManyArgs;

/// The argument of every verb that reads a report.
#[derive(Args)]
pub struct SourceArg {
    /// An import id (a GUID), the path of a saved report, or `-` for standard input, which is also read where it is piped
    /// and no source is given
    #[arg(value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    source: Option<Source>,

    #[command(flatten)]
    connection: Connection,
}

/// The argument of a verb that reads several reports.
#[derive(Args)]
pub struct SourcesArg {
    /// Import ids (GUIDs), paths of saved reports, folders of them, or `-` for standard input, which is also read where
    /// it is piped and no source is given; several are summed up
    #[arg(value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    sources: Vec<Source>,

    #[command(flatten)]
    pub many: ManyArgs,

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
        match &self.source {
            Some(source) => source.feed(&self.connection, options, make_sink),
            None => piped()?.feed(&self.connection, options, make_sink),
        }
    }

    /// How large it is, where it is a file, which can be read twice; `None` for JSON as well, whose end alone tells
    /// whether there is a report.
    pub fn file_size(&self) -> Option<u64> {
        let Some(source @ Source::Path(path)) = &self.source else { return None };
        let metadata = path.metadata().ok().filter(|metadata| metadata.is_file())?;
        (!source.is_json(&self.connection)).then_some(metadata.len())
    }
}

impl fmt::Display for SourceArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.as_ref().unwrap_or(&Source::Piped).fmt(f)
    }
}

impl SourcesArg {
    /// All sources that are meant, in the order given: those of the arguments, then those of the list. One that is none is
    /// an error, or the failure of one of them where it is to go on.
    pub fn resolved(&self) -> Result<Vec<Result<Source, Failure>>, Failure> {
        let mut sources = Vec::new();
        for source in &self.sources {
            self.add(source.each(), &mut sources)?;
        }
        for line in self.many.lines()? {
            self.add(meant(line), &mut sources)?;
        }
        if sources.is_empty() {
            sources.push(Ok(piped()?));
        }
        let stdins = sources.iter().filter(|source| matches!(source, Ok(Source::Stdin))).count();
        if stdins + usize::from(self.many.from.as_deref().is_some_and(is_stdin)) > 1 {
            return Err(Failure::new("standard input can be read only once").hint("name - only once"));
        }
        note_repeated(&sources);
        Ok(sources)
    }

    fn add(
        &self,
        found: Result<Vec<Source>, Failure>,
        sources: &mut Vec<Result<Source, Failure>>,
    ) -> Result<(), Failure> {
        match found {
            Ok(found) => sources.extend(found.into_iter().map(Ok)),
            Err(failure) if self.many.keep_going => sources.push(Err(failure)),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

/// The sources of a line: as it stands, but for white space around an id. What it says is not repeated where it is none: if a
/// report was given as the list, it is a contact.
fn meant(Line { place, text }: Line) -> Result<Vec<Source>, Failure> {
    let id = text.to_str().map(str::trim).filter(|text| super::import_id(text).is_some()).map(OsString::from);
    let bytes = text.as_encoded_bytes();
    let has_blanks = bytes.trim_ascii().len() < bytes.len();
    let source = Source::parse(id.unwrap_or(text)).map_err(|error| Failure::new(format!("{place}: {error}")))?;
    let is_there = |source: &Source| match source {
        Source::Path(path) => fs::symlink_metadata(path).is_ok(),
        _ => true,
    };
    match source.each() {
        Ok(sources) if sources.iter().all(is_there) => Ok(sources),
        Err(failure) if is_there(&source) => Err(failure.at(place)),
        _ => {
            let what = "it is no import id, there is no such file, and none that fits it as a pattern";
            let failure = Failure::new(format!("{place} is no source: {what}"));
            Err(if has_blanks { failure.hint("white space around it is part of the name") } else { failure })
        }
    }
}

/// Standard input, where no source is given.
fn piped() -> Result<Source, Failure> {
    if io::stdin().is_terminal() {
        return Err(Failure::new("no SOURCE is given").hint(
            "name an import id, the path of a saved report or a folder of them, or send a report into standard input \
             (faults summary report.csv); --help tells more",
        ));
    }
    Ok(Source::Piped)
}

impl Source {
    /// What an argument means.
    pub fn parse(text: OsString) -> Result<Source, String> {
        if text == "-" {
            return Ok(Source::Stdin);
        }
        let is_there = || fs::symlink_metadata(&text).is_ok();
        match text.to_str().map(|text| (super::import_id(text), super::spelling::near_miss(text))) {
            Some((Some(id), _)) => Ok(Source::Import(id)),
            Some((None, Some(what))) if !is_there() => Err(what),
            _ => Ok(Source::Path(text.into())),
        }
    }

    /// Each source that this one stands for, where it is a folder or a pattern.
    fn each(&self) -> Result<Vec<Source>, Failure> {
        match self {
            Source::Path(path) => Ok(expanded(path)?.into_iter().map(Source::Path).collect()),
            other => Ok(vec![other.clone()]),
        }
    }

    /// The only source that this one stands for.
    pub(super) fn single(&self) -> Result<Source, Failure> {
        match &*self.each()? {
            [source] => Ok(source.clone()),
            several => {
                let what = format!("{self} stands for {} reports, and this reads one", several.len());
                Err(Failure::new(what).hint("name one of them"))
            }
        }
    }
}

/// Says what is named more than once, since it is counted as often.
fn note_repeated(sources: &[Result<Source, Failure>]) {
    let mut times: HashMap<PathBuf, u64> = HashMap::new();
    for source in sources.iter().flatten() {
        let key = match source {
            Source::Import(id) => id.to_string().into(),
            Source::Path(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
            Source::Stdin | Source::Piped => continue,
        };
        let times = times.entry(key).or_default();
        *times += 1;
        if *times == 2 {
            note(&format!("{source} is named more than once, and counted as often"));
        }
    }
}
