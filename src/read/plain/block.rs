//! A block of a report: where its records end, and what parts their cells, many bytes at a time.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

use super::BLOCK;
use crate::read::word::WORD;

/// The most records that are noted of a block.
const MOST: usize = 1024;
/// How many words a block has, all told, so that a byte is enough for the number of one.
const MOST_WORDS: usize = BLOCK / WORD;

/// Where the records of a block end, as far as its quotes are as they should be.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The position of the block in the input. Others are counted from it.
    pub(super) start: u64,
    /// The first `count` of these are noted.
    pub(super) ends: Vec<End>,
    pub(super) count: usize,
    /// The first of the ends that is not taken yet.
    pub(super) next: usize,
    /// The separators of each word that part cells, where somebody wants them.
    pub(super) separators: Vec<u64>,
    /// The LFs inside quotes.
    pub(super) breaks: Vec<u32>,
    /// Are all the records that end here UTF-8?
    pub(super) is_utf8: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// The position of the LF.
    pub(super) at: u32,
    /// How many separators stand before it in the block.
    pub(super) separators: u32,
}

impl Block {
    /// Does a record that has been noted start at this position of the input?
    pub(super) fn goes_on_at(&mut self, position: u64) -> bool {
        let Some(at) = position.checked_sub(self.start) else { return false };
        // The careful reading has taken one record or more in between.
        while self.next < self.count
            && let Some(end) = self.ends.get(self.next)
            && u64::from(end.at) < at
        {
            self.next += 1;
        }
        let before = self.ends.get(self.next.wrapping_sub(1));
        self.next < self.count && before.is_some_and(|end| u64::from(end.at) + 1 == at)
    }

    pub(super) fn next_break(&self, broken: usize) -> u32 {
        self.breaks.get(broken).copied().unwrap_or(u32::MAX)
    }

    /// Notes the records with which `text` begins, and where their cells end, if that is wanted.
    pub(super) fn note(&mut self, level: Level, separator: u8, text: &[u8], start: u64, wants_cells: bool) {
        let text = &text[..text.len().min(BLOCK)];
        self.start = start;
        self.next = 0;
        self.breaks.clear();
        let most = MOST.min(text.len() / 16 + WORD);
        if self.ends.len() < most {
            self.ends.resize(most, End::default());
        }
        if wants_cells && self.separators.len() <= text.len() / WORD {
            self.separators.resize(text.len() / WORD + 1, 0);
        }
        let Block { ends, separators, breaks, .. } = self;
        let places = Places { ends: &mut ends[..], separators: &mut separators[..], breaks };
        let notes = dispatch!(level, simd => Notes::of(simd, separator, text, places));
        let Notes { count, is_rare, .. } = notes;
        self.count = count;
        let len = self.ends.get(count.wrapping_sub(1)).map_or(0, |end| end.at as usize);
        self.is_utf8 = !is_rare || simdutf8::basic::from_utf8(&text[..len]).is_ok();
    }
}

/// The separators of each word that part cells.
pub(super) struct Masks<'m>(pub(super) &'m [u64]);

impl Masks<'_> {
    /// Where the last cell of the record from `from` to `to` starts.
    #[inline(always)]
    pub(super) fn last_cell(&self, from: usize, to: usize) -> usize {
        let end = to / WORD;
        let (here, before) = (self.word(end) & ((1 << (to % WORD)) - 1), self.word(end.wrapping_sub(1)));
        // One of the two, as a rule; to choose without a branch is faster, since which of them is anybody's guess.
        let (mut word, mut mask) = if here == 0 { (end.wrapping_sub(1), before) } else { (end, here) };
        while mask == 0 {
            if word <= from / WORD || word > end {
                return from;
            }
            word -= 1;
            mask = self.word(word);
        }
        from.max(word * WORD + WORD - mask.leading_zeros() as usize)
    }

    /// Where the cell behind so many separators of the record that starts at `from` starts.
    #[inline(always)]
    pub(super) fn cell_behind(&self, mut separators: usize, from: usize) -> usize {
        let mut word = from / WORD;
        let mut mask = self.word(word) & (u64::MAX << (from % WORD));
        while (mask.count_ones() as usize) < separators && word < self.0.len() {
            separators -= mask.count_ones() as usize;
            word += 1;
            mask = self.word(word);
        }
        for _ in 1..separators {
            mask &= mask.wrapping_sub(1);
        }
        word * WORD + mask.trailing_zeros() as usize + 1
    }

    #[inline(always)]
    fn word(&self, word: usize) -> u64 {
        self.0.get(word).copied().unwrap_or(0)
    }
}

/// Where notes are made.
struct Places<'p> {
    ends: &'p mut [End],
    separators: &'p mut [u64],
    breaks: &'p mut Vec<u32>,
}

/// What has been noted of a block so far.
#[derive(Default)]
struct Notes {
    count: usize,
    separators: u32,
    /// Was the last byte a CR?
    after_cr: u64,
    quotes: Quotes,
    /// How many words are not ASCII.
    beyond_ascii: usize,
    /// Is something not UTF-8, or UTF-8 of a rare kind?
    is_rare: bool,
}

