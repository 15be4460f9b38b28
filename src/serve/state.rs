//! What has been read of an archive, at one time: it never changes, and whoever answers a request keeps its own hold of it.
//!
//! A hundred thousand imports are held, so each is small: names that come again and again are kept once and shared.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::query::Query;
use crate::account_name::AccountName;
use crate::archive::Claim;
use crate::protocol::Protocol;
use crate::reason::FailureReason;
use crate::report_id::ReportId;
use crate::tally::archived_import::{ArchivedImport, ArchivedStatus, Series};
use crate::tally::trends::Trends;
use crate::tally::trends::options::TrendBy;

/// What is known of an archive.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    imports: Arc<Imports>,
    /// The claims of imports whose end isn't known yet, the oldest first.
    claims: Arc<[Claim]>,
    read_at: Option<DateTime<Utc>>,
    read_errors: u64,
    last_failed: bool,
}

/// All imports that have been read.
#[derive(Clone, Debug, Default)]
struct Imports {
    /// The newest first: by their day, by when they were archived, by their id.
    list: Vec<Arc<Import>>,
    by_id: HashMap<Uuid, Arc<Import>>,
    reasons: BTreeMap<Group, BTreeSet<FailureReason>>,
}

/// Names that imports have in common, each kept once.
#[derive(Debug, Default)]
pub(super) struct Names {
    accounts: HashSet<Arc<AccountName>>,
    figures: HashSet<Arc<[Box<str>]>>,
}

/// Imports whose figures can be told of as one thing: those of an account, by kind and series.
pub(super) type Group = (AccountName, Series);

/// An import, as small as can be. It holds no contact data, and nothing of its report's bytes.
#[derive(Debug)]
pub(super) struct Import {
    id: ReportId,
    account: Arc<AccountName>,
    archived_at: DateTime<Utc>,
    date: NaiveDate,
    protocol: Protocol,
    status: ArchivedStatus,
    total: Option<u64>,
    report_bytes: Option<u64>,
    reasons: Box<[(FailureReason, u64)]>,
    anomalies: Figures,
    service: Option<Figures>,
}

/// Figures under their names, which most imports have in common.
#[derive(Debug)]
struct Figures {
    names: Arc<[Box<str>]>,
    values: Box<[u64]>,
}

impl State {
    /// All imports, the newest first.
    pub(super) fn imports(&self) -> impl DoubleEndedIterator<Item = &Import> + ExactSizeIterator {
        self.imports.list.iter().map(|import| &**import)
    }

    /// All imports that are filed under a day or a later one, the newest first.
    pub(super) fn imports_since(
        &self,
        first: NaiveDate,
    ) -> impl DoubleEndedIterator<Item = &Import> + ExactSizeIterator {
        let end = self.imports.list.partition_point(|import| import.date >= first);
        self.imports.list.iter().take(end).map(|import| &**import)
    }

    /// The import, or the enrolment, of an id.
    pub(super) fn import(&self, id: Uuid) -> Option<&Import> {
        self.imports.by_id.get(&id).map(|import| &**import)
    }

    /// Is the import that is filed so known?
    pub(super) fn has(&self, date: NaiveDate, id: Uuid) -> bool {
        self.import(id).is_some_and(|import| import.date == date || self.imports.is_filed(date, id))
    }

    /// The newest import of each account and series whose report is kept.
    pub(super) fn newest_archived(&self) -> BTreeMap<Group, &Import> {
        let mut newest = BTreeMap::new();
        for import in self.imports().filter(|import| import.status == ArchivedStatus::Archived) {
            newest.entry(import.group()).or_insert(import);
        }
        newest
    }

    /// What the imports of the wanted accounts tell over time, with a row for each of something.
    pub(super) fn trends(&self, query: &Query, by: TrendBy) -> Trends {
        let options = query.trends(by);
        let wanted = self.imports_since(options.first_day(query.today));
        let wanted = wanted.filter(|import| query.wants_account(import.account()));
        Trends::new(&options, query.today, wanted.map(Import::to_archived))
    }

    /// The reasons that an account and series ever had; those that aren't known are one without a label.
    pub(super) fn reasons(&self, group: &Group) -> impl Iterator<Item = &FailureReason> {
        self.imports.reasons.get(group).into_iter().flatten()
    }

    /// The claims of imports whose end isn't known yet, the oldest first.
    pub(super) fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Those of them whose reports are about to expire, as `faults archive status` has it.
    pub(super) fn claims_about_to_expire(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.is_about_to_expire(now))
    }

    /// Those of them that no collect takes up any more.
    pub(super) fn claims_lost(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.is_lost(now))
    }

    /// When the archive was last read without an error of the whole; `None` where it never was.
    pub(super) fn read_at(&self) -> Option<DateTime<Utc>> {
        self.read_at
    }

    /// How many readings have failed so far, of the whole archive and of single files.
    pub(super) fn read_errors(&self) -> u64 {
        self.read_errors
    }

    /// Did the last reading of the whole fail, so that all this is older than it should be?
    pub(super) fn last_failed(&self) -> bool {
        self.last_failed
    }

    /// The same, with further imports.
    pub(super) fn with_imports(mut self, further: Vec<Import>) -> Self {
        if !further.is_empty() {
            Arc::make_mut(&mut self.imports).add(further);
        }
        self
    }

    /// The same, with other claims, of which those are left out whose imports are known by now.
    pub(super) fn with_claims(mut self, claims: impl IntoIterator<Item = Claim>) -> Self {
        let mut open: Vec<_> =
            claims.into_iter().filter(|claim| !self.imports.by_id.contains_key(&claim.id.uuid())).collect();
        open.sort_by_key(|claim| (claim.claimed_at, claim.id));
        self.claims = open.into();
        self
    }

    /// The same, after all of it was read, though so many single files can't be.
    pub(super) fn read(self, at: DateTime<Utc>, errors: u64) -> Self {
        State { read_at: Some(at), last_failed: false, ..self.failed(errors) }
    }

    /// The same, after a reading that has failed so many times.
    pub(super) fn failed(mut self, errors: u64) -> Self {
        self.read_errors = self.read_errors.saturating_add(errors);
        self.last_failed = true;
        self
    }
}

