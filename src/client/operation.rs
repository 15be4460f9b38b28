//! What can be asked about an import.

/// One of the service's operations. Source: the vendor's published WSDL, and its documentation of REST v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceOperation {
    /// The faults report.
    Faults,
    /// How far the import is.
    Progress,
    /// The service's own figures.
    Figures,
}

impl ServiceOperation {
    /// Its name in the contract, by which errors call it over REST too.
    pub(super) fn name(self) -> &'static str {
        match self {
            ServiceOperation::Faults => "GetContactImportReportFaults",
            ServiceOperation::Progress => "GetContactImportProgress",
            ServiceOperation::Figures => "GetContactImportReport",
        }
    }

    /// What follows the import's id in the path of REST.
    pub(super) fn path(self) -> &'static str {
        match self {
            ServiceOperation::Faults => "/report-faults",
            ServiceOperation::Progress => "",
            ServiceOperation::Figures => "/report",
        }
    }

    /// Is its result the report's bytes, rather than a few fields?
    pub(super) fn is_report(self) -> bool {
        self == ServiceOperation::Faults
    }
}
