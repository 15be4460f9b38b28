//! A comparison as a document, which is only written: what has changed is made of reports, and not of other changes.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::comparison::{Change, Comparison, Transition};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::reason::document::SCHEMA;
use crate::reason::remedy::Remedy;

/// The document that `faults compare --format json` prints, and
/// [`comparison_to_json`](crate::export::comparison_to_json) writes: the counts, and nobody's email.
impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (old, new) = self.without_email();
        let reasons = self.reasons();
        let reasons: Vec<_> = reasons.iter().map(Reason::new).collect();
        let mut document = serializer.serialize_struct("Comparison", 7)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("old", &Side::from(self.older()))?;
        document.serialize_field("new", &Side::from(self.newer()))?;
        document.serialize_field("reasons", &reasons)?;
        document.serialize_field("contacts", &Contacts(self))?;
        document.serialize_field("without_email", &Pair { old, new })?;
        document.serialize_field("transitions", &self.transitions())?;
        document.end()
    }
}

/// As an entry of `transitions` in the document of a [`Comparison`].
impl Serialize for Transition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("Transition", 4)?;
        entry.serialize_field("change", &self.change())?;
        entry.serialize_field("before", &named(self.before()))?;
        entry.serialize_field("after", &named(self.after()))?;
        entry.serialize_field("contacts", &self.contacts())?;
        entry.end()
    }
}

#[derive(Serialize)]
struct Side {
    import_id: Option<Uuid>,
    total: u64,
}

impl From<&ReasonCounts> for Side {
    fn from(counts: &ReasonCounts) -> Self {
        Side { import_id: counts.import_id(), total: counts.total() }
    }
}

#[derive(Serialize)]
struct Pair {
    old: u64,
    new: u64,
}

/// A reason, and its counts in both reports.
#[derive(Serialize)]
struct Reason<'a> {
    reason: &'static str,
    label: &'a str,
    remedy: Remedy,
    old: u64,
    new: u64,
}

impl<'a> Reason<'a> {
    fn new((reason, old, new): &'a (FailureReason, u64, u64)) -> Self {
        Reason { reason: reason.slug(), label: reason.label(), remedy: reason.remedy(), old: *old, new: *new }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    reason: &'static str,
    label: &'a str,
}

fn named(reasons: &[FailureReason]) -> Vec<Named<'_>> {
    reasons.iter().map(|reason| Named { reason: reason.slug(), label: reason.label() }).collect()
}

/// How many contacts have changed in each way, and how many haven't.
struct Contacts<'a>(&'a Comparison);

impl Serialize for Contacts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for change in Change::iter() {
            map.serialize_entry(change.slug(), &self.0.count(change))?;
        }
        map.serialize_entry("unchanged", &self.0.unchanged())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FaultReport;

    #[test]
    fn it_is_the_document_of_the_export() {
        let old =
            FaultReport::from_bytes("Reason,email\nMoon,a@example.com\nBlocker,b@example.com\nBlocker,\n").unwrap();
        let new = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nBlocker,c@example.com\n").unwrap();
        let comparison = Comparison::new(&old.with_import_id(Uuid::from_u128(7)), &new);
        let document = serde_json::to_string_pretty(&comparison).unwrap() + "\n";
        assert!(document.contains(r#""label": "Moon""#) && !document.contains('@'), "{document}");
        let mut json = Vec::new();
        crate::export::comparison_to_json(&comparison, &crate::export::WriteOptions::new(), &mut json).unwrap();
        assert_eq!(document.as_bytes(), json);
    }
}
