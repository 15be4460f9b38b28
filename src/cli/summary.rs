//! `faults summary`: why contacts failed.

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::export;

use super::Reading;
use super::failure::Failure;
use super::output::OutputArg;
use super::source::SourceArg;
use super::table;

/// Why contacts failed: counts per reason, most frequent first
#[derive(Args)]
pub struct Summary {
    #[command(flatten)]
    source: SourceArg,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: one document
    Json,
}

impl Summary {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        let counts = self.source.count(&self.reading.options())?;
        match self.format {
            Format::Table => {
                let width = self.output.width();
                self.output.write_text(color, |out| Ok(table::counts(&counts, &self.source.to_string(), width, out)?))
            }
            Format::Json => self.output.write(|out| Ok(export::counts_to_json(&counts, out)?)),
        }
    }
}
