//! The HTTP server: a thread of its own, sockets, and the way from a request to its answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::body::Body;
use super::calls::{Allowance, Running};
use super::face::Face;
use super::question::Question;
use super::request::Request;
use super::soap;
use super::state::Shared;
use super::trouble::{Instead, Trouble};

/// The largest request that is read: what WCF allows unless told otherwise.
const LARGEST: usize = 64 * 1024;

/// A server that runs until it is dropped.
pub(super) struct Server {
    /// Dropped to stop it.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

/// A socket on which a server will listen.
pub(super) fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Server {
    /// Serves on a thread and a runtime of its own, so that it works in any program, with tokio or without.
    pub(super) fn start(listener: TcpListener, shared: Arc<Shared>) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let serve = move || {
            runtime.spawn(accept(listener, shared));
            // Ends with the sender; with the runtime, all connections are dropped.
            _ = runtime.block_on(stopped);
        };
        let thread = std::thread::Builder::new().name("dotdigital-sandbox".into()).spawn(serve)?;
        Ok(Server { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported by its own thread.
            _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&shared)))),
            // Mostly too many open files: some may close soon.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Answers all requests of a connection.
async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    // Without it, small answers are late; it is no matter of right or wrong.
    _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket { stream, reset: Arc::clone(&reset) };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (shared, reset) = (Arc::clone(&shared), Arc::clone(&reset));
        async move {
            let (head, body) = request.into_parts();
            respond(&shared, head, body, reset).await
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // A connection may be idle for as long as its client likes: were it closed here, a request might just be on its way.
    http.header_read_timeout(None);
    // An error is the other side's, or trouble that was ordered.
    _ = http.serve_connection(TokioIo::new(socket), service).await;
}

/// Answers a request; an error ends the connection, and resets it where that was ordered.
async fn respond(shared: &Shared, head: Parts, body: Incoming, reset: Arc<AtomicBool>) -> io::Result<Response<Body>> {
    let body = read(body).await?;
    let Judgement { answer, trouble, running } = judge(shared, head, body);
    let (delay, chunked, cut) = match trouble {
        Some(trouble) => (trouble.delay, trouble.chunked, trouble.cut),
        None => (Duration::ZERO, false, None),
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let Some(answer) = answer else {
        reset.store(true, Ordering::Relaxed);
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    let mut response = Response::new(Body::new(answer.content, chunked, cut, reset, running));
    // Statuses are checked where trouble is ordered.
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().extend(answer.headers);
    Ok(response)
}

/// The body of a request; `None` where it is too large.
async fn read(mut incoming: Incoming) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        let frame = frame.map_err(io::Error::other)?;
        let Some(data) = frame.data_ref() else { continue };
        if body.len() + data.len() > LARGEST {
            return Ok(None);
        }
        body.extend_from_slice(data);
    }
    Ok(Some(body))
}

/// Decides on the answer, where there is to be one, and on the trouble with it; and takes note of the request.
fn judge(shared: &Shared, head: Parts, body: Option<Vec<u8>>) -> Judgement {
    let face = Face::of(head.uri.path());
    let question = face.question(&head, body.as_deref());
    // Like the service's, it is there for everybody.
    let is_wsdl = face == Face::Soap
        && head.method == Method::GET
        && head.uri.query().is_some_and(|query| query.eq_ignore_ascii_case("wsdl"));
    let asked = question.as_ref().ok().cloned();
    let operation = asked.as_ref().map(Question::operation);

    let mut guard = shared.lock();
    let state = &mut *guard;
    let username = state.admitted(head.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes));
    let mut account = username.as_ref().filter(|_| !is_wsdl).and_then(|name| state.accounts.get_mut(name));
    let call = account.as_mut().map(|account| account.counter.begin(Instant::now()));
    let allowance = call.as_ref().and_then(|call| call.allowance);
    let is_refused = allowance.is_some_and(|allowance| allowance.is_refused);
    // A call that is one too many uses no trouble up but the sandbox's own.
    let trouble = Trouble::take(&mut state.troubles, operation)
        .or_else(|| account.as_mut().filter(|_| !is_refused)?.trouble(asked.as_ref()));

    let answer = match trouble.as_ref().map_or(&Instead::Usual, |trouble| &trouble.instead) {
        Instead::Reset => None,
        Instead::Answer { status, body } => {
            let mut answer = Answer::new(*status);
            answer.content = answer.content.then(body.clone());
            Some(answer)
        }
        Instead::Error(code) => Some(face.problem(code)),
        Instead::Usual if is_wsdl => Some(soap::wsdl(&shared.soap_url)),
        Instead::Usual if is_refused => Some(Allowance::refusal()),
        Instead::Usual => Some(match (account, question) {
            (None, _) => face.unauthorized().header(WWW_AUTHENTICATE, "Basic realm=\"sandbox\""),
            (Some(_), Err(answer)) => answer,
            (Some(account), Ok(question)) => face.answer(question, account),
        }),
    };
    let of_limit = allowance.into_iter().flat_map(Allowance::headers);
    let ordered = trouble.iter().flat_map(|trouble| trouble.headers.clone());
    let answer = answer.map(|answer| of_limit.chain(ordered).fold(answer, Answer::with));
    let mut headers = head.headers;
    headers.remove(AUTHORIZATION);
    state.record(Request {
        at: Instant::now(),
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers,
        body: body.unwrap_or_default(),
        account: username,
        operation,
        import: asked.as_ref().and_then(Question::import),
        enrolment: asked.as_ref().and_then(Question::enrolment),
        status: answer.as_ref().map(|answer| answer.status),
    });
    Judgement { answer, trouble, running: call.map(|call| call.running) }
}

/// What comes of a request.
struct Judgement {
    /// `None` where the connection is to be reset instead.
    answer: Option<Answer>,
    trouble: Option<Trouble>,
    /// `None` where it is no account's call.
    running: Option<Running>,
}

/// A connection that can be reset: closed without a word, what wasn't sent thrown away.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Where that fails, it is closed in peace: the answer is cut off all the same.
            _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
