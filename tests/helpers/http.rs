//! A plain HTTP client over a socket, which sees how an answer ends.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::patience::HANG;

/// An answer, as far as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers, in small letters.
    pub head: String,
    /// Without the marks of its chunks.
    pub body: Vec<u8>,
    pub end: End,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As its length or its chunks have promised.
    Whole,
    /// The connection was closed too soon.
    Truncated,
    /// The connection was reset.
    Reset,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends a request of these header lines, and reads what comes; an error where not even a head does.
pub fn send(address: SocketAddr, request_line: &str, headers: &[&str], body: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(HANG))?;
    let mut head = format!("{request_line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for header in headers {
        head += header;
        head += "\r\n";
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    // All at once, and whatever comes of it: who answers before all of it was read may close before all of it was sent.
    _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    assert!(!matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock), "a hang: no answer");
    let Some(head_end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Err(read.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
    };
    let body = bytes.split_off(head_end + 4);
    let head = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
    let mut answer = Answer { status: head[9..12].parse().unwrap(), head, body, end: End::Whole };
    let is_whole = match answer.header("content-length") {
        Some(length) => answer.body.len() == length.parse::<usize>().unwrap(),
        None if answer.header("transfer-encoding") == Some("chunked") => dechunk(&mut answer.body),
        None => true,
    };
    answer.end = match read {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
        Err(error) => return Err(error),
        Ok(_) if is_whole => End::Whole,
        Ok(_) => End::Truncated,
    };
    Ok(answer)
}

/// Takes the marks of the chunks out; is the last one there?
fn dechunk(body: &mut Vec<u8>) -> bool {
    let mut plain = Vec::new();
    let mut rest = body.as_slice();
    let is_whole = loop {
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else { break false };
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 {
            break rest == b"\r\n";
        }
        plain.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(next) = rest.get(size + 2..) else { break false };
        rest = next;
    };
    *body = plain;
    is_whole
}

/// A SOAP request body for one of the service's operations.
pub fn envelope(operation: &str, id: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <{operation} xmlns=\"http://apiconnector.com/v2\"><importId>{id}</importId></{operation}></s:Body></s:Envelope>"
    )
}

/// Calls one of the service's operations.
pub fn call(address: SocketAddr, path: &str, authorization: &str, operation: &str, id: &str) -> io::Result<Answer> {
    let action = format!("SOAPAction: \"http://apiconnector.com/v2/ApiService/{operation}\"");
    let headers = ["Content-Type: text/xml; charset=utf-8", &action, authorization];
    send(address, &format!("POST {path}"), &headers, envelope(operation, id).as_bytes())
}
