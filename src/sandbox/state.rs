//! What the sandbox and its server share: what the stand-in knows, and what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::operation::Operation;
use super::problem::Problem;
use super::question::{Finding, Question};
use super::report::Report;
use super::request::Request;
use super::status::{Shape, Status};
use super::trouble::Trouble;

/// How many requests are remembered; the oldest give way.
const REQUESTS: usize = 10_000;

/// All of it, for one sandbox.
pub(super) struct Shared {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) soap_url: String,
    pub(super) rest_url: String,
    state: Mutex<SandboxState>,
}

/// What changes.
#[derive(Default)]
pub(super) struct SandboxState {
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
    pub(super) fn lock(&self) -> MutexGuard<'_, SandboxState> {
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

impl SandboxState {
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

/// What the stand-in knows of an import.
pub(super) struct ImportState {
    /// `None` once it has expired.
    pub(super) report: Option<Report>,
    pub(super) shape: Shape,
    pub(super) status: Status,
    /// For how many more questions it is `NotFinished`.
    pub(super) questions: u32,
    pub(super) end: FinishTime,
    pub(super) summary: Vec<(String, i32)>,
    pub(super) troubles: Vec<Trouble>,
}

/// Until when it is `NotFinished`.
pub(super) enum FinishTime {
    Past,
    At(Instant),
    Never,
}

impl Default for ImportState {
    fn default() -> Self {
        ImportState {
            report: Some(Report::new(Vec::new())),
            shape: Shape::Text,
            status: Status::Finished,
            questions: 0,
            end: FinishTime::Past,
            summary: Vec::new(),
            troubles: Vec::new(),
        }
    }
}

impl ImportState {
    /// The answer to a question, which is used up by it if it asked for the status.
    fn find(&mut self, operation: Operation, now: Instant) -> Finding {
        let status = self.status_at(now);
        match operation {
            Operation::Status => {
                self.questions = self.questions.saturating_sub(1);
                Finding::Status(status)
            }
            _ if status != Status::Finished => Finding::Problem(Problem::IMPORT_REPORT_NOT_FOUND),
            Operation::Summary => Finding::Summary(self.summary.clone()),
            Operation::ReportFaults => match &self.report {
                Some(report) => Finding::Report(report.clone(), self.shape),
                None => Finding::Problem(Problem::IMPORT_REPORT_NOT_FOUND),
            },
        }
    }

    fn status_at(&self, now: Instant) -> Status {
        let has_ended = match self.end {
            FinishTime::Past => true,
            FinishTime::At(end) => end <= now,
            FinishTime::Never => false,
        };
        if self.questions == 0 && has_ended { self.status.clone() } else { Status::NotFinished }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    fn status(state: &mut ImportState, now: Instant) -> Status {
        match state.find(Operation::Status, now) {
            Finding::Status(status) => status,
            _ => panic!("not a status"),
        }
    }

    #[test]
    fn it_moves_on_with_the_questions_and_the_time() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut state = ImportState {
            status: Status::Failed,
            questions: 2,
            end: FinishTime::At(now + second),
            ..Default::default()
        };
        assert_eq!(status(&mut state, now), Status::NotFinished);
        assert!(matches!(state.find(Operation::ReportFaults, now + second), Finding::Problem(_)));
        assert_eq!(status(&mut state, now + second), Status::NotFinished);
        assert_eq!(status(&mut state, now), Status::NotFinished);
        assert_eq!(status(&mut state, now + second), Status::Failed);
        state.end = FinishTime::Never;
        assert_eq!(status(&mut state, now + second), Status::NotFinished);
    }

    #[test]
    fn only_a_finished_import_has_a_report_and_figures() {
        let now = Instant::now();
        for (ended, expected) in [(Status::Finished, true), (Status::Unknown, false), (Status::Other("".into()), false)]
        {
            let mut state = ImportState { status: ended.clone(), ..Default::default() };
            assert_eq!(matches!(state.find(Operation::ReportFaults, now), Finding::Report(..)), expected, "{ended}");
            assert_eq!(matches!(state.find(Operation::Summary, now), Finding::Summary(_)), expected, "{ended}");
        }
        let mut state = ImportState { report: None, ..Default::default() };
        assert!(matches!(state.find(Operation::ReportFaults, now), Finding::Problem(_)));
        assert!(matches!(state.find(Operation::Summary, now), Finding::Summary(_)));
    }
}
