//! Which report of the service a fault stands in.

use std::fmt;

use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

/// Which report of the service a fault stands in: each knows reasons of its own, and means something of its own by them.
///
/// An import that is asked about over the newer API does not reject a contact because it is suppressed, as the older
/// ones do: so the counts of [`Import`](Self::Import) and of [`ImportV3`](Self::ImportV3) can't be compared, even where
/// they are of the same list. Source: the vendor's page on unified contacts.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport, ReportKind};
///
/// let answer = r#"{"importId": "1", "status": "Finished", "failures": []}"#;
/// let report = FaultReport::from_bytes(answer)?;
/// assert_eq!(report.counts().report_kind(), Some(ReportKind::ImportV3));
/// assert!(FailureReason::InvalidPhoneNumber.report_kinds().contains(&ReportKind::ImportV3));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, IntoStaticStr, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum ReportKind {
    /// The faults report of an import, over SOAP or REST v2; every CSV is read as one.
    #[default]
    Import,
    /// The answer of the newer API to an import (`GET /contacts/v3/import/{importId}`).
    ImportV3,
    /// The faults report of a program enrolment, where it was fetched as one.
    Enrolment,
}

impl ReportKind {
    /// Every kind, in the order of the variants.
    pub fn iter() -> impl DoubleEndedIterator<Item = ReportKind> + ExactSizeIterator + Clone {
        <ReportKind as IntoEnumIterator>::iter()
    }

    /// A stable name for programs, such as `import_v3`.
    pub fn slug(self) -> &'static str {
        self.into()
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            ReportKind::Import => "import over SOAP or REST",
            ReportKind::ImportV3 => "import over v3",
            ReportKind::Enrolment => "program enrolment",
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}
