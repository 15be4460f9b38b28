//! `faults status`: how far imports are.

use std::fs;

use dotdigital_faults::sandbox::{Operation, Sandbox, Status, Trouble};
use serde_json::{Value, json};

use super::many::{at, id};
use crate::helpers::program::{failure, out, said};

fn service() -> Sandbox {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(id(1)).summary([
        ("NewContacts", 60),
        ("UpdatedContacts", 30),
        ("HardBounced", 7),
        ("InvalidEntries", 3),
    ]);
    sandbox.import(id(2)).status(Status::NotFinished);
    sandbox.import(id(3)).status(Status::RejectedByWatchdog);
    sandbox.import(id(4)).summary([("NewContacts", 60)]);
    sandbox
}

#[test]
fn one_document_of_all() {
    let sandbox = service();
    let ids: Vec<_> = (1..=4).map(|number| id(number).to_string()).collect();
    for protocol in ["soap", "rest"] {
        let url = if protocol == "soap" { sandbox.soap_url() } else { sandbox.rest_url() };
        let mut command = at(&sandbox, &["status", "--format=json", "--protocol", protocol, "--endpoint", url]);
        let output = command.args(&ids).output().unwrap();
        let document: Value = serde_json::from_str(out(&output)).unwrap();
        let expected = json!({"schema": 1, "imports": [
            {
                "import_id": ids[0], "status": "Finished", "finished": true,
                "figures": {"newContacts": 60, "updatedContacts": 30, "invalidEntries": 3, "hardBounced": 7},
                "faults": 10, "failure_rate": 0.1,
            },
            {
                "import_id": ids[1], "status": "NotFinished", "finished": false,
                "figures": null, "faults": null, "failure_rate": null,
            },
            {
                "import_id": ids[2], "status": "RejectedByWatchdog", "finished": false,
                "figures": null, "faults": null, "failure_rate": null,
            },
            {
                "import_id": ids[3], "status": "Finished", "finished": true,
                "figures": {"newContacts": 60}, "faults": null, "failure_rate": null,
            },
        ]});
        assert_eq!(document, expected, "{protocol}");
        assert_eq!(said(&output), "faults: not finished: wait for it with --wait\n");
    }
}

#[test]
fn a_table_for_people() {
    let sandbox = service();
    let output = at(&sandbox, &["status"]).args([1, 2].map(|number| id(number).to_string())).output().unwrap();
    let table: Vec<_> = out(&output).lines().collect();
    assert_eq!(
        table,
        [
            "import                                status          contacts     faults     rate".to_owned(),
            format!("{}  Finished             100         10   10.0 %", id(1)),
            format!("{}  NotFinished            -          -        -", id(2)),
        ]
    );
}

#[test]
fn failures_and_lists() {
    let sandbox = service();
    sandbox.import(id(3)).trouble(Trouble::error("ERROR_IMPORT_NOT_FOUND").always());
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("ids.txt");
    fs::write(&list, format!("{}\r\n\r\n{}\r\n{{{}}}\r\n", id(1), id(3), id(4).simple())).unwrap();
    let run = |more: &[&str]| {
        at(&sandbox, &["status", "--format=json", "--from", list.to_str().unwrap()]).args(more).output().unwrap()
    };
    assert!(failure(&run(&[]), 5).contains(&id(3).to_string()));
    let output = run(&["--keep-going", &id(1).to_string()]);
    assert_eq!(output.status.code(), Some(5));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<_> =
        document["imports"].as_array().unwrap().iter().map(|import| import["import_id"].clone()).collect();
    assert_eq!(told, [1, 1, 4].map(|number| Value::from(id(number).to_string())));

    fs::write(&list, "report.csv\n").unwrap();
    assert!(failure(&run(&[]), 2).starts_with(&format!("faults: line 1 of {list:?}: an import id is a GUID")));
    // Figures that the service refuses to give are a failure; those that aren't there are none.
    sandbox.import(id(1)).trouble(Trouble::error("ERROR_PARAMETER_INVALID").on(Operation::Summary).always());
    fs::write(&list, id(1).to_string()).unwrap();
    assert!(failure(&run(&[]), 2).contains("ERROR_PARAMETER_INVALID"));
}

#[test]
fn it_can_wait() {
    let sandbox = service();
    sandbox.import(id(5)).finished_after(1);
    let output =
        at(&sandbox, &["status", "--wait"]).args([5, 3].map(|number| id(number).to_string())).output().unwrap();
    let table = out(&output);
    assert!(table.contains("Finished ") && table.contains("RejectedByWatchdog"), "{table}");
    assert_eq!(said(&output), "");
    // Other verbs give the same advice.
    sandbox
        .import(id(2))
        .status(Status::NotFinished)
        .trouble(Trouble::error("ERROR_IMPORT_REPORT_NOT_FOUND").on(Operation::ReportFaults).always());
    for verb in ["summary", "list", "fetch"] {
        let output = at(&sandbox, &[verb, &id(2).to_string()]).output().unwrap();
        let message = failure(&output, 5);
        assert!(message.contains("has not finished yet") && message.contains("wait for it with --wait"), "{message}");
    }
}
