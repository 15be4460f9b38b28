//! The long form: one flat record for each source, group and reason.

use std::borrow::Cow;
use std::io::Write;
use std::ops::Range;

use csv::Writer;
use serde::Serialize;
use uuid::Uuid;

use super::safe_csv::{write_csv, writing_csv};
use super::{WriteOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::reason::counts::{ReasonCounts, share};
use crate::reason::remedy::Remedy;
use crate::tally::group_counts::GroupKey;
use crate::tally::timestamp::rfc3339;
use crate::tally::{SourceCounts, Tally};

/// Writes a tally as CSV in the long form, as `faults summary --format csv` prints it: a record for each report and
/// reason, which needs no further reshaping in a notebook or a spreadsheet.
///
/// The columns are `import_id`, `source`, `read_at`, `reason`, `label`, `remedy`, `count` and `share`; where faults were
/// grouped, `by`, `group_kind`, `group` and `group_label` stand in front of `reason`, and there is a record for each
/// report, group and reason. `share` is the part of all faults of the report. What isn't known is empty: `import_id`,
/// `read_at` (RFC 3339, UTC), and `group` where [the key](crate::GroupKey::value) is no value. Of the options,
/// [`zeros`](WriteOptions::zeros) and [`spreadsheet_safe`](WriteOptions::spreadsheet_safe) count.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails; [`Configuration`](crate::ErrorKind::Configuration) with options that
/// redact.
///
/// ```
/// use dotdigital_faults::{FaultReport, SourceCounts, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let tally = Tally::from(SourceCounts::new("may.csv", report.counts().clone()));
/// let mut csv = Vec::new();
/// export::tally_to_csv(&tally, &export::WriteOptions::new(), &mut csv)?;
/// assert_eq!(
///     String::from_utf8_lossy(&csv),
///     "import_id,source,read_at,reason,label,remedy,count,share\n,may.csv,,blocker,Blocker,remove,1,1.0\n",
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_csv(tally: &Tally, options: &WriteOptions, writer: impl Write) -> Result<()> {
    options.refuse_redaction()?;
    write_csv(options, writer, |out| to_csv(tally, options, out))
}

fn to_csv(tally: &Tally, options: &WriteOptions, writer: impl Write) -> Result<()> {
    const GROUPS: Range<usize> = 3..7;

    let mut names = vec!["import_id", "source", "read_at", "by", "group_kind", "group", "group_label"];
    names.extend(["reason", "label", "remedy", "count", "share"]);
    if tally.groups().is_none() {
        names.drain(GROUPS);
    }
    let mut csv = Writer::from_writer(writer);
    csv.write_record(names).map_err(writing_csv)?;
    each(tally, options.has_zeros(), |record| {
        let id = record.import_id.map(|id| id.to_string());
        let mut fields = vec![id.unwrap_or_default(), record.source.to_owned(), record.read_at.unwrap_or_default()];
        if let Some(group) = record.group {
            let value = group.group.unwrap_or_default();
            fields.extend([group.by, group.group_kind, value, &group.group_label].map(str::to_owned));
        }
        fields.extend([record.reason, &record.label, record.remedy.slug()].map(str::to_owned));
        // As in JSON: the shortest text that reads as the same number.
        let share = serde_json::to_string(&record.share).map_err(writing)?;
        fields.extend([record.count.to_string(), share]);
        csv.write_record(fields).map_err(writing_csv)
    })?;
    csv.flush().map_err(writing)
}

/// Writes a tally as JSON in the long form, an object a line, as `faults summary --format jsonl` prints it: one for
/// each report and reason, with the columns of [`tally_to_csv`] as its members. Of the options,
/// [`zeros`](WriteOptions::zeros) counts.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails; [`Configuration`](crate::ErrorKind::Configuration) with options that
/// redact.
///
/// ```
/// use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email,country\nBlocker,demo@example.com,NL\n")?;
/// let groups = report.count_by(&GroupBy::column("country"))?;
/// let tally = Tally::from(SourceCounts::new("may.csv", report.counts().clone()).with_groups(groups));
/// let mut lines = Vec::new();
/// export::tally_to_jsonl(&tally, &export::WriteOptions::new(), &mut lines)?;
/// assert_eq!(
///     String::from_utf8_lossy(&lines),
///     r#"{"import_id":null,"source":"may.csv","read_at":null,"by":"country","group_kind":"value","group":"NL","group_label":"NL","reason":"blocker","label":"Blocker","remedy":"remove","count":1,"share":1.0}
/// "#,
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_jsonl(tally: &Tally, options: &WriteOptions, mut writer: impl Write) -> Result<()> {
    options.refuse_redaction()?;
    each(tally, options.has_zeros(), |record| {
        serde_json::to_writer(&mut writer, &record).map_err(writing)?;
        writer.write_all(b"\n").map_err(writing)
    })
}

/// One record of the long form. Its members are the fields of `csv` and `jsonl`, in this order.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record<'a> {
    pub import_id: Option<Uuid>,
    pub source: &'a str,
    pub read_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub group: Option<GroupFields<'a>>,
    pub reason: &'static str,
    pub label: Cow<'a, str>,
    pub remedy: Remedy,
    pub count: u64,
    /// Of all faults of the source, also where it is grouped: the shares of a source add up to 1.
    pub share: f64,
}

