//! What a row of trends is about.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::account_name::AccountName;
use crate::reason::FailureReason;

/// What a row of [`Trends`](crate::Trends) is about. Printed it is what tables and documents have: a week is its Monday, a
/// month `2026-03`, a reason its slug.
///
/// ```
/// use chrono::NaiveDate;
/// use dotdigital_faults::TrendKey;
///
/// let month = TrendKey::month(NaiveDate::from_ymd_opt(2026, 3, 20).unwrap());
/// assert_eq!(month.to_string(), "2026-03");
/// assert_eq!(month.first_day().unwrap().to_string(), "2026-03-01");
/// assert_eq!(month.next_first_day().unwrap().to_string(), "2026-04-01");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TrendKey {
    /// A day of UTC.
    Day(NaiveDate),
    /// A week, by its Monday.
    Week(NaiveDate),
    /// A month, by its first day.
    Month(NaiveDate),
    /// An account.
    Account(AccountName),
    /// A reason; the one without a label stands for all that aren't known.
    Reason(FailureReason),
}

impl TrendKey {
    /// That day.
    pub fn day(day: NaiveDate) -> Self {
        TrendKey::Day(day)
    }

    /// The week in which a day lies.
    pub fn week(day: NaiveDate) -> Self {
        let since_monday = Days::new(day.weekday().num_days_from_monday().into());
        TrendKey::Week(day.checked_sub_days(since_monday).unwrap_or(day))
    }

    /// The month in which a day lies.
    pub fn month(day: NaiveDate) -> Self {
        TrendKey::Month(day.with_day(1).unwrap_or(day))
    }

    /// A reason, whose label is dropped if it isn't known.
    pub fn reason(reason: &FailureReason) -> Self {
        TrendKey::Reason(match reason {
            FailureReason::Other(_) => FailureReason::from(""),
            known => known.clone(),
        })
    }

    /// The first day of a period; `None` of anything else.
    pub fn first_day(&self) -> Option<NaiveDate> {
        match self {
            TrendKey::Day(first) | TrendKey::Week(first) | TrendKey::Month(first) => Some(*first),
            TrendKey::Account(_) | TrendKey::Reason(_) => None,
        }
    }

    /// The first day of the period behind it; `None` of anything else, and at the end of time.
    pub fn next_first_day(&self) -> Option<NaiveDate> {
        match self {
            TrendKey::Day(day) => day.succ_opt(),
            TrendKey::Week(monday) => monday.checked_add_days(Days::new(7)),
            TrendKey::Month(first) => first.checked_add_months(Months::new(1)),
            TrendKey::Account(_) | TrendKey::Reason(_) => None,
        }
    }
}

impl fmt::Display for TrendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrendKey::Day(day) | TrendKey::Week(day) => f.pad(&day.to_string()),
            TrendKey::Month(first) => f.pad(&format!("{:04}-{:02}", first.year(), first.month())),
            TrendKey::Account(account) => account.fmt(f),
            TrendKey::Reason(reason) => f.pad(reason.slug()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_lies_in_its_week_and_month() {
        let mut day = NaiveDate::from_ymd_opt(2023, 12, 1).unwrap();
        for _ in 0..1500 {
            for key in [TrendKey::day(day), TrendKey::week(day), TrendKey::month(day)] {
                let (first, next) = (key.first_day().unwrap(), key.next_first_day().unwrap());
                assert!(first <= day && day < next, "{day} in {key}");
                assert!(!matches!(key, TrendKey::Week(_)) || first.weekday() == chrono::Weekday::Mon);
                assert!(!matches!(key, TrendKey::Month(_)) || first.day() == 1 && next.day() == 1);
            }
            day = day.succ_opt().unwrap();
        }
    }

    #[test]
    fn the_end_of_time() {
        for day in [NaiveDate::MIN, NaiveDate::MAX] {
            for key in [TrendKey::day(day), TrendKey::week(day), TrendKey::month(day)] {
                assert!(key.first_day().is_some());
                let _ = key.next_first_day();
            }
        }
    }
}
