//! How the service is reached: options, environment, credentials.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use dotdigital_faults as lib;
use dotdigital_faults::{Client, ClientBuilder, Credentials, Protocol, ReadOptions, ReportId, blocking};
use uuid::Uuid;

use super::accounts::AccountArgs;
use super::failure::{Failure, note_with_hint};
use super::help::CONNECTION;
use super::place::{Place, PlaceArgs};
use super::runtime::check_handles;
use super::units::{duration, size};

/// The options of every verb that fetches. The environment is only looked at when something is fetched.
#[derive(Args)]
pub struct Connection {
    #[command(flatten)]
    place: PlaceArgs,

    /// The id is that of a program enrolment, which is asked about over REST whatever the protocol is
    #[arg(long, help_heading = CONNECTION)]
    enrolment: bool,

    #[command(flatten)]
    account: AccountArgs,

    #[command(flatten)]
    patience: PatienceArgs,

    /// The most that a report may have, once decoded, such as 512k, 64M or 1G; a bare number is bytes
    #[arg(long, help_heading = CONNECTION, value_name = "SIZE", default_value = "256M", value_parser = size)]
    max_size: u64,

    /// Wait until the import has finished, then fetch
    #[arg(long, help_heading = CONNECTION)]
    pub wait: bool,

    /// The one client of a command, whatever it fetches.
    #[arg(skip)]
    client: Mutex<Option<blocking::Client>>,
}

/// The options that tell how long and how often the service is asked.
#[derive(Clone, Args)]
pub struct PatienceArgs {
    /// For each import, retries and waiting included, such as 90s, 5m or 1h; a bare number is seconds
    #[arg(long, help_heading = CONNECTION, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    timeout: Duration,

    /// For one attempt
    #[arg(long, help_heading = CONNECTION, value_name = "DURATION", default_value = "121s", value_parser = duration)]
    attempt_timeout: Duration,

    /// Without a byte, once an answer has begun, which is when its header is whole
    #[arg(long, help_heading = CONNECTION, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    stall_timeout: Duration,

    /// How often it is tried again
    #[arg(long, help_heading = CONNECTION, value_name = "N", default_value_t = 4)]
    max_retries: u32,
}

impl PatienceArgs {
    /// A client that is to be, of an account that lives somewhere.
    pub fn builder(&self, credentials: Credentials, place: Place, options: &ReadOptions) -> ClientBuilder {
        let builder = Client::builder(credentials)
            .protocol(place.protocol)
            .region(place.region)
            .timeout(self.timeout)
            .attempt_timeout(self.attempt_timeout)
            .stall_timeout(self.stall_timeout)
            .max_retries(self.max_retries)
            .read_options(options.clone().or(&place.reading));
        match place.endpoint {
            Some(endpoint) => builder.endpoint(endpoint),
            None => builder,
        }
    }
}

impl Connection {
    /// The most bytes of a report, unpacked.
    pub fn max_size(&self) -> u64 {
        self.max_size
    }

    /// What an id that was given stands for.
    pub fn report_id(&self, id: Uuid) -> ReportId {
        if self.enrolment { ReportId::Enrolment(id) } else { ReportId::Import(id) }
    }

    /// A client whose calls, all together, end in time, which begins now. It shares its connections with all others that
    /// this gives, and the credentials are looked up once.
    pub fn client(&self, options: &ReadOptions) -> Result<blocking::Client, Failure> {
        let mut shared = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match &*shared {
            Some(client) => client.clone(),
            None => shared.insert(self.new_client(options)?).clone(),
        };
        let deadline = Instant::now().checked_add(self.patience.timeout);
        Ok(deadline.map_or(client.clone(), |deadline| client.with_deadline(deadline)))
    }

    fn new_client(&self, options: &ReadOptions) -> Result<blocking::Client, Failure> {
        if self.enrolment && self.place.given_protocol() == Some(Protocol::Soap) {
            return Err(Failure::new(
                "--enrolment is not for --protocol soap: enrolments are there over REST alone; leave the protocol out",
            ));
        }
        let (credentials, mut place) = match self.account.account()? {
            None => (self.place.credentials()?, self.place.place()?),
            Some(account) => {
                self.place.refused_beside_accounts()?;
                (account.credentials()?, Place::from(&account))
            }
        };
        // Enrolments are asked about over REST: so that is what the endpoint is one of, unless it shows to be one of SOAP.
        if self.enrolment && !place.is_of_soap() {
            place.protocol = Protocol::Rest;
        }
        check_handles()?;
        let client = self.patience.builder(credentials, place, options).max_size(self.max_size).build()?;
        Ok(blocking::Client::from_async(client.observed_by(note_unbounded))?)
    }
}

/// Says where it can't be told whether a report is whole.
fn note_unbounded(progress: &lib::Progress<'_>) {
    if let lib::Progress::Unbounded { import_id, .. } = progress {
        if io::stderr().is_terminal() {
            // A bar may stand there, and would be left in front of the note.
            let _ = io::stderr().write_all(b"\r\x1b[2K");
        }
        note_with_hint(
            &format!(
                "import {import_id}: the answer had neither a length nor chunks, so that one that was cut would look \
                 the same"
            ),
            "check that the last row is whole, or compare with the service's own figures",
        );
    }
}
