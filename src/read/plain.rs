//! Runs of plain records, which most of a report is: read many bytes at a time.
//!
//! A record is plain if it ends with LF or CRLF, each of its quotes opens a field right behind a separator or closes
//! one right before one, it has as many fields as the header, it is UTF-8, its reason is known and stands in the
//! first column or the last, and no line inside its quotes looks like a fault. No reading rule has anything to say
//! of such a record but to count it. Whatever else there is, the run ends in front of it: it is for the careful
//! reading of [`Scanner`](crate::read::scan::Scanner), and nothing is decided here.

use std::sync::LazyLock;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};
use memchr::{memchr, memchr2};

use crate::read::rows::is_fault;
use crate::read::scan::BOM;
use crate::reason::Slot;

/// How many bytes are looked at at a time. It fits the fastest cache, and a longer record is not plain.
pub(crate) const BLOCK: usize = 16 * 1024;
/// The most records that are noted of a block.
const MOST: usize = 1024;
/// How many bytes one vector, and one mask of bits, covers.
pub(crate) const WORD: usize = 64;

/// What the processor has.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// How the records of a report have to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    /// Does the reason stand in the last column? Else it stands in the first.
    pub(crate) reason_last: bool,
}

/// One plain record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainRecord {
    /// Where it starts and ends, without its line end, in bytes from the start of the input.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The physical line on which it starts.
    pub(crate) line: u64,
    pub(crate) slot: Slot,
}

/// How far a run went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) bytes: usize,
    pub(crate) lines: u64,
}

/// Reads runs of plain records.
#[derive(Debug)]
pub(crate) struct PlainReader {
    shape: Shape,
    level: Level,
    block: Block,
    spellings: Spellings,
}

impl PlainReader {
    pub(crate) fn new(shape: Shape) -> Self {
        PlainReader { shape, level: *LEVEL, block: Block::default(), spellings: Spellings::default() }
    }

    /// Takes the plain records with which `bytes` begin. A record begins there, at `position` in the input.
    #[inline]
    pub(crate) fn read(&mut self, bytes: &[u8], position: u64, line: u64, mut take: impl FnMut(PlainRecord)) -> Run {
        let mut run = Run::default();
        loop {
            let text = &bytes[run.bytes..];
            let start = position + run.bytes as u64;
            if !self.block.goes_on_at(start) {
                if !may_be_plain(text) {
                    return run;
                }
                self.block.note(self.level, self.shape, text, start);
            }
            let more = self.take_block(text, start, line + run.lines, &mut take);
            run.bytes += more.bytes;
            run.lines += more.lines;
            // Either the next record is not plain, or not all of it is there.
            if more.bytes == 0 || self.block.next < self.block.ends.len() {
                return run;
            }
        }
    }

    /// Takes what is plain of the rest of the block, which starts at `text`.
    #[inline(never)]
    fn take_block(&mut self, text: &[u8], position: u64, line: u64, take: &mut impl FnMut(PlainRecord)) -> Run {
        let Block { start, ends, next, breaks, is_utf8 } = &mut self.block;
        let Shape { width, reason_last } = self.shape;
        let passed = (position - *start) as u32;
        let (mut from, mut lines, mut taken) = (0, 0, 0);
        let mut commas = ends.get(next.wrapping_sub(1)).map_or(0, |end| end.commas);
        let mut broken = breaks.partition_point(|&at| at < passed);
        let mut next_break = breaks.get(broken).copied().unwrap_or(u32::MAX);
        for end in ends.get(*next..).unwrap_or_default() {
            let to = (end.at - passed) as usize;
            let cell = if reason_last { from.max(end.last_cell.saturating_sub(passed) as usize) } else { from };
            if (end.commas - commas) as usize + 1 != width || reason_last && text[from] == BOM[0] {
                break;
            }
            let found = text[cell..].first_chunk().and_then(|bytes| self.spellings.find(bytes));
            let Some(slot) = found.or_else(|| self.spellings.learn(text, cell, to)) else { break };
            if !*is_utf8 && std::str::from_utf8(&text[from..to]).is_err() {
                break;
            }
            let mut inner_lines = 0;
            if next_break < end.at {
                while let Some(&at) = breaks.get(broken)
                    && at < end.at
                {
                    inner_lines += 1;
                    broken += 1;
                }
                if may_hold_fault(&text[from..to]) {
                    break;
                }
                next_break = breaks.get(broken).copied().unwrap_or(u32::MAX);
            }
            let is_crlf = text.get(to.wrapping_sub(1)) == Some(&b'\r');
            take(PlainRecord {
                start: position + from as u64,
                end: position + (to - usize::from(is_crlf)) as u64,
                line: line + lines,
                slot,
            });
            lines += 1 + inner_lines;
            commas = end.commas;
            from = to + 1;
            taken += 1;
        }
        *next += taken;
        Run { bytes: from, lines }
    }
}

