//! Tables for people: counts, and the reasons themselves.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use dotdigital_faults::{Anomalies, Anomaly, FailureReason, GroupKey, ReasonCounts, Remedy, Tally};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub const STRONG: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();

/// How many reasons a table shows; the rest is summed up in one line.
const MOST_REASONS: usize = 40;
/// The columns' widths, but for the label's and the bar's.
const SHARE: usize = 7;
const REMEDY: usize = 16;
const GAP: usize = 2;

/// How many reasons are named beside a group.
const REASONS_OF_A_GROUP: usize = 5;

/// Writes why contacts failed: all sources together, then groups and sources one by one.
pub fn tally(tally: &Tally, source: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let total = tally.counts().total();
    let width = width.clamp(40, 120);
    counts(tally.counts(), source, width, out)?;
    if let Some(groups) = tally.groups().filter(|_| total > 0) {
        let parts = groups.by_size().map(|(key, counts)| (key.label().into_owned(), key == GroupKey::Rest, counts));
        breakdown(&format!("by {}", groups.by().name()), &parts.collect::<Vec<_>>(), total, width, out)?;
    }
    if tally.sources().len() > 1 {
        let parts = tally.sources().iter().map(|source| (source.name().to_owned(), false, source.counts()));
        breakdown("by report", &parts.collect::<Vec<_>>(), total, width, out)?;
    }
    Ok(())
}

/// Writes parts of the counts, each with its most frequent reasons.
fn breakdown(
    title: &str,
    parts: &[(String, bool, &ReasonCounts)],
    total: u64,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let number = grouped(total).width().max("count".len());
    let title = fitted(title, 30);
    let longest = parts.iter().map(|(name, ..)| printable(name).width()).max().unwrap_or(0);
    let name = longest.max(title.width()).clamp(8, 30).min(width.saturating_sub(3 * GAP + number + SHARE + 12));
    let title = fitted(&title, name);
    let (count, share) = ("count", "share");
    writeln!(out, "\n{FAINT}  {}  {count:>number$}  {share:>SHARE$}  why{FAINT:#}", padded(&title, name))?;
    for (text, is_rest, counts) in parts {
        let style = if *is_rest { FAINT } else { Style::new() };
        let text = padded(&fitted(text, name), name);
        let count = counts.total();
        let share = if total == 0 { String::new() } else { percent(count, total) };
        write!(out, "  {style}{text}{style:#}  {STRONG}{:>number$}{STRONG:#}  {share:>SHARE$}  ", grouped(count))?;
        let all = counts.by_frequency().len();
        let mut reasons: Vec<_> = counts
            .by_frequency()
            .take(REASONS_OF_A_GROUP)
            .map(|(reason, count)| format!("{} {}", fitted(label(reason), 30), grouped(count)))
            .collect();
        if all > REASONS_OF_A_GROUP {
            reasons.push(format!("{} more", grouped((all - REASONS_OF_A_GROUP) as u64)));
        }
        wrapped(&reasons.join(", "), GAP + name + GAP + number + GAP + SHARE + GAP, width, out)?;
    }
    Ok(())
}

/// Writes why contacts failed: reasons with their counts, shares, bars and remedies, then what to do, then what was
/// unusual.
pub fn counts(counts: &ReasonCounts, source: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let total = counts.total();
    let width = width.clamp(40, 120);
    let number = grouped(total).width().max("count".len());
    let title = match total {
        0 => "No contact failed to import".to_owned(),
        1 => "Why 1 contact failed to import".to_owned(),
        _ => format!("Why {} contacts failed to import", grouped(total)),
    };
    writeln!(out, "{STRONG}{title}{STRONG:#}")?;
    writeln!(out, "{FAINT}{}{FAINT:#}", fitted(source, width))?;

    if total > 0 {
        let lines = lines(counts);
        let longest = lines.iter().map(|line| printable(&line.label).width()).max().unwrap_or(0);
        // Narrow terminals go without the remedy first, then without the bar.
        let fixed = GAP + GAP + number + GAP + SHARE;
        let remedy = if width >= 72 { GAP + REMEDY } else { 0 };
        let label = longest.clamp("reason".len(), 30).min(width.saturating_sub(fixed + remedy).max(8));
        let bar = width.saturating_sub(fixed + remedy + label + GAP).min(24);
        let bar = if bar >= 4 { bar } else { 0 };

        writeln!(out)?;
        let bar_gap = if bar > 0 { " ".repeat(GAP + bar) } else { String::new() };
        let what = if remedy > 0 { "  what to do" } else { "" };
        writeln!(
            out,
            "{FAINT}  {:label$}  {:>number$}  {:>SHARE$}{bar_gap}{what}{FAINT:#}",
            "reason", "count", "share"
        )?;
        let most = lines.iter().map(|line| line.count).max().unwrap_or(1);
        for line in &lines {
            let text = padded(&fitted(&line.label, label), label);
            write!(
                out,
                "  {text}  {STRONG}{:>number$}{STRONG:#}  {:>SHARE$}",
                grouped(line.count),
                percent(line.count, total)
            )?;
            let style = line.remedy.map_or(FAINT, style);
            if bar > 0 {
                write!(out, "  {style}{}{style:#}", padded(&blocks(line.count, most, bar), bar))?;
            }
            if remedy > 0
                && let Some(remedy) = line.remedy
            {
                write!(out, "  {}", words(remedy))?;
            }
            writeln!(out)?;
        }
        writeln!(out, "  {STRONG}{:label$}  {:>number$}{STRONG:#}", "total", grouped(total))?;

        writeln!(out, "\n{FAINT}  what to do{FAINT:#}")?;
        for remedy in Remedy::iter() {
            let count = counts.get_remedy(remedy);
            if count > 0 {
                let style = style(remedy);
                let indent = GAP + REMEDY + GAP + number + GAP;
                write!(out, "  {style}{:REMEDY$}{style:#}  {:>number$}  ", words(remedy), grouped(count))?;
                wrapped(remedy.description(), indent, width, out)?;
            }
        }
    }

    if !counts.anomalies().is_empty() {
        writeln!(out, "\n{FAINT}  unusual, and read all the same{FAINT:#}")?;
        for anomaly in anomalies(counts.anomalies()) {
            write!(out, "  ")?;
            wrapped(&anomaly, 4, width, out)?;
        }
    }
    Ok(())
}

