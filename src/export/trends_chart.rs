//! Trends as pictures: faults and the failure rate of a series over time, and the table of their numbers.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::markup::class;
use super::trends_words::{last_day, name, number_words, rate_words};
use super::words::grouped;
use crate::reason::counts::share;
use crate::tally::archived_import::Series;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::options::TrendBy;
use crate::tally::trends::{TrendRow, Trends};

/// The style of the pictures and of their tables, behind that of every page.
pub(crate) const TRENDS_STYLE: &str = include_str!("trends.css");

/// How high the picture is, in pixels.
const HEIGHT: f64 = 220.0;

/// The part of a period's room that its bar fills.
const FILLED: f64 = 0.8;

/// Points are drawn of no more periods than this: they would run into one another.
const MOST_POINTS: usize = 60;

/// What the rows of a series come to, in a sentence.
pub(crate) fn sum(trends: &Trends, rows: &[TrendRow]) -> Markup {
    let total = trends.total(rows);
    html! {
        p.sum {
            (grouped(total.faults)) " faults in " (grouped(total.imports)) " imports"
            @if let Some(contacts) = total.contacts {
                ", " (rate_words(total.rate)) " of " (grouped(contacts)) " contacts"
            }
        }
    }
}

/// The days that a picture spans.
struct Span {
    first: NaiveDate,
    /// The one behind the last.
    end: NaiveDate,
}

impl Span {
    /// `None` where rows are about no periods.
    fn of(rows: &[TrendRow]) -> Option<Span> {
        Some(Span { first: rows.first()?.key.first_day()?, end: rows.last()?.key.next_first_day()? })
    }

    /// Where a day begins, in percent of the width.
    fn percent(&self, day: NaiveDate) -> f64 {
        let days = |from: NaiveDate, to: NaiveDate| to.signed_duration_since(from).num_days() as f64;
        100.0 * days(self.first, day) / days(self.first, self.end).max(1.0)
    }
}

/// Bars of the faults, and a line of the rate; nothing where rows are about no periods.
pub(crate) fn chart(by: TrendBy, series: Series, rows: &[TrendRow]) -> Markup {
    let Some(span) = &Span::of(rows) else { return html! {} };
    let faults = nice(rows.iter().map(|row| row.faults as f64).fold(0.0, f64::max).max(2.0));
    let percents = || rows.iter().filter_map(|row| row.rate).map(|rate| 100.0 * rate);
    let rate = percents().next().map(|_| nice(percents().fold(0.0, f64::max).max(0.02)).min(100.0) / 100.0);
    let points = rate.map(|rate| points(rows, span, rate)).unwrap_or_default();
    let (chart, about) = (format!("{series}-chart"), format!("{series}-about"));
    html! {
        figure.chart {
            ul.legend {
                li { "faults, on the left" }
                @if rate.is_some() { li.rate { "failure rate, on the right" } }
            }
            div.plot {
                div.axis.left aria-hidden="true" {
                    @for part in [1.0, 0.5, 0.0] { span { (grouped((faults * part) as u64)) } }
                }
                svg role="img" aria-labelledby=(format_args!("{chart} {about}")) width="100%" height=(HEIGHT) focusable="false" {
                    title id=(chart) { "Faults and failure rate by " (by) }
                    desc id=(about) { (described(rows)) }
                    @for part in [0.0, 0.5, 1.0] {
                        line x1="0" x2="100%" y1=(HEIGHT * part) y2=(HEIGHT * part) {}
                    }
                    @for row in rows { (column(row, span, faults)) }
                    @for pair in points.windows(2) { (stroke(pair)) }
                    @if points.len() <= MOST_POINTS {
                        @for point in &points { (dot(point)) }
                    } @else {
                        // One that no line leads to would not be seen.
                        @for point in points.iter().filter(|point| point.is_alone) { (dot(point)) }
                    }
                }
                div.axis aria-hidden="true" {
                    @if let Some(rate) = rate {
                        @for part in [1.0, 0.5, 0.0] { span { (axis_percent(100.0 * rate * part)) } }
                    }
                }
                div.days aria-hidden="true" {
                    span { (span.first) }
                    @if let Some(last) = rows.last().and_then(|row| last_day(&row.key)).filter(|last| *last > span.first) {
                        span { (last) }
                    }
                }
            }
        }
    }
}

