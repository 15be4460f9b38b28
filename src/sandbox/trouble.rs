//! Trouble to order: what is answered in place of the usual, and what happens on the way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::body::Cut;
use super::operation::Operation;

/// Trouble to order, for the next request unless told otherwise.
///
/// It is made by one of [`usual`](Trouble::usual), [`status`](Trouble::status), [`error`](Trouble::error),
/// [`limited_for`](Trouble::limited_for), [`limited_until`](Trouble::limited_until) and [`reset`](Trouble::reset), and
/// handed to [`Sandbox::trouble`](super::Sandbox::trouble), [`Account::trouble`](super::Account::trouble),
/// [`Import::trouble`](super::Import::trouble) or [`Enrolment::trouble`](super::Enrolment::trouble). Troubles wait in a line: the first one that fits a request is used
/// up before the next. A question that got trouble for an answer doesn't bring an import nearer to its end.
///
/// ```
/// use std::time::Duration;
/// use dotdigital_faults::sandbox::{Operation, Trouble};
///
/// // Too busy, twice.
/// let busy = Trouble::status(503).header("Retry-After", "2").body("<h1>Service Unavailable</h1>").times(2);
/// // The report breaks off, every time.
/// let broken = Trouble::usual().reset_after(1000).on(Operation::ReportFaults).always();
/// // Slow.
/// let slow = Trouble::usual().delayed(Duration::from_millis(200));
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it is handed to a sandbox or an import"]
pub struct Trouble {
    pub(super) instead: Instead,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) delay: Duration,
    pub(super) chunked: bool,
    pub(super) cut: Option<(u64, Cut)>,
    operation: Option<Operation>,
    /// How many more requests it is for; `None` means all.
    left: Option<u64>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) enum Instead {
    /// What would have been answered anyway.
    Usual,
    /// This.
    Answer {
        /// The status.
        status: u16,
        /// The body.
        body: Bytes,
    },
    /// An error of the service, as the protocol in use writes it.
    Error(String),
    /// Nothing: the connection is reset.
    Reset,
}

impl Trouble {
    /// The usual answer, to be delayed, cut or given more headers.
    pub fn usual() -> Trouble {
        Trouble::new(Instead::Usual)
    }

    /// An HTTP status without a body, such as a proxy's.
    ///
    /// # Panics
    /// If it isn't one of 200 to 599: others are no answers.
    #[track_caller]
    pub fn status(status: u16) -> Trouble {
        assert!((200..600).contains(&status), "{status} is not the HTTP status of an answer");
        Trouble::new(Instead::Answer { status, body: Bytes::new() })
    }

    /// An error of the service by its code, such as `ERROR_APIUSAGE_EXCEEDED`, as the protocol in use writes it:
    /// a SOAP fault, a `message` in JSON, or an `errorCode` in JSON over v3, whose codes look like
    /// `contacts:importNotFound`.
    pub fn error(code: impl Into<String>) -> Trouble {
        Trouble::new(Instead::Error(code.into()))
    }

    /// 429, with the limit's headers: calls are allowed again after so long, which `X-RateLimit-Reset` tells in seconds,
    /// as the vendor's own client takes it.
    pub fn limited_for(duration: Duration) -> Trouble {
        let part = u64::from(duration.subsec_nanos() > 0);
        Trouble::limited(duration.as_secs().saturating_add(part))
    }

