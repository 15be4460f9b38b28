//! A server on a raw socket, which does what no polite one would.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dotdigital_faults::{Client, ClientBuilder, Credentials, Protocol};

use super::clock::Time;
use super::patience::HANG;

pub const USERNAME: &str = "apiuser-1@apiconnector.com";
pub const PASSWORD: &str = "Correct-Horse!7";
/// Of the user name and the password, of the password, and of the user name.
pub const BASE64: [&str; 3] = [
    "YXBpdXNlci0xQGFwaWNvbm5lY3Rvci5jb206Q29ycmVjdC1Ib3JzZSE3",
    "Q29ycmVjdC1Ib3JzZSE3",
    "YXBpdXNlci0xQGFwaWNvbm5lY3Rvci5jb20",
];

/// A report of three faults, and its base64.
pub const REPORT: &str = "Reason,email\nHard bounced,a@x.com\nHard bounced,b@x.com\nDuplicate,c@x.com\n";
pub const REPORT_BASE64: &str =
    "UmVhc29uLGVtYWlsCkhhcmQgYm91bmNlZCxhQHguY29tCkhhcmQgYm91bmNlZCxiQHguY29tCkR1cGxpY2F0ZSxjQHguY29tCg==";

#[derive(Clone, Debug)]
pub enum Step {
    Say(Vec<u8>),
    /// By the test's clock.
    Pause(Duration),
    /// Byte by byte, with a pause before each, by the test's clock.
    Drip(Vec<u8>, Duration),
    /// For as long as anybody listens, within reason.
    Endless(Vec<u8>),
    /// Not in order, but by a reset.
    Reset,
}

pub type Reply = Vec<Step>;

pub fn say(text: impl Into<Vec<u8>>) -> Step {
    Step::Say(text.into())
}

/// A whole answer. Nothing further is heard on its connection, and so it says that to whoever might ask there.
pub fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = format!("Content-Length: {}\r\nConnection: close", body.len());
    vec![say(format!("HTTP/1.1 {status}\r\n{length}\r\n{headers}\r\n{body}"))]
}

pub fn ok(body: &str) -> Reply {
    answer("200 OK", "", body)
}

/// The SOAP answer to an operation with this result.
pub fn soap(operation: &str, result: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
         <{operation}Response xmlns=\"http://apiconnector.com/v2\"><{operation}Result>{result}</{operation}Result>\
         </{operation}Response></s:Body></s:Envelope>"
    )
}

pub fn soap_report() -> String {
    soap("GetContactImportReportFaults", REPORT_BASE64)
}

pub fn soap_status(status: &str) -> String {
    soap("GetContactImportProgress", &format!("<a:Status xmlns:a=\"http://apiconnector.com\">{status}</a:Status>"))
}

pub fn soap_fault(words: &str) -> Reply {
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>\
         <faultcode xmlns:a=\"a\">a:X</faultcode><faultstring>{words}</faultstring></s:Fault></s:Body></s:Envelope>"
    );
    answer("500 Internal Server Error", "", &body)
}

/// What the tests' limits on sizes, and what the system holds of a connection, come nowhere near.
const ENDLESS: usize = 256 << 20;

pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

/// What all connections have seen.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    open: AtomicUsize,
    heard_out: AtomicBool,
    is_over: AtomicBool,
}

impl Server {
    /// Gives each connection the next reply, and the last one for ever.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Server {
        Server::serve(replies, None)
    }

    /// One that can pause, by the test's clock.
    pub fn paused(replies: impl IntoIterator<Item = Reply>, time: &Time) -> Server {
        Server::serve(replies, Some(time.clone()))
    }

    /// One that only writes down what comes.
    pub fn recorder() -> Server {
        Server::start([answer("500 Internal Server Error", "", "")])
    }

    fn serve(replies: impl IntoIterator<Item = Reply>, time: Option<Time>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        let shared = Arc::new(Seen::default());
        let seen = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if seen.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let reply = if replies.len() > 1 { replies.remove(0) } else { replies[0].clone() };
                let (seen, time) = (Arc::clone(&seen), time.clone());
                seen.open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    serve(stream, &reply, &seen, time.as_ref());
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Server { address, seen: shared }
    }

    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Has nobody a connection any more?
    pub fn is_left(&self) -> bool {
        self.seen.open.load(Ordering::SeqCst) == 0
    }

    /// Has somebody listened to what has no end until the server gave up?
    pub fn was_heard_out(&self) -> bool {
        self.seen.heard_out.load(Ordering::SeqCst)
    }

    /// A client of it.
    pub fn client(&self, protocol: Protocol) -> ClientBuilder {
        let path = if protocol == Protocol::Soap { "/v2/api.svc" } else { "" };
        builder().protocol(protocol).endpoint(format!("http://{}{path}", self.address))
    }
}

