//! The body of an answer with which the service says that all is well.

use super::envelope::Envelope;
use super::operation::ServiceOperation;
use super::rest;
use super::soap_answer::{Answered, ResultFields};
use super::v3_head::V3Head;
use super::xml::Malformed;
use crate::error::{Error, ErrorKind};
use crate::protocol::Protocol;
use crate::read::message::Message;

/// The most bytes that are read of an answer once it is known not to be a result.
pub(super) const LARGEST_ERROR: u64 = 64 * 1024;
/// What an answer may hold besides a report of the largest size.
const MARGIN: u64 = 1 << 20;

/// The most bytes of an answer in JSON.
const LARGEST_JSON: usize = 1 << 20;

/// Reads a body as it comes, with a bound on its size.
pub(super) struct AnswerBody {
    form: Form,
    max_size: u64,
    /// Bytes on the wire, and of the report in them.
    pub(super) received: u64,
    decoded: u64,
    /// Its beginning, for what it says if it is no result: as it is on the wire, and as decoded from base64.
    said: Message,
    decoded_said: Option<Message>,
    broken: Option<Malformed>,
}

enum Form {
    Soap(Box<Envelope>),
    /// The report as it is.
    Plain,
    Json(Vec<u8>),
    V3(Box<V3Head>),
}

impl AnswerBody {
    pub(super) fn new(protocol: Protocol, operation: ServiceOperation, max_size: u64) -> Self {
        let form = match protocol {
            Protocol::Soap => Form::Soap(Box::new(Envelope::new(operation))),
            _ if operation.is_bytes() => Form::Plain,
            Protocol::Rest => Form::Json(Vec::new()),
            Protocol::V3 => Form::V3(Box::new(V3Head::new())),
        };
        AnswerBody {
            form,
            max_size,
            received: 0,
            decoded: 0,
            said: Message::default(),
            decoded_said: None,
            broken: None,
        }
    }

    /// Refuses a body of so many bytes on the wire, of which so many are of the report.
    pub(super) fn check_size(&mut self, received: u64, decoded: u64) -> Result<(), Error> {
        let (wire, report) = match self.form {
            // Base64 takes four thirds; white space in it, such as line ends, is legal.
            Form::Soap(_) => (self.max_size.saturating_mul(2).saturating_add(MARGIN), self.max_size),
            // What may be an error page is read for what it says.
            Form::Plain if self.said.is_page() != Some(false) => {
                let largest = self.max_size.max(LARGEST_ERROR);
                (largest, largest)
            }
            Form::Plain | Form::V3(_) => (self.max_size, self.max_size),
            Form::Json(_) => return Ok(()),
        };
        if received <= wire && decoded <= report {
            return Ok(());
        }
        let what = format!("the report is larger than the {} bytes allowed", self.max_size);
        Err(Error::new(ErrorKind::TooLarge, what).advise("allow more, if there is room for it"))
    }

    /// Reads on, and appends what belongs to the report. `false` if the rest is of no use.
    pub(super) fn feed(&mut self, piece: &[u8], report: &mut Vec<u8>) -> Result<bool, Error> {
        if self.received < LARGEST_ERROR {
            self.said.feed(head(piece, self.received));
        }
        self.received += piece.len() as u64;
        if self.broken.is_none() {
            match &mut self.form {
                Form::Soap(envelope) => {
                    self.broken = envelope.feed(piece, report).err();
                    if self.decoded < LARGEST_ERROR && !report.is_empty() {
                        self.decoded_said.get_or_insert_default().feed(head(report, self.decoded));
                    }
                }
                Form::Plain => report.extend_from_slice(piece),
                Form::Json(body) if body.len() + piece.len() > LARGEST_JSON => self.broken = Some("it is too long"),
                Form::Json(body) => body.extend_from_slice(piece),
                Form::V3(head) => head.feed(piece)?,
            }
            self.decoded += report.len() as u64;
        }
        self.check_size(self.received, self.decoded)?;
        Ok(self.broken.is_none() || self.received < LARGEST_ERROR)
    }

    /// What the report says, once it is known to be none.
    pub(super) fn said_of_report(self) -> Message {
        self.decoded_said.unwrap_or(self.said)
    }

    /// What it says, should it turn out to be no result, and what it holds.
    pub(super) fn finish(self) -> (Message, Result<Answered, Malformed>) {
        let mut said = self.said;
        let content = match (self.broken, self.form) {
            (Some(broken), _) => Err(broken),
            (None, Form::Soap(envelope)) => envelope.finish(),
            (None, Form::Plain) => Ok(Answered::Result(ResultFields::new())),
            // A figure is never a code: an object with one is an error, whatever else it holds.
            (None, Form::Json(_)) if said.code().is_some() => Err("it is an error"),
            (None, Form::Json(body)) => rest::fields(&body).map(Answered::Result),
            (None, Form::V3(head)) => {
                if head.is_about_contacts() {
                    said = Message::default();
                }
                head.finish()
            }
        };
        match (&content, self.decoded_said) {
            (Ok(Answered::Result(_)), Some(decoded)) => (decoded, content),
            _ => (said, content),
        }
    }
}

/// As much of `piece` as belongs to the beginning of what it continues.
fn head(piece: &[u8], before: u64) -> &[u8] {
    let room = usize::try_from(LARGEST_ERROR.saturating_sub(before)).unwrap_or(usize::MAX);
    piece.get(..room).unwrap_or(piece)
}
