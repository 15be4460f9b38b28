//! What can be asked.

/// One of the questions that the service answers: three about an import, one that is all three in one, and three about
/// program enrolments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// The report of an import: `GetContactImportReportFaults`, or `…/{id}/report-faults`.
    ReportFaults,
    /// How far an import is: `GetContactImportProgress`, or `…/{id}`.
    Status,
    /// The service's own figures for an import: `GetContactImportReport`, or `…/{id}/report`.
    Summary,
    /// All of it over v3, status, figures and failures: `GET /contacts/v3/import/{id}`.
    Result,
    /// The report of an enrolment: `GET /v2/programs/enrolments/{id}/report-faults`.
    EnrolmentFaults,
    /// How far an enrolment is: `GET /v2/programs/enrolments/{id}`.
    EnrolmentStatus,
    /// The enrolments of one status: `GET /v2/programs/enrolments/{status}`.
    Enrolments,
}
