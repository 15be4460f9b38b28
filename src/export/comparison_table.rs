//! What changed between two reports as a table, for people at a terminal.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::{self, Write};

use anstyle::Style;

use super::layout::{column, fitted, widest};
use super::table_options::Palette;
use super::words::{further_reasons, grouped, label, shown};
use super::{TableOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::tally::comparison::{Change, Comparison};

/// The most columns that a table makes use of.
const MOST_COLUMNS: usize = 120;

/// The most columns of a reason.
const LABEL: usize = 30;

/// How many transitions are shown of each kind; the rest is summed up in one line.
const MOST_TRANSITIONS: usize = 20;

/// Writes what changed between two reports as a table for people at a terminal, as `faults compare` prints it.
///
/// It has the counts of both side by side, then how many contacts went from which reasons to which. It names contacts
/// only where the options ask for it ([`TableOptions::contacts`]). The one other place where contact data may stand is
/// an unknown reason of a damaged report. Options that redact see to both. Needs the feature `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Comparison, FaultReport, export};
///
/// let old = FaultReport::from_bytes("Reason,email\nSoft bounced,a@example.com\n")?;
/// let new = FaultReport::from_bytes("Reason,email\nHard bounced,A@example.com\n")?;
/// let options = export::TableOptions::new().sources("may.csv", "june.csv");
/// let mut table = Vec::new();
/// export::comparison_to_table(&Comparison::new(&old, &new), &options, &mut table)?;
/// assert_eq!(
///     String::from_utf8_lossy(&table),
///     "\
/// What changed
/// from may.csv
/// to   june.csv
///
///   reason            old      new   change
///   Hard bounced        0        1       +1
///   Soft bounced        1        0       -1
///   total               1        1        0
///
///   contacts
///   newly failing                  0
///   recovered                      0
///   failing for another reason     1
///     Soft bounced → Hard bounced  1
///   unchanged                      0
/// "
/// );
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn comparison_to_table(comparison: &Comparison, options: &TableOptions, mut writer: impl Write) -> Result<()> {
    let comparison = &*options.comparison(comparison);
    let table = Table { comparison, options, width: options.columns(MOST_COLUMNS), palette: options.palette() };
    table.write(&mut writer).map_err(writing)
}

struct Table<'t> {
    comparison: &'t Comparison,
    options: &'t TableOptions,
    width: usize,
    palette: Palette,
}

