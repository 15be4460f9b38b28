//! How a report is read.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;

/// How a report is read: the defaults suit every report that the service is known to send.
///
/// The answer of the newer API, in JSON, names what it holds, and has no anomalies: of all options, only those that bound
/// the memory matter to it.
///
/// ```
/// use dotdigital_faults::{Anomaly, FaultReport, ReadOptions};
///
/// let torn = "Reason,email,firstname\nDuplicate,demo@example.com\n";
/// assert_eq!(FaultReport::from_bytes(torn)?.len(), 1);
///
/// let error = FaultReport::with_options(torn, &ReadOptions::new().strict(true)).unwrap_err();
/// assert_eq!(error.anomaly(), Some(Anomaly::ShortRow));
/// assert_eq!(error.line(), Some(2));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing by themselves"]
pub struct ReadOptions {
    pub(crate) strict: bool,
    pub(crate) largest_field: usize,
    pub(crate) largest_row: usize,
    pub(crate) largest_report: u64,
    pub(crate) most_columns: usize,
    pub(crate) separator: Option<Separator>,
    pub(crate) reason_column: Option<ColumnChoice>,
    pub(crate) email_column: Option<ColumnChoice>,
    pub(crate) expected: Expected,
}

/// What the input may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A CSV, or an answer of the newer API.
    Either,
    /// A CSV alone.
    Csv,
    /// An answer of the newer API alone.
    Answer,
}

impl ReadOptions {
    /// The defaults.
    pub fn new() -> Self {
        ReadOptions {
            strict: false,
            largest_field: 1 << 20,
            largest_row: 16 << 20,
            largest_report: 4 << 30,
            most_columns: 16_384,
            separator: None,
            reason_column: None,
            email_column: None,
            expected: Expected::Either,
        }
    }

    /// Whether the first [`Anomaly`](crate::Anomaly) is an error. Default: off.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The most bytes that a quoted field may hold, a doubled quote counting as one. Default: 1 MiB.
    ///
    /// A quoted field that holds more is one whose closing quote is missing: it must not swallow the faults
    /// behind it. A field without quotes may have any length.
    pub fn largest_field(mut self, bytes: usize) -> Self {
        self.largest_field = bytes;
        self
    }

    /// The most bytes that a header may have, and a row that is handed out by a stream. Default: 16 MiB.
    ///
    /// A [`FaultReader`](crate::FaultReader) and a [`FaultFeed`](crate::FaultFeed) hold a row as a whole, and so
    /// this bounds their memory. So it does where the newer API's answer is read, whatever reads it: of one failure, and of
    /// one text in it. A report in memory and a [`ReasonCounter`](crate::ReasonCounter) read rows of any
    /// length, where it is a CSV.
    pub fn largest_row(mut self, bytes: usize) -> Self {
        self.largest_row = bytes;
        self
    }

    /// The most bytes that [`FaultReport::from_reader`](crate::FaultReport::from_reader) takes into memory.
    /// Default: 4 GiB. What already is in memory, is streamed or is only counted is not bound by it.
    pub fn largest_report(mut self, bytes: u64) -> Self {
        self.largest_report = bytes;
        self
    }

    /// The most columns that a header may have or, where there is none, the first row. Default: 16,384. So it bounds how
    /// many custom identifiers the failures of the newer API may have, all together.
    ///
    /// More is the error [`TooLarge`](crate::ErrorKind::TooLarge): a few bytes for each row could make as many
    /// cells of it as there are columns.
    pub fn most_columns(mut self, columns: usize) -> Self {
        self.most_columns = columns;
        self
    }

    /// What parts the cells, instead of finding it out: comma, semicolon, tab or `|`.
    pub fn separator(mut self, separator: Separator) -> Self {
        self.separator = Some(separator);
        self
    }

