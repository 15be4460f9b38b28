//! Faults as a table, for people at a terminal.
//!
//! # How it works
//!
//! The first rows are held back, and tell how wide each column is to be; from then on each row is written as it comes. A
//! table is as wide as the terminal. Emails are never cut, since half of one is nobody's; other cells are, and where even
//! that is not enough, the columns furthest to the right are left out.

use std::fmt;
use std::io::Write;

use unicode_width::UnicodeWidthStr;

use super::gathered::Gathered;
use super::layout::{column, padded};
use super::table_options::Palette;
use super::words::{grouped, printable};
use super::{TableOptions, WriteOptions, tell};
use crate::error::Result;
use crate::escape::escape;
use crate::reason::remedy::Remedy;
use crate::report::FaultReport;
use crate::report::columns::{Columns, SameColumns};
use crate::report::fault::{Fault, text};
use crate::report::feed::FaultSink;

/// How many rows tell how wide the columns are.
const MEASURED: usize = 100;

/// How many columns are looked at, at most: no terminal shows more.
const MOST_COLUMNS: usize = 200;

/// How wide a column is at most, and how narrow it becomes before another one is left out: by then, nearly every reason is
/// whole.
const WIDEST: usize = 40;
const NARROWEST: usize = 8;
const NARROWEST_REASON: usize = 16;

/// The spaces between two columns.
const GAP: usize = 2;

/// As long as an address can be (RFC 3696, erratum 1690), in characters; what is longer is none.
const LONGEST_EMAIL: usize = 320;

/// Writes faults as a table for people at a terminal, as `faults list` prints them there.
///
/// The columns are those of the report, as many as fit into the [width](TableOptions::width). Emails are whole, other cells
/// end in `…` where they are cut. Each fault stands on a line of its own, whatever is in it, and can't change the terminal.
/// Where another header begins, so does another table. Of the options for writing, only redaction counts. Needs the feature
/// `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email,city\nBlocker,a@example.com,Faro\n")?;
/// let mut table = Vec::new();
/// let (write, options) = (export::WriteOptions::new(), export::TableOptions::new());
/// export::faults_to_table(&report, report.faults(), &write, &options, &mut table)?;
/// assert_eq!(
///     String::from_utf8_lossy(&table),
///     "\
/// Reason   email          city
/// Blocker  a@example.com  Faro
/// "
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_table<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    write: &WriteOptions,
    options: &TableOptions,
    writer: impl Write,
) -> Result<()> {
    let mut table = RowsTable::new(writer, write, options);
    tell(report, faults, &mut table)?;
    table.finish().map(|_| ())
}

/// Writes faults as a table as they come, in constant memory; what [`faults_to_table`] does with those of a report.
///
/// ```
/// use dotdigital_faults::{FaultReader, export};
///
/// let report = "Reason,email\nBlocker,a@example.com\n";
/// let mut table = export::RowsTable::new(Vec::new(), &export::WriteOptions::new(), &export::TableOptions::new());
/// FaultReader::new(report.as_bytes()).drain_into(&mut table)?;
/// assert_eq!(table.finish()?, b"Reason   email\nBlocker  a@example.com\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct RowsTable<W> {
    out: Gathered<W>,
    options: WriteOptions,
    width: usize,
    palette: Palette,
    columns: Option<SameColumns>,
    /// The columns that are looked at, in their order.
    shown: Vec<Shown>,
    /// How many columns there are besides.
    further: usize,
    /// The first rows, until the columns have their widths.
    first: Option<Vec<Row>>,
}

/// A column that may be shown.
struct Shown {
    column: usize,
    name: String,
    role: Role,
    /// 0 where there is no room for it.
    width: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reason,
    Email,
    Other,
}

/// A row: the cells of the columns that are looked at.
struct Row {
    cells: Vec<String>,
    remedy: Remedy,
}

impl<W: Write> RowsTable<W> {
    /// Writes to a writer.
    pub fn new(writer: W, write: &WriteOptions, options: &TableOptions) -> Self {
        RowsTable {
            out: Gathered::new(writer),
            options: write.clone().upload_shape(false),
            width: options.columns(usize::MAX),
            palette: options.palette(),
            columns: None,
            shown: Vec::new(),
            further: 0,
            first: None,
        }
    }

    /// Writes what is still held back, and gives the writer back.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the writer fails.
    pub fn finish(mut self) -> Result<W> {
        self.end_table()?;
        self.out.finish()
    }

    /// The row, as it is shown.
    fn row(&self, fault: &Fault<'_>) -> Row {
        let mut cells = fault.raw_fields().enumerate();
        let shown = self.shown.iter().map(|shown| {
            let cell = cells.find(|(column, _)| *column == shown.column);
            let cell = cell.map(|(column, cell)| text(self.options.cell(fault, column, cell))).unwrap_or_default();
            match shown.role {
                Role::Email => escape(&cell, LONGEST_EMAIL),
                _ => printable(&cell),
            }
        });
        Row { cells: shown.collect(), remedy: fault.remedy() }
    }

