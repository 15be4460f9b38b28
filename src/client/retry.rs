//! When to ask again, and how long to wait before.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};

use super::deadline::Deadline;
use super::pace::Pace;
use super::place::Place;
use super::progress::{Observer, Progress};
use crate::error::{Error, ErrorKind, Timeout};

/// The longest pause that nobody has asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Limits are by the hour, at most; a later end of one is no time, but milliseconds or worse.
pub(super) const LONGEST_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A reset below this is no time: it would be one before 2002.
const FIRST_EPOCH: u64 = 1_000_000_000;

/// How often and how fast it is asked again.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) attempt_timeout: Duration,
    pub(super) max_retries: u32,
    /// The most that the first pause may be; each one after it may be twice as long.
    pub(super) first_pause: Duration,
    /// A number from 0 to 1, another one each time.
    pub(super) jitter: fn() -> f64,
}

/// An attempt that has failed.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    pub(super) error: Error,
    /// May the next one go well?
    pub(super) again: bool,
}

impl FailedAttempt {
    pub(super) fn passing(error: Error) -> Self {
        FailedAttempt { error, again: true }
    }

    pub(super) fn lasting(error: Error) -> Self {
        FailedAttempt { error, again: false }
    }
}

/// Something that can be tried more than once, from the start each time.
pub(super) trait Attempt: Send {
    type Output: Send;

    /// Tries it; past `until` nobody listens any more.
    fn attempt(&mut self, until: Instant) -> impl Future<Output = Result<Self::Output, FailedAttempt>> + Send;
}

/// What a call keeps to, besides its policy, and whom it tells.
#[derive(Clone, Copy)]
pub(super) struct Course<'c> {
    pub(super) deadline: &'c Deadline,
    pub(super) observer: &'c Observer,
    /// Of the account, if all its calls keep to one.
    pub(super) pace: Option<&'c Pace>,
    /// Where it is at work, if it has to leave while it waits.
    pub(super) place: Option<&'c Place>,
}

/// Tries until it goes well, can't, or mustn't any more. An error comes with the number of attempts.
pub(super) async fn persist<A: Attempt>(
    attempt: &mut A,
    policy: &Policy,
    course: Course<'_>,
) -> Result<A::Output, (Error, u32)> {
    let Course { deadline, observer, pace, place } = course;
    let mut attempts = 0;
    let mut last: Option<Error> = None;
    let _turn = match pace {
        Some(pace) => Some(pace.turn(deadline, place).await.map_err(|error| (error, attempts))?),
        None => None,
    };
    loop {
        if let Some(pace) = pace
            && let Err(error) = pace.wait(deadline, observer, place).await
        {
            // What the service itself has said of the limit says more.
            let said = last.filter(|last| last.kind() == error.kind());
            return Err((said.unwrap_or(error), attempts));
        }
        let (now, end) = (Instant::now(), deadline.at());
        if now >= end {
            return Err((out_of_time(last), attempts));
        }
        let until = now.checked_add(policy.attempt_timeout).map_or(end, |until| until.min(end));
        attempts += 1;
        observer.tell(&Progress::Attempt { number: attempts });
        tracing::debug!(attempt = attempts, "asking");
        let failure = match timeout_at(until, attempt.attempt(until)).await {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(failure)) => failure,
            Err(_) if until == end => return Err((out_of_time(last), attempts)),
            Err(_) => FailedAttempt::passing(Error::timed_out(
                Timeout::Attempt,
                format!("no complete answer within the {:?} of one attempt", policy.attempt_timeout),
            )),
        };
        let remaining = deadline.remaining();
        if pace.is_some() && failure.error.kind() == ErrorKind::RateLimited && attempts <= policy.max_retries {
            // The pace knows how long all calls have to wait, and tells of it.
            tracing::warn!(attempt = attempts, status = failure.error.status(), "limited, will ask again");
            last = Some(failure.error);
            continue;
        }
        match pause(policy, attempts, &failure, remaining, (policy.jitter)()) {
            None => {
                tracing::debug!(attempt = attempts, kind = ?failure.error.kind(), status = failure.error.status(), "failed");
                return Err((failure.error, attempts));
            }
            Some(pause) => {
                tracing::warn!(
                    attempt = attempts,
                    kind = ?failure.error.kind(),
                    status = failure.error.status(),
                    ?pause,
                    "failed, will ask again"
                );
                observer.tell(&Progress::Retrying { error: &failure.error, pause });
                last = Some(failure.error);
                sleep(pause).await;
            }
        }
    }
}

/// The error of the attempt before, if there was one, is its source.
fn out_of_time(last: Option<Error>) -> Error {
    let error = Error::timed_out(Timeout::Whole, "no complete answer in the time that the whole call may take");
    match last {
        None => error,
        Some(last) => error.caused_by(last),
    }
}

