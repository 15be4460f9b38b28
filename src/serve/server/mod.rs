//! Listening: how many connections, how long each may take, and how all of it ends.
//!
//! hyper reads requests and writes answers. What it has no limits for is looked after by a watch beside each connection, which
//! is told by the socket and by the answers what the connection is at.

mod connection;
mod socket;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind, Result};
use connection::Connection;
use socket::{Counted, Socket};

/// The longest head of a request, and how many headers it may have.
const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// For the head of a request.
    head: Duration,
    /// Between two requests.
    idle: Duration,
    /// Without a byte taken of an answer.
    stalled: Duration,
    /// How many connections there may be.
    connections: usize,
    /// For open answers, once it is to end.
    ending: Duration,
}

const LIMITS: Limits = Limits {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(30),
    stalled: Duration::from_secs(30),
    connections: 1024,
    ending: Duration::from_secs(4),
};

/// A server of plain HTTP/1.1, for a router such as a dashboard's. It has no TLS: put a proxy in front of it.
///
/// A request has at most 16 KiB and 64 headers, and its body is never read. There are 10 s for its head, 30 s between two
/// requests, and 30 s without a byte of an answer taken. Of more than 1,024 connections the one that is idle for longest is
/// closed.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

/// The connections that there are.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<(u64, HashMap<u64, Arc<Connection>>)>,
}

impl Server {
    /// Listens at an address; port 0 takes one that is free.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) where that can't be, such as for an address that is in use.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O.
    pub fn bind(address: SocketAddr) -> Result<Self> {
        let failed = |error| Error::new(ErrorKind::Io, format!("nobody can listen on {address}")).caused_by(error);
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Server { listener, address, limits: LIMITS })
    }

    /// The address at which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until told to stop; then it takes no more, and finishes open answers for up to four seconds.
    pub async fn run(self, router: Router, stop: impl Future<Output = ()>) {
        let Server { listener, limits, .. } = self;
        let connections = Arc::new(Connections::default());
        let (ending, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            while tasks.try_join_next().is_some() {}
            match accepted {
                Ok((stream, _)) => {
                    let (number, connection) = connections.open(limits.connections);
                    let (connections, router, ended) = (Arc::clone(&connections), router.clone(), ended.clone());
                    tasks.spawn(async move {
                        converse(stream, router, &connection, limits, ended).await;
                        connections.closed(number);
                    });
                }
                // Mostly too many open files: sleepers mustn't keep others out.
                Err(_) => {
                    connections.close_idlest();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
        drop(listener);
        ending.send_replace(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        // What is still open then is dropped.
        _ = tokio::time::timeout(limits.ending, all).await;
    }
}

/// Answers all requests of a connection, until one of both sides ends it, or it takes too long.
async fn converse(
    stream: TcpStream,
    router: Router,
    connection: &Arc<Connection>,
    limits: Limits,
    mut ended: watch::Receiver<bool>,
) {
    // Without it, small answers are late; it is no matter of right or wrong.
    _ = stream.set_nodelay(true);
    let inner = TowerToHyperService::new(router);
    let service = service_fn(|request| {
        connection.asked();
        let answer = hyper::service::Service::call(&inner, request);
        async {
            let answer = answer.await.unwrap_or_else(|never: Infallible| match never {});
            connection.answering();
            Ok::<_, Infallible>(answer.map(|body| Counted::new(body, Arc::clone(connection))))
        }
    });
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(connection)));
    let mut http = http1::Builder::new();
    // Time is looked after by the watch.
    http.max_buf_size(LARGEST_HEAD).max_headers(MOST_HEADERS).header_read_timeout(None);
    let mut http = pin!(http.serve_connection(socket, service));
    let mut watch = pin!(connection.outlived(limits));
    tokio::select! {
        // An error is the other side's.
        _ = &mut http => return,
        () = &mut watch => return,
        _ = ended.wait_for(|ended| *ended) => {}
    }
    http.as_mut().graceful_shutdown();
    tokio::select! {
        _ = &mut http => {}
        () = &mut watch => {}
    }
}

impl Connections {
    /// A further one, for which the one that is idle for longest may have to go.
    fn open(&self, most: usize) -> (u64, Arc<Connection>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while open.1.len() >= most && close_idlest(&mut open.1) {}
        let connection = Arc::new(Connection::new());
        let number = open.0;
        open.0 += 1;
        open.1.insert(number, Arc::clone(&connection));
        (number, connection)
    }

    fn closed(&self, number: u64) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    fn close_idlest(&self) {
        close_idlest(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner).1);
    }
}

/// Closes the one that is idle for longest; where none is, the one whose answer hasn't moved for longest.
fn close_idlest(open: &mut HashMap<u64, Arc<Connection>>) -> bool {
    let idlest = open.iter().min_by_key(|(_, connection)| connection.rank()).map(|(number, _)| *number);
    let closed = idlest.and_then(|number| open.remove(&number));
    closed.inspect(|connection| connection.close()).is_some()
}

#[cfg(test)]
mod tests;
