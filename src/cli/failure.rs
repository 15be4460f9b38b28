//! How the program says that something went wrong.

use std::error::Error as _;
use std::fmt::{Display, Write as _};
use std::io;
use std::process::ExitCode;

use dotdigital_faults::{Error, ErrorKind};

/// Usage, input, or any other error.
pub const OTHER: u8 = 2;
/// Not authenticated, or not permitted.
pub const NOT_PERMITTED: u8 = 4;
/// No such import, its report is not there yet, or it has expired.
pub const NOT_THERE: u8 = 5;
/// The service is unavailable, too slow, or limiting calls, after all retries.
pub const UNAVAILABLE: u8 = 6;

/// What ends the program early.
#[derive(Clone)]
pub enum Failure {
    /// Whoever read the output has had enough: no failure to speak of.
    ClosedPipe,
    /// A message for standard error, and the exit code.
    Message(String, u8),
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Message(message.into(), OTHER)
    }

    /// The same, with where it happened in front.
    pub fn at(self, place: impl Display) -> Self {
        match self {
            Failure::Message(message, code) => Failure::Message(format!("{place}: {message}"), code),
            Failure::ClosedPipe => Failure::ClosedPipe,
        }
    }

    /// Says it on standard error, and gives the exit code.
    pub fn report(self) -> ExitCode {
        self.note();
        ExitCode::from(self.code())
    }

    /// Says it on standard error.
    pub fn note(&self) {
        if let Failure::Message(message, _) = self {
            note(message);
        }
    }

    pub fn code(&self) -> u8 {
        match self {
            Failure::ClosedPipe => 0,
            Failure::Message(_, code) => *code,
        }
    }
}

/// Says something on standard error.
pub fn note(message: &str) {
    // Where standard error is closed, nobody is there to be told.
    let _ = io::Write::write_all(&mut anstream::stderr(), format!("faults: {message}\n").as_bytes());
}

/// The library's error with its causes, on one line.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            if source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
                return Failure::ClosedPipe;
            }
            let _ = write!(message, ": {source}");
            cause = source.source();
        }
        let code = match error {
            _ if error.kind() == ErrorKind::NotPermitted => NOT_PERMITTED,
            _ if error.is_not_there() => NOT_THERE,
            _ if error.is_unavailable() => UNAVAILABLE,
            _ => OTHER,
        };
        Failure::Message(message, code)
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
