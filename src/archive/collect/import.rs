//! The write protocol for one import: without a lock, and the same however often it is begun again.
//!
//! ```text
//!   look     is it archived already, or too old, or another account's?         ─► skipped
//!   claim    put with Create: it fixes the day, before the first request about any import
//!   look     again, once it is its turn                                         ─► skipped
//!   ask      how far is it, and its report                                      ─► pending, failed
//!   convert  the report, to a file of faults, and counts
//!   put      the faults, and then the counts, each with Create                  ─► archived, expired, …
//! ```
//!
//! Faults whose counts were never put, and whose report is gone when the next one comes, are counted again: none is lost.
//!
//! The file of the counts is the commit: before it is there, nothing has happened, and whoever comes next begins again.
//! Whoever finds it there says `skipped`, so that `archived` is said once in all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use object_store::ObjectStoreExt;

use super::collected::Outcome;
use super::convert::{Conversion, Converted};
use super::left_faults::LeftFaults;
use super::memory::Memory;
use super::service::{Figures, Service};
use super::spool::Spool;
use crate::account_name::AccountName;
use crate::archive::claim::Claim;
use crate::archive::failure::{damaged, failed};
use crate::archive::parquet_file::Footer;
use crate::archive::stored_faults::StoredFaults;
use crate::archive::{Archive, counts_table, get, put_new};
use crate::arrow::label::kept_reasons;
use crate::arrow::{BatchOptions, Contacts};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;
use crate::report_id::ReportId;
use crate::status::ImportStatus;
use crate::tally::archived_import::{ArchivedImport, ArchivedStatus};

/// How long the service may say that a finished import has no report before it is believed: "not processed yet" is among
/// its own words for it.
const PATIENCE: TimeDelta = TimeDelta::days(1);
/// How long an import may be unknown to the service.
const LONGEST_UNKNOWN: TimeDelta = TimeDelta::days(14);

/// What tells the time.
pub(in crate::archive) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// One import that is to be archived.
#[derive(Clone)]
pub(super) struct Import {
    pub(super) archive: Archive,
    pub(super) contacts: Contacts,
    pub(super) memory: Memory,
    pub(super) clock: Clock,
    pub(super) account: AccountName,
    pub(super) id: ReportId,
    /// The day under which it is to be filed, if it isn't the one on which it is claimed.
    pub(super) date: Option<NaiveDate>,
    /// Is something being put that should be finished?
    pub(super) is_putting: Arc<AtomicBool>,
}

/// How an import stands in the archive.
pub(super) enum Standing {
    /// There is nothing to do.
    Settled(End),
    Claimed(Claim),
    New,
}

/// What has come of an import.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) total: Option<u64>,
    pub(super) error: Option<Error>,
}

/// What the service has of an import.
enum Asked {
    Report(Spool),
    NotYet(Error),
    NoReport(Error),
    EndedWithout(Error),
    Unknown(Error),
}

/// How the putting of faults ends.
enum Put {
    Done,
    /// The same was there, put at this instant.
    Before(DateTime<Utc>),
    /// Others are there, put at this instant, as far as that can be read.
    Another(Option<DateTime<Utc>>),
    /// The counts are there: somebody else has been quicker.
    Settled,
}

impl Import {
    /// Looks up how it stands, which asks the service nothing.
    pub(super) async fn look(&self) -> Result<Standing> {
        let path = self.archive.layout.claim(self.id.uuid());
        let Some(json) = get(&*self.archive.store, &path).await? else { return Ok(Standing::New) };
        let id = self.id.uuid();
        let claim = Claim::from_json(id, &json).ok_or_else(|| self.archive.damaged_claim(id))?;
        if claim.account != self.account || claim.id != self.id {
            let what = format!("it was claimed as {} of the account `{}`", claim.id, claim.account);
            return Ok(Standing::Settled(End::skipped(Some(Error::new(ErrorKind::Exists, what)))));
        }
        if self.has_counts(claim.date).await? {
            return Ok(Standing::Settled(End::skipped(None)));
        }
        if claim.is_lost(self.now()) {
            let what = "it was claimed more than 30 days ago, and never archived";
            return Ok(Standing::Settled(End::skipped(Some(Error::new(ErrorKind::Expired, what)))));
        }
        Ok(Standing::Claimed(claim))
    }

