//! A stand-in of the service on loopback, for the demo and for tests, ours and yours.
//!
//! A [`Sandbox`] is a real HTTP server that speaks the service's three protocols, SOAP 1.1, REST v2 and v3, about as
//! many imports as you like: their reports, their status on its way from `NotFinished` to `Finished`, and the
//! service's own figures; and REST v2 about [enrolments](Enrolment) into programs. It asks for Basic credentials,
//! of one [account](Account) or of thousands, each with imports and a limit of calls of its own; it answers in the
//! service's own errors, makes [`Trouble`] to order, and remembers what it [was asked](Sandbox::requests). It runs on a thread of its own, so that async, blocking and plain tests can use it
//! alike, on a free port of `127.0.0.1` and nowhere else, until it is dropped.
//!
//! It knows what is published of the service, and nobody here has called the live one: where the documents leave
//! something open, it does what WCF does by default.
//!
//! ```
//! # #[cfg(not(feature = "client"))]
//! # fn main() {}
//! # #[cfg(feature = "client")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dotdigital_faults::sandbox::{Operation, Sandbox, Trouble};
//! use dotdigital_faults::{Client, Credentials, FailureReason};
//! use uuid::uuid;
//!
//! let sandbox = Sandbox::start()?;
//! let id = uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39");
//! sandbox
//!     .import(id)
//!     .report("Reason,email\r\nHard bounced,jo@example.com\r\n")
//!     .summary([("NewContacts", 99), ("HardBounced", 1)])
//!     .finished_after(1);
//! // The next request meets a proxy that has lost the service.
//! sandbox.trouble(Trouble::status(503));
//!
//! // What you test, with this client or with any other.
//! let credentials = Credentials::new(sandbox.username(), sandbox.password());
//! let client = Client::builder(credentials).endpoint(sandbox.soap_url()).build()?;
//! client.wait_until_finished(id).await?;
//! let report = client.report_faults(id).await?;
//! assert_eq!(report.counts().get(&FailureReason::HardBounced), 1);
//!
//! let requests = sandbox.requests();
//! assert_eq!(requests[0].status(), Some(503));
//! assert!(requests.iter().all(|request| request.is_authorized() && request.import() == Some(id)));
//! assert_eq!(requests.last().and_then(|request| request.operation()), Some(Operation::ReportFaults));
//! # Ok(())
//! # }
//! ```

mod account;
mod account_state;
mod answer;
mod body;
mod calls;
mod enrolment;
mod face;
mod failure;
mod import;
mod operation;
mod problem;
mod programs;
mod progress;
mod question;
mod rejection;
mod report;
mod request;
mod rest;
mod result;
mod rows;
mod server;
mod soap;
mod state;
mod status;
mod trouble;
mod v3;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use uuid::Uuid;

pub use account::Account;
pub use calls::Calls;
pub use enrolment::Enrolment;
pub use failure::Failure;
pub use import::Import;
pub use operation::Operation;
pub use request::Request;
pub use status::{Shape, Status};
pub use trouble::Trouble;

use server::Server;
use state::Shared;

/// A stand-in of the service on loopback; it stops when it is dropped.
///
/// The [module](self) has an example.
pub struct Sandbox {
    address: SocketAddr,
    account: Account,
    password: String,
    shared: Arc<Shared>,
    _server: Server,
}

/// How a sandbox is to be, where the defaults don't do.
///
/// ```
/// use dotdigital_faults::sandbox::Sandbox;
///
/// let sandbox = Sandbox::builder().credentials("apiuser-jo@apiconnector.com", "its password").start()?;
/// assert_eq!(sandbox.username(), "apiuser-jo@apiconnector.com");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is served until it is started"]
pub struct SandboxBuilder {
    port: u16,
    username: String,
    password: String,
}

impl Sandbox {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If the system has no port or no thread for it.
    pub fn start() -> io::Result<Sandbox> {
        Sandbox::builder().start()
    }

    /// Another port or other credentials first.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder {
            port: 0,
            username: "apiuser-sandbox@apiconnector.com".into(),
            // The colon is there for those who split at the wrong one.
            password: "sandbox:password".into(),
        }
    }

    /// The account of that user name, to be set up; from now on its password is this one, and the service knows it.
    ///
    /// It is told apart from others by the `Authorization` header of a request. There can be thousands.
    ///
    /// # Panics
    /// If the user name has a colon, which HTTP doesn't allow.
    #[track_caller]
    pub fn account(&self, username: &str, password: impl Into<String>) -> Account {
        assert!(!username.contains(':'), "a user name can't have a colon");
        let account = Account::new(username.into(), Arc::clone(&self.shared));
        account.change(|state| state.password = password.into());
        account
    }

    /// The account that is there from the start, whose credentials are [`username`](Sandbox::username) and
    /// [`password`](Sandbox::password).
    pub fn default_account(&self) -> &Account {
        &self.account
    }

    /// [`Account::import`] of the default account.
    pub fn import(&self, id: Uuid) -> Import {
        self.account.import(id)
    }

    /// [`Account::enrolment`] of the default account.
    pub fn enrolment(&self, id: Uuid) -> Enrolment {
        self.account.enrolment(id)
    }

    /// [`Account::made_up_enrolments`] of the default account.
    pub fn made_up_enrolments(&self, count: u32) -> Vec<Enrolment> {
        self.account.made_up_enrolments(count)
    }

    /// [`Account::keep_from_programs`] of the default account.
    pub fn keep_from_programs(&self, is_kept: bool) {
        self.account.keep_from_programs(is_kept);
    }

    /// Trouble for any request of any account, one without credentials included; it goes before an account's and an
    /// import's own.
    pub fn trouble(&self, trouble: Trouble) {
        self.shared.lock().troubles.push(trouble);
    }

    /// The requests so far, the oldest first; no more than the last 10 000.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// The whole address for SOAP, such as `http://127.0.0.1:40123/v2/api.svc`; with `?wsdl`, its WSDL is there.
    pub fn soap_url(&self) -> &str {
        &self.shared.soap_url
    }

    /// The base address for REST v2 and v3, without `/v2`, such as `http://127.0.0.1:40123`.
    pub fn rest_url(&self) -> &str {
        &self.shared.rest_url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The user name of the default account.
    pub fn username(&self) -> &str {
        self.account.username()
    }

    /// The password that the default account had from the start.
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl SandboxBuilder {
    /// A port of `127.0.0.1`; 0, the default, is any that is free.
    pub fn port(mut self, port: u16) -> SandboxBuilder {
        self.port = port;
        self
    }

    /// The user name and the password of the default account.
    ///
    /// # Panics
    /// If the user name has a colon, which HTTP doesn't allow.
    #[track_caller]
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<String>) -> SandboxBuilder {
        self.username = username.into();
        assert!(!self.username.contains(':'), "a user name can't have a colon");
        self.password = password.into();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// If the port is taken, or the system has no thread for it.
    pub fn start(self) -> io::Result<Sandbox> {
        let (listener, address) = server::bind(self.port)?;
        let shared = Arc::new(Shared::new(format!("http://{address}")));
        let account = Account::new(self.username.into(), Arc::clone(&shared));
        account.change(|state| state.password.clone_from(&self.password));
        let server = Server::start(listener, Arc::clone(&shared))?;
        Ok(Sandbox { address, account, password: self.password, shared, _server: server })
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder").field("port", &self.port).finish_non_exhaustive()
    }
}
