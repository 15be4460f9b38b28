//! Who may ask, and what every answer says: for a browser nothing may run, nothing may be fetched, and nothing be framed.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode, Uri, Version};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::answer::sentence;
use super::page;
use crate::error::{Error, ErrorKind, Result};

/// Longer request lines are refused; that of a form with all there is has less than a quarter of it.
const LONGEST_LINE: usize = 8 * 1024;

/// These are there for whoever watches over processes, and tell nothing.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Whom a dashboard answers: requests by the names of its own, and with a token, if there is one.
///
/// The names keep other sites out whose owner lets their name lead to this machine: an IP address and `localhost` are always
/// among them.
///
/// ```
/// use dotdigital_faults::serve::Guard;
///
/// let guard = Guard::new().host("faults.example.com")?.token("correct horse battery staple")?;
/// assert!(!format!("{guard:?}").contains("horse"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "it only tells who may ask"]
pub struct Guard {
    hosts: Vec<Box<str>>,
    /// The hash of the token: one of another length then takes as long.
    token: Option<[u8; 32]>,
}

impl Guard {
    /// Answers whoever asks by an IP address or as `localhost`.
    pub fn new() -> Self {
        Guard::default()
    }

    /// Answers by this name, too, whatever the port is.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where it can't be the name of a host.
    pub fn host(mut self, name: &str) -> Result<Self> {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.is_empty() || name.len() > 253 || !name.bytes().all(is_sign) {
            return Err(Error::new(ErrorKind::Configuration, "a host has a name that can't be one")
                .advise("give a name such as faults.example.com, without a scheme and a port"));
        }
        self.hosts.push(name.into());
        Ok(self)
    }

    /// Answers only those who know this token, as a bearer's or as the password of any user; all may still ask whether it
    /// lives and is ready.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where it is empty, or holds what a header can't.
    pub fn token(mut self, token: &str) -> Result<Self> {
        let wrong = |what: &'static str| {
            Err(Error::new(ErrorKind::Configuration, what).advise("make one with `openssl rand -hex 32`"))
        };
        if token.is_empty() {
            return wrong("the token is empty");
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') || token.trim() != token {
            return wrong("the token holds something else than visible ASCII");
        }
        self.token = Some(hash(token.as_bytes()));
        Ok(self)
    }

    /// Looks at every request to a router, and adds to every answer of it.
    pub(super) fn around(guard: Option<Self>, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(Arc::new(Rules::of(guard)), check))
    }

    /// Is this who is asked?
    fn is_host(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else { return false };
        let is_ip = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => name.parse::<Ipv4Addr>().is_ok(),
        };
        is_ip
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| name.eq_ignore_ascii_case(known))
    }

    /// Is a request by a name of ours?
    fn is_asked(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let is_host = host.to_str().is_ok_and(|host| self.is_host(host));
        is_host && uri.authority().is_none_or(|authority| self.is_host(authority.as_str()))
    }

    /// Does a request know the token, if there is one?
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let given = secret(given.as_bytes()).unwrap_or_default();
        hash(&given).ct_eq(token).into()
    }
}

