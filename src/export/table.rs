//! Counts as a table, for people at a terminal.

use std::io::{self, Write};

use super::layout::{bar, column, fitted, widest, wrapped};
use super::table_options::Palette;
use super::words::{Line, anomalies_to_lines, grouped, label, lines, percent, remedy_words, reports, title};
use super::{TableOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::reason::remedy::Remedy;
use crate::tally::Tally;
use crate::tally::group_counts::GroupKey;

/// The most columns that a table makes use of.
const MOST_COLUMNS: usize = 120;

/// The columns of a share and of a remedy, and the spaces before each.
const SHARE: usize = 7;
const REMEDY: usize = 16;
const GAP: usize = 2;

/// The most columns of a reason or of a name, and of a bar.
const LABEL: usize = 30;
const BAR: usize = 24;

/// A bar that still tells much.
const READABLE_BAR: usize = 8;

/// Below this a bar tells nothing.
const SHORTEST_BAR: usize = 4;

/// Tables that are narrower have no remedy beside each reason.
const ROOM_FOR_REMEDY: usize = 72;

/// How many reasons are named beside a group or a report.
const REASONS_OF_A_PART: usize = 5;

/// Writes a tally as a table for people at a terminal, as `faults summary` prints it.
///
/// It has the reasons with their counts, shares, bars and remedies, then what to do, then how many faults are partial,
/// where any are, and what was unusual; then the
/// groups where faults were grouped, and the reports where there are several. Known reasons are always shown; the rarest
/// unknown ones of very many are summed up in one line, and so are all reports but the 20 with the most faults. Texts of the report stand on one line each and can't change the
/// terminal. Needs the feature `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nBlocker,b@example.com\n")?;
/// let options = export::TableOptions::new().source("may.csv");
/// let mut table = Vec::new();
/// export::tally_to_table(&Tally::from(&report), &options, &mut table)?;
/// assert_eq!(
///     String::from_utf8_lossy(&table),
///     "\
/// Why 2 contacts failed to import
/// may.csv
///
///   reason   count    share                            what to do
///   Blocker      2  100.0 %  ████████████████████████  remove
///   total        2
///
///   what to do
///   remove                2  Stop mailing it; remove it from your own lists.
/// "
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_table(tally: &Tally, options: &TableOptions, mut writer: impl Write) -> Result<()> {
    let width = options.columns(MOST_COLUMNS);
    let table = Table { tally, total: tally.counts().total(), width, palette: options.palette() };
    table.write(options.name(), &mut writer).map_err(writing)
}

struct Table<'t> {
    tally: &'t Tally,
    total: u64,
    width: usize,
    palette: Palette,
}

