//! `faults archive forget`: people whose contact data is to go.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use dotdigital_faults::archive::Archive;
use indicatif::HumanCount;

use super::waited_for;
use crate::cli::failure::{Failure, first_of, note};
use crate::cli::lines::{lines, named};
use crate::cli::output::OutputArg;
use crate::cli::redact::contacts_of;

const EXAMPLES: &str = "\
Examples:
  echo ada@example.com | faults archive forget archive --emails -
      in every file of the archive";

const NOTES: &str = "\
In each fault whose email, or any of whose cells, is one of these addresses, the email, its domain and all cells become null, \
and an unknown reason loses its label; the fault, its place and its reason stay, so that faults and counts agree. Addresses \
are compared case-insensitively, without the white space around them. A cell that holds more than the address isn't found; nor \
is, where contacts are hashed, a cell of another column in which it is written otherwise than here or in lower case. A bucket \
that keeps versions keeps the old files as such. A line without an @, as an invalid email may be, is looked for among emails \
alone, not in other cells, and that is said. It refuses while reports are just being collected: one of them may hold the \
address.";

/// Make an archive forget people, by their email addresses
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Forget {
    /// The archive: a folder, or a bucket such as s3://bucket/prefix
    #[arg(value_name = "ROOT")]
    root: String,

    /// The email addresses, one a line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    emails: PathBuf,

    /// Don't wait for reports that are just being collected
    #[arg(long)]
    now: bool,

    /// The file of the key for hashes; a byte order mark in front and one line end at its end aren't part of it
    /// [env: DOTDIGITAL_REDACT_KEY, the key itself]
    #[arg(long, value_name = "PATH")]
    redact_key_file: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArg,
}

impl Forget {
    pub fn run(&self) -> Result<(), Failure> {
        self.output.destination()?;
        let emails = self.emails()?;
        let forgotten = waited_for(async {
            let archive = Archive::open(&self.root).await?;
            let contacts = contacts_of(archive.manifest().contacts, self.redact_key_file.as_deref())?;
            Ok(archive.forget(emails, &contacts, SystemTime::now().into(), self.now).await?)
        })?;
        self.output.write(|out| {
            Ok(writeln!(
                out,
                "forgotten: {} rows in {} files",
                HumanCount(forgotten.rows),
                HumanCount(forgotten.files)
            )?)
        })
    }

    /// The addresses, none of which is ever shown.
    fn emails(&self) -> Result<Vec<String>, Failure> {
        let (mut emails, mut odd) = (Vec::new(), Vec::new());
        for line in lines("--emails", &self.emails)? {
            match line.text.into_string() {
                Ok(email) => {
                    if !email.contains('@') {
                        odd.push(line.place);
                    }
                    emails.push(email);
                }
                Err(_) => return Err(Failure::new(format!("{} is not UTF-8", line.place))),
            }
        }
        if !odd.is_empty() {
            note(&format!("without an @, and so looked for among emails alone, not in other cells: {}", first_of(odd)));
        }
        if emails.is_empty() {
            note(&format!("{} holds no address", named(&self.emails)));
        }
        Ok(emails)
    }
}
