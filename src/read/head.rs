//! Where the header is, and what parts its cells: rule 4, for the beginning of a report.
//!
//! # How it works
//!
//! The beginning is read up to four times, once for each separator, and the four first records are compared:
//!
//! ```text
//!   Reason;email;city⏎     by comma       [Reason;email;city]       folds to "reasonemailcity": no name we know
//!                          by semicolon   [Reason] [email] [city]   an exact name of the reason's column: this one
//! ```
//!
//! Where none of them has a name that is known, a title or comments may stand in front of the header: up to sixteen
//! records are looked at in the same way. Where none of those is a header either, the first record is a fault already,
//! or the header of something else; which of the two the records behind it tell (rule 2).
//!
//! This only looks; [`Reading`](super::Reading) then reads the same bytes once more, with what has been found here.

use std::ops::ControlFlow;
use std::sync::Arc;

use memchr::memchr2;

use super::header::{Exact, Header, Names, Texts, each_record, is_marks};
use super::line::{line_end, lines};
use super::options::{ReadOptions, Separator};
use super::record::{Record, Shape};
use crate::error::{Error, Result};
use crate::reason::Slot;
use crate::reason::key::has_key;

/// How far a header with something in front of it is looked for: so many records, and so many bytes.
const PREAMBLE_RECORDS: usize = 16;
const PREAMBLE_BYTES: usize = 64 * 1024;

/// How far it is looked at all, unless there is a name that is known.
pub(crate) const JUDGED: u64 = 1 << 20;

/// What the beginning of a report says.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) header: Arc<Header>,
    /// How many bytes stand in front of the header, and are skipped.
    pub(crate) preamble: usize,
    /// The line that is the header, where it is a whole line and has no quotes: then it needn't be read once more.
    pub(crate) line: Option<HeaderLine>,
    /// Does the header name the reason's column, so that this is certainly a report?
    pub(crate) names_reason: bool,
    /// Is the header's second name an email's, so that a header alone is an empty report?
    pub(crate) names_email_second: bool,
    /// Has the header more columns than the options allow?
    pub(crate) is_too_wide: bool,
}

/// A header in one line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderLine {
    /// How long it is, with its line end.
    pub(crate) len: usize,
    pub(crate) is_utf8: bool,
}

/// What a look at the beginning has found.
pub(crate) enum Beginning {
    /// More bytes are needed to tell.
    GoesOn,
    Head(Head),
    /// There is no record that could be a header.
    NoRecord,
}

/// The first record, by one separator.
enum First {
    Is(Box<Found>),
    /// It goes on behind the bytes that are there; whether the cells that are there name the reason's column.
    GoesOn(bool),
}

/// A record, and what its names say.
struct Found {
    record: Record,
    cells: Texts,
    shape: Shape,
    exact: Exact,
}

impl Found {
    /// Rule 4d: is it no header, but a fault? Where somebody has said in which column the reason stands, that cell tells,
    /// too. With a known reason and an address, it is one whatever else it holds: a contact's cell may be `email`.
    fn is_fault(&self, names: &Names) -> bool {
        let has_at = |column: usize| self.cells.get(column).is_some_and(|cell| cell.contains(&b'@'));
        let is_known = |column: usize| self.cells.get(column).is_some_and(|cell| Slot::of(cell).is_some());
        let is_known = || is_known(0) || names.reason_position().is_some_and(is_known);
        let has_address = has_at(1) && !has_at(0);
        if self.exact.is_none() { has_address || is_known() } else { has_address && is_known() }
    }
}

/// Looks at a beginning, at which a line starts that holds more than spaces and tabs.
struct Finder<'t> {
    text: &'t [u8],
    /// Does the input end with the text?
    last: bool,
    /// Where the text starts in the input.
    start: u64,
    options: &'t ReadOptions,
    names: &'t Names,
    separators: &'t [Separator],
    /// Does it stand behind a line `sep=X`, so that all in front of the first record is preamble?
    is_behind_line: bool,
}