    /// Writes the header and the first rows, if that hasn't been done.
    fn begin_table(&mut self) -> Result<()> {
        let Some(first) = self.first.take() else { return Ok(()) };
        self.further += lay_out(&mut self.shown, &first, self.width);
        let names = self.shown.iter().map(|shown| shown.name.clone()).collect();
        self.write_line(&Row { cells: names, remedy: Remedy::Ignore }, true)?;
        first.iter().try_for_each(|row| self.write_line(row, false))
    }

    fn end_table(&mut self) -> Result<()> {
        self.begin_table()?;
        if self.further > 0 {
            let faint = self.palette.faint();
            let columns = if self.further == 1 { "column" } else { "columns" };
            let words = format!("{faint}… and {} more {columns}{faint:#}\n", grouped(self.further as u64));
            self.out.bytes.extend_from_slice(words.as_bytes());
        }
        self.further = 0;
        self.out.write_if_full()
    }

    fn write_line(&mut self, row: &Row, is_header: bool) -> Result<()> {
        let mut line = String::new();
        for (shown, cell) in self.shown.iter().zip(&row.cells).filter(|(shown, _)| shown.width > 0) {
            let style = match shown.role {
                _ if is_header => self.palette.faint(),
                Role::Reason => self.palette.remedy(row.remedy),
                _ => anstyle::Style::new(),
            };
            // An email is longer than those of the first rows rather than cut.
            let cell = if shown.role == Role::Email { padded(cell, shown.width) } else { column(cell, shown.width) };
            let text = cell.trim_end_matches(' ');
            let spaces = cell.len() - text.len() + GAP;
            line.push_str(&format!("{style}{text}{style:#}{:spaces$}", ""));
        }
        self.out.bytes.extend_from_slice(line.trim_end_matches(' ').as_bytes());
        self.out.bytes.push(b'\n');
        self.out.write_if_full()
    }
}

impl<W: Write> FaultSink for RowsTable<W> {
    fn columns(&mut self, columns: &Columns) -> Result<()> {
        if self.columns.as_ref().is_some_and(|known| known.are(columns)) {
            return Ok(());
        }
        if self.columns.is_some() {
            self.end_table()?;
            self.out.bytes.push(b'\n');
        }
        self.columns = Some(SameColumns::as_those(columns));
        // More can't have room.
        let most = (self.width / (1 + GAP) + 1).min(MOST_COLUMNS);
        self.shown = shown(columns, &self.options, most);
        self.further = columns.len() - self.shown.len();
        self.first = Some(Vec::new());
        Ok(())
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self.columns(fault.columns())?;
        let row = self.row(fault);
        match &mut self.first {
            Some(first) => {
                first.push(row);
                if first.len() >= MEASURED { self.begin_table() } else { Ok(()) }
            }
            None => self.write_line(&row, false),
        }
    }
}

/// `Debug` shows nothing of the faults.
impl<W> fmt::Debug for RowsTable<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsTable").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The columns that are looked at: the first ones, and those of the reason and of the email wherever they are.
fn shown(columns: &Columns, options: &WriteOptions, most: usize) -> Vec<Shown> {
    let names = options.header(columns).into_iter().enumerate();
    let named = names.map(|(column, name)| {
        let role = match () {
            () if column == columns.reason() => Role::Reason,
            () if Some(column) == columns.email() => Role::Email,
            () => Role::Other,
        };
        Shown { column, name: printable(&text(name)), role, width: 0 }
    });
    named.filter(|shown| shown.column < most || shown.role != Role::Other).collect()
}

/// Gives each column its width, and tells for how many there is no room.
fn lay_out(columns: &mut [Shown], rows: &[Row], width: usize) -> usize {
    for (index, shown) in columns.iter_mut().enumerate() {
        let cells = rows.iter().filter_map(|row| row.cells.get(index));
        let widest = cells.map(|cell| cell.width()).chain([shown.name.width(), 1]).max().unwrap_or(1);
        shown.width = widest.min(if shown.role == Role::Email { width } else { WIDEST });
    }
    let taken = |columns: &[Shown]| {
        let shown = columns.iter().filter(|shown| shown.width > 0);
        shown.map(|shown| shown.width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    let mut left_out = 0;
    while taken(columns) > width {
        let can_shrink = |shown: &&mut Shown| match shown.role {
            Role::Reason => shown.width > NARROWEST_REASON,
            Role::Email => false,
            Role::Other => shown.width > NARROWEST,
        };
        // The reason is what it is about, and so it shrinks last.
        let rank = |shown: &&mut Shown| (shown.role == Role::Other, shown.width);
        if let Some(widest) = columns.iter_mut().filter(can_shrink).max_by_key(rank) {
            widest.width -= 1;
            continue;
        }
        let last = columns.iter_mut().rev().find(|shown| shown.role == Role::Other && shown.width > 0);
        let Some(last) = last else { break };
        last.width = 0;
        left_out += 1;
    }
    left_out
}
