//! Text reduced until all writings of it are the same: without escapes, case, accents, and the space between.

use icu_normalizer::DecomposingNormalizerBorrowed;
use quick_xml::escape::resolve_html5_entity;
use zeroize::Zeroizing;

/// What Windows-1252 has from 0x80 to 0x9f, in place of the controls of Latin-1.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
/// No reference to a character is longer, leading zeros included.
const LONGEST_REFERENCE: usize = 32;
/// How often in each other numbers of HTML without an end are read.
const MOST_NESTED: usize = 4;

/// `text` with the escapes of URLs, JSON, XML, HTML and C undone, and UTF-8 that was read as Latin-1 or Windows-1252 read
/// again, and both in what comes out, until none is left.
///
/// Escapes that end with a sign come first, and then numbers of HTML that just end: where they do can be told only once
/// nothing else is left to be undone.
pub(super) fn unescaped(text: &str) -> Zeroizing<String> {
    let mut read = without_escapes(text);
    for _ in 0..MOST_NESTED {
        let Some(numbers_read) = without_unended(&read) else { break };
        read = without_escapes(&numbers_read);
    }
    read
}

/// `text` without the escapes whose end can be seen.
///
/// Each character is looked at as the end of an escape, and what an escape stands for again as the end of another. So
/// however often something was escaped, it is read once.
fn without_escapes(text: &str) -> Zeroizing<String> {
    let mut read = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut is_made = false;
    for character in text.chars() {
        let is_behind_made = std::mem::take(&mut is_made) && read.last() == Some(&'\\');
        read.push(character);
        // Behind a backslash that an escape stood for, another one begins an escape of its own.
        if is_behind_made && character == '\\' {
            continue;
        }
        while let Some((length, character)) = escape_at_end(&read) {
            let rest = read.len() - length;
            read.truncate(rest);
            read.push(character);
            is_made = true;
        }
    }
    Zeroizing::new(read.iter().collect())
}

/// `text` without `&#233` and `&#xe9`, which HTML reads without a `;`, up to what is no digit; `None` if there are none.
fn without_unended(text: &str) -> Option<Zeroizing<String>> {
    let mut read = Zeroizing::new(String::with_capacity(text.len()));
    let (mut rest, mut is_changed) = (text, false);
    while let Some((before, number)) = rest.split_once("&#") {
        read.push_str(before);
        let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
        let behind = digits.trim_start_matches(|digit: char| digit.is_digit(radix));
        let digits = digits.strip_suffix(behind).unwrap_or_default();
        match u32::from_str_radix(digits, radix).ok().and_then(char::from_u32) {
            Some(character) => {
                read.push(character);
                (rest, is_changed) = (behind, true);
            }
            None => {
                read.push_str("&#");
                rest = number;
            }
        }
    }
    read.push_str(rest);
    is_changed.then_some(read)
}

/// What alone counts where letters do: the letters and digits of ASCII, in lower case and without accents.
pub(super) fn letters(text: &str) -> Zeroizing<String> {
    let letters = decomposed(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    Zeroizing::new(letters.to_ascii_lowercase())
}

/// What counts where there are hardly any letters: all that can be seen, in lower case.
pub(super) fn signs(text: &str) -> Zeroizing<String> {
    let is_sign = |sign: &char| {
        !sign.is_whitespace() && !sign.is_control() && !['\\', char::REPLACEMENT_CHARACTER].contains(sign)
    };
    Zeroizing::new(decomposed(text).chars().filter(is_sign).flat_map(char::to_lowercase).collect())
}

/// Letters and their accents apart.
fn decomposed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(DecomposingNormalizerBorrowed::new_nfkd().normalize(text).into_owned())
}

/// The escape that a text ends with: how long it is, and what it stands for.
fn escape_at_end(text: &[char]) -> Option<(usize, char)> {
    let (&last, before) = text.split_last()?;
    if last == ';' {
        return reference(before);
    }
    if !last.is_ascii() {
        return misread(text);
    }
    if let Some(found) = number(text) {
        return Some(found);
    }
    if last == '}' {
        return in_braces(before);
    }
    match (before.last(), last) {
        (Some('\\'), '/' | '\\' | '"' | '\'') => Some((2, last)),
        (Some('\\'), 'n' | 'r' | 't') => Some((2, ' ')),
        _ => None,
    }
}

/// `%41`, `\x41` and `\101`, a byte that is taken for a character of Latin-1; `\u0041` and `%u0041`, a unit of UTF-16.
fn number(text: &[char]) -> Option<(usize, char)> {
    if let Some(byte) = ending_with(text, "\\", 3, 8).and_then(|code| u8::try_from(code).ok()) {
        return Some((4, byte.into()));
    }
    for (start, digits) in [("%", 2), ("\\x", 2), ("\\u", 4), ("%u", 4)] {
        let Some(code) = ending_with(text, start, digits, 16) else { continue };
        let length = start.len() + digits;
        if let Some(character) = char::from_u32(code) {
            return Some((length, character));
        }
        // The second half of a pair, of which the first is no character by itself and so still stands there.
        let first = ending_with(text.get(..text.len() - length)?, start, digits, 16)?;
        let units = [u16::try_from(first).ok()?, u16::try_from(code).ok()?];
        return Some((2 * length, char::decode_utf16(units).next()?.ok()?));
    }
    None
}