/// What was given in place of the token, by either way.
fn secret(authorization: &[u8]) -> Option<Vec<u8>> {
    let end = authorization.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = authorization.split_at_checked(end)?;
    let given = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(given.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = BASE64_STANDARD.decode(given).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

/// The name of a `Host`; `None` where its port is none.
fn without_port(host: &str) -> Option<&str> {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    match host.rsplit_once(':') {
        // A colon of an address in brackets is no port's.
        Some((_, rest)) if rest.ends_with(']') => Some(host),
        Some((name, port)) => is_port(port).then_some(name),
        None => Some(host),
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// What is looked at, and what is added.
struct Rules {
    guard: Option<Guard>,
    headers: [(HeaderName, HeaderValue); 5],
}

impl Rules {
    fn of(guard: Option<Guard>) -> Self {
        Rules { guard, headers: headers() }
    }

    /// The answer to a request that isn't let in.
    fn refusal(&self, request: &Request) -> Option<Response> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if line(method, uri) > LONGEST_LINE {
            return Some(sentence(StatusCode::URI_TOO_LONG, "The address is longer than 8 KiB."));
        }
        let is_open = OPEN.contains(&uri.path());
        // Load balancers ask over HTTP/1.0, which needs no host. A browser always names one.
        let is_nameless = request.version() == Version::HTTP_10 && !headers.contains_key(HOST);
        let is_watcher = is_open && is_nameless && uri.authority().is_none();
        if !is_watcher && self.guard.as_ref().is_some_and(|guard| !guard.is_asked(uri, headers)) {
            let told = "This is not the host that was asked for: --host names further ones.";
            return Some(sentence(StatusCode::MISDIRECTED_REQUEST, told));
        }
        if method != Method::GET && method != Method::HEAD {
            let allowed = [(ALLOW, HeaderValue::from_static("GET, HEAD"))];
            let told = sentence(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are answered.");
            return Some((allowed, told).into_response());
        }
        if !is_open && self.guard.as_ref().is_some_and(|guard| !guard.lets_in(headers)) {
            let told = "A token is needed: `Authorization: Bearer TOKEN`, or Basic with the token as the password of any user.";
            let mut answer = sentence(StatusCode::UNAUTHORIZED, told);
            for way in ["Bearer realm=\"faults\"", "Basic realm=\"faults\", charset=\"UTF-8\""] {
                answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
            }
            return Some(answer);
        }
        None
    }
}

/// What every answer says.
fn headers() -> [(HeaderName, HeaderValue); 5] {
    let style = BASE64_STANDARD.encode(Sha256::digest(page::style()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    // Base64 has no sign that a header can't have.
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ]
}

/// In place of the answer of a server that didn't understand a request: the same status, with what every answer says.
pub(super) fn refusal_of(answer: &[u8]) -> Vec<u8> {
    let status = answer.get(9..12).and_then(|status| StatusCode::from_bytes(status).ok());
    let (status, told) = match status.unwrap_or(StatusCode::BAD_REQUEST) {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (431, "The head has more than 16 KiB or 64 headers."),
        StatusCode::URI_TOO_LONG => (414, "The address is longer than 8 KiB."),
        _ => (400, "This is no request of HTTP/1.1."),
    };
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let mut own = format!("HTTP/1.1 {status} {reason}\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers() {
        own.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let length = told.len() + 1;
    own.extend(format!("content-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\r\n{told}\n").bytes());
    own
}

/// How long the request line is, without its end.
fn line(method: &Method, uri: &Uri) -> usize {
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    method.as_str().len() + scheme + authority + path + "  HTTP/1.1".len()
}

async fn check(State(rules): State<Arc<Rules>>, request: Request, next: Next) -> Response {
    let mut answer = match rules.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    answer.headers_mut().extend(rules.headers.iter().cloned());
    answer
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_token = self.token.is_some();
        f.debug_struct("Guard").field("hosts", &self.hosts).field("has_token", &has_token).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let guard = Guard::new().host("Faults.Example.com").unwrap();
        for (host, is_ours) in [
            ("127.0.0.1", true),
            ("127.0.0.1:9184", true),
            ("10.1.2.3:1", true),
            ("[::1]", true),
            ("[::1]:9184", true),
            ("localhost", true),
            ("LocalHost:80", true),
            ("faults.example.com:443", true),
            ("localhost:", true),
            ("", false),
            (":80", false),
            ("::1", false),
            ("[::1", false),
            ("[localhost]", false),
            ("[::1]x", false),
            ("[::1]:x", false),
            ("evil.example.com", false),
            ("localhost.evil.example.com", false),
            ("localhost@evil.example.com", false),
            ("127.0.0.1.evil.example.com", false),
            ("0x7f.1", false),
            ("localhost:80:80", false),
            ("localhost:-1", false),
        ] {
            assert_eq!(guard.is_host(host), is_ours, "{host}");
        }
        for name in ["", "a b", "http://a", "a:80", "é", &"a".repeat(254)] {
            assert_eq!(Guard::new().host(name).unwrap_err().kind(), ErrorKind::Configuration, "{name}");
        }
    }

    #[test]
    fn tokens() {
        let guard = Guard::new().token("s3cret:x").unwrap();
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for (authorization, is_let_in) in [
            ("Bearer s3cret:x", true),
            ("bearer   s3cret:x ", true),
            (&basic("anybody:s3cret:x"), true),
            (&basic(":s3cret:x"), true),
            (&basic("s3cret:x"), false),
            (&basic("s3cret:x:"), false),
            ("Bearer", false),
            ("Bearer ", false),
            ("Bearer S3cret:x", false),
            ("Bearer s3cret:x2", false),
            ("Bearer s3cret", false),
            ("Basic %%%", false),
            ("Digest s3cret:x", false),
            ("s3cret:x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(AUTHORIZATION, authorization.parse().unwrap());
            assert_eq!(guard.lets_in(&headers), is_let_in, "{authorization}");
            assert!(Guard::new().lets_in(&headers));
            headers.append(AUTHORIZATION, authorization.parse().unwrap());
            assert!(!guard.lets_in(&headers), "twice");
        }
        assert!(!guard.lets_in(&HeaderMap::new()));
        for token in ["", "a\nb", " a", "a ", "é", "\t"] {
            assert_eq!(Guard::new().token(token).unwrap_err().kind(), ErrorKind::Configuration, "{token:?}");
        }
    }
}
