//! The counts of several reports, each told apart, and all together.

pub(crate) mod comparison;
pub(crate) mod group_counter;
pub(crate) mod group_counts;

use std::borrow::Cow;
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::reason::counts::{ReasonCount, ReasonCounts, share};
use crate::report::FaultReport;
use crate::tally::group_counts::{GroupCounts, GroupKey};

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
/// export::tally_to_csv(&tally, &mut csv)?;
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// With serde it is the document that `faults summary --format json` prints: that of [`ReasonCounts`], with
/// `groups` where there are any, and with `sources` where there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sources: Vec<SourceCounts>,
    counts: ReasonCounts,
    groups: Option<GroupCounts>,
}

/// The counts of one report, and where it came from.
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
    pub fn with_groups(mut self, groups: GroupCounts) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The same, with the time at which the report was read.
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

    /// The faults of all reports by group and reason, where every one was grouped, and by the same.
    pub fn groups(&self) -> Option<&GroupCounts> {
        self.groups.as_ref()
    }

    /// The same, with the groups that are the largest over all reports, as many as asked for, and all others
    /// under [`GroupKey::Rest`].
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

impl Extend<SourceCounts> for Tally {
    fn extend<I: IntoIterator<Item = SourceCounts>>(&mut self, sources: I) {
        sources.into_iter().for_each(|source| self.add(source));
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("schema", &1)?;
        let part = Part { source: None, counts: &self.counts, groups: self.groups.as_ref() };
        part.serialize_into(&mut document)?;
        if self.sources.len() > 1 {
            let parts: Vec<_> = self.sources.iter().map(Part::of).collect();
            document.serialize_entry("sources", &parts)?;
        }
        document.end()
    }
}

/// The members that the document and each of its sources have in common.
struct Part<'a> {
    source: Option<&'a str>,
    counts: &'a ReasonCounts,
    groups: Option<&'a GroupCounts>,
}

impl<'a> Part<'a> {
    fn of(source: &'a SourceCounts) -> Self {
        Part { source: Some(&source.name), counts: &source.counts, groups: source.groups.as_ref() }
    }

    fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if let Some(source) = self.source {
            map.serialize_entry("source", source)?;
        }
        let counts = self.counts;
        map.serialize_entry("import_id", &counts.import_id())?;
        map.serialize_entry("total", &counts.total())?;
        map.serialize_entry("reasons", &counts.entries())?;
        map.serialize_entry("anomalies", counts.anomalies())?;
        if let Some(groups) = self.groups {
            map.serialize_entry("by", groups.by().name())?;
            let total = counts.total();
            let entries: Vec<_> = groups.by_size().map(|(key, counts)| Entry::new(key, counts, total)).collect();
            map.serialize_entry("groups", &entries)?;
        }
        Ok(())
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

/// One group of the document. Its share is of all faults; those of its reasons are of the group's.
#[derive(serde::Serialize)]
struct Entry<'a> {
    kind: &'static str,
    group: Option<&'a str>,
    label: Cow<'a, str>,
    total: u64,
    share: f64,
    reasons: Vec<ReasonCount<'a>>,
}

impl<'a> Entry<'a> {
    fn new(key: GroupKey<'a>, counts: &'a ReasonCounts, total: u64) -> Self {
        Entry {
            kind: key.kind(),
            group: key.value(),
            label: key.label(),
            total: counts.total(),
            share: share(counts.total(), total),
            reasons: counts.entries(),
        }
    }
}