/// The number that a text ends with, of so many digits behind `start`.
fn ending_with(text: &[char], start: &str, digits: usize, radix: u32) -> Option<u32> {
    let (before, digits) = text.split_at_checked(text.len().checked_sub(digits)?)?;
    let starts = before.iter().rev().copied().take(start.len()).eq(start.chars().rev());
    starts.then(|| digits.iter().try_fold(0, |number, digit| Some(number * radix + digit.to_digit(radix)?)))?
}

/// `\u{e9}` and `\x{e9}`, of a text without the `}` at its end.
fn in_braces(before: &[char]) -> Option<(usize, char)> {
    let length = before.iter().rev().take(LONGEST_REFERENCE).position(|&character| character == '{')?;
    let (start, digits) = before.split_at(before.len() - length);
    let ['\\', 'u' | 'x', '{'] = start.last_chunk()? else { return None };
    let code = u32::from_str_radix(&digits.iter().collect::<String>(), 16).ok()?;
    Some((length + 4, char::from_u32(code)?))
}

/// `Ã©`: a character whose bytes in UTF-8 were taken for characters.
fn misread(text: &[char]) -> Option<(usize, char)> {
    let mut bytes = [0; 4];
    for (length, &character) in (1..=4).zip(text.iter().rev()) {
        *bytes.get_mut(4 - length)? = byte(character)?;
        let read = bytes.get(4 - length..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        if let Some(character) = read.and_then(|read| read.chars().next()) {
            return Some((length, character));
        }
    }
    None
}

/// The byte beyond ASCII that a character was taken for.
fn byte(character: char) -> Option<u8> {
    let in_windows = || WINDOWS_1252.chars().position(|other| other == character).map(|place| 0x80 + place);
    let code = in_windows().or_else(|| usize::try_from(u32::from(character)).ok())?;
    u8::try_from(code).ok().filter(|byte| !byte.is_ascii())
}

/// `&eacute;`, `&#233;` and `&#xe9;`, of a text without the `;` at its end.
fn reference(before: &[char]) -> Option<(usize, char)> {
    let length = before.iter().rev().take(LONGEST_REFERENCE).position(|&character| character == '&')?;
    let name: String = before.get(before.len() - length..)?.iter().collect();
    let found = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']);
            char::from_u32(hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?)?
        }
        None => resolve_html5_entity(&name)?.chars().next()?,
    };
    Some((length + 2, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_to_the_last() {
        for (text, expected) in [
            ("a%2fb%2Fc", "a/b/c"),
            ("%2525252541", "A"),
            ("%4%31", "A"),
            (r"\u0041\u00e9\ud83d\ude00\/\\\x42", r"Aé😀/\B"),
            (r#"\\\"\\u0041"#, "\"A"),
            (r"a\r\nb", "a  b"),
            ("&amp;amp;lt;&#65;&#x0041;&#0000000065;&eacute;&num;&commat;", "<AAAé#@"),
            ("%26lt%3B&percnt;41%u0041", "<AA"),
            ("&#65&#x42&#67d&#x44 &#X0045&#70", "ABCdD EF"),
            ("&#65;&#x4g &amp;#65 %26%2365%26%23x42 &#6&#53", "A\u{4}g A AB \u{6}5"),
            (r"\101\x42\u{43}\x{44}\u{1F600} \\101 \303\251 \40", r"ABCD😀 A é \40"),
            (
                r"\u{5c}\u{75}\u{7b}\u{34}\u{31}\u{7d} \134\061\060\061 \x5c\x5c\x2f \u005c\u005c\u0075\u0030\u0030\u0034\u0031",
                "A A / A",
            ),
            (r"\400\089\u{}\u{110000}\u{+41}{41}\u41}", r"\400\089\u{}\u{110000}A{41}\u41}"),
            (
                "%, %z, %4, \\u12, \\ud83d, &x;, &#x110000;, &;, ;, \\",
                "%, %z, %4, \\u12, \\ud83d, &x;, &#x110000;, &;, ;, \\",
            ),
            ("Ã©Ã\u{9c} Ãœ â‚¬ ðŸ˜€ ÃƒÂ© %c3%a9 %C3%83%C2%A9", "éÜ Ü € 😀 é é é"),
            ("Ã, ©, é, €, Ã¤rger", "Ã, ©, é, €, ärger"),
            ("", ""),
        ] {
            assert_eq!(*unescaped(text), expected, "{text}");
        }
    }

    #[test]
    fn writings_of_one_word() {
        for text in ["Zoë-9", "ZOË 9", "zoe\u{308}9", "z\0o\0\u{eb}\09", "\"zoe\" (9)"] {
            assert_eq!(*letters(text), "zoe9", "{text}");
        }
        assert_eq!(*signs("\\«Ж!\u{fffd} Й\n"), "«ж!и\u{306}");
    }

    #[test]
    fn much_is_read_in_little_time() {
        // Each step would be another pass over the rest, were it not looked at from its end.
        let nested = format!("%{}41", "25".repeat(100_000));
        assert_eq!(*unescaped(&nested), "A");
    }
}
