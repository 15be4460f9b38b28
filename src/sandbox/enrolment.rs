//! The handle by which a test sets up an enrolment.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::account::Account;
use super::account_state::EnrolmentState;
use super::report::Report;
use super::status::Status;
use super::trouble::Trouble;

/// An enrolment of contacts into a program that the stand-in knows: finished, with a report of no faults, until told
/// otherwise.
///
/// A handle that is cheap to clone. What it changes holds from the next request on.
///
/// ```
/// use dotdigital_faults::sandbox::Sandbox;
/// use uuid::uuid;
///
/// let sandbox = Sandbox::start()?;
/// sandbox
///     .enrolment(uuid!("6f1c3d2a-7b58-4e09-9c41-0d2e5a8b7c63"))
///     .report("Id,Email,TelephoneNumber,Reason\r\n1001,jo@example.com,,AlreadyInProgram\r\n")
///     .finished_after(2);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Enrolment {
    id: Uuid,
    account: Account,
}

impl Enrolment {
    pub(super) fn new(id: Uuid, account: Account) -> Enrolment {
        Enrolment { id, account }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The report, byte for byte.
    pub fn report(self, bytes: impl Into<Vec<u8>>) -> Enrolment {
        let report = Report::new(bytes.into());
        self.change(|state| state.report = report)
    }

    /// The report, byte for byte, which others share: thousands of one report take the memory of one.
    pub fn shared_report(self, bytes: Arc<[u8]>) -> Enrolment {
        let report = Report::shared(bytes);
        self.change(|state| state.report = report)
    }

    /// A report that begins with a head and then has one row so many times, line ends included.
    ///
    /// It is made as it is sent and takes no memory, however large it is.
    pub fn repeated_report(self, head: impl Into<Vec<u8>>, row: impl Into<Vec<u8>>, times: u64) -> Enrolment {
        let report = Report::repeated(head.into(), row.into(), times);
        self.change(|state| state.report = report)
    }

    /// The program's id.
    pub fn program(self, id: u32) -> Enrolment {
        self.change(|state| state.program = id)
    }

    /// When it was created, as the service writes it, such as `2026-01-05T09:30:00Z`.
    pub fn created(self, date: impl Into<String>) -> Enrolment {
        let date = date.into();
        self.change(|state| state.created = date)
    }

    /// How it stands, or will once it is no longer `Processing`.
    pub fn status(self, status: Status) -> Enrolment {
        self.change(|state| state.progress.at_last = status)
    }

    /// What is said in place of `Processing`, such as a status that nobody knows.
    pub fn unfinished_status(self, status: Status) -> Enrolment {
        self.change(|state| state.progress.until_then = status)
    }

    /// It is `Processing` to the next so many questions for its status; only those bring it nearer to its end. Until
    /// then there is no report: `ERROR_ENROLMENT_IS_PROCESSING`.
    pub fn finished_after(self, questions: u32) -> Enrolment {
        self.change(|state| state.progress.questions = questions)
    }

    /// It is `Processing` for so long from now.
    pub fn finished_in(self, duration: Duration) -> Enrolment {
        self.change(|state| state.progress.end_in(duration, Instant::now()))
    }

    /// Trouble for authorised requests about this enrolment; not for lists.
    pub fn trouble(self, trouble: Trouble) -> Enrolment {
        self.change(|state| state.troubles.push(trouble))
    }

    fn change(self, change: impl FnOnce(&mut EnrolmentState)) -> Enrolment {
        self.account.change(|account| change(account.enrolments.entry(self.id).or_default()));
        self
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment").field("id", &self.id).finish_non_exhaustive()
    }
}
