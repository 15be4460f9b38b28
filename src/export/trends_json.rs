//! Trends as JSON, whole and by lines.

use std::io::Write;

use super::writing;
use crate::error::Result;
use crate::tally::trends::Trends;

/// Writes trends as one JSON document, which `faults trends --format json` prints: that of [`Trends`]. Needs the feature
/// `archive`.
///
/// `fixtures/trends.schema.json` is its JSON Schema.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
pub fn trends_to_json(trends: &Trends, mut writer: impl Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut writer, trends).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

/// Writes the rows of trends as JSON, an object a line, as `faults trends --format jsonl` prints them: the rows of the
/// document. Needs the feature `archive`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Trends, export};
///
/// let trends: Trends = serde_json::from_str(r#"{"schema": 1, "since": "2026-03-01", "by": "reason", "rows": [
///     {"series": "v2", "reason": "blocker", "imports": 2, "expired": 0, "ended_without_report": 0,
///      "faults": 20, "contacts": 1000, "rate": 0.02}
/// ]}"#).unwrap();
/// let mut lines = Vec::new();
/// export::trends_to_jsonl(&trends, &mut lines)?;
/// assert_eq!(
///     String::from_utf8_lossy(&lines),
///     r#"{"series":"v2","reason":"blocker","remedy":"remove","imports":2,"expired":0,"ended_without_report":0,"faults":20,"contacts":1000,"rate":0.02}
/// "#
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_jsonl(trends: &Trends, mut writer: impl Write) -> Result<()> {
    for row in trends.rows() {
        serde_json::to_writer(&mut writer, row).map_err(writing)?;
        writer.write_all(b"\n").map_err(writing)?;
    }
    Ok(())
}