/// How long to wait before the next attempt; `None` if there must be none.
///
/// The wait that the service has named is honoured, and so are the deadline and the number of attempts: a wait
/// that doesn't fit ends it at once.
fn pause(
    policy: &Policy,
    attempts: u32,
    failure: &FailedAttempt,
    remaining: Duration,
    jitter: f64,
) -> Option<Duration> {
    if !failure.again || attempts > policy.max_retries {
        return None;
    }
    let doubled = 2u32.checked_pow(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let longest = policy.first_pause.saturating_mul(doubled).min(LONGEST_PAUSE);
    let own = longest.mul_f64(jitter.clamp(0.0, 1.0));
    let pause = failure.error.retry_after().map_or(own, |named| named.max(own));
    (pause < remaining).then_some(pause)
}

/// The wait that an answer names: `Retry-After`, in seconds or as a date, or else, where calls are limited, when
/// `X-RateLimit-Reset` says that the limit ends. What is nonsense or past names none.
pub(super) fn named_wait(headers: &HeaderMap, kind: ErrorKind, now: SystemTime) -> Option<Duration> {
    let header = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |date: SystemTime| date.duration_since(now).ok();
    let after = header(RETRY_AFTER).and_then(|text| match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // More seconds than there are numbers for are a wait all the same.
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(Duration::MAX),
        Err(_) => until(httpdate::parse_http_date(text).ok()?),
    });
    after.filter(|wait| !wait.is_zero()).or_else(|| match kind {
        ErrorKind::RateLimited => named_reset(headers, now),
        _ => None,
    })
}