/// Finds the header of a report.
///
/// `text` starts with a line that holds more than spaces and tabs, at the position `start` of the input, which ends
/// with it only with `last`.
pub(crate) fn find(text: &[u8], last: bool, start: u64, options: &ReadOptions, names: &Names) -> Result<Beginning> {
    let mut finder = Finder { text, last, start, options, names, separators: &Separator::ALL, is_behind_line: false };
    let (mut preamble, mut line) = (0, None);
    if options.separator.is_none() {
        // Empty reports that were joined leave lines of marks.
        let marks = lines_of_marks(text);
        let Some(found) = separator_line(&text[marks..], last) else { return Ok(Beginning::GoesOn) };
        if let Some((separator, len)) = found {
            line = Some(separator);
            preamble = marks + len;
            finder.is_behind_line = true;
            finder.text = &text[preamble..];
            finder.start += preamble as u64;
        }
    }
    if let Some(separator) = options.separator.as_ref().or(line.as_ref()) {
        finder.separators = std::slice::from_ref(separator);
    }
    let mut found = finder.find()?;
    if let Beginning::Head(head) = &mut found {
        head.preamble += preamble;
    }
    Ok(found)
}

/// How many bytes the lines take with which a text begins that are nothing but byte order marks, spaces and tabs.
fn lines_of_marks(text: &[u8]) -> usize {
    let mut start = 0;
    // As a rule, the first byte tells that there are none.
    let may_be_marks = |start: usize| matches!(text.get(start), Some(b'\n' | b'\r' | b' ' | b'\t' | 0xef));
    while may_be_marks(start)
        && let Some(len) = memchr2(b'\n', b'\r', &text[start..])
        && is_marks(&text[start..start + len])
    {
        start += len + line_end(&text[start + len..]);
    }
    start
}

/// A first line `sep=X`, and its length with its line end. The outer `None`: more is needed to tell.
fn separator_line(text: &[u8], last: bool) -> Option<Option<(Separator, usize)>> {
    const LONGEST: usize = "\"sep=;\"".len();

    let len = text.iter().take(LONGEST + 1).position(|byte| matches!(byte, b'\n' | b'\r'));
    let line = match len {
        Some(len) => &text[..len],
        None if text.len() > LONGEST => return Some(None),
        None if last => text,
        // What begins otherwise needn't be waited for.
        None if !text.is_empty() && !matches!(text.first(), Some(b's' | b'S' | b'"' | 0xef | b' ' | b'\t')) => {
            return Some(None);
        }
        None => return None,
    };
    let inner = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let separator = match inner {
        [s @ .., byte] if s.eq_ignore_ascii_case(b"sep=") => Separator::of_byte(*byte),
        _ => None,
    };
    let end = text.get(line.len()..).unwrap_or_default();
    if !last && end == b"\r" {
        return None;
    }
    Some(separator.map(|separator| (separator, line.len() + line_end(end))))
}

