//! The files that `faults split` writes, and the reports for it.

use std::fs;
use std::path::{Path, PathBuf};

use dotdigital_faults::{FaultReport, Remedy, export};

/// All that is in a folder, hidden or not.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A report with a few remedies; 20,000 rows are some hundred KiB.
pub fn large_report(folder: &Path, rows: usize) -> PathBuf {
    let path = folder.join("report.csv");
    let mut report = "Reason,email\n".to_owned();
    for row in 0..rows {
        let reason = ["Invalid Email", "Blocker", "Duplicate", "Soft bounced"][row % 4];
        report += &format!("{reason},contact.{row}@example.com\n");
    }
    fs::write(&path, report).unwrap();
    path
}

/// The files as they should be.
pub fn whole(report: &Path) -> Vec<(String, Vec<u8>)> {
    let report = FaultReport::from_bytes(fs::read(report).unwrap()).unwrap();
    let files = Remedy::iter().filter(|&remedy| report.counts().get_remedy(remedy) > 0).map(|remedy| {
        let mut csv = Vec::new();
        export::remedy_to_csv(&report, remedy, &export::WriteOptions::new(), &mut csv).unwrap();
        (export::remedy_file_name(remedy), csv)
    });
    files.collect()
}
