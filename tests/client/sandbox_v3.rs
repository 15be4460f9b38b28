//! The stand-in's v3 face by itself, asked over plain sockets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dotdigital_faults::sandbox::{Failure, Operation, Sandbox, Status, Trouble};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::helpers::http::{self, Answer, End};
use crate::helpers::{ID, child};
use crate::sandbox::AUTHORIZATION;

const OTHER: Uuid = uuid!("00000000-0000-4000-8000-00000000000a");

fn get(sandbox: &Sandbox, path: &str) -> Answer {
    http::send(sandbox.address(), &format!("GET {path}"), &[AUTHORIZATION], b"").unwrap()
}

fn result(sandbox: &Sandbox, id: impl ToString) -> Answer {
    get(sandbox, &format!("/contacts/v3/import/{}", id.to_string()))
}

/// The JSON of an answer that went well.
fn told(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.end), (200, End::Whole), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    serde_json::from_slice(&answer.body).unwrap()
}

fn standing(status: &str) -> Value {
    json!({"importId": ID, "status": status})
}

#[test]
fn one_import_over_all_protocols() {
    let report = "Reason,email,mobileNumber,firstname\r\n\
                  Hard bounced,jo@example.com,,Jo\r\n\
                  Invalid Email,bo@example@com,441632960011,\"Bo, the\r\nsecond\"\r\n\
                  Duplicate,dup@example.net,,\r\n\
                  Globally Suppressed,trap@example.net,,\r\n\
                  Unsubscribed,cy@example.org,,\r\n\
                  Quarantined by moon phase,xe@example.ro,,Xe\r\n";
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(report).summary([("NewContacts", 2), ("HardBounced", 1)]).created(2).updated(1);

    assert_eq!(get(&sandbox, &format!("/v2/contacts/import/{ID}/report-faults")).text(), report);
    let soap = http::call(sandbox.address(), "/v2/api.svc", AUTHORIZATION, "GetContactImportReport", &ID.to_string());
    assert!(soap.unwrap().text().contains("<a:NewContacts>2</a:NewContacts><a:HardBounced>1</a:HardBounced>"));

    let contact = |id: u64, email: &str| json!({"contactId": id, "identifiers": {"email": email}});
    let failure = |identifiers: Value, code: &str, description: &str| {
        let causes = json!([{"failureCode": code, "description": description}]);
        json!({"matchIdentifier": "email", "identifiers": identifiers, "failures": causes})
    };
    assert_eq!(
        told(&result(&sandbox, ID)),
        json!({
            "importId": ID,
            "status": "Finished",
            "summary": {
                "newContacts": 2,
                "updatedContacts": 1,
                "globallySuppressed": 1,
                "invalidEntries": 1,
                "duplicateIdentifiers": 1,
            },
            "created": [
                contact(1, "created-1@example.com"),
                contact(3, "created-3@example.com"),
            ],
            "updated": [contact(2, "updated-2@example.com")],
            "failures": [
                failure(
                    json!({"email": "bo@example@com", "mobileNumber": "441632960011"}),
                    "invalidEmail",
                    "The value of 'email' is not an address.",
                ),
                failure(json!({"email": "dup@example.net"}), "Duplicate", "The contact occurs more than once."),
                failure(json!({"email": "trap@example.net"}), "GloballySuppressed", "Barred from every account."),
                failure(json!({"email": "xe@example.ro"}), "QuarantinedByMoonPhase", "Quarantined by moon phase"),
            ],
        })
    );
}

#[test]
fn every_documented_reason_is_told_or_left_out() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(include_bytes!("../../fixtures/all-reasons.csv"));
    let value = told(&result(&sandbox, ID));
    let codes = value["failures"].as_array().unwrap().iter().map(|failure| {
        assert_eq!(failure["failures"].as_array().unwrap().len(), 1);
        failure["failures"][0]["failureCode"].as_str().unwrap()
    });
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            "GloballySuppressed",
            "invalidEmail",
            "invalidEmail",
            "invalidEmail",
            "invalidEmail",
            "Duplicate",
            "Duplicate",
            "Duplicate",
            "Blocker",
            "SuppressedByDomain",
            "InvalidContact",
            "QuarantinedByMoonPhase",
        ]
    );
    assert_eq!(value["summary"]["invalidEntries"], 5);
}

