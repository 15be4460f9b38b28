//! The server's limits, by a clock that stands still but for what a test lets pass: neither a slow machine nor a fast one
//! changes anything.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;

use axum::routing::get;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::*;

/// Longer than anything takes on any machine.
const HANG: Duration = Duration::from_secs(600);
/// By the server's clock, as all limits are.
const SHORT: Duration = Duration::from_millis(300);
/// How often so much passes until something has happened. Together it is less than [`HANG`].
const MOST_STEPS: usize = 1000;

/// So much time shall pass, and it is told once it has.
type Wish = (Duration, mpsc::Sender<()>);

/// A server with these limits, until it is told to stop.
struct Started {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<()>,
    /// Hears that the page that takes its time was asked for.
    slow: mpsc::Receiver<()>,
    time: UnboundedSender<Wish>,
}

impl Started {
    /// It has a small page, a large one, and one that takes its time.
    fn with(limits: Limits) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (told, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let (hears, slow) = mpsc::channel();
        let (time, wishes) = unbounded_channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let mut server = Server::bind(([127, 0, 0, 1], 0).into()).unwrap();
                server.limits = limits;
                told.send(server.address()).unwrap();
                let slow = move || async move {
                    _ = hears.send(());
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
                tokio::select! {
                    () = server.run(router, stop) => {}
                    () = pass(wishes) => {}
                }
            });
            _ = end.send(());
        });
        Started { address: address.recv().unwrap(), stop: Some(stop), ended, slow, time }
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

    /// Lets time pass, once the server has done all that it can; `false` if it has ended.
    fn pass(&self, time: Duration) -> bool {
        let (passed, wait) = mpsc::channel();
        self.time.send((time, passed)).is_ok() && wait.recv().is_ok()
    }

    /// Lets time pass in small steps until something has happened.
    #[track_caller]
    fn pass_until(&self, mut has_happened: impl FnMut() -> bool) {
        assert!(
            (0..MOST_STEPS).any(|_| has_happened() || {
                self.pass(SHORT / 3);
                false
            }),
            "a hang"
        );
    }

    /// Lets time pass until the other side has closed; how many bytes came until then?
    #[track_caller]
    fn pass_until_closed(&self, stream: &mut TcpStream) -> usize {
        let (mut bytes, mut buffer) = (0, [0; 1024]);
        stream.set_nonblocking(true).unwrap();
        self.pass_until(|| match stream.read(&mut buffer) {
            Ok(0) => true,
            Ok(count) => {
                bytes += count;
                false
            }
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        });
        bytes
    }
}

/// Lets time pass as it is wished, for ever; by itself it stands still.
async fn pass(mut wishes: UnboundedReceiver<Wish>) {
    // As long as something may block, tokio leaves its clock alone.
    let (_held, end) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || _ = end.recv());
    while let Some((time, passed)) = wishes.recv().await {
        settle().await;
        tokio::time::advance(time).await;
        settle().await;
        _ = passed.send(());
    }
    std::future::pending().await
}

/// Lets all tasks do what they can; each turn looks at all sockets once.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Asks, and reads the answer of a short page.
fn ask(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(request(path).as_bytes()).unwrap();
    answered(stream, path.trim_start_matches('/'))
}

/// What is answered, up to the word that it ends with.
fn answered(stream: &mut TcpStream, word: &str) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(word.as_bytes()) {
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
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "a hang"),
    }
    rest.len()
}

const PATIENT: Limits = Limits { head: HANG, idle: HANG, stalled: HANG, connections: 1024, ending: HANG };

#[test]
fn a_head_has_its_time() {
    let server = Started::with(Limits { head: SHORT, ..PATIENT });
    // Nothing at all; a part of a head; and one that goes on coming byte by byte.
    assert_eq!(server.pass_until_closed(&mut server.connect()), 0);
    let mut part = server.connect();
    part.write_all(b"GET /small HTTP/1.1\r\n").unwrap();
    assert_eq!(server.pass_until_closed(&mut part), 0);
    let mut slow = server.connect();
    server.pass_until(|| slow.write_all(b"x").is_err());
    // The second head of a connection has no more time than the first one.
    let mut second = server.used();
    second.write_all(b"GET").unwrap();
    assert_eq!(server.pass_until_closed(&mut second), 0);
}

#[test]
fn an_idle_connection_ends_and_one_that_waits_for_us_does_not() {
    let server = Started::with(Limits { idle: SHORT, stalled: SHORT, head: HANG, ..PATIENT });
    assert_eq!(server.pass_until_closed(&mut server.used()), 0);
    // We are slow, not the other side.
    let mut asking = server.connect();
    asking.write_all(request("/slow").as_bytes()).unwrap();
    server.slow.recv_timeout(HANG).unwrap();
    assert!((0..9).all(|_| server.pass(SHORT / 3)));
    assert!(answered(&mut asking, "slow").ends_with("slow"));
}

#[test]
fn who_takes_no_byte_is_left() {
    let server = Started::with(Limits { stalled: SHORT, ..PATIENT });
    let mut stream = server.connect();
    stream.write_all(request("/large").as_bytes()).unwrap();
    // Whether it is left is seen without taking a byte: nobody hears any more what it says.
    server.pass_until(|| stream.write_all(b"x").is_err());
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
    // Each for less time than the one before.
    let mut idle = server.used();
    server.pass(SHORT);
    let mut later = server.used();
    server.pass(SHORT);
    let mut silent = server.connect();
    server.pass(SHORT);
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
    server.slow.recv_timeout(HANG).unwrap();
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(closed(&mut idle), 0);
    while server.pass(SHORT / 3) {}
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
    while server.pass(SHORT / 3) {}
    server.ended.recv_timeout(HANG).unwrap();
}
