//! `faults summary`: why contacts failed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::{
    Error, GroupBy, GroupCounter, ReadOptions, ReasonCounts, Redactor, SourceCounts, Tally, export,
};

use super::Reading;
use super::browser;
use super::failure::{Failure, note};
use super::gate::GateArg;
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::source::{Admission, Source, SourcesArg};

/// How many groups are drawn, unless asked otherwise.
const MOST_DRAWN: usize = 20;

const EXAMPLES: &str = "\
Examples:
  faults summary report.csv
      why contacts failed, most frequent first
  faults summary reports/ --by domain --open
      all reports of a folder, and which mail provider refuses: a page
  faults summary --from ids.txt --keep-going --format csv -o faults.csv
      many imports, also where one of them has expired
  faults summary report.csv --format prometheus --label account=eu -o faults.prom
      metrics for the textfile collector";

const NOTES: &str = "\
A folder stands for its *.csv and *.csv.gz, by name; a pattern that the shell has left as it is stands for the files that \
it fits. A file whose name is an import id (842d81e8-….csv) is that import's report. Write ./ in front of a file whose \
name would be taken for something else.

Several reports are read at once, and told in the order given; one client and one look-up of the credentials serves all. \
The first that fails ends it, and nothing is written, unless --keep-going is given: then what has worked is written, each \
failure is named, and the exit code is the worst one: 4, then 6, then 5, then 2. Once the service refuses the \
credentials, no further import is asked for, since an account may lock: the rest fails with the same code. A report that \
lacks the column of --by is a group of its own, unless it is the only one, or all lack it.";

/// Why contacts failed: counts per reason, most frequent first
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct Summary {
    #[command(flatten)]
    sources: SourcesArg,

    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Count by the values of a column, too, or by the `domain` of the address (a column of that name is `Domain`)
    #[arg(long, value_name = "COLUMN|domain", value_parser = group_by)]
    by: Option<GroupBy>,

    /// Only the N largest groups, and the rest as one [default: all in json, jsonl and csv, else 20]
    #[arg(long, value_name = "N", requires = "by")]
    top: Option<usize>,

    /// Write the CSV for a spreadsheet: a byte order mark, and an apostrophe before what would be taken for a formula
    #[arg(long)]
    spreadsheet_safe: bool,

    /// In json, jsonl and csv: every known reason that does not occur, too, with count 0
    #[arg(long, hide_short_help = true)]
    zeros: bool,

    /// In prometheus: a label of your own on every series; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = label, hide_short_help = true)]
    label: Vec<(String, String)>,

    /// Open it as a page in the browser; the page is a temporary file that only you can read, and the format is html
    #[arg(long, conflicts_with = "output")]
    open: bool,

    #[command(flatten)]
    redact: RedactArgs,

    #[command(flatten)]
    gate: GateArg,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    output: OutputArg,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on a terminal
    Table,
    /// For programs: one document
    Json,
    /// For BI tools and notebooks: an object a line for each source and reason
    Jsonl,
    /// For BI tools and notebooks: a record for each source and reason
    Csv,
    /// For tickets, chats and pull requests
    Markdown,
    /// For Prometheus' textfile collector, and OpenMetrics
    Prometheus,
    /// For people: one page that needs nothing else
    Html,
    /// For notebooks and dashboards that draw
    VegaLite,
}

/// What `--by` asks for. Columns are found in any case, so that every name has another spelling.
fn group_by(text: &str) -> Result<GroupBy, String> {
    match text {
        "" => Err("name a column, or `domain`".to_owned()),
        "domain" => Ok(GroupBy::Domain),
        name => Ok(GroupBy::column(name)),
    }
}

/// A label: what stands behind the first `=` is its value, whatever it is.
fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a label is NAME=VALUE, such as account=eu")?;
    match export::Labels::new().with(name, value) {
        Ok(_) => Ok((name.to_owned(), value.to_owned())),
        Err(error) => Err(error.to_string()),
    }
}

impl Summary {
    pub fn run(self: Box<Self>, color: ColorChoice) -> Result<(), Failure> {
        self.check_options()?;
        let redactor = self.redact.redactor()?;
        // Before many are fetched for nothing.
        self.output.destination()?;
        let sources = self.sources.resolved()?;
        let only = match &*sources {
            [Ok(source)] => Some(source.clone()),
            _ => None,
        };
        let company = only.is_none().then(Admission::default);
        let reader = Arc::new(Reader { options: self.reading.options(), redactor, company, summary: self });
        let summary = &reader.summary;
        let read = {
            let reader = Arc::clone(&reader);
            move |source: &Source| reader.read(source)
        };
        summary.sources.many.each(sources, read)?.then(|reports| {
            let tally = summary.tally(reports)?;
            summary.write(&tally, only.as_ref(), color)?;
            summary.gate.check(tally.counts())
        })
    }

