//! Whether the newest import of each account fails more than is usual, and why.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use crate::account_name::AccountName;
use crate::reason::FailureReason;
use crate::reason::filter::ReasonFilter;
use crate::serve::query::Query;
use crate::serve::state::{Group, Import, State};
use crate::tally::archived_import::{ArchivedStatus, Series};
use crate::tally::trends::judge::{MOST_LOOKED_AT, TrendGate, TrendJudge, TrendVerdict};

/// By how many percentage points more than usual of an import's contacts fail where it fails more than usual. The alert
/// rules in `dashboards/` say so, too.
pub(super) const POINTS: f64 = 5.0;

/// By how many percentage points a reason has risen that is worth naming.
const POINTS_OF_A_REASON: f64 = 0.1;

/// The newest archived import of an account and series, judged by those before it.
pub(super) struct Judged<'s> {
    pub(super) import: &'s Import,
    /// What is said of all its faults, or of those of the reasons that are wanted.
    pub(super) verdict: TrendVerdict,
    pub(super) standing: Standing,
    /// The reasons that have risen, the steepest first.
    pub(super) risen: Vec<Risen>,
}

/// How an import stands to what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// More of it failed.
    Worse,
    /// As much of it failed as usually, or less.
    Usual,
    /// Too few imports came before it.
    TooFew,
    /// Nobody knows of how many contacts.
    NoContacts,
}

/// A reason of which there is more than usual.
pub(super) struct Risen {
    pub(super) reason: FailureReason,
    pub(super) share: f64,
    pub(super) usual: f64,
}

impl Judged<'_> {
    /// Which part failed, from 0 to 1, where that says something.
    pub(super) fn share(&self) -> Option<f64> {
        (self.standing != Standing::NoContacts).then_some(self.verdict.share)
    }

    /// How far that is above what is usual.
    fn rise(&self) -> f64 {
        self.verdict.usual.map_or(0.0, |usual| self.verdict.share - usual)
    }

    /// The worst first: those that fail more than usual by how much more, the others by how much fails.
    fn compare(&self, other: &Judged<'_>) -> Ordering {
        let standing = self.standing.cmp(&other.standing);
        let by_rise = match self.standing {
            Standing::Worse => other.rise().total_cmp(&self.rise()),
            _ => Ordering::Equal,
        };
        let by_share = other.verdict.share.total_cmp(&self.verdict.share);
        let by_name = (&self.verdict.account, self.verdict.series).cmp(&(&other.verdict.account, other.verdict.series));
        standing.then(by_rise).then(by_share).then(by_name)
    }
}

/// Judges the newest import of each wanted account and series, the worst first.
pub(super) fn judge<'s>(state: &'s State, query: &Query) -> Vec<Judged<'s>> {
    let reasons = named(query);
    let overall = TrendGate::new(query.filter(), POINTS).ok();
    let each = reasons.iter().filter_map(|reason| TrendGate::new(only(reason), POINTS_OF_A_REASON).ok());
    let mut judge = TrendJudge::new(overall.into_iter().chain(each));
    newest(state, query).for_each(|import| judge.add(&import.to_archived()));
    let mut verdicts: BTreeMap<Group, Vec<TrendVerdict>> = BTreeMap::new();
    for verdict in judge.verdicts() {
        verdicts.entry((verdict.account.clone(), verdict.series)).or_default().push(verdict);
    }
    let judged = verdicts.into_values().filter_map(|verdicts| judged(state, query, &reasons, verdicts));
    let mut judged: Vec<_> = judged.collect();
    judged.sort_by(Judged::compare);
    judged
}

/// The imports that say something: of each account and series no more than are looked at.
fn newest<'s>(state: &'s State, query: &Query) -> impl Iterator<Item = &'s Import> {
    let mut seen: HashMap<(&AccountName, Series), usize> = HashMap::new();
    state.imports().filter(move |import| {
        if import.status() != ArchivedStatus::Archived || !query.wants_account(import.account()) {
            return false;
        }
        let seen = seen.entry((import.account(), import.series())).or_default();
        *seen += 1;
        *seen <= MOST_LOOKED_AT
    })
}

fn judged<'s>(
    state: &'s State,
    query: &Query,
    reasons: &[FailureReason],
    verdicts: Vec<TrendVerdict>,
) -> Option<Judged<'s>> {
    let mut verdicts = verdicts.into_iter();
    let verdict = verdicts.next()?;
    let import = state.import(verdict.import.uuid())?;
    // Of all faults, all are faults: that tells nothing.
    let is_empty = !verdict.is_of_contacts && query.reasons.is_empty();
    let standing = match verdict.usual {
        _ if is_empty => Standing::NoContacts,
        None => Standing::TooFew,
        Some(_) if verdict.is_tripped => Standing::Worse,
        Some(_) => Standing::Usual,
    };
    let risen = verdicts.filter(|of_reason| of_reason.is_tripped).filter_map(|of_reason| {
        let reason = reasons.get(of_reason.gate.checked_sub(1)?)?.clone();
        Some(Risen { reason, share: of_reason.share, usual: of_reason.usual? })
    });
    let mut risen: Vec<_> = risen.collect();
    risen.sort_by(|one, other| (other.share - other.usual).total_cmp(&(one.share - one.usual)));
    Some(Judged { import, verdict, standing, risen })
}

/// The reasons that are looked at one by one: those that are wanted, or all.
fn named(query: &Query) -> Vec<FailureReason> {
    match query.reasons.is_empty() {
        true => FailureReason::iter().chain([FailureReason::from("")]).collect(),
        false => query.reasons.clone(),
    }
}

fn only(reason: &FailureReason) -> ReasonFilter {
    match reason {
        FailureReason::Other(_) => ReasonFilter::new().unknown_reasons(),
        known => ReasonFilter::new().reason(known.clone()),
    }
}
