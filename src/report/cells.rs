//! The cells of one row.
//!
//! # How it works
//!
//! Where every quote of a row is closed, which the reading has found out already, its cells are found as they are asked
//! for, and lent. A row with a quote that is never closed is scanned with care once more; so is one that a line break had
//! torn apart, whose parts are put together again:
//!
//! ```text
//!   Blocker,a@example.com,12 High Street ⏎     the row's bytes: two records
//!   Flat 3,Leeds
//!   [Blocker] [a@example.com] [12 High Street ⏎Flat 3] [Leeds]     its cells: the last of one and the first of the
//!                                                                  next are one, with all that stood between them
//! ```

use std::borrow::Cow;
use std::ops::ControlFlow;

use memchr::memchr;

use crate::anomaly::{Anomaly, AnomalySet};
use crate::read::header::{Header, Skip, skip};
use crate::read::record::{Record, Sink};
use crate::read::scan::Scanner;
use crate::read::word::{WORD, cell_ends};

/// The cells of a row, in order, without their quotes.
#[derive(Clone)]
pub(crate) enum Cells<'r> {
    /// A row whose every quote is closed: what is left of it, `None` behind its last cell, and its separator.
    Sound(Option<&'r [u8]>, u8),
    Careful(std::vec::IntoIter<Cow<'r, [u8]>>),
}

impl<'r> Cells<'r> {
    pub(crate) fn new(row: &'r [u8], header: &Header, anomalies: AnomalySet) -> Self {
        let is_rejoined = anomalies.contains(Anomaly::RejoinedRow);
        if is_rejoined || anomalies.contains(Anomaly::UnclosedQuote) {
            return Cells::Careful(careful(row, header, is_rejoined).into_iter());
        }
        Cells::Sound(Some(row), header.shape.separator)
    }
}

impl<'r> Cells<'r> {
    /// The next cell of a row that was made of an answer: `Some(None)` where it is absent.
    pub(crate) fn next_if_present(&mut self) -> Option<Option<Cow<'r, [u8]>>> {
        let is_absent = matches!(self, Cells::Sound(Some([] | [b',', ..]), _));
        self.next().map(|cell| (!is_absent).then_some(cell))
    }
}

impl<'r> Iterator for Cells<'r> {
    type Item = Cow<'r, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Cells::Careful(cells) => cells.next(),
            Cells::Sound(rest, separator) => {
                let row = (*rest)?;
                if let [b'"', quoted @ ..] = row {
                    let (cell, behind) = quoted_cell(quoted, *separator);
                    *rest = behind;
                    return Some(cell);
                }
                let end = memchr(*separator, row);
                *rest = end.map(|end| &row[end + 1..]);
                Some(Cow::Borrowed(end.map_or(row, |end| &row[..end])))
            }
        }
    }
}

/// Where the quote stands that closes a cell, in a text behind the opening one, and whether others stand doubled before it;
/// the end of the text where there is none.
pub(crate) fn closing_quote(quoted: &[u8]) -> (usize, bool) {
    let (mut close, mut is_doubled) = (0, false);
    loop {
        close += memchr(b'"', &quoted[close..]).unwrap_or(quoted.len() - close);
        if quoted.get(close + 1) != Some(&b'"') {
            return (close, is_doubled);
        }
        is_doubled = true;
        close += 2;
    }
}

/// The cell with which a text behind an opening quote begins, and what stands behind its separator.
fn quoted_cell(quoted: &[u8], separator: u8) -> (Cow<'_, [u8]>, Option<&[u8]>) {
    let (close, is_doubled) = closing_quote(quoted);
    let (content, behind) = (&quoted[..close], quoted.get(close + 1..).unwrap_or_default());
    let end = memchr(separator, behind);
    let tail = end.map_or(behind, |end| &behind[..end]);
    let rest = end.map(|end| &behind[end + 1..]);
    if !is_doubled && tail.is_empty() {
        return (Cow::Borrowed(content), rest);
    }
    let mut cell = Vec::with_capacity(content.len() + tail.len());
    let mut content = content;
    // Every quote in it is the first of two.
    while let Some(quote) = memchr(b'"', content) {
        cell.extend_from_slice(&content[..=quote]);
        content = content.get(quote + 2..).unwrap_or_default();
    }
    cell.extend_from_slice(content);
    cell.extend_from_slice(tail);
    (Cow::Owned(cell), rest)
}

