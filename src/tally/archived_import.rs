//! What is kept of an import for good.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::account_name::AccountName;
use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;
use crate::protocol::Protocol;
use crate::reason::FailureReason;
use crate::report_id::ReportId;

/// What is kept of an import for good: why its contacts failed, how many, and of how many. It holds no contact data.
///
/// It is what the table `counts_v1` of an archive says of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedImport {
    /// What the user called the account when the import was archived.
    pub account: AccountName,
    /// The import, or the enrolment.
    pub id: ReportId,
    /// How the service was spoken to.
    pub protocol: Protocol,
    /// The day of UTC under which the import is filed: when the archive first saw it, unless said otherwise.
    pub date: NaiveDate,
    /// When it was archived, in microseconds.
    pub archived_at: DateTime<Utc>,
    /// What came of it.
    pub status: ArchivedStatus,
    /// The reasons that occur, most frequent first; those that aren't known under what may be kept of their label.
    pub reasons: Vec<(FailureReason, u64)>,
    /// How many faults there are; `None` where no report was had.
    pub total: Option<u64>,
    /// What was unusual in the report, by the names of [`Anomaly`](crate::Anomaly).
    pub anomalies: BTreeMap<String, u64>,
    /// The service's own figures, under the names of [`ImportSummary::figures`](crate::ImportSummary::figures); `None` where
    /// they couldn't be had.
    pub service: Option<BTreeMap<String, u64>>,
    /// The SHA-256 of the report's bytes, in lower-case hexadecimal digits.
    pub report_sha256: Option<String>,
    /// How many bytes the report has.
    pub report_bytes: Option<u64>,
}

impl ArchivedImport {
    /// An import of which nothing is known yet but whose it is.
    pub fn new(
        account: AccountName,
        id: ReportId,
        protocol: Protocol,
        date: NaiveDate,
        archived_at: DateTime<Utc>,
        status: ArchivedStatus,
    ) -> Self {
        ArchivedImport {
            account,
            id,
            protocol,
            date,
            archived_at,
            status,
            reasons: Vec::new(),
            total: None,
            anomalies: BTreeMap::new(),
            service: None,
            report_sha256: None,
            report_bytes: None,
        }
    }

    /// With which others it can be compared.
    pub fn series(&self) -> Series {
        Series::of(self.id, self.protocol)
    }

    /// How many faults are no [partial](FailureReason::is_partial) ones, so that the contact was not imported at all;
    /// `None` where no report was had.
    pub fn failed(&self) -> Option<u64> {
        let partial = self.reasons.iter().filter(|(reason, _)| reason.is_partial());
        let partial = partial.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
        Some(self.total?.saturating_sub(partial))
    }

    /// How many contacts the import had: the new ones, the updated ones and those that [failed](Self::failed). `None` where
    /// one of them isn't known; an enrolment has no figures.
    pub fn contacts(&self) -> Option<u64> {
        let figure = |name: &str| self.service.as_ref()?.get(name).copied();
        let imported = figure("newContacts")?.saturating_add(figure("updatedContacts")?);
        Some(imported.saturating_add(self.failed()?))
    }
}

/// What came of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ArchivedStatus {
    /// Its report is kept.
    Archived,
    /// Its report was gone: the service keeps them for about a week.
    Expired,
    /// It has ended without a report.
    EndedWithoutReport,
    /// The service didn't know it, for two weeks.
    NotFound,
}

/// Imports that can be compared with each other. The newer API doesn't reject contacts for being suppressed, and an enrolment
/// is no import: so the three are never summed up.
///
/// Source: the vendor's documentation of unified contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Series {
    /// Imports, over SOAP or REST v2.
    V2,
    /// Imports, over the newer API.
    V3,
    /// Program enrolments.
    Enrolment,
}

impl Series {
    /// Those of an import that was asked about so.
    pub(crate) fn of(id: ReportId, protocol: Protocol) -> Self {
        match (id, protocol) {
            (ReportId::Enrolment(_), _) => Series::Enrolment,
            (ReportId::Import(_), Protocol::V3) => Series::V3,
            (ReportId::Import(_), Protocol::Soap | Protocol::Rest) => Series::V2,
        }
    }
}

macro_rules! names {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+) => {
        impl $type {
            /// Its name, as tables and documents have it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                [$($type::$variant),+].into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
                    Error::new(ErrorKind::Configuration, format!("no {} is named `{}`", $what, escape(text, 100)))
                        .advise(concat!("there are", $(" ", $name),+))
                })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

names!(
    ArchivedStatus,
    "status of an archived import",
    Archived = "archived",
    Expired = "expired",
    EndedWithoutReport = "ended_without_report",
    NotFound = "not_found"
);
names!(Series, "series", V2 = "v2", V3 = "v3", Enrolment = "enrolment");
