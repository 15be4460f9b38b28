//! What an answer that is not a report says: the service's words, and its code.

use std::borrow::Cow;

use serde_json::Value;

use super::surrogates::mended;
use super::{answer_error, page};
use crate::contact_data::{has_at_sign, may_be_encoded_in, may_be_in, may_be_in_first};
use crate::error::Error;
use crate::escape::{escape, escape_within};
use crate::format::BOM;

/// As much of such an answer as is read for its words; the code is looked for in all of it.
const HEAD: usize = 64 * 1024;
/// How much of an answer that is no JSON is repeated, in characters.
const EXCERPT: usize = 200;
/// How much of a message in JSON is repeated, in bytes as they are shown.
const LONGEST_MESSAGE: usize = 2048;
/// How much of a code is kept; the documented ones have at most 55 characters.
const LONGEST_CODE: usize = 128;
const PREFIX: &[u8; 6] = b"ERROR_";

/// Collects, piece by piece and in constant memory, what such an answer says.
#[derive(Debug, Default)]
pub(crate) struct Message {
    head: Vec<u8>,
    /// How far it has been looked through for its first character.
    #[cfg(feature = "client")]
    looked: usize,
    /// How much of `ERROR_` has just been seen; all of it while a code is being read.
    matched: usize,
    code: String,
    last_code: Option<String>,
}

impl Message {
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&piece[..piece.len().min(room)]);
        let mut rest = piece;
        while !rest.is_empty() {
            if self.matched == 0 {
                // Nothing but an `E` can begin a code.
                let Some(start) = memchr::memchr(b'E', rest) else { return };
                rest = &rest[start..];
            }
            self.feed_byte(rest[0]);
            rest = &rest[1..];
        }
    }

    fn feed_byte(&mut self, byte: u8) {
        if self.matched == PREFIX.len() {
            if byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_' {
                if self.code.len() < LONGEST_CODE {
                    self.code.push(char::from(byte));
                }
                return;
            }
            self.end_code();
        }
        self.matched = if byte == PREFIX[self.matched] { self.matched + 1 } else { usize::from(byte == PREFIX[0]) };
    }

    fn end_code(&mut self) {
        if self.matched == PREFIX.len() && !self.code.is_empty() {
            self.last_code = Some(format!("ERROR_{}", self.code));
        }
        self.code.clear();
        self.matched = 0;
    }

    /// The last code of the answer, once all of it has been fed; or else the newer API's.
    pub(crate) fn code(&mut self) -> Option<&str> {
        self.end_code();
        if self.last_code.is_none() {
            let value = self.value();
            self.last_code = value.as_ref().and_then(answer_error::code).map(Into::into);
        }
        self.last_code.as_deref()
    }

    /// The member `message` of an answer in JSON, or what the newer API says, else the title of a page in HTML, else the
    /// answer's beginning, unless it may be about contacts.
    pub(crate) fn text(&self) -> String {
        self.text_after(|text| text.into())
    }

    /// The same, where `clean` changes the text before it is escaped and cut.
    pub(crate) fn text_after(&self, clean: impl Fn(&str) -> Cow<'_, str>) -> String {
        self.words(&clean).unwrap_or_else(|| self.excerpt(clean))
    }

    /// What it says of itself, where it is JSON that does: it may name an address there, but no contacts in base64.
    fn words(&self, clean: &impl Fn(&str) -> Cow<'_, str>) -> Option<String> {
        let value = self.value()?;
        let words = answer_error::words(&value, clean).or_else(|| Some(clean(member(&value)?).into_owned()))?;
        match may_be_encoded_in(&words, words.len()) {
            true => Some(String::new()),
            false => Some(escape_within(words.trim(), LONGEST_MESSAGE)),
        }
    }

    /// It as JSON.
    fn value(&self) -> Option<Value> {
        serde_json::from_slice(&mended(&self.head)).ok()
    }

    /// The title of a page in HTML, whose markup tells nobody anything, else the beginning.
    fn excerpt(&self, clean: impl Fn(&str) -> Cow<'_, str>) -> String {
        let text = self.readable();
        // All of it: what is withheld for something in it has no title to show either.
        let text = clean(&text);
        match page::title(&text) {
            Some(title) if may_be_in(&title) => String::new(),
            Some(title) => format!("{} (the title of a web page)", escape(&title, EXCERPT)),
            None if may_be_contacts(text.trim_start_matches('\u{feff}').trim()) => String::new(),
            None => escape(text.trim(), EXCERPT),
        }
    }

    /// The beginning as text: also that of UTF-16, which a service that errs may send.
    fn readable(&self) -> Cow<'_, str> {
        let unit: fn([u8; 2]) -> u16 = match self.head.as_slice() {
            [0xff, 0xfe, ..] => u16::from_le_bytes,
            [0xfe, 0xff, ..] => u16::from_be_bytes,
            [first, 0, ..] if *first != 0 => u16::from_le_bytes,
            [0, second, ..] if *second != 0 => u16::from_be_bytes,
            _ => return String::from_utf8_lossy(&self.head),
        };
        let units = self.head.as_chunks().0.iter().copied().map(unit);
        let text = char::decode_utf16(units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER));
        Cow::Owned(text.collect::<String>().trim_start_matches('\u{feff}').to_owned())
    }

    /// Does it begin as an error page does, and no report can? `None` as long as there is nothing but white space.
    #[cfg(feature = "client")]
    pub(crate) fn is_page(&mut self) -> Option<bool> {
        // As long as it may be the beginning of a mark, nothing is told.
        if BOM.starts_with(&self.head) {
            return None;
        }
        first_character(&self.head, &mut self.looked).map(|first| matches!(first, b'{' | b'[' | b'<'))
    }

    pub(crate) fn into_error(mut self) -> Error {
        let text = self.text();
        let code = self.code();
        // Where the text may be about contacts, the code alone says what is wrong.
        Error::not_a_report(if text.is_empty() { code.unwrap_or_default() } else { &text }, code)
    }
}

