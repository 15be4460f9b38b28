//! What can go wrong, told so that the reader knows what to do next.

mod kind;
mod wording;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::anomaly::Anomaly;
use crate::escape::escape;
use crate::format::Format;
use crate::report_id::ReportId;

pub use kind::{ErrorKind, Timeout};

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a report could not be fetched, or not be read.
///
/// One word wide and cheap to clone. `Display` is one line that says what happened, where, the service's own
/// code and words if there were any, and what to do next, behind a semicolon; [`hint`](Error::hint) has the last of these
/// by itself, [`without_hint`](Error::without_hint) all but it, for those who show them apart. The cause is the
/// [`source`](std::error::Error::source).
/// No cell of a row is ever part of an error. The one text that it repeats is the beginning of an answer that is
/// no report at all, such as an error page, with control characters escaped.
///
/// ```
/// use dotdigital_faults::{ErrorKind, FaultReport};
///
/// let answer = r#"{"message": "Import not found. ERROR_IMPORT_NOT_FOUND"}"#;
/// let error = FaultReport::from_bytes(answer).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotAReport);
/// assert_eq!(error.code(), Some("ERROR_IMPORT_NOT_FOUND"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Context>);

#[derive(Clone)]
struct Context {
    kind: ErrorKind,
    what: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    line: Option<u64>,
    column: Option<Box<str>>,
    anomaly: Option<Anomaly>,
    format: Option<Format>,
    code: Option<Box<str>>,
    message: Option<Box<str>>,
    call: Option<Call>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    timeout: Option<Timeout>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The call that failed.
#[derive(Clone, Copy, Debug)]
struct Call {
    operation: &'static str,
    id: Option<ReportId>,
    attempts: u32,
}

impl Error {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The physical line, counted from 1, on which the row in question starts.
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The name of the column in question, as the report has it.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// What a strict reading has met.
    pub fn anomaly(&self) -> Option<Anomaly> {
        self.0.anomaly
    }

    /// What the bytes are, where they are known to be something else than text in UTF-8.
    pub fn format(&self) -> Option<Format> {
        self.0.format
    }

    /// The service's own code, such as `ERROR_IMPORT_NOT_FOUND`: the last one that its answer holds; or else the newer
    /// API's `errorCode`, such as `contacts:importNotFound`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's own words, on one line, with control characters escaped.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What to do next, such as `allow more time, or ask again later`, where there is something to advise.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// let error = FaultReport::from_bytes("%PDF-1.7").unwrap_err();
    /// let (what, hint) = (error.without_hint().to_string(), error.hint().unwrap());
    /// assert_eq!(what, "this is not a faults report: it is PDF");
    /// assert_eq!(error.to_string(), format!("{what}; {hint}"));
    /// ```
    pub fn hint(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// What is shown of it, but for the [`hint`](Error::hint): one line.
    pub fn without_hint(&self) -> impl fmt::Display {
        WithoutHint(self)
    }

    /// The operation that failed, by its name in the service's contract, such as `GetContactImportReportFaults`.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.call.map(|call| call.operation)
    }

    /// The import that was asked about.
    pub fn import_id(&self) -> Option<Uuid> {
        match self.report_id() {
            Some(ReportId::Import(id)) => Some(id),
            _ => None,
        }
    }

    /// What was asked about: an import, or an enrolment.
    pub fn report_id(&self) -> Option<ReportId> {
        self.0.call?.id
    }

    /// How many times the service was asked, the first one included.
    pub fn attempts(&self) -> Option<u32> {
        self.0.call.map(|call| call.attempts)
    }

    /// The HTTP status of the last answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How long the service has asked to wait, counted from when it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Which time limit has passed.
    pub fn timeout(&self) -> Option<Timeout> {
        self.0.timeout
    }

    /// Returns true if there is nothing to fetch: no such import, or its report is not there yet, never was, or is gone.
    ///
    /// True for [`NotFound`](ErrorKind::NotFound), [`NotFinished`](ErrorKind::NotFinished),
    /// [`EndedWithoutReport`](ErrorKind::EndedWithoutReport) and [`Expired`](ErrorKind::Expired).
    pub fn is_not_there(&self) -> bool {
        use ErrorKind::*;
        matches!(self.kind(), NotFound | NotFinished | EndedWithoutReport | Expired)
    }

    /// Returns true if the service was out of reach, too slow, limiting calls, or not to be trusted, after all attempts.
    ///
    /// True for [`RateLimited`](ErrorKind::RateLimited), [`Unavailable`](ErrorKind::Unavailable),
    /// [`TimedOut`](ErrorKind::TimedOut) and [`Untrusted`](ErrorKind::Untrusted).
    pub fn is_unavailable(&self) -> bool {
        use ErrorKind::*;
        matches!(self.kind(), RateLimited | Unavailable | TimedOut | Untrusted)
    }
}

impl Error {
    fn write_what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = &*self.0;
        match context.call {
            Some(Call { operation, id: Some(id), .. }) => write!(f, "{operation} for {id}: ")?,
            Some(Call { operation, id: None, .. }) => write!(f, "{operation}: ")?,
            None => {}
        }
        if let Some(line) = context.line {
            write!(f, "line {line}")?;
            if let Some(column) = &context.column {
                write!(f, ", column `{}`", escape(column, 100))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&context.what)?;
        if let Some(message) = &context.message {
            write!(f, ": {message}")?;
            // The message mostly ends with the code; then it isn't said twice. Without a message it may be a part of a
            // contact's cell.
            if let Some(code) = &context.code
                && !message.contains(&**code)
            {
                write!(f, " ({code})")?;
            }
        }
        match (context.status, context.call.map_or(0, |call| call.attempts)) {
            (None, 0 | 1) => {}
            (None, attempts) => write!(f, " [{attempts} attempts]")?,
            (Some(status), 0 | 1) => write!(f, " [HTTP {status}]")?,
            (Some(status), attempts) => write!(f, " [HTTP {status}, {attempts} attempts]")?,
        }
        if let Some(wait) = context.retry_after {
            write!(f, "; it asks to wait {} s", wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)))?;
        }
        Ok(())
    }
}

/// An error without its hint.
struct WithoutHint<'e>(&'e Error);

impl fmt::Display for WithoutHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_what(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_what(f)?;
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &context.kind).field("what", &context.what);
        if let Some(line) = context.line {
            debug.field("line", &line);
        }
        if let Some(column) = &context.column {
            debug.field("column", column);
        }
        if let Some(code) = &context.code {
            debug.field("code", code);
        }
        if let Some(message) = &context.message {
            debug.field("message", message);
        }
        if let Some(call) = &context.call {
            debug.field("call", call);
        }
        if let Some(status) = &context.status {
            debug.field("status", status);
        }
        if let Some(retry_after) = &context.retry_after {
            debug.field("retry_after", retry_after);
        }
        if let Some(timeout) = &context.timeout {
            debug.field("timeout", timeout);
        }
        if let Some(source) = &context.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// A failure of reading or writing, as of a [`FaultSink`](crate::FaultSink) that writes. What an [`Error`] was made into comes
/// back as it was.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        if let Some(own) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return own.clone();
        }
        Error::new(ErrorKind::Io, "reading or writing failed").caused_by(error)
    }
}

/// So that a [`ReasonCounter`](crate::ReasonCounter) can be written to.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    }
}
