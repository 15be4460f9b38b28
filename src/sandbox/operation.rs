//! What can be asked about an import.

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
