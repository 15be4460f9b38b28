//! Counts and faults, written for other programs: one file a format, each a function from values to a writer.

mod comparison;
mod csv;
mod json;
mod options;
#[cfg(feature = "split")]
mod split;
mod spreadsheet;

pub use comparison::comparison_to_json;
pub use csv::{faults_to_csv, faults_to_csv_with, remedy_file_name, remedy_to_csv};
pub use json::{counts_to_json, faults_to_jsonl, faults_to_jsonl_with, reasons_to_json};
pub use options::WriteOptions;
#[cfg(feature = "split")]
pub use split::{SplitFile, SplitOptions, split_to_dir};
pub use spreadsheet::{defuse, restore, restore_csv};

use std::io;

use crate::error::Error;

/// The writer's own error, as ours.
fn writing(error: impl Into<io::Error>) -> Error {
    Error::writing(error.into())
}
