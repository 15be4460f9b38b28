//! Reading a report from the bytes at hand: one reading for a report in memory, a stream and a counter.
//!
//! # How it works
//!
//! [`Reading`] is given a *buffer*, a part of the input, and reads as far as it can. It then tells how many bytes at the
//! beginning of the buffer it no longer needs; with these dropped and more behind, the buffer comes again. So the same
//! code reads a report that is whole in memory, without a copy, and one that comes in pieces of any size.
//!
//! ```text
//!   Beginning   which format is it? (rule 1)             ─► an error that names it
//!   Space       white space before the first character
//!   Answer      a JSON object: the newer API's answer?   ─► its failures, made rows ─► the sink
//!   Message     other JSON, or HTML                      ─► an error with its words (rule 2)
//!   Head        which separator, which header? (rule 4)  ─► an error where it is no report
//!   Body        Scanner: records ─► Rows: faults ─► the sink
//! ```

pub(crate) mod answer;
mod answer_error;
pub(crate) mod cell;
pub(crate) mod counter;
mod current;
mod head;
pub(crate) mod header;
mod judgement;
pub(crate) mod level;
mod line;
pub(crate) mod message;
pub(crate) mod options;
mod page;
pub(crate) mod plain;
pub(crate) mod push;
pub(crate) mod record;
mod refusal;
pub(crate) mod row;
mod rows;
pub(crate) mod scan;
mod spelling;
mod surrogates;
pub(crate) mod word;

use std::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::format::{BOM, FIRST_BYTES, format};
use crate::reason::counts::ReasonCounts;
use answer::{Answer, Wrong};
use head::{Beginning, JUDGED};
use header::Names;
use line::{line_end, lines};
use message::{Message, is_space};
use options::{Expected, ReadOptions};
use refusal::refuse;
use row::RowSink;
use rows::{Rows, Taking};
use scan::Scanner;

/// Reads a report from the bytes at hand.
#[derive(Debug)]
pub(crate) struct Reading {
    options: ReadOptions,
    names: Names,
    stage: Stage,
    /// Where the buffer starts in the input.
    base: u64,
    failure: Option<Error>,
    /// How long the buffer must be to be looked at once more.
    look_again: usize,
}

#[derive(Debug)]
enum Stage {
    /// The first bytes, which tell the format.
    Beginning,
    /// White space before the first character.
    Space(Space),
    /// The lines that tell where the header is. The first one starts here.
    Head { at: usize, line: u64 },
    /// Records.
    Body(Box<Body>),
    /// An object in JSON, that may be an answer.
    Answer(Box<Object>),
    /// An answer in JSON or HTML, and where it starts in the buffer that comes next.
    Message(Box<Message>, usize),
}

/// A JSON object: an answer or, as long as nothing shows that it is one, what else it says.
#[derive(Debug)]
struct Object {
    answer: Answer,
    message: Option<Box<Message>>,
    /// Where in the buffer that comes next the answer goes on, and how much of it has been taken for its words.
    at: usize,
    said: usize,
}

/// White space before the first character. Positions are those of the buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Space {
    /// How far it has been read.
    at: usize,
    /// Where the line starts.
    line_start: usize,
    lines: u64,
}

#[derive(Debug)]
struct Body {
    scanner: Scanner,
    rows: Rows,
    /// Where the report's first line that holds something starts in the input.
    start: u64,
    /// It is known to be no report, and only what it says is still waited for.
    is_refused: bool,
}

/// What a buffer at an end still needs.
enum Next {
    /// The next stage, at once.
    Stage(Stage),
    /// More bytes; these at the beginning of the buffer are no longer needed.
    More(usize),
}

