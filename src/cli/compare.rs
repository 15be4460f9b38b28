//! `faults compare`: what changed between two reports.

use anstream::ColorChoice;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use dotdigital_faults::{
    Comparer, Comparison, ContactFinder, Error, Fault, FaultSink, ReasonCounts, ReportKind, export,
};

use super::Reading;
use super::connection::Connection;
use super::failure::Failure;
use super::gate::GateArg;
use super::kept_emails::KeptEmails;
use super::list::note_anomalies;
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::source::Source;

const EXAMPLES: &str = "\
Examples:
  faults compare old.csv new.csv
      what changed, in counts
  faults compare old.csv new.csv --contacts
      and whom it concerns
  faults compare old.csv new.csv --contacts --format csv -o changed.csv
      the same for a spreadsheet or a script
  faults compare old.csv new.csv --fail-on hard_bounced=50
      for a pipeline";

const NOTES: &str = "\
A contact is told by its email, without the white space around it and in any case. It counts once, and has changed \
where its reasons are others, or occur another number of times. What holds no @ in the email's cell is no contact: it is \
only counted.

No report is held in memory. To list contacts, files are read a second time, and the emails of those that have changed are \
held, which may have as many bytes as --max-size allows. Of what can be read once only (standard input, a pipe, a fetched \
report), the emails are kept meanwhile, beyond 1 MiB in a temporary file without a name (TMPDIR). A file that changes between \
the readings is listed as it was read first, or is an error.";

/// What changed between two reports of the same list
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Compare {
    /// The older report: an import id (a GUID), the path of a saved report, or `-` for standard input
    #[arg(value_name = "OLD", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    old: Source,

    /// The newer report, in the same way
    #[arg(value_name = "NEW", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    new: Source,

    #[command(flatten)]
    connection: Connection,

    /// Compare a report of the newer API (v3) with one of the others, although their reasons mean different things
    #[arg(long)]
    across_protocols: bool,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// List the contacts that have changed, by their emails; files are read a second time for it
    #[arg(long)]
    contacts: bool,

    /// Write the CSV for a spreadsheet: a byte order mark, and an apostrophe before what would be taken for a formula
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

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: one document
    Json,
    /// For spreadsheets and scripts: a record for each contact that has changed; needs --contacts
    Csv,
}

impl Compare {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        if matches!((&self.old, &self.new), (Source::Stdin, Source::Stdin)) {
            return Err(
                Failure::new("standard input can be read once only").hint("name the path of one of the reports")
            );
        }
        if matches!(self.format, Format::Csv) && !self.contacts {
            return Err(Failure::new("a CSV is of the contacts that have changed").hint("add --contacts"));
        }
        if self.spreadsheet_safe && !matches!(self.format, Format::Csv) {
            return Err(Failure::new("--spreadsheet-safe is for CSV").hint("add --format csv, or leave it out"));
        }
        let redactor = self.redact.redactor()?;
        let comparison = self.comparison()?;
        match self.format {
            Format::Table => {
                let mut options = self.output.table_options(color).contacts(self.contacts);
                let described = |source: &Source| source.described(&self.connection);
                options = options.sources(described(&self.old), described(&self.new));
                if let Some(redactor) = redactor {
                    options = options.redact(redactor);
                }
                self.output.write(|out| Ok(export::comparison_to_table(&comparison, &options, out)?))?;
            }
            Format::Json | Format::Csv => {
                let options = export::WriteOptions::new().contacts(self.contacts);
                let mut options = options.spreadsheet_safe(self.spreadsheet_safe);
                if let Some(redactor) = redactor {
                    options = options.redact(redactor);
                }
                self.output.write(|out| match self.format {
                    Format::Csv => Ok(export::comparison_to_csv(&comparison, &options, out)?),
                    _ => Ok(export::comparison_to_json(&comparison, &options, out)?),
                })?;
            }
        }
        note_anomalies(comparison.older());
        note_anomalies(comparison.newer());
        self.gate.check(comparison.newer())
    }

    /// Compares the reports, in a few bytes a contact.
    fn comparison(&self) -> Result<Comparison, Failure> {
        let (connection, options) = (&self.connection, &self.reading.options());
        let kept = |source: &Source| (self.contacts && !source.is_file()).then(KeptEmails::default);
        let (older, old) = self.old.feed(connection, options, || {
            Ok(Side { comparer: Comparer::new(), is_new: false, kept: kept(&self.old) })
        })?;
        let mut comparer = Some(older.comparer);
        let is_fetched = matches!(self.new, Source::Import(_));
        let (newer, new) = self.new.feed(connection, options, || {
            // What is fetched again is taken again, from where it was.
            let again = if is_fetched { comparer.clone() } else { comparer.take() };
            Ok(Side { comparer: again.unwrap_or_default(), is_new: true, kept: kept(&self.new) })
        })?;
        drop(comparer);
        self.check_kinds(&old, &new)?;
        if !self.contacts {
            return Ok(newer.comparer.finish(old, new));
        }
        let finder = newer.comparer.find_contacts(old, new)?;
        let mut finder = finder.most_bytes(connection.max_size());
        self.find(&self.old, older.kept, &mut finder)?;
        self.find(&self.new, newer.kept, &mut finder)?;
        Ok(finder.finish()?)
    }

    /// Finds contacts in one of the reports, as long as any is missing: in what was kept of it, or by reading it again.
    fn find(&self, source: &Source, kept: Option<KeptEmails>, finder: &mut ContactFinder) -> Result<(), Failure> {
        match kept {
            _ if finder.missing() == 0 => Ok(()),
            Some(kept) => kept.each(|email| finder.find(email)).map_err(|error| source.failure(error)),
            None => source.feed_again(&self.connection, &self.reading.options(), finder),
        }
    }

    /// Refuses to take for a change of the contacts what is one of the API.
    fn check_kinds(&self, old: &ReasonCounts, new: &ReasonCounts) -> Result<(), Failure> {
        let is_v3 = |counts: &ReasonCounts| counts.report_kind() == Some(ReportKind::ImportV3);
        if is_v3(old) == is_v3(new) || self.across_protocols {
            return Ok(());
        }
        let (v3, other) = if is_v3(old) { (&self.old, &self.new) } else { (&self.new, &self.old) };
        Err(Failure::new(format!(
            "{v3} is of the newer API (v3), and {other} is not: their reasons mean different things, so that most of what \
             changed would be a change of the API; compare reports of one protocol, or insist with --across-protocols"
        )))
    }
}

/// One of the two reports, as it is taken.
struct Side {
    comparer: Comparer,
    is_new: bool,
    /// Where the contacts are to be listed, and the report can't be read again.
    kept: Option<KeptEmails>,
}

impl FaultSink for Side {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        if let Some(kept) = &mut self.kept {
            kept.keep(fault)?;
        }
        if self.is_new { self.comparer.newer().fault(fault) } else { self.comparer.older().fault(fault) }
    }
}
