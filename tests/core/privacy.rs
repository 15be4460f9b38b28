//! What is printed of whom.

use dotdigital_faults::ReasonCounter;
use serde::Deserialize;

use crate::helpers::report::report;

#[test]
fn nothing_printed_for_programmers_holds_contact_data() {
    let report =
        report("Reason,email,first\nBlocker,secret@example.com,Secret\nsecret@example.com,Secret@\nMoon,secret@\n");
    let mut said =
        format!("{report:?} {:?} {:?} {:?}", report.faults(), report.counts(), report.group_by("email").unwrap());
    for fault in &report {
        said += &format!("{fault:?} {:?} {:?}", fault.columns(), fault.reason());
    }
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "first")]
        _first: u32,
    }
    said += &format!("{:?}", report.deserialize::<Row>());
    for row in report.deserialize::<Row>() {
        let error = row.err().unwrap();
        said += &format!("{error} {error:?}");
    }
    assert!(!said.to_lowercase().contains("secret"), "{said}");
    assert!(said.contains(r#"Fault { line: 3, reason: "other", anomalies: {"short_row"} }"#), "{said}");
    assert!(said.contains("Other(<18 bytes>)"), "{said}");
}

#[test]
fn what_counts_shows_its_name_alone() {
    let mut counter = ReasonCounter::new();
    counter.feed(b"Reason,email\nBlocker,secret@example.com\n").unwrap();
    assert_eq!(format!("{counter:?}"), "ReasonCounter { .. }");
}

#[cfg(all(feature = "split", feature = "table", feature = "xlsx"))]
#[test]
fn what_writes_faults_shows_none_of_them() {
    use dotdigital_faults::FaultSink;
    use dotdigital_faults::export::{Csv, JsonLines, RowsTable, Split, SplitOptions, TableOptions, WriteOptions, Xlsx};

    let report = report("Reason,email,secret\nBlocker,secret@example.com,Secret\n");
    let folder = tempfile::tempdir().unwrap();
    let options = WriteOptions::new();
    let mut csv = Csv::new(Vec::new(), &options);
    let mut lines = JsonLines::new(Vec::new(), &options);
    let mut table = RowsTable::new(Vec::new(), &options, &TableOptions::new());
    let mut xlsx = Xlsx::new(Vec::new(), &options);
    let mut split = Split::new(folder.path(), &SplitOptions::new().unique(true)).unwrap();
    for fault in &report {
        let sinks: [&mut dyn FaultSink; 5] = [&mut csv, &mut lines, &mut table, &mut xlsx, &mut split];
        sinks.into_iter().for_each(|sink| sink.fault(&fault).unwrap());
    }
    let said = format!("{csv:?} {lines:?} {table:?} {xlsx:?} {split:?}");
    assert!(!said.to_lowercase().contains("secret") && !said.contains("115, 101, 99"), "{said}");
}
