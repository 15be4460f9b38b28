//! How an archive is: what it holds, and what is still to be collected.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Archive;
use super::claim::Claim;
use super::claims::OpenClaims;
use super::failure::failed;
use super::manifest::rfc3339;
use super::parquet_file::{Footer, metadata_of};
use super::strays::StrayFiles;
use crate::account_name::AccountName;
use crate::arrow::ContactMode;
use crate::error::{Error, ErrorKind, Result};
use crate::tally::archived_import::ArchivedStatus;

const SCHEMA: u32 = 1;

/// How many files are asked for at once.
const ASKED: usize = 32;

/// How an archive is, as `faults archive status --format json` prints it.
///
/// It holds no contact data. With serde it is that document, which is read back, too; it only counts the imports whose files
/// disagree, and doesn't name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchiveStatus {
    /// The version of the document; 1.
    pub schema: u32,
    /// What becomes of contact data.
    pub contacts: ContactMode,
    /// How many imports there are of which the end is known: all of the following four.
    pub imports: u64,
    /// How many reports were archived.
    pub archived: u64,
    /// How many had expired.
    pub expired: u64,
    /// How many imports ended without a report.
    pub ended_without_report: u64,
    /// How many ids the service didn't know for two weeks.
    pub not_found: u64,
    /// How many accounts they are of.
    pub accounts: u64,
    /// The first day under which an import is filed; `None` where there is none.
    pub first_date: Option<NaiveDate>,
    /// The last one.
    pub last_date: Option<NaiveDate>,
    /// The bytes of both tables.
    pub bytes: u64,
    /// How many imports have their faults in the archive, too.
    pub faults_files: u64,
    /// The imports whose end isn't known yet, those first that were claimed first. A later collect takes them up.
    pub open: Vec<OpenClaim>,
    /// How many of these were claimed over five days ago: their reports are about to expire.
    pub about_to_expire: u64,
    /// How many of these were claimed over seven days ago.
    pub overdue: u64,
    /// How many imports were claimed over 30 days ago, and never archived: no collect takes them up any more, and so they aren't
    /// open.
    #[serde(default)]
    pub lost: u64,
    /// How many imports have faults of another report than their counts are of.
    pub disagreeing: u64,
    /// These imports; the document doesn't name them.
    #[serde(skip)]
    pub disagreeing_imports: Vec<Uuid>,
    /// How many files of the archive are damaged. All other figures are without what they hold.
    #[serde(default)]
    pub damaged: u64,
    /// What is wrong with them, each by its name; the document doesn't tell it.
    #[serde(skip)]
    pub damaged_files: Vec<String>,
    /// Files in the folders of the archive that are no import's; the document doesn't name them.
    #[serde(skip)]
    pub stray_files: StrayFiles,
}

/// An import whose end isn't known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenClaim {
    /// Whose it is.
    pub account: AccountName,
    /// The import or the enrolment.
    pub import_id: Uuid,
    /// When the archive first saw it.
    #[serde(serialize_with = "rfc3339")]
    pub claimed_at: DateTime<Utc>,
}

/// The files of a table.
#[derive(Default)]
struct Files {
    bytes: u64,
    sizes: HashMap<Uuid, (NaiveDate, u64)>,
}

impl Archive {
    /// Looks at all of the archive: at each claim that is open, at each import's counts, and at the footer of each file of
    /// faults. What is damaged is left out, and named.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) and [`NotPermitted`](crate::ErrorKind::NotPermitted) where the store fails.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use dotdigital_faults::archive::Archive;
    /// use dotdigital_faults::arrow::Contacts;
    /// use object_store::memory::InMemory;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let archive = Archive::create_in(Arc::new(InMemory::new()), "", Some(&Contacts::Drop)).await?;
    /// let status = archive.status(chrono::DateTime::UNIX_EPOCH).await?;
    /// assert_eq!((status.imports, status.open.len(), status.first_date), (0, 0, None));
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn status(&self, now: DateTime<Utc>) -> Result<ArchiveStatus> {
        let mut status = self.no_status();
        let faults = self.files(&self.layout.faults_table(), &mut status.stray_files).await?;
        let counts = self.files(&self.layout.counts_table(), &mut status.stray_files).await?;
        status.bytes = faults.bytes.saturating_add(counts.bytes);
        status.faults_files = faults.sizes.len() as u64;
        let hashes = self.add_imports(&mut status, &faults).await?;
        self.compare(&mut status, &faults, hashes).await?;
        self.add_claims(&mut status, now).await?;
        status.damaged_files.sort_unstable();
        status.damaged = status.damaged_files.len() as u64;
        Ok(status)
    }

