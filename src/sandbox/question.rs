//! What is asked about an import and what is found, in the words of neither protocol.

use uuid::Uuid;

use super::operation::Operation;
use super::problem::Problem;
use super::report::Report;
use super::status::{Shape, Status};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) operation: Operation,
    pub(super) import: Uuid,
}

/// What there is to say to a question.
pub(super) enum Finding {
    Report(Report, Shape),
    Status(Status),
    /// Counts by their names, as SOAP writes them.
    Summary(Vec<(String, i32)>),
    Problem(Problem),
}

/// A GUID as the service writes it: hyphens, and no braces.
pub(super) fn guid(text: &str) -> Option<Uuid> {
    let text = text.trim_ascii();
    // No other form that `Uuid` reads has this length.
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids() {
        for (text, is_one) in [
            ("842D81E8-c619-457f-bb77-ab6c4a17da39", true),
            (" 842d81e8-c619-457f-bb77-ab6c4a17da39\n", true),
            ("842d81e8c619457fbb77ab6c4a17da39", false),
            ("{842d81e8-c619-457f-bb77-ab6c4a17da39}", false),
            ("842d81e8-c619-457f-bb77-ab6c4a17da3g", false),
            ("", false),
        ] {
            assert_eq!(guid(text).is_some(), is_one, "{text}");
        }
    }
}
