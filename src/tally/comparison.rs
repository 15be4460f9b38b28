//! What changed between two reports of the same list.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use crate::reason::FailureReason;
use crate::report::FaultReport;
use crate::report::email;
use crate::report::fault::Fault;

/// What changed between two reports of the same list: an older one and a newer one.
///
/// A contact is told by its email, without the white space around it and lower-cased; a bad address by its text. It
/// counts once, however many faults it has: those are compared as a multiset of reasons, so that it has changed
/// where the reasons are others, or occur another number of times. The order of the rows, and all other cells, don't
/// matter. Faults without an email are nobody's that could be found again: they are in the counts alone, and in
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
/// Comparing the other way round gives the mirror image. `Debug` prints no contact data.
#[derive(Clone)]
pub struct Comparison<'r> {
    old: &'r FaultReport,
    new: &'r FaultReport,
    contacts: Vec<Entry>,
    unchanged: u64,
    without_email: (u64, u64),
}

/// How a contact has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Change {
    /// It fails in the newer report only.
    NewlyFailing,
    /// It failed in the older report only.
    Recovered,
    /// It fails in both, for other reasons or another number of times.
    Changed,
}

/// A contact whose email is one key, and the rows that hold it.
#[derive(Clone)]
struct Entry {
    email: Box<str>,
    old: Box<[usize]>,
    new: Box<[usize]>,
}

impl<'r> Comparison<'r> {
    /// Compares an older report with a newer one.
    pub fn new(old: &'r FaultReport, new: &'r FaultReport) -> Self {
        let mut rows = Vec::with_capacity(old.len() + new.len());
        let mut add = |report: &'r FaultReport, is_new: bool| {
            let mut nameless = 0;
            for fault in report.faults() {
                let email = email::folded(&fault.email()).into_boxed_str();
                if email.is_empty() {
                    nameless += 1;
                } else {
                    rows.push((email, is_new, fault.index()));
                }
            }
            nameless
        };
        let without_email = (add(old, false), add(new, true));
        rows.sort_unstable();

        let mut comparison = Comparison { old, new, contacts: Vec::new(), unchanged: 0, without_email };
        for rows in rows.chunk_by(|one, other| one.0 == other.0) {
            let (before, after) = rows.split_at(rows.partition_point(|(_, is_new, _)| !is_new));
            let positions = |rows: &[(Box<str>, bool, usize)]| rows.iter().map(|&(_, _, row)| row).collect();
            let email = rows.first().map(|(email, ..)| email.clone()).unwrap_or_default();
            let entry = Entry { email, old: positions(before), new: positions(after) };
            let contact = ChangedContact { comparison: &comparison, entry: &entry };
            if contact.before() == contact.after() {
                comparison.unchanged += 1;
            } else {
                comparison.contacts.push(entry);
            }
        }
        comparison
    }

    /// The older report.
    pub fn older(&self) -> &'r FaultReport {
        self.old
    }

    /// The newer report.
    pub fn newer(&self) -> &'r FaultReport {
        self.new
    }

    /// Are there the same contacts with the same reasons in both, and as many faults without an email of each?
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.old.counts().iter().eq(self.new.counts().iter())
    }

    /// The contacts that have changed, by their emails.
    pub fn contacts(&self) -> impl ExactSizeIterator<Item = ChangedContact<'_>> + DoubleEndedIterator {
        self.contacts.iter().map(|entry| ChangedContact { comparison: self, entry })
    }

    /// How many contacts have changed in this way.
    pub fn count(&self, change: Change) -> u64 {
        self.contacts().filter(|contact| contact.change() == change).count() as u64
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
        for (reason, count) in self.old.counts().iter() {
            counts.entry(reason).or_default().0 = count;
        }
        for (reason, count) in self.new.counts().iter() {
            counts.entry(reason).or_default().1 = count;
        }
        let mut reasons: Vec<_> = counts.into_iter().map(|(reason, (old, new))| (reason.clone(), old, new)).collect();
        reasons.sort_by_key(|&(_, old, new)| Reverse(old.saturating_add(new)));
        reasons
    }

    /// How many contacts went from which reasons to which: newly failing ones first, then recovered ones, then the
    /// others; among them, the most frequent first.
    pub fn transitions(&self) -> Vec<Transition> {
        let mut counts = BTreeMap::new();
        for contact in self.contacts() {
            *counts.entry((contact.change(), contact.before(), contact.after())).or_default() += 1;
        }
        let transitions = counts.into_iter();
        let mut transitions: Vec<_> = transitions
            .map(|((change, before, after), contacts)| Transition { change, before, after, contacts })
            .collect();
        transitions.sort_by_key(|transition| (transition.change, Reverse(transition.contacts)));
        transitions
    }
}

impl fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("old", &self.old)
            .field("new", &self.new)
            .field("contacts", &self.contacts.len())
            .field("unchanged", &self.unchanged)
            .finish()
    }
}

/// A contact that has changed.
#[derive(Clone, Copy)]
pub struct ChangedContact<'c> {
    comparison: &'c Comparison<'c>,
    entry: &'c Entry,
}

impl<'c> ChangedContact<'c> {
    /// The email as it is compared: without the white space around it, and lower-cased.
    pub fn email(&self) -> &'c str {
        &self.entry.email
    }

    /// How it has changed.
    pub fn change(&self) -> Change {
        match (self.entry.old.is_empty(), self.entry.new.is_empty()) {
            (true, _) => Change::NewlyFailing,
            (_, true) => Change::Recovered,
            _ => Change::Changed,
        }
    }

    /// Why it failed in the older report, in the documented order; empty where it didn't.
    pub fn before(&self) -> Vec<FailureReason> {
        sorted(self.older_faults())
    }

    /// Why it fails in the newer report, in the documented order; empty where it doesn't.
    pub fn after(&self) -> Vec<FailureReason> {
        sorted(self.newer_faults())
    }

    /// Its faults in the older report.
    pub fn older_faults(&self) -> impl ExactSizeIterator<Item = Fault<'c>> + use<'c> {
        let report = self.comparison.old;
        self.entry.old.iter().map(|&row| report.fault(row))
    }

    /// Its faults in the newer report.
    pub fn newer_faults(&self) -> impl ExactSizeIterator<Item = Fault<'c>> + use<'c> {
        let report = self.comparison.new;
        self.entry.new.iter().map(|&row| report.fault(row))
    }
}

impl fmt::Debug for ChangedContact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangedContact")
            .field("change", &self.change())
            .field("old", &self.entry.old.len())
            .field("new", &self.entry.new.len())
            .finish()
    }
}

fn sorted<'r>(faults: impl Iterator<Item = Fault<'r>>) -> Vec<FailureReason> {
    let mut reasons: Vec<_> = faults.map(|fault| fault.reason().clone()).collect();
    reasons.sort_unstable();
    reasons
}

/// How many contacts went from the same reasons to the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    change: Change,
    before: Vec<FailureReason>,
    after: Vec<FailureReason>,
    contacts: u64,
}

impl Transition {
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
