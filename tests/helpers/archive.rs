//! Archives that are made without a service.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, Days, NaiveDate, Utc};
use dotdigital_faults::archive::Archive;
use dotdigital_faults::arrow::Contacts;
use dotdigital_faults::{__private, ArchivedImport, ArchivedStatus, FailureReason, Protocol, ReportId};
use uuid::Uuid;

/// The day of UTC so many days ago. A test that asks for it more than once, or whose program asks what day it is, keeps away
/// from midnight first.
pub fn days_ago(days: u64) -> NaiveDate {
    DateTime::<Utc>::from(SystemTime::now()).date_naive().checked_sub_days(Days::new(days)).unwrap()
}

/// An import that was archived, with faults by reason, and so many contacts, if they are known.
pub fn import(
    number: u128,
    account: &str,
    date: NaiveDate,
    faults: &[(&str, u64)],
    contacts: Option<u64>,
) -> ArchivedImport {
    let id = ReportId::Import(Uuid::from_u128(number));
    let (account, at) = (account.parse().unwrap(), DateTime::from_timestamp(1_773_100_800, 0).unwrap());
    let mut import = ArchivedImport::new(account, id, Protocol::Soap, date, at, ArchivedStatus::Archived);
    import.reasons = faults.iter().map(|(reason, count)| (FailureReason::from(*reason), *count)).collect();
    import.total = Some(faults.iter().map(|(_, count)| count).sum());
    let failed = import.failed().unwrap();
    import.service = contacts.map(|contacts| {
        BTreeMap::from([("newContacts".to_owned(), contacts - failed), ("updatedContacts".to_owned(), 0)])
    });
    import
}

/// The same, of which no report was had.
pub fn without_report(mut import: ArchivedImport, status: ArchivedStatus) -> ArchivedImport {
    (import.status, import.total, import.service) = (status, None, None);
    import.reasons.clear();
    import
}

/// Makes an archive that drops contact data, of these imports.
pub fn make(root: &Path, imports: &[ArchivedImport]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Archive::create(root.to_str().unwrap(), Some(&Contacts::Drop))).unwrap();
    for import in imports {
        let day = root.join(format!("counts_v1/date={}", import.date));
        fs::create_dir_all(&day).unwrap();
        // Whole from the first moment, as a collect puts it: the archive may be read already.
        let (part, name) = (root.join("part"), format!("{}.parquet", import.id.uuid()));
        fs::write(&part, __private::counts_file(import).unwrap()).unwrap();
        fs::rename(part, day.join(name)).unwrap();
    }
}

/// Puts the claim of an import.
pub fn claim(root: &Path, number: u128, account: &str, claimed_at: SystemTime) {
    let at = DateTime::<Utc>::from(claimed_at);
    let claim = serde_json::json!({
        "schema": 1, "date": at.date_naive(), "claimed_at": at.to_rfc3339(), "account": account,
        "kind": "contact_import", "protocol": "soap",
    });
    let claims = root.join("claims");
    fs::create_dir_all(&claims).unwrap();
    fs::write(claims.join(format!("{}.json", Uuid::from_u128(number))), claim.to_string()).unwrap();
}