/// What is to be seen, in words.
fn described(rows: &[TrendRow]) -> String {
    let most = rows.iter().max_by_key(|row| row.faults);
    let worst = rows.iter().filter(|row| row.rate.is_some()).max_by(|a, b| f64::total_cmp(&of(a), &of(b)));
    let mut text = String::new();
    if let (Some(first), Some(last), Some(most)) = (rows.first(), rows.last(), most) {
        text = format!("From {} to {}. The most faults: {}, {}.", first.key, last.key, grouped(most.faults), most.key);
    }
    if let Some(worst) = worst {
        text += &format!(" The highest failure rate: {}, {}.", rate_words(worst.rate), worst.key);
    }
    text + " The table has all numbers."
}

fn of(row: &TrendRow) -> f64 {
    row.rate.unwrap_or(0.0)
}

/// The bar of a period.
fn column(row: &TrendRow, span: &Span, most: f64) -> Markup {
    let (Some(first), Some(end)) = (row.key.first_day(), row.key.next_first_day()) else { return html! {} };
    let (from, to) = (span.percent(first), span.percent(end));
    let (room, height) = (to - from, HEIGHT * row.faults as f64 / most);
    html! {
        rect.faults x=(format_args!("{:.3}%", from + room * (1.0 - FILLED) / 2.0)) width=(format_args!("{:.3}%", room * FILLED))
            y=(format_args!("{:.2}", HEIGHT - height)) height=(format_args!("{height:.2}")) {
            title { (row.key) ": " (grouped(row.faults)) " faults, " (rate_words(row.rate)) }
        }
    }
}

/// The rate of a period, where it is drawn.
struct Point {
    x: f64,
    y: f64,
    /// Does a line lead to it from the point before?
    is_joined: bool,
    /// Does none lead to it at all?
    is_alone: bool,
}

/// The rates that are known. Over a gap, no line leads.
fn points(rows: &[TrendRow], span: &Span, most: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut expected = None;
    for row in rows {
        let (Some(rate), Some(first), Some(end)) = (row.rate, row.key.first_day(), row.key.next_first_day()) else {
            continue;
        };
        let is_joined = expected == Some(first);
        if let Some(before) = points.last_mut().filter(|_| is_joined) {
            before.is_alone = false;
        }
        let x = f64::midpoint(span.percent(first), span.percent(end));
        points.push(Point { x, y: HEIGHT * (1.0 - rate / most), is_joined, is_alone: !is_joined });
        expected = Some(end);
    }
    points
}

fn stroke(pair: &[Point]) -> Markup {
    html! {
        @if let [from, to] = pair && to.is_joined {
            line.rate x1=(format_args!("{:.3}%", from.x)) y1=(format_args!("{:.2}", from.y))
                x2=(format_args!("{:.3}%", to.x)) y2=(format_args!("{:.2}", to.y)) {}
        }
    }
}

fn dot(point: &Point) -> Markup {
    html! { circle cx=(format_args!("{:.3}%", point.x)) cy=(format_args!("{:.2}", point.y)) r="4" {} }
}

