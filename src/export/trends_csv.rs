//! Trends as CSV.

use std::io::Write;

use csv::Writer;

use super::safe_csv::{write_csv, writing_csv};
use super::{WriteOptions, writing};
use crate::error::Result;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::options::TrendBy;
use crate::tally::trends::{TrendRow, Trends};

/// Writes trends as CSV, as `faults trends --format csv` prints it: a record for each row, with the members of the JSON
/// document as columns. What isn't known is empty. Needs the feature `archive`.
///
/// Of the options, [`spreadsheet_safe`](WriteOptions::spreadsheet_safe) counts.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Trends, export};
///
/// let trends: Trends = serde_json::from_str(r#"{"schema": 1, "since": "2026-03-01", "by": "month", "rows": [
///     {"series": "v2", "period": "2026-03", "imports": 2, "expired": 1, "ended_without_report": 0,
///      "faults": 20, "contacts": 1000, "rate": 0.02}
/// ]}"#).unwrap();
/// let mut csv = Vec::new();
/// export::trends_to_csv(&trends, &export::WriteOptions::new(), &mut csv)?;
/// assert_eq!(
///     String::from_utf8_lossy(&csv),
///     "series,period,imports,expired,ended_without_report,faults,contacts,rate\nv2,2026-03,2,1,0,20,1000,0.02\n"
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_csv(trends: &Trends, options: &WriteOptions, writer: impl Write) -> Result<()> {
    write_csv(options, writer, |out| to_csv(trends, out))
}

fn to_csv(trends: &Trends, writer: impl Write) -> Result<()> {
    let key: &[&str] = match trends.by() {
        TrendBy::Account => &["account"],
        TrendBy::Reason => &["reason", "remedy"],
        TrendBy::Day | TrendBy::Week | TrendBy::Month => &["period"],
    };
    let figures = ["imports", "expired", "ended_without_report", "faults", "contacts", "rate"];
    let mut csv = Writer::from_writer(writer);
    csv.write_record([&["series"], key, &figures].concat()).map_err(writing_csv)?;
    for row in trends.rows() {
        csv.write_record(record(row)?).map_err(writing_csv)?;
    }
    csv.flush().map_err(writing)
}

fn record(row: &TrendRow) -> Result<Vec<String>> {
    let mut fields = vec![row.series.to_string(), row.key.to_string()];
    if let TrendKey::Reason(reason) = &row.key {
        fields.push(reason.remedy().to_string());
    }
    fields.extend([row.imports, row.expired, row.ended_without_report, row.faults].map(|number| number.to_string()));
    fields.push(row.contacts.map(|contacts| contacts.to_string()).unwrap_or_default());
    // As in JSON: the shortest text that reads as the same number.
    let rate = row.rate.map(|rate| serde_json::to_string(&rate).map_err(writing)).transpose()?;
    fields.push(rate.unwrap_or_default());
    Ok(fields)
}
