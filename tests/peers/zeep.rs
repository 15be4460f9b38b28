//! Python's zeep, a foreign client, on our WSDL against the stand-in.

use std::process::Command;

use dotdigital_faults::sandbox::{Sandbox, Shape, Status, Trouble};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::helpers::{ID, peers};

const OTHER: Uuid = uuid!("00000000-0000-4000-8000-00000000000a");
const REPORT: &str = "\u{feff}Reason,email,firstname\r\nHard bounced,jo@example.com,Zoë\r\n";

/// What came of zeep's calls, one after another; `None` where there is no zeep, which is said.
fn zeep(sandbox: &Sandbox, password: &str, arguments: &[String]) -> Option<Vec<Value>> {
    let Some(python) = peers::python_with_zeep() else {
        peers::skip("Python's zeep");
        return None;
    };
    let output = Command::new(python)
        .arg(peers::file("tests/peers/client.py"))
        .args(arguments)
        .env("PEER_USERNAME", sandbox.username())
        .env("PEER_PASSWORD", password)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The arguments for calls on the WSDL file.
fn calls<'a>(sandbox: &Sandbox, calls: impl IntoIterator<Item = (&'a str, Uuid)>) -> Vec<String> {
    let wsdl = peers::file("fixtures/import.wsdl").display().to_string();
    let calls = calls.into_iter().map(|(operation, id)| format!("{operation}={id}"));
    [wsdl, "--address".into(), sandbox.soap_url().into()].into_iter().chain(calls).collect()
}

#[test]
fn every_operation() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT).summary([("HardBounced", 1), ("NewContacts", 99)]).finished_after(1);
    let arguments = calls(
        &sandbox,
        [
            ("GetContactImportReportFaults", ID),
            ("GetContactImportProgress", ID),
            ("GetContactImportProgress", ID),
            ("GetContactImportReportFaults", ID),
            ("GetContactImportReport", ID),
            ("GetContactImportProgress", OTHER),
        ],
    );
    let Some(answers) = zeep(&sandbox, sandbox.password(), &arguments) else { return };
    let not_ready = "Import is not processed yet or completed with error. ERROR_IMPORT_REPORT_NOT_FOUND";
    let mut figures = json!({});
    for name in "NewContacts UpdatedContacts GloballySuppressed InvalidEntries DuplicateEmails Blocked Unsubscribed \
                 HardBounced SoftBounced IspComplaints MailBlocked DomainSuppressed PendingDoubleOptin Failures"
        .split(' ')
    {
        figures[name] = Value::Null;
    }
    figures["NewContacts"] = 99.into();
    figures["HardBounced"] = 1.into();
    assert_eq!(
        answers,
        [
            json!({"fault": not_ready, "code": "a:InternalServiceFault"}),
            json!({"result": {"Id": ID, "Status": "NotFinished"}}),
            json!({"result": {"Id": ID, "Status": "Finished"}}),
            json!({"result": REPORT}),
            json!({"result": figures}),
            json!({"fault": "Import not found. ERROR_IMPORT_NOT_FOUND", "code": "a:InternalServiceFault"}),
        ]
    );
    assert!(sandbox.requests().iter().all(|request| request.is_authorized() && request.import().is_some()));
}

#[test]
fn every_shape_of_a_result() {
    let sandbox = Sandbox::start().unwrap();
    let shapes = [
        (Shape::Text, json!(REPORT)),
        (Shape::Lines, json!(REPORT)),
        // What zeep makes of an element without text.
        (Shape::Empty, Value::Null),
        (Shape::Nil, Value::Null),
        (Shape::Absent, Value::Null),
    ];
    let ids: Vec<Uuid> = (1..=shapes.len() as u128).map(Uuid::from_u128).collect();
    for (id, (shape, _)) in ids.iter().zip(&shapes) {
        sandbox.import(*id).report(REPORT).shape(*shape);
    }
    let arguments = calls(&sandbox, ids.iter().map(|id| ("GetContactImportReportFaults", *id)));
    let Some(answers) = zeep(&sandbox, sandbox.password(), &arguments) else { return };
    let expected: Vec<Value> = shapes.into_iter().map(|(_, result)| json!({ "result": result })).collect();
    assert_eq!(answers, expected);
}

#[test]
fn a_wrong_password_and_trouble() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).status(Status::Failed);
    let arguments = calls(&sandbox, [("GetContactImportProgress", ID)]);
    let Some(answers) = zeep(&sandbox, "wrong", &arguments) else { return };
    assert_eq!(answers, [json!({"http": 401})]);

    sandbox.trouble(Trouble::status(503).body("<h1>Service Unavailable<hr>"));
    let arguments = calls(&sandbox, [("GetContactImportProgress", ID); 2]);
    let answers = zeep(&sandbox, sandbox.password(), &arguments);
    assert_eq!(answers, Some(vec![json!({"http": 503}), json!({"result": {"Id": ID, "Status": "Failed"}})]));
}

#[test]
fn by_the_wsdl_that_the_stand_in_serves() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT);
    let arguments = [format!("{}?wsdl", sandbox.soap_url()), format!("GetContactImportReportFaults={ID}")];
    let Some(answers) = zeep(&sandbox, sandbox.password(), &arguments) else { return };
    assert_eq!(answers, [json!({"result": REPORT})]);
}
