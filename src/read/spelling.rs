//! The spellings of known reasons that have been met, told apart by their first bytes.

use std::sync::{Arc, LazyLock};

use memchr::memchr;

use super::header::Header;
use crate::format::BOM;
use crate::reason::{FailureReason, Slot};

/// The spellings of known reasons that have been met, each with its quotes, if any, and the byte that ends its cell.
///
/// A cell that begins with one of these bytes is that cell: the last byte ends it.
#[derive(Clone, Debug)]
pub(super) struct Spellings {
    sets: [[Spelling; 2]; 32],
}

/// How many bytes of a spelling are compared at once.
pub(super) const SPELLING: usize = 24;

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
    pub(super) fn find(&self, bytes: &[u8; SPELLING]) -> Option<Slot> {
        let text = words(bytes);
        let [first, second] = &self.sets[set(text)];
        let is = |spelling: &Spelling| {
            let [a, b, c] = spelling.words;
            let [x, y, z] = spelling.masks;
            (text[0] & x ^ a | text[1] & y ^ b | text[2] & z ^ c) == 0
        };
        if is(first) {
            return Some(first.slot);
        }
        is(second).then_some(second.slot)
    }

    /// The spellings of the documentation, in cells that a separator ends.
    pub(super) fn documented(separator: u8) -> Arc<Self> {
        static COMMA: LazyLock<Arc<Spellings>> = LazyLock::new(|| Arc::new(Spellings::of_labels(b',')));
        if separator == b',' { Arc::clone(&COMMA) } else { Arc::new(Spellings::of_labels(separator)) }
    }

    fn of_labels(separator: u8) -> Self {
        let mut spellings = Spellings::default();
        for reason in FailureReason::iter() {
            let mut text = [&*reason.label().as_bytes().to_vec(), &[separator]].concat();
            let len = text.len();
            text.resize(len.max(SPELLING), 0);
            spellings.keep(&text, len, Slot::from(&reason));
        }
        spellings
    }

    /// The reason in the cell of the record that ends at `end`: a known one, which is found at once from here on, or
    /// one that isn't known, with its text. `None` where the record may be something else than a fault.
    #[cold]
    pub(super) fn learn<'b>(
        spellings: &mut Arc<Spellings>,
        text: &'b [u8],
        cell: usize,
        end: usize,
        header: &Header,
        record: &[u8],
    ) -> Option<(Slot, Option<&'b [u8]>)> {
        let rest = text.get(cell..end)?;
        let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        let spelled = &rest[..memchr(header.shape.separator, rest).unwrap_or(rest.len())];
        let inner = match spelled.strip_prefix(b"\"") {
            Some(quoted) => quoted.strip_suffix(b"\"").filter(|inner| memchr(b'"', inner).is_none())?,
            None => spelled,
        };
        // Behind a byte order mark there may be a header.
        if spelled.starts_with(BOM) {
            return None;
        }
        let Some(slot) = Slot::of(inner) else {
            // Neither a header, nor a row of blanks, nor one that a quote in it makes another one.
            let is_fault =
                memchr(b'@', record).is_some() && !header.is_reason_name(inner) && inner.len() == spelled.len();
            return is_fault.then_some((Slot::Other, Some(inner)));
        };
        Arc::make_mut(spellings).keep(&text[cell..], spelled.len() + 1, slot);
        Some((slot, None))
    }

    /// Keeps a spelling of so many bytes, with the byte that ends its cell.
    fn keep(&mut self, text: &[u8], len: usize, slot: Slot) {
        // A shorter one would leave the choice of the set to what follows it.
        let Some(bytes) = text.first_chunk().filter(|_| (8..=SPELLING).contains(&len)) else { return };
        let text = words(bytes);
        let masks = [0, 8, 16].map(|from| match len.saturating_sub(from) {
            0 => 0,
            bytes @ 1..8 => (1 << (8 * bytes)) - 1,
            _ => u64::MAX,
        });
        let [first, second] = &mut self.sets[set(text)];
        let spelling = Spelling { words: [text[0] & masks[0], text[1] & masks[1], text[2] & masks[2]], masks, slot };
        *second = std::mem::replace(first, spelling);
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
