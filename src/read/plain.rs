//! Runs of plain records, which most of a report is: read many bytes at a time.
//!
//! A record is plain if it ends with LF or CRLF, each of its quotes opens a cell right behind a separator or closes
//! one right before one, it has as many cells as the header, it is UTF-8, no line inside its quotes looks like a fault,
//! and it is no header: its reason is known, or it holds an `@`. No reading rule has anything to say of such a record
//! but to count it. One that is plain but for its number of cells, or for bytes that are not UTF-8, and whose reason is known,
//! ends the run, too, but is found whole and told: an [`UnusualRecord`]. Whatever else there is, the run ends in front of it:
//! it is for the careful reading of [`Scanner`](super::scan::Scanner), and nothing is decided here.
//!
//! # How it works
//!
//! A block of the report is looked at 64 bytes at a time, a *word*. For each word, vectors tell where its quotes,
//! separators and line ends are: one mask of 64 bits each, the first byte in the lowest bit (here it stands leftmost).
//!
//! ```text
//!   bytes       B l o c k e r , a @ x , " T h e   O l d ,   H o u s e " \r\n
//!   quotes      . . . . . . . . . . . . 1 . . . . . . . . . . . . . . 1 . .
//!   inside      . . . . . . . . . . . . 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 . . .    an odd number of quotes up to here
//!   separators  . . . . . . . 1 . . . 1 . . . . . . . . 1 . . . . . . . . .
//!    - inside   . . . . . . . 1 . . . 1 . . . . . . . . . . . . . . . . . .    those that part cells
//!   LFs         . . . . . . . . . . . . . . . . . . . . . . . . . . . . . 1
//!    - inside   . . . . . . . . . . . . . . . . . . . . . . . . . . . . . 1    those that end records
//! ```
//!
//! What is wrong is a mask too: a quote that opens where no cell begins, a byte that is none of the four behind a
//! closing quote, a CR without its LF. Records before the first wrong byte are still good. Noted of a block are the ends
//! of its records, each with the number of separators before it, and the masks of the separators; from them a second
//! pass takes the records: the width is the difference of two numbers, the reason's cell starts behind the nth separator.
//! Whether that cell is a known reason is told by its first 24 bytes, compared with the spellings that have been met, or by
//! its last ones where it ends the record.

mod block;

use std::borrow::Cow;
use std::ops::ControlFlow;

use self::block::{Block, Masks};
use super::header::Header;
use super::level::level;
use super::line::lines;
use super::record::Run;
use super::spelling::Spellings;
use crate::format::BOM;
use crate::reason::Slot;
use fearless_simd::Level;

/// How many bytes are looked at at a time. It fits the fastest cache, and a longer record is not plain.
pub(crate) const BLOCK: usize = 16 * 1024;
/// After how many blocks without a plain record it isn't looked any less often: once in 64 records then.
const MOST_MISSES: u32 = 6;

/// Where the reason's cell stands in a row.
#[derive(Clone, Copy, Debug)]
enum Place {
    First,
    Last,
    /// Behind so many separators.
    Behind(usize),
}

impl Place {
    /// Is it the same cell in a record of so many, although the header has another number?
    fn is_in(self, cells: usize) -> bool {
        match self {
            Place::First => true,
            Place::Last => false,
            Place::Behind(separators) => separators < cells,
        }
    }
}

/// Where a run begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunStart {
    /// In the input.
    pub(crate) position: u64,
    pub(crate) line: u64,
    /// Is the record before it kept back?
    pub(crate) is_held: bool,
}

/// One plain record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainRecord<'b> {
    /// Where it starts and ends, without its line end, in the bytes that are read.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The physical line on which it starts.
    pub(crate) line: u64,
    pub(crate) slot: Slot,
    /// The reason's cell without its quotes, where the reason isn't known.
    pub(crate) unknown: Option<&'b [u8]>,
}