/// Which bytes of a word end a cell, the first byte in the lowest bit.
pub(crate) fn cell_ends(word: &[u8; WORD]) -> u64 {
    #[inline(always)]
    fn find<S: Simd>(simd: S, word: &[u8; WORD]) -> u64 {
        let bytes = u8x64::from_slice(simd, word);
        let is = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte));
        (is(b',') | is(b'\n') | is(b'\r')).to_bitmask()
    }
    dispatch!(*LEVEL, simd => find(simd, word))
}

/// A quick look at how a record begins, so that lines of something else cost next to nothing.
fn may_be_plain(text: &[u8]) -> bool {
    !matches!(text.first(), None | Some(b'\n' | b'\r' | b' ' | b'\t'))
}

/// Might one of the lines behind the first, which all stand inside quotes, look like a fault? The last one may be
/// taken for longer than it is, which makes it no less like one.
fn may_hold_fault(record: &[u8]) -> bool {
    let mut rest = record;
    while let Some(end) = memchr2(b'\n', b'\r', rest) {
        rest = &rest[end + 1..];
        let line = &rest[..memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
        if memchr(b'@', line).is_some() && is_fault(line) {
            return true;
        }
    }
    false
}

/// Where the records of a block end, as far as its quotes are as they should be.
#[derive(Debug, Default)]
struct Block {
    /// The position of the block in the input. Others are counted from it.
    start: u64,
    ends: Vec<End>,
    /// The first of the ends that is not taken yet.
    next: usize,
    /// The LFs inside quotes.
    breaks: Vec<u32>,
    /// Are all the records that end here UTF-8?
    is_utf8: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// The position of the LF.
    at: u32,
    /// How many separators stand before it in the block.
    commas: u32,
    /// Where the record's last cell starts, if it has two or more.
    last_cell: u32,
}

impl Block {
    /// Does a record that has been noted start at this position of the input?
    fn goes_on_at(&mut self, position: u64) -> bool {
        let Some(at) = position.checked_sub(self.start) else { return false };
        // The careful reading has taken one record or more in between.
        while let Some(end) = self.ends.get(self.next)
            && u64::from(end.at) < at
        {
            self.next += 1;
        }
        let before = self.ends.get(self.next.wrapping_sub(1));
        self.next < self.ends.len() && before.is_some_and(|end| u64::from(end.at) + 1 == at)
    }

    /// Notes the records with which `text` begins.
    fn note(&mut self, level: Level, shape: Shape, text: &[u8], start: u64) {
        let text = &text[..text.len().min(BLOCK)];
        self.start = start;
        self.next = 0;
        self.breaks.clear();
        self.ends.resize(MOST, End::default());
        let (ends, breaks) = (&mut self.ends[..], &mut self.breaks);
        let Notes { count, is_rare, .. } = if shape.reason_last {
            dispatch!(level, simd => Notes::of::<_, true>(simd, text, ends, breaks))
        } else {
            dispatch!(level, simd => Notes::of::<_, false>(simd, text, ends, breaks))
        };
        self.ends.truncate(count);
        let len = self.ends.last().map_or(0, |end| end.at as usize);
        self.is_utf8 = !is_rare || simdutf8::basic::from_utf8(&text[..len]).is_ok();
    }
}

/// What has been noted of a block so far.
#[derive(Default)]
struct Notes {
    count: usize,
    commas: u32,
    last_cell: u32,
    /// All ones inside quotes.
    quoted: u64,
    /// Was the last byte a separator, a quote or a line end, a closing quote, a CR?
    after_separator: u64,
    after_close: u64,
    after_cr: u64,
    /// How many words are not ASCII.
    beyond_ascii: usize,
    /// Is something not UTF-8, or UTF-8 of a rare kind?
    is_rare: bool,
}

impl Notes {
    /// Notes the records of a text, as far as its quotes and line ends are as they should be.
    #[inline(always)]
    fn of<S: Simd, const LAST: bool>(simd: S, text: &[u8], ends: &mut [End], breaks: &mut Vec<u32>) -> Notes {
        let mut notes = Notes { after_separator: 1, ..Notes::default() };
        let (words, rest) = text.as_chunks::<WORD>();
        // To note them and look at them later is faster than to stop at each.
        let mut beyond_ascii = [0; BLOCK / WORD + 1];
        let mut goes_on = true;
        for (number, word) in words.iter().enumerate() {
            if let Some(place) = beyond_ascii.get_mut(notes.beyond_ascii) {
                *place = number;
            }
            goes_on = notes.word::<S, LAST>(simd, word, (number * WORD) as u32, ends, breaks);
            if !goes_on {
                break;
            }
        }
        notes.is_rare = !are_common_characters(simd, words, beyond_ascii.get(..notes.beyond_ascii).unwrap_or_default());
        if goes_on && !rest.is_empty() {
            // NULs mean nothing, and no record ends in them.
            let mut word = [0; WORD];
            word.iter_mut().zip(rest).for_each(|(place, &byte)| *place = byte);
            notes.word::<S, LAST>(simd, &word, (words.len() * WORD) as u32, ends, breaks);
            notes.is_rare |= !rest.is_ascii();
        }
        notes
    }

    /// Notes one word. `false` where nothing more can be noted.
    #[inline(always)]
    fn word<S: Simd, const LAST: bool>(
        &mut self,
        simd: S,
        word: &[u8; WORD],
        at: u32,
        places: &mut [End],
        inner: &mut Vec<u32>,
    ) -> bool {
        let bytes = u8x64::from_slice(simd, word);
        let mask = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
        let (quotes, mut commas, lfs, crs) = (mask(b'"'), mask(b','), mask(b'\n'), mask(b'\r'));
        let separators = quotes | commas | lfs | crs;
        let mut ends = lfs;
        let mut wrong = self.after_close & !separators | (crs << 1 | self.after_cr) & !lfs;
        self.after_close = 0;
        if quotes | self.quoted != 0 {
            let inside = prefix_xor(quotes) ^ self.quoted;
            let (opens, closes) = (quotes & inside, quotes & !inside);
            wrong |= opens & !(separators << 1 | self.after_separator) | closes << 1 & !separators;
            self.after_close = closes >> 63;
            self.quoted = ((inside as i64) >> 63) as u64;
            ends &= !inside;
            commas &= !inside;
            let mut breaks = lfs & inside;
            while breaks != 0 {
                inner.push(at + breaks.trailing_zeros());
                breaks &= breaks - 1;
            }
        }
        self.after_separator = separators >> 63;
        self.after_cr = crs >> 63;
        self.beyond_ascii += usize::from(bytes.simd_ge(u8x64::splat(simd, 0x80)).to_bitmask() != 0);
        if wrong != 0 {
            // What stands before the first wrong byte is right, and no record ends between a quote and the byte
            // behind it that shows it to be wrong.
            ends &= (1 << wrong.trailing_zeros()) - 1;
        }
        let count = ends.count_ones() as usize;
        let Some([first, further @ ..]) = places.get_mut(self.count..self.count + WORD) else { return false };
        let mut end = || {
            let bit = ends.trailing_zeros();
            let below = commas & (ends ^ ends.wrapping_sub(1));
            let last_cell = if LAST && below != 0 { at + WORD as u32 - below.leading_zeros() } else { self.last_cell };
            ends &= ends.wrapping_sub(1);
            End { at: at + bit, commas: self.commas + below.count_ones(), last_cell }
        };
        // One at most, as a rule; to write it is faster than to look whether there is one.
        *first = end();
        if count > 1 {
            further.iter_mut().take(count - 1).for_each(|place| *place = end());
        }
        self.count += count;
        self.commas += commas.count_ones();
        if LAST && commas != 0 {
            self.last_cell = at + WORD as u32 - commas.leading_zeros();
        }
        wrong == 0
    }
}

/// Are all the characters beyond ASCII in these words of two or three bytes, whole and in UTF-8? Those that need more
/// than a count of their bytes to tell are rare enough to be left to others.
#[inline(always)]
fn are_common_characters<S: Simd>(simd: S, words: &[[u8; WORD]], numbers: &[usize]) -> bool {
    let mut are_common = true;
    // Where a word has to go on with a character of the one before it, and which word that is.
    let (mut going_on, mut next) = (0, 0);
    for &number in numbers {
        let Some(word) = words.get(number) else { return false };
        are_common &= going_on == 0 || number == next;
        let bytes = u8x64::from_slice(simd, word);
        let from = |byte: u8| bytes.simd_ge(u8x64::splat(simd, byte));
        let is = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte));
        let (first, first_of_three) = (from(0xc0).to_bitmask(), from(0xe0).to_bitmask());
        let further = from(0x80).to_bitmask() & !first;
        let rare = is(0xc0) | is(0xc1) | is(0xe0) | is(0xed) | from(0xf0);
        are_common &= further == (first << 1 | first_of_three << 2 | going_on) && rare.to_bitmask() == 0;
        going_on = first >> 63 | first_of_three >> 62;
        next = number + 1;
    }
    are_common && going_on == 0
}

