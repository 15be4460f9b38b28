//! Trends as a page for people, which needs nothing but itself.

use std::io::Write;

use maud::{Markup, html};

use super::markup::{Document, POLICY, STYLE};
use super::trends_chart::{TRENDS_STYLE, chart, sum, table};
use super::trends_words::{series_words, shown, title};
use super::writing;
use crate::error::Result;
use crate::tally::archived_import::Series;
use crate::tally::trends::{TrendRow, Trends};

/// Writes trends as a page for people, as `faults trends --format html` prints it: of each series a picture of its faults
/// and of its failure rate over time, in which a period without imports is a gap, and all of its numbers in a table.
///
/// The page is whole in itself: no script, nothing fetched. It follows the reader's choice of light or dark, fits narrow and
/// wide windows and paper, and reads well aloud. Of many accounts the 40 with the most faults are shown, and the others
/// summed up. Needs the features `archive` and `html`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Trends, export};
///
/// let trends: Trends = serde_json::from_str(r#"{"schema": 1, "since": "2026-03-01", "by": "week", "rows": [
///     {"series": "v2", "period": "2026-03-02", "imports": 2, "expired": 0, "ended_without_report": 0,
///      "faults": 20, "contacts": 1000, "rate": 0.02}
/// ]}"#).unwrap();
/// let mut page = Vec::new();
/// export::trends_to_html(&trends, &mut page)?;
/// assert!(page.starts_with(b"<!DOCTYPE html>"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_html(trends: &Trends, mut writer: impl Write) -> Result<()> {
    let page = page(trends).into_string();
    writer.write_all(page.as_bytes()).and_then(|()| writer.write_all(b"\n")).map_err(writing)
}

fn page(trends: &Trends) -> Markup {
    let main = html! {
        header { h1 { (title(trends)) } }
        @for (series, rows) in trends.by_series() { (section(trends, series, rows)) }
    };
    let footer = html! {
        p {
            "From the counts of an archive of Dotdigital contact imports. A rate is the part of the contacts that were "
            "not imported, of the imports whose contacts are known."
        }
    };
    let style = [STYLE, TRENDS_STYLE].concat();
    Document { title: &title(trends), style: &style, policy: Some(POLICY) }.around(&main, &footer)
}

fn section(trends: &Trends, series: Series, rows: &[TrendRow]) -> Markup {
    html! {
        section aria-labelledby=(series) {
            h2 id=(series) { (series_words(series)) }
            (sum(trends, rows))
            (chart(trends.by(), series, rows))
            @let (shown, further) = shown(trends.by(), rows);
            (table(trends, series, rows, &shown, further))
        }
    }
}
