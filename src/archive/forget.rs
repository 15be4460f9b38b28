//! People whose contact data is to go.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::builder::{MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Fields, Schema, SchemaRef};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::failure::{damaged, failed};
use super::parquet_file::{Footer, guarded, properties, unreadable, unwritable};
use super::{Archive, get};
use crate::arrow::label::REDACTED;
use crate::arrow::{ContactMode, Contacts, map_of};
use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
use crate::report::fault::folded_email;

/// What has been forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Forgotten {
    /// Files in which somebody was found, and which have been written again.
    pub files: u64,
    /// Rows of somebody.
    pub rows: u64,
}

impl Archive {
    /// Makes the archive forget people: in each fault whose email, or any of whose cells, is one of these emails, the
    /// email, its domain and all cells become null, and an unknown reason loses its label. The fault, its ordinal and its
    /// reason stay, so that faults and counts agree.
    ///
    /// Emails are compared without the white space around them, case-insensitively. A cell that holds more than the
    /// address isn't found; nor, where contact data are hashed, is a cell of another column in which the address is written
    /// otherwise than it is given or lower-cased. What holds no `@`, as an invalid email may not, is looked for among the emails
    /// alone: a word may stand in anybody's cells. And a bucket that keeps versions keeps the old files as such. `contacts` is
    /// what the archive was made with; where it hashes them, the key is needed. Where it drops them, there is nothing to forget.
    ///
    /// # Errors
    /// [`Archive`](ErrorKind::Archive) where `contacts` is another than the archive's, where a file can't be read, and
    /// where a claim younger than a day is open: its faults may just be on their way. `anyway` goes on then. And
    /// [`Io`](ErrorKind::Io) and [`NotPermitted`](ErrorKind::NotPermitted) where the store fails; the next call goes on.
    pub async fn forget<E: AsRef<str>>(
        &self,
        emails: impl IntoIterator<Item = E>,
        contacts: &Contacts,
        now: DateTime<Utc>,
        anyway: bool,
    ) -> Result<Forgotten> {
        self.manifest.check(contacts)?;
        let people = People::new(emails, contacts);
        let mut forgotten = Forgotten::default();
        if self.manifest.contacts == ContactMode::Drop || people.emails.is_empty() {
            return Ok(forgotten);
        }
        if !anyway {
            self.refuse_while_open(now).await?;
        }
        let people = Arc::new(people);
        let table = self.layout.faults_table();
        let mut files = self.store.list(Some(&table));
        while let Some(file) = files.try_next().await.map_err(|error| failed("listed", &table, error))? {
            let path = file.location;
            if self.layout.parse(&path).is_none() {
                continue;
            }
            let rows = self.forget_in(&path, &people).await?;
            forgotten.files += u64::from(rows > 0);
            forgotten.rows += rows;
        }
        Ok(forgotten)
    }

    async fn refuse_while_open(&self, now: DateTime<Utc>) -> Result<()> {
        let open = self.open_claims().await?;
        let young = open.iter().filter(|claim| now - claim.claimed_at < TimeDelta::days(1)).count();
        if young == 0 {
            return Ok(());
        }
        let what = format!("{young} imports are just being collected, and their faults would not be looked at");
        Err(Error::new(ErrorKind::Archive, what).advise("try again once they are archived, or go on with --now"))
    }

    /// Writes a file again without these people; how many rows were theirs.
    async fn forget_in(&self, path: &Path, people: &Arc<People>) -> Result<u64> {
        // It may have been pruned meanwhile.
        let Some(file) = get(&*self.store, path).await? else { return Ok(0) };
        let people = Arc::clone(people);
        let written = tokio::task::spawn_blocking(move || guarded(|| people.out_of(file)));
        let written =
            written.await.map_err(|_| Error::new(ErrorKind::Io, "a file of the archive can't be worked on"))?;
        let (file, rows) = written.map_err(|error| match error.kind() {
            ErrorKind::Archive => damaged(path, error.what()),
            _ => error,
        })?;
        if rows > 0 {
            self.store.put(path, PutPayload::from(file)).await.map_err(|error| failed("written", path, error))?;
        }
        Ok(rows)
    }
}

