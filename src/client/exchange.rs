//! One request and its answer.

use std::time::SystemTime;

use super::body::{AnswerBody, LARGEST_ERROR};
use super::collect::{Collector, NotThat};
use super::envelope::Envelope;
use super::operation::ServiceOperation;
use super::pace::Pace;
use super::progress::{Observer, Progress};
use super::retry::{Attempt, FailedAttempt, named_wait};
use super::service::Service;
use super::soap;
use super::soap_answer::{Answered, ResultFields};
use super::transport;
use super::verdict::{Verdict, is_documented, judge};
use super::xml::Malformed;
use crate::contact_data::may_be_encoded_in;
use crate::error::{Error, ErrorKind, Timeout};
use crate::escape::escape_within;
use crate::protocol::Protocol;
use crate::read::message::Message;
use crate::report_id::ReportId;
use crate::status::ImportStatus;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING,
};
use reqwest::{Method, Request, Response};
use tokio::time::{Instant, timeout, timeout_at};

/// A code that is as long as this has been cut; the documented ones have at most 55 characters.
const LONGEST_CODE: usize = 128;
/// The most bytes that are shown of what the service says.
const LONGEST_WORDS: usize = 2048;

/// What stands in front of the body of an answer.
struct Head {
    status: u16,
    headers: HeaderMap,
}

impl Head {
    fn of(response: &Response) -> Self {
        Head { status: response.status().as_u16(), headers: response.headers().clone() }
    }

    /// What is done to the body, as all headers of this name tell, one after another. What is no text is no known coding.
    fn codings(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        let texts = self.headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"));
        texts.flat_map(|text| text.split(',')).map(str::trim)
    }

    /// Why the bytes of the body aren't those of the answer, if they aren't.
    fn coded(&self) -> Option<Malformed> {
        let mut transfers: Vec<_> = self.codings(TRANSFER_ENCODING).collect();
        let names = self.codings(CONTENT_ENCODING).chain(transfers.iter().copied());
        let mut names = names.map(|coding| coding.split(';').next().unwrap_or_default().trim_end());
        if names.any(|name| COMPRESSIONS.iter().any(|known| known.eq_ignore_ascii_case(name))) {
            return Some("it is compressed, which was not offered");
        }
        // Chunks are undone where they are the last that was done, and not otherwise.
        transfers.pop_if(|last| last.eq_ignore_ascii_case("chunked"));
        let is_coded = transfers.iter().any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
        is_coded.then_some("it is in a transfer coding that was not offered")
    }

    /// Does nothing tell where the body ends, but that the connection does?
    fn is_unbounded(&self) -> bool {
        self.status == 200
            && !self.headers.contains_key(CONTENT_LENGTH)
            && !self.codings(TRANSFER_ENCODING).any(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

/// What IANA lists as codings that make other bytes of a body. Any other word about content, such as `identity`, `UTF-8` or
/// none, has been seen on bodies that are as they should be. About the transfer, any other word is an error: what has been
/// done to the bytes can't be undone.
const COMPRESSIONS: [&str; 13] = [
    "gzip",
    "x-gzip",
    "deflate",
    "compress",
    "x-compress",
    "br",
    "zstd",
    "dcb",
    "dcz",
    "exi",
    "pack200-gzip",
    "aes128gcm",
    "bzip2",
];

/// Asks one question, as often as it is told to.
pub(super) struct Exchange<'c, C> {
    pub(super) service: &'c Service,
    pub(super) observer: &'c Observer,
    /// Of the account, if all its calls keep to one.
    pub(super) pace: Option<&'c Pace>,
    pub(super) operation: ServiceOperation,
    /// What it is about, if it is about one report.
    pub(super) id: Option<ReportId>,
    pub(super) collector: C,
}

impl<C: Collector> Attempt for Exchange<'_, C> {
    type Output = C::Output;

    async fn attempt(&mut self, until: Instant) -> Result<C::Output, FailedAttempt> {
        self.collector.restart();
        let request = self.request().map_err(FailedAttempt::lasting)?;
        let response = self
            .service
            .http
            .execute(request)
            .await
            .map_err(|error| transport::failed(&error, &self.service.secrets))?;
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        let headers = self.pace.map(|pace| {
            // Now, since the rest of the answer may never come.
            pace.note(status, response.headers(), None);
            response.headers().clone()
        });
        let answered = match (status, self.protocol()) {
            (200, _) | (204, Protocol::Rest) => self.read(response).await,
            _ => Err(self.refused(response, until).await),
        };
        if let (Some(pace), Some(headers), Err(failure)) = (self.pace, &headers, &answered) {
            pace.note(status, headers, Some(&failure.error));
        }
        answered
    }
}

impl<C: Collector> Exchange<'_, C> {
    fn protocol(&self) -> Protocol {
        self.operation.protocol(self.service.endpoint.protocol())
    }

