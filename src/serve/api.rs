//! `/api/…`: flat records, for Grafana's Infinity and for scripts.

use chrono::SecondsFormat;
use serde::Serialize;

use super::query::Query;
use super::state::{Import, State};
use crate::archive::kind;
use crate::error::{Error, ErrorKind, Result};
use crate::tally::archived_import::{ArchivedStatus, Series};

/// A reason of an import, or an import without one.
#[derive(Serialize)]
struct Count<'a> {
    account: &'a str,
    kind: &'a str,
    import_id: String,
    date: String,
    reason: Option<&'a str>,
    label: Option<&'a str>,
    remedy: Option<&'a str>,
    count: Option<u64>,
    total: Option<u64>,
    protocol: &'a str,
    status: ArchivedStatus,
    archived_at: String,
}

/// An import.
#[derive(Serialize)]
struct Record<'a> {
    account: &'a str,
    kind: &'a str,
    series: Series,
    import_id: String,
    date: String,
    protocol: &'a str,
    status: ArchivedStatus,
    total: Option<u64>,
    contacts: Option<u64>,
    rate: Option<f64>,
    archived_at: String,
}

/// A record for each import and reason, the newest imports first; one without a reason where nothing failed or no report
/// was had, unless reasons are asked for.
pub(super) fn counts(state: &State, query: &Query) -> Result<Vec<u8>> {
    let reasons = query.filter();
    let counts = wanted(state, query).flat_map(|import| {
        let has_none = import.reasons().is_empty() && query.reasons.is_empty();
        let none = has_none.then_some((None, import.total().map(|_| 0)));
        let some = import.reasons().iter().filter(|(reason, _)| reasons.wants(reason));
        none.into_iter()
            .chain(some.map(|(reason, count)| (Some(reason), Some(*count))))
            .map(move |found| (import, found))
    });
    let counts = counts.take(query.limit).map(|(import, (reason, count))| Count {
        account: import.account().as_str(),
        kind: kind(import.id()),
        import_id: import.id().uuid().to_string(),
        date: import.date().to_string(),
        reason: reason.map(|reason| reason.slug()),
        label: reason.map(|reason| reason.label()),
        remedy: reason.map(|reason| reason.remedy().slug()),
        count,
        total: import.total(),
        protocol: import.protocol().as_str(),
        status: import.status(),
        archived_at: archived_at(import),
    });
    json(counts)
}

/// The rows of trends, as `faults trends --format json` has them.
pub(super) fn trends(state: &State, query: &Query) -> Result<Vec<u8>> {
    json(state.trends(query, query.by).rows().iter().take(query.limit))
}

/// A record for each import, the newest first; of reasons that are asked for, those in which one of them occurs.
pub(super) fn imports(state: &State, query: &Query) -> Result<Vec<u8>> {
    let reasons = query.filter();
    let has = |import: &&Import| {
        query.reasons.is_empty() || import.reasons().iter().any(|(reason, count)| *count > 0 && reasons.wants(reason))
    };
    let records = wanted(state, query).filter(has).take(query.limit).map(|import| {
        let archived = import.to_archived();
        let contacts = archived.contacts();
        let rate = archived.failed().zip(contacts).filter(|(_, contacts)| *contacts > 0);
        Record {
            account: import.account().as_str(),
            kind: kind(import.id()),
            series: import.series(),
            import_id: import.id().uuid().to_string(),
            date: import.date().to_string(),
            protocol: import.protocol().as_str(),
            status: import.status(),
            total: import.total(),
            contacts,
            rate: rate.map(|(failed, contacts)| failed as f64 / contacts as f64),
            archived_at: archived_at(import),
        }
    });
    json(records)
}

fn wanted<'a>(state: &'a State, query: &'a Query) -> impl Iterator<Item = &'a Import> {
    let first = query.trends(query.by).first_day(query.today);
    state.imports_since(first).filter(|import| query.wants_account(import.account()))
}

fn archived_at(import: &Import) -> String {
    import.archived_at().to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A bare array.
fn json<T: Serialize>(records: impl Iterator<Item = T>) -> Result<Vec<u8>> {
    let mut array = vec![b'['];
    for (index, record) in records.enumerate() {
        array.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut array, &record)
            .map_err(|error| Error::new(ErrorKind::Io, "a record can't be made JSON").caused_by(error))?;
    }
    array.extend_from_slice(b"\n]\n");
    Ok(array)
}
