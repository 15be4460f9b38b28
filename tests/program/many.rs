//! Many sources at once: what is told where some of them fail, and in which order.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use dotdigital_faults::sandbox::{Sandbox, Status, Trouble};
use serde_json::Value;
use uuid::Uuid;

use crate::helpers::program::{self, failure, faults, is_one_failure, out, said};
use crate::helpers::read_at;

const FORMATS: [&str; 8] = ["table", "json", "jsonl", "csv", "markdown", "prometheus", "html", "vega-lite"];

/// The id of an import, by its number.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x842d_81e8_c619_457f_bb77_0000_0000_0000 + number)
}

/// A service with imports 1 to `count`, each of as many faults as its number says.
pub fn service(count: u128) -> Sandbox {
    let sandbox = Sandbox::start().unwrap();
    for number in 1..=count {
        let rows = "Hard bounced,jo@example.com\r\n".repeat(number as usize);
        sandbox.import(id(number)).report(format!("Reason,email\r\n{rows}"));
    }
    sandbox
}

/// The program with the credentials of a service.
pub fn at(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = program::command(arguments);
    command
        .env("DOTDIGITAL_ENDPOINT", sandbox.soap_url())
        .env("DOTDIGITAL_USERNAME", sandbox.username())
        .env("DOTDIGITAL_PASSWORD", sandbox.password());
    command
}

fn summary(sandbox: &Sandbox, count: u128, arguments: &[&str]) -> Output {
    let mut command = at(sandbox, &["summary"]);
    command.args((1..=count).map(|number| id(number).to_string())).args(arguments).output().unwrap()
}

/// What the service was asked.
fn asked(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests();
    requests.iter().map(|request| String::from_utf8_lossy(request.body()).into_owned()).collect()
}

