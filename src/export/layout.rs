//! Text laid out in the columns of a terminal.
//!
//! A character takes no column, one or two: an accent that is written apart stands above its letter, and Chinese,
//! Japanese and Korean take two. So lengths are counted in columns here, never in bytes or characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::words::printable;

/// What a bar ends with, by eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The columns of the widest text, once it is printable.
pub(super) fn widest<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
    texts.into_iter().map(|text| printable(text).width()).max().unwrap_or(0)
}

/// Printable text in exactly that many columns: cut where it would be too wide, and filled up with spaces.
pub(super) fn column(text: &str, width: usize) -> String {
    padded(&fitted(text, width), width)
}

/// Printable text, cut where it would be too wide.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.width() <= width {
        return text;
    }
    let mut fitted = String::new();
    let mut room = width.saturating_sub(1);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        fitted.push(character);
    }
    fitted + "…"
}

/// Text with spaces behind it, up to a width.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Words from the column `indent` on, with further lines from the same column. A word that is too wide for any line has
/// one of its own.
pub(super) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut wrapped = String::new();
    let mut at = indent;
    for (index, word) in text.split(' ').enumerate() {
        let wide = word.width();
        if index > 0 && at + 1 + wide > width {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            at = indent;
        } else if index > 0 {
            wrapped.push(' ');
            at += 1;
        }
        wrapped.push_str(word);
        at += wide;
    }
    wrapped
}

/// A bar as long as `count` is of `most`, which fills `width` columns. What occurs at all has an eighth of a column.
pub(super) fn bar(count: u64, most: u64, width: usize) -> String {
    let eighths = (8.0 * width as f64 * count as f64 / most.max(1) as f64).round().max(1.0) as usize;
    let end = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    padded(&format!("{}{end}", "█".repeat(eighths / 8)), width)
}

/// A spark line: a column for each number, as high as it is of the largest one. What isn't there is a gap.
#[cfg(feature = "archive")]
pub(super) fn spark(numbers: impl Iterator<Item = Option<f64>> + Clone) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

    let most = numbers.clone().flatten().fold(0.0, f64::max);
    let height = |number: f64| match most > 0.0 {
        true => (number / most * (HEIGHTS.len() - 1) as f64).round() as usize,
        false => 0,
    };
    numbers.map(|number| number.and_then(|number| HEIGHTS.get(height(number)).copied()).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_columns() {
        for (text, width, expected) in [
            ("plain", 7, "plain  "),
            ("plain", 5, "plain"),
            ("plain", 4, "pla…"),
            ("漢字", 4, "漢字"),
            ("漢字", 3, "漢…"),
            ("漢字", 2, "… "),
            ("e\u{301}e\u{301}e", 4, "e\u{301}e\u{301}e "),
            ("a\nb", 6, r"a\nb  "),
            ("", 2, "  "),
        ] {
            assert_eq!(column(text, width), expected);
        }
    }

    #[test]
    fn words_on_lines() {
        for (text, indent, width, expected) in [
            ("one two three", 0, 7, "one two\nthree"),
            ("one two three", 2, 9, "one two\n  three"),
            ("one two three", 2, 8, "one\n  two\n  three"),
            ("unbreakable", 4, 8, "unbreakable"),
            ("a unbreakable b", 4, 8, "a\n    unbreakable\n    b"),
            ("", 4, 8, ""),
        ] {
            assert_eq!(wrapped(text, indent, width), expected);
        }
    }

    #[test]
    fn bars() {
        for (count, most, expected) in
            [(8, 8, "████"), (4, 8, "██  "), (1, 8, "▌   "), (1, 1_000_000, "▏   "), (3, 16, "▊   "), (0, 0, "▏   ")]
        {
            assert_eq!(bar(count, most, 4), expected);
        }
    }

    #[cfg(feature = "archive")]
    #[test]
    fn spark_lines() {
        for (numbers, expected) in [
            (&[Some(0.0), Some(7.0), None, Some(3.5), Some(1.0)][..], "▁█ ▅▂"),
            (&[Some(0.0), None], "▁ "),
            (&[None], " "),
            (&[], ""),
        ] {
            assert_eq!(spark(numbers.iter().copied()), expected);
        }
    }
}
