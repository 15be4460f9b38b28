//! How faults and counts are written.

use std::borrow::Cow;

use super::spreadsheet::defuse;
use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
#[cfg(feature = "redact")]
use crate::redact::Redactor;
use crate::report::columns::{Columns, number};
use crate::report::fault::Fault;
use crate::tally::comparison::Comparison;

/// How faults are written: byte for byte, unless something else is asked for. And how counts are, where a function of a
/// [`Tally`](crate::Tally) takes it.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email,phone\nInvalid Email,demo,+31205550100\n")?;
/// let options = export::WriteOptions::new().upload_shape(true).spreadsheet_safe(true);
/// let mut csv = Vec::new();
/// export::faults_to_csv(&report, report.faults(), &options, &mut csv)?;
/// assert_eq!(csv, b"\xef\xbb\xbfemail,phone\ndemo,'+31205550100\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing by themselves"]
pub struct WriteOptions {
    upload_shape: bool,
    spreadsheet_safe: bool,
    contacts: bool,
    zeros: bool,
    #[cfg(feature = "redact")]
    redactor: Option<Redactor>,
}

impl WriteOptions {
    /// Byte for byte.
    pub fn new() -> Self {
        WriteOptions::default()
    }

    /// Whether the reason's column is left out of a CSV, so that what is left has the shape of the upload; no,
    /// unless set. Of the newer API's failures, which hold no more of a contact, the identifiers are left.
    pub fn upload_shape(mut self, upload_shape: bool) -> Self {
        self.upload_shape = upload_shape;
        self
    }

    /// Whether what a spreadsheet would take for a formula is defused in a CSV, as [`defuse`](super::defuse)
    /// does it, and the CSV begins with a byte order mark, without which a spreadsheet may read `zoë` as `zoÃ«`; no,
    /// unless set.
    ///
    /// For files that somebody opens in a spreadsheet: a report holds whatever strangers typed into a form. Not
    /// for files that a program reads, or that are imported again: there, a phone number is to stay `+31…`.
    /// [`restore_csv`](super::restore_csv) undoes it. JSON needs none of it, nor do workbooks, whose
    /// cells are text.
    pub fn spreadsheet_safe(mut self, spreadsheet_safe: bool) -> Self {
        self.spreadsheet_safe = spreadsheet_safe;
        self
    }

    /// Whether a comparison lists the contacts that have changed, and doesn't only count them; no, unless set.
    /// Faults are contacts anyway.
    pub fn contacts(mut self, contacts: bool) -> Self {
        self.contacts = contacts;
        self
    }

    /// Whether counts have every known reason that does not occur as well, with a count of 0, behind those that occur and
    /// in the documented order, so that a report without faults isn't missing from a time series; no, unless set.
    ///
    /// Where faults are grouped, each group has them; in the long form
    /// ([`tally_to_csv`](super::tally_to_csv), [`tally_to_jsonl`](super::tally_to_jsonl)), a report without any group has
    /// them under [`GroupKey::Rest`](crate::GroupKey::Rest).
    pub fn zeros(mut self, zeros: bool) -> Self {
        self.zeros = zeros;
        self
    }

