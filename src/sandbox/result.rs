//! The result of an import as v3 answers it: one JSON document, made as it is sent.

use std::sync::Arc;

use hyper::body::Bytes;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Content;
use super::failure::Failure;
use super::rejection::{Figure, rejection};
use super::report::Report;
use super::rows::FailureRows;
use super::status::Status;

/// About how many bytes are made at a time.
const PIECE: usize = 32 * 1024;

/// What a test has ordered of a result.
#[derive(Clone)]
pub(super) struct ResultOrder {
    /// How many contacts were created.
    pub(super) created: u32,
    /// How many contacts were updated.
    pub(super) updated: u32,
    /// In place of those made from the report.
    pub(super) failures: Option<Arc<[Failure]>>,
    /// In place of all of it.
    pub(super) whole: Option<Bytes>,
    pub(super) match_identifier: String,
}

/// What there is to say over v3.
pub(super) enum ImportResult {
    /// How it stands, and no more.
    Standing(Status),
    /// All of it.
    Told {
        status: Status,
        order: ResultOrder,
        report: Report,
        /// The import's own figures, by the names that SOAP has for them.
        summary: Vec<(String, i32)>,
    },
    /// This.
    Whole(Bytes),
}

impl Default for ResultOrder {
    fn default() -> Self {
        ResultOrder { created: 0, updated: 0, failures: None, whole: None, match_identifier: "email".to_owned() }
    }
}

impl ResultOrder {
    /// The failures that were ordered, or else those of the report.
    fn failures(&self, report: &Report) -> Box<dyn Iterator<Item = Failure> + Send> {
        match &self.failures {
            Some(failures) => {
                let failures = Arc::clone(failures);
                Box::new((0..failures.len()).filter_map(move |index| failures.get(index).cloned()))
            }
            None => Box::new(self.rows(report)),
        }
    }

    /// Of each failure, the figure that counts it; by its first code, where it has several.
    fn failure_figures(&self, report: &Report) -> Box<dyn Iterator<Item = Option<Figure>> + '_> {
        match &self.failures {
            Some(failures) => {
                let figure = |failure: &Failure| rejection(failure.code()?)?.figure;
                Box::new(failures.iter().map(figure))
            }
            None => {
                let mut rows = self.rows(report);
                Box::new(std::iter::from_fn(move || rows.next_figure()))
            }
        }
    }

    fn rows(&self, report: &Report) -> FailureRows {
        FailureRows::new(report.clone(), self.match_identifier.clone())
    }
}

impl ImportResult {
    /// The JSON. Its length isn't known before it was made, so that nothing of it has to be held.
    pub(super) fn into_content(self, import: Uuid) -> Content {
        match self {
            ImportResult::Whole(bytes) => Content::text(bytes),
            ImportResult::Standing(status) => {
                Content::text(json!({"importId": import, "status": status.as_str()}).to_string())
            }
            ImportResult::Told { status, order, report, summary } => {
                let start = format!("{{\"importId\":\"{import}\",\"status\":{}", Value::from(status.as_str()));
                let figures = {
                    let (order, report) = (order.clone(), report.clone());
                    // Counted when it is sent, and so while nothing is locked.
                    std::iter::once_with(move || format!(",\"summary\":{}", figures(&order, &report, &summary)).into())
                };
                let failures = order.failures(&report).map(|failure| failure.json());
                Content::text(start)
                    .then_made(figures)
                    .then(",\"created\":[")
                    .then_made(Listed::new(contacts("created", 1, order.created)))
                    .then("],\"updated\":[")
                    .then_made(Listed::new(contacts("updated", 2, order.updated)))
                    .then("],\"failures\":[")
                    .then_made(Listed::new(failures))
                    .then("]}")
            }
        }
    }
}

