//! The newer API's answers as sources, saved and fetched, and program enrolments.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::helpers::ID;
use crate::helpers::program::{self, failure, faults, faults_on, out, with_key};
use crate::helpers::server::{PASSWORD, Server, USERNAME, answer, ok};

const FINISHED: &str = "fixtures/v3-finished.json";
const ODD: &str = "fixtures/v3-odd.json";
const CSV: &str = "fixtures/documented.csv";

/// The program with a server of its own.
fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = program::command(arguments);
    command.env("DOTDIGITAL_ENDPOINT", format!("http://{}", server.address));
    command.env("DOTDIGITAL_USERNAME", USERNAME).env("DOTDIGITAL_PASSWORD", PASSWORD);
    command
}

fn run(server: &Server, arguments: &[&str]) -> Output {
    command(server, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_saved_answer_is_a_source() {
    let lines = out(&faults(["list", ODD, "--format", "jsonl"])).to_owned();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["partial"], &lines[0]["line"]), (3, &Value::from(true), &Value::Null));
    let answer = fs::read(ODD).unwrap();
    assert_eq!(out(&faults_on(&answer, ["list", "-"])), out(&faults(["list", ODD])));
    let list = faults(["list", ODD, "--reason", "consent_records_not_applied"]);
    assert!(out(&list).starts_with("Reason,email,mobileNumber,contactId,matchIdentifier,loyaltyNo,failureCodes,"));
    assert!(out(&list).contains("\nconsentRecordsNotApplied,cy@example.org,,77,loyaltyNo,L-0042,"));

    let table = faults(["summary", ODD]);
    assert!(out(&table).contains("\n  partial               1  Imported all the same, but for some of its data.\n"));
    assert!(!out(&faults(["summary", FINISHED])).contains("partial"));
    assert!(said(&faults(["summary", FINISHED, ODD])).is_empty());
    let mixed = faults(["summary", FINISHED, CSV, "--format", "json"]);
    let document: Value = serde_json::from_str(out(&mixed)).unwrap();
    assert_eq!(document["total"], 5);
    assert!(said(&mixed).contains("some of the reports are of the newer API (v3)"), "{}", said(&mixed));

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &answer).unwrap();
    let unpacked = faults_on(&packed.finish().unwrap(), ["list", "-"]);
    assert_eq!(out(&unpacked), out(&faults(["list", ODD])));
}

