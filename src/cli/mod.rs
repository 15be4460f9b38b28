//! The command line: a thin face of the public library, one file a verb.

mod accounts;
mod accounts_check;
mod archive;
mod arriving;
mod browser;
mod choice;
mod collect;
mod compare;
mod completions;
mod connection;
mod demo;
mod failure;
mod fetch;
mod gate;
mod gzip;
mod help;
mod kept;
mod kept_emails;
mod lines;
mod list;
mod log;
mod man;
mod many;
mod meant;
mod output;
mod place;
mod progress;
mod reasons;
mod redact;
mod restore;
mod runtime;
mod secret;
mod secret_command;
mod serve;
mod signals;
mod source;
mod split;
mod status;
mod summary;
mod trend_gate;
mod trends;
mod units;

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use dotdigital_faults::{ColumnChoice, ReadOptions, Separator};
use failure::Failure;
use help::READING;

/// Why contacts failed to import into Dotdigital: reads the faults report of a contact import.
#[derive(Parser)]
#[command(name = "faults", version, max_term_width = 100, before_help = SHORT_EXAMPLES, before_long_help = EXAMPLES, after_help = NOTES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,

    /// Colours in tables
    #[arg(long, global = true, display_order = 900, value_name = "WHEN", default_value = "auto")]
    color: Color,

    /// Say what is asked of the service; on standard error, twice for more, and RUST_LOG (dotdigital_faults=debug) does it, too
    #[arg(short, long, global = true, display_order = 900, action = ArgAction::Count)]
    verbose: u8,
}

const SHORT_EXAMPLES: &str = "\
Examples:
  faults demo
  faults summary report.csv
  faults list report.csv --reason invalid_email";

const EXAMPLES: &str = "\
Examples:
  faults demo
      all of it against a stand-in, no account needed
  faults summary report.csv
      why contacts failed, most frequent first
  faults summary --wait 842d81e8-c619-457f-bb77-ab6c4a17da39
      the same for an import, once it has finished
  faults status 842d81e8-c619-457f-bb77-ab6c4a17da39
      whether it has finished, and how many failed
  faults fetch 842d81e8-c619-457f-bb77-ab6c4a17da39 -o r.csv
      the raw report of an import
  faults summary *.csv --by domain --format html -o page.html
      a page that tells which mail provider refuses, and why
  faults list report.csv --reason invalid_email
      the rows with one reason, as CSV
  faults list - --remedy remove --format jsonl
      those that call for one remedy, from standard input
  faults split report.csv --dir to-do
      one file per remedy, ready to act on
  faults compare old.csv new.csv
      what changed between two reports of the same list
  faults collect --archive kept --contacts drop 842d81e8-c619-457f-bb77-ab6c4a17da39
      keep a report, before the service forgets it
  faults reasons
      every reason, what it means, what to do";

const NOTES: &str = "\
A report is the CSV that the service hands out for a contact import (GetContactImportReportFaults), byte for byte as it \
came. For an import id, set DOTDIGITAL_USERNAME and DOTDIGITAL_PASSWORD to those of an API user.

Exit codes: 0 done; 1 done, and a gate was tripped (--fail-on); 2 usage, input or any other error; 4 not authenticated \
or permitted; 5 no such import, or no report of it; 6 the service is unavailable, too slow or limiting calls.";

#[derive(Subcommand)]
enum Verb {
    Summary(Box<summary::Summary>),
    Status(Box<status::Status>),
    List(list::List),
    Fetch(fetch::Fetch),
    Split(split::Split),
    Compare(compare::Compare),
    Collect(Box<collect::Collect>),
    Trends(Box<trends::TrendsVerb>),
    Archive(archive::ArchiveVerb),
    Serve(serve::Serve),
    Accounts(accounts_check::AccountsVerb),
    Restore(restore::Restore),
    Reasons(reasons::Reasons),
    Demo(demo::Demo),
    Completions(completions::Completions),
    Man(man::Man),
}

/// When to use colours.
#[derive(Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE asks for them everywhere
    Auto,
    Always,
    Never,
}

/// How a report is read.
#[derive(Args)]
struct Reading {
    /// Stop at the first row that is unusual, and say which
    #[arg(long, help_heading = READING)]
    strict: bool,

    /// Where the reason stands: a column's name, or its number from 1 [default: found by the header]
    #[arg(long, help_heading = READING, value_name = "NAME|N")]
    reason_column: Option<ColumnChoice>,

    /// Where the email stands: a column's name, or its number from 1 [default: found by the header]
    #[arg(long, help_heading = READING, value_name = "NAME|N")]
    email_column: Option<ColumnChoice>,

    /// What parts the columns [default: found by the header]
    #[arg(long, help_heading = READING, value_name = "SEPARATOR", value_parser = separator())]
    separator: Option<Separator>,
}

fn separator() -> impl TypedValueParser<Value = Separator> {
    let names = Separator::ALL.map(Separator::as_str);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Separator>())
}

impl Reading {
    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::new().strict(self.strict);
        if let Some(column) = &self.reason_column {
            options = options.reason_column(column.clone());
        }
        if let Some(column) = &self.email_column {
            options = options.email_column(column.clone());
        }
        if let Some(separator) = self.separator {
            options = options.separator(separator);
        }
        options
    }
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// The command line, as `--help`, the completions and the manual page show it.
fn command() -> Command {
    help::shown(Cli::command())
}

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { verb, color, verbose } = match parsed {
        Ok(cli) => cli,
        Err(error) => return meant::failure(&error).map_or_else(|| help::print(&error), Failure::report),
    };
    log::start(verbose);
    let done = match verb {
        Verb::Summary(summary) => summary.run(color.into()),
        Verb::Status(status) => status.run(),
        Verb::List(list) => list.run(color.into()),
        Verb::Split(split) => split.run(color.into()),
        Verb::Compare(compare) => compare.run(color.into()),
        Verb::Collect(collect) => collect.run(),
        Verb::Restore(restore) => restore.run(),
        Verb::Fetch(fetch) => fetch.run(),
        Verb::Demo(demo) => demo.run(color.into()),
        Verb::Trends(trends) => trends.run(color.into()),
        Verb::Archive(archive) => archive.run(),
        Verb::Serve(serve) => serve.run(),
        Verb::Accounts(accounts) => accounts.run(),
        Verb::Reasons(reasons) => reasons.run(color.into()),
        Verb::Completions(completions) => completions.run(),
        Verb::Man(man) => man.run(),
    };
    done.map_or_else(Failure::report, |()| ExitCode::SUCCESS)
}
