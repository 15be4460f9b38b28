//! How many faults there are of each reason.

use std::borrow::Borrow;
use std::collections::{BTreeMap, btree_map};
use std::iter::{FusedIterator, Sum};
use std::ops::{Add, AddAssign};

use uuid::Uuid;

use crate::anomaly::Anomalies;
use crate::reason::remedy::Remedy;
use crate::reason::report_kind::ReportKind;
use crate::reason::{FailureReason, Slot};
#[cfg(feature = "client")]
use crate::report_id::ReportId;

/// How many faults there are of each reason, and what was unusual in the report.
///
/// The sum over the reasons always is [`total`](Self::total). Reasons that aren't known are told apart by their
/// text, within a bound, so that a damaged report of many million different texts can't exhaust the memory: past
/// [`MOST_UNKNOWN`](Self::MOST_UNKNOWN) texts, or [`MOST_UNKNOWN_BYTES`](Self::MOST_UNKNOWN_BYTES) of text, each
/// further text is counted under [`FURTHER_UNKNOWN`](Self::FURTHER_UNKNOWN), and so is a single one of more than
/// 64 KiB. No fault is lost.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReport};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nDuplicate,b@example.com\nBlocker,c@example.com\n")?;
/// let counts = report.counts();
/// assert_eq!(counts.total(), 3);
/// assert_eq!(counts.get(&FailureReason::Blocker), 2);
/// for (reason, count) in counts.by_frequency() {
///     println!("{count:>8}  {:>5.1} %  {reason}", 100.0 * counts.share(reason));
/// }
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// With serde it is the document that `faults summary --format json` prints:
///
/// ```json
/// {
///   "schema": 1,
///   "import_id": null,
///   "total": 3,
///   "reasons": [
///     {"reason": "blocker", "label": "Blocker", "count": 2, "share": 0.6666666666666666, "remedy": "remove"},
///     {"reason": "duplicate", "label": "Duplicate", "count": 1, "share": 0.3333333333333333, "remedy": "ignore"}
///   ],
///   "anomalies": {}
/// }
/// ```
///
/// That document can be read back, and added to others:
///
/// ```
/// use dotdigital_faults::{FailureReason, ReasonCounts};
///
/// let may = r#"{
///     "schema": 1,
///     "import_id": null,
///     "total": 2,
///     "reasons": [{"reason": "blocker", "label": "Blocker", "count": 2, "share": 1.0, "remedy": "remove"}],
///     "anomalies": {}
/// }"#;
/// let mut counts: ReasonCounts = serde_json::from_str(may)?;
/// counts += &[FailureReason::Blocker].iter().collect();
/// assert_eq!(counts.get(&FailureReason::Blocker), 3);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonCounts {
    import_id: Option<Uuid>,
    known: [u64; Slot::Other as usize],
    unknown: BTreeMap<Unknown, u64>,
    unknown_bytes: usize,
    anomalies: Anomalies,
    cut_off: bool,
    kind: ReportKind,
    /// Have reports of several kinds been added up?
    is_mixed: bool,
}

/// A reason that isn't known, which can be looked up by its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unknown(FailureReason);

impl Borrow<str> for Unknown {
    fn borrow(&self) -> &str {
        self.0.label()
    }
}

impl ReasonCounts {
    /// How many unknown reasons are told apart.
    pub const MOST_UNKNOWN: usize = 16_384;

    /// How many bytes of unknown reasons are kept, all together.
    pub const MOST_UNKNOWN_BYTES: usize = 1 << 20;

    /// The label under which further unknown reasons are counted together.
    pub const FURTHER_UNKNOWN: &'static str = "(further unknown reasons)";

    /// No faults.
    pub fn new() -> Self {
        ReasonCounts::default()
    }

    /// How many faults have this reason.
    pub fn get(&self, reason: &FailureReason) -> u64 {
        match self.known.get(Slot::from(reason) as usize) {
            Some(&count) => count,
            None => self.unknown.get(reason.label()).copied().unwrap_or(0),
        }
    }

    /// How many faults have a reason of this slug: `other` sums up all that aren't known.
    pub fn get_slug(&self, slug: &str) -> u64 {
        sum(self.iter().filter(|(reason, _)| reason.slug() == slug).map(|(_, count)| count))
    }