/// A record that is plain but for its width, or for bytes that are not UTF-8; or one behind a record that is kept back. Its
/// reason is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnusualRecord {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) line: u64,
    pub(crate) slot: Slot,
    pub(crate) cells: usize,
    pub(crate) is_utf8: bool,
}

/// Reads runs of plain records.
pub(crate) struct PlainReader {
    place: Place,
    level: Level,
    block: Block,
    spellings: Cow<'static, Spellings>,
    /// How many times in a row nothing was plain, and how many times more it isn't looked.
    misses: u32,
    pause: u32,
    /// The unusual record with which the last run has ended.
    unusual: Option<UnusualRecord>,
}

impl std::fmt::Debug for PlainReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainReader").field("place", &self.place).finish_non_exhaustive()
    }
}

impl PlainReader {
    /// For the rows under a header, where there may be any that are plain.
    pub(crate) fn for_rows_under(header: &Header, may_run: bool) -> Option<Self> {
        // Under such a header, a record with a known reason may be the header once more.
        if !may_run || header.is_like_fault() || header.reason >= header.width {
            return None;
        }
        let place = match header.reason {
            0 => Place::First,
            last if last + 1 == header.width => Place::Last,
            separators => Place::Behind(separators),
        };
        let spellings = match place {
            Place::Last => Spellings::last(),
            _ => Spellings::documented(header.shape.separator),
        };
        Some(PlainReader {
            place,
            level: level(),
            block: Block::default(),
            spellings,
            misses: 0,
            pause: 0,
            unusual: None,
        })
    }

    /// Takes the plain records with which `bytes` begin, under the header for whose rows this is. An unusual record ends
    /// the run, and is part of it.
    #[inline]
    pub(crate) fn read<'b>(
        &mut self,
        header: &Header,
        bytes: &'b [u8],
        start: RunStart,
        mut take: impl FnMut(PlainRecord<'b>) -> ControlFlow<()>,
    ) -> Run {
        let mut run = Run::default();
        loop {
            let text = &bytes[run.bytes..];
            let RunStart { position, line, is_held } = start;
            let at = position + run.bytes as u64;
            if !self.block.goes_on_at(at) {
                if !may_be_plain(text) || self.pauses() {
                    return run;
                }
                let wants_cells = !matches!(self.place, Place::First);
                self.block.note(self.level, header.shape.separator, text, at, wants_cells);
            }
            let from = RunStart { position: at, line: line + run.lines, is_held: is_held && run.bytes == 0 };
            let taken = self.take_block(header, bytes, run.bytes, from, &mut take);
            let (more, is_over) = match taken {
                ControlFlow::Continue(more) => (more, false),
                ControlFlow::Break(more) => (more, true),
            };
            run.bytes += more.bytes;
            run.lines += more.lines;
            if more.bytes == 0 {
                self.misses = (self.misses + 1).min(MOST_MISSES);
            } else {
                (self.misses, self.pause) = (0, 0);
            }
            // Either the next record is not plain, or not all of it is there.
            if is_over || more.bytes == 0 || self.block.next < self.block.count {
                return run;
            }
        }
    }

    /// The unusual record with which the last run has ended, if it has.
    pub(crate) fn take_unusual(&mut self) -> Option<UnusualRecord> {
        self.unusual.take()
    }