/// Whether an odd number of bits is set at a place and below it.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The spellings of known reasons that have been met, each with its quotes, if any, and the byte that ends its cell.
///
/// A cell that begins with one of these bytes is that cell: the last byte ends it.
#[derive(Debug)]
struct Spellings {
    sets: [[Spelling; 2]; 32],
}

/// How many bytes of a spelling are compared at once.
const SPELLING: usize = 24;

#[derive(Clone, Copy, Debug)]
struct Spelling {
    words: [u64; 3],
    masks: [u64; 3],
    slot: Slot,
}

impl Default for Spellings {
    fn default() -> Self {
        // Whatever the bytes are, a mask of nothing makes no one of them.
        let none = Spelling { words: [1; 3], masks: [0; 3], slot: Slot::Other };
        Spellings { sets: [[none; 2]; 32] }
    }
}

impl Spellings {
    #[inline(always)]
    fn find(&self, bytes: &[u8; SPELLING]) -> Option<Slot> {
        let text = words(bytes);
        let [first, second] = &self.sets[set(text)];
        let is = |spelling: &Spelling| {
            let [a, b, c] = spelling.words;
            let [x, y, z] = spelling.masks;
            (text[0] & x ^ a | text[1] & y ^ b | text[2] & z ^ c) == 0
        };
        let (is_first, is_second) = (is(first), is(second));
        let slot = if is_first { first.slot } else { second.slot };
        (is_first | is_second).then_some(slot)
    }