/// How long it is until the limit of calls ends, as `X-RateLimit-Reset` says.
pub(super) fn named_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = headers.get(HeaderName::from_static("x-ratelimit-reset"))?.to_str().ok()?.trim().parse().ok()?;
    let wait = match reset {
        // The documentation says that it is a time, and the vendor's own client that these are seconds from now.
        ..FIRST_EPOCH => Duration::from_secs(reset),
        _ => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset))?.duration_since(now).ok()?,
    };
    Some(wait).filter(|wait| !wait.is_zero() && *wait <= LONGEST_LIMIT)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use reqwest::header::HeaderValue;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(300);

    fn policy() -> Policy {
        Policy {
            attempt_timeout: Duration::from_secs(121),
            max_retries: 4,
            first_pause: Duration::from_millis(800),
            jitter: || 1.0,
        }
    }

    fn passing() -> FailedAttempt {
        FailedAttempt::passing(Error::new(ErrorKind::Unavailable, "busy"))
    }

    fn waiting(seconds: u64) -> FailedAttempt {
        let error = Error::new(ErrorKind::RateLimited, "limited").with_retry_after(Duration::from_secs(seconds));
        FailedAttempt::passing(error)
    }

    fn lasting() -> FailedAttempt {
        FailedAttempt::lasting(Error::new(ErrorKind::NotPermitted, "no"))
    }

    /// Unpaced, and nobody is told.
    fn course(deadline: &Deadline) -> Course<'_> {
        static NOBODY: Observer = Observer::nobody();
        Course { deadline, observer: &NOBODY, pace: None, place: None }
    }

    /// How many seconds an attempt takes, and how it fails, if it does.
    type Step = (u64, Option<fn() -> FailedAttempt>);

    struct Script(Vec<Step>);

    impl Attempt for Script {
        type Output = &'static str;

        async fn attempt(&mut self, _: Instant) -> Result<&'static str, FailedAttempt> {
            let (seconds, failure) = if self.0.len() > 1 { self.0.remove(0) } else { self.0[0] };
            sleep(Duration::from_secs(seconds)).await;
            failure.map_or(Ok("done"), |failure| Err(failure()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_course_of_a_call() {
        use ErrorKind::*;
        let cases: [(_, Vec<Step>, _, _); 10] = [
            ("at once", vec![(1, None)], Ok("done"), 1_000),
            ("after two", vec![(1, Some(passing)), (1, Some(passing)), (1, None)], Ok("done"), 5_400),
            ("never", vec![(0, Some(passing))], Err((Unavailable, 5)), 12_000),
            ("for good", vec![(0, Some(lasting))], Err((NotPermitted, 1)), 0),
            ("a named wait", vec![(0, Some(|| waiting(7))), (0, None)], Ok("done"), 7_000),
            (
                "a wait shorter than ours",
                vec![(0, Some(passing)), (0, Some(|| waiting(1))), (0, None)],
                Ok("done"),
                2_400,
            ),
            ("a wait beyond the deadline", vec![(1, Some(|| waiting(299)))], Err((RateLimited, 1)), 1_000),
            ("a wait that is endless", vec![(0, Some(|| waiting(u64::MAX)))], Err((RateLimited, 1)), 0),
            ("slow attempts", vec![(1000, None)], Err((TimedOut, 3)), 300_000),
            ("slow, then quick", vec![(1000, None), (1, None)], Ok("done"), 122_800),
        ];
        for (case, steps, expected, milliseconds) in cases {
            let (start, mut script) = (Instant::now(), Script(steps));
            let ended = persist(&mut script, &policy(), course(&Deadline::by(start + DEADLINE))).await;
            let ended = ended.map_err(|(error, attempts)| (error.kind(), attempts));
            assert_eq!(ended, expected, "{case}");
            assert_eq!(start.elapsed().as_millis(), milliseconds, "{case}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn which_time_limit() {
        let mut steps = vec![(1000, None)];
        let ended = async |steps: &[_], policy: Policy| {
            let deadline = Deadline::by(Instant::now() + DEADLINE);
            let mut script = Script(steps.to_vec());
            persist(&mut script, &policy, course(&deadline)).await.unwrap_err().0
        };
        let error = ended(&steps, Policy { max_retries: 0, ..policy() }).await;
        assert_eq!(error.timeout(), Some(Timeout::Attempt));
        assert_eq!(error.to_string(), "no complete answer within the 121s of one attempt");
        steps.insert(0, (0, Some(passing as fn() -> FailedAttempt)));
        let error = ended(&steps, Policy { attempt_timeout: Duration::MAX, ..policy() }).await;
        assert_eq!(error.timeout(), Some(Timeout::Whole));
        assert_eq!(error.to_string(), "no complete answer in the time that the whole call may take");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "busy");
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_and_are_told() {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&pauses);
        let observer = Observer::default().and(move |progress| {
            if let Progress::Retrying { pause, .. } = progress {
                heard.lock().unwrap().push(pause.as_millis());
            }
        });
        let policy = Policy { max_retries: 9, jitter: || 0.5, ..policy() };
        let deadline = Deadline::by(Instant::now() + DEADLINE);
        let course = Course { observer: &observer, ..course(&deadline) };
        persist(&mut Script(vec![(0, Some(passing))]), &policy, course).await.unwrap_err();
        assert_eq!(*pauses.lock().unwrap(), [400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    }

    #[test]
    fn no_pause_where_nothing_may_follow() {
        let second = Duration::from_secs(1);
        for (attempts, failure, remaining, expected) in [
            (1, passing(), DEADLINE, Some(Duration::from_millis(800))),
            (4, passing(), DEADLINE, Some(Duration::from_millis(6400))),
            (5, passing(), DEADLINE, None),
            (1, lasting(), DEADLINE, None),
            (1, passing(), Duration::from_millis(800), None),
            (1, waiting(1), second, None),
            (1, waiting(1), second * 2, Some(second)),
        ] {
            assert_eq!(pause(&policy(), attempts, &failure, remaining, 1.0), expected);
        }
        let patient = Policy { max_retries: u32::MAX, ..policy() };
        assert_eq!(pause(&patient, u32::MAX, &passing(), DEADLINE, 1.0), Some(LONGEST_PAUSE));
    }

    #[test]
    fn waits_that_answers_name() {
        use ErrorKind::{RateLimited, Unavailable};
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (after, reset, kind, expected) in [
            (None, None, RateLimited, None),
            (Some("7"), None, Unavailable, Some(7)),
            (Some(" 7 "), None, RateLimited, Some(7)),
            (Some("7"), Some("1700000003"), RateLimited, Some(7)),
            // A Tuesday, ten seconds from then.
            (Some("Tue, 14 Nov 2023 22:13:30 GMT"), None, Unavailable, Some(10)),
            (Some("Tuesday, 14-Nov-23 22:13:30 GMT"), None, Unavailable, Some(10)),
            // Past, or nonsense.
            (Some("Tue, 14 Nov 2023 22:13:10 GMT"), None, Unavailable, None),
            (Some("0"), None, Unavailable, None),
            (Some("-7"), None, Unavailable, None),
            (Some("soon"), None, Unavailable, None),
            (Some("1e3"), None, Unavailable, None),
            (Some("99999999999999999999"), None, Unavailable, Some(u64::MAX)),
            (Some(""), Some("1700000003"), RateLimited, Some(3)),
            (Some("3600"), None, Unavailable, Some(3600)),
            // The end of a limit matters where one has been hit.
            (None, Some("1700000003"), RateLimited, Some(3)),
            (None, Some("1700000003"), Unavailable, None),
            (None, Some("1699999999"), RateLimited, None),
            (None, Some("1700000000000"), RateLimited, None),
            (None, Some("18446744073709551615"), RateLimited, None),
            (None, Some("60"), RateLimited, Some(60)),
            (None, Some("0"), RateLimited, None),
            // A day is the longest limit.
            (None, Some("86400"), RateLimited, Some(86_400)),
            (None, Some("86401"), RateLimited, None),
            (None, Some("999999999"), RateLimited, None),
            (None, Some("60"), Unavailable, None),
            (None, Some("x"), RateLimited, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(after) = after {
                headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            }
            if let Some(reset) = reset {
                headers.insert("X-RateLimit-Reset", HeaderValue::from_static(reset));
            }
            let wait = named_wait(&headers, kind, now).map(|wait| wait.as_secs());
            assert_eq!(wait, expected, "{after:?} {reset:?} {kind:?}");
        }
    }
}
