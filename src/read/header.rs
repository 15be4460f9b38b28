//! The header of a report: which column is which, and whether a record is the header once more.
//!
//! Names are looked at in three ways:
//!
//! ```text
//!   as they stand         "\u{feff}Reason "     what the columns are called
//!   folded                "reason"              is it the reason's column, or the email's? (letters and digits only)
//!   as they are compared  "reason"              is this record the header once more? (trimmed, lower-cased, no marks)
//! ```

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use memchr::memchr;

use super::line::without_marks;
use super::options::{ColumnChoice, ReadOptions};
use super::record::{Record, Shape, Sink};
use super::scan::Scanner;
use super::word::separators;
use crate::error::{Error, Result};
use crate::reason::Slot;
use crate::reason::key::KnownColumn;

/// For how many columns there is room before it is known how many there are.
const USUAL_COLUMNS: usize = 16;

/// Several texts, one behind the other, without a box for each.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// How many bytes stand between two of them.
    gap: usize,
}

impl Texts {
    /// The cells of a line without quotes, which is copied with its separators.
    fn of_line(line: &[u8], separator: u8) -> Self {
        // At once, and not a few at a time.
        let mut ends = Vec::with_capacity(USUAL_COLUMNS);
        separators(line, separator).chain([line.len()]).for_each(|at| ends.push(end(at)));
        Texts { bytes: line.to_vec(), ends, gap: 1 }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)? as usize;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        self.bytes.get(before.map_or(0, |&before| before as usize + self.gap)..end)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let text = self.bytes.get(start..end as usize).unwrap_or_default();
            start = end as usize + self.gap;
            text
        })
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    fn extend(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    fn end(&mut self) {
        self.ends.push(end(self.bytes.len()));
    }
}

fn end(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// `Debug` shows no text.
impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} texts", self.len())
    }
}

/// A header that is in force, or that there is none.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The names, as they stand; none where there is no header.
    pub(crate) names: Texts,
    pub(crate) has_names: bool,
    /// How many columns it has or, where there is none, the first record.
    pub(crate) width: usize,
    pub(crate) reason: usize,
    pub(crate) email: Option<usize>,
    pub(crate) shape: Shape,
    /// Are its rows made of an answer in JSON, so that a cell of nothing is absent, and they stand on no line?
    pub(crate) is_of_answer: bool,
    /// The names as they are compared, once they are.
    compared: OnceLock<Box<Texts>>,
    /// Is the name of the reason's column a known reason, so that the header looks like a fault?
    is_like_fault: bool,
}

impl Header {
    pub(crate) fn new(names: Texts, exact: &Exact, shape: Shape, rules: &Names) -> Result<Arc<Self>> {
        let width = names.len();
        let (reason, email) = rules.columns(&names, exact, width)?;
        let is_reason = |name| KnownColumn::of(name) == Some(KnownColumn::Reason);
        let is_like_fault = names.get(reason).is_some_and(|name| !is_reason(name) && Slot::of(name).is_some());
        let (is_of_answer, compared) = (false, OnceLock::new());
        let has_names = true;
        Ok(Arc::new(Header { names, has_names, width, reason, email, shape, is_of_answer, compared, is_like_fault }))
    }

    /// The columns of failures in an answer: the reason's, the email's, and others.
    pub(crate) fn of_answer(names: Texts, shape: Shape) -> Self {
        Header {
            width: names.len(),
            names,
            has_names: true,
            reason: 0,
            email: Some(1),
            shape,
            is_of_answer: true,
            compared: OnceLock::new(),
            is_like_fault: false,
        }
    }

    /// No header: the columns are numbered.
    pub(crate) fn none(width: usize, shape: Shape, rules: &Names) -> Result<Arc<Self>> {
        let (reason, email) = rules.columns(&Texts::default(), &Exact::default(), width)?;
        Ok(Arc::new(Header {
            names: Texts::default(),
            has_names: false,
            width,
            reason,
            email,
            shape,
            is_of_answer: false,
            compared: OnceLock::new(),
            is_like_fault: false,
        }))
    }

    fn compared(&self) -> &Texts {
        self.compared.get_or_init(|| {
            let mut compared = Texts::default();
            self.names.iter().for_each(|name| compared.push(&as_compared(name)));
            Box::new(compared)
        })
    }

    /// May a record with a known reason be the header once more?
    pub(crate) fn is_like_fault(&self) -> bool {
        self.is_like_fault
    }

    /// May a row with so many cells be one that a line break has torn apart, so that it goes on in the next record? Rule 7.
    pub(crate) fn may_go_on(&self, cells: usize) -> bool {
        self.reason == 0 && self.width >= 3 && (2..self.width).contains(&cells)
    }

    /// Is a record with so many cells this header once more?
    pub(crate) fn is_copy(&self, record: &[u8], cells: usize) -> bool {
        cells == self.width && self.begins(record, true) == Some(true)
    }

    /// Does a cell read as the name of the reason's column?
    pub(crate) fn is_reason_name(&self, cell: &[u8]) -> bool {
        let name = self.compared().get(self.reason);
        name.is_some_and(|name| !cell.is_ascii() || cell.trim_ascii().eq_ignore_ascii_case(name))
    }