impl Reading {
    #[inline]
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Reading {
            names: Names::new(options),
            options: options.clone(),
            stage: Stage::Beginning,
            base: 0,
            failure: None,
            look_again: 0,
        }
    }

    /// Reads on in `buffer`, and returns how many bytes at its beginning are no longer needed. With `last`, the input
    /// ends with it. An error stays: nothing is read after it.
    pub(crate) fn read<S: RowSink>(&mut self, buffer: &[u8], last: bool, sink: &mut S) -> Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if buffer.len() < self.look_again && !last {
            return Ok(0);
        }
        self.look_again = 0;
        match self.go_on(buffer, last, sink) {
            Ok(dropped) => {
                self.base += dropped as u64;
                Ok(dropped)
            }
            Err(error) => {
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What has been counted so far.
    pub(crate) fn counts(&self) -> Option<&ReasonCounts> {
        match &self.stage {
            Stage::Body(body) => Some(&body.rows.counts),
            Stage::Answer(object) => object.answer.counts(),
            _ => None,
        }
    }

    /// What has been counted, once the last byte has been read.
    pub(crate) fn into_counts(self) -> ReasonCounts {
        match self.stage {
            Stage::Body(body) => body.rows.counts,
            Stage::Answer(object) => object.answer.into_counts(),
            _ => ReasonCounts::new(),
        }
    }

    fn go_on<S: RowSink>(&mut self, buffer: &[u8], last: bool, sink: &mut S) -> Result<usize> {
        loop {
            let next = match &mut self.stage {
                Stage::Beginning => beginning(buffer, last)?,
                Stage::Space(space) => space.read(buffer, last, &self.options)?,
                &mut Stage::Head { at, line } => self.head(buffer, at, line, last)?,
                Stage::Body(body) => return body.read(buffer, self.base, last, sink, (&self.options, &self.names)),
                Stage::Answer(object) => {
                    let next = object.read(buffer, last, sink)?;
                    if let Next::More(dropped) = next {
                        // Not at each byte, so that a long text in tiny pieces costs little more than in large ones.
                        self.look_again = 2 * (buffer.len() - dropped);
                    }
                    next
                }
                Stage::Message(message, start) => {
                    message.feed(&buffer[std::mem::take(start)..]);
                    if last {
                        return Err(std::mem::take(&mut **message).into_error());
                    }
                    return Ok(buffer.len());
                }
            };
            match next {
                Next::Stage(stage) => self.stage = stage,
                Next::More(dropped) => return Ok(dropped),
            }
        }
    }

    /// Finds the header, or that there is none.
    fn head(&mut self, buffer: &[u8], at: usize, line: u64, last: bool) -> Result<Next> {
        let text = &buffer[at..];
        let start = self.base + at as u64;
        if last && is_empty_report(text) {
            return Ok(Next::More(buffer.len()));
        }
        match head::find(text, last, start, &self.options, &self.names)? {
            Beginning::GoesOn if text.len() > self.options.largest_row => {
                Err(Error::row_too_large(self.options.largest_row).at_line(line))
            }
            Beginning::GoesOn => {
                // Not at each byte, so that tiny pieces cost little more than large ones.
                self.look_again = buffer.len() + text.len();
                Ok(Next::More(0))
            }
            Beginning::NoRecord => Err(refuse(text, last, &self.options, None)),
            Beginning::Head(head) => {
                let (shape, preamble, header) = (head.header.shape, head.preamble, head.line);
                let in_front = &text[..preamble];
                let lines = if in_front.is_empty() { 0 } else { lines(in_front).count() as u64 - 1 };
                let (strict, most_columns) = (self.options.strict, self.options.most_columns);
                let (len, its_lines) = header.map_or((0, 0), |line| (line.len, 1));
                let scanner = Scanner::new(shape, self.base, at + preamble + len, line + lines + its_lines);
                let is_too_wide = head.is_too_wide;
                let rows = Rows::new(head, line + lines, strict, most_columns);
                let mut body = Box::new(Body { scanner, rows, start, is_refused: false });
                if is_too_wide {
                    body.rows.refuse_width();
                }
                if !in_front.is_empty() {
                    body.rows.skip_preamble(head::preamble_lines(in_front, line));
                }
                Ok(Next::Stage(Stage::Body(body)))
            }
        }
    }
}

/// Tells the format by the first bytes, and leaves out a byte order mark.
fn beginning(buffer: &[u8], last: bool) -> Result<Next> {
    if buffer.len() < FIRST_BYTES && !last {
        return Ok(Next::More(0));
    }
    if let Some(format) = format(buffer) {
        return Err(Error::other_format(format));
    }
    let at = if buffer.starts_with(BOM) { BOM.len() } else { 0 };
    Ok(Next::Stage(Stage::Space(Space { at, line_start: at, lines: 0 })))
}

/// Is a whole input one that stands for no faults?
fn is_empty_report(text: &[u8]) -> bool {
    let start = text.iter().position(|&byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|&byte| !is_space(byte)).map_or(start, |last| last + 1);
    matches!(&text[start..end], b"null" | b"\"\"") || lines(text).all(header::is_marks)
}

impl Space {
    fn read(&mut self, buffer: &[u8], last: bool, options: &ReadOptions) -> Result<Next> {
        let ReadOptions { largest_row, expected, .. } = *options;
        while let Some(&byte) = buffer.get(self.at) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\r' if self.at + 1 == buffer.len() && !last => break,
                b'\n' | b'\r' => {
                    self.at += line_end(&buffer[self.at..]);
                    self.line_start = self.at;
                    self.lines += 1;
                }
                b'{' if expected != Expected::Csv => {
                    return Ok(Next::Stage(Stage::Answer(Box::new(Object::new(self.at, options)))));
                }
                b'{' | b'[' | b'<' => return Ok(Next::Stage(Stage::Message(Box::default(), self.at))),
                _ if expected == Expected::Answer => {
                    return Ok(Next::Stage(Stage::Message(Box::default(), self.at)));
                }
                _ => return Ok(Next::Stage(Stage::Head { at: self.line_start, line: self.lines + 1 })),
            }
        }
        if last && expected == Expected::Answer {
            return Err(Error::not_a_report("", None));
        }
        if last {
            return Ok(Next::More(buffer.len()));
        }
        let is_too_long = self.at - self.line_start > largest_row;
        if is_too_long {
            return Err(Error::row_too_large(largest_row).at_line(self.lines + 1));
        }
        let dropped = self.line_start;
        self.at -= dropped;
        self.line_start = 0;
        Ok(Next::More(dropped))
    }
}

