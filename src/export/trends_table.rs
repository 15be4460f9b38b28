//! Trends as a table, for people at a terminal.

use std::io::{self, Write};

use super::layout::{bar, column, fitted, spark, widest};
use super::table_options::Palette;
use super::trends_words::{name, number_words, periods, rate_words, series_words, shown, title};
use super::words::grouped;
use super::{TableOptions, writing};
use crate::error::Result;
use crate::tally::archived_import::Series;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::{TrendRow, Trends};

/// The most columns that a table makes use of.
const MOST_COLUMNS: usize = 120;

/// The most columns of a name, and the least.
const NAME: usize = 30;
const LEAST_NAME: usize = 10;

/// The columns of a rate, the spaces before each column, and the bounds of a bar.
const RATE: usize = 7;
const GAP: usize = 2;
const BAR: usize = 24;
const SHORTEST_BAR: usize = 4;

/// The columns of what stands before a spark line.
const SPARK_NAME: usize = 6;

/// Writes trends as a table for people at a terminal, as `faults trends` prints it: a part for each series, of periods with a
/// spark line of the faults and one of the rate, in which a period without imports is a gap.
///
/// Of many accounts the 40 with the most faults are shown, and the others summed up. Needs the features `archive` and
/// `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Trends, export};
///
/// let trends: Trends = serde_json::from_str(r#"{"schema": 1, "since": "2026-03-01", "by": "week", "rows": [
///     {"series": "v2", "period": "2026-03-02", "imports": 2, "expired": 0, "ended_without_report": 0,
///      "faults": 20, "contacts": 1000, "rate": 0.02},
///     {"series": "v2", "period": "2026-03-16", "imports": 1, "expired": 0, "ended_without_report": 0,
///      "faults": 5, "contacts": 500, "rate": 0.01}
/// ]}"#).unwrap();
/// let mut table = Vec::new();
/// export::trends_to_table(&trends, &export::TableOptions::new(), &mut table)?;
/// assert_eq!(
///     String::from_utf8_lossy(&table),
///     "\
/// Faults by week since 2026-03-01
///
///   Imports over SOAP and REST
///   faults  █ ▃
///   rate    █ ▅
///
///   week        imports  faults  contacts     rate
///   2026-03-02        2      20     1,000    2.0 %  ████████████████████████
///   2026-03-16        1       5       500    1.0 %  ██████
///   total             3      25     1,500    1.7 %
/// "
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn trends_to_table(trends: &Trends, options: &TableOptions, mut writer: impl Write) -> Result<()> {
    let table = Table { trends, width: options.columns(MOST_COLUMNS), palette: options.palette() };
    table.write(options.name(), &mut writer).map_err(writing)
}

struct Table<'t> {
    trends: &'t Trends,
    width: usize,
    palette: Palette,
}

impl Table<'_> {
    fn write(&self, source: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        writeln!(out, "{strong}{}{strong:#}", title(self.trends))?;
        if let Some(source) = source {
            writeln!(out, "{faint}{}{faint:#}", fitted(source, self.width))?;
        }
        for (series, rows) in self.trends.by_series() {
            self.write_series(series, rows, out)?;
        }
        Ok(())
    }

    fn write_series(&self, series: Series, rows: &[TrendRow], out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        writeln!(out, "\n  {strong}{}{strong:#}", fitted(series_words(series), self.width.saturating_sub(GAP)))?;
        if self.trends.by().is_period() {
            self.write_sparks(rows, out)?;
        }
        let columns = Columns::new(self.trends, rows, self.width);
        let by = self.trends.by().as_str();
        let heads = Cells {
            name: by,
            imports: "imports",
            without_report: "no report",
            faults: "faults",
            contacts: "contacts",
            rate: "rate",
        };
        writeln!(out, "{faint}{}{faint:#}", columns.line(&heads))?;
        let most = rows.iter().map(|row| row.faults).max().unwrap_or(0);
        let (shown, further) = shown(self.trends.by(), rows);
        for row in shown {
            self.write_row(row, most, &columns, out)?;
        }
        if let Some(further) = further {
            writeln!(out, "  {faint}{}{faint:#}", fitted(&further, self.width.saturating_sub(GAP)))?;
        }
        let total = self.trends.total(rows);
        let without_report = grouped(total.without_report);
        let cells = Cells {
            name: "total",
            imports: &grouped(total.imports),
            without_report: &without_report,
            faults: &grouped(total.faults),
            contacts: &number_words(total.contacts),
            rate: &rate_words(total.rate),
        };
        writeln!(out, "{strong}{}{strong:#}", columns.line(&cells))
    }

    /// What the periods look like from afar.
    fn write_sparks(&self, rows: &[TrendRow], out: &mut dyn Write) -> io::Result<()> {
        let faint = self.palette.faint();
        let periods = periods(rows, self.width.saturating_sub(GAP + SPARK_NAME + GAP));
        let sparks = [
            ("faults", spark(periods.iter().map(|row| row.map(|row| row.faults as f64)))),
            ("rate", spark(periods.iter().map(|row| row.and_then(|row| row.rate)))),
        ];
        for (what, spark) in sparks {
            if !spark.trim().is_empty() {
                writeln!(out, "  {faint}{what:SPARK_NAME$}{faint:#}  {}", spark.trim_end())?;
            }
        }
        writeln!(out)
    }

    fn write_row(&self, row: &TrendRow, most: u64, columns: &Columns, out: &mut dyn Write) -> io::Result<()> {
        let cells = Cells {
            name: &name(&row.key),
            imports: &grouped(row.imports),
            without_report: &grouped(row.without_report()),
            faults: &grouped(row.faults),
            contacts: &number_words(row.contacts),
            rate: &rate_words(row.rate),
        };
        write!(out, "{}", columns.line(&cells))?;
        if columns.bar > 0 && row.faults > 0 {
            let style = match &row.key {
                TrendKey::Reason(reason) => self.palette.remedy(reason.remedy()),
                _ => self.palette.faint(),
            };
            write!(out, "  {style}{}{style:#}", bar(row.faults, most, columns.bar).trim_end())?;
        }
        writeln!(out)
    }
}

