//! Collecting: reports of many imports of many accounts, into the archive.

mod account;
mod claiming;
mod collected;
mod convert;
mod driver;
mod import;
mod left_faults;
mod memory;
#[cfg(test)]
mod model;
mod options;
mod service;
mod shard;
mod spool;
mod stop;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

pub use account::Account;
pub use collected::{Collected, Outcome, Outcomes};
pub use options::{CollectOptions, CollectProgress};
pub use shard::Shard;
pub use stop::Stop;

use super::Archive;
use super::claim::LONGEST_OPEN;
use super::claims::OpenClaims;
use crate::account_name::AccountName;
use crate::arrow::{ContactMode, Contacts};
use crate::client::{Enrolment, protocol_for};
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;
use crate::report_id::ReportId;
use claiming::claim_all;
use driver::{Driver, Item, Shared};
use memory::Memory;
use stop::Why;

/// How many outcomes may wait to be told.
const UNTOLD: usize = 64;

/// An import to collect.
///
/// ```
/// use dotdigital_faults::Protocol;
/// use dotdigital_faults::archive::Wanted;
///
/// let wanted = Wanted::new("europe".parse()?, uuid::Uuid::nil()).protocol(Protocol::V3);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    account: AccountName,
    id: ReportId,
    protocol: Option<Protocol>,
    date: Option<NaiveDate>,
}

impl Wanted {
    /// An import of an account, or an enrolment.
    pub fn new(account: AccountName, id: impl Into<ReportId>) -> Self {
        Wanted { account, id: id.into(), protocol: None, date: None }
    }

    /// An enrolment that the service has listed. It is filed under the day on which it was created, where the service says so.
    pub fn enrolment(account: AccountName, enrolment: &Enrolment) -> Self {
        let date = enrolment.date_created.as_deref().and_then(day);
        Wanted { date, ..Wanted::new(account, enrolment) }
    }

    /// How the service is asked about it. Default: as it was claimed, or else as the account's client does.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// The day of UTC under which it is filed, if the archive hasn't seen it yet. Default: the day on which it does.
    #[must_use]
    pub fn date(mut self, date: NaiveDate) -> Self {
        self.date = Some(date);
        self
    }
}

/// The day of an instant in UTC, also of one that doesn't say where it holds.
fn day(instant: &str) -> Option<NaiveDate> {
    match DateTime::parse_from_rfc3339(instant) {
        Ok(instant) => Some(instant.to_utc().date_naive()),
        Err(_) => NaiveDate::parse_from_str(instant.get(..10)?, "%Y-%m-%d").ok(),
    }
}

