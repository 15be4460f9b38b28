//! `faults compare`: what has changed from one report to another.

use std::fs;

use dotdigital_faults::Redactor;
use serde_json::{Value, json};

use crate::helpers::program::{LEAST_KEY, failure, faults, out, with_key};

#[test]
fn compare_two_reports() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let old = write(
        "old.csv",
        "Reason,email\nSoft bounced,a@example.com\nBlocker,b@example.com\nDuplicate,c@example.com\n\
         Duplicate,c@example.com\nInvalid Email,\nInvalid Email,bad\n",
    );
    let new = write(
        "new.csv",
        "Reason,email,name\nHard bounced, A@Example.com ,x\nBlocker,B@example.com,y\nDuplicate,c@example.com,\n\
         Unsubscribed,d@example.com,\n",
    );
    let output = faults(["compare", &old, &new, "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!((&document["old"]["total"], &document["new"]["total"]), (&json!(6), &json!(4)));
    assert_eq!(
        document["reasons"][0],
        json!({"reason": "duplicate", "label": "Duplicate", "remedy": "ignore", "old": 2, "new": 1})
    );
    assert_eq!(document["contacts"], json!({"newly_failing": 1, "recovered": 0, "changed": 2, "unchanged": 1}));
    assert_eq!(document["without_email"], json!({"old": 2, "new": 0}));
    let duplicate = json!({"reason": "duplicate", "label": "Duplicate"});
    assert!(document["transitions"].as_array().unwrap().contains(&json!({
        "change": "changed", "before": [duplicate, duplicate], "after": [duplicate], "contacts": 1
    })));
    assert_eq!(document.get("changed_contacts"), None);
    assert!(!out(&output).contains("example.com"), "contacts are not printed unasked");

    let output = faults(["compare", &old, &new, "--format", "json", "--contacts"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    let contacts = document["changed_contacts"].as_array().unwrap();
    let emails: Vec<_> = contacts.iter().map(|contact| contact["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["a@example.com", "c@example.com", "d@example.com"]);

    let table = faults(["compare", &old, &new]);
    assert!(!out(&table).contains("@"));
    assert!(out(&table).contains("Soft bounced → Hard bounced"));
    assert!(out(&table).contains("Duplicate ×2 → Duplicate"));
    assert!(out(&table).lines().all(|line| line.chars().count() <= 80));
    assert!(out(&faults(["compare", &old, &new, "--contacts"])).contains("d@example.com  Unsubscribed"));
    assert_eq!(
        out(&faults(["compare", &old, &new, "--contacts", "--format", "csv"])),
        "email,change,before,after,before_label,after_label\n\
         a@example.com,changed,soft_bounced,hard_bounced,Soft bounced,Hard bounced\n\
         c@example.com,changed,duplicate; duplicate,duplicate,Duplicate; Duplicate,Duplicate\n\
         d@example.com,newly_failing,,unsubscribed,,Unsubscribed\n",
    );
    assert!(failure(&faults(["compare", &old, &new, "--format", "csv"]), 2).contains("hint: add --contacts"));
    for format in ["table", "json", "csv"] {
        let output = with_key(&["compare", &old, &new, "--contacts", "--redact", "--format", format]);
        assert!(!out(&output).contains("@"));
        assert!(out(&output).contains(&Redactor::new(LEAST_KEY).unwrap().email("d@example.com")), "{}", out(&output));
    }
    assert!(out(&faults(["compare", &old, &old])).starts_with("Nothing changed\n"));
    assert!(failure(&faults(["compare", "-", "-"]), 2).contains("standard input can be read once only"));
    failure(&faults(["compare", &old]), 2);
}
