//! How errors are made, and what they say.

use std::borrow::Cow;
use std::sync::Arc;
#[cfg(feature = "client")]
use std::time::Duration;

#[cfg(feature = "client")]
use super::{Call, Timeout};
use super::{Context, Error, ErrorKind};
use crate::anomaly::Anomaly;
use crate::escape::escape;
use crate::format::Format;
#[cfg(feature = "client")]
use crate::report_id::ReportId;

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

    /// A table in which nothing says why contacts failed, such as the list that was uploaded, or lines of text. A code is only
    /// told with `is_said`: it may be a part of a contact's cell.
    pub(crate) fn no_reason_column(columns: usize, separator: &str, code: Option<&str>, is_said: bool) -> Self {
        let columns = match columns {
            1 => "its only column isn't named Reason".to_owned(),
            _ => format!("none of its {columns} columns is named Reason"),
        };
        let said = code.filter(|_| is_said).map(|code| format!(" it says {code};")).unwrap_or_default();
        let what = format!(
            "this is not a faults report:{said} {columns}, and none of its first 1,000 rows holds a known reason; the \
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
        Error::new(ErrorKind::NoSuchColumn, format!("the report has no column {position}: it has {width}")).advise(
            match width {
                1 => {
                    "if something else than commas separates its columns, name it (ReadOptions::separator, --separator)"
                }
                _ => "columns are counted from 1",
            },
        )
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