#[test]
fn failures_and_whole_answers_to_order() {
    let sandbox = Sandbox::start().unwrap();
    let import = sandbox.import(ID).report("Reason,email\nDuplicate,a@example.com\n").failures([
        Failure::new("invalidEmail", "Invalid").and("InvalidPhoneNumber", "").identifier("email", "bo@example@com"),
        Failure::new("consentRecordsNotApplied", "Consent, \"text\"\nmissing")
            .contact_id(77)
            .matched_by("loyaltyNo")
            .identifier("loyaltyNo", "L-0042"),
        Failure::without_codes().without_identifiers().without_match_identifier(),
    ]);
    let value = told(&result(&sandbox, ID));
    let codes = json!([
        {"failureCode": "invalidEmail", "description": "Invalid"},
        {"failureCode": "InvalidPhoneNumber", "description": ""},
    ]);
    let consent = json!([{"failureCode": "consentRecordsNotApplied", "description": "Consent, \"text\"\nmissing"}]);
    assert_eq!(
        value["failures"],
        json!([
            {"matchIdentifier": "email", "identifiers": {"email": "bo@example@com"}, "failures": codes},
            {"contactId": 77, "matchIdentifier": "loyaltyNo", "identifiers": {"loyaltyNo": "L-0042"}, "failures": consent},
            {"failures": []},
        ])
    );
    // A contact counts once, by its first code; a partial one counts nowhere.
    let figures = &value["summary"];
    assert_eq!((&figures["invalidEntries"], &figures["duplicateIdentifiers"]), (&json!(1), &json!(0)));

    // The other protocols know nothing of it.
    assert!(get(&sandbox, &format!("/v2/contacts/import/{ID}/report-faults")).text().contains("Duplicate"));

    import.clone().failures([]);
    assert_eq!(told(&result(&sandbox, ID))["failures"], json!([]));
    let raw = "\u{feff} {\"failures\":[{}],\"status\":\"Odd\"}";
    import.result(raw);
    assert_eq!(result(&sandbox, ID).text(), raw);
}

#[test]
fn another_match_identifier() {
    let sandbox = Sandbox::start().unwrap();
    sandbox
        .import(ID)
        .report("Reason,email,LoyaltyNo,city\nInvalid phone number,a@example.com,L-1,Rome\n")
        .match_identifier("loyaltyNo");
    let value = told(&result(&sandbox, ID));
    assert_eq!(value["failures"][0]["matchIdentifier"], "loyaltyNo");
    assert_eq!(value["failures"][0]["identifiers"], json!({"email": "a@example.com", "loyaltyNo": "L-1"}));
    assert_eq!(value["failures"][0]["failures"][0]["failureCode"], "InvalidPhoneNumber");
}

