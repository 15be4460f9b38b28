//! Fetching reports from the service.

mod base64;
pub mod blocking;
mod body;
mod builder;
mod collect;
mod credentials;
pub(crate) mod deadline;
mod endpoint;
mod enrolments;
mod envelope;
mod exchange;
mod folded;
mod operation;
mod pace;
pub(crate) mod place;
mod poll;
pub(crate) mod probe;
mod progress;
mod proxy;
mod rest;
mod retry;
mod secrets;
mod service;
mod soap;
mod soap_answer;
mod status;
mod summary;
mod transport;
mod v3_head;
mod verdict;
mod xml;

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

pub use builder::ClientBuilder;
pub use credentials::Credentials;
pub use enrolments::{Enrolment, FinishedEnrolments};
pub use progress::Progress;
pub use summary::{Difference, ImportSummary};

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;
use crate::read::counter::ReasonCounter;
use crate::read::options::{Expected, ReadOptions};
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;
use crate::report::feed::{FaultFeed, FaultSink};
use crate::report_id::ReportId;
use crate::status::ImportStatus;
use collect::{Collector, Feeding, FieldsReader, Saved, Whole};
use deadline::Deadline;
use exchange::Exchange;
use operation::ServiceOperation;
use pace::Pace;
use place::Place;
use progress::Observer;
use retry::{Course, Policy};
use service::Service;
use soap_answer::ResultFields;
use xml::Malformed;

/// Fetches faults reports, and what else the service tells about an import.
///
/// It is cheap to clone. Every call must run inside a tokio runtime with
/// I/O and time enabled; [`blocking::Client`] needs none.
/// Dropping the future of a call ends the call.
///
/// ```no_run
/// use dotdigital_faults::{Client, Credentials};
///
/// # async fn run(username: String, password: String, import_id: uuid::Uuid) -> dotdigital_faults::Result<()> {
/// let client = Client::new(Credentials::new(username, password))?;
/// let report = client.report_faults(import_id).await?;
/// for (reason, count) in report.counts().by_frequency() {
///     println!("{count:>8}  {reason}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # What is tried again
/// A call is one attempt and, unless [set](ClientBuilder::max_retries) otherwise, at most four more, all under
/// [one deadline](ClientBuilder::timeout). It is tried again after a connection that failed or broke, an answer
/// that was cut, stalled or took too long, the HTTP statuses 408, 429, 500, 502, 503 and 504 and their like, a
/// SOAP fault without a code, and the codes `ERROR_UNKNOWN`, `ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE`,
/// `ERROR_IMPORT_TOOMANYACTIVEIMPORTS`, `ERROR_APIUSAGE_EXCEEDED` and `contacts:tooManyActiveImports`. It is never
/// tried again after 401, 403 or a code about the credentials, since an account may lock; nor after a certificate that
/// isn't trusted, or any other refusal. The pauses grow twofold, with full jitter; a longer wait that the service names,
/// as `Retry-After` or, where it limits calls, as `X-RateLimit-Reset`, is honoured, and ends the call at once if it
/// doesn't fit under the deadline. All calls only read, so that asking twice does no harm.
///
/// An answer that was cut is fetched again from the start: nothing is ever counted, read or written by half.
///
/// Who asks about many imports of one account has a [paced](ClientBuilder::paced) client: its clones ask one after another,
/// and wait together.
///
/// # What is safe
/// Credentials are sent to the chosen endpoint alone, over https unless it is on this very machine. No redirect is
/// followed, no compression is offered, no proxy is used for this machine, and for others only with a tunnel. What
/// the service says becomes part of an error only after the credentials have been taken out of it, on one line, in
/// at most 2 KiB. No contact's data is ever logged.
#[derive(Clone)]
pub struct Client {
    service: Arc<Service>,
    observer: Observer,
    /// That of several calls together.
    deadline: Option<Deadline>,
    pace: Option<Arc<Pace>>,
    place: Option<Arc<Place>>,
}

impl Client {
    /// A client with the defaults: SOAP, region [`R1`](crate::Region::R1).
    ///
    /// # Errors
    /// Those of [`ClientBuilder::build`].
    pub fn new(credentials: Credentials) -> Result<Self> {
        Client::builder(credentials).build()
    }

