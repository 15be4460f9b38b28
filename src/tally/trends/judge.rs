//! Whether an account's newest import fails more than its imports usually do.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::account_name::AccountName;
use crate::error::{Error, ErrorKind, Result};
use crate::reason::counts::share;
use crate::reason::filter::ReasonFilter;
use crate::report_id::ReportId;
use crate::tally::archived_import::{ArchivedImport, ArchivedStatus, Series};

/// How many imports before the newest one tell what is usual.
const MOST_EARLIER: usize = 10;

/// How many of an account and series are looked at, the newest one included: older ones change nothing.
#[cfg(feature = "serve")]
pub(crate) const MOST_LOOKED_AT: usize = MOST_EARLIER + 1;

/// Fewer of them tell nothing.
const LEAST_EARLIER: usize = 3;

/// What binary fractions may be wrong by: for them, 30 % less 10 % isn't quite 20 %.
const ROUNDING: f64 = 1e-12;

/// How far the share of some reasons may rise above what is usual.
///
/// The share is that of an import's contacts; where they aren't known, that of its faults. All imports that are compared are
/// measured in the same way: by contacts, where those of the newest one and of at least three before it are known.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendGate {
    reasons: ReasonFilter,
    points: f64,
}

impl TrendGate {
    /// Is tripped where the share of these reasons is at least so many percentage points above what is usual. A filter that
    /// names nothing stands for all faults, but for [partial](crate::FailureReason::is_partial) ones.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) unless there are more than 0 points, and at most 100.
    pub fn new(reasons: ReasonFilter, points: f64) -> Result<Self> {
        if points > 0.0 && points <= 100.0 {
            return Ok(TrendGate { reasons, points });
        }
        Err(Error::new(ErrorKind::Configuration, format!("a share can't rise by {points} percentage points"))
            .advise("it can rise by more than 0, and by at most 100"))
    }

    /// How many percentage points trip it.
    pub fn points(&self) -> f64 {
        self.points
    }

    /// How many faults of an import it is about.
    fn faults(&self, import: &ArchivedImport) -> u64 {
        let is_all = self.reasons.names_nothing();
        let wanted = import.reasons.iter().filter(|(reason, _)| match is_all {
            true => !reason.is_partial(),
            false => self.reasons.wants(reason),
        });
        wanted.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// Judges the newest archived import of each account and [series](Series) by those before it: by the median of their shares,
/// of up to ten of them, and of at least three.
///
/// Imports may come in any order, and aren't kept: the eleven newest of each account and series are, by their figures. The
/// newest is the one of the latest date; of equals, the one that was archived last; of equals, the one of the largest id.
///
/// ```
/// use chrono::{DateTime, NaiveDate};
/// use dotdigital_faults::{
///     ArchivedImport, ArchivedStatus, FailureReason, Protocol, ReasonFilter, ReportId, TrendGate, TrendJudge,
/// };
/// use uuid::Uuid;
///
/// let import = |day: u32, bounced: u64| {
///     let mut import = ArchivedImport::new(
///         "europe".parse().unwrap(),
///         ReportId::Import(Uuid::from_u128(day.into())),
///         Protocol::Rest,
///         NaiveDate::from_ymd_opt(2026, 3, day).unwrap(),
///         DateTime::UNIX_EPOCH,
///         ArchivedStatus::Archived,
///     );
///     import.reasons = vec![(FailureReason::HardBounced, bounced)];
///     import.total = Some(bounced);
///     import.service = Some([("newContacts".to_owned(), 100 - bounced), ("updatedContacts".to_owned(), 0)].into());
///     import
/// };
///
/// let gate = TrendGate::new(ReasonFilter::new().reason(FailureReason::HardBounced), 5.0)?;
/// let mut judge = TrendJudge::new([gate]);
/// for (day, bounced) in [(4, 9), (1, 3), (2, 4), (3, 5)] {
///     judge.add(&import(day, bounced));
/// }
/// let verdicts = judge.verdicts();
/// assert_eq!((verdicts[0].share, verdicts[0].usual, verdicts[0].is_tripped), (0.09, Some(0.04), true));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrendJudge {
    gates: Vec<TrendGate>,
    newest: BTreeMap<(AccountName, Series), Newest>,
}

/// What a [`TrendJudge`] says of the newest import of an account and series, by one gate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrendVerdict {
    /// Which of the gates it is, counted from 0.
    pub gate: usize,
    /// Whose import it is.
    pub account: AccountName,
    /// With which others it was compared.
    pub series: Series,
    /// The newest import.
    pub import: ReportId,
    /// Its share, from 0 to 1.
    pub share: f64,
    /// The median of the shares of those before it; `None` where there are fewer than three.
    pub usual: Option<f64>,
    /// By how many imports it was judged, or how few there are.
    pub earlier: usize,
    /// Is the share that of contacts? It is that of faults, otherwise.
    pub is_of_contacts: bool,
    /// Has the share risen too far? Never where it wasn't judged.
    pub is_tripped: bool,
}

