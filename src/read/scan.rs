//! Where records and fields begin and end.
//!
//! RFC 4180 as real reports need it: LF, CR or CRLF end a record, lines of nothing but spaces and tabs are none, a
//! quote inside an unquoted field is an ordinary character, and so is one that opens a field and has no sound end.
//! Bytes are pushed in, in pieces of any size, and the same events come out whatever the pieces were. Nothing is
//! held back but a quoted field whose end hasn't been seen, which the largest field allowed bounds, and a record
//! that begins with a byte order mark, until it differs from the header.

use std::ops::ControlFlow;

use memchr::{memchr, memchr3};

use crate::read::plain::Run;

/// The UTF-8 byte order mark.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// How much is added at a time to bytes that were held back.
const STEP: usize = 64 * 1024;

/// What is told of a record once it has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Where it starts, in bytes from the start of the input.
    pub(crate) start: u64,
    /// Where it ends; its line end is not part of it.
    pub(crate) end: u64,
    /// The physical line on which it starts, counted from 1.
    pub(crate) line: u64,
    pub(crate) fields: usize,
    /// Has it a field whose opening quote is never closed?
    pub(crate) unclosed_quote: bool,
}

/// Takes what the scanner finds. `Break` stops it for good.
pub(crate) trait Sink<'b> {
    /// A piece of the field being read, without its quotes. A field comes in any number of pieces.
    fn text(&mut self, piece: &'b [u8]) -> ControlFlow<()>;

    fn end_field(&mut self) -> ControlFlow<()>;

    fn end_record(&mut self, record: Record) -> ControlFlow<()>;

    /// The line was blank after all: what was told of the record being read is void.
    fn blank_line(&mut self);

    /// Does a line that stands inside quotes look like a fault of its own?
    fn is_fault(&self, line: &[u8]) -> bool;

    /// Takes some of the records with which `bytes` begin at once, and tells how far they go: up to a line end's LF
    /// and beyond it.
    fn take_plain_records(&mut self, _bytes: &[u8], _start: u64, _line: u64) -> Run {
        Run::default()
    }

    /// Does `text` begin with a record equal to the header? `None` where more is needed to tell, which it never is
    /// with `last`: the input ends there then.
    fn begins_with_header(&self, _text: &[u8], _last: bool, _largest_field: usize) -> Option<bool> {
        Some(false)
    }
}

/// Finds records and fields in bytes that are pushed into it.
#[derive(Debug)]
pub(crate) struct Scanner {
    largest_field: usize,
    state: State,
    /// The position in the input of the first byte of the buffer that is being scanned.
    base: u64,
    /// The physical line at which the scanner stands.
    line: u64,
    /// Was the last byte a CR, so that an LF still belongs to it?
    after_cr: bool,
    record: Record,
    /// Has the record been nothing but spaces and tabs so far?
    blank: bool,
    quoted: Quoted,
    /// Bytes held back, from `held_from` on, and how far into them the scanner has come.
    held: Vec<u8>,
    held_from: usize,
    resume: usize,
    /// How long a text behind a byte order mark must be to be looked at once more.
    look_again: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before a record.
    Record,
    /// Before a field.
    Field,
    /// In a field without quotes, or behind the closing quote of one.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: the closing one, or the first of two.
    Quote,
}

/// A quoted field whose end hasn't been seen. Positions are those of the buffer.
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

impl Scanner {
    pub(crate) fn new(largest_field: usize) -> Self {
        Scanner {
            largest_field,
            state: State::Record,
            base: 0,
            line: 1,
            after_cr: false,
            record: Record { start: 0, end: 0, line: 1, fields: 0, unclosed_quote: false },
            blank: true,
            quoted: Quoted::default(),
            held: Vec::new(),
            held_from: 0,
            resume: 0,
            look_again: 0,
        }
    }

