//! The reports that foreign programs are given, in our formats.

use std::fs;
use std::path::{Path, PathBuf};

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
