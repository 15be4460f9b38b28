//! What is asked for behind the `?` of an address.

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::account_name::AccountName;
use crate::reason::FailureReason;
use crate::reason::filter::ReasonFilter;
use crate::tally::trends::options::{TrendBy, TrendsOptions};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Query {
    /// The day of UTC on which it was asked.
    pub(super) today: NaiveDate,
    /// How many days before today the first one lies, before it is moved back to the start of its period. 90 unless given.
    pub(super) since: u32,
    /// What there is a row for. By day unless given.
    pub(super) by: TrendBy,
    /// The accounts that are wanted, in order; all of them where there is none.
    pub(super) accounts: Vec<AccountName>,
    /// The reasons that are wanted, in order; all of them where there is none. The one without a label stands for all that
    /// aren't known.
    pub(super) reasons: Vec<FailureReason>,
    /// How many records are wanted at most; no parameter of the page.
    pub(super) limit: usize,
}

/// Which parameters a path knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Those of the page.
    Page,
    /// Those of the page, and `limit`.
    Api,
}

/// How many days back, unless given.
const SINCE: u32 = 90;

/// How many records, unless given; and how many at most.
const LIMIT: usize = 10_000;
const MOST: usize = 100_000;

/// Only so much is looked at of a query.
const MOST_NAMED: usize = 256;

/// What is wrong with a query. It repeats nothing of it.
pub(super) type Wrong = Cow<'static, str>;

impl Query {
    /// Reads what stands behind the `?`. Several accounts or reasons add up; one that is empty stands for none, as forms send
    /// it.
    pub(super) fn parse(text: &str, today: NaiveDate, known: Known) -> Result<Self, Wrong> {
        let (mut since, mut by, mut limit) = (None, None, None);
        let (mut accounts, mut reasons) = (Vec::new(), Vec::new());
        for (count, (name, value)) in form_urlencoded::parse(text.as_bytes()).enumerate() {
            if count == MOST_NAMED {
                return Err(format!("there are more than {MOST_NAMED} parameters").into());
            }
            match &*name {
                "since" => once(&mut since, "since", days(&value))?,
                "by" => once(&mut by, "by", value.parse().ok())?,
                "limit" if known == Known::Api => once(&mut limit, "limit", number(&value))?,
                "account" | "reason" if value.is_empty() => {}
                "account" => accounts.push(value.parse::<AccountName>().map_err(|_| wrong("account"))?),
                "reason" => reasons.push(reason(&value).ok_or_else(|| wrong("reason"))?),
                _ => return Err(known.names().into()),
            }
        }
        // The same in another order is the same.
        accounts.sort_unstable();
        accounts.dedup();
        reasons.sort_unstable();
        reasons.dedup();
        let (since, by) = (since.unwrap_or(SINCE), by.unwrap_or_default());
        Ok(Query { today, since, by, accounts, reasons, limit: limit.unwrap_or(LIMIT) })
    }

    /// Which trends are asked for, with a row for each of something.
    pub(super) fn trends(&self, by: TrendBy) -> TrendsOptions {
        let options = TrendsOptions::new().since_days(self.since).by(by).reasons(self.filter());
        self.accounts.iter().cloned().fold(options, TrendsOptions::account)
    }

    /// Which reasons are wanted.
    pub(super) fn filter(&self) -> ReasonFilter {
        self.reasons.iter().fold(ReasonFilter::new(), |filter, reason| match reason {
            FailureReason::Other(_) => filter.unknown_reasons(),
            known => filter.reason(known.clone()),
        })
    }

    /// Is the account wanted?
    pub(super) fn wants_account(&self, account: &AccountName) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }
}

impl Known {
    fn names(self) -> &'static str {
        match self {
            Known::Page => "a parameter isn't known: there are since, by, account and reason",
            Known::Api => "a parameter isn't known: there are since, by, account, reason and limit",
        }
    }
}

/// Takes a parameter that may stand there once.
fn once<T>(place: &mut Option<T>, name: &str, value: Option<T>) -> Result<(), Wrong> {
    match (&place, value) {
        (Some(_), _) => Err(format!("the parameter `{name}` stands there twice").into()),
        (None, None) => Err(wrong(name)),
        (None, value) => {
            *place = value;
            Ok(())
        }
    }
}

