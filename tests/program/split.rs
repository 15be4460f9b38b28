//! `split`, `compare`, `--spreadsheet-safe`, `--redact` and `--fail-on`: what the program does with them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use dotdigital_faults::{Comparison, FaultReport, Redactor, Remedy, export};
use serde_json::{Value, json};

const KEY: &str = "DOTDIGITAL_REDACT_KEY";

fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faults"));
    command.args(arguments).env_remove(KEY).stdin(Stdio::null());
    command
}

fn faults<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    command(arguments).output().unwrap()
}

fn with_key(arguments: &[&str]) -> Output {
    command(arguments).env(KEY, "key").output().unwrap()
}

fn out(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    std::str::from_utf8(&output.stdout).unwrap()
}

fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The message of a failure, of which standard output must show nothing.
fn failure(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(2), "{}", said(output));
    assert_eq!(output.stdout, b"");
    said(output)
}

fn split(source: &str, dir: &Path, options: &[&str]) -> Output {
    let arguments = [OsStr::new("split"), source.as_ref(), "--dir".as_ref(), dir.as_os_str()];
    faults(arguments.into_iter().chain(options.iter().map(OsStr::new)))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn split_writes_a_file_for_each_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("to-do");
    let output = split("fixtures/all-reasons.csv", &dir, &[]);
    assert!(
        out(&output).starts_with("correct.csv           4  Correct the data and import it again.\n"),
        "{}",
        out(&output)
    );
    assert!(out(&output).lines().all(|line| line.chars().count() <= 80));
    assert_eq!(said(&output), "");
    assert_eq!(
        names(&dir),
        [
            "ask-consent.csv",
            "correct.csv",
            "ignore.csv",
            "investigate.csv",
            "lift-suppression.csv",
            "remove.csv",
            "retry-later.csv",
            "wait.csv"
        ]
    );
    // What is imported again has the upload's shape.
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(
        read("retry-later.csv"),
        "email,firstname,lastname,country\n\
         olga.petrova@example.com,Ольга,Петрова,BG\npaul.meyer@example.com,Paul,Meyer,CH\n"
    );
    assert!(read("correct.csv").starts_with("email,firstname,lastname,country\nana.lima@example,Ana,Lima,PT\n"));
    assert_eq!(
        read("lift-suppression.csv"),
        "Reason,email,firstname,lastname,country\nSuppressed by Domain,sara.lind@rival.example,Sara,Lind,SE\n\
         Suppressed by you,tom.hale@example.com,Tom,Hale,IE\n"
    );
    assert_eq!(names(folder.path()), ["to-do"], "nothing else is left");

    // Only the remedies that occur; the reason may stand in any column.
    let dir = folder.path().join("enrolment");
    out(&split("fixtures/enrolment.csv", &dir, &[]));
    assert_eq!(names(&dir), ["ask-consent.csv", "remove.csv"]);
    out(&split("fixtures/empty-header.csv", &folder.path().join("empty"), &[]));
    assert!(names(&folder.path().join("empty")).is_empty());
}

#[test]
fn split_overwrites_nothing_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("ignore.csv"), "mine").unwrap();
    fs::write(dir.join("wait.csv"), "mine too").unwrap();
    let output = split("fixtures/documented.csv", dir, &[]);
    let path = dir.join("ignore.csv");
    assert_eq!(
        failure(&output),
        format!(
            "faults: {path:?} exists already; nothing was written; name another folder, or allow to overwrite (--force)\n"
        )
    );
    assert_eq!(names(dir), ["ignore.csv", "wait.csv"]);
    assert_eq!(fs::read(&path).unwrap(), b"mine");

    let output = split("fixtures/documented.csv", dir, &["--force"]);
    out(&output);
    assert_eq!(names(dir), ["ask-consent.csv", "ignore.csv", "wait.csv"]);
    assert!(fs::read_to_string(&path).unwrap().starts_with("Reason,email"));
    assert_eq!(fs::read(dir.join("wait.csv")).unwrap(), b"mine too");
    assert!(said(&output).contains("wait.csv\" was there already, and is not of this report"));
}

