//! What a connection is at, and since when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Limits;

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What a connection is at. Those that come first are the first to be closed where there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Nothing is wanted: an answer has been taken, or nothing was asked yet.
    Idle,
    /// A head is on its way, or expected at once.
    Head,
    /// An answer is being taken.
    Answering,
    /// We make an answer, which has limits of its own.
    Thinking,
}

/// A connection, as seen from outside.
#[derive(Debug)]
pub(super) struct Connection {
    at: Mutex<At>,
    close: Notify,
}

#[derive(Clone, Copy, Debug)]
struct At {
    phase: Phase,
    since: Instant,
    /// Has the last part of the answer been handed over?
    is_told: bool,
}

impl Connection {
    /// A new one, of which the head of a request is expected.
    pub(super) fn new() -> Self {
        let at = At { phase: Phase::Head, since: Instant::now(), is_told: false };
        Connection { at: Mutex::new(at), close: Notify::new() }
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let mut at = self.lock();
        // Of a head that comes byte by byte, only the first one counts.
        if at.phase == Phase::Idle {
            *at = At { phase: Phase::Head, since: Instant::now(), is_told: false };
        }
    }

    /// The head of a request is there.
    pub(super) fn asked(&self) {
        *self.lock() = At { phase: Phase::Thinking, since: Instant::now(), is_told: false };
    }

    /// The answer is made.
    pub(super) fn answering(&self) {
        *self.lock() = At { phase: Phase::Answering, since: Instant::now(), is_told: false };
    }

    /// The last part of the answer has been handed over.
    pub(super) fn told(&self) {
        self.lock().is_told = true;
    }

    /// The other side has taken bytes.
    pub(super) fn sent(&self) {
        self.lock().since = Instant::now();
    }

    /// All that was written so far is on its way.
    pub(super) fn flushed(&self) {
        let mut at = self.lock();
        if at.phase == Phase::Answering && at.is_told {
            *at = At { phase: Phase::Idle, since: Instant::now(), is_told: false };
        }
    }

    /// Is no answer of the service being made or written?
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.lock().phase, Phase::Idle | Phase::Head)
    }

    /// Where it stands among those that may be closed: the idlest is the least.
    pub(super) fn rank(&self) -> (u8, Instant) {
        let at = self.lock();
        match at.phase {
            Phase::Idle | Phase::Head => (0, at.since),
            Phase::Answering => (1, at.since),
            Phase::Thinking => (2, at.since),
        }
    }

    /// Ends it.
    pub(super) fn close(&self) {
        self.close.notify_one();
    }

    /// Waits until it has taken too long, or is to be closed.
    pub(super) async fn outlived(&self, limits: Limits) {
        let look = LOOK.min(limits.head).min(limits.idle).min(limits.stalled);
        loop {
            tokio::select! {
                () = self.close.notified() => return,
                () = tokio::time::sleep(look) => {}
            }
            let at = *self.lock();
            let limit = match at.phase {
                Phase::Head => limits.head,
                Phase::Idle => limits.idle,
                Phase::Answering => limits.stalled,
                Phase::Thinking => continue,
            };
            if at.since.elapsed() >= limit {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
