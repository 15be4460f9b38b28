//! Which trends are asked for.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::account_name::AccountName;
use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::filter::ReasonFilter;
use crate::tally::archived_import::ArchivedImport;
use crate::tally::trends::key::TrendKey;

/// How far back trends look, unless asked otherwise.
const USUAL_DAYS: u32 = 90;

/// Which trends are asked for: those of the last 90 days, by day, of all accounts and reasons, unless something else is.
///
/// ```
/// use chrono::NaiveDate;
/// use dotdigital_faults::{TrendBy, TrendsOptions};
///
/// let today = NaiveDate::from_ymd_opt(2026, 3, 20).unwrap();
/// let first = |options: TrendsOptions| options.first_day(today).to_string();
/// assert_eq!(first(TrendsOptions::new()), "2025-12-20");
/// assert_eq!(first(TrendsOptions::new().since_days(14).by(TrendBy::Week)), "2026-03-02");
/// assert_eq!(first(TrendsOptions::new().since_days(14).by(TrendBy::Month)), "2026-03-01");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it only tells what is asked for"]
pub struct TrendsOptions {
    since_days: u32,
    by: TrendBy,
    accounts: Vec<AccountName>,
    reasons: ReasonFilter,
}

impl TrendsOptions {
    /// The last 90 days, by day, all accounts and reasons.
    pub fn new() -> Self {
        TrendsOptions { since_days: USUAL_DAYS, by: TrendBy::Day, accounts: Vec::new(), reasons: ReasonFilter::new() }
    }

    /// How many days before today the first one lies, which is then moved back to the start of its period. Default: 90.
    pub fn since_days(mut self, days: u32) -> Self {
        self.since_days = days;
        self
    }

    /// What there is a row for. Default: each day.
    pub fn by(mut self, by: TrendBy) -> Self {
        self.by = by;
        self
    }

    /// Keeps this account, too. Default: all of them.
    pub fn account(mut self, account: AccountName) -> Self {
        self.accounts.push(account);
        self
    }

    /// Keeps faults of some reasons only. Imports and contacts stay the same, so that a rate is that of all contacts.
    /// Default: all reasons.
    pub fn reasons(mut self, reasons: ReasonFilter) -> Self {
        self.reasons = reasons;
        self
    }

    /// The first day that is looked at, which is never before the year 1.
    pub fn first_day(&self, today: NaiveDate) -> NaiveDate {
        let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
        let since = today.checked_sub_days(Days::new(self.since_days.into())).map_or(first, |since| since.max(first));
        self.by.period(since).map_or(since, |period| period.first_day().unwrap_or(since))
    }

    pub(super) fn what(&self) -> TrendBy {
        self.by
    }

    /// Returns true if the import is of an account that is wanted.
    pub fn wants(&self, import: &ArchivedImport) -> bool {
        self.accounts.is_empty() || self.accounts.contains(&import.account)
    }

    pub(super) fn wants_reason(&self, reason: &FailureReason) -> bool {
        self.reasons.wants(reason)
    }
}

impl Default for TrendsOptions {
    fn default() -> Self {
        TrendsOptions::new()
    }
}

/// What there is a row for in [`Trends`](crate::Trends).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrendBy {
    /// Each day of UTC.
    #[default]
    Day,
    /// Each week, which begins on Monday.
    Week,
    /// Each month.
    Month,
    /// Each account.
    Account,
    /// Each reason; all that aren't known are one.
    Reason,
}

impl TrendBy {
    /// All of them.
    pub const ALL: [TrendBy; 5] = [TrendBy::Day, TrendBy::Week, TrendBy::Month, TrendBy::Account, TrendBy::Reason];

    /// Its name, such as `week`.
    pub fn as_str(self) -> &'static str {
        match self {
            TrendBy::Day => "day",
            TrendBy::Week => "week",
            TrendBy::Month => "month",
            TrendBy::Account => "account",
            TrendBy::Reason => "reason",
        }
    }

    /// The period in which a day lies; `None` where rows are about something else.
    pub(super) fn period(self, day: NaiveDate) -> Option<TrendKey> {
        match self {
            TrendBy::Day => Some(TrendKey::day(day)),
            TrendBy::Week => Some(TrendKey::week(day)),
            TrendBy::Month => Some(TrendKey::month(day)),
            TrendBy::Account | TrendBy::Reason => None,
        }
    }

    /// Is there a row for each period?
    pub(crate) fn is_period(self) -> bool {
        matches!(self, TrendBy::Day | TrendBy::Week | TrendBy::Month)
    }
}

impl fmt::Display for TrendBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// # Errors
/// [`Configuration`](ErrorKind::Configuration), with what there is.
impl FromStr for TrendBy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        TrendBy::ALL.into_iter().find(|by| by.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let what = format!("trends are not by `{}`", escape(text, 100));
            Error::new(ErrorKind::Configuration, what)
                .advise(format!("they are by {}", TrendBy::ALL.map(TrendBy::as_str).join(", ")))
        })
    }
}

impl Serialize for TrendBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TrendBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_day_is_the_start_of_its_period() {
        for (today, days, by, first) in [
            ("2026-03-20", 0, TrendBy::Day, "2026-03-20"),
            ("2026-03-20", 0, TrendBy::Week, "2026-03-16"),
            ("2026-03-16", 0, TrendBy::Week, "2026-03-16"),
            ("2026-03-15", 0, TrendBy::Week, "2026-03-09"),
            ("2026-01-01", 0, TrendBy::Week, "2025-12-29"),
            ("2026-03-20", 20, TrendBy::Month, "2026-02-01"),
            ("2024-02-29", 0, TrendBy::Month, "2024-02-01"),
            ("2026-03-20", 5, TrendBy::Account, "2026-03-15"),
            ("2026-03-20", 5, TrendBy::Reason, "2026-03-15"),
            ("2026-03-20", u32::MAX, TrendBy::Day, "0001-01-01"),
            ("2026-03-20", u32::MAX, TrendBy::Week, "0001-01-01"),
        ] {
            assert_eq!(TrendsOptions::new().since_days(days).by(by).first_day(day(today)), day(first), "{today} {by}");
        }
    }

    #[test]
    fn names() {
        for by in TrendBy::ALL {
            assert_eq!(by.to_string().to_uppercase().parse::<TrendBy>().unwrap(), by);
            assert_eq!(serde_json::from_value::<TrendBy>(serde_json::to_value(by).unwrap()).unwrap(), by);
        }
        let error = "moon".parse::<TrendBy>().unwrap_err().to_string();
        assert_eq!(error, "trends are not by `moon`; they are by day, week, month, account, reason");
    }
}
