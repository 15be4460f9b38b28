//! Markdown, for tickets, chats and pull requests.

use std::io::Write;

use super::words::{Line, grouped, label, lines, percent, places, printable, reports, title};
use super::writing;
use crate::error::Result;
use crate::tally::Tally;
use crate::tally::group_counts::{GroupCounts, GroupKey};

/// How many reasons are named beside a group.
const REASONS_OF_A_GROUP: usize = 3;

/// Writes a tally as Markdown with tables, as `faults summary --format markdown` prints it.
///
/// What comes from a report stands between backticks, on one line: it is shown as it is, and can't become a link, a
/// mention or markup. Of many reports the 20 with the most faults are told apart, and the others summed up.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut text = Vec::new();
/// export::tally_to_markdown(&Tally::from(&report), &mut text)?;
/// assert!(text.starts_with(b"**Why 1 contact failed to import**\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_markdown(tally: &Tally, mut writer: impl Write) -> Result<()> {
    writer.write_all(text(tally).as_bytes()).map_err(writing)
}

fn text(tally: &Tally) -> String {
    let counts = tally.counts();
    let total = counts.total();
    let mut text = format!("**{}**\n", title(total));
    match tally.sources() {
        [] => {}
        [source] if source.name().is_empty() => {}
        [source] => text += &format!("\n{}\n", code(source.name())),
        _ => {
            let (shown, further) = reports(tally);
            text += "\n| source | count |\n|---|---:|\n";
            for source in shown {
                text += &format!("| {} | {} |\n", code(source.name()), grouped(source.counts().total()));
            }
            if let Some((more, counts)) = further {
                text += &format!("| {more} | {} |\n", grouped(counts.total()));
            }
        }
    }
    if total > 0 {
        text += "\n| reason | count | share | what to do |\n|---|---:|---:|---|\n";
        for line in lines(counts) {
            let (count, share) = (grouped(line.count), percent(line.count, total));
            text += &format!("| {} | {count} | {share} | {} |\n", shown(&line), line.remedy().description());
        }
        text += &format!("| **total** | **{}** | | |\n", grouped(total));
    }
    if let Some(groups) = tally.groups().filter(|_| total > 0) {
        text += &group_table(groups, total);
    }
    if !counts.anomalies().is_empty() || counts.is_cut_off() {
        text += "\nUnusual, and read all the same:\n\n";
        for (anomaly, count) in counts.anomalies().iter() {
            let place = places(counts.anomalies(), anomaly);
            text += &format!("- {} `{anomaly}`{place}: {}\n", grouped(count), anomaly.description());
        }
        if counts.is_cut_off() {
            text += "- a report seems to have been cut off\n";
        }
    }
    text
}

fn group_table(groups: &GroupCounts, total: u64) -> String {
    let mut text = format!("\n| {} | count | share | most frequent |\n|---|---:|---:|---|\n", code(groups.by().name()));
    for (key, counts) in groups.by_size() {
        let name = match key {
            GroupKey::Value(value) if !value.is_empty() => code(value),
            GroupKey::Domain(_) => code(&key.label()),
            key => key.label().into_owned(),
        };
        let reasons: Vec<_> = counts
            .by_frequency()
            .take(REASONS_OF_A_GROUP)
            .map(|(reason, count)| {
                let line = Line { label: label(reason), reason: Some(reason.clone()), count };
                format!("{} {}", shown(&line), grouped(count))
            })
            .collect();
        let (count, share) = (counts.total(), percent(counts.total(), total));
        text += &format!("| {name} | {} | {share} | {} |\n", grouped(count), reasons.join(", "));
    }
    text
}

/// A reason; in backticks where the words are the report's.
fn shown(line: &Line) -> String {
    if line.is_ours() { line.label.clone() } else { code(&line.label) }
}

/// Text between backticks, fit for a cell of a table.
fn code(text: &str) -> String {
    let text = printable(text);
    if text.trim_matches(' ').is_empty() {
        return "(empty)".to_owned();
    }
    // A bar ends a cell even between backticks, unless it is escaped; and readers differ about one behind a
    // backslash, which therefore is shown as a likeness of itself.
    let text = text.replace("\\|", "\\\u{2502}").replace('|', r"\|");
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
