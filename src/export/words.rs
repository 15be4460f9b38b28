//! What the formats for people have in common.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::anomaly::{Anomalies, Anomaly};
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::reason::remedy::Remedy;
use crate::tally::{SourceCounts, Tally};

/// How many reasons are shown; the rest is summed up in one line.
const MOST_REASONS: usize = 40;

/// How many reports are told apart; the rest is summed up in one line, so that the totals stay in sight.
const MOST_REPORTS: usize = 20;

/// How much of a text is shown.
const LONGEST: usize = 200;

/// One line of the counts: a reason, or the sum of those that aren't shown.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub label: String,
    /// `None` for the sum of several.
    pub reason: Option<FailureReason>,
    pub count: u64,
}

impl Line {
    /// The slug of the remedy; a sum of several reasons, all of them unknown, is to be looked into as they are.
    pub fn remedy(&self) -> Remedy {
        self.reason.as_ref().map_or(Remedy::Investigate, FailureReason::remedy)
    }

    /// Is the label one of ours, as opposed to the report's?
    pub fn is_ours(&self) -> bool {
        self.reason.as_ref().is_none_or(|reason| reason.slug() != FailureReason::OTHER || reason.label().is_empty())
    }
}

/// The reasons that are shown, the most frequent first, and the sum of the others.
pub(super) fn lines(counts: &ReasonCounts) -> Vec<Line> {
    let (shown, further) = shown(counts.by_frequency().collect(), |&(reason, _)| reason);
    let line =
        |(reason, count): (&FailureReason, u64)| Line { label: label(reason), reason: Some(reason.clone()), count };
    let mut lines: Vec<_> = shown.into_iter().map(line).collect();
    if !further.is_empty() {
        let count = further.iter().map(|&(_, count)| count).sum();
        lines.push(Line { label: further_reasons(further.len()), reason: None, count });
    }
    lines
}

/// Parts what there is of each reason, the most frequent first, into what is shown and what is only summed up: the one
/// rule of all formats for people.
///
/// Known reasons are always shown, since there are few of them, and each says what to do. Of the unknown ones a damaged
/// report may have thousands.
pub(super) fn shown<T>(reasons: Vec<T>, reason: impl Fn(&T) -> &FailureReason) -> (Vec<T>, Vec<T>) {
    let is_unknown = |entry: &T| reason(entry).slug() == FailureReason::OTHER;
    let unknown = reasons.iter().filter(|entry| is_unknown(entry)).count();
    let most = MOST_REASONS.saturating_sub(reasons.len() - unknown);
    // The last line isn't spent on a single reason that could stand there itself.
    let mut room = if unknown > most { most.saturating_sub(1) } else { most };
    reasons.into_iter().partition(|entry| {
        let has_room = !is_unknown(entry) || room > 0;
        if has_room && is_unknown(entry) {
            room -= 1;
        }
        has_room
    })
}

/// The reports that are told apart: those with the most faults, in the order of the tally. And how many others there
/// are, with the sum of their counts.
pub(super) fn reports(tally: &Tally) -> (Vec<&SourceCounts>, Option<(String, ReasonCounts)>) {
    let sources = tally.sources();
    let mut largest: Vec<usize> = (0..sources.len()).collect();
    largest.sort_by_key(|&index| Reverse(sources.get(index).map(|source| source.counts().total())));
    largest.truncate(MOST_REPORTS);
    largest.sort_unstable();
    let (mut shown, mut further) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        let part = if largest.binary_search(&index).is_ok() { &mut shown } else { &mut further };
        part.push(source);
    }
    let more = match further.len() {
        0 => return (shown, None),
        1 => "1 more report".to_owned(),
        many => format!("{} more reports", grouped(many as u64)),
    };
    (shown, Some((more, further.iter().map(|source| source.counts()).sum())))
}

/// What stands for reasons that are summed up.
pub(super) fn further_reasons(count: usize) -> String {
    format!("({} further reasons)", grouped(count as u64))
}

/// A reason in words, safe for one line.
pub(super) fn label(reason: &FailureReason) -> String {
    match reason.label() {
        "" => "(no reason given)".to_owned(),
        label => printable(label),
    }
}

/// Text on one line, without what would change the text around it, and cut where it is very long.
pub(crate) fn printable(text: &str) -> String {
    escape(text, LONGEST)
}

