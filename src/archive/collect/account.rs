//! An account to collect from, and its clients.

use std::fmt;
use std::sync::Arc;

use crate::account_name::AccountName;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;

/// An account to collect from.
///
/// Its client is made once it is needed, on a thread on which that may take its time: so no secret is read of an account of
/// which nothing is to be collected, and one that can't be had fails the imports of its account alone.
///
/// ```
/// use dotdigital_faults::archive::Account;
/// use dotdigital_faults::{Client, Credentials, Protocol};
///
/// let account = Account::new("europe".parse()?, Protocol::Rest, |protocol| {
///     let password = std::fs::read_to_string("/run/secrets/europe")?;
///     let credentials = Credentials::new("apiuser-1@apiconnector.com", password.trim_end());
///     Ok(Client::builder(credentials).protocol(protocol).build()?)
/// });
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone)]
pub struct Account {
    pub(super) name: AccountName,
    pub(super) protocol: Protocol,
    make: Arc<MakeClient>,
}

type MakeClient = dyn Fn(Protocol) -> std::result::Result<Client, Failure> + Send + Sync;

/// Why a client can't be made. An [`Error`] stays what it is; anything else stands for credentials that can't be had.
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Account {
    /// An account of this name, which is asked over this protocol, unless an import is [said](super::Wanted::protocol) to be
    /// asked about otherwise. Its client for a protocol is made by a function; all of them keep to one
    /// [pace](crate::ClientBuilder::paced), whether they are built so or not.
    pub fn new(
        name: AccountName,
        protocol: Protocol,
        make: impl Fn(Protocol) -> std::result::Result<Client, Failure> + Send + Sync + 'static,
    ) -> Self {
        Account { name, protocol, make: Arc::new(make) }
    }

    /// What the user calls it.
    pub fn name(&self) -> &AccountName {
        &self.name
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The clients of an account, as far as they have been needed: one for each protocol.
pub(super) struct Clients {
    account: Account,
    made: Vec<Client>,
    failure: Option<Error>,
}

impl Clients {
    pub(super) fn of(account: Account) -> Self {
        Clients { account, made: Vec::new(), failure: None }
    }

    /// Why no call will go well, if that is known.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.failure.clone().or_else(|| self.made.first()?.refusal())
    }

    /// The client for a protocol. What can't be had once isn't tried again.
    pub(super) async fn client(&mut self, protocol: Protocol) -> Result<Client> {
        match self.made.iter().find(|client| client.protocol() == protocol) {
            Some(client) => Ok(client.clone()),
            None => self.make(protocol).await,
        }
    }

    async fn make(&mut self, protocol: Protocol) -> Result<Client> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let make = Arc::clone(&self.account.make);
        let made = match tokio::task::spawn_blocking(move || make(protocol)).await {
            Ok(made) => made,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(stopped) => Err(stopped.into()),
            },
        };
        match made {
            Ok(client) => {
                let client = client.paced_as(self.made.first());
                self.made.push(client.clone());
                Ok(client)
            }
            Err(failure) => Err(self.failure.insert(told(failure)).clone()),
        }
    }
}

fn told(failure: Failure) -> Error {
    match failure.downcast::<Error>() {
        Ok(error) => *error,
        Err(failure) => {
            let what = format!("the credentials of the account can't be had: {failure}");
            Error::new(ErrorKind::NotPermitted, what)
        }
    }
}
