//! The imports of one account, one after another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::account::{Account, Clients};
use super::collected::{Collected, Outcome};
use super::import::{Clock, End, Import, Standing};
use super::memory::Memory;
use super::options::{CollectHook, CollectProgress};
use super::stop::{Ends, GRACE, Why};
use crate::account_name::AccountName;
use crate::archive::Archive;
use crate::arrow::Contacts;
use crate::client::Client;
use crate::client::deadline::Deadline;
use crate::client::place::Place;
use crate::error::{Error, ErrorKind, Result, Timeout};
use crate::protocol::Protocol;
use crate::report_id::ReportId;

/// As [`Client::wait_until_finished`] has them.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What to do about what is open when a collect ends early.
const GOES_ON: &str = "the next collect goes on";

/// What the drivers of all accounts share.
pub(super) struct Shared {
    pub(super) archive: Archive,
    pub(super) contacts: Contacts,
    pub(super) memory: Memory,
    pub(super) clock: Clock,
    pub(super) places: Arc<Semaphore>,
    pub(super) waits: bool,
    pub(super) ends: Ends,
    pub(super) observer: Option<Arc<CollectHook>>,
}

impl Shared {
    /// An import of an account.
    pub(super) fn import(&self, account: &AccountName, item: Item) -> Import {
        Import {
            archive: self.archive.clone(),
            contacts: self.contacts.clone(),
            memory: self.memory.clone(),
            clock: Arc::clone(&self.clock),
            account: account.clone(),
            id: item.id,
            date: item.date,
            is_putting: Arc::default(),
        }
    }
}

/// An import that is to be collected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) id: ReportId,
    pub(super) protocol: Option<Protocol>,
    pub(super) date: Option<NaiveDate>,
}

/// One that hadn't finished, and is asked about again.
struct Unfinished {
    item: Item,
    due: Instant,
    pause: Duration,
    deadline: Deadline,
    /// Why it is pending.
    why: Error,
}

/// Collects the imports of one account.
pub(super) struct Driver {
    shared: Arc<Shared>,
    name: AccountName,
    protocol: Protocol,
    clients: Clients,
    queue: VecDeque<Item>,
    /// Soonest first.
    unfinished: VecDeque<Unfinished>,
    tell: mpsc::Sender<Collected>,
}

