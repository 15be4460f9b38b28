//! `faults restore`: the way back from a spreadsheet.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use dotdigital_faults::export;

use super::failure::Failure;
use super::output::OutputArg;

const EXAMPLES: &str = "\
Examples:
  faults restore to-do/correct.csv -o import.csv
      what was corrected in a spreadsheet, ready to be imported";

const NOTES: &str = "\
The byte order mark at the beginning is dropped, and each cell that begins with an apostrophe loses exactly that one. What \
--spreadsheet-safe wrote is the same without it afterwards, byte for byte. A spreadsheet may have saved it in between, also \
with semicolons or tabs.";

/// Undo --spreadsheet-safe, so that a CSV can be imported again
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Restore {
    /// A CSV that was written with --spreadsheet-safe, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    output: OutputArg,
}

impl Restore {
    pub fn run(&self) -> Result<(), Failure> {
        let input = self.input()?;
        let destination = self.output.destination()?;
        // Nobody sees it before it is whole.
        let mut rows = destination.rows(false).map_err(|error| destination.unwritable_rows(error))?;
        export::restore_csv(input, &mut rows).map_err(|error| Failure::from(error).at(format!("{:?}", self.file)))?;
        destination.complete_rows(rows)
    }

    fn input(&self) -> Result<Box<dyn Read>, Failure> {
        if self.file == Path::new("-") {
            let stdin = io::stdin();
            if stdin.is_terminal() {
                return Err(Failure::new("standard input is a terminal").hint("send a file into it, or name its path"));
            }
            return Ok(Box::new(stdin.lock()));
        }
        let unreadable = |error| Failure::new(format!("{:?} can't be read: {error}", self.file));
        let file = File::open(&self.file).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Failure::new(format!("{:?} is a directory", self.file)).hint("name a file"));
        }
        Ok(Box::new(file))
    }
}