    /// Sets up a client otherwise.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    /// The same client, whose calls tell `hook` what they do meanwhile: how many bytes have come, why and when they
    /// ask again, what they wait for. Hooks that it had before are told as well. A hook should be quick, and must not
    /// block.
    ///
    /// ```no_run
    /// # use dotdigital_faults::{Client, Progress};
    /// # fn run(client: Client) -> Client {
    /// client.observed_by(|progress| match progress {
    ///     Progress::Received { bytes, .. } => eprint!("\r{bytes} bytes"),
    ///     Progress::Retrying { error, .. } => eprintln!("{error}"),
    ///     _ => {}
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn observed_by(&self, hook: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Client {
        Client { observer: self.observer.and(hook), ..self.clone() }
    }

    /// The same client, all of whose calls together must have ended by `deadline`, in place of each within its
    /// [timeout](ClientBuilder::timeout): for waiting, and then fetching.
    ///
    /// ```no_run
    /// # use std::time::{Duration, Instant};
    /// # use dotdigital_faults::{Client, FaultReport, Result};
    /// # async fn run(client: Client, import_id: uuid::Uuid) -> Result<FaultReport> {
    /// let client = client.with_deadline(Instant::now() + Duration::from_secs(300));
    /// client.wait_until_finished(import_id).await?;
    /// client.report_faults(import_id).await
    /// # }
    /// ```
    #[must_use]
    pub fn with_deadline(&self, deadline: std::time::Instant) -> Client {
        Client { deadline: Some(Deadline::by(Instant::from_std(deadline))), ..self.clone() }
    }

    /// The same client, whose calls keep to the pace of another one of the same account, or else to one of their own.
    #[cfg(feature = "archive")]
    pub(crate) fn paced_as(&self, other: Option<&Client>) -> Client {
        let pace = other.and_then(|other| other.pace.clone()).or_else(|| self.pace.clone());
        Client { pace: Some(pace.unwrap_or_default()), ..self.clone() }
    }

    /// The same client, for the calls about one import: all of them together within the time of one call, at work from a
    /// place that they leave while they wait.
    #[cfg(feature = "archive")]
    pub(crate) fn working_from(&self, place: Arc<Place>, deadline: Deadline) -> Client {
        Client { deadline: Some(deadline), place: Some(place), ..self.clone() }
    }

    /// The most time of a call.
    #[cfg(feature = "archive")]
    pub(crate) fn timeout(&self) -> std::time::Duration {
        self.service.timeout
    }

    /// Why a paced client makes no call any more.
    #[cfg(feature = "archive")]
    pub(crate) fn refusal(&self) -> Option<Error> {
        self.pace.as_ref()?.refusal()
    }

    /// How the service is asked about imports.
    #[cfg(feature = "archive")]
    pub(crate) fn protocol(&self) -> Protocol {
        self.service.endpoint.protocol()
    }

    /// How the service is asked about an id.
    #[cfg(feature = "archive")]
    pub(crate) fn protocol_for(&self, id: ReportId) -> Protocol {
        protocol_for(id, self.service.endpoint.protocol())
    }

    /// The service's own figures in an answer of the newer API that was fetched as a report.
    #[cfg(feature = "archive")]
    pub(crate) fn summary_in(mut answer: impl io::Read) -> Result<ImportSummary> {
        let (mut head, mut piece) = (v3_head::V3Head::new(), vec![0; 64 * 1024]);
        loop {
            match answer.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => head.feed(piece.get(..length).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::reading(error)),
            }
        }
        match head.finish() {
            Ok(soap_answer::Answered::Result(fields)) => ImportSummary::from_fields(&fields),
            Ok(soap_answer::Answered::Fault { .. }) => Err("it is an error"),
            Err(malformed) => Err(malformed),
        }
        .map_err(Error::unreadable_answer)
    }