    /// Leaves out the first bytes of the input.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.base += bytes;
    }

    /// Scans all of `bytes`, which are the whole input.
    pub(crate) fn scan<'b>(self, bytes: &'b [u8], sink: &mut impl Sink<'b>) {
        self.scan_beginning(bytes, true, sink);
    }

    /// Scans `bytes`, which are the whole input only with `last`, as far as they can be understood.
    pub(crate) fn scan_beginning<'b>(mut self, bytes: &'b [u8], last: bool, sink: &mut impl Sink<'b>) {
        let _ = self.pass(bytes, 0, last, sink);
    }

    /// Scans the next bytes of the input.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], sink: &mut impl for<'b> Sink<'b>) -> ControlFlow<()> {
        while !bytes.is_empty() {
            if self.held.is_empty() {
                let hold = self.pass(bytes, 0, false, sink)?;
                self.held.extend_from_slice(&bytes[hold..]);
                return ControlFlow::Continue(());
            }
            let (step, rest) = bytes.split_at(bytes.len().min(STEP));
            bytes = rest;
            self.held.extend_from_slice(step);
            self.pass_held(false, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self, sink: &mut impl for<'b> Sink<'b>) -> ControlFlow<()> {
        self.pass_held(true, sink)
    }

    /// Has a record begun whose line end hasn't been seen? Asked before the end, it is told of all that was fed.
    pub(crate) fn is_in_record(&mut self, sink: &mut impl for<'b> Sink<'b>) -> bool {
        if self.look_again > 0 {
            self.look_again = 0;
            if self.pass_held(false, sink).is_break() {
                return false;
            }
        }
        self.state != State::Record
    }

    fn pass_held(&mut self, last: bool, sink: &mut impl for<'b> Sink<'b>) -> ControlFlow<()> {
        let mut held = std::mem::take(&mut self.held);
        self.held_from += self.pass(&held[self.held_from..], self.resume, last, sink)?;
        // Moved to the front only when that frees half of it, so that tiny pieces cost no more than large ones.
        if self.held_from * 2 >= held.len() {
            held.drain(..self.held_from);
            self.held_from = 0;
        }
        self.held = held;
        ControlFlow::Continue(())
    }

    /// Scans `buffer` from `at`, and returns from where on it must be held back. With `last`, the input ends there.
    fn pass<'b>(
        &mut self,
        buffer: &'b [u8],
        mut at: usize,
        last: bool,
        sink: &mut impl Sink<'b>,
    ) -> ControlFlow<(), usize> {
        let hold = loop {
            match self.state {
                State::Record => {
                    let run = sink.take_plain_records(&buffer[at..], self.base + at as u64, self.line);
                    if run.bytes > 0 {
                        at += run.bytes;
                        self.line += run.lines;
                        self.after_cr = false;
                    }
                    match self.begin_record(buffer, at, last, sink) {
                        Begin::At(next) => at = next,
                        Begin::Held(next) => {
                            at = next;
                            break at;
                        }
                    }
                }
                State::Field => match buffer.get(at) {
                    Some(b'"') => {
                        self.state = State::Quoted;
                        self.blank = false;
                        self.quoted = Quoted { open: at, line: self.line, len: 0, last_line: None };
                        at += 1;
                    }
                    None if !last => break at,
                    _ => self.state = State::Plain,
                },
                State::Plain => {
                    let rest = &buffer[at..];
                    let len = memchr3(b',', b'\n', b'\r', rest).unwrap_or(rest.len());
                    if len > 0 {
                        let piece = &rest[..len];
                        self.blank = self.blank && piece.iter().all(|&byte| byte == b' ' || byte == b'\t');
                        sink.text(piece)?;
                        at += len;
                    }
                    match buffer.get(at) {
                        Some(b',') => {
                            self.record.fields += 1;
                            self.blank = false;
                            self.state = State::Field;
                            sink.end_field()?;
                            at += 1;
                        }
                        Some(&end) => {
                            self.end_record(at, sink)?;
                            self.line += 1;
                            self.after_cr = end == b'\r';
                            at += 1;
                        }
                        None if last => self.end_record(at, sink)?,
                        None => break at,
                    }
                }
                State::Quoted => {
                    let rest = &buffer[at..];
                    let len = memchr3(b'"', b'\n', b'\r', rest).unwrap_or(rest.len());
                    self.quoted.len += len;
                    at += len;
                    match buffer.get(at) {
                        Some(b'"') => {
                            self.state = State::Quote;
                            at += 1;
                        }
                        Some(&end) => {
                            if self.holds_fault(buffer, at, sink) {
                                at = self.unclose();
                                continue;
                            }
                            if end == b'\r' || buffer[at - 1] != b'\r' {
                                self.line += 1;
                            }
                            at += 1;
                            self.quoted.len += 1;
                            self.quoted.last_line = Some(at);
                        }
                        None if last => {
                            at = self.unclose();
                            continue;
                        }
                        None => {}
                    }
                    if self.quoted.len > self.largest_field {
                        at = self.unclose();
                    } else if at == buffer.len() && !last {
                        break self.quoted.open;
                    }
                }
                State::Quote => match buffer.get(at) {
                    Some(b'"') => {
                        self.state = State::Quoted;
                        self.quoted.len += 1;
                        at += 1;
                        if self.quoted.len > self.largest_field {
                            at = self.unclose();
                        }
                    }
                    None if !last => break self.quoted.open,
                    next => {
                        let sound = matches!(next, None | Some(b',' | b'\n' | b'\r'));
                        let close = at - 1;
                        if self.quoted.last_line.is_some() && !sound || self.holds_fault(buffer, close, sink) {
                            at = self.unclose();
                            continue;
                        }
                        self.state = State::Plain;
                        let mut content = &buffer[self.quoted.open + 1..close];
                        // Every quote in it is the first of two.
                        while let Some(quote) = memchr(b'"', content) {
                            sink.text(&content[..=quote])?;
                            content = &content[quote + 2..];
                        }
                        if !content.is_empty() {
                            sink.text(content)?;
                        }
                    }
                },
            }
        };
        self.base += hold as u64;
        self.resume = at - hold;
        self.quoted.open = self.quoted.open.wrapping_sub(hold);
        self.quoted.last_line = self.quoted.last_line.map(|line| line.wrapping_sub(hold));
        ControlFlow::Continue(hold)
    }

    fn begin_record<'b>(&mut self, buffer: &[u8], mut at: usize, last: bool, sink: &impl Sink<'b>) -> Begin {
        let Some(&first) = buffer.get(at) else { return Begin::Held(at) };
        let after_cr = std::mem::take(&mut self.after_cr);
        if first == b'\n' || first == b'\r' {
            if first == b'\r' || !after_cr {
                self.line += 1;
                self.after_cr = first == b'\r';
            }
            return Begin::At(at + 1);
        }
        let start = at;
        let ahead = &buffer[at..];
        if let Some(text) = ahead.strip_prefix(BOM) {
            let looks = last || text.len() >= self.look_again;
            match looks.then(|| sink.begins_with_header(text, last, self.largest_field)).flatten() {
                Some(true) => at += BOM.len(),
                Some(false) => {}
                None => {
                    if looks {
                        // Not at each byte, so that tiny pieces cost little more than large ones.
                        self.look_again = text.len() + text.len().min(STEP);
                    }
                    return Begin::Held(at);
                }
            }
            self.look_again = 0;
        } else if !last && BOM.starts_with(ahead) {
            return Begin::Held(at);
        }
        let start = self.base + start as u64;
        self.record = Record { start, end: start, line: self.line, fields: 0, unclosed_quote: false };
        self.blank = true;
        self.state = State::Field;
        Begin::At(at)
    }

    fn end_record<'b>(&mut self, at: usize, sink: &mut impl Sink<'b>) -> ControlFlow<()> {
        self.state = State::Record;
        if self.blank {
            sink.blank_line();
            return ControlFlow::Continue(());
        }
        self.record.fields += 1;
        self.record.end = self.base + at as u64;
        sink.end_field()?;
        sink.end_record(self.record)
    }

    /// Does the last line inside the quotes, which ends at `end`, look like a fault of its own?
    fn holds_fault<'b>(&self, buffer: &[u8], end: usize, sink: &impl Sink<'b>) -> bool {
        self.quoted.last_line.is_some_and(|start| sink.is_fault(&buffer[start..end]))
    }

    /// Takes the opening quote for an ordinary character, and goes back to it.
    fn unclose(&mut self) -> usize {
        self.state = State::Plain;
        self.line = self.quoted.line;
        self.record.unclosed_quote = true;
        self.quoted.open
    }
}

enum Begin {
    /// Go on from here.
    At(usize),
    /// More is needed to tell how the record that starts here is read.
    Held(usize),
}