    /// Claims it where nobody has, before the service is asked about any import. Tells what has come of it, if it needs no
    /// further work.
    pub(super) async fn claim_first(&self, protocol: Protocol) -> Option<End> {
        let claimed = async {
            match self.look().await? {
                Standing::New => self.claim(protocol).await,
                standing => Ok(standing),
            }
        };
        match claimed.await {
            Ok(Standing::Settled(end)) => Some(end),
            Ok(Standing::Claimed(_) | Standing::New) => None,
            Err(error) => Some(End::failed(error)),
        }
    }

    /// Claims it if its claim is gone again, and does the rest.
    pub(super) async fn archive<S: Service>(&self, standing: Standing, service: &S) -> Result<End> {
        let claim = match standing {
            Standing::Settled(end) => return Ok(end),
            Standing::Claimed(claim) => claim,
            Standing::New => match self.claim(service.protocol(self.id)).await? {
                Standing::Claimed(claim) => claim,
                Standing::Settled(end) => return Ok(end),
                Standing::New => {
                    let path = self.archive.layout.claim(self.id.uuid());
                    return Err(damaged(&path, "it was there, and is gone"));
                }
            },
        };
        let protocol = service.protocol(self.id);
        let (status, reason) = match ask(service, self.id).await? {
            Asked::Report(report) => return self.keep(&claim, service, report).await,
            Asked::NotYet(why) => return Ok(End::pending(why)),
            Asked::NoReport(why) if self.age(&claim) < PATIENCE => return Ok(End::pending(why)),
            Asked::NoReport(why) => (ArchivedStatus::Expired, why),
            Asked::EndedWithout(why) => (ArchivedStatus::EndedWithoutReport, why),
            Asked::Unknown(why) if self.age(&claim) < LONGEST_UNKNOWN => return Err(why),
            Asked::Unknown(why) => (ArchivedStatus::NotFound, why),
        };
        let mut import = self.described(&claim, protocol, self.now(), status);
        let mut why = Some(reason);
        let faults = self.archive.layout.faults(claim.date, self.id.uuid());
        if let Some(left) = LeftFaults::read(&self.archive, &faults, &self.memory).await? {
            (import.status, import.archived_at, why) = (ArchivedStatus::Archived, left.archived_at, None);
            left.describe(&mut import);
        }
        self.is_putting.store(true, Ordering::Relaxed);
        Ok(match self.put_counts(&import).await? {
            true => End { outcome: import.status.into(), total: import.total, error: why },
            false => End::skipped(None),
        })
    }

    /// Puts the claim. If another worker was quicker, its day holds.
    async fn claim(&self, protocol: Protocol) -> Result<Standing> {
        let claimed_at = self.now();
        let date = self.date.unwrap_or_else(|| claimed_at.date_naive());
        let claim = Claim { id: self.id, date, claimed_at, account: self.account.clone(), protocol };
        let path = self.archive.layout.claim(self.id.uuid());
        match put_new(&*self.archive.store, &path, claim.to_json().into()).await? {
            true => Ok(Standing::Claimed(claim)),
            false => self.look().await,
        }
    }

    /// Keeps a report.
    async fn keep<S: Service>(&self, claim: &Claim, service: &S, mut report: Spool) -> Result<End> {
        let protocol = service.protocol(self.id);
        let figures = match (self.id, protocol) {
            (ReportId::Enrolment(_), _) | (_, Protocol::V3) => None,
            // Not to be had, they are left out.
            (ReportId::Import(id), _) => service.figures(id).await.ok(),
        };
        let mut archived_at = self.now();
        let mut is_over_another = false;
        loop {
            let mut converted = self.convert(service, report, archived_at).await?;
            let mut import = self.described(claim, protocol, archived_at, ArchivedStatus::Archived);
            let figures = figures.clone().or(converted.figures.take());
            describe(&mut import, &converted, figures);
            self.is_putting.store(true, Ordering::Relaxed);
            if let Some(faults) = converted.faults.take() {
                match self.put_faults(&import, faults, is_over_another).await? {
                    Put::Done => {}
                    Put::Before(then) => import.archived_at = then,
                    Put::Settled => return Ok(End::skipped(None)),
                    // Each who writes over it writes the same.
                    Put::Another(then) => {
                        (report, is_over_another) = (converted.report, true);
                        archived_at = then.unwrap_or(archived_at);
                        continue;
                    }
                }
            }
            return Ok(match self.put_counts(&import).await? {
                true => End { outcome: Outcome::Archived, total: import.total, error: None },
                false => End::skipped(None),
            });
        }
    }