    /// Refuses what the format has no place for.
    fn check_options(&self) -> Result<(), Failure> {
        if self.open && !matches!(self.format, Format::Table | Format::Html) {
            return Err(Failure::new("--open shows a page").hint("leave --format out"));
        }
        let is_for_programs = matches!(self.format, Format::Json | Format::Jsonl | Format::Csv | Format::Prometheus);
        if self.zeros && !is_for_programs {
            return Err(Failure::new("--zeros is for json, jsonl and csv: what is drawn shows what occurs")
                .hint("leave it out"));
        }
        if !self.label.is_empty() && self.format != Format::Prometheus {
            return Err(Failure::new("--label is for prometheus: no other format has labels").hint("leave it out"));
        }
        if self.spreadsheet_safe && self.format != Format::Csv {
            return Err(Failure::new("--spreadsheet-safe is for CSV").hint("add --format csv, or leave it out"));
        }
        self.labels()?;
        Ok(())
    }

    fn labels(&self) -> Result<export::Labels, Error> {
        self.label.iter().try_fold(export::Labels::new(), |labels, (name, value)| labels.with(name, value))
    }

    /// All reports, in the order given. A column that none of them has is an error.
    fn tally(&self, reports: Vec<Counted>) -> Result<Tally, Failure> {
        if !reports.iter().any(|report| report.has_column)
            && let Some(failure) = reports.iter().find_map(|report| report.no_column.clone())
        {
            return Err(failure);
        }
        for report in &reports {
            report.source.warn_if_cut_off(report.counts.counts());
        }
        let tally: Tally = reports.into_iter().map(|report| report.counts).collect();
        Ok(match self.top.or_else(|| (self.open || self.format.is_drawn()).then_some(MOST_DRAWN)) {
            Some(most) => tally.top(most),
            None => tally,
        })
    }

    /// Writes it. A single source is named in words in a table; the tally knows only its id or path.
    fn write(&self, tally: &Tally, only: Option<&Source>, color: ColorChoice) -> Result<(), Failure> {
        if tally.mixes_v3() {
            note(
                "some of the reports are of the newer API (v3), and others are not: their reasons mean different things, \
                 and so do their sums",
            );
        }
        let options = export::WriteOptions::new().zeros(self.zeros).spreadsheet_safe(self.spreadsheet_safe);
        let labels = self.labels()?;
        if self.open {
            return browser::show(|out| Ok(export::tally_to_html(tally, out)?));
        }
        self.output.write(|out| {
            match self.format {
                Format::Table => {
                    let table = self.output.table_options(color);
                    let table = match only {
                        Some(source) => table.source(source.described(&self.sources.connection)),
                        None => table,
                    };
                    export::tally_to_table(tally, &table, out)?;
                }
                Format::Json => export::tally_to_json(tally, &options, out)?,
                Format::Jsonl => export::tally_to_jsonl(tally, &options, out)?,
                Format::Csv => export::tally_to_csv(tally, &options, out)?,
                Format::Markdown => export::tally_to_markdown(tally, out)?,
                Format::Prometheus => export::tally_to_prometheus(tally, &labels, out)?,
                Format::Html => export::tally_to_html(tally, out)?,
                Format::VegaLite => export::tally_to_vega_lite(tally, out)?,
            }
            Ok(())
        })
    }
}

/// Counts one report after the other, on several threads at once.
struct Reader {
    summary: Box<Summary>,
    options: ReadOptions,
    redactor: Option<Redactor>,
    /// Where there are several.
    company: Option<Admission>,
}

/// One report that was counted.
struct Counted {
    source: Source,
    counts: SourceCounts,
    /// Has it the column that it is grouped by; and if it hasn't although it has others, what there is to say?
    has_column: bool,
    no_column: Option<Failure>,
}

impl Reader {
    /// Counts one report: in constant memory, unless its rows are to be grouped.
    fn read(&self, source: &Source) -> Result<Counted, Failure> {
        let (connection, company) = (&self.summary.sources.connection, self.company.as_ref());
        let Some(by) = &self.summary.by else {
            let counts = source.counts(connection, &self.options, company)?;
            let counts = SourceCounts::new(source.name(), self.shown(counts)).with_read_at(now());
            return Ok(Counted { source: source.clone(), counts, has_column: true, no_column: None });
        };
        let make = || {
            let counter = GroupCounter::new(by.clone());
            Ok(match &self.redactor {
                Some(redactor) => counter.redacted(redactor.clone()),
                None => counter,
            })
        };
        let (groups, counts) = source.feed_among(connection, &self.options, company, make)?;
        let (has_column, no_column) = (groups.has_column(), groups.check_column().err());
        let counts = SourceCounts::new(source.name(), self.shown(counts)).with_groups(groups.finish_anyway());
        Ok(Counted {
            source: source.clone(),
            counts: counts.with_read_at(now()),
            has_column,
            no_column: no_column.map(|error| source.failure(error)),
        })
    }

    /// The counts, as they may be seen.
    fn shown(&self, counts: ReasonCounts) -> ReasonCounts {
        match &self.redactor {
            Some(redactor) => counts.redacted(redactor),
            None => counts,
        }
    }
}

/// The time in whole seconds: nobody needs to know more about when a report was read.
fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

impl Format {
    /// Is every group something to look at, or a series to keep?
    fn is_drawn(self) -> bool {
        !matches!(self, Format::Json | Format::Jsonl | Format::Csv)
    }
}
