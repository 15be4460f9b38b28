//! Whose faults are asked for.

use std::fmt;

use uuid::Uuid;

/// Whose faults are asked for: those of an import, which its id alone stands for, or those of a program enrolment.
///
/// ```no_run
/// # #[cfg(feature = "client")]
/// use dotdigital_faults::Client;
/// use dotdigital_faults::ReportId;
/// use uuid::Uuid;
///
/// # #[cfg(feature = "client")]
/// # async fn run(client: Client, import_id: Uuid, enrolment_id: Uuid) -> dotdigital_faults::Result<()> {
/// let import = client.report_faults(import_id).await?;
/// let enrolment = client.report_faults(ReportId::Enrolment(enrolment_id)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ReportId {
    /// Those of a contact import.
    Import(Uuid),
    /// Those of a program enrolment, which is asked about over REST v2 whatever the protocol is.
    Enrolment(Uuid),
}

impl ReportId {
    /// The id itself.
    pub fn uuid(self) -> Uuid {
        match self {
            ReportId::Import(id) | ReportId::Enrolment(id) => id,
        }
    }

    /// What it is the id of.
    #[cfg(feature = "client")]
    pub(crate) fn noun(self) -> &'static str {
        match self {
            ReportId::Import(_) => "import",
            ReportId::Enrolment(_) => "enrolment",
        }
    }
}

impl From<Uuid> for ReportId {
    fn from(import_id: Uuid) -> Self {
        ReportId::Import(import_id)
    }
}

/// As errors have it, such as `import 842d81e8-c619-457f-bb77-ab6c4a17da39`.
impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportId::Import(id) => write!(f, "import {id}"),
            ReportId::Enrolment(id) => write!(f, "enrolment {id}"),
        }
    }
}
