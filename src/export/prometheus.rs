//! Metrics, for Prometheus and all that read its text.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::words::printable;
use super::{Labels, writing};
use crate::anomaly::Anomaly;
use crate::error::Result;
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::tally::group_counts::{GroupBy, GroupCounts, GroupKey};
use crate::tally::{SourceCounts, Tally};

/// The longest value of a column that becomes a label's.
const LONGEST_VALUE: usize = 100;

/// How many groups become time series; the rest is summed up.
const MOST_GROUPS: usize = 100;

/// Writes a tally as metrics, as `faults summary --format prometheus` prints them: a text for Prometheus' textfile
/// collector, which also is an OpenMetrics text.
///
/// All are gauges, which tell what a report holds:
///
/// | metric | labels | |
/// |---|---|---|
/// | `dotdigital_import_faults` | `reason` | faults of each reason, also where there are none; all unknown ones are `reason="other"` |
/// | `dotdigital_import_all_faults` | | faults, whatever the reason |
/// | `dotdigital_import_anomalies` | `anomaly` | rows of each kind of anomaly, also where there are none |
/// | `dotdigital_import_cut_off` | | 1 where the report seems to have been cut off, else 0 |
/// | `dotdigital_import_read_timestamp_seconds` | | when the report was read, where that was said |
/// | `dotdigital_import_group_faults` | `by`, `group_kind`, `group`, `reason` | faults of each group and reason that there are, where they were grouped |
///
/// Each of them has the label `import_id`; a report without an import id has an empty one, and its name as the label
/// `source`, if it has a name. So two reports that are kept are told apart, also where each is a file of its own for the
/// textfile collector. All have `labels`, too: give one where reports of the same name come from several places.
///
/// No two series have the same labels: reports of the same import are summed up, and so are those of the same name; of
/// several times the oldest is told. The number of series is bounded: past the 100 largest groups the rest is summed up,
/// and so are values that are longer than 100 bytes or hold a control character. Nothing that a row holds becomes a label,
/// but for the values of the column that was asked for; and of these none with an `@`, since no address may ever get into
/// metrics. Those are in the rest, too.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut text = Vec::new();
/// export::tally_to_prometheus(&Tally::from(&report), &export::Labels::new(), &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.contains("dotdigital_import_faults{import_id=\"\",reason=\"blocker\"} 1\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_prometheus(tally: &Tally, labels: &Labels, mut writer: impl Write) -> Result<()> {
    let reports = reports(tally);
    let mut text = Text { writer: &mut writer, labels };

    text.describe("faults", "Contacts of an import that were not imported, by reason.")?;
    for (name, report) in &reports {
        for reason in reasons() {
            text.sample("faults", name, &[("reason", reason)], report.counts.get_slug(reason))?;
        }
    }
    text.describe("all_faults", "Contacts of an import that were not imported, whatever the reason.")?;
    for (name, report) in &reports {
        text.sample("all_faults", name, &[], report.counts.total())?;
    }
    text.describe("anomalies", "Rows of a faults report that were unusual and were read all the same, by kind.")?;
    for (name, report) in &reports {
        for anomaly in Anomaly::iter() {
            let count = report.counts.anomalies().get(anomaly);
            text.sample("anomalies", name, &[("anomaly", anomaly.slug())], count)?;
        }
    }
    text.describe("cut_off", "Whether a faults report seems to have been cut off.")?;
    for (name, report) in &reports {
        text.sample("cut_off", name, &[], u64::from(report.counts.is_cut_off()))?;
    }
    if reports.values().any(|report| report.read_at.is_some()) {
        text.describe("read_timestamp_seconds", "When a faults report was read, in seconds since 1970.")?;
        for (name, report) in &reports {
            if let Some(seconds) = report.read_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
                text.sample("read_timestamp_seconds", name, &[], seconds.as_secs())?;
            }
        }
    }
    if reports.values().any(|report| report.groups.is_some()) {
        text.describe("group_faults", "Contacts of an import that were not imported, by group and reason.")?;
        for (name, report) in &reports {
            if let Some(groups) = &report.groups {
                text.groups(name, groups)?;
            }
        }
    }
    // OpenMetrics ends so; for all others it is a comment.
    text.writer.write_all(b"# EOF\n").map_err(writing)
}