    fn request(&self) -> Result<Request, Error> {
        let id = self.id.map(ReportId::uuid).unwrap_or_default();
        let url = self.service.endpoint.of_call(self.operation, id)?;
        let header = |text: &str| {
            text.parse().map_err(|_| Error::new(ErrorKind::Configuration, "the request has a header that HTTP forbids"))
        };
        let mut request = match self.protocol() {
            Protocol::Soap => {
                let mut request = Request::new(Method::POST, url);
                request.headers_mut().insert(CONTENT_TYPE, header(soap::CONTENT_TYPE)?);
                request.headers_mut().insert("SOAPAction", header(&soap::action(self.operation))?);
                *request.body_mut() = Some(soap::request(self.operation, id).into());
                request
            }
            Protocol::Rest | Protocol::V3 => Request::new(Method::GET, url),
        };
        request.headers_mut().insert(AUTHORIZATION, self.service.credentials.header()?);
        Ok(request)
    }

    /// Reads an answer that may be the result.
    async fn read(&mut self, mut response: Response) -> Result<C::Output, FailedAttempt> {
        let head = Head::of(&response);
        // None is offered; decoding one that comes all the same could be a bomb, and not decoding it a wrong report.
        if let Some(coded) = head.coded() {
            return Err(FailedAttempt::lasting(unexpected(coded).with_status(head.status)));
        }
        let mut body = AnswerBody::new(self.protocol(), self.operation, self.service.max_size);
        if let Some(error) = self.receive(&mut response, &mut body).await? {
            return Err(self.no_report(&error, &mut body.said_of_report(), &head));
        }
        let received = body.received;
        let (mut said, content) = body.finish();
        let fields = match content {
            Ok(Answered::Result(fields)) => fields,
            Ok(Answered::Fault { words, code }) => {
                let verdict = judge(self.protocol(), head.status, code.as_deref(), true);
                return Err(self.failure(verdict, &words, code.as_deref(), &head));
            }
            Err(malformed) => return Err(self.not_that(malformed, None, &mut said, &head)),
        };
        match self.collector.finish(self.cleaned(fields)).await {
            Ok(output) => {
                if head.is_unbounded() {
                    self.tell_of_unbounded(received);
                }
                Ok(output)
            }
            Err(NotThat::Malformed(malformed)) => Err(self.not_that(malformed, None, &mut said, &head)),
            Err(NotThat::Error(error)) if error.kind() == ErrorKind::NotAReport => {
                Err(self.no_report(&error, &mut said, &head))
            }
            Err(NotThat::Error(error)) if error.is_not_there() => {
                // It names a status, which may be one that nobody has documented.
                let what = self.service.secrets.clean(error.what()).to_owned();
                Err(FailedAttempt::lasting(error.clone().retold(error.kind(), what).with_status(head.status)))
            }
            Err(NotThat::Error(error)) => Err(FailedAttempt::lasting(error.with_status(head.status))),
        }
    }

