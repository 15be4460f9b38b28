//! The stand-in by itself, asked over plain sockets.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use dotdigital_faults::sandbox::{Operation, Sandbox, Shape, Status, Trouble};
use uuid::{Uuid, uuid};

use crate::helpers::http::{self, Answer, End};
use crate::helpers::{ID, patience};

const OTHER: Uuid = uuid!("00000000-0000-4000-8000-00000000000a");
const REPORT: &str = "Reason,email\r\nHard bounced,jo@example.com\r\n";
const REPORT_BASE64: &str = "UmVhc29uLGVtYWlsDQpIYXJkIGJvdW5jZWQsam9AZXhhbXBsZS5jb20NCg==";

/// `apiuser-sandbox@apiconnector.com` and `sandbox:password`.
pub const AUTHORIZATION: &str =
    "Authorization: Basic YXBpdXNlci1zYW5kYm94QGFwaWNvbm5lY3Rvci5jb206c2FuZGJveDpwYXNzd29yZA==";

const FAULTS: &str = "GetContactImportReportFaults";
const PROGRESS: &str = "GetContactImportProgress";
const REPORT_OPERATION: &str = "GetContactImportReport";

fn soap(sandbox: &Sandbox, operation: &str, id: impl ToString) -> Answer {
    http::call(sandbox.address(), "/v2/api.svc", AUTHORIZATION, operation, &id.to_string()).unwrap()
}

/// With other headers and another body.
fn post(sandbox: &Sandbox, headers: &[&str], body: &str) -> Answer {
    let headers: Vec<&str> = headers.iter().copied().chain([AUTHORIZATION]).collect();
    http::send(sandbox.address(), "POST /v2/api.svc", &headers, body.as_bytes()).unwrap()
}

/// `end` is what follows the id in the path.
fn rest(sandbox: &Sandbox, id: impl ToString, end: &str) -> Answer {
    let line = format!("GET /v2/contacts/import/{}{end}", id.to_string());
    http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap()
}

/// What stands in the body of an envelope.
fn within(answer: &Answer) -> &str {
    let start = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>";
    let body = answer.text().strip_prefix(start).and_then(|rest| rest.strip_suffix("</s:Body></s:Envelope>"));
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
    body.unwrap_or_else(|| panic!("no envelope: {answer:?}"))
}

#[test]
fn a_report_over_both_protocols() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT);

    let answer = soap(&sandbox, FAULTS, ID);
    assert_eq!((answer.status, answer.end), (200, End::Whole));
    assert_eq!(
        within(&answer),
        format!(
            "<{FAULTS}Response xmlns=\"http://apiconnector.com/v2\"><{FAULTS}Result>{REPORT_BASE64}</{FAULTS}Result>\
             </{FAULTS}Response>"
        )
    );

    let answer = rest(&sandbox, ID, "/report-faults");
    assert_eq!((answer.status, answer.text(), answer.end), (200, REPORT, End::Whole));
}

#[test]
fn every_shape_of_a_result() {
    let sandbox = Sandbox::start().unwrap();
    for (shape, result, bytes) in [
        (Shape::Text, format!("<{FAULTS}Result>{REPORT_BASE64}</{FAULTS}Result>"), REPORT),
        (Shape::Lines, format!("<{FAULTS}Result>{REPORT_BASE64}\r\n</{FAULTS}Result>"), REPORT),
        (Shape::Empty, format!("<{FAULTS}Result></{FAULTS}Result>"), ""),
        (
            Shape::Nil,
            format!("<{FAULTS}Result i:nil=\"true\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"/>"),
            "",
        ),
        (Shape::Absent, String::new(), ""),
    ] {
        sandbox.import(ID).report(REPORT).shape(shape);
        let response = format!("<{FAULTS}Response xmlns=\"http://apiconnector.com/v2\">{result}</{FAULTS}Response>");
        assert_eq!(within(&soap(&sandbox, FAULTS, ID)), response, "{shape:?}");
        assert_eq!(rest(&sandbox, ID, "/report-faults").text(), bytes, "{shape:?}");
    }
}

#[test]
fn a_status_moves_on_with_the_questions() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT).finished_after(2);

    let progress = |status: &str| {
        format!(
            "<{PROGRESS}Response xmlns=\"http://apiconnector.com/v2\"><{PROGRESS}Result xmlns:a=\"http://apiconnector.com\">\
             <a:Id>{ID}</a:Id><a:Status>{status}</a:Status></{PROGRESS}Result></{PROGRESS}Response>"
        )
    };
    assert_eq!(within(&soap(&sandbox, PROGRESS, ID)), progress("NotFinished"));
    // Asking for anything else brings it no nearer, and neither does trouble.
    assert!(soap(&sandbox, FAULTS, ID).text().contains("ERROR_IMPORT_REPORT_NOT_FOUND"));
    assert!(rest(&sandbox, ID, "/report").text().contains("ERROR_IMPORT_REPORT_NOT_FOUND"));
    sandbox.trouble(Trouble::status(502));
    assert_eq!(soap(&sandbox, PROGRESS, ID).status, 502);
    assert_eq!(rest(&sandbox, ID, "").text(), format!("{{\"id\":\"{ID}\",\"status\":\"NotFinished\"}}"));
    assert_eq!(within(&soap(&sandbox, PROGRESS, ID)), progress("Finished"));
    assert_eq!(rest(&sandbox, ID, "/report-faults").text(), REPORT);
}