/// The order of imports in time.
type Place = (NaiveDate, DateTime<Utc>, ReportId);

/// The newest imports of an account and series.
#[derive(Clone, Debug, Default)]
struct Newest(BTreeMap<Place, Figures>);

/// What is remembered of an import.
#[derive(Clone, Debug)]
struct Figures {
    contacts: Option<u64>,
    /// How many there are.
    faults: u64,
    /// How many each gate is about.
    of_gates: Vec<u64>,
}

impl TrendJudge {
    /// Judges by these gates.
    pub fn new(gates: impl IntoIterator<Item = TrendGate>) -> Self {
        TrendJudge { gates: gates.into_iter().collect(), newest: BTreeMap::new() }
    }

    /// Takes note of an import, if its report was archived.
    pub fn add(&mut self, import: &ArchivedImport) {
        if import.status != ArchivedStatus::Archived || self.gates.is_empty() {
            return;
        }
        let newest = self.newest.entry((import.account.clone(), import.series())).or_default();
        let place = (import.date, import.archived_at, import.id);
        if newest.has_room_for(&place) {
            let figures = Figures {
                contacts: import.contacts(),
                faults: import.reasons.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count)),
                of_gates: self.gates.iter().map(|gate| gate.faults(import)).collect(),
            };
            newest.put(place, figures);
        }
    }

    /// What there is to say: of each account and series by their order, gate by gate.
    pub fn verdicts(&self) -> Vec<TrendVerdict> {
        let each = self.newest.iter().flat_map(|((account, series), newest)| {
            let gates = self.gates.iter().enumerate();
            gates.filter_map(|(index, gate)| newest.judged(index, gate, account, *series))
        });
        each.collect()
    }
}

impl Newest {
    /// Is an import among the newest ones?
    fn has_room_for(&self, place: &Place) -> bool {
        self.0.len() <= MOST_EARLIER || self.0.first_key_value().is_some_and(|(oldest, _)| oldest < place)
    }

    fn put(&mut self, place: Place, figures: Figures) {
        self.0.insert(place, figures);
        if self.0.len() > MOST_EARLIER + 1 {
            self.0.pop_first();
        }
    }

    fn judged(&self, index: usize, gate: &TrendGate, account: &AccountName, series: Series) -> Option<TrendVerdict> {
        let mut from_newest = self.0.iter().rev();
        let ((.., import), newest) = from_newest.next()?;
        let earlier: Vec<_> = from_newest.map(|(_, figures)| figures).collect();
        let by_contacts: Vec<_> = earlier.iter().filter_map(|figures| figures.of_contacts(index)).collect();
        // Where nothing can be judged anyway, the better measure is told.
        let is_enough = by_contacts.len() >= LEAST_EARLIER || earlier.len() < LEAST_EARLIER;
        let of_contacts = newest.of_contacts(index).filter(|_| is_enough);
        let (share, mut shares, is_of_contacts) = match of_contacts {
            Some(share) => (share, by_contacts, true),
            None => (newest.of_faults(index), earlier.iter().map(|figures| figures.of_faults(index)).collect(), false),
        };
        let is_judged = shares.len() >= LEAST_EARLIER;
        let usual = if is_judged { median(&mut shares) } else { None };
        let is_tripped = usual.is_some_and(|usual| 100.0 * (share - usual) + ROUNDING >= gate.points);
        let (account, import) = (account.clone(), *import);
        let earlier = if is_judged { shares.len() } else { earlier.len() };
        Some(TrendVerdict { gate: index, account, series, import, share, usual, earlier, is_of_contacts, is_tripped })
    }
}

impl Figures {
    fn of_gate(&self, index: usize) -> u64 {
        self.of_gates.get(index).copied().unwrap_or(0)
    }

