//! `faults list`: the rows themselves.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use dotdigital_faults::{Columns, Error, FailureReason, Fault, FaultSink, ReasonCounts, ReasonFilter, Remedy, export};

use super::Reading;
use super::failure::{Failure, note};
use super::gate::GateArg;
use super::output::{OutputArg, OutputRows};
use super::redact::RedactArgs;
use super::source::SourceArg;

const EXAMPLES: &str = "\
Examples:
  faults list report.csv --reason invalid_email
      the rows with one reason, as CSV
  faults list - --remedy remove --format jsonl
      those that call for one remedy, from standard input
  faults list report.csv --spreadsheet-safe -o faults.csv
      for people who open it in a spreadsheet
  faults list report.csv --redact
      for people who must not know the contacts";

const NOTES: &str = "\
A CSV is faithful, byte for byte, unless --spreadsheet-safe is given: use that for files that people open in a \
spreadsheet, and not for files that a program reads or that are imported again.";

/// Up to what size a file is read through before its rows are written to standard output, so that nothing is written
/// where the reading fails. What can still go wrong in a larger one, behind its first MiB, is a row of many megabytes, a
/// header of many thousand columns, or the disk.
const CHECKED: u64 = 64 << 20;

/// The rows themselves, filtered
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct List {
    #[command(flatten)]
    source: SourceArg,

    /// Only faults with this reason; may be repeated, and `other` stands for all unknown ones
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(FailureReason::slugs()))]
    reason: Vec<String>,

    /// Only faults that call for this remedy; may be repeated
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(Remedy::iter().map(Remedy::slug)))]
    remedy: Vec<String>,

    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    format: Format,

    /// Put an apostrophe before each cell of the CSV that a spreadsheet would take for a formula
    #[arg(long)]
    spreadsheet_safe: bool,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    gate: GateArg,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The report's own columns, byte for byte
    Csv,
    /// An object a line, with reason, remedy and line number
    Jsonl,
}

impl List {
    pub fn run(&self) -> Result<(), Failure> {
        if self.spreadsheet_safe && self.format == Format::Jsonl {
            return Err(Failure::new("--spreadsheet-safe is for CSV: no spreadsheet takes JSON for formulas")
                .hint("leave it out"));
        }
        let mut options = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        if let Some(redactor) = self.redact.redactor()? {
            options = options.redact(redactor);
        }
        let read = self.reading.options();
        let destination = self.output.destination()?;
        // What is written to a stream can't be taken back: so a file is read through before.
        let size = if destination.is_stream() { self.source.file_size() } else { None };
        let is_checked = size.is_some_and(|size| size <= CHECKED) || size.is_some() && self.reading.strict;
        let filter = self.filter();
        if is_checked {
            let make = || Ok(Rows::new(self.format, OutputRows::Nowhere, &filter, &options));
            self.source.feed(&read, make)?;
        }
        let make = || {
            let rows = destination.rows(size.is_some()).map_err(|error| destination.unwritable_rows(error))?;
            Ok(Rows::new(self.format, rows, &filter, &options))
        };
        let (rows, counts) = self.source.feed(&read, make)?;
        destination.complete_rows(rows.format.finish()?)?;
        note_anomalies(&counts);
        self.gate.check(&counts)
    }

    /// The same option adds, different ones narrow.
    fn filter(&self) -> ReasonFilter {
        let filter = self.reason.iter().fold(ReasonFilter::new(), |filter, slug| match &**slug {
            FailureReason::OTHER => filter.unknown_reasons(),
            slug => filter.reason(FailureReason::from(slug)),
        });
        let remedies = self.remedy.iter().filter_map(|slug| Remedy::try_parse(slug));
        remedies.fold(filter, ReasonFilter::remedy)
    }
}

/// The faults that are wanted, written.
struct Rows {
    filter: ReasonFilter,
    format: Written,
}

impl Rows {
    fn new(format: Format, rows: OutputRows, filter: &ReasonFilter, options: &export::WriteOptions) -> Self {
        Rows { filter: filter.clone(), format: Written::new(format, rows, options) }
    }
}

impl FaultSink for Rows {
    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        match &mut self.format {
            Written::Csv(csv) => csv.columns(columns),
            Written::Jsonl(lines) => lines.columns(columns),
        }
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        if !self.filter.wants(fault.reason()) {
            return Ok(());
        }
        match &mut self.format {
            Written::Csv(csv) => csv.fault(fault),
            Written::Jsonl(lines) => lines.fault(fault),
        }
    }
}

/// What writes them.
enum Written {
    Csv(Box<export::Csv<OutputRows>>),
    Jsonl(Box<export::JsonLines<OutputRows>>),
}

impl Written {
    fn new(format: Format, rows: OutputRows, options: &export::WriteOptions) -> Self {
        match format {
            Format::Csv => Written::Csv(Box::new(export::Csv::new(rows, options))),
            Format::Jsonl => Written::Jsonl(Box::new(export::JsonLines::new(rows, options))),
        }
    }

    fn finish(self) -> Result<OutputRows, Error> {
        match self {
            Written::Csv(csv) => csv.finish(),
            Written::Jsonl(lines) => lines.finish(),
        }
    }
}

/// The rows don't show what was unusual, and so it is said beside them.
pub fn note_anomalies(counts: &ReasonCounts) {
    if !counts.anomalies().is_empty() {
        let anomalies: Vec<_> = export::anomalies_to_lines(counts.anomalies()).collect();
        note(&format!("unusual, and read all the same: {}", anomalies.join("; ")));
    }
}
