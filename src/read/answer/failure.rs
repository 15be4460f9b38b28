//! One failure of an answer, and the row that is made of it.

use memchr::memchr3;

use super::columns::Columns;
use crate::error::Result;
use crate::reason::{FailureReason, Slot};

/// A failure, as far as it has been read. Its texts are used again for the next one.
#[derive(Default)]
pub(super) struct Failure {
    email: Option<String>,
    mobile_number: Option<String>,
    contact_id: Option<String>,
    match_identifier: Option<String>,
    /// Each with its place among the custom identifiers.
    custom: Vec<(usize, Option<String>)>,
    has_email: bool,
    has_mobile_number: bool,
    /// The inner failures so far: the code that tells why, all codes, and all descriptions.
    reason: Option<(Rank, String)>,
    codes: Option<String>,
    descriptions: Option<String>,
    /// The inner failure that is being read.
    code: Option<String>,
    description: Option<String>,
}

/// Which of several codes tells why: the lowest one, and the first of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Code,
    /// There is none, or an empty one.
    Nothing,
    /// The contact was imported all the same.
    Partial,
}

impl Rank {
    fn of(code: &str) -> Self {
        match FailureReason::try_parse(code) {
            Some(reason) if reason.is_partial() => Rank::Partial,
            None if code.is_empty() => Rank::Nothing,
            _ => Rank::Code,
        }
    }
}

impl Failure {
    pub(super) fn set_contact_id(&mut self, text: Option<&str>) {
        self.contact_id = text.map(Into::into);
    }

    pub(super) fn set_match_identifier(&mut self, text: Option<&str>) {
        self.match_identifier = text.map(Into::into);
    }

    /// Takes an identifier; `Ok(false)` where it stands there twice.
    pub(super) fn set_identifier(&mut self, name: &str, text: Option<&str>, columns: &mut Columns) -> Result<bool> {
        let text = text.map(Into::into);
        let (place, is_there) = match name {
            "email" => (&mut self.email, &mut self.has_email),
            "mobileNumber" => (&mut self.mobile_number, &mut self.has_mobile_number),
            custom => {
                self.custom.push((columns.place(custom)?, text));
                return Ok(true);
            }
        };
        *place = text;
        Ok(!std::mem::replace(is_there, true))
    }

    pub(super) fn set_code(&mut self, text: Option<&str>) {
        self.code = text.map(Into::into);
    }

    pub(super) fn set_description(&mut self, text: Option<&str>) {
        self.description = text.map(Into::into);
    }

    /// Ends the inner failure that has been read.
    pub(super) fn end_inner(&mut self) {
        let code = self.code.take().unwrap_or_default();
        join(&mut self.codes, ";", &code);
        join(&mut self.descriptions, "; ", &self.description.take().unwrap_or_default());
        let rank = Rank::of(&code);
        if self.reason.as_ref().is_none_or(|(other, _)| rank < *other) {
            self.reason = Some((rank, code));
        }
    }

    /// Brings the custom identifiers into their order; `false` where one stands there twice.
    pub(super) fn sort(&mut self) -> bool {
        self.custom.sort_by_key(|(place, _)| *place);
        !self.custom.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other))
    }

    /// Why, as the service says it: the first code that isn't partial, else the first one.
    pub(super) fn code(&self) -> &str {
        self.reason.as_ref().map_or("", |(_, code)| code)
    }

    /// Writes the row, under so many custom identifiers, and returns where those end. They must be in order.
    pub(super) fn write(&self, custom: usize, row: &mut Vec<u8>) -> usize {
        let slot = Slot::of(self.code().as_bytes());
        let is_partial = slot.is_some_and(|slot| slot.reason().is_partial());
        push(row, self.reason.as_ref().map(|(_, code)| code));
        for cell in [&self.email, &self.mobile_number, &self.contact_id, &self.match_identifier] {
            row.push(b',');
            push(row, cell.as_ref());
        }
        let mut written = 0;
        for (place, cell) in &self.custom {
            row.resize(row.len() + (place + 1).saturating_sub(written), b',');
            push(row, cell.as_ref());
            written = place + 1;
        }
        row.resize(row.len() + custom.saturating_sub(written), b',');
        let end = row.len();
        for cell in [&self.codes, &self.descriptions] {
            row.push(b',');
            push(row, cell.as_ref());
        }
        row.extend_from_slice(if is_partial { b",true" } else { b",false" });
        end
    }

    pub(super) fn clear(&mut self) {
        let mut custom = std::mem::take(&mut self.custom);
        custom.clear();
        *self = Failure { custom, ..Failure::default() };
    }
}

/// Appends a text to those before it.
fn join(joined: &mut Option<String>, separator: &str, text: &str) {
    match joined {
        None => *joined = Some(text.into()),
        Some(joined) => {
            joined.push_str(separator);
            joined.push_str(text);
        }
    }
}

/// Writes texts as a record of a CSV, with its line end.
pub(crate) fn push_record<'t>(texts: impl Iterator<Item = &'t [u8]>, out: &mut Vec<u8>) {
    for (column, text) in texts.enumerate() {
        if column > 0 {
            out.push(b',');
        }
        push_text(out, text);
    }
    out.push(b'\n');
}

/// A cell of a CSV: of nothing where it is absent, and in quotes where it is an empty text.
fn push(row: &mut Vec<u8>, cell: Option<&String>) {
    if let Some(text) = cell {
        push_text(row, text.as_bytes());
    }
}

fn push_text(row: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && memchr3(b',', b'\n', b'\r', text).is_none() && !text.contains(&b'"') {
        return row.extend_from_slice(text);
    }
    row.push(b'"');
    for &byte in text {
        if byte == b'"' {
            row.push(byte);
        }
        row.push(byte);
    }
    row.push(b'"');
}
