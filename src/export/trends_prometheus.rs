//! Trends as metrics, for Prometheus and all that read its text.

use std::io::Write;

use super::writing;
use crate::error::Result;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::{TrendRow, Trends};

/// The metrics, each with its help and its figure of a row.
const METRICS: [(&str, &str, Figure); 6] = [
    ("imports", "Imports that the archive knows the end of.", |row| Some(row.imports.to_string())),
    ("expired_imports", "Imports whose report had expired before it was archived.", |row| {
        Some(row.expired.to_string())
    }),
    ("imports_without_report", "Imports that ended without a report.", |row| {
        Some(row.ended_without_report.to_string())
    }),
    ("faults", "Contacts of archived imports that were not imported.", |row| Some(row.faults.to_string())),
    ("contacts", "Contacts of archived imports, as far as the service's figures are known.", |row| {
        row.contacts.map(|contacts| contacts.to_string())
    }),
    ("failure_rate", "Part of the contacts that were not imported, from 0 to 1.", |row| {
        row.rate.map(|rate| rate.to_string())
    }),
];

/// What a metric has of a row; `None` where it isn't known.
type Figure = fn(&TrendRow) -> Option<String>;

/// Writes trends as metrics, as `faults trends --format prometheus` prints them: a text for Prometheus' textfile collector,
/// which also is an OpenMetrics text. Needs the feature `archive`.
///
/// All are gauges: `dotdigital_trend_imports`, `dotdigital_trend_expired_imports`,
/// `dotdigital_trend_imports_without_report`, `dotdigital_trend_faults`, `dotdigital_trend_contacts` and
/// `dotdigital_trend_failure_rate`. Each has the labels `series`, `by`, and `period`, `account`, or `reason` and `remedy`. What
/// isn't known has no sample.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Trends, export};
///
/// let trends: Trends = serde_json::from_str(r#"{"schema": 1, "since": "2026-03-01", "by": "account", "rows": [
///     {"series": "v2", "account": "europe", "imports": 2, "expired": 0, "ended_without_report": 0,
///      "faults": 20, "contacts": 1000, "rate": 0.02}
/// ]}"#).unwrap();
/// let mut text = Vec::new();
/// export::trends_to_prometheus(&trends, &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.contains("dotdigital_trend_failure_rate{series=\"v2\",by=\"account\",account=\"europe\"} 0.02\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_prometheus(trends: &Trends, mut writer: impl Write) -> Result<()> {
    let by = trends.by();
    for (metric, help, figure) in METRICS {
        let name = format!("dotdigital_trend_{metric}");
        writeln!(writer, "# HELP {name} {help}\n# TYPE {name} gauge").map_err(writing)?;
        for row in trends.rows() {
            if let Some(value) = figure(row) {
                let (series, key) = (row.series, label(&row.key));
                writeln!(writer, "{name}{{series=\"{series}\",by=\"{by}\",{key}}} {value}").map_err(writing)?;
            }
        }
    }
    // OpenMetrics ends so; for all others it is a comment.
    writer.write_all(b"# EOF\n").map_err(writing)
}

/// What a row is about, as labels. None of these values has a sign that would have to be escaped.
fn label(key: &TrendKey) -> String {
    match key {
        TrendKey::Account(account) => format!("account=\"{account}\""),
        TrendKey::Reason(reason) => format!("reason=\"{}\",remedy=\"{}\"", reason.slug(), reason.remedy()),
        period => format!("period=\"{period}\""),
    }
}
