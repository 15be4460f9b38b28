//! Who has changed: the emails of contacts of which only hashes are known.
//!
//! # How it works
//!
//! Of each contact that has changed, its hash is there, in order within its part. In the second reading the email of each
//! fault is hashed again, by the same keys, and looked up. Most are not found: they are of contacts that haven't changed.
//! One that is found for the first time is kept, until all are there:
//!
//! ```text
//!   part 5a   5a03…  Soft bounced → Hard bounced   jo@example.com
//!             5a7e…  Blocker →                     (still missing)
//! ```
//!
//! So what is listed is what was compared in the first reading, whatever the second one brings: an email stands where its
//! hash was, or nowhere. Only where a report has changed in between may one be missing in the end, which is an error.

use std::fmt;

use super::Comparison;
use crate::error::{Error, ErrorKind, Result};
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;
use crate::tally::contact_hash::{ContactHash, ContactHasher};

/// The most bytes of emails, unless set otherwise.
const MOST_BYTES: u64 = 256 << 20;

/// Finds the emails of the contacts that have changed, in a second reading of both reports: what
/// [`Comparer::find_contacts`](crate::Comparer::find_contacts) gives after the first.
///
/// It takes the faults of either report, in any order, and keeps the emails of the contacts that have changed and nothing
/// else: so the reports may be of any size.
///
/// ```
/// use dotdigital_faults::{Comparer, FaultReader};
///
/// let old = "Reason,email\nBlocker,a@example.com\nDuplicate,c@example.com\n";
/// let new = "Reason,email\nBlocker,b@example.com\nDuplicate,c@example.com\n";
/// let mut comparer = Comparer::new();
/// let old_counts = FaultReader::new(old.as_bytes()).drain_into(&mut comparer.older())?;
/// let new_counts = FaultReader::new(new.as_bytes()).drain_into(&mut comparer.newer())?;
///
/// let mut finder = comparer.find_contacts(old_counts, new_counts)?;
/// for report in [old, new] {
///     FaultReader::new(report.as_bytes()).drain_into(&mut finder)?;
/// }
/// let comparison = finder.finish()?;
/// let emails: Vec<_> = comparison.contacts().map(|contact| contact.email()).collect();
/// assert_eq!(emails, ["a@example.com", "b@example.com"]);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// Of a report that can be read once only, the emails alone can be put aside in the first reading, and be handed to
/// [`find`](Self::find).
///
/// Where a report has changed between the readings, [`finish`](Self::finish) lists the contacts of the first reading all
/// the same, or is an error. `Debug` shows no contact data.
#[derive(Clone)]
#[must_use = "it lists the contacts once it is finished"]
pub struct ContactFinder {
    comparison: Comparison,
    hasher: ContactHasher,
    parts: Vec<Vec<Sought>>,
    missing: u64,
    bytes: u64,
    most_bytes: u64,
}

/// A contact that has changed, and its email once it has been found.
#[derive(Clone)]
pub(super) struct Sought {
    hash: ContactHash,
    transition: usize,
    email: Option<Box<str>>,
}

impl Sought {
    pub(super) fn new(hash: ContactHash, transition: usize) -> Self {
        Sought { hash, transition, email: None }
    }
}

impl ContactFinder {
    /// Those of each part are in the order of their hashes.
    pub(super) fn new(comparison: Comparison, hasher: ContactHasher, parts: Vec<Vec<Sought>>) -> Self {
        let missing = parts.iter().map(|part| part.len() as u64).sum();
        ContactFinder { comparison, hasher, parts, missing, bytes: 0, most_bytes: MOST_BYTES }
    }

