//! A tally and its parts as documents, written and read.
//!
//! What is read is added up once more: the parts of a document must have the totals that it says, and the document the
//! total of its parts. Groups are counted one by one as they come, within the same bounds as those of a report.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::group_counts::{GroupBy, GroupCounts, GroupKey};
use super::timestamp::{from_rfc3339, rfc3339};
use super::{SourceCounts, Tally};
use crate::anomaly::Anomalies;
use crate::reason::FailureReason;
use crate::reason::counts::{ReasonCounts, share};
use crate::reason::document::{ReasonCount, Reasons, SCHEMA, check_schema};

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document { tally: self, zeros: false }.serialize(serializer)
    }
}

impl Serialize for SourceCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SourceDocument { source: self, zeros: false }.serialize(serializer)
    }
}

/// A tally, to be written: with or without the known reasons that don't occur.
pub(crate) struct Document<'t> {
    pub(crate) tally: &'t Tally,
    pub(crate) zeros: bool,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { tally, zeros } = *self;
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("schema", &SCHEMA)?;
        let read_at = match tally.sources() {
            [source] => source.read_at(),
            _ => None,
        };
        Part { counts: tally.counts(), groups: tally.groups(), read_at, zeros }.write(&mut document)?;
        if tally.sources().len() > 1 {
            let sources = tally.sources().iter().map(|source| SourceDocument { source, zeros });
            document.serialize_entry("sources", &sources.collect::<Vec<_>>())?;
        }
        document.end()
    }
}

struct SourceDocument<'t> {
    source: &'t SourceCounts,
    zeros: bool,
}

impl Serialize for SourceDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SourceDocument { source, zeros } = *self;
        let mut part = serializer.serialize_map(None)?;
        part.serialize_entry("source", source.name())?;
        let (groups, read_at) = (source.groups(), source.read_at());
        Part { counts: source.counts(), groups, read_at, zeros }.write(&mut part)?;
        part.end()
    }
}

impl Serialize for GroupCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("schema", &SCHEMA)?;
        document.serialize_entry("by", self.by().name())?;
        document.serialize_entry("total", &self.total())?;
        document.serialize_entry("groups", &entries(self, self.total(), false))?;
        document.end()
    }
}

/// What a document and each of its sources have in common.
struct Part<'t> {
    counts: &'t ReasonCounts,
    groups: Option<&'t GroupCounts>,
    read_at: Option<SystemTime>,
    zeros: bool,
}

impl Part<'_> {
    fn write<M: SerializeMap>(&self, part: &mut M) -> Result<(), M::Error> {
        let counts = self.counts;
        part.serialize_entry("import_id", &counts.import_id())?;
        if let Some(read_at) = self.read_at.and_then(rfc3339) {
            part.serialize_entry("read_at", &read_at)?;
        }
        part.serialize_entry("total", &counts.total())?;
        part.serialize_entry("reasons", &counts.entries(self.zeros))?;
        part.serialize_entry("anomalies", counts.anomalies())?;
        if let Some(groups) = self.groups {
            part.serialize_entry("by", groups.by().name())?;
            part.serialize_entry("groups", &entries(groups, counts.total(), self.zeros))?;
        }
        Ok(())
    }
}

/// The groups of a document, whose shares are of this total.
fn entries(groups: &GroupCounts, total: u64, zeros: bool) -> Vec<Entry<'_>> {
    groups.by_size().map(|(key, counts)| Entry::new(key, counts, total, zeros)).collect()
}

/// One group of a document. Its share is of all faults; those of its reasons are of the group's.
#[derive(Serialize)]
struct Entry<'a> {
    kind: &'static str,
    group: Option<&'a str>,
    label: Cow<'a, str>,
    total: u64,
    share: f64,
    reasons: Vec<ReasonCount<'a>>,
}