/// The five figures: each as the import's own figures have it, or else counted.
fn figures(order: &ResultOrder, report: &Report, summary: &[(String, i32)]) -> Value {
    let (mut suppressed, mut invalid, mut duplicate) = (0_u64, 0_u64, 0_u64);
    for figure in order.failure_figures(report) {
        match figure {
            Some(Figure::GloballySuppressed) => suppressed += 1,
            Some(Figure::InvalidEntries) => invalid += 1,
            Some(Figure::DuplicateIdentifiers) => duplicate += 1,
            None => {}
        }
    }
    let figure = |(name, soap_name, counted): (&str, &str, u64)| {
        let own = summary.iter().find(|(name, _)| name == soap_name);
        (name.to_owned(), own.map_or(Value::from(counted), |(_, count)| Value::from(*count)))
    };
    let figures = [
        ("newContacts", "NewContacts", order.created.into()),
        ("updatedContacts", "UpdatedContacts", order.updated.into()),
        ("globallySuppressed", "GloballySuppressed", suppressed),
        ("invalidEntries", "InvalidEntries", invalid),
        ("duplicateIdentifiers", "DuplicateEmails", duplicate),
    ];
    Value::Object(figures.into_iter().map(figure).collect::<Map<_, _>>())
}

/// Made-up contacts, each with an address of its own, and every other id from the first on.
fn contacts(name: &'static str, first_id: u64, count: u32) -> impl Iterator<Item = String> + Send {
    (0..count).map(move |index| {
        let id = first_id + u64::from(index) * 2;
        format!("{{\"contactId\":{id},\"identifiers\":{{\"email\":\"{name}-{id}@example.com\"}}}}")
    })
}

/// The entries of a JSON array, with commas between them, many at a time.
struct Listed<I> {
    entries: I,
    has_begun: bool,
}

impl<I> Listed<I> {
    fn new(entries: I) -> Listed<I> {
        Listed { entries, has_begun: false }
    }
}

impl<I: Iterator<Item = String>> Iterator for Listed<I> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut piece = String::new();
        while piece.len() < PIECE {
            let Some(entry) = self.entries.next() else { break };
            if std::mem::replace(&mut self.has_begun, true) {
                piece.push(',');
            }
            piece.push_str(&entry);
        }
        (!piece.is_empty()).then(|| piece.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(order: ResultOrder, report: &str, summary: Vec<(String, i32)>) -> String {
        let report = Report::new(report.into());
        let result = ImportResult::Told { status: Status::Finished, order, report, summary };
        let mut content = result.into_content(Uuid::nil());
        let mut bytes = Vec::new();
        while let Some(piece) = content.next() {
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_whole_result() {
        let order = ResultOrder { created: 1, updated: 2, ..Default::default() };
        let report = "Reason,email\nDuplicate,a@example.com\nHard bounced,b@example.com\n";
        assert_eq!(
            text(order, report, vec![("NewContacts".into(), 9), ("HardBounced".into(), 1)]),
            "{\"importId\":\"00000000-0000-0000-0000-000000000000\",\"status\":\"Finished\",\"summary\":\
             {\"duplicateIdentifiers\":1,\"globallySuppressed\":0,\"invalidEntries\":0,\"newContacts\":9,\"updatedContacts\":2},\
             \"created\":[{\"contactId\":1,\"identifiers\":{\"email\":\"created-1@example.com\"}}],\
             \"updated\":[{\"contactId\":2,\"identifiers\":{\"email\":\"updated-2@example.com\"}},\
             {\"contactId\":4,\"identifiers\":{\"email\":\"updated-4@example.com\"}}],\
             \"failures\":[{\"matchIdentifier\":\"email\",\"identifiers\":{\"email\":\"a@example.com\"},\
             \"failures\":[{\"failureCode\":\"Duplicate\",\"description\":\"The contact occurs more than once.\"}]}]}"
        );
    }

    #[test]
    fn long_arrays_are_json_over_all_their_pieces() {
        let order = ResultOrder { created: 5000, ..Default::default() };
        let report = format!("Reason,email\n{}", "Invalid Email,a\n".repeat(3000));
        let value: Value = serde_json::from_str(&text(order, &report, Vec::new())).unwrap();
        assert_eq!(value["created"].as_array().unwrap().len(), 5000);
        assert_eq!(value["failures"].as_array().unwrap().len(), 3000);
        assert_eq!(value["summary"]["invalidEntries"], 3000);
    }
}