/// The people to forget, as their emails stand in the archive.
struct People {
    /// What stands where the email does: emails as they are folded, or their hashes.
    emails: HashSet<String>,
    /// What may stand in any other cell, too: of those that hold an `@` the same, or all that such a cell may have become.
    cells: HashSet<String>,
    is_hashed: bool,
}

impl People {
    fn new<E: AsRef<str>>(emails: impl IntoIterator<Item = E>, contacts: &Contacts) -> Self {
        let is_hashed = matches!(contacts, Contacts::Hash(_));
        let mut people = People { emails: HashSet::new(), cells: HashSet::new(), is_hashed };
        for email in emails {
            let (given, folded) = (email.as_ref(), folded_email(email.as_ref()));
            if folded.is_empty() {
                continue;
            }
            let is_address = folded.contains('@');
            let mut written = folded.clone();
            if let Contacts::Hash(redactor) = contacts {
                // An email's cell is folded before it is hashed; any other is hashed as it stands.
                if is_address {
                    people.cells.extend([given, given.trim(), &folded].map(|text| redactor.cell(text)));
                }
                written = redactor.email(&folded);
            }
            if is_address {
                people.cells.insert(written.clone());
            }
            people.emails.insert(written);
        }
        people
    }

    /// Is it one of these texts, as the archive has them?
    fn is_among(&self, written: &HashSet<String>, cell: &str) -> bool {
        if self.is_hashed { written.contains(cell) } else { written.contains(&folded_email(cell)) }
    }

    /// The same file without them, and how many rows were theirs.
    fn out_of(&self, file: Bytes) -> Result<(Bytes, u64)> {
        let footer = Footer::read(&file)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?;
        let schema = schema_as_made(reader.schema());
        let properties = properties().set_key_value_metadata(Some(footer.pairs())).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties)).map_err(unwritable)?;
        let mut rows = 0;
        for batch in reader.build().map_err(unreadable)? {
            let batch = batch.map_err(|error| unreadable(error.into()))?;
            let theirs = self.rows_of(&batch)?;
            rows += theirs.iter().filter(|is_theirs| **is_theirs).count() as u64;
            let cleaned = cleaned(&batch, &schema, &theirs).map_err(|error| unreadable(error.into()))?;
            writer.write(&cleaned).map_err(unwritable)?;
        }
        Ok((writer.into_inner().map_err(unwritable)?.into(), rows))
    }

    /// Of each row: is it one of theirs?
    fn rows_of(&self, batch: &RecordBatch) -> Result<Vec<bool>> {
        let emails = texts(batch, "email")?;
        let columns = batch.column_by_name("columns").and_then(|column| column.as_map_opt()).ok_or_else(no_table)?;
        let cells = columns.values().as_string_opt::<i32>().ok_or_else(no_table)?;
        let is_in_cells = |row: usize| {
            let ends = columns.value_offsets();
            let cell = |at: &i32| usize::try_from(*at).unwrap_or(0);
            let (start, end) = (ends.get(row).map_or(0, cell), ends.get(row + 1).map_or(0, cell));
            (start..end).any(|at| cells.is_valid(at) && self.is_among(&self.cells, cells.value(at)))
        };
        let is_email = |row: usize| emails.is_valid(row) && self.is_among(&self.emails, emails.value(row));
        Ok((0..batch.num_rows()).map(|row| is_email(row) || is_in_cells(row)).collect())
    }
}

