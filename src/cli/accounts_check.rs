//! `faults accounts`: which accounts of a file are let in.

use std::io;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use dotdigital_faults::{AccountName, Client, Error, ErrorKind, blocking};
use serde::Serialize;
use uuid::{Uuid, uuid};

use super::accounts::{Account, AccountsArg};
use super::failure::{Failure, worst};
use super::output::OutputArg;
use super::runtime::check_handles;

/// No import has it: it is made up.
const NO_IMPORT: Uuid = uuid!("5ca1ab1e-0000-4000-8000-00000000dead");

/// How long an account may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The accounts of a file
#[derive(Args)]
pub struct AccountsVerb {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Check(Check),
}

const EXAMPLES: &str = "\
Examples:
  faults accounts check --accounts accounts.toml
      a line for each account
  faults accounts check --accounts accounts.toml --format json
      for programs";

const NOTES: &str = "\
Each account is asked once how far an import is that nobody has made. That the service knows no such import says that it \
has let the account in. Nothing is asked again, since an account may lock. The exit code is that of the worst account: 4 \
before 6 before 5 before 2.

The file has a table for each account, such as [europe], with the keys region, protocol, endpoint, username_env or \
username_file, one of password_env, password_file and password_command (an array: a program and its arguments, whose first \
line is the password), reason_column, email_column and separator. It holds no secret itself.";

/// Ask each account once whether it is let in
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
struct Check {
    #[command(flatten)]
    accounts: AccountsArg,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people: a line for each account
    Table,
    /// For programs: one document
    Json,
}

/// How it went for one account.
#[derive(Serialize)]
struct Checked<'a> {
    account: &'a AccountName,
    protocol: &'static str,
    region: &'static str,
    let_in: bool,
    /// Why it isn't let in, or why that can't be told.
    error: Option<String>,
    /// The exit code that this account alone would give.
    code: u8,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    accounts: &'a [Checked<'a>],
}

impl AccountsVerb {
    pub fn run(&self) -> Result<(), Failure> {
        let Verb::Check(check) = &self.verb;
        check.run()
    }
}

impl Check {
    fn run(&self) -> Result<(), Failure> {
        let Some(accounts) = self.accounts.accounts()? else {
            return Err(
                Failure::new("no file of accounts is named").hint("name it with --accounts, or in DOTDIGITAL_ACCOUNTS")
            );
        };
        let checked: Vec<_> = accounts.iter().map(Checked::of).collect();
        self.output.write(|out| match self.format {
            Format::Table => Ok(write_table(&checked, out)?),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &Document { schema: 1, accounts: &checked })
                    .map_err(io::Error::from)?;
                Ok(out.write_all(b"\n")?)
            }
        })?;
        let refused = checked.iter().filter(|checked| !checked.let_in).map(|checked| checked.code);
        match refused.clone().count() {
            0 => Ok(()),
            count => {
                let what = format!("{count} of {} accounts can't be used", checked.len());
                Err(Failure::new(what).with_code(worst(refused)))
            }
        }
    }
}

impl<'a> Checked<'a> {
    fn of(account: &'a Account) -> Self {
        let (error, code) = match check(account) {
            Ok(()) => (None, 0),
            Err(failure) => (Some(failure.on_one_line()), failure.code()),
        };
        Checked {
            account: &account.name,
            protocol: account.protocol.as_str(),
            region: account.region.as_str(),
            let_in: error.is_none(),
            error,
            code,
        }
    }
}

/// Asks the account once. Whoever isn't let in doesn't hear that there is no such import.
fn check(account: &Account) -> Result<(), Failure> {
    let mut builder = Client::builder(account.credentials()?)
        .protocol(account.protocol)
        .region(account.region)
        .timeout(PATIENCE)
        .max_retries(0);
    if let Some(endpoint) = &account.endpoint {
        builder = builder.endpoint(endpoint.clone());
    }
    check_handles()?;
    match blocking::Client::from_async(builder.build()?)?.import_status(NO_IMPORT) {
        Ok(_) => Ok(()),
        Err(error) if knows_no_such_import(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Any server may answer 404; the service says more.
fn knows_no_such_import(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound && error.code().is_some()
}

fn write_table(checked: &[Checked<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    // Names are plain ASCII.
    let width = checked.iter().map(|checked| checked.account.as_str().len()).max().unwrap_or(0).max("account".len());
    writeln!(out, "{:width$}  protocol  region  let in", "account")?;
    for Checked { account, protocol, region, error, .. } in checked {
        let told = error.as_deref().map_or_else(|| "yes".to_owned(), |error| format!("no: {error}"));
        writeln!(out, "{account:width$}  {protocol:8}  {region:6}  {told}")?;
    }
    Ok(())
}
