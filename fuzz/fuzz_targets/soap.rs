//! Arbitrary answers: no panic, and the same for any splitting.

#![no_main]

use dotdigital_faults::{ReadOptions, __private};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&[piece], answer)) = input.split_first_chunk() else { return };
    let options = ReadOptions::new();
    let whole = __private::count_envelope([answer], &options);
    let pieces = __private::count_envelope(answer.chunks(usize::from(piece) + 1), &options);
    assert_eq!(whole, pieces);
});
