//! How often an account is called, how many calls run at once, and how many are allowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::header::{HeaderName, HeaderValue};

use super::answer::Answer;

/// No window is longer: clocks have an end.
const LONGEST_WINDOW: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The calls of an account so far: its requests with the right credentials, refused ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    /// All of them.
    pub total: u64,
    /// Those that were answered with 429, since the limit was reached.
    pub refused: u64,
    /// The most that fell into one window of the limit, refused ones included; 0 where no limit was set.
    pub most_in_a_window: u64,
    /// The most that ran at once: from when a request was read until the last byte of its answer was handed out.
    pub most_at_once: u64,
}

/// Counts the calls of an account.
#[derive(Default)]
pub(super) struct CallCounter {
    pub(super) calls: Calls,
    limit: Option<Limit>,
    running: Arc<AtomicU64>,
}

/// So many calls a window, which begins with the first call after the one before.
struct Limit {
    calls: u64,
    window: Duration,
    end: Option<Instant>,
    used: u64,
}

/// A call that was counted.
pub(super) struct Call {
    pub(super) allowance: Option<Allowance>,
    pub(super) running: Running,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) is_refused: bool,
    limit: u64,
    remaining: u64,
    /// Until the window ends.
    left: Duration,
}

/// A call that runs, until it is dropped.
pub(super) struct Running(Arc<AtomicU64>);

impl CallCounter {
    /// Begins a window anew, with another limit.
    pub(super) fn limit(&mut self, calls: u64, window: Duration) {
        self.limit = Some(Limit { calls, window: window.min(LONGEST_WINDOW), end: None, used: 0 });
    }

    /// Counts a call that begins.
    pub(super) fn begin(&mut self, now: Instant) -> Call {
        let running = Running::new(&self.running);
        let calls = &mut self.calls;
        calls.total += 1;
        calls.most_at_once = calls.most_at_once.max(self.running.load(Ordering::SeqCst));
        let allowance = self.limit.as_mut().map(|limit| {
            let allowance = limit.call(now);
            calls.most_in_a_window = calls.most_in_a_window.max(limit.used);
            calls.refused += u64::from(allowance.is_refused);
            allowance
        });
        Call { allowance, running }
    }
}

impl Limit {
    fn call(&mut self, now: Instant) -> Allowance {
        let end = match self.end {
            Some(end) if now < end => end,
            _ => {
                self.used = 0;
                *self.end.insert(now + self.window)
            }
        };
        self.used += 1;
        Allowance {
            is_refused: self.used > self.calls,
            limit: self.calls,
            remaining: self.calls.saturating_sub(self.used),
            left: end - now,
        }
    }
}

impl Allowance {
    /// The answer to a call that is one too many.
    pub(super) fn refusal() -> Answer {
        // What the scope is called isn't documented.
        Answer::new(429).header(HeaderName::from_static("x-ratelimit-scope"), "account")
    }

    /// The headers that every answer has. The end of the window is told in seconds since 1970, as the vendor's
    /// documentation has it; never too early.
    pub(super) fn headers(self) -> [(HeaderName, HeaderValue); 3] {
        let end = SystemTime::now() + self.left;
        let end = end.duration_since(UNIX_EPOCH).unwrap_or_default();
        let reset = end.as_secs() + u64::from(end.subsec_nanos() > 0);
        [("x-ratelimit-limit", self.limit), ("x-ratelimit-remaining", self.remaining), ("x-ratelimit-reset", reset)]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from(value)))
    }
}

impl Running {
    fn new(count: &Arc<AtomicU64>) -> Running {
        count.fetch_add(1, Ordering::SeqCst);
        Running(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_with_the_first_call_after_the_one_before() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut counter = CallCounter::default();
        assert_eq!(counter.begin(now).allowance, None);
        counter.limit(2, second);
        let mut call = |at| {
            let allowance = counter.begin(at).allowance.unwrap();
            (allowance.remaining, allowance.is_refused, allowance.left)
        };
        assert_eq!(call(now), (1, false, second));
        assert_eq!(call(now + second / 2), (0, false, second / 2));
        assert_eq!(call(now + second * 3 / 4), (0, true, second / 4));
        assert_eq!(call(now + second), (1, false, second));
        assert_eq!(call(now + second * 9), (1, false, second));
        assert_eq!(counter.calls, Calls { total: 6, refused: 1, most_in_a_window: 3, most_at_once: 1 });
        // A limit that is set again begins anew.
        counter.limit(0, Duration::MAX);
        assert!(counter.begin(now).allowance.unwrap().is_refused);
    }

    #[test]
    fn calls_that_run_at_once() {
        let mut counter = CallCounter::default();
        let now = Instant::now();
        let (first, second) = (counter.begin(now), counter.begin(now));
        drop(first);
        let third = counter.begin(now);
        assert_eq!(counter.calls.most_at_once, 2);
        drop((second, third));
        assert_eq!(counter.running.load(Ordering::SeqCst), 0);
    }
}
