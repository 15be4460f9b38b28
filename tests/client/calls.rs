//! Whole calls: what is tried again, what is told meanwhile, and what must never be seen.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdigital_faults::ErrorKind::*;
use dotdigital_faults::{ColumnChoice, FailureReason, ImportStatus, Progress, Protocol, ReadOptions};
use tokio::time::Instant;
use tracing_subscriber::util::SubscriberInitExt;

use crate::helpers::clock::clock;
use crate::helpers::server::*;
use crate::helpers::{ID, child, patience};

const BOTH: [Protocol; 2] = [Protocol::Soap, Protocol::Rest];

fn report(protocol: Protocol) -> Reply {
    if protocol == Protocol::Soap { ok(&soap_report()) } else { ok(REPORT) }
}

/// An answer that breaks off somewhere in the report.
fn half(protocol: Protocol) -> Reply {
    let Some(Step::Say(mut bytes)) = report(protocol).pop() else { unreachable!() };
    bytes.truncate(bytes.len() - if protocol == Protocol::Soap { 150 } else { 20 });
    vec![Step::Say(bytes)]
}

/// Writers that are dropped leave a trace.
struct Traced(Vec<u8>, Arc<Mutex<Vec<usize>>>);

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.len());
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_is_fetched_from_the_start() {
    for protocol in BOTH {
        let replies = || [half(protocol), answer("503 Busy", "", ""), half(protocol), report(protocol)];
        let client = |server: &Server| server.client(protocol).max_retries(4).build().unwrap();

        let server = Server::start(replies());
        let counts = client(&server).reason_counts(ID).await.unwrap();
        assert_eq!((counts.total(), server.requests().len()), (3, 4));

        let read = client(&Server::start(replies())).report_faults(ID).await.unwrap();
        assert_eq!((read.bytes(), read.import_id()), (REPORT.as_bytes(), Some(ID)));
        assert_eq!(client(&Server::start(replies())).report_faults_bytes(ID).await.unwrap(), REPORT.as_bytes());

        let dropped = Arc::default();
        let make = || Ok(Traced(Vec::new(), Arc::clone(&dropped)));
        let traced = client(&Server::start(replies())).report_faults_to(ID, make).await.unwrap();
        assert_eq!(traced.0, REPORT.as_bytes());
        let dropped = dropped.lock().unwrap();
        assert!(dropped.len() <= 2 && dropped.iter().all(|&length| length < REPORT.len()), "{dropped:?}");
    }
}

#[tokio::test]
async fn an_error_page_is_never_saved() {
    for (protocol, reply) in [
        (Protocol::Rest, ok("<html>sorry</html>")),
        (Protocol::Rest, ok(r#"{"message": "no"}"#)),
        (Protocol::Rest, ok("Bad Request")),
        (Protocol::Soap, ok(&soap("GetContactImportReportFaults", "PGh0bWw+"))),
    ] {
        let server = Server::start([reply]);
        let client = server.client(protocol).build().unwrap();
        assert_eq!(client.report_faults_bytes(ID).await.unwrap_err().kind(), UnexpectedAnswer);
        assert_eq!(client.report_faults_to(ID, || Ok(Vec::new())).await.unwrap_err().kind(), UnexpectedAnswer);
        assert_eq!(client.report_faults(ID).await.unwrap_err().kind(), UnexpectedAnswer);
    }
}

#[tokio::test]
async fn a_writer_that_fails() {
    let server = Server::start([ok(REPORT)]);
    let client = server.client(Protocol::Rest).build().unwrap();
    let full = || -> io::Result<Vec<u8>> { Err(io::Error::other("the disk is full")) };
    let error = client.report_faults_to(ID, full).await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (Io, 1));
    assert!(everything(&error).contains("the disk is full"), "{error}");
}

#[tokio::test]
async fn a_strict_reading() {
    let server = Server::start([ok("Reason,email\nDuplicate\n")]);
    let client = server.client(Protocol::Rest).read_options(ReadOptions::new().strict(true)).build().unwrap();
    for error in [client.report_faults(ID).await.unwrap_err(), client.reason_counts(ID).await.unwrap_err()] {
        assert_eq!((error.kind(), error.line(), error.attempts()), (Anomaly, Some(2), Some(1)), "{error}");
    }
    // The bytes are what they are.
    assert!(client.report_faults_bytes(ID).await.is_ok());
}

#[tokio::test]
async fn a_reason_column_that_is_named_makes_a_report() {
    let report = "grund,email\nMondphase,a@x.com\n";
    let named = ReadOptions::new().reason_column(ColumnChoice::name("grund"));
    let server = Server::start([ok(report)]);
    let client = |options| server.client(Protocol::Rest).read_options(options).build().unwrap();
    assert_eq!(client(named).report_faults_bytes(ID).await.unwrap(), report.as_bytes());
    assert_eq!(client(ReadOptions::new()).report_faults_bytes(ID).await.unwrap_err().kind(), UnexpectedAnswer);
}

#[tokio::test]
async fn the_largest_size_is_exact() {
    for protocol in BOTH {
        let server = Server::start([report(protocol)]);
        let client = |size| server.client(protocol).max_size(size).build().unwrap();
        let size = REPORT.len() as u64;
        assert!(client(size).report_faults(ID).await.is_ok());
        assert_eq!(client(size - 1).report_faults(ID).await.unwrap_err().kind(), TooLarge);
    }
}

#[tokio::test]
async fn why_there_is_no_report() {
    let not_found = || soap_fault("Import is not processed yet or completed with error. ERROR_IMPORT_REPORT_NOT_FOUND");
    for (status, kind, told) in [
        (ok(&soap_status("NotFinished")), NotFinished, "has not finished yet"),
        (ok(&soap_status("")), NotFinished, "has not finished yet"),
        (ok(&soap_status("Finished")), Expired, "its report is gone"),
        (ok(&soap_status("Failed")), EndedWithoutReport, "with status Failed"),
        (ok(&soap_status("RejectedByWatchdog")), EndedWithoutReport, "with status RejectedByWatchdog"),
        (
            ok(&soap_status(&format!("Lost {PASSWORD}"))),
            EndedWithoutReport,
            "with status [withheld: it repeats the credentials]",
        ),
        // What can't be learned changes nothing.
        (answer("401 Unauthorized", "", ""), NotFound, "has no report of this import"),
        (answer("503 Busy", "", ""), NotFound, "has no report of this import"),
        (ok("nonsense"), NotFound, "has no report of this import"),
    ] {
        let server = Server::start([not_found(), status]);
        let error = server.client(Protocol::Soap).build().unwrap().reason_counts(ID).await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (kind, 2), "{error}");
        assert!(error.is_not_there() && error.to_string().contains(told), "{error}");
        assert_eq!(error.code(), Some("ERROR_IMPORT_REPORT_NOT_FOUND"));
    }
}

