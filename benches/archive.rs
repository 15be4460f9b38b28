//! Trends over an archive of many imports: how long they take, and how much memory.
//!
//! ```console
//! $ cargo bench --bench archive --features archive -- [IMPORTS] [FOLDER]
//! ```
//!
//! It makes an archive of so many imports (100,000) of 2,000 accounts, filed under the last 90 days, in a folder that is
//! there afterwards if it was named, and reads it three times.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime};

use chrono::{DateTime, Days, NaiveDate, Utc};
use dotdigital_faults::archive::Archive;
use dotdigital_faults::arrow::Contacts;
use dotdigital_faults::{
    __private, ArchivedImport, ArchivedStatus, FailureReason, Protocol, ReportId, TrendBy, TrendsOptions,
};
use uuid::Uuid;

const ACCOUNTS: u64 = 2_000;
const DAYS: u64 = 90;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let imports = arguments.first().map_or(Ok(100_000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments.get(1).map_or(temporary.path(), Path::new);
    let today = DateTime::<Utc>::from(SystemTime::now()).date_naive();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;

    let begun = Instant::now();
    let location = folder.to_str().ok_or("a folder whose name is no text")?;
    let archive = runtime.block_on(Archive::create(location, Some(&Contacts::Drop)))?;
    (0..imports).try_for_each(|number| put(folder, &import(number, today)))?;
    println!("{imports} imports made in {:.1?}", begun.elapsed());

    for by in [TrendBy::Day, TrendBy::Account, TrendBy::Reason] {
        let begun = Instant::now();
        let trends = runtime.block_on(archive.trends(&TrendsOptions::new().by(by), today))?;
        println!("by {by}: {} rows in {:.2?}, peak memory {}", trends.rows().len(), begun.elapsed(), peak());
    }
    Ok(())
}

/// An import of about three reasons, unlike the others.
fn import(number: u64, today: NaiveDate) -> ArchivedImport {
    let date = today.checked_sub_days(Days::new(number % DAYS)).unwrap_or(today);
    let account = format!("account-{}", number / DAYS % ACCOUNTS).parse().expect("it is a name");
    let id = ReportId::Import(Uuid::from_u128(u128::from(number) << 64 | 0x4000_8000_0000_0000_0000));
    let at = DateTime::from_timestamp_micros(1_773_100_800_000_000 + number as i64).expect("it is an instant");
    let mut import = ArchivedImport::new(account, id, Protocol::Rest, date, at, ArchivedStatus::Archived);
    let count = |factor: u64| number.wrapping_mul(factor) % 500 + 1;
    let reasons = FailureReason::iter().skip(number as usize % 8).step_by(2).take(2 + number as usize % 3);
    import.reasons = reasons.zip([31, 17, 7, 3]).map(|(reason, factor)| (reason, count(factor))).collect();
    import.total = Some(import.reasons.iter().map(|(_, count)| count).sum());
    import.anomalies = [("short_row".to_owned(), number % 3)].into();
    import.service = Some(
        [("newContacts", 10_000), ("updatedContacts", 5_000), ("globallySuppressed", 7), ("invalidEntries", 9)]
            .map(|(name, figure)| (name.to_owned(), figure + count(41)))
            .into(),
    );
    import.report_sha256 = Some(format!("{number:064x}"));
    import.report_bytes = Some(count(99) * 64);
    import
}

/// Puts an import's file where a collect would.
fn put(folder: &Path, import: &ArchivedImport) -> Result<(), Box<dyn Error>> {
    let day = folder.join(format!("counts_v1/date={}", import.date));
    fs::create_dir_all(&day)?;
    Ok(fs::write(day.join(format!("{}.parquet", import.id.uuid())), __private::counts_file(import)?)?)
}

/// The most memory that the process has had, as Linux tells it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}
