//! Vega-Lite, for notebooks and dashboards that draw.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value, json};

use super::long_form;
use super::words::{Line, lines, printable, remedy_words, title};
use super::writing;
use crate::error::Result;
use crate::reason::remedy::Remedy;
use crate::tally::Tally;

/// The label of the reasons that aren't drawn one by one.
const FURTHER: &str = "(further reasons)";

/// The field of a remedy in words.
const WHAT_TO_DO: &str = "what_to_do";

/// Writes a tally as a Vega-Lite specification with its data, as `faults summary --format vega-lite` prints it: a
/// bar for each reason or, where faults were grouped, for each group, parted by reason.
///
/// The data are the records of [`tally_to_jsonl`](super::tally_to_jsonl), so that another chart can be drawn of
/// them; only the rarest unknown reasons go by one name. Nothing is fetched to draw it.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut chart = Vec::new();
/// export::tally_to_vega_lite(&Tally::from(&report), &mut chart)?;
/// let chart: serde_json::Value = serde_json::from_slice(&chart).unwrap();
/// assert_eq!(chart["data"]["values"][0]["label"], "Blocker");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_vega_lite(tally: &Tally, mut writer: impl Write) -> Result<()> {
    let names: HashMap<_, _> = lines(tally.counts())
        .into_iter()
        .filter_map(|Line { label, reason, .. }| Some((reason?.label().to_owned(), label)))
        .collect();
    let mut values = Vec::new();
    long_form::each(tally, false, |mut record| {
        let name = names.get(&*record.label);
        record.label = name.map_or(FURTHER.into(), |name| name.clone().into());
        if let Some(group) = &mut record.group {
            group.group_label = printable(&group.group_label).into();
        }
        values.push(serde_json::to_value(record).map_err(writing)?);
        Ok(())
    })?;
    serde_json::to_writer_pretty(&mut writer, &chart(tally, values)).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

fn chart(tally: &Tally, values: Vec<Value>) -> Value {
    let title = title(tally.counts().total());
    let (bars, name, order) = match tally.groups() {
        None => {
            let order =
                lines(tally.counts()).into_iter().map(|line| line.reason.map_or(FURTHER.into(), |_| line.label));
            ("label", "reason".to_owned(), order.collect::<Vec<_>>())
        }
        Some(groups) => {
            let order = groups.by_size().map(|(key, _)| printable(&key.label()));
            ("group_label", printable(groups.by().name()), order.collect())
        }
    };
    let (remedies, colors): (Vec<_>, Vec<_>) =
        Remedy::iter().map(|remedy| (remedy_words(remedy), color(remedy))).unzip();
    json!({
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": title,
        "title": {"text": title, "anchor": "start"},
        "data": {"values": values},
        // The records have slugs, for programs; what is drawn is read by people.
        "transform": [{"calculate": "join(split(datum.remedy, '_'), ' ')", "as": WHAT_TO_DO}],
        "width": 480,
        "height": {"step": 22},
        "mark": {"type": "bar", "stroke": "white", "strokeWidth": 0.5},
        "encoding": {
            "y": {"field": bars, "type": "nominal", "sort": order, "title": name, "axis": {"labelLimit": 240}},
            "x": {
                "aggregate": "sum", "field": "count", "type": "quantitative", "title": "contacts",
                "axis": {"tickMinStep": 1},
            },
            "color": {
                "field": WHAT_TO_DO, "type": "nominal", "title": "what to do",
                "scale": {"domain": remedies, "range": colors},
            },
            // So that each reason has its own part of a bar.
            "detail": {"field": "label", "type": "nominal"},
            "tooltip": [
                {"field": bars, "type": "nominal", "title": name},
                {"field": "label", "type": "nominal", "title": "reason"},
                {"field": WHAT_TO_DO, "type": "nominal", "title": "what to do"},
                {"aggregate": "sum", "field": "count", "type": "quantitative", "title": "contacts"},
            ],
        },
    })
}

/// A colour that can be told on light and dark.
pub(super) fn color(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Correct => "#d98a1f",
        Remedy::Remove => "#d5534a",
        Remedy::AskConsent => "#8f6bd6",
        Remedy::RetryLater => "#3f8fd6",
        Remedy::LiftSuppression => "#cc5aa4",
        Remedy::Wait => "#219e9e",
        Remedy::Investigate => "#7a8496",
        Remedy::Ignore => "#4fa159",
    }
}