    /// The most bytes that the emails of the contacts that have changed may have, all together. Default: 256 MiB.
    ///
    /// It bounds what a report of huge emails may take. The hash, the place and the order of a contact take about 100 bytes
    /// more.
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// What has changed, without the contacts.
    pub fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// How many of the contacts that have changed haven't been found yet. Once it is 0, nothing more needs to be read.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Takes the email of a fault, as [`Fault::email`] gives it: for those that were put aside.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge) where the emails have more bytes than [allowed](Self::most_bytes), or than there is
    /// memory for. [`Inconsistent`](ErrorKind::Inconsistent) where two emails were taken for one contact: that they have the
    /// same hashes by chance is less likely than one in 10^35, and the next comparison tells them apart.
    pub fn find(&mut self, email: &str) -> Result<()> {
        match self.hasher.hash_cell(email.as_bytes()) {
            Some(hash) => self.take(hash),
            None => Ok(()),
        }
    }

    /// Lists the contacts that have changed.
    ///
    /// # Errors
    /// [`Inconsistent`](ErrorKind::Inconsistent) where one of them wasn't found, since a report has changed between the
    /// readings, or wasn't read again. [`TooLarge`](ErrorKind::TooLarge) where there is not enough memory.
    pub fn finish(self) -> Result<Comparison> {
        let ContactFinder { mut comparison, parts, missing, .. } = self;
        if missing > 0 {
            return Err(not_met_again(missing));
        }
        let all = parts.iter().map(Vec::len).sum();
        comparison.contacts.try_reserve_exact(all).map_err(out_of_memory)?;
        for part in parts {
            let found = part.into_iter().filter_map(|sought| Some((sought.email?, sought.transition)));
            comparison.contacts.extend(found);
        }
        comparison.contacts.sort_unstable();
        Ok(comparison)
    }

    /// Keeps the email that was hashed last, if it is the first one of a contact that has changed.
    fn take(&mut self, hash: ContactHash) -> Result<()> {
        let Some(part) = self.parts.get_mut(hash.part()) else { return Ok(()) };
        let place = part.binary_search_by(|sought| sought.hash.cmp(&hash)).ok();
        let Some(sought) = place.and_then(|place| part.get_mut(place)) else { return Ok(()) };
        let email = self.hasher.email();
        match &sought.email {
            Some(found) if **found == *email => Ok(()),
            Some(_) => Err(not_told_apart()),
            None => {
                self.bytes = self.bytes.saturating_add(email.len() as u64);
                if self.bytes > self.most_bytes {
                    return Err(too_many_bytes(self.most_bytes));
                }
                let mut kept = String::new();
                kept.try_reserve_exact(email.len()).map_err(out_of_memory)?;
                kept.push_str(&email);
                sought.email = Some(kept.into_boxed_str());
                self.missing -= 1;
                Ok(())
            }
        }
    }
}

impl FaultSink for ContactFinder {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        match self.hasher.hash(fault) {
            Some(hash) => self.take(hash),
            None => Ok(()),
        }
    }
}

/// `Debug` shows no email.
impl fmt::Debug for ContactFinder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactFinder").field("missing", &self.missing).finish_non_exhaustive()
    }
}

fn not_met_again(missing: u64) -> Error {
    let were = if missing == 1 { "was" } else { "were" };
    let what = format!("{missing} of the contacts that have changed {were} not there when the reports were read again");
    Error::new(ErrorKind::Inconsistent, what)
        .advise("read both reports twice, and see that nobody writes to them meanwhile, or compare copies of them")
}

fn not_told_apart() -> Error {
    Error::new(ErrorKind::Inconsistent, "two emails can't be told apart, since they have the same hashes by chance")
        .advise("compare the reports again: the hashes are others each time")
}

fn too_many_bytes(most: u64) -> Error {
    let what = format!("the emails of the contacts that have changed are larger than the {most} bytes allowed");
    Error::new(ErrorKind::TooLarge, what).advise(
        "count the contacts without listing them (Comparer::finish, leave out --contacts), or allow more \
         (ContactFinder::most_bytes, --max-size)",
    )
}

pub(super) fn out_of_memory<E>(_: E) -> Error {
    Error::out_of_memory("to list so many contacts").advise(
        "give the process more memory, or count the contacts without listing them (Comparer::finish, leave out \
         --contacts)",
    )
}
