//! What may be kept of a reason that isn't known.

use crate::reason::FailureReason;
#[cfg(feature = "archive")]
use crate::reason::counts::ReasonCounts;

/// What stands in for a label that may hold contact data.
pub(crate) const REDACTED: &str = "(redacted)";

/// How many unknown reasons of an import are told apart.
#[cfg(feature = "archive")]
const MOST_UNKNOWN: usize = 64;
const LONGEST: usize = 100;
/// A run of so many digits could be a telephone number.
const DIGITS: usize = 5;

/// The reason itself where its label may be kept, else one that says so: in a damaged report, contact data may stand where
/// the reason belongs.
pub(crate) fn kept_reason(reason: &FailureReason) -> FailureReason {
    match reason {
        FailureReason::Other(unknown) if !may_be_kept(unknown.as_str()) => FailureReason::unknown(REDACTED),
        kept => kept.clone(),
    }
}

/// The reasons that occur, most frequent first, each under what may be kept of its label; past a bound, the unknown ones
/// that are rarest are one, behind the others of its count.
#[cfg(feature = "archive")]
pub(crate) fn kept_reasons(counts: &ReasonCounts) -> Vec<(FailureReason, u64)> {
    let mut kept = ReasonCounts::new();
    for (reason, count) in counts.iter() {
        kept.add_reason(&kept_reason(reason), count);
    }
    let is_unknown = |reason: &FailureReason| matches!(reason, FailureReason::Other(_));
    let is_further = |reason: &FailureReason| is_unknown(reason) && reason.label() == ReasonCounts::FURTHER_UNKNOWN;
    let (mut reasons, mut further, mut unknown) = (Vec::new(), 0u64, 0);
    for (reason, count) in kept.by_frequency() {
        unknown += usize::from(is_unknown(reason) && !is_further(reason));
        if is_further(reason) || is_unknown(reason) && unknown > MOST_UNKNOWN {
            further = further.saturating_add(count);
        } else {
            reasons.push((reason.clone(), count));
        }
    }
    if further > 0 {
        let at = reasons.partition_point(|&(_, count)| count >= further);
        reasons.insert(at, (FailureReason::unknown(ReasonCounts::FURTHER_UNKNOWN), further));
    }
    reasons
}

/// Is it short, and neither an address nor a telephone number?
fn may_be_kept(label: &str) -> bool {
    let digits = label.chars().fold((0, false), |(run, found), letter| {
        let run = if letter.is_numeric() { run + 1 } else { 0 };
        (run, found || run >= DIGITS)
    });
    label.chars().count() <= LONGEST
        && !digits.1
        && !label.contains(|letter: char| letter == '@' || letter.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_may_be_kept() {
        let hundred = "é".repeat(100);
        for kept in ["", "Quarantined by moon phase", "Code 1234", "1234 5678", &hundred] {
            assert_eq!(kept_reason(&FailureReason::unknown(kept)).label(), kept);
        }
        let longer = "é".repeat(101);
        for other in
            ["a@example.com", "@", "call 01234", "\u{661}\u{662}\u{663}\u{664}\u{665}", "a\tb", "a\u{85}b", &longer]
        {
            assert_eq!(kept_reason(&FailureReason::unknown(other)).label(), REDACTED, "{other:?}");
        }
        assert_eq!(kept_reason(&FailureReason::Blocker), FailureReason::Blocker);
    }

    #[cfg(feature = "archive")]
    #[test]
    fn what_is_redacted_is_one_and_what_is_rare_too() {
        let mut counts = ReasonCounts::new();
        counts.add_reason(&FailureReason::Blocker, 3);
        for number in 0..70 {
            counts.add_reason(&FailureReason::unknown(format!("moon {number}")), 10 + number);
        }
        counts.add_reason(&FailureReason::unknown("a@example.com"), 500);
        counts.add_reason(&FailureReason::unknown("b@example.com"), 1);
        let kept = kept_reasons(&counts);
        assert_eq!(kept[0], (FailureReason::unknown(REDACTED), 501));
        // 64 are told apart, the redacted one among them: the seven rarest, of 10 to 16 faults, are one.
        assert_eq!(kept[1], (FailureReason::unknown(ReasonCounts::FURTHER_UNKNOWN), (10..=16).sum()));
        assert_eq!(kept[2], (FailureReason::unknown("moon 69"), 79));
        assert_eq!(kept.last(), Some(&(FailureReason::Blocker, 3)));
        assert_eq!(kept.len(), 1 + 64 + 1);
        assert_eq!(kept.iter().map(|(_, count)| count).sum::<u64>(), counts.total());
    }
}
