//! Archived imports counted into trends, as they come.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::key::TrendKey;
use super::options::{TrendBy, TrendsOptions};
use super::{TrendRow, Trends, rate};
use crate::tally::archived_import::{ArchivedImport, ArchivedStatus, Series};

/// Counts archived imports into [`Trends`], one at a time and in any order. Its memory is that of the rows, however many
/// imports there are.
///
/// ```
/// use chrono::NaiveDate;
/// use dotdigital_faults::{TrendsCounter, TrendsOptions};
///
/// let counter = TrendsCounter::new(&TrendsOptions::new(), NaiveDate::from_ymd_opt(2026, 3, 20).unwrap());
/// assert!(counter.finish().rows().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct TrendsCounter {
    options: TrendsOptions,
    since: NaiveDate,
    /// By period or account; by reason only what is said of faults.
    rows: BTreeMap<(Series, TrendKey), Sums>,
    /// Of whole series, which the rows of reasons share.
    series: BTreeMap<Series, Sums>,
}

/// What is added up.
#[derive(Clone, Debug, Default)]
struct Sums {
    imports: u64,
    expired: u64,
    ended_without_report: u64,
    faults: u64,
    contacts: Option<u64>,
    /// Of the imports whose contacts are known and above 0: the faults that are no partial ones.
    failed: u64,
}

impl TrendsCounter {
    /// Counts nothing yet.
    pub fn new(options: &TrendsOptions, today: NaiveDate) -> Self {
        TrendsCounter {
            options: options.clone(),
            since: options.first_day(today),
            rows: BTreeMap::new(),
            series: BTreeMap::new(),
        }
    }

    /// Adds an import, if it is wanted. What the service never knew is no import.
    pub fn add(&mut self, import: &ArchivedImport) {
        let is_import = import.status != ArchivedStatus::NotFound;
        if !is_import || import.date < self.since || !self.options.wants(import) {
            return;
        }
        let series = import.series();
        let key = match self.options.what() {
            TrendBy::Reason => {
                self.series.entry(series).or_default().add_import(import);
                return self.add_reasons(import, series);
            }
            TrendBy::Account => TrendKey::Account(import.account.clone()),
            by => by.period(import.date).unwrap_or(TrendKey::Day(import.date)),
        };
        let sums = self.rows.entry((series, key)).or_default();
        sums.add_import(import);
        for (reason, count) in import.reasons.iter().filter(|(reason, _)| self.options.wants_reason(reason)) {
            sums.add_faults(*count, !reason.is_partial() && import.contacts().is_some_and(|contacts| contacts > 0));
        }
    }

    fn add_reasons(&mut self, import: &ArchivedImport, series: Series) {
        let has_contacts = import.contacts().is_some_and(|contacts| contacts > 0);
        for (reason, count) in &import.reasons {
            if *count > 0 && self.options.wants_reason(reason) {
                let sums = self.rows.entry((series, TrendKey::reason(reason))).or_default();
                sums.add_faults(*count, !reason.is_partial() && has_contacts);
            }
        }
    }

    /// The rows.
    pub fn finish(self) -> Trends {
        let by = self.options.what();
        let rows = self.rows.into_iter().map(|((series, key), sums)| {
            let of_imports = self.series.get(&series).unwrap_or(&sums);
            TrendRow {
                series,
                key,
                imports: of_imports.imports,
                expired: of_imports.expired,
                ended_without_report: of_imports.ended_without_report,
                faults: sums.faults,
                contacts: of_imports.contacts,
                rate: of_imports.contacts.and_then(|contacts| rate(sums.failed, contacts)),
            }
        });
        let mut rows: Vec<_> = rows.collect();
        if by == TrendBy::Reason {
            // Among equals the documented order stays.
            rows.sort_by_key(|row| (row.series, std::cmp::Reverse(row.faults)));
        }
        Trends { since: self.since, by, rows }
    }
}

impl Sums {
    /// All but its faults.
    fn add_import(&mut self, import: &ArchivedImport) {
        self.imports += 1;
        self.expired += u64::from(import.status == ArchivedStatus::Expired);
        self.ended_without_report += u64::from(import.status == ArchivedStatus::EndedWithoutReport);
        if let Some(contacts) = import.contacts() {
            self.contacts = Some(self.contacts.unwrap_or(0).saturating_add(contacts));
        }
    }