impl Table<'_> {
    fn write(&self, name: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        self.write_heading(name, out)?;
        if self.total > 0 {
            self.write_reasons(out)?;
            self.write_remedies(out)?;
            self.write_partial(out)?;
        }
        self.write_unusual(out)?;
        if let Some(groups) = self.tally.groups().filter(|_| self.total > 0) {
            let parts = groups.by_size().map(|(key, counts)| Part {
                name: key.label().into_owned(),
                is_rest: key == GroupKey::Rest,
                counts,
            });
            self.write_parts(&format!("by {}", groups.by().name()), &parts.collect::<Vec<_>>(), out)?;
        }
        if self.tally.sources().len() > 1 {
            let (shown, further) = reports(self.tally);
            let shown = shown.iter().map(|source| Part {
                name: source.name().to_owned(),
                is_rest: false,
                counts: source.counts(),
            });
            let further = further.iter().map(|(more, counts)| Part { name: more.clone(), is_rest: true, counts });
            self.write_parts("by report", &shown.chain(further).collect::<Vec<_>>(), out)?;
        }
        Ok(())
    }

    /// What it is all about.
    fn write_heading(&self, name: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        writeln!(out, "{strong}{}{strong:#}", title(self.total))?;
        let name = match (name, self.tally.sources()) {
            (Some(name), _) => fitted(name, self.width),
            (None, []) => return Ok(()),
            (None, [source]) if source.name().is_empty() => return Ok(()),
            (None, [source]) => fitted(source.name(), self.width),
            (None, sources) => format!("{} reports", sources.len()),
        };
        writeln!(out, "{faint}{name}{faint:#}")
    }

    /// The reasons, a line each, and the total.
    fn write_reasons(&self, out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        let lines = lines(self.tally.counts());
        let columns = Columns::new(&lines, self.total, self.width);
        let Columns { label, number, .. } = columns;
        let bar = if columns.bar > 0 { " ".repeat(GAP + columns.bar) } else { String::new() };
        let what = if columns.has_remedy { "  what to do" } else { "" };
        let (reason, count, share) = ("reason", "count", "share");
        writeln!(out, "\n{faint}  {reason:label$}  {count:>number$}  {share:>SHARE$}{bar}{what}{faint:#}")?;
        let most = lines.iter().map(|line| line.count).max().unwrap_or(1);
        for line in &lines {
            self.write_reason(line, most, &columns, out)?;
        }
        writeln!(out, "  {strong}{:label$}  {:>number$}{strong:#}", "total", grouped(self.total))
    }

    /// One reason. The sum of several has no remedy beside it, and so its bar has no colour.
    fn write_reason(&self, line: &Line, most: u64, columns: &Columns, out: &mut dyn Write) -> io::Result<()> {
        let strong = self.palette.strong();
        let remedy = line.reason.as_ref().map(FailureReason::remedy);
        let (label, number) = (column(&line.label, columns.label), columns.number);
        let (count, share) = (grouped(line.count), percent(line.count, self.total));
        write!(out, "  {label}  {strong}{count:>number$}{strong:#}  {share:>SHARE$}")?;
        if columns.bar > 0 {
            let style = remedy.map_or(self.palette.faint(), |remedy| self.palette.remedy(remedy));
            write!(out, "  {style}{}{style:#}", bar(line.count, most, columns.bar))?;
        }
        match remedy.filter(|_| columns.has_remedy) {
            Some(remedy) => writeln!(out, "  {}", remedy_words(remedy)),
            None => writeln!(out),
        }
    }

    /// What to do, and for how many contacts.
    fn write_remedies(&self, out: &mut dyn Write) -> io::Result<()> {
        let faint = self.palette.faint();
        writeln!(out, "\n{faint}  what to do{faint:#}")?;
        let number = number_width(self.total);
        for remedy in Remedy::iter() {
            let count = self.tally.counts().get_remedy(remedy);
            if count > 0 {
                let (style, words, count) = (self.palette.remedy(remedy), remedy_words(remedy), grouped(count));
                let what = wrapped(remedy.description(), GAP + REMEDY + GAP + number + GAP, self.width);
                writeln!(out, "  {style}{words:REMEDY$}{style:#}  {count:>number$}  {what}")?;
            }
        }
        Ok(())
    }

    /// How many of the contacts were imported all the same.
    fn write_partial(&self, out: &mut dyn Write) -> io::Result<()> {
        let partial = self.tally.counts().partial();
        if partial == 0 {
            return Ok(());
        }
        let (number, partial) = (number_width(self.total), grouped(partial));
        let what =
            wrapped("Imported all the same, but for some of its data.", GAP + REMEDY + GAP + number + GAP, self.width);
        writeln!(out, "\n  {:REMEDY$}  {partial:>number$}  {what}", "partial")
    }

    fn write_unusual(&self, out: &mut dyn Write) -> io::Result<()> {
        let anomalies = self.tally.counts().anomalies();
        if anomalies.is_empty() {
            return Ok(());
        }
        let faint = self.palette.faint();
        writeln!(out, "\n{faint}  unusual, and read all the same{faint:#}")?;
        for line in anomalies_to_lines(anomalies) {
            writeln!(out, "  {}", wrapped(&line, 2 * GAP, self.width))?;
        }
        Ok(())
    }

    /// Parts of the counts, a line each, with the most frequent reasons of each.
    fn write_parts(&self, title: &str, parts: &[Part<'_>], out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        let number = number_width(self.total);
        let title = fitted(title, LABEL);
        let names = parts.iter().map(|part| part.name.as_str()).chain([title.as_str()]);
        // At least a dozen columns are left for the reasons.
        let most = self.width.saturating_sub(3 * GAP + number + SHARE + 12);
        let name = widest(names).clamp(8, LABEL).min(most);
        let why = GAP + name + GAP + number + GAP + SHARE + GAP;

        let (title, count, share) = (column(&title, name), "count", "share");
        writeln!(out, "\n{faint}  {title}  {count:>number$}  {share:>SHARE$}  why{faint:#}")?;
        for part in parts {
            let style = if part.is_rest { faint } else { anstyle::Style::new() };
            let (text, count) = (column(&part.name, name), part.counts.total());
            let share = if self.total == 0 { String::new() } else { percent(count, self.total) };
            let (count, reasons) = (grouped(count), wrapped(&part.reasons(), why, self.width));
            writeln!(out, "  {style}{text}{style:#}  {strong}{count:>number$}{strong:#}  {share:>SHARE$}  {reasons}")?;
        }
        Ok(())
    }
}