#[test]
fn a_status_moves_on_with_the_time() {
    let sandbox = Sandbox::start().unwrap();
    let import = || sandbox.import(ID).status(Status::InvalidFileFormat);
    import().finished_in(Duration::from_secs(3600));
    assert!(rest(&sandbox, ID, "").text().contains("NotFinished"));
    let (started, time) = (Instant::now(), Duration::from_millis(200));
    import().finished_in(time);
    patience::until("the import never ends", || {
        let answer = rest(&sandbox, ID, "");
        let has_ended = answer.text().contains("InvalidFileFormat");
        assert!(has_ended || answer.text().contains("NotFinished"), "{answer:?}");
        assert!(!has_ended || started.elapsed() >= time, "it has ended before its time");
        has_ended
    });
    assert!(rest(&sandbox, ID, "/report-faults").text().contains("ERROR_IMPORT_REPORT_NOT_FOUND"));
}

#[test]
fn any_status_and_one_that_is_empty() {
    let sandbox = Sandbox::start().unwrap();
    for status in [
        Status::RejectedByWatchdog,
        Status::Unknown,
        Status::Failed,
        Status::ExceedsAllowedContactLimit,
        Status::NotAvailableInThisVersion,
        Status::Other("Sleeping & <dreaming>".into()),
        Status::Other(String::new()),
    ] {
        sandbox.import(ID).status(status.clone());
        assert!(rest(&sandbox, ID, "").text().ends_with(&format!("\"status\":\"{status}\"}}")));
        let escaped = status.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(soap(&sandbox, PROGRESS, ID).text().contains(&format!("<a:Status>{escaped}</a:Status>")), "{status}");
    }
}

#[test]
fn figures_in_the_order_and_the_names_of_each_protocol() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(OTHER);
    assert_eq!(rest(&sandbox, OTHER, "/report").text(), "{}");
    sandbox.import(ID).summary([("MoonPhase", 4), ("HardBounced", 1), ("SuppressedContacts", 2), ("NewContacts", 99)]);
    let counts = "<a:NewContacts>99</a:NewContacts><a:HardBounced>1</a:HardBounced><a:MoonPhase>4</a:MoonPhase>";
    assert_eq!(
        within(&soap(&sandbox, REPORT_OPERATION, ID)),
        format!(
            "<{REPORT_OPERATION}Response xmlns=\"http://apiconnector.com/v2\">\
             <{REPORT_OPERATION}Result xmlns:a=\"http://apiconnector.com\">{counts}</{REPORT_OPERATION}Result>\
             </{REPORT_OPERATION}Response>"
        )
    );
    let answer = rest(&sandbox, ID, "/report");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.text(), r#"{"hardBounced":1,"moonPhase":4,"newContacts":99,"suppressedContacts":2}"#);
}

#[test]
#[should_panic = "`Hard bounced` can't be the name of a count"]
fn a_count_that_no_element_can_be_named_after() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).summary([("Hard bounced", 1)]);
}

