//! The handle by which a test sets up an import.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::report::Report;
use super::state::{FinishTime, ImportState, Shared};
use super::status::{Shape, Status};
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
        self.change(|state| state.end = end.map_or(FinishTime::Never, FinishTime::At))
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
