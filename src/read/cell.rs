//! The text of a cell that arrives in pieces.

use crate::reason::key::FoldedKey;
use crate::reason::{FailureReason, Slot};

/// One cell, of any length, in bounded memory: what it says as a reason or as a column's name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    /// The cell's bytes, or those that have not been folded yet where it is a long one.
    bytes: Vec<u8>,
    /// The key of what has been folded already.
    key: FoldedKey,
    long: bool,
}

impl Cell {
    /// The longest cell that is kept whole.
    pub(crate) const LONGEST: usize = 64 * 1024;

    pub(crate) fn feed(&mut self, piece: &[u8]) {
        for piece in piece.chunks(Self::LONGEST) {
            self.bytes.extend_from_slice(piece);
            if self.bytes.len() > Self::LONGEST {
                self.long = true;
                let whole = self.bytes.len() - incomplete_tail(&self.bytes);
                self.key.feed(&self.bytes[..whole]);
                self.bytes.drain(..whole);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.key = FoldedKey::default();
        self.long = false;
    }

    /// The key of the whole cell.
    pub(crate) fn key(&self) -> FoldedKey {
        let mut key = self.key;
        key.feed(&self.bytes);
        key
    }

    /// The known reason that it says, if it says one.
    pub(crate) fn slot(&self) -> Option<Slot> {
        Slot::of_key(&self.key())
    }

    /// The bytes, or `None` where they were too many to be kept.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        (!self.long).then_some(&self.bytes)
    }

    /// The unknown reason that it says, or `None` where that was too long to be kept.
    pub(crate) fn unknown_reason(&self) -> Option<FailureReason> {
        self.bytes().map(|bytes| FailureReason::unknown(String::from_utf8_lossy(bytes).trim()))
    }
}

/// The reasons of short cells that have been met, so that the same few spellings are looked up but once.
#[derive(Debug)]
pub(crate) struct KnownCells {
    places: [KnownCell; 64],
}

/// A cell, as many bytes of it as count, and its reason.
#[derive(Clone, Copy, Debug)]
struct KnownCell {
    bytes: [u8; KnownCell::LONGEST],
    len: usize,
    slot: Option<Slot>,
}

impl KnownCell {
    const LONGEST: usize = 32;
}

impl Default for KnownCells {
    fn default() -> Self {
        // An empty cell says no reason.
        KnownCells { places: [KnownCell { bytes: [0; KnownCell::LONGEST], len: 0, slot: None }; 64] }
    }
}

impl KnownCells {
    /// The known reason that a cell says, if it says one.
    pub(crate) fn slot(&mut self, cell: &Cell) -> Option<Slot> {
        let Some(bytes) = cell.bytes().filter(|bytes| bytes.len() <= KnownCell::LONGEST) else { return cell.slot() };
        let sum = bytes.iter().fold(bytes.len(), |sum, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let Some(place) = self.places.get_mut((sum ^ sum >> 7) % 64) else { return cell.slot() };
        if place.bytes.get(..place.len) != Some(bytes) {
            place.slot = cell.slot();
            place.len = bytes.len();
            place.bytes.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
        }
        place.slot
    }
}

/// Is a cell that arrives in pieces UTF-8?
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    /// The beginning of a character whose end hasn't arrived.
    pending: [u8; 4],
    len: usize,
    invalid: bool,
}

impl Utf8 {
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        if self.invalid {
            return;
        }
        while self.len != 0 {
            let Some((&byte, rest)) = piece.split_first() else { return };
            piece = rest;
            self.pending[self.len] = byte;
            self.len += 1;
            match std::str::from_utf8(&self.pending[..self.len]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.invalid = true;
                    return;
                }
            }
        }
        if let Err(error) = std::str::from_utf8(piece) {
            let tail = &piece[error.valid_up_to()..];
            self.invalid = error.error_len().is_some();
            if !self.invalid {
                self.len = tail.len();
                self.pending[..self.len].copy_from_slice(tail);
            }
        }
    }

    /// Ends the cell, and tells whether it was UTF-8.
    pub(crate) fn finish(&mut self) -> bool {
        let valid = !self.invalid && self.len == 0;
        *self = Utf8::default();
        valid
    }
}

/// How many bytes at the end are the beginning of a character that goes on.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .map(|at| &bytes[at..])
        .find(|tail| {
            std::str::from_utf8(tail).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_in_pieces() {
        for (bytes, valid) in [
            (&b"plain"[..], true),
            ("h\u{e9}\u{20ac}\u{1f600}x".as_bytes(), true),
            (b"\xe2\x82", false),
            (b"\xe2\x82x\xac", false),
            (b"\xff", false),
            (b"\xf0\x9f\x98\x80\x80", false),
            (b"\xed\xa0\x80", false),
            (b"", true),
        ] {
            for size in 1..5 {
                let mut utf8 = Utf8::default();
                bytes.chunks(size).for_each(|piece| utf8.feed(piece));
                assert_eq!(utf8.finish(), valid, "{bytes:?} by {size}");
            }
        }
    }

    #[test]
    fn a_long_cell_still_says_its_reason() {
        for (filler, size) in [(" ", 70_001), ("\u{2003}", 30_000), ("\u{1f600}", 20_000)] {
            let text = format!("Hard{}bounced", filler.repeat(size));
            for piece in [1, 1000, 65_537, text.len()] {
                let mut cell = Cell::default();
                text.as_bytes().chunks(piece).for_each(|piece| cell.feed(piece));
                assert_eq!(cell.slot(), Some(Slot::HardBounced));
                assert_eq!(cell.bytes(), None);
            }
        }
    }

    #[test]
    fn the_longest_cell_that_is_kept() {
        for (len, is_kept) in [(Cell::LONGEST, true), (Cell::LONGEST + 1, false)] {
            let mut cell = Cell::default();
            cell.feed(&b"x".repeat(len));
            assert_eq!(cell.bytes().map(<[u8]>::len), is_kept.then_some(len));
            assert_eq!(cell.unknown_reason().is_some(), is_kept);
            cell.clear();
            assert_eq!(cell.bytes(), Some(&[][..]));
        }
    }

    /// What has been folded ends where a character does: here it is a letter that folds to a `k`, or one that makes another
    /// word of it.
    #[test]
    fn a_long_cell_is_parted_between_characters() {
        for (letter, slot) in [("\u{212a}", Some(Slot::Blocker)), ("\u{10428}k", None), ("\u{e9}k", None)] {
            for spaces in Cell::LONGEST - 9..Cell::LONGEST {
                let text = format!("Bloc{}{letter}er", " ".repeat(spaces));
                for piece in [1, 3, Cell::LONGEST - 1, text.len()] {
                    let mut cell = Cell::default();
                    text.as_bytes().chunks(piece).for_each(|piece| cell.feed(piece));
                    assert_eq!(cell.slot(), slot, "{letter} behind {spaces} by {piece}");
                }
            }
        }
    }
}
