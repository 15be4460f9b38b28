//! `faults split`: files to act on, one a remedy.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::{ErrorKind, Remedy, export};

use super::Reading;
use super::failure::{Failure, note};
use super::list::{note_anomalies, note_cut_cells};
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::signals::held_back;
use super::source::SourceArg;

const EXAMPLES: &str = "\
Examples:
  faults split report.csv --dir to-do
      to-do/correct.csv, to-do/remove.csv and so on
  faults split report.csv --dir to-do --force
      replacing the files of last time
  faults split report.csv --dir to-do --format xlsx --unique
      for people who open them in a spreadsheet, one row a contact";

const NOTES: &str = "\
correct.csv and retry-later.csv have the shape of the upload, without the reason, so that they can be imported again. \
The others have the report's own columns. The folder is made if there is none. All files appear, or none.

For files that people open in a spreadsheet, use --format xlsx, or --spreadsheet-safe and then `faults restore` before \
they are imported again. A link is replaced itself; what it points to stays as it is.";

/// One file per remedy that occurs, ready to act on
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

    /// What the files are
    #[arg(long, value_name = "FORMAT", default_value = "csv", ignore_case = true)]
    format: Format,

    /// One row a contact in each file: the first one; a row without an email stays
    #[arg(long)]
    unique: bool,

    /// Write CSV for a spreadsheet: a byte order mark, and an apostrophe before what would be taken for a formula
    #[arg(long)]
    spreadsheet_safe: bool,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The report's own cells, byte for byte
    Csv,
    /// Workbooks for spreadsheets, each of their cells text
    Xlsx,
}

impl From<Format> for export::SplitFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => export::SplitFormat::Csv,
            Format::Xlsx => export::SplitFormat::Xlsx,
        }
    }
}

impl Split {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        if self.spreadsheet_safe && self.format == Format::Xlsx {
            return Err(Failure::new("--spreadsheet-safe is for CSV: the cells of a workbook are text already")
                .hint("leave it out"));
        }
        let mut write = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        if let Some(redactor) = self.redact.redactor()? {
            write = write.redact(redactor);
        }
        let options = export::SplitOptions::new().write(write).overwrite(self.force);
        let options = options.format(self.format.into()).unique(self.unique);
        let make = || export::Split::new(&self.dir, &options);
        let (split, counts) = self.source.feed(&self.reading.options(), make)?;
        let files = held_back(|| split.finish()).map_err(|error| match error.kind() {
            ErrorKind::Exists => Failure::from(error).hint("name another folder, or allow to overwrite: --force"),
            _ => error.into(),
        })?;
        self.note_others(&files);
        self.note_repeated(&files);
        note_cut_cells(files.iter().map(export::SplitFile::cut_cells).sum());
        note_anomalies(&counts);
        let output = OutputArg::default();
        let options = output.table_options(color);
        output.write(|out| Ok(export::split_files_to_table(&files, &options, out)?))
    }

    /// A file of another time would be taken for one of this report.
    fn note_others(&self, files: &[export::SplitFile]) {
        for remedy in Remedy::iter().filter(|remedy| files.iter().all(|file| file.remedy() != *remedy)) {
            let path = self.dir.join(export::SplitFormat::from(self.format).file_name(remedy));
            if path.exists() {
                note(&format!("{path:?} was there already, and is not of this report: it has no such faults"));
            }
        }
    }
    fn note_repeated(&self, files: &[export::SplitFile]) {
        let repeated: u64 = files.iter().map(export::SplitFile::repeated).sum();
        if self.unique {
            let rows = if repeated == 1 { "row was" } else { "rows were" };
            note(&format!("{repeated} {rows} left out, of contacts that stand in the same file already (--unique)"));
        }
    }
}
