//! Kinds of errors.

use std::fmt;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not a faults report: an error in JSON, a page in HTML, or a line of plain text.
    NotAReport,
    /// The bytes are UTF-16; the service sends UTF-8, so something has converted them.
    Utf16,
    /// A strict reading met something unusual; [`Error::anomaly`](crate::Error::anomaly) and [`Error::line`](crate::Error::line) tell what and where.
    Anomaly,
    /// A row doesn't fit the type that was asked for; [`Error::line`](crate::Error::line) and [`Error::column`](crate::Error::column) tell which cell.
    Deserialize,
    /// The report has no column of that name.
    NoSuchColumn,
    /// The report is larger than the options allow.
    TooLarge,
    /// Reading or writing failed; the source is the [`std::io::Error`].
    Io,
    /// A report was read twice, and the second reading doesn't fit the first: it has changed in between.
    Inconsistent,
    /// What would be written is there already, and was not to be overwritten.
    Exists,
    /// It is no archive, one of a later version, or one that holds contact data otherwise than is asked for.
    Archive,
    /// A key is empty, and so is none.
    EmptyKey,
    /// A name can't be that of a label of metrics.
    InvalidLabel,
    /// The service doesn't know the credentials, or they don't permit the call. It is never asked twice: an
    /// account may lock.
    NotPermitted,
    /// The service has no such import, or no report of it.
    NotFound,
    /// The import has not finished yet; its report is still to come.
    NotFinished,
    /// The import has ended in a way that leaves no report.
    EndedWithoutReport,
    /// The import has finished, but its report is no longer there: it is kept for about a week.
    Expired,
    /// The service limits calls; [`Error::retry_after`](crate::Error::retry_after) is the wait that it has named, if it has.
    RateLimited,
    /// The service can't be reached, or says that it can't answer now.
    Unavailable,
    /// A time limit has passed; [`Error::timeout`](crate::Error::timeout) tells which.
    TimedOut,
    /// The other side can't show that it is the service: its certificate isn't trusted, or it speaks no TLS.
    Untrusted,
    /// The service refuses the call, and would again.
    Refused,
    /// The answer is not what was asked for: no SOAP, no JSON, no report, or not the one of the contract.
    UnexpectedAnswer,
    /// The client can't be built, or can't work, as it was set up.
    Configuration,
}

impl fmt::Display for ErrorKind {
    /// The kind in a few words, such as `not permitted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ErrorKind::NotAReport => "not a report",
            ErrorKind::Utf16 => "UTF-16, not UTF-8",
            ErrorKind::Anomaly => "an unusual row, read strictly",
            ErrorKind::Deserialize => "a row of another shape",
            ErrorKind::NoSuchColumn => "no such column",
            ErrorKind::TooLarge => "too large",
            ErrorKind::Io => "reading or writing failed",
            ErrorKind::Inconsistent => "two readings that don't fit together",
            ErrorKind::Exists => "there already",
            ErrorKind::Archive => "an archive that can't be used so",
            ErrorKind::EmptyKey => "an empty key",
            ErrorKind::InvalidLabel => "a label that can't be one",
            ErrorKind::NotPermitted => "not permitted",
            ErrorKind::NotFound => "not found",
            ErrorKind::NotFinished => "not finished yet",
            ErrorKind::EndedWithoutReport => "ended without a report",
            ErrorKind::Expired => "expired",
            ErrorKind::RateLimited => "calls are limited",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::TimedOut => "timed out",
            ErrorKind::Untrusted => "not to be trusted",
            ErrorKind::Refused => "refused",
            ErrorKind::UnexpectedAnswer => "an unexpected answer",
            ErrorKind::Configuration => "a setting that can't work",
        })
    }
}

/// Which time limit has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// No connection within one attempt.
    Connecting,
    /// One attempt took too long.
    Attempt,
    /// An answer had begun, and then no byte came.
    Stalled,
    /// The whole call, with all that belongs to it.
    Whole,
}