/// What has come of one turn.
enum Turn {
    Ended(End),
    /// It hasn't finished, and may be asked about again within its deadline.
    NotYet(Error, Deadline),
    NotBegun(Why),
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        account: Account,
        queue: VecDeque<Item>,
        tell: mpsc::Sender<Collected>,
    ) -> Self {
        let (name, protocol) = (account.name().clone(), account.protocol);
        Driver { shared, name, protocol, clients: Clients::of(account), queue, unfinished: VecDeque::new(), tell }
    }

    /// Works until all have ended, or all has to end.
    pub(super) async fn run(mut self) {
        loop {
            if let Some(why) = self.shared.ends.has_come() {
                return self.leave(why).await;
            }
            let now = Instant::now();
            if self.unfinished.front().is_some_and(|next| next.due <= now) {
                self.ask_again().await;
            } else if let Some(item) = self.queue.pop_front() {
                let turn = self.turn(item, None).await;
                self.settle(item, turn, FIRST_PAUSE).await;
            } else if let Some(next) = self.unfinished.front() {
                let (due, ends) = (next.due, &self.shared.ends);
                tokio::select! {
                    () = sleep_until(due) => {}
                    _ = ends.come() => {}
                }
            } else {
                return;
            }
        }
    }

    async fn ask_again(&mut self) {
        let Some(Unfinished { item, pause, deadline, why, .. }) = self.unfinished.pop_front() else { return };
        if deadline.has_passed() {
            return self.tell(item.id, End::pending(why)).await;
        }
        let turn = match self.turn(item, Some(deadline)).await {
            Turn::NotBegun(_) => Turn::Ended(End::pending(why)),
            turn => turn,
        };
        self.settle(item, turn, pause.saturating_mul(2).min(LONGEST_PAUSE)).await;
    }

    /// Tells how it has ended, or has it wait.
    async fn settle(&mut self, item: Item, turn: Turn, pause: Duration) {
        match turn {
            Turn::Ended(end) => self.tell(item.id, end).await,
            Turn::NotYet(why, deadline) => {
                let due = Instant::now() + pause.min(deadline.remaining());
                let at = self.unfinished.partition_point(|other| other.due <= due);
                self.unfinished.insert(at, Unfinished { item, due, pause, deadline, why });
            }
            Turn::NotBegun(why) => self.tell_not_begun(item.id, why).await,
        }
    }

    /// One import, once there is a place to work.
    async fn turn(&mut self, item: Item, deadline: Option<Deadline>) -> Turn {
        if let Some(refusal) = self.clients.refusal() {
            return Turn::Ended(End::failed(refusal));
        }
        let shared = Arc::clone(&self.shared);
        let place = tokio::select! {
            biased;
            why = shared.ends.come() => return Turn::NotBegun(why),
            place = Place::take(&shared.places) => Arc::new(place),
        };
        if let Some(observer) = &shared.observer {
            observer(&CollectProgress::Begun { account: &self.name, id: item.id });
        }
        let import = shared.import(&self.name, item);
        let is_putting = Arc::clone(&import.is_putting);
        // In a box of its own, since thousands of accounts may wait for a place.
        let mut work = Box::pin(self.work(import, item.protocol, place, deadline));
        let worked = tokio::select! {
            biased;
            worked = &mut work => worked,
            why = shared.ends.come() => {
                let late = match is_putting.load(Ordering::Relaxed) {
                    true => timeout(GRACE, work).await.ok(),
                    false => None,
                };
                late.unwrap_or_else(|| Ok(Turn::Ended(End::pending(interrupted(why)))))
            }
        };
        worked.unwrap_or_else(|error| Turn::Ended(End::failed(error)))
    }

    async fn work(
        &mut self,
        import: Import,
        protocol: Option<Protocol>,
        place: Arc<Place>,
        deadline: Option<Deadline>,
    ) -> Result<Turn> {
        let shared = Arc::clone(&self.shared);
        let standing = import.look().await?;
        let protocol = match &standing {
            Standing::Settled(end) => return Ok(Turn::Ended(end.clone())),
            Standing::Claimed(claim) => protocol.or(Some(claim.protocol)),
            Standing::New => protocol,
        };
        // An enrolment is asked about in one way alone.
        let protocol = protocol.filter(|_| matches!(import.id, ReportId::Import(_)));
        let client = self.clients.client(protocol.unwrap_or(self.protocol)).await?;
        let deadline = deadline.unwrap_or_else(|| Deadline::within(client.timeout()));
        let client = self.observed(&client, import.id).working_from(place, deadline.clone());
        let end = import.archive(standing, &client).await?;
        Ok(match end {
            End { outcome: Outcome::Pending, error: Some(why), .. }
                if shared.waits && why.kind() == ErrorKind::NotFinished && !deadline.has_passed() =>
            {
                Turn::NotYet(why, deadline)
            }
            end => Turn::Ended(end),
        })
    }

    fn observed(&self, client: &Client, id: ReportId) -> Client {
        let Some(observer) = &self.shared.observer else { return client.clone() };
        let (observer, account) = (Arc::clone(observer), self.name.clone());
        client.observed_by(move |progress| observer(&CollectProgress::Asking { account: &account, id, progress }))
    }

    /// Tells what becomes of those that are left.
    async fn leave(mut self, why: Why) {
        for unfinished in std::mem::take(&mut self.unfinished) {
            self.tell(unfinished.item.id, End::pending(unfinished.why)).await;
        }
        for item in std::mem::take(&mut self.queue) {
            self.tell_not_begun(item.id, why).await;
        }
    }

    /// It is claimed all the same.
    async fn tell_not_begun(&self, id: ReportId, why: Why) {
        let end = match why {
            Why::Deadline => {
                let what = format!("the {} was not begun before the deadline of the whole collect", id.noun());
                End::failed(
                    Error::timed_out(Timeout::Whole, what).advise("the next collect takes it up; allow more time"),
                )
            }
            Why::Stopped => {
                let what = format!("the collect was stopped before the {} was begun", id.noun());
                End::pending(Error::new(ErrorKind::NotFinished, what).advise(GOES_ON))
            }
        };
        self.tell(id, end).await;
    }

    async fn tell(&self, id: ReportId, end: End) {
        // Nobody listens any more once the collect itself has been dropped.
        let _ = self.tell.send(Collected::new(self.name.clone(), id, end)).await;
    }
}

/// Why an import is pending that was at work.
fn interrupted(why: Why) -> Error {
    let what = match why {
        Why::Stopped => "the collect was stopped before it was archived",
        Why::Deadline => "the deadline of the collect passed before it was archived",
    };
    Error::new(ErrorKind::NotFinished, what).advise(GOES_ON)
}