impl Finder<'_> {
    fn find(&self) -> Result<Beginning> {
        let Some(first) = self.choose() else { return Ok(Beginning::GoesOn) };
        let First::Is(mut first) = first else { return Ok(Beginning::NoRecord) };
        if !first.exact.is_none() || first.is_fault(self.names) || are_numbers(&first.cells) {
            return self.head(&mut first, 0);
        }
        match self.behind_preamble() {
            None => Ok(Beginning::GoesOn),
            Some(Some(mut found)) => {
                let preamble = found.record.start as usize;
                self.head(&mut found, preamble)
            }
            Some(None) => self.head(&mut first, 0),
        }
    }

    fn shape(&self, separator: Separator) -> Shape {
        Shape {
            separator: separator.byte(),
            largest_field: self.options.largest_field,
            largest_row: self.options.largest_row,
        }
    }

    fn found(&self, record: &Record, cells: Texts, shape: Shape) -> Found {
        let exact = self.names.exact(&cells);
        Found { record: *record, cells, shape, exact }
    }

    /// The first record by a separator.
    fn first(&self, separator: Separator) -> First {
        let shape = self.shape(separator);
        let mut first = None;
        each_record(self.text, self.last, shape, (0, Some(1)), |record, cells| {
            first = Some(Box::new(self.found(record, cells, shape)));
            ControlFlow::Break(())
        });
        match first {
            Some(first) => First::Is(first),
            // As if it ended here, to learn what it names so far.
            None if !self.last && self.text.len() as u64 + self.start >= JUDGED => {
                let mut names_reason = false;
                each_record(self.text, true, shape, (0, Some(1)), |record, cells| {
                    names_reason = self.found(record, cells, shape).exact.reason.is_some();
                    ControlFlow::Break(())
                });
                First::GoesOn(names_reason)
            }
            None => First::GoesOn(true),
        }
    }

    /// Rule 4b: the first record, by the separator by which it names the most. `None`: more is needed to tell.
    fn choose(&self) -> Option<First> {
        let mut firsts = Vec::new();
        for &separator in self.separators {
            match self.first(separator) {
                First::Is(first) if first.exact.reason.is_some() => return Some(First::Is(first)),
                First::GoesOn(true) if !self.last => return None,
                first => firsts.push(first),
            }
        }
        let has_email =
            |first: &First| matches!(first, First::Is(first) if first.exact.email.is_some() && first.record.cells >= 2);
        let chosen = firsts.iter().position(has_email).unwrap_or(0);
        firsts.into_iter().nth(chosen)
    }

    /// Rule 4c: the header behind a title, comments and the like. The outer `None`: more is needed to tell.
    fn behind_preamble(&self) -> Option<Option<Found>> {
        let within = usize::try_from((PREAMBLE_BYTES as u64).saturating_sub(self.start)).unwrap_or(0);
        let (text, last) = match self.text.get(..within) {
            // The byte behind it tells whether a CR at its end ends a line.
            Some(text) if self.text.len() > within => (text, self.text[within] != b'\n' || !text.ends_with(b"\r")),
            Some(text) => (text, self.last),
            None => (self.text, self.last),
        };
        let is_all = self.last || self.text.len() > within;
        let mut records: Vec<Vec<Found>> = Vec::new();
        for &separator in self.separators {
            let (shape, mut found) = (self.shape(separator), Vec::new());
            each_record(text, last, shape, (0, Some(1)), |record, cells| {
                // What is cut off at the bound doesn't end within it.
                let is_cut = record.next == record.end && self.text.len() > text.len();
                if !is_cut {
                    found.push(self.found(record, cells, shape));
                }
                if found.len() == PREAMBLE_RECORDS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if found.len() < PREAMBLE_RECORDS && !is_all {
                return None;
            }
            records.push(found);
        }
        self.first_header(records)
    }

    /// The first of the records that names both columns, unless a fault stands in front of it. The outer `None`: more is
    /// needed to tell.
    fn first_header(&self, mut records: Vec<Vec<Found>>) -> Option<Option<Found>> {
        let places = (0..PREAMBLE_RECORDS).flat_map(|place| (0..records.len()).map(move |by| (by, place)));
        let is_header = |found: &Found| found.exact.is_both() && !found.is_fault(self.names);
        let is_at =
            |&(by, place): &(usize, usize)| records.get(by).and_then(|found| found.get(place)).is_some_and(is_header);
        let Some((by, place)) = places.into_iter().find(is_at) else { return Some(None) };
        let header = records.swap_remove(by).swap_remove(place);
        for &separator in self.separators {
            if self.has_fault_before(header.record.start, separator)? {
                return Some(None);
            }
        }
        Some(Some(header))
    }

    /// Is a record that starts before that place of the text a fault, by a separator? All of them count: by another
    /// separator there may be many more than were looked at as headers. `None`: more is needed to tell.
    fn has_fault_before(&self, start: u64, separator: Separator) -> Option<bool> {
        let shape = self.shape(separator);
        let mut has_fault = self.last.then_some(false);
        each_record(self.text, self.last, shape, (0, Some(1)), |record, cells| {
            let is_before = record.start < start;
            let is_fault = is_before && self.found(record, cells, shape).is_fault(self.names);
            if is_before && !is_fault {
                return ControlFlow::Continue(());
            }
            has_fault = Some(is_fault);
            ControlFlow::Break(())
        });
        has_fault
    }

    fn head(&self, found: &mut Found, preamble: usize) -> Result<Beginning> {
        let preamble = if self.is_behind_line { found.record.start as usize } else { preamble };
        let is_header = !found.is_fault(self.names);
        let line = self.line(&found.record).filter(|_| is_header && found.record.start as usize == preamble);
        let Found { shape, exact, .. } = *found;
        let cells = std::mem::take(&mut found.cells);
        let len = (found.record.end - found.record.start) as usize;
        if is_header && len > self.options.largest_row {
            return Err(Error::row_too_large(self.options.largest_row));
        }
        if is_header && is_own_output(&cells) {
            return Err(Error::own_output());
        }
        let names_email_second = is_header && exact.is_email_second() && cells.get(1).is_some_and(is_trimmed);
        let is_too_wide = cells.len() > self.options.most_columns;
        let header = if is_header {
            Header::new(cells, &exact, shape, self.names)?
        } else {
            Header::none(cells.len(), shape, self.names)?
        };
        let names_reason = is_header && exact.reason.is_some() || self.names.reason_position().is_some();
        Ok(Beginning::Head(Head { header, preamble, line, names_reason, names_email_second, is_too_wide }))
    }

    /// A record that is one line without quotes.
    fn line(&self, record: &Record) -> Option<HeaderLine> {
        let is_whole = record.next > record.end && !record.has_quotes && !record.unclosed_quote;
        let bytes = self.text.get(record.start as usize..record.end as usize).filter(|_| is_whole)?;
        let is_utf8 = bytes.is_ascii() || simdutf8::basic::from_utf8(bytes).is_ok();
        Some(HeaderLine { len: (record.next - record.start) as usize, is_utf8 })
    }
}

/// Has a name no white space around it?
fn is_trimmed(name: &[u8]) -> bool {
    let is_bare = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if is_bare(name.first()) && is_bare(name.last()) {
        return true;
    }
    let text = String::from_utf8_lossy(name);
    text.trim() == text
}

/// Is it the header of a summary, or of trends, that this crate has written?
fn is_own_output(names: &Texts) -> bool {
    const OWN: [&[&[u8]]; 2] =
        [&[b"count", b"share", b"reason"], &[b"endedwithoutreport", b"imports", b"faults", b"reason"]];

    let has = |own: &[u8]| names.iter().any(|name| has_key(name, own));
    // The one that hardly a report has tells, as a rule.
    has(b"remedy") && OWN.iter().any(|own| own.iter().all(|name| has(name)))
}

/// Are these the numbers that are written where a report has no names? No title is like that, and below it there are faults.
fn are_numbers(names: &Texts) -> bool {
    names.iter().zip(1..).all(|(name, number)| *name == *format!("column_{number}").as_bytes())
}

/// On which lines something stands in front of the header.
pub(crate) fn preamble_lines(preamble: &[u8], first_line: u64) -> impl Iterator<Item = u64> {
    let lines = lines(preamble).zip(first_line..);
    lines.filter(|(line, _)| !is_marks(line)).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separator_lines() {
        use Separator::{Comma, Pipe, Semicolon};
        for (text, last, expected) in [
            (&b"sep=;\nx"[..], false, Some(Some((Semicolon, 6)))),
            (b"SEP=,\r\nx", false, Some(Some((Comma, 7)))),
            (b"\"sep=|\"\nx", false, Some(Some((Pipe, 8)))),
            (b"\"sep=|\"\r\n", false, Some(Some((Pipe, 9)))),
            (b"sep=;\rx", false, Some(Some((Semicolon, 6)))),
            // Whether an LF follows is still to be seen.
            (b"sep=;\r", false, None),
            (b"sep=;\r", true, Some(Some((Semicolon, 6)))),
            (b"sep=;", false, None),
            (b"sep=;", true, Some(Some((Semicolon, 5)))),
            (b"\"sep=;\"", false, None),
            (b"\"sep=;\"", true, Some(Some((Semicolon, 7)))),
            // What may become one is waited for, and nothing else.
            (b"", false, None),
            (b"", true, Some(None)),
            (b"s", false, None),
            (b"Se", false, None),
            (b"\"", false, None),
            (b"\xef", false, None),
            (b" ", false, None),
            (b"\t", false, None),
            (b"R", false, Some(None)),
            (b"x,y", false, Some(None)),
            (b"sep=;,x", false, None),
            (b"sep=;,xy", false, Some(None)),
            (b"\"sep=;\"x", false, Some(None)),
            (b"sep=x\n", false, Some(None)),
            (b"sep=;;\n", false, Some(None)),
            (b"sap=;\n", false, Some(None)),
            (b"\n", false, Some(None)),
        ] {
            assert_eq!(separator_line(text, last), expected, "{} {last}", text.escape_ascii());
        }
    }

    #[test]
    fn lines_of_marks_in_front() {
        for (text, expected) in [
            (&b""[..], 0),
            (b"x\n", 0),
            (b" ", 0),
            (b"\xef\xbb\xbf", 0),
            (b"\n\nx", 2),
            (b" \t\r\nx", 4),
            (b"\xef\xbb\xbf\r\n \xef\xbb\xbf\n\rx\n", 11),
            (b"\xef\xbb\xbfx\n", 0),
        ] {
            assert_eq!(lines_of_marks(text), expected, "{}", text.escape_ascii());
        }
    }
}
