//! Why something is no report, without a word of a contact: rule 2.

use std::ops::ControlFlow;

use super::head::JUDGED;
use super::header::{Texts, each_record};
use super::message::Message;
use super::options::{ReadOptions, Separator};
use super::record::{Record, Shape};
use crate::contact_data::{has_at_sign, may_be_encoded_in, may_be_in};
use crate::error::Error;
use crate::escape::escape;

/// How much of a text is repeated, in characters.
const EXCERPT: usize = 200;

/// As much of it as is looked through for a code.
const CODES: usize = 64 * 1024;

/// The error for a text that is no report, whose header has so many columns.
pub(super) fn refuse(text: &[u8], last: bool, options: &ReadOptions, columns: Option<usize>) -> Error {
    let judged = usize::try_from(JUDGED).unwrap_or(usize::MAX);
    let is_whole = last && text.len() <= judged;
    let text = text.get(..judged).unwrap_or(text);
    let mut message = Message::default();
    message.feed(text.get(..CODES).unwrap_or(text));
    let code = message.code().map(str::to_owned);
    match excerpt(text, is_whole, options) {
        Some(excerpt) => Error::not_a_report(&excerpt, code.as_deref()),
        None => Error::no_reason_column(columns.unwrap_or(1), separated_by(text, options), code.as_deref()),
    }
}

/// The error for a line that names a code of the service, if it does.
pub(super) fn refuse_coded(line: &[u8]) -> Option<Error> {
    let mut message = Message::default();
    message.feed(line);
    let code = message.code()?.to_owned();
    let words = String::from_utf8_lossy(line);
    let words = if may_be_in(&words) { String::new() } else { escape(words.trim(), EXCERPT) };
    Some(Error::not_a_report(&words, Some(&code)))
}

/// The first characters, where they are plain text and not contacts.
fn excerpt(text: &[u8], is_whole: bool, options: &ReadOptions) -> Option<String> {
    let separator = options.separator.unwrap_or_default().byte();
    let shape = Shape { separator, largest_field: options.largest_field, largest_row: options.largest_row };
    let (mut records, mut first) = (0, 0..0);
    each_record(text, true, shape, (0, Some(1)), |record: &Record, _: Texts| {
        if records == 0 {
            first = record.start as usize..record.end as usize;
        }
        records += 1;
        if records == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let first = text.get(first).unwrap_or_default();
    let is_plain = !first.iter().any(|&byte| Separator::of_byte(byte).is_some());
    if !(is_whole && records <= 1 || is_plain) {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    let shown = text.char_indices().nth(EXCERPT + 1).map_or(text.len(), |(at, _)| at);
    let may_be_shown = !has_at_sign(text.get(..shown)?) && !may_be_encoded_in(text, shown);
    may_be_shown.then(|| escape(text, EXCERPT))
}

/// What seems to part the columns: the separator that occurs most in the first line.
fn separated_by(text: &[u8], options: &ReadOptions) -> &'static str {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.is_empty()).unwrap_or_default();
    let count = |separator: &Separator| line.iter().filter(|&&byte| byte == separator.byte()).count();
    let most = Separator::ALL.into_iter().rev().max_by_key(count);
    match options.separator.or(most).unwrap_or_default() {
        Separator::Comma => "','",
        Separator::Semicolon => "';'",
        Separator::Tab => "tabs",
        Separator::Pipe => "'|'",
    }
}