impl<'a> Entry<'a> {
    fn new(key: GroupKey<'a>, counts: &'a ReasonCounts, total: u64, zeros: bool) -> Self {
        Entry {
            kind: key.kind(),
            group: key.value(),
            label: key.label(),
            total: counts.total(),
            share: share(counts.total(), total),
            reasons: counts.entries(zeros),
        }
    }
}

/// A tally from its document: its sources are those that the document tells apart, or the whole of it as one, whose name
/// is its import id, if it has one.
///
/// Members that aren't known are ignored, and so are all that can be computed from others. That something doesn't add up
/// is an error: a total and its reasons, its groups, or its sources; and so is a `read_at` that is no time.
impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Tally")]
        struct Document {
            schema: u32,
            import_id: Option<Uuid>,
            read_at: Option<ReadAt>,
            total: u64,
            reasons: Reasons,
            anomalies: Anomalies,
            by: Option<String>,
            groups: Option<Groups>,
            sources: Option<Vec<SourceCounts>>,
        }

        let Document { schema, import_id, read_at, total, reasons, anomalies, by, groups, sources } =
            Document::deserialize(deserializer)?;
        check_schema(schema)?;
        let counts = reasons.into_counts(total, import_id, anomalies)?;
        let groups = groups_of(by, groups, total)?;
        let Some(sources) = sources else {
            let mut tally = Tally::from(counts);
            for source in &mut tally.sources {
                source.groups.clone_from(&groups);
                source.read_at = read_at.as_ref().map(|ReadAt(time)| *time);
            }
            tally.groups = groups;
            return Ok(tally);
        };
        let tally: Tally = sources.into_iter().collect();
        let known = |reason: &FailureReason| counts.get(reason) == tally.counts().get(reason);
        if tally.counts().total() != total || !FailureReason::iter().all(|reason| known(&reason)) {
            return Err(Error::custom("the counts are not the sum of those of the sources"));
        }
        Ok(tally)
    }
}

/// The counts of one source from its entry, or from a whole document: its name then is its import id, if it has one.
impl<'de> Deserialize<'de> for SourceCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "SourceCounts")]
        struct Part {
            #[serde(default = "schema")]
            schema: u32,
            source: Option<String>,
            import_id: Option<Uuid>,
            read_at: Option<ReadAt>,
            total: u64,
            reasons: Reasons,
            anomalies: Anomalies,
            by: Option<String>,
            groups: Option<Groups>,
        }

        let part = Part::deserialize(deserializer)?;
        check_schema(part.schema)?;
        let name = part.source.or_else(|| part.import_id.map(|id| id.to_string())).unwrap_or_default();
        let counts = part.reasons.into_counts(part.total, part.import_id, part.anomalies)?;
        let groups = groups_of(part.by, part.groups, part.total)?;
        let read_at = part.read_at.map(|ReadAt(time)| time);
        Ok(SourceCounts { groups, read_at, ..SourceCounts::new(name, counts) })
    }
}

/// When a report was read.
struct ReadAt(SystemTime);

impl<'de> Deserialize<'de> for ReadAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        from_rfc3339(&text).map(ReadAt).ok_or_else(|| D::Error::custom("`read_at` is no time of RFC 3339 in UTC"))
    }
}

/// Groups from their own document, or from a tally's. That something doesn't add up is an error.
impl<'de> Deserialize<'de> for GroupCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "GroupCounts")]
        struct Document {
            #[serde(default = "schema")]
            schema: u32,
            by: String,
            total: u64,
            groups: Groups,
        }

        let document = Document::deserialize(deserializer)?;
        check_schema(document.schema)?;
        document.groups.into_counts(document.by, document.total)
    }
}

/// The schema of a part, which doesn't say it.
fn schema() -> u32 {
    SCHEMA
}

