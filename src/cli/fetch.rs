//! `faults fetch`: the raw report.

use clap::Args;
use dotdigital_faults::ReadOptions;
use uuid::Uuid;

use super::connection::Connection;
use super::failure::Failure;
use super::output::OutputArg;
use super::source::{self, parse_import_id};

const EXAMPLES: &str = "\
Examples:
  faults fetch 842d81e8-c619-457f-bb77-ab6c4a17da39 -o r.csv
      a file that appears whole or not at all
  faults fetch --wait 842d81e8-c619-457f-bb77-ab6c4a17da39
      once the import has finished";

/// The raw report of an import, byte for byte
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub struct Fetch {
    /// The import's id, a GUID
    #[arg(value_name = "IMPORT_ID", value_parser = parse_import_id)]
    import_id: Uuid,

    #[command(flatten)]
    output: OutputArg,

    #[command(flatten)]
    connection: Connection,
}

impl Fetch {
    pub fn run(&self) -> Result<(), Failure> {
        let destination = self.output.destination()?;
        let (client, _progress) = source::ready(self.import_id, &self.connection, &ReadOptions::new())?;
        let report = client.report_faults_to(self.import_id, || destination.part())?;
        destination.complete(report)
    }
}
