//! The spellings of known reasons that have been met, told apart by their first bytes, or by their last ones.
//!
//! ```text
//!   Hard bounced,jo@…                     a cell in front of others: its bytes, and the separator behind it
//!                jo@…,Hard bounced\r\n    the last cell: the separator in front of it, its bytes, and the CR if any
//! ```

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memchr;

use super::header::Header;
use crate::format::BOM;
use crate::reason::report_kind::ReportKind;
use crate::reason::{FailureReason, Slot};

/// The spellings of known reasons that have been met, each with its quotes, if any, and the byte that ends its cell.
///
/// A cell that begins with one of these bytes is that cell: the last byte ends it. Where the reason stands last, a record
/// that ends with one of them ends with that cell: its first byte is the separator.
#[derive(Clone, Debug)]
pub(super) struct Spellings {
    sets: Box<[[Spelling; 2]; 32]>,
    /// Are they those of cells that end their records?
    are_last: bool,
}

/// How many bytes of a spelling are compared at once.
pub(super) const SPELLING: usize = 24;

#[derive(Clone, Copy, Debug)]
struct Spelling {
    words: [u64; 3],
    masks: [u64; 3],
    slot: Slot,
}

impl Spellings {
    fn new(are_last: bool) -> Self {
        // Whatever the bytes are, a mask of nothing makes no one of them.
        let none = Spelling { words: [1; 3], masks: [0; 3], slot: Slot::Other };
        Spellings { sets: Box::new([[none; 2]; 32]), are_last }
    }

    /// The reason of the cell that begins with these bytes.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8; SPELLING]) -> Option<Slot> {
        let text = words(bytes);
        self.find_in(set(text), text)
    }

    /// The reason of the cell that ends with these bytes, behind which stands the LF.
    #[inline(always)]
    pub(super) fn find_last(&self, bytes: &[u8; SPELLING]) -> Option<Slot> {
        let text = words(bytes);
        self.find_in(last_set(text), text)
    }

    #[inline(always)]
    fn find_in(&self, set: usize, text: [u64; 3]) -> Option<Slot> {
        let [first, second] = &self.sets[set];
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
    pub(super) fn documented(separator: u8) -> Cow<'static, Self> {
        static COMMA: LazyLock<Spellings> = LazyLock::new(|| Spellings::of_labels(b','));
        if separator == b',' { Cow::Borrowed(&COMMA) } else { Cow::Owned(Spellings::of_labels(separator)) }
    }

    /// None yet, of cells that end their records: whether a CR stands behind them is still to be seen.
    pub(super) fn last() -> Cow<'static, Self> {
        static NONE: LazyLock<Spellings> = LazyLock::new(|| Spellings::new(true));
        Cow::Borrowed(&NONE)
    }

    fn of_labels(separator: u8) -> Self {
        let mut spellings = Spellings::new(false);
        // Those that a CSV is documented to hold: many of the others begin alike, and would be in each other's way.
        for reason in FailureReason::iter().filter(is_documented_in_csv) {
            let mut text = [reason.label().as_bytes(), &[separator]].concat();
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
        spellings: &mut Cow<'_, Spellings>,
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
        let spellings = spellings.to_mut();
        if spellings.are_last {
            spellings.keep_last(&text[..end], end - cell + 1, slot);
        } else {
            spellings.keep(&text[cell..], spelled.len() + 1, slot);
        }
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
        self.keep_in(set(text), text, masks, slot);
    }

    /// Keeps a spelling of so many bytes at the end of a text, with the separator in front of it.
    fn keep_last(&mut self, text: &[u8], len: usize, slot: Slot) {
        let Some(bytes) = text.last_chunk().filter(|_| (8..=SPELLING).contains(&len)) else { return };
        // A line break inside it might be the end of the record before.
        if memchr(b'\n', &bytes[SPELLING - len..]).is_some() {
            return;
        }
        let text = words(bytes);
        let masks = [16, 8, 0].map(|behind| match len.saturating_sub(behind) {
            0 => 0,
            bytes @ 1..8 => u64::MAX << (64 - 8 * bytes),
            _ => u64::MAX,
        });
        self.keep_in(last_set(text), text, masks, slot);
    }

    fn keep_in(&mut self, set: usize, text: [u64; 3], masks: [u64; 3], slot: Slot) {
        let [first, second] = &mut self.sets[set];
        let spelling = Spelling { words: [text[0] & masks[0], text[1] & masks[1], text[2] & masks[2]], masks, slot };
        // The first one that was met is the most frequent, as a rule: it is compared first, and stays.
        let place = if first.masks == [0; 3] { first } else { second };
        *place = spelling;
    }
}