impl Archive {
    /// Fetches the reports of imports into the archive, and tells of each what has come of it, in the order in which they
    /// end.
    ///
    /// Those that are given are claimed first, before the service is asked anything: so whatever keeps the collect from one of
    /// them, be it a refused password, a deadline or a signal, a later collect takes it up.
    ///
    /// Besides those that are given it takes up what a collect before has left [open](CollectOptions::only_given) of these
    /// accounts: those that hadn't finished or failed, or whose worker was killed. Of each import
    /// [`Archived`](Outcome::Archived) is told once in all, whoever is killed when, and however many collect at once; an id
    /// that is given twice is one import.
    ///
    /// The accounts are asked side by side, each about one import at a time, at the [pace](crate::ClientBuilder::paced) that
    /// the service wants of it. Its client's [timeout](crate::ClientBuilder::timeout) holds for an import as a whole, without
    /// what it waits so. If the credentials of an account aren't accepted, its other imports fail, too, and the service is
    /// asked no more about it.
    ///
    /// Dropping the future ends the collect; the next one goes on where it stood.
    ///
    /// ```no_run
    /// use dotdigital_faults::archive::{Account, Archive, CollectOptions, Wanted};
    /// use dotdigital_faults::arrow::Contacts;
    /// use dotdigital_faults::{Client, Credentials, Protocol};
    ///
    /// # async fn run(imports: Vec<uuid::Uuid>) -> dotdigital_faults::Result<()> {
    /// let archive = Archive::create("/var/lib/faults", Some(&Contacts::Drop)).await?;
    /// let name: dotdigital_faults::AccountName = "europe".parse()?;
    /// let account = Account::new(name.clone(), Protocol::Soap, |protocol| {
    ///     Ok(Client::builder(Credentials::from_env()?).protocol(protocol).build()?)
    /// });
    /// let imports = imports.into_iter().map(|id| Wanted::new(name.clone(), id));
    /// let outcomes = archive
    ///     .collect([account], imports, &CollectOptions::new(), |collected| {
    ///         println!("{}: {}", collected.id, collected.outcome); // as JSON by serde
    ///     })
    ///     .await?;
    /// std::process::exit(outcomes.code().into());
    /// # }
    /// ```
    ///
    /// # Errors
    /// Only where nothing can be collected at all: [`Archive`](ErrorKind::Archive) for contact data that are not those of the
    /// archive, or whose key is missing, and for a [shard](CollectOptions::shard) in a store that writes over what is there;
    /// [`Io`](ErrorKind::Io) and [`NotPermitted`](ErrorKind::NotPermitted) where the open claims can't be read.
    pub async fn collect(
        &self,
        accounts: impl IntoIterator<Item = Account>,
        imports: impl IntoIterator<Item = Wanted>,
        options: &CollectOptions,
        mut told: impl FnMut(&Collected),
    ) -> Result<Outcomes> {
        let shared = self.shared(options)?;
        let mut outcomes = Outcomes::default();
        let mut tell = |collected: Collected| {
            outcomes.add(&collected);
            told(&collected);
        };
        let mut plan = Plan::new(accounts, options);
        let mut settled = plan.give(imports);
        settled.extend(plan.claim(&shared).await);
        let mut damaged = Vec::new();
        if !options.only_given && !plan.accounts.is_empty() {
            let open = self.open_beside(&plan, options).await?;
            plan.take_up(open.claims);
            damaged = open.damaged;
        }
        if let Some(observer) = &options.observer {
            observer(&CollectProgress::Planned { imports: plan.len() + settled.len() as u64 });
        }
        settled.into_iter().for_each(&mut tell);

        let (ended, mut ends) = mpsc::channel(UNTOLD);
        let mut drivers = JoinSet::new();
        for (account, queue) in plan.accounts.into_values().filter(|(_, queue)| !queue.is_empty()) {
            drivers.spawn(Driver::new(Arc::clone(&shared), account, queue, ended.clone()).run());
        }
        drop(ended);
        while let Some(collected) = ends.recv().await {
            tell(collected);
        }
        while let Some(driven) = drivers.join_next().await {
            if let Some(panic) = driven.err().and_then(|stopped| stopped.try_into_panic().ok()) {
                std::panic::resume_unwind(panic);
            }
        }
        outcomes.damaged_claims = damaged;
        Ok(outcomes)
    }

    /// Claims imports, and asks the service nothing: a later [`collect`](Self::collect) takes them up without being given them.
    /// That is for who has something else to do before it collects. Tells what has come of those that need no further work.
    ///
    /// # Errors
    /// Those of [`collect`](Self::collect) but for those of open claims.
    pub async fn claim(
        &self,
        accounts: impl IntoIterator<Item = Account>,
        imports: impl IntoIterator<Item = Wanted>,
        options: &CollectOptions,
    ) -> Result<Vec<Collected>> {
        let shared = self.shared(options)?;
        let mut plan = Plan::new(accounts, options);
        let mut settled = plan.give(imports);
        settled.extend(plan.claim(&shared).await);
        Ok(settled)
    }

    /// What all accounts share in a collect with these options, if there may be one.
    fn shared(&self, options: &CollectOptions) -> Result<Arc<Shared>> {
        if options.shard.is_some() && !self.manifest.conditional_puts {
            let what = "the archive's store writes over what is there, so that only one collector may be at work";
            return Err(Error::new(ErrorKind::Archive, what).advise("collect without --shard (CollectOptions::shard)"));
        }
        Ok(Arc::new(Shared {
            archive: self.clone(),
            contacts: self.contacts(options)?,
            memory: Memory::new(options.memory),
            clock: Arc::clone(&options.clock),
            places: Arc::new(Semaphore::new(options.jobs)),
            waits: options.waits,
            ends: options.ends.clone(),
            observer: options.observer.clone(),
        }))
    }