/// The numbers of some rows, with what there is to say of those that aren't shown, and the sum of all.
pub(crate) fn table(
    trends: &Trends,
    series: Series,
    rows: &[TrendRow],
    shown: &[&TrendRow],
    further: Option<String>,
) -> Markup {
    let by = trends.by();
    let total = trends.total(rows);
    let has_bars = !by.is_period();
    let has_lost = total.without_report > 0;
    let most = rows.iter().map(|row| row.faults).max().unwrap_or(0);
    html! {
        table.trends role="table" aria-labelledby=(series) {
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { (by) }
                    @if has_bars { th.chart role="columnheader" scope="col" { span.hidden { "bar" } } }
                    th.number role="columnheader" scope="col" { "imports" }
                    @if has_lost { th.number role="columnheader" scope="col" { "no report" } }
                    th.number role="columnheader" scope="col" { "faults" }
                    th.number role="columnheader" scope="col" { "contacts" }
                    th.number role="columnheader" scope="col" { "rate" }
                }
            }
            tbody role="rowgroup" {
                @for row in shown {
                    tr role="row" {
                        th role="rowheader" scope="row" { (name(&row.key)) }
                        @if has_bars { td.chart role="cell" { (bar(row, most)) } }
                        td.number role="cell" { (grouped(row.imports)) }
                        @if has_lost { td.number role="cell" { (grouped(row.without_report())) } }
                        td.number.faults role="cell" { (grouped(row.faults)) }
                        td.number role="cell" { (number_words(row.contacts)) }
                        td.number role="cell" { (rate_words(row.rate)) }
                    }
                }
                @if let Some(further) = further {
                    tr role="row" { td role="cell" colspan=(5 + usize::from(has_bars) + usize::from(has_lost)) { em { (further) } } }
                }
            }
            tfoot role="rowgroup" {
                tr role="row" {
                    th role="rowheader" scope="row" { "total" }
                    @if has_bars { td.chart role="cell" {} }
                    td.number role="cell" { (grouped(total.imports)) }
                    @if has_lost { td.number role="cell" { (grouped(total.without_report)) } }
                    td.number.faults role="cell" { (grouped(total.faults)) }
                    td.number role="cell" { (number_words(total.contacts)) }
                    td.number role="cell" { (rate_words(total.rate)) }
                }
            }
        }
    }
}

/// The bar of an account or a reason. The number stands beside it, so that it is not read aloud.
fn bar(row: &TrendRow, most: u64) -> Markup {
    let class = match &row.key {
        TrendKey::Reason(reason) => class(reason.remedy()),
        _ => "faults",
    };
    html! {
        svg.bar width="100%" height="100%" aria-hidden="true" focusable="false" {
            rect.(class) width=(format_args!("{:.3}%", 100.0 * share(row.faults, most))) height="100%" {}
        }
    }
}

/// The least of 2, 4, 6, 8 and 10, or of ten times, a tenth and so on of these, that a number doesn't exceed: half of it can be told
/// in as few digits.
fn nice(number: f64) -> f64 {
    let power = 10_f64.powf(number.log10().ceil() - 1.0);
    [2.0, 4.0, 6.0, 8.0].into_iter().map(|step| step * power).find(|step| *step >= number).unwrap_or(10.0 * power)
}

/// A percentage in as few digits as it takes.
fn axis_percent(percent: f64) -> String {
    let digits = format!("{percent:.2}");
    format!("{} %", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (number, end) in [
            (2.0, 2.0),
            (2.1, 4.0),
            (7.0, 8.0),
            (9.5, 10.0),
            (10.0, 10.0),
            (11.0, 20.0),
            (199.0, 200.0),
            (1001.0, 2000.0),
        ] {
            assert_eq!(nice(number), end, "{number}");
        }
        for (percent, words) in [(0.0, "0 %"), (0.02, "0.02 %"), (2.5, "2.5 %"), (40.0, "40 %"), (100.0, "100 %")] {
            assert_eq!(axis_percent(percent), words);
        }
    }

    #[test]
    fn no_line_leads_over_a_gap() {
        let row = |period: &str, rate: Option<f64>| {
            serde_json::json!({
                "series": "v2", "period": period, "imports": 1, "expired": 0, "ended_without_report": 0, "faults": 1,
                "contacts": 10, "rate": rate,
            })
        };
        let rows = [
            row("2026-03-01", Some(0.1)),
            row("2026-03-02", Some(0.2)),
            row("2026-03-04", Some(0.1)),
            row("2026-03-05", None),
            row("2026-03-06", Some(0.1)),
            row("2026-03-07", Some(0.1)),
        ];
        let document = serde_json::json!({"schema": 1, "since": "2026-03-01", "by": "day", "rows": rows});
        let trends: Trends = serde_json::from_value(document).unwrap();
        let points = points(trends.rows(), &Span::of(trends.rows()).unwrap(), 0.2);
        let joined: Vec<_> = points.iter().map(|point| (point.is_joined, point.is_alone)).collect();
        assert_eq!(joined, [(false, false), (true, false), (false, true), (false, false), (true, false)]);
        let mut page = Vec::new();
        super::super::trends_to_html(&trends, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert_eq!(page.matches("<line class=\"rate\"").count(), 2);
        assert_eq!(page.matches("<rect class=\"faults\"").count(), 6);
    }
}
