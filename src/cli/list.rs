//! `faults list`: the rows themselves.

use anstream::ColorChoice;
use clap::{Args, ValueEnum};
use dotdigital_faults::{Columns, Error, Fault, FaultSink, ReasonCounts, ReasonFilter, Remedy, export};

use super::Reading;
use super::choice::{ReasonChoice, ReasonParser, RemedyParser};
use super::failure::{Failure, note};
use super::gate::GateArg;
use super::output::{Destination, OutputArg, OutputRows};
use super::redact::RedactArgs;
use super::source::SourceArg;

const EXAMPLES: &str = "\
Examples:
  faults list report.csv --reason invalid_email,hard_bounced
      the rows with one of two reasons
  faults list - --remedy remove --format jsonl
      those that call for one remedy, from standard input
  faults list report.csv --format xlsx -o faults.xlsx
      for people who open it in a spreadsheet
  faults list report.csv --redact
      for people who must not know the contacts";

const NOTES: &str = "\
A CSV is faithful, byte for byte, unless --spreadsheet-safe is given: use that for files that people open in a \
spreadsheet, and not for files that a program reads or that are imported again; `faults restore` undoes it. A workbook \
needs none of it: each of its cells is text.

Standard output stays empty on failure, but for one case: a file of more than 64 MiB is written while it is read, and \
where something ends that late, such as a row of more than 16 MiB or the disk, a part has been written. -o \
FILE is whole or not there.";

/// Up to what size a file is read through before its rows are written to standard output, so that nothing is written
/// where the reading fails. To read a larger one twice would take half as long again, and what can still go wrong in it,
/// behind its first MiB, is rare: a row of many megabytes, a header of many thousand columns, or the disk.
const CHECKED: u64 = 64 << 20;

/// The rows themselves, filtered
#[derive(Args)]
#[command(before_help = EXAMPLES, after_help = NOTES)]
pub struct List {
    #[command(flatten)]
    source: SourceArg,

    /// Only faults with this reason, in any spelling; several with commas, and `other` stands for all unknown ones
    #[arg(long, value_name = "REASON", value_delimiter = ',', value_parser = ReasonParser)]
    reason: Vec<ReasonChoice>,

    /// Only faults that call for this remedy; several with commas
    #[arg(long, value_name = "REMEDY", value_delimiter = ',', value_parser = RemedyParser)]
    remedy: Vec<Remedy>,

    /// How to print them [default: table on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", ignore_case = true)]
    format: Option<Format>,

    /// Only the first N of these rows; counts, gates and notes are of the whole report all the same
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Write a CSV for a spreadsheet: a byte order mark, and an apostrophe before what would be taken for a formula
    #[arg(long)]
    spreadsheet_safe: bool,

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
    /// The report's own columns, byte for byte
    Csv,
    /// An object a line, with reason, remedy and line number
    Jsonl,
    /// A workbook for spreadsheets, each of its cells text
    Xlsx,
    /// For people, on a terminal: fitted to its width
    Table,
}