    /// Hands a report on as it comes. Where it turns out to be none, as much is read as is needed to tell what it says.
    async fn receive(
        &mut self,
        response: &mut Response,
        body: &mut AnswerBody,
    ) -> Result<Option<Error>, FailedAttempt> {
        let (status, total) = (response.status().as_u16(), response.content_length());
        body.check_size(total.unwrap_or(0), 0).map_err(FailedAttempt::lasting)?;
        let (mut report, mut refused) = (Vec::new(), None);
        while let Some(piece) = next(response, self.service).await? {
            report.clear();
            let is_read_on = body.feed(piece.as_ref(), &mut report).map_err(FailedAttempt::lasting)?;
            self.observer.tell(&Progress::Received { bytes: body.received, total });
            if refused.is_none() && !report.is_empty() {
                match self.collector.feed(&report) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::NotAReport => refused = Some(error),
                    Err(error) => return Err(FailedAttempt::lasting(error.with_status(status))),
                }
            }
            if !is_read_on || refused.is_some() && body.received >= LARGEST_ERROR {
                break;
            }
        }
        Ok(refused)
    }

    /// Over SOAP and in JSON, an end that is missing is seen; a report may end anywhere.
    fn tell_of_unbounded(&self, bytes: u64) {
        if self.protocol() == Protocol::Rest
            && self.operation.is_report()
            && let Some(id) = self.id
        {
            tracing::warn!(bytes, "the answer had neither a length nor chunks: a cut one would look the same");
            self.observer.tell(&Progress::Unbounded { import_id: id.uuid(), bytes });
        }
    }

    /// A status that nobody has documented is repeated as it is, and so must not hold the credentials.
    fn cleaned(&self, mut fields: ResultFields) -> ResultFields {
        for (_, value) in &mut fields {
            if self.operation.is_progress() && matches!(value.as_str().into(), ImportStatus::Other(_)) {
                *value = self.service.secrets.clean(value).to_owned();
            }
        }
        fields
    }

    /// A whole result that is no report.
    fn no_report(&self, error: &Error, said: &mut Message, head: &Head) -> FailedAttempt {
        if error.message().is_some() {
            return self.not_that("it is not a faults report", error.code(), said, head);
        }
        // Contacts of another list, say: none of it is repeated.
        match error.code() {
            Some(code) => {
                let verdict = judge(self.protocol(), head.status, Some(code), false);
                self.failure(verdict, "", Some(code), head)
            }
            None => FailedAttempt::lasting(unexpected(error.what()).with_status(head.status)),
        }
    }

    /// A whole answer that is not the result: its code decides, if it has one.
    fn not_that(&self, malformed: Malformed, code: Option<&str>, said: &mut Message, head: &Head) -> FailedAttempt {
        let words = said.text_after(|text| self.service.secrets.clean(text).into());
        match code.or_else(|| said.code()) {
            Some(code) => {
                let verdict = judge(self.protocol(), head.status, Some(code), false);
                self.failure(verdict, &words, Some(code), head)
            }
            None => FailedAttempt::lasting(unexpected(malformed).saying(words, None).with_status(head.status)),
        }
    }

    /// Reads an answer that can't be the result, and judges it by as much of it as comes in time.
    async fn refused(&mut self, mut response: Response, until: Instant) -> FailedAttempt {
        let head = Head::of(&response);
        // The status is known already, and no answer may make it forgotten by being slow.
        let enough = Instant::now().checked_add(self.service.stall_timeout).map_or(until, |enough| enough.min(until));
        let (mut said, mut envelope, mut received) = (Message::default(), Envelope::new(self.operation), 0);
        while received < LARGEST_ERROR
            && let Ok(Ok(Some(piece))) = timeout_at(enough, response.chunk()).await
        {
            said.feed(&piece);
            // That it is no envelope is remembered until it ends.
            let _ = envelope.feed(&piece, &mut Vec::new());
            received += piece.len() as u64;
        }
        let (words, code, is_fault) = match envelope.finish() {
            Ok(Answered::Fault { words, code }) => (words, code, true),
            _ => {
                (said.text_after(|text| self.service.secrets.clean(text).into()), said.code().map(String::from), false)
            }
        };
        let verdict = judge(self.protocol(), head.status, code.as_deref(), is_fault);
        self.failure(verdict, &words, code.as_deref(), &head)
    }

    fn failure(&self, verdict: Verdict, words: &str, code: Option<&str>, head: &Head) -> FailedAttempt {
        let secrets = &self.service.secrets;
        // A fault may name an address, as other words of the service may, but hold no contacts in base64.
        let words = if may_be_encoded_in(words, words.len().min(LONGEST_WORDS)) { "" } else { words };
        // In place of words that may be about contacts, a code that is known to be the service's says what is wrong.
        let known = code.filter(|code| words.is_empty() && is_documented(code));
        let words = escape_within(known.unwrap_or_else(|| secrets.clean(words)), LONGEST_WORDS);
        let code = code.map(|code| match is_documented(code) {
            // Whatever the credentials are, the service's own words for an error don't come from them.
            true => code,
            false => secrets.clean_part(code, code.len() >= LONGEST_CODE),
        });
        let mut error = Error::new(verdict.kind, verdict.what).saying(words, code).with_status(head.status);
        if let Some(advice) = verdict.advice {
            error = error.advise(advice);
        }
        if verdict.again
            && let Some(wait) = named_wait(&head.headers, verdict.kind, SystemTime::now())
        {
            error = error.with_retry_after(wait);
        }
        FailedAttempt { error, again: verdict.again }
    }
}

/// The next piece of a body. What cuts it short may pass.
async fn next(response: &mut Response, service: &Service) -> Result<Option<impl AsRef<[u8]> + use<>>, FailedAttempt> {
    let status = response.status().as_u16();
    match timeout(service.stall_timeout, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => Err(FailedAttempt::passing(transport::cut(&error, &service.secrets).with_status(status))),
        Err(_) => {
            let what = format!("the answer began, and then stalled for {:?}", service.stall_timeout);
            Err(FailedAttempt::passing(Error::timed_out(Timeout::Stalled, what).with_status(status)))
        }
    }
}

fn unexpected(malformed: &str) -> Error {
    Error::new(ErrorKind::UnexpectedAnswer, format!("the answer is not what was asked for: {malformed}"))
}
