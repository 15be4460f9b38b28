//! What can go wrong, told so that the reader knows what to do next.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::anomaly::Anomaly;
use crate::escape::escape;
use crate::format::Format;
use crate::report_id::ReportId;

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

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not a faults report: an error in JSON, a page in HTML, or a line of plain text.
    NotAReport,
    /// The bytes are UTF-16; the service sends UTF-8, so something has converted them.
    Utf16,
    /// A strict reading met something unusual; [`Error::anomaly`] and [`Error::line`] tell what and where.
    Anomaly,
    /// A row doesn't fit the type that was asked for; [`Error::line`] and [`Error::column`] tell which cell.
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
    /// The service limits calls; [`Error::retry_after`] is the wait that it has named, if it has.
    RateLimited,
    /// The service can't be reached, or says that it can't answer now.
    Unavailable,
    /// A time limit has passed; [`Error::timeout`] tells which.
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

/// How the rest of the crate makes one.
impl Error {
    pub(crate) fn new(kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Error(Arc::new(Context {
            kind,
            what: what.into(),
            advice: None,
            line: None,
            column: None,
            anomaly: None,
            format: None,
            code: None,
            message: None,
            call: None,
            status: None,
            retry_after: None,
            timeout: None,
            source: None,
        }))
    }

    pub(crate) fn not_a_report(message: &str, code: Option<&str>) -> Self {
        Error::new(ErrorKind::NotAReport, "this is not a faults report")
            .with(|context| {
                context.message = Some(message).filter(|message| !message.is_empty()).map(Into::into);
                context.code = code.map(Into::into);
            })
            .advise("fetch or save the report again, exactly as the service sends it")
    }

    /// An answer of the newer API that is no whole one. None of it is repeated, since it is about contacts.
    pub(crate) fn unreadable_answer(what: &str) -> Self {
        Error::new(ErrorKind::NotAReport, format!("the answer of the newer API can't be read: {what}"))
            .advise("fetch or save it again, exactly as the service sends it")
    }

    /// What is known to be something else than text in UTF-8.
    pub(crate) fn other_format(format: Format) -> Self {
        let what = format!("this is not a faults report: it is {format}");
        let kind = if format == Format::Utf16 { ErrorKind::Utf16 } else { ErrorKind::NotAReport };
        Error::new(kind, what).with(|context| context.format = Some(format)).advise(format.advice())
    }

    /// A table in which nothing says why contacts failed, such as the list that was uploaded.
    pub(crate) fn no_reason_column(columns: usize, separator: &str, code: Option<&str>) -> Self {
        let columns = match columns {
            1 => "its only column isn't named Reason".to_owned(),
            _ => format!("none of its {columns} columns is named Reason"),
        };
        let what = format!(
            "this is not a faults report: {columns}, and none of its first 1,000 rows holds a known reason; the \
             columns seem to be separated by {separator}"
        );
        Error::new(ErrorKind::NotAReport, what).with(|context| context.code = code.map(Into::into)).advise(
            "if it is the list that was uploaded, fetch the report of its import; if one of its columns is the reason, \
             name it (ReadOptions::reason_column, --reason-column)",
        )
    }

    pub(crate) fn own_output() -> Self {
        Error::new(ErrorKind::NotAReport, "this is not a faults report: it is a summary that `faults` wrote")
            .advise("read the report from which the summary was made")
    }

    pub(crate) fn too_wide(columns: usize, most: usize) -> Self {
        Error::new(ErrorKind::TooLarge, format!("the header has {columns} columns, more than the {most} allowed"))
            .advise("allow more with ReadOptions::most_columns, if that is right")
    }

    pub(crate) fn row_too_large(largest: usize) -> Self {
        Error::new(ErrorKind::TooLarge, format!("a row is larger than the {largest} bytes allowed"))
            .advise("allow more with ReadOptions::largest_row")
    }

    pub(crate) fn no_column_at(position: usize, width: usize) -> Self {
        Error::new(ErrorKind::NoSuchColumn, format!("the report has no column {position}: it has {width}"))
            .advise("columns are counted from 1")
    }

    pub(crate) fn strict(anomaly: Anomaly, line: u64) -> Self {
        Error::new(ErrorKind::Anomaly, format!("{}: {}", anomaly.slug(), anomaly.description()))
            .at_line(line)
            .with(|context| context.anomaly = Some(anomaly))
            .advise("the default reading counts such a row and goes on")
    }

