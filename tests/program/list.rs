//! `faults list`: the rows, and which of them.

use std::fs;

use dotdigital_faults::export;
use serde_json::{Value, json};

use super::split::split;
use crate::helpers::program::{failure, faults, faults_on, out, said};

#[test]
fn list_as_csv() {
    let list = |options: &[&str]| {
        let output = faults(["list", "fixtures/all-reasons.csv"].iter().chain(options));
        out(&output).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list(&[]).join("\n") + "\n", fs::read_to_string("fixtures/all-reasons.csv").unwrap());
    assert_eq!(
        list(&["--reason", "blocker"]),
        ["Reason,email,firstname,lastname,country", "Blocker,gil.moreau@example.org,Gil,Moreau,FR"]
    );
    // The same option adds, different ones narrow.
    assert_eq!(list(&["--reason", "blocker", "--reason", "hard_bounced"]).len(), 1 + 6);
    assert_eq!(list(&["--remedy", "remove", "--remedy", "ignore"]).len(), 1 + 8 + 3);
    assert_eq!(list(&["--remedy", "remove", "--reason", "blocker", "--reason", "duplicate"]).len(), 1 + 1);
    assert_eq!(list(&["--reason", "other"]).len(), 1 + 1);
    assert_eq!(list(&["--remedy", "correct", "--reason", "blocker"]), ["Reason,email,firstname,lastname,country"]);
}

#[test]
fn reasons_and_formats_in_any_spelling() {
    let list = |options: &[&str]| out(&faults(["list", "fixtures/all-reasons.csv"].iter().chain(options))).to_owned();
    let expected = list(&["--reason", "blocker", "--reason", "hard_bounced"]);
    for reasons in [
        &["--reason", "Blocker,Hard bounced"][..],
        &["--reason", "hard-bounced", "--reason", "BLOCKER"],
        &["--reason=Hard bouncers,blocked", "--remedy", "Remove"],
        &["--reason", "HARD_BOUNCED,blocker", "--format", "CSV"],
    ] {
        assert_eq!(list(reasons), expected, "{reasons:?}");
    }
    assert_eq!(list(&["--reason", "Other"]), list(&["--reason", "other"]));
    assert_eq!(
        list(&["--remedy", "ask-consent,Lift Suppression"]),
        list(&["--remedy=ask_consent", "--remedy=lift_suppression"])
    );
    assert_eq!(list(&["--format", "JSONL"]), list(&["--format", "jsonl"]));
    let unknown = faults(["list", "fixtures/all-reasons.csv", "--reason", "blocker,moon"]);
    let message = failure(&unknown, 2);
    assert!(
        message.contains("invalid value 'moon'") && message.contains("globally_suppressed, invalid_email"),
        "{message}"
    );
}

#[test]
fn only_the_first_rows() {
    let report = b"Reason,email\nBlocker,a@x\nDuplicate,b@x\nBlocker,c@x\nReason,email,town\nBlocker,d@x\n";
    let list = |options: &[&str]| faults_on(report, ["list", "-"].iter().chain(options));
    assert_eq!(out(&list(&["--limit", "1"])), "Reason,email\nBlocker,a@x\n");
    assert_eq!(out(&list(&["--limit", "2", "--reason", "blocker"])), "Reason,email\nBlocker,a@x\nBlocker,c@x\n");
    assert_eq!(out(&list(&["--limit", "0"])), "Reason,email\n");
    assert_eq!(out(&list(&["--limit", "9", "--format", "jsonl"])).lines().count(), 4);
    // What is counted is the whole report.
    let output = list(&["--limit", "1", "--fail-on", "blocker=3"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("short_row (line 6)"), "{}", said(&output));
    failure(&list(&["--limit", "-1"]), 2);
}

#[test]
fn list_keeps_every_byte() {
    let output = faults(["list", "fixtures/invalid-utf8.csv"]);
    assert_eq!(output.stdout, fs::read("fixtures/invalid-utf8.csv").unwrap());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "faults: unusual, and read all the same: 1 invalid_utf8 (line 2): the row holds bytes that are not UTF-8\n"
    );
    assert_eq!(out(&faults(["list", "fixtures/formulas.csv"])), fs::read_to_string("fixtures/formulas.csv").unwrap());
    assert_eq!(out(&faults(["list", "fixtures/no-header.csv"])).lines().next(), Some("column_1,column_2,column_3"));
    assert_eq!(out(&faults(["list", "fixtures/empty.csv"])), "");
    assert_eq!(out(&faults(["list", "fixtures/empty-header.csv"])), "Reason,email,firstname\n");
    // Without quotes, this row would be a line of nothing but a byte order mark.
    let output = faults_on(b"Reason\nBlocker\n\"\xef\xbb\xbf\"\n", ["list", "-"]);
    assert_eq!(out(&output), "Reason\nBlocker\n\"\u{feff}\"\n");
    let output = faults_on(b"\"{\",Reason\n1,Blocker\n", ["list", "-"]);
    assert_eq!(out(&output), "\"{\",\"Reason\"\n1,Blocker\n");
}