/// What it is all about, in a sentence without an end.
pub(super) fn title(total: u64) -> String {
    match total {
        0 => "No contact failed to import".to_owned(),
        1 => "Why 1 contact failed to import".to_owned(),
        _ => format!("Why {} contacts failed to import", grouped(total)),
    }
}

/// On which lines an anomaly was met first, in brackets and after a space; nothing where that isn't known.
pub(super) fn places(anomalies: &Anomalies, anomaly: Anomaly) -> Cow<'static, str> {
    let lines = anomalies.first_lines(anomaly);
    let further = anomalies.get(anomaly) > lines.len() as u64;
    let list = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match lines {
        [] => Cow::Borrowed(""),
        [_] if !further => Cow::Owned(format!(" (line {list})")),
        _ => Cow::Owned(format!(" (lines {list}{})", if further { ", …" } else { "" })),
    }
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
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

/// A part of a total with one decimal; what occurs at all is never shown as nothing.
pub(super) fn percent(count: u64, total: u64) -> String {
    let percent = 100.0 * count as f64 / total.max(1) as f64;
    if percent < 0.05 { "<0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

/// A remedy in words.
pub(crate) fn remedy_words(remedy: Remedy) -> String {
    remedy.slug().replace('_', " ")
}

/// Tells what was unusual in a report, a line each: how often, what, on which lines first, and what was made of it.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email,firstname\nDuplicate,demo@example.com\n")?;
/// let lines: Vec<_> = export::anomalies_to_lines(report.anomalies()).collect();
/// assert!(lines[0].starts_with("1 short_row (line 2): "));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn anomalies_to_lines(anomalies: &Anomalies) -> impl Iterator<Item = String> {
    anomalies.iter().map(|(anomaly, count)| {
        let place = places(anomalies, anomaly);
        format!("{} {}{place}: {}", grouped(count), anomaly.slug(), anomaly.description())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which reasons are shown of so many that are known and so many that aren't, where those are more frequent.
    fn parted(known: usize, unknown: usize) -> (usize, usize) {
        let others = (0..unknown).map(|number| FailureReason::from(format!("unknown {number}")));
        let reasons: Vec<_> = others.chain(FailureReason::iter().take(known)).collect();
        let (shown, further) = shown(reasons, |reason| reason);
        assert!(further.iter().all(|reason| reason.slug() == FailureReason::OTHER));
        (shown.len(), further.len())
    }

    #[test]
    fn only_unknown_reasons_are_summed_up() {
        assert_eq!(parted(0, 40), (40, 0));
        assert_eq!(parted(0, 41), (39, 2));
        assert_eq!(parted(13, 27), (40, 0));
        assert_eq!(parted(13, 28), (39, 2));
        assert_eq!(parted(13, 0), (13, 0));
    }

    #[test]
    fn the_largest_reports_are_told_apart() {
        let source = |name: usize, faults: usize| {
            SourceCounts::new(name.to_string(), vec![FailureReason::Blocker; faults].iter().collect())
        };
        let names = |tally: &Tally| {
            let (shown, further) = reports(tally);
            let shown: Vec<_> = shown.iter().map(|source| source.name().parse::<usize>().unwrap()).collect();
            (shown, further.map(|(more, counts)| (more, counts.total())))
        };
        let tally: Tally = (0..20).map(|name| source(name, 20 - name)).collect();
        assert_eq!(names(&tally), ((0..20).collect(), None));
        // The order stays; of equals the first ones are shown.
        let tally: Tally = (0..21).map(|name| source(name, if name == 3 { 0 } else { 1 })).collect();
        assert_eq!(names(&tally), ((0..21).filter(|&name| name != 3).collect(), Some(("1 more report".into(), 0))));
        let tally: Tally = (0..1500).map(|name| source(name, name / 1000 + 1)).collect();
        assert_eq!(names(&tally), ((1000..1020).collect(), Some(("1,480 more reports".into(), 1960))));
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        for (count, total, expected) in
            [(1, 3, "33.3 %"), (1, 10_000, "<0.1 %"), (5, 10_000, "0.1 %"), (3, 3, "100.0 %"), (0, 0, "<0.1 %")]
        {
            assert_eq!(percent(count, total), expected);
        }
    }
}