/// The cell of one column, if the row has it.
pub(crate) fn cell<'r>(row: &'r [u8], column: usize, header: &Header, anomalies: AnomalySet) -> Option<Cow<'r, [u8]>> {
    if anomalies.is_empty()
        && !header.is_of_answer
        && let Some(cell) = cell_of_first_word(row, column, header.shape.separator)
    {
        return Some(Cow::Borrowed(cell));
    }
    let mut cells = Cells::new(row, header, anomalies);
    if header.is_of_answer {
        return (0..=column).try_fold(None, |_, _| cells.next_if_present()).flatten();
    }
    cells.nth(column)
}

/// A cell that ends among the first bytes of a row, with no quotes in front of it or around it.
fn cell_of_first_word(row: &[u8], column: usize, separator: u8) -> Option<&[u8]> {
    let word: &[u8; WORD] = row.first_chunk()?;
    let (mut ends, mut start) = (cell_ends(word, separator), 0);
    for _ in 0..column {
        let end = ends.trailing_zeros() as usize;
        if word.get(start) == Some(&b'"') || word.get(end) != Some(&separator) {
            return None;
        }
        ends &= ends - 1;
        start = end + 1;
    }
    let cell = word.get(start..ends.trailing_zeros() as usize).filter(|_| ends != 0)?;
    (cell.first() != Some(&b'"')).then_some(cell)
}

/// The cells of a row that may have quotes, or parts.
fn careful<'r>(row: &'r [u8], header: &Header, is_rejoined: bool) -> Vec<Cow<'r, [u8]>> {
    let mut parts = Parts { row, header, cells: Vec::new(), current: None, end: 0, is_rejoined, part: 0 };
    Scanner::scan(header.shape, row, true, &mut parts);
    parts.cells
}

/// The records of a row, put together.
struct Parts<'r, 'h> {
    row: &'r [u8],
    header: &'h Header,
    cells: Vec<Cow<'r, [u8]>>,
    current: Option<Cow<'r, [u8]>>,
    /// Where the part before ends, without its line end.
    end: usize,
    is_rejoined: bool,
    /// The first cell of the part that is being read.
    part: usize,
}

impl Parts<'_, '_> {
    /// Joins the last cell of the part before and the first one of this, with what stood between.
    fn join(&mut self, start: usize) {
        let first = self.cells.remove(self.part);
        if let Some(last) = self.cells.get_mut(self.part - 1) {
            let last = last.to_mut();
            last.extend_from_slice(&self.row[self.end..start]);
            last.extend_from_slice(&first);
        }
    }
}

impl<'r> Sink<'r> for Parts<'r, '_> {
    fn text(&mut self, piece: &'r [u8]) {
        match &mut self.current {
            Some(cell) => cell.to_mut().extend_from_slice(piece),
            empty => *empty = Some(Cow::Borrowed(piece)),
        }
    }

    fn end_cell(&mut self) -> ControlFlow<()> {
        self.cells.push(self.current.take().unwrap_or_default());
        ControlFlow::Continue(())
    }

    fn end_record(&mut self, record: Record, bytes: Option<&'r [u8]>) -> ControlFlow<()> {
        if self.is_rejoined && skip(&record, bytes.unwrap_or_default(), self.header.shape.separator) != Skip::No {
            self.cells.truncate(self.part);
            return ControlFlow::Continue(());
        }
        if self.part > 0 {
            self.join(record.start as usize);
        }
        self.end = record.end as usize;
        self.part = self.cells.len();
        if self.is_rejoined { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        self.header.is_fault(line)
    }
}

/// Bytes as text: what isn't UTF-8 reads as U+FFFD.
pub(crate) fn text(cell: Cow<'_, [u8]>) -> Cow<'_, str> {
    match cell {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        },
    }
}
