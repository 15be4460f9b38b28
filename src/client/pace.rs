//! The pace of an account: one call at a time, and none while the service doesn't want any.
//!
//! All clones of a client share it. A call takes its turn, waits as long as the answer before it has asked for, and keeps the
//! turn until it has ended. What is waited so is told, and isn't the call's own time: see [`Deadline`].

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName};
use tokio::sync::{Mutex as Turns, MutexGuard as TurnGuard};
use tokio::time::{Instant, sleep_until};

use super::deadline::Deadline;
use super::place::Place;
use super::progress::{Observer, Progress};
use super::retry::{LONGEST_LIMIT, named_reset, named_wait};
use super::verdict;
use crate::error::{Error, ErrorKind, Timeout};

/// How long a service that limits calls is left alone when it doesn't say. Its limits are by the minute.
///
/// Source: the vendor's documentation of its rate limits.
const UNNAMED_LIMIT: Duration = Duration::from_secs(60);

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

/// What all clones of a paced client share.
#[derive(Default)]
pub(super) struct Pace {
    turns: Turns<()>,
    state: Mutex<State>,
}

/// May there be a call?
#[derive(Clone, Default)]
enum State {
    #[default]
    Open,
    /// Not before then.
    Limited(Instant),
    /// Never again, for this reason.
    Closed(Error),
}

/// While it is there, no other call of the account is made.
pub(super) type Turn<'p> = TurnGuard<'p, ()>;