#[test]
fn split_needs_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = split("fixtures/documented.csv", &file, &[]);
    assert_eq!(failure(&output), format!("faults: {file:?} can't be written: not a directory\n"));
    let missing = folder.path().join("no/such");
    let output = split("fixtures/documented.csv", &missing, &[]);
    assert!(failure(&output).contains("No such file or directory"), "{}", said(&output));
    // A folder where a file should be isn't replaced, whatever is forced.
    fs::create_dir(folder.path().join("ignore.csv")).unwrap();
    let output = split("fixtures/documented.csv", folder.path(), &["--force"]);
    assert!(failure(&output).contains("is a directory"), "{}", said(&output));
    assert_eq!(names(folder.path()), ["file", "ignore.csv"]);
    assert!(failure(&faults(["split", "fixtures/documented.csv"])).contains("--dir <DIR>"));
    // Nothing is made where the report can't be read.
    failure(&split("fixtures/error.json", &folder.path().join("new"), &[]));
    assert!(!folder.path().join("new").exists());
}

#[cfg(unix)]
#[test]
fn split_takes_paths_that_are_not_utf8_and_replaces_links_alone() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(OsStr::from_bytes(b"to-d\xf6"));
    out(&split("fixtures/documented.csv", &dir, &[]));
    assert_eq!(names(&dir), ["ask-consent.csv", "ignore.csv"]);
    // The usual permissions of the folder and of the files.
    let usual = folder.path().join("usual");
    fs::create_dir(&usual).unwrap();
    fs::write(usual.join("file"), "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&dir), mode(&usual));
    assert_eq!(mode(&dir.join("ignore.csv")), mode(&usual.join("file")));

    symlink(usual.join("file"), usual.join("ignore.csv")).unwrap();
    assert!(failure(&split("fixtures/documented.csv", &usual, &[])).contains("exists already"));
    out(&split("fixtures/documented.csv", &usual, &["--force"]));
    assert_eq!(fs::read(usual.join("file")).unwrap(), b"");
}