    /// 429, with the limit's headers: calls are allowed again at that time, which `X-RateLimit-Reset` tells in seconds
    /// since 1970, as the vendor's documentation has it.
    pub fn limited_until(time: SystemTime) -> Trouble {
        Trouble::limited(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    /// The limit is that of the lowest tier. What its scope is called isn't documented.
    fn limited(reset: u64) -> Trouble {
        Trouble::status(429)
            .header("X-RateLimit-Scope", "account")
            .header("X-RateLimit-Limit", "35")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset", &reset.to_string())
    }

    /// No answer: the connection is reset.
    pub fn reset() -> Trouble {
        Trouble::new(Instead::Reset)
    }

    /// A body, and the status 200 unless [`status`](Trouble::status) gave another.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Trouble {
        let status = if let Instead::Answer { status, .. } = self.instead { status } else { 200 };
        self.instead = Instead::Answer { status, body: Bytes::from(body.into()) };
        self
    }

    /// A header, in place of any other of that name.
    ///
    /// # Panics
    /// If HTTP doesn't allow the name or the value; or if it is `Content-Length` or `Transfer-Encoding`, which
    /// [`truncated_after`](Trouble::truncated_after) and [`chunked`](Trouble::chunked) decide.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Trouble {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            panic!("HTTP doesn't allow the header `{}: {}`", name.escape_debug(), value.escape_debug());
        };
        assert!(![CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name), "the length of the body decides on `{name}`");
        self.headers.push((name, value));
        self
    }

    /// It takes so long until an answer begins.
    pub fn delayed(mut self, delay: Duration) -> Trouble {
        self.delay = delay;
        self
    }

    /// The body comes in chunks, without its length being told first.
    pub fn chunked(mut self) -> Trouble {
        self.chunked = true;
        self
    }

    /// The connection is closed after so many bytes of the body, whatever length was promised; a body that isn't
    /// longer arrives whole.
    pub fn truncated_after(mut self, bytes: u64) -> Trouble {
        self.cut = Some((bytes, Cut::Truncate));
        self
    }

    /// The connection is reset after so many bytes of the body; a body that isn't longer arrives whole.
    pub fn reset_after(mut self, bytes: u64) -> Trouble {
        self.cut = Some((bytes, Cut::Reset));
        self
    }

    /// Nothing comes for a while after so many bytes of the body; then it goes on.
    pub fn stalled_after(mut self, bytes: u64, duration: Duration) -> Trouble {
        self.cut = Some((bytes, Cut::Stall(duration)));
        self
    }

    /// For requests that ask this only.
    pub fn on(mut self, operation: Operation) -> Trouble {
        self.operation = Some(operation);
        self
    }

    /// For so many requests, not only the next one.
    pub fn times(mut self, requests: u64) -> Trouble {
        self.left = Some(requests);
        self
    }

    /// For every request from now on.
    pub fn always(mut self) -> Trouble {
        self.left = None;
        self
    }

    fn new(instead: Instead) -> Trouble {
        Trouble {
            instead,
            headers: Vec::new(),
            delay: Duration::ZERO,
            chunked: false,
            cut: None,
            operation: None,
            left: Some(1),
        }
    }

    /// The first trouble of a line that fits, used up by one request.
    pub(super) fn take(line: &mut Vec<Trouble>, operation: Option<Operation>) -> Option<Trouble> {
        line.retain(|trouble| trouble.left != Some(0));
        let fits = |trouble: &&mut Trouble| trouble.operation.is_none() || trouble.operation == operation;
        let trouble = line.iter_mut().find(fits)?;
        trouble.left = trouble.left.map(|left| left.saturating_sub(1));
        Some(trouble.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_used_up_in_order() {
        let mut line = vec![
            Trouble::status(500).times(0),
            Trouble::status(503).on(Operation::Summary),
            Trouble::status(502).times(2),
            Trouble::status(504).always(),
        ];
        let mut next = |operation| match Trouble::take(&mut line, operation).map(|trouble| trouble.instead) {
            Some(Instead::Answer { status, .. }) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(next(Some(Operation::Status)), 502);
        assert_eq!(next(Some(Operation::Summary)), 503);
        assert_eq!(next(None), 502);
        assert_eq!(next(Some(Operation::Summary)), 504);
        assert_eq!(next(None), 504);
    }

    #[test]
    #[should_panic = "HTTP doesn't allow the header `X-Line: a\\nb`"]
    fn a_header_that_http_does_not_allow() {
        _ = Trouble::usual().header("X-Line", "a\nb");
    }

    #[test]
    #[should_panic = "the length of the body decides on `content-length`"]
    fn a_length_of_ones_own() {
        _ = Trouble::usual().header("Content-Length", "9");
    }

    #[test]
    #[should_panic = "99 is not the HTTP status of an answer"]
    fn a_status_that_is_none() {
        _ = Trouble::status(99);
    }
}