/// Writes every reason, what it means and what to do.
pub fn reasons(width: usize, out: &mut dyn Write) -> io::Result<()> {
    let width = width.clamp(40, 100);
    let known = FailureReason::iter().map(|reason| (reason.to_string(), reason));
    let other = FailureReason::from("");
    for (number, (label, reason)) in known.chain([("anything else, in its own words".to_owned(), other)]).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let style = style(reason.remedy());
        writeln!(out, "{STRONG}{label}{STRONG:#}  {FAINT}{}{FAINT:#}", reason.slug())?;
        write!(out, "  ")?;
        wrapped(reason.description(), 2, width, out)?;
        let words = words(reason.remedy());
        write!(out, "  {style}{words}{style:#}: ")?;
        wrapped(reason.remedy().description(), 2 + words.len() + 2, width, out)?;
    }
    Ok(())
}

/// What was unusual, a line each: how often, what, and on which lines first.
pub fn anomalies(anomalies: &Anomalies) -> impl Iterator<Item = String> {
    anomalies.iter().map(|(anomaly, count)| {
        let lines = anomalies.first_lines(anomaly);
        let further = if count > lines.len() as u64 { ", …" } else { "" };
        let list = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let place = match lines {
            [] => String::new(),
            [line] if further.is_empty() => format!(" (line {line})"),
            _ => format!(" (lines {list}{further})"),
        };
        format!("{} {}{place}: {}", grouped(count), anomaly.slug(), Anomaly::description(anomaly))
    })
}

/// One line of the counts.
struct Line {
    label: String,
    count: u64,
    remedy: Option<Remedy>,
}

fn lines(counts: &ReasonCounts) -> Vec<Line> {
    let reasons = counts.by_frequency();
    // The last line isn't spent on a single reason that could stand there itself.
    let shown = if reasons.len() > MOST_REASONS { MOST_REASONS - 1 } else { MOST_REASONS };
    let further = reasons.len().saturating_sub(shown);
    let mut lines: Vec<_> = reasons
        .map(|(reason, count)| Line { label: label(reason).to_owned(), count, remedy: Some(reason.remedy()) })
        .collect();
    if further > 0 {
        let count = lines.drain(shown..).map(|line| line.count).sum();
        lines.push(Line { label: format!("({} further reasons)", grouped(further as u64)), count, remedy: None });
    }
    lines
}

/// A reason in words.
fn label(reason: &FailureReason) -> &str {
    if reason.label().is_empty() { "(no reason given)" } else { reason.label() }
}

/// A remedy in words.
pub fn words(remedy: Remedy) -> String {
    remedy.slug().replace('_', " ")
}

pub fn style(remedy: Remedy) -> Style {
    let color = match remedy {
        Remedy::Correct => AnsiColor::Yellow,
        Remedy::Remove => AnsiColor::Red,
        Remedy::AskConsent | Remedy::LiftSuppression => AnsiColor::Magenta,
        Remedy::RetryLater | Remedy::Wait => AnsiColor::Blue,
        Remedy::Ignore => AnsiColor::Green,
        _ => AnsiColor::Cyan,
    };
    color.on_default()
}

/// A number with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share with one decimal; what occurs at all is never shown as nothing.
fn percent(count: u64, total: u64) -> String {
    let percent = 100.0 * count as f64 / total as f64;
    if percent < 0.05 { "<0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

/// A bar of eighths of a block.
fn blocks(count: u64, most: u64, width: usize) -> String {
    let eighths = (8.0 * width as f64 * count as f64 / most as f64).round().max(1.0) as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    format!("{}{}", "█".repeat(eighths / 8), rest[eighths % 8])
}

/// Text on one line, safe for a terminal.
pub fn printable(text: &str) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        // What has no width of its own, or turns the text around, would spoil the line.
        match character.width() {
            Some(1..) => printable.push(character),
            _ => printable.extend(character.escape_default()),
        }
    }
    printable
}

/// Printable text, cut where it would be too wide.
pub fn fitted(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.width() <= width {
        return text;
    }
    let mut fitted = String::new();
    let mut room = width.saturating_sub(1);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        fitted.push(character);
    }
    fitted + "…"
}

/// Text with spaces behind it, up to a width.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Writes words from a column on, and further lines from the same column.
pub fn wrapped(text: &str, indent: usize, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut at = indent;
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            if at + 1 + word.width() > width {
                write!(out, "\n{:indent$}", "")?;
                at = indent;
            } else {
                write!(out, " ")?;
                at += 1;
            }
        }
        write!(out, "{word}")?;
        at += word.width();
    }
    writeln!(out)
}