#[tokio::test]
async fn word_for_word() {
    let call = "GetContactImportReportFaults for import 842d81e8-c619-457f-bb77-ab6c4a17da39: ";
    let expired = [soap_fault("Gone. ERROR_IMPORT_REPORT_NOT_FOUND"), ok(&soap_status("Finished"))];
    for (replies, expected) in [
        (
            vec![answer("401 Unauthorized", "", r#"{"message":"Authorization has been denied for this request."}"#)],
            "the service doesn't accept the credentials, or they don't permit this: Authorization has been denied for \
             this request. [HTTP 401]; check the API user, its password and the region; it was not asked again, since \
             an account may lock",
        ),
        (
            vec![soap_fault("Import not found. ERROR_IMPORT_NOT_FOUND")],
            "the service has no such import: Import not found. ERROR_IMPORT_NOT_FOUND [HTTP 500]; check the import's \
             id, and that it belongs to this account",
        ),
        (
            expired.to_vec(),
            "the import has finished, but its report is gone: reports are kept for about a week: Gone. \
             ERROR_IMPORT_REPORT_NOT_FOUND [HTTP 500]",
        ),
        (
            vec![answer("503 Service Unavailable", "", "")],
            "the service can't answer now [HTTP 503, 2 attempts]; try again later",
        ),
        (
            vec![answer("429 Too Many Requests", "Retry-After: 3600\r\n", "")],
            "the service limits calls [HTTP 429]; it asks to wait 3600 s; try again later, or less often",
        ),
        (
            vec![soap_fault("What\u{202e}?\n\u{1b}[2J ERROR_PARAMETER_INVALID")],
            r"the service refuses the call: What\u{202e}?\n\u{1b}[2J ERROR_PARAMETER_INVALID [HTTP 500]",
        ),
        (
            vec![ok("<html>sorry</html>")],
            "the answer is not what was asked for: it is no SOAP envelope: <html>sorry</html> [HTTP 200]",
        ),
        (vec![half(Protocol::Soap)], "the answer was cut in the middle [HTTP 200, 2 attempts]; try again later"),
    ] {
        let server = Server::start(replies);
        let error = server.client(Protocol::Soap).build().unwrap().report_faults(ID).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{call}{expected}"));
    }
    let error = builder().endpoint("http://127.0.0.1:1/").build().unwrap().report_faults(ID).await.unwrap_err();
    let expected = "the service can't be reached [2 attempts]; check the endpoint and the network";
    assert_eq!(error.to_string(), format!("{call}{expected}"));
    assert!(std::error::Error::source(&error).unwrap().to_string().starts_with("Connection refused"));
}

#[tokio::test(start_paused = true)]
async fn until_an_answer_begins_nothing_stalls() {
    for protocol in BOTH {
        let mut slow = report(protocol);
        slow.insert(0, Step::Pause(Duration::from_secs(1)));
        let (mut clock, time) = clock();
        let server = Server::paused([slow], &time);
        let client = server.client(protocol).stall_timeout(Duration::from_millis(300)).build().unwrap();
        let start = Instant::now();
        let counts = clock.during(async move { client.reason_counts(ID).await }).await;
        assert_eq!(counts.unwrap().total(), 3);
        assert_eq!(server.requests().len(), 1);
        assert!(start.elapsed() >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn an_http_client_of_ones_own() {
    let server = Server::start([report(Protocol::Rest), answer("401 No", "", PASSWORD)]);
    let http = reqwest::Client::builder().no_proxy().user_agent("mine").build().unwrap();
    let client = server.client(Protocol::Rest).http_client(http).build().unwrap();
    assert_eq!(client.report_faults(ID).await.unwrap().len(), 3);
    assert!(server.requests()[0].contains("user-agent: mine\r\n"));
    let error = client.report_faults(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (NotPermitted, Some("[withheld: it repeats the credentials]")));
}

#[tokio::test]
async fn waiting_and_then_fetching() {
    let server = Server::start([ok(&soap_status("NotFinished")), ok(&soap_status("Finished")), ok(&soap_report())]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&heard);
    let client = server.client(Protocol::Soap).build().unwrap().observed_by(move |progress| {
        if let Progress::Waiting { status, pause, .. } = progress {
            hook.lock().unwrap().push((ImportStatus::clone(status), *pause));
        }
    });
    client.wait_until_finished(ID).await.unwrap();
    assert_eq!(client.report_faults(ID).await.unwrap().len(), 3);
    assert_eq!(*heard.lock().unwrap(), [(ImportStatus::NotFinished, Duration::from_secs(1))]);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_deadline_for_several_calls() {
    let (mut clock, time) = clock();
    let server = Server::start([ok(&soap_status("NotFinished"))]);
    let start = Instant::now();
    let client = server.client(Protocol::Soap).build().unwrap().observed_by(move |progress| {
        if let Progress::Waiting { pause, .. } = progress {
            time.pass(*pause);
        }
    });
    let client = client.with_deadline((start + Duration::from_millis(500)).into_std());
    let waiting = client.clone();
    let error = clock.during(async move { waiting.wait_until_finished(ID).await }).await.unwrap_err();
    assert_eq!((error.kind(), error.import_id()), (NotFinished, Some(ID)), "{error}");
    assert!(error.to_string().contains("NotFinished"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    // Nothing is asked after it.
    let error = client.report_faults(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), server.requests().len()), (TimedOut, Some(0), 1), "{error}");
}

#[tokio::test]
async fn statuses_and_figures_of_both_protocols() {
    let figures = "<NewContacts xmlns=\"http://apiconnector.com\">5</NewContacts>\
        <HardBounced xmlns=\"http://apiconnector.com\">2</HardBounced>\
        <Blocked xmlns=\"http://apiconnector.com\">9</Blocked><New xmlns=\"http://apiconnector.com\">x</New>";
    for (protocol, status, figures) in [
        (Protocol::Soap, soap_status("Finished"), soap("GetContactImportReport", figures)),
        (
            Protocol::Rest,
            r#"{"id": "842d81e8-c619-457f-bb77-ab6c4a17da39", "status": "Finished"}"#.into(),
            r#"{"newContacts": 5, "hardBounced": 2, "blocked": 9, "new": [7], "newer": "x"}"#.into(),
        ),
    ] {
        let server = Server::start([ok(&status), ok(&figures), report(protocol)]);
        let client = server.client(protocol).build().unwrap();
        assert_eq!(client.import_status(ID).await.unwrap(), ImportStatus::Finished);
        let summary = client.import_summary(ID).await.unwrap();
        assert_eq!((summary.new_contacts(), summary.updated_contacts(), summary.failed()), (Some(5), None, 11));
        let differences = summary.compare(&client.reason_counts(ID).await.unwrap());
        assert_eq!(differences.len(), 1);
        assert_eq!((&differences[0].reason, differences[0].figure), (&FailureReason::Blocker, 9));
    }
    // A negative one is none, over each.
    let figures = "<a:NewContacts xmlns:a=\"http://apiconnector.com\">5</a:NewContacts>\
        <a:Blocked xmlns:a=\"http://apiconnector.com\">-1</a:Blocked>";
    for (protocol, figures) in [
        (Protocol::Soap, soap("GetContactImportReport", figures)),
        (Protocol::Rest, r#"{"newContacts": 5, "blocked": -1}"#.into()),
        (Protocol::V3, r#"{"importId":"1","status":"Finished","summary":{"newContacts":5,"blocked":-1}}"#.into()),
    ] {
        let server = Server::start([ok(&figures)]);
        let client = server.client(protocol).build().unwrap();
        let summary = client.import_summary(ID).await.unwrap();
        assert_eq!((summary.new_contacts(), summary.get(&FailureReason::Blocker)), (Some(5), None), "{protocol}");
    }
    for (reply, kind) in [
        (ok(r#"{"message": "ERROR_IMPORT_NOT_FOUND"}"#), NotFound),
        (ok(r#"{"message": "No."}"#), UnexpectedAnswer),
        (ok("[]"), UnexpectedAnswer),
        (ok(""), UnexpectedAnswer),
    ] {
        let server = Server::start([reply]);
        let client = server.client(Protocol::Rest).build().unwrap();
        assert_eq!(client.import_status(ID).await.unwrap_err().kind(), kind);
        assert_eq!(client.import_summary(ID).await.unwrap_err().kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn to_drop_a_call_ends_it() {
    let (mut clock, time) = clock();
    let server = Server::paused([vec![Step::Pause(Duration::from_secs(60))]], &time);
    let client = server.client(Protocol::Soap).build().unwrap();
    let start = Instant::now();
    let waiting = client.clone();
    let call = async move { tokio::time::timeout(Duration::from_millis(100), waiting.wait_until_finished(ID)).await };
    assert!(clock.during(call).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(server.requests().len(), 1);
    // The server sees it.
    let left = move || patience::until("the client keeps its connection", || server.is_left());
    clock.during(tokio::task::spawn_blocking(left)).await.unwrap();
    // A call can move between threads.
    let call = tokio::spawn(async move { client.report_faults_to(ID, || Ok(Vec::new())).await });
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
}

#[test]
fn what_a_client_cannot_be_built_of() {
    let kind = |builder: dotdigital_faults::ClientBuilder| builder.build().unwrap_err().kind();
    assert_eq!(kind(builder().endpoint("http://example.com/")), Configuration);
    assert_eq!(kind(builder().proxy("not a proxy")), Configuration);
    assert_eq!(kind(builder().user_agent("a\nb")), Configuration);
    assert_eq!(kind(builder().root_certificates("not a certificate")), Configuration);
    assert_no_secret(&format!("{:?} {:#?}", builder(), builder().build().unwrap()));
}

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_log_line_holds_a_secret_or_a_contact() {
    // In a process of its own: what other threads do at the same time decides what a subscriber of this one is told.
    if child::given().is_none() {
        return child::run(module_path!(), "no_log_line_holds_a_secret_or_a_contact", "", &[]);
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut errors = Vec::new();
    // On one thread, so that the subscriber hears all of it.
    let guard = subscriber.set_default();
    runtime.block_on(async {
        for reply in [
            answer("503 Busy", "", &format!("{USERNAME} {PASSWORD} {}", BASE64[0])),
            soap_fault(&format!("{PASSWORD} a@x.com ERROR_UNKNOWN")),
            answer("401 No", "", &format!("{USERNAME} {PASSWORD}")),
            ok(REPORT),
        ] {
            let server = Server::start([reply]);
            let client = server.client(Protocol::Soap).build().unwrap();
            errors.push(client.report_faults(ID).await.unwrap_err().kind());
        }
    });
    drop(guard);
    assert_eq!(errors, [Unavailable, Unavailable, NotPermitted, UnexpectedAnswer]);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("GetContactImportReportFaults") && log.contains("status=503"), "{log}");
    assert!(!log.contains("a@x.com"), "{log}");
    assert_no_secret(&log);
}

#[test]
fn proxy_variables_are_not_for_loopback() {
    if child::given().is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(async {
            for host in ["127.0.0.1", "localhost"] {
                let server = Server::start([ok(REPORT)]);
                let endpoint = format!("http://{host}:{}", server.address.port());
                let client = builder().protocol(Protocol::Rest).endpoint(endpoint).build().unwrap();
                assert_eq!(client.report_faults(ID).await.unwrap().len(), 3);
            }
            // Others only through a tunnel.
            let client = builder().protocol(Protocol::Rest).endpoint("https://nobody.invalid").build().unwrap();
            let error = client.report_faults(ID).await.unwrap_err();
            assert_eq!(error.kind(), Unavailable, "{error}");
            assert_no_secret(&everything(&error));
        });
    }
    let proxy = Server::recorder();
    let url = format!("http://{}", proxy.address);
    let variables = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let mut environment = variables.map(|name| (name, Some(&*url))).to_vec();
    environment.extend([("NO_PROXY", None), ("no_proxy", None)]);
    child::run(module_path!(), "proxy_variables_are_not_for_loopback", "", &environment);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    for request in requests {
        assert!(request.starts_with("CONNECT nobody.invalid:443 HTTP/1.1\r\n"), "{request}");
        assert_no_secret(&request);
    }
}
