//! Metrics, for Prometheus and all that read its text.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::words::printable;
use super::writing;
use crate::anomaly::Anomaly;
use crate::error::Result;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::tally::Tally;
use crate::tally::group_counts::{GroupBy, GroupCounts, GroupKey};

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
/// | `dotdigital_import_faults` | `import_id`, `reason` | faults of each reason, also where there are none; all unknown ones are `reason="other"` |
/// | `dotdigital_import_all_faults` | `import_id` | faults, whatever the reason |
/// | `dotdigital_import_anomalies` | `import_id`, `anomaly` | rows of each kind of anomaly, also where there are none |
/// | `dotdigital_import_cut_off` | `import_id` | 1 where the report seems to have been cut off, else 0 |
/// | `dotdigital_import_read_timestamp_seconds` | `import_id` | when the report was read, where that was said |
/// | `dotdigital_import_group_faults` | `import_id`, `by`, `group_kind`, `group`, `reason` | faults of each group and reason that there are, where they were grouped |
///
/// No two series have the same labels: reports of the same import are summed up, and so are all that have no import
/// id, under `import_id=""`; of several times the oldest is told. The number of series is bounded: past the
/// 100 largest groups the rest is summed up, and so are values that are longer than 100 bytes or hold a control
/// character. Nothing that a row holds becomes a label, but for the values of the column that was asked for; and of
/// these none with an `@`, since no address may ever get into metrics. Those are in the rest, too.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut text = Vec::new();
/// export::tally_to_prometheus(&Tally::from(&report), &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.contains("dotdigital_import_faults{import_id=\"\",reason=\"blocker\"} 1\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_prometheus(tally: &Tally, mut writer: impl Write) -> Result<()> {
    let imports = imports(tally);
    let mut text = Text(&mut writer);

    text.describe("faults", "Contacts of an import that were not imported, by reason.")?;
    for (id, import) in &imports {
        for reason in reasons() {
            text.sample("faults", &[("import_id", id), ("reason", reason)], import.counts.get_slug(reason))?;
        }
    }
    text.describe("all_faults", "Contacts of an import that were not imported, whatever the reason.")?;
    for (id, import) in &imports {
        text.sample("all_faults", &[("import_id", id)], import.counts.total())?;
    }
    text.describe("anomalies", "Rows of a faults report that were unusual and were read all the same, by kind.")?;
    for (id, import) in &imports {
        for anomaly in Anomaly::iter() {
            let labels = [("import_id", id.as_str()), ("anomaly", anomaly.slug())];
            text.sample("anomalies", &labels, import.counts.anomalies().get(anomaly))?;
        }
    }
    text.describe("cut_off", "Whether a faults report seems to have been cut off.")?;
    for (id, import) in &imports {
        text.sample("cut_off", &[("import_id", id)], u64::from(import.counts.is_cut_off()))?;
    }
    if imports.values().any(|import| import.read_at.is_some()) {
        text.describe("read_timestamp_seconds", "When a faults report was read, in seconds since 1970.")?;
        for (id, import) in &imports {
            if let Some(seconds) = import.read_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
                text.sample("read_timestamp_seconds", &[("import_id", id)], seconds.as_secs())?;
            }
        }
    }
    if imports.values().any(|import| import.groups.is_some()) {
        text.describe("group_faults", "Contacts of an import that were not imported, by group and reason.")?;
        for (id, import) in &imports {
            if let Some(groups) = &import.groups {
                write_groups(id, groups, &mut text)?;
            }
        }
    }
    // OpenMetrics ends so; for all others it is a comment.
    text.0.write_all(b"# EOF\n").map_err(writing)
}

/// All that is known of one import.
#[derive(Default)]
struct Import {
    counts: ReasonCounts,
    groups: Option<GroupCounts>,
    read_at: Option<SystemTime>,
}

/// The imports by their ids, as labels have them.
fn imports(tally: &Tally) -> BTreeMap<String, Import> {
    let mut imports: BTreeMap<String, Import> = BTreeMap::new();
    let by = tally.groups().map(GroupCounts::by);
    // The same groups for every import.
    let keys = tally.groups().map(|groups| groups.largest(MOST_GROUPS));
    for source in tally.sources() {
        let id = source.counts().import_id().as_ref().map(Uuid::to_string).unwrap_or_default();
        let import = imports.entry(id).or_default();
        import.counts += source.counts();
        import.read_at = match (import.read_at, source.read_at()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let (Some(by), Some(keys), Some(groups)) = (by, &keys, source.groups()) {
            let sum = import.groups.get_or_insert_with(|| GroupCounts::new(GroupBy::clone(by)));
            let fitting = keys.iter().copied().filter(|key| key.value().is_none_or(is_fit)).collect();
            *sum += &groups.only(&fitting);
        }
    }
    imports
}

fn write_groups(id: &str, groups: &GroupCounts, text: &mut Text<impl Write>) -> Result<()> {
    let by = printable(groups.by().name());
    for (key, counts) in groups.by_size() {
        let group = match key {
            GroupKey::Rest => "other",
            key => key.value().unwrap_or_default(),
        };
        for reason in reasons() {
            let count = counts.get_slug(reason);
            if count > 0 {
                let labels = [
                    ("import_id", id),
                    ("by", by.as_str()),
                    ("group_kind", key.kind()),
                    ("group", group),
                    ("reason", reason),
                ];
                text.sample("group_faults", &labels, count)?;
            }
        }
    }
    Ok(())
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
struct Text<'w, W>(&'w mut W);

impl<W: Write> Text<'_, W> {
    fn describe(&mut self, name: &str, help: &str) -> Result<()> {
        let text = format!("# HELP dotdigital_import_{name} {help}\n# TYPE dotdigital_import_{name} gauge\n");
        self.0.write_all(text.as_bytes()).map_err(writing)
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) -> Result<()> {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let write = writeln!(self.0, "dotdigital_import_{name}{{{}}} {value}", labels.join(","));
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
