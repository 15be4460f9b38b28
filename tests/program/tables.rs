//! What people see in a terminal.

use serde_json::Value;

use crate::helpers::program::{command, faults, faults_on, out, with_input};

#[test]
fn reasons() {
    let output = faults(["reasons", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    let reasons = document["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 14);
    assert_eq!(reasons[5]["label"], "Hard bounced");
    assert_eq!(reasons[13]["reason"], "other");
    let table = faults(["reasons"]);
    for reason in reasons {
        assert!(out(&table).contains(reason["reason"].as_str().unwrap()));
    }
    assert!(out(&table).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn tables_fit_eighty_columns_and_have_no_colours_in_a_pipe() {
    for path in ["fixtures/all-reasons.csv", "fixtures/ragged.csv", "fixtures/joined.csv"] {
        let output = faults(["summary", path]);
        assert!(out(&output).lines().all(|line| line.chars().count() <= 80), "{}", out(&output));
        assert!(!out(&output).contains('\u{1b}'));
    }
    let colored = faults(["summary", "fixtures/ragged.csv", "--color", "always"]);
    assert!(out(&colored).contains('\u{1b}'));
    let forced = command(["summary", "fixtures/ragged.csv"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert_eq!(out(&forced), out(&colored));
    let never =
        command(["summary", "fixtures/ragged.csv", "--color=never"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(!out(&never).contains('\u{1b}'));
}

#[test]
fn a_table_is_safe_from_what_a_report_holds() {
    let mut report = "Reason,email\nx\u{1b}[31m\u{202e}\"\n\"a\nb\",c\n".to_owned();
    for number in 0..100 {
        report += &format!("unknown {number},a\n");
    }
    let output = faults_on(report.as_bytes(), ["summary", "-"]);
    let table = out(&output);
    assert!(!table.contains(['\u{1b}', '\u{202e}']), "{table}");
    assert!(table.contains(r"a\nb"), "{table}");
    assert!(table.contains("(63 further reasons)"), "{table}");
    assert!(table.contains("Why 102 contacts failed to import"), "{table}");
}

#[test]
fn nothing_failed() {
    for path in ["fixtures/empty.csv", "fixtures/empty-bom.csv", "fixtures/empty-header.csv", "fixtures/empty-null.txt"]
    {
        assert_eq!(out(&faults(["summary", path])), format!("No contact failed to import\n{path:?}\n"));
    }
}

#[test]
fn known_reasons_are_never_summed_up() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, known: &str| {
        let mut report = format!("Reason,email\n{known},known@example.com\n");
        for number in 0..50 {
            report += &format!("unknown {number},a{number}@example.com\n").repeat(2);
        }
        let path = folder.path().join(name);
        std::fs::write(&path, report).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let (old, new) = (write("old.csv", "Blocker"), write("new.csv", "Duplicate"));
    let table = faults(["summary", &old]);
    assert!(out(&table).contains("\n  Blocker "), "{}", out(&table));
    assert!(out(&table).contains("\n  (12 further reasons)     24 "), "{}", out(&table));
    // The same rule for each format that sums up.
    let markdown = faults(["summary", &old, "--format", "markdown"]);
    assert!(out(&markdown).contains("| (12 further reasons) | 24 |"), "{}", out(&markdown));
    let table = faults(["compare", &old, &new]);
    for line in ["\n  Blocker ", "\n  Duplicate ", "\n  (13 further reasons)       26       26        0\n"] {
        assert!(out(&table).contains(line), "{}", out(&table));
    }
}

#[test]
fn every_script_lines_up() {
    // What is wide takes two columns, and an accent that is written apart none.
    let report = "Reason,email\n漢字,a\ncafe\u{301},b\nsoft\u{ad}hyphen,c\n";
    let output = faults_on(report.as_bytes(), ["summary", "-"]);
    let table = out(&output);
    for line in [
        "\n  漢字                  1   33.3 %  ",
        "\n  cafe\u{301}                  1   33.3 %  ",
        "\n  soft\\u{ad}hyphen      1   33.3 %  ",
    ] {
        assert!(table.contains(line), "{table}");
    }
}

/// What nobody has seen before is shown as far as there is room for it.
#[test]
fn an_unknown_reason_uses_the_width_there_is() {
    let label = "a reason that nobody has seen before, told at length";
    let report = format!("Reason,email\n{label},a\nBlocker,b\n");
    let shown = |columns: &str| {
        let output = with_input(command(["summary", "-"]).env("COLUMNS", columns), report.as_bytes());
        let line = out(&output).lines().find(|line| line.starts_with("  a reason")).unwrap().to_owned();
        line.split("  ").nth(1).unwrap().to_owned()
    };
    // 80 columns have room for the remedy, a bar, and this.
    assert_eq!(shown("80"), "a reason that nobody has seen bef…");
}
