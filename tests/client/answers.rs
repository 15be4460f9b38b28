//! What the client makes of every answer, polite or not: the kind of error, how often it asked, how long it took by the
//! test's clock, and that nothing it prints holds a secret.

use std::time::Duration;

use dotdigital_faults::ErrorKind::{self, *};
use dotdigital_faults::{FailureReason, Protocol};
use tokio::time::Instant;

use crate::helpers::clock::clock;
use crate::helpers::server::*;
use crate::helpers::{ID, patience};

const BOTH: &[Protocol] = &[Protocol::Soap, Protocol::Rest];
const SOAP: &[Protocol] = &[Protocol::Soap];
const REST: &[Protocol] = &[Protocol::Rest];

struct Case {
    name: &'static str,
    protocols: &'static [Protocol],
    reply: Reply,
    kind: ErrorKind,
    requests: usize,
    seconds: u64,
}

fn case(name: &'static str, protocols: &'static [Protocol], reply: Reply, kind: ErrorKind, requests: usize) -> Case {
    Case { name, protocols, reply, kind, requests, seconds: 2 }
}

/// Each by a clock of its own, on which only the server's pauses take any time.
async fn check(cases: Vec<Case>) {
    for case in cases {
        for &protocol in case.protocols {
            let name = format!("{} over {protocol}", case.name);
            let (mut clock, time) = clock();
            let server = Server::paused([case.reply.clone()], &time);
            let client = server
                .client(protocol)
                .max_size(1 << 20)
                .timeout(Duration::from_secs(10))
                .attempt_timeout(Duration::from_secs(5))
                .stall_timeout(Duration::from_millis(300))
                .build()
                .unwrap();
            let start = Instant::now();
            let asked = async move { (client.reason_counts(ID).await, start.elapsed()) };
            let (answer, took) = clock.during(asked).await;
            let error = answer.expect_err(&name);
            assert_eq!(error.kind(), case.kind, "{name}: {error}");
            assert_eq!(server.requests().len(), case.requests, "{name}: {error}");
            assert_eq!(error.attempts(), Some(case.requests as u32), "{name}: {error}");
            assert!(took < Duration::from_secs(case.seconds), "{name} took {took:?}");
            let printed = everything(&error);
            assert_no_secret(&printed);
            assert!(error.to_string().lines().count() == 1 && error.to_string().len() < 4096, "{name}: {error}");
            assert_eq!((error.operation(), error.import_id()), (Some("GetContactImportReportFaults"), Some(ID)));
            // It has hung up, and hasn't heard out what has no end.
            let left = tokio::task::spawn_blocking(move || {
                patience::until("the client keeps a connection", || server.is_left());
                server.was_heard_out()
            });
            assert!(!clock.during(left).await.unwrap(), "{name}");
        }
    }
}