/// The fields that a record has only where faults are grouped.
#[derive(Clone, Debug, Serialize)]
pub(super) struct GroupFields<'a> {
    pub by: &'a str,
    pub group_kind: &'static str,
    pub group: Option<&'a str>,
    pub group_label: Cow<'a, str>,
}

/// Hands every record to a closure: source by source, the largest group first, the most frequent reason first; where
/// `zeros` are wanted, the known reasons that don't occur come last.
pub(super) fn each<'t>(tally: &'t Tally, zeros: bool, mut write: impl FnMut(Record<'t>) -> Result<()>) -> Result<()> {
    let is_grouped = tally.groups().is_some();
    for source in tally.sources() {
        let records = Records { source, read_at: source.read_at().and_then(rfc3339), zeros };
        let Some(groups) = source.groups().filter(|_| is_grouped) else {
            records.write(None, source.counts(), &mut write)?;
            continue;
        };
        let by = groups.by().name();
        for (key, counts) in groups.by_size() {
            records.write(Some(GroupFields::new(by, key)), counts, &mut write)?;
        }
        if source.counts().is_empty() {
            records.write(Some(GroupFields::new(by, GroupKey::Rest)), source.counts(), &mut write)?;
        }
    }
    Ok(())
}

/// The records of one source.
struct Records<'t> {
    source: &'t SourceCounts,
    read_at: Option<String>,
    zeros: bool,
}

impl<'t> Records<'t> {
    fn write(
        &self,
        group: Option<GroupFields<'t>>,
        counts: &'t ReasonCounts,
        write: &mut impl FnMut(Record<'t>) -> Result<()>,
    ) -> Result<()> {
        let all = self.source.counts();
        let zeros = self.zeros.then(|| counts.zeros()).into_iter().flatten();
        for (reason, count) in counts.by_frequency().chain(zeros) {
            write(Record {
                import_id: all.import_id(),
                source: self.source.name(),
                read_at: self.read_at.clone(),
                group: group.clone(),
                reason: FailureReason::slug(reason),
                label: Cow::Borrowed(reason.label()),
                remedy: reason.remedy(),
                count,
                share: share(count, all.total()),
            })?;
        }
        Ok(())
    }
}

impl<'a> GroupFields<'a> {
    fn new(by: &'a str, key: GroupKey<'a>) -> Self {
        GroupFields { by, group_kind: key.kind(), group: key.value(), group_label: key.label() }
    }
}
