//! The program: its options, its output, its exit codes.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use dotdigital_faults::FaultReport;
use serde_json::{Value, json};

fn faults<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faults")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn faults_on(input: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that doesn't read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    std::str::from_utf8(&output.stdout).unwrap()
}

/// The message of a failure, of which standard output must show nothing.
fn failure(output: &Output, code: i32) -> &str {
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(output.stdout, b"");
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn summary_as_json() {
    let report = "Reason,email\nInvalid entries,a\nHard bounced,b\nQuarantined by moon phase,c\nInvalid Email\n";
    let output = faults_on(report.as_bytes(), &["summary", "-", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(
        document,
        json!({
            "schema": 1,
            "import_id": null,
            "total": 4,
            "reasons": [
                {"reason": "invalid_email", "label": "Invalid Email", "count": 2, "share": 0.5, "remedy": "correct"},
                {"reason": "hard_bounced", "label": "Hard bounced", "count": 1, "share": 0.25, "remedy": "remove"},
                {"reason": "other", "label": "Quarantined by moon phase", "count": 1, "share": 0.25, "remedy": "investigate"},
            ],
            "anomalies": {"short_row": 1},
        })
    );
    assert_eq!(output.stderr, b"");
}

#[test]
fn shares_are_the_nearest_doubles() {
    let output =
        faults_on(b"Reason,email\nBlocker,a\nDuplicate,b\nDuplicate,c\n", &["summary", "-", "--format", "json"]);
    assert!(out(&output).contains("\"share\": 0.6666666666666666,"), "{}", out(&output));
}

#[test]
fn every_fixture_is_counted_as_the_library_does() {
    let mut fixtures = 0;
    for entry in fs::read_dir("fixtures").unwrap() {
        let path = entry.unwrap().path();
        let output = faults([OsStr::new("summary"), path.as_os_str(), "--format=json".as_ref()]);
        match FaultReport::from_bytes(fs::read(&path).unwrap()) {
            Ok(report) => {
                let document: Value = serde_json::from_str(out(&output)).unwrap();
                assert_eq!(document, serde_json::to_value(report.counts()).unwrap(), "{path:?}");
            }
            Err(error) => assert_eq!(failure(&output, 2), format!("faults: {path:?}: {error}\n")),
        }
        fixtures += 1;
    }
    assert!(fixtures > 20);
}

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
    // Without quotes, this row would be a blank line.
    let output = faults_on(b"Reason\nBlocker\n\" \"\n", &["list", "-"]);
    assert_eq!(out(&output), "Reason\nBlocker\n\" \"\n");
    let output = faults_on(b"\"{\",Reason\n1,Blocker\n", &["list", "-"]);
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
    let forced = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(["summary", "fixtures/ragged.csv"])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    assert_eq!(out(&forced), out(&colored));
    let never = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(["summary", "fixtures/ragged.csv", "--color=never"])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    assert!(!out(&never).contains('\u{1b}'));
}

#[test]
fn a_table_is_safe_from_what_a_report_holds() {
    let mut report = "Reason,email\nx\u{1b}[31m\u{202e}\"\n\"a\nb\",c\n".to_owned();
    for number in 0..100 {
        report += &format!("unknown {number},a\n");
    }
    let output = faults_on(report.as_bytes(), &["summary", "-"]);
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
fn bad_sources() {
    let cases: &[(&str, &str)] = &[
        ("fixtures", "faults: \"fixtures\" is a directory; name the file of a report\n"),
        (
            "no/such.csv",
            "faults: \"no/such.csv\" can't be read: No such file or directory (os error 2); a SOURCE is the path of a \
             saved report, or - for standard input\n",
        ),
        ("/proc/self/mem", "faults: \"/proc/self/mem\" can't be read: Input/output error (os error 5)\n"),
    ];
    for (source, message) in cases {
        for verb in ["summary", "list"] {
            let output = faults([verb, source]);
            let said = failure(&output, 2);
            // The library names what it couldn't read in words of its own.
            if verb == "summary" || !source.starts_with("/proc") {
                assert_eq!(said, *message);
            }
        }
    }
}

#[test]
fn usage_errors() {
    for arguments in [
        &["summary"][..],
        &["summary", "-", "--format", "xml"],
        &["list", "-", "--reason", "hard_bouncd"],
        &["list", "-", "--remedy", "other"],
        &["list", "-", "--format", "table"],
        &["nonsense"],
        &[],
    ] {
        let output = faults(arguments);
        assert!(!failure(&output, 2).is_empty(), "{arguments:?}");
    }
    let output = faults(["list", "-", "--reason", "hard_bouncd"]);
    assert!(failure(&output, 2).contains("a similar value exists: 'hard_bounced'"));
    assert_eq!(out(&faults(["--version"])), concat!("faults ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn strict_stops_at_the_first_anomaly() {
    for verb in ["summary", "list"] {
        let output = faults([verb, "--strict", "fixtures/ragged.csv"]);
        assert_eq!(
            failure(&output, 2),
            "faults: \"fixtures/ragged.csv\": line 2: short_row: the row has fewer fields than the header; the default \
             reading counts such a row and goes on\n"
        );
        assert_eq!(faults([verb, "--strict", "fixtures/documented.csv"]).status.code(), Some(0));
    }
}

#[test]
fn a_report_that_was_cut_off_is_counted_with_a_warning() {
    for verb in ["summary", "list"] {
        let output = faults([verb, "fixtures/cut-off.csv"]);
        assert!(out(&output).contains("Blocker"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("faults: \"fixtures/cut-off.csv\" ends in the middle of a row"), "{said}");
    }
}

#[test]
fn output_files_appear_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let output = faults([OsStr::new("list"), "fixtures/documented.csv".as_ref(), "-o".as_ref(), path.as_os_str()]);
    assert_eq!(out(&output), "");
    assert_eq!(fs::read(&path).unwrap(), fs::read("fixtures/documented.csv").unwrap());

    // What is there stays where the next one fails.
    let output = faults([OsStr::new("list"), "fixtures/error.json".as_ref(), "-o".as_ref(), path.as_os_str()]);
    failure(&output, 2);
    assert_eq!(fs::read(&path).unwrap(), fs::read("fixtures/documented.csv").unwrap());
    let output = faults([OsStr::new("summary"), "fixtures/ragged.csv".as_ref(), "--output".as_ref(), path.as_os_str()]);
    assert_eq!(out(&output), "");
    assert!(fs::read_to_string(&path).unwrap().starts_with("Why 4 contacts"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left");

    let output = faults([OsStr::new("reasons"), "-o".as_ref(), folder.path().as_os_str()]);
    assert!(failure(&output, 2).ends_with("is a directory; name a file\n"));
    let output = faults([OsStr::new("reasons"), "-o".as_ref(), folder.path().join("no/such").as_os_str()]);
    assert!(failure(&output, 2).contains("No such file or directory"));
    assert_eq!(out(&faults(["reasons", "-o", "/dev/null"])), "");
}

#[cfg(unix)]
#[test]
fn output_files_keep_links_and_usual_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    fs::write(&target, "old").unwrap();
    symlink(&target, &link).unwrap();
    let usual = fs::metadata(&target).unwrap().permissions().mode();
    out(&faults([OsStr::new("reasons"), "-o".as_ref(), link.as_os_str()]));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().starts_with("Globally Suppressed"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode(), usual);

    // A file that others must not read stays one.
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    out(&faults([OsStr::new("reasons"), "-o".as_ref(), target.as_os_str()]));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"r\xe9port.csv"));
    fs::copy("fixtures/documented.csv", &path).unwrap();
    assert!(out(&faults([OsStr::new("summary"), path.as_os_str()])).starts_with("Why 2 contacts"));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let mut report = b"Reason,email\n".to_vec();
    report.extend(b"Blocker,a@example.com\n".repeat(100_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    fs::write(&path, report).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_faults"))
        .arg("list")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_faults")).arg("reasons").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));
}
