//! A made-up service, and its imports.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

use super::gate::Gate;
use crate::archive::collect::collected::Outcome;
use crate::archive::collect::service::{Figures, Service};
use crate::archive::collect::spool::Spool;
use crate::archive::faults_table::FaultsTable;
use crate::arrow::{BatchOptions, Contacts, FaultBatches};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;
use crate::report::reader::FaultReader;
use crate::report_id::ReportId;
use crate::status::ImportStatus;

/// An import of the service.
pub(super) struct MadeUpImport {
    pub(super) id: Uuid,
    status: ImportStatus,
    /// Its report; an error's kind where it has none.
    report: std::result::Result<&'static str, ErrorKind>,
    pub(super) outcome: Outcome,
}

impl MadeUpImport {
    /// Is its report kept in the end?
    pub(super) fn is_kept(&self) -> bool {
        self.outcome == Outcome::Archived
    }
}

const fn import(
    number: u128,
    status: ImportStatus,
    report: std::result::Result<&'static str, ErrorKind>,
    outcome: Outcome,
) -> MadeUpImport {
    MadeUpImport { id: Uuid::from_u128(number), status, report, outcome }
}

/// This one is an enrolment.
const ENROLMENT: Uuid = Uuid::from_u128(3);
/// This one is told by the newer API.
const V3: Uuid = Uuid::from_u128(4);

const REPORT: &str = "Reason,email\nBlocker,a@example.com\nDuplicate,b@example.com\nBlocker,\n";
const ANSWER: &str = r#"{"importId":"x","status":"Finished","summary":{"newContacts":2,"updatedContacts":1},
    "failures":[{"identifiers":{"email":"a@example.com"},"failures":[{"failureCode":"invalidEmail","description":"no"}]}]}"#;

pub(super) static IMPORTS: [MadeUpImport; 9] = [
    import(1, ImportStatus::Finished, Ok(REPORT), Outcome::Archived),
    import(2, ImportStatus::Finished, Ok(""), Outcome::Archived),
    import(
        3,
        ImportStatus::Finished,
        Ok("Id,Email,TelephoneNumber,Reason\n1,a@example.com,,Unsubcribed\n"),
        Outcome::Archived,
    ),
    import(4, ImportStatus::Finished, Ok(ANSWER), Outcome::Archived),
    import(5, ImportStatus::Failed, Err(ErrorKind::NotFound), Outcome::EndedWithoutReport),
    import(6, ImportStatus::NotFinished, Err(ErrorKind::NotFound), Outcome::Pending),
    import(7, ImportStatus::Finished, Err(ErrorKind::NotFound), Outcome::Pending),
    import(8, ImportStatus::Unknown, Err(ErrorKind::NotFound), Outcome::Failed),
    import(9, ImportStatus::Finished, Ok("<html>sorry</html>"), Outcome::Failed),
];

pub(super) fn report_id(id: Uuid) -> ReportId {
    if id == ENROLMENT { ReportId::Enrolment(id) } else { ReportId::Import(id) }
}

/// The service, behind the gate of a worker.
#[derive(Clone, Default)]
pub(in crate::archive::collect) struct MadeUp {
    pub(super) gate: Gate,
    /// Are all reports gone?
    pub(super) is_over: bool,
    /// How often it was asked.
    pub(super) asked: Arc<AtomicU64>,
}

impl MadeUp {
    async fn act<T>(&self, answer: impl FnOnce() -> Result<T>) -> Result<T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let busy = || Error::new(ErrorKind::Unavailable, "the service has failed");
        self.gate.act(async { answer() }, busy).await
    }
}

fn known(id: ReportId) -> &'static MadeUpImport {
    IMPORTS.iter().find(|import| import.id == id.uuid()).unwrap()
}

impl Service for MadeUp {
    fn protocol(&self, id: ReportId) -> Protocol {
        if id.uuid() == V3 { Protocol::V3 } else { Protocol::Rest }
    }

    async fn status(&self, id: ReportId) -> Result<ImportStatus> {
        self.act(|| Ok(known(id).status.clone())).await
    }

    async fn report(&self, id: ReportId) -> Result<Spool> {
        let spooled = || {
            if self.is_over {
                return Err(Error::new(ErrorKind::Expired, "the report is gone"));
            }
            let report = known(id).report.map_err(|kind| Error::new(kind, "there is no report"))?;
            let mut spool = Spool::new();
            spool.write_all(report.as_bytes())?;
            Ok(spool)
        };
        self.act(spooled).await
    }

    async fn figures(&self, _: Uuid) -> Result<Figures> {
        // Whoever can't have them goes on without: so that the end is always the same, nothing happens here.
        Ok([("newContacts".to_owned(), 7)].into())
    }

    fn figures_in(&self, answer: impl Read) -> Result<Figures> {
        let summary = Client::summary_in(answer)?;
        Ok(summary.figures().map(|(name, figure)| (name.into_owned(), figure)).collect())
    }

    fn reader<R: Read>(&self, _: ReportId, report: R) -> FaultReader<R> {
        FaultReader::new(report)
    }
}

/// The rows of a file of faults, but for the instant.
pub(super) fn rows(file: Bytes) -> String {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut rows = String::new();
    for batch in reader {
        let mut batch = batch.unwrap();
        batch.remove_column(batch.schema().index_of("archived_at").unwrap());
        rows += &format!("{batch:?}\n");
    }
    rows
}

/// A file of the faults of another report.
pub(super) fn left_over(id: Uuid) -> Bytes {
    let mut table = FaultsTable::new().unwrap();
    let options = BatchOptions::new("shop".parse().unwrap(), id, Contacts::Keep);
    let options = options.archived_at(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000));
    let mut batches = FaultBatches::new(&options, |batch: RecordBatch| table.add(&batch));
    FaultReader::new("Reason,email\nDuplicate,other@example.com\n".as_bytes()).drain_into(&mut batches).unwrap();
    batches.finish().unwrap();
    table.finish(&Contacts::Keep, &"0".repeat(64)).unwrap().unwrap()
}