fn is_documented_in_csv(reason: &FailureReason) -> bool {
    reason.report_kinds().contains(&ReportKind::Import)
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

/// The same by the last eight bytes; here two labels end with the same ones.
#[inline(always)]
fn last_set(words: [u64; 3]) -> usize {
    (words[2].wrapping_mul(0x677f_6cbd_cc22_af59) >> 59) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::header::{Names, Texts};
    use crate::read::options::ReadOptions;
    use crate::read::record::Shape;

    /// A spelling, and what follows it.
    fn bytes(spelling: &[u8], behind: u8) -> [u8; SPELLING] {
        std::array::from_fn(|at| spelling.get(at).copied().unwrap_or(behind))
    }

    /// It is found whatever follows it, and nothing else is.
    #[track_caller]
    fn assert_found(spellings: &Spellings, spelling: &[u8], slot: Slot) {
        let shown = spelling.escape_ascii();
        for behind in [0, b'x', b',', 0xff] {
            let text = bytes(spelling, behind);
            assert_eq!(spellings.find(&text), Some(slot), "{shown}");
            for at in 0..SPELLING {
                let mut other = text;
                other[at] ^= 1 << (at % 8);
                let expected = (at >= spelling.len()).then_some(slot);
                assert_eq!(spellings.find(&other), expected, "{shown} with another byte {at}");
                // The same bit in two words, which may leave the set as it is.
                for bit in 0..8 {
                    let mut other = text;
                    other[at] ^= 1 << bit;
                    if let Some(later) = other.get_mut(at + 8) {
                        *later ^= 1 << bit;
                        assert_eq!(spellings.find(&other), expected, "{shown} with two other bytes from {at}");
                    }
                }
            }
        }
    }

    fn last(text: &[u8]) -> [u8; SPELLING] {
        *text.last_chunk().unwrap()
    }

    fn learn(spellings: &mut Cow<'_, Spellings>, record: &[u8]) -> Option<(Slot, Option<Vec<u8>>)> {
        learn_at(spellings, record, 0)
    }

    /// Learns what stands in the cell that begins at that place of a record.
    fn learn_at(spellings: &mut Cow<'_, Spellings>, record: &[u8], cell: usize) -> Option<(Slot, Option<Vec<u8>>)> {
        let mut names = Texts::default();
        [&b"Reason"[..], b"email"].into_iter().for_each(|name| names.push(name));
        let rules = Names::new(&ReadOptions::new());
        let shape = Shape { separator: b',', largest_field: 1 << 20, largest_row: 1 << 20 };
        let header = Header::new(names.clone(), &rules.exact(&names), shape, &rules).unwrap();
        let text = [record, b"\nBlocker,behind@it,and so on\n"].concat();
        let (slot, unknown) = Spellings::learn(spellings, &text, cell, record.len(), &header, record)?;
        Some((slot, unknown.map(<[u8]>::to_vec)))
    }

    #[test]
    fn documented_spellings() {
        assert_eq!(FailureReason::iter().filter(is_documented_in_csv).count(), 13);
        for separator in [b',', b';', b'\t'] {
            let spellings = Spellings::documented(separator);
            for reason in FailureReason::iter().filter(is_documented_in_csv) {
                let spelling = [reason.label().as_bytes(), &[separator]].concat();
                assert_found(&spellings, &spelling, Slot::from(&reason));
            }
        }
        assert!(matches!(Spellings::documented(b','), Cow::Borrowed(_)), "made once");
        assert_eq!(Spellings::new(false).find(&[0; SPELLING]), None);
        assert_eq!(
            Spellings::new(false).find(&[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            None
        );
    }

    /// Those of eight bytes to 24, with the byte that ends the cell.
    #[test]
    fn learned_spellings() {
        for len in 12..30 {
            let spelling = format!("Hard{}bounced,", "-".repeat(len - 12));
            let mut spellings = Spellings::documented(b',');
            assert_eq!(learn(&mut spellings, format!("{spelling}a@x").as_bytes()), Some((Slot::HardBounced, None)));
            if len <= SPELLING {
                assert_found(&spellings, spelling.as_bytes(), Slot::HardBounced);
            } else {
                assert_eq!(spellings.find(&bytes(spelling.as_bytes(), 0)), None, "{len}");
            }
        }
        let mut spellings = Cow::Owned(Spellings::new(false));
        for (record, spelling) in
            [(&b"\"Blocker\",a@x"[..], &b"\"Blocker\","[..]), (b"BLOCKER", b"BLOCKER\n"), (b"blocker\r", b"blocker\r")]
        {
            assert_eq!(learn(&mut spellings, record), Some((Slot::Blocker, None)));
            assert_found(&spellings, spelling, Slot::Blocker);
        }
        // Seven bytes aren't kept: which set they are in would be up to what follows.
        assert_eq!(learn(&mut spellings, b"Failed,a@x"), Some((Slot::of(b"Failed").unwrap(), None)));
        assert_eq!(spellings.find(&bytes(b"Failed,a@x", 0)), None);
    }

    /// Of those that begin with the same bytes, the first and the last are kept.
    #[test]
    fn spellings_that_begin_alike() {
        let mut spellings = Cow::Owned(Spellings::new(false));
        let three = ["Hard----bounced,", "Hard-----bounced,", "Hard------bounced,"];
        for spelling in three {
            learn(&mut spellings, format!("{spelling}a@x").as_bytes());
        }
        let found = three.map(|spelling| spellings.find(&bytes(spelling.as_bytes(), 0)));
        assert_eq!(found, [Some(Slot::HardBounced), None, Some(Slot::HardBounced)]);
    }

    /// The last cell of a record is told by how it ends, with its separator, whatever stands in front of that.
    #[test]
    fn spellings_at_the_end() {
        for line_end in ["", "\r"] {
            for len in 12..30 {
                let cell = format!("Hard{}bounced", "-".repeat(len - 11));
                let (mut spellings, record) = (Spellings::last(), format!("jo@example.com,{cell}{line_end}"));
                let cell_at = record.len() - cell.len() - line_end.len();
                let learned = learn_at(&mut spellings, record.as_bytes(), cell_at);
                assert_eq!(learned, Some((Slot::HardBounced, None)));
                let is_kept = len + 1 + line_end.len() <= SPELLING;
                for before in ["", ",", "somebody.else@example.com,"] {
                    let text = format!("{}{before},{cell}{line_end}", " ".repeat(SPELLING));
                    let found = spellings.find_last(&last(text.as_bytes()));
                    assert_eq!(found, is_kept.then_some(Slot::HardBounced), "{text:?}");
                }
                for other in [format!("x{cell}{line_end}"), format!(",{cell}x"), format!(",{cell}{line_end} ")] {
                    assert_eq!(spellings.find_last(&last(format!("{:>30}", other).as_bytes())), None, "{other:?}");
                }
            }
        }
        // What has a line break inside might begin in the record before, and what has less than eight bytes isn't kept.
        let mut spellings = Spellings::last();
        for (record, cell) in
            [(&b"jo@example.com,also here,\"Hard\nbounced\""[..], 25), (b"jo@example.com,and also here,Failed", 29)]
        {
            assert!(learn_at(&mut spellings, record, cell).is_some_and(|(slot, _)| slot != Slot::Other));
            assert_eq!(spellings.find_last(&last(record)), None, "{}", record.escape_ascii());
        }
    }

    /// No two of the documented labels are in each other's way more than two at a time.
    #[test]
    fn labels_at_the_end() {
        for line_end in ["", "\r"] {
            let mut spellings = Spellings::last();
            let labels: Vec<_> = FailureReason::iter().filter(is_documented_in_csv).collect();
            let record = |reason: &FailureReason| format!("jo@example.com,1017,{}{line_end}", reason.label());
            for reason in &labels {
                learn_at(&mut spellings, record(reason).as_bytes(), 20);
            }
            for reason in &labels {
                assert_eq!(spellings.find_last(&last(record(reason).as_bytes())), Some(Slot::from(reason)), "{reason}");
            }
        }
    }

    #[test]
    fn what_is_no_known_reason() {
        let mut spellings = Spellings::documented(b',');
        let unknown = |text: &[u8]| Some((Slot::Other, Some(text.to_vec())));
        for (record, expected) in [
            (&b"Moon phase,a@x"[..], unknown(b"Moon phase")),
            (b"Moon phase@", unknown(b"Moon phase@")),
            (b",a@x", unknown(b"")),
            // A header once more, another one, or a row of blanks.
            (b"Moon phase,nobody", None),
            (b"reason ,a@x", None),
            (b"R\xc3\xa9ason,a@x", None),
            // With quotes or marks, it is for others.
            (b"\"Moon phase\",a@x", None),
            (b"\"Blocker,a@x", None),
            (b"\"Bloc\"ker\",a@x", None),
            (b"\xef\xbb\xbfBlocker,a@x", None),
        ] {
            assert_eq!(learn(&mut spellings, record), expected, "{}", record.escape_ascii());
        }
    }
}
