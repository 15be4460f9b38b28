//! The counts of several reports, each told apart, and all together.

#[cfg(feature = "archive")]
pub(crate) mod archived_import;
pub(crate) mod comparison;
mod comparison_document;
pub(crate) mod contact_hash;
pub(crate) mod document;
pub(crate) mod group_counter;
pub(crate) mod group_counts;
pub(crate) mod timestamp;
#[cfg(feature = "archive")]
pub(crate) mod trends;

use std::time::SystemTime;

use crate::reason::counts::ReasonCounts;
use crate::reason::report_kind::ReportKind;
use crate::report::FaultReport;
use crate::tally::group_counts::GroupCounts;

/// The counts of one or more reports, each told apart, and of all of them together: what the formats of
/// [`export`](crate::export) are made from.
///
/// ```
/// use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally, export};
///
/// let mut tally = Tally::new();
/// for (name, text) in [
///     ("may.csv", "Reason,email,country\nBlocker,a@example.com,NL\n"),
///     ("june.csv", "Reason,email,country\nDuplicate,b@example.com,PT\n"),
/// ] {
///     let report = FaultReport::from_bytes(text)?;
///     let groups = report.count_by(&GroupBy::column("country"))?;
///     tally.add(SourceCounts::new(name, report.counts().clone()).with_groups(groups));
/// }
/// assert_eq!(tally.counts().total(), 2);
/// let mut csv = Vec::new();
/// export::tally_to_csv(&tally, &export::WriteOptions::new(), &mut csv)?;
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// With serde it is the document that `faults summary --format json` prints: that of [`ReasonCounts`], with `read_at`
/// where that was said, with `groups` where there are any, and with `sources` where there are several. It is read back, too, so that reports can
/// be added to those of another day:
///
/// ```
/// use dotdigital_faults::{FailureReason, SourceCounts, Tally};
///
/// let yesterday = r#"{
///     "schema": 1, "import_id": null, "total": 2, "anomalies": {},
///     "reasons": [{"reason": "blocker", "label": "Blocker", "count": 2, "share": 1.0, "remedy": "remove"}]
/// }"#;
/// let today: Tally = SourceCounts::new("today", [FailureReason::Blocker].iter().collect()).into();
/// let mut tally: Tally = serde_json::from_str(yesterday)?;
/// tally.extend(today);
/// assert_eq!(tally.counts().total(), 3);
/// assert_eq!(tally.sources().len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sources: Vec<SourceCounts>,
    counts: ReasonCounts,
    groups: Option<GroupCounts>,
}

/// The counts of one report, and where it came from.
///
/// With serde it is an entry of `sources` of a [`Tally`]'s document; it is read from a whole document as well, whose
/// name then is its import id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCounts {
    name: String,
    counts: ReasonCounts,
    groups: Option<GroupCounts>,
    read_at: Option<SystemTime>,
}

impl SourceCounts {
    /// The counts of a report, under a name that tells it from others: an import id, or a path.
    pub fn new(name: impl Into<String>, counts: ReasonCounts) -> Self {
        SourceCounts { name: name.into(), counts, groups: None, read_at: None }
    }

    /// The same, with groups of the same faults.
    #[must_use]
    pub fn with_groups(mut self, groups: GroupCounts) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The same, with the time at which the report was read. In documents it is `read_at`, as RFC 3339 has it, in UTC;
    /// a time before 1970 or behind the year 9999 is left out there.
    #[must_use]
    pub fn with_read_at(mut self, read_at: SystemTime) -> Self {
        self.read_at = Some(read_at);
        self
    }

    /// What tells the report from others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its faults by reason.
    pub fn counts(&self) -> &ReasonCounts {
        &self.counts
    }

    /// Its faults by group and reason, where they were grouped.
    pub fn groups(&self) -> Option<&GroupCounts> {
        self.groups.as_ref()
    }

    /// When it was read, where that was said.
    pub fn read_at(&self) -> Option<SystemTime> {
        self.read_at
    }
}

impl Tally {
    /// No reports.
    pub fn new() -> Self {
        Tally::default()
    }

    /// Adds a report.
    pub fn add(&mut self, source: SourceCounts) {
        if self.sources.is_empty() {
            self.groups.clone_from(&source.groups);
        } else {
            self.groups = match (self.groups.take(), &source.groups) {
                (Some(mut groups), Some(more)) if groups.by() == more.by() => {
                    groups += more;
                    Some(groups)
                }
                _ => None,
            };
        }
        let id = source
            .counts
            .import_id()
            .filter(|_| self.sources.is_empty() || self.counts.import_id() == source.counts.import_id());
        self.counts += &source.counts;
        self.counts.set_import_id(id);
        self.sources.push(source);
    }

    /// The reports, in the order in which they were added.
    pub fn sources(&self) -> &[SourceCounts] {
        &self.sources
    }

    /// The faults of all reports by reason. The import id is there where all are of the same import.
    pub fn counts(&self) -> &ReasonCounts {
        &self.counts
    }

    /// Returns true if some of the reports are of the newer API and others are not: their reasons mean different things
    /// ([`ReportKind`](crate::ReportKind)), and so do sums of both.
    pub fn mixes_v3(&self) -> bool {
        let mut sources = self.sources.iter().map(|source| source.counts().report_kind());
        let is_v3 = |kind: Option<ReportKind>| kind == Some(ReportKind::ImportV3);
        sources.next().is_some_and(|first| sources.any(|other| is_v3(first) != is_v3(other)))
    }

    /// The faults of all reports by group and reason, where every one was grouped, and by the same.
    pub fn groups(&self) -> Option<&GroupCounts> {
        self.groups.as_ref()
    }

    /// The same, with the groups that are the largest over all reports, as many as asked for, and all others
    /// under [`GroupKey::Rest`](crate::GroupKey::Rest).
    #[must_use]
    pub fn top(&self, most: usize) -> Tally {
        let Some(groups) = &self.groups else { return self.clone() };
        let keys = groups.largest(most);
        let only = |source: &SourceCounts| SourceCounts {
            groups: source.groups.as_ref().map(|groups| groups.only(&keys)),
            ..source.clone()
        };
        Tally {
            sources: self.sources.iter().map(only).collect(),
            counts: self.counts.clone(),
            groups: Some(groups.only(&keys)),
        }
    }
}

/// The counts of one report, under the name of its import id, if it has one.
impl From<ReasonCounts> for Tally {
    fn from(counts: ReasonCounts) -> Self {
        let name = counts.import_id().map(|id| id.to_string()).unwrap_or_default();
        Tally::from(SourceCounts::new(name, counts))
    }
}

/// The counts of one report, under the name of its import id, if it has one.
impl From<&FaultReport> for Tally {
    fn from(report: &FaultReport) -> Self {
        report.counts().clone().into()
    }
}

impl From<SourceCounts> for Tally {
    fn from(source: SourceCounts) -> Self {
        Tally::from_iter([source])
    }
}

impl FromIterator<SourceCounts> for Tally {
    fn from_iter<I: IntoIterator<Item = SourceCounts>>(sources: I) -> Self {
        let mut tally = Tally::new();
        tally.extend(sources);
        tally
    }
}

/// The reports, in the order in which they were added.
impl IntoIterator for Tally {
    type Item = SourceCounts;
    type IntoIter = std::vec::IntoIter<SourceCounts>;

    fn into_iter(self) -> Self::IntoIter {
        self.sources.into_iter()
    }
}

impl Extend<SourceCounts> for Tally {
    fn extend<I: IntoIterator<Item = SourceCounts>>(&mut self, sources: I) {
        sources.into_iter().for_each(|source| self.add(source));
    }
}