#[test]
fn one_of_thirty_has_expired() {
    let sandbox = service(30);
    sandbox.import(id(15)).status(Status::Finished).trouble(Trouble::error("ERROR_IMPORT_REPORT_NOT_FOUND").always());
    // Those behind it are under way for so long that no further one would be begun before it is known.
    for number in 16..=17 {
        sandbox.import(id(number)).trouble(Trouble::usual().delayed(Duration::from_secs(3600)));
    }
    let output = summary(&sandbox, 30, &["--format", "json", "--jobs", "3"]);
    let message = failure(&output, 5);
    assert!(message.contains(&id(15).to_string()) && is_one_failure(message), "{message}");
    let late: Vec<_> = (18..=30).map(|number| id(number).to_string()).collect();
    assert!(!asked(&sandbox).iter().any(|request| late.iter().any(|id| request.contains(id))));

    // A service of its own: of those two, which may or may not have been begun, nothing is left there.
    let sandbox = service(30);
    sandbox.import(id(15)).status(Status::Finished).trouble(Trouble::error("ERROR_IMPORT_REPORT_NOT_FOUND").always());
    for jobs in ["1", "4", "30"] {
        let output = summary(&sandbox, 30, &["--format", "json", "--keep-going", "--jobs", jobs]);
        assert_eq!(output.status.code(), Some(5), "{}", said(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let sources = read_at::without(document.clone())["sources"].as_array().unwrap().clone();
        let told: Vec<_> = sources.iter().map(|source| source["import_id"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = (1..=30).filter(|&number| number != 15).map(|number| id(number).to_string()).collect();
        assert_eq!(told, expected, "in the order given, with {jobs} jobs");
        assert_eq!(document["total"], (1..=30).sum::<u64>() - 15);
        let said: Vec<_> = said(&output).lines().filter(|line| !line.starts_with("hint: ")).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains(&id(15).to_string()), "{said:?}");
        assert_eq!(said[1], "faults: 1 of 30 failed; what is told is about the other 29");
    }
}

#[test]
fn every_format_tells_what_has_worked_and_nothing_without_being_told_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..25 {
        fs::copy("fixtures/all-reasons.csv", folder.path().join(format!("r{number:02}.csv"))).unwrap();
    }
    // From within the folder, so that names are short enough for a table, wherever temporary files are.
    let error = fs::canonicalize("fixtures/error.json").unwrap();
    let error = error.to_str().unwrap();
    let faults = |arguments: &[&str]| program::command(arguments).current_dir(&folder).output().unwrap();
    for format in FORMATS {
        for by in [&[][..], &["--by", "country"], &["--by", "domain"]] {
            let path = folder.path().join("page");
            let arguments = [&["summary", error, ".", "--format", format, "-o", "page"], by].concat();
            assert!(failure(&faults(&arguments), 2).contains("error.json"), "{format}");
            assert!(!path.exists(), "{format}");
            let output = faults(&[&arguments[..], &["--keep-going"]].concat());
            assert!(failure(&output, 2).ends_with("faults: 1 of 26 failed; what is told is about the other 25\n"));
            let written = fs::read_to_string(&path).unwrap();
            let total = if format == "table" || format == "markdown" || format == "html" { "650" } else { "r24.csv" };
            assert!(written.contains(total), "{format}: {written}");
            if total == "650" {
                assert!(written.contains("r19.csv") && !written.contains("r20.csv"), "{format}: {written}");
                assert!(written.contains("5 more reports"), "{format}: {written}");
            }
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn nothing_has_worked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.json");
    let sources = ["no/such.csv", "fixtures/error.html"];
    let output = program::command(["summary", "--keep-going", "--format=json", "-o", path.to_str().unwrap()])
        .args(sources)
        .output()
        .unwrap();
    let said: Vec<_> = failure(&output, 2).lines().filter(|line| !line.starts_with("hint: ")).collect();
    assert!(said[0].contains("no/such.csv") && said[1].contains("error.html"), "{said:?}");
    assert_eq!(said[2], "faults: none of the 2 has worked");
    assert!(!path.exists());
}

#[test]
fn the_worst_failure_decides_and_comes_before_a_gate() {
    let sandbox = service(3);
    let exit = |arguments: &[&str]| {
        let output = summary(&sandbox, 3, arguments);
        assert!(!said(&output).contains("panicked"), "{}", said(&output));
        (output.status.code().unwrap(), said(&output).to_owned(), !output.stdout.is_empty())
    };
    let gate = ["--fail-on", "hard_bounced", "--max-retries=0"];
    let going = [&gate[..], &["--keep-going"]].concat();
    assert_eq!(exit(&gate).0, 1);
    let with = |more: &[&str]| exit(&[&going, more].concat());
    // 2, then 5, then 6, each with those before.
    assert_eq!(with(&["fixtures/error.json"]).0, 2);
    sandbox.import(id(1)).trouble(Trouble::error("ERROR_IMPORT_NOT_FOUND").always());
    let (code, said, is_told) = with(&["fixtures/error.json"]);
    assert_eq!((code, is_told), (5, true), "{said}");
    assert!(said.contains("tripped: --fail-on hard_bounced=1 (5 in the report)"), "{said}");
    sandbox.import(id(2)).trouble(Trouble::status(503).always());
    assert_eq!(with(&["fixtures/error.json"]).0, 6);
    sandbox.import(id(3)).trouble(Trouble::status(403).always());
    let (code, said, is_told) = with(&["fixtures/error.json"]);
    assert_eq!((code, is_told), (4, false), "{said}");
    assert!(with(&["fixtures/documented.csv"]).2);
}

/// However many imports are wanted: an account may lock.
#[test]
fn a_refused_password_is_sent_once() {
    for jobs in ["1", "8"] {
        for going in [&[][..], &["--keep-going"]] {
            for verb in ["summary", "status"] {
                let sandbox = service(30);
                let mut command = at(&sandbox, &[verb, "--jobs", jobs]);
                command.args(going).env("DOTDIGITAL_PASSWORD", "wrong");
                let output = command.args((1..=30).map(|number| id(number).to_string())).output().unwrap();
                let said = failure(&output, 4);
                assert_eq!(sandbox.requests().len(), 1, "{verb} with {jobs} jobs: {said}");
                if going.is_empty() {
                    assert!(is_one_failure(said), "{said}");
                } else {
                    let named = (1..=30).all(|number| said.contains(&id(number).to_string()));
                    let told = said.lines().filter(|line| line.starts_with("faults: ")).count();
                    assert!(named && told == 31, "{said}");
                    assert_eq!(
                        said.matches("not asked for, since the service has refused these credentials").count(),
                        29
                    );
                    assert!(said.ends_with("faults: none of the 30 has worked\n"), "{said}");
                }
                assert!(!said.contains("wrong"), "{said}");
            }
        }
    }
}

#[test]
fn without_credentials_nobody_is_asked_and_files_are_told() {
    let sandbox = service(2);
    let mut command = at(&sandbox, &["summary", "--keep-going", "fixtures/documented.csv", "--format=csv"]);
    let output =
        command.args([id(1).to_string(), id(2).to_string()]).env_remove("DOTDIGITAL_PASSWORD").output().unwrap();
    assert_eq!((output.status.code(), sandbox.requests().len()), (Some(4), 0));
    assert_eq!(said(&output).matches("there is no password").count(), 2, "{}", said(&output));
    assert!(said(&output).starts_with(&format!("faults: import {}: ", id(1))), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3);
}

/// Those that are asked for first answer last, and several are under way at once.
#[test]
fn the_order_is_the_one_given() {
    let sandbox = service(6);
    for number in 1..=3 {
        let delay = Duration::from_millis(400 - 100 * number);
        sandbox.import(id(u128::from(number))).trouble(Trouble::usual().delayed(delay).always());
    }
    let told = |jobs: &str| read_at::steady(out(&summary(&sandbox, 6, &["--format", "jsonl", "--jobs", jobs])));
    let one = told("1");
    assert_eq!(one.lines().count(), 6);
    for jobs in ["2", "3", "6", "256"] {
        assert_eq!(told(jobs), one, "{jobs} jobs");
    }
}

#[test]
fn the_first_failure_in_the_order_given_is_told() {
    let sandbox = service(4);
    let not_found = || Trouble::error("ERROR_IMPORT_NOT_FOUND");
    // The second fails long before the first does.
    sandbox.import(id(2)).trouble(not_found().delayed(Duration::from_millis(600)).always());
    sandbox.import(id(3)).trouble(not_found().always());
    let output = summary(&sandbox, 4, &[]);
    let message = failure(&output, 5);
    assert!(message.contains(&id(2).to_string()) && is_one_failure(message), "{message}");
}

/// Whoever waits for one that doesn't end isn't kept from telling that another has failed.
#[test]
fn what_stands_behind_a_failure_is_not_waited_for() {
    let sandbox = service(2);
    sandbox
        .import(id(1))
        .trouble(Trouble::error("ERROR_IMPORT_NOT_FOUND").delayed(Duration::from_millis(300)).always());
    sandbox.import(id(2)).trouble(Trouble::usual().delayed(Duration::from_secs(3600)).always());
    let ids = [id(3).to_string(), id(1).to_string(), id(2).to_string()];
    sandbox.import(id(3)).report("Reason,email\r\n");
    let output = at(&sandbox, &["summary", "--timeout=3000", "--attempt-timeout=3000"]).args(ids).output().unwrap();
    assert!(failure(&output, 5).contains(&id(1).to_string()));
}

#[test]
fn each_has_its_own_time() {
    let sandbox = service(3);
    // The answers take so long that all of them, one after the other, take more than the time of one. On a busy machine even
    // one of them may; then more of it.
    let output = [2.5, 25.0, 250.0].into_iter().find_map(|time| {
        for number in 1..=3 {
            sandbox.import(id(number)).trouble(Trouble::usual().delayed(Duration::from_secs_f64(time * 0.4)));
        }
        let output = summary(&sandbox, 3, &["--wait", "--jobs=1", &format!("--timeout={time}"), "--format=csv"]);
        output.status.success().then_some(output)
    });
    assert_eq!(out(&output.expect("there is never time enough")).lines().count(), 4);
    // And one that never ends doesn't take the others' time.
    sandbox.import(id(1)).status(Status::NotFinished);
    let output = [2.5, 25.0, 250.0].into_iter().find_map(|time| {
        let time = format!("--timeout={time}");
        let output = summary(&sandbox, 3, &["--wait", "--jobs=1", &time, "--format=csv", "--keep-going"]);
        (output.status.code() != Some(6)).then_some(output)
    });
    let output = output.expect("there is never time enough");
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 3);
}

#[test]
fn lists_of_sources() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let from = |text: &str, more: &[&str]| {
        fs::write(&list, text).unwrap();
        let arguments = [&["summary", "--format", "csv", "--from", list.to_str().unwrap()], more].concat();
        faults(arguments)
    };
    let sources = |output: &Output| {
        let lines = out(output).lines().skip(1);
        lines.map(|line| line.split(',').nth(1).unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let output = from("\u{feff}fixtures/documented.csv\r\n\r\n  \t\r\nfixtures/quoted.csv\r\n", &[]);
    assert_eq!(sources(&output), ["fixtures/documented.csv", "fixtures/quoted.csv"].map(str::to_owned).into());
    assert_eq!(said(&output), "");
    let output = from("fixtures/documented.csv\nfixtures/recorded*.csv", &["fixtures/quoted.csv"]);
    let expected = ["fixtures/documented.csv", "fixtures/quoted.csv", "fixtures/recorded-2015.csv"];
    assert_eq!(sources(&output), expected.map(str::to_owned).into());

    let place = format!("line 3 of {list:?}");
    for (line, what) in [
        ("jo@example.com", " is no source: "),
        ("Hard bounced,jo@example.com,why?", " is no source: "),
        ("842d81e8-c619-457f-bb77-ab6c4a17da3", ": it looks like an import id, but it has 31 hexadecimal digits"),
    ] {
        let text = format!("fixtures/documented.csv\n\n{line}\n");
        let output = from(&text, &[]);
        assert!(failure(&output, 2).starts_with(&format!("faults: {place}{what}")), "{}", said(&output));
        let output = from(&text, &["--keep-going"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(&place) && !output.stdout.is_empty(), "{}", said(&output));
        assert!(!said(&output).contains("jo@example.com"), "{}", said(&output));
    }
    assert!(failure(&from("\n \r\n", &[]), 2).contains("names no source"));
    assert!(failure(&faults(["summary", "--from", "no/such.txt"]), 2).contains("--from \"no/such.txt\" can't be read"));
    let output = program::faults_on(b"fixtures/documented.csv\n", ["summary", "--from", "-", "--format", "csv"]);
    assert_eq!(out(&output).lines().count(), 3);
    let output = program::faults_on(b"fixtures/documented.csv\n", ["summary", "--from", "-", "-"]);
    assert_eq!(failure(&output, 2), "faults: standard input can be read only once\nhint: name - only once\n");
}

#[test]
fn a_report_that_lacks_the_column() {
    let csv = |sources: &[&str], by: &str| faults([&["summary", "--format=csv", "--by", by], sources].concat());
    let (with, without) = ("fixtures/documented.csv", "fixtures/all-reasons.csv");
    let output = csv(&[with, without], "postcode");
    let text = out(&output);
    assert!(text.contains("postcode,no_column,,(no such column),hard_bounced,Hard bounced,remove,5,"), "{text}");
    assert!(text.contains("postcode,value,123456,123456,duplicate,Duplicate,ignore,1,0.5"), "{text}");
    for format in FORMATS {
        out(&faults(["summary", with, without, "--by=postcode", "--format", format]));
    }
    // A column that none of them has is a mistake, and so is one that the only report lacks.
    for sources in [&[without][..], &[without, without], &[without, "fixtures/empty.csv", "fixtures/empty-header.csv"]]
    {
        let output = csv(sources, "postcode");
        let message = failure(&output, 2);
        assert!(message.contains("the report has no column `postcode`\nhint: it has `Reason`"), "{message}");
    }
}

#[test]
fn what_is_named_twice_is_counted_twice() {
    let report = "fixtures/documented.csv";
    let output = faults(["summary", report, "./fixtures/documented.csv", report, "--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(document["total"], 6);
    let note = "faults: \"./fixtures/documented.csv\" is named more than once, and counted as often\n";
    assert_eq!(said(&output), note);
}

#[test]
fn every_report_has_its_rows() {
    let zeros = |format: &str, more: &[&str]| {
        let reports = ["fixtures/documented.csv", "fixtures/empty.csv", "fixtures/all-reasons.csv"];
        out(&faults([&["summary", "--zeros", "--format", format], &reports[..], more].concat())).to_owned()
    };
    let csv = zeros("csv", &[]);
    let counts = |source: &str| {
        let lines = csv.lines().filter(|line| line.contains(source));
        lines.map(|line| line.split(',').nth(6).unwrap().parse::<u64>().unwrap()).collect::<Vec<_>>()
    };
    let known = dotdigital_faults::FailureReason::iter().len();
    assert_eq!(counts("documented.csv").len(), known);
    assert_eq!(counts("documented.csv")[..3], [1, 1, 0]);
    assert_eq!(counts("empty.csv"), vec![0; known]);
    // The unknown one only where it occurs.
    assert_eq!(counts("all-reasons.csv").len(), known + 1);
    assert_eq!(zeros("jsonl", &[]).lines().count(), csv.lines().count() - 1);

    let document: Value = serde_json::from_str(&zeros("json", &[])).unwrap();
    for source in document["sources"].as_array().unwrap().iter().chain([&document]) {
        let sum: u64 = source["reasons"].as_array().unwrap().iter().map(|entry| entry["count"].as_u64().unwrap()).sum();
        assert_eq!(source["total"], sum);
        assert!(source["reasons"].as_array().unwrap().len() >= known);
    }
    let grouped = zeros("csv", &["--by", "domain"]);
    let empty: Vec<_> = grouped.lines().filter(|line| line.contains("empty.csv")).collect();
    assert_eq!(empty.len(), known);
    assert!(empty.iter().all(|line| line.contains(",domain,rest,,other,") && line.ends_with(",0,0.0")), "{empty:?}");
    for (arguments, what) in [
        (&["--zeros"][..], "--zeros is for json, jsonl and csv"),
        (&["--label", "a=b"], "--label is for prometheus"),
        (&["--format=prometheus", "--label", "a"], "NAME=VALUE"),
        (&["--format=prometheus", "--label", "reason=b"], "a label that the metrics have themselves"),
        (&["--format=prometheus", "--label", "a=b", "--label", "a=c"], "is there already"),
    ] {
        let output = faults([&["summary", "fixtures/empty.csv"], arguments].concat());
        assert!(failure(&output, 2).contains(what), "{}", said(&output));
    }
}
