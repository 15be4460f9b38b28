//! What is printed of whom.

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
