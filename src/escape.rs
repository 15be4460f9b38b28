//! Text of others, made safe to show.

/// `text` on one line: control, format and bidirectional characters escaped, cut after `longest` characters.
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

/// Characters that would change what a terminal or a log shows around them.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
}