    fn add_faults(&mut self, count: u64, are_of_contacts: bool) {
        self.faults = self.faults.saturating_add(count);
        if are_of_contacts {
            self.failed = self.failed.saturating_add(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::protocol::Protocol;
    use crate::reason::FailureReason;
    use crate::reason::filter::ReasonFilter;
    use crate::report_id::ReportId;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn import(account: &str, date: &str) -> ArchivedImport {
        let (account, id) = (account.parse().unwrap(), ReportId::Import(Uuid::nil()));
        ArchivedImport::new(account, id, Protocol::Soap, day(date), DateTime::UNIX_EPOCH, ArchivedStatus::Archived)
    }

    fn with(mut import: ArchivedImport, reasons: &[(&str, u64)], imported: Option<u64>) -> ArchivedImport {
        import.reasons = reasons.iter().map(|(reason, count)| (FailureReason::from(*reason), *count)).collect();
        import.total = Some(reasons.iter().map(|(_, count)| count).sum());
        let figures = |new| [("newContacts".to_owned(), new), ("updatedContacts".to_owned(), 1)].into();
        import.service = imported.map(|imported| figures(imported - 1));
        import
    }

    fn rows(options: &TrendsOptions, imports: &[ArchivedImport]) -> Vec<String> {
        let trends = Trends::new(options, day("2026-03-20"), imports.iter().cloned());
        let rows = trends.rows().iter().map(|row| {
            let contacts = row.contacts.map_or("-".to_owned(), |contacts| contacts.to_string());
            let rate = row.rate.map_or("-".to_owned(), |rate| rate.to_string());
            let (imports, expired, ended) = (row.imports, row.expired, row.ended_without_report);
            format!("{} {} {imports} {expired} {ended} {} {contacts} {rate}", row.series, row.key, row.faults)
        });
        rows.collect()
    }

    #[test]
    fn periods_accounts_and_reasons() {
        let mut expired = import("europe", "2026-03-18");
        expired.status = ArchivedStatus::Expired;
        let mut ended = import("asia", "2026-03-02");
        ended.status = ArchivedStatus::EndedWithoutReport;
        let mut unknown = import("asia", "2026-03-03");
        unknown.status = ArchivedStatus::NotFound;
        let imports = [
            with(import("europe", "2026-03-18"), &[("Hard bounced", 3), ("Moon", 2)], Some(95)),
            with(import("europe", "2026-03-16"), &[("Moon", 1), ("Sun", 4)], None),
            with(import("asia", "2026-03-02"), &[], Some(100)),
            with(import("asia", "2026-02-28"), &[("Blocker", 10)], Some(90)),
            with(import("asia", "2025-12-19"), &[("Blocker", 1000)], Some(1000)),
            expired,
            ended,
            unknown,
        ];
        let options = TrendsOptions::new;
        assert_eq!(
            rows(&options(), &imports),
            [
                "v2 2026-02-28 1 0 0 10 100 0.1",
                "v2 2026-03-02 2 0 1 0 100 0",
                "v2 2026-03-16 1 0 0 5 - -",
                "v2 2026-03-18 2 1 0 5 100 0.05",
            ]
        );
        assert_eq!(
            rows(&options().by(TrendBy::Week), &imports),
            [
                // Moved back to its Monday, the 15th of December.
                "v2 2025-12-15 1 0 0 1000 2000 0.5",
                "v2 2026-02-23 1 0 0 10 100 0.1",
                "v2 2026-03-02 2 0 1 0 100 0",
                "v2 2026-03-16 3 1 0 10 100 0.05",
            ]
        );
        assert_eq!(
            rows(&options().by(TrendBy::Month).since_days(20), &imports),
            ["v2 2026-02 1 0 0 10 100 0.1", "v2 2026-03 5 1 1 10 200 0.025"]
        );
        assert_eq!(
            rows(&options().by(TrendBy::Account), &imports),
            ["v2 asia 3 0 1 10 200 0.05", "v2 europe 3 1 0 10 100 0.05"]
        );
        // A rate is that of all contacts whose number is known.
        assert_eq!(
            rows(&options().by(TrendBy::Reason), &imports),
            [
                "v2 blocker 6 1 1 10 300 0.03333333333333333",
                "v2 other 6 1 1 7 300 0.006666666666666667",
                "v2 hard_bounced 6 1 1 3 300 0.01",
            ]
        );
        let europe = options().by(TrendBy::Reason).account("europe".parse().unwrap());
        let europe = europe.reasons(ReasonFilter::new().unknown_reasons());
        assert_eq!(rows(&europe, &imports), ["v2 other 3 1 0 7 100 0.02"]);
        let bounces = options().by(TrendBy::Month).reasons(ReasonFilter::new().reason(FailureReason::HardBounced));
        assert_eq!(
            rows(&bounces, &imports),
            ["v2 2025-12 1 0 0 0 2000 0", "v2 2026-02 1 0 0 0 100 0", "v2 2026-03 5 1 1 3 200 0.015"]
        );
    }

    #[test]
    fn series_stay_apart_and_partial_faults_are_no_failures() {
        let mut newer =
            with(import("europe", "2026-03-18"), &[("consentRecordsNotApplied", 8), ("Blocker", 2)], Some(98));
        newer.protocol = Protocol::V3;
        let mut enrolment = with(import("europe", "2026-03-18"), &[("AlreadyInProgram", 5)], None);
        enrolment.id = ReportId::Enrolment(Uuid::nil());
        let older = with(import("europe", "2026-03-18"), &[("Blocker", 1)], Some(9));
        let imports = [enrolment, newer, older];
        assert_eq!(
            rows(&TrendsOptions::new(), &imports),
            ["v2 2026-03-18 1 0 0 1 10 0.1", "v3 2026-03-18 1 0 0 10 100 0.02", "enrolment 2026-03-18 1 0 0 5 - -",]
        );
        assert_eq!(
            rows(&TrendsOptions::new().by(TrendBy::Reason), &imports),
            [
                "v2 blocker 1 0 0 1 10 0.1",
                "v3 consent_records_not_applied 1 0 0 8 100 0",
                "v3 blocker 1 0 0 2 100 0.02",
                "enrolment already_in_program 1 0 0 5 - -",
            ]
        );
    }

    #[test]
    fn an_import_of_nobody_has_no_rate() {
        let nobody = with(import("europe", "2026-03-18"), &[], Some(1));
        let mut nobody = nobody;
        nobody.service = Some([("newContacts".to_owned(), 0), ("updatedContacts".to_owned(), 0)].into());
        assert_eq!(rows(&TrendsOptions::new(), &[nobody]), ["v2 2026-03-18 1 0 0 0 0 -"]);
        // As large as numbers can be; more of it stays there.
        let mut vast = with(import("europe", "2026-03-18"), &[("Blocker", u64::MAX - 1)], None);
        vast.service = Some([("newContacts".to_owned(), u64::MAX), ("updatedContacts".to_owned(), u64::MAX)].into());
        let most = u64::MAX;
        assert_eq!(
            rows(&TrendsOptions::new(), &[vast.clone(), vast]),
            [format!("v2 2026-03-18 2 0 0 {most} {most} 1")]
        );
    }

    proptest! {
        /// What is written is read back, and what is drawn of it is the sum of the imports.
        #[test]
        fn documents_and_totals(
            counts in proptest::collection::vec((0_u64..5, 0_u64..1000, proptest::option::of(1_u64..100_000)), 0..40),
            by in 0_usize..5,
        ) {
            let accounts = ["a", "b", "c", "d", "e"];
            let imports: Vec<_> = counts.iter().enumerate().map(|(index, (account, count, imported))| {
                let date = format!("2026-{:02}-{:02}", 1 + index % 3, 1 + index % 28);
                let import = import(accounts[*account as usize], &date);
                with(import, &[("Blocker", *count), ("Duplicate", count / 2)], *imported)
            }).collect();
            let options = TrendsOptions::new().since_days(100).by(TrendBy::ALL[by]);
            let trends = Trends::new(&options, day("2026-03-20"), imports.clone());
            let text = serde_json::to_string(&trends).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Trends>(&text).unwrap(), &trends);

            let total = trends.total(trends.rows());
            prop_assert_eq!(total.faults, imports.iter().filter_map(|import| import.total).sum::<u64>());
            let faulty = trends.by() != TrendBy::Reason || total.faults > 0;
            let known = || imports.iter().filter_map(|import| Some((import.failed()?, import.contacts()?)));
            let contacts: u64 = known().map(|(_, contacts)| contacts).sum();
            if faulty && contacts > 0 {
                prop_assert_eq!((total.imports, total.without_report), (imports.len() as u64, 0));
                prop_assert_eq!(total.contacts, Some(contacts));
                let failed: u64 = known().map(|(failed, _)| failed).sum();
                prop_assert_eq!(total.rate, Some(failed as f64 / contacts as f64));
            }
        }
    }
}
