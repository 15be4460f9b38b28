//! Trends as Vega-Lite, for notebooks and dashboards that draw.

use std::io::Write;

use serde_json::{Value, json};

use super::trends_words::{name, series_words, title};
use super::vega_lite::color;
use super::writing;
use crate::error::Result;
use crate::reason::remedy::Remedy;
use crate::tally::trends::options::TrendBy;
use crate::tally::trends::{TrendRow, Trends};

/// The field of a series, and of an account or a reason, in words.
const SERIES: &str = "series_words";
const NAME: &str = "name";

/// Writes trends as a Vega-Lite specification with its data, as `faults trends --format vega-lite` prints it: of each
/// series the faults as bars and the failure rate as a line over time, or a bar for each account or reason.
///
/// The data are the rows of the JSON document, periods with their `start` and `end`; a row without numbers stands where
/// periods have no imports, so that the line has a gap there. Nothing is fetched to draw it. Needs the feature `archive`.
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
/// let mut chart = Vec::new();
/// export::trends_to_vega_lite(&trends, &mut chart)?;
/// let chart: serde_json::Value = serde_json::from_slice(&chart).unwrap();
/// assert_eq!(chart["data"]["values"][0]["end"], "2026-03-09");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_vega_lite(trends: &Trends, mut writer: impl Write) -> Result<()> {
    let values = values(trends).map_err(writing)?;
    let mut chart = json!({
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": title(trends),
        "title": {"text": title(trends), "anchor": "start"},
        "data": {"values": values},
        "facet": {"row": {"field": SERIES, "type": "nominal", "title": null, "sort": null}},
        "spec": if trends.by().is_period() { over_time() } else { by_name(trends) },
        // Series aren't to be compared.
        "resolve": {"scale": {"y": "independent", "x": if trends.by().is_period() { "shared" } else { "independent" }}},
    });
    if trends.rows().is_empty() {
        // There is nothing to make parts of.
        chart["facet"]["row"] = json!({"field": SERIES, "type": "nominal", "title": null});
    }
    serde_json::to_writer_pretty(&mut writer, &chart).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

/// The rows, and one for each gap.
fn values(trends: &Trends) -> serde_json::Result<Vec<Value>> {
    let mut values = Vec::new();
    for (series, rows) in trends.by_series() {
        let mut expected = None;
        for row in rows {
            let (start, end) = (row.key.first_day(), row.key.next_first_day());
            if let (Some(expected), Some(start)) = (expected, start)
                && expected < start
            {
                let (series, words) = (series.as_str(), series_words(series));
                values.push(json!({
                    "series": series, SERIES: words, "start": expected, "end": start, "faults": null, "rate": null,
                }));
            }
            values.push(value(row)?);
            expected = end;
        }
    }
    Ok(values)
}

/// A row with what is drawn of it.
fn value(row: &TrendRow) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(row)?;
    value[SERIES] = series_words(row.series).into();
    match (row.key.first_day(), row.key.next_first_day()) {
        (Some(start), Some(end)) => {
            value["start"] = json!(start);
            value["end"] = json!(end);
        }
        _ => value[NAME] = name(&row.key).into(),
    }
    Ok(value)
}

/// Bars of the faults, and a line of the rate, each with an axis of its own.
fn over_time() -> Value {
    let day = json!({"type": "temporal", "scale": {"type": "utc"}, "title": null});
    let at = |field: &str| {
        let mut at = day.clone();
        at["field"] = field.into();
        at
    };
    let tooltip = json!([
        {"field": "period", "type": "nominal", "title": "from"},
        {"field": "imports", "type": "quantitative"},
        {"field": "faults", "type": "quantitative"},
        {"field": "contacts", "type": "quantitative"},
        {"field": "rate", "type": "quantitative", "format": ".1%", "title": "failure rate"},
    ]);
    json!({
        "width": 640,
        "height": 200,
        // In the middle of its period.
        "transform": [{"calculate": "(time(toDate(datum.start)) + time(toDate(datum.end))) / 2", "as": "middle"}],
        "layer": [
            {
                "mark": {"type": "bar", "color": color(Remedy::RetryLater)},
                "encoding": {
                    "x": at("start"),
                    "x2": {"field": "end"},
                    "y": {"field": "faults", "type": "quantitative", "title": "faults", "axis": {"tickMinStep": 1}},
                    "tooltip": tooltip,
                },
            },
            {
                "mark": {"type": "line", "point": true, "color": color(Remedy::Remove)},
                "encoding": {
                    "x": at("middle"),
                    "y": {
                        "field": "rate", "type": "quantitative", "title": "failure rate",
                        "axis": {"format": "~%", "grid": false}, "scale": {"zero": true},
                    },
                    "tooltip": tooltip,
                },
            },
        ],
        "resolve": {"scale": {"y": "independent"}},
    })
}

/// A bar for each account or reason.
fn by_name(trends: &Trends) -> Value {
    let mut names: Vec<_> = trends.rows().iter().collect();
    names.sort_by_key(|row| std::cmp::Reverse(row.faults));
    let order: Vec<_> = names.iter().map(|row| name(&row.key)).collect();
    let colors = if trends.by() == TrendBy::Reason {
        let (slugs, colors): (Vec<_>, Vec<_>) = Remedy::iter().map(|remedy| (remedy.slug(), color(remedy))).unzip();
        json!({
            "field": "remedy", "type": "nominal", "title": "what to do", "scale": {"domain": slugs, "range": colors},
            // The data have slugs, for programs; what is drawn is read by people.
            "legend": {"labelExpr": "join(split(datum.label, '_'), ' ')"},
        })
    } else {
        json!({"value": color(Remedy::RetryLater)})
    };
    json!({
        "width": 480,
        "height": {"step": 22},
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": NAME, "type": "nominal", "sort": order, "title": trends.by().as_str(),
                "axis": {"labelLimit": 240},
            },
            "x": {"field": "faults", "type": "quantitative", "title": "faults", "axis": {"tickMinStep": 1}},
            "color": colors,
            "tooltip": [
                {"field": NAME, "type": "nominal", "title": trends.by().as_str()},
                {"field": "imports", "type": "quantitative"},
                {"field": "faults", "type": "quantitative"},
                {"field": "contacts", "type": "quantitative"},
                {"field": "rate", "type": "quantitative", "format": ".1%", "title": "failure rate"},
            ],
        },
    })
}
