//! The three faces of the service: each reads questions and writes answers in its own way.

use hyper::Method;
use hyper::header::ALLOW;
use hyper::http::request::Parts;

use super::account_state::AccountState;
use super::answer::Answer;
use super::problem::Problem;
use super::question::Question;
use super::{programs, rest, soap, v3};

/// How the service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Soap,
    Rest,
    V3,
}

impl Face {
    /// The face that is behind a path.
    pub(super) fn of(path: &str) -> Face {
        let is_v3 = path.split_at_checked("/contacts/v3".len()).is_some_and(|(start, rest)| {
            start.eq_ignore_ascii_case("/contacts/v3") && (rest.is_empty() || rest.starts_with('/'))
        });
        if path.eq_ignore_ascii_case("/v2/api.svc") {
            Face::Soap
        } else if is_v3 {
            Face::V3
        } else {
            Face::Rest
        }
    }

    /// What is asked, or the answer to what isn't a question of this service. A body that was too large is `None`.
    pub(super) fn question(self, head: &Parts, body: Option<&[u8]>) -> Result<Question, Answer> {
        let body = body.ok_or_else(|| Answer::new(413))?;
        let (method, path) = (&head.method, head.uri.path());
        match self {
            Face::Soap if method == Method::POST => soap::question(&head.headers, body).map(Question::Import),
            Face::Soap => Err(Answer::new(405).header(ALLOW, "POST")),
            Face::V3 => v3::question(method, path).map(Question::Result),
            Face::Rest if programs::is_theirs(path) => {
                programs::question(method, path, head.uri.query().unwrap_or_default()).map(Question::Enrolment)
            }
            Face::Rest => rest::question(method, path).map(Question::Import),
        }
    }

    /// The answer to a question of this face.
    pub(super) fn answer(self, question: Question, state: &mut AccountState) -> Answer {
        match question {
            Question::Import(question) if self == Face::Soap => soap::answer(question, state.find(question)),
            Question::Import(question) => rest::answer(question, state.find(question)),
            Question::Result(import) => v3::answer(import, state.result(import)),
            Question::Enrolment(question) => programs::answer(state.find_enrolment(question)),
        }
    }

    /// An error of the service by its code.
    pub(super) fn problem(self, code: &str) -> Answer {
        match self {
            Face::Soap => soap::problem(&Problem::of(code)),
            Face::Rest => rest::problem(&Problem::of(code)),
            Face::V3 => v3::problem(code),
        }
    }

    /// The answer to a wrong password.
    pub(super) fn unauthorized(self) -> Answer {
        match self {
            Face::Soap => soap::unauthorized(),
            Face::Rest => rest::unauthorized(),
            Face::V3 => v3::unauthorized(),
        }
    }
}
