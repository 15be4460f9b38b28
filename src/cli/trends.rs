//! `faults trends`: what an archive tells over time.

use std::time::SystemTime;

use anstream::ColorChoice;
use chrono::{DateTime, NaiveDate, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use dotdigital_faults::archive::Archive;
use dotdigital_faults::{AccountName, ReasonFilter, TrendBy, TrendJudge, Trends, TrendsCounter, TrendsOptions, export};

use super::archive::{note_strays, waited_for};
use super::choice::{ReasonChoice, ReasonParser};
use super::failure::Failure;
use super::output::OutputArg;
use super::trend_gate::TrendGateArg;
use super::units::days;

const EXAMPLES: &str = "\
Examples:
  faults trends archive --by week
      what failed, week by week
  faults trends archive --by account --since 30d --format csv
      which account, for a notebook
  faults trends archive --by week --format html -o trends.html
      a page with a picture
  faults trends archive --fail-on hard_bounced+5%
      for a pipeline: the newest imports against those before";

const NOTES: &str = "\
Only the counts of the archive are read, never contact data. Days are those of UTC; a week is told by its Monday. Imports \
over SOAP and REST, those over the newer API (v3) and enrolments are told apart and never summed up, since v3 doesn't \
reject suppressed contacts. The contacts of an import are the service's own new and updated ones and those that failed; \
where the service's figures aren't known, as of all enrolments, neither are they. A rate is that of the imports whose contacts \
are known. Partial faults (the contact was imported, some of its data wasn't) are counted, and are left out of rates.

--fail-on takes the newest archived import of each account and series, however old it is, and compares its share with the \
median of up to ten imports before it. Where there are fewer than three, it isn't judged, and that is said. For this all of \
the archive is read, whatever --since shows; --account holds for it, too.";

/// What an archive tells over time: faults and failure rates by day, week, month, account or reason
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct TrendsVerb {
    /// The archive: a folder, or a bucket such as s3://bucket/prefix
    #[arg(value_name = "ROOT")]
    root: String,

    /// How far back; moved back to the start of its period
    #[arg(long, value_name = "DAYS", default_value = "90d", value_parser = days)]
    since: u32,

    /// What there is a line for
    #[arg(long, value_name = "WHAT", default_value = "day", value_parser = by())]
    by: TrendBy,

    /// Only this account; may be repeated
    #[arg(long, value_name = "NAME")]
    account: Vec<AccountName>,

    /// Only faults with this reason, in any spelling; several with commas, and `other` stands for all unknown ones. Imports
    /// and contacts stay the same, so that a rate is that of all contacts
    #[arg(long, value_name = "REASON", value_delimiter = ',', value_parser = ReasonParser)]
    reason: Vec<ReasonChoice>,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Write the CSV for a spreadsheet: a byte order mark, and an apostrophe before what would be taken for a formula
    #[arg(long, hide_short_help = true)]
    spreadsheet_safe: bool,

    #[command(flatten)]
    gate: TrendGateArg,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on a terminal
    Table,
    /// For programs: one document
    Json,
    /// For BI tools and notebooks: an object a line
    Jsonl,
    /// For BI tools, notebooks and spreadsheets
    Csv,
    /// For Prometheus' textfile collector, and OpenMetrics
    Prometheus,
    /// For people: one page that needs nothing else, with a picture
    Html,
    /// For notebooks and dashboards that draw
    VegaLite,
}

fn by() -> impl TypedValueParser<Value = TrendBy> {
    PossibleValuesParser::new(TrendBy::ALL.map(TrendBy::as_str)).try_map(|name| name.parse::<TrendBy>())
}

impl TrendsVerb {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        if self.spreadsheet_safe && self.format != Format::Csv {
            return Err(Failure::new("--spreadsheet-safe is for CSV").hint("add --format csv, or leave it out"));
        }
        self.output.destination()?;
        let mut judge = self.gate.judge()?;
        let trends = waited_for(self.trends(&mut judge))?;
        self.write(&trends, color)?;
        self.gate.check(&judge)
    }

    /// Counts the imports since the first day that is asked for. A judge is shown all that there are: what is usual doesn't
    /// depend on how much is shown.
    async fn trends(&self, judge: &mut TrendJudge) -> Result<Trends, Failure> {
        let (options, today) = (self.options(), today());
        let archive = Archive::open(&self.root).await?;
        let mut counter = TrendsCounter::new(&options, today);
        let since = if self.gate.is_given() { NaiveDate::MIN } else { options.first_day(today) };
        let mut imports = archive.figures(since);
        while let Some(import) = imports.next().await {
            let import = import?;
            counter.add(&import);
            if options.wants(&import) {
                judge.add(&import);
            }
        }
        note_strays(&imports.stray_files());
        Ok(counter.finish())
    }

    fn options(&self) -> TrendsOptions {
        let reasons = self.reason.iter().fold(ReasonFilter::new(), |filter, reason| reason.add_to(filter));
        let options = TrendsOptions::new().since_days(self.since).by(self.by).reasons(reasons);
        self.account.iter().cloned().fold(options, TrendsOptions::account)
    }

    fn write(&self, trends: &Trends, color: ColorChoice) -> Result<(), Failure> {
        let options = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        self.output.write(|out| {
            match self.format {
                Format::Table => {
                    let table = self.output.table_options(color).source(&self.root);
                    export::trends_to_table(trends, &table, out)?;
                }
                Format::Json => export::trends_to_json(trends, out)?,
                Format::Jsonl => export::trends_to_jsonl(trends, out)?,
                Format::Csv => export::trends_to_csv(trends, &options, out)?,
                Format::Prometheus => export::trends_to_prometheus(trends, out)?,
                Format::Html => export::trends_to_html(trends, out)?,
                Format::VegaLite => export::trends_to_vega_lite(trends, out)?,
            }
            Ok(())
        })
    }
}

/// The day of UTC.
fn today() -> NaiveDate {
    DateTime::<Utc>::from(SystemTime::now()).date_naive()
}