    /// Where nothing has been plain for long, it is looked less and less often.
    fn pauses(&mut self) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return true;
        }
        self.pause = (1 << self.misses) - 1;
        false
    }

    /// Takes what is plain of the rest of the block, which starts at `offset` of the bytes. `Break`: nothing more is
    /// wanted, or the last record was unusual.
    #[inline(never)]
    fn take_block<'b>(
        &mut self,
        header: &Header,
        bytes: &'b [u8],
        offset: usize,
        RunStart { position, line, is_held }: RunStart,
        take: &mut impl FnMut(PlainRecord<'b>) -> ControlFlow<()>,
    ) -> ControlFlow<Run, Run> {
        let PlainReader { place, block, spellings, unusual, .. } = self;
        let (width, place, is_utf8) = (header.width, *place, block.is_utf8);
        // No record has no cell: so whatever stands behind one that is kept back is unusual.
        let expected = if is_held { 0 } else { width };
        let masks = Masks(&block.separators);
        let text = &bytes[offset..];
        let passed = (position - block.start) as usize;
        let (mut from, mut lines, mut taken) = (0, 0, 0);
        let mut separators = block.ends.get(block.next.wrapping_sub(1)).map_or(0, |end| end.separators);
        let mut broken = block.breaks.partition_point(|&at| (at as usize) < passed);
        let mut next_break = block.next_break(broken);
        let mut is_over = false;
        let mut known: &Spellings = spellings;
        for end in block.ends.get(block.next..block.count).unwrap_or_default() {
            let to = end.at as usize - passed;
            let cells = (end.separators - separators) as usize + 1;
            let mut is_unusual = cells != expected;
            if is_unusual && cells != width && !place.is_in(cells) {
                break;
            }
            let cell = match place {
                Place::First => from,
                // What a mark in the first cell means is told by others; no spelling begins with one.
                _ if text[from] == BOM[0] => break,
                // Only looked for where its last bytes don't tell.
                Place::Last => to,
                Place::Behind(separators) => masks.cell_behind(separators, from + passed) - passed,
            };
            let found = match place {
                Place::Last => text[..to].last_chunk().and_then(|bytes| known.find_last(bytes)),
                _ => text[cell..].first_chunk().and_then(|bytes| known.find(bytes)),
            };
            let (slot, unknown) = match found {
                Some(slot) => (slot, None),
                None => {
                    let cell = match place {
                        Place::Last => masks.last_cell(from + passed, to + passed) - passed,
                        _ => cell,
                    };
                    let Some(learned) = Spellings::learn(spellings, text, cell, to, header, &text[from..to]) else {
                        break;
                    };
                    known = spellings;
                    learned
                }
            };
            is_unusual |= !is_utf8 && !is_utf8_text(&text[from..to]);
            // Whether it is the header once more, or goes on with the one before it, is for others to find out.
            if is_unusual && unknown.is_some() {
                break;
            }
            let mut inner_lines = 0;
            if next_break < end.at {
                while let Some(&at) = block.breaks.get(broken)
                    && at < end.at
                {
                    inner_lines += 1;
                    broken += 1;
                }
                if may_hold_fault(&text[from..to], header) {
                    break;
                }
                next_break = block.next_break(broken);
            }
            let is_crlf = text.get(to.wrapping_sub(1)) == Some(&b'\r');
            let record_end = to - usize::from(is_crlf);
            let record =
                PlainRecord { from: offset + from, to: offset + record_end, line: line + lines, slot, unknown };
            let start = std::mem::replace(&mut from, to + 1);
            lines += 1 + inner_lines;
            separators = end.separators;
            taken += 1;
            if is_unusual {
                let PlainRecord { from, to: end, line, slot, .. } = record;
                let is_utf8 = is_utf8 || is_utf8_text(&text[start..to]);
                *unusual = Some(UnusualRecord { from, to: end, line, slot, cells, is_utf8 });
                is_over = true;
                break;
            }
            if take(record).is_break() {
                is_over = true;
                break;
            }
        }
        block.next += taken;
        let run = Run { bytes: from, lines };
        if is_over { ControlFlow::Break(run) } else { ControlFlow::Continue(run) }
    }
}

fn is_utf8_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || simdutf8::basic::from_utf8(bytes).is_ok()
}

/// A quick look at how a record begins, so that lines of something else cost next to nothing.
fn may_be_plain(text: &[u8]) -> bool {
    !matches!(text.first(), None | Some(b'\n' | b'\r' | b' ' | b'\t'))
}

/// Might one of the lines behind the first, which all stand inside quotes, look like a fault? The last one may be
/// taken for longer than it is, which makes it no less like one.
fn may_hold_fault(record: &[u8], header: &Header) -> bool {
    lines(record).skip(1).any(|line| header.is_fault(line))
}

#[cfg(test)]
mod tests;
