//! Halves of characters in JSON: `"\ud83d"`, as is written of a text that was cut in the middle of an emoji.
//!
//! They are no Unicode, and no reader of JSON takes them. Where one stands, U+FFFD is read: its escape, `\ufffd`, takes as
//! many bytes, and so all else stays where it is.

use std::borrow::Cow;

const REPLACEMENT: &[u8; 6] = b"\\ufffd";

/// Finds the escapes in JSON that are half a character, from the beginning of a text on.
///
/// Outside of texts there is no backslash in JSON. So wherever no escape goes on, all that follows can be told.
pub(super) struct Halves<'j> {
    json: &'j [u8],
    at: usize,
}

impl<'j> Halves<'j> {
    pub(super) fn new(json: &'j [u8]) -> Self {
        Halves { json, at: 0 }
    }

    /// What stands at a place, if it is the escape of a unit of UTF-16.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.json.get(at..at + REPLACEMENT.len())?.strip_prefix(br"\u")?;
        let digits = digits.iter().map(|&digit| char::from(digit).to_digit(16));
        digits.into_iter().try_fold(0, |unit, digit| Some(unit << 4 | u16::try_from(digit?).ok()?))
    }
}

impl Iterator for Halves<'_> {
    type Item = usize;

    /// Where the next one stands. So one does at the very end whose other half may still come: no text in JSON ends there.
    fn next(&mut self) -> Option<usize> {
        loop {
            let place = self.at + memchr::memchr(b'\\', self.json.get(self.at..)?)?;
            self.at = place + 2;
            let Some(unit) = self.unit(place) else { continue };
            self.at = place + REPLACEMENT.len();
            match unit {
                0xd800..=0xdbff => match self.unit(self.at) {
                    Some(0xdc00..=0xdfff) => self.at += REPLACEMENT.len(),
                    _ => return Some(place),
                },
                0xdc00..=0xdfff => return Some(place),
                _ => {}
            }
        }
    }
}

/// JSON that is whole, with U+FFFD for each half of a character.
pub(super) fn mended(json: &[u8]) -> Cow<'_, [u8]> {
    let mut json = Cow::Borrowed(json);
    let places: Vec<_> = Halves::new(&json).collect();
    for place in places {
        mend(json.to_mut(), place);
    }
    json
}

/// The same of a text in JSON that begins before one of them: up to the end of that text, or of the input.
pub(super) fn mended_text(json: &[u8], first: usize) -> Vec<u8> {
    let mut end = first;
    while let Some(found) = json.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        end += found;
        if json.get(end) == Some(&b'"') {
            return mended(json.get(..=end).unwrap_or(json)).into_owned();
        }
        end += 2;
    }
    mended(json).into_owned()
}

fn mend(json: &mut [u8], place: usize) {
    if let Some(escape) = json.get_mut(place..place + REPLACEMENT.len()) {
        escape.copy_from_slice(REPLACEMENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_told_from_pairs() {
        for (json, expected) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\uD83D\uDE00\ud83d\ude00""#, r#""\uD83D\uDE00\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud83d\u0041\ud83dA\ud83d\n""#, r#""\ufffd\u0041\ufffdA\ufffd\n""#),
            (r#""\\ud83d\\\ud83d\"\ud83d""#, r#""\\ud83d\\\ufffd\"\ufffd""#),
            (r#"{"\uDBFF":"\uDFFF"}"#, r#"{"\ufffd":"\ufffd"}"#),
            (r#""\ud83d\uzzzz \uD83 \ud7ff\ue000""#, r#""\ufffd\uzzzz \uD83 \ud7ff\ue000""#),
            (r"\ud83d", r"\ufffd"),
            (r"\ud83", r"\ud83"),
            (r"\", r"\"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&mended(json.as_bytes())), expected, "{json}");
        }
    }

    #[test]
    fn one_text_alone() {
        let json = br#"  "a\"\ud83d\"b\udc00", "\ud83d""#;
        assert_eq!(mended_text(json, 6), br#"  "a\"\ufffd\"b\ufffd""#);
        assert_eq!(mended_text(&json[..14], 6), br#"  "a\"\ufffd\""#);
        assert_eq!(mended_text(&json[..13], 6), br#"  "a\"\ufffd\"#);
    }
}
