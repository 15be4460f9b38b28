//! Counts as a document, written and read.
//!
//! What is read may have been written by another version, or by somebody else: a reason that this version doesn't know
//! keeps its label, members that it doesn't know are ignored, and what doesn't add up is an error. Reasons are counted
//! one by one as they come, within the same bounds as those of a report.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::FailureReason;
use super::counts::{ReasonCounts, share};
use crate::anomaly::Anomalies;

/// The version of the documents.
pub(crate) const SCHEMA: u32 = 1;

/// A longer label isn't told apart from others, as a longer cell isn't.
const LONGEST_LABEL: usize = 64 * 1024;

impl ReasonCounts {
    /// The reasons that occur, as the document has them; behind them, where `zeros` are wanted, the known ones that
    /// don't.
    pub(crate) fn entries(&self, zeros: bool) -> Vec<ReasonCount<'_>> {
        let total = self.total();
        let zeros = zeros.then(|| self.zeros()).into_iter().flatten();
        self.by_frequency().chain(zeros).map(|(reason, count)| ReasonCount { reason, count, total }).collect()
    }
}

impl Serialize for ReasonCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("ReasonCounts", 5)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("import_id", &self.import_id())?;
        document.serialize_field("total", &self.total())?;
        document.serialize_field("reasons", &self.entries(false))?;
        document.serialize_field("anomalies", self.anomalies())?;
        document.end()
    }
}

/// The counts of a document, as they were serialised, or as `faults summary --format json` prints them.
///
/// Members that aren't known are ignored. Where the total isn't the sum of the reasons, or the document is of another
/// schema, that is an error. Labels of unknown reasons are kept within the bounds of [`ReasonCounts`]. The document
/// doesn't tell the lines of the anomalies, nor whether a report was cut off.
impl<'de> Deserialize<'de> for ReasonCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "ReasonCounts")]
        struct Document {
            schema: u32,
            import_id: Option<Uuid>,
            total: u64,
            reasons: Reasons,
            anomalies: Anomalies,
        }

        let document = Document::deserialize(deserializer)?;
        check_schema(document.schema)?;
        document.reasons.into_counts(document.total, document.import_id, document.anomalies)
    }
}

/// Refuses a document that isn't of the one schema that there is.
pub(crate) fn check_schema<E: Error>(schema: u32) -> Result<(), E> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(E::custom(format_args!("the document is of schema {schema}, and not of schema {SCHEMA}")))
}

/// One entry of the document, to be written.
pub(crate) struct ReasonCount<'a> {
    pub(crate) reason: &'a FailureReason,
    pub(crate) count: u64,
    pub(crate) total: u64,
}

impl Serialize for ReasonCount<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("ReasonCount", 5)?;
        entry.serialize_field("reason", self.reason.slug())?;
        entry.serialize_field("label", self.reason.label())?;
        entry.serialize_field("count", &self.count)?;
        entry.serialize_field("share", &share(self.count, self.total))?;
        entry.serialize_field("remedy", &self.reason.remedy())?;
        entry.end()
    }
}

/// The entries of a document, added up as they are read.
#[derive(Default)]
pub(crate) struct Reasons {
    counts: ReasonCounts,
    /// Their sum, which stays at the largest count there is, as that of a report does.
    sum: u64,
}

impl Reasons {
    /// The counts, if they add up to this total.
    pub(crate) fn into_counts<E: Error>(
        self,
        total: u64,
        import_id: Option<Uuid>,
        anomalies: Anomalies,
    ) -> Result<ReasonCounts, E> {
        if self.sum != total {
            return Err(E::custom(format_args!("the total is {total}, and not the sum of its reasons")));
        }
        let mut counts = self.counts;
        counts.set_import_id(import_id);
        *counts.anomalies_mut() = anomalies;
        Ok(counts)
    }
}

impl<'de> Deserialize<'de> for Reasons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ReasonsVisitor)
    }
}

struct ReasonsVisitor;

impl<'de> Visitor<'de> for ReasonsVisitor {
    type Value = Reasons;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of reasons")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Reasons, A::Error> {
        let mut reasons = Reasons { counts: ReasonCounts::new(), sum: 0 };
        while let Some(entry) = entries.next_element::<Entry>()? {
            reasons.sum = reasons.sum.saturating_add(entry.count);
            match entry.reason()? {
                // A reason that doesn't occur isn't there.
                _ if entry.count == 0 => {}
                Some(reason) => reasons.counts.add_reason(&reason, entry.count),
                None => reasons.counts.add_unknown(None, entry.count),
            }
        }
        Ok(reasons)
    }
}

/// One entry of the document, as it is read.
#[derive(Deserialize)]
struct Entry {
    reason: String,
    label: String,
    count: u64,
}

