//! What archived imports tell over time.

pub(crate) mod counter;
mod document;
pub(crate) mod judge;
pub(crate) mod key;
pub(crate) mod options;

use chrono::NaiveDate;

use crate::tally::archived_import::{ArchivedImport, Series};
use crate::tally::trends::counter::TrendsCounter;
use crate::tally::trends::key::TrendKey;
use crate::tally::trends::options::{TrendBy, TrendsOptions};

/// What archived imports tell over time: how many there were, how many contacts failed, and which part of all that is,
/// by day, week, month, account or reason.
///
/// ```
/// use chrono::{DateTime, NaiveDate};
/// use dotdigital_faults::{
///     ArchivedImport, ArchivedStatus, FailureReason, Protocol, ReportId, TrendBy, Trends, TrendsOptions,
/// };
/// use uuid::Uuid;
///
/// let today = NaiveDate::from_ymd_opt(2026, 3, 20).unwrap();
/// let mut import = ArchivedImport::new(
///     "europe".parse()?,
///     ReportId::Import(Uuid::from_u128(1)),
///     Protocol::Rest,
///     NaiveDate::from_ymd_opt(2026, 3, 18).unwrap(), // a Wednesday
///     DateTime::UNIX_EPOCH,
///     ArchivedStatus::Archived,
/// );
/// import.reasons = vec![(FailureReason::HardBounced, 3)];
/// import.total = Some(3);
/// import.service = Some([("newContacts".to_owned(), 90), ("updatedContacts".to_owned(), 7)].into());
///
/// let trends = Trends::new(&TrendsOptions::new().by(TrendBy::Week), today, [import]);
/// let week = &trends.rows()[0];
/// assert_eq!(week.key.to_string(), "2026-03-16"); // its Monday
/// assert_eq!((week.imports, week.faults, week.contacts, week.rate), (1, 3, Some(100), Some(0.03)));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// With serde it is the document that `faults trends --format json` prints, which is read back, too:
///
/// ```json
/// {
///   "schema": 1, "since": "2025-12-15", "by": "week",
///   "rows": [
///     {"series": "v2", "period": "2026-03-16", "imports": 1, "expired": 0, "ended_without_report": 0,
///      "faults": 3, "contacts": 100, "rate": 0.03}
///   ]
/// }
/// ```
///
/// In place of `period` stands `account`, or `reason` (its slug) and `remedy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trends {
    since: NaiveDate,
    by: TrendBy,
    rows: Vec<TrendRow>,
}

/// One period, account or reason of one series of imports.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrendRow {
    /// Which imports it is about. Rows of several series are never to be summed up.
    pub series: Series,
    /// Which period, account or reason it is about.
    pub key: TrendKey,
    /// How many imports there were: those that were archived, those that had expired, and those that ended without a report.
    /// A reason's row has those of the whole series. What the service never knew is none.
    pub imports: u64,
    /// How many of them had no report any more.
    pub expired: u64,
    /// How many of them never had one.
    pub ended_without_report: u64,
    /// How many faults there are, [partial](crate::FailureReason::is_partial) ones included; of the reasons that were
    /// asked for.
    pub faults: u64,
    /// How many contacts they had, as far as that is known ([`ArchivedImport::contacts`]); `None` where it isn't known of any.
    /// A reason's row has those of the whole series.
    pub contacts: Option<u64>,
    /// Which part of the contacts failed, from 0 to 1, of the imports whose contacts are known and above 0; partial faults
    /// are left out. `None` where there is no such import.
    pub rate: Option<f64>,
}

impl Trends {
    /// What imports tell, which may come in any order and are not kept. Those before [`TrendsOptions::first_day`] are passed
    /// over; so are other accounts than those that are wanted.
    pub fn new(options: &TrendsOptions, today: NaiveDate, imports: impl IntoIterator<Item = ArchivedImport>) -> Self {
        let mut counter = TrendsCounter::new(options, today);
        imports.into_iter().for_each(|import| counter.add(&import));
        counter.finish()
    }

    /// The first day that was looked at: the one that was asked for, moved back to the start of its period.
    pub fn since(&self) -> NaiveDate {
        self.since
    }

    /// What the rows are about.
    pub fn by(&self) -> TrendBy {
        self.by
    }

    /// The rows, series by series. Periods come in their order, accounts by name, and reasons by how many faults there are,
    /// the most frequent first. A period without imports has no row, and neither has a reason that doesn't occur.
    pub fn rows(&self) -> &[TrendRow] {
        &self.rows
    }

    /// The rows of each series that has any.
    pub fn by_series(&self) -> impl Iterator<Item = (Series, &[TrendRow])> {
        let same = self.rows.chunk_by(|one, other| one.series == other.series);
        same.filter_map(|rows| Some((rows.first()?.series, rows)))
    }

    /// The sum of some rows of one series: a row without a key.
    #[cfg(any(test, feature = "html", feature = "table"))]
    pub(crate) fn total(&self, rows: &[TrendRow]) -> TrendTotal {
        // What a reason's row tells of imports is that of all of them already.
        let of_imports = if self.by == TrendBy::Reason { rows.get(..1).unwrap_or_default() } else { rows };
        let sum = |of: &[TrendRow], figure: fn(&TrendRow) -> u64| {
            of.iter().map(figure).fold(0, |sum: u64, figure| sum.saturating_add(figure))
        };
        let contacts = of_imports.iter().filter_map(|row| row.contacts).reduce(u64::saturating_add);
        let failed = rows.iter().filter_map(TrendRow::failed).reduce(u64::saturating_add);
        TrendTotal {
            imports: sum(of_imports, |row| row.imports),
            without_report: sum(of_imports, TrendRow::without_report),
            faults: sum(rows, |row| row.faults),
            contacts,
            rate: failed.zip(contacts).and_then(|(failed, contacts)| rate(failed, contacts)),
        }
    }
}

/// The sum of several rows.
#[cfg(any(test, feature = "html", feature = "table"))]
pub(crate) struct TrendTotal {
    pub(crate) imports: u64,
    pub(crate) without_report: u64,
    pub(crate) faults: u64,
    pub(crate) contacts: Option<u64>,
    pub(crate) rate: Option<f64>,
}

#[cfg(any(test, feature = "html", feature = "table"))]
impl TrendRow {
    /// How many imports had no report.
    pub(crate) fn without_report(&self) -> u64 {
        self.expired.saturating_add(self.ended_without_report)
    }

    /// How many of the contacts failed, which the rate was made of.
    fn failed(&self) -> Option<u64> {
        Some((self.rate? * self.contacts? as f64).round() as u64)
    }
}

/// A part of contacts; `None` of none.
fn rate(failed: u64, contacts: u64) -> Option<f64> {
    // More can't have failed than there were, whatever a damaged file says.
    (contacts > 0).then(|| (failed as f64 / contacts as f64).min(1.0))
}
