//! `faults status`: how far imports are.

use std::io::{self, Write};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use dotdigital_faults::{Error, ErrorKind, ImportStatus, ImportSummary, ReadOptions, ReportId, blocking};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::connection::Connection;
use super::failure::{Failure, note};
use super::many::ManyArgs;
use super::output::OutputArg;
use super::progress::Progress;
use super::source::{Admission, ask, parse_import_id};

const EXAMPLES: &str = "\
Examples:
  faults status 842d81e8-c619-457f-bb77-ab6c4a17da39
      whether it has finished, and how many failed
  faults status --from ids.txt --keep-going --format json
      many, also where the service doesn't know one of them";

const NOTES: &str = "\
The figures are the service's own. Faults are the sum of those that are about contacts that failed, and are part of the \
new, the updated and the failed contacts together. What the service doesn't say isn't known, and so is left out. Nothing \
promises that the figures agree with the report.";

/// How far imports are, the service's own figures, and how many contacts failed
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Status {
    /// The imports' ids, GUIDs
    #[arg(value_name = "IMPORT_ID", value_parser = parse_import_id, required_unless_present = "from")]
    import_ids: Vec<Uuid>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    #[command(flatten)]
    many: ManyArgs,

    #[command(flatten)]
    output: OutputArg,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people, on a terminal
    Table,
    /// For programs: one document
    Json,
}

impl Status {
    pub fn run(self: Box<Self>) -> Result<(), Failure> {
        self.output.destination()?;
        let ids = self.ids()?;
        let (status, admission, is_one) = (Arc::new(self), Admission::default(), ids.len() == 1);
        let asking = Arc::clone(&status);
        let ask = move |&id: &Uuid| {
            let progress = if is_one { Progress::of_import() } else { Progress::hidden() };
            ask(id, &asking.connection, &ReadOptions::new(), &admission, |client| {
                let client = client.observed_by(progress.hook());
                let id = asking.connection.report_id(id);
                if asking.connection.wait {
                    wait(id, &client)?;
                }
                Import::asked(id, &client)
            })
        };
        status.many.each(ids, ask)?.then(|imports| {
            status.output.write(|out| match status.format {
                Format::Table => Ok(table(&imports, out)?),
                Format::Json => {
                    serde_json::to_writer_pretty(&mut *out, &Document { schema: 1, imports: &imports })
                        .map_err(io::Error::from)?;
                    Ok(writeln!(out)?)
                }
            })?;
            if imports.iter().any(|import| import.status == ImportStatus::NotFinished) {
                note("not finished: wait for it with --wait");
            }
            Ok(())
        })
    }

    /// All ids that are meant, in the order given: those of the arguments, then those of the list.
    fn ids(&self) -> Result<Vec<Result<Uuid, Failure>>, Failure> {
        let mut ids: Vec<_> = self.import_ids.iter().copied().map(Ok).collect();
        for line in self.many.lines()? {
            let id = parse_import_id(line.text.to_string_lossy().trim());
            match id.map_err(|error| Failure::new(format!("{}: {error}", line.place))) {
                Err(failure) if !self.many.keep_going => return Err(failure),
                id => ids.push(id),
            }
        }
        Ok(ids)
    }
}

/// What the service says about one import.
#[derive(Serialize)]
struct Import {
    import_id: Uuid,
    status: ImportStatus,
    finished: bool,
    figures: Option<Figures>,
    faults: Option<u64>,
    failure_rate: Option<f64>,
}

#[derive(Serialize)]
struct Document<'i> {
    schema: u32,
    imports: &'i [Import],
}

impl Import {
    /// Asks for the status, and for the figures once there can be any.
    fn asked(id: ReportId, client: &blocking::Client) -> Result<Import, Error> {
        let status = client.import_status(id)?;
        let summary = if status.is_final() { figures(id, client)? } else { ImportSummary::default() };
        let faults = summary.iter().next().is_some().then(|| summary.failed());
        Ok(Import {
            import_id: id.uuid(),
            finished: status == ImportStatus::Finished,
            status,
            faults,
            failure_rate: summary.failure_rate(),
            figures: (summary != ImportSummary::default()).then_some(Figures(summary)),
        })
    }

    fn contacts(&self) -> Option<u64> {
        let Figures(summary) = self.figures.as_ref()?;
        Some(self.faults?.saturating_add(summary.new_contacts()?).saturating_add(summary.updated_contacts()?))
    }
}

/// Waits until the import has ended, one way or another.
fn wait(id: ReportId, client: &blocking::Client) -> Result<(), Error> {
    match client.wait_until_finished(id) {
        Err(error) if error.kind() == ErrorKind::EndedWithoutReport => Ok(()),
        other => other,
    }
}

/// The service's figures; none where it has none, or no longer. Of enrolments it never has any.
fn figures(id: ReportId, client: &blocking::Client) -> Result<ImportSummary, Error> {
    let ReportId::Import(id) = id else { return Ok(ImportSummary::default()) };
    match client.import_summary(id) {
        Err(error) if error.is_not_there() => Ok(ImportSummary::default()),
        other => other,
    }
}

/// The service's figures under the names that REST has for them.
struct Figures(ImportSummary);

impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, figure) in self.0.figures() {
            map.serialize_entry(&name, &figure)?;
        }
        map.end()
    }
}

/// A line for each import.
fn table(imports: &[Import], out: &mut dyn Write) -> io::Result<()> {
    const STATUS: usize = 12;

    let number =
        |number: Option<u64>| number.map_or("-".to_owned(), |number| indicatif::HumanCount(number).to_string());
    let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.1} %", 100.0 * rate));
    let widest = imports.iter().map(|import| import.status.as_str().chars().count()).max().unwrap_or(0).max(STATUS);
    let id = uuid::fmt::Hyphenated::LENGTH;
    writeln!(out, "{:id$}  {:widest$}  {:>10}  {:>9}  {:>7}", "import", "status", "contacts", "faults", "rate")?;
    for import in imports {
        let (contacts, faults) = (number(import.contacts()), number(import.faults));
        let (status, rate) = (import.status.as_str(), rate(import.failure_rate));
        writeln!(out, "{}  {status:widest$}  {contacts:>10}  {faults:>9}  {rate:>7}", import.import_id)?;
    }
    Ok(())
}
