//! `faults reasons`: every reason, what it means, what to do.

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::export;

use super::failure::Failure;
use super::output::OutputArg;

const EXAMPLES: &str = "\
Examples:
  faults reasons
      for people
  faults reasons --format json
      for programs";

/// Every reason, what it means, what to do
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub struct Reasons {
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

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

impl Reasons {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        match self.format {
            Format::Table => {
                let options = self.output.table_options(color);
                self.output.write(|out| Ok(export::reasons_to_table(&options, out)?))
            }
            Format::Json => self.output.write(|out| Ok(export::reasons_to_json(out)?)),
        }
    }
}
