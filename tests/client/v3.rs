//! The client over the newer API: one answer for all that is asked.

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdigital_faults::ErrorKind::{self, *};
use dotdigital_faults::{
    Error, FailureReason, Fault, FaultSink, ImportStatus, Progress, Protocol, ReadOptions, ReportKind,
};
use tokio::time::Instant;

use crate::helpers::ID;
use crate::helpers::clock::clock;
use crate::helpers::server::*;

fn finished() -> String {
    fs::read_to_string("fixtures/v3-finished.json").unwrap()
}

/// An answer of this status, with a failure in front of it.
fn of_status(status: &str) -> String {
    format!(
        r#"{{"importId":"{ID}","failures":[{{"identifiers":{{"email":"bo@example@com"}},"failures":[]}}],{status}"x":1}}"#
    )
}

/// Writers and sinks that are dropped leave a trace.
struct Traced(Vec<u8>, Arc<Mutex<usize>>);

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FaultSink for Traced {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        Ok(writeln!(self.0, "{} {}", fault.reason().slug(), fault.email())?)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        *self.1.lock().unwrap() += 1;
    }
}

#[tokio::test]
async fn every_call_is_answered_by_one_answer() {
    let server = Server::start([ok(&finished())]);
    let client = server.client(Protocol::V3).build().unwrap();

    let report = client.report_faults(ID).await.unwrap();
    assert_eq!((report.len(), report.import_id()), (3, Some(ID)));
    assert!(report.bytes().starts_with(b"Reason,email,mobileNumber,contactId,matchIdentifier,failureCodes,"));
    assert_eq!(client.report_faults_bytes(ID).await.unwrap(), finished().as_bytes());
    let counts = client.reason_counts(ID).await.unwrap();
    assert_eq!((counts.report_kind(), counts.import_id()), (Some(ReportKind::ImportV3), Some(ID)));
    assert_eq!(&counts, report.counts());

    let dropped = Arc::default();
    let make = || Ok(Traced(Vec::new(), Arc::clone(&dropped)));
    let (sink, streamed) = client.stream_faults(ID, make).await.unwrap();
    assert_eq!(
        sink.0,
        b"invalid_email bo@example@com\nduplicate dup@example.net\nglobally_suppressed trap@example.net\n"
    );
    assert_eq!((streamed, *dropped.lock().unwrap()), (counts.clone(), 0));

    assert_eq!(client.import_status(ID).await.unwrap(), ImportStatus::Finished);
    client.wait_until_finished(ID).await.unwrap();
    let summary = client.import_summary(ID).await.unwrap();
    assert_eq!((summary.new_contacts(), summary.updated_contacts(), summary.failed()), (Some(2), Some(1), 3));
    assert_eq!(summary.get(&FailureReason::Duplicate), Some(1));
    assert_eq!(summary.compare(&counts), []);

    let requests = server.requests();
    assert_eq!(requests.len(), 7);
    assert!(requests.iter().all(|request| request.starts_with(&format!("GET /contacts/v3/import/{ID} HTTP/1.1\r\n"))));
}

#[tokio::test]
async fn an_answer_that_was_cut_is_fetched_from_the_start() {
    let whole = ok(&finished());
    let Some(Step::Say(mut bytes)) = whole.clone().pop() else { unreachable!() };
    bytes.truncate(bytes.len() - 60);
    let replies = || [vec![Step::Say(bytes.clone())], answer("503 Busy", "", ""), whole.clone()];
    let client = |server: &Server| server.client(Protocol::V3).max_retries(2).build().unwrap();
    assert_eq!(client(&Server::start(replies())).report_faults(ID).await.unwrap().len(), 3);
    assert_eq!(client(&Server::start(replies())).reason_counts(ID).await.unwrap().total(), 3);
    let dropped = Arc::default();
    let make = || Ok(Traced(Vec::new(), Arc::clone(&dropped)));
    let (sink, _) = client(&Server::start(replies())).stream_faults(ID, make).await.unwrap();
    assert_eq!((String::from_utf8_lossy(&sink.0).lines().count(), *dropped.lock().unwrap()), (3, 1));
    // Where nothing tells that it was cut, the JSON does.
    let unbounded = format!("HTTP/1.1 200 OK\r\n\r\n{}", &finished()[..900]);
    let error = client(&Server::start([vec![say(unbounded)]])).report_faults(ID).await.unwrap_err();
    assert_eq!(error.kind(), UnexpectedAnswer);
    assert!(!error.to_string().contains('@'), "{error}");
}

