//! What changed between two reports of the same list.

pub(crate) mod comparer;
pub(crate) mod contact_finder;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
#[cfg(feature = "redact")]
use crate::redact::Redactor;

/// What changed between two reports of the same list: an older one and a newer one.
///
/// A contact is told by its email, without the white space around it and lower-cased. It
/// counts once, however many faults it has: those are compared as a multiset of reasons, so that it has changed
/// where the reasons are others, or occur another number of times. The order of the rows, and all other cells, don't
/// matter. Faults whose email holds no `@` are nobody's that could be found again: they are in the counts alone, and in
/// [`without_email`](Self::without_email).
///
/// ```
/// use dotdigital_faults::{Change, Comparison, FailureReason, FaultReport};
///
/// let old = FaultReport::from_bytes("Reason,email\nSoft bounced,a@example.com\nBlocker,b@example.com\n")?;
/// let new = FaultReport::from_bytes("Reason,email\nHard bounced,A@example.com\nBlocker,b@example.com\nBlocker,c@example.com\n")?;
/// let comparison = Comparison::new(&old, &new);
///
/// assert_eq!(comparison.count(Change::NewlyFailing), 1);
/// assert_eq!(comparison.count(Change::Recovered), 0);
/// assert_eq!(comparison.count(Change::Changed), 1);
/// assert_eq!(comparison.unchanged(), 1);
/// for contact in comparison.contacts() {
///     println!("{}: {:?} -> {:?}", contact.email(), contact.before(), contact.after());
/// }
/// assert!(comparison.reasons().contains(&(FailureReason::Blocker, 1, 2)));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// Reports that are too large for memory are compared by a [`Comparer`](crate::Comparer), and a
/// [`ContactFinder`](crate::ContactFinder) lists who has changed between them. Comparing the other way round gives the
/// mirror image. With serde it is the document of [`comparison_to_json`](crate::export::comparison_to_json), without
/// contacts. `Debug` prints no contact data.
#[derive(Clone)]
pub struct Comparison {
    old: ReasonCounts,
    new: ReasonCounts,
    transitions: Vec<Transition>,
    unchanged: u64,
    without_email: (u64, u64),
    /// The emails of the contacts that have changed, in order, and their transitions; none unless they were asked for.
    contacts: Vec<(Box<str>, usize)>,
}

/// How a contact has changed.
///
/// ```
/// use dotdigital_faults::Change;
///
/// assert_eq!(Change::NewlyFailing.to_string(), "newly_failing");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// It fails in the newer report only.
    NewlyFailing,
    /// It failed in the older report only.
    Recovered,
    /// It fails in both, for other reasons or another number of times.
    Changed,
}

impl Comparison {
    /// The counts of the older report.
    pub fn older(&self) -> &ReasonCounts {
        &self.old
    }

    /// The counts of the newer report.
    pub fn newer(&self) -> &ReasonCounts {
        &self.new
    }

    /// Returns true if there are the same contacts with the same reasons in both, and as many faults without an email of
    /// each.
    pub fn is_empty(&self) -> bool {
        self.transitions.is_empty() && self.old.iter().eq(self.new.iter())
    }

