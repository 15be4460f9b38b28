//! Cells that a spreadsheet would take for formulas.

use std::borrow::Cow;

/// The mark: an apostrophe, which is what spreadsheets themselves put before a text that isn't to be a formula.
const MARK: u8 = b'\'';

/// A cell that no spreadsheet takes for a formula.
///
/// An apostrophe is put before a cell that begins with `=`, `+`, `-`, `@`, their full-width forms `＝`, `＋`, `－`,
/// `＠`, a tab, a carriage return or a line feed; and before one that begins with an apostrophe already, so that
/// [`restore`] needs to guess nothing.
///
/// A program that splits at semicolons, as spreadsheets do in many countries, or that doesn't mind quotes, begins
/// a cell where we have none. So an apostrophe is also put behind each semicolon, tab or line end within the cell
/// where `=`, `+`, `-`, `@` or their full-width forms follow, with apostrophes before them or not.
///
/// ```
/// use dotdigital_faults::export::{defuse, restore};
///
/// for (cell, defused) in [
///     ("=1+1", "'=1+1"),
///     ("+31 20 555 0100", "'+31 20 555 0100"),
///     ("'s-Hertogenbosch", "''s-Hertogenbosch"),
///     ("x;=1+1", "x;'=1+1"),
///     ("x;'=1+1", "x;''=1+1"),
///     ("Amsterdam", "Amsterdam"),
/// ] {
///     assert_eq!(*defuse(cell.as_bytes()), *defused.as_bytes());
///     assert_eq!(*restore(defused.as_bytes()), *cell.as_bytes());
/// }
/// ```
pub fn defuse(cell: &[u8]) -> Cow<'_, [u8]> {
    // Nearly every cell is harmless, and isn't copied.
    let mut defused = Vec::new();
    let mut copied = 0;
    for start in starts(cell) {
        let rest = &cell[start..];
        let marked = unmarked(rest);
        if is_formula(marked) || start == 0 && (marked.len() < rest.len() || is_control(marked)) {
            defused.extend_from_slice(&cell[copied..start]);
            defused.push(MARK);
            copied = start;
        }
    }
    if defused.is_empty() {
        return Cow::Borrowed(cell);
    }
    defused.extend_from_slice(&cell[copied..]);
    Cow::Owned(defused)
}

/// The cell that [`defuse`] was given.
///
/// An apostrophe is taken away where the cell begins with one, and behind each semicolon, tab or line end where
/// apostrophes follow and then one of the characters that make a formula.
pub fn restore(cell: &[u8]) -> Cow<'_, [u8]> {
    let mut restored = Vec::new();
    let mut copied = 0;
    for start in starts(cell) {
        let rest = &cell[start..];
        let marked = unmarked(rest);
        if marked.len() < rest.len() && (start == 0 || is_formula(marked)) {
            restored.extend_from_slice(&cell[copied..start]);
            copied = start + 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(cell);
    }
    restored.extend_from_slice(&cell[copied..]);
    Cow::Owned(restored)
}

/// Where a spreadsheet may begin a cell: at its beginning, and behind what may part cells or rows.
fn starts(cell: &[u8]) -> impl Iterator<Item = usize> {
    let parts = |&byte: &u8| matches!(byte, b';' | b'\t' | b'\r' | b'\n');
    std::iter::once(0).chain(cell.iter().enumerate().filter(move |(_, byte)| parts(byte)).map(|(at, _)| at + 1))
}

/// Does it begin as a formula does?
fn is_formula(text: &[u8]) -> bool {
    const FULL_WIDTH: [&str; 4] = ["＝", "＋", "－", "＠"];
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@'))
        || FULL_WIDTH.iter().any(|form| text.starts_with(form.as_bytes()))
}

/// Does it begin with a character that a spreadsheet may drop, and then find a formula?
fn is_control(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'\t' | b'\r' | b'\n'))
}

/// The text behind its apostrophes.
fn unmarked(text: &[u8]) -> &[u8] {
    let marks = text.iter().take_while(|&&byte| byte == MARK).count();
    &text[marks..]
}
