//! Which reasons are wanted.

use super::remedy::Remedy;
use super::{FailureReason, Slot};

/// Tells which faults are wanted, by their reason and by what to do about it.
///
/// Several reasons add up, and so do several remedies; a fault must be among both, where both are named. Without any,
/// every fault is wanted.
///
/// ```
/// use dotdigital_faults::{FailureReason, ReasonFilter, Remedy};
///
/// let filter = ReasonFilter::new().reason(FailureReason::Blocker).reason(FailureReason::Duplicate);
/// assert!(filter.wants(&FailureReason::Duplicate));
/// assert!(!filter.remedy(Remedy::Remove).wants(&FailureReason::Duplicate));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[must_use = "it only tells which faults are wanted"]
pub struct ReasonFilter {
    reasons: Vec<FailureReason>,
    remedies: Vec<Remedy>,
    takes_unknown: bool,
    /// What it says of each known reason; empty until something is named.
    known: [bool; Slot::Other as usize],
    is_set: bool,
}

impl ReasonFilter {
    /// Wants every fault.
    pub fn new() -> Self {
        ReasonFilter::default()
    }

    /// Wants faults of this reason, too.
    pub fn reason(mut self, reason: FailureReason) -> Self {
        self.reasons.push(reason);
        self.set()
    }

    /// Wants faults of all reasons that aren't known, too.
    pub fn unknown_reasons(mut self) -> Self {
        self.takes_unknown = true;
        self.set()
    }

    /// Wants faults that call for this remedy, too.
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedies.push(remedy);
        self.set()
    }

    /// Returns true if faults of this reason are wanted.
    pub fn wants(&self, reason: &FailureReason) -> bool {
        match self.known.get(reason.position()) {
            Some(&wanted) => wanted || !self.is_set,
            None => self.decide(reason),
        }
    }

    /// Is every fault wanted, since nothing is named?
    #[cfg(feature = "archive")]
    pub(crate) fn names_nothing(&self) -> bool {
        !self.is_set
    }

    fn set(mut self) -> Self {
        self.is_set = true;
        let known: Vec<_> = FailureReason::iter().map(|reason| self.decide(&reason)).collect();
        self.known.iter_mut().zip(known).for_each(|(place, wanted)| *place = wanted);
        self
    }

    fn decide(&self, reason: &FailureReason) -> bool {
        let any_reason = self.reasons.is_empty() && !self.takes_unknown;
        let is_unknown = matches!(reason, FailureReason::Other(_));
        (any_reason || self.takes_unknown && is_unknown || self.reasons.contains(reason))
            && (self.remedies.is_empty() || self.remedies.contains(&reason.remedy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_adds_and_others_narrow() {
        let moon = FailureReason::from("Moon");
        let all = ReasonFilter::new();
        assert!(FailureReason::iter().all(|reason| all.wants(&reason)) && all.wants(&moon));
        let unknown = ReasonFilter::new().unknown_reasons();
        assert!(unknown.wants(&moon) && !unknown.wants(&FailureReason::Blocker));
        let one = ReasonFilter::new().reason(moon.clone());
        assert!(one.wants(&moon) && !one.wants(&FailureReason::from("Sun")));
        let investigate = ReasonFilter::new().remedy(Remedy::Investigate);
        assert!(investigate.wants(&moon) && investigate.wants(&FailureReason::Failures));
        assert!(!investigate.wants(&FailureReason::Blocker));
        let both = ReasonFilter::new().reason(FailureReason::Blocker).unknown_reasons().remedy(Remedy::Remove);
        assert!(both.wants(&FailureReason::Blocker) && !both.wants(&moon) && !both.wants(&FailureReason::HardBounced));
    }
}
