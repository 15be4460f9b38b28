//! `faults summary`: of one source and of several, by groups, in every format.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use dotdigital_faults::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::helpers::program::{KEY, LEAST_KEY, command, failure, faults_on, out};
use crate::helpers::read_at;
use crate::helpers::{ID, patience};

const FORMATS: [&str; 8] = ["table", "json", "jsonl", "csv", "markdown", "prometheus", "html", "vega-lite"];

/// Of these sources, with these options.
fn of<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = command(["summary"]);
    command.args(arguments);
    command
}

fn summary(arguments: &[&str]) -> String {
    out(&of(arguments).output().unwrap()).to_owned()
}

fn refusal(arguments: &[&str]) -> String {
    failure(&of(arguments).output().unwrap(), 2).to_owned()
}

fn parsed(arguments: &[&str]) -> Value {
    serde_json::from_str(&summary(&[arguments, &["--format", "json"]].concat())).unwrap()
}

#[test]
fn summary_as_json() {
    let report = "Reason,email\nInvalid entries,a\nHard bounced,b\nQuarantined by moon phase,c\nInvalid Email\n";
    let output = faults_on(report.as_bytes(), ["summary", "-", "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(
        read_at::without(document),
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
        faults_on(b"Reason,email\nBlocker,a\nDuplicate,b\nDuplicate,c\n", ["summary", "-", "--format", "json"]);
    assert!(out(&output).contains("\"share\": 0.6666666666666666,"), "{}", out(&output));
}

#[test]
fn several_sources_are_summed_up_and_told_apart() {
    let document = parsed(&["fixtures/documented.csv", "fixtures/all-reasons.csv", "fixtures/ragged.csv"]);
    assert_eq!(document["total"], 32);
    assert_eq!(document["import_id"], Value::Null);
    assert_eq!(document["anomalies"]["short_row"], 2);
    let sources: Vec<_> =
        document["sources"].as_array().unwrap().iter().map(|source| (&source["source"], &source["total"])).collect();
    assert_eq!(sources[0], (&"fixtures/documented.csv".into(), &2.into()));
    assert_eq!(sources.len(), 3);
    assert_eq!(parsed(&["fixtures/documented.csv"]).get("sources"), None);

    let table = summary(&["fixtures/documented.csv", "fixtures/all-reasons.csv"]);
    assert!(table.starts_with("Why 28 contacts failed to import\n2 reports\n"), "{table}");
    assert!(table.contains("\n  fixtures/documented.csv       2    7.1 %  Duplicate 1, Unsubscribed 1\n"), "{table}");
}

#[test]
fn imports_and_files_together() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report("Reason,email\r\nHard bounced,jo@example.com\r\n");
    let run = |format: &str| {
        let output = of(["fixtures/documented.csv", "842D81E8-c619-457f-bb77-ab6c4a17da39", "--format", format])
            .env("DOTDIGITAL_ENDPOINT", sandbox.soap_url())
            .env("DOTDIGITAL_USERNAME", sandbox.username())
            .env("DOTDIGITAL_PASSWORD", sandbox.password())
            .output()
            .unwrap();
        read_at::steady(out(&output))
    };
    let csv = run("csv");
    assert!(csv.contains("\n842d81e8-c619-457f-bb77-ab6c4a17da39,842d81e8-c619-457f-bb77-ab6c4a17da39,2026-11-28T09:00:00Z,hard_bounced,Hard bounced,remove,1,1.0\n"), "{csv}");
    assert!(
        csv.contains("\n,fixtures/documented.csv,2026-11-28T09:00:00Z,duplicate,Duplicate,ignore,1,0.5\n"),
        "{csv}"
    );
    let metrics = run("prometheus");
    assert!(metrics.contains("dotdigital_import_all_faults{import_id=\"842d81e8-c619-457f-bb77-ab6c4a17da39\"} 1\n"));
    assert!(metrics.contains("dotdigital_import_all_faults{import_id=\"\",source=\"fixtures/documented.csv\"} 2\n"));
}

#[test]
fn groups_by_column_and_domain() {
    let document = parsed(&["fixtures/all-reasons.csv", "--by", "Country"]);
    assert_eq!(document["by"], "Country");
    let groups = document["groups"].as_array().unwrap();
    assert_eq!((&groups[0]["group"], &groups[0]["total"]), (&"DE".into(), &4.into()));
    assert_eq!(groups[0]["reasons"][0]["share"], 0.5);
    assert_eq!(groups.iter().map(|group| group["total"].as_u64().unwrap()).sum::<u64>(), 26);

    let document = parsed(&["fixtures/all-reasons.csv", "--by", "domain", "--top", "1"]);
    let groups = document["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!((&groups[0]["kind"], &groups[0]["group"]), (&"domain".into(), &"example.com".into()));
    assert_eq!((&groups[1]["kind"], &groups[1]["label"]), (&"rest".into(), &"other".into()));

    let table = summary(&["fixtures/all-reasons.csv", "--by=domain", "--top=2"]);
    assert!(table.contains("\n  example.net      5   19.2 %  Hard bounced 5\n"), "{table}");
    assert!(table.contains("\n  other           12   46.2 %  "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    // What is drawn has 20 groups and the rest, unless asked otherwise.
    let rows = |arguments: &[&str]| summary(arguments).split("most frequent").nth(1).unwrap().lines().count() - 2;
    assert_eq!(rows(&["fixtures/all-reasons.csv", "--by=email", "--format=markdown"]), 21);
    assert_eq!(rows(&["fixtures/all-reasons.csv", "--by=email", "--format=markdown", "--top=100"]), 25);
}

#[test]
fn a_column_named_domain_has_another_spelling() {
    let report = b"Reason,email,domain\nBlocker,a@example.com,shop\n";
    let output = faults_on(report, ["summary", "-", "--by", "Domain", "--format", "csv"]);
    let csv = out(&output);
    assert!(csv.contains("Domain,value,shop,shop,blocker"), "{csv}");
}

#[test]
fn errors() {
    assert_eq!(
        refusal(&["fixtures/documented.csv", "--by", "country"]),
        "faults: \"fixtures/documented.csv\": the report has no column `country`\nhint: it has `Reason`, `email`, `firstname`, \
         `fullname`, `gender`, `lastname`, `postcode`\n"
    );
    assert_eq!(refusal(&["-", "-"]), "faults: standard input can be read only once\nhint: name - only once\n");
    assert!(refusal(&["-", "--top", "3"]).contains("--by"));
    assert!(refusal(&["-", "--by", ""]).contains("name a column"));
    // One source that can't be read, and nothing is written.
    assert!(
        refusal(&["fixtures/documented.csv", "fixtures/error.json"]).starts_with("faults: \"fixtures/error.json\": ")
    );
}

#[test]
fn every_format_goes_to_a_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    for format in FORMATS {
        let arguments = ["fixtures/all-reasons.csv", "fixtures/ragged.csv", "--by", "domain", "--format", format];
        let path = folder.path().join(format);
        let output = of(arguments).arg("--output").arg(&path).output().unwrap();
        assert_eq!(out(&output), "", "{format}");
        let written = fs::read_to_string(&path).unwrap();
        // All but the time at which it was read.
        let steady = |text: &str| {
            let text = read_at::steady(text);
            let lines = text.lines().filter(|line| !line.contains("read_timestamp_seconds{") && !line.contains("GMT"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(steady(&written), steady(&summary(&arguments)), "{format}");
        assert!(written.ends_with('\n') && written.len() > 500, "{format}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), FORMATS.len());
}

#[test]
fn an_empty_report_has_every_format() {
    for format in FORMATS {
        for more in [&[][..], &["--by", "domain"], &["--by", "country"]] {
            let mut arguments = vec!["fixtures/empty.csv", "--format", format];
            arguments.extend(more);
            assert!(format == "jsonl" || !summary(&arguments).is_empty(), "{format}");
        }
    }
}

/// No address of a report is in any format, unless its column is asked for.
#[test]
fn no_contact_data_unless_asked_for() {
    for format in FORMATS {
        for more in [&[][..], &["--by", "country"], &["--by", "domain"]] {
            let mut arguments = vec!["fixtures/all-reasons.csv", "--format", format];
            arguments.extend(more);
            let text = summary(&arguments);
            assert!(!text.contains('@') || format == "html" && !text.contains("@example"), "{format}");
            assert!(!text.contains("Muster") && !text.contains("jo.smith"), "{format}");
        }
    }
}

#[test]
fn gates_count_all_sources() {
    for format in FORMATS {
        let run = |gate: &str| {
            let sources = ["fixtures/documented.csv", "fixtures/all-reasons.csv"];
            of(sources).args(["--format", format, "--fail-on", gate]).output().unwrap()
        };
        // Three and one.
        let tripped = run("duplicate=4");
        assert_eq!(tripped.status.code(), Some(1), "{format}");
        assert!(!tripped.stdout.is_empty());
        out(&run("duplicate=5"));
    }
}

#[test]
fn groups_without_contact_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.csv");
    fs::write(&path, "Reason,email,city\nBlocker,Jo@Example.com,Faro\nBlocker,jo@example.com,Faro\nsecret@x.org,al@example.org,Oslo\n")
        .unwrap();
    let redacted = |arguments: &[&str]| {
        let mut command = of(arguments);
        out(&command.arg(&path).arg("--redact").env(KEY, LEAST_KEY).output().unwrap()).to_owned()
    };
    for format in FORMATS {
        for by in [&["--by", "email"][..], &["--by", "city"], &["--by", "Reason"], &["--by", "domain"], &[]] {
            let shown = redacted(&[by, &["--format", format]].concat());
            for secret in ["example.", "x.org", "Faro", "secret"] {
                assert!(!shown.contains(secret), "{by:?} as {format}: {shown}");
            }
        }
    }
    // A person counts once, however the address was typed.
    let document: Value = serde_json::from_str(&redacted(&["--by", "email", "--format", "json"])).unwrap();
    assert_eq!(document["groups"].as_array().unwrap().len(), 2);
    assert_eq!(document["groups"][0]["total"], 2);
    let domains = redacted(&["--by", "domain", "--redact-keep-domains"]);
    assert!(domains.contains("example.com") && !domains.contains("secret"), "{domains}");
}

/// `--open` writes the page for its user alone, says where it is, and has the browser open it.
#[cfg(target_os = "linux")]
#[test]
fn a_page_in_the_browser() {
    use std::os::unix::fs::PermissionsExt;

    use crate::helpers::program::script;

    let folder = tempfile::tempdir().unwrap();
    let (bin, temporary) = (folder.path().join("bin"), folder.path().join("temporary"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&temporary).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = command([&["summary", "fixtures/documented.csv", "--by", "email"], arguments].concat());
        command.env("TMPDIR", &temporary).env("PATH", &bin).output().unwrap()
    };
    let pages = || fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    // Without a browser, the page is there all the same.
    let message = failure(&run(&["--open"]), 2).to_owned();
    let [page] = &pages()[..] else { panic!("{message}") };
    assert!(message.starts_with(&format!("faults: the page is {page:?}")), "{message}");
    assert!(message.contains(&format!("\nhint: open {page:?} in one\n")), "{message}");
    assert!(fs::read_to_string(page).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(fs::metadata(page).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(page).unwrap();

    // A browser that leaves what it was asked to open.
    let (browser, opened) = (bin.join("xdg-open"), folder.path().join("opened"));
    let text = format!("#!/bin/sh\necho \"$1\" > '{0}.part'; /bin/mv '{0}.part' '{0}'\n", opened.display());
    script(&browser, &text);
    let output = run(&["--open", "--format", "HTML"]);
    assert_eq!(out(&output), "");
    let [page] = &pages()[..] else { panic!("one page") };
    patience::until("the browser opens the page", || opened.exists());
    assert_eq!(fs::read_to_string(&opened).unwrap().trim_end(), page.to_str().unwrap());

    assert!(
        failure(&run(&["--open", "--format", "json"]), 2).contains("--open shows a page\nhint: leave --format out\n")
    );
    failure(&run(&["--open", "--output", "x.html"]), 2);
    assert_eq!(pages().len(), 1);
}
