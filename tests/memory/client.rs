//! However large a report is, counting and saving it takes a few MiB.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::Instant;

use dotdigital_faults::Protocol;

use crate::helpers::memory::peak;
use crate::helpers::server::*;
use crate::helpers::{ID, child};

/// The size of the envelope, in MB; 200 to measure.
const SIZE: &str = "DOTDIGITAL_FAULTS_TEST_MB";
/// `Duplicate,somebody.with.a.long.name@example.com,First,Last` and a line end, in base64, and a line end of that.
const LINE: &str = "RHVwbGljYXRlLHNvbWVib2R5LndpdGguYS5sb25nLm5hbWVAZXhhbXBsZS5jb20sRmlyc3QsTGFzdA0K\r\n";

fn lines() -> usize {
    let megabytes: usize = std::env::var(SIZE).ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    megabytes * 1_000_000 / LINE.len()
}

/// Serves an envelope that is made as it is sent.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let envelope = soap("GetContactImportReportFaults", "|");
    thread::spawn(move || {
        let (before, after) = envelope.split_once('|').unwrap();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let length = envelope.len() - 1 + lines() * LINE.len();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{before}").unwrap();
            let many = LINE.repeat(1000);
            for _ in 0..lines() / 1000 {
                stream.write_all(many.as_bytes()).unwrap();
            }
            stream.write_all(LINE.repeat(lines() % 1000).as_bytes()).unwrap();
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
fn a_large_report_takes_a_few_mib() {
    if let Some(endpoint) = child::given() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = builder().protocol(Protocol::Soap).endpoint(endpoint).build().unwrap();
        let before = peak_mib();
        let start = Instant::now();
        let counts = runtime.block_on(client.reason_counts(ID)).unwrap();
        println!("counted {} in {:?}, peak {} MiB, {before} before", counts.total(), start.elapsed(), peak_mib());
        assert_eq!(counts.total(), lines() as u64);
        let start = Instant::now();
        let sink = || Ok(std::io::sink());
        runtime.block_on(client.report_faults_to(ID, sink)).unwrap();
        println!("saved in {:?}, peak {} MiB", start.elapsed(), peak_mib());
        assert!(peak_mib() < before + 16, "{} MiB, {before} before", peak_mib());
        return;
    }
    child::run(module_path!(), "a_large_report_takes_a_few_mib", &serve(), &[]);
}
