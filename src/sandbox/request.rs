//! What the stand-in was asked.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use hyper::header::HeaderMap;
use uuid::Uuid;

use super::operation::Operation;

/// A request that has reached the stand-in.
///
/// The `Authorization` header is not kept: [`account`](Request::account) is all that is known of it.
#[derive(Clone)]
pub struct Request {
    pub(super) at: Instant,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) account: Option<Arc<str>>,
    pub(super) operation: Option<Operation>,
    pub(super) import: Option<Uuid>,
    pub(super) enrolment: Option<Uuid>,
    pub(super) status: Option<u16>,
}

impl Request {
    /// When it was read.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The method, such as `POST`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, and the query if there was one.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A header, its name in any case; the first one where it came several times, and `None` where it isn't text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `SOAPAction` header as it was sent, quotation marks included.
    pub fn soap_action(&self) -> Option<&str> {
        self.header("SOAPAction")
    }

    /// The body, which is the envelope over SOAP and mostly nothing over REST.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Did it carry the user name and the password of an account?
    pub fn is_authorized(&self) -> bool {
        self.account.is_some()
    }

    /// The user name of the account whose credentials it carried.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// What it asked; `None` where it was no question that the service knows.
    pub fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// The import that it asked about.
    pub fn import(&self) -> Option<Uuid> {
        self.import
    }

    /// The enrolment that it asked about.
    pub fn enrolment(&self) -> Option<Uuid> {
        self.enrolment
    }

    /// The HTTP status of the answer; `None` where the connection was reset instead.
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("soap_action", &self.soap_action())
            .field("account", &self.account)
            .field("operation", &self.operation)
            .field("import", &self.import)
            .field("enrolment", &self.enrolment)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
