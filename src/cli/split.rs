//! `faults split`: files to act on, one a remedy.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::Args;
use dotdigital_faults::{ErrorKind, Remedy, export};

use super::Reading;
use super::failure::{Failure, note};
use super::list::note_anomalies;
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::source::SourceArg;

const EXAMPLES: &str = "\
Examples:
  faults split report.csv --dir to-do
      to-do/correct.csv, to-do/remove.csv and so on
  faults split report.csv --dir to-do --force
      replacing the files of last time
  faults split report.csv --dir to-do --spreadsheet-safe
      for people who open them in a spreadsheet";

const NOTES: &str = "\
correct.csv and retry-later.csv have the shape of the upload, without the reason, so that they can be imported again. \
The others have the report's own columns. The folder is made if there is none. All files appear, or none.

Use --spreadsheet-safe for files that people open in a spreadsheet, and not for files that are imported again.";

/// One CSV per remedy that occurs, ready to act on
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Split {
    #[command(flatten)]
    source: SourceArg,

    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// Replace files that are there already
    #[arg(long)]
    force: bool,

    /// Put an apostrophe before each cell that a spreadsheet would take for a formula
    #[arg(long)]
    spreadsheet_safe: bool,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    reading: Reading,
}

impl Split {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        let mut write = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        if let Some(redactor) = self.redact.redactor()? {
            write = write.redact(redactor);
        }
        let options = export::SplitOptions::new().write(write).overwrite(self.force);
        let make = || export::Split::new(&self.dir, &options);
        let (split, counts) = self.source.feed(&self.reading.options(), make)?;
        let files = split.finish().map_err(|error| match error.kind() {
            ErrorKind::Exists => Failure::from(error).hint("name another folder, or allow to overwrite: --force"),
            _ => error.into(),
        })?;
        self.note_others(&files);
        note_anomalies(&counts);
        let output = OutputArg::default();
        let options = output.table_options(color);
        output.write(|out| Ok(export::split_files_to_table(&files, &options, out)?))
    }

    /// A file of another time would be taken for one of this report.
    fn note_others(&self, files: &[export::SplitFile]) {
        for remedy in Remedy::iter().filter(|remedy| files.iter().all(|file| file.remedy() != *remedy)) {
            let path = self.dir.join(export::remedy_file_name(remedy));
            if path.exists() {
                note(&format!("{path:?} was there already, and is not of this report: it has no such faults"));
            }
        }
    }
}
