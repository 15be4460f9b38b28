//! `faults archive status`: what an archive holds, and what is still to be collected.

use std::io::{self, Write};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, ValueEnum};
use dotdigital_faults::archive::{Archive, ArchiveStatus};
use indicatif::{BinaryBytes, HumanCount};

use super::{note_strays, waited_for};
use crate::cli::failure::{Failure, first_of, note};
use crate::cli::output::OutputArg;

/// How many open imports are named for people.
const MOST_NAMED: usize = 20;

const EXAMPLES: &str = "\
Examples:
  faults archive status archive
      what it holds, and what is still to be collected
  faults archive status s3://bucket/faults --format json
      for programs";

const NOTES: &str = "\
An import is open from when the archive first saw it until its end is known; every later collect takes it up. The service \
keeps a report for about a week: those that have been open for more than five days are about to expire, those that have been \
for more than seven are overdue, and are counted among the former, too. After 30 days no collect takes them up any more: those \
are lost, and no longer open. Files of faults and of counts that are of different reports disagree: look at who has written \
into the archive. Files that are damaged are named, and left out of all figures; the exit code is 2 then. Those that are no \
import's are passed over, and named, too.";

/// What an archive holds, and what is still to be collected
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Status {
    /// The archive: a folder, or a bucket such as s3://bucket/prefix
    #[arg(value_name = "ROOT")]
    root: String,

    /// How to print it
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

impl Status {
    pub fn run(&self) -> Result<(), Failure> {
        self.output.destination()?;
        let now = DateTime::<Utc>::from(SystemTime::now());
        let status = waited_for(async { Ok(Archive::open(&self.root).await?.status(now).await?) })?;
        self.output.write(|out| match self.format {
            Format::Table => Ok(write_table(&status, now, out)?),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &status).map_err(io::Error::from)?;
                Ok(writeln!(out)?)
            }
        })?;
        if status.disagreeing > 0 {
            let named = first_of(status.disagreeing_imports.iter().map(ToString::to_string));
            note(&format!("faults and counts are of different reports: {named}"));
        }
        note_strays(&status.stray_files);
        match status.damaged {
            0 => Ok(()),
            damaged => {
                let what = first_of(status.damaged_files);
                let what = format!("{damaged} files are damaged, and left out of these figures: {what}");
                Err(Failure::new(what).hint(
                    "remove them: the next collect fetches again what the service still has, where a claim is damaged once \
                     the import's id is given",
                ))
            }
        }
    }
}

fn write_table(status: &ArchiveStatus, now: DateTime<Utc>, out: &mut dyn Write) -> io::Result<()> {
    let imports = [
        ("imports", status.imports),
        ("  archived", status.archived),
        ("  expired", status.expired),
        ("  ended without a report", status.ended_without_report),
        ("  not found", status.not_found),
        ("open", status.open.len() as u64),
        ("  about to expire", status.about_to_expire),
        ("  overdue", status.overdue),
        ("lost", status.lost),
        ("disagreeing", status.disagreeing),
        ("damaged", status.damaged),
        ("accounts", status.accounts),
        ("files of faults", status.faults_files),
    ];
    for (what, count) in imports {
        writeln!(out, "{what:24}  {:>10}", HumanCount(count).to_string())?;
    }
    writeln!(out, "{:24}  {:>10}", "bytes", BinaryBytes(status.bytes).to_string())?;
    writeln!(out, "{:24}  {:>10}", "contacts", status.contacts.to_string())?;
    if let (Some(first), Some(last)) = (status.first_date, status.last_date) {
        writeln!(out, "{:24}  {first} to {last}", "days")?;
    }
    write_open(status, now, out)
}

/// The open imports, those first that are open for longest.
fn write_open(status: &ArchiveStatus, now: DateTime<Utc>, out: &mut dyn Write) -> io::Result<()> {
    if status.open.is_empty() {
        return Ok(());
    }
    // Names are plain ASCII.
    let shown = status.open.iter().take(MOST_NAMED);
    let account = shown.clone().map(|claim| claim.account.as_str().len()).max().unwrap_or(0).max("account".len());
    let id = uuid::fmt::Hyphenated::LENGTH;
    writeln!(out, "\n{:account$}  {:id$}  {:20}  days", "account", "open import", "claimed at")?;
    for claim in shown {
        let (name, at) = (claim.account.as_str(), claim.claimed_at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let days = now.signed_duration_since(claim.claimed_at).num_days();
        writeln!(out, "{name:account$}  {}  {at:20}  {days:>4}", claim.import_id)?;
    }
    match status.open.len().saturating_sub(MOST_NAMED) {
        0 => Ok(()),
        more => writeln!(out, "and {} more", HumanCount(more as u64)),
    }
}
