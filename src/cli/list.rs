//! `faults list`: the rows themselves.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use dotdigital_faults::{FailureReason, Fault, FaultReport, Remedy, export};

use super::Reading;
use super::failure::{Failure, note};
use super::gate::GateArg;
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::source::SourceArg;
use super::table;

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

/// The rows themselves, filtered
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct List {
    #[command(flatten)]
    source: SourceArg,

    /// Only faults with this reason; may be repeated, and `other` stands for all unknown ones
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(reason_slugs()))]
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

/// The slugs of all reasons, the unknown ones included.
pub fn reason_slugs() -> impl Iterator<Item = &'static str> {
    FailureReason::iter().map(|reason| reason.slug()).chain([FailureReason::OTHER])
}

impl List {
    pub fn run(&self) -> Result<(), Failure> {
        if self.spreadsheet_safe && self.format == Format::Jsonl {
            return Err(Failure::new(
                "--spreadsheet-safe is for CSV: no spreadsheet takes JSON for formulas; leave it out",
            ));
        }
        let mut options = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        if let Some(redactor) = self.redact.redactor()? {
            options = options.redact(redactor);
        }
        let report = self.source.read(&self.reading.options())?;
        self.output.write(|out| {
            let faults = report.faults().filter(|fault| self.is_wanted(fault));
            match self.format {
                Format::Csv => export::faults_to_csv_with(&report, faults, &options, out)?,
                Format::Jsonl => export::faults_to_jsonl_with(faults, &options, out)?,
            }
            Ok(())
        })?;
        note_anomalies(&report);
        self.gate.check(report.counts())
    }

    /// The same option adds, different ones narrow.
    fn is_wanted(&self, fault: &Fault<'_>) -> bool {
        let among = |wanted: &[String], slug: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == slug);
        among(&self.reason, fault.reason().slug()) && among(&self.remedy, fault.remedy().slug())
    }
}

/// The rows don't show what was unusual, and so it is said beside them.
pub fn note_anomalies(report: &FaultReport) {
    if !report.anomalies().is_empty() {
        let anomalies: Vec<_> = table::anomalies(report.anomalies()).collect();
        note(&format!("unusual, and read all the same: {}", anomalies.join("; ")));
    }
}
