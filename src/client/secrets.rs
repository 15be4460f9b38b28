//! The credentials, taken out of what the service says.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::credentials::Credentials;

/// Finds the credentials in what the service says, however it writes them: as they are, in base64, and each
/// character of that as URLs, JSON, XML or HTML may write it.
pub(super) struct Secrets {
    /// The longest first, so that no part of one is left over.
    written: Vec<Zeroizing<String>>,
}

impl Secrets {
    const INSTEAD: &str = "[redacted]";

    pub(super) fn new(credentials: &Credentials) -> Self {
        let mut secrets = Vec::new();
        for plain in [&credentials.username, &credentials.password, &credentials.pair()] {
            // Without padding, so that it is found with and without.
            secrets.push(Zeroizing::new(STANDARD_NO_PAD.encode(plain.as_bytes())));
            secrets.push(Zeroizing::new(URL_SAFE_NO_PAD.encode(plain.as_bytes())));
            secrets.push(Zeroizing::new(plain.to_string()));
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Secrets { written: secrets }
    }

    /// `text` without them.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = String::new();
        let (mut rest, mut copied) = (text, 0);
        while let Some(character) = rest.chars().next() {
            let at = text.len() - rest.len();
            // The form that takes the most of the text, so that no end of an escape is left over.
            let found = self.written.iter().filter_map(|secret| written(rest, secret)).max();
            if let Some(len) = found {
                clean.push_str(&text[copied..at]);
                clean.push_str(Self::INSTEAD);
                copied = at + len;
            }
            rest = &rest[found.unwrap_or(character.len_utf8())..];
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }
}

/// How many bytes of `text` it takes to write `secret` at its beginning, if it does.
fn written(text: &str, secret: &str) -> Option<usize> {
    // A character may be written in several ways, and so there may be several places to go on from.
    let mut places = vec![0];
    for character in secret.chars() {
        let mut next = Vec::new();
        for place in places {
            next.extend(lengths(&text[place..], character).map(|len| place + len));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        places = next;
    }
    places.last().copied().filter(|&len| len > 0)
}

/// The lengths of what may stand for a character at the beginning of a text.
fn lengths(text: &str, character: char) -> impl Iterator<Item = usize> {
    // NULs are what is left of a wider encoding, which has at most three between two characters.
    let skipped = text.bytes().take(3).take_while(|&byte| byte == 0).count();
    let rest = &text[skipped..];
    let first = rest.as_bytes().first().copied().unwrap_or_default();
    let plain = (rest.starts_with(character) || character == ' ' && first == b'+').then_some(match first {
        b'+' => 1,
        _ => character.len_utf8(),
    });
    let escape = match first {
        b'%' => in_url(rest),
        b'\\' => in_json(rest),
        b'&' => in_markup(rest),
        _ => None,
    };
    let escaped = escape.filter(|&(found, _)| found == character).map(|(_, len)| len);
    plain.into_iter().chain(escaped).map(move |len| skipped + len)
}

/// The character that a text begins with as URLs write it, `%C3%A9`, and how long that is.
fn in_url(text: &str) -> Option<(char, usize)> {
    let byte = |index: usize| {
        let digits = text.get(3 * index..3 * index + 3)?.strip_prefix('%')?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes: Vec<u8> = (0..4).map_while(byte).collect();
    let len = (1..=bytes.len()).find(|&len| std::str::from_utf8(&bytes[..len]).is_ok())?;
    Some((std::str::from_utf8(&bytes[..len]).ok()?.chars().next()?, 3 * len))
}

/// The character that a text begins with as JSON writes it, `\u00e9` or `\/`, and how long that is.
fn in_json(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    match unit(0) {
        Some(first) => {
            let units = [Some(first), unit(6)];
            let found = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
            Some((found, 6 * found.len_utf16()))
        }
        None => {
            let found = text.chars().nth(1)?;
            matches!(found, '/' | '\\' | '"' | '\'').then_some((found, 2))
        }
    }
}

/// The character that a text begins with as XML and HTML write it, `&eacute;` aside, and how long that is.
fn in_markup(text: &str) -> Option<(char, usize)> {
    /// No reference to a character is longer.
    const LONGEST: usize = 12;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let found = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
            char::from_u32(code)?
        }
        None => quick_xml::escape::resolve_predefined_entity(name)?.chars().next()?,
    };
    Some((found, end + 1))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn credentials_are_found_however_they_are_written() {
        let password = r#"p:a?s/s<w>&é+ "'%41"#;
        let secrets = Secrets::new(&Credentials::new("api@x.com", password));
        for text in [
            "api@x.com",
            "api%40x.com",
            password,
            // URLs, as different libraries write them.
            "p%3aa%3fs%2fs%3cw%3e%26%c3%a9%2b+%22%27%2541",
            "p%3Aa%3Fs/s%3Cw%3E%26%C3%A9%2B%20%22'%2541",
            // JSON.
            r#"p:a?s/s<w>&\u00e9+ \"'%41"#,
            r#"p:a?s\/s\u003cw\u003E\u0026é\u002b \u0022\u0027%41"#,
            // XML and HTML.
            "p:a?s/s&lt;w&gt;&amp;&#233;+ &quot;&#39;%41",
            "p:a?s/s&#60;w&#x3E;&amp;&#xe9;+ &quot;&apos;%41",
            // UTF-16, read as something else.
            "a\0p\0i\0@\0x\0.\0c\0o\0m",
            &STANDARD.encode(password),
            &STANDARD.encode(format!("api@x.com:{password}")),
            &STANDARD.encode("api@x.com").replace('=', "%3D"),
            &format!("api@x.com:{password}"),
        ] {
            let clean = secrets.clean(text);
            assert!(clean.starts_with("[redacted]"), "{text} became {clean}");
            let left = clean.trim_start_matches("[redacted]").trim_end_matches("%3D").trim_end_matches('=');
            assert!(left.is_empty(), "{text} became {clean}");
        }
        assert_eq!(secrets.clean("user api@x.com is é locked"), "user [redacted] is é locked");
        assert!(matches!(secrets.clean("nothing of it: %, %zz, \\u12, &x; &#x110000; \\"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_short_secret_is_one_too() {
        assert_eq!(Secrets::new(&Credentials::new("ab", "b")).clean("abba"), "[redacted][redacted]a");
    }
}