/// A group or a report.
struct Part<'t> {
    name: String,
    /// Does it stand for all further ones?
    is_rest: bool,
    counts: &'t ReasonCounts,
}

impl Part<'_> {
    /// The most frequent reasons, in one line.
    fn reasons(&self) -> String {
        let all = self.counts.by_frequency().len();
        let named = self.counts.by_frequency().take(REASONS_OF_A_PART);
        let mut reasons: Vec<_> =
            named.map(|(reason, count)| format!("{} {}", fitted(&label(reason), LABEL), grouped(count))).collect();
        let more = all.saturating_sub(REASONS_OF_A_PART);
        if more > 0 {
            reasons.push(format!("{} more", grouped(more as u64)));
        }
        reasons.join(", ")
    }
}

/// How the reasons share the width of the table.
struct Columns {
    label: usize,
    number: usize,
    /// 0 where there is no room for it.
    bar: usize,
    has_remedy: bool,
}

impl Columns {
    /// A narrow table goes without the remedy first, then without the bar; then labels are cut.
    fn new(lines: &[Line], total: u64, width: usize) -> Self {
        let number = number_width(total);
        let has_remedy = width >= ROOM_FOR_REMEDY;
        let remedy = if has_remedy { GAP + REMEDY } else { 0 };
        let room = width.saturating_sub(GAP + GAP + number + GAP + SHARE + remedy);
        let longest = widest(lines.iter().map(|line| line.label.as_str()));
        // An unknown reason may be long, and has what a bar that is still readable leaves.
        let most = room.saturating_sub(GAP + READABLE_BAR).max(LABEL);
        let label = longest.clamp("reason".len(), most).min(room.max(8));
        let bar = room.saturating_sub(label + GAP).min(BAR);
        Columns { label, number, bar: if bar < SHORTEST_BAR { 0 } else { bar }, has_remedy }
    }
}

/// The columns of a count, where none is larger than the total.
fn number_width(total: u64) -> usize {
    grouped(total).len().max("count".len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::SourceCounts;

    fn written(tally: &Tally, options: &TableOptions) -> String {
        let mut table = Vec::new();
        tally_to_table(tally, options, &mut table).unwrap();
        String::from_utf8(table).unwrap()
    }

    #[test]
    fn what_the_heading_names() {
        let source = |name| SourceCounts::new(name, ReasonCounts::new());
        for (sources, name, expected) in [
            (vec![], None, "No contact failed to import\n"),
            (vec![source("")], None, "No contact failed to import\n"),
            (vec![source("a\tb")], None, "No contact failed to import\na\\tb\n"),
            (vec![source("a")], Some("b"), "No contact failed to import\nb\n"),
            (vec![source("a"), source("b")], None, "No contact failed to import\n2 reports\n"),
        ] {
            let options = TableOptions::new();
            let options = match name {
                Some(name) => options.source(name),
                None => options,
            };
            assert!(written(&sources.into_iter().collect(), &options).starts_with(expected), "{expected}");
        }
    }

    #[test]
    fn columns_of_every_width() {
        let lines: Vec<_> = ["short", "a reason that is longer than the column of reasons ever becomes"]
            .map(|label| Line { label: label.to_owned(), reason: None, count: 1 })
            .into();
        for width in 40..=MOST_COLUMNS {
            for total in [0, 1, 999_999, 999_999_999_999] {
                let columns = Columns::new(&lines, total, width);
                let mut all = GAP + columns.label + GAP + columns.number + GAP + SHARE;
                all += if columns.bar > 0 { GAP + columns.bar } else { 0 };
                all += if columns.has_remedy { GAP + REMEDY } else { 0 };
                assert!(all <= width, "{all} of {width} for {total}");
            }
        }
    }

    #[test]
    fn colours_only_where_they_are_asked_for() {
        let report = crate::FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nwhy,b\n").unwrap();
        let tally = Tally::from(&report);
        let (plain, coloured) =
            (written(&tally, &TableOptions::new()), written(&tally, &TableOptions::new().colors(true)));
        assert!(!plain.contains('\u{1b}'));
        assert!(coloured.contains("\u{1b}[31m"));
    }
}
