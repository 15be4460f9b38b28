//! The newer API's answer to an import, in JSON: its failures become rows, as those of a CSV are.
//!
//! Source: the vendor's OpenAPI file of contacts 3.4.3, `GET /contacts/v3/import/{importId}`.
//!
//! # How it works
//!
//! The answer is read as it comes, one event of its JSON at a time. What nobody needs is passed over, whatever its size:
//!
//! ```text
//!   {"importId": …, "status": "Finished", "summary": {…},      kept: a few texts
//!    "created": [ … ], "updated": [ … ],                       passed over
//!    "failures": [{"identifiers": {"email": "a@"}, …},   ─►    Reason,email,…
//!                 …                                            invalidEmail,a@,…      one row at a time
//!    ]}
//! ```
//!
//! A row is written as a CSV has it, with one difference: a cell of nothing is absent, and one of two quotes is an empty
//! text. So a [`Fault`](crate::Fault) is the same view on its bytes and columns, wherever it comes from.
//!
//! A text that was cut in the middle of a character ends with an escape that is half of one: there U+FFFD is read. Bytes
//! that are no UTF-8 are an error.
//!
//! The members may stand in any order. So it may take all of the answer to tell whether it is one, and whether the import
//! has finished: whoever has been handed rows until then must drop them where this ends with an error.

pub(crate) mod columns;
mod failure;
mod walk;

use json_event_parser::{JsonEvent, LowLevelJsonParser};

use super::options::ReadOptions;
use super::row::RowSink;
use super::surrogates::{Halves, mended_text};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::counts::ReasonCounts;
use crate::status::ImportStatus;
pub(crate) use failure::push_record;
use walk::Walk;
pub(crate) use walk::{ABSENT, too_many_identifiers};

const BROKEN: &str = "it is no JSON, or it was cut";

/// How deep an answer may be nested; the documented one is nested six levels deep.
const DEEPEST: usize = 128;

/// Reads an answer from the bytes at hand. `Debug` shows none of them.
pub(crate) struct Answer {
    parser: LowLevelJsonParser,
    walk: Walk,
    /// How many bytes have been read.
    position: u64,
    is_whole: bool,
    /// Has the sink had enough?
    is_stopped: bool,
    /// The longest text or number, as it stands.
    largest: usize,
}

/// Why the reading of an answer ends.
pub(crate) enum Wrong {
    /// It is no JSON, or another one than was documented.
    Malformed(&'static str),
    Error(Error),
}

impl From<&'static str> for Wrong {
    fn from(what: &'static str) -> Self {
        Wrong::Malformed(what)
    }
}

impl Answer {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Answer {
            parser: LowLevelJsonParser::new().with_max_stack_size(DEEPEST),
            walk: Walk::new(options),
            position: 0,
            is_whole: false,
            is_stopped: false,
            largest: options.largest_row.max(64),
        }
    }

    /// Reads on in `buffer`, and returns how many bytes at its beginning are no longer needed. With `last`, the input
    /// ends with it.
    pub(crate) fn read<S: RowSink>(&mut self, buffer: &[u8], last: bool, sink: &mut S) -> Result<usize, Wrong> {
        let mut at = if self.is_stopped { buffer.len() } else { 0 };
        let mut halves = Halves::new(buffer);
        let mut half = if at < buffer.len() { halves.next() } else { None };
        let mut is_before_half = false;
        let mut mended;
        while !self.is_whole && !self.is_stopped {
            // No longer than the longest that may be: so the same is refused however the input is split.
            let rest = buffer.get(at..).unwrap_or_default();
            let window = rest.get(..self.largest).unwrap_or(rest);
            while half.is_some_and(|half| half < at) {
                half = halves.next();
            }
            let text = match half.and_then(|half| Some((half - at, window.get(..half - at)?))) {
                None => window,
                // First up to the text that half a character is in, and then that text.
                Some((_, before)) if !is_before_half => before,
                Some((half, _)) => {
                    mended = mended_text(window, half);
                    &mended
                }
            };
            let read = self.parser.parse_next(text, last && text.len() == rest.len());
            at += read.consumed_bytes;
            self.position += read.consumed_bytes as u64;
            match read.event {
                Some(Ok(JsonEvent::Eof)) => self.is_whole = true,
                Some(Ok(event)) => {
                    is_before_half = false;
                    if self.walk.step(event, self.position, sink)?.is_break() {
                        self.is_stopped = true;
                        return Ok(buffer.len());
                    }
                }
                Some(Err(_)) => return Err(BROKEN.into()),
                None if read.consumed_bytes > 0 => is_before_half = false,
                None if text.len() < window.len() && !is_before_half => is_before_half = true,
                None if text.len() < window.len() => return Err(BROKEN.into()),
                None if window.len() < self.largest => break,
                None => return Err(Wrong::Error(Error::row_too_large(self.largest))),
            }
        }
        Ok(at)
    }

    /// Ends the reading of the faults of an answer that has been read as a whole.
    pub(crate) fn finish<S: RowSink>(&mut self, sink: &mut S) -> Result<(), Wrong> {
        if self.is_stopped {
            return Ok(());
        }
        let Some(status) = self.status().filter(|_| self.is_answer()) else {
            return Err("it lacks a status, or both an import id and failures".into());
        };
        verdict(&status).map_err(Wrong::Error)?;
        let _ = self.walk.announce(sink);
        Ok(())
    }

    /// Does it hold what only such an answer does, whether it is whole or not?
    pub(crate) fn is_recognised(&self) -> bool {
        self.walk.is_recognised()
    }

    /// Has it a status, and what else each answer has, as far as it has been read?
    pub(crate) fn is_answer(&self) -> bool {
        self.walk.is_answer()
    }

    /// The status, once it has been read.
    pub(crate) fn status(&self) -> Option<ImportStatus> {
        self.walk.status().map(ImportStatus::from)
    }

    /// The service's own figures, by their names, once they have been read.
    #[cfg(feature = "client")]
    pub(crate) fn into_figures(self) -> Vec<(String, String)> {
        self.walk.into_figures()
    }

    /// What has been counted so far; `None` before the first failure.
    pub(crate) fn counts(&self) -> Option<&ReasonCounts> {
        self.walk.has_begun().then(|| self.walk.counts())
    }

    pub(crate) fn into_counts(self) -> ReasonCounts {
        self.walk.into_counts()
    }
}

/// Only a finished import has all its failures. A status that nobody knows is taken for one on the way: the vendor's own
/// connector does so.
fn verdict(status: &ImportStatus) -> Result<()> {
    match status {
        ImportStatus::Finished => Ok(()),
        ImportStatus::NotFinished | ImportStatus::Other(_) => {
            let what = format!("the import has not finished yet; its status is {status}");
            Err(Error::new(ErrorKind::NotFinished, what).advise("fetch it again once it has finished"))
        }
        ended => Err(Error::new(
            ErrorKind::EndedWithoutReport,
            format!("the import has ended without a report, with status {ended}"),
        )),
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("position", &self.position).finish_non_exhaustive()
    }
}
