//! Answers that other libraries and proxies give, and few do: byte for byte, from a server of a few lines.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdigital_faults::ErrorKind::*;
use dotdigital_faults::{Client, ClientBuilder, Credentials, Progress, Protocol};

use crate::helpers::ID;
use crate::helpers::server::patient;

const REPORT: &str = "Reason,email\r\nDuplicate,jo@example.com\r\n";

/// Gives every connection the same bytes, once it has asked, and counts them.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

fn serve(answer: impl Into<Vec<u8>>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, answer) = (listener.local_addr().unwrap().port(), answer.into());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            let mut asked = vec![0; 64 * 1024];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(&answer);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // Until the other side has read it all: closing before would reset it.
            while stream.read(&mut asked).is_ok_and(|read| read > 0) {}
        }
    });
    Server { port, connections }
}

impl Server {
    fn builder(&self, scheme: &str) -> ClientBuilder {
        patient(Client::builder(Credentials::new("jo@example.com", "opensesame")))
            .protocol(Protocol::Rest)
            .endpoint(format!("{scheme}://localhost:{}", self.port))
            .first_pause(Duration::from_millis(1))
            .max_retries(1)
    }

    fn client(&self) -> Client {
        self.builder("http").build().unwrap()
    }
}

fn answer(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}").into()
}

fn sized(headers: &str) -> Vec<u8> {
    answer(&format!("Content-Length: {}\r\n{headers}", REPORT.len()), REPORT)
}