#[test]
fn faults_of_the_service() {
    let sandbox = Sandbox::start().unwrap();
    let fault = |text: &str| {
        format!(
            "<s:Fault><faultcode xmlns:a=\"http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher\">\
             a:InternalServiceFault</faultcode><faultstring xml:lang=\"en-US\">{text}</faultstring></s:Fault>"
        )
    };
    let expect = |id: &str, soap_text: &str, rest_status: u16| {
        for operation in [FAULTS, PROGRESS, REPORT_OPERATION] {
            let answer = soap(&sandbox, operation, id);
            assert_eq!((answer.status, within(&answer)), (500, fault(soap_text).as_str()));
        }
        for end in ["/report-faults", "", "/report"] {
            let answer = rest(&sandbox, id, end);
            assert_eq!(
                (answer.status, answer.text()),
                (rest_status, format!("{{\"message\":\"{soap_text}\"}}").as_str())
            );
        }
    };
    expect(&OTHER.to_string(), "Import not found. ERROR_IMPORT_NOT_FOUND", 404);
    expect("842d81e8c619457fbb77ab6c4a17da39", "The id is not a GUID. ERROR_PARAMETER_INVALID", 400);

    sandbox.import(ID).report(REPORT).expired();
    let text = "Import is not processed yet or completed with error. ERROR_IMPORT_REPORT_NOT_FOUND";
    assert_eq!(within(&soap(&sandbox, FAULTS, ID)), fault(text));
    let answer = rest(&sandbox, ID, "/report-faults");
    assert_eq!((answer.status, answer.text()), (404, format!("{{\"message\":\"{text}\"}}").as_str()));
    assert!(soap(&sandbox, PROGRESS, ID).text().contains("Finished"));

    for (code, message, status) in [
        ("ERROR_APIUSAGE_EXCEEDED", "The calls that are allowed in an hour are used up. ERROR_APIUSAGE_EXCEEDED", 400),
        ("ERROR_UNKNOWN", "Error: ERROR_UNKNOWN", 500),
        ("ERROR_<MOON>", "Error: ERROR_<MOON>", 400),
    ] {
        sandbox.import(ID).trouble(Trouble::error(code).times(2));
        let answer = soap(&sandbox, FAULTS, ID);
        let escaped = message.replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!((answer.status, within(&answer)), (500, fault(&escaped).as_str()));
        let answer = rest(&sandbox, ID, "/report-faults");
        assert_eq!((answer.status, answer.text()), (status, format!("{{\"message\":\"{message}\"}}").as_str()));
    }
}

#[test]
fn credentials_are_asked_for_first() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT).trouble(Trouble::status(503));
    for authorization in ["X-Nothing: here", "Authorization: Basic d3Jvbmc6cGFzc3dvcmQ=", "Authorization: Bearer x"] {
        let answer = http::call(sandbox.address(), "/v2/api.svc", authorization, FAULTS, &ID.to_string()).unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (401, Some("text/html")));
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("basic realm=")));
        let line = format!("GET /v2/contacts/import/{ID}/report-faults");
        let answer = http::send(sandbox.address(), &line, &[authorization], b"").unwrap();
        assert_eq!(answer.status, 401);
        assert_eq!(answer.text(), r#"{"message":"Authorization has been denied for this request."}"#);
    }
    // An import's trouble waits for somebody who may ask.
    assert_eq!(soap(&sandbox, FAULTS, ID).status, 503);
    let requests = sandbox.requests();
    assert_eq!(requests.iter().filter(|request| request.is_authorized()).count(), 1);
    let seen = format!("{sandbox:?} {:?} {requests:?}", Sandbox::builder());
    for secret in ["sandbox:password", "YXBpdXNlci1", "Authorization"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));

    let sandbox = Sandbox::builder().credentials("a", "b").start().unwrap();
    assert_eq!((sandbox.username(), sandbox.password()), ("a", "b"));
    let answer = http::send(sandbox.address(), "GET /v2/contacts/import/x", &["Authorization: Basic YTpi"], b"");
    assert_eq!(answer.unwrap().status, 400);
}

