//! JSON, whole and by lines.

use std::io::Write;

use serde::Serialize;

use super::{WriteOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::reason::remedy::Remedy;
use crate::reason::report_kind::ReportKind;
use crate::tally::Tally;
use crate::tally::document::Document as TallyDocument;

/// Writes a tally as one JSON document, which `faults summary --format json` prints: that of
/// [`ReasonCounts`](crate::ReasonCounts), with more members where there is more.
///
/// Where faults were grouped, `by` names the column or `domain`, and `groups` has them, the largest first: `kind` (a
/// [`GroupKey`](crate::GroupKey)'s), `group` (its value, or `null`), `label`, `total`, `share` and `reasons`.
/// Where there are several reports, all of this is their sum, and `sources` has the same for each of them, with
/// `source` in front. When a report was read is its `read_at`, where that was said. Of the options,
/// [`zeros`](WriteOptions::zeros) counts. `fixtures/summary.schema.json` is its JSON Schema.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails; [`Configuration`](crate::ErrorKind::Configuration) with options that
/// redact.
pub fn tally_to_json(tally: &Tally, options: &WriteOptions, mut writer: impl Write) -> Result<()> {
    options.refuse_redaction()?;
    let document = TallyDocument { tally, zeros: options.has_zeros() };
    serde_json::to_writer_pretty(&mut writer, &document).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

/// Writes every reason, what it means and what to do, as `faults reasons --format json` prints them. Of each, `reports`
/// lists the [kinds of report](ReportKind::slug) that are known to tell of it.
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
        reports: &'static [ReportKind],
    }

    let other = FailureReason::from("");
    let known = FailureReason::iter().map(|reason| (Some(reason.to_string()), reason));
    let reasons = known.chain([(None, other)]).map(|(label, reason)| Entry {
        reason: reason.slug(),
        label,
        description: reason.description(),
        remedy: reason.remedy(),
        what_to_do: reason.remedy().description(),
        reports: reason.report_kinds(),
    });
    let document = Document { schema: 1, reasons: reasons.collect() };
    serde_json::to_writer_pretty(&mut writer, &document).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}
