//! How the service is reached: options, environment, credentials.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;
use dotdigital_faults as lib;
use dotdigital_faults::{Client, Credentials, Protocol, ReadOptions, Region, ReportId, blocking};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::accounts::AccountArgs;
use super::failure::{Failure, NOT_PERMITTED, note_with_hint};
use super::help::CONNECTION;
use super::secret::{read_secret, variable};
use super::units::{duration, size};

const USERNAME: &str = "DOTDIGITAL_USERNAME";
const PASSWORD: &str = "DOTDIGITAL_PASSWORD";
const PASSWORD_FILE: &str = "DOTDIGITAL_PASSWORD_FILE";

/// The options of every verb that fetches. The environment is only looked at when something is fetched.
#[derive(Args)]
pub struct Connection {
    /// How the service is spoken to [env: DOTDIGITAL_PROTOCOL] [default: soap]
    #[arg(long, help_heading = CONNECTION, value_name = "PROTOCOL", value_parser = PossibleValuesParser::new(["soap", "rest", "v3"]))]
    protocol: Option<String>,

    /// The id is that of a program enrolment, which is asked about over REST whatever the protocol is
    #[arg(long, help_heading = CONNECTION)]
    enrolment: bool,

    /// Where the account lives: Europe, North America, Asia Pacific [env: DOTDIGITAL_REGION] [default: r1]
    #[arg(long, help_heading = CONNECTION, value_name = "REGION", value_parser = PossibleValuesParser::new(["r1", "r2", "r3"]))]
    region: Option<String>,

    /// The whole SOAP address, or the base of REST and v3, without /v2 [env: DOTDIGITAL_ENDPOINT] [default: the region's]
    #[arg(long, help_heading = CONNECTION, value_name = "URL")]
    endpoint: Option<String>,

    /// A file with the password, in place of DOTDIGITAL_PASSWORD [env: DOTDIGITAL_PASSWORD_FILE]
    #[arg(long, help_heading = CONNECTION, value_name = "PATH")]
    password_file: Option<PathBuf>,

    #[command(flatten)]
    account: AccountArgs,

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
        let deadline = Instant::now().checked_add(self.timeout);
        Ok(deadline.map_or(client.clone(), |deadline| client.with_deadline(deadline)))
    }

    fn new_client(&self, options: &ReadOptions) -> Result<blocking::Client, Failure> {
        if self.enrolment && self.protocol.as_deref() == Some("soap") {
            return Err(Failure::new(
                "--enrolment is not for --protocol soap: enrolments are there over REST alone; leave the protocol out",
            ));
        }
        let place = self.place()?;
        let mut builder = Client::builder(place.credentials)
            .protocol(place.protocol)
            .region(place.region)
            .timeout(self.timeout)
            .attempt_timeout(self.attempt_timeout)
            .stall_timeout(self.stall_timeout)
            .max_retries(self.max_retries)
            .max_size(self.max_size)
            .read_options(options.clone().or(&place.reading));
        if let Some(endpoint) = place.endpoint {
            builder = builder.endpoint(endpoint);
        }
        Ok(blocking::Client::from_async(builder.build()?.observed_by(note_unbounded))?)
    }

    /// Who asks, and where: a profile, or else what the options and the variables say.
    fn place(&self) -> Result<Place, Failure> {
        let Some(account) = self.account.account()? else {
            return Ok(Place {
                credentials: self.credentials()?,
                protocol: choice(&self.protocol, "DOTDIGITAL_PROTOCOL")?,
                region: choice(&self.region, "DOTDIGITAL_REGION")?,
                endpoint: self.endpoint.clone().map_or_else(|| variable("DOTDIGITAL_ENDPOINT"), |url| Ok(Some(url)))?,
                reading: ReadOptions::new(),
            });
        };
        let others = [
            ("--protocol", self.protocol.is_some()),
            ("--region", self.region.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--password-file", self.password_file.is_some()),
        ];
        if let Some((option, _)) = others.iter().find(|(_, is_given)| *is_given) {
            return Err(Failure::new(format!("{option} doesn't go with a file of accounts"))
                .hint("the file says it: leave the option out, or --accounts and DOTDIGITAL_ACCOUNTS"));
        }
        Ok(Place {
            credentials: account.credentials()?,
            protocol: account.protocol,
            region: account.region,
            endpoint: account.endpoint,
            reading: account.reading,
        })
    }

    fn credentials(&self) -> Result<Credentials, Failure> {
        let missing = |what: &str| {
            Failure::new(format!("there is no {what}"))
                .hint(format!("set {USERNAME} and {PASSWORD} (or --password-file) to those of an API user"))
                .with_code(NOT_PERMITTED)
        };
        let username = variable(USERNAME)?.ok_or_else(|| missing("user name"))?;
        let password = match &self.password_file {
            Some(path) => read_password(path)?,
            None => match (variable(PASSWORD)?, env::var_os(PASSWORD_FILE).filter(|path| !path.is_empty())) {
                (None, Some(path)) => read_password(path.as_ref())?,
                (password, _) => password,
            },
        };
        Ok(Credentials::new(username, password.ok_or_else(|| missing("password"))?))
    }
}

/// Who asks, and where.
struct Place {
    credentials: Credentials,
    protocol: Protocol,
    region: Region,
    endpoint: Option<String>,
    /// What the reports of the account are known to be like.
    reading: ReadOptions,
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

/// An option or else a variable, by its name.
fn choice<T>(option: &Option<String>, name: &str) -> Result<T, Failure>
where
    T: FromStr<Err = dotdigital_faults::Error> + Default,
{
    match option {
        Some(text) => Ok(text.parse()?),
        None => variable(name)?
            .map_or_else(|| Ok(T::default()), |text| text.parse().map_err(|error| Failure::from(error).at(name))),
    }
}

/// Reads a password; an empty one counts as none.
fn read_password(path: &Path) -> Result<Option<String>, Failure> {
    let mut secret = read_secret(path, "password file")?;
    // The bytes move and stay where they are, so that none of them is left behind.
    match String::from_utf8(std::mem::take(&mut *secret)) {
        Ok(password) => Ok(Some(password).filter(|password| !password.is_empty())),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::new(format!("the password file {path:?} is not UTF-8")).hint("save it as UTF-8"))
        }
    }
}
