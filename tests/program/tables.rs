//! What people see in a terminal.

use serde_json::Value;

use crate::helpers::program::{command, faults, faults_on, out, with_input};

#[test]
fn reasons() {
    let output = faults(["reasons", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    let reasons = document["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 25);
    assert_eq!(reasons[5]["label"], "Hard bounced");
    assert_eq!(reasons[24]["reason"], "other");
    for (reason, reports) in [
        (3, &["import", "import_v3"][..]),
        (4, &["import", "enrolment"]),
        (5, &["import"]),
        (13, &["import_v3"]),
        (23, &["enrolment"]),
        (24, &[]),
    ] {
        assert_eq!(reasons[reason]["reports"], Value::from(reports.to_vec()), "{}", reasons[reason]["reason"]);
    }
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

/// What `faults list` prints on a terminal of that width.
#[cfg(unix)]
fn on_terminal(report: &[u8], width: usize, options: &str) -> String {
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    std::fs::write(&path, report).unwrap();
    let program = crate::helpers::program::path();
    let line = format!("stty rows 40 cols {width}; {program:?} list {path:?} {options}");
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1").stdin(std::process::Stdio::null());
    let output = script.output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

#[cfg(target_os = "linux")]
#[test]
fn rows_on_a_terminal_fit_its_width() {
    let report = "Reason,email,city,note\n\
        Hard bounced,a.very.long.address@mail.example.com,Amsterdam,a note of more words than there is room for\n\
        Blocker,b@example.com,\u{202e}漢字漢字漢字漢字,\"two\nlines\u{1b}[31m\"\n";
    let wide = on_terminal(report.as_bytes(), 120, "");
    assert_eq!(
        wide.lines().collect::<Vec<_>>(),
        [
            "Reason        email                                 city                      note",
            "Hard bounced  a.very.long.address@mail.example.com  Amsterdam                 a note of more words than there is room…",
            "Blocker       b@example.com                         \\u{202e}漢字漢字漢字漢字  two\\nlines\\u{1b}[31m",
        ]
    );
    for width in [40, 60, 80] {
        let table = on_terminal(report.as_bytes(), width, "");
        assert!(table.contains("a.very.long.address@mail.example.com"), "{width}: {table}");
        assert!(table.lines().all(|line| unicode_width(line) <= width.max(50)), "{width}: {table}");
        assert!(!table.contains('\u{1b}') && !table.contains('\u{202e}'), "{width}: {table:?}");
    }
    assert!(on_terminal(report.as_bytes(), 80, "--format csv").starts_with("Reason,email,city,note\n"));
    assert!(on_terminal(report.as_bytes(), 80, "--format xlsx").contains("can't be shown on a terminal"));
    // Elsewhere it is asked for.
    let table = faults_on(report.as_bytes(), ["list", "-", "--format", "table"]);
    assert!(out(&table).starts_with("Reason        email "), "{}", out(&table));
}

/// How many columns a line takes, of the characters that stand in these reports.
fn unicode_width(line: &str) -> usize {
    line.chars().map(|character| if ('\u{4e00}'..='\u{9fff}').contains(&character) { 2 } else { 1 }).sum()
}

#[test]
fn rows_behind_the_first_ones_are_shown_as_they_come() {
    let mut report = "Reason,email,town\n".to_owned();
    for row in 0..150 {
        report += &format!("Blocker,{row}@example.com,Faro\n");
    }
    report += "Blocker,a.much.longer.one@example.com,a town whose name is long\nBlocker,c@example.com\n";
    let output = faults_on(report.as_bytes(), ["list", "-", "--format", "table"]);
    let lines: Vec<_> = out(&output).lines().collect();
    assert_eq!(lines.len(), 153);
    assert_eq!(lines[0], "Reason   email           town");
    assert_eq!(lines[100], "Blocker  99@example.com  Faro");
    assert_eq!(lines[150], "Blocker  149@example.com  Faro");
    assert_eq!(lines[151], "Blocker  a.much.longer.one@example.com  a t…");
    assert_eq!(lines[152], "Blocker  c@example.com");
}

#[test]
fn columns_that_have_no_room_are_told_of() {
    let names: String = (0..40).map(|column| format!(",column number {column}")).collect();
    let report = format!("Reason,email{names}\nBlocker,a@example.com{}\n", ",some text".repeat(40));
    let output = faults_on(report.as_bytes(), ["list", "-", "--format", "table"]);
    let lines: Vec<_> = out(&output).lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
    assert!(
        lines[1].contains("a@example.com") && lines[2].starts_with("… and 3") && lines[2].ends_with("more columns"),
        "{lines:?}"
    );
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
