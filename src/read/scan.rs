//! Where records and cells begin and end.
//!
//! # How it works
//!
//! RFC 4180 as real reports need it: LF, CR or CRLF end a record, and a quote that has no sound end is an ordinary
//! character. The scanner walks over a *buffer*, a part of the input that begins at the position `base`, and tells a
//! [`Sink`] what it finds. It stops where more bytes are needed to go on, and then says from where on it still needs
//! the buffer:
//!
//! ```text
//!            base                                                      base + buffer.len()
//!             │                                                              │
//!   … dropped │ Blocker,a@x,1⏎ Duplicate,b@x,"The Old⏎ House            more to come …
//!                              │             │                │
//!                              record.start  quoted.open      at
//! ```
//!
//! A cell without quotes is told in pieces, as it comes. A cell with quotes is told once its end has been seen: only
//! then is it known that the quote that opens it is one. All of the record is kept in the buffer until it ends, so that
//! whoever takes it can look at its bytes, unless it is longer than the largest row that the options allow.
//!
//! A record without quotes whose line end is at hand is told at once. For any other there is a method a state:
//!
//! ```text
//!   Record ──► Cell ──► Bare ──► (separator) Cell, (line end) Record
//!                └────► Quoted ◄─► Quote ──► Bare
//! ```
//!
//! An opening quote turns out to have no sound end in `Quoted` or `Quote`: the scanner goes back to it, and reads on
//! from there in `Bare`.

use std::ops::ControlFlow;

use memchr::{memchr, memchr3};

use super::line::{line_end, without_marks};
use super::record::{Record, Shape, Sink};
use crate::format::BOM;

/// How much longer a record must have become before it is looked at once more.
const STEP: usize = 64 * 1024;

/// Finds records and cells.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    shape: Shape,
    state: State,
    /// The position in the input of the first byte of the buffer.
    base: u64,
    /// How far the scanner has come in the buffer.
    at: usize,
    /// The physical line at which the scanner stands.
    line: u64,
    record: Record,
    quoted: Quoted,
    /// How long a text behind a byte order mark must be to be looked at once more.
    look_again: usize,
    /// How many bytes of byte order marks are known to stand where the next record begins.
    marks: usize,
    /// Did the input end in the middle of a record?
    ended_in_record: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before a record.
    Record,
    /// Before a cell.
    Cell,
    /// In a cell without quotes, or behind the closing quote of one.
    Bare,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: the closing one, or the first of two.
    Quote,
}

/// A quoted cell whose end hasn't been seen. Positions are those of the buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Quoted {
    open: usize,
    /// The physical line of the opening quote.
    line: u64,
    /// How many bytes it holds so far, a doubled quote counting as one.
    len: usize,
    /// Where the last line inside it starts, if it holds a line break.
    last_line: Option<usize>,
}

/// Why a state is left for the time being.
enum Halt {
    /// More bytes are needed.
    More,
    /// The sink has had enough.
    Enough,
}

type Step = ControlFlow<Halt>;

const GO_ON: Step = ControlFlow::Continue(());
const MORE: Step = ControlFlow::Break(Halt::More);

impl Scanner {
    /// Scans from a position of the input on, at which a line starts.
    pub(crate) fn new(shape: Shape, base: u64, at: usize, line: u64) -> Self {
        Scanner {
            shape,
            state: State::Record,
            base,
            at,
            line,
            record: Record {
                start: 0,
                end: 0,
                next: 0,
                line: 1,
                cells: 0,
                unclosed_quote: false,
                is_marked_header: false,
                has_quotes: false,
                only_spaces: true,
                only_blanks: true,
            },
            quoted: Quoted::default(),
            look_again: 0,
            marks: 0,
            ended_in_record: false,
        }
    }

