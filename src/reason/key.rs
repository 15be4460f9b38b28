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

    /// Returns true if it is the key of a name of the reason's column.
    pub(crate) fn is_reason_column(&self) -> bool {
        self.as_bytes() == Some(b"reason")
    }

    /// Returns true if it is the key of a name of the email's column.
    pub(crate) fn is_email_column(&self) -> bool {
        matches!(self.as_bytes(), Some(b"email" | b"emailaddress" | b"mail"))
    }
}

impl From<&str> for FoldedKey {
    fn from(text: &str) -> Self {
        let mut key = FoldedKey::default();
        key.feed(text.as_bytes());
        key
    }
}