/// What stands in a line.
struct Cells<'c> {
    name: &'c str,
    imports: &'c str,
    without_report: &'c str,
    faults: &'c str,
    contacts: &'c str,
    rate: &'c str,
}

/// The widths of the columns; 0 of one for which there is no room, or nothing to say.
struct Columns {
    name: usize,
    imports: usize,
    without_report: usize,
    faults: usize,
    contacts: usize,
    bar: usize,
}

impl Columns {
    /// A narrow table goes without the bar first, then without what matters less and less.
    fn new(trends: &Trends, rows: &[TrendRow], width: usize) -> Self {
        let total = trends.total(rows);
        let names: Vec<_> = rows.iter().map(|row| name(&row.key)).collect();
        let longest = widest(names.iter().map(String::as_str)).clamp(LEAST_NAME, NAME);
        let mut columns = Columns {
            name: longest,
            imports: grouped(total.imports).len().max("imports".len()),
            without_report: match total.without_report {
                0 => 0,
                count => grouped(count).len().max("no report".len()),
            },
            faults: grouped(total.faults).len().max("faults".len()),
            contacts: grouped(total.contacts.unwrap_or(0)).len().max("contacts".len()),
            bar: 0,
        };
        if columns.width() > width {
            columns.name = columns.name.saturating_sub(columns.width() - width).max(LEAST_NAME);
        }
        for column in [Columns::without_report, Columns::contacts, Columns::imports] {
            if columns.width() > width {
                *column(&mut columns) = 0;
            }
        }
        let room = width.saturating_sub(columns.width() + GAP).min(BAR);
        columns.bar = if room < SHORTEST_BAR { 0 } else { room };
        columns
    }

    fn without_report(&mut self) -> &mut usize {
        &mut self.without_report
    }

    fn contacts(&mut self) -> &mut usize {
        &mut self.contacts
    }

    fn imports(&mut self) -> &mut usize {
        &mut self.imports
    }

    /// The columns of a line, but for its bar.
    fn width(&self) -> usize {
        let numbers = [self.imports, self.without_report, self.faults, self.contacts, RATE];
        GAP + self.name + numbers.into_iter().filter(|&number| number > 0).map(|number| GAP + number).sum::<usize>()
    }

    fn line(&self, cells: &Cells<'_>) -> String {
        let numbers = [
            (cells.imports, self.imports),
            (cells.without_report, self.without_report),
            (cells.faults, self.faults),
            (cells.contacts, self.contacts),
            (cells.rate, RATE),
        ];
        let numbers = numbers.into_iter().filter(|&(_, width)| width > 0);
        let numbers: String = numbers.map(|(cell, width)| format!("  {cell:>width$}")).collect();
        format!("  {}{numbers}", column(cells.name, self.name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn every_width() {
        let trends = |by: &str, key: &str, name: &str, number: u64| -> Trends {
            let row = json!({
                "series": "enrolment", key: name, "imports": number, "expired": number, "ended_without_report": 0,
                "faults": number, "contacts": number, "rate": 1.0,
            });
            serde_json::from_value(json!({"schema": 1, "since": "2026-01-01", "by": by, "rows": [row]})).unwrap()
        };
        let long = "x".repeat(64);
        for number in [0, 1, 999_999, 999_999_999_999] {
            for trends in [
                trends("account", "account", &long, number),
                trends("reason", "reason", "consent_records_not_applied", number),
                trends("day", "period", "2026-03-20", number),
            ] {
                for width in 40..=MOST_COLUMNS {
                    let mut table = Vec::new();
                    trends_to_table(&trends, &TableOptions::new().width(width), &mut table).unwrap();
                    let table = String::from_utf8(table).unwrap();
                    let widest = table.lines().map(UnicodeWidthStr::width).max().unwrap();
                    assert!(widest <= width, "{widest} of {width}:\n{table}");
                    assert!(table.lines().all(|line| line.trim_end() == line), "{table}");
                }
            }
        }
    }
}
