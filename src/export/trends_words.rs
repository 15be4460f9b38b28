//! What the formats for people say of trends.

use chrono::{Days, NaiveDate};

use super::words::grouped;
use crate::reason::FailureReason;
use crate::tally::archived_import::Series;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::options::TrendBy;
use crate::tally::trends::{TrendRow, Trends};

/// How many accounts are shown; the others are summed up in one line.
const MOST_ACCOUNTS: usize = 40;

/// What stands where nothing is known.
pub(super) const UNKNOWN: &str = "–";

/// What it is all about, in a sentence without an end.
pub(super) fn title(trends: &Trends) -> String {
    let since = trends.since();
    match trends.rows() {
        [] => format!("No import since {since}"),
        _ => format!("Faults by {} since {since}", trends.by()),
    }
}

/// A series in words.
pub(crate) fn series_words(series: Series) -> &'static str {
    match series {
        Series::V2 => "Imports over SOAP and REST",
        Series::V3 => "Imports over the newer API (v3)",
        Series::Enrolment => "Program enrolments",
    }
}

/// What a row is about, in words.
pub(crate) fn name(key: &TrendKey) -> String {
    match key {
        TrendKey::Reason(reason) if reason.slug() == FailureReason::OTHER => "(unknown reasons)".to_owned(),
        TrendKey::Reason(reason) => reason.label().to_owned(),
        key => key.to_string(),
    }
}

/// A rate with one decimal; what occurs at all is never shown as nothing.
pub(crate) fn rate_words(rate: Option<f64>) -> String {
    match rate.map(|rate| 100.0 * rate) {
        None => UNKNOWN.to_owned(),
        Some(percent) if percent > 0.0 && percent < 0.05 => "<0.1 %".to_owned(),
        Some(percent) => format!("{percent:.1} %"),
    }
}

/// A number that may not be known.
pub(crate) fn number_words(number: Option<u64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), grouped)
}

/// The rows of a series that are shown, and what there is to say of the others. Accounts may be thousands: those with the
/// most faults are shown, by name.
pub(crate) fn shown(by: TrendBy, rows: &[TrendRow]) -> (Vec<&TrendRow>, Option<String>) {
    let mut shown: Vec<_> = rows.iter().collect();
    if by != TrendBy::Account || rows.len() <= MOST_ACCOUNTS {
        return (shown, None);
    }
    shown.sort_by_key(|row| std::cmp::Reverse(row.faults));
    let further = shown.split_off(MOST_ACCOUNTS);
    let faults = further.iter().fold(0, |sum: u64, row| sum.saturating_add(row.faults));
    shown.sort_by_key(|row| &row.key);
    (shown, Some(format!("and {} more accounts, with {} faults", grouped(further.len() as u64), grouped(faults))))
}

/// The periods from the first to the last one of some rows, at most so many and the latest of them, each with its row;
/// those between that have none are gaps.
#[cfg(feature = "table")]
pub(super) fn periods(rows: &[TrendRow], most: usize) -> Vec<Option<&TrendRow>> {
    let mut periods = Vec::new();
    let mut next: Option<NaiveDate> = None;
    for row in rows.iter().rev() {
        // Backwards from the latest one, so that a single import of long ago makes no endless line.
        let mut end = row.key.next_first_day();
        let mut gaps = 0;
        while let (Some(until), Some(day)) = (next, end) {
            if day >= until || periods.len() + gaps >= most {
                break;
            }
            gaps += 1;
            end = following(&row.key, day);
        }
        periods.extend(std::iter::repeat_n(None, gaps));
        periods.push(Some(row));
        if periods.len() >= most {
            break;
        }
        next = row.key.first_day();
    }
    periods.truncate(most);
    periods.reverse();
    periods
}

/// The first day of the period behind the one that begins on a day.
#[cfg(feature = "table")]
fn following(like: &TrendKey, day: NaiveDate) -> Option<NaiveDate> {
    match like {
        TrendKey::Day(_) => TrendKey::day(day),
        TrendKey::Week(_) => TrendKey::week(day),
        _ => TrendKey::month(day),
    }
    .next_first_day()
}

/// The last day of a period; `None` of what is none.
pub(super) fn last_day(key: &TrendKey) -> Option<NaiveDate> {
    key.next_first_day()?.checked_sub_days(Days::new(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Trends with a row for each of these periods, with so many faults.
    fn trends(by: &str, rows: &[(&str, u64)]) -> Trends {
        let key = if by == "account" { "account" } else { "period" };
        let row = |(name, faults): &(&str, u64)| {
            json!({
                "series": "v2", key: name, "imports": 1, "expired": 0, "ended_without_report": 0, "faults": faults,
                "contacts": null, "rate": null,
            })
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        serde_json::from_value(json!({"schema": 1, "since": "2026-01-01", "by": by, "rows": rows})).unwrap()
    }

    #[cfg(feature = "table")]
    #[test]
    fn gaps_stand_between_periods() {
        let drawn = |by: &str, rows: &[&str], most: usize| {
            let trends = trends(by, &rows.iter().map(|name| (*name, 1)).collect::<Vec<_>>());
            let drawn: String =
                periods(trends.rows(), most).iter().map(|row| if row.is_some() { 'x' } else { '.' }).collect();
            drawn
        };
        assert_eq!(drawn("day", &["2026-03-01", "2026-03-02", "2026-03-05"], 80), "xx..x");
        assert_eq!(drawn("day", &["2026-03-01", "2026-03-02", "2026-03-05"], 4), "x..x");
        assert_eq!(drawn("day", &["2026-03-01", "2026-03-02", "2026-03-05"], 2), ".x");
        assert_eq!(drawn("week", &["2025-12-22", "2026-01-05"], 80), "x.x");
        assert_eq!(drawn("month", &["2025-11", "2026-01", "2026-02"], 80), "x.xx");
        assert_eq!(drawn("day", &["0001-01-01", "9999-12-31"], 5), "....x");
        assert_eq!(drawn("day", &[], 5), "");
    }

    #[test]
    fn accounts_with_the_most_faults() {
        let names: Vec<_> = (0..50_u64).map(|number| (format!("a{number:02}"), number % 25)).collect();
        let rows: Vec<_> = names.iter().map(|(name, faults)| (name.as_str(), *faults)).collect();
        let trends = trends("account", &rows);
        let (shown, more) = shown(TrendBy::Account, trends.rows());
        let names: Vec<_> = shown.iter().map(|row| row.key.to_string()).collect();
        assert!(names.is_sorted() && names.len() == 40 && !names.contains(&"a00".to_owned()), "{names:?}");
        assert_eq!(more.unwrap(), "and 10 more accounts, with 20 faults");
    }

    #[test]
    fn rates_for_people() {
        for (rate, words) in [
            (None, "–"),
            (Some(0.0), "0.0 %"),
            (Some(0.000_1), "<0.1 %"),
            (Some(0.000_5), "0.1 %"),
            (Some(0.123_4), "12.3 %"),
            (Some(1.0), "100.0 %"),
        ] {
            assert_eq!(rate_words(rate), words);
        }
    }
}
