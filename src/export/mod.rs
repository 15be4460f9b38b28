//! Counts and faults, written for other programs: one file a format, each a function from values to a writer.
//!
//! | for | format | function |
//! |---|---|---|
//! | programs | JSON | [`tally_to_json`], [`reasons_to_json`] |
//! | BI tools, notebooks, Grafana's Infinity | CSV and JSON lines, a flat record for each report and reason | [`tally_to_csv`], [`tally_to_jsonl`] |
//! | Prometheus and OpenMetrics | metrics | [`tally_to_prometheus`] |
//! | tickets, chats, pull requests | Markdown | [`tally_to_markdown`] |
//! | people | a page that needs nothing else (feature `html`) | `tally_to_html` |
//! | people at a terminal | tables (feature `table`) | `tally_to_table`, `comparison_to_table`, `reasons_to_table`, `split_files_to_table`, `faults_to_table` |
//! | notebooks and dashboards that draw | Vega-Lite | [`tally_to_vega_lite`] |
//! | people with a spreadsheet | a workbook (feature `xlsx`); a CSV without formulas, and back | `faults_to_xlsx`; [`WriteOptions::spreadsheet_safe`], [`restore_csv`] |
//! | acting on faults | the rows themselves, as CSV and JSON lines | [`faults_to_csv`], [`faults_to_jsonl`]; one at a time, [`Csv`], [`JsonLines`] |
//!
#![cfg_attr(
    feature = "archive",
    doc = "What an archive tells over time ([`Trends`](crate::Trends)) has the same formats: [`trends_to_json`], [`trends_to_jsonl`],\n\
           [`trends_to_csv`], [`trends_to_prometheus`], [`trends_to_vega_lite`], `trends_to_html` and `trends_to_table`.\n"
)]
//!
//! The counts are those of a [`Tally`](crate::Tally): of one report, `Tally::from(&report)`, or of several.

mod comparison;
mod comparison_csv;
#[cfg(feature = "table")]
mod comparison_table;
mod csv;
mod gathered;
#[cfg(feature = "split")]
mod hidden_file;
#[cfg(feature = "html")]
mod html;
mod json;
mod json_lines;
mod labels;
#[cfg(feature = "table")]
mod layout;
mod long_form;
mod markdown;
#[cfg(feature = "html")]
pub(crate) mod markup;
mod options;
mod prometheus;
#[cfg(feature = "table")]
mod reasons_table;
#[cfg(feature = "table")]
mod rows_table;
mod safe_csv;
mod separator;
#[cfg(feature = "split")]
mod split;
#[cfg(all(feature = "split", feature = "table"))]
mod split_table;
mod spreadsheet;
#[cfg(feature = "table")]
mod table;
#[cfg(feature = "table")]
mod table_options;
#[cfg(all(feature = "archive", feature = "html"))]
pub(crate) mod trends_chart;
#[cfg(feature = "archive")]
mod trends_csv;
#[cfg(all(feature = "archive", feature = "html"))]
mod trends_html;
#[cfg(feature = "archive")]
mod trends_json;
#[cfg(feature = "archive")]
mod trends_prometheus;
#[cfg(all(feature = "archive", feature = "table"))]
mod trends_table;
#[cfg(feature = "archive")]
mod trends_vega_lite;
#[cfg(feature = "archive")]
#[cfg_attr(
    not(all(feature = "html", feature = "table")),
    allow(dead_code, reason = "some of it only one of the two says")
)]
pub(crate) mod trends_words;
mod vega_lite;
pub(crate) mod words;
#[cfg(feature = "xlsx")]
mod xlsx;

pub use comparison::comparison_to_json;
pub use comparison_csv::comparison_to_csv;
#[cfg(feature = "table")]
pub use comparison_table::comparison_to_table;
pub use csv::{Csv, faults_to_csv, remedy_file_name, remedy_to_csv};
#[cfg(feature = "split")]
pub use hidden_file::HiddenFile;
#[cfg(feature = "html")]
pub use html::tally_to_html;
pub use json::{reasons_to_json, tally_to_json};
pub use json_lines::{JsonLines, faults_to_jsonl};
pub use labels::Labels;
pub use long_form::{tally_to_csv, tally_to_jsonl};
pub use markdown::tally_to_markdown;
pub use options::WriteOptions;
pub use prometheus::tally_to_prometheus;
#[cfg(feature = "table")]
pub use reasons_table::reasons_to_table;
#[cfg(feature = "table")]
pub use rows_table::{RowsTable, faults_to_table};
pub use safe_csv::{defuse_csv, restore_csv};
#[cfg(feature = "split")]
pub use split::{Split, SplitFile, SplitFormat, SplitOptions, split_to_dir};
#[cfg(all(feature = "split", feature = "table"))]
pub use split_table::split_files_to_table;
pub use spreadsheet::{defuse, restore};
#[cfg(feature = "table")]
pub use table::tally_to_table;
#[cfg(feature = "table")]
pub use table_options::TableOptions;
#[cfg(feature = "archive")]
pub use trends_csv::trends_to_csv;
#[cfg(all(feature = "archive", feature = "html"))]
pub use trends_html::trends_to_html;
#[cfg(feature = "archive")]
pub use trends_json::{trends_to_json, trends_to_jsonl};
#[cfg(feature = "archive")]
pub use trends_prometheus::trends_to_prometheus;
#[cfg(all(feature = "archive", feature = "table"))]
pub use trends_table::trends_to_table;
#[cfg(feature = "archive")]
pub use trends_vega_lite::trends_to_vega_lite;
pub use vega_lite::tally_to_vega_lite;
pub use words::anomalies_to_lines;
#[cfg(feature = "xlsx")]
pub use xlsx::{Xlsx, faults_to_xlsx};

use std::io;

use crate::error::{Error, Result};
use crate::report::FaultReport;
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;

/// Hands faults of a report to a sink, and each header where it begins, as the reading does with those of a stream.
fn tell<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    sink: &mut impl FaultSink,
) -> Result<()> {
    let mut headers = report.headers_at().peekable();
    headers.next().map_or(Ok(()), |(_, first)| sink.columns(first))?;
    for fault in faults {
        // Those on the way to the fault's own, too: what stands behind one is no longer taken for it.
        while let Some((_, columns)) = headers.next_if(|&(first, _)| first as u64 <= fault.index()) {
            sink.columns(columns)?;
        }
        sink.fault(&fault)?;
    }
    headers.try_for_each(|(_, columns)| sink.columns(columns))
}

/// The writer's own error, as ours.
fn writing(error: impl Into<io::Error>) -> Error {
    Error::writing(error.into())
}
