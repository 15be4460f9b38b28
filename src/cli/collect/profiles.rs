//! The accounts of a collect, and their clients.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use dotdigital_faults::archive::{Account, Wanted};
use dotdigital_faults::{AccountName, Client, Credentials, Protocol, ReadOptions};

use super::ids::NamedImport;
use crate::cli::accounts::{self, AccountArgs};
use crate::cli::connection::PatienceArgs;
use crate::cli::failure::Failure;
use crate::cli::place::{Place, PlaceArgs};

/// What the one account of the environment is called, unless said otherwise.
const DEFAULT: &str = "default";

/// The accounts of a collect, by their names.
pub struct Profiles(BTreeMap<AccountName, Arc<Profile>>);

/// An account, and its clients as far as they were needed: one for each protocol.
pub struct Profile {
    pub name: AccountName,
    place: Place,
    /// What was asked for by hand, which also holds for what has been claimed otherwise.
    given_protocol: Option<Protocol>,
    /// Looked up once, and not before they are needed.
    credentials: Box<dyn Fn() -> Result<Credentials, Failure> + Send + Sync>,
    settings: Arc<Settings>,
    clients: Mutex<Clients>,
}

/// What all clients have in common.
pub struct Settings {
    pub patience: PatienceArgs,
    pub reading: ReadOptions,
    pub max_size: u64,
}

#[derive(Default)]
struct Clients {
    credentials: Option<Result<Credentials, Failure>>,
    made: Vec<(Protocol, Client)>,
}

impl Profiles {
    /// The accounts of a file, or the one that is chosen among them; else that of the environment.
    pub fn of(account: &AccountArgs, place: PlaceArgs, settings: Settings) -> Result<Self, Failure> {
        let settings = Arc::new(settings);
        let Some(accounts) = account.accounts()? else {
            let name = match account.name()? {
                Some(name) => name.parse().map_err(|error| Failure::from(error).at("--account"))?,
                None => DEFAULT.parse()?,
            };
            let (lives, place) = (place.place()?, Arc::new(place));
            let given_protocol = place.given_protocol();
            let mut profile = Profile::new(name, lives, settings, move || place.credentials());
            profile.given_protocol = given_protocol;
            return Ok(Profiles([(profile.name.clone(), Arc::new(profile))].into()));
        };
        place.refused_beside_accounts()?;
        let profile = |account: &accounts::Account| {
            let (place, account) = (Place::from(account), account.clone());
            let profile = Profile::new(account.name.clone(), place, settings.clone(), move || account.credentials());
            (profile.name.clone(), Arc::new(profile))
        };
        Ok(Profiles(match account.name()? {
            Some(name) => [profile(&accounts.choose(Some(&name))?)].into(),
            None => accounts.iter().map(profile).collect(),
        }))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.0.values()
    }

    /// An import with its account. Where nobody says whose it is, there must be one account alone.
    pub fn wanted(&self, named: &NamedImport) -> Result<Wanted, Failure> {
        let account = match (&named.account, self.0.first_key_value()) {
            (Some(name), _) => name,
            (None, Some((name, _))) if self.0.len() == 1 => name,
            _ => {
                let what =
                    format!("{}: it isn't said whose it is, and there are {} accounts", named.place, self.0.len());
                return Err(Failure::new(what).hint(
                    "choose one with --account, or give --ids lines such as {\"account\":\"europe\",\"import_id\":\"…\"}",
                ));
            }
        };
        let profile = self.0.get(account);
        if let (Some(protocol), Some(profile)) = (named.protocol, profile) {
            profile.place.clone().over(protocol).map_err(|failure| failure.at(&named.place))?;
        }
        let wanted = Wanted::new(account.clone(), named.id);
        let protocol = named.protocol.or_else(|| profile?.given_protocol);
        let wanted = protocol.into_iter().fold(wanted, Wanted::protocol);
        Ok(named.date.into_iter().fold(wanted, Wanted::date))
    }

    /// All of them, for a collect.
    pub fn accounts(&self) -> Vec<Account> {
        let account = |profile: &Arc<Profile>| {
            let (name, profile) = (profile.name.clone(), Arc::clone(profile));
            Account::new(name, profile.protocol(), move |protocol| profile.client(protocol))
        };
        self.iter().map(account).collect()
    }
}

impl Profile {
    fn new(
        name: AccountName,
        place: Place,
        settings: Arc<Settings>,
        credentials: impl Fn() -> Result<Credentials, Failure> + Send + Sync + 'static,
    ) -> Self {
        let clients = Mutex::default();
        Profile { name, place, given_protocol: None, credentials: Box::new(credentials), settings, clients }
    }

    /// How it is asked, unless an import is said to be asked about otherwise.
    pub fn protocol(&self) -> Protocol {
        self.place.protocol
    }

    /// A client for a protocol. It keeps to the pace that the service wants of the account. The library's errors are its own;
    /// any other says why the credentials can't be had.
    pub fn client(&self, protocol: Protocol) -> Result<Client, Box<dyn Error + Send + Sync>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.made.iter().find(|(made_for, _)| *made_for == protocol) {
            return Ok(client.clone());
        }
        let credentials = clients.credentials.get_or_insert_with(|| (self.credentials)());
        let credentials = credentials.clone().map_err(|failure| failure.on_one_line())?;
        let Settings { patience, reading, max_size } = &*self.settings;
        let place = self.place.clone().over(protocol).map_err(|failure| failure.on_one_line())?;
        let client = patience.builder(credentials, place, reading).max_size(*max_size).paced().build()?;
        clients.made.push((protocol, client.clone()));
        Ok(client)
    }
}
