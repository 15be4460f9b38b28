//! Arbitrary answers of the newer API: no panic; every way of reading tells the same, for any splitting; and so does
//! serde_json, which reads them as a whole.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/helpers/v3.rs"]
mod v3;

fuzz_target!(|input: &[u8]| {
    let Some((&[piece], answer)) = input.split_first_chunk() else { return };
    v3::compare(answer, &[usize::from(piece) + 1]);
});