/// Does an input begin as an object in JSON? `None` as long as there is nothing but white space, of which so many bytes
/// have been seen.
pub(crate) fn begins_as_object(input: &[u8], seen: &mut usize) -> Option<bool> {
    // The mark may still be cut.
    if input.len() < BOM.len() {
        return None;
    }
    first_character(input, seen).map(|first| first == b'{')
}

/// The first character behind a mark and white space, of which so many bytes have been seen.
fn first_character(input: &[u8], seen: &mut usize) -> Option<u8> {
    if *seen == 0 && input.starts_with(BOM) {
        *seen = BOM.len();
    }
    let rest = input.get(*seen..).unwrap_or_default();
    let first = rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len());
    *seen += first;
    rest.get(first).copied()
}

/// May a text be about contacts, such as a report that comes where an error is expected, or another list of them?
fn may_be_contacts(text: &str) -> bool {
    if may_be_in_first(EXCERPT, text) {
        return true;
    }
    if text.starts_with(['{', '[', '<']) {
        return has_at_sign(text) || text.contains("\"identifier");
    }
    let (line, rest) = text.split_once(['\n', '\r']).unwrap_or((text, ""));
    line.contains([',', ';', '\t', '|']) && !rest.trim().is_empty()
}

/// White space as it may stand around an answer.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The member `message`, in any case, of an object, or of the first object of a list that has one.
fn member(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => {
            let named = |name: &&String| name.eq_ignore_ascii_case("message");
            members.keys().find(named).and_then(|name| members[name].as_str())
        }
        Value::Array(items) => items.iter().find_map(member),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, piece: usize) -> (String, Option<String>) {
        let mut message = Message::default();
        body.as_bytes().chunks(piece).for_each(|piece| message.feed(piece));
        (message.text(), message.code().map(Into::into))
    }

    #[test]
    fn words_and_code() {
        let long = "x".repeat(300);
        let cut = format!("{}…", "x".repeat(200));
        for (body, text, code) in [
            (r#"{"message":"No such import. ERROR_A"}"#, "No such import. ERROR_A", Some("ERROR_A")),
            (r#"{"MESSAGE":"a\nb"}"#, r"a\nb", None),
            (r#"[{"id":1},{"Message":"b"}]"#, "b", None),
            (
                r#"{"message":7, "x": "ERROR_X ERROR_Y2_"}"#,
                r#"{"message":7, "x": "ERROR_X ERROR_Y2_"}"#,
                Some("ERROR_Y2_"),
            ),
            ("<p>\r\n--->ERERROR_ ERROR_B</p>", r"<p>\r\n--->ERERROR_ ERROR_B</p>", Some("ERROR_B")),
            (&long, &cut, None),
            (
                "<html><title>It is\n down</title><p>ERROR_C</p>",
                "It is down (the title of a web page)",
                Some("ERROR_C"),
            ),
            ("ERROR_", "ERROR_", None),
            ("<\0p\0>\0\u{7}\0", r"<p>\u{7}", None),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                assert_eq!(read(body, piece), (text.into(), code.map(Into::into)), "{body} by {piece}");
            }
        }
    }

    #[test]
    fn a_deep_answer_is_no_danger() {
        assert_eq!(read(&"[".repeat(100_000), 4096).0.chars().count(), 201);
    }

    #[test]
    fn utf_16() {
        let little: Vec<u8> = "Busy ERR \u{e9}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "Busy ERR \u{e9}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for body in [&little[..], &big, &[&[0xff, 0xfe], &little[..]].concat(), &[&[0xfe, 0xff], &big[..]].concat()] {
            let mut message = Message::default();
            message.feed(body);
            assert_eq!(message.text(), "Busy ERR \u{e9}");
        }
        for (body, text) in
            [(&b"\0\0Busy"[..], r"\u{0}\u{0}Busy"), (b"B\0\xd8\xd8", "B\u{fffd}"), (b"", ""), (b"B", "B")]
        {
            let mut message = Message::default();
            message.feed(body);
            assert_eq!(message.text(), text, "{body:?}");
        }
    }

    /// The words are those of the first 64 KiB; the code may stand anywhere.
    #[test]
    fn words_far_from_the_beginning() {
        for (padding, is_read) in [(2_000, true), (60_000, true), (70_000, false)] {
            let body = format!(r#"{{"padding":"{}","message":"No such import. ERROR_FAR"}}"#, "x".repeat(padding));
            for piece in [1, 1000, 100_000] {
                let (text, code) = read(&body, piece);
                assert_eq!(text == "No such import. ERROR_FAR", is_read, "{padding} by {piece}: {text:.40}");
                assert_eq!(code.as_deref(), Some("ERROR_FAR"));
            }
        }
        let code = "A".repeat(LONGEST_CODE + 5);
        assert_eq!(read(&format!("ERROR_{code}"), 7).1, Some(format!("ERROR_{}", &code[5..])));
    }

    /// What JSON says of itself may name an address; what may be about contacts is not repeated.
    #[test]
    fn addresses() {
        for (body, is_shown) in [
            (r#"{"message":"write to help@example.com"}"#, true),
            ("<p>write to help@example.com</p>", false),
            ("<title>help@example.com</title>", false),
            ("[jo@example.com],x", false),
            ("[jo],x", true),
            ("[jo],x\n[ann],jo@example.com,[jo],x", false),
            (r#"{"failures":[{"identifiers":{"mobileNumber":"[jo],x"}}]}"#, false),
            ("<a>[jo],x</a>", true),
            ("<html><title>[jo],x</title>help@example", true),
            // Words of a service, and a report.
            ("We are down, [jo],x", true),
            ("We are down, [jo],x\n", true),
            ("Reason,email\nBlocker,[jo],x", false),
            ("It is down\n[jo],x", true),
            ("write to help@example.com", false),
        ] {
            let mut message = Message::default();
            message.feed(body.as_bytes());
            let said = message.into_error().to_string();
            assert_eq!(said.contains("example.com") || said.contains("[jo],x"), is_shown, "{said}");
        }
    }

    /// Told as soon as there is something else than a mark and white space, however it comes.
    #[test]
    fn beginnings_of_objects() {
        for (input, expected) in [
            ("", None),
            ("{}", None),
            ("{} ", Some(true)),
            ("\u{feff}", None),
            ("\u{feff}{", Some(true)),
            ("\u{feff} \r\n\t", None),
            ("\u{feff} \r\n\t{", Some(true)),
            ("     {", Some(true)),
            ("[{}]", Some(false)),
            ("Reason,{", Some(false)),
        ] {
            for piece in [1, 2, 100] {
                let mut seen = 0;
                let lens = (1..=input.len()).filter(|len| len % piece == 0 || *len == input.len());
                let told = lens.map(|len| begins_as_object(&input.as_bytes()[..len], &mut seen)).find(Option::is_some);
                assert_eq!(told.flatten(), expected, "{input:?} by {piece}");
            }
        }
    }

    #[cfg(feature = "client")]
    #[test]
    fn pages() {
        for (body, expected) in [
            ("", None),
            (" \r\n\t", None),
            ("\u{feff} ", None),
            ("\u{feff}\n<p>", Some(true)),
            (" {", Some(true)),
            ("[", Some(true)),
            ("Reason,email", Some(false)),
        ] {
            let mut message = Message::default();
            message.feed(body.as_bytes());
            assert_eq!(message.is_page(), expected, "{body:?}");
            // Byte by byte, it is told no earlier than it is known.
            let mut message = Message::default();
            for byte in body.as_bytes() {
                message.feed(&[*byte]);
                assert!([None, expected].contains(&message.is_page()), "{body:?}");
            }
            assert_eq!(message.is_page(), expected, "{body:?}");
        }
        // White space is looked at once.
        let mut message = Message::default();
        for len in 1..1000 {
            message.feed(b" ");
            assert_eq!((message.is_page(), message.looked), (None, len));
        }
    }
}
