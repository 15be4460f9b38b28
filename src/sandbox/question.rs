//! What is asked and what is found, in the words of no protocol.

use uuid::Uuid;

use super::operation::Operation;
use super::problem::Problem;
use super::report::Report;
use super::status::{Shape, Status};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// About one part of an import, over SOAP and REST v2.
    Import(ImportQuestion),
    /// About the whole result of an import, over v3.
    Result(Uuid),
    /// About enrolments.
    Enrolment(EnrolmentQuestion),
}

/// What is asked about an import, one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImportQuestion {
    pub(super) part: ImportPart,
    pub(super) import: Uuid,
}

/// What SOAP and REST v2 tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportPart {
    ReportFaults,
    Status,
    Summary,
}

/// What is asked about enrolments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EnrolmentQuestion {
    Faults(Uuid),
    Status(Uuid),
    List(EnrolmentPage),
}

/// Which enrolments are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnrolmentPage {
    /// In any case of its letters.
    pub(super) status: String,
    /// How many.
    pub(super) select: usize,
    /// Behind how many others.
    pub(super) skip: usize,
}

impl Question {
    pub(super) fn operation(&self) -> Operation {
        match self {
            Question::Import(ImportQuestion { part: ImportPart::ReportFaults, .. }) => Operation::ReportFaults,
            Question::Import(ImportQuestion { part: ImportPart::Status, .. }) => Operation::Status,
            Question::Import(ImportQuestion { part: ImportPart::Summary, .. }) => Operation::Summary,
            Question::Result(_) => Operation::Result,
            Question::Enrolment(EnrolmentQuestion::Faults(_)) => Operation::EnrolmentFaults,
            Question::Enrolment(EnrolmentQuestion::Status(_)) => Operation::EnrolmentStatus,
            Question::Enrolment(EnrolmentQuestion::List(_)) => Operation::Enrolments,
        }
    }

    pub(super) fn import(&self) -> Option<Uuid> {
        match self {
            Question::Import(question) => Some(question.import),
            Question::Result(import) => Some(*import),
            Question::Enrolment(_) => None,
        }
    }

    pub(super) fn enrolment(&self) -> Option<Uuid> {
        match self {
            Question::Enrolment(EnrolmentQuestion::Faults(id) | EnrolmentQuestion::Status(id)) => Some(*id),
            _ => None,
        }
    }
}

/// What there is to say to a question about a part of an import.
pub(super) enum Finding {
    Report(Report, Shape),
    Status(Status),
    /// Counts by their names, as SOAP writes them.
    Summary(Vec<(String, i32)>),
    Problem(Problem),
}

/// What there is to say to a question about enrolments.
pub(super) enum EnrolmentFinding {
    Report(Report),
    Enrolment(EnrolmentRecord),
    List(Vec<EnrolmentRecord>),
    Problem(Problem),
    /// The API user may not see programs.
    Forbidden,
}

/// An enrolment as it is told.
pub(super) struct EnrolmentRecord {
    pub(super) id: Uuid,
    pub(super) program: u32,
    pub(super) status: Status,
    pub(super) created: String,
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
