//! What changed between two reports of the same list.
//!
//! # How it works
//!
//! Of each fault only 24 bytes are kept: two hashes of its email, and a number that tells its side and its reason. The
//! hashes are spread over parts by their first byte. In the end each part is sorted, which brings the faults of a contact
//! together, the older ones first:
//!
//! ```text
//!   part 5a   5a03…  older, Soft bounced   ─┐
//!             5a03…  newer, Hard bounced   ─┴─ one contact, which has changed
//!             5a7e…  older, Blocker        ─── one that has recovered
//! ```
//!
//! The emails themselves are not kept, and so they can't be compared in the end. In place of that, a second hash by a key
//! of its own checks the first: two emails are taken for one only where both are the same ([`ContactHash`] tells how
//! unlikely that is).

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;
use crate::report::fault::{Fault, folded_email};
use crate::report::feed::FaultSink;
use crate::tally::contact_hash::{ContactHash, ContactHasher, PARTS};

/// The bit that tells a fault of the newer report. The others number its reason: the bounds of [`ReasonCounts`] leave room.
const NEWER: u16 = 1 << 15;

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
/// Reports that are too large for memory are compared by a [`Comparer`]. Comparing the other way round gives the mirror
/// image. With serde it is the document of [`comparison_to_json`](crate::export::comparison_to_json), without contacts.
/// `Debug` prints no contact data.
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

/// A fault, as it is kept: the hash of its email, with the number of its reason and the bit of its side.
type Seen = ContactHash;

/// Compares two reports of any size, each read once, in about 60 bytes a contact.
///
/// ```
/// use dotdigital_faults::{Change, Comparer, FaultReader};
///
/// let old = "Reason,email\nBlocker,a@example.com\n";
/// let new = "Reason,email\nBlocker,b@example.com\n";
/// let mut comparer = Comparer::new();
/// let old = FaultReader::new(old.as_bytes()).drain_into(&mut comparer.older())?;
/// let new = FaultReader::new(new.as_bytes()).drain_into(&mut comparer.newer())?;
/// let comparison = comparer.finish(old, new);
/// assert_eq!(comparison.count(Change::Recovered), 1);
/// assert_eq!(comparison.count(Change::NewlyFailing), 1);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// It counts, and lists nobody: [`Comparison::contacts`] then is empty.
#[derive(Clone)]
#[must_use = "it compares once it is finished"]
pub struct Comparer {
    hasher: ContactHasher,
    parts: Vec<Vec<Seen>>,
    without_email: (u64, u64),
    /// The reasons by their numbers, and the numbers of those that aren't known.
    reasons: Vec<FailureReason>,
    unknown: BTreeMap<FailureReason, u16>,
    unknown_bytes: usize,
}

impl Comparer {
    /// Nothing yet.
    pub fn new() -> Self {
        Comparer {
            hasher: ContactHasher::new(),
            parts: vec![Vec::new(); PARTS],
            without_email: (0, 0),
            reasons: FailureReason::iter().collect(),
            unknown: BTreeMap::new(),
            unknown_bytes: 0,
        }
    }

    /// Takes the faults of the older report.
    pub fn older(&mut self) -> impl FaultSink {
        Side { comparer: self, bit: 0 }
    }

    /// Takes the faults of the newer report.
    pub fn newer(&mut self) -> impl FaultSink {
        Side { comparer: self, bit: NEWER }
    }

    /// Compares, once all faults have been taken; the counts are those of the two reports.
    pub fn finish(self, old: ReasonCounts, new: ReasonCounts) -> Comparison {
        self.compare(old, new, |_, _| {})
    }

    /// Compares, and names the hash of each contact that has changed, with the number of its transition so far.
    fn compare(self, old: ReasonCounts, new: ReasonCounts, mut changed: impl FnMut(ContactHash, usize)) -> Comparison {
        let Comparer { parts, reasons, without_email, .. } = self;
        let mut unchanged = 0;
        let mut numbers: HashMap<(Vec<u16>, Vec<u16>), usize> = HashMap::new();
        let mut counts: Vec<u64> = Vec::new();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for mut part in parts {
            part.sort_unstable();
            for contact in part.chunk_by(|one, other| one.contact() == other.contact()) {
                let (older, newer) = contact.split_at(contact.partition_point(|seen| seen.bits() & NEWER == 0));
                let same = older.len() == newer.len()
                    && older.iter().zip(newer).all(|(older, newer)| older.bits() == newer.bits() & !NEWER);
                if same {
                    unchanged += 1;
                    continue;
                }
                before.clear();
                before.extend(older.iter().map(|seen| seen.bits()));
                after.clear();
                after.extend(newer.iter().map(|seen| seen.bits() & !NEWER));
                let key = (std::mem::take(&mut before), std::mem::take(&mut after));
                let number = match numbers.get(&key) {
                    Some(&number) => {
                        (before, after) = key;
                        number
                    }
                    None => {
                        counts.push(0);
                        numbers.insert(key, counts.len() - 1);
                        counts.len() - 1
                    }
                };
                counts[number] += 1;
                if let Some(seen) = contact.first() {
                    changed(seen.contact(), number);
                }
            }
        }
        let mut transitions: Vec<_> = numbers
            .into_iter()
            .map(|((before, after), number)| (number, Transition::new(&before, &after, counts[number], &reasons)))
            .collect();
        transitions.sort_unstable_by_key(|&(number, _)| number);
        let transitions = transitions.into_iter().map(|(_, transition)| transition).collect();
        Comparison { old, new, transitions, unchanged, without_email, contacts: Vec::new() }
    }

