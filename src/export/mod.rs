//! Counts and faults, written for other programs: one file a format, each a function from values to a writer.
//!
//! | for | format | function |
//! |---|---|---|
//! | programs | JSON | [`tally_to_json`], [`counts_to_json`], [`reasons_to_json`] |
//! | BI tools, notebooks, Grafana's Infinity | CSV and JSON lines, a flat record for each report and reason | [`tally_to_csv`], [`tally_to_jsonl`] |
//! | Prometheus and OpenMetrics | metrics | [`tally_to_prometheus`] |
//! | tickets, chats, pull requests | Markdown | [`tally_to_markdown`] |
//! | people | a page that needs nothing else (feature `html`) | `tally_to_html` |
//! | notebooks and dashboards that draw | Vega-Lite | [`tally_to_vega_lite`] |
//! | acting on faults | the rows themselves, as CSV and JSON lines | [`faults_to_csv`], [`faults_to_jsonl`] |
//!
//! The counts are those of a [`Tally`](crate::Tally): of one report, `Tally::from(&report)`, or of several.

mod csv;
#[cfg(feature = "html")]
mod html;
mod json;
mod markdown;
mod prometheus;
mod record;
mod vega_lite;
mod words;

pub use csv::{faults_to_csv, tally_to_csv};
#[cfg(feature = "html")]
pub use html::tally_to_html;
pub use json::{counts_to_json, faults_to_jsonl, reasons_to_json, tally_to_json, tally_to_jsonl};
pub use markdown::tally_to_markdown;
pub use prometheus::tally_to_prometheus;
pub use vega_lite::tally_to_vega_lite;

use std::io;

use crate::error::Error;

/// The writer's own error, as ours.
fn writing(error: impl Into<io::Error>) -> Error {
    Error::writing(error.into())
}