    /// Fetches the faults report of an import into memory.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of the client and of [`FaultReport::with_options`]; see [`Client`] for what is tried
    /// again first. Where there is no report, the error tells whether the import
    /// [has not finished yet](ErrorKind::NotFinished), [has ended without one](ErrorKind::EndedWithoutReport), or
    /// its report [has expired](ErrorKind::Expired).
    pub async fn report_faults(&self, id: impl Into<ReportId> + Send) -> Result<FaultReport> {
        let id = id.into();
        let report = self.fetch(id, Whole::new(self.options(id))).await?;
        Ok(report.of(id))
    }

    /// Fetches the bytes of the report, exactly as the service sends them, into memory: over [`Protocol::V3`] its answer in
    /// JSON, once the import has finished.
    ///
    /// # Errors
    /// Those of [`report_faults`](Self::report_faults), but for those of a strict reading. An error page is never
    /// taken for a report.
    pub async fn report_faults_bytes(&self, id: impl Into<ReportId> + Send) -> Result<Vec<u8>> {
        self.report_faults_to(id, || Ok(Vec::new())).await
    }

    /// Fetches the bytes of the report into a writer, in constant memory, and hands the writer back.
    ///
    /// Since an answer may be cut, and is then fetched again from the start, a new writer is made for every attempt
    /// that brings any of a report; those of failed attempts are dropped. The one that is returned, flushed, has
    /// got the whole report and nothing else. Until then nothing should be visible to others: a temporary file is a
    /// good writer, to be renamed in the end. It is written to on the thread that drives the call.
    ///
    /// ```no_run
    /// # use dotdigital_faults::{Client, Result};
    /// # async fn run(client: Client, import_id: uuid::Uuid) -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// use std::fs::File;
    ///
    /// client.report_faults_to(import_id, || File::create("faults.csv.part")).await?.sync_all()?;
    /// std::fs::rename("faults.csv.part", "faults.csv")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`report_faults_bytes`](Self::report_faults_bytes), and [`Io`](ErrorKind::Io) where the writer
    /// can't be made or fails.
    pub async fn report_faults_to<W, F>(&self, id: impl Into<ReportId> + Send, mut make_writer: F) -> Result<W>
    where
        W: Write + Send,
        F: FnMut() -> io::Result<W> + Send,
    {
        let id = id.into();
        // The bytes are what they are, however unusual; but what isn't read as a report isn't taken for one.
        let options = self.options(id).strict(false);
        let make = || make_writer().map(|writer| Saved::to(writer, &options)).map_err(Error::writing);
        self.fetch(id, Feeding::new(make)).await
    }

    /// Counts the faults of the report by reason while it is fetched, in constant memory.
    ///
    /// # Errors
    /// Those of [`report_faults`](Self::report_faults).
    pub async fn reason_counts(&self, id: impl Into<ReportId> + Send) -> Result<ReasonCounts> {
        let id = id.into();
        let options = self.options(id);
        let make = || Ok(ReasonCounter::with_options(&options));
        let counts = self.fetch(id, Feeding::new(make)).await?;
        Ok(counts.of(id))
    }

    /// Hands each fault of the report to a sink while it is fetched, in constant memory, and gives the sink back, with
    /// the counts of all faults.
    ///
    /// Since an answer may be cut, and is then fetched again from the start, a new sink is made for every attempt that
    /// brings any of a report; those of failed attempts are dropped. The one that is returned has got all faults, each
    /// once. So a sink should keep what it makes to itself until then: a temporary file, a transaction, a vector.
    ///
    /// ```no_run
    /// # use dotdigital_faults::{Client, FaultSink, Result, export};
    /// # async fn run(client: Client, import_id: uuid::Uuid) -> std::result::Result<(), Box<dyn std::error::Error>> {
    /// let options = export::WriteOptions::new();
    /// let make = || Ok(export::JsonLines::new(Vec::new(), &options));
    /// let (lines, counts) = client.stream_faults(import_id, make).await?;
    /// println!("{} faults in {} bytes", counts.total(), lines.finish()?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`report_faults`](Self::report_faults), [`TooLarge`](ErrorKind::TooLarge) for a row beyond
    /// [`ReadOptions::largest_row`](crate::ReadOptions::largest_row), and the sink's own.
    pub async fn stream_faults<S, F>(
        &self,
        id: impl Into<ReportId> + Send,
        mut make_sink: F,
    ) -> Result<(S, ReasonCounts)>
    where
        S: FaultSink + Send,
        F: FnMut() -> Result<S> + Send,
    {
        let id = id.into();
        let options = self.options(id);
        let make = || Ok(FaultFeed::with_options(make_sink()?, &options));
        let (sink, counts) = self.fetch(id, Feeding::new(make)).await?;
        Ok((sink, counts.of(id)))
    }

