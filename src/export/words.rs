//! What the formats for people have in common.

use std::borrow::Cow;

use crate::anomaly::{Anomalies, Anomaly};
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::reason::remedy::Remedy;

/// How many reasons are shown; the rest is summed up in one line.
const MOST_REASONS: usize = 40;

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

/// The reasons that are shown, the most frequent first.
pub(super) fn lines(counts: &ReasonCounts) -> Vec<Line> {
    let reasons = counts.by_frequency();
    // Known reasons are always shown: there are few of them.
    let unknown = counts.iter().filter(|(reason, _)| reason.slug() == FailureReason::OTHER).count();
    let most = MOST_REASONS.saturating_sub(reasons.len() - unknown);
    // The last line isn't spent on a single reason that could stand there itself.
    let mut room = if unknown > most { most.saturating_sub(1) } else { most };
    let (mut lines, mut further, mut sum) = (Vec::new(), 0_u64, 0);
    for (reason, count) in reasons {
        if reason.slug() == FailureReason::OTHER {
            if room == 0 {
                further += 1;
                sum += count;
                continue;
            }
            room -= 1;
        }
        lines.push(Line { label: label(reason), reason: Some(reason.clone()), count });
    }
    if further > 0 {
        lines.push(Line { label: format!("({} further reasons)", grouped(further)), reason: None, count: sum });
    }
    lines
}

/// A reason in words, safe for one line.
pub(super) fn label(reason: &FailureReason) -> String {
    match reason.label() {
        "" => "(no reason given)".to_owned(),
        label => printable(label),
    }
}

/// Text on one line, without what would change the text around it, and cut where it is very long.
pub(super) fn printable(text: &str) -> String {
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
pub(super) fn grouped(number: u64) -> String {
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
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 0.05 { "<0.1 %".to_owned() } else { format!("{percent:.1} %") }
}