#[tokio::test]
async fn every_coding_counts_and_nothing_else() {
    let chunked = format!("{:x}\r\n{REPORT}\r\n0\r\n\r\n", REPORT.len());
    for (bytes, is_read) in [
        (sized(""), true),
        (sized("Content-Encoding: identity\r\n"), true),
        (sized("Content-Encoding:\r\n"), true),
        (sized("Content-Encoding: UTF-8\r\n"), true),
        (sized("Content-Encoding: binary, none\r\n"), true),
        (sized("Content-Encoding: gzip\r\n"), false),
        (sized("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"), false),
        (sized("Content-Encoding: identity, GZIP\r\n"), false),
        (sized("Content-Encoding: br;q=1\r\n"), false),
        (sized("Content-Encoding: , zstd ,\r\n"), false),
        (answer("Transfer-Encoding: chunked\r\n", &chunked), true),
        (answer("Transfer-Encoding: identity, chunked\r\n", &chunked), true),
        (answer("Transfer-Encoding: gzip, chunked\r\n", &chunked), false),
        (answer("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", &chunked), false),
        (answer("Transfer-Encoding: chunked;q=1\r\n", &chunked), false),
        (answer("Transfer-Encoding: chunked, identity\r\n", &chunked), false),
        (answer("Transfer-Encoding: chunked, chunked\r\n", &chunked), false),
        (answer("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", &chunked), false),
        (answer("Transfer-Encoding: Identity\r\n", REPORT), true),
        // About the transfer, no other word is known to be harmless: what are chunks would be rows.
        (answer("Transfer-Encoding: xchunked\r\n", &chunked), false),
        (answer("Transfer-Encoding: xchunked, chunked\r\n", &chunked), false),
        (answer("Transfer-Encoding: chunked, UTF-8\r\n", REPORT), false),
        (answer("Transfer-Encoding: \u{e9}\r\n", REPORT), false),
    ] {
        let told = String::from_utf8_lossy(&bytes).into_owned();
        match serve(bytes).client().report_faults_bytes(ID).await {
            Ok(report) => assert!(is_read && report == REPORT.as_bytes(), "{told}"),
            Err(error) => {
                assert_eq!((is_read, error.kind(), error.attempts()), (false, UnexpectedAnswer, Some(1)), "{told}");
                let said =
                    ["it is compressed, which was not offered", "it is in a transfer coding that was not offered"];
                assert!(said.iter().any(|said| error.to_string().contains(said)), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn many_headers_are_read() {
    let headers = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    for count in [99, 101, 5_000] {
        let report = serve(sized(&headers(count))).client().report_faults(ID).await.unwrap();
        assert_eq!(report.len(), 1, "{count}");
    }
    for bytes in [sized(&headers(12_000)), sized(&format!("X: {}\r\n", "y".repeat(1 << 20)))] {
        let server = serve(bytes);
        let error = server.client().report_faults(ID).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (UnexpectedAnswer, Some(1)), "{error}");
        assert!(error.to_string().contains("its headers are too many"), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_of_its_own_is_told_of() {
    let chunked = format!("{:x}\r\n{REPORT}\r\n0\r\n\r\n", REPORT.len());
    let old = format!("HTTP/1.0 200 OK\r\n\r\n{REPORT}");
    for (bytes, is_told) in [
        (answer("", REPORT), true),
        (answer("Transfer-Encoding: chunked\r\n", &chunked), false),
        (old.into(), true),
        (sized(""), false),
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), false),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = [Arc::clone(&told), Arc::clone(&told)];
        let mut client = serve(bytes).client();
        for heard in heard {
            client = client.observed_by(move |progress| {
                if let Progress::Unbounded { import_id, bytes, .. } = progress {
                    heard.lock().unwrap().push((*import_id, *bytes));
                }
            });
        }
        client.reason_counts(ID).await.unwrap();
        let expected = vec![(ID, REPORT.len() as u64); if is_told { 2 } else { 0 }];
        assert_eq!(*told.lock().unwrap(), expected, "{shown}");
    }
    // Of no report, nothing is told: it is an error already.
    let client = serve(answer("", "<html>")).client().observed_by(|progress| {
        assert!(!matches!(progress, Progress::Unbounded { .. }));
    });
    assert_eq!(client.reason_counts(ID).await.unwrap_err().kind(), UnexpectedAnswer);
}

#[tokio::test]
async fn alerts_about_certificates_alone_are_about_trust() {
    for (alert, kind, attempts) in [
        (40, Unavailable, 2),  // handshake_failure
        (80, Unavailable, 2),  // internal_error
        (90, Unavailable, 2),  // user_canceled
        (112, Unavailable, 2), // unrecognized_name
        (42, Untrusted, 1),    // bad_certificate
        (45, Untrusted, 1),    // certificate_expired
        (48, Untrusted, 1),    // unknown_ca
        (116, Untrusted, 1),   // certificate_required
    ] {
        let server = serve([21, 3, 3, 0, 2, 2, alert]);
        let builder = server.builder("https").root_certificates(include_bytes!("tls/ca.pem"));
        let error = builder.build().unwrap().report_faults(ID).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, Some(attempts)), "{alert}: {error}");
        assert_eq!(server.connections.load(Ordering::SeqCst), attempts as usize, "{alert}");
        assert!(error.is_unavailable());
    }
}

#[tokio::test]
async fn what_is_said_is_cleaned_before_it_is_cut() {
    let code = |name: &str| format!("ERROR_{}_{name}", "X".repeat(100));
    for (said, is_withheld) in [
        (code("OPENSESAME"), true),
        // Cut in the middle, and all of it is there.
        (format!("ERROR_{}_OPENSESAME", "X".repeat(121)), true),
        (code("ELSE"), false),
    ] {
        let body = format!(r#"{{"message": "No. {said}"}}"#);
        let bytes = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let error = serve(bytes).client().report_faults(ID).await.unwrap_err();
        let told = format!("{error} {error:?}").to_uppercase();
        assert_eq!(error.message() == Some("[withheld: it repeats the credentials]"), is_withheld, "{error}");
        assert!(!told.contains("OPENS") && !told.contains("SESAME"), "{error:?}");
    }
    // A documented code is the service's own word, whatever the credentials are.
    let body = r#"{"message": "Import not found. ERROR_IMPORT_NOT_FOUND"}"#;
    let server = serve(format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    let builder = patient(Client::builder(Credentials::new("import", "error"))).protocol(Protocol::Rest);
    let client = builder.endpoint(format!("http://localhost:{}", server.port)).build().unwrap();
    let error = client.report_faults(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (NotFound, Some("ERROR_IMPORT_NOT_FOUND")));
    assert_eq!(error.message(), Some("[withheld: it repeats the credentials]"));
}

#[test]
fn no_debug_shows_who_asks() {
    let builder = || {
        Client::builder(Credentials::new("jo@example.com", "opensesame"))
            .proxy("http://jo@example.com:opensesame@proxy.example.com:8080")
            .root_certificates(include_bytes!("tls/ca.pem"))
    };
    let client = builder().build().unwrap().observed_by(|_| {});
    let blocking = dotdigital_faults::blocking::Client::from_async(client.clone()).unwrap();
    let error = Client::builder(Credentials::new("jo@example.com", "")).build().unwrap_err();
    for shown in [
        format!("{:?}", Credentials::new("jo@example.com", "opensesame")),
        format!("{:?} {:#?}", builder(), builder()),
        format!("{client:?} {client:#?}"),
        format!("{blocking:?} {blocking:#?}"),
        format!("{error:?} {error}"),
        format!("{:?}", builder().endpoint("https://jo@example.com:opensesame@localhost").build().unwrap_err()),
        format!("{:?}", builder().proxy("http://opensesame bad").build().unwrap_err()),
    ] {
        assert!(!shown.contains("opensesame") && !shown.contains("jo@example"), "{shown}");
    }
}
