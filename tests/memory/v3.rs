//! However many contacts an answer of the newer API tells of, only its failures take memory.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Instant;

use dotdigital_faults::{Fault, Protocol};

use crate::helpers::memory::peak;
use crate::helpers::server::*;
use crate::helpers::{ID, child};

/// The size of the answer, in MB; 200 to measure.
const SIZE: &str = "DOTDIGITAL_FAULTS_TEST_MB";
const CREATED: &str = r#"{"contactId":9001,"identifiers":{"email":"somebody.with.a.long.name@example.com","mobileNumber":"441632960011"}},"#;
const FAILURE: &str = r#"{"matchIdentifier":"email","identifiers":{"email":"bo@example@com","loyaltyNo":"L-0042"},"failures":[{"failureCode":"invalidEmail","description":"Invalid value for 'email'"}]}"#;
const FAILURES: usize = 10;

fn created() -> usize {
    let megabytes: usize = std::env::var(SIZE).ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    megabytes * 1_000_000 / CREATED.len()
}

/// Serves an answer that is made as it is sent.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let failures = [FAILURE; FAILURES].join(",");
    let (before, after) =
        (r#"{"created":["#, format!(r#"{{}}],"failures":[{failures}],"status":"Finished","importId":"{ID}"}}"#));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let length = before.len() + created() * CREATED.len() + after.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{before}").unwrap();
            let many = CREATED.repeat(1000);
            for _ in 0..created() / 1000 {
                stream.write_all(many.as_bytes()).unwrap();
            }
            stream.write_all(CREATED.repeat(created() % 1000).as_bytes()).unwrap();
            stream.write_all(after.as_bytes()).unwrap();
            // Until the other side has read it all: closing before could reset it.
            stream.shutdown(Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    endpoint
}

fn peak_mib() -> u64 {
    peak() >> 20
}

#[test]
fn contacts_that_were_imported_take_no_memory() {
    if let Some(endpoint) = child::given() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = builder().protocol(Protocol::V3).endpoint(endpoint).build().unwrap();
        let before = peak_mib();
        let start = Instant::now();
        let counts = runtime.block_on(client.reason_counts(ID)).unwrap();
        println!("counted in {:?}, peak {} MiB, {before} before", start.elapsed(), peak_mib());
        let start = Instant::now();
        let sink = || Ok(|_: &Fault<'_>| Ok(()));
        let (_, streamed) = runtime.block_on(client.stream_faults(ID, sink)).unwrap();
        println!("streamed in {:?}, peak {} MiB", start.elapsed(), peak_mib());
        let start = Instant::now();
        let report = runtime.block_on(client.report_faults(ID)).unwrap();
        println!("a report in {:?}, peak {} MiB", start.elapsed(), peak_mib());
        let status = runtime.block_on(client.import_status(ID)).unwrap();
        println!("{status}, peak {} MiB", peak_mib());
        assert_eq!((counts.total(), &streamed, report.len()), (FAILURES as u64, &counts, FAILURES));
        assert!(peak_mib() < before + 8, "{} MiB, {before} before", peak_mib());
        return;
    }
    child::run(module_path!(), "contacts_that_were_imported_take_no_memory", &serve(), &[]);
}