/// Listens no more, so that many servers don't take more handles than a process may have.
impl Drop for Server {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::SeqCst);
        // To hear of it, it has to hear something.
        let _ = TcpStream::connect(self.address);
    }
}

/// A client that asks twice, at once, and that no busy machine makes impatient.
pub fn builder() -> ClientBuilder {
    patient(Client::builder(Credentials::new(USERNAME, PASSWORD))).first_pause(Duration::ZERO).max_retries(1)
}

/// A client that no busy machine makes impatient.
pub fn patient(builder: ClientBuilder) -> ClientBuilder {
    builder.timeout(HANG).attempt_timeout(HANG / 2).stall_timeout(HANG / 4)
}

fn serve(mut stream: TcpStream, reply: &Reply, seen: &Seen, time: Option<&Time>) {
    // To close a socket that still has something to be read resets the connection.
    let is_reset = matches!(reply.last(), Some(Step::Reset));
    let Some(request) = read_request(&mut stream, usize::from(is_reset)) else { return };
    seen.requests.lock().unwrap().push(request);
    let pause = |stream: &TcpStream, pause: Duration| {
        let time = time.expect("a server that pauses has a clock");
        time.pass_while(pause, || !is_hung_up(stream)).then_some(()).ok_or(ErrorKind::BrokenPipe.into())
    };
    for step in reply {
        let said = match step {
            Step::Say(bytes) => stream.write_all(bytes),
            Step::Pause(time) => pause(&stream, *time),
            Step::Drip(bytes, time) => bytes.iter().try_for_each(|byte| {
                pause(&stream, *time)?;
                stream.write_all(&[*byte])
            }),
            Step::Endless(bytes) => {
                let said = (0..ENDLESS / bytes.len()).try_for_each(|_| stream.write_all(bytes));
                seen.heard_out.fetch_or(said.is_ok(), Ordering::SeqCst);
                said
            }
            Step::Reset => return,
        };
        if said.is_err() {
            return;
        }
    }
    // Lingers, so that what was said isn't lost to a reset.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(HANG));
    while stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
}

fn is_hung_up(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    match peeked {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Reads a request but for the last `unread` bytes.
fn read_request(stream: &mut TcpStream, unread: usize) -> Option<String> {
    let (mut request, mut byte) = (Vec::new(), [0]);
    loop {
        let text = String::from_utf8_lossy(&request);
        let is_whole = match text.split_once("\r\n\r\n") {
            None => text.len() + unread == text.find("\r\n\r").map_or(usize::MAX, |end| end + 4),
            Some((head, body)) => {
                let length = head
                    .lines()
                    .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
                body.len() + unread >= length.unwrap_or(unread)
            }
        };
        if is_whole {
            return Some(text.into_owned());
        }
        match stream.read(&mut byte) {
            Ok(0) => return None,
            Ok(_) => request.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Nothing that is printed may hold a secret.
pub fn assert_no_secret(printed: &str) {
    for secret in [USERNAME, PASSWORD].into_iter().chain(BASE64) {
        assert!(!printed.contains(secret), "{secret} is in {printed}");
    }
}

/// All that an error can print.
pub fn everything(error: &dotdigital_faults::Error) -> String {
    let mut printed = format!("{error}\n{error:?}\n{error:#?}\n{:?} {:?}", error.message(), error.code());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        printed.push_str(&format!("\n{cause}\n{cause:?}"));
        source = cause.source();
    }
    printed
}