    /// Adds the claims that are open, by their age.
    async fn add_claims(&self, status: &mut ArchiveStatus, now: DateTime<Utc>) -> Result<()> {
        let OpenClaims { claims, damaged } = self.claims_since(None, |_| true).await?;
        for claim in claims {
            if claim.is_lost(now) {
                status.lost += 1;
                continue;
            }
            status.about_to_expire += u64::from(claim.is_about_to_expire(now));
            status.overdue += u64::from(claim.is_overdue(now));
            let Claim { id, claimed_at, account, .. } = claim;
            status.open.push(OpenClaim { account, import_id: id.uuid(), claimed_at });
        }
        status.damaged_files.extend(damaged.into_iter().map(|id| self.damaged_claim(id).without_hint().to_string()));
        Ok(())
    }

    fn no_status(&self) -> ArchiveStatus {
        ArchiveStatus {
            schema: SCHEMA,
            contacts: self.manifest.contacts,
            imports: 0,
            archived: 0,
            expired: 0,
            ended_without_report: 0,
            not_found: 0,
            accounts: 0,
            first_date: None,
            last_date: None,
            bytes: 0,
            faults_files: 0,
            open: Vec::new(),
            about_to_expire: 0,
            overdue: 0,
            lost: 0,
            disagreeing: 0,
            disagreeing_imports: Vec::new(),
            damaged: 0,
            damaged_files: Vec::new(),
            stray_files: StrayFiles::default(),
        }
    }

    /// The files of a table that are an import's.
    async fn files(&self, table: &Path, strays: &mut StrayFiles) -> Result<Files> {
        let mut files = Files::default();
        let mut listed = self.store.list(Some(table));
        while let Some(file) = listed.try_next().await.map_err(|error| failed("listed", table, error))? {
            files.bytes = files.bytes.saturating_add(file.size);
            match self.layout.parse(&file.location) {
                Some((date, id)) => _ = files.sizes.insert(id, (date, file.size)),
                None => strays.add(&file.location),
            }
        }
        Ok(files)
    }

    /// Adds all imports up. Of those that have a file of faults, tells which report their counts are of.
    async fn add_imports(&self, status: &mut ArchiveStatus, faults: &Files) -> Result<Vec<(Uuid, Option<String>)>> {
        let (mut accounts, mut hashes) = (BTreeSet::new(), Vec::new());
        let mut imports = self.imports(NaiveDate::MIN);
        while let Some(import) = imports.next().await {
            let Some(import) = status.unless_damaged(import)? else { continue };
            status.imports += 1;
            *match import.status {
                ArchivedStatus::Archived => &mut status.archived,
                ArchivedStatus::Expired => &mut status.expired,
                ArchivedStatus::EndedWithoutReport => &mut status.ended_without_report,
                ArchivedStatus::NotFound => &mut status.not_found,
            } += 1;
            status.first_date = Some(status.first_date.map_or(import.date, |first| first.min(import.date)));
            status.last_date = status.last_date.max(Some(import.date));
            if !accounts.contains(&import.account) {
                accounts.insert(import.account);
            }
            if faults.sizes.contains_key(&import.id.uuid()) {
                hashes.push((import.id.uuid(), import.report_sha256));
            }
        }
        status.accounts = accounts.len() as u64;
        Ok(hashes)
    }

    /// Finds the imports whose faults are of another report than their counts.
    async fn compare(
        &self,
        status: &mut ArchiveStatus,
        faults: &Files,
        hashes: Vec<(Uuid, Option<String>)>,
    ) -> Result<()> {
        let read = hashes.into_iter().filter_map(|(id, counted)| {
            let (date, size) = *faults.sizes.get(&id)?;
            let path = self.layout.faults(date, id);
            Some(async move {
                let footer = Footer::in_metadata(&metadata_of(&*self.store, &path, size).await?);
                Ok::<_, Error>((footer.report_sha256 != counted).then_some(id))
            })
        });
        let mut compared = stream::iter(read).buffer_unordered(ASKED);
        while let Some(disagreeing) = compared.next().await {
            let disagreeing = status.unless_damaged(disagreeing)?.flatten();
            status.disagreeing_imports.extend(disagreeing);
        }
        status.disagreeing_imports.sort_unstable();
        status.disagreeing = status.disagreeing_imports.len() as u64;
        Ok(())
    }
}