    fn of_contacts(&self, index: usize) -> Option<f64> {
        Some(share(self.of_gate(index), self.contacts?))
    }

    fn of_faults(&self, index: usize) -> f64 {
        share(self.of_gate(index), self.faults)
    }
}

/// The one in the middle, or what lies between the two that are; `None` of nothing.
fn median(shares: &mut [f64]) -> Option<f64> {
    shares.sort_by(f64::total_cmp);
    let (below, above) = (shares.get(shares.len().checked_sub(1)? / 2)?, shares.get(shares.len() / 2)?);
    Some(f64::midpoint(*below, *above))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::protocol::Protocol;
    use crate::reason::FailureReason;

    fn at(day: u32, second: i64, id: u128) -> ArchivedImport {
        let date = NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
        let archived_at = DateTime::from_timestamp(second, 0).unwrap();
        let (account, id) = ("europe".parse().unwrap(), ReportId::Import(Uuid::from_u128(id)));
        ArchivedImport::new(account, id, Protocol::Soap, date, archived_at, ArchivedStatus::Archived)
    }

    /// An import with so many blockers and duplicates, of so many contacts.
    fn import(day: u32, blockers: u64, duplicates: u64, contacts: Option<u64>) -> ArchivedImport {
        let mut import = at(day, 0, day.into());
        import.reasons = vec![(FailureReason::Blocker, blockers), (FailureReason::Duplicate, duplicates)];
        import.total = Some(blockers + duplicates);
        import.service = contacts.map(|contacts| {
            let new = contacts - blockers - duplicates;
            [("newContacts".to_owned(), new), ("updatedContacts".to_owned(), 0)].into()
        });
        import
    }

    fn gate(points: f64) -> TrendGate {
        TrendGate::new(ReasonFilter::new().reason(FailureReason::Blocker), points).unwrap()
    }

    fn verdict(gate: TrendGate, imports: impl IntoIterator<Item = ArchivedImport>) -> TrendVerdict {
        let mut judge = TrendJudge::new([gate]);
        imports.into_iter().for_each(|import| judge.add(&import));
        judge.verdicts().remove(0)
    }

    #[test]
    fn a_rise_by_exactly_so_much_trips() {
        let usual = || (1..=3).map(|day| import(day, 10, 0, Some(100)));
        for (points, is_tripped) in [(20.0, true), (20.000001, false), (0.000001, true)] {
            let verdict = verdict(gate(points), usual().chain([import(4, 30, 0, Some(100))]));
            assert_eq!(verdict.is_tripped, is_tripped, "{points}");
            assert_eq!((verdict.usual, verdict.earlier, verdict.is_of_contacts), (Some(0.1), 3, true));
        }
        // A fall never does.
        assert!(!verdict(gate(0.1), usual().chain([import(4, 0, 0, Some(100))])).is_tripped);
    }

    #[test]
    fn fewer_than_three_tell_nothing() {
        let few = verdict(gate(1.0), (1..=3).map(|day| import(day, u64::from(day / 3) * 100, 0, Some(100))));
        assert_eq!((few.usual, few.earlier, few.is_tripped), (None, 2, false));
        // What has no report isn't among them.
        let mut expired = at(4, 0, 4);
        expired.status = ArchivedStatus::Expired;
        let none = (1..=3).map(|day| import(day, 1, 0, Some(100))).chain([expired]);
        assert_eq!(verdict(gate(1.0), none).import, ReportId::Import(Uuid::from_u128(3)));
    }

    #[test]
    fn all_are_measured_in_the_same_way() {
        let known = |day| import(day, 1, 9, Some(100));
        let unknown = |day| import(day, 1, 9, None);
        // The newest's contacts aren't known: of faults, all of them.
        let newest = verdict(gate(1.0), (1..=5).map(known).chain([import(6, 3, 7, None)]));
        assert_eq!((newest.share, newest.usual, newest.is_of_contacts), (0.3, Some(0.1), false));
        // Enough of the others' are: they alone are compared.
        let mixed =
            verdict(gate(1.0), (1..=2).map(unknown).chain((3..=5).map(known)).chain([import(6, 3, 7, Some(100))]));
        assert_eq!((mixed.share, mixed.usual, mixed.earlier, mixed.is_of_contacts), (0.03, Some(0.01), 3, true));
        // Too few are.
        let few =
            verdict(gate(1.0), (1..=2).map(known).chain((3..=5).map(unknown)).chain([import(6, 3, 7, Some(100))]));
        assert_eq!((few.share, few.usual, few.earlier, few.is_of_contacts), (0.3, Some(0.1), 5, false));
    }

    #[test]
    fn all_faults_are_those_that_failed() {
        let mut newest = import(4, 10, 10, Some(100));
        newest.reasons.push((FailureReason::ConsentRecordsNotApplied, 50));
        newest.total = Some(70);
        let usual = || (1..=3).map(|day| import(day, 10, 0, Some(100)));
        let all = TrendGate::new(ReasonFilter::new(), 10.0).unwrap();
        let verdict_of_all = verdict(all, usual().chain([newest.clone()]));
        assert_eq!((verdict_of_all.share, verdict_of_all.usual, verdict_of_all.is_tripped), (0.2, Some(0.1), true));
        let partial = ReasonFilter::new().reason(FailureReason::ConsentRecordsNotApplied);
        assert_eq!(verdict(TrendGate::new(partial, 10.0).unwrap(), usual().chain([newest])).share, 0.5);
    }

    #[test]
    fn the_newest_by_date_then_time_then_id() {
        let newest = |imports: [ArchivedImport; 3]| verdict(gate(1.0), imports).import.uuid().as_u128();
        assert_eq!(newest([at(2, 1, 1), at(1, 9, 9), at(1, 9, 8)]), 1);
        assert_eq!(newest([at(2, 1, 9), at(2, 2, 1), at(2, 0, 10)]), 1);
        assert_eq!(newest([at(2, 1, 3), at(2, 1, 7), at(2, 1, 5)]), 7);
    }

    #[test]
    fn accounts_and_series_apart() {
        let mut imports: Vec<_> = (1..=8).map(|day| import(day, 0, 0, None)).collect();
        imports[0].account = "asia".parse().unwrap();
        imports[1].protocol = Protocol::V3;
        imports[2].id = ReportId::Enrolment(Uuid::nil());
        let mut judge = TrendJudge::new([gate(1.0), gate(2.0)]);
        imports.iter().for_each(|import| judge.add(import));
        let verdicts = judge.verdicts();
        let said: Vec<_> =
            verdicts.iter().map(|it| (it.account.as_str(), it.series.as_str(), it.gate, it.earlier)).collect();
        assert_eq!(
            said,
            [
                ("asia", "v2", 0, 0),
                ("asia", "v2", 1, 0),
                ("europe", "v2", 0, 4),
                ("europe", "v2", 1, 4),
                ("europe", "v3", 0, 0),
                ("europe", "v3", 1, 0),
                ("europe", "enrolment", 0, 0),
                ("europe", "enrolment", 1, 0),
            ]
        );
        assert!(TrendJudge::new([]).verdicts().is_empty());
    }

    #[test]
    fn points_that_are_none() {
        for points in [0.0, -1.0, 100.1, f64::NAN, f64::INFINITY] {
            assert!(TrendGate::new(ReasonFilter::new(), points).is_err(), "{points}");
        }
    }

    proptest! {
        /// As if all imports had been kept, in order.
        #[test]
        fn in_any_order(counts in proptest::collection::vec(0_u64..=100, 1..28), seed in any::<u64>()) {
            let mut imports: Vec<_> =
                (1..).zip(&counts).map(|(day, count)| import(day, *count, 0, Some(100))).collect();
            let shift = seed as usize % imports.len();
            imports.rotate_left(shift);
            if seed % 2 == 0 {
                imports.reverse();
            }
            let found = verdict(gate(1.0), imports);
            let (newest, earlier) = counts.split_last().unwrap();
            let mut earlier: Vec<_> = earlier.iter().rev().take(10).collect();
            earlier.sort();
            prop_assert_eq!(found.share, *newest as f64 / 100.0);
            prop_assert_eq!(found.earlier, earlier.len());
            let usual = (earlier.len() >= 3).then(|| {
                (*earlier[(earlier.len() - 1) / 2] + *earlier[earlier.len() / 2]) as f64 / 200.0
            });
            prop_assert_eq!(found.usual.is_some(), usual.is_some());
            if let (Some(found), Some(usual)) = (found.usual, usual) {
                prop_assert!((found - usual).abs() < 1e-12);
            }
        }
    }
}