    /// How many faults call for this remedy.
    pub fn get_remedy(&self, remedy: Remedy) -> u64 {
        sum(self.iter().filter(|(reason, _)| reason.remedy() == remedy).map(|(_, count)| count))
    }

    /// The remedies that are called for, in the order of [`Remedy::iter`], each with how many faults call for it.
    ///
    /// ```
    /// use dotdigital_faults::{FailureReason, ReasonCounts, Remedy};
    ///
    /// let reasons = [FailureReason::HardBounced, FailureReason::InvalidEmail, FailureReason::Blocker];
    /// let counts: ReasonCounts = reasons.iter().collect();
    /// assert_eq!(counts.by_remedy().collect::<Vec<_>>(), [(Remedy::Correct, 1), (Remedy::Remove, 2)]);
    /// ```
    pub fn by_remedy(&self) -> impl Iterator<Item = (Remedy, u64)> {
        Remedy::iter().map(|remedy| (remedy, self.get_remedy(remedy))).filter(|&(_, count)| count > 0)
    }

    /// How many faults there are.
    pub fn total(&self) -> u64 {
        // Real counts are small: so they can be added without care, many at a time.
        let are_small = self.known.iter().fold(0, |bits, count| bits | count) >> 48 == 0;
        let known = if are_small { self.known.iter().sum() } else { sum(self.known.iter().copied()) };
        known.saturating_add(sum(self.unknown.values().copied()))
    }

    /// Returns true if there are no faults.
    pub fn is_empty(&self) -> bool {
        self.known.iter().all(|&count| count == 0) && self.unknown.values().all(|&count| count == 0)
    }

    /// The part of all faults that have this reason, from 0 to 1; 0 where there are no faults.
    pub fn share(&self, reason: &FailureReason) -> f64 {
        share(self.get(reason), self.total())
    }