impl Table<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_heading(out)?;
        self.write_counts(out)?;
        self.write_transitions(out)?;
        self.write_without_email(out)?;
        if self.options.lists_contacts() {
            for change in Change::iter() {
                self.write_contacts(change, out)?;
            }
        }
        Ok(())
    }

    fn write_heading(&self, out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        let title = if self.comparison.is_empty() { "Nothing changed" } else { "What changed" };
        writeln!(out, "{strong}{title}{strong:#}")?;
        let Some((older, newer)) = self.sources() else { return Ok(()) };
        for (word, source) in [("from", older), ("to  ", newer)] {
            writeln!(out, "{faint}{word} {}{faint:#}", fitted(&source, self.width - 5))?;
        }
        Ok(())
    }

    /// What tells the two reports apart, where anything does.
    fn sources(&self) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        if let Some((older, newer)) = self.options.names() {
            return Some((older.into(), newer.into()));
        }
        let (older, newer) = (self.comparison.older().import_id()?, self.comparison.newer().import_id()?);
        Some((format!("import {older}").into(), format!("import {newer}").into()))
    }

    /// The counts side by side.
    fn write_counts(&self, out: &mut dyn Write) -> io::Result<()> {
        let (strong, faint) = (self.palette.strong(), self.palette.faint());
        let (old, new) = (self.comparison.older().total(), self.comparison.newer().total());
        let lines = self.counts();
        // One more than the largest count has, for the sign of a change.
        let number = grouped(old.max(new)).len().max("change".len()) + 1;
        let most = self.width.saturating_sub(3 * (number + 2) + 2).max(8);
        let label = widest(lines.iter().map(|(text, ..)| text.as_str())).clamp("reason".len(), LABEL).min(most);

        let heads = ("old", "new", "change");
        writeln!(
            out,
            "\n{faint}  {:label$}  {:>number$}  {:>number$}  {:>number$}{faint:#}",
            "reason", heads.0, heads.1, heads.2
        )?;
        for (text, old, new) in &lines {
            let (text, change) = (column(text, label), difference(*old, *new));
            let (old, new) = (grouped(*old), grouped(*new));
            writeln!(out, "  {text}  {old:>number$}  {strong}{new:>number$}{strong:#}  {change:>number$}")?;
        }
        let (change, old, new) = (difference(old, new), grouped(old), grouped(new));
        writeln!(out, "  {strong}{:label$}  {old:>number$}  {new:>number$}  {change:>number$}{strong:#}", "total")
    }

    /// The reasons with their counts in the older and in the newer report, and the sum of those that aren't shown.
    fn counts(&self) -> Vec<(String, u64, u64)> {
        let (shown, further) = shown(self.comparison.reasons(), |(reason, ..)| reason);
        let mut lines: Vec<_> = shown.iter().map(|(reason, old, new)| (label(reason), *old, *new)).collect();
        if !further.is_empty() {
            let sum = |count: fn(&(FailureReason, u64, u64)) -> u64| further.iter().map(count).sum();
            lines.push((further_reasons(further.len()), sum(|reason| reason.1), sum(|reason| reason.2)));
        }
        lines
    }

    /// How many contacts have changed, and from what to what.
    fn write_transitions(&self, out: &mut dyn Write) -> io::Result<()> {
        let faint = self.palette.faint();
        let mut lines: Vec<_> = Change::iter().flat_map(|change| self.transitions(change)).collect();
        lines.push(("unchanged".to_owned(), self.comparison.unchanged(), self.palette.strong()));

        writeln!(out, "\n{faint}  contacts{faint:#}")?;
        let number = lines.iter().map(|(_, count, _)| grouped(*count).len()).max().unwrap_or(0);
        let room = widest(lines.iter().map(|(text, ..)| text.as_str())).min(self.width.saturating_sub(number + 4));
        for (text, count, style) in lines {
            writeln!(out, "  {style}{}{style:#}  {:>number$}", column(&text, room), grouped(count))?;
        }
        Ok(())
    }

    /// The lines of one kind of change, each with its contacts: the sum, the most frequent transitions, and the rest.
    fn transitions(&self, change: Change) -> Vec<(String, u64, Style)> {
        let mut lines = vec![(words(change).to_owned(), self.comparison.count(change), self.palette.strong())];
        let transitions = self.comparison.transitions();
        let mut transitions = transitions.iter().filter(|transition| transition.change() == change);
        for transition in transitions.by_ref().take(MOST_TRANSITIONS) {
            let after = transition.after();
            let style = after.first().map_or(self.palette.faint(), |reason| self.palette.remedy(reason.remedy()));
            lines.push((format!("  {}", reasons(transition.before(), after)), transition.contacts(), style));
        }
        let further = transitions.map(|transition| transition.contacts()).sum::<u64>();
        if further > 0 {
            lines.push(("  (for further reasons)".to_owned(), further, self.palette.faint()));
        }
        lines
    }

    /// The faults that are nobody's.
    fn write_without_email(&self, out: &mut dyn Write) -> io::Result<()> {
        let (old, new) = self.comparison.without_email();
        if (old, new) == (0, 0) {
            return Ok(());
        }
        let (faint, old, new) = (self.palette.faint(), grouped(old), grouped(new));
        writeln!(out, "\n{faint}  without an email, and only counted above: {old} then, {new} now{faint:#}")
    }

    /// The contacts that have changed in one way.
    fn write_contacts(&self, change: Change, out: &mut dyn Write) -> io::Result<()> {
        let contacts = || self.comparison.contacts().filter(|contact| contact.change() == change);
        if contacts().next().is_none() {
            return Ok(());
        }
        let faint = self.palette.faint();
        writeln!(out, "\n{faint}  {}{faint:#}", words(change))?;
        let longest = contacts().map(|contact| widest([contact.email()])).max().unwrap_or(0);
        let room = longest.min((self.width - 4) / 2);
        for contact in contacts() {
            let email = column(contact.email(), room);
            let reasons = reasons(contact.before(), contact.after());
            writeln!(out, "  {email}  {}", fitted(&reasons, self.width - room - 4))?;
        }
        Ok(())
    }
}

/// From which reasons to which.
fn reasons(before: &[FailureReason], after: &[FailureReason]) -> String {
    match (before, after) {
        ([], reasons) | (reasons, []) => list(reasons),
        (before, after) => format!("{} → {}", list(before), list(after)),
    }
}

/// Reasons, each once, with how often it occurs where that is more than once.
fn list(reasons: &[FailureReason]) -> String {
    let each = reasons.chunk_by(PartialEq::eq).filter_map(|same| {
        let label = label(same.first()?);
        Some(if same.len() > 1 { format!("{label} ×{}", same.len()) } else { label })
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A change in words.
fn words(change: Change) -> &'static str {
    match change {
        Change::NewlyFailing => "newly failing",
        Change::Recovered => "recovered",
        Change::Changed => "failing for another reason",
    }
}

/// A difference with its sign.
fn difference(old: u64, new: u64) -> String {
    let difference = grouped(old.abs_diff(new));
    match new.cmp(&old) {
        Ordering::Less => format!("-{difference}"),
        Ordering::Equal => difference,
        Ordering::Greater => format!("+{difference}"),
    }
}