/// What tells a report from others: its import, or else its name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    import_id: String,
    source: String,
}

impl Name {
    fn of(source: &SourceCounts) -> Self {
        match source.counts().import_id() {
            Some(id) => Name { import_id: id.to_string(), source: String::new() },
            // A name may hold anything, such as what some readers take for the end of a line.
            None => Name { import_id: String::new(), source: escape(source.name(), usize::MAX) },
        }
    }
}

/// All that is known under one name.
#[derive(Default)]
struct Report {
    counts: ReasonCounts,
    groups: Option<GroupCounts>,
    read_at: Option<SystemTime>,
}

fn reports(tally: &Tally) -> BTreeMap<Name, Report> {
    let mut reports: BTreeMap<Name, Report> = BTreeMap::new();
    let by = tally.groups().map(GroupCounts::by);
    // The same groups for every report.
    let keys = tally.groups().map(|groups| groups.largest(MOST_GROUPS));
    for source in tally.sources() {
        let report = reports.entry(Name::of(source)).or_default();
        report.counts += source.counts();
        report.read_at = match (report.read_at, source.read_at()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let (Some(by), Some(keys), Some(groups)) = (by, &keys, source.groups()) {
            let sum = report.groups.get_or_insert_with(|| GroupCounts::new(GroupBy::clone(by)));
            let fitting = keys.iter().copied().filter(|key| key.value().is_none_or(is_fit)).collect();
            *sum += &groups.only(&fitting);
        }
    }
    reports
}

/// May the value become a label's?
fn is_fit(value: &str) -> bool {
    value.len() <= LONGEST_VALUE && !value.contains(|character: char| character == '@' || character.is_control())
}

/// The slugs of all reasons, the unknown ones included.
fn reasons() -> impl Iterator<Item = &'static str> {
    FailureReason::iter().map(|reason| reason.slug()).chain([FailureReason::OTHER])
}

/// Prometheus' text format.
struct Text<'w, W> {
    writer: &'w mut W,
    labels: &'w Labels,
}

impl<W: Write> Text<'_, W> {
    fn describe(&mut self, name: &str, help: &str) -> Result<()> {
        let text = format!("# HELP dotdigital_import_{name} {help}\n# TYPE dotdigital_import_{name} gauge\n");
        self.writer.write_all(text.as_bytes()).map_err(writing)
    }

    fn groups(&mut self, name: &Name, groups: &GroupCounts) -> Result<()> {
        let by = printable(groups.by().name());
        for (key, counts) in groups.by_size() {
            let group = match key {
                GroupKey::Rest => "other",
                key => key.value().unwrap_or_default(),
            };
            for reason in reasons() {
                let count = counts.get_slug(reason);
                if count > 0 {
                    let labels =
                        [("by", by.as_str()), ("group_kind", key.kind()), ("group", group), ("reason", reason)];
                    self.sample("group_faults", name, &labels, count)?;
                }
            }
        }
        Ok(())
    }

    fn sample(&mut self, metric: &str, name: &Name, labels: &[(&str, &str)], value: u64) -> Result<()> {
        let source = Some(("source", name.source.as_str())).filter(|(_, source)| !source.is_empty());
        let labels = labels.iter().copied().chain(self.labels.iter());
        let labels = [("import_id", name.import_id.as_str())].into_iter().chain(source).chain(labels);
        let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let write = writeln!(self.writer, "dotdigital_import_{metric}{{{}}} {value}", labels.join(","));
        write.map_err(writing)
    }
}

/// A label's value, as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values() {
        assert_eq!(escaped("a\\\"\nb"), r#"a\\\"\nb"#);
        for (value, fit) in [
            ("NL", true),
            ("", true),
            ("a\"b\\", true),
            ("demo@example.com", false),
            ("a\nb", false),
            ("\0", false),
            ("\u{85}", false),
        ] {
            assert_eq!(is_fit(value), fit, "{value:?}");
        }
        assert!(is_fit(&"x".repeat(100)) && !is_fit(&"x".repeat(101)));
    }
}
