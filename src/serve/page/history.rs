//! Faults and the failure rate over time, and the reasons, of each series.

use maud::{Markup, html};

use super::{counts, reason_words};
use crate::export::markup::{reasons, what_to_do};
use crate::export::trends_chart::{chart, sum, table};
use crate::export::trends_words::{series_words, shown};
use crate::export::words::grouped;
use crate::reason::FailureReason;
use crate::serve::query::Query;
use crate::serve::state::State;
use crate::tally::archived_import::Series;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::options::TrendBy;
use crate::tally::trends::{TrendRow, Trends};

/// How many periods are drawn, and have their numbers in the table: the days of a year, and a week more.
const MOST_PERIODS: usize = 373;

/// A section or three for each series that has any imports.
pub(super) fn sections(state: &State, query: &Query) -> Markup {
    let over_time = state.trends(query, query.by);
    let by_reason = state.trends(query, TrendBy::Reason);
    let series = over_time.by_series().count();
    html! {
        @if series == 0 {
            section { p { "No import since " (over_time.since()) "." } }
        }
        @for (of, rows) in over_time.by_series() {
            @let heading = |words: &str| match series {
                1 => words.to_owned(),
                _ => format!("{words}: {}", series_words(of)),
            };
            (pictured(&over_time, of, rows))
            @let counts = counts(by_reason.rows().iter().filter(|row| row.series == of).filter_map(reason));
            @if counts.total() > 0 {
                (reasons(&counts, &format!("{of}-reasons"), &heading("Why they failed")))
                (what_to_do(&counts, &format!("{of}-remedies"), &heading("What to do")))
            }
        }
    }
}

/// The reason of a row, under the name that a page has for it.
fn reason(row: &TrendRow) -> Option<(FailureReason, u64)> {
    match &row.key {
        TrendKey::Reason(reason @ FailureReason::Other(_)) => Some((reason_words(reason).into(), row.faults)),
        TrendKey::Reason(reason) => Some((reason.clone(), row.faults)),
        _ => None,
    }
}

/// A picture, with its numbers behind a disclosure; where there is no picture, the numbers are in sight.
fn pictured(trends: &Trends, series: Series, rows: &[TrendRow]) -> Markup {
    let recent = rows.get(rows.len().saturating_sub(MOST_PERIODS)..).unwrap_or_default();
    html! {
        section aria-labelledby=(series) {
            h2 id=(series) { (series_words(series)) ", since " (trends.since()) }
            (sum(trends, rows))
            @if trends.by().is_period() {
                (chart(trends.by(), series, recent))
                details {
                    summary { "The numbers by " (trends.by()) }
                    @let shown: Vec<_> = recent.iter().rev().collect();
                    (table(trends, series, rows, &shown, earlier(rows, recent.len())))
                }
            } @else {
                @let (shown, further) = shown(trends.by(), rows);
                (table(trends, series, rows, &shown, further))
            }
        }
    }
}

/// What there is to say of the periods before those that are shown.
fn earlier(rows: &[TrendRow], shown: usize) -> Option<String> {
    let earlier = rows.get(..rows.len().checked_sub(shown)?).filter(|earlier| !earlier.is_empty())?;
    let faults = earlier.iter().fold(0, |sum: u64, row| sum.saturating_add(row.faults));
    let many = grouped(earlier.len() as u64);
    Some(format!("and {many} more, all of them earlier, with {} faults: a coarser grain shows them", grouped(faults)))
}