    /// Scans `bytes`, which are the whole input only with `last`, as far as they can be understood.
    pub(crate) fn scan<'b>(shape: Shape, bytes: &'b [u8], last: bool, sink: &mut impl Sink<'b>) {
        let _ = Scanner::new(shape, 0, 0, 1).pass(bytes, last, sink);
    }

    /// Scans on in `buffer`, and tells how many bytes at its beginning are no longer needed. With `last`, the input
    /// ends where it does.
    pub(crate) fn pass<'b>(
        &mut self,
        buffer: &'b [u8],
        last: bool,
        sink: &mut impl Sink<'b>,
    ) -> ControlFlow<(), usize> {
        loop {
            let step = match self.state {
                State::Record => self.record(buffer, last, sink),
                State::Cell => self.cell(buffer, last),
                State::Bare => self.bare(buffer, last, sink),
                State::Quoted => self.quoted(buffer, last, sink),
                State::Quote => self.quote(buffer, last, sink),
            };
            match step {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(Halt::More) => return ControlFlow::Continue(self.needed_from()),
                ControlFlow::Break(Halt::Enough) => return ControlFlow::Break(()),
            }
        }
    }

    /// The buffer now begins so many bytes later.
    pub(crate) fn drop_front(&mut self, bytes: usize) {
        self.base += bytes as u64;
        self.at -= bytes;
        self.quoted.open = self.quoted.open.wrapping_sub(bytes);
        self.quoted.last_line = self.quoted.last_line.map(|line| line.wrapping_sub(bytes));
    }

    /// Where the scanner stands in the input.
    pub(crate) fn position(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The record that has begun, if it has.
    pub(crate) fn open_record(&self) -> Option<&Record> {
        (self.state != State::Record).then_some(&self.record)
    }

    /// Is the record that has begun too long to be kept?
    pub(crate) fn is_in_long_record(&self) -> bool {
        self.state != State::Record && self.base + self.needed_from() as u64 > self.record.start
    }

    /// Did the input end in the middle of a record, without a line end?
    pub(crate) fn ended_in_record(&self) -> bool {
        self.ended_in_record
    }

    /// From where on the buffer is still needed.
    fn needed_from(&self) -> usize {
        let inside = match self.state {
            State::Quoted | State::Quote => self.quoted.open,
            _ => self.at,
        };
        match self.state {
            State::Record => self.at,
            _ if self.len_at(inside) > self.shape.largest_row => inside,
            _ => self.record.start.checked_sub(self.base).map_or(inside, |start| start as usize),
        }
    }

    /// How long the record is if it ends at that place of the buffer.
    fn len_at(&self, at: usize) -> usize {
        (self.base + at as u64 - self.record.start) as usize
    }

    /// Before a record: runs of plain ones are taken at once, empty lines are passed over.
    fn record<'b>(&mut self, buffer: &'b [u8], last: bool, sink: &mut impl Sink<'b>) -> Step {
        let ahead = &buffer[self.at..];
        let run = match sink.take_plain_records(ahead, self.position(), self.line) {
            ControlFlow::Continue(run) => run,
            ControlFlow::Break(()) => return ControlFlow::Break(Halt::Enough),
        };
        self.at += run.bytes;
        self.line += run.lines;
        let ahead = &buffer[self.at..];
        match ahead {
            [] => return MORE,
            [b'\r'] if !last => return MORE,
            [b'\n' | b'\r', ..] => {
                self.at += line_end(ahead);
                self.line += 1;
                return GO_ON;
            }
            _ => {}
        }
        let marks = self.marks_before_header(ahead, last, sink)?;
        let start = self.position();
        self.record = Record {
            start,
            end: start,
            next: start,
            line: self.line,
            cells: 0,
            unclosed_quote: false,
            is_marked_header: marks > 0,
            has_quotes: false,
            only_spaces: true,
            only_blanks: true,
        };
        self.at += marks;
        self.state = State::Cell;
        self.line_without_quotes(buffer, last, sink)
    }

    /// Takes the whole record, where it is a line without quotes whose end is at hand.
    fn line_without_quotes<'b>(&mut self, buffer: &'b [u8], last: bool, sink: &mut impl Sink<'b>) -> Step {
        let ahead = &buffer[self.at..];
        let Some(len) = memchr3(b'\n', b'\r', b'"', ahead) else { return GO_ON };
        let (line, end) = ahead.split_at(len);
        if end.first() == Some(&b'"') || end == b"\r" && !last {
            return GO_ON;
        }
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0 | 0x1a) || *byte == self.shape.separator;
        if line.first().is_none_or(is_blank) {
            // It may be blank: each of its cells tells.
            return GO_ON;
        }
        self.record.only_blanks = false;
        self.record.only_spaces = false;
        self.at += len;
        match sink.cells(line, self.shape.separator) {
            ControlFlow::Continue(cells) => self.record.cells = cells,
            ControlFlow::Break(()) => return ControlFlow::Break(Halt::Enough),
        }
        self.tell_record(buffer, line_end(end), sink)
    }

    /// How many bytes of byte order marks stand here in front of the header that has come again.
    fn marks_before_header<'b>(&mut self, ahead: &[u8], last: bool, sink: &impl Sink<'b>) -> ControlFlow<Halt, usize> {
        if ahead.first() != BOM.first() {
            return ControlFlow::Continue(0);
        }
        // Those that were here before the last pieces came need no second look.
        let seen = std::mem::take(&mut self.marks).min(ahead.len());
        let text = without_marks(&ahead[seen..]);
        let marks = ahead.len() - text.len();
        if !last && BOM.starts_with(text) && ahead.len() <= self.shape.largest_row {
            self.marks = marks;
            return ControlFlow::Break(Halt::More);
        }
        if marks == 0 {
            return ControlFlow::Continue(0);
        }
        let is_long = ahead.len() > self.shape.largest_row;
        let looks = last || is_long || text.len() >= self.look_again;
        let found = if looks { sink.begins_with_header(text, last || is_long) } else { None };
        let Some(found) = found else {
            if looks {
                // Not at each byte, so that tiny pieces cost little more than large ones.
                self.look_again = text.len() + text.len().clamp(1, STEP);
            }
            self.marks = marks;
            return ControlFlow::Break(Halt::More);
        };
        self.look_again = 0;
        ControlFlow::Continue(if found { marks } else { 0 })
    }

    /// Before a cell: does it begin with a quote?
    fn cell(&mut self, buffer: &[u8], last: bool) -> Step {
        match buffer.get(self.at) {
            Some(b'"') => {
                self.state = State::Quoted;
                self.quoted = Quoted { open: self.at, line: self.line, len: 0, last_line: None };
                self.at += 1;
            }
            None if !last => return MORE,
            _ => self.state = State::Bare,
        }
        GO_ON
    }

    /// In a cell without quotes, up to a separator or a line end.
    fn bare<'b>(&mut self, buffer: &'b [u8], last: bool, sink: &mut impl Sink<'b>) -> Step {
        let rest = &buffer[self.at..];
        let len = memchr3(self.shape.separator, b'\n', b'\r', rest).unwrap_or(rest.len());
        if len > 0 {
            self.take_text(&rest[..len], sink);
            self.at += len;
        }
        match &rest[len..] {
            [] if !last => MORE,
            [b'\r'] if !last => MORE,
            [byte, ..] if *byte == self.shape.separator => {
                self.record.cells += 1;
                self.at += 1;
                self.state = State::Cell;
                taken(sink.end_cell())
            }
            end => self.end_record(buffer, line_end(end), sink),
        }
    }

    fn take_text<'b>(&mut self, piece: &'b [u8], sink: &mut impl Sink<'b>) {
        if self.record.only_blanks {
            self.record.only_blanks = piece.iter().all(|byte| matches!(byte, b' ' | b'\t' | 0 | 0x1a));
            self.record.only_spaces &= piece.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        }
        sink.text(piece);
    }

    fn end_record<'b>(&mut self, buffer: &'b [u8], line_end: usize, sink: &mut impl Sink<'b>) -> Step {
        self.record.cells += 1;
        taken(sink.end_cell())?;
        self.tell_record(buffer, line_end, sink)
    }

    /// Tells the record that ends here.
    fn tell_record<'b>(&mut self, buffer: &'b [u8], line_end: usize, sink: &mut impl Sink<'b>) -> Step {
        let (len, end) = (self.len_at(self.at), self.at);
        self.ended_in_record |= line_end == 0;
        self.record.end = self.position();
        self.at += line_end;
        self.record.next = self.position();
        self.line += 1;
        self.state = State::Record;
        let start = end.checked_sub(len).filter(|_| len <= self.shape.largest_row);
        let bytes = start.and_then(|start| buffer.get(start..end));
        taken(sink.end_record(self.record, bytes))
    }

    /// Inside quotes, up to the next quote or line end.
    fn quoted<'b>(&mut self, buffer: &'b [u8], last: bool, sink: &mut impl Sink<'b>) -> Step {
        let rest = &buffer[self.at..];
        let len = memchr3(b'"', b'\n', b'\r', rest).unwrap_or(rest.len());
        self.quoted.len += len;
        self.at += len;
        match &rest[len..] {
            [] => {}
            [b'"', ..] => {
                self.at += 1;
                self.state = State::Quote;
            }
            end => {
                if end == b"\r" && !last {
                    return MORE;
                }
                if self.holds_fault(buffer, self.at, sink) {
                    return self.unclose();
                }
                let len = line_end(end);
                self.line += 1;
                self.at += len;
                self.quoted.len += len;
                self.quoted.last_line = Some(self.at);
            }
        }
        let is_at_end = self.at == buffer.len() && self.state == State::Quoted;
        if self.quoted.len > self.shape.largest_field {
            return self.unclose();
        }
        if is_at_end && last {
            self.ended_in_record = true;
            return self.unclose();
        }
        if is_at_end { MORE } else { GO_ON }
    }

    /// Behind a quote inside quotes.
    fn quote<'b>(&mut self, buffer: &'b [u8], last: bool, sink: &mut impl Sink<'b>) -> Step {
        match buffer.get(self.at) {
            Some(b'"') => {
                self.state = State::Quoted;
                self.quoted.len += 1;
                self.at += 1;
                if self.quoted.len > self.shape.largest_field {
                    return self.unclose();
                }
                return GO_ON;
            }
            None if !last => return MORE,
            _ => {}
        }
        let close = self.at - 1;
        let is_sound = match buffer.get(self.at) {
            None | Some(b'\n' | b'\r') => true,
            Some(&byte) => byte == self.shape.separator,
        };
        if self.quoted.last_line.is_some() && !is_sound || self.holds_fault(buffer, close, sink) {
            return self.unclose();
        }
        self.state = State::Bare;
        self.record.has_quotes = true;
        let mut content = &buffer[self.quoted.open + 1..close];
        // Every quote in it is the first of two.
        while let Some(quote) = memchr(b'"', content) {
            self.take_text(&content[..=quote], sink);
            content = &content[quote + 2..];
        }
        if !content.is_empty() {
            self.take_text(content, sink);
        }
        GO_ON
    }

    /// Does the last line inside the quotes, which ends at `end`, look like a fault of its own?
    fn holds_fault<'b>(&self, buffer: &[u8], end: usize, sink: &impl Sink<'b>) -> bool {
        self.quoted.last_line.is_some_and(|start| sink.is_fault(&buffer[start..end]))
    }

    /// Takes the opening quote for an ordinary character, and goes back to it.
    fn unclose(&mut self) -> Step {
        self.state = State::Bare;
        self.line = self.quoted.line;
        self.record.unclosed_quote = true;
        self.at = self.quoted.open;
        GO_ON
    }
}

