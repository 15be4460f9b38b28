//! Signals that end the program, as they arrive.

use std::io;

/// SIGINT and SIGTERM.
#[cfg(unix)]
pub struct Arriving {
    interrupts: tokio::signal::unix::Signal,
    terminations: tokio::signal::unix::Signal,
}

/// Takes note of them from now on.
#[cfg(unix)]
pub fn arriving() -> io::Result<Arriving> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Arriving { interrupts: signal(SignalKind::interrupt())?, terminations: signal(SignalKind::terminate())? })
}

#[cfg(unix)]
impl Arriving {
    /// What the program ends with for the next one: 128 and its number.
    pub async fn next(&mut self) -> Option<u8> {
        use std::task::Poll::{Pending, Ready};
        std::future::poll_fn(|context| {
            if let Ready(come) = self.interrupts.poll_recv(context) {
                return Ready(come.map(|()| 130));
            }
            match self.terminations.poll_recv(context) {
                Ready(come) => Ready(come.map(|()| 143)),
                Pending => Pending,
            }
        })
        .await
    }
}

/// Control and C, which is all that there is elsewhere.
#[cfg(not(unix))]
pub struct Arriving;

/// Takes note of it from now on.
#[cfg(not(unix))]
pub fn arriving() -> io::Result<Arriving> {
    Ok(Arriving)
}

#[cfg(not(unix))]
impl Arriving {
    /// What the program ends with for the next one: 128 and its number.
    pub async fn next(&mut self) -> Option<u8> {
        tokio::signal::ctrl_c().await.ok().map(|()| 130)
    }
}
