//! The client without `async`.

use std::fmt;
use std::io::{self, Write};
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::{Builder, Handle, Runtime};
use uuid::Uuid;

use super::credentials::Credentials;
use super::enrolments::Enrolment;
use super::progress::Progress;
use super::summary::ImportSummary;
use crate::error::{Error, ErrorKind, Result};
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;
use crate::report::feed::FaultSink;
use crate::report_id::ReportId;
use crate::status::ImportStatus;

/// A [`Client`](crate::Client) whose calls return when they are done.
///
/// It can be used from any thread, also from one of a tokio program: there a call runs on a thread of its own while
/// the calling one waits. Call it from `tokio::task::spawn_blocking` there, since a thread that waits does nothing
/// else.
///
/// ```no_run
/// use dotdigital_faults::{Credentials, blocking::Client};
///
/// # fn run(username: String, password: String, import_id: uuid::Uuid) -> dotdigital_faults::Result<()> {
/// let client = Client::new(Credentials::new(username, password))?;
/// println!("{} contacts failed", client.reason_counts(import_id)?.total());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    engine: Arc<Engine>,
}

impl Client {
    /// A client with the defaults of [`Client::new`](crate::Client::new).
    ///
    /// # Errors
    /// Those of [`ClientBuilder::build`](crate::ClientBuilder::build), and [`Io`](ErrorKind::Io) where the system
    /// has nothing left for a runtime.
    pub fn new(credentials: Credentials) -> Result<Self> {
        Client::from_async(crate::Client::new(credentials)?)
    }

    /// The blocking face of a client, set up with [`Client::builder`](crate::Client::builder).
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) where the system has nothing left for a runtime.
    pub fn from_async(client: crate::Client) -> Result<Self> {
        Ok(Client { client, engine: Arc::new(Engine::start()?) })
    }

    /// As [`observed_by`](crate::Client::observed_by) of the client.
    #[must_use]
    pub fn observed_by(&self, hook: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Client {
        Client { client: self.client.observed_by(hook), engine: Arc::clone(&self.engine) }
    }

    /// As [`with_deadline`](crate::Client::with_deadline) of the client.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Client {
        Client { client: self.client.with_deadline(deadline), engine: Arc::clone(&self.engine) }
    }

    /// As [`report_faults`](crate::Client::report_faults) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn report_faults(&self, id: impl Into<ReportId> + Send) -> Result<FaultReport> {
        self.engine.run(self.client.report_faults(id))
    }

    /// As [`report_faults_bytes`](crate::Client::report_faults_bytes) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn report_faults_bytes(&self, id: impl Into<ReportId> + Send) -> Result<Vec<u8>> {
        self.engine.run(self.client.report_faults_bytes(id))
    }

    /// As [`report_faults_to`](crate::Client::report_faults_to) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn report_faults_to<W, F>(&self, id: impl Into<ReportId> + Send, make_writer: F) -> Result<W>
    where
        W: Write + Send,
        F: FnMut() -> io::Result<W> + Send,
    {
        self.engine.run(self.client.report_faults_to(id, make_writer))
    }

    /// As [`reason_counts`](crate::Client::reason_counts) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn reason_counts(&self, id: impl Into<ReportId> + Send) -> Result<ReasonCounts> {
        self.engine.run(self.client.reason_counts(id))
    }

    /// As [`stream_faults`](crate::Client::stream_faults) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn stream_faults<S, F>(&self, id: impl Into<ReportId> + Send, make_sink: F) -> Result<(S, ReasonCounts)>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S> + Send,
    {
        self.engine.run(self.client.stream_faults(id, make_sink))
    }

    /// As [`import_status`](crate::Client::import_status) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn import_status(&self, id: impl Into<ReportId> + Send) -> Result<ImportStatus> {
        self.engine.run(self.client.import_status(id))
    }

    /// As [`import_summary`](crate::Client::import_summary) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn import_summary(&self, import_id: Uuid) -> Result<ImportSummary> {
        self.engine.run(self.client.import_summary(import_id))
    }

    /// As [`wait_until_finished`](crate::Client::wait_until_finished) of the client.
    ///
    /// # Errors
    /// The same.
    pub fn wait_until_finished(&self, id: impl Into<ReportId> + Send) -> Result<()> {
        self.engine.run(self.client.wait_until_finished(id))
    }

    /// As [`finished_enrolments`](crate::Client::finished_enrolments) of the client. An error is the last item: the service
    /// isn't asked again.
    pub fn finished_enrolments(&self) -> impl FusedIterator<Item = Result<Enrolment>> {
        let mut enrolments = self.client.finished_enrolments();
        let engine = Arc::clone(&self.engine);
        std::iter::from_fn(move || engine.run(enrolments.next()).transpose()).fuse()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Client").field(&self.client).finish()
    }
}

/// What drives the calls. It is there until it is dropped.
pub(crate) struct Engine(Option<Runtime>);

impl Engine {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_engine)?;
        Ok(Engine(Some(runtime)))
    }

    pub(crate) fn run<T: Send>(&self, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let Some(runtime) = &self.0 else { return Err(no_engine(io::ErrorKind::Other.into())) };
        if Handle::try_current().is_err() {
            return runtime.block_on(call);
        }
        // A thread inside a runtime must not drive another one.
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("dotdigital-faults".into());
            let thread = thread.spawn_scoped(scope, || runtime.block_on(call)).map_err(no_engine)?;
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Engine {
    /// Without waiting for anything, which would panic inside a runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn no_engine(source: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the client has nothing to run on").caused_by(source)
}
