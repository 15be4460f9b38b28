//! An import as the stand-in knows it, and the handle by which a test sets it up.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::problem::Problem;
use super::question::{Finding, Operation};
use super::report::Report;
use super::state::Shared;
use super::trouble::Trouble;

/// An import that the stand-in knows: finished, with an empty report and no figures, until told otherwise.
///
/// A handle that is cheap to clone. What it changes holds from the next request on.
///
/// ```
/// use dotdigital_faults::sandbox::{Sandbox, Status};
/// use uuid::uuid;
///
/// let sandbox = Sandbox::start()?;
/// let import = sandbox
///     .import(uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39"))
///     .report("Reason,email\r\nHard bounced,jo@example.com\r\n")
///     .summary([("NewContacts", 99), ("HardBounced", 1)])
///     .finished_after(2);
/// // Later on, in the same test:
/// import.status(Status::Failed);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Import {
    id: Uuid,
    shared: Arc<Shared>,
}

/// How an import stands, as the service says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `Finished`: the report is there.
    Finished,
    /// `NotFinished`: the only one that isn't final.
    NotFinished,
    /// `RejectedByWatchdog`.
    RejectedByWatchdog,
    /// `InvalidFileFormat`.
    InvalidFileFormat,
    /// `Unknown`, which may mean that the import id isn't valid.
    Unknown,
    /// `Failed`.
    Failed,
    /// `ExceedsAllowedContactLimit`.
    ExceedsAllowedContactLimit,
    /// `NotAvailableInThisVersion`.
    NotAvailableInThisVersion,
    /// Any other text; an empty one has been seen over REST.
    Other(String),
}

/// How a report is written over SOAP. The last three say that it is empty, whatever was set; over REST no bytes
/// are sent then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// As base64 text.
    #[default]
    Text,
    /// As base64 text with a line break after every 76 letters.
    Lines,
    /// As an element without text.
    Empty,
    /// As an element that is nil.
    Nil,
    /// Not at all: the element is left out.
    Absent,
}

impl Import {
    pub(super) fn new(id: Uuid, shared: Arc<Shared>) -> Import {
        Import { id, shared }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The report, byte for byte.
    pub fn report(self, bytes: impl Into<Vec<u8>>) -> Import {
        let report = Report::new(bytes.into());
        self.change(|state| state.report = Some(report))
    }

    /// A report that begins with a head and then has one row so many times, line ends included.
    ///
    /// It is made as it is sent and takes no memory, however large it is.
    pub fn repeated_report(self, head: impl Into<Vec<u8>>, row: impl Into<Vec<u8>>, times: u64) -> Import {
        let report = Report::repeated(head.into(), row.into(), times);
        self.change(|state| state.report = Some(report))
    }

    /// The import has finished, but its report is no longer kept: `ERROR_IMPORT_REPORT_NOT_FOUND`.
    pub fn expired(self) -> Import {
        self.change(|state| state.report = None)
    }

    /// How the report is written over SOAP.
    pub fn shape(self, shape: Shape) -> Import {
        self.change(|state| state.shape = shape)
    }

    /// How the import stands, or will once it is no longer `NotFinished`. Of all, only
    /// [`Finished`](Status::Finished) has a report and figures.
    pub fn status(self, status: Status) -> Import {
        self.change(|state| state.status = status)
    }

    /// It is `NotFinished` to the next so many questions for its status; only those bring it nearer to its end.
    pub fn finished_after(self, questions: u32) -> Import {
        self.change(|state| state.questions = questions)
    }

    /// It is `NotFinished` for so long from now.
    pub fn finished_in(self, duration: Duration) -> Import {
        let end = Instant::now().checked_add(duration);
        // An end beyond the clock's is never reached.
        self.change(|state| state.end = end.map_or(End::Never, End::At))
    }

    /// The service's own figures, by the names that SOAP has for them, such as `HardBounced`; REST begins them
    /// with a small letter.
    ///
    /// `SuppressedContacts` is said over REST alone, as the service does. Names that aren't in the contract are said
    /// too: a newer service may have them.
    ///
    /// # Panics
    /// If a name isn't made of ASCII letters and digits, a letter first.
    #[track_caller]
    pub fn summary<N: Into<String>>(self, counts: impl IntoIterator<Item = (N, i32)>) -> Import {
        let counts: Vec<(String, i32)> = counts.into_iter().map(|(name, count)| (name.into(), count)).collect();
        for (name, _) in &counts {
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(is_name, "`{}` can't be the name of a count", name.escape_debug());
        }
        self.change(|state| state.summary = counts)
    }

    /// Trouble for authorised requests about this import.
    pub fn trouble(self, trouble: Trouble) -> Import {
        self.change(|state| state.troubles.push(trouble))
    }

    fn change(self, change: impl FnOnce(&mut ImportState)) -> Import {
        change(self.shared.lock().imports.entry(self.id).or_default());
        self
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Status {
    /// The text that the service writes.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Finished => "Finished",
            Status::NotFinished => "NotFinished",
            Status::RejectedByWatchdog => "RejectedByWatchdog",
            Status::InvalidFileFormat => "InvalidFileFormat",
            Status::Unknown => "Unknown",
            Status::Failed => "Failed",
            Status::ExceedsAllowedContactLimit => "ExceedsAllowedContactLimit",
            Status::NotAvailableInThisVersion => "NotAvailableInThisVersion",
            Status::Other(text) => text,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the stand-in knows of an import.
pub(super) struct ImportState {
    /// `None` once it has expired.
    report: Option<Report>,
    shape: Shape,
    status: Status,
    /// For how many more questions it is `NotFinished`.
    questions: u32,
    end: End,
    summary: Vec<(String, i32)>,
    pub(super) troubles: Vec<Trouble>,
}

/// Until when it is `NotFinished`.
enum End {
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
            end: End::Past,
            summary: Vec::new(),
            troubles: Vec::new(),
        }
    }
}

impl ImportState {
    /// The answer to a question, which is used up by it if it asked for the status.
    pub(super) fn find(&mut self, operation: Operation, now: Instant) -> Finding {
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
            End::Past => true,
            End::At(end) => end <= now,
            End::Never => false,
        };
        if self.questions == 0 && has_ended { self.status.clone() } else { Status::NotFinished }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut state =
            ImportState { status: Status::Failed, questions: 2, end: End::At(now + second), ..Default::default() };
        assert_eq!(status(&mut state, now), Status::NotFinished);
        assert!(matches!(state.find(Operation::ReportFaults, now + second), Finding::Problem(_)));
        assert_eq!(status(&mut state, now + second), Status::NotFinished);
        assert_eq!(status(&mut state, now), Status::NotFinished);
        assert_eq!(status(&mut state, now + second), Status::Failed);
        state.end = End::Never;
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
