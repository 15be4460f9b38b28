//! What the stand-in knows of an account: its imports and enrolments, and how often it was called.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use uuid::Uuid;

use super::calls::CallCounter;
use super::problem::Problem;
use super::progress::Progress;
use super::question::{
    EnrolmentFinding, EnrolmentPage, EnrolmentQuestion, EnrolmentRecord, Finding, ImportPart, ImportQuestion, Question,
};
use super::report::Report;
use super::result::{ImportResult, ResultOrder};
use super::status::{Shape, Status};
use super::trouble::Trouble;

/// What changes of one account.
#[derive(Default)]
pub(super) struct AccountState {
    pub(super) password: String,
    pub(super) imports: HashMap<Uuid, ImportState>,
    /// In the order in which they are listed.
    pub(super) enrolments: BTreeMap<Uuid, EnrolmentState>,
    /// The API user may not see programs.
    pub(super) is_kept_from_programs: bool,
    pub(super) troubles: Vec<Trouble>,
    pub(super) counter: CallCounter,
}

impl AccountState {
    /// The trouble that a request gets: the account's own goes first.
    pub(super) fn trouble(&mut self, question: Option<&Question>) -> Option<Trouble> {
        let operation = question.map(Question::operation);
        Trouble::take(&mut self.troubles, operation).or_else(|| {
            let question = question?;
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
