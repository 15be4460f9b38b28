//! Base64 as it arrives: piece by piece, with white space anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text is not the base64 of anything.
#[derive(Debug, PartialEq)]
pub(super) struct NotBase64;

/// Decodes `xs:base64Binary`, whatever the pieces.
#[derive(Debug, Default)]
pub(super) struct Base64Text {
    /// What is not decoded yet: between two pieces, fewer than four characters.
    held: Vec<u8>,
    /// Padding has been seen; only white space may follow.
    ended: bool,
}

impl Base64Text {
    /// Decodes what it can, to the end of `bytes`.
    pub(super) fn feed(&mut self, text: &[u8], bytes: &mut Vec<u8>) -> Result<(), NotBase64> {
        self.held.extend(text.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')));
        if self.ended {
            return if self.held.is_empty() { Ok(()) } else { Err(NotBase64) };
        }
        let (whole, rest) = self.held.split_at(self.held.len() / 4 * 4);
        STANDARD.decode_vec(whole, bytes).map_err(|_| NotBase64)?;
        self.ended = whole.ends_with(b"=");
        if self.ended && !rest.is_empty() {
            return Err(NotBase64);
        }
        let decoded = whole.len();
        self.held.drain(..decoded);
        Ok(())
    }

    /// Whether the text was whole.
    pub(super) fn finish(&self) -> Result<(), NotBase64> {
        if self.held.is_empty() { Ok(()) } else { Err(NotBase64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str, piece: usize) -> Result<Vec<u8>, NotBase64> {
        let (mut decoder, mut bytes) = (Base64Text::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            decoder.feed(piece, &mut bytes)?;
        }
        decoder.finish().map(|()| bytes)
    }

    #[test]
    fn every_text_by_every_piece() {
        for (text, bytes) in [
            ("", Ok("")),
            (" \r\n\t", Ok("")),
            ("UmVhc29u", Ok("Reason")),
            (" Um Vh\r\nc2\t9u ", Ok("Reason")),
            ("UmVhc28=", Ok("Reaso")),
            ("UmVhc28 = \n", Ok("Reaso")),
            ("UmVhcw=\n=", Ok("Reas")),
            ("UmVhc", Err(NotBase64)),
            ("UmVhcw=", Err(NotBase64)),
            ("UmVhcw==UmVh", Err(NotBase64)),
            ("UmVhcw===", Err(NotBase64)),
            ("Um=hcw==", Err(NotBase64)),
            ("UmVh!29u", Err(NotBase64)),
            ("UmVh-_9u", Err(NotBase64)),
            ("UmVh\u{a0}c29u", Err(NotBase64)),
            ("====", Err(NotBase64)),
            ("UmVhcx==", Err(NotBase64)),
        ] {
            let bytes = bytes.map(|bytes| bytes.as_bytes().to_vec());
            for piece in 1..=text.len().max(1) {
                assert_eq!(decode(text, piece), bytes, "{text:?} by {piece}");
            }
        }
    }
}
