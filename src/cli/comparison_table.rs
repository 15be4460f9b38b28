//! The table of what changed between two reports.

use std::cmp::Ordering;
use std::io::{self, Write};

use dotdigital_faults::{Change, Comparison, FailureReason, Redactor};
use unicode_width::UnicodeWidthStr;

use super::table::{FAINT, STRONG, fitted, grouped, padded, printable, style};

/// How many reasons a table shows, and how many transitions of each kind; the rest is summed up.
const MOST_REASONS: usize = 40;
const MOST_TRANSITIONS: usize = 20;

/// What is written, and how.
pub struct Table<'t> {
    pub comparison: &'t Comparison,
    pub sources: (&'t str, &'t str),
    /// Whether the contacts themselves are listed.
    pub contacts: bool,
    pub redactor: Option<&'t Redactor>,
    pub width: usize,
}

impl Table<'_> {
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.width.clamp(40, 120);
        let title = if self.comparison.is_empty() { "Nothing changed" } else { "What changed" };
        writeln!(out, "{STRONG}{title}{STRONG:#}")?;
        for (name, source) in [("from", self.sources.0), ("to  ", self.sources.1)] {
            writeln!(out, "{FAINT}{name} {}{FAINT:#}", fitted(source, width - 5))?;
        }
        self.write_counts(width, out)?;
        self.write_transitions(width, out)?;
        if self.contacts {
            self.write_contacts(width, out)?;
        }
        Ok(())
    }

    /// The counts side by side.
    fn write_counts(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let reasons = self.comparison.reasons();
        let (shown, further) = reasons.split_at(reasons.len().min(MOST_REASONS));
        let mut lines: Vec<_> = shown.iter().map(|(reason, old, new)| (self.label(reason), *old, *new)).collect();
        if !further.is_empty() {
            let sum = |count: fn(&(FailureReason, u64, u64)) -> u64| further.iter().map(count).sum();
            let label = format!("({} further reasons)", grouped(further.len() as u64));
            lines.push((label, sum(|reason| reason.1), sum(|reason| reason.2)));
        }
        let (old, new) = (self.comparison.older().total(), self.comparison.newer().total());
        let number = grouped(old.max(new)).len().max("change".len()) + 1;
        let longest = lines.iter().map(|(label, ..)| printable(label).width()).max().unwrap_or(0);
        let label = longest.clamp("reason".len(), 30).min(width.saturating_sub(3 * (number + 2) + 2).max(8));

        writeln!(
            out,
            "\n{FAINT}  {:label$}  {:>number$}  {:>number$}  {:>number$}{FAINT:#}",
            "reason", "old", "new", "change"
        )?;
        for (text, old, new) in &lines {
            let text = padded(&fitted(text, label), label);
            let change = difference(*old, *new);
            writeln!(
                out,
                "  {text}  {:>number$}  {STRONG}{:>number$}{STRONG:#}  {change:>number$}",
                grouped(*old),
                grouped(*new)
            )?;
        }
        let change = difference(old, new);
        writeln!(
            out,
            "  {STRONG}{:label$}  {:>number$}  {:>number$}  {change:>number$}{STRONG:#}",
            "total",
            grouped(old),
            grouped(new)
        )
    }

    /// How many contacts have changed, and from what to what.
    fn write_transitions(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        let comparison = self.comparison;
        let mut lines = Vec::new();
        let transitions = comparison.transitions();
        for change in Change::iter() {
            lines.push((words(change).to_owned(), comparison.count(change), STRONG));
            let mut of_change = transitions.iter().filter(|transition| transition.change() == change);
            for transition in of_change.by_ref().take(MOST_TRANSITIONS) {
                let reasons = self.reasons(transition.before(), transition.after());
                let style = transition.after().first().map_or(FAINT, |reason| style(reason.remedy()));
                lines.push((format!("  {reasons}"), transition.contacts(), style));
            }
            let further = of_change.map(|transition| transition.contacts()).sum::<u64>();
            if further > 0 {
                lines.push(("  (for further reasons)".to_owned(), further, FAINT));
            }
        }
        lines.push(("unchanged".to_owned(), comparison.unchanged(), STRONG));

        writeln!(out, "\n{FAINT}  contacts{FAINT:#}")?;
        let number = lines.iter().map(|(_, count, _)| grouped(*count).len()).max().unwrap_or(0);
        let longest = lines.iter().map(|(text, ..)| printable(text).width()).max().unwrap_or(0);
        let room = longest.min(width - number - 4);
        for (text, count, style) in lines {
            let text = padded(&fitted(&text, room), room);
            writeln!(out, "  {style}{text}{style:#}  {:>number$}", grouped(count))?;
        }
        match comparison.without_email() {
            (0, 0) => Ok(()),
            (old, new) => writeln!(
                out,
                "\n{FAINT}  without an email, and only counted above: {} then, {} now{FAINT:#}",
                grouped(old),
                grouped(new)
            ),
        }
    }

    /// The contacts that have changed.
    fn write_contacts(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        for change in Change::iter() {
            let contacts = || self.comparison.contacts().filter(move |contact| contact.change() == change);
            if contacts().next().is_none() {
                continue;
            }
            writeln!(out, "\n{FAINT}  {}{FAINT:#}", words(change))?;
            let email = |email: &str| self.redactor.map_or_else(|| email.to_owned(), |redactor| redactor.email(email));
            let longest = contacts().map(|contact| printable(&email(contact.email())).width()).max().unwrap_or(0);
            let room = longest.min((width - 4) / 2);
            for contact in contacts() {
                let text = padded(&fitted(&email(contact.email()), room), room);
                let reasons = self.reasons(contact.before(), contact.after());
                writeln!(out, "  {text}  {}", fitted(&reasons, width - room - 4))?;
            }
        }
        Ok(())
    }

    /// From which reasons to which.
    fn reasons(&self, before: &[FailureReason], after: &[FailureReason]) -> String {
        match (before, after) {
            ([], reasons) | (reasons, []) => self.list(reasons),
            (before, after) => format!("{} → {}", self.list(before), self.list(after)),
        }
    }

    /// Reasons, each once, with how often it occurs where that is more than once.
    fn list(&self, reasons: &[FailureReason]) -> String {
        let each = reasons.chunk_by(PartialEq::eq).filter_map(|same| {
            let label = self.label(same.first()?);
            Some(if same.len() > 1 { format!("{label} ×{}", same.len()) } else { label })
        });
        each.collect::<Vec<_>>().join(", ")
    }

    fn label(&self, reason: &FailureReason) -> String {
        let label = self.redactor.map_or_else(|| reason.to_string(), |redactor| redactor.reason(reason).to_string());
        if label.is_empty() { "(no reason given)".to_owned() } else { label }
    }
}

/// A change in words.
fn words(change: Change) -> &'static str {
    match change {
        Change::NewlyFailing => "newly failing",
        Change::Recovered => "recovered",
        Change::Changed => "failing for another reason",
        _ => change.slug(),
    }
}

/// A difference with its sign.
fn difference(old: u64, new: u64) -> String {
    match new.cmp(&old) {
        Ordering::Less => format!("-{}", grouped(old - new)),
        Ordering::Equal => "0".to_owned(),
        Ordering::Greater => format!("+{}", grouped(new - old)),
    }
}