impl Imports {
    /// Is an import filed under this day, too, beside the one that its id leads to?
    fn is_filed(&self, date: NaiveDate, id: Uuid) -> bool {
        let start = self.list.partition_point(|import| import.date > date);
        let of_day = self.list.iter().skip(start).take_while(|import| import.date == date);
        of_day.into_iter().any(|import| import.id.uuid() == id)
    }

    fn add(&mut self, further: Vec<Import>) {
        for import in further {
            let import = Arc::new(import);
            let reasons = self.reasons.entry(import.group()).or_default();
            for (reason, _) in &import.reasons {
                match reason {
                    FailureReason::Other(_) => reasons.insert(FailureReason::from("")),
                    known => !reasons.contains(known) && reasons.insert(known.clone()),
                };
            }
            // Of one that is filed under several days, which only other programs do, the newest one is found by its id.
            let found = self.by_id.entry(import.id.uuid()).or_insert_with(|| Arc::clone(&import));
            if found.place() < import.place() {
                *found = Arc::clone(&import);
            }
            self.list.push(import);
        }
        self.list.sort_unstable_by_key(|import| Reverse(import.place()));
    }
}

impl Names {
    /// The import, as small as can be.
    pub(super) fn import(&mut self, import: ArchivedImport) -> Import {
        let ArchivedImport { account, id, protocol, date, archived_at, status, total, report_bytes, .. } = import;
        Import {
            account: shared(&mut self.accounts, Arc::new(account)),
            anomalies: self.figures(import.anomalies),
            service: import.service.map(|figures| self.figures(figures)),
            reasons: import.reasons.into(),
            id,
            protocol,
            date,
            archived_at,
            status,
            total,
            report_bytes,
        }
    }

    fn figures(&mut self, figures: BTreeMap<String, u64>) -> Figures {
        let (names, values): (Vec<_>, Vec<_>) = figures.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        Figures { names: shared(&mut self.figures, names.into()), values: values.into() }
    }
}

/// The one that is kept already, or this one.
fn shared<T: ?Sized + Eq + Hash>(kept: &mut HashSet<Arc<T>>, one: Arc<T>) -> Arc<T> {
    match kept.get(&*one) {
        Some(kept) => Arc::clone(kept),
        None => {
            kept.insert(Arc::clone(&one));
            one
        }
    }
}

impl Import {
    pub(super) fn id(&self) -> ReportId {
        self.id
    }

    pub(super) fn account(&self) -> &AccountName {
        &self.account
    }

    pub(super) fn date(&self) -> NaiveDate {
        self.date
    }

    pub(super) fn archived_at(&self) -> DateTime<Utc> {
        self.archived_at
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(super) fn status(&self) -> ArchivedStatus {
        self.status
    }

    /// How many faults there are; `None` where no report was had.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The reasons that occur, the most frequent first.
    pub(super) fn reasons(&self) -> &[(FailureReason, u64)] {
        &self.reasons
    }

    /// What was unusual in the report.
    pub(super) fn anomalies(&self) -> impl Iterator<Item = (&str, u64)> {
        self.anomalies.iter()
    }

    /// The service's own figures, under its own names; `None` where they couldn't be had.
    pub(super) fn service(&self) -> Option<impl Iterator<Item = (&str, u64)>> {
        self.service.as_ref().map(Figures::iter)
    }

    pub(super) fn series(&self) -> Series {
        Series::of(self.id, self.protocol)
    }

    /// Where it stands in time.
    fn place(&self) -> (NaiveDate, DateTime<Utc>, ReportId) {
        (self.date, self.archived_at, self.id)
    }

    pub(super) fn group(&self) -> Group {
        (self.account().clone(), self.series())
    }

    /// As the archive has it, but for the hash of the report.
    pub(super) fn to_archived(&self) -> ArchivedImport {
        let Import { id, protocol, date, archived_at, status, .. } = *self;
        let mut import = ArchivedImport::new(self.account().clone(), id, protocol, date, archived_at, status);
        import.total = self.total;
        import.report_bytes = self.report_bytes;
        import.reasons = self.reasons.to_vec();
        import.anomalies = self.anomalies.to_map();
        import.service = self.service.as_ref().map(Figures::to_map);
        import
    }
}

impl Figures {
    fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(|name| &**name).zip(self.values.iter().copied())
    }

    fn to_map(&self) -> BTreeMap<String, u64> {
        self.iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