    async fn convert<S: Service>(&self, service: &S, report: Spool, archived_at: DateTime<Utc>) -> Result<Converted> {
        let batches = BatchOptions::new(self.account.clone(), self.id, self.contacts.clone());
        let batches = batches.archived_at(archived_at.into());
        let (service, contacts) = (service.clone(), self.contacts.clone());
        Conversion { service, id: self.id, batches, contacts }.of(report, &self.memory).await
    }

    /// Puts the faults where there are none, or over those of another report, version or mode of contacts.
    async fn put_faults(&self, import: &ArchivedImport, faults: Bytes, is_over_another: bool) -> Result<Put> {
        let store = &*self.archive.store;
        let path = self.archive.layout.faults(import.date, self.id.uuid());
        if !is_over_another && put_new(store, &path, faults.clone()).await? {
            return Ok(Put::Done);
        }
        // What a worker has put that was killed, or is at it right now.
        let there = StoredFaults::read(store, &path).await?;
        let own = Footer::new(Some(self.contacts.mode()), import.report_sha256.clone());
        let then = there.as_ref().and_then(|there| there.archived_at);
        if let (Some(then), Some(there)) = (then, there)
            && there.footer == own
        {
            return Ok(Put::Before(then));
        }
        if self.has_counts(import.date).await? {
            return Ok(Put::Settled);
        }
        if !is_over_another {
            return Ok(Put::Another(then));
        }
        store.put(&path, faults.into()).await.map_err(|error| failed("written", &path, error))?;
        Ok(Put::Done)
    }

    async fn put_counts(&self, import: &ArchivedImport) -> Result<bool> {
        let path = self.archive.layout.counts(import.date, self.id.uuid());
        put_new(&*self.archive.store, &path, counts_table::write(import)?).await
    }

    async fn has_counts(&self, date: NaiveDate) -> Result<bool> {
        let path = self.archive.layout.counts(date, self.id.uuid());
        match self.archive.store.head(&path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed("read", &path, error)),
        }
    }

    fn described(
        &self,
        claim: &Claim,
        protocol: Protocol,
        at: DateTime<Utc>,
        status: ArchivedStatus,
    ) -> ArchivedImport {
        ArchivedImport::new(self.account.clone(), self.id, protocol, claim.date, at, status)
    }

    fn age(&self, claim: &Claim) -> TimeDelta {
        self.now() - claim.claimed_at
    }

    /// In microseconds, as files have it.
    fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from((self.clock)()).trunc_subsecs(6)
    }
}

/// What is kept of a report in the counts.
fn describe(import: &mut ArchivedImport, converted: &Converted, figures: Option<Figures>) {
    let counts = &converted.counts;
    import.reasons = kept_reasons(counts);
    import.total = Some(counts.total());
    import.anomalies = counts.anomalies().iter().map(|(anomaly, count)| (anomaly.slug().to_owned(), count)).collect();
    import.service = figures;
    import.report_sha256 = Some(converted.report.sha256());
    import.report_bytes = Some(converted.report.len());
}

/// Asks how far an import is, and for its report.
async fn ask<S: Service>(service: &S, id: ReportId) -> Result<Asked> {
    // One answer of the newer API has it all.
    let is_one_answer = service.protocol(id) == Protocol::V3;
    if !is_one_answer {
        let told = |kind, what: String| Error::new(kind, what);
        match service.status(id).await {
            Ok(ImportStatus::Finished) => {}
            // What a status means that nobody knows will be known by the next version.
            Ok(status @ (ImportStatus::NotFinished | ImportStatus::Other(_))) => {
                let what = format!("the {} has not finished yet; its status is {status}", id.noun());
                return Ok(Asked::NotYet(told(ErrorKind::NotFinished, what)));
            }
            // By the service's own documentation, the id may be none.
            Ok(status @ ImportStatus::Unknown) => {
                let what = format!("the service may not know the {}: its status is {status}", id.noun());
                return Ok(Asked::Unknown(told(ErrorKind::NotFound, what)));
            }
            Ok(status) => {
                let what = format!("the {} has ended without a report, with status {status}", id.noun());
                return Ok(Asked::EndedWithout(told(ErrorKind::EndedWithoutReport, what)));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Asked::Unknown(error)),
            Err(error) if error.kind() == ErrorKind::NotFinished => return Ok(Asked::NotYet(error)),
            Err(error) => return Err(error),
        }
    }
    match service.report(id).await {
        Ok(report) => Ok(Asked::Report(report)),
        Err(error) => match error.kind() {
            ErrorKind::NotFinished => Ok(Asked::NotYet(error)),
            ErrorKind::EndedWithoutReport => Ok(Asked::EndedWithout(error)),
            ErrorKind::NotFound if is_one_answer => Ok(Asked::Unknown(error)),
            ErrorKind::NotFound | ErrorKind::Expired => Ok(Asked::NoReport(error)),
            _ => Err(error),
        },
    }
}

