//! What the stand-in tells of enrolments, asked over plain sockets.

use std::time::Duration;

use dotdigital_faults::sandbox::{Operation, Sandbox, Status, Trouble};
use serde_json::{Value, json};

use crate::helpers::ID;
use crate::helpers::http::{self, Answer, End};
use crate::sandbox::AUTHORIZATION;

const REPORT: &str = "Id,Email,TelephoneNumber,Reason\r\n1001,jo@example.com,,AlreadyInProgram\r\n";

/// `end` is what follows `/v2/programs/enrolments/`.
fn get(sandbox: &Sandbox, end: impl AsRef<str>) -> Answer {
    let line = format!("GET /v2/programs/enrolments/{}", end.as_ref());
    http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap()
}

fn told(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.end), (200, End::Whole), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    serde_json::from_slice(&answer.body).unwrap()
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.text())
}

/// The ids on a page.
fn ids(sandbox: &Sandbox, end: &str) -> Vec<String> {
    let page = told(&get(sandbox, end));
    page.as_array().unwrap().iter().map(|enrolment| enrolment["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_enrolment_on_its_way() {
    let sandbox = Sandbox::start().unwrap();
    let enrolment = sandbox.enrolment(ID).program(42).created("2026-02-03T04:05:06Z").report(REPORT).finished_after(1);
    assert_eq!(enrolment.id(), ID);
    let standing = |status: &str| {
        let date = "2026-02-03T04:05:06Z";
        json!({"id": ID, "programId": 42, "status": status, "dateCreated": date, "contacts": null, "addressBooks": null})
    };
    // Neither the report nor a list brings it nearer to its end.
    let faults = get(&sandbox, format!("{ID}/report-faults"));
    let words = r#"{"message":"The enrolment is still being processed. ERROR_ENROLMENT_IS_PROCESSING"}"#;
    assert_eq!(refused(&faults), (400, words));
    assert_eq!(told(&get(&sandbox, "Processing")), json!([standing("Processing")]));
    assert_eq!(told(&get(&sandbox, "Finished")), json!([]));
    assert_eq!(told(&get(&sandbox, ID.to_string())), standing("Processing"));
    assert_eq!(told(&get(&sandbox, ID.to_string())), standing("Finished"));
    assert_eq!(told(&get(&sandbox, "finished")), json!([standing("Finished")]));
    let faults = get(&sandbox, format!("{ID}/report-faults"));
    assert_eq!((refused(&faults), faults.header("content-type")), ((200, REPORT), Some("application/octet-stream")));

    enrolment.clone().finished_in(Duration::from_secs(3600));
    assert_eq!(told(&get(&sandbox, ID.to_string())), standing("Processing"));
    let enrolment = enrolment.unfinished_status(Status::Other("Dreaming".into()));
    assert_eq!(ids(&sandbox, "Processing").len(), 0);
    assert_eq!(told(&get(&sandbox, ID.to_string())), standing("Dreaming"));
    enrolment.finished_in(Duration::ZERO).status(Status::NotAvailableInThisVersion);
    assert_eq!(ids(&sandbox, "NotAvailableInThisVersion"), [ID.to_string()]);

    let requests = sandbox.requests();
    let asked: Vec<_> = requests.iter().map(|request| (request.operation(), request.enrolment())).collect();
    assert_eq!(
        asked[..3],
        [
            (Some(Operation::EnrolmentFaults), Some(ID)),
            (Some(Operation::Enrolments), None),
            (Some(Operation::Enrolments), None),
        ]
    );
    assert_eq!(asked[3], (Some(Operation::EnrolmentStatus), Some(ID)));
    assert!(requests.iter().all(|request| request.import().is_none()));
}

#[test]
fn pages_of_enrolments() {
    let sandbox = Sandbox::start().unwrap();
    let made_up = sandbox.made_up_enrolments(2500);
    sandbox.enrolment(ID).finished_after(9);
    let all: Vec<String> = made_up.iter().map(|enrolment| enrolment.id().to_string()).collect();
    let pages = ["Finished", "Finished?select=1000&skip=1000", "Finished?skip=2000&select=1000", "Finished?skip=2500"]
        .map(|end| ids(&sandbox, end));
    assert_eq!(pages.each_ref().map(Vec::len), [1000, 1000, 500, 0]);
    assert!(pages.concat() == all, "they are all there, in their order");
    assert_eq!(ids(&sandbox, "Finished?select=2&skip=1"), all[1..3]);
    assert_eq!(ids(&sandbox, "Processing?select=1"), [ID.to_string()]);

    // Each has a report of its own.
    let faults = get(&sandbox, format!("{}/report-faults", all[1]));
    assert_eq!(
        faults.text(),
        "Id,Email,TelephoneNumber,Reason\r\n4,contact-2@example.com,,Unsubcribed\r\n5,,441632960011,AlreadyInProgram\r\n"
    );
    for end in ["Finished?select=0", "Finished?select=1001", "Finished?select=ten", "Finished?skip=-1"] {
        assert!(get(&sandbox, end).text().contains("ERROR_PARAMETER_INVALID"), "{end}");
    }
}

#[test]
fn errors_and_trouble() {
    let sandbox = Sandbox::start().unwrap();
    let not_found = r#"{"message":"Enrolment not found. ERROR_ENROLMENT_NOT_FOUND"}"#;
    // An import isn't one.
    sandbox.import(ID).report(REPORT);
    for end in [ID.to_string(), format!("{ID}/report-faults")] {
        assert_eq!(refused(&get(&sandbox, end)), (404, not_found));
    }
    for (end, status) in [("7", 400), ("7/report-faults", 400), ("Moon", 400), ("", 404), ("Finished/x", 404)] {
        assert_eq!(get(&sandbox, end).status, status, "{end}");
    }
    let line = format!("PUT /v2/programs/enrolments/{ID}");
    assert_eq!(http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap().status, 405);
    let line = line.replace("PUT", "GET");
    let answer = http::send(sandbox.address(), &line, &[], b"").unwrap();
    assert_eq!(refused(&answer), (401, r#"{"message":"Authorization has been denied for this request."}"#));

    let enrolment = sandbox.enrolment(ID).repeated_report("Id,Email,Reason\n", "1,a@example.com,Duplicate\n", 10_000);
    let report = get(&sandbox, format!("{ID}/report-faults")).body;
    assert_eq!(report.len(), 16 + 26 * 10_000);
    for (trouble, end) in
        [(Trouble::usual().truncated_after(1000), End::Truncated), (Trouble::usual().reset_after(1000), End::Reset)]
    {
        enrolment.clone().trouble(trouble.on(Operation::EnrolmentFaults));
        // It waits for what it is for.
        assert_eq!(get(&sandbox, ID.to_string()).end, End::Whole);
        assert_eq!(get(&sandbox, "Finished").end, End::Whole);
        let answer = get(&sandbox, format!("{ID}/report-faults"));
        assert_eq!((answer.end, answer.body.len()), (end, 1000));
    }
    enrolment.trouble(Trouble::error("ERROR_FEATURENOTACTIVE"));
    sandbox.trouble(Trouble::limited_for(Duration::from_secs(9)).on(Operation::Enrolments));
    assert_eq!(get(&sandbox, ID.to_string()).status, 403);
    let answer = get(&sandbox, "Finished");
    assert_eq!((answer.status, answer.header("x-ratelimit-reset")), (429, Some("9")));

    sandbox.keep_from_programs(true);
    for end in [ID.to_string(), format!("{ID}/report-faults"), "Finished".into()] {
        assert_eq!(refused(&get(&sandbox, end)), (403, r#"{"message":"The API user has no permission for this."}"#));
    }
    // Imports are another matter.
    let line = format!("GET /v2/contacts/import/{ID}");
    assert_eq!(http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap().status, 200);
    sandbox.keep_from_programs(false);
    assert_eq!(get(&sandbox, "Finished").status, 200);
}
