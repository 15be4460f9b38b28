//! What is asked about an import and what is found, in the words of neither protocol.

use uuid::Uuid;

use super::import::{Shape, Status};
use super::problem::Problem;
use super::report::Report;

/// One of the three questions about an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// The report: `GetContactImportReportFaults`, or `…/{id}/report-faults`.
    ReportFaults,
    /// How far the import is: `GetContactImportProgress`, or `…/{id}`.
    Status,
    /// The service's own figures: `GetContactImportReport`, or `…/{id}/report`.
    Summary,
}

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
