//! `faults list`: the rows themselves.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use dotdigital_faults::{FailureReason, Fault, FaultReport, Remedy, export};

use super::Reading;
use super::failure::{Failure, note};
use super::output::OutputArg;
use super::source::SourceArg;
use super::table;

/// The rows themselves, filtered
#[derive(Args)]
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

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// The report's own columns, byte for byte
    Csv,
    /// An object a line, with reason, remedy and line number
    Jsonl,
}

/// The slugs of all reasons, the unknown ones included.
fn reason_slugs() -> impl Iterator<Item = &'static str> {
    FailureReason::iter().map(|reason| reason.slug()).chain([FailureReason::OTHER])
}

impl List {
    pub fn run(&self) -> Result<(), Failure> {
        let report = self.source.read(&self.reading.options())?;
        self.output.write(|out| {
            let faults = report.faults().filter(|fault| self.is_wanted(fault));
            match self.format {
                Format::Csv => export::faults_to_csv(&report, faults, out)?,
                Format::Jsonl => export::faults_to_jsonl(faults, out)?,
            }
            Ok(())
        })?;
        note_anomalies(&report);
        Ok(())
    }

    /// The same option adds, different ones narrow.
    fn is_wanted(&self, fault: &Fault<'_>) -> bool {
        let among = |wanted: &[String], slug: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == slug);
        among(&self.reason, fault.reason().slug()) && among(&self.remedy, fault.remedy().slug())
    }
}

/// The rows don't show what was unusual, and so it is said beside them.
fn note_anomalies(report: &FaultReport) {
    if !report.anomalies().is_empty() {
        let anomalies: Vec<_> = table::anomalies(report.anomalies()).collect();
        note(&format!("unusual, and read all the same: {}", anomalies.join("; ")));
    }
}