/// The groups of a part that has both `by` and `groups`, or neither.
fn groups_of<E: Error>(by: Option<String>, groups: Option<Groups>, total: u64) -> Result<Option<GroupCounts>, E> {
    match (by, groups) {
        (Some(by), Some(groups)) => groups.into_counts(by, total).map(Some),
        (None, None) => Ok(None),
        (Some(_), None) => Err(E::missing_field("groups")),
        (None, Some(_)) => Err(E::missing_field("by")),
    }
}

/// The groups of a document, added up as they are read.
struct Groups {
    /// What they are grouped by is known in the end only.
    counts: GroupCounts,
    /// Their sum, which stays at the largest count there is.
    sum: u64,
    /// Whether there are groups as only columns have them, and as only domains have them.
    of_column: bool,
    of_domain: bool,
}

impl Groups {
    /// The groups by what a document names, if they add up to this total.
    fn into_counts<E: Error>(self, by: String, total: u64) -> Result<GroupCounts, E> {
        if self.sum != total {
            return Err(E::custom(format_args!("the total is {total}, and not the sum of its groups")));
        }
        let by = match (self.of_column, self.of_domain || by == "domain" && !self.of_column) {
            (true, true) => return Err(E::custom("some groups are values of a column, and some are domains")),
            (_, false) => GroupBy::column(by),
            #[cfg(feature = "domains")]
            (false, true) => GroupBy::Domain,
            #[cfg(not(feature = "domains"))]
            (false, true) => return Err(E::custom("the groups are domains, which need the feature `domains`")),
        };
        Ok(self.counts.grouped_by(by))
    }

    fn add<E: Error>(&mut self, entry: GroupEntry) -> Result<(), E> {
        let key = match (&*entry.kind, &entry.group) {
            ("value", Some(value)) => GroupKey::Value(value),
            ("domain", Some(domain)) => GroupKey::Domain(domain),
            ("absent", None) => GroupKey::Absent,
            ("no_column", None) => GroupKey::NoColumn,
            ("invalid", None) => GroupKey::Invalid,
            ("rest", None) => GroupKey::Rest,
            _ => return Err(E::custom("there is no such kind of group, or not with such a value")),
        };
        self.of_column |= matches!(key, GroupKey::Value(_) | GroupKey::Absent | GroupKey::NoColumn);
        self.of_domain |= matches!(key, GroupKey::Domain(_) | GroupKey::Invalid);
        self.sum = self.sum.saturating_add(entry.total);
        let counts = entry.reasons.into_counts(entry.total, None, Anomalies::default())?;
        self.counts.add_counts(key, &counts);
        Ok(())
    }
}

/// One group of a document, as it is read.
#[derive(Deserialize)]
#[serde(rename = "Group")]
struct GroupEntry {
    kind: String,
    group: Option<String>,
    total: u64,
    reasons: Reasons,
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(GroupsVisitor)
    }
}

struct GroupsVisitor;