fn wrong(name: &str) -> Wrong {
    match name {
        "since" => "the parameter `since` is a number of days or weeks, such as 90d or 12w".into(),
        "by" => format!("the parameter `by` is one of {}", TrendBy::ALL.map(TrendBy::as_str).join(", ")).into(),
        "account" => "the parameter `account` is a name of 1 to 64 of the characters a-z, 0-9, _ and -".into(),
        "reason" => "the parameter `reason` is one of those that `faults reasons` lists, or other".into(),
        _ => format!("the parameter `limit` is a number from 1 to {MOST}").into(),
    }
}

fn days(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let days = match unit {
        "d" => 1,
        "w" => 7,
        _ => return None,
    };
    digits(number)?.checked_mul(days).and_then(|days| u32::try_from(days).ok())
}

fn number(text: &str) -> Option<usize> {
    let number = usize::try_from(digits(text)?).ok()?;
    (1..=MOST).contains(&number).then_some(number)
}

/// A number without a sign.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A reason in any spelling; `other` is the one without a label.
fn reason(text: &str) -> Option<FailureReason> {
    match FailureReason::from(text) {
        FailureReason::Other(_) if text.trim().eq_ignore_ascii_case(FailureReason::OTHER) => {
            Some(FailureReason::from(""))
        }
        FailureReason::Other(_) => None,
        known => Some(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, known: Known) -> Result<Query, Wrong> {
        Query::parse(text, NaiveDate::from_ymd_opt(2026, 3, 20).unwrap(), known)
    }

    #[test]
    fn what_is_not_given() {
        let query = parse("", Known::Api).unwrap();
        assert_eq!((query.since, query.by, query.limit), (90, TrendBy::Day, 10_000));
        assert!(query.accounts.is_empty() && query.reasons.is_empty());
        // As a form sends them.
        assert_eq!(parse("account=&reason=", Known::Page).unwrap(), parse("", Known::Page).unwrap());
    }

    #[test]
    fn what_is_given() {
        let text = "since=2w&by=Week&account=b&account=a&account=b&reason=Hard%20bounced&reason=other&limit=7";
        let query = parse(text, Known::Api).unwrap();
        assert_eq!((query.since, query.by, query.limit), (14, TrendBy::Week, 7));
        assert_eq!(query.accounts, ["a", "b"].map(|name| name.parse::<AccountName>().unwrap()));
        assert_eq!(query.reasons, [FailureReason::HardBounced, FailureReason::from("")]);
        assert!(query.filter().wants(&FailureReason::from("Moon")) && !query.filter().wants(&FailureReason::Blocker));
        let other = "reason=OTHER&limit=7&by=week&account=a&since=14d&account=b&reason=hard+bounced";
        assert_eq!(parse(other, Known::Api).unwrap(), query);
    }

    #[test]
    fn what_is_wrong() {
        let many = "account=a&".repeat(257);
        for (text, told) in [
            ("since=90", "`since` is"),
            ("since=", "`since` is"),
            ("since=d", "`since` is"),
            ("since=-1d", "`since` is"),
            ("since=%2B1d", "`since` is"),
            ("since=1\u{e9}", "`since` is"),
            ("since=99999999999d", "`since` is"),
            ("since=99999999999999999999w", "`since` is"),
            ("since=1d&since=1d", "`since` stands there twice"),
            ("by=moon", "`by` is one of day, week, month, account, reason"),
            ("by=day&by=week", "`by` stands there twice"),
            ("limit=0", "`limit` is a number from 1 to 100000"),
            ("limit=100001", "`limit` is"),
            ("limit=1e3", "`limit` is"),
            ("limit=1&limit=1", "`limit` stands there twice"),
            ("account=A%3Cscript%3E", "`account` is a name"),
            ("reason=moon", "`reason` is one"),
            ("moon=1", "isn't known: there are since, by, account, reason and limit"),
            ("Since=1d", "isn't known"),
            ("moon", "isn't known"),
            (&many, "more than 256"),
        ] {
            let error = parse(text, Known::Api).unwrap_err();
            assert!(error.contains(told) && !error.contains("moon") && !error.contains("script"), "{text}: {error}");
        }
        assert!(parse("limit=5", Known::Page).unwrap_err().ends_with("account and reason"));
    }
}
