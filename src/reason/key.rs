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

/// Returns true if a text has this key, which begins with a letter and is short enough to be one of ours.
#[inline(always)]
pub(crate) fn has_key(text: &[u8], key: &[u8]) -> bool {
    // Most texts tell by their first letter, and most of the others are the key, or begin with a capital.
    match (text, key) {
        ([first, ..], [letter, ..]) if first.is_ascii_alphabetic() && first.to_ascii_lowercase() != *letter => false,
        ([first, rest @ ..], [_, key_rest @ ..]) if first.is_ascii_alphabetic() && rest == key_rest => true,
        _ => folds_to(text, key),
    }
}

/// Returns true if the letters and digits of a text are this key.
fn folds_to(text: &[u8], key: &[u8]) -> bool {
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

/// A column that has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownColumn {
    Reason,
    Email,
}

impl KnownColumn {
    /// The one that has this name.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        // So do most names.
        let letter = name.first().map_or(0, |first| first | 0x20);
        if letter.is_ascii_lowercase() && !matches!(letter, b'r' | b'e' | b'm') {
            return None;
        }
        let is = |key: &[u8]| has_key(name, key);
        if is(b"reason") {
            return Some(KnownColumn::Reason);
        }
        (is(b"email") || is(b"emailaddress") || is(b"mail")).then_some(KnownColumn::Email)
    }
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
        let keys = ["reason", "email", "emailaddress", "mail", "k"];
        for text in texts {
            for bytes in [text.as_bytes(), &[text.as_bytes(), b"\xff"].concat()] {
                for key in keys.map(str::as_bytes) {
                    assert_eq!(has_key(bytes, key), FoldedKey::of(bytes).as_bytes() == Some(key), "{text:?} {key:?}");
                }
                let is = |keys: &[&str]| keys.iter().any(|key| has_key(bytes, key.as_bytes()));
                let (is_reason, is_email) = (is(&["reason"]), is(&["email", "emailaddress", "mail"]));
                assert_eq!(KnownColumn::of(bytes) == Some(KnownColumn::Reason), is_reason, "{text:?}");
                assert_eq!(KnownColumn::of(bytes) == Some(KnownColumn::Email), is_email, "{text:?}");
            }
        }
        for (names, column) in [
            (&["Reason", "REASON ", "\u{feff}reason"][..], Some(KnownColumn::Reason)),
            (&["email", "Email address", "e-mail", "mail"], Some(KnownColumn::Email)),
            (&["reasons", "emails", "firstname", "Postcode", ""], None),
        ] {
            assert!(names.iter().all(|name| KnownColumn::of(name.as_bytes()) == column), "{names:?}");
        }
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