impl<'de> Visitor<'de> for GroupsVisitor {
    type Value = Groups;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Groups, A::Error> {
        let counts = GroupCounts::new(GroupBy::column(""));
        let mut groups = Groups { counts, sum: 0, of_column: false, of_domain: false };
        while let Some(entry) = entries.next_element()? {
            groups.add(entry)?;
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::report::FaultReport;
    use crate::report::feed::FaultSink;
    use crate::tally::group_counter::GroupCounter;

    fn source(name: &str, text: &str, by: &GroupBy) -> SourceCounts {
        let report = FaultReport::from_bytes(text).unwrap();
        SourceCounts::new(name, report.counts().clone()).with_groups(report.count_by(by).unwrap())
    }

    fn read<T: DeserializeOwned>(document: Value) -> Result<T, String> {
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    fn sources(by: &GroupBy) -> [SourceCounts; 2] {
        [
            source("may", "Reason,email,domain\nBlocker,a@example.com,NL\nMoon,b@example.com,\nMoon,c@,PT\n", by),
            source("june", "Reason,email,domain\nDuplicate,a@example.org,NL\nBlocker,,ES\n", by),
        ]
    }

    fn ways() -> Vec<GroupBy> {
        let mut ways = vec![GroupBy::column("email"), GroupBy::column("domain")];
        #[cfg(feature = "domains")]
        ways.push(GroupBy::Domain);
        ways.push(GroupBy::column("Reason"));
        ways
    }

    #[test]
    fn what_is_written_is_read_back() {
        for by in ways() {
            let read_at = |seconds| UNIX_EPOCH + Duration::new(seconds, 7);
            let [one, other] = sources(&by);
            let tally: Tally = [one.with_read_at(read_at(1)), other.with_read_at(read_at(2))].into_iter().collect();
            for tally in [tally.top(1), tally] {
                let text = serde_json::to_string(&tally).unwrap();
                let back: Tally = serde_json::from_str(&text).unwrap();
                assert_eq!(back, tally, "{by:?}");
                assert_eq!(serde_json::to_string(&back).unwrap(), text);
                let groups = tally.groups().unwrap();
                assert_eq!(&read::<GroupCounts>(serde_json::to_value(groups).unwrap()).unwrap(), groups);
                assert_eq!(&serde_json::from_str::<GroupCounts>(&text).unwrap(), groups);
                assert_eq!(&serde_json::from_str::<ReasonCounts>(&text).unwrap(), tally.counts());
                for source in tally.sources() {
                    assert_eq!(&read::<SourceCounts>(serde_json::to_value(source).unwrap()).unwrap(), source);
                }
            }
            // A single source has no name of its own in the document.
            let [one, other] = sources(&by);
            let one = one.with_read_at(read_at(3));
            let mut back: Tally = read(serde_json::to_value(Tally::from(one.clone())).unwrap()).unwrap();
            assert_eq!((back.sources()[0].name(), back.sources()[0].read_at()), ("", one.read_at()));
            assert_eq!((back.counts(), back.groups()), (one.counts(), one.groups()));
            back.extend(Tally::from(other.clone()));
            assert_eq!(back.counts(), Tally::from_iter([one, other]).counts());
        }
    }

    #[test]
    fn a_report_without_the_column_is_read_back() {
        let by = GroupBy::column("country");
        let mut counter = GroupCounter::new(by.clone());
        let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nMoon\n").unwrap();
        report.faults().for_each(|fault| {
            counter.columns(fault.columns()).unwrap();
            counter.fault(&fault).unwrap();
        });
        let lacking = SourceCounts::new("june", report.counts().clone()).with_groups(counter.finish_anyway());
        let having = source("may", "Reason,email,country\nBlocker,a@example.com,NL\nBlocker,b\n", &by);
        let tally: Tally = [having, lacking].into_iter().collect();
        let total = |key| tally.groups().and_then(|groups| groups.get(key)).map(ReasonCounts::total);
        assert_eq!(
            [GroupKey::NoColumn, GroupKey::Absent, GroupKey::Value("NL")].map(total),
            [Some(2), Some(1), Some(1)]
        );
        let text = serde_json::to_string(&tally).unwrap();
        assert!(text.contains(r#"{"kind":"no_column","group":null,"label":"(no such column)","total":2,"#), "{text}");
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap().groups(), tally.groups());
        // What occurs isn't changed by what doesn't.
        let zeros = serde_json::to_string(&Document { tally: &tally, zeros: true }).unwrap();
        assert!(zeros.contains(r#""label":"Duplicate","count":0,"share":0.0"#) && !text.contains(r#""count":0"#));
        let back = serde_json::from_str::<Tally>(&zeros).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }

    #[test]
    fn what_does_not_add_up_is_an_error() {
        let sources = sources(&GroupBy::column("domain")).map(|source| source.with_read_at(UNIX_EPOCH));
        let tally: Tally = sources.into_iter().collect();
        let right = serde_json::to_value(&tally).unwrap();
        for (pointer, value, error) in [
            ("/schema", json!(2), "the document is of schema 2, and not of schema 1"),
            ("/total", json!(6), "the total is 6, and not the sum of its reasons"),
            ("/reasons/0/count", json!(3), "the total is 5, and not the sum of its reasons"),
            ("/groups/0/total", json!(9), "the total is 9, and not the sum of its reasons"),
            ("/groups", json!([]), "the total is 5, and not the sum of its groups"),
            ("/groups", Value::Null, "missing field `groups`"),
            ("/by", Value::Null, "missing field `by`"),
            ("/groups/0/kind", json!("domain"), "some groups are values of a column, and some are domains"),
            ("/groups/0/kind", json!("moon"), "there is no such kind of group, or not with such a value"),
            ("/groups/0/group", Value::Null, "there is no such kind of group, or not with such a value"),
            ("/groups/0/kind", json!("rest"), "there is no such kind of group, or not with such a value"),
            ("/sources/0/read_at", json!("yesterday"), "`read_at` is no time of RFC 3339 in UTC"),
            ("/sources/0/total", json!(4), "the total is 4, and not the sum of its reasons"),
            ("/sources/0/schema", json!(3), "the document is of schema 3, and not of schema 1"),
            ("/sources", json!([]), "the counts are not the sum of those of the sources"),
            ("/sources/1", right["sources"][0].clone(), "the counts are not the sum of those of the sources"),
            ("/sources", json!({}), "invalid type: map, expected a sequence"),
        ] {
            let mut document = right.clone();
            match document.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => document["sources"][0]["schema"] = value,
            }
            assert_eq!(read::<Tally>(document).unwrap_err(), error, "{pointer}");
        }
        // The same total, of other reasons.
        let mut document = right;
        let reasons = document["reasons"].as_array_mut().unwrap();
        let blocker = reasons.iter_mut().find(|entry| entry["reason"] == "blocker").unwrap();
        (blocker["reason"], blocker["label"]) = (json!("failures"), json!("Failures"));
        assert_eq!(read::<Tally>(document).unwrap_err(), "the counts are not the sum of those of the sources");
    }

    /// Sums stay at the largest count there is, and such a document is read back as it was written.
    #[test]
    fn the_largest_counts() {
        let group = |value: &str| {
            json!({"kind": "value", "group": value, "total": u64::MAX,
                "reasons": [{"reason": "blocker", "label": "Blocker", "count": u64::MAX}]})
        };
        let both = json!({"by": "x", "total": u64::MAX, "groups": [group("a"), group("b")]});
        let one = json!({"by": "x", "total": u64::MAX, "groups": [group("a")]});
        let mut groups: GroupCounts = read(one).unwrap();
        groups += &read::<GroupCounts>(json!({"by": "x", "total": u64::MAX, "groups": [group("b")]})).unwrap();
        assert_eq!(groups.total(), u64::MAX);
        assert_eq!(read::<GroupCounts>(both).unwrap().total(), u64::MAX);
        let again = read::<GroupCounts>(serde_json::to_value(&groups).unwrap()).unwrap();
        assert_eq!(again, groups);
        let less = json!({"by": "x", "total": 1, "groups": [group("a"), group("b")]});
        assert!(read::<GroupCounts>(less).unwrap_err().contains("not the sum of its groups"));
    }

    #[test]
    fn a_document_is_bounded_as_a_report_is() {
        let most = GroupCounts::MOST_GROUPS as u64;
        let group = |number| {
            json!({"kind": "value", "group": format!("{number}"), "total": 1,
                "reasons": [{"reason": "other", "label": "Moon", "count": 1}]})
        };
        let many: Vec<_> = (0..most + 7).map(group).collect();
        let groups: GroupCounts = read(json!({"by": "x", "total": most + 7, "groups": many})).unwrap();
        assert_eq!(groups.get(GroupKey::Rest).map(ReasonCounts::total), Some(7));
        assert_eq!(groups.total(), most + 7);
    }
}
