//! Claims: which day and which account an import belongs to, for good.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account_name::AccountName;
use crate::arrow::kind;
use crate::protocol::Protocol;
use crate::report_id::ReportId;

const SCHEMA: u64 = 1;

/// The service keeps reports for about a week: a claim that is open for longer may never be archived, and one that is open for
/// nearly so long should be looked after.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(5);
const EXPIRES: TimeDelta = TimeDelta::days(7);

/// A claim that is older is left alone, so that later versions may merge old days.
pub(super) const LONGEST_OPEN: TimeDelta = TimeDelta::days(30);

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
    /// Returns true if it was claimed over five days before this instant, and a collect may still have its report: the service
    /// keeps reports for about a week.
    pub fn is_about_to_expire(&self, now: DateTime<Utc>) -> bool {
        self.age(now) > EXPIRES_SOON && !self.is_lost(now)
    }

    /// Returns true if it was claimed over seven days before this instant, and a collect takes it up even so.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.age(now) > EXPIRES && !self.is_lost(now)
    }

    /// Returns true if it was claimed over 30 days before this instant: no collect takes it up any more, and its report is long
    /// gone.
    pub fn is_lost(&self, now: DateTime<Utc>) -> bool {
        self.age(now) > LONGEST_OPEN
    }

    fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        now.signed_duration_since(self.claimed_at)
    }

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
    fn what_an_open_claim_is_with_time() {
        let claimed_at = DateTime::UNIX_EPOCH;
        let claim = Claim {
            id: ReportId::Import(Uuid::nil()),
            date: claimed_at.date_naive(),
            claimed_at,
            account: "shop".parse().unwrap(),
            protocol: Protocol::Soap,
        };
        for (days, expected) in [
            (0, [false; 3]),
            (5, [false; 3]),
            (6, [true, false, false]),
            (7, [true, false, false]),
            (8, [true, true, false]),
            (30, [true, true, false]),
            (31, [false, false, true]),
            (-1, [false; 3]),
        ] {
            let now = claimed_at + TimeDelta::days(days);
            assert_eq!([claim.is_about_to_expire(now), claim.is_overdue(now), claim.is_lost(now)], expected, "{days}");
        }
    }

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