/// Only the failures of a finished import are all of them: nobody keeps others.
#[tokio::test]
async fn only_a_finished_import_has_a_report() {
    for (status, kind, named) in [
        (r#""status":"NotFinished","#, NotFinished, "NotFinished"),
        (r#""status":"Napping","#, NotFinished, "Napping"),
        (r#""status":"jo@example.com","#, NotFinished, "[withheld: it may be about a contact]"),
        (r#""status":"am9AZXhhbXBsZS5jb20","#, NotFinished, "[withheld: it may be about a contact]"),
        (r#""status":"Failed","#, EndedWithoutReport, "Failed"),
        (r#""status":"ExceedsAllowedContactLimit","#, EndedWithoutReport, "ExceedsAllowedContactLimit"),
        ("", UnexpectedAnswer, "lacks a status"),
        (r#""status":null,"#, UnexpectedAnswer, "lacks a status"),
    ] {
        let server = Server::start([ok(&of_status(status))]);
        let client = server.client(Protocol::V3).build().unwrap();
        let dropped = Arc::default();
        let make = || Traced(Vec::new(), Arc::clone(&dropped));
        let errors = [
            client.report_faults(ID).await.map(|_| ()).unwrap_err(),
            client.reason_counts(ID).await.map(|_| ()).unwrap_err(),
            client.report_faults_to(ID, || Ok(make())).await.map(|_| ()).unwrap_err(),
            client.stream_faults(ID, || Ok(make())).await.map(|_| ()).unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.status(), error.attempts()), (kind, Some(200), Some(1)), "{error}");
            assert!(error.to_string().contains(named), "{error}");
            assert!(["bo@", "jo@", "am9A"].iter().all(|contact| !everything(&error).contains(contact)), "{error}");
        }
        assert_eq!(*dropped.lock().unwrap(), 2);
        match client.import_status(ID).await {
            Ok(status) => assert_eq!(status.as_str(), named),
            Err(error) => {
                assert_eq!((error.kind(), kind), (UnexpectedAnswer, UnexpectedAnswer), "{error}");
                assert!(!error.to_string().contains("bo@"), "{error}");
                assert_eq!(client.import_summary(ID).await.unwrap_err().kind(), UnexpectedAnswer);
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_such_answer_is_never_saved() {
    let page = "<html>sorry</html>";
    for (protocol, body, kind) in [
        (Protocol::V3, REPORT, UnexpectedAnswer),
        (Protocol::V3, "", UnexpectedAnswer),
        (Protocol::V3, " \r\n", UnexpectedAnswer),
        (Protocol::V3, "null", UnexpectedAnswer),
        (Protocol::V3, page, UnexpectedAnswer),
        (Protocol::V3, "[]", UnexpectedAnswer),
        (Protocol::V3, r#"{"message":"ERROR_INVALID_LOGIN"}"#, NotPermitted),
        (Protocol::V3, r#"{"errorCode":"contacts:importNotFound"}"#, NotFound),
        (Protocol::V3, r#"{"status":"Finished","contacts":[{"email":"a@x.com"}]}"#, UnexpectedAnswer),
        // Nor is it a report of another protocol.
        (Protocol::Rest, &finished(), UnexpectedAnswer),
    ] {
        let server = Server::start([ok(body)]);
        let client = server.client(protocol).build().unwrap();
        for error in [
            client.report_faults_bytes(ID).await.map(|_| ()).unwrap_err(),
            client.report_faults(ID).await.map(|_| ()).unwrap_err(),
            client.reason_counts(ID).await.map(|_| ()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), kind, "{protocol} {body}: {error}");
            assert!(!error.to_string().contains('@'), "{error}");
        }
    }
}

#[tokio::test]
async fn errors_by_their_codes() {
    let error = |code: &str, more: &str| format!(r#"{{"errorCode":"{code}","description":"No '{ID}'"{more}}}"#);
    let details = format!(
        r#","details":[{{"item":"importId","error":"bad"}},{{"item":"email","description":"bo@example.com is bad"}},
        {{"item":"x","description":"{PASSWORD}"}}]"#
    );
    for (status, body, kind, requests, code) in [
        ("404 Not Found", error("contacts:importNotFound", ""), NotFound, 1, Some("contacts:importNotFound")),
        ("404 Not Found", String::new(), NotFound, 1, None),
        ("404 Not Found", error("contacts:moon", ""), NotFound, 1, Some("contacts:moon")),
        ("400 Bad Request", error("contacts:invalidId", &details), Refused, 1, Some("contacts:invalidId")),
        ("400 Bad Request", error("contacts:badJson", ""), Refused, 1, Some("contacts:badJson")),
        ("401 No", String::new(), NotPermitted, 1, None),
        ("403 No", error("contacts:importNotFound", ""), NotPermitted, 1, Some("contacts:importNotFound")),
        ("500 Oops", error("contacts:moon", ""), Unavailable, 2, Some("contacts:moon")),
        ("200 OK", error("contacts:importNotFound", ""), NotFound, 1, Some("contacts:importNotFound")),
        ("204 No Content", String::new(), UnexpectedAnswer, 1, None),
    ] {
        let server = Server::start([answer(status, "", &body)]);
        let client = server.client(Protocol::V3).build().unwrap();
        let failed: [Result<(), Error>; 2] =
            [client.reason_counts(ID).await.map(|_| ()), client.import_status(ID).await.map(|_| ())];
        for failed in failed {
            let error = failed.unwrap_err();
            assert_eq!((error.kind(), error.code()), (kind, code), "{status} {body}: {error}");
            assert_eq!(error.attempts(), Some(requests), "{error}");
            assert!(!everything(&error).contains("bo@"), "{error}");
            assert_no_secret(&everything(&error));
            if body.contains("details") {
                assert!(error.to_string().contains("(importId: bad; email; x: [withheld"), "{error}");
            }
        }
    }
}

/// Seconds in one document, a time in another.
#[tokio::test]
async fn a_limit_names_its_end() {
    for (reset, wait) in [("7", Some(7)), ("1700000000", None)] {
        let reply = answer("429 Too Many Requests", &format!("X-RateLimit-Reset: {reset}\r\n"), "");
        let server = Server::start([reply]);
        let client = server.client(Protocol::V3).max_retries(0).build().unwrap();
        let error = client.reason_counts(ID).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (RateLimited, wait.map(Duration::from_secs)), "{error}");
    }
}

/// A status that nobody knows is one on the way, over this protocol alone.
#[tokio::test(start_paused = true)]
async fn an_unknown_status_is_waited_for() {
    for (protocol, body, kind, asked) in [
        (Protocol::V3, of_status(r#""status":"Napping","#), NotFinished, 2),
        (Protocol::Rest, r#"{"status":"Napping"}"#.to_owned(), EndedWithoutReport, 1),
        (Protocol::V3, of_status(r#""status":"Failed","#), EndedWithoutReport, 1),
    ] {
        let (mut clock, time) = clock();
        let server = Server::start([ok(&body)]);
        let client = server.client(protocol).build().unwrap().observed_by(move |progress| {
            if let Progress::Waiting { pause, .. } = progress {
                time.pass(*pause);
            }
        });
        let client = client.with_deadline((Instant::now() + Duration::from_millis(1500)).into_std());
        let error = clock.during(async move { client.wait_until_finished(ID).await }).await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (kind, asked), "{error}");
        let named = if body.contains("Napping") { "Napping" } else { "Failed" };
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let kind = async |body: &str, max_size: u64, options: ReadOptions| -> (ErrorKind, ErrorKind) {
        let server = Server::start([ok(body)]);
        let client = server.client(Protocol::V3).max_size(max_size).read_options(options).build().unwrap();
        let counts = client.reason_counts(ID).await.map(|_| ()).unwrap_err().kind();
        (counts, client.report_faults(ID).await.map(|_| ()).unwrap_err().kind())
    };
    let padded = finished().replacen('{', &format!("{{\"created\":[{}0],", "\"x\",".repeat(40_000)), 1);
    assert_eq!(
        kind(&padded.replace(r#""created": ["#, r#""more": ["#), 100_000, ReadOptions::new()).await,
        (TooLarge, TooLarge)
    );
    assert_eq!(kind(&finished(), 1 << 20, ReadOptions::new().largest_row(64)).await, (TooLarge, TooLarge));
    let odd = fs::read_to_string("fixtures/v3-odd.json").unwrap();
    assert_eq!(kind(&odd, 1 << 20, ReadOptions::new().most_columns(8)).await, (TooLarge, TooLarge));
}