    /// Does a text begin with this header? `None` where more is needed to tell.
    pub(crate) fn begins(&self, text: &[u8], last: bool) -> Option<bool> {
        if !self.has_names {
            return Some(false);
        }
        let mut copy = Copy { header: self, cell: Vec::new(), column: 0, verdict: None };
        Scanner::scan(self.shape, text, last, &mut copy);
        copy.verdict.or(last.then_some(false))
    }

    /// Does a line, whatever its quotes, look like a fault: with a known reason and, where there is a column for it,
    /// an email with an `@`?
    pub(crate) fn is_fault(&self, line: &[u8]) -> bool {
        is_fault(line, self.shape.separator, self.reason, self.email)
    }
}

/// Does a line, whatever its quotes, look like a fault?
pub(crate) fn is_fault(line: &[u8], separator: u8, reason: usize, email: Option<usize>) -> bool {
    if email.is_some() && memchr(b'@', line).is_none() {
        return false;
    }
    let (mut is_reason, mut is_email) = (false, email.is_none());
    let last = reason.max(email.unwrap_or(0));
    for (column, cell) in line.split(|&byte| byte == separator).enumerate().take(last + 1) {
        is_reason |= column == reason && Slot::of(cell).is_some();
        is_email |= Some(column) == email && memchr(b'@', cell).is_some();
    }
    is_reason && is_email
}

/// Which names are those of the reason's column and of the email's.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    reason: Wanted,
    email: Wanted,
}

/// One column, as it is looked for.
#[derive(Clone, Debug)]
enum Wanted {
    Known,
    Name(Box<Named>),
    /// By a position, counted from 0.
    Position(usize),
}

/// A column's name.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    /// As it is compared.
    compared: Vec<u8>,
}

impl Wanted {
    fn new(choice: Option<&ColumnChoice>) -> Self {
        match choice {
            None => Wanted::Known,
            Some(ColumnChoice::Name(name)) => {
                Wanted::Name(Box::new(Named { name: name.clone(), compared: as_compared(name.as_bytes()) }))
            }
            Some(ColumnChoice::Position(position)) => Wanted::Position(position.wrapping_sub(1)),
        }
    }

    /// Is it an exact name: the one that has been set, or one that is known?
    fn is(&self, name: &[u8], is_known: bool) -> bool {
        match self {
            Wanted::Name(named) => as_compared(name) == named.compared,
            _ => is_known,
        }
    }

    /// The column, where somebody has named it.
    fn chosen(&self, names: &Texts, width: usize) -> Result<Option<usize>> {
        match self {
            Wanted::Known => Ok(None),
            Wanted::Name(named) => {
                let column = names.iter().position(|name| as_compared(name) == named.compared);
                column.map(Some).ok_or_else(|| Error::no_such_column(&named.name))
            }
            Wanted::Position(column) if *column < width => Ok(Some(*column)),
            Wanted::Position(column) => Err(Error::no_column_at(column.wrapping_add(1), width)),
        }
    }
}

impl Names {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Names { reason: Wanted::new(options.reason_column.as_ref()), email: Wanted::new(options.email_column.as_ref()) }
    }

    /// Where exact names stand among the names of a header.
    pub(crate) fn exact(&self, names: &Texts) -> Exact {
        let mut exact = Exact::default();
        for (column, name) in names.iter().enumerate() {
            let known = KnownColumn::of(name);
            if self.reason.is(name, known == Some(KnownColumn::Reason)) {
                let place = if exact.reason.is_none() { &mut exact.reason } else { &mut exact.second_reason };
                place.get_or_insert(column);
            }
            if self.email.is(name, known == Some(KnownColumn::Email)) {
                let place = if exact.email.is_none() { &mut exact.email } else { &mut exact.second_email };
                place.get_or_insert(column);
            }
        }
        exact
    }

    /// The reason's column, where it has been set by its position.
    pub(crate) fn reason_position(&self) -> Option<usize> {
        match self.reason {
            Wanted::Position(column) => Some(column),
            _ => None,
        }
    }

    /// The reason's column and the email's.
    fn columns(&self, names: &Texts, exact: &Exact, width: usize) -> Result<(usize, Option<usize>)> {
        let loose = |part: &str, but: Option<usize>| {
            let mut names = names.iter().enumerate();
            names.find(|&(column, name)| Some(column) != but && folded(name).contains(part)).map(|(column, _)| column)
        };
        let reason = match self.reason.chosen(names, width)? {
            Some(column) => column,
            None => exact.reason.or_else(|| loose("reason", None)).unwrap_or(0),
        };
        let email = match self.email.chosen(names, width)? {
            Some(column) => Some(column),
            None => exact
                .email
                .or_else(|| loose("email", Some(reason)))
                .or_else(|| (0..width).find(|&column| column != reason)),
        };
        Ok((reason, email))
    }
}

/// Where the exact names of a header stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exact {
    pub(crate) reason: Option<usize>,
    pub(crate) email: Option<usize>,
    second_reason: Option<usize>,
    second_email: Option<usize>,
}

