//! JSON, whole and by lines.

use std::io::Write;

use serde::Serialize;

use super::{record, writing};
use crate::counts::ReasonCounts;
use crate::error::Result;
use crate::fault::Fault;
use crate::reason::FailureReason;
use crate::remedy::Remedy;
use crate::tally::Tally;

/// Writes counts as one JSON document, which `faults summary --format json` prints; [`ReasonCounts`] shows it.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
pub fn counts_to_json(counts: &ReasonCounts, mut writer: impl Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut writer, counts).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

/// Writes a tally as one JSON document, which `faults summary --format json` prints: that of [`ReasonCounts`], with
/// more members where there is more.
///
/// Where faults were grouped, `by` names the column or `domain`, and `groups` has them, the largest first: `kind` (a
/// [`GroupKey`](crate::GroupKey)'s), `group` (its value, or `null`), `label`, `total`, `share` and `reasons`.
/// Where there are several reports, all of this is their sum, and `sources` has the same for each of them, with
/// `source` in front. `fixtures/summary.schema.json` is its JSON Schema.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
pub fn tally_to_json(tally: &Tally, mut writer: impl Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut writer, tally).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

/// Writes a tally as JSON in the long form, an object a line, as `faults summary --format jsonl` prints it: one for
/// each report and reason, with the columns of [`tally_to_csv`](super::tally_to_csv) as its members.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email,country\nBlocker,demo@example.com,NL\n")?;
/// let groups = report.count_by(&GroupBy::column("country"))?;
/// let tally = Tally::from(SourceCounts::new("may.csv", report.counts().clone()).with_groups(groups));
/// let mut lines = Vec::new();
/// export::tally_to_jsonl(&tally, &mut lines)?;
/// assert_eq!(
///     String::from_utf8_lossy(&lines),
///     r#"{"import_id":null,"source":"may.csv","by":"country","group_kind":"value","group":"NL","group_label":"NL","reason":"blocker","label":"Blocker","remedy":"remove","count":1,"share":1.0}
/// "#,
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_jsonl(tally: &Tally, mut writer: impl Write) -> Result<()> {
    record::each(tally, |record| {
        serde_json::to_writer(&mut writer, &record).map_err(writing)?;
        writer.write_all(b"\n").map_err(writing)
    })
}

/// Writes faults as JSON, an object a line, as `faults list --format jsonl` prints them.
///
/// The columns keep the report's names and order; an absent cell is `null`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut lines = Vec::new();
/// export::faults_to_jsonl(report.faults(), &mut lines)?;
/// assert_eq!(
///     String::from_utf8_lossy(&lines),
///     r#"{"line":2,"reason":"blocker","label":"Blocker","remedy":"remove","email":"demo@example.com","columns":{"Reason":"Blocker","email":"demo@example.com"}}
/// "#,
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_jsonl<'r>(faults: impl IntoIterator<Item = Fault<'r>>, mut writer: impl Write) -> Result<()> {
    for fault in faults {
        serde_json::to_writer(&mut writer, &fault).map_err(writing)?;
        writer.write_all(b"\n").map_err(writing)?;
    }
    Ok(())
}

/// Writes every reason, what it means and what to do, as `faults reasons --format json` prints them.
///
/// The last one is `other`, which stands for all that aren't known and has no label of its own.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
pub fn reasons_to_json(mut writer: impl Write) -> Result<()> {
    #[derive(Serialize)]
    struct Document {
        schema: u32,
        reasons: Vec<Entry>,
    }

    #[derive(Serialize)]
    struct Entry {
        reason: &'static str,
        label: Option<String>,
        description: &'static str,
        remedy: Remedy,
        what_to_do: &'static str,
    }

    let other = FailureReason::from("");
    let known = FailureReason::iter().map(|reason| (Some(reason.to_string()), reason));
    let reasons = known.chain([(None, other)]).map(|(label, reason)| Entry {
        reason: reason.slug(),
        label,
        description: reason.description(),
        remedy: reason.remedy(),
        what_to_do: reason.remedy().description(),
    });
    let document = Document { schema: 1, reasons: reasons.collect() };
    serde_json::to_writer_pretty(&mut writer, &document).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}
