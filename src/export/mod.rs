//! Counts and faults, written for other programs: one file a format, each a function from values to a writer.

mod csv;
mod json;

pub use csv::faults_to_csv;
pub use json::{counts_to_json, faults_to_jsonl, reasons_to_json};

use std::io;

use crate::error::Error;

/// The writer's own error, as ours.
fn writing(error: impl Into<io::Error>) -> Error {
    Error::writing(error.into())
}