    pub(crate) fn no_such_column(name: &str) -> Self {
        Error::new(ErrorKind::NoSuchColumn, format!("the report has no column `{}`", escape(name, 64)))
    }

    /// The same, with the names that it has.
    pub(crate) fn no_such_column_among(name: &str, names: Option<&str>) -> Self {
        let error = Error::no_such_column(name);
        match names {
            Some(names) => error.advise(format!("it has {names}")),
            None => error,
        }
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        Error::new(ErrorKind::TooLarge, format!("the report is larger than the {limit} bytes allowed"))
            .advise("allow more with ReadOptions::largest_report, or count it in constant memory with ReasonCounter")
    }

    /// What there is no memory for.
    pub(crate) fn out_of_memory(what: &str) -> Self {
        Error::new(ErrorKind::TooLarge, format!("out of memory: there is not enough {what}"))
            .advise("give the process more memory, or take less at a time")
    }

    pub(crate) fn reading(source: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, "the report can't be read").caused_by(source)
    }

    pub(crate) fn reading_from(path: &std::path::Path, source: std::io::Error) -> Self {
        Error::reading(source).with(|context| context.what = format!("{path:?} can't be read").into())
    }

    pub(crate) fn writing(source: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, "the output can't be written").caused_by(source)
    }

    #[cfg(any(feature = "split", feature = "xlsx"))]
    pub(crate) fn writing_to(path: &std::path::Path, source: std::io::Error) -> Self {
        Error::writing(source).in_file(path)
    }

    /// Names the file that an error of writing is about.
    #[cfg(any(feature = "split", feature = "xlsx"))]
    pub(crate) fn in_file(self, path: &std::path::Path) -> Self {
        self.with(|context| context.what = format!("{path:?} can't be written").into())
    }

    pub(crate) fn at_line(self, line: u64) -> Self {
        self.with(|context| context.line = Some(line))
    }

    /// The same for a row that may stand on no line.
    pub(crate) fn on_line(self, line: Option<u64>) -> Self {
        self.with(|context| context.line = line)
    }

    pub(crate) fn in_column(self, name: &str) -> Self {
        self.with(|context| context.column = Some(name.into()))
    }

    pub(crate) fn advise(self, advice: impl Into<Cow<'static, str>>) -> Self {
        let advice = advice.into();
        self.with(|context| context.advice = Some(advice))
    }

    pub(crate) fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.with(|context| context.source = Some(Arc::new(source)))
    }

    fn with(mut self, change: impl FnOnce(&mut Context)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// How the client says what happened on the wire.
#[cfg(feature = "client")]
impl Error {
    /// The service's own code and words, which are shown as they are: cleaned before.
    pub(crate) fn saying(self, message: impl Into<Box<str>>, code: Option<&str>) -> Self {
        let message = message.into();
        self.with(|context| {
            context.message = Some(message).filter(|message| !message.is_empty());
            context.code = code.map(Into::into);
        })
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.with(|context| context.status = Some(status))
    }

    pub(crate) fn with_retry_after(self, wait: Duration) -> Self {
        self.with(|context| context.retry_after = Some(wait))
    }

    pub(crate) fn timed_out(timeout: Timeout, what: impl Into<Cow<'static, str>>) -> Self {
        Error::new(ErrorKind::TimedOut, what).with(|context| context.timeout = Some(timeout))
    }

    /// What happened, without the service's own words.
    pub(crate) fn what(&self) -> &str {
        &self.0.what
    }

    /// The same error with another kind and other words in front of the service's own.
    pub(crate) fn retold(self, kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        let what = what.into();
        self.with(|context| {
            context.kind = kind;
            context.what = what;
            context.advice = None;
        })
    }

    pub(crate) fn during(self, operation: &'static str, id: Option<ReportId>, attempts: u32) -> Self {
        self.with(|context| context.call = Some(Call { operation, id, attempts }))
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

/// A failure of reading or writing, as of a [`FaultSink`](crate::FaultSink) that writes.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, "reading or writing failed").caused_by(error)
    }
}

/// So that a [`ReasonCounter`](crate::ReasonCounter) can be written to.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    }
}
