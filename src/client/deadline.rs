//! When calls must have ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Beyond what a clock can tell, any far time will do.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When a call must have ended, or several together: at a time that is fixed, or when so much time has been spent. What is
/// spent stands still while a [paced](super::ClientBuilder::paced) client waits.
///
/// Clones are the same deadline.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Arc<Mutex<Instant>>,
    stands_still: bool,
}

impl Deadline {
    /// At a time, whatever is waited for.
    pub(crate) fn by(time: Instant) -> Self {
        Deadline { at: Arc::new(Mutex::new(time)), stands_still: false }
    }

    /// When so much time has been spent from now on.
    pub(crate) fn within(time: Duration) -> Self {
        let now = Instant::now();
        let far = now + FAR;
        let at = now.checked_add(time).map_or(far, |at| at.min(far));
        Deadline { at: Arc::new(Mutex::new(at)), stands_still: true }
    }

    /// When it is, as of now.
    pub(crate) fn at(&self) -> Instant {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.at().saturating_duration_since(Instant::now())
    }

    /// Waits for something that isn't the call's own work; `None` if a fixed time has passed before.
    pub(crate) async fn paused_during<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        if !self.stands_still {
            return tokio::time::timeout_at(self.at(), wait).await.ok();
        }
        let start = Instant::now();
        let waited = wait.await;
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        *at = at.checked_add(start.elapsed()).unwrap_or(*at);
        Some(waited)
    }

    /// Does a wait of this length, that isn't the call's own work, leave any time for the call?
    pub(super) fn has_room_for(&self, wait: Duration) -> bool {
        self.stands_still || wait < self.remaining()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_budget_stands_still_and_a_time_does_not() {
        let (budget, time) = (Deadline::within(5 * SECOND), Deadline::by(Instant::now() + 5 * SECOND));
        advance(2 * SECOND).await;
        assert_eq!(budget.paused_during(sleep(100 * SECOND)).await, Some(()));
        assert_eq!((budget.remaining(), budget.clone().remaining()), (3 * SECOND, 3 * SECOND));
        assert!(time.has_passed() && budget.has_room_for(100 * SECOND));

        let time = Deadline::by(Instant::now() + 5 * SECOND);
        assert_eq!(time.paused_during(sleep(2 * SECOND)).await, Some(()));
        assert_eq!(time.remaining(), 3 * SECOND);
        assert!(time.has_room_for(2 * SECOND) && !time.has_room_for(3 * SECOND));
        assert_eq!(time.paused_during(sleep(100 * SECOND)).await, None);
        assert!(time.has_passed());
        assert!(!Deadline::within(Duration::MAX).has_passed());
    }
}
