//! Counts and faults, written for other programs: one file a format, each a function from values to a writer.
//!
//! | for | format | function |
//! |---|---|---|
//! | programs | JSON | [`tally_to_json`], [`reasons_to_json`] |
//! | BI tools, notebooks, Grafana's Infinity | CSV and JSON lines, a flat record for each report and reason | [`tally_to_csv`], [`tally_to_jsonl`] |
//! | Prometheus and OpenMetrics | metrics | [`tally_to_prometheus`] |
//! | tickets, chats, pull requests | Markdown | [`tally_to_markdown`] |
//! | people | a page that needs nothing else (feature `html`) | `tally_to_html` |
//! | notebooks and dashboards that draw | Vega-Lite | [`tally_to_vega_lite`] |
//! | acting on faults | the rows themselves, as CSV and JSON lines | [`faults_to_csv`], [`faults_to_jsonl`]; one at a time, [`Csv`], [`JsonLines`] |
//!
//! The counts are those of a [`Tally`](crate::Tally): of one report, `Tally::from(&report)`, or of several.

mod comparison;
mod csv;
#[cfg(feature = "html")]
mod html;
mod json;
mod json_lines;
mod long_form;
mod markdown;
mod options;
mod prometheus;
#[cfg(feature = "split")]
mod split;
mod spreadsheet;
mod vega_lite;
mod words;

pub use comparison::comparison_to_json;
pub use csv::{Csv, faults_to_csv, remedy_file_name, remedy_to_csv};
#[cfg(feature = "html")]
pub use html::tally_to_html;
pub use json::{reasons_to_json, tally_to_json};
pub use json_lines::{JsonLines, faults_to_jsonl};
pub use long_form::{tally_to_csv, tally_to_jsonl};
pub use markdown::tally_to_markdown;
pub use options::WriteOptions;
pub use prometheus::tally_to_prometheus;
#[cfg(feature = "split")]
pub use split::{Split, SplitFile, SplitOptions, split_to_dir};
pub use spreadsheet::{defuse, restore, restore_csv};
pub use vega_lite::tally_to_vega_lite;

use std::io;

use crate::error::Error;

/// The writer's own error, as ours.
fn writing(error: impl Into<io::Error>) -> Error {
    Error::writing(error.into())
}