impl Exact {
    /// Are both columns named, by two different names?
    pub(crate) fn is_both(&self) -> bool {
        let is_another = self.email != self.reason || self.second_reason.is_some() || self.second_email.is_some();
        self.reason.is_some() && self.email.is_some() && is_another
    }

    pub(crate) fn is_none(&self) -> bool {
        self.reason.is_none() && self.email.is_none()
    }

    /// Is the second name an email's?
    pub(crate) fn is_email_second(&self) -> bool {
        self.email == Some(1) || self.second_email == Some(1)
    }
}

/// A name's letters and digits, lower-cased.
fn folded(name: &[u8]) -> String {
    if name.is_ascii() {
        let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
        return letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    let text = String::from_utf8_lossy(name);
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A name without byte order marks and white space in front of it, white space behind it, and lower-cased.
pub(crate) fn as_compared(name: &[u8]) -> Vec<u8> {
    if name.is_ascii() {
        // The vertical tab is white space to Unicode, and none to `trim_ascii`.
        let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
        let start = name.iter().position(|byte| !is_space(byte)).unwrap_or(name.len());
        let end = name.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
        return name[start..end].to_ascii_lowercase();
    }
    let text = String::from_utf8_lossy(name);
    let text = text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
    text.trim_end().chars().flat_map(char::to_lowercase).collect::<String>().into_bytes()
}

/// Compares a record with the header, cell by cell.
struct Copy<'h> {
    header: &'h Header,
    cell: Vec<u8>,
    column: usize,
    verdict: Option<bool>,
}

impl<'b> Sink<'b> for Copy<'_> {
    fn text(&mut self, piece: &'b [u8]) {
        self.cell.extend_from_slice(piece);
    }

    fn end_cell(&mut self) -> ControlFlow<()> {
        let is_same = self.header.compared().get(self.column).is_some_and(|name| as_compared(&self.cell) == name);
        self.cell.clear();
        self.column += 1;
        if is_same {
            return ControlFlow::Continue(());
        }
        self.verdict = Some(false);
        ControlFlow::Break(())
    }

    fn end_record(&mut self, record: Record, _: Option<&'b [u8]>) -> ControlFlow<()> {
        // An empty line in front of it would make it another line's record.
        self.verdict = Some(record.start == 0 && self.column == self.header.compared().len());
        ControlFlow::Break(())
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        self.header.is_fault(line)
    }
}

/// The records of a text that are not skipped, as far as they are whole and a closure wants them.
///
/// The columns are only needed to tell a quote that is never closed.
pub(crate) fn each_record(
    text: &[u8],
    last: bool,
    shape: Shape,
    columns: (usize, Option<usize>),
    take: impl FnMut(&Record, Texts) -> ControlFlow<()>,
) {
    Scanner::scan(shape, text, last, &mut Each { text, cells: Texts::default(), shape, columns, take });
}

struct Each<'t, F> {
    text: &'t [u8],
    cells: Texts,
    shape: Shape,
    columns: (usize, Option<usize>),
    take: F,
}

impl<'b, F: FnMut(&Record, Texts) -> ControlFlow<()>> Sink<'b> for Each<'_, F> {
    fn text(&mut self, piece: &'b [u8]) {
        self.cells.extend(piece);
    }

    fn end_cell(&mut self) -> ControlFlow<()> {
        self.cells.end();
        ControlFlow::Continue(())
    }

    fn cells(&mut self, line: &'b [u8], separator: u8) -> ControlFlow<(), usize> {
        self.cells = Texts::of_line(line, separator);
        ControlFlow::Continue(self.cells.len())
    }

    fn end_record(&mut self, record: Record, _: Option<&'b [u8]>) -> ControlFlow<()> {
        let bytes = self.text.get(record.start as usize..record.end as usize).unwrap_or_default();
        let cells = std::mem::take(&mut self.cells);
        match skip(&record, bytes, self.shape.separator) {
            Skip::No => (self.take)(&record, cells),
            _ => ControlFlow::Continue(()),
        }
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        is_fault(line, self.shape.separator, self.columns.0, self.columns.1)
    }
}

/// Is a record none?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skip {
    No,
    /// A line of nothing, as files may have anywhere.
    Silently,
    /// A row whose cells are all blank.
    BlankRow,
}

/// Rule 3: which records are skipped.
pub(crate) fn skip(record: &Record, bytes: &[u8], separator: u8) -> Skip {
    let is_bare = !record.has_quotes && record.cells == 1;
    if record.only_blanks {
        let is_line_of_tabs = separator == b'\t' && record.only_spaces && !record.has_quotes;
        return if is_bare || is_line_of_tabs { Skip::Silently } else { Skip::BlankRow };
    }
    if !bytes.is_empty() && is_marks(bytes) {
        return Skip::Silently;
    }
    Skip::No
}

/// Is a line nothing but byte order marks, spaces and tabs?
pub(crate) fn is_marks(mut line: &[u8]) -> bool {
    loop {
        line = without_marks(line);
        match line {
            [] => return true,
            [b' ' | b'\t', rest @ ..] => line = rest,
            _ => return false,
        }
    }
}
