//! How the program says that something went wrong.

use std::error::Error as _;
use std::fmt::{Display, Write as _};
use std::io;
use std::process::ExitCode;

use dotdigital_faults::{Error, ErrorKind};

/// Usage, input, or any other error.
const OTHER: u8 = 2;
/// Not authenticated, or not permitted.
pub const NOT_PERMITTED: u8 = 4;
/// No such import, its report is not there yet, or it has expired.
const NOT_THERE: u8 = 5;
/// The service is unavailable, too slow, or limiting calls, after all retries.
const UNAVAILABLE: u8 = 6;

/// What ends the program early.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Whoever read the output has had enough: no failure to speak of.
    ClosedPipe,
    /// What happened and what to do next, for standard error, and the exit code.
    Message { what: String, hint: Option<String>, code: u8 },
}

impl Failure {
    pub fn new(what: impl Into<String>) -> Self {
        Failure::Message { what: what.into(), hint: None, code: OTHER }
    }

    /// The same, with what to do next: a line of its own.
    pub fn hint(mut self, next: impl Into<String>) -> Self {
        if let Failure::Message { hint, .. } = &mut self {
            *hint = Some(next.into());
        }
        self
    }

    /// The same, with another exit code.
    pub fn with_code(mut self, other: u8) -> Self {
        if let Failure::Message { code, .. } = &mut self {
            *code = other;
        }
        self
    }

    /// The same, with where it happened in front.
    pub fn at(mut self, place: impl Display) -> Self {
        if let Failure::Message { what, .. } = &mut self {
            *what = format!("{place}: {what}");
        }
        self
    }

    /// Nothing, where whoever read the output has had enough.
    pub fn unless_closed_pipe(self) -> Result<(), Failure> {
        match self {
            Failure::ClosedPipe => Ok(()),
            failure => Err(failure),
        }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::ClosedPipe => 0,
            Failure::Message { code, .. } => *code,
        }
    }

    /// What happened and what to do next, for where there is one line for it.
    pub fn on_one_line(&self) -> String {
        match self {
            Failure::ClosedPipe => String::new(),
            Failure::Message { what, hint: None, .. } => what.clone(),
            Failure::Message { what, hint: Some(hint), .. } => format!("{what}; {hint}"),
        }
    }

    /// Says it on standard error.
    pub fn note(&self) {
        if let Failure::Message { what, hint, .. } = self {
            say(what, hint.as_deref());
        }
    }

    /// Says it on standard error, and gives the exit code.
    pub fn report(self) -> ExitCode {
        self.note();
        ExitCode::from(self.code())
    }
}

/// The exit code of the worst of several failures: who may ask nothing first, then who should ask again later.
pub fn worst(codes: impl Iterator<Item = u8> + Clone) -> u8 {
    let is_there = |code: &u8| codes.clone().any(|other| other == *code);
    [NOT_PERMITTED, UNAVAILABLE, NOT_THERE].into_iter().find(is_there).unwrap_or(OTHER)
}

/// The first of some names, and how many more there are.
pub fn first_of(names: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 10;
    let mut names = names.into_iter();
    let shown = names.by_ref().take(MOST).collect::<Vec<_>>().join("; ");
    match names.count() {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// Says something on standard error.
pub fn note(message: &str) {
    say(message, None);
}

/// Says something on standard error, and in a second line what to do about it.
pub fn note_with_hint(message: &str, hint: &str) {
    say(message, Some(hint));
}

fn say(what: &str, hint: Option<&str>) {
    let hint = hint.map_or_else(String::new, |hint| format!("hint: {hint}\n"));
    // Where standard error is closed, nobody is there to be told.
    let _ = io::Write::write_all(&mut anstream::stderr(), format!("faults: {what}\n{hint}").as_bytes());
}

/// The library's error with its causes, on one line, and its hint.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (mut what, mut hint) = (error.without_hint().to_string(), error.hint());
        let mut cause = error.source();
        while let Some(source) = cause {
            if source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
                return Failure::ClosedPipe;
            }
            // Of the library's own errors, the first that has advice gives it.
            match source.downcast_ref::<Error>() {
                Some(error) => {
                    let _ = write!(what, ": {}", error.without_hint());
                    hint = hint.or_else(|| error.hint());
                }
                None => {
                    let _ = write!(what, ": {source}");
                }
            }
            cause = source.source();
        }
        let code = match error {
            _ if error.kind() == ErrorKind::NotPermitted => NOT_PERMITTED,
            _ if error.is_not_there() => NOT_THERE,
            _ if error.is_unavailable() => UNAVAILABLE,
            _ => OTHER,
        };
        Failure::Message { what, hint: hint.map(Into::into), code }
    }
}

/// An error of the output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::new(format!("the output can't be written: {error}")),
        }
    }
}
