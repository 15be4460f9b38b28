//! A v3 in Python, which connexion makes of our description, asked over plain sockets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dotdigital_faults::{Client, Credentials, ErrorKind, ImportStatus, Protocol, blocking};
use serde_json::{Value, json};

use crate::helpers::http::{self, Answer};
use crate::helpers::peers::{self, V3Peer};
use crate::helpers::server::patient;

/// Where the description has a schema.
const RESULT: &str = "#/components/schemas/ImportResult";
const PROBLEM: &str = "#/components/schemas/Problem";

fn get(peer: &V3Peer, id: impl ToString, password: &str) -> Answer {
    let credentials = STANDARD.encode(format!("{}:{password}", V3Peer::USERNAME));
    let line = format!("GET /contacts/v3/import/{}", id.to_string());
    http::send(peer.address(), &line, &[&format!("Authorization: Basic {credentials}")], b"").unwrap()
}

fn description() -> Value {
    serde_json::from_str(&std::fs::read_to_string(peers::file(peers::V3_DESCRIPTION)).unwrap()).unwrap()
}

/// The JSON of an answer, which follows a schema of the description.
fn following(schema: &str, answer: &Answer) -> Value {
    let value = serde_json::from_slice(&answer.body).unwrap();
    let errors = errors(schema, &value);
    assert!(errors.is_empty(), "{errors:?} in {value}");
    value
}

fn errors(schema: &str, value: &Value) -> Vec<String> {
    let schema = json!({"$ref": schema, "components": description()["components"]});
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(value).map(|error| error.to_string()).collect()
}

#[test]
fn its_answers_follow_the_description() {
    let Some(peer) = peers::v3_peer() else { return };
    for (id, status, failures) in [
        (V3Peer::FINISHED, "Finished", Some(3)),
        (V3Peer::ODD, "Finished", Some(3)),
        (V3Peer::UNFINISHED, "NotFinished", None),
        (V3Peer::REJECTED, "RejectedByWatchdog", None),
    ] {
        let answer = get(&peer, id, V3Peer::PASSWORD);
        assert_eq!(answer.status, 200, "{id}");
        let value = following(RESULT, &answer);
        assert_eq!((&value["importId"], &value["status"]), (&json!(id), &json!(status)));
        assert_eq!(value["failures"].as_array().map(Vec::len), failures, "{id}");
    }
    for (id, status, code) in
        [(V3Peer::UNKNOWN.to_string(), 404, "contacts:importNotFound"), ("7".into(), 400, "contacts:invalidId")]
    {
        let answer = get(&peer, id, V3Peer::PASSWORD);
        assert_eq!(answer.status, status);
        assert_eq!(following(PROBLEM, &answer)["errorCode"], code);
    }
    let answer = get(&peer, V3Peer::FINISHED, "wrong");
    assert_eq!((answer.status, answer.text()), (401, ""));
}

#[test]
fn the_description_refuses_what_v3_never_says() {
    let mut examples = 0;
    let operation = &description()["paths"]["/contacts/v3/import/{importId}"]["get"];
    for example in
        operation["responses"]["200"]["content"]["application/json"]["examples"].as_object().unwrap().values()
    {
        assert_eq!(errors(RESULT, &example["value"]), [""; 0]);
        examples += 1;
    }
    assert_eq!(examples, 4);
    let cause = |code: Value| json!([{"matchIdentifier": "email", "identifiers": {}, "failures": [code]}]);
    for failures in [
        json!({}),
        json!([{"matchIdentifier": "email", "failures": []}]),
        json!([{"matchIdentifier": "email", "identifiers": {"email": 7}, "failures": []}]),
        cause(json!({"failureCode": "invalidEmail"})),
        cause(json!({"failureCode": null, "description": ""})),
    ] {
        let value = json!({"importId": "x", "status": "Finished", "failures": failures});
        assert_eq!(errors(RESULT, &value).len(), 1, "{value}");
    }
    assert_eq!(errors(RESULT, &json!({"importId": "x"})).len(), 1);
    assert_eq!(errors(PROBLEM, &json!({"errorCode": "ERROR_IMPORT_NOT_FOUND", "description": ""})).len(), 1);
}

/// The client, asking what is none of ours.
#[test]
fn the_client_and_what_it_says() {
    let Some(peer) = peers::v3_peer() else { return };
    let with = |password: &str| {
        let credentials = Credentials::new(V3Peer::USERNAME, password);
        let client = patient(Client::builder(credentials)).protocol(Protocol::V3).endpoint(peer.url()).max_retries(0);
        blocking::Client::from_async(client.build().unwrap()).unwrap()
    };
    let client = with(V3Peer::PASSWORD);
    let report = client.report_faults(V3Peer::FINISHED).unwrap();
    let slugs: Vec<_> = report.faults().map(|fault| fault.reason().slug()).collect();
    assert_eq!(slugs, ["invalid_email", "duplicate", "globally_suppressed"]);
    assert_eq!(client.import_summary(V3Peer::FINISHED).unwrap().compare(report.counts()), []);
    let odd = client.reason_counts(V3Peer::ODD).unwrap();
    assert_eq!((odd.total(), odd.partial(), odd.get_slug("other")), (3, 1, 2));
    let kind = |id| client.report_faults_bytes(id).unwrap_err().kind();
    assert_eq!(kind(V3Peer::UNFINISHED), ErrorKind::NotFinished);
    assert_eq!(kind(V3Peer::REJECTED), ErrorKind::EndedWithoutReport);
    assert_eq!(client.import_status(V3Peer::REJECTED).unwrap(), ImportStatus::RejectedByWatchdog);
    let error = client.reason_counts(V3Peer::UNKNOWN).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("contacts:importNotFound")));
    assert_eq!(with("wrong").reason_counts(V3Peer::ODD).unwrap_err().kind(), ErrorKind::NotPermitted);
}
