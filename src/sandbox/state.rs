//! What the sandbox and its server share: what the stand-in knows, and what it was asked.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::problem::Problem;
use super::progress::Progress;
use super::question::{
    EnrolmentFinding, EnrolmentPage, EnrolmentQuestion, EnrolmentRecord, Finding, ImportPart, ImportQuestion, Question,
};
use super::report::Report;
use super::request::Request;
use super::result::{ImportResult, ResultOrder};
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
    /// In the order in which they are listed.
    pub(super) enrolments: BTreeMap<Uuid, EnrolmentState>,
    /// The API user may not see programs.
    pub(super) is_kept_from_programs: bool,
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
    /// The trouble that a request gets: the sandbox's own goes first, one of an import or an
    /// enrolment only hits those who may ask.
    pub(super) fn trouble(&mut self, question: Option<&Question>, authorized: bool) -> Option<Trouble> {
        let operation = question.map(Question::operation);
        Trouble::take(&mut self.troubles, operation).or_else(|| {
            let question = question.filter(|_| authorized)?;
            let import = question.import().and_then(|id| self.imports.get_mut(&id)).map(|state| &mut state.troubles);
            let enrolment = question.enrolment().and_then(|id| self.enrolments.get_mut(&id));
            Trouble::take(import.or(enrolment.map(|state| &mut state.troubles))?, operation)
        })
    }

    pub(super) fn find(&mut self, question: ImportQuestion) -> Finding {
        match self.imports.get_mut(&question.import) {
            Some(import) => import.find(question.part, Instant::now()),
            None => Finding::Problem(Problem::IMPORT_NOT_FOUND),
        }
    }

    /// What v3 has to say of an import; `None` where it isn't there.
    pub(super) fn result(&mut self, import: Uuid) -> Option<ImportResult> {
        self.imports.get_mut(&import)?.result(Instant::now())
    }

    pub(super) fn find_enrolment(&mut self, question: EnrolmentQuestion) -> EnrolmentFinding {
        let now = Instant::now();
        if self.is_kept_from_programs {
            return EnrolmentFinding::Forbidden;
        }
        let id = match question {
            EnrolmentQuestion::List(page) => return EnrolmentFinding::List(self.list(&page, now)),
            EnrolmentQuestion::Faults(id) | EnrolmentQuestion::Status(id) => id,
        };
        let Some(enrolment) = self.enrolments.get_mut(&id) else {
            return EnrolmentFinding::Problem(Problem::ENROLMENT_NOT_FOUND);
        };
        if matches!(question, EnrolmentQuestion::Status(_)) {
            let (status, _) = enrolment.progress.ask(now);
            EnrolmentFinding::Enrolment(enrolment.record(id, status))
        } else if enrolment.progress.has_ended(now) {
            EnrolmentFinding::Report(enrolment.report.clone())
        } else {
            EnrolmentFinding::Problem(Problem::ENROLMENT_IS_PROCESSING)
        }
    }

    /// A page of the enrolments that have a status.
    fn list(&self, page: &EnrolmentPage, now: Instant) -> Vec<EnrolmentRecord> {
        let records = self.enrolments.iter().filter_map(|(id, enrolment)| {
            let status = enrolment.progress.status_at(now);
            let fits = status.as_str().eq_ignore_ascii_case(&page.status);
            fits.then(|| enrolment.record(*id, status.clone()))
        });
        records.skip(page.skip).take(page.select).collect()
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
    pub(super) progress: Progress,
    pub(super) summary: Vec<(String, i32)>,
    pub(super) result: ResultOrder,
    pub(super) troubles: Vec<Trouble>,
}

/// What the stand-in knows of an enrolment.
pub(super) struct EnrolmentState {
    pub(super) program: u32,
    pub(super) created: String,
    pub(super) report: Report,
    pub(super) progress: Progress,
    pub(super) troubles: Vec<Trouble>,
}

impl Default for ImportState {
    fn default() -> Self {
        ImportState {
            report: Some(Report::new(Vec::new())),
            shape: Shape::Text,
            progress: Progress::new(Status::NotFinished),
            summary: Vec::new(),
            result: ResultOrder::default(),
            troubles: Vec::new(),
        }
    }
}

impl Default for EnrolmentState {
    fn default() -> Self {
        EnrolmentState {
            program: 1,
            created: "2026-01-05T09:30:00Z".to_owned(),
            report: Report::new(b"Id,Email,TelephoneNumber,Reason\r\n".to_vec()),
            progress: Progress::new(Status::Other("Processing".to_owned())),
            troubles: Vec::new(),
        }
    }
}

impl ImportState {
    /// The answer to a question, which is used up by it if it asked for the status.
    fn find(&mut self, part: ImportPart, now: Instant) -> Finding {
        match part {
            ImportPart::Status => Finding::Status(self.progress.ask(now).0),
            _ if self.progress.status_at(now) != &Status::Finished => {
                Finding::Problem(Problem::IMPORT_REPORT_NOT_FOUND)
            }
            ImportPart::Summary => Finding::Summary(self.summary.clone()),
            ImportPart::ReportFaults => match &self.report {
                Some(report) => Finding::Report(report.clone(), self.shape),
                None => Finding::Problem(Problem::IMPORT_REPORT_NOT_FOUND),
            },
        }
    }

    /// The answer over v3, `None` once it has expired; a question is used up by it.
    fn result(&mut self, now: Instant) -> Option<ImportResult> {
        let (status, has_ended) = self.progress.ask(now);
        if !has_ended {
            return Some(ImportResult::Standing(status));
        }
        let report = self.report.clone()?;
        Some(match &self.result {
            ResultOrder { whole: Some(whole), .. } => ImportResult::Whole(whole.clone()),
            order if status == Status::Finished || order.failures.is_some() => {
                ImportResult::Told { status, order: order.clone(), report, summary: self.summary.clone() }
            }
            _ => ImportResult::Standing(status),
        })
    }
}

impl EnrolmentState {
    /// How it is told, however it stands.
    fn record(&self, id: Uuid, status: Status) -> EnrolmentRecord {
        EnrolmentRecord { id, program: self.program, status, created: self.created.clone() }
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

    #[test]
    fn only_a_finished_import_has_a_report_and_figures() {
        let now = Instant::now();
        for (ended, expected) in [(Status::Finished, true), (Status::Unknown, false), (Status::Other("".into()), false)]
        {
            let mut state = ImportState::default();
            state.progress.at_last = ended.clone();
            assert_eq!(matches!(state.find(ImportPart::ReportFaults, now), Finding::Report(..)), expected, "{ended}");
            assert_eq!(matches!(state.find(ImportPart::Summary, now), Finding::Summary(_)), expected, "{ended}");
            assert_eq!(matches!(state.result(now), Some(ImportResult::Told { .. })), expected, "{ended}");
            // What was ordered is told however it has ended.
            state.result.failures = Some([].into());
            assert!(matches!(state.result(now), Some(ImportResult::Told { status, .. }) if status == ended));
        }
        let mut state = ImportState { report: None, ..Default::default() };
        assert!(matches!(state.find(ImportPart::ReportFaults, now), Finding::Problem(_)));
        assert!(state.result(now).is_none());
        assert!(matches!(state.find(ImportPart::Summary, now), Finding::Summary(_)));
    }
}