impl End {
    fn skipped(error: Option<Error>) -> Self {
        End { outcome: Outcome::Skipped, total: None, error }
    }

    pub(super) fn pending(why: Error) -> Self {
        End { outcome: Outcome::Pending, total: None, error: Some(why) }
    }

    pub(super) fn failed(why: Error) -> Self {
        End { outcome: Outcome::Failed, total: None, error: Some(why) }
    }
}

impl From<ArchivedStatus> for Outcome {
    fn from(status: ArchivedStatus) -> Self {
        match status {
            ArchivedStatus::Archived => Outcome::Archived,
            ArchivedStatus::Expired => Outcome::Expired,
            ArchivedStatus::EndedWithoutReport => Outcome::EndedWithoutReport,
            ArchivedStatus::NotFound => Outcome::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;
    use crate::report::reader::FaultReader;

    /// A service that says the same of each import.
    #[derive(Clone)]
    struct Says {
        protocol: Protocol,
        status: Result<ImportStatus>,
        report: ErrorKind,
    }

    impl Service for Says {
        fn protocol(&self, _: ReportId) -> Protocol {
            self.protocol
        }

        async fn status(&self, _: ReportId) -> Result<ImportStatus> {
            self.status.clone()
        }

        async fn report(&self, _: ReportId) -> Result<Spool> {
            Err(Error::new(self.report, "there is no report"))
        }

        async fn figures(&self, _: Uuid) -> Result<Figures> {
            unreachable!("nobody asks for them without a report")
        }

        fn figures_in(&self, _: impl Read) -> Result<Figures> {
            unreachable!("nobody asks for them without a report")
        }

        fn reader<R: Read>(&self, _: ReportId, report: R) -> FaultReader<R> {
            FaultReader::new(report)
        }
    }

    /// What comes of what the service says: of the status first, and then of the report; over the newer API of the report
    /// alone.
    #[test]
    fn what_the_service_says() {
        use ErrorKind::{EndedWithoutReport, Expired, NotFinished, NotFound, NotPermitted, Unavailable};
        let failed = |kind| Err(Error::new(kind, "there is no status"));
        let finished = || Ok(ImportStatus::Finished);
        let (rest, v3) = (Protocol::Rest, Protocol::V3);
        for (protocol, status, report, expected) in [
            (rest, finished(), NotFinished, "not yet"),
            (rest, finished(), EndedWithoutReport, "ended"),
            (rest, finished(), NotFound, "no report"),
            (rest, finished(), Expired, "no report"),
            (rest, finished(), Unavailable, "Unavailable"),
            (rest, Ok(ImportStatus::NotFinished), NotFound, "not yet"),
            (rest, Ok(ImportStatus::Other("Moon".into())), NotFound, "not yet"),
            (rest, Ok(ImportStatus::Unknown), NotFound, "unknown"),
            (rest, Ok(ImportStatus::Failed), NotFound, "ended"),
            (rest, failed(NotFound), NotFinished, "unknown"),
            (rest, failed(NotFinished), NotFound, "not yet"),
            (rest, failed(NotPermitted), NotFound, "NotPermitted"),
            (v3, failed(NotPermitted), NotFinished, "not yet"),
            (v3, failed(NotPermitted), EndedWithoutReport, "ended"),
            (v3, failed(NotPermitted), NotFound, "unknown"),
            (v3, failed(NotPermitted), Expired, "no report"),
            (v3, failed(NotFound), Unavailable, "Unavailable"),
        ] {
            let shown = format!("{protocol:?}, status {status:?}, report {report:?}");
            let service = Says { protocol, status, report };
            let asked = ask(&service, ReportId::Import(Uuid::nil())).now_or_never().unwrap();
            let told = match asked {
                Ok(Asked::Report(_)) => "report".to_owned(),
                Ok(Asked::NotYet(_)) => "not yet".to_owned(),
                Ok(Asked::NoReport(_)) => "no report".to_owned(),
                Ok(Asked::EndedWithout(_)) => "ended".to_owned(),
                Ok(Asked::Unknown(_)) => "unknown".to_owned(),
                Err(error) => format!("{:?}", error.kind()),
            };
            assert_eq!(told, expected, "{shown}");
        }
    }
}