#[test]
fn redaction_leaves_no_contact() {
    for format in ["csv", "jsonl"] {
        let output = with_key(&["list", ODD, "--redact", "--format", format]);
        for contact in ["cy@example.org", "L-0042", "\"77\"", ",77,"] {
            assert!(!out(&output).contains(contact), "{}", out(&output));
        }
        assert!(format == "csv" || out(&output).contains(r#""contactId":null"#), "{}", out(&output));
    }
}

#[test]
fn comparisons_across_protocols_are_insisted_on() {
    for arguments in [&["compare", FINISHED, CSV][..], &["compare", CSV, FINISHED, "--contacts"]] {
        let failure = failure(&faults(arguments), 2).to_owned();
        assert!(failure.contains("--across-protocols") && !failure.contains('@'), "{failure}");
        let output = faults([arguments, &["--across-protocols"]].concat());
        assert!(out(&output).starts_with("What changed"));
    }
    assert!(out(&faults(["compare", FINISHED, ODD])).starts_with("What changed"));
}

#[test]
fn what_is_no_whole_and_finished_answer() {
    let finished = fs::read_to_string(FINISHED).unwrap();
    for (text, code, words) in [
        (finished.replace("Finished", "NotFinished"), 5, "its status is NotFinished"),
        (finished.replace("Finished", "Failed"), 5, "with status Failed"),
        (finished.replace("\"status\"", "\"x\""), 2, "it lacks a status"),
        (finished[..700].to_owned(), 2, "it was cut"),
        (r#"{"errorCode":"contacts:importNotFound","description":"No such import"}"#.to_owned(), 2, "No such import"),
    ] {
        for verb in [&["summary", "-"][..], &["list", "-"], &["compare", "-", FINISHED, "--contacts"]] {
            let output = faults_on(text.as_bytes(), verb);
            let failure = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{failure}");
            assert!(failure.contains(words) && !failure.contains("example"), "{failure}");
        }
    }
}

#[test]
fn every_verb_that_fetches_speaks_v3() {
    let answer = fs::read_to_string(FINISHED).unwrap();
    let waiting = answer.replace("\"Finished\"", "\"NotFinished\"");
    let id = ID.to_string();
    let server = Server::start([ok(&waiting), ok(&answer)]);
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("answer.json");
    let fetch = ["fetch", &id, "--protocol", "v3", "--wait", "-o", saved.to_str().unwrap()];
    assert_eq!(out(&run(&server, &fetch)), "");
    assert_eq!(fs::read_to_string(&saved).unwrap(), answer);
    assert!(server.requests()[0].starts_with(&format!("GET /contacts/v3/import/{id} ")));
    assert!(out(&run(&server, &["summary", &id, "--protocol=v3"])).contains("Why 3 contacts failed to import"));
    assert_eq!(out(&run(&server, &["list", &id, "--protocol=v3"])).lines().count(), 4);
    let compared = run(&server, &["compare", &id, FINISHED, "--protocol=v3", "--format=json"]);
    let compared: Value = serde_json::from_str(out(&compared)).unwrap();
    assert_eq!(
        (&compared["contacts"]["unchanged"], &compared["old"]["import_id"]),
        (&3.into(), &Value::from(id.as_str()))
    );
    let dir = folder.path().join("to-do");
    out(&run(&server, &["split", &id, "--protocol=v3", "--dir", dir.to_str().unwrap()]));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 3);
    let mut from_environment = command(&server, &["summary", &id]);
    assert!(out(&from_environment.env("DOTDIGITAL_PROTOCOL", "v3").output().unwrap()).contains("Duplicate"));

    let server = Server::start([ok(&waiting)]);
    let saved = folder.path().join("unfinished.json");
    let failed = run(&server, &["fetch", &id, "--protocol", "v3", "-o", saved.to_str().unwrap()]);
    assert!(failure(&failed, 5).contains("NotFinished") && !saved.exists());
    let server = Server::start([crate::helpers::server::answer("404 Not Found", "", "")]);
    assert!(failure(&run(&server, &["summary", &id, "--protocol=v3"]), 5).contains("no such import"));
}

#[test]
fn every_verb_that_fetches_knows_enrolments() {
    let report = "Id,Email,TelephoneNumber,Reason\n1,a@x.com,,Unsubcribed\n2,b@x.com,,AlreadyInProgram\n";
    let id = ID.to_string();
    let status = |status: &str| ok(&format!(r#"{{"id":"{id}","status":"{status}"}}"#));
    let server = Server::start([status("Processing"), status("Finished"), ok(report)]);
    let rest = |arguments: &[&str]| {
        let output = command(&server, arguments).env("DOTDIGITAL_PROTOCOL", "rest").output().unwrap();
        out(&output).to_owned()
    };
    assert_eq!(rest(&["fetch", &id, "--enrolment", "--wait"]), report);
    let paths: Vec<_> = server.requests().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect();
    let path = format!("/v2/programs/enrolments/{id}");
    assert_eq!(paths, [path.clone(), path.clone(), format!("{path}/report-faults")]);
    let summary = rest(&["summary", &id, "--enrolment"]);
    assert!(summary.contains("Already in program") && summary.contains(&format!("\nenrolment {id}\n")), "{summary}");
    assert_eq!(rest(&["list", &id, "--enrolment", "--reason=already_in_program"]).lines().count(), 2);
    assert!(rest(&["compare", &id, CSV, "--enrolment"]).starts_with("What changed"));
    // Whatever the environment says; but not against one's own word.
    let mut soap = command(&server, &["summary", &id, "--enrolment"]);
    soap.env("DOTDIGITAL_ENDPOINT", format!("http://{}/v2/api.svc", server.address));
    assert!(out(&soap.env("DOTDIGITAL_PROTOCOL", "soap").output().unwrap()).contains("Unsubscribed"));
    let refused = run(&server, &["summary", &id, "--enrolment", "--protocol", "soap"]);
    assert!(failure(&refused, 2).contains("--enrolment is not for --protocol soap"));
    let message = r#"{"message":"ERROR_ENROLMENT_IS_PROCESSING"}"#;
    let server = Server::start([answer("400 Bad Request", "", message)]);
    let failed = run(&server, &["summary", &id, "--enrolment", "--protocol=v3"]);
    assert!(failure(&failed, 5).contains("the enrolment has not finished yet"));
}

/// A file that is too large to be read through before: its end may tell that there is no report.
#[test]
fn nothing_of_a_large_answer_is_printed_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    let failures = r#"[{"identifiers":{"email":"a@example.com"},"failures":[]}]"#;
    let answer =
        |status: &str| format!(r#"{{"failures":{failures},"created":[{}],"status":"{status}"}}"#, " ".repeat(65 << 20));
    fs::write(&path, answer("Failed")).unwrap();
    assert!(failure(&faults(["list".as_ref(), path.as_os_str()]), 5).contains("with status Failed"));
    fs::write(&path, answer("Finished")).unwrap();
    assert_eq!(out(&faults(["list".as_ref(), path.as_os_str()])).lines().count(), 2);
}
