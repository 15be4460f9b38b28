//! The reports that foreign programs are given, in our formats.

use std::fs;
use std::path::{Path, PathBuf};

use dotdigital_faults::{ArchivedStatus, Protocol};

use crate::helpers::archive;
use crate::helpers::midnight;
use crate::helpers::program::printed;

const HOSTILE: &str = "Reason,email,country\n\
    \"<script>document.title='PWNED'</script>\",a@example.com,\"<img src=http://peer.invalid/x onerror=\"\"document.title='PWNED'\"\">\"\n\
    \"</title></style><script>document.title='PWNED'</script>\",b@example.com,\"back\\slash \"\"quote\"\" {brace}\"\n\
    Hard bounced,c@bücher.example,日本\n\
    Hard bounced,d@example.com\n";

/// What `faults summary` writes for these arguments.
pub fn summary(arguments: &[&str]) -> Vec<u8> {
    printed(&[&["summary"], arguments].concat()).into_bytes()
}

/// What `faults trends` writes of an archive with imports of each series, for each thing that trends are by.
pub fn trends_as(format: &str) -> Vec<Vec<u8>> {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let mut imports: Vec<_> = (0..40_u64)
        .map(|number| {
            let faults = [("Hard bounced", 10 + number * number % 17), ("Moon", number % 3)];
            let account = ["europe", "asia", "africa"][number as usize % 3];
            let contacts = (number % 5 > 0).then_some(1000 + 10 * number);
            archive::import(number.into(), account, archive::days_ago(number + number / 7), &faults, contacts)
        })
        .collect();
    imports.iter_mut().step_by(8).for_each(|import| import.protocol = Protocol::V3);
    imports[3] = archive::without_report(imports[3].clone(), ArchivedStatus::Expired);
    archive::make(folder.path(), &imports);
    let empty = folder.path().join("empty");
    archive::make(&empty, &[]);
    let (root, empty) = (folder.path().to_str().unwrap(), empty.to_str().unwrap());
    let by = ["day", "week", "month", "account", "reason"].map(|by| (root, by));
    let each = by.into_iter().chain([(empty, "day")]);
    each.map(|(root, by)| printed(&["trends", root, "--by", by, "--format", format]).into_bytes()).collect()
}

/// The hostile report in a folder.
pub fn hostile(folder: &Path) -> PathBuf {
    let path = folder.join("hostile.csv");
    fs::write(&path, HOSTILE).unwrap();
    path
}

/// Reports of all kinds, ungrouped and grouped.
pub fn cases(folder: &Path) -> Vec<Vec<String>> {
    let hostile = hostile(folder).display().to_string();
    let cases: [&[&str]; 6] = [
        &["fixtures/all-reasons.csv"],
        &["fixtures/empty.csv"],
        &["fixtures/all-reasons.csv", "fixtures/ragged.csv", "fixtures/documented.csv"],
        &["fixtures/all-reasons.csv", "--by", "country", "--top", "3"],
        &["fixtures/all-reasons.csv", &hostile, "--by", "country"],
        &[&hostile, "fixtures/other-wordings.csv", "--by", "domain"],
    ];
    cases.iter().map(|case| case.iter().map(|&argument| argument.to_owned()).collect()).collect()
}

pub fn summary_as(format: &str, case: &[String]) -> Vec<u8> {
    let mut arguments: Vec<_> = case.iter().map(String::as_str).collect();
    arguments.extend(["--format", format]);
    summary(&arguments)
}
