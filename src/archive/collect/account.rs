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
/// use dotdigital_faults::{Client, Credentials};
///
/// let account = Account::new("europe".parse()?, |protocol| {
///     let password = std::fs::read_to_string("/run/secrets/europe")?;
///     let credentials = Credentials::new("apiuser-1@apiconnector.com", password.trim_end());
///     Ok(Client::builder(credentials).protocol(protocol.unwrap_or_default()).build()?)
/// });
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone)]
pub struct Account {
    pub(super) name: AccountName,
    make: Arc<MakeClient>,
}

type MakeClient = dyn Fn(Option<Protocol>) -> std::result::Result<Client, Failure> + Send + Sync;

/// Why a client can't be made. An [`Error`] stays what it is; anything else stands for credentials that can't be had.
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Account {
    /// An account of this name, whose client is made by a function: for a protocol, or for the account's own. All of them keep
    /// to one [pace](crate::ClientBuilder::paced), whether they are built so or not.
    pub fn new(
        name: AccountName,
        make: impl Fn(Option<Protocol>) -> std::result::Result<Client, Failure> + Send + Sync + 'static,
    ) -> Self {
        Account { name, make: Arc::new(make) }
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

/// The clients of an account, as far as they have been needed: its own first, then those of other protocols.
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

    /// The client for a protocol, or for the account's own. What can't be had once isn't tried again.
    pub(super) async fn client(&mut self, protocol: Option<Protocol>) -> Result<Client> {
        let own = match self.made.first() {
            Some(own) => own.clone(),
            None => self.make(None).await?,
        };
        let asks = |client: &&Client| client.protocol() == protocol.unwrap_or(own.protocol());
        match self.made.iter().find(asks) {
            Some(client) => Ok(client.clone()),
            None => self.make(protocol).await,
        }
    }

    async fn make(&mut self, protocol: Option<Protocol>) -> Result<Client> {
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
