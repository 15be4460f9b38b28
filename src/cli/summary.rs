//! `faults summary`: why contacts failed.

use std::time::SystemTime;

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::{GroupBy, GroupCounter, ReadOptions, ReasonCounts, Redactor, SourceCounts, Tally, export};

use super::Reading;
use super::browser;
use super::failure::Failure;
use super::gate::GateArg;
use super::output::OutputArg;
use super::redact::RedactArgs;
use super::source::{Source, SourcesArg};

/// How many groups are drawn, unless asked otherwise.
const MOST_DRAWN: usize = 20;

const EXAMPLES: &str = "\
Examples:
  faults summary report.csv
      why contacts failed, most frequent first
  faults summary --wait 842d81e8-c619-457f-bb77-ab6c4a17da39
      the same for an import, once it has finished
  faults summary *.csv --by domain --open
      which mail provider refuses, and why: a page in the browser";

/// Why contacts failed: counts per reason, most frequent first
#[derive(Args)]
#[command(before_help = EXAMPLES)]
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

impl Summary {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        let sources = &self.sources.sources;
        if sources.iter().filter(|source| matches!(source, Source::Stdin)).count() > 1 {
            return Err(Failure::new("standard input can be read only once").hint("name - only once"));
        }
        if self.open && !matches!(self.format, Format::Table | Format::Html) {
            return Err(Failure::new("--open shows a page").hint("leave --format out"));
        }
        let redactor = self.redact.redactor()?;
        let options = self.reading.options();
        let read = |source| self.read(source, redactor.as_ref(), &options);
        let tally = sources.iter().map(read).collect::<Result<Tally, _>>()?;
        let tally = match self.top.or_else(|| (self.open || self.format.is_drawn()).then_some(MOST_DRAWN)) {
            Some(most) => tally.top(most),
            None => tally,
        };
        if self.open {
            browser::show(|out| Ok(export::tally_to_html(&tally, out)?))?;
            return self.gate.check(tally.counts());
        }
        self.output.write(|out| {
            match self.format {
                Format::Table => export::tally_to_table(&tally, &self.table_options(color), out)?,
                Format::Json => export::tally_to_json(&tally, out)?,
                Format::Jsonl => export::tally_to_jsonl(&tally, out)?,
                Format::Csv => export::tally_to_csv(&tally, out)?,
                Format::Markdown => export::tally_to_markdown(&tally, out)?,
                Format::Prometheus => export::tally_to_prometheus(&tally, out)?,
                Format::Html => export::tally_to_html(&tally, out)?,
                Format::VegaLite => export::tally_to_vega_lite(&tally, out)?,
            }
            Ok(())
        })?;
        self.gate.check(tally.counts())
    }

    /// How the table is written. A single source is named in words; the tally knows only its id or path.
    fn table_options(&self, color: ColorChoice) -> export::TableOptions {
        let options = self.output.table_options(color);
        match self.sources.sources.as_slice() {
            [source] => options.source(source.to_string()),
            _ => options,
        }
    }

    /// Counts one source: in constant memory, unless its rows are to be grouped.
    fn read(
        &self,
        source: &Source,
        redactor: Option<&Redactor>,
        options: &ReadOptions,
    ) -> Result<SourceCounts, Failure> {
        let connection = &self.sources.connection;
        let seen = |counts: ReasonCounts| match redactor {
            Some(redactor) => counts.redacted(redactor),
            None => counts,
        };
        let counts = match &self.by {
            None => SourceCounts::new(source.name(), seen(source.counts(connection, options)?)),
            Some(by) => {
                let make = || {
                    let counter = GroupCounter::new(by.clone());
                    Ok(match redactor {
                        Some(redactor) => counter.redacted(redactor.clone()),
                        None => counter,
                    })
                };
                let (groups, counts) = source.feed(connection, options, make)?;
                let groups = groups.finish().map_err(|error| source.failure(error))?;
                SourceCounts::new(source.name(), seen(counts)).with_groups(groups)
            }
        };
        Ok(counts.with_read_at(SystemTime::now()))
    }
}

impl Format {
    /// Is every group something to look at, or a series to keep?
    fn is_drawn(self) -> bool {
        !matches!(self, Format::Json | Format::Jsonl | Format::Csv)
    }
}
