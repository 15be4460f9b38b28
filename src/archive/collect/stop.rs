//! When a collect is to end early.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long what is being put may take once all is to end.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Ends a collect from elsewhere, as a signal does. Clones are the same.
///
/// ```
/// use dotdigital_faults::archive::{CollectOptions, Stop};
///
/// let stop = Stop::new();
/// let options = CollectOptions::new().stop(&stop);
/// stop.now(); // from a handler of signals, while a collect with these options is at work
/// ```
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// One that hasn't stopped anything yet.
    pub fn new() -> Self {
        Stop::default()
    }

    /// Stops what it was given to: nothing new is begun, what is being put is finished, and what was given is claimed, within 10
    /// seconds.
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

/// Why a collect ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Stopped,
    Deadline,
}

/// What may end a collect early.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub(super) stop: Option<Stop>,
    pub(super) deadline: Option<Instant>,
}

impl Ends {
    /// Has it to end now?
    pub(super) fn has_come(&self) -> Option<Why> {
        if self.stop.as_ref().is_some_and(|stop| *stop.0.borrow()) {
            return Some(Why::Stopped);
        }
        let now = tokio::time::Instant::now();
        self.deadline.is_some_and(|deadline| now >= deadline.into()).then_some(Why::Deadline)
    }

    /// Waits until it has to end.
    pub(super) async fn come(&self) -> Why {
        let stopped = async {
            match &self.stop {
                // Its sender is there as long as this is.
                Some(stop) => _ = stop.0.subscribe().wait_for(|is_stopped| *is_stopped).await,
                None => std::future::pending().await,
            }
        };
        let late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(stopped, late);
        match futures_util::future::select(stopped, late).await {
            futures_util::future::Either::Left(_) => Why::Stopped,
            futures_util::future::Either::Right(_) => Why::Deadline,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    /// What has come is known at once, and whoever waits for it is woken; a stop counts before a deadline.
    #[tokio::test(start_paused = true)]
    async fn a_stop_and_a_deadline() {
        let now = || tokio::time::Instant::now().into_std();
        let never = Ends::default();
        assert_eq!((never.has_come(), never.come().now_or_never()), (None, None));

        let ends = Ends { stop: Some(Stop::new()), deadline: Some(now() + Duration::from_secs(60)) };
        assert_eq!((ends.has_come(), ends.come().now_or_never()), (None, None));
        assert_eq!(ends.come().await, Why::Deadline);
        assert_eq!(ends.has_come(), Some(Why::Deadline));

        let ends = Ends { deadline: Some(now() + Duration::from_secs(60)), ..ends };
        assert_eq!(ends.has_come(), None);
        let stop = ends.stop.clone().unwrap();
        let ((), why) = tokio::join!(async move { stop.now() }, ends.come());
        assert_eq!((why, ends.has_come()), (Why::Stopped, Some(Why::Stopped)));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!((ends.has_come(), ends.come().await), (Some(Why::Stopped), Why::Stopped));
    }
}
