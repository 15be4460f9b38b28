//! Reading a report from bytes that are pushed in, in pieces of any size.
//!
//! What comes before the records is looked at here: the byte order mark, and whether it is a report at all. The
//! report in memory and the counter in constant memory are two users of this one reading, so they can't differ.

pub(crate) mod cell;
pub(crate) mod counter;
pub(crate) mod message;
pub(crate) mod options;
pub(crate) mod plain;
pub(crate) mod rows;
pub(crate) mod scan;

use crate::anomaly::Anomaly;
use crate::error::{Error, Result};
use crate::read::message::{Message, is_space};
use crate::read::options::ReadOptions;
use crate::read::rows::{Layout, RowSink, Rows};
use crate::read::scan::{BOM, Scanner};
use crate::reason::counts::ReasonCounts;

/// What a whole reading has found.
#[derive(Debug)]
pub(crate) struct Outcome<S> {
    pub(crate) layout: Layout,
    pub(crate) counts: ReasonCounts,
    pub(crate) rows: S,
}

/// Reads a report from bytes that are pushed into it.
#[derive(Debug)]
pub(crate) struct Reader<S> {
    stage: Stage,
    scanner: Scanner,
    rows: Rows<S>,
    /// What the answer says, kept for as long as it may turn out not to be a report.
    message: Message,
    failure: Option<Error>,
}

#[derive(Debug)]
enum Stage {
    /// The first bytes, which may be a byte order mark.
    Mark(Vec<u8>),
    /// White space before the first character.
    Space,
    /// A report or, as long as there is but one line of one column, a line of plain text.
    Report,
    /// An answer in JSON or HTML.
    Message,
}

impl<S: RowSink> Reader<S> {
    pub(crate) fn new(rows: S, options: &ReadOptions) -> Self {
        Reader {
            stage: Stage::Mark(Vec::new()),
            scanner: Scanner::new(options.field_limit()),
            // Nothing that is read at once holds a field larger than a block.
            rows: Rows::new(rows, options.is_strict(), options.field_limit() >= plain::BLOCK),
            message: Message::default(),
            failure: None,
        }
    }

    /// Reads the next bytes. An error stays: nothing is read after it.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if self.failure.is_none() {
            self.push(bytes);
        }
        self.check()
    }

    /// Ends the input.
    pub(crate) fn finish(mut self) -> Result<Outcome<S>> {
        if let Stage::Mark(first) = &mut self.stage {
            let first = std::mem::take(first);
            self.stage = Stage::Space;
            self.push(&first);
        }
        self.check()?;
        if matches!(self.stage, Stage::Message) {
            return Err(self.message.into_error());
        }
        let is_open = self.scanner.is_in_record(&mut self.rows);
        self.check()?;
        if self.scanner.finish(&mut self.rows).is_continue() {
            let _ = self.rows.flush();
        }
        if is_open && self.rows.last.iter().any(|last| matches!(last, Anomaly::ShortRow | Anomaly::UnclosedQuote)) {
            self.rows.counts.set_cut_off();
        }
        self.check()?;
        if self.rows.may_be_text() {
            return match self.message.whole() {
                Some(b"" | b"null" | b"\"\"") => {
                    Ok(Outcome { layout: Layout::default(), counts: ReasonCounts::default(), rows: self.rows.sink })
                }
                _ => Err(self.message.into_error()),
            };
        }
        Ok(Outcome { layout: self.rows.layout, counts: self.rows.counts, rows: self.rows.sink })
    }

    fn check(&self) -> Result<()> {
        self.failure.as_ref().or(self.rows.failure.as_ref()).map_or(Ok(()), |error| Err(error.clone()))
    }

    fn push(&mut self, mut bytes: &[u8]) {
        if let Stage::Mark(first) = &mut self.stage {
            let (more, rest) = bytes.split_at(bytes.len().min(BOM.len() - first.len()));
            first.extend_from_slice(more);
            bytes = rest;
            if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
                self.failure = Some(Error::utf16());
                return;
            }
            if first.len() < BOM.len() && (BOM.starts_with(first) || first[..] == *b"\xff" || first[..] == *b"\xfe") {
                return;
            }
            let first = std::mem::take(first);
            self.stage = Stage::Space;
            if first == BOM {
                self.scanner.skip(BOM.len() as u64);
            } else {
                self.push(&first);
            }
        }
        if matches!(self.stage, Stage::Space) {
            let space = bytes.iter().position(|&byte| !is_space(byte)).unwrap_or(bytes.len());
            self.scan(&bytes[..space]);
            bytes = &bytes[space..];
            match bytes.first() {
                None => return,
                Some(b'{' | b'[' | b'<') => self.stage = Stage::Message,
                Some(_) => self.stage = Stage::Report,
            }
        }
        if matches!(self.stage, Stage::Message) {
            return self.message.feed(bytes);
        }
        while !bytes.is_empty() && self.rows.may_be_text() {
            let (piece, rest) = bytes.split_at(bytes.len().min(4096));
            self.message.feed(piece);
            self.scan(piece);
            bytes = rest;
        }
        self.scan(bytes);
    }

    fn scan(&mut self, bytes: &[u8]) {
        // It only breaks off where the rows have a failure, which is told from there; the first one stays.
        if self.rows.failure.is_none() {
            let _ = self.scanner.feed(bytes, &mut self.rows);
        }
    }
}