impl List {
    pub fn run(&self, color: ColorChoice) -> Result<(), Failure> {
        let destination = self.output.destination()?;
        let format = self.format(&destination)?;
        let mut write = export::WriteOptions::new().spreadsheet_safe(self.spreadsheet_safe);
        if let Some(redactor) = self.redact.redactor()? {
            write = write.redact(redactor);
        }
        let wanted = Wanted { filter: self.filter(), limit: self.limit.unwrap_or(u64::MAX) };
        let style = Style { format, write, table: self.output.table_options(color) };
        let read = self.reading.options();
        // What is written to a stream can't be taken back: so a file is read through before. A workbook is written once all
        // is read.
        let size = if destination.is_stream() { self.source.file_size() } else { None };
        let is_checked = size.is_some_and(|size| size <= CHECKED) || size.is_some() && self.reading.strict;
        if is_checked && format != Format::Xlsx {
            self.source.feed(&read, || Ok(Check::new(&style, &wanted)))?;
        }
        let make = || {
            let rows = destination.rows(size.is_some()).map_err(|error| destination.unwritable_rows(error))?;
            Ok(Rows::new(&style, rows, &wanted))
        };
        let (rows, counts) = match self.source.feed(&read, make) {
            // Rows go straight out only of a file, which can be read again for what a gate wants to know.
            Err(Failure::ClosedPipe) if self.gate.is_given() => {
                let (_, counts) = self.source.feed(&read, || Ok(|_: &Fault<'_>| Ok(())))?;
                return self.gate.check(&counts);
            }
            fed => fed?,
        };
        let cut = rows.written.cut_cells();
        let finished = rows.written.finish().map_err(Failure::from);
        match finished.and_then(|rows| destination.complete_rows(rows)) {
            Err(Failure::ClosedPipe) => return self.gate.check(&counts),
            completed => completed?,
        }
        note_cut_cells(cut);
        note_anomalies(&counts);
        self.gate.check(&counts)
    }

    /// How the rows are written, if they can be written there so.
    fn format(&self, destination: &Destination) -> Result<Format, Failure> {
        let usual = if destination.is_terminal() { Format::Table } else { Format::Csv };
        let format = self.format.unwrap_or(if self.spreadsheet_safe { Format::Csv } else { usual });
        if self.spreadsheet_safe && format != Format::Csv {
            let why = match format {
                Format::Xlsx => "the cells of a workbook are text already",
                Format::Jsonl => "no spreadsheet takes JSON for formulas",
                _ => "no spreadsheet opens a table",
            };
            return Err(Failure::new(format!("--spreadsheet-safe is for CSV: {why}")).hint("leave it out"));
        }
        if format == Format::Xlsx && destination.is_terminal() {
            return Err(
                Failure::new("a workbook can't be shown on a terminal").hint("name a file for it (-o faults.xlsx)")
            );
        }
        Ok(format)
    }

    /// The same option adds, different ones narrow.
    fn filter(&self) -> ReasonFilter {
        let filter = self.reason.iter().fold(ReasonFilter::new(), |filter, reason| reason.add_to(filter));
        self.remedy.iter().copied().fold(filter, ReasonFilter::remedy)
    }
}

/// Which faults are wanted.
#[derive(Clone)]
struct Wanted {
    filter: ReasonFilter,
    /// How many more of them.
    limit: u64,
}

impl Wanted {
    /// Is this one of them? It is counted then.
    fn takes(&mut self, fault: &Fault<'_>) -> bool {
        let takes = self.limit > 0 && self.filter.wants(fault.reason());
        self.limit -= u64::from(takes);
        takes
    }
}

/// How they are written.
struct Style {
    format: Format,
    write: export::WriteOptions,
    table: export::TableOptions,
}

/// The faults that are wanted, written.
struct Rows {
    wanted: Wanted,
    has_header: bool,
    written: Written,
}

impl Rows {
    fn new(style: &Style, rows: OutputRows, wanted: &Wanted) -> Self {
        Rows { wanted: wanted.clone(), has_header: false, written: Written::new(style, rows) }
    }
}

impl FaultSink for Rows {
    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        // Behind the last row that is wanted, no further header is.
        if self.wanted.limit == 0 && self.has_header {
            return Ok(());
        }
        self.has_header = true;
        self.written.sink().columns(columns)
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        if self.wanted.takes(fault) { self.written.sink().fault(fault) } else { Ok(()) }
    }
}

/// Finds out whether the faults can be read and written. Those that are as they should be always can: so the writer is given
/// the others alone, and those behind them.
struct Check {
    rows: Rows,
    is_behind_unusual: bool,
}

impl Check {
    fn new(style: &Style, wanted: &Wanted) -> Self {
        Check { rows: Rows::new(style, OutputRows::Nowhere, wanted), is_behind_unusual: false }
    }
}

impl FaultSink for Check {
    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        self.rows.columns(columns)
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        if !self.rows.wanted.takes(fault) {
            return Ok(());
        }
        let is_unusual = !fault.anomalies().is_empty();
        let is_behind_unusual = std::mem::replace(&mut self.is_behind_unusual, is_unusual);
        if is_unusual || is_behind_unusual {
            return self.rows.written.sink().fault(fault);
        }
        Ok(())
    }
}

/// What writes them.
enum Written {
    Csv(Box<export::Csv<OutputRows>>),
    Jsonl(Box<export::JsonLines<OutputRows>>),
    Xlsx(Box<export::Xlsx<OutputRows>>),
    Table(Box<export::RowsTable<OutputRows>>),
}

impl Written {
    fn new(style: &Style, rows: OutputRows) -> Self {
        let Style { format, write, table } = style;
        match format {
            Format::Csv => Written::Csv(Box::new(export::Csv::new(rows, write))),
            Format::Jsonl => Written::Jsonl(Box::new(export::JsonLines::new(rows, write))),
            Format::Xlsx => Written::Xlsx(Box::new(export::Xlsx::new(rows, write))),
            Format::Table => Written::Table(Box::new(export::RowsTable::new(rows, write, table))),
        }
    }

    fn sink(&mut self) -> &mut dyn FaultSink {
        match self {
            Written::Csv(csv) => csv.as_mut(),
            Written::Jsonl(lines) => lines.as_mut(),
            Written::Xlsx(xlsx) => xlsx.as_mut(),
            Written::Table(table) => table.as_mut(),
        }
    }

    fn cut_cells(&self) -> u64 {
        match self {
            Written::Xlsx(xlsx) => xlsx.cut_cells(),
            _ => 0,
        }
    }

    fn finish(self) -> Result<OutputRows, Error> {
        match self {
            Written::Csv(csv) => csv.finish(),
            Written::Jsonl(lines) => lines.finish(),
            Written::Xlsx(xlsx) => xlsx.finish(),
            Written::Table(table) => table.finish(),
        }
    }
}

/// Says how many cells a workbook has only in part.
pub fn note_cut_cells(cut: u64) {
    match cut {
        0 => {}
        1 => note("1 cell was longer than the 32,767 characters that a spreadsheet can hold, and was cut"),
        _ => note(&format!(
            "{cut} cells were longer than the 32,767 characters that a spreadsheet can hold, and were cut"
        )),
    }
}

/// The rows don't show what was unusual, and so it is said beside them.
pub fn note_anomalies(counts: &ReasonCounts) {
    if !counts.anomalies().is_empty() {
        let anomalies: Vec<_> = export::anomalies_to_lines(counts.anomalies()).collect();
        note(&format!("unusual, and read all the same: {}", anomalies.join("; ")));
    }
}
