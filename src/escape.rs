//! Text of others, made safe to show: the one place that decides which characters are, for every output.

use unicode_general_category::{GeneralCategory, get_general_category};

/// `text` on one line: what can't be seen is escaped, and what is behind `longest` characters is cut off.
pub(crate) fn escape(text: &str, longest: usize) -> String {
    let mut escaped = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == longest {
            escaped.push('…');
            break;
        }
        if is_unprintable(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The same, cut where it would take more than `longest` bytes once escaped.
pub(crate) fn escape_within(text: &str, longest: usize) -> String {
    let mut escaped = escape(text, longest);
    if escaped.len() > longest {
        let ellipsis = '…';
        let mut end = longest.saturating_sub(ellipsis.len_utf8());
        while !escaped.is_char_boundary(end) {
            end -= 1;
        }
        escaped.truncate(end);
        escaped.push(ellipsis);
    }
    escaped
}

/// Would it change what a terminal, a log or a reader makes of the text around it: is there nothing to be seen of it?
///
/// By Unicode's general categories: controls, formats (bidirectional ones among them), ends of lines and of paragraphs,
/// and what is for private use. Besides, what will never be a character, and what is to be ignored or blank although its
/// category says otherwise.
pub(crate) fn is_unprintable(character: char) -> bool {
    use GeneralCategory::*;
    // Nearly all that is ever shown.
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(get_general_category(character), Control | Format | LineSeparator | ParagraphSeparator | PrivateUse)
        || is_no_character(character)
        || is_invisible(character)
}

/// Unicode will never give these a meaning.
fn is_no_character(character: char) -> bool {
    let code = u32::from(character);
    code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code)
}

/// Letters, marks and signs without a shape: those that Unicode has as ignorable by default, its blank pattern of
/// Braille and its empty note. Variation selectors are among them.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2065}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1d159}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_within_bounds() {
        for (text, longest, expected) in [
            ("plain", 5, "plain"),
            ("plains", 5, "plain…"),
            ("a\nb\u{1b}\u{202e}", 9, r"a\nb\u{1b}\u{202e}"),
            ("éé", 2, "éé"),
        ] {
            assert_eq!(escape(text, longest), expected);
        }
        for (text, longest, expected) in [
            ("plain", 5, "plain"),
            ("plains", 5, "pl…"),
            ("ééé", 5, "é…"),
            ("\u{202e}\u{202e}", 10, r"\u{202e…"),
            ("é", 1, "…"),
        ] {
            assert_eq!(escape_within(text, longest), expected);
        }
    }

    #[test]
    fn what_cannot_be_seen() {
        for character in [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{600}',
            '\u{61c}',
            '\u{70f}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2065}',
            '\u{2066}',
            '\u{206f}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{f8ff}',
            '\u{fdd0}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{ffff}',
            '\u{1bca0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{1fffe}',
            '\u{e0001}',
            '\u{e007f}',
            '\u{e0100}',
            '\u{e01ef}',
            '\u{f0000}',
            '\u{10fffd}',
            '\u{10ffff}',
        ] {
            assert!(is_unprintable(character), "{}", character.escape_unicode());
            assert_eq!(escape(&character.to_string(), 1), character.escape_default().to_string());
        }
        for character in " ~aé\u{a0}\u{301}Жשم한漢ガ、。！😀€\u{fffd}\u{3000}\u{2801}".chars() {
            assert!(!is_unprintable(character), "{}", character.escape_unicode());
        }
    }
}