    /// Asks how far an import is, or an enrolment, whose `Processing` is [`NotFinished`](ImportStatus::NotFinished) here.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of the client.
    pub async fn import_status(&self, id: impl Into<ReportId> + Send) -> Result<ImportStatus> {
        self.status_by(id.into(), &self.deadline()).await
    }

    /// Asks for the service's own figures for an import.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of the client.
    pub async fn import_summary(&self, import_id: Uuid) -> Result<ImportSummary> {
        let figures = FieldsReader(ImportSummary::from_fields);
        self.call(ServiceOperation::Figures, Some(import_id.into()), figures, &self.deadline()).await
    }

    /// The program enrolments that have finished, in pages of 1,000, which are fetched as they are needed. An error ends it.
    ///
    /// ```no_run
    /// # use dotdigital_faults::{Client, Result};
    /// # async fn run(client: Client) -> Result<()> {
    /// let mut enrolments = client.finished_enrolments();
    /// while let Some(enrolment) = enrolments.next().await? {
    ///     println!("{}: {} faults", enrolment.id, client.reason_counts(&enrolment).await?.total());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn finished_enrolments(&self) -> FinishedEnrolments {
        FinishedEnrolments::new(self.clone())
    }

    /// Waits until an import has finished, or an enrolment: asks after one second, then after twice as long each time, up
    /// to a minute.
    ///
    /// # Errors
    /// [`EndedWithoutReport`](ErrorKind::EndedWithoutReport) on any other final status, and
    /// [`NotFinished`](ErrorKind::NotFinished) when the [deadline](ClientBuilder::timeout) has passed; both name
    /// the status. Over [`Protocol::V3`] a status that nobody knows is taken for one on the way. Else those of
    /// [`import_status`](Self::import_status).
    pub async fn wait_until_finished(&self, id: impl Into<ReportId> + Send) -> Result<()> {
        let (id, deadline) = (id.into(), self.deadline());
        let operation = progress_of(id).0;
        let is_final = match operation.protocol(self.service.endpoint.protocol()) {
            // The vendor's own connector asks again after a status that it doesn't know.
            Protocol::V3 => |status: &ImportStatus| status.is_final() && !matches!(status, ImportStatus::Other(_)),
            Protocol::Soap | Protocol::Rest => ImportStatus::is_final,
        };
        let ask = || self.status_by(id, &deadline);
        let waited = poll::until_finished(id, is_final, ask, &deadline, &self.observer).await;
        waited.map_err(|error| match error.operation() {
            Some(_) => error,
            None => error.during(operation.name(), Some(id), 1),
        })
    }

    async fn status_by(&self, id: ReportId, deadline: &Deadline) -> Result<ImportStatus> {
        let (operation, status) = progress_of(id);
        self.call(operation, Some(id), FieldsReader(status), deadline).await
    }

    /// How a report is read: as what it has been asked for, and nothing else.
    pub(crate) fn options(&self, id: ReportId) -> ReadOptions {
        let expected = match faults_of(id).protocol(self.service.endpoint.protocol()) {
            Protocol::V3 => Expected::Answer,
            Protocol::Soap | Protocol::Rest => Expected::Csv,
        };
        self.service.options.expecting(expected)
    }

    /// When a call that begins now must have ended.
    fn deadline(&self) -> Deadline {
        self.deadline.clone().unwrap_or_else(|| Deadline::within(self.service.timeout))
    }

    /// Fetches a report; where there is none, asks why.
    async fn fetch<C: Collector>(&self, id: ReportId, collector: C) -> Result<C::Output> {
        let deadline = self.deadline();
        match self.call(faults_of(id), Some(id), collector, &deadline).await {
            Err(error) if error.is_not_there() && error.code() == Some(verdict::REPORT_NOT_FOUND) => {
                Err(self.explain(error, id, &deadline).await)
            }
            other => other,
        }
    }

    /// Asks once, and only to say more: what can't be learned leaves the error as it is.
    async fn explain(&self, error: Error, id: ReportId, deadline: &Deadline) -> Error {
        let policy = Policy { max_retries: 0, ..self.service.policy.clone() };
        let (operation, status) = progress_of(id);
        let mut exchange = self.exchange(operation, Some(id), FieldsReader(status));
        let course = Course { observer: &Observer::nobody(), ..self.course(deadline) };
        let asked = retry::persist(&mut exchange, &policy, course).await;
        let (kind, what) = match asked {
            Ok(ImportStatus::Finished) => {
                let what = "the import has finished, but its report is gone: reports are kept for about a week";
                (ErrorKind::Expired, what.into())
            }
            Ok(ImportStatus::NotFinished) => (ErrorKind::NotFinished, "the import has not finished yet".into()),
            Ok(status) => {
                (ErrorKind::EndedWithoutReport, format!("the import has ended without a report, with status {status}"))
            }
            Err(_) => return error,
        };
        let error = error.retold(kind, what);
        if kind == ErrorKind::NotFinished {
            return error.advise("wait for it with --wait, or with Client::wait_until_finished");
        }
        error
    }

    async fn call<C: Collector>(
        &self,
        operation: ServiceOperation,
        id: Option<ReportId>,
        collector: C,
        deadline: &Deadline,
    ) -> Result<C::Output> {
        let service = &self.service;
        let protocol = operation.protocol(service.endpoint.protocol());
        let id_told = id.map(|id| tracing::field::display(id.uuid()));
        let span = tracing::info_span!("dotdigital_faults", operation = operation.name(), id = id_told, %protocol);
        let mut exchange = self.exchange(operation, id, collector);
        let asked = retry::persist(&mut exchange, &service.policy, self.course(deadline));
        asked.instrument(span).await.map_err(|(error, attempts)| error.during(operation.name(), id, attempts))
    }

    fn exchange<C>(&self, operation: ServiceOperation, id: Option<ReportId>, collector: C) -> Exchange<'_, C> {
        let pace = self.pace.as_deref();
        Exchange { service: &self.service, observer: &self.observer, pace, operation, id, collector }
    }

    fn course<'c>(&'c self, deadline: &'c Deadline) -> Course<'c> {
        Course { deadline, observer: &self.observer, pace: self.pace.as_deref(), place: self.place.as_deref() }
    }
}

