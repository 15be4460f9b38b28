//! What can be asked of the service.

use crate::protocol::Protocol;

/// One of the service's operations. Source: the vendor's published WSDL, and its documentation of REST v2, of v3, and of
/// program enrolments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceOperation {
    /// The faults report of an import.
    Faults,
    /// How far the import is.
    Progress,
    /// The service's own figures for it.
    Figures,
    /// The faults report of a program enrolment.
    EnrolmentFaults,
    /// How far the enrolment is.
    EnrolmentProgress,
    /// A page of the enrolments that have finished, behind so many of them.
    FinishedEnrolments { skip: u64 },
}

impl ServiceOperation {
    /// Its name in the contract, by which errors call it over the other protocols too. Enrolments aren't in the contract:
    /// theirs are named as it names others.
    pub(super) fn name(self) -> &'static str {
        match self {
            ServiceOperation::Faults => "GetContactImportReportFaults",
            ServiceOperation::Progress => "GetContactImportProgress",
            ServiceOperation::Figures => "GetContactImportReport",
            ServiceOperation::EnrolmentFaults => "GetProgramEnrolmentReportFaults",
            ServiceOperation::EnrolmentProgress => "GetProgramEnrolment",
            ServiceOperation::FinishedEnrolments { .. } => "GetProgramEnrolmentsByStatus",
        }
    }

    /// How it is asked, where imports are asked about over this protocol: enrolments are there over REST alone.
    pub(super) fn protocol(self, protocol: Protocol) -> Protocol {
        match self {
            ServiceOperation::Faults | ServiceOperation::Progress | ServiceOperation::Figures => protocol,
            _ => Protocol::Rest,
        }
    }

    /// Is its result the report's bytes, rather than a few fields?
    pub(super) fn is_report(self) -> bool {
        matches!(self, ServiceOperation::Faults | ServiceOperation::EnrolmentFaults)
    }

    /// Is its result taken as it is, rather than read for a few fields?
    pub(super) fn is_bytes(self) -> bool {
        self.is_report() || matches!(self, ServiceOperation::FinishedEnrolments { .. })
    }

    /// Is its result a status?
    pub(super) fn is_progress(self) -> bool {
        matches!(self, ServiceOperation::Progress | ServiceOperation::EnrolmentProgress)
    }
}
