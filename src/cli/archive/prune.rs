//! `faults archive prune`: contact data that is old enough to go.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use clap::Args;
use dotdigital_faults::archive::Archive;
use indicatif::{BinaryBytes, HumanCount};

use super::waited_for;
use crate::cli::failure::Failure;
use crate::cli::output::OutputArg;
use crate::cli::units;

const EXAMPLES: &str = "\
Examples:
  faults archive prune archive --contacts-older-than 30d --dry-run
      what would be deleted
  faults archive prune archive --contacts-older-than 30d
      deletes it";

const NOTES: &str = "\
Deletes the faults of every day that is more than so many days ago, in UTC; the counts stay, so that trends do. Late imports \
may still be filed under such a day: prune again. A bucket that keeps versions keeps the deleted files as such.";

/// Delete contact data that is older than some days; the counts stay
#[derive(Args)]
#[command(
    before_help = EXAMPLES,
    after_help = NOTES,
    override_usage = "faults archive prune --contacts-older-than <DAYS> <ROOT>"
)]
pub struct Prune {
    /// The archive: a folder, or a bucket such as s3://bucket/prefix
    #[arg(value_name = "ROOT")]
    root: String,

    /// Delete the faults of days before this many days ago
    #[arg(long, value_name = "DAYS", value_parser = units::days)]
    contacts_older_than: u32,

    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    output: OutputArg,
}

impl Prune {
    pub fn run(&self) -> Result<(), Failure> {
        self.output.destination()?;
        let today = DateTime::<Utc>::from(SystemTime::now()).date_naive();
        let pruned = waited_for(async {
            let archive = Archive::open(&self.root).await?;
            Ok(archive.prune(self.contacts_older_than.into(), today, self.dry_run).await?)
        })?;
        let (folders, files, bytes) = (HumanCount(pruned.folders), HumanCount(pruned.files), BinaryBytes(pruned.bytes));
        let done = if self.dry_run { "would be deleted" } else { "deleted" };
        self.output.write(|out| Ok(writeln!(out, "{done}: {folders} folders, {files} files, {bytes}")?))
    }
}