#[test]
fn every_status_on_its_way() {
    let sandbox = Sandbox::start().unwrap();
    let import = sandbox.import(ID).report("Reason,email\nDuplicate,a@example.com\n").finished_after(2);
    // Trouble brings it no nearer.
    import.clone().trouble(Trouble::status(502));
    assert_eq!(result(&sandbox, ID).status, 502);
    for _ in 0..2 {
        assert_eq!(told(&result(&sandbox, ID)), standing("NotFinished"));
    }
    assert_eq!(told(&result(&sandbox, ID))["status"], "Finished");

    // One that nobody knows, and one question over REST.
    import.clone().unfinished_status(Status::Other("Sleeping".into())).finished_after(2);
    assert_eq!(told(&result(&sandbox, ID)), standing("Sleeping"));
    assert_eq!(told(&get(&sandbox, &format!("/v2/contacts/import/{ID}"))), json!({"id": ID, "status": "Sleeping"}));
    assert_eq!(told(&result(&sandbox, ID))["status"], "Finished");
    // A whole answer waits for its time, too.
    import.clone().result("{}").finished_after(1);
    assert_eq!(told(&result(&sandbox, ID)), standing("Sleeping"));
    assert_eq!(told(&result(&sandbox, ID)), json!({}));

    // Only one that has finished has failures, but for those that were ordered.
    for status in [Status::Failed, Status::RejectedByWatchdog, Status::Other(String::new()), Status::Unknown] {
        sandbox.import(OTHER).report("Reason,email\nDuplicate,a@example.com\n").status(status.clone());
        assert_eq!(told(&result(&sandbox, OTHER)), json!({"importId": OTHER, "status": status.as_str()}));
    }
    sandbox.import(OTHER).status(Status::Failed).failures([Failure::new("Blocker", "")]);
    let value = told(&result(&sandbox, OTHER));
    assert_eq!(
        (&value["status"], &value["failures"][0]["failures"][0]["failureCode"]),
        (&json!("Failed"), &json!("Blocker"))
    );
}

#[test]
fn errors_of_the_service() {
    let sandbox = Sandbox::start().unwrap();
    let expect = |answer: Answer, status: u16, code: &str, description: &str| {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        let value: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&value["errorCode"], &value["description"]), (&json!(code), &json!(description)));
        value
    };
    let words = format!("The import request '{OTHER}' could not be found!");
    expect(result(&sandbox, OTHER), 404, "contacts:importNotFound", &words);
    sandbox.import(OTHER).report("Reason\n").expired();
    expect(result(&sandbox, OTHER), 404, "contacts:importNotFound", &words);

    for id in ["7", "842d81e8c619457fbb77ab6c4a17da39", "%22%7b", "a%2Fb"] {
        let value =
            expect(result(&sandbox, id), 400, "contacts:invalidId", &format!("The id value '{id}' is invalid."));
        assert_eq!(value["details"], json!([{"item": "importId", "description": "It is not a GUID."}]));
    }

    for (code, status, words) in [
        ("contacts:badJson", 400, "The request is not JSON."),
        ("contacts:tooManyActiveImports", 429, "Too many imports are active."),
        ("contacts:moon\"Phase", 400, "It can't be done."),
    ] {
        sandbox.trouble(Trouble::error(code));
        let value = expect(result(&sandbox, ID), status, code, words);
        assert_eq!(value["details"], json!([]));
    }

    for authorization in ["X-Nothing: here", "Authorization: Basic d3Jvbmc6cGFzc3dvcmQ="] {
        let line = format!("GET /contacts/v3/import/{OTHER}");
        let answer = http::send(sandbox.address(), &line, &[authorization], b"").unwrap();
        assert_eq!((answer.status, answer.text()), (401, ""));
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("basic realm=")));
    }
    for (line, status) in [
        (format!("DELETE /contacts/v3/import/{OTHER}"), 405),
        (format!("GET /contacts/v3/import/{OTHER}/report-faults"), 404),
        ("GET /contacts/v3/import/".to_owned(), 404),
        ("GET /contacts/v3".to_owned(), 404),
    ] {
        let answer = http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap();
        assert_eq!((answer.status, answer.text()), (status, ""), "{line}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("get"));
    }
}

#[test]
fn limits_in_both_forms() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report("Reason\n");
    for (trouble, reset) in [
        (Trouble::limited_for(Duration::from_millis(6500)), "7"),
        (Trouble::limited_for(Duration::MAX), "18446744073709551615"),
        (Trouble::limited_until(UNIX_EPOCH + Duration::from_secs(1_800_000_000)), "1800000000"),
        (Trouble::limited_until(SystemTime::UNIX_EPOCH - Duration::from_secs(9)), "0"),
    ] {
        sandbox.trouble(trouble.on(Operation::Result));
        // Others are not limited.
        assert_eq!(get(&sandbox, &format!("/v2/contacts/import/{ID}")).status, 200);
        let answer = result(&sandbox, ID);
        let header = |name: &str| answer.header(&format!("x-ratelimit-{name}"));
        assert_eq!((answer.status, answer.text()), (429, ""));
        assert_eq!((header("limit"), header("remaining"), header("reset")), (Some("35"), Some("0"), Some(reset)));
        assert!(header("scope").is_some());
        assert_eq!(result(&sandbox, ID).status, 200);
    }
}

