//! Text as it is compared.

/// A text as it is compared: its letters and digits only, lower-cased one by one.
///
/// It is fed in pieces that end where a character ends, and holds no more than the longest key of the table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FoldedKey {
    bytes: [u8; FoldedKey::LONGEST],
    /// The length; more than `LONGEST` where the text can't be a known one.
    len: usize,
}

impl FoldedKey {
    /// Longer than any key of the table, of which the longest has 24 letters.
    const LONGEST: usize = 32;

    /// Feeds whole characters. Bytes that are not UTF-8 read as U+FFFD, which is neither a letter nor a digit.
    pub(crate) fn feed(&mut self, text: &[u8]) {
        for (index, &byte) in text.iter().enumerate() {
            if !byte.is_ascii() {
                return self.feed_unicode(&text[index..]);
            }
            if byte.is_ascii_alphanumeric() {
                let Some(place) = self.bytes.get_mut(self.len) else {
                    self.len = Self::LONGEST + 1;
                    return;
                };
                *place = byte.to_ascii_lowercase();
                self.len += 1;
            }
        }
    }

    fn feed_unicode(&mut self, text: &[u8]) {
        for chunk in text.utf8_chunks() {
            for character in chunk.valid().chars().filter(|character| character.is_alphanumeric()) {
                for lower in character.to_lowercase() {
                    self.push(lower.encode_utf8(&mut [0; 4]).as_bytes());
                }
                if self.len > Self::LONGEST {
                    return;
                }
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        match self.bytes.get_mut(self.len..self.len + bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.len = Self::LONGEST + 1,
        }
    }

    /// The key of a cell.
    pub(crate) fn of(cell: &[u8]) -> Self {
        let mut key = FoldedKey::default();
        key.feed(cell);
        key
    }

    /// The key, where it is short enough to be one of ours.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len)
    }
}

/// Returns true if a text has this key, which is short enough to be one of ours. Most texts soon show that they
/// haven't.
pub(crate) fn has_key(text: &[u8], key: &[u8]) -> bool {
    let mut rest = key.iter();
    for byte in text {
        if !byte.is_ascii() {
            return FoldedKey::of(text).as_bytes() == Some(key);
        }
        if byte.is_ascii_alphanumeric() && rest.next() != Some(&byte.to_ascii_lowercase()) {
            return false;
        }
    }
    rest.as_slice().is_empty()
}

/// May it be a name of the reason's column or of the email's? Most others tell by their first letter.
#[inline]
pub(crate) fn may_be_known_column(name: &[u8]) -> bool {
    let letter = name.first().map_or(0, |first| first | 0x20);
    matches!(letter, b'r' | b'e' | b'm') || !letter.is_ascii_lowercase()
}

/// Returns true if it is a name of the reason's column.
pub(crate) fn is_reason_column(name: &[u8]) -> bool {
    has_key(name, b"reason")
}

/// Returns true if it is a name of the email's column.
pub(crate) fn is_email_column(name: &[u8]) -> bool {
    has_key(name, b"email") || has_key(name, b"emailaddress") || has_key(name, b"mail")
}

impl From<&str> for FoldedKey {
    fn from(text: &str) -> Self {
        let mut key = FoldedKey::default();
        key.feed(text.as_bytes());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told letter by letter is what the folded key says.
    #[test]
    fn a_text_has_its_key_and_no_other() {
        let texts = [
            "",
            " ",
            "reason",
            " Re-a_so\u{ad}n ",
            "REASON\u{feff}",
            "reaso",
            "reasons",
            "r\u{e9}ason",
            "reason\u{e9}",
            "\u{feff}Reason",
            "x\u{feff}reason",
            "email",
            "E-Mail",
            "e mail address",
            "mail",
            "mails",
            "k\u{130}",
            "\u{212a}",
            "reason\u{130}",
            "Re\u{0}ason",
            "r",
            "\u{ff32}eason",
            "long text that no key of ours has, by far",
        ];
        let keys = ["", "reason", "email", "emailaddress", "mail", "k"];
        for text in texts {
            for bytes in [text.as_bytes(), &[text.as_bytes(), b"\xff"].concat()] {
                for key in keys.map(str::as_bytes) {
                    assert_eq!(has_key(bytes, key), FoldedKey::of(bytes).as_bytes() == Some(key), "{text:?} {key:?}");
                }
                assert!(may_be_known_column(bytes) || !is_reason_column(bytes) && !is_email_column(bytes), "{text:?}");
            }
        }
        assert!(!may_be_known_column(b"firstname") && !may_be_known_column(b"Postcode"));
        assert!(is_reason_column(b"Reason") && !is_reason_column(b"reasons"));
        assert!(
            [&b"email"[..], b"Email address", b"mail"].into_iter().all(is_email_column) && !is_email_column(b"emails")
        );
    }

    /// A text that is too long has none, however it is written and in how many pieces it comes.
    #[test]
    fn a_long_text_has_no_key() {
        let longest = FoldedKey::LONGEST;
        assert_eq!(FoldedKey::of("x".repeat(longest).as_bytes()).as_bytes().map(<[u8]>::len), Some(longest));
        assert_eq!(FoldedKey::of("é".repeat(longest / 2).as_bytes()).as_bytes().map(<[u8]>::len), Some(longest));
        for text in ["x".repeat(longest + 1), "é".repeat(longest / 2 + 1), format!("{}é", "x".repeat(longest - 1))] {
            let mut key = FoldedKey::of(text.as_bytes());
            assert_eq!(key.as_bytes(), None, "{text}");
            key.feed("xé".as_bytes());
            assert_eq!(key.as_bytes(), None, "{text} and more");
        }
    }
}
