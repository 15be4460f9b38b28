//! `faults demo`: all of it, against a stand-in of the service on loopback.

mod year;

use std::net::SocketAddr;

use anstream::ColorChoice;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use dotdigital_faults::sandbox::Sandbox;
use dotdigital_faults::{Client, Credentials, Error, Protocol, Tally, blocking, export};
use uuid::{Uuid, uuid};

use super::failure::{Failure, note};
use super::output::OutputArg;
use super::progress::Progress;
use super::runtime::check_handles;
use super::serve::{DEFAULT_LISTEN, address};

/// The import that the stand-in knows; its id is the one in the vendor's documentation.
const IMPORT_ID: Uuid = uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39");
const REPORT: &[u8] = include_bytes!("../../../fixtures/all-reasons.csv");

/// All of it against a stand-in of the service on this machine: no account is needed
///
/// Starts the stand-in, waits for an import to finish, fetches its report, and tells why contacts failed. With --serve it shows
/// a year of imports of five accounts as a dashboard.
#[derive(Args)]
pub struct Demo {
    /// How the stand-in is spoken to
    #[arg(long, value_name = "PROTOCOL", default_value = "soap", value_parser = protocol())]
    protocol: Protocol,

    /// Collect a year of made-up imports of five accounts into an archive in memory, and serve it as a dashboard
    #[arg(long, conflicts_with_all = ["protocol", "output"])]
    serve: bool,

    /// Where the dashboard listens: IP:PORT or localhost:PORT; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN, value_parser = address, requires = "serve")]
    listen: SocketAddr,

    #[command(flatten)]
    output: OutputArg,
}

/// The protocols that the client speaks.
fn protocol() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new([Protocol::Soap, Protocol::Rest, Protocol::V3].map(Protocol::as_str))
        .try_map(|name| name.parse::<Protocol>().map_err(|error: Error| error.to_string()))
}

impl Demo {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        if self.serve {
            return year::show(self.listen);
        }
        check_handles()?;
        let sandbox = Sandbox::start().map_err(|error| Failure::new(format!("the stand-in can't start: {error}")))?;
        sandbox.import(IMPORT_ID).report(REPORT).finished_after(1);
        let endpoint = match self.protocol {
            Protocol::Soap => sandbox.soap_url(),
            _ => sandbox.rest_url(),
        };
        let protocol = self.protocol.as_str().to_ascii_uppercase();
        note(&format!("a stand-in of the service listens on {endpoint}"));
        note(&format!("waiting for import {IMPORT_ID} to finish, then fetching its report over {protocol}"));

        let credentials = Credentials::new(sandbox.username(), sandbox.password());
        let client = Client::builder(credentials).protocol(self.protocol).endpoint(endpoint).build()?;
        let progress = Progress::of_import();
        let client = blocking::Client::from_async(client)?.observed_by(progress.hook());
        client.wait_until_finished(IMPORT_ID)?;
        let counts = client.reason_counts(IMPORT_ID)?;
        drop(progress);

        let options = self.output.table_options(color).source(format!("import {IMPORT_ID}"));
        self.output.write(|out| {
            export::tally_to_table(&Tally::from(counts), &options, &mut *out)?;
            writeln!(out, "\nThe same for an import of your own:\n")?;
            writeln!(out, "  export DOTDIGITAL_USERNAME=apiuser-…@apiconnector.com DOTDIGITAL_PASSWORD=…")?;
            let protocol = match self.protocol {
                Protocol::Soap => String::new(),
                other => format!("--protocol {other} "),
            };
            writeln!(out, "  faults summary --wait --region r1 {protocol}{IMPORT_ID}")?;
            Ok(())
        })
    }
}
