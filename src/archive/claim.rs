//! Claims: which day and which account an import belongs to, for good.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account_name::AccountName;
use crate::arrow::kind;
use crate::protocol::Protocol;
use crate::report_id::ReportId;

const SCHEMA: u64 = 1;

/// Which day and which account an import belongs to: put before the first request, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// The import, or the enrolment.
    pub id: ReportId,
    /// The day of UTC under which the import is filed.
    pub date: NaiveDate,
    /// When the archive first saw it.
    pub claimed_at: DateTime<Utc>,
    /// Whose it is.
    pub account: AccountName,
    /// How the service was to be asked.
    pub protocol: Protocol,
}

/// The file, whose name tells the id.
#[derive(Serialize, Deserialize)]
struct Document<'d> {
    schema: u64,
    date: NaiveDate,
    claimed_at: &'d str,
    account: AccountName,
    kind: &'d str,
    protocol: Protocol,
}

impl Claim {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let document = Document {
            schema: SCHEMA,
            date: self.date,
            claimed_at: &self.claimed_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            account: self.account.clone(),
            kind: kind(self.id),
            protocol: self.protocol,
        };
        let mut json = serde_json::to_vec(&document).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Reads the claim of an id; `None` where it is none that this version knows.
    pub(crate) fn from_json(id: Uuid, json: &[u8]) -> Option<Self> {
        let document: Document<'_> = serde_json::from_slice(json).ok()?;
        let id = [ReportId::Import(id), ReportId::Enrolment(id)].into_iter().find(|id| kind(*id) == document.kind)?;
        let claimed_at = DateTime::parse_from_rfc3339(document.claimed_at).ok()?.to_utc();
        let Document { schema, date, account, protocol, .. } = document;
        (schema == SCHEMA).then_some(Claim { id, date, claimed_at, account, protocol })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_back() {
        let id = Uuid::from_u128(7);
        let claim = Claim {
            id: ReportId::Enrolment(id),
            date: NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
            claimed_at: DateTime::from_timestamp_micros(1_773_100_800_123_456).unwrap(),
            account: "shop".parse().unwrap(),
            protocol: Protocol::Rest,
        };
        let json = claim.to_json();
        assert_eq!(
            String::from_utf8_lossy(&json),
            "{\"schema\":1,\"date\":\"2026-03-09\",\"claimed_at\":\"2026-03-10T00:00:00.123456Z\",\"account\":\"shop\",\
             \"kind\":\"enrolment\",\"protocol\":\"rest\"}\n"
        );
        assert_eq!(Claim::from_json(id, &json), Some(claim));
        for other in ["", "{}", "null", "[]", &String::from_utf8_lossy(&json).replace("enrolment", "moon")] {
            assert_eq!(Claim::from_json(id, other.as_bytes()), None, "{other}");
        }
    }
}
