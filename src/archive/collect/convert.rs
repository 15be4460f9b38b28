//! A report made the file of its faults, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use bytes::Bytes;

use super::memory::{Memory, NoMore, Reserved};
use super::service::{Figures, Service};
use super::spool::Spool;
use crate::archive::faults_table::FaultsTable;
use crate::arrow::{BatchOptions, Contacts, FaultBatches};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;
use crate::reason::counts::ReasonCounts;
use crate::report_id::ReportId;

/// How a report is converted.
#[derive(Clone)]
pub(super) struct Conversion<S> {
    pub(super) service: S,
    pub(super) id: ReportId,
    pub(super) batches: BatchOptions,
    pub(super) contacts: Contacts,
}

/// What is made of a report.
pub(super) struct Converted {
    pub(super) report: Spool,
    /// The file of the faults; `None` where nothing failed.
    pub(super) faults: Option<Bytes>,
    pub(super) counts: ReasonCounts,
    /// The service's own, where the report holds them.
    pub(super) figures: Option<Figures>,
    /// What the file takes, which is given back with this.
    _reserved: Reserved,
}

/// How a conversion ends.
enum End {
    Done(Box<Converted>),
    OutOfMemory(Spool),
}

impl<S: Service> Conversion<S> {
    /// Converts a report.
    pub(super) async fn of(self, mut report: Spool, memory: &Memory) -> Result<Converted> {
        let mut reserved = memory.reserve(report.len()).await;
        loop {
            let is_all = reserved.is_all();
            match self.clone().aside(report, reserved).await? {
                End::Done(converted) => return Ok(*converted),
                End::OutOfMemory(_) if is_all => return Err(memory.too_little()),
                End::OutOfMemory(whole) => report = whole,
            }
            reserved = memory.reserve_all().await;
        }
    }

    /// Converts it on a thread on which that may take its time. Whoever drops this has it end soon.
    async fn aside(self, report: Spool, reserved: Reserved) -> Result<End> {
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let is_wanted = Arc::clone(&wanted.0);
        match tokio::task::spawn_blocking(move || self.make(report, reserved, &is_wanted)).await {
            Ok(end) => end,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(stopped) => Err(Error::reading(std::io::Error::other(stopped))),
            },
        }
    }

    fn make(&self, mut report: Spool, reserved: Reserved, is_wanted: &AtomicBool) -> Result<End> {
        let (mut table, mut is_out_of_memory) = (FaultsTable::new()?, false);
        let take = |batch: RecordBatch| {
            if !is_wanted.load(Ordering::Relaxed) {
                return Err(given_up());
            }
            table.add(&batch)?;
            reserved.grow_to(table.held() as u64).map_err(|NoMore| {
                is_out_of_memory = true;
                given_up()
            })
        };
        let mut batches = FaultBatches::new(&self.batches, take);
        let reader = self.service.reader(self.id, report.read()?);
        let read = reader.drain_into(&mut batches).and_then(|counts| batches.finish().map(|_| counts));
        let counts = match read {
            Ok(counts) => counts,
            Err(_) if is_out_of_memory => return Ok(End::OutOfMemory(report)),
            Err(error) => return Err(error),
        };
        let faults = table.finish(&self.contacts, &report.sha256())?;
        let len = faults.as_ref().map_or(0, Bytes::len) as u64;
        if reserved.grow_to(len).is_err() {
            return Ok(End::OutOfMemory(report));
        }
        reserved.shrink_to(len);
        // They were read with the status already, so that there is nothing that could be wrong with them.
        let has_figures = self.service.protocol(self.id) == Protocol::V3;
        let figures = if has_figures { self.service.figures_in(report.read()?).ok() } else { None };
        Ok(End::Done(Box::new(Converted { report, faults, counts, figures, _reserved: reserved })))
    }
}

/// As long as it is there, what is made is wanted.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Nobody is told.
fn given_up() -> Error {
    Error::new(ErrorKind::Io, "the conversion of a report was given up")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::future::join_all;
    use uuid::Uuid;

    use super::super::model::made_up::MadeUp;
    use super::*;

    const ID: ReportId = ReportId::Import(Uuid::nil());

    fn conversion() -> Conversion<MadeUp> {
        let batches = BatchOptions::new("shop".parse().unwrap(), ID, Contacts::Keep).archived_at(std::time::UNIX_EPOCH);
        Conversion { service: MadeUp::default(), id: ID, batches, contacts: Contacts::Keep }
    }

    fn report(rows: u32) -> Spool {
        let mut spool = Spool::new();
        spool.write_all(b"Reason,email\n").unwrap();
        (0..rows).for_each(|row| writeln!(spool, "Blocker,{}@example.com", row.wrapping_mul(2_654_435_761)).unwrap());
        spool
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_gets_no_memory_begins_again_and_makes_the_same() {
        let alone = conversion().of(report(3), &Memory::new(1 << 20)).await.unwrap();
        let file = alone.faults.clone().unwrap();
        // A file of a few rows takes more than its report: there is too little for two at once.
        let largest = file.len() as u64 * 3 / 2;
        assert!(alone.report.len() < 100 && largest < 32_768);
        let memory = Memory::new(largest);
        // Each gives back what it has as soon as it is done.
        let one = || async { conversion().of(report(3), &memory).await.unwrap().faults.unwrap() };
        assert!(join_all((0..20).map(|_| one())).await.iter().all(|faults| *faults == file));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_fits_into_no_memory_is_an_error() {
        let memory = Memory::new(64 << 10);
        let error = conversion().of(report(50_000), &memory).await.map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        // It has given all back.
        assert!(conversion().of(report(3), &memory).await.is_ok());
        assert!(memory.reserve_all().await.is_all());
    }
}