    /// The known reason in the cell of the record that ends at `end`. It is found at once from here on.
    #[cold]
    fn learn(&mut self, text: &[u8], cell: usize, end: usize) -> Option<Slot> {
        let rest = text.get(cell..end)?;
        let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        let spelled = &rest[..memchr(b',', rest).unwrap_or(rest.len())];
        let inner = match spelled.strip_prefix(b"\"") {
            Some(quoted) => quoted.strip_suffix(b"\"").filter(|inner| memchr(b'"', inner).is_none())?,
            None => spelled,
        };
        // Behind a byte order mark there may be a header.
        let slot = Slot::of(inner).filter(|_| !spelled.starts_with(BOM))?;
        let len = spelled.len() + 1;
        // A shorter one would leave the choice of the set to what follows it.
        if (8..=SPELLING).contains(&len)
            && let Some(bytes) = text[cell..].first_chunk()
        {
            let text = words(bytes);
            let masks = [0, 8, 16].map(|from| match len.saturating_sub(from) {
                0 => 0,
                bytes @ 1..8 => (1 << (8 * bytes)) - 1,
                _ => u64::MAX,
            });
            let [first, second] = &mut self.sets[set(text)];
            *second = std::mem::replace(
                first,
                Spelling { words: [text[0] & masks[0], text[1] & masks[1], text[2] & masks[2]], masks, slot },
            );
        }
        Some(slot)
    }
}

#[inline(always)]
fn words(bytes: &[u8; SPELLING]) -> [u64; 3] {
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
    [word(0), word(8), word(16)]
}

/// The set in which a spelling is kept: its first eight bytes choose. The factor is one of those that keep the
/// documented labels apart, but for two that begin with the same bytes.
#[inline(always)]
fn set(words: [u64; 3]) -> usize {
    (words[0].wrapping_mul(0x78e5_1061_7311_d8a3) >> 59) as usize
}