impl ArchiveStatus {
    /// What was read of a file; `None` where it is damaged, which is noted.
    fn unless_damaged<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == ErrorKind::Archive => {
                self.damaged_files.push(error.without_hint().to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::archive::counts_table;
    use crate::archive::faults_table::FaultsTable;
    use crate::arrow::{BatchOptions, Contacts, FaultBatches};
    use crate::protocol::Protocol;
    use crate::report::reader::FaultReader;
    use crate::report_id::ReportId;
    use crate::tally::archived_import::ArchivedImport;

    /// A file of so many faults, which says that it is of this report.
    fn faults(id: Uuid, rows: usize, sha256: &str) -> Bytes {
        let report = format!("Reason,email\n{}", "Blocker,a@example.com\n".repeat(rows));
        let mut table = FaultsTable::new().unwrap();
        let options = BatchOptions::new("europe".parse().unwrap(), id, Contacts::Drop);
        let mut batches = FaultBatches::new(&options, |batch| table.add(&batch));
        FaultReader::new(report.as_bytes()).drain_into(&mut batches).unwrap();
        batches.finish().unwrap();
        table.finish(&Contacts::Drop, sha256).unwrap().unwrap()
    }

    #[tokio::test]
    async fn files_of_different_reports_disagree() {
        let archive = Archive::create_in(Arc::new(InMemory::new()), "a/b", Some(&Contacts::Drop)).await.unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let (one, other) = ("1".repeat(64), "2".repeat(64));
        for (number, counted, kept) in
            [(1, &one, Some(&one)), (2, &one, Some(&other)), (3, &one, None), (4, &other, Some(&one))]
        {
            let id = Uuid::from_u128(number);
            let account = "europe".parse().unwrap();
            let at = DateTime::UNIX_EPOCH;
            let mut import =
                ArchivedImport::new(account, ReportId::Import(id), Protocol::Soap, date, at, ArchivedStatus::Archived);
            import.total = Some(1);
            import.report_sha256 = Some(counted.clone());
            let file = counts_table::write(&import).unwrap();
            archive.store.put(&archive.layout.counts(date, id), file.into()).await.unwrap();
            if let Some(kept) = kept {
                let file = faults(id, 1, kept);
                archive.store.put(&archive.layout.faults(date, id), file.into()).await.unwrap();
            }
        }
        // Its counts aren't there yet.
        let file = faults(Uuid::from_u128(9), 1, &one);
        archive.store.put(&archive.layout.faults(date, Uuid::from_u128(9)), file.into()).await.unwrap();

        let status = archive.status(DateTime::UNIX_EPOCH).await.unwrap();
        assert_eq!((status.imports, status.faults_files, status.disagreeing), (4, 4, 2));
        assert_eq!(status.disagreeing_imports, [Uuid::from_u128(2), Uuid::from_u128(4)]);
        assert_eq!((status.first_date, status.last_date), (Some(date), Some(date)));

        // What is damaged is named.
        let path = archive.layout.faults(date, Uuid::from_u128(1));
        for damaged in [&b""[..], b"PAR1", b"PAR1\xff\xff\xff\xffPAR1", b"no Parquet at all"] {
            archive.store.put(&path, damaged.to_vec().into()).await.unwrap();
            let status = archive.status(DateTime::UNIX_EPOCH).await.unwrap();
            assert_eq!((status.imports, status.damaged, status.disagreeing), (4, 1, 2));
            assert!(status.damaged_files[0].contains(path.as_ref()), "{:?}", status.damaged_files);
        }
    }

    /// A footer may be longer than what is read of it at first.
    #[tokio::test]
    async fn a_long_footer() {
        let store = InMemory::new();
        let (path, long) = (Path::from("faults"), "3".repeat(100_000));
        let file = faults(Uuid::nil(), 1, &long);
        let size = file.len() as u64;
        store.put(&path, file.into()).await.unwrap();
        let footer = Footer::in_metadata(&metadata_of(&store, &path, size).await.unwrap());
        assert_eq!(footer.report_sha256, Some(long));
    }
}