/// The schema that was read, with Arrow's names for the parts of the map, as it is made anew. A later version's columns stay.
fn schema_as_made(read: &Schema) -> SchemaRef {
    let fields = read.fields().iter().map(|field| match field.name().as_str() {
        "columns" => Arc::new(field.as_ref().clone().with_data_type(map_of(DataType::Utf8))),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

/// The batch without the contact data of some rows.
fn cleaned(batch: &RecordBatch, schema: &SchemaRef, rows: &[bool]) -> std::result::Result<RecordBatch, ArrowError> {
    let slugs = texts(batch, "reason").map_err(|_| ArrowError::SchemaError(String::new()))?;
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        Ok(match (field.name().as_str(), column.as_string_opt::<i32>(), column.as_map_opt()) {
            ("email" | "domain", Some(texts), _) => {
                let kept = texts.iter().zip(rows).map(|(text, gone)| text.filter(|_| !gone));
                Arc::new(kept.collect::<StringArray>()) as ArrayRef
            }
            ("label", Some(labels), _) => {
                let kept = labels.iter().zip(rows).enumerate().map(|(row, (label, gone))| {
                    let is_unknown = slugs.value(row) == FailureReason::OTHER;
                    if *gone && is_unknown { Some(REDACTED) } else { label }
                });
                Arc::new(kept.collect::<StringArray>())
            }
            ("columns", _, Some(map)) => Arc::new(cells_without(map, rows)?),
            _ => Arc::clone(column) as ArrayRef,
        })
    });
    let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, ArrowError>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The maps of the other rows; those of these are null. Made anew, so that nothing lies behind a null.
fn cells_without(map: &MapArray, rows: &[bool]) -> std::result::Result<MapArray, ArrowError> {
    let (keys, values) = (map.keys().as_string::<i32>(), map.values().as_string::<i32>());
    let mut kept = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for (row, gone) in rows.iter().enumerate() {
        if *gone || map.is_null(row) {
            kept.append(false)?;
            continue;
        }
        let ends = map.value_offsets();
        let at = |row: usize| ends.get(row).and_then(|end| usize::try_from(*end).ok()).unwrap_or(0);
        for entry in at(row)..at(row + 1) {
            kept.keys().append_value(keys.value(entry));
            kept.values().append_option(values.is_valid(entry).then(|| values.value(entry)));
        }
        kept.append(true)?;
    }
    Ok(kept.finish())
}

fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b StringArray> {
    batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(no_table)
}

fn no_table() -> Error {
    Error::new(ErrorKind::Archive, "it isn't a table of faults")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDate;
    use object_store::memory::InMemory;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use uuid::Uuid;

    use super::super::faults_table::FaultsTable;
    use super::*;
    use crate::arrow::{BatchOptions, FaultBatches};
    use crate::redact::Redactor;
    use crate::report::reader::FaultReader;

    const REPORT: &str = "Reason,email,friend,note\n\
        Blocker,Zeno@Example.com,,x\n\
        Hard bounced,bo@example.net,ZENO@example.com,y\n\
        zeno@example.com,cy@example.org,,z\n\
        Moon,di@example.org,not only zeno@example.com,w\n\
        Moon of zeno,zeno@example.com,,v\n";

    /// The file of a report's faults.
    fn file(report: &str, contacts: &Contacts) -> Bytes {
        let options = BatchOptions::new("shop".parse().unwrap(), Uuid::from_u128(7), contacts.clone());
        let mut table = FaultsTable::new().unwrap();
        let mut batches = FaultBatches::new(&options, |batch| table.add(&batch));
        FaultReader::new(report.as_bytes()).drain_into(&mut batches).unwrap();
        batches.finish().unwrap();
        table.finish(contacts, &"ab".repeat(32)).unwrap().unwrap()
    }

    /// All that a file holds: its pages, unpacked, and its bytes as they are.
    fn bytes_of(file: &Bytes) -> Vec<u8> {
        let reader = SerializedFileReader::new(file.clone()).unwrap();
        let mut all = file.to_vec();
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).unwrap();
            for column in 0..group.num_columns() {
                let mut pages = group.get_column_page_reader(column).unwrap();
                while let Some(page) = pages.get_next_page().unwrap() {
                    all.extend_from_slice(page.buffer());
                }
            }
        }
        all.to_ascii_lowercase()
    }

    fn holds(file: &Bytes, text: &str) -> bool {
        memchr::memmem::find(&bytes_of(file), text.to_ascii_lowercase().as_bytes()).is_some()
    }

    /// Of each row: its label, its email, and its cells.
    type ReadRow = (String, Option<String>, Option<BTreeMap<String, Option<String>>>);

    fn rows(file: Bytes) -> Vec<ReadRow> {
        let mut rows = Vec::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let text = |name, row: usize| {
                let column = texts(&batch, name).unwrap();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            for row in 0..batch.num_rows() {
                let map = batch.column_by_name("columns").unwrap().as_map();
                let cells = map.is_valid(row).then(|| {
                    let entries = map.value(row);
                    let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
                    keys.iter().zip(values).map(|(key, value)| (key.unwrap().into(), value.map(Into::into))).collect()
                });
                rows.push((text("label", row).unwrap(), text("email", row), cells));
            }
        }
        rows
    }

    async fn archive(contacts: &Contacts) -> (Archive, Path) {
        let archive = Archive::create_in(Arc::new(InMemory::new()), "a", Some(contacts)).await.unwrap();
        let path = archive.layout.faults(NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(), Uuid::from_u128(7));
        archive.store.put(&path, file(REPORT, contacts).into()).await.unwrap();
        (archive, path)
    }

    #[tokio::test]
    async fn a_person_is_gone_from_every_byte() {
        for contacts in [Contacts::Keep, Contacts::Hash(Redactor::new("a key of some length").unwrap())] {
            let (archive, path) = archive(&contacts).await;
            let before = get(&*archive.store, &path).await.unwrap().unwrap();
            let hash = match &contacts {
                Contacts::Hash(redactor) => redactor.email("zeno@example.com"),
                _ => "zeno@example.com".into(),
            };
            assert!(holds(&before, &hash));
            let forgotten =
                archive.forget(["ZENO@example.com", "nobody@x"], &contacts, Utc::now(), false).await.unwrap();
            assert_eq!(forgotten, Forgotten { files: 1, rows: 4 }, "{contacts:?}");
            let after = get(&*archive.store, &path).await.unwrap().unwrap();
            if let Contacts::Hash(_) = contacts {
                assert!(!holds(&after, &hash));
                assert!(!holds(&after, "zeno@"));
            }
            assert_eq!(Footer::read(&after).unwrap(), Footer::read(&before).unwrap());
            let (before, after) = (rows(before), rows(after));
            let gone = [true, true, true, false, true];
            for ((before, after), gone) in before.into_iter().zip(after).zip(gone) {
                if gone {
                    let is_known = ["Blocker", "Hard bounced"].contains(&&*before.0);
                    let label = if is_known { &before.0 } else { REDACTED };
                    assert_eq!(after, (label.to_owned(), None, None));
                } else {
                    assert_eq!(after, before);
                }
            }
            // There is nothing left to do.
            let again = archive.forget(["zeno@example.com"], &contacts, Utc::now(), false).await.unwrap();
            assert_eq!(again, Forgotten::default());
        }
    }

    /// An email that is none is looked for where emails stand: in any other cell it is a word like another.
    #[tokio::test]
    async fn an_invalid_email_is_forgotten() {
        const REPORT: &str = "Reason,email,note\n\
            Invalid Email,Bad ,x\n\
            Blocker,bo@example.net,bad\n\
            Invalid Email,email,y\n\
            Blocker,cy@example.org,email\n";
        for contacts in [Contacts::Keep, Contacts::Hash(Redactor::new("a key of some length").unwrap())] {
            let archive = Archive::create_in(Arc::new(InMemory::new()), "a", Some(&contacts)).await.unwrap();
            let path = archive.layout.faults(NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(), Uuid::from_u128(7));
            archive.store.put(&path, file(REPORT, &contacts).into()).await.unwrap();
            let forgotten = archive.forget(["bad"], &contacts, Utc::now(), false).await.unwrap();
            assert_eq!(forgotten, Forgotten { files: 1, rows: 1 }, "{contacts:?}");
            let after = rows(get(&*archive.store, &path).await.unwrap().unwrap());
            assert_eq!(after[0], ("Invalid Email".to_owned(), None, None));
            assert!(after[1..].iter().all(|(_, email, cells)| email.is_some() && cells.is_some()), "{contacts:?}");
        }
    }

    #[tokio::test]
    async fn a_cell_that_holds_more_stays() {
        let (archive, path) = archive(&Contacts::Keep).await;
        archive.forget(["zeno@example.com"], &Contacts::Keep, Utc::now(), false).await.unwrap();
        let file = get(&*archive.store, &path).await.unwrap().unwrap();
        assert!(holds(&file, "not only zeno@example.com"));
    }

    #[tokio::test]
    async fn what_is_dropped_never_was_there() {
        let (archive, path) = archive(&Contacts::Drop).await;
        let file = get(&*archive.store, &path).await.unwrap().unwrap();
        for text in ["zeno", "bo@", "cy@", "@example", "friend", "not only"] {
            // The label `Moon of zeno` is kept, as one that isn't known to be a contact's.
            let is_label = text == "zeno";
            assert_eq!(holds(&file, text), is_label, "{text}");
        }
        assert!(holds(&file, "example.com") && holds(&file, "example.org"));
        let forgotten = archive.forget(["zeno@example.com"], &Contacts::Drop, Utc::now(), false).await.unwrap();
        assert_eq!(forgotten, Forgotten::default());
    }

    #[tokio::test]
    async fn what_is_hashed_never_was_there() {
        let contacts = Contacts::Hash(Redactor::new("a key of some length").unwrap());
        let (archive, path) = archive(&contacts).await;
        let file = get(&*archive.store, &path).await.unwrap().unwrap();
        for text in ["zeno", "bo@", "cy@", "@example", "Moon", "not only"] {
            assert!(!holds(&file, text), "{text}");
        }
        assert!(holds(&file, "friend") && holds(&file, "example.net"));
    }

    #[tokio::test]
    async fn not_while_faults_may_be_on_their_way() {
        let (archive, _) = archive(&Contacts::Keep).await;
        let claim = super::super::Claim {
            id: Uuid::from_u128(8).into(),
            date: NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
            claimed_at: DateTime::from_timestamp(1_773_100_800, 0).unwrap(),
            account: "shop".parse().unwrap(),
            protocol: crate::protocol::Protocol::Soap,
        };
        let path = archive.layout.claim(claim.id.uuid());
        archive.store.put(&path, claim.to_json().into()).await.unwrap();
        assert_eq!(archive.open_claims().await.unwrap(), std::slice::from_ref(&claim));
        let forget = async |seconds, anyway| {
            let now = claim.claimed_at + TimeDelta::seconds(seconds);
            archive.forget(["nobody@x"], &Contacts::Keep, now, anyway).await.map_err(|error| error.kind())
        };
        assert_eq!(forget(86_399, false).await, Err(ErrorKind::Archive));
        assert_eq!(forget(86_399, true).await, Ok(Forgotten::default()));
        assert_eq!(forget(86_400, false).await, Ok(Forgotten::default()));
    }

    #[tokio::test]
    async fn another_key_forgets_nobody() {
        let (archive, _) = archive(&Contacts::Hash(Redactor::new("a key of some length").unwrap())).await;
        for other in [Contacts::Keep, Contacts::Drop, Contacts::Hash(Redactor::new("another key").unwrap())] {
            let error = archive.forget(["zeno@example.com"], &other, Utc::now(), false).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Archive);
        }
    }
}