    /// What a collect before has left open, but for what is given. Where the collect is stopped, that is left to the next one.
    async fn open_beside(&self, plan: &Plan<'_>, options: &CollectOptions) -> Result<OpenClaims> {
        let now = DateTime::<Utc>::from((options.clock)());
        let open = self.claims_since(now.checked_sub_signed(LONGEST_OPEN), |id| !plan.ids.contains(&id));
        tokio::select! {
            biased;
            Why::Stopped = options.ends.come() => Ok(OpenClaims::default()),
            open = open => open,
        }
    }

    /// What becomes of contact data: what is chosen, if it is what the archive has, or what the archive has.
    fn contacts(&self, options: &CollectOptions) -> Result<Contacts> {
        if let Some(contacts) = &options.contacts {
            self.manifest.check(contacts)?;
            return Ok(contacts.clone());
        }
        match self.manifest.contacts {
            ContactMode::Drop => Ok(Contacts::Drop),
            ContactMode::Keep => Ok(Contacts::Keep),
            ContactMode::Hash => {
                Err(Error::new(ErrorKind::Archive, "the archive's contacts are hashed, and the key for it is missing")
                    .advise("give the key that it was made with (CollectOptions::contacts)"))
            }
        }
    }
}

/// What is to be collected of which account, in this order.
struct Plan<'o> {
    options: &'o CollectOptions,
    accounts: HashMap<AccountName, (Account, VecDeque<Item>)>,
    ids: HashSet<uuid::Uuid>,
}

impl<'o> Plan<'o> {
    fn new(accounts: impl IntoIterator<Item = Account>, options: &'o CollectOptions) -> Self {
        let mut plan = Plan { options, accounts: HashMap::new(), ids: HashSet::new() };
        for account in accounts {
            if plan.has(&account.name) {
                plan.accounts.insert(account.name.clone(), (account, VecDeque::new()));
            }
        }
        plan
    }

    fn has(&self, account: &AccountName) -> bool {
        self.options.shard.is_none_or(|shard| shard.has(account))
    }

    fn len(&self) -> u64 {
        self.accounts.values().map(|(_, queue)| queue.len() as u64).sum()
    }

    /// Takes what is given; returns what has come of those whose account nobody knows.
    fn give(&mut self, imports: impl IntoIterator<Item = Wanted>) -> Vec<Collected> {
        let mut unknown = Vec::new();
        for Wanted { account, id, protocol, date } in imports {
            if !self.has(&account) || !self.ids.insert(id.uuid()) {
                continue;
            }
            match self.accounts.get_mut(&account) {
                Some((_, queue)) => queue.push_back(Item { id, protocol, date }),
                None => {
                    let what = format!("there is no account `{account}`");
                    let error = Some(Error::new(ErrorKind::Configuration, what));
                    unknown.push(Collected { account, id, outcome: Outcome::Failed, total: None, error });
                }
            }
        }
        unknown
    }

    /// Claims what is given. What needs no further work leaves the plan.
    async fn claim(&mut self, shared: &Shared) -> Vec<Collected> {
        let queues = self.accounts.values_mut();
        let given = queues.flat_map(|(account, queue)| queue.drain(..).map(|item| (account.clone(), item)));
        let given: Vec<_> = given.collect();
        let imports = given.clone().into_iter().map(|(account, item)| {
            let protocol = protocol_for(item.id, item.protocol.unwrap_or(account.protocol));
            (shared.import(&account.name, item), protocol)
        });
        let ends = claim_all(imports, &shared.ends).await;
        let mut settled = Vec::new();
        for ((account, item), end) in given.into_iter().zip(ends) {
            match (end, self.accounts.get_mut(&account.name)) {
                (Some(end), _) => settled.push(Collected::new(account.name, item.id, end)),
                (None, Some((_, queue))) => queue.push_back(item),
                (None, None) => {}
            }
        }
        settled
    }

    /// Takes up what is still open, in front of the rest: its report may be gone soon.
    fn take_up(&mut self, claims: Vec<super::Claim>) {
        for claim in claims.into_iter().rev() {
            if let Some((_, queue)) = self.accounts.get_mut(&claim.account)
                && self.ids.insert(claim.id.uuid())
            {
                queue.push_front(Item { id: claim.id, protocol: Some(claim.protocol), date: None });
            }
        }
    }
}