    /// What is to be kept of a fault, and in which part.
    fn seen(&mut self, fault: &Fault<'_>, bit: u16) -> Option<(&mut Vec<Seen>, Seen)> {
        let Some(hash) = self.hasher.hash(fault) else {
            if bit == 0 {
                self.without_email.0 += 1;
            } else {
                self.without_email.1 += 1;
            }
            return None;
        };
        let number = self.number(fault.reason());
        let part = self.parts.get_mut(hash.part())?;
        Some((part, hash.with(number | bit)))
    }

    /// The number of a reason. The unknown ones are told apart within the bounds of [`ReasonCounts`].
    fn number(&mut self, reason: &FailureReason) -> u16 {
        if reason.position() < FailureReason::iter().len() {
            return reason.position() as u16;
        }
        if let Some(&number) = self.unknown.get(reason) {
            return number;
        }
        let is_too_much = self.unknown.len() >= ReasonCounts::MOST_UNKNOWN
            || self.unknown_bytes + reason.label().len() > ReasonCounts::MOST_UNKNOWN_BYTES;
        let further = FailureReason::unknown(ReasonCounts::FURTHER_UNKNOWN);
        if is_too_much && *reason != further {
            return self.number(&further);
        }
        self.unknown_bytes += reason.label().len();
        let number = self.reasons.len() as u16;
        self.reasons.push(reason.clone());
        self.unknown.insert(reason.clone(), number);
        number
    }
}

/// How much more room a part needs for one more: where it is full a quarter, and not as much again, since there are many
/// parts, and this is all that is kept.
fn more(part: &Vec<Seen>) -> usize {
    if part.len() == part.capacity() { (part.len() / 4).max(64) } else { 0 }
}

impl Default for Comparer {
    fn default() -> Self {
        Comparer::new()
    }
}

/// `Debug` shows nothing of the faults.
impl fmt::Debug for Comparer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparer")
            .field("faults", &self.parts.iter().map(Vec::len).sum::<usize>())
            .finish_non_exhaustive()
    }
}

/// One of the two reports.
struct Side<'c> {
    comparer: &'c mut Comparer,
    bit: u16,
}

impl FaultSink for Side<'_> {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        if let Some((part, seen)) = self.comparer.seen(fault, self.bit) {
            part.try_reserve_exact(more(part)).map_err(|_| Error::out_of_memory("to compare so many faults"))?;
            part.push(seen);
        }
        Ok(())
    }
}

impl Comparison {
    /// Compares an older report with a newer one, and lists the contacts that have changed.
    pub fn new(old: &FaultReport, new: &FaultReport) -> Self {
        let mut comparer = Comparer::new();
        for (report, bit) in [(old, 0), (new, NEWER)] {
            for fault in report {
                if let Some((part, seen)) = comparer.seen(&fault, bit) {
                    part.reserve_exact(more(part));
                    part.push(seen);
                }
            }
        }
        let hasher = comparer.hasher.clone();
        let mut changed = HashMap::new();
        let mut comparison = comparer.compare(old.counts().clone(), new.counts().clone(), |hash, number| {
            changed.insert(hash, number);
        });
        for fault in [old, new].into_iter().flatten() {
            let email = folded_email(&fault.email());
            // Each of them once.
            if let Some(number) = changed.remove(&hasher.hash_of(email.as_bytes())).filter(|_| !email.is_empty()) {
                comparison.contacts.push((email.into(), number));
            }
        }
        comparison.contacts.sort_unstable();
        comparison
    }

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

    /// The contacts that have changed, by their emails; none where a [`Comparer`] has only counted.
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
    fn new(before: &[u16], after: &[u16], contacts: u64, reasons: &[FailureReason]) -> Self {
        let named = |numbers: &[u16]| {
            let mut named: Vec<_> =
                numbers.iter().filter_map(|&number| reasons.get(number as usize)).cloned().collect();
            named.sort_unstable();
            named
        };
        let change = match (before, after) {
            ([], _) => Change::NewlyFailing,
            (_, []) => Change::Recovered,
            _ => Change::Changed,
        };
        Transition { change, before: named(before), after: named(after), contacts }
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

#[cfg(test)]
mod tests;
