//! Why something is no report, without a word of a contact: rule 2.

use std::ops::{ControlFlow, Range};

use memchr::memchr;

use super::head::JUDGED;
use super::header::{Header, Texts, each_record};
use super::message::Message;
use super::options::{ReadOptions, Separator};
use super::record::{Record, Shape};
use crate::contact_data::{may_be_in, may_be_in_first};
use crate::error::Error;
use crate::escape::escape;

/// How much of a text is repeated, in characters.
const EXCERPT: usize = 200;

/// As much of it as is looked through for a code.
pub(super) const CODES: usize = 64 * 1024;

/// The error for a text that is no report, and has this header, if any. All of its first [`CODES`] bytes are needed.
pub(super) fn refuse(text: &[u8], last: bool, options: &ReadOptions, header: Option<&Header>) -> Error {
    let judged = usize::try_from(JUDGED).unwrap_or(usize::MAX);
    let is_whole = last && text.len() <= judged;
    let text = text.get(..judged).unwrap_or(text);
    let mut message = Message::default();
    message.feed(text.get(..CODES).unwrap_or(text));
    let code = message.code().map(str::to_owned);
    match excerpt(text, is_whole, options) {
        Some(excerpt) => Error::not_a_report(&excerpt, code.as_deref()),
        None => {
            let separator = separated_by(text, options);
            let columns = match header {
                Some(header) if header.shape.separator == separator.byte() => header.width,
                _ => first_record(text, separator, options).1,
            };
            let is_said = memchr(b'@', text.get(..CODES).unwrap_or(text)).is_none();
            Error::no_reason_column(columns, separator.shown(), code.as_deref(), is_said)
        }
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
    let (first, _, is_alone) = first_record(text, options.separator.unwrap_or_default(), options);
    let first = text.get(first).unwrap_or_default();
    let is_plain = !first.iter().any(|&byte| Separator::of_byte(byte).is_some());
    if !(is_whole && is_alone || is_plain) {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    (!may_be_in_first(EXCERPT + 1, text)).then(|| escape(text, EXCERPT))
}

/// Where the first record stands, how many cells it has, and whether there is no other one.
fn first_record(text: &[u8], separator: Separator, options: &ReadOptions) -> (Range<usize>, usize, bool) {
    let ReadOptions { largest_field, largest_row, .. } = *options;
    let shape = Shape { separator: separator.byte(), largest_field, largest_row };
    let (mut first, mut cells, mut records) = (0..0, 1, 0);
    each_record(text, true, shape, (0, Some(1)), |record: &Record, _: Texts| {
        if records == 0 {
            (first, cells) = (record.start as usize..record.end as usize, record.cells);
        }
        records += 1;
        if records == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (first, cells, records <= 1)
}

/// What seems to part the columns: the separator that occurs most in the first line.
fn separated_by(text: &[u8], options: &ReadOptions) -> Separator {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.is_empty()).unwrap_or_default();
    let count = |separator: &Separator| line.iter().filter(|&&byte| byte == separator.byte()).count();
    let most = Separator::ALL.into_iter().rev().max_by_key(count);
    options.separator.or(most).unwrap_or_default()
}