impl Notes {
    /// Notes the records of a text, as far as its quotes and line ends are as they should be.
    #[inline(always)]
    fn of<S: Simd>(simd: S, separator: u8, text: &[u8], mut places: Places<'_>) -> Notes {
        let mut notes = Notes { quotes: Quotes { separator, ..Quotes::default() }, ..Notes::default() };
        let (words, rest) = text.as_chunks::<WORD>();
        // To note them and look at them later is faster than to stop at each.
        let mut beyond_ascii = [0; MOST_WORDS];
        let mut goes_on = true;
        for (number, word) in words.iter().enumerate() {
            beyond_ascii[notes.beyond_ascii % MOST_WORDS] = number as u8;
            goes_on = notes.word(simd, separator, word, number, text, &mut places);
            if !goes_on {
                break;
            }
        }
        // NULs mean nothing, and no record ends in them.
        let mut last = [0; WORD];
        if goes_on && !rest.is_empty() {
            last.iter_mut().zip(rest).for_each(|(place, &byte)| *place = byte);
            beyond_ascii[notes.beyond_ascii % MOST_WORDS] = words.len() as u8;
            notes.word(simd, separator, &last, words.len(), text, &mut places);
        }
        let beyond_ascii = beyond_ascii.get(..notes.beyond_ascii).unwrap_or_default();
        notes.is_rare = !are_common_characters(simd, words, &last, beyond_ascii);
        notes
    }

    /// Notes one word of the text. `false` where nothing more can be noted.
    ///
    /// Most words have no quote: what those need stays in registers, and the rest is elsewhere.
    #[inline(always)]
    fn word<S: Simd>(
        &mut self,
        simd: S,
        separator: u8,
        word: &[u8; WORD],
        number: usize,
        text: &[u8],
        places: &mut Places<'_>,
    ) -> bool {
        let bytes = u8x64::from_slice(simd, word);
        let mask = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte)).to_bitmask();
        let (quotes, lfs, crs) = (mask(b'"'), mask(b'\n'), mask(b'\r'));
        self.beyond_ascii += usize::from(bytes.simd_ge(u8x64::splat(simd, 0x80)).to_bitmask() != 0);
        let mut found = Found { ends: lfs, separators: mask(separator), wrong: (crs << 1 | self.after_cr) & !lfs };
        self.after_cr = crs >> 63;
        if quotes | self.quotes.open != 0 {
            let before = (number * WORD).checked_sub(1).and_then(|before| text.get(before)).copied();
            found = self.quotes.look(quotes, crs, found, before.unwrap_or(separator), number, places.breaks);
        }
        if found.wrong != 0 {
            // What stands before the first wrong byte is right, and no record ends between a quote and the byte
            // behind it that shows it to be wrong.
            found.ends &= (1 << found.wrong.trailing_zeros()) - 1;
        }
        if let Some(place) = places.separators.get_mut(number) {
            *place = found.separators;
        }
        self.note_ends((number * WORD) as u32, found.ends, found.separators, places.ends) && found.wrong == 0
    }

    /// Notes where records end in a word. `false` where there is no room for more.
    #[inline(always)]
    fn note_ends(&mut self, at: u32, mut ends: u64, separators: u64, places: &mut [End]) -> bool {
        let count = ends.count_ones() as usize;
        let Some([first, further @ ..]) = places.get_mut(self.count..).and_then(<[End]>::first_chunk_mut::<WORD>)
        else {
            return false;
        };
        let mut end = || {
            let bit = ends.trailing_zeros();
            let below = separators & (ends ^ ends.wrapping_sub(1));
            ends &= ends.wrapping_sub(1);
            End { at: at + bit, separators: self.separators + below.count_ones() }
        };
        // One at most, as a rule; to write it is faster than to look whether there is one.
        *first = end();
        if count > 1 {
            further.iter_mut().take(count - 1).for_each(|place| *place = end());
        }
        self.count += count;
        self.separators += separators.count_ones();
        true
    }
}

/// What has been found in a word.
#[derive(Clone, Copy)]
struct Found {
    /// Which LFs end records, and which separators part cells.
    ends: u64,
    separators: u64,
    /// The bytes that stand where they shouldn't.
    wrong: u64,
}

/// The quotes of a block, as far as it has been looked at.
#[derive(Default)]
struct Quotes {
    separator: u8,
    /// Something but 0 where the next word starts inside quotes, or right behind a closing one.
    open: u64,
    /// All ones inside quotes.
    inside: u64,
    /// One right behind a closing quote.
    after_close: u64,
}

impl Quotes {
    /// Leaves out what stands inside quotes, and adds what is wrong about the quotes themselves.
    #[inline(always)]
    fn look(&mut self, quotes: u64, crs: u64, found: Found, before: u8, number: usize, breaks: &mut Vec<u32>) -> Found {
        let Found { ends: lfs, separators, wrong } = found;
        let bounds = quotes | separators | lfs | crs;
        let inside = prefix_xor(quotes) ^ self.inside;
        let (opens, closes) = (quotes & inside, quotes & !inside);
        let is_misplaced_first = opens & 1 != 0 && !matches!(before, b'"' | b'\n' | b'\r') && before != self.separator;
        let misplaced = opens & !(bounds << 1 | 1) | u64::from(is_misplaced_first);
        let followed = (closes << 1 | self.after_close) & !bounds;
        self.after_close = closes >> 63;
        self.inside = ((inside as i64) >> 63) as u64;
        self.open = self.after_close | self.inside;
        let mut inner = lfs & inside;
        while inner != 0 {
            breaks.push((number * WORD) as u32 + inner.trailing_zeros());
            inner &= inner - 1;
        }
        Found { ends: lfs & !inside, separators: separators & !inside, wrong: wrong | misplaced | followed }
    }
}

/// Are all the characters beyond ASCII in these words, and in the last one behind them, of two or three bytes, whole and in
/// UTF-8? Those that need more than a count of their bytes to tell are rare enough to be left to others.
#[inline(always)]
fn are_common_characters<S: Simd>(simd: S, words: &[[u8; WORD]], last: &[u8; WORD], numbers: &[u8]) -> bool {
    let mut are_common = true;
    // Where a word has to go on with a character of the one before it, and which word that is.
    let (mut going_on, mut next) = (0, 0);
    for &number in numbers {
        let number = usize::from(number);
        let word = words.get(number).unwrap_or(last);
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
