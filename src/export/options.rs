//! How faults are written.

use std::borrow::Cow;

use super::spreadsheet::defuse;
use crate::reason::FailureReason;
#[cfg(feature = "redact")]
use crate::redact::Redactor;
use crate::report::FaultReport;
use crate::report::columns::Columns;
use crate::report::fault::{Fault, Line, text};

/// How faults are written: byte for byte, unless something else is asked for.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email,phone\nInvalid Email,demo,+31205550100\n")?;
/// let options = export::WriteOptions::new().upload_shape(true).spreadsheet_safe(true);
/// let mut csv = Vec::new();
/// export::faults_to_csv_with(&report, report.faults(), &options, &mut csv)?;
/// assert_eq!(csv, b"email,phone\ndemo,'+31205550100\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    upload_shape: bool,
    spreadsheet_safe: bool,
    contacts: bool,
    #[cfg(feature = "redact")]
    redactor: Option<Redactor>,
}

impl WriteOptions {
    /// Byte for byte.
    pub fn new() -> Self {
        WriteOptions::default()
    }

    /// Whether the reason's column is left out of a CSV, so that what is left has the shape of the upload; no,
    /// unless set.
    pub fn upload_shape(mut self, upload_shape: bool) -> Self {
        self.upload_shape = upload_shape;
        self
    }

    /// Whether what a spreadsheet would take for a formula is defused in a CSV, as [`defuse`](super::defuse)
    /// does it; no, unless set.
    ///
    /// For files that somebody opens in a spreadsheet: a report holds whatever strangers typed into a form. Not
    /// for files that a program reads, or that are imported again: there, a phone number is to stay `+31…`.
    /// [`restore_csv`](super::restore_csv) undoes it. JSON needs none of it.
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

    /// Replaces contact data: every cell but a known reason.
    ///
    /// The email's column has the hashes of [`Redactor::email`], all other cells those of [`Redactor::cell`], also
    /// where they lie beyond the header. A reason that isn't known is replaced as well
    /// ([`Redactor::reason`]): in a damaged report, contact data may stand there. So are the names of a header that
    /// names neither the reason nor the email, by `column_1`, `column_2` and so on: such a header may be a
    /// contact itself. Other headers stay as they are.
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

    /// The names of the columns, as a record of a CSV.
    pub(super) fn header<'r>(&self, report: &'r FaultReport) -> Vec<Cow<'r, [u8]>> {
        let names = match self.columns_instead(report) {
            None => report.raw_columns(),
            Some(columns) => columns.names().iter().map(|name| Cow::Owned(name.as_bytes().to_vec())).collect(),
        };
        self.shaped(report, names)
    }

    /// A fault, as a record of a CSV.
    pub(super) fn record<'r>(&self, fault: &Fault<'r>) -> Vec<Cow<'r, [u8]>> {
        let cells = fault.raw_fields().enumerate();
        self.shaped(fault.report(), cells.map(|(column, cell)| self.cell(fault, column, cell)).collect())
    }

    /// A fault, as an object.
    pub(super) fn with_line<T>(&self, fault: &Fault<'_>, then: impl FnOnce(&Line<'_>) -> T) -> T {
        let instead = self.columns_instead(fault.report());
        let columns = instead.as_ref().unwrap_or_else(|| fault.report().named_columns());
        let cells = fault.raw_fields().enumerate();
        let fields: Vec<_> = cells.map(|(column, cell)| text(self.cell(fault, column, cell))).collect();
        let reason = self.reason(fault.reason());
        then(&Line { fault, label: reason.label(), fields: &fields, columns })
    }

    /// The columns that stand in for those of a header that may be a contact itself.
    fn columns_instead(&self, report: &FaultReport) -> Option<Columns> {
        #[cfg(feature = "redact")]
        if self.redactor.is_some() && !report.names_reason_or_email() {
            return Some(Columns::numbered(report.columns().len()));
        }
        let _ = report;
        None
    }

    /// A cell, as it may be seen.
    fn cell<'r>(&self, fault: &Fault<'r>, column: usize, cell: Cow<'r, [u8]>) -> Cow<'r, [u8]> {
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

    /// An email, as it may be seen.
    pub(super) fn email(&self, email: &str) -> String {
        #[cfg(feature = "redact")]
        if let Some(redactor) = &self.redactor {
            return redactor.email(email);
        }
        email.to_owned()
    }

    /// A record with the options' shape, and its formulas defused.
    fn shaped<'r>(&self, report: &FaultReport, mut cells: Vec<Cow<'r, [u8]>>) -> Vec<Cow<'r, [u8]>> {
        if self.upload_shape && report.reason_column() < cells.len() {
            cells.remove(report.reason_column());
        }
        if self.spreadsheet_safe {
            for cell in &mut cells {
                if let Cow::Owned(defused) = defuse(cell) {
                    *cell = Cow::Owned(defused);
                }
            }
        }
        cells
    }
}
