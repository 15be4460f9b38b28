//! The contacts that have changed between two reports, as CSV.

use std::io::Write;

use csv::Writer;

use super::safe_csv::{write_csv, writing_csv};
use super::{WriteOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::tally::comparison::Comparison;

/// Writes the contacts that have changed between two reports as CSV, as `faults compare --contacts --format csv` prints
/// them: a record for each, by their emails in order, as these are written.
///
/// `change` is a [slug](crate::Change::slug). `before` and `after` are the slugs of the reasons in the older and in the
/// newer report, `before_label` and `after_label` their labels, each several joined by `; ` and empty where there is none.
/// Of the options, those that redact and [`spreadsheet_safe`](WriteOptions::spreadsheet_safe) count.
///
/// What a [`Comparer`](crate::Comparer) has only counted has no contacts to write; a
/// [`ContactFinder`](crate::ContactFinder) finds them.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Comparison, FaultReport, export};
///
/// let old = FaultReport::from_bytes("Reason,email\nSoft bounced,a@example.com\n")?;
/// let new = FaultReport::from_bytes("Reason,email\nHard bounced,A@example.com\n")?;
/// let mut csv = Vec::new();
/// export::comparison_to_csv(&Comparison::new(&old, &new), &export::WriteOptions::new(), &mut csv)?;
/// assert_eq!(
///     String::from_utf8_lossy(&csv),
///     "email,change,before,after,before_label,after_label\n\
///      a@example.com,changed,soft_bounced,hard_bounced,Soft bounced,Hard bounced\n",
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn comparison_to_csv(comparison: &Comparison, options: &WriteOptions, writer: impl Write) -> Result<()> {
    write_csv(options, writer, |out| to_csv(&options.comparison(comparison), out))
}

fn to_csv(comparison: &Comparison, writer: impl Write) -> Result<()> {
    let slugs = |reasons: &[FailureReason]| joined(reasons.iter().map(|reason| reason.slug().to_owned()));
    let labels = |reasons: &[FailureReason]| joined(reasons.iter().map(|reason| reason.to_string()));
    let mut csv = Writer::from_writer(writer);
    csv.write_record(["email", "change", "before", "after", "before_label", "after_label"]).map_err(writing_csv)?;
    for contact in comparison.contacts() {
        let (before, after) = (contact.before(), contact.after());
        let (email, change) = (contact.email().to_owned(), contact.change().slug().to_owned());
        csv.write_record([email, change, slugs(before), slugs(after), labels(before), labels(after)])
            .map_err(writing_csv)?;
    }
    csv.flush().map_err(writing)
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("; ")
}