    /// The reasons that occur, in the documented order, then the unknown ones by their text.
    pub fn iter(&self) -> ReasonCountsIter<'_> {
        ReasonCountsIter { known: FailureReason::known().iter().zip(&self.known), unknown: self.unknown.iter() }
    }

    /// The reasons that occur, the most frequent first; among equals, in the order of [`iter`](Self::iter).
    pub fn by_frequency(&self) -> impl ExactSizeIterator<Item = (&FailureReason, u64)> + DoubleEndedIterator {
        let mut reasons: Vec<_> = self.iter().collect();
        reasons.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        reasons.into_iter()
    }

    /// The known reasons that don't occur, each with no fault, in the documented order.
    pub(crate) fn zeros(&self) -> impl Iterator<Item = (&FailureReason, u64)> {
        let known = FailureReason::known().iter().zip(&self.known);
        known.filter(|&(_, &count)| count == 0).map(|(reason, _)| (reason, 0))
    }

    /// What was unusual in the report and was read all the same.
    pub fn anomalies(&self) -> &Anomalies {
        &self.anomalies
    }

    /// Returns true if the report seems to have been cut off: its last row then has no line end, and too few fields or
    /// a quote that is never closed. That row is counted like any other.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// Of which kind of report the faults are; `None` once reports of several kinds have been added up, whose reasons
    /// mean different things.
    ///
    /// The document that serde writes doesn't tell it: what is read from one is taken for
    /// [`Import`](ReportKind::Import).
    ///
    /// ```
    /// use dotdigital_faults::{FaultReport, ReportKind};
    ///
    /// let older = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\n")?;
    /// let newer = FaultReport::from_bytes(r#"{"importId": "1", "status": "Finished"}"#)?;
    /// assert_eq!(older.counts().report_kind(), Some(ReportKind::Import));
    /// assert_eq!((older.counts() + newer.counts()).report_kind(), None);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn report_kind(&self) -> Option<ReportKind> {
        (!self.is_mixed).then_some(self.kind)
    }

    /// How many faults are partial: the contact was imported, and only some of its data were not
    /// ([`FailureReason::is_partial`]).
    pub fn partial(&self) -> u64 {
        sum(self.iter().filter(|(reason, _)| reason.is_partial()).map(|(_, count)| count))
    }

    /// The import whose faults these are, where that is known; or the enrolment.
    pub fn import_id(&self) -> Option<Uuid> {
        self.import_id
    }

    /// Says whose faults these are.
    #[must_use]
    pub fn with_import_id(mut self, import_id: Uuid) -> Self {
        self.import_id = Some(import_id);
        self
    }

    /// Says whose faults these are, and so of which kind.
    #[cfg(feature = "client")]
    pub(crate) fn of(mut self, id: ReportId) -> Self {
        if let ReportId::Enrolment(_) = id {
            self.kind = ReportKind::Enrolment;
        }
        self.with_import_id(id.uuid())
    }

    pub(crate) fn set_report_kind(&mut self, kind: ReportKind) {
        self.kind = kind;
    }

    pub(crate) fn set_import_id(&mut self, import_id: Option<Uuid>) {
        self.import_id = import_id;
    }

    pub(crate) fn anomalies_mut(&mut self) -> &mut Anomalies {
        &mut self.anomalies
    }

    pub(crate) fn set_cut_off(&mut self) {
        self.cut_off = true;
    }

    /// The same counts with other reasons in place of the unknown ones.
    #[cfg(feature = "redact")]
    pub(crate) fn with_reasons(&self, change: impl Fn(&FailureReason) -> FailureReason) -> Self {
        let mut changed = ReasonCounts { unknown: BTreeMap::new(), unknown_bytes: 0, ..self.clone() };
        for (reason, &count) in &self.unknown {
            changed.add_unknown(Some(change(&reason.0)), count);
        }
        changed
    }

    pub(crate) fn add_known(&mut self, slot: Slot, count: u64) {
        if let Some(place) = self.known.get_mut(slot as usize) {
            *place = place.saturating_add(count);
        }
    }

    /// Adds to an unknown reason; `None` stands for one whose text was too long to be kept.
    pub(crate) fn add_unknown(&mut self, reason: Option<FailureReason>, count: u64) {
        let reason = reason.unwrap_or_else(|| FailureReason::unknown(Self::FURTHER_UNKNOWN));
        if let Some(place) = self.unknown.get_mut(reason.label()) {
            *place = place.saturating_add(count);
            return;
        }
        let len = reason.label().len();
        if reason.label() != Self::FURTHER_UNKNOWN {
            if self.unknown.len() >= Self::MOST_UNKNOWN || self.unknown_bytes + len > Self::MOST_UNKNOWN_BYTES {
                return self.add_unknown(None, count);
            }
            self.unknown_bytes += len;
        }
        self.unknown.insert(Unknown(reason), count);
    }

    /// Adds to the unknown reason that a cell says.
    pub(crate) fn add_unknown_cell(&mut self, cell: &[u8], count: u64) {
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        match self.unknown.get_mut(text) {
            Some(place) => *place = place.saturating_add(count),
            None => self.add_unknown(Some(FailureReason::unknown(text)), count),
        }
    }

    pub(crate) fn add_reason(&mut self, reason: &FailureReason, count: u64) {
        match Slot::from(reason) {
            Slot::Other => self.add_unknown(Some(reason.clone()), count),
            slot => self.add_known(slot, count),
        }
    }
}

/// A sum that stays at the largest count there is, as each count does.
pub(crate) fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

/// The nearest double to the part that `count` is of `total`.
pub(crate) fn share(count: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { count as f64 / total as f64 }
}

/// The reasons that occur, each with its count, as [`ReasonCounts::iter`] gives them.
#[derive(Clone, Debug)]
pub struct ReasonCountsIter<'c> {
    known: std::iter::Zip<std::slice::Iter<'static, FailureReason>, std::slice::Iter<'c, u64>>,
    unknown: btree_map::Iter<'c, Unknown, u64>,
}

