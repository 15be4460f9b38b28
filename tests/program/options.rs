//! How a report is read, where the reader says so: separators, columns, other headers.

use serde_json::Value;

use crate::helpers::program::{failure, faults, faults_on, out};

#[test]
fn columns_and_separators_that_are_named() {
    let report = b"Address|Why|Reason\nann@example.com|Hard bounced|x\nbob@example.com|Moon|y\n";
    for arguments in [
        &["--separator", "pipe", "--reason-column", "why", "--email-column", "ADDRESS"][..],
        &["--reason-column=2", "--email-column=1"],
        &["--reason-column", " Why ", "--email-column=1"],
    ] {
        let run = |verb: &[&str]| faults_on(report, verb.iter().chain(arguments));
        let summary = run(&["summary", "-", "--format", "json"]);
        let document: Value = serde_json::from_str(out(&summary)).unwrap();
        assert_eq!(document["reasons"][0]["reason"], "hard_bounced", "{arguments:?}");
        assert_eq!(document["total"], 2);
        let list = run(&["list", "-", "--reason", "other", "--format", "jsonl"]);
        let line: Value = serde_json::from_str(out(&list)).unwrap();
        assert_eq!((&line["label"], &line["email"]), (&"Moon".into(), &"bob@example.com".into()));
        // What is written has commas, whatever was read.
        assert_eq!(out(&run(&["list", "-", "--reason", "other"])), "Address,Why,Reason\nbob@example.com,Moon,y\n");
    }
}

#[test]
fn options_that_can_not_be_right() {
    let report = b"Reason,email\nBlocker,ann@example.com\n";
    for (option, expected) in [
        ("--reason-column=why", "the report has no column `why`"),
        ("--email-column=", "column"),
        ("--reason-column=3", "the report has no column 3: it has 2"),
        ("--reason-column=0", "0"),
        ("--email-column=99999999999999999999999", "99999999999999999999999"),
        ("--separator=;", "comma"),
        ("--separator=colon", "semicolon"),
    ] {
        for verb in ["summary", "list"] {
            let output = faults_on(report, [verb, "-", option]);
            let message = failure(&output, 2);
            assert!(message.contains(expected) && !message.contains("ann@"), "{option}: {message}");
        }
    }
}

#[test]
fn other_headers_are_written_where_they_begin() {
    let joined = b"Reason;email;town\nBlocker;ann@example.com;Faro\nemail;reason\nbob@example.com;Duplicate\n\
                   reason;EMAIL;town\nBlocker;cy@example.com;Oslo\n";
    let list = |arguments: &[&str]| out(&faults_on(joined, ["list", "-"].iter().chain(arguments))).to_owned();
    assert_eq!(
        list(&[]),
        "Reason,email,town\nBlocker,ann@example.com,Faro\nemail,reason\nbob@example.com,Duplicate\n\
         reason,EMAIL,town\nBlocker,cy@example.com,Oslo\n"
    );
    // Also one under which nothing stands that is wanted.
    assert_eq!(
        list(&["--reason", "duplicate"]),
        "Reason,email,town\nemail,reason\nbob@example.com,Duplicate\nreason,EMAIL,town\n"
    );
    let lines: Vec<Value> =
        list(&["--format", "jsonl"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["columns"], serde_json::json!({"email": "bob@example.com", "reason": "Duplicate"}));
    assert_eq!(lines[2]["columns"]["town"], "Oslo");
    // Read again, it is the same.
    assert_eq!(out(&faults_on(list(&[]).as_bytes(), ["list", "-"])), list(&[]));
}

#[test]
fn groups_by_a_column_that_one_header_has() {
    let joined = b"Reason,email\nBlocker,ann@example.com\nReason,email,town\nBlocker,bob@example.com,Faro\n\
                   Blocker,cy@example.com,\n";
    let output = faults_on(joined, ["summary", "-", "--by", "Town", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    let groups = document["groups"].as_array().unwrap();
    let mut told: Vec<_> =
        groups.iter().map(|group| (group["kind"].as_str().unwrap(), group["group"].as_str())).collect();
    told.sort_unstable();
    assert_eq!(told, [("absent", None), ("value", Some("")), ("value", Some("Faro"))]);
    assert_eq!(document["anomalies"], serde_json::json!({"other_header": 1}));
}

/// A wrong `--by` names columns, never all of many, and never a contact.
#[test]
fn a_group_by_no_column() {
    let names: String = (0..12_000).map(|column| format!(",a column with a long name and a number {column}")).collect();
    let wide = format!("Reason,email{names}\nBlocker,ann@example.com\n");
    for report in [&*wide, "Blocker,ann@example.com,Ann\n", "ann@example.com,Ann\nBlocker,bob@example.com\n"] {
        let output = faults_on(report.as_bytes(), ["summary", "-", "--by", "nowhere"]);
        let message = failure(&output, 2);
        assert!(message.len() < 1024 && message.contains("`nowhere`"), "{message}");
        assert!(!message.contains("ann@") && !message.contains("Ann"), "{message}");
    }
    let output = faults_on(wide.as_bytes(), ["summary", "-", "--by", &"long ".repeat(10_000)]);
    assert!(failure(&output, 2).len() < 1024);
}

/// What is written to standard output can't be taken back, and so nothing is before all has been read.
#[test]
fn a_strict_reading_that_fails_late_writes_nothing() {
    let rows = "Blocker,ann@example.com\n".repeat(50_000);
    let late = format!("Reason,email\n{rows}Duplicate\n");
    for format in ["csv", "jsonl"] {
        let output = faults_on(late.as_bytes(), ["list", "-", "--strict", "--format", format]);
        let message = failure(&output, 2);
        assert!(message.contains("line 50002: short_row"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.csv");
    std::fs::write(&path, late).unwrap();
    failure(&faults(["list", path.to_str().unwrap(), "--strict"]), 2);
}

/// Rows that would be joined when they are read again are kept apart.
#[test]
fn rows_that_look_torn_stay_apart() {
    let report = b"Reason,email,a,b\nMoon,a@x\nDuplicate,b@x,1,2\nSun,no at\n";
    let output = faults_on(report, ["list", "-", "--reason", "other", "--format", "csv"]);
    let again = faults_on(out(&output).as_bytes(), ["list", "-", "--format", "jsonl"]);
    let emails: Vec<_> = out(&again)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["email"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(emails, ["a@x", "no at"]);
}