#[test]
fn what_is_no_question_of_the_service() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID);
    let xml = "Content-Type: text/xml; charset=utf-8";
    let action = |name: &str| format!("SOAPAction: \"http://apiconnector.com/v2/ApiService/{name}\"");
    let id = ID.to_string();
    let body = http::envelope(FAULTS, &id);

    let wrong = [action("GetContacts"), "SOAPAction: \"\"".into(), "X-No-Action: at all".into()];
    for action in &wrong {
        let answer = post(&sandbox, &[xml, action], &body);
        assert_eq!(answer.status, 500);
        assert!(within(&answer).contains(">a:ActionNotSupported</faultcode>"), "{answer:?}");
    }
    let others = [http::envelope(PROGRESS, &id), body.replace("com/v2\"", "com/v2/\""), body.replace(FAULTS, "getit")];
    for body in &others {
        let answer = post(&sandbox, &[xml, &action(FAULTS)], body);
        assert_eq!(answer.status, 500);
        assert!(within(&answer).contains(">a:DeserializationFailed</faultcode>"), "{answer:?}");
    }
    // WCF doesn't know an `importid`, and takes an id that isn't there for zeros.
    let answer = post(&sandbox, &[xml, &action(FAULTS)], &body.replace("importId", "importid"));
    assert!(within(&answer).contains("ERROR_IMPORT_NOT_FOUND"));
    let answer = post(&sandbox, &[xml, &action(FAULTS)], &body.replace("/soap/envelope/", "/soap/other/"));
    assert!(within(&answer).contains(">s:VersionMismatch</faultcode>"));
    for (headers, body, status) in [
        ([xml, &action(FAULTS)], "<!DOCTYPE a><a/>", 400),
        ([xml, &action(FAULTS)], "{}", 400),
        (["Content-Type: application/json", &action(FAULTS)], &body, 415),
        ([xml, &action(FAULTS)], &" ".repeat(70_000), 413),
    ] {
        assert_eq!(post(&sandbox, &headers, body).status, status);
    }
    // The quotation marks may be missing, and the address has an older spelling.
    let line = "POST /v2/Api.svc";
    let bare = format!("SOAPAction: http://apiconnector.com/v2/ApiService/{FAULTS}");
    let answer = http::send(sandbox.address(), line, &[xml, &bare, AUTHORIZATION], body.as_bytes()).unwrap();
    assert_eq!(answer.status, 200);

    for (line, status) in [
        ("GET /v2/api.svc".to_owned(), 405),
        (format!("DELETE /v2/contacts/import/{ID}"), 405),
        (format!("GET /v2/contacts/import/{ID}/faults"), 404),
        ("GET /".to_owned(), 404),
    ] {
        let answer = http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap();
        assert_eq!(answer.status, status, "{line}");
    }
    assert!(sandbox.requests().iter().any(|request| request.operation().is_none()));
}

#[test]
fn its_wsdl_is_there_for_everybody() {
    let sandbox = Sandbox::start().unwrap();
    let answer = http::send(sandbox.address(), "GET /v2/api.svc?wsdl", &[], b"").unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(&format!("<soap:address location=\"{}\"/>", sandbox.soap_url())));
}

#[test]
fn statuses_and_headers_to_order() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT);
    sandbox.import(OTHER).report(REPORT);
    let busy = Trouble::status(429).header("Retry-After", "7").header("X-RateLimit-Reset", "9");
    sandbox.import(ID).trouble(busy.body("<h1>Slow down</h1>").times(2));
    assert_eq!(rest(&sandbox, OTHER, "/report-faults").status, 200);
    for _ in 0..2 {
        let answer = rest(&sandbox, ID, "/report-faults");
        assert_eq!((answer.status, answer.text()), (429, "<h1>Slow down</h1>"));
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert_eq!(answer.header("x-ratelimit-reset"), Some("9"));
    }
    assert_eq!(rest(&sandbox, ID, "/report-faults").text(), REPORT);

    // A usual answer with another header, and any bytes with 200.
    sandbox.trouble(Trouble::usual().header("Content-Type", "text/plain"));
    sandbox.trouble(Trouble::usual().body(*b"\xff\xfe"));
    assert_eq!(rest(&sandbox, ID, "/report-faults").header("content-type"), Some("text/plain"));
    let answer = rest(&sandbox, ID, "/report-faults");
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"\xff\xfe".as_slice()));

    sandbox.trouble(Trouble::status(204));
    let answer = rest(&sandbox, ID, "/report-faults");
    assert_eq!((answer.status, answer.body.len()), (204, 0));

    // The sandbox's own trouble goes first, and asks nobody who they are.
    sandbox.import(ID).trouble(Trouble::status(502));
    sandbox.trouble(Trouble::status(504).on(Operation::Summary).always());
    assert_eq!(rest(&sandbox, ID, "/report").status, 504);
    assert_eq!(rest(&sandbox, ID, "").status, 502);
    let answer = http::send(sandbox.address(), &format!("GET /v2/contacts/import/{ID}/report"), &[], b"").unwrap();
    assert_eq!(answer.status, 504);
    assert_eq!(rest(&sandbox, ID, "").status, 200);
}

