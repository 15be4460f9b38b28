//! Base64 as it arrives: piece by piece, with white space anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use {base64::engine::Simd, base64::engine::general_purpose::PAD, std::sync::LazyLock};

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
        // What is held is filled up first, so that the rest can be decoded where it is.
        let missing = if self.held.is_empty() { 0 } else { 4 - self.held.len() };
        let (first, rest) = text.split_at(missing.min(text.len()));
        self.feed_held(first, bytes)?;
        let rest = if self.held.is_empty() && !self.ended { self.feed_whole(rest, bytes) } else { rest };
        self.feed_held(rest, bytes)
    }

    /// Decodes whole groups of four where they are, if there is no white space in them. Returns what is left.
    fn feed_whole<'t>(&mut self, text: &'t [u8], bytes: &mut Vec<u8>) -> &'t [u8] {
        let before = bytes.len();
        let (whole, rest) = text.split_at(text.len() / 4 * 4);
        if decode(whole, bytes).is_err() {
            bytes.truncate(before);
            return text;
        }
        self.ended = whole.ends_with(b"=");
        rest
    }

    fn feed_held(&mut self, text: &[u8], bytes: &mut Vec<u8>) -> Result<(), NotBase64> {
        for run in text.split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.held.extend_from_slice(run);
        }
        if self.ended {
            return if self.held.is_empty() { Ok(()) } else { Err(NotBase64) };
        }
        let (whole, rest) = self.held.split_at(self.held.len() / 4 * 4);
        decode(whole, bytes)?;
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

/// Decodes whole groups of four, to the end of `bytes`, with the vectors that the processor has.
fn decode(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), NotBase64> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let decoded = {
        static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
        // The few characters of a short text are not worth a look at the processor.
        if text.len() < 64 { STANDARD.decode_vec(text, bytes) } else { ENGINE.decode_vec(text, bytes) }
    };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let decoded = STANDARD.decode_vec(text, bytes);
    decoded.map_err(|_| NotBase64)
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

    #[test]
    fn long_texts_by_every_piece() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| (number * 7 % 251) as u8).collect();
        let text = STANDARD.encode(&bytes);
        let lines: Vec<&str> = (0..text.len()).step_by(76).map(|at| &text[at..text.len().min(at + 76)]).collect();
        let broken = text.replacen('A', "!", 1);
        for piece in [1, 3, 4, 63, 64, 65, 100, 255, 1000, text.len() + 100] {
            assert_eq!(decode(&text, piece), Ok(bytes.clone()), "by {piece}");
            assert_eq!(decode(&lines.join("\r\n"), piece), Ok(bytes.clone()), "lines by {piece}");
            assert_eq!(decode(&broken, piece), Err(NotBase64), "broken by {piece}");
            assert_eq!(decode(&format!("{text}AAAA"), piece), Err(NotBase64), "goes on by {piece}");
        }
    }
}