fn chunked(chunks: &str) -> Step {
    say(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"))
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_cut_or_never_end() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n<s:Envelope";
    let endless = "HTTP/1.1 200 OK\r\n\r\n";
    let mut report = soap_report();
    report.truncate(report.find("</GetContactImportReportFaultsResult>").unwrap());
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    check(vec![
        case("a reset before the answer", BOTH, vec![Step::Reset], Unavailable, 2),
        case("a reset in the head", BOTH, vec![say("HTTP/1.1 200 O"), Step::Reset], Unavailable, 2),
        case("a reset in the body", BOTH, vec![say(half), Step::Reset], Unavailable, 2),
        case("an end before the answer", BOTH, vec![], Unavailable, 2),
        case("an end in the body", BOTH, vec![say(half)], Unavailable, 2),
        case(
            "a length that lies",
            BOTH,
            vec![say(format!("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{REPORT}"))],
            Unavailable,
            2,
        ),
        case("an end in a chunk", BOTH, vec![chunked("ff\r\nReason")], Unavailable, 2),
        case("an end between chunks", BOTH, vec![chunked("6\r\nReason\r\n")], Unavailable, 2),
        case("a chunk of no size", BOTH, vec![chunked("xyz\r\nReason\r\n")], Unavailable, 2),
        case("a whole body of half an envelope", SOAP, ok(&report), UnexpectedAnswer, 1),
        case("silence", BOTH, vec![Step::Pause(Duration::from_secs(60))], TimedOut, 2).within(12),
        case("silence in the body", BOTH, vec![say(half), Step::Pause(Duration::from_secs(60))], TimedOut, 2),
        case(
            "one byte a second",
            BOTH,
            vec![say(half), Step::Drip(vec![b' '; 99], Duration::from_secs(1))],
            TimedOut,
            2,
        ),
        case(
            "an endless report",
            REST,
            vec![say(endless), say("Reason,email\n"), Step::Endless("Duplicate,x@x.com\n".repeat(999).into())],
            TooLarge,
            1,
        ),
        case(
            "an endless report in base64",
            SOAP,
            vec![say(endless), say(report.clone().replace("==", "Cg")), Step::Endless(vec![b'A'; 9999])],
            TooLarge,
            1,
        ),
        case(
            "endless white space in base64",
            SOAP,
            vec![say(endless), say(report.replace("==", "")), Step::Endless(vec![b' '; 9999])],
            TooLarge,
            1,
        ),
        case(
            "an endless page",
            SOAP,
            vec![say(endless), Step::Endless("<p>sorry</p>".repeat(99).into())],
            UnexpectedAnswer,
            1,
        ),
        case(
            "an endless comment",
            SOAP,
            vec![say(endless), say("<!--"), Step::Endless(vec![b'x'; 9999])],
            UnexpectedAnswer,
            1,
        ),
        case("a length beyond the limit", BOTH, vec![say(long), Step::Pause(Duration::from_secs(60))], TooLarge, 1),
        case(
            "an endless error",
            BOTH,
            vec![say("HTTP/1.1 503 Busy\r\n\r\n"), Step::Endless(vec![b'x'; 9999])],
            Unavailable,
            2,
        ),
        case(
            "a huge header",
            BOTH,
            vec![say("HTTP/1.1 200 OK\r\nX: "), Step::Endless(vec![b'x'; 9999])],
            UnexpectedAnswer,
            1,
        ),
        case(
            "endless headers",
            BOTH,
            vec![say("HTTP/1.1 200 OK\r\n"), Step::Endless(b"X: y\r\n".repeat(999))],
            UnexpectedAnswer,
            1,
        ),
        case("no HTTP", BOTH, vec![say("SSH-2.0-OpenSSH_9.9\r\n\r\n")], UnexpectedAnswer, 1),
        case("compression", BOTH, answer("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}"), UnexpectedAnswer, 1),
    ])
    .await;
}

impl Case {
    fn within(self, seconds: u64) -> Case {
        Case { seconds, ..self }
    }
}

#[tokio::test(start_paused = true)]
async fn every_shape_of_a_refusal() {
    let page = format!("<html><body>{USERNAME} / {PASSWORD} / {} is not {}</body></html>", BASE64[0], BASE64[1]);
    let json = format!(r#"{{"message": "Authorization has been denied for {USERNAME}, {PASSWORD}."}}"#);
    let basic = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    let mut cases = Vec::new();
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let head = format!("HTTP/1.1 {status}\r\n{basic}");
        cases.extend([
            case("empty", BOTH, answer(status, "", ""), NotPermitted, 1),
            case("empty, with a challenge", BOTH, answer(status, basic, ""), NotPermitted, 1),
            case(
                "with another challenge",
                BOTH,
                answer(status, "WWW-Authenticate: Negotiate\r\n", ""),
                NotPermitted,
                1,
            ),
            case("a page", BOTH, answer(status, "Content-Type: text/html\r\n", &page), NotPermitted, 1),
            case("json", BOTH, answer(status, "Content-Type: application/json\r\n", &json), NotPermitted, 1),
            case("json as xml", BOTH, answer(status, "Content-Type: text/xml\r\n", &json), NotPermitted, 1),
            case(
                "with a code that passes",
                BOTH,
                answer(status, "", r#"{"message":"ERROR_UNKNOWN"}"#),
                NotPermitted,
                1,
            ),
            case("with a wait", BOTH, answer(status, "Retry-After: 1\r\n", ""), NotPermitted, 1),
            case("with a redirect", BOTH, answer(status, "Location: http://127.0.0.1:1/\r\n", ""), NotPermitted, 1),
            case("cut", BOTH, vec![say(format!("{head}Content-Length: 99\r\n\r\nhalf"))], NotPermitted, 1),
            case(
                "reset",
                BOTH,
                vec![
                    say(format!("{head}Content-Length: 99\r\n\r\nhalf")),
                    Step::Pause(Duration::from_millis(50)),
                    Step::Reset,
                ],
                NotPermitted,
                1,
            ),
            case(
                "stalled",
                BOTH,
                vec![say(format!("{head}\r\nhalf")), Step::Pause(Duration::from_secs(60))],
                NotPermitted,
                1,
            ),
            case(
                "dripping",
                BOTH,
                vec![say(format!("{head}\r\n")), Step::Drip(vec![b'x'; 600], Duration::from_millis(100))],
                NotPermitted,
                1,
            ),
            case("endless", BOTH, vec![say(format!("{head}\r\n")), Step::Endless(vec![b'x'; 9999])], NotPermitted, 1),
        ]);
    }
    let of_login = || soap_fault(&format!("{PASSWORD} of {USERNAME} is wrong. ERROR_INVALID_LOGIN"));
    let many = "ERROR_A ".repeat(2000);
    cases.extend([
        case("a fault about the login", SOAP, of_login(), NotPermitted, 1),
        case("a code about the login", BOTH, ok(r#"{"message":"ERROR_APIUSER_INVALID"}"#), NotPermitted, 1),
        case("no such import", SOAP, soap_fault("Error: ERROR_IMPORT_NOT_FOUND"), NotFound, 1),
        case(
            "no such import, in json",
            BOTH,
            answer("404 Not Found", "", r#"{"message":"ERROR_IMPORT_NOT_FOUND"}"#),
            NotFound,
            1,
        ),
        case("no such address", SOAP, answer("404 Not Found", "", "<html></html>"), UnexpectedAnswer, 1),
        case("no such path", REST, answer("404 Not Found", "", "<html></html>"), NotFound, 1),
        case("gone", REST, answer("410 Gone", "", ""), NotFound, 1),
        case("refused", SOAP, soap_fault("What? ERROR_PARAMETER_INVALID"), Refused, 1),
        case("refused by a gateway", BOTH, answer("413 Too Large", "", "<html>"), Refused, 1),
        case("many codes", SOAP, soap_fault(&many), Refused, 1),
        case("too many", BOTH, answer("429 Too Many Requests", "", ""), RateLimited, 2),
        case(
            "too many, in a code",
            REST,
            answer("400 Bad Request", "", r#"{"message":"ERROR_APIUSAGE_EXCEEDED"}"#),
            RateLimited,
            2,
        ),
        case(
            "too many, for an hour",
            BOTH,
            answer("429 Too Many Requests", "Retry-After: 3600\r\n", ""),
            RateLimited,
            1,
        ),
        case("down, for an hour", BOTH, answer("503 Down", "Retry-After: 3600\r\n", ""), Unavailable, 1),
        case("down, for nonsense", BOTH, answer("503 Down", "Retry-After: soon\r\n", ""), Unavailable, 2),
        case("down", BOTH, answer("503 Down", "", "<html>"), Unavailable, 2),
        case("a bad gateway", BOTH, answer("502 Bad Gateway", "", ""), Unavailable, 2),
        case("an error without a code", BOTH, answer("500 Oops", "", ""), Unavailable, 2),
        case("a fault without a code", SOAP, soap_fault("Unhandled."), Unavailable, 2),
        case("unknown", BOTH, ok(r#"{"message":"ERROR_UNKNOWN"}"#), Unavailable, 2),
        case("too many imports", SOAP, soap_fault("ERROR_IMPORT_TOOMANYACTIVEIMPORTS"), Unavailable, 2),
        case("a page with 200", BOTH, ok(&page), UnexpectedAnswer, 1),
        case("json with 200", BOTH, ok(&json), UnexpectedAnswer, 1),
        case("text with 200", BOTH, ok("Bad Request"), UnexpectedAnswer, 1),
        case("no bytes", SOAP, ok(""), UnexpectedAnswer, 1),
        case("no content", SOAP, vec![say("HTTP/1.1 204 No Content\r\n\r\n")], UnexpectedAnswer, 1),
        case("a part", BOTH, answer("206 Partial Content", "", REPORT), UnexpectedAnswer, 1),
        // {"message":"ERROR_IMPORT_NOT_FOUND"}
        case(
            "json in base64",
            SOAP,
            ok(&soap("GetContactImportReportFaults", "eyJtZXNzYWdlIjoiRVJST1JfSU1QT1JUX05PVF9GT1VORCJ9")),
            NotFound,
            1,
        ),
        // <html>
        case("a page in base64", SOAP, ok(&soap("GetContactImportReportFaults", "PGh0bWw+")), UnexpectedAnswer, 1),
        case(
            "UTF-16 over REST",
            REST,
            vec![say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"), say([0xff, 0xfe, b'R', 0])],
            Utf16,
            1,
        ),
    ]);
    check(cases).await;
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let recorder = Server::recorder();
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "300 Choices"] {
        for &protocol in BOTH {
            let location = format!("Location: http://{}/v2/api.svc\r\n", recorder.address);
            let server = Server::start([answer(status, &location, "")]);
            let error = server.client(protocol).build().unwrap().report_faults(ID).await.unwrap_err();
            assert_eq!((error.kind(), server.requests().len()), (UnexpectedAnswer, 1), "{status}: {error}");
            assert_no_secret(&everything(&error));
        }
    }
    assert!(recorder.requests().is_empty());
}

#[tokio::test]
async fn what_goes_over_the_wire() {
    for &protocol in BOTH {
        let body = if protocol == Protocol::Soap { soap_report() } else { REPORT.into() };
        let server = Server::start([ok(&body)]);
        let counts = server.client(protocol).build().unwrap().reason_counts(ID).await.unwrap();
        assert_eq!((counts.get(&FailureReason::HardBounced), counts.total(), counts.import_id()), (2, 3, Some(ID)));
        let request = server.requests().remove(0);
        let head = request.split("\r\n\r\n").next().unwrap().to_lowercase();
        let authorization = format!("authorization: basic {}", BASE64[0].to_lowercase());
        assert!(head.contains(&authorization), "{head}");
        assert!(head.contains(concat!("user-agent: dotdigital-faults/", env!("CARGO_PKG_VERSION"))), "{head}");
        assert!(!head.contains("accept-encoding") && !head.contains("cookie") && !head.contains("referer"), "{head}");
        if protocol == Protocol::Soap {
            assert!(head.starts_with("post /v2/api.svc http/1.1\r\n"), "{head}");
            assert!(head.contains("content-type: text/xml; charset=utf-8"), "{head}");
            let action = r#"soapaction: "http://apiconnector.com/v2/apiservice/getcontactimportreportfaults""#;
            assert!(head.contains(action), "{head}");
        } else {
            let path = "get /v2/contacts/import/842d81e8-c619-457f-bb77-ab6c4a17da39/report-faults http/1.1\r\n";
            assert!(head.starts_with(path), "{head}");
        }
    }
}

#[tokio::test]
async fn an_empty_report_is_one() {
    for (protocol, reply) in [
        (Protocol::Rest, vec![say("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")]),
        (Protocol::Rest, ok("")),
        (Protocol::Rest, ok("null")),
        (Protocol::Soap, ok(&soap("GetContactImportReportFaults", ""))),
    ] {
        let server = Server::start([reply]);
        let client = server.client(protocol).build().unwrap();
        assert!(client.report_faults(ID).await.unwrap().is_empty());
        assert!(client.reason_counts(ID).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nobody_listens() {
    for endpoint in ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "https://nobody.invalid/"] {
        let client = builder().endpoint(endpoint).build().unwrap();
        let error = client.report_faults(ID).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (Unavailable, Some(2)), "{error}");
        assert!(error.to_string().contains("can't be reached"), "{error}");
        assert_no_secret(&everything(&error));
    }
}