#[test]
fn answers_that_break_off() {
    let sandbox = Sandbox::start().unwrap();
    let import = sandbox.import(ID).repeated_report("Reason,email\n", "Duplicate,jo@example.com\n", 10_000);
    let usual = rest(&sandbox, ID, "/report-faults").body;
    assert_eq!(usual.len(), 250_013);

    for (trouble, arrived, end) in [
        (Trouble::usual().truncated_after(100_000), 100_000, End::Truncated),
        (Trouble::usual().truncated_after(100_000).chunked(), 100_000, End::Truncated),
        (Trouble::usual().truncated_after(0), 0, End::Truncated),
        (Trouble::usual().truncated_after(250_013), 250_013, End::Whole),
        (Trouble::usual().chunked(), 250_013, End::Whole),
        (Trouble::usual().reset_after(1000), 1000, End::Reset),
        (Trouble::usual().reset_after(1000).chunked(), 1000, End::Reset),
    ] {
        import.clone().trouble(trouble.clone());
        let answer = rest(&sandbox, ID, "/report-faults");
        assert_eq!((answer.status, answer.end, answer.body.len()), (200, end, arrived), "{trouble:?}");
        assert!(usual.starts_with(&answer.body), "{trouble:?}");
        let promised = answer.header("content-length").map(str::to_owned);
        assert!(promised.is_none_or(|length| length == "250013"), "{trouble:?}");
    }

    import.trouble(Trouble::reset());
    let line = format!("GET /v2/contacts/import/{ID}");
    let error = http::send(sandbox.address(), &line, &[AUTHORIZATION], b"").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(sandbox.requests().last().map(|request| request.status()), Some(None));
}

#[test]
fn answers_that_take_their_time() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID).report(REPORT);
    let pause = Duration::from_millis(150);
    for trouble in [Trouble::usual().delayed(pause), Trouble::usual().stalled_after(10, pause)] {
        sandbox.trouble(trouble);
        let started = Instant::now();
        assert_eq!(rest(&sandbox, ID, "/report-faults").text(), REPORT);
        assert!(started.elapsed() >= pause);
    }
}

#[test]
fn it_remembers_what_it_was_asked() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.import(ID);
    soap(&sandbox, PROGRESS, ID);
    rest(&sandbox, OTHER, "/report");
    let requests = sandbox.requests();
    let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((first.method(), first.path()), ("POST", "/v2/api.svc"));
    assert_eq!(first.soap_action(), Some("\"http://apiconnector.com/v2/ApiService/GetContactImportProgress\""));
    assert_eq!(first.header("content-type"), Some("text/xml; charset=utf-8"));
    assert_eq!(first.body(), http::envelope(PROGRESS, &ID.to_string()).as_bytes());
    assert_eq!((first.operation(), first.import()), (Some(Operation::Status), Some(ID)));
    assert_eq!((second.method(), second.path()), ("GET", &*format!("/v2/contacts/import/{OTHER}/report")));
    assert_eq!((second.operation(), second.import()), (Some(Operation::Summary), Some(OTHER)));
    assert_eq!((first.status(), second.status()), (Some(200), Some(404)));
    assert!(first.at() <= second.at() && first.is_authorized() && second.soap_action().is_none());
}

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let (one, two) = (Sandbox::start().unwrap(), Sandbox::start().unwrap());
    one.import(ID).report("one");
    two.import(ID).report("two");
    std::thread::scope(|scope| {
        for (sandbox, report) in [(&one, "one"), (&two, "two")].repeat(4) {
            scope.spawn(move || {
                for _ in 0..10 {
                    assert_eq!(rest(sandbox, ID, "/report-faults").text(), report);
                }
            });
        }
    });
    assert_eq!((one.requests().len(), two.requests().len()), (40, 40));
}

#[test]
fn it_stops_when_it_is_dropped() {
    let sandbox = Sandbox::start().unwrap();
    let address = sandbox.address();
    assert!(address.ip().is_loopback());
    // An answer that would take an hour doesn't keep it. Any other one would be known by its status.
    sandbox.trouble(Trouble::usual().delayed(Duration::from_secs(3600)));
    sandbox.trouble(Trouble::status(418).always());
    let asking = std::thread::spawn(move || http::send(address, "GET /", &[], b""));
    patience::until("nothing is asked", || !sandbox.requests().is_empty());
    drop(sandbox);
    assert!(asking.join().unwrap().is_err());
    // Somebody else may have been given its port meanwhile.
    assert!(!http::send(address, "GET /", &[], b"").is_ok_and(|answer| answer.status == 418));

    // The port of another program is not ours to take.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    assert!(Sandbox::builder().port(port).start().is_err());
}

#[test]
fn it_starts_and_stops_within_a_runtime() {
    fn can_be_shared<T: Send + Sync + 'static>(_: &T) {}
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start().unwrap();
        can_be_shared(&sandbox);
        can_be_shared(&sandbox.import(OTHER));
        assert_eq!(rest(&sandbox, ID, "").status, 404);
    });
}