    /// Where the reason stands, instead of finding it out by the names of the header.
    ///
    /// A header that lacks the column is the error [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn), whether or not anything
    /// else shows that this is a report: the first header, or a later one, where reports were joined.
    ///
    /// ```
    /// use dotdigital_faults::{ColumnChoice, FaultReport, ReadOptions};
    ///
    /// let report = "Address,Why\ndemo@example.com,Hard bounced\n";
    /// let options = ReadOptions::new().reason_column(ColumnChoice::name("why"));
    /// assert_eq!(FaultReport::with_options(report, &options)?.reason_column(), 1);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn reason_column(mut self, column: ColumnChoice) -> Self {
        self.reason_column = Some(column);
        self
    }

    /// Where the email stands, instead of finding it out by the names of the header. One that lacks it is an error, as for
    /// the [reason's column](Self::reason_column).
    pub fn email_column(mut self, column: ColumnChoice) -> Self {
        self.email_column = Some(column);
        self
    }

    /// What isn't said here of the separator, the reason's column and the email's is what the others say: so options come
    /// before the defaults of an account.
    ///
    /// ```
    /// use dotdigital_faults::{ReadOptions, Separator};
    ///
    /// let of_the_account = ReadOptions::new().separator(Separator::Semicolon);
    /// let options = ReadOptions::new().strict(true).or(&of_the_account);
    /// # assert!(dotdigital_faults::FaultReport::with_options("Reason,x;email\nBlocker;a@x\n", &options).is_ok());
    /// ```
    pub fn or(mut self, others: &ReadOptions) -> Self {
        self.separator = self.separator.or(others.separator);
        self.reason_column = self.reason_column.or_else(|| others.reason_column.clone());
        self.email_column = self.email_column.or_else(|| others.email_column.clone());
        self
    }
}

/// How the client says what it has asked for.
#[cfg(feature = "client")]
impl ReadOptions {
    pub(crate) fn expecting(&self, expected: Expected) -> Self {
        ReadOptions { expected, ..self.clone() }
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions::new()
    }
}

/// A column that is named by whoever reads the report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnChoice {
    /// By its name in the header, without the white space around it, case-insensitively.
    Name(String),
    /// By its position, counted from 1.
    Position(usize),
}

impl ColumnChoice {
    /// The column of that name.
    pub fn name(name: impl Into<String>) -> Self {
        ColumnChoice::Name(name.into())
    }

    /// The column at that position, counted from 1.
    pub fn position(position: usize) -> Self {
        ColumnChoice::Position(position)
    }
}

/// Digits are a position, anything else is a name.
impl FromStr for ColumnChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            |what: String| Err(Error::new(ErrorKind::Configuration, what).advise("name a column, or count from 1"));
        if text.trim().is_empty() {
            return wrong("a column without a name can't be looked for".to_owned());
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(ColumnChoice::name(text));
        }
        match text.parse() {
            Ok(0) => wrong("there is no column 0".to_owned()),
            Ok(position) => Ok(ColumnChoice::Position(position)),
            Err(_) => wrong(format!("no report has a column {}", escape(text, 32))),
        }
    }
}

/// What parts the cells of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Separator {
    /// `,`, as the service sends it.
    #[default]
    Comma,
    /// `;`, as spreadsheets write it where the comma is the decimal point.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`.
    Pipe,
}

impl Separator {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Separator; 4] = [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Pipe];

    /// Its byte.
    pub fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Pipe => b'|',
        }
    }

    /// Its name, such as `semicolon`.
    pub fn as_str(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Semicolon => "semicolon",
            Separator::Tab => "tab",
            Separator::Pipe => "pipe",
        }
    }

    /// As it is shown in an error, such as `';'`.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Separator::Comma => "','",
            Separator::Semicolon => "';'",
            Separator::Tab => "tabs",
            Separator::Pipe => "'|'",
        }
    }

    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        Separator::ALL.into_iter().find(|separator| separator.byte() == byte)
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Separator {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Separator::ALL.into_iter().find(|separator| separator.as_str().eq_ignore_ascii_case(text));
        known.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("no separator is named `{}`", escape(text, 64)))
                .advise("there are comma, semicolon, tab and pipe")
        })
    }
}
