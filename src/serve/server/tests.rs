//! The server's limits, with short times: nothing here says how long something may take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use axum::routing::get;
use tokio::sync::oneshot;

use super::*;

const HANG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(300);

/// A server with these limits, until it is told to stop.
struct Started {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<()>,
}

impl Started {
    /// It has a small page, a large one, and one that takes its time.
    fn with(limits: Limits) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let mut server = Server::bind(([127, 0, 0, 1], 0).into()).unwrap();
                server.limits = limits;
                told.send(server.address()).unwrap();
                let slow = || async {
                    tokio::time::sleep(SHORT * 3).await;
                    "slow"
                };
                let router = Router::new()
                    .route("/small", get(|| async { "small" }))
                    .route("/large", get(|| async { "x".repeat(64 << 20) }))
                    .route("/slow", get(slow));
                let stop = async {
                    _ = stopped.await;
                };
                server.run(router, stop).await;
            });
            _ = end.send(());
        });
        Started { address: address.recv().unwrap(), stop: Some(stop), ended }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream
    }

    /// A connection over which an answer has come, and which stays open.
    fn used(&self) -> TcpStream {
        let mut stream = self.connect();
        assert!(ask(&mut stream, "/small").ends_with("small"));
        stream
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Asks, and reads the answer of a short page.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(request(path).as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    let word = path.trim_start_matches('/').as_bytes();
    while !answer.ends_with(word) {
        assert_ne!(stream.read(&mut byte).unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

/// Waits until the other side has closed; how many bytes came until then?
fn closed(stream: &mut TcpStream) -> usize {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "a hang"),
    }
    rest.len()
}

const PATIENT: Limits = Limits { head: HANG, idle: HANG, stalled: HANG, connections: 1024, ending: HANG };

#[test]
fn a_head_has_its_time() {
    let server = Started::with(Limits { head: SHORT, ..PATIENT });
    // Nothing at all; a part of a head; and one that goes on coming byte by byte.
    assert_eq!(closed(&mut server.connect()), 0);
    let mut part = server.connect();
    part.write_all(b"GET /small HTTP/1.1\r\n").unwrap();
    assert_eq!(closed(&mut part), 0);
    let mut slow = server.connect();
    while slow.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    // The second head of a connection has no more time than the first one.
    let mut second = server.used();
    second.write_all(b"GET").unwrap();
    assert_eq!(closed(&mut second), 0);
}

#[test]
fn an_idle_connection_ends_and_one_that_waits_for_us_does_not() {
    let server = Started::with(Limits { idle: SHORT, stalled: SHORT, head: HANG, ..PATIENT });
    assert_eq!(closed(&mut server.used()), 0);
    // We are slow, not the other side.
    assert!(ask(&mut server.connect(), "/slow").ends_with("slow"));
}

#[test]
fn who_takes_no_byte_is_left() {
    let server = Started::with(Limits { stalled: SHORT, ..PATIENT });
    let mut stream = server.connect();
    stream.write_all(request("/large").as_bytes()).unwrap();
    thread::sleep(SHORT * 20);
    // What was on its way comes, and no more.
    assert!(closed(&mut stream) < 64 << 20);
    // Who takes all of it gets all of it.
    let mut stream = server.connect();
    stream.write_all(request("/large").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    assert!(closed(&mut stream) > 64 << 20);
}

#[test]
fn sleepers_keep_nobody_out() {
    let server = Started::with(Limits { connections: 3, ..PATIENT });
    let mut idle = server.used();
    let mut later = server.used();
    let mut silent = server.connect();
    // The fourth makes the first go, and so on.
    let mut fourth = server.used();
    assert_eq!(closed(&mut idle), 0);
    let mut fifth = server.used();
    assert_eq!(closed(&mut later), 0);
    let mut sixth = server.used();
    assert_eq!(closed(&mut silent), 0);
    for stream in [&mut fourth, &mut fifth, &mut sixth] {
        assert!(ask(stream, "/small").ends_with("small"));
    }
}

#[test]
fn open_answers_are_finished_in_the_end() {
    let mut server = Started::with(PATIENT);
    let mut idle = server.used();
    let mut asking = server.connect();
    asking.write_all(request("/slow").as_bytes()).unwrap();
    // It has been heard once a later one is answered.
    server.used();
    thread::sleep(SHORT);
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(closed(&mut idle), 0);
    let mut answer = String::new();
    asking.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("slow"), "{answer}");
    server.ended.recv_timeout(HANG).unwrap();
    assert!(TcpStream::connect(server.address).is_err());

    // Who doesn't take the answer is left after a while.
    let mut server = Started::with(Limits { ending: SHORT, ..PATIENT });
    let mut asking = server.connect();
    asking.write_all(request("/large").as_bytes()).unwrap();
    server.used();
    server.stop.take().unwrap().send(()).unwrap();
    server.ended.recv_timeout(HANG).unwrap();
}