impl Object {
    /// One that starts at this place of the buffer.
    fn new(at: usize, options: &ReadOptions) -> Self {
        Object { answer: Answer::new(options), message: Some(Box::default()), at, said: at }
    }

    /// Reads on. What turns out to be no answer, before anything shows that it is one, is a message.
    fn read<S: RowSink>(&mut self, buffer: &[u8], last: bool, sink: &mut S) -> Result<Next> {
        let rest = buffer.get(self.at..).unwrap_or_default();
        let mut read = self.answer.read(rest, last, sink);
        if last && read.is_ok() {
            read = self.answer.finish(sink).map(|()| rest.len());
        }
        if self.answer.is_recognised() {
            // Whatever it says from here on is about contacts.
            self.message = None;
        }
        if let Some(message) = &mut self.message {
            message.feed(buffer.get(self.said..).unwrap_or_default());
        }
        match (read, self.message.take()) {
            (Ok(read), message) => {
                let dropped = self.at + read;
                (self.message, self.at, self.said) = (message, 0, buffer.len() - dropped);
                Ok(Next::More(dropped))
            }
            (Err(_), Some(message)) => Ok(Next::Stage(Stage::Message(message, buffer.len()))),
            (Err(Wrong::Malformed(what)), None) => Err(Error::unreadable_answer(what)),
            (Err(Wrong::Error(error)), None) => Err(error),
        }
    }
}

impl Body {
    /// Reads on, and returns how many bytes at the beginning of the buffer are no longer needed.
    fn read<S: RowSink>(
        &mut self,
        buffer: &[u8],
        base: u64,
        last: bool,
        sink: &mut S,
        (options, names): (&ReadOptions, &Names),
    ) -> Result<usize> {
        if self.is_refused {
            return self.refuse(buffer, base, last, options);
        }
        let Body { scanner, rows, .. } = self;
        if let Some(failure) = &rows.failure {
            return Err(failure.clone());
        }
        // Nothing that is read at once is larger than a block.
        let may_run = options.largest_field.min(options.largest_row) >= plain::BLOCK;
        let mut taking = Taking { rows, sink, buffer, base, may_run, names };
        let flow = take(scanner, &mut taking, last);
        let is_judged = taking.rows.failure.is_some() || taking.rows.is_certain();
        if !is_judged && !judge(scanner, &mut taking, last, flow.is_break()) {
            return self.refuse(buffer, base, last, options);
        }
        if let Some(failure) = &rows.failure {
            return Err(failure.clone());
        }
        if last && let Some(error) = rows.refuse_lone_header() {
            return Err(error);
        }
        match flow {
            ControlFlow::Continue(read) => self.drop_front::<S>(read, base, options),
            ControlFlow::Break(()) => Ok(buffer.len()),
        }
    }

    /// It is no report. What it says is the same however the input comes in pieces: so it is waited for.
    fn refuse(&mut self, buffer: &[u8], base: u64, last: bool, options: &ReadOptions) -> Result<usize> {
        self.is_refused = true;
        let text = self.start.checked_sub(base).and_then(|start| buffer.get(start as usize..)).unwrap_or_default();
        if !last && text.len() < refusal::CODES {
            return Ok(0);
        }
        Err(refuse(text, last, options, Some(&self.rows.header)))
    }

    /// Drops what neither the scanner nor the rows need any more.
    fn drop_front<S: RowSink>(&mut self, read: usize, base: u64, options: &ReadOptions) -> Result<usize> {
        let Body { scanner, rows, .. } = self;
        if S::NEEDS_BYTES && scanner.is_in_long_record() {
            let line = scanner.open_record().map_or(1, |record| record.line);
            return Err(Error::row_too_large(options.largest_row).at_line(line));
        }
        let needed = match rows.needed_from() {
            _ if !rows.is_certain() => 0,
            Some(needed) if S::NEEDS_BYTES => usize::try_from(needed.saturating_sub(base)).unwrap_or(read),
            _ => read,
        };
        let dropped = read.min(needed);
        scanner.drop_front(dropped);
        Ok(dropped)
    }
}

/// Takes all records that are at hand, and returns how many bytes the scanner no longer needs.
fn take<S: RowSink>(scanner: &mut Scanner, taking: &mut Taking<'_, '_, S>, last: bool) -> ControlFlow<(), usize> {
    taking.begin()?;
    let read = scanner.pass(taking.buffer, last, taking)?;
    if last {
        let flow = taking.flush();
        taking.rows.end(scanner.ended_in_record());
        flow?;
    } else {
        // What is blank so far may still be skipped.
        let next = scanner.open_record().filter(|record| !record.only_blanks).map(|record| record.start);
        taking.flush_before(next.unwrap_or(scanner.position()))?;
    }
    ControlFlow::Continue(read)
}

/// Rule 2: may this still be a report, or is it one after all, where the input ends here?
fn judge<S: RowSink>(scanner: &Scanner, taking: &mut Taking<'_, '_, S>, last: bool, is_over: bool) -> bool {
    if last && !is_over && taking.rows.is_report() {
        let _ = taking.is_certain();
        return true;
    }
    !last && !is_over && scanner.position() <= JUDGED
}