impl Pace {
    /// Waits for the calls before to end.
    pub(super) async fn turn(&self, deadline: &Deadline, place: Option<&Place>) -> Result<Turn<'_>, Error> {
        if let Ok(turn) = self.turns.try_lock() {
            return Ok(turn);
        }
        let turn = deadline.paused_during(away(place, self.turns.lock())).await;
        turn.ok_or_else(|| {
            Error::timed_out(Timeout::Whole, "the calls before it took all the time that the whole call may take")
        })
    }

    /// Waits until the service wants to be asked again.
    pub(super) async fn wait(
        &self,
        deadline: &Deadline,
        observer: &Observer,
        place: Option<&Place>,
    ) -> Result<(), Error> {
        loop {
            let until = match &*self.state() {
                State::Open => return Ok(()),
                State::Closed(error) => return Err(error.clone()),
                State::Limited(until) => *until,
            };
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Ok(());
            }
            if wait > LONGEST_LIMIT || !deadline.has_room_for(wait) {
                return Err(verdict::rate_limited().with_retry_after(wait));
            }
            tracing::info!(?wait, "the service limits calls: none is made until then");
            observer.tell(&Progress::Limited { pause: wait });
            if deadline.paused_during(away(place, sleep_until(until))).await.is_none() {
                return Err(verdict::rate_limited());
            }
        }
    }

    /// Takes from an answer how long to wait before the next call.
    pub(super) fn note(&self, status: u16, headers: &HeaderMap, refusal: Option<&Error>) {
        let named = || named_wait(headers, ErrorKind::RateLimited, SystemTime::now());
        let has_hit = status == 429 || refusal.is_some_and(|error| error.kind() == ErrorKind::RateLimited);
        let is_used_up = || headers.get(REMAINING).is_some_and(|value| value.as_bytes().trim_ascii() == b"0");
        let wait = if has_hit {
            Some(named().unwrap_or(UNNAMED_LIMIT))
        } else if is_used_up() {
            // What `Retry-After` names here is about the one call, not about all.
            named_reset(headers, SystemTime::now())
        } else {
            None
        };
        let mut state = self.state();
        if matches!(*state, State::Closed(_)) {
            return;
        }
        if let Some(refusal) = refusal.filter(|refusal| verdict::is_about_credentials(status, refusal.code())) {
            *state = State::Closed(refusal.clone());
        } else if let Some(wait) = wait {
            // Later than clocks can tell is never.
            let now = Instant::now();
            let until = now.checked_add(wait).unwrap_or(now + 2 * LONGEST_LIMIT);
            *state = State::Limited(until);
        }
    }

    /// Why there is no call any more.
    #[cfg(feature = "archive")]
    pub(super) fn refusal(&self) -> Option<Error> {
        match &*self.state() {
            State::Closed(error) => Some(error.clone()),
            _ => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits away from the place of work, where there is one.
async fn away<T>(place: Option<&Place>, wait: impl Future<Output = T>) -> T {
    match place {
        Some(place) => place.left_during(wait).await,
        None => wait.await,
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.state() {
            State::Open => "Pace(open)",
            State::Limited(_) => "Pace(limited)",
            State::Closed(_) => "Pace(closed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use reqwest::header::HeaderValue;
    use tokio::sync::Semaphore;
    use tokio::time::sleep;

    use super::super::retry::{Attempt, Course, FailedAttempt, Policy, persist};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What an answer is: its status, and a few of its headers.
    type Said = (u16, &'static [(&'static str, &'static str)]);

    const OK: Said = (200, &[]);

    /// Calls of one account, each of whose attempts takes a second. The answers come in this order, the last one for ever.
    #[derive(Clone)]
    struct Account {
        pace: Arc<Pace>,
        answers: Arc<Mutex<Vec<Said>>>,
        asked: Arc<AtomicUsize>,
        asking: Arc<AtomicUsize>,
        limits: Arc<Mutex<Vec<u64>>>,
    }

    impl Attempt for Account {
        type Output = ();

        async fn attempt(&mut self, _: Instant) -> Result<(), FailedAttempt> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            assert_eq!(self.asking.fetch_add(1, Ordering::SeqCst), 0, "two at once");
            sleep(SECOND).await;
            self.asking.fetch_sub(1, Ordering::SeqCst);
            let (status, said) = {
                let mut answers = self.answers.lock().unwrap();
                if answers.len() > 1 { answers.remove(0) } else { answers[0] }
            };
            let mut headers = HeaderMap::new();
            for &(name, value) in said {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let failure = match status {
                200 => None,
                401 => Some(FailedAttempt::lasting(Error::new(ErrorKind::NotPermitted, "who?"))),
                403 => Some(FailedAttempt::lasting(Error::new(ErrorKind::NotPermitted, "not you"))),
                429 => Some(FailedAttempt::passing(Error::new(ErrorKind::RateLimited, "too often"))),
                _ => Some(FailedAttempt::passing(Error::new(ErrorKind::Unavailable, "busy"))),
            };
            self.pace.note(status, &headers, failure.as_ref().map(|failure| &failure.error));
            failure.map_or(Ok(()), Err)
        }
    }

    impl Account {
        fn new(answers: &[Said]) -> Self {
            Account {
                pace: Arc::default(),
                answers: Arc::new(Mutex::new(answers.to_vec())),
                asked: Arc::default(),
                asking: Arc::default(),
                limits: Arc::default(),
            }
        }

        async fn call(&self, deadline: Deadline, place: Option<&Place>) -> Result<(), (Error, u32)> {
            let policy = Policy { attempt_timeout: 121 * SECOND, max_retries: 2, first_pause: SECOND, jitter: || 1.0 };
            let limits = Arc::clone(&self.limits);
            let observer = Observer::nobody().and(move |progress| {
                if let Progress::Limited { pause } = progress {
                    limits.lock().unwrap().push(pause.as_secs());
                }
            });
            let course = Course { deadline: &deadline, observer: &observer, pace: Some(&self.pace), place };
            persist(&mut self.clone(), &policy, course).await
        }

        /// A call that may take ten seconds.
        async fn quick(&self) -> Result<(), (ErrorKind, u32)> {
            let called = self.call(Deadline::within(10 * SECOND), None).await;
            called.map_err(|(error, attempts)| (error.kind(), attempts))
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_at_a_time_and_its_turn_takes_no_time_of_its_own() {
        let (start, account) = (Instant::now(), Account::new(&[OK]));
        let calls = (0..30).map(|_| account.quick());
        assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!((account.asked(), start.elapsed()), (30, 30 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_wait_as_long_as_an_answer_says() {
        const USED_UP: (&str, &str) = ("x-ratelimit-remaining", "0");
        for (answer, calls, waits) in [
            ((200, &[USED_UP, ("x-ratelimit-reset", "40")][..]), [Ok(()), Ok(())], &[40][..]),
            ((200, &[("x-ratelimit-remaining", " 0 "), ("x-ratelimit-reset", "40")]), [Ok(()), Ok(())], &[40]),
            // It doesn't say until when, or not that there is nothing left.
            ((200, &[USED_UP]), [Ok(()), Ok(())], &[]),
            ((200, &[USED_UP, ("retry-after", "7")]), [Ok(()), Ok(())], &[]),
            ((200, &[USED_UP, ("x-ratelimit-reset", "1000000001")]), [Ok(()), Ok(())], &[]),
            ((200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "40")]), [Ok(()), Ok(())], &[]),
            // The call itself is made again.
            ((429, &[("retry-after", "70"), ("x-ratelimit-reset", "40")]), [Ok(()), Ok(())], &[70]),
            ((429, &[("x-ratelimit-reset", "40")]), [Ok(()), Ok(())], &[40]),
            ((429, &[]), [Ok(()), Ok(())], &[60]),
            ((429, &[("retry-after", "soon")]), [Ok(()), Ok(())], &[60]),
            // A wait that makes no sense is none, and nobody asks in vain.
            (
                (429, &[("retry-after", "99999999999999999999")]),
                [Err((ErrorKind::RateLimited, 1)), Err((ErrorKind::RateLimited, 0))],
                &[],
            ),
        ] {
            let (start, account) = (Instant::now(), Account::new(&[answer, OK]));
            let (first, second) = tokio::join!(account.quick(), account.quick());
            assert_eq!([first, second], calls, "{answer:?}");
            assert_eq!(*account.limits.lock().unwrap(), waits, "{answer:?}");
            let worked = SECOND * u32::try_from(account.asked()).unwrap();
            assert_eq!(start.elapsed(), worked + SECOND * u32::try_from(waits.iter().sum::<u64>()).unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_never_ends_ends_the_call() {
        let account = Account::new(&[(429, &[])]);
        assert_eq!(account.quick().await, Err((ErrorKind::RateLimited, 3)));
        assert_eq!((account.asked(), &**account.limits.lock().unwrap()), (3, &[60, 60][..]));
        // The pause behind any other failure is the call's own.
        let account = Account::new(&[(503, &[("retry-after", "20")])]);
        assert_eq!(account.quick().await, Err((ErrorKind::Unavailable, 3)));
    }

    /// A day is waited for. Of a limit that isn't, the service's own words tell.
    #[tokio::test(start_paused = true)]
    async fn the_longest_limit() {
        let account = Account::new(&[(429, &[("retry-after", "86400")]), OK]);
        assert_eq!(account.quick().await, Ok(()));
        assert_eq!(*account.limits.lock().unwrap(), [86_400]);
        let account = Account::new(&[(429, &[("retry-after", "86401")]), OK]);
        let (error, attempts) = account.call(Deadline::within(10 * SECOND), None).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), attempts, account.asked()), ("too often", 1, 1));
        assert!(account.limits.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_time_is_kept_all_the_same() {
        let account = Account::new(&[(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "40")]), OK]);
        let soon = || Deadline::by(Instant::now() + 30 * SECOND);
        account.call(soon(), None).await.unwrap();
        let start = Instant::now();
        let (error, attempts) = account.call(soon(), None).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after(), attempts), (ErrorKind::RateLimited, Some(40 * SECOND), 0));
        // Nor is a turn waited for that comes too late.
        let (patient, hasty) = tokio::join!(account.quick(), account.call(soon(), None));
        assert_eq!((patient, hasty.unwrap_err().0.timeout()), (Ok(()), Some(Timeout::Whole)));
        assert_eq!((account.asked(), start.elapsed()), (2, 41 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_are_sent_once() {
        let account = Account::new(&[(401, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "40")]), OK]);
        let (first, second) = tokio::join!(account.quick(), account.quick());
        assert_eq!([first, second], [Err((ErrorKind::NotPermitted, 1)), Err((ErrorKind::NotPermitted, 0))]);
        let (error, _) = account.call(Deadline::within(SECOND), None).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), account.asked()), ("who?", 1));
        #[cfg(feature = "archive")]
        assert_eq!(account.pace.refusal().map(|refusal| refusal.to_string()).as_deref(), Some("who?"));
        // What isn't permitted says nothing of other calls.
        let account = Account::new(&[(403, &[]), OK]);
        assert_eq!([account.quick().await, account.quick().await], [Err((ErrorKind::NotPermitted, 1)), Ok(())]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_left_to_others_while_nothing_can_be_done() {
        let places = Arc::new(Semaphore::new(1));
        let limited = Account::new(&[(429, &[]), OK]);
        let (start, other) = (Instant::now(), Account::new(&[OK]));
        let work = async |account: &Account, seconds: u64| {
            let place = Place::take(&places).await;
            account.call(Deadline::within(10 * SECOND), Some(&place)).await.unwrap();
            assert_eq!((start.elapsed().as_secs(), places.available_permits()), (seconds, 0));
        };
        tokio::join!(work(&limited, 62), work(&other, 2), work(&limited, 63));
        assert_eq!(places.available_permits(), 1);
    }

    #[test]
    fn it_tells_how_it_stands() {
        let pace = Pace::default();
        assert_eq!(format!("{pace:?}"), "Pace(open)");
        pace.note(429, &HeaderMap::new(), None);
        assert_eq!(format!("{pace:?}"), "Pace(limited)");
        pace.note(401, &HeaderMap::new(), Some(&Error::new(ErrorKind::NotPermitted, "who?")));
        assert_eq!(format!("{pace:?}"), "Pace(closed)");
    }
}
