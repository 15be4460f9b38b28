//! However large a report is, the stand-in never copies it whole.

use std::io::{Read, Write};
use std::net::TcpStream;

use dotdigital_faults::sandbox::Sandbox;

use crate::helpers::memory::peak;
use crate::helpers::{ID, child};

const MEBIBYTE: u64 = 1 << 20;

/// Fetches the report over SOAP and forgets it on the way; how many bytes came, head included?
fn fetch(sandbox: &Sandbox) -> u64 {
    let body = format!(
        "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body><GetContactImportReportFaults \
         xmlns=\"http://apiconnector.com/v2\"><importId>{ID}</importId></GetContactImportReportFaults></Body></Envelope>"
    );
    let mut stream = TcpStream::connect(sandbox.address()).unwrap();
    write!(
        stream,
        "POST /v2/api.svc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/xml\r\n\
         SOAPAction: \"http://apiconnector.com/v2/ApiService/GetContactImportReportFaults\"\r\n\
         Authorization: Basic eDp5\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return total,
            length => total += length as u64,
        }
    }
}

#[test]
fn a_large_report_is_never_copied_whole() {
    if child::given().is_none() {
        return child::run(module_path!(), "a_large_report_is_never_copied_whole", "", &[]);
    }
    let sandbox = Sandbox::builder().credentials("x", "y").start().unwrap();
    let row = "Hard bounced,jo@example.com,Jo,Bloggs,\"1 High Street\",AB1 2CD\r\n";
    let size = 150 * MEBIBYTE;
    let times = size / row.len() as u64;

    let import = sandbox.import(ID).repeated_report("Reason,email\r\n", row, times);
    let before = peak();
    let total = fetch(&sandbox);
    assert!(total > size / 3 * 4, "{total} bytes");
    let grown = peak() - before;
    assert!(grown < 8 * MEBIBYTE, "a repeated report has taken {grown} bytes");

    import.report(row.repeat(times as usize));
    let before = peak();
    assert!(fetch(&sandbox) > size / 3 * 4);
    assert!(fetch(&sandbox) > size / 3 * 4);
    let grown = peak() - before;
    assert!(grown < 8 * MEBIBYTE, "a report's own bytes have taken {grown} bytes more");
}
