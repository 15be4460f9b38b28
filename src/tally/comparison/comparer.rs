//! Compares two reports of any size.
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
//! unlikely that is). Where the contacts are to be listed, the hashes of those that have changed go to a
//! [`ContactFinder`], which finds their emails in a second reading.

use std::alloc::{Layout, handle_alloc_error};
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::contact_finder::{ContactFinder, Sought, out_of_memory};
use super::{Comparison, Transition};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;
use crate::tally::contact_hash::{ContactHash, ContactHasher, PARTS};

/// The bit that tells a fault of the newer report. The others number its reason: the bounds of [`ReasonCounts`] leave room.
const NEWER: u16 = 1 << 15;

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
/// It counts, and lists nobody: [`Comparison::contacts`] then is empty. [`find_contacts`](Self::find_contacts) lists those
/// that have changed, where the reports can be read a second time.
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
        let mut changes = Changes::default();
        for mut part in self.parts {
            for contact in contacts(&mut part) {
                changes.count(contact);
            }
        }
        changes.into_comparison(&self.reasons, self.without_email, old, new)
    }

    /// Compares as [`finish`](Self::finish) does, and then finds the emails of the contacts that have changed, in a second
    /// reading of both reports: see [`ContactFinder`].
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) where there is not enough memory for so many contacts.
    pub fn find_contacts(self, old: ReasonCounts, new: ReasonCounts) -> Result<ContactFinder> {
        let mut changes = Changes::default();
        let mut all_sought = Vec::with_capacity(PARTS);
        for mut part in self.parts {
            let mut sought = Vec::new();
            for contact in contacts(&mut part) {
                if let Some((seen, transition)) = contact.first().zip(changes.count(contact)) {
                    sought.try_reserve(1).map_err(out_of_memory)?;
                    sought.push(Sought::new(seen.contact(), transition));
                }
            }
            sought.shrink_to_fit();
            all_sought.push(sought);
        }
        let comparison = changes.into_comparison(&self.reasons, self.without_email, old, new);
        Ok(ContactFinder::new(comparison, self.hasher, all_sought))
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
        let Side { comparer, bit } = self;
        let Some(hash) = comparer.hasher.hash(fault) else {
            let (older, newer) = &mut comparer.without_email;
            *(if *bit == NEWER { newer } else { older }) += 1;
            return Ok(());
        };
        let number = comparer.number(fault.reason());
        let Some(part) = comparer.parts.get_mut(hash.part()) else { return Ok(()) };
        part.try_reserve_exact(more(part)).map_err(|_| Error::out_of_memory("to compare so many faults"))?;
        part.push(hash.with(number | *bit));
        Ok(())
    }
}

/// How much more room a part needs for one more: where it is full a quarter, and not as much again, since there are many
/// parts, and this is all that is kept.
fn more(part: &Vec<Seen>) -> usize {
    if part.len() == part.capacity() { (part.len() / 4).max(64) } else { 0 }
}

/// The contacts of a part: the faults of each, the older ones first.
fn contacts(part: &mut [Seen]) -> impl Iterator<Item = &[Seen]> {
    part.sort_unstable();
    part.chunk_by(|one, other| one.contact() == other.contact())
}

/// What has changed, while contacts are gone through.
#[derive(Default)]
struct Changes {
    /// The numbers of the transitions, by the sides and reasons of their faults.
    numbers: HashMap<Box<[u16]>, usize>,
    /// How many contacts each transition has.
    counts: Vec<u64>,
    unchanged: u64,
    /// The sides and reasons of the contact at hand.
    bits: Vec<u16>,
}

impl Changes {
    /// Counts a contact, and tells the number of its transition if it has changed.
    fn count(&mut self, contact: &[Seen]) -> Option<usize> {
        self.bits.clear();
        self.bits.extend(contact.iter().map(|seen| seen.bits()));
        let (older, newer) = sides(&self.bits);
        if older.iter().copied().eq(newer.iter().map(|bits| bits & !NEWER)) {
            self.unchanged += 1;
            return None;
        }
        let number = match self.numbers.get(&self.bits[..]) {
            Some(&number) => number,
            None => {
                self.numbers.insert(self.bits.as_slice().into(), self.counts.len());
                self.counts.push(0);
                self.counts.len() - 1
            }
        };
        if let Some(count) = self.counts.get_mut(number) {
            *count += 1;
        }
        Some(number)
    }

    fn into_comparison(
        self,
        reasons: &[FailureReason],
        without_email: (u64, u64),
        old: ReasonCounts,
        new: ReasonCounts,
    ) -> Comparison {
        let named = |bits: &[u16]| {
            let reasons = bits.iter().filter_map(|bits| reasons.get(usize::from(bits & !NEWER)));
            reasons.cloned().collect()
        };
        let mut numbers: Vec<_> = self.numbers.into_iter().collect();
        numbers.sort_unstable_by_key(|&(_, number)| number);
        let transitions = numbers.iter().zip(self.counts).map(|((bits, _), contacts)| {
            let (older, newer) = sides(bits);
            Transition::new(named(older), named(newer), contacts)
        });
        let transitions = transitions.collect();
        Comparison { old, new, transitions, unchanged: self.unchanged, without_email, contacts: Vec::new() }
    }
}

/// The older faults of a contact, and the newer ones.
fn sides(bits: &[u16]) -> (&[u16], &[u16]) {
    bits.split_at(bits.partition_point(|bits| bits & NEWER == 0))
}

impl Comparison {
    /// Compares an older report with a newer one, and lists the contacts that have changed.
    pub fn new(old: &FaultReport, new: &FaultReport) -> Self {
        loop {
            match Comparison::try_new(old, new) {
                Ok(comparison) => return comparison,
                // Two emails have the same hashes: by the next keys they are told apart.
                Err(error) if error.kind() == ErrorKind::Inconsistent => {}
                // There is no memory for it, which ends this as it ends any collection.
                Err(_) => handle_alloc_error(Layout::new::<Seen>()),
            }
        }
    }

    /// As reports of any size are compared; those in memory already are no different.
    fn try_new(old: &FaultReport, new: &FaultReport) -> Result<Self> {
        let mut comparer = Comparer::new();
        old.faults().try_for_each(|fault| comparer.older().fault(&fault))?;
        new.faults().try_for_each(|fault| comparer.newer().fault(&fault))?;
        let finder = comparer.find_contacts(old.counts().clone(), new.counts().clone())?;
        let mut finder = finder.most_bytes(u64::MAX);
        old.faults().chain(new.faults()).try_for_each(|fault| finder.fault(&fault))?;
        finder.finish()
    }
}

#[cfg(test)]
mod tests;