    /// The contacts that have changed, by their emails in order; none where a [`Comparer`](crate::Comparer) has only
    /// counted.
    pub fn contacts(&self) -> impl ExactSizeIterator<Item = ChangedContact<'_>> + DoubleEndedIterator {
        self.contacts.iter().map(|(email, number)| ChangedContact { email, transition: &self.transitions[*number] })
    }

    /// How many contacts have changed in this way.
    pub fn count(&self, change: Change) -> u64 {
        let transitions = self.transitions.iter().filter(|transition| transition.change == change);
        transitions.map(|transition| transition.contacts).sum()
    }

    /// How many contacts fail in both reports for the same reasons.
    pub fn unchanged(&self) -> u64 {
        self.unchanged
    }

    /// How many faults have no email, in the older report and in the newer one.
    pub fn without_email(&self) -> (u64, u64) {
        self.without_email
    }

    /// The reasons that occur in either report, with their counts in the older and in the newer one: the most
    /// frequent in both together first; among equals, in the documented order.
    pub fn reasons(&self) -> Vec<(FailureReason, u64, u64)> {
        let mut counts: BTreeMap<&FailureReason, (u64, u64)> = BTreeMap::new();
        for (reason, count) in self.old.iter() {
            counts.entry(reason).or_default().0 = count;
        }
        for (reason, count) in self.new.iter() {
            counts.entry(reason).or_default().1 = count;
        }
        let mut reasons: Vec<_> = counts.into_iter().map(|(reason, (old, new))| (reason.clone(), old, new)).collect();
        reasons.sort_by_key(|&(_, old, new)| Reverse(old.saturating_add(new)));
        reasons
    }

    /// How many contacts went from which reasons to which: newly failing ones first, then recovered ones, then the
    /// others; among them, the most frequent first, and then in the order of the reasons.
    pub fn transitions(&self) -> Vec<Transition> {
        let mut transitions = self.transitions.clone();
        transitions.sort_by(|one, other| {
            let rank = |transition: &Transition| (transition.change, Reverse(transition.contacts));
            rank(one).cmp(&rank(other)).then_with(|| (&one.before, &one.after).cmp(&(&other.before, &other.after)))
        });
        transitions
    }

    /// The same without contact data: emails and reasons that aren't known are replaced as
    /// [`WriteOptions::redact`](crate::export::WriteOptions::redact) replaces them, and stand in the order of what replaces
    /// them, which tells nothing of their own.
    #[cfg(feature = "redact")]
    pub fn redacted(&self, redactor: &Redactor) -> Comparison {
        let reasons = |side: &[FailureReason]| side.iter().map(|reason| redactor.reason(reason)).collect();
        let transitions = self.transitions.iter().map(|transition| {
            Transition::new(reasons(&transition.before), reasons(&transition.after), transition.contacts)
        });
        let contacts = self.contacts.iter().map(|(email, number)| (redactor.email(email).into(), *number));
        let mut contacts: Vec<_> = contacts.collect();
        contacts.sort_unstable();
        Comparison {
            old: self.old.redacted(redactor),
            new: self.new.redacted(redactor),
            transitions: transitions.collect(),
            unchanged: self.unchanged,
            without_email: self.without_email,
            contacts,
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("old", &self.old.total())
            .field("new", &self.new.total())
            .field("contacts", &self.contacts.len())
            .field("unchanged", &self.unchanged)
            .finish_non_exhaustive()
    }
}

/// A contact that has changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChangedContact<'c> {
    email: &'c str,
    transition: &'c Transition,
}

impl<'c> ChangedContact<'c> {
    /// The email as it is compared: without the white space around it, and lower-cased.
    pub fn email(&self) -> &'c str {
        self.email
    }

    /// How it has changed.
    pub fn change(&self) -> Change {
        self.transition.change
    }

    /// Why it failed in the older report, in the documented order; empty where it didn't.
    pub fn before(&self) -> &'c [FailureReason] {
        &self.transition.before
    }

    /// Why it fails in the newer report, in the documented order; empty where it doesn't.
    pub fn after(&self) -> &'c [FailureReason] {
        &self.transition.after
    }
}

/// `Debug` shows no email.
impl fmt::Debug for ChangedContact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangedContact")
            .field("change", &self.change())
            .field("before", &self.before().len())
            .field("after", &self.after().len())
            .finish_non_exhaustive()
    }
}

/// How many contacts went from the same reasons to the same reasons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    change: Change,
    before: Vec<FailureReason>,
    after: Vec<FailureReason>,
    contacts: u64,
}

impl Transition {
    fn new(mut before: Vec<FailureReason>, mut after: Vec<FailureReason>, contacts: u64) -> Self {
        let change = match (&before[..], &after[..]) {
            ([], _) => Change::NewlyFailing,
            (_, []) => Change::Recovered,
            _ => Change::Changed,
        };
        before.sort_unstable();
        after.sort_unstable();
        Transition { change, before, after, contacts }
    }

    /// How the contacts have changed.
    pub fn change(&self) -> Change {
        self.change
    }

    /// Why each failed in the older report, in the documented order.
    pub fn before(&self) -> &[FailureReason] {
        &self.before
    }

    /// Why each fails in the newer report, in the documented order.
    pub fn after(&self) -> &[FailureReason] {
        &self.after
    }

    /// How many contacts there are.
    pub fn contacts(&self) -> u64 {
        self.contacts
    }
}

impl Change {
    /// Every change.
    pub fn iter() -> impl DoubleEndedIterator<Item = Change> + ExactSizeIterator + Clone {
        [Change::NewlyFailing, Change::Recovered, Change::Changed].into_iter()
    }

    /// A stable name for programs, such as `newly_failing`.
    pub fn slug(self) -> &'static str {
        match self {
            Change::NewlyFailing => "newly_failing",
            Change::Recovered => "recovered",
            Change::Changed => "changed",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}