#[test]
fn list_as_json_lines() {
    let list = |path: &str| {
        let output = faults(["list", path, "--format", "jsonl"]);
        out(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        list("fixtures/repeated-columns.csv"),
        [json!({
            "line": 2, "reason": "blocker", "label": "Blocker", "remedy": "remove", "email": "a@example.com",
            "columns": {
                "Reason": "Blocker", "email": "a@example.com", "note": "one", "note_3": "two", "note_2": "three", "": "four",
            },
        })]
    );
    let ragged = list("fixtures/ragged.csv");
    assert_eq!(
        ragged[0]["columns"],
        json!({"Reason": "Duplicate", "email": "a@example.com", "firstname": "Ann", "lastname": null})
    );
    assert_eq!(ragged[1]["columns"]["column_6"], "and more");
    assert_eq!(ragged[2]["email"], Value::Null);
    assert_eq!(list("fixtures/no-header.csv")[1]["columns"]["column_2"], "b@example.com");
    assert_eq!(list("fixtures/unquoted-line-break.csv")[0]["columns"]["firstname"], "Mary\nJane");

    // The order of the columns is the report's.
    let output = faults(["list", "fixtures/enrolment.csv", "--format", "jsonl"]);
    assert_eq!(
        out(&output).lines().next(),
        Some(
            r#"{"line":2,"reason":"unsubscribed","label":"Unsubscribed","remedy":"ask_consent","email":"a@example.com","columns":{"Id":"1001","Email":"a@example.com","TelephoneNumber":"","Reason":"Unsubscribed"}}"#
        )
    );
}

#[test]
fn spreadsheet_safe_cells() {
    let output = faults(["list", "fixtures/formulas.csv", "--spreadsheet-safe"]);
    assert_eq!(
        out(&output),
        "\u{feff}Reason,email,firstname,phone\n\
         Invalid Email,'=1+1,\"'=HYPERLINK(\"\"http://example.com\"\",\"\"x\"\")\",'+31205550100\n\
         Duplicate,'@a@example.com,'-Ben,'-5\n"
    );
    let mut restored = Vec::new();
    export::restore_csv(&output.stdout[..], &mut restored).unwrap();
    assert_eq!(restored, fs::read("fixtures/formulas.csv").unwrap());
    let output = faults(["list", "fixtures/formulas.csv", "--spreadsheet-safe", "--format", "jsonl"]);
    assert!(failure(&output, 2).contains("--spreadsheet-safe is for CSV"));

    let folder = tempfile::tempdir().unwrap();
    out(&split("fixtures/formulas.csv", folder.path(), &["--spreadsheet-safe"]));
    assert!(
        fs::read_to_string(folder.path().join("correct.csv"))
            .unwrap()
            .starts_with("\u{feff}email,firstname,phone\n'=1+1,")
    );
}