/// What is asked for a report.
/// How the service is asked about an id, where imports are asked about over this protocol.
#[cfg(feature = "archive")]
pub(crate) fn protocol_for(id: ReportId, protocol: Protocol) -> Protocol {
    faults_of(id).protocol(protocol)
}

fn faults_of(id: ReportId) -> ServiceOperation {
    match id {
        ReportId::Import(_) => ServiceOperation::Faults,
        ReportId::Enrolment(_) => ServiceOperation::EnrolmentFaults,
    }
}

/// Reads a status from the fields of an answer.
type ReadStatus = fn(&ResultFields) -> Result<ImportStatus, Malformed>;

/// What is asked for how far it is, and how its answer is read.
fn progress_of(id: ReportId) -> (ServiceOperation, ReadStatus) {
    match id {
        ReportId::Import(_) => (ServiceOperation::Progress, status::of_import),
        ReportId::Enrolment(_) => (ServiceOperation::EnrolmentProgress, status::of_enrolment),
    }
}

impl ClientBuilder {
    /// Builds the client. It connects to nothing yet.
    ///
    /// # Errors
    /// [`NotPermitted`](ErrorKind::NotPermitted) without a user name or a password, and
    /// [`Configuration`](ErrorKind::Configuration) where something can't be used as it is set, or where the
    /// environment names a proxy that is no address.
    pub fn build(self) -> Result<Client> {
        let pace = self.is_paced.then(Arc::default);
        let service = Arc::new(self.service()?);
        Ok(Client { service, observer: Observer::default(), deadline: None, pace, place: None })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("service", &self.service)
            .field("observer", &self.observer)
            .field("deadline", &self.deadline)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