fn taken(flow: ControlFlow<()>) -> Step {
    match flow {
        ControlFlow::Continue(()) => GO_ON,
        ControlFlow::Break(()) => ControlFlow::Break(Halt::Enough),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Sink<'_> for Nothing {
        fn text(&mut self, _: &[u8]) {}

        fn end_cell(&mut self) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn end_record(&mut self, _: Record, _: Option<&[u8]>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }

        fn is_fault(&self, _: &[u8]) -> bool {
            false
        }
    }

    /// A record is needed until it has ended, and no longer; of one that is too long, only the quotes that are open.
    #[test]
    fn what_is_needed_of_the_buffer() {
        for (text, needed_from) in [
            ("a,b\nc,d\n", 8),
            ("a,b\nc,\"d\"\n", 10),
            ("a,b\nc,d", 4),
            ("a,b\nc,\"d", 4),
            ("a,b\nccccccccc,d", 15),
            ("a,b\nccccccccc,\"d", 14),
        ] {
            let shape = Shape { separator: b',', largest_field: 100, largest_row: 8 };
            let needed = Scanner::new(shape, 0, 0, 1).pass(text.as_bytes(), false, &mut Nothing);
            assert_eq!(needed, ControlFlow::Continue(needed_from), "{text:?}");
        }
    }
}
