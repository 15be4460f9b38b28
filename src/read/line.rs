//! Line ends, and the marks in front of lines.

use memchr::memchr2;

use crate::format::BOM;

/// The length of the line end with which a text begins: CRLF, LF or CR; 0 at the end of the input.
pub(crate) fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [_, ..] => 1,
        [] => 0,
    }
}

/// A text without the byte order marks in front of it.
pub(crate) fn without_marks(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(BOM) {
        text = rest;
    }
    text
}

/// The lines of a text, without their ends.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr2(b'\n', b'\r', text).unwrap_or(text.len());
        let (line, ends) = text.split_at(end);
        rest = (!ends.is_empty()).then(|| &ends[line_end(ends)..]);
        Some(line)
    })
}