#[test]
fn gates() {
    let report = "fixtures/all-reasons.csv";
    for (arguments, slug) in [
        (&["summary", report, "--fail-on", "hard_bounced"][..], "hard_bounced=1 (5 in the report)"),
        (&["summary", report, "--format", "json", "--fail-on", "hard_bounced=5"], "hard_bounced=5 (5 in the report)"),
        (
            &["summary", report, "--fail-on=other", "--fail-on=blocker=2", "--fail-on=duplicate=3"],
            "other=1 (1 in the report), --fail-on duplicate=3 (3 in the report)",
        ),
        // The report counts, not the rows that are shown.
        (&["list", report, "--reason", "blocker", "--fail-on", "duplicate"], "duplicate=1 (3 in the report)"),
        // The newer report counts.
        (&["compare", "fixtures/documented.csv", report, "--fail-on", "blocker"], "blocker=1 (1 in the report)"),
    ] {
        let output = faults(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(said(&output), format!("faults: tripped: --fail-on {slug}\n"));
        let at = arguments.iter().position(|argument| argument.starts_with("--fail-on")).unwrap();
        assert_eq!(output.stdout, faults(&arguments[..at]).stdout, "the data is printed all the same");
    }
    for arguments in [
        &["summary", report, "--fail-on", "hard_bounced=6"][..],
        &["list", report, "--fail-on", "blocker=2"],
        &["compare", report, "fixtures/documented.csv", "--fail-on", "blocker"],
    ] {
        out(&faults(arguments));
    }
    for (gate, message) in [
        ("hard_bouncd", "a similar value exists: 'hard_bounced'"),
        ("hard_bouncd=2", "a similar value exists: 'hard_bounced'"),
        ("hard_bounced=", "COUNT is a whole number from 1 on"),
        ("hard_bounced=0", "COUNT is a whole number from 1 on"),
        ("hard_bounced=-1", "COUNT is a whole number from 1 on"),
        ("hard_bounced=many", "COUNT is a whole number from 1 on"),
        ("", "a value is required"),
    ] {
        for verb in [&["summary", report][..], &["list", report], &["compare", report, report]] {
            let output = faults(verb.iter().chain(&["--fail-on", gate]));
            assert!(failure(&output).contains(message), "{gate}: {}", said(&output));
        }
    }
}

#[test]
fn spreadsheet_safe_cells() {
    let output = faults(["list", "fixtures/formulas.csv", "--spreadsheet-safe"]);
    assert_eq!(
        out(&output),
        "Reason,email,firstname,phone\n\
         Invalid Email,'=1+1,\"'=HYPERLINK(\"\"http://example.com\"\",\"\"x\"\")\",'+31205550100\n\
         Duplicate,'@a@example.com,'-Ben,'-5\n"
    );
    let mut restored = Vec::new();
    export::restore_csv(&output.stdout[..], &mut restored).unwrap();
    assert_eq!(restored, fs::read("fixtures/formulas.csv").unwrap());
    let output = faults(["list", "fixtures/formulas.csv", "--spreadsheet-safe", "--format", "jsonl"]);
    assert!(failure(&output).contains("--spreadsheet-safe is for CSV"));

    let folder = tempfile::tempdir().unwrap();
    out(&split("fixtures/formulas.csv", folder.path(), &["--spreadsheet-safe"]));
    assert!(
        fs::read_to_string(folder.path().join("correct.csv")).unwrap().starts_with("email,firstname,phone\n'=1+1,")
    );
}

#[test]
fn redacted_cells() {
    let redactor = Redactor::new("key").unwrap();
    let output = with_key(&["list", "fixtures/documented.csv", "--redact"]);
    let email = redactor.email("demo@apiconnector.com");
    let row = out(&output).lines().nth(2).unwrap();
    let cells: Vec<_> = row.split(',').collect();
    assert_eq!(cells[..3], ["Duplicate", &redactor.email("demo@example.com"), &redactor.cell("Demo")]);
    assert_eq!(cells[2], cells[3], "equal cells stay equal");
    assert_ne!(cells[1], email);

    let output = with_key(&["list", "fixtures/ragged.csv", "--redact", "--redact-keep-domains", "--format", "jsonl"]);
    for (line, plain) in out(&output).lines().zip(fs::read_to_string("fixtures/ragged.csv").unwrap().lines().skip(1)) {
        let line: Value = serde_json::from_str(line).unwrap();
        let email = line["email"].as_str();
        assert!(email.is_none_or(|email| email.starts_with('h') && email.ends_with("@example.com")), "{line}");
        for cell in plain.split(',').skip(1).filter(|cell| !cell.is_empty()) {
            assert!(!line.to_string().contains(cell), "{line} has {cell}");
        }
    }

    // An unknown reason may be anything, and so may a header that names nothing that we know.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.csv");
    fs::write(&path, "Ann,Example\nann@example.com,0612345678\nBlocker,ben\n").unwrap();
    let list = |format: &str| {
        let output = command(["list", "--redact", "--format", format]).arg(&path).env(KEY, "key").output().unwrap();
        out(&output).to_owned()
    };
    let (reason, cell) = (redactor.cell("ann@example.com"), redactor.email("0612345678"));
    let ben = redactor.email("ben");
    assert_eq!(list("csv"), format!("column_1,column_2\n{reason},{cell}\nBlocker,{ben}\n"));
    let line: Value = serde_json::from_str(list("jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(
        line,
        json!({"line": 2, "reason": "other", "label": reason, "remedy": "investigate", "email": cell,
               "columns": {"column_1": reason, "column_2": cell}})
    );
}

#[test]
fn redaction_needs_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, key: &str| {
        let path = folder.path().join(name);
        fs::write(&path, key).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let list = &["list", "fixtures/documented.csv", "--redact"];
    let expected = with_key(list);
    assert!(failure(&faults(list)).contains("--redact needs a key in DOTDIGITAL_REDACT_KEY, or in a file"));
    assert!(failure(&command(list).env(KEY, "").output().unwrap()).contains("--redact needs a key"));
    for (name, key) in [("plain", "key"), ("lf", "key\n"), ("crlf", "key\r\n")] {
        let file = path(name, key);
        let output = faults(list.iter().copied().chain(["--redact-key-file", &file]));
        assert_eq!(out(&output), out(&expected));
        // A file that is named counts, whatever the environment says.
        let output = command(list).args(["--redact-key-file", &file]).env(KEY, "other").output().unwrap();
        assert_eq!(out(&output), out(&expected));
    }
    let two = path("two", "key\n\n");
    assert_ne!(out(&faults(list.iter().copied().chain(["--redact-key-file", &two]))), out(&expected));
    for key in ["", "\n"] {
        let file = path("empty", key);
        let output = command(list).args(["--redact-key-file", &file]).env(KEY, "key").output().unwrap();
        assert!(failure(&output).contains("is empty"));
    }
    let output = faults(list.iter().copied().chain(["--redact-key-file", "no/such"]));
    assert!(failure(&output).contains("No such file or directory"));
    failure(&faults(["list", "fixtures/documented.csv", "--redact-key-file", "x"]));
    failure(&faults(["list", "fixtures/documented.csv", "--redact-keep-domains"]));
    // Split, too, and before anything is written.
    let dir = folder.path().join("dir");
    assert!(failure(&split("fixtures/documented.csv", &dir, &["--redact"])).contains("needs a key"));
    assert!(!dir.exists());
    let plain = path("plain", "key");
    out(&split("fixtures/documented.csv", &dir, &["--redact", "--redact-key-file", &plain]));
    let row = fs::read_to_string(dir.join("ignore.csv")).unwrap();
    assert!(row.contains(out(&expected).lines().nth(2).unwrap()));
}

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
    assert_eq!(document["contacts"], json!({"newly_failing": 1, "recovered": 1, "changed": 2, "unchanged": 1}));
    assert_eq!(document["without_email"], json!({"old": 1, "new": 0}));
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
    assert_eq!(emails, ["a@example.com", "bad", "c@example.com", "d@example.com"]);

    let table = faults(["compare", &old, &new]);
    assert!(!out(&table).contains("@"));
    assert!(out(&table).contains("Soft bounced → Hard bounced"));
    assert!(out(&table).contains("Duplicate ×2 → Duplicate"));
    assert!(out(&table).lines().all(|line| line.chars().count() <= 80));
    assert!(out(&faults(["compare", &old, &new, "--contacts"])).contains("d@example.com  Unsubscribed"));
    for format in ["table", "json"] {
        let output = with_key(&["compare", &old, &new, "--contacts", "--redact", "--format", format]);
        assert!(!out(&output).contains("@"));
        assert!(out(&output).contains(&Redactor::new("key").unwrap().email("d@example.com")), "{}", out(&output));
    }
    assert!(out(&faults(["compare", &old, &old])).starts_with("Nothing changed\n"));
    assert!(failure(&faults(["compare", "-", "-"])).contains("standard input can be read once only"));
    failure(&faults(["compare", &old]));
}

#[test]
fn the_library_says_what_the_program_prints() {
    let read = |path: &str| FaultReport::from_bytes(fs::read(path).unwrap()).unwrap();
    let (old, new) = (read("fixtures/all-reasons.csv"), read("fixtures/a-week-later.csv"));
    let options = export::WriteOptions::new().contacts(true);
    let mut document = Vec::new();
    export::comparison_to_json(&Comparison::new(&old, &new), &options, &mut document).unwrap();
    let output =
        faults(["compare", "fixtures/all-reasons.csv", "fixtures/a-week-later.csv", "--format=json", "--contacts"]);
    assert_eq!(out(&output).as_bytes(), document);

    let folder = tempfile::tempdir().unwrap();
    out(&split("fixtures/all-reasons.csv", folder.path(), &[]));
    for remedy in Remedy::iter() {
        let mut csv = Vec::new();
        export::remedy_to_csv(&old, remedy, &export::WriteOptions::new(), &mut csv).unwrap();
        assert_eq!(fs::read(folder.path().join(export::remedy_file_name(remedy))).unwrap(), csv);
    }
}
