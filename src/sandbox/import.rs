//! The handle by which a test sets up an import.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::account::Account;
use super::account_state::ImportState;
use super::failure::Failure;
use super::report::Report;
use super::status::{Shape, Status};
use super::trouble::Trouble;

/// An import that the stand-in knows: finished, with an empty report and no figures, until told otherwise.
///
/// All protocols tell of the same import. What v3 alone has is made from the report, or ordered by
/// [`failures`](Import::failures), [`created`](Import::created), [`updated`](Import::updated) and
/// [`result`](Import::result).
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
    account: Account,
}

impl Import {
    pub(super) fn new(id: Uuid, account: Account) -> Import {
        Import { id, account }
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

    /// The report, byte for byte, which others share: thousands of one report take the memory of one.
    pub fn shared_report(self, bytes: Arc<[u8]>) -> Import {
        let report = Report::shared(bytes);
        self.change(|state| state.report = Some(report))
    }

    /// A report that begins with a head and then has one row so many times, line ends included.
    ///
    /// It is made as it is sent and takes no memory, however large it is.
    pub fn repeated_report(self, head: impl Into<Vec<u8>>, row: impl Into<Vec<u8>>, times: u64) -> Import {
        let report = Report::repeated(head.into(), row.into(), times);
        self.change(|state| state.report = Some(report))
    }

    /// The import has finished, but its report is no longer kept: `ERROR_IMPORT_REPORT_NOT_FOUND`; over v3, where that
    /// isn't documented, `contacts:importNotFound`.
    pub fn expired(self) -> Import {
        self.change(|state| state.report = None)
    }

    /// How the report is written over SOAP.
    pub fn shape(self, shape: Shape) -> Import {
        self.change(|state| state.shape = shape)
    }

    /// How the import stands, or will once it is no longer `NotFinished`. Of all, only
    /// [`Finished`](Status::Finished) has a report and figures; over v3, ordered failures are told with any.
    pub fn status(self, status: Status) -> Import {
        self.change(|state| state.progress.at_last = status)
    }

    /// What is said in place of `NotFinished`, such as a status that nobody knows.
    pub fn unfinished_status(self, status: Status) -> Import {
        self.change(|state| state.progress.until_then = status)
    }

    /// It is `NotFinished` to the next so many questions for its status; only those bring it nearer to its end. Over v3,
    /// where one question asks for everything, each does.
    pub fn finished_after(self, questions: u32) -> Import {
        self.change(|state| state.progress.questions = questions)
    }

    /// It is `NotFinished` for so long from now.
    pub fn finished_in(self, duration: Duration) -> Import {
        self.change(|state| state.progress.end_in(duration, Instant::now()))
    }

    /// The service's own figures, by the names that SOAP has for them, such as `HardBounced`; REST begins them
    /// with a small letter. v3 has five of them, `DuplicateEmails` under the name `duplicateIdentifiers`; it counts those
    /// that aren't given: the contacts it tells of, by their first code.
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

    /// How many contacts v3 says were created, made up one by one as they are sent: millions take no memory.
    pub fn created(self, contacts: u32) -> Import {
        self.change(|state| state.result.created = contacts)
    }

    /// How many contacts v3 says were updated; see [`created`](Import::created).
    pub fn updated(self, contacts: u32) -> Import {
        self.change(|state| state.result.updated = contacts)
    }

    /// What v3 tells as failures, in place of what it makes of the report.
    ///
    /// Of each row of a report that has a column `Reason`, with commas between its columns, it makes a failure, with the
    /// identifiers that have columns, and the vendor's code for the reason. Left out are those whom v3 doesn't reject:
    /// contacts that are unsubscribed, have bounced or complained, whose opt-in is pending, whom mail servers have blocked,
    /// or whom the account suppresses. A reason that nobody knows becomes a code of its own.
    pub fn failures(self, failures: impl IntoIterator<Item = Failure>) -> Import {
        let failures = failures.into_iter().collect();
        self.change(|state| state.result.failures = Some(failures))
    }

    /// The identifier by which the import matches contacts over v3; it is `email` unless told otherwise. The column of
    /// that name is told as an identifier, too, as `email` and `mobileNumber` are.
    pub fn match_identifier(self, name: impl Into<String>) -> Import {
        let name = name.into();
        self.change(|state| state.result.match_identifier = name)
    }

    /// What v3 answers once the import has ended, byte for byte.
    pub fn result(self, body: impl Into<Vec<u8>>) -> Import {
        let body = body.into();
        self.change(|state| state.result.whole = Some(body.into()))
    }

    /// Trouble for authorised requests about this import.
    pub fn trouble(self, trouble: Trouble) -> Import {
        self.change(|state| state.troubles.push(trouble))
    }

    fn change(self, change: impl FnOnce(&mut ImportState)) -> Import {
        self.account.change(|account| change(account.imports.entry(self.id).or_default()));
        self
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("id", &self.id).finish_non_exhaustive()
    }
}