#[test]
fn answers_that_break_off_or_are_none() {
    let sandbox = Sandbox::start().unwrap();
    let import = sandbox.import(ID).report("Reason,email\nDuplicate,a@example.com\n").created(5000);
    let usual = result(&sandbox, ID).body;
    assert!(usual.len() > 300_000);
    for (trouble, end) in [
        (Trouble::usual().truncated_after(100_000), End::Truncated),
        // So few that they have come, whoever reads them late: what is still to be sent is lost to a reset.
        (Trouble::usual().reset_after(10_000), End::Reset),
        (Trouble::usual().truncated_after(100_000).chunked(), End::Truncated),
    ] {
        import.clone().trouble(trouble.clone().on(Operation::Result));
        let answer = result(&sandbox, ID);
        let arrived = if end == End::Reset { 10_000 } else { 100_000 };
        assert_eq!((answer.status, answer.end, answer.body.len()), (200, end, arrived), "{trouble:?}");
        assert!(usual.starts_with(&answer.body), "{trouble:?}");
    }
    import.clone().trouble(Trouble::usual().stalled_after(10, Duration::from_millis(50)));
    assert_eq!(result(&sandbox, ID).body, usual);
    import.clone().trouble(Trouble::usual().body("<html><p>Down"));
    assert_eq!(result(&sandbox, ID).text(), "<html><p>Down");
    import.clone().trouble(Trouble::status(503).header("Retry-After", "1"));
    assert_eq!(result(&sandbox, ID).status, 503);
    import.trouble(Trouble::reset());
    let line = format!("GET /contacts/v3/import/{ID}");
    let error = http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let requests = sandbox.requests();
    let asked = requests.iter().all(|request| {
        request.operation() == Some(Operation::Result) && request.import() == Some(ID) && request.enrolment().is_none()
    });
    assert!(asked, "{requests:?}");
}

/// However much was created, and however many rows a report has, nothing of it is held.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_of_200_megabytes_takes_a_few() {
    use std::io::{Read, Write};

    use crate::helpers::memory::peak;

    const MEBIBYTE: u64 = 1 << 20;
    if child::given().is_none() {
        return child::run(module_path!(), "an_answer_of_200_megabytes_takes_a_few", "", &[]);
    }
    let sandbox = Sandbox::start().unwrap();
    let ten = "Invalid Email,a@example\n".repeat(10);
    sandbox.import(ID).report(format!("Reason,email\n{ten}")).created(1_600_000).updated(1_400_000);
    sandbox.import(OTHER).repeated_report("Reason,email\n", "Blocker,somebody@example.com\n", 400_000);
    let before = peak();
    for (id, size) in [(ID, 200_000_000), (OTHER, 50_000_000)] {
        let mut stream = std::net::TcpStream::connect(sandbox.address()).unwrap();
        let head = format!("GET /contacts/v3/import/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close");
        write!(stream, "{head}\r\n{AUTHORIZATION}\r\n\r\n").unwrap();
        let (mut buffer, mut total, mut last) = (vec![0; 256 * 1024], 0, Vec::new());
        loop {
            match stream.read(&mut buffer).unwrap() {
                0 => break,
                length => {
                    total += length as u64;
                    last.extend_from_slice(&buffer[..length]);
                    last.drain(..last.len().saturating_sub(20));
                }
            }
        }
        assert!(total > size, "{total} bytes");
        let last = String::from_utf8(last).unwrap();
        assert!(last.ends_with("]}\r\n0\r\n\r\n"), "{last:?}");
    }
    let grown = peak() - before;
    // What is read of the program itself is among it.
    assert!(grown < 16 * MEBIBYTE, "it has taken {grown} bytes");
}
