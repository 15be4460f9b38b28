//! `faults compare`: what has changed from one report to another.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use dotdigital_faults::export::{self, TableOptions, WriteOptions};
use dotdigital_faults::sandbox::{Operation, Sandbox, Trouble};
use dotdigital_faults::{Comparison, FaultReport, Redactor};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::ID;
use crate::helpers::program::{self, LEAST_KEY, failure, faults, faults_on, out, with_input, with_key};

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

/// The order of emails and of unknown reasons tells something of them.
#[test]
fn what_is_redacted_stands_in_an_order_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, rows: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("Reason,email\n{rows}")).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let rows: String = ('a'..='p').map(|letter| format!("Moon {letter},{letter}@example.com\n")).collect();
    let (old, new) = (path("old.csv", ""), path("new.csv", &rows));
    let output = with_key(&["compare", &old, &new, "--contacts", "--redact", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    let texts = |pointer: fn(&Value) -> &Value, list: &str| -> Vec<String> {
        let list = document[list].as_array().unwrap();
        list.iter().map(|member| pointer(member).as_str().unwrap().to_owned()).collect()
    };
    for shown in [
        texts(|contact| &contact["email"], "changed_contacts"),
        texts(|reason| &reason["label"], "reasons"),
        texts(|transition| &transition["after"][0]["label"], "transitions"),
    ] {
        assert!(shown.len() == 16 && shown.is_sorted(), "{shown:?}");
    }
    let output = with_key(&["compare", &old, &new, "--contacts", "--redact", "--format", "csv"]);
    assert!(out(&output).lines().skip(1).is_sorted());
}

/// Reports of every kind that are compared with each other.
const PAIRS: [(&str, &str); 10] = [
    ("all-reasons.csv", "a-week-later.csv"),
    ("a-week-later.csv", "all-reasons.csv"),
    ("all-reasons.csv", "all-reasons.csv"),
    ("quoted.csv", "joined.csv"),
    ("semicolons.csv", "bars.csv"),
    ("invalid-utf8.csv", "unclosed-quote.csv"),
    ("empty.csv", "documented.csv"),
    ("no-header.csv", "enrolment.csv"),
    ("titled.csv", "formulas.csv"),
    ("v3-finished.json", "v3-odd.json"),
];

/// How the contacts are listed: the arguments, and whether the first lines tell the sources.
const LISTS: [(&[&str], bool); 6] = [
    (&[], true),
    (&["--format", "json"], false),
    (&["--format", "csv"], false),
    (&["--format", "csv", "--spreadsheet-safe"], false),
    (&["--format", "csv", "--redact"], false),
    (&["--redact"], true),
];

fn fixture(name: &str) -> String {
    format!("fixtures/{name}")
}

/// `faults compare --contacts`.
fn listing(old: &str, new: &str, arguments: &[&str]) -> Command {
    let mut command = program::command(["compare", old, new, "--contacts"]);
    command.args(arguments).env(program::KEY, LEAST_KEY);
    command
}

/// What it prints, without the lines that tell the sources.
fn without_sources(output: &Output, has_sources: bool) -> String {
    let printed = out(output);
    let is_source = |line: &&str| has_sources && (line.starts_with("from ") || line.starts_with("to   "));
    printed.split_inclusive('\n').filter(|line| !is_source(line)).collect()
}

/// What the library makes of two reports in memory, in the order of [`LISTS`].
fn in_memory(old: &str, new: &str) -> [String; 6] {
    let [old, new] = [old, new].map(|name| FaultReport::from_path(fixture(name)).unwrap());
    let comparison = Comparison::new(&old, &new);
    let redactor = || Redactor::new(LEAST_KEY).unwrap();
    let (write, table) = (WriteOptions::new().contacts(true), TableOptions::new().contacts(true));
    let text = |write: &dyn Fn(&mut Vec<u8>) -> dotdigital_faults::Result<()>| {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    [
        text(&|out| export::comparison_to_table(&comparison, &table, out)),
        text(&|out| export::comparison_to_json(&comparison, &write, out)),
        text(&|out| export::comparison_to_csv(&comparison, &write, out)),
        text(&|out| export::comparison_to_csv(&comparison, &write.clone().spreadsheet_safe(true), out)),
        text(&|out| export::comparison_to_csv(&comparison, &write.clone().redact(redactor()), out)),
        text(&|out| export::comparison_to_table(&comparison, &table.clone().redact(redactor()), out)),
    ]
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn contacts_are_listed_as_of_reports_in_memory() {
    for (old, new) in PAIRS {
        for ((arguments, has_sources), expected) in LISTS.into_iter().zip(in_memory(old, new)) {
            let output = listing(&fixture(old), &fixture(new), arguments).output().unwrap();
            assert_eq!(without_sources(&output, has_sources), expected, "{old} {new} {arguments:?}");
        }
    }
}

/// What can be read once only, and what is unpacked while it is read.
#[test]
fn contacts_of_every_source() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("only.csv.gz");
    let pipe = if cfg!(target_os = "linux") { "/dev/stdin" } else { "-" };
    for (old, new) in PAIRS {
        let bytes = [old, new].map(|name| fs::read(fixture(name)).unwrap());
        let [_, _, csv, ..] = in_memory(old, new);
        let (old, new) = (fixture(old), fixture(new));
        let list = |old: &str, new: &str, input: &[u8]| {
            let output = with_input(&mut listing(old, new, &["--format", "csv"]), input);
            assert_eq!(out(&output), csv, "{old} {new}");
        };
        list("-", &new, &bytes[0]);
        list(&old, "-", &bytes[1]);
        list(pipe, &new, &bytes[0]);
        list(&old, pipe, &bytes[1]);
        list("-", &new, &gzip(&bytes[0]));
        list(&old, "-", &gzip(&bytes[1]));
        fs::write(&packed, gzip(&bytes[0])).unwrap();
        list(packed.to_str().unwrap(), &new, b"");
        // A folder stands for the only report in it.
        list(folder.path().to_str().unwrap(), &new, b"");
    }
}

const OLD: &str = "Reason,email\r\nBlocker,a@example.com\r\nDuplicate,b@example.com\r\nInvalid Email,c@example.com\r\n";
const NEW: &str = "Reason,email\r\nBlocker,a@example.com\r\nInvalid Email,B@example.com\r\nDuplicate,d@example.com\r\n";

/// Fetched reports are fetched once, and again only where an answer was cut.
#[test]
fn contacts_of_fetched_reports() {
    let (old_id, new_id) = (ID.to_string(), Uuid::from_u128(7).to_string());
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("new");
    let saved = saved.to_str().unwrap();
    for (protocol, is_enrolment) in [("soap", false), ("rest", false), ("v3", false), ("rest", true)] {
        let sandbox = Sandbox::start().unwrap();
        let operation = match (protocol, is_enrolment) {
            ("v3", _) => Operation::Result,
            (_, true) => Operation::EnrolmentFaults,
            _ => Operation::ReportFaults,
        };
        let cut = || Trouble::usual().truncated_after(60).on(operation).times(1);
        for (id, report) in [(&old_id, OLD), (&new_id, NEW)] {
            let id = id.parse().unwrap();
            if is_enrolment {
                sandbox.enrolment(id).report(report).trouble(cut());
            } else {
                sandbox.import(id).report(report).trouble(cut());
            }
        }
        let with_connection = |mut command: Command| {
            let url = if protocol == "soap" { sandbox.soap_url() } else { sandbox.rest_url() };
            command.env("DOTDIGITAL_PROTOCOL", protocol).env("DOTDIGITAL_ENDPOINT", url);
            command.env("DOTDIGITAL_USERNAME", sandbox.username()).env("DOTDIGITAL_PASSWORD", sandbox.password());
            command.args(is_enrolment.then_some("--enrolment"));
            command
        };
        let list = |old: &str, new: &str| {
            let output = with_connection(listing(old, new, &["--format", "csv"])).output().unwrap();
            out(&output).to_owned()
        };
        assert_eq!(
            list(&old_id, &new_id),
            "email,change,before,after,before_label,after_label\n\
             b@example.com,changed,duplicate,invalid_email,Duplicate,Invalid Email\n\
             c@example.com,recovered,invalid_email,,Invalid Email,\n\
             d@example.com,newly_failing,,duplicate,,Duplicate\n",
            "{protocol}"
        );
        assert_eq!(sandbox.requests().len(), 4, "{protocol}: each report twice, since both were cut once");
        // Beside a file, which is read again.
        let fetch = with_connection(program::command(["fetch", &new_id, "-o", saved])).output().unwrap();
        out(&fetch);
        assert_eq!(list(&old_id, saved), list(&old_id, &new_id), "{protocol}");
        assert_eq!(list(saved, &old_id), list(&new_id, &old_id), "{protocol}");
        let gone = Uuid::from_u128(8).to_string();
        for (old, new) in [(&*old_id, &*gone), (&gone, saved)] {
            let output = with_connection(listing(old, new, &[])).output().unwrap();
            failure(&output, 5);
        }
    }
}

/// Whether contacts are listed or not: what is no report, is read strictly or can't be read is the same failure.
#[test]
fn what_cannot_be_compared_fails_alike() {
    let good = fixture("documented.csv");
    for (bad, arguments) in [
        ("no/such.csv", &[][..]),
        ("fixtures", &[]),
        ("fixtures/error.json", &[]),
        ("fixtures/error.html", &[]),
        ("fixtures/busy.txt", &[]),
        ("fixtures/upload.csv", &[]),
        ("fixtures/workbook.zip", &[]),
        ("fixtures/utf-16.csv", &[]),
        ("fixtures/own-summary.csv", &[]),
        ("fixtures/ragged.csv", &["--strict"]),
        ("fixtures/quoted.csv", &["--email-column", "9"]),
        ("fixtures/report.csv.gz", &["--max-size", "10"]),
        ("fixtures/v3-finished.json", &[]),
    ] {
        let bytes = fs::read(bad).unwrap_or_default();
        for (old, new) in [(bad, &*good), (&good, bad), ("-", &good), (&good, "-")] {
            if bytes.is_empty() && [old, new].contains(&"-") {
                continue;
            }
            let counted = faults_on(&bytes, [&["compare", old, new], arguments].concat());
            let listed = with_input(&mut listing(old, new, arguments), &bytes);
            assert_eq!(failure(&counted, 2), failure(&listed, 2));
            assert!(!failure(&listed, 2).contains("example.com"), "{bad}");
        }
    }
}

/// Reads standard input to a place behind the older report, and then lets that report be another one.
#[cfg(unix)]
fn changed_meanwhile(change: impl FnOnce(&Path)) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.csv");
    fs::write(&old, OLD).unwrap();
    let mut command = listing(old.to_str().unwrap(), "-", &["--format", "csv"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(NEW.as_bytes()).unwrap();
    // No pipe holds as much: so the older report has been read once all of it is written.
    input.write_all(&b"Blocker,a@example.com\r\n".repeat(200_000)).unwrap();
    change(&old);
    drop(input);
    child.wait_with_output().unwrap()
}

/// A file that changes between its two readings: the contacts of the first one, or an error, and nothing in between.
#[cfg(unix)]
#[test]
fn a_report_that_changes_meanwhile() {
    let unchanged = changed_meanwhile(|_| {});
    assert_eq!(out(&unchanged).lines().count(), 5);
    for (what, text) in [
        ("grown", format!("{OLD}Blocker,new@example.com\r\n")),
        ("with other reasons", OLD.replace("Duplicate", "Blocker").replace("Invalid Email", "Duplicate")),
        ("without who hasn't changed", OLD.replace("a@example.com", "aa@example.com")),
    ] {
        let output = changed_meanwhile(|old| fs::write(old, text).unwrap());
        assert_eq!(out(&output), out(&unchanged), "{what}");
    }
    for (text, words) in [
        (OLD.replace("c@example.com", "cc@example.com"), "faults: 1 of the contacts that have changed was not there"),
        (String::new(), "faults: 1 of the contacts that have changed was not there"),
        ("{\"message\":\"busy\"}".to_owned(), "this is not a faults report: busy"),
    ] {
        let output = changed_meanwhile(|old| fs::write(old, text).unwrap());
        let said = failure(&output, 2);
        assert!(said.contains(words) && said.contains("\nhint: ") && !said.contains('@'), "{said}");
    }
    let gone = changed_meanwhile(|old| fs::remove_file(old).unwrap());
    assert!(failure(&gone, 2).contains("No such file or directory"));
}

/// Emails that would take more memory than `--max-size` allows are an error that says what to do.
#[test]
fn emails_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.csv");
    let rows = ["a", "b", "c"].map(|letter| format!("Blocker,{}@example.com\n", letter.repeat(1 << 20)));
    fs::write(&old, format!("Reason,email\n{}", rows.concat())).unwrap();
    let (old, empty) = (old.to_str().unwrap(), fixture("empty.csv"));
    for (old, new) in [(old, &*empty), (&empty, old)] {
        let output = listing(old, new, &["--max-size", "2M"]).output().unwrap();
        let said = failure(&output, 2);
        assert!(said.contains("larger than the 2097152 bytes allowed"), "{said}");
        assert!(
            said.contains("\nhint: count the contacts without listing them") && said.contains("--max-size"),
            "{said}"
        );
        assert!(said.len() < 1024 && !said.contains('@'), "{said}");
        let output = listing(old, new, &["--max-size", "4M", "--format", "csv"]).output().unwrap();
        assert_eq!(out(&output).lines().count(), 4);
        out(&faults(["compare", old, new, "--max-size", "2M"]));
    }
}
