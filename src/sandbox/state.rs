//! What the sandbox and its server share: what the stand-in knows, and what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::account_state::AccountState;
use super::request::Request;
use super::trouble::Trouble;

/// How many requests are remembered; the oldest give way.
const REQUESTS: usize = 10_000;

/// All of it, for one sandbox.
pub(super) struct Shared {
    pub(super) soap_url: String,
    pub(super) rest_url: String,
    state: Mutex<SandboxState>,
}

/// What changes.
#[derive(Default)]
pub(super) struct SandboxState {
    /// By their user names.
    pub(super) accounts: HashMap<Arc<str>, AccountState>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) requests: VecDeque<Request>,
}

impl Shared {
    pub(super) fn new(rest_url: String) -> Shared {
        let soap_url = format!("{rest_url}/v2/api.svc");
        Shared { soap_url, rest_url, state: Mutex::default() }
    }

    /// Nothing is left half done in there, so a panic elsewhere does no harm.
    pub(super) fn lock(&self) -> MutexGuard<'_, SandboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SandboxState {
    /// The account whose user name and password an `Authorization` header holds.
    pub(super) fn admitted(&self, authorization: Option<&[u8]>) -> Option<Arc<str>> {
        let (scheme, encoded) = authorization?.split_at_checked("Basic ".len())?;
        let decoded = scheme.eq_ignore_ascii_case(b"Basic ").then(|| STANDARD.decode(encoded.trim_ascii()).ok())??;
        // A user name has no colon, a password may have some.
        let (username, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let (username, account) = self.accounts.get_key_value(username)?;
        (account.password == password).then(|| Arc::clone(username))
    }

    pub(super) fn record(&mut self, request: Request) {
        if self.requests.len() >= REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        let mut state = SandboxState::default();
        for (username, password) in [("jo", "a:ü"), ("al", "b"), ("", "")] {
            let account = AccountState { password: password.into(), ..Default::default() };
            state.accounts.insert(username.into(), account);
        }
        for (header, admitted) in [
            ("Basic am86YTrDvA==", Some("jo")),
            ("basic  am86YTrDvA== ", Some("jo")),
            ("Basic YWw6Yg==", Some("al")),
            ("Basic Og==", Some("")),
            ("Basic am86Yg==", None), // the password of another
            ("Basic am86YTrDvA", None),
            ("Basic am86YTr8", None), // the same in Latin 1
            ("Basic am8=", None),
            ("Basic", None),
            ("Bearer am86YTrDvA==", None),
            ("", None),
        ] {
            assert_eq!(state.admitted(Some(header.as_bytes())).as_deref(), admitted, "{header}");
        }
        assert_eq!(state.admitted(None), None);
    }
}