impl Entry {
    /// The reason that is meant; `None` for one whose label is too long to be kept.
    ///
    /// A slug that is known decides, unless the label is that of another reason. Otherwise the label does, since another
    /// version may know more reasons than this one, or fewer.
    fn reason<E: Error>(&self) -> Result<Option<FailureReason>, E> {
        let known = FailureReason::iter().find(|reason| reason.slug() == self.reason);
        let labelled = FailureReason::try_parse(&self.label);
        match (known, labelled) {
            (Some(known), Some(labelled)) if known != labelled => {
                Err(E::custom(format_args!("the reason {} has the label of {}", known.slug(), labelled.slug())))
            }
            (Some(reason), _) | (None, Some(reason)) => Ok(Some(reason)),
            (None, None) if self.label.len() > LONGEST_LABEL => Ok(None),
            (None, None) => Ok(Some(FailureReason::unknown(self.label.trim()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::anomaly::{Anomaly, AnomalySet};

    fn read(document: Value) -> Result<ReasonCounts, String> {
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    fn document(total: u64, reasons: Value) -> Value {
        json!({"schema": 1, "import_id": null, "total": total, "reasons": reasons, "anomalies": {}})
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut counts: ReasonCounts = ["Blocker", "Moon", "Blocker", "", ReasonCounts::FURTHER_UNKNOWN]
            .map(FailureReason::from)
            .iter()
            .collect::<ReasonCounts>()
            .with_import_id(Uuid::from_u128(7));
        let text = serde_json::to_string(&counts).unwrap();
        assert_eq!(serde_json::from_str::<ReasonCounts>(&text).unwrap(), counts);
        // From a reader, where nothing can be borrowed.
        assert_eq!(serde_json::from_reader::<_, ReasonCounts>(text.as_bytes()).unwrap(), counts);

        counts.anomalies_mut().record(AnomalySet::from(Anomaly::BlankRow), 2);
        let back = read(serde_json::to_value(&counts).unwrap()).unwrap();
        assert_eq!(back.anomalies().get(Anomaly::BlankRow), 1);
        assert!(back.anomalies().first_lines(Anomaly::BlankRow).is_empty());
        assert_eq!((&back + &back).total(), 10);
    }

    #[test]
    fn other_versions_are_read() {
        let counts = read(json!({
            "schema": 1, "generator": {"name": "other"}, "import_id": null, "total": 15, "anomalies": {"moon": 3, "short_row": 2},
            "reasons": [
                {"reason": "other", "label": " Hard bounced ", "count": 1},
                {"reason": "hard_bounced", "label": "Bounced for good", "count": 2, "share": "?", "colour": "red"},
                {"reason": "lunar", "label": "Moon", "count": 4},
                {"reason": "other", "label": "Moon", "count": 8},
                {"reason": "other", "label": "Never", "count": 0},
            ],
        }))
        .unwrap();
        assert_eq!(counts.get(&FailureReason::HardBounced), 3);
        assert_eq!(counts.get(&FailureReason::from("Moon")), 12);
        assert_eq!(counts.iter().count(), 2);
        assert_eq!(counts.anomalies().iter().collect::<Vec<_>>(), [(Anomaly::ShortRow, 2)]);
    }

    /// A sum stays at the largest count there is, in a document as in memory.
    #[test]
    fn the_largest_counts_are_read_back() {
        let mut counts = ReasonCounts::new();
        counts.add_known(crate::reason::Slot::Blocker, u64::MAX);
        counts.add_known(crate::reason::Slot::Duplicate, 1);
        let text = serde_json::to_string(&counts).unwrap();
        assert_eq!(serde_json::from_str::<ReasonCounts>(&text).unwrap(), counts);
    }

    #[test]
    fn what_does_not_add_up_is_an_error() {
        let entry = |reason: &str, label: &str, count: u64| json!({"reason": reason, "label": label, "count": count});
        let blocker = |count| entry("blocker", "Blocker", count);
        for (document, error) in [
            (document(2, json!([blocker(1)])), "the total is 2, and not the sum of its reasons"),
            (document(0, json!([blocker(1)])), "the total is 0, and not the sum of its reasons"),
            (document(0, json!([blocker(u64::MAX), blocker(1)])), "the total is 0, and not the sum of its reasons"),
            (document(1, json!([entry("blocker", "Duplicate", 1)])), "the reason blocker has the label of duplicate"),
            (
                document(1, json!([{"reason": "blocker", "label": "Blocker", "count": -1}])),
                "invalid value: integer `-1`, expected u64",
            ),
            (document(1, json!([{"reason": "other", "count": 1}])), "missing field `label`"),
            (
                json!({"schema": 2, "import_id": null, "total": 0, "reasons": [], "anomalies": {}}),
                "the document is of schema 2, and not of schema 1",
            ),
            (json!({"total": 0, "reasons": [], "anomalies": {}}), "missing field `schema`"),
            (json!({"schema": 1, "total": 0, "anomalies": {}}), "missing field `reasons`"),
            (document(0, json!({})), "invalid type: map, expected a list of reasons"),
        ] {
            assert_eq!(read(document.clone()).unwrap_err(), error, "{document}");
        }
        // As large as a count can be; more of it stays there.
        let counts = read(document(u64::MAX, json!([blocker(u64::MAX - 1), entry("other", "Moon", 1)]))).unwrap();
        assert_eq!((counts.total(), (&counts + &counts).total()), (u64::MAX, u64::MAX));
    }

    #[test]
    fn a_document_is_bounded_as_a_report_is() {
        let most = ReasonCounts::MOST_UNKNOWN as u64;
        let many = (0..most + 9).map(|number| json!({"reason": "other", "label": number.to_string(), "count": 1}));
        let counts = read(document(most + 9, many.collect())).unwrap();
        let further = FailureReason::from(ReasonCounts::FURTHER_UNKNOWN);
        assert_eq!((counts.total(), counts.get(&further)), (most + 9, 9));
        let long = json!([{"reason": "other", "label": "x".repeat(LONGEST_LABEL + 1), "count": 3}]);
        assert_eq!(read(document(3, long)).unwrap().get(&further), 3);
        let longest = json!([{"reason": "other", "label": "x".repeat(LONGEST_LABEL), "count": 3}]);
        assert_eq!(read(document(3, longest)).unwrap().get(&further), 0);
    }
}