    /// Replaces contact data: every cell but a known reason.
    ///
    /// The email's column has the hashes of [`Redactor::email`], all other cells those of [`Redactor::cell`], also
    /// where they lie beyond the header. A reason that isn't known is replaced as well
    /// ([`Redactor::reason`]): in a damaged report, contact data may stand there. So are the names of a header that
    /// names neither the reason nor the email, by `column_1`, `column_2` and so on: such a header may be a
    /// contact itself. Other headers stay as they are.
    ///
    /// Counts and groups of them are redacted while they are counted ([`GroupCounter::redacted`](crate::GroupCounter::redacted))
    /// or before they are written ([`ReasonCounts::redacted`](crate::ReasonCounts::redacted)): functions that write a
    /// [`Tally`](crate::Tally) refuse this option, since what has been counted no longer tells what is to be kept.
    #[cfg(feature = "redact")]
    pub fn redact(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    pub(super) fn is_spreadsheet_safe(&self) -> bool {
        self.spreadsheet_safe
    }

    pub(super) fn lists_contacts(&self) -> bool {
        self.contacts
    }

    pub(super) fn has_zeros(&self) -> bool {
        self.zeros
    }

    /// Refuses to write what these options can't redact.
    pub(super) fn refuse_redaction(&self) -> Result<()> {
        if !self.redacts() {
            return Ok(());
        }
        let what = "counts can't be redacted while they are written";
        Err(Error::new(ErrorKind::Configuration, what)
            .advise("redact them before: GroupCounter::redacted, ReasonCounts::redacted"))
    }

    /// Are cells written byte for byte?
    pub(super) fn is_bytewise(&self) -> bool {
        !self.spreadsheet_safe && !self.redacts()
    }

    pub(super) fn has_upload_shape(&self) -> bool {
        self.upload_shape
    }

    /// Is contact data replaced?
    pub(super) fn redacts(&self) -> bool {
        #[cfg(feature = "redact")]
        return self.redactor.is_some();
        #[cfg(not(feature = "redact"))]
        false
    }

    /// Must numbers stand in for the names of a header that may be a contact itself?
    pub(super) fn numbers(&self, columns: &Columns) -> bool {
        #[cfg(feature = "redact")]
        return self.redactor.is_some() && !columns.names_reason_or_email();
        #[cfg(not(feature = "redact"))]
        !columns.has_header()
    }

    /// The names of the columns, in the options' shape.
    pub(super) fn header<'c>(&self, columns: &'c Columns) -> Vec<Cow<'c, [u8]>> {
        let names: Vec<_> = if !columns.has_header() || self.numbers(columns) {
            (0..columns.len()).map(|column| Cow::Owned(number(column).into_bytes())).collect()
        } else {
            columns.raw_names().map(Cow::Borrowed).collect()
        };
        names.into_iter().enumerate().filter(|(column, _)| self.has(columns, *column)).map(|(_, name)| name).collect()
    }

    /// The cells of a fault, in the options' shape and as they may be seen; one at a time, since a row may have millions.
    pub(super) fn cells<'a>(&'a self, fault: &'a Fault<'_>) -> impl Iterator<Item = Cow<'a, [u8]>> + Clone {
        let cells = fault.raw_fields().enumerate().filter(|(column, _)| self.has(fault.columns(), *column));
        cells.map(|(column, cell)| self.cell(fault, column, cell))
    }

    /// Has a column a place in the options' shape?
    fn has(&self, columns: &Columns, column: usize) -> bool {
        !self.upload_shape || columns.may_be_uploaded(column)
    }

    /// A cell of a CSV: its formula is defused where that is asked for.
    pub(super) fn defused<'c>(&self, cell: Cow<'c, [u8]>) -> Cow<'c, [u8]> {
        match self.spreadsheet_safe.then(|| defuse(&cell)) {
            Some(Cow::Owned(defused)) => Cow::Owned(defused),
            _ => cell,
        }
    }

    /// A cell, as it may be seen.
    pub(super) fn cell<'r>(&self, fault: &Fault<'_>, column: usize, cell: Cow<'r, [u8]>) -> Cow<'r, [u8]> {
        #[cfg(feature = "redact")]
        if let Some(redactor) = &self.redactor {
            return redactor.field(fault, column, &cell).map_or(cell, |hash| Cow::Owned(hash.into_bytes()));
        }
        let _ = (fault, column);
        cell
    }

    /// A reason, as it may be seen.
    pub(super) fn reason<'a>(&self, reason: &'a FailureReason) -> Cow<'a, FailureReason> {
        #[cfg(feature = "redact")]
        if let Some(redactor) = &self.redactor {
            return Cow::Owned(redactor.reason(reason));
        }
        Cow::Borrowed(reason)
    }

    /// A comparison, as it may be seen.
    pub(super) fn comparison<'c>(&self, comparison: &'c Comparison) -> Cow<'c, Comparison> {
        #[cfg(feature = "redact")]
        if let Some(redactor) = &self.redactor {
            return Cow::Owned(comparison.redacted(redactor));
        }
        Cow::Borrowed(comparison)
    }
}
