//! What the sandbox and its server share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::import::ImportState;
use super::problem::Problem;
use super::question::{Finding, Question};
use super::request::Request;
use super::trouble::Trouble;

/// How many requests are remembered; the oldest give way.
const REQUESTS: usize = 10_000;

/// All of it, for one sandbox.
pub(super) struct Shared {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) soap_url: String,
    pub(super) rest_url: String,
    state: Mutex<State>,
}

/// What changes.
#[derive(Default)]
pub(super) struct State {
    pub(super) imports: HashMap<Uuid, ImportState>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) requests: VecDeque<Request>,
}

impl Shared {
    pub(super) fn new(username: String, password: String, rest_url: String) -> Shared {
        let soap_url = format!("{rest_url}/v2/api.svc");
        Shared { username, password, soap_url, rest_url, state: Mutex::default() }
    }

    /// Nothing is left half done in there, so a panic elsewhere does no harm.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an `Authorization` header hold the right user name and password?
    pub(super) fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Some((scheme, encoded)) = authorization.and_then(|value| value.split_at_checked("Basic ".len())) else {
            return false;
        };
        let expected = format!("{}:{}", self.username, self.password);
        scheme.eq_ignore_ascii_case(b"Basic ")
            && STANDARD.decode(encoded.trim_ascii()).is_ok_and(|decoded| decoded == expected.as_bytes())
    }
}

impl State {
    /// The trouble that a request gets: the sandbox's own goes first, an import's only hits those who may ask.
    pub(super) fn trouble(&mut self, question: Option<&Question>, authorized: bool) -> Option<Trouble> {
        let operation = question.map(|question| question.operation);
        Trouble::take(&mut self.troubles, operation).or_else(|| {
            let import = question.filter(|_| authorized).and_then(|question| self.imports.get_mut(&question.import))?;
            Trouble::take(&mut import.troubles, operation)
        })
    }

    pub(super) fn find(&mut self, question: Question) -> Finding {
        match self.imports.get_mut(&question.import) {
            Some(import) => import.find(question.operation, Instant::now()),
            None => Finding::Problem(Problem::IMPORT_NOT_FOUND),
        }
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
        let shared = Shared::new("jo".into(), "a:ü".into(), "http://127.0.0.1:1".into());
        for (header, admitted) in [
            ("Basic am86YTrDvA==", true),
            ("basic  am86YTrDvA== ", true),
            ("Basic am86YTrDvA", false),
            ("Basic am86YTr8", false), // the same in Latin 1
            ("Basic", false),
            ("Bearer am86YTrDvA==", false),
            ("", false),
        ] {
            assert_eq!(shared.admits(Some(header.as_bytes())), admitted, "{header}");
        }
        assert!(!shared.admits(None));
    }
}
