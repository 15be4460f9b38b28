//! A word of 64 bytes, and where cells end in it: one vector, and one mask of bits.

use fearless_simd::prelude::*;
use fearless_simd::{dispatch, u8x64};

use super::level::level;

/// How many bytes one vector, and one mask of bits, covers.
pub(crate) const WORD: usize = 64;

/// Which bytes of a word end a cell, the first byte in the lowest bit.
pub(crate) fn cell_ends(word: &[u8; WORD], separator: u8) -> u64 {
    #[inline(always)]
    fn find<S: Simd>(simd: S, word: &[u8; WORD], separator: u8) -> u64 {
        let bytes = u8x64::from_slice(simd, word);
        let is = |byte: u8| bytes.simd_eq(u8x64::splat(simd, byte));
        (is(separator) | is(b'\n') | is(b'\r')).to_bitmask()
    }
    dispatch!(level(), simd => find(simd, word, separator))
}

/// Where the cells of a line without quotes end, but for the last one.
pub(super) fn separators(line: &[u8], separator: u8) -> impl Iterator<Item = usize> {
    let (words, rest) = line.as_chunks::<WORD>();
    // NULs part no cells.
    let mut last = [0; WORD];
    last.iter_mut().zip(rest).for_each(|(place, &byte)| *place = byte);
    let masks = words.iter().map(move |word| cell_ends(word, separator)).chain([cell_ends(&last, separator)]);
    masks.enumerate().flat_map(|(number, mut mask)| {
        std::iter::from_fn(move || {
            let bit = mask.trailing_zeros() as usize;
            let is_set = mask != 0;
            mask &= mask.wrapping_sub(1);
            is_set.then_some(number * WORD + bit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a word at any place.
    #[test]
    fn ends_of_cells() {
        for place in 0..WORD {
            for (byte, separator, ends) in [
                (b',', b',', true),
                (b';', b',', false),
                (b';', b';', true),
                (b'\n', b',', true),
                (b'\r', b',', true),
                (b'"', b',', false),
                // What would be taken for one of them where bits were mixed up.
                (b',' | 0x80, b',', false),
                (b'\n', b'\n', true),
            ] {
                let mut word = [b'x'; WORD];
                word[place] = byte;
                assert_eq!(cell_ends(&word, separator), u64::from(ends) << place, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn separators_of_lines() {
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 500] {
            for step in [1, 2, 7, 63, 64, 65] {
                let line: Vec<u8> = (0..len).map(|at| if at % step == 0 { b';' } else { b',' }).collect();
                let expected = (0..len).step_by(step);
                assert!(separators(&line, b';').eq(expected), "{len} by {step}");
            }
        }
    }
}
