//! `faults archive`: an archive, looked at and looked after.

mod forget;
mod prune;
mod status;

use clap::{Args, Subcommand};
use dotdigital_faults::archive::StrayFiles;

use super::failure::{Failure, first_of, note};
use super::runtime;

/// An archive of reports
#[derive(Args)]
pub struct ArchiveVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Status(status::Status),
    Prune(prune::Prune),
    Forget(forget::Forget),
}

impl ArchiveVerb {
    pub fn run(&self) -> Result<(), Failure> {
        match &self.verb {
            Verb::Status(status) => status.run(),
            Verb::Prune(prune) => prune.run(),
            Verb::Forget(forget) => forget.run(),
        }
    }
}

/// Waits for what an archive has to do.
pub fn waited_for<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime::of_this_thread()?;
    let done = runtime.block_on(work);
    // What is still being read is wanted by nobody.
    runtime.shutdown_background();
    done
}

/// Says which files were passed over, if any were. Their names may hold anything.
pub fn note_strays(strays: &StrayFiles) {
    if strays.count > 0 {
        let named = first_of(strays.first.iter().map(|path| format!("{path:?}")));
        note(&format!("{} files of the archive are no import's, and were passed over: {named}", strays.count));
    }
}
