//! What drives the calls of the service, of stores and of the dashboard.

use std::io;

use tokio::runtime::{Builder, Runtime};

use super::failure::Failure;

/// One on this thread.
pub fn of_this_thread() -> Result<Runtime, Failure> {
    start(&mut Builder::new_current_thread())
}

/// One of two threads, so that what takes its time on one of them keeps nobody waiting.
pub fn of_two_threads() -> Result<Runtime, Failure> {
    start(Builder::new_multi_thread().worker_threads(2))
}

/// One of as many threads as there are processors.
pub fn of_all_processors() -> Result<Runtime, Failure> {
    start(&mut Builder::new_multi_thread())
}

fn start(builder: &mut Builder) -> Result<Runtime, Failure> {
    check_handles()?;
    builder.enable_all().build().map_err(|error| failure(&error))
}

/// Sees to it that there are handles enough to start one, such as a client's own, and gives them back. Without, tokio panics
/// where the first of all runtimes takes note of signals.
pub fn check_handles() -> Result<(), Failure> {
    handles().map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> Failure {
    Failure::new(format!("the system has nothing left for a runtime: {error}"))
}

#[cfg(unix)]
fn handles() -> io::Result<()> {
    use std::os::unix::net::UnixStream;

    /// Of two handles each: one that waits for events, its copy and what wakes it, two for signals, and a copy.
    const PAIRS: usize = 3;

    let pairs = (0..PAIRS).map(|_| UnixStream::pair()).collect::<io::Result<Vec<_>>>();
    pairs.map(drop)
}

#[cfg(not(unix))]
fn handles() -> io::Result<()> {
    Ok(())
}