impl<'c> Iterator for ReasonCountsIter<'c> {
    type Item = (&'c FailureReason, u64);

    fn next(&mut self) -> Option<Self::Item> {
        match self.known.find(|&(_, &count)| count > 0) {
            Some((reason, &count)) => Some((reason, count)),
            None => self.unknown.next().map(|(reason, &count)| (&reason.0, count)),
        }
    }
}

impl FusedIterator for ReasonCountsIter<'_> {}

/// As [`ReasonCounts::iter`].
///
/// ```
/// use dotdigital_faults::{FailureReason, ReasonCounts};
///
/// let counts: ReasonCounts = [FailureReason::Blocker, FailureReason::Blocker].iter().collect();
/// for (reason, count) in &counts {
///     assert_eq!((reason, count), (&FailureReason::Blocker, 2));
/// }
/// ```
impl<'c> IntoIterator for &'c ReasonCounts {
    type Item = (&'c FailureReason, u64);
    type IntoIter = ReasonCountsIter<'c>;

    fn into_iter(self) -> ReasonCountsIter<'c> {
        self.iter()
    }
}

/// Adds the faults of another report. The import id stays only where both are of the same import, or the counts
/// were still empty.
impl AddAssign<&ReasonCounts> for ReasonCounts {
    fn add_assign(&mut self, other: &ReasonCounts) {
        if *self == ReasonCounts::default() {
            self.clone_from(other);
            return;
        }
        for (reason, count) in other.iter() {
            self.add_reason(reason, count);
        }
        self.anomalies.add(&other.anomalies);
        self.cut_off |= other.cut_off;
        // No faults at all are of no kind.
        self.is_mixed |= other.is_mixed || self.kind != other.kind && *other != ReasonCounts::default();
        self.import_id = self.import_id.filter(|_| self.import_id == other.import_id);
    }
}

impl Add for &ReasonCounts {
    type Output = ReasonCounts;

    fn add(self, other: &ReasonCounts) -> ReasonCounts {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl<'a> Sum<&'a ReasonCounts> for ReasonCounts {
    fn sum<I: Iterator<Item = &'a ReasonCounts>>(counts: I) -> Self {
        counts.fold(ReasonCounts::new(), |mut sum, counts| {
            sum += counts;
            sum
        })
    }
}

impl Sum for ReasonCounts {
    fn sum<I: Iterator<Item = ReasonCounts>>(counts: I) -> Self {
        counts.fold(ReasonCounts::new(), |mut sum, counts| {
            sum += &counts;
            sum
        })
    }
}

/// Counts reasons, wherever they come from.
impl<'a> FromIterator<&'a FailureReason> for ReasonCounts {
    fn from_iter<I: IntoIterator<Item = &'a FailureReason>>(reasons: I) -> Self {
        let mut counts = ReasonCounts::new();
        reasons.into_iter().for_each(|reason| counts.add_reason(reason, 1));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_unknown_reasons_are_counted_together() {
        let mut counts = ReasonCounts::new();
        for number in 0..ReasonCounts::MOST_UNKNOWN + 1000 {
            counts.add_reason(&FailureReason::from(format!("unknown {number}")), 1);
        }
        counts.add_reason(&FailureReason::from("unknown 0"), 1);
        assert_eq!(counts.total(), ReasonCounts::MOST_UNKNOWN as u64 + 1001);
        assert_eq!(counts.get(&FailureReason::from("unknown 0")), 2);
        assert_eq!(counts.get(&FailureReason::from(ReasonCounts::FURTHER_UNKNOWN)), 1000);
        assert_eq!(counts.iter().count(), ReasonCounts::MOST_UNKNOWN + 1);
    }

    #[test]
    fn the_bytes_of_unknown_reasons_are_bounded_too() {
        let mut counts = ReasonCounts::new();
        for number in 0..100 {
            counts.add_reason(&FailureReason::from(format!("{number}{}", "x".repeat(50_000))), 1);
        }
        assert_eq!(counts.total(), 100);
        assert_eq!(counts.get(&FailureReason::from(ReasonCounts::FURTHER_UNKNOWN)), 100 - 20);
    }
    #[test]
    fn as_many_bytes_of_them_as_are_allowed() {
        let label = |first: char, len: usize| FailureReason::from(format!("{first}{}", "x".repeat(len - 1)));
        let further = FailureReason::from(ReasonCounts::FURTHER_UNKNOWN);
        let half = ReasonCounts::MOST_UNKNOWN_BYTES / 2;
        let mut counts = ReasonCounts::new();
        for reason in [label('a', half), label('b', half - 1), label('c', 2), label('d', 1), label('e', 1)] {
            counts.add_reason(&reason, 1);
        }
        assert_eq!(counts.get(&further), 2);
        assert_eq!((counts.get(&label('b', half - 1)), counts.get(&label('d', 1))), (1, 1));
    }
}
