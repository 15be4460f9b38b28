//! The imports of one account, one after another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDate;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::account::{Account, Clients};
use super::collected::{Collected, Outcome};
use super::import::{Clock, End, Import, Standing};
use super::memory::Memory;
use super::options::{CollectHook, CollectProgress};
use super::stop::{Ends, Why};
use crate::account_name::AccountName;
use crate::archive::Archive;
use crate::arrow::Contacts;
use crate::client::Client;
use crate::client::deadline::Deadline;
use crate::client::place::Place;
use crate::error::{Error, ErrorKind, Result, Timeout};
use crate::protocol::Protocol;
use crate::report_id::ReportId;

/// How long what is being put may take once all is to end.
const GRACE: Duration = Duration::from_secs(10);

/// As [`Client::wait_until_finished`] has them.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

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
        let name = account.name().clone();
        Driver { shared, name, clients: Clients::of(account), queue, unfinished: VecDeque::new(), tell }
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
        let is_putting = Arc::new(AtomicBool::new(false));
        // In a box of its own, since thousands of accounts may wait for a place.
        let mut work = Box::pin(self.work(item, place, deadline, Arc::clone(&is_putting)));
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
        item: Item,
        place: Arc<Place>,
        deadline: Option<Deadline>,
        is_putting: Arc<AtomicBool>,
    ) -> Result<Turn> {
        let shared = &self.shared;
        let import = Import {
            archive: shared.archive.clone(),
            contacts: shared.contacts.clone(),
            memory: shared.memory.clone(),
            clock: Arc::clone(&shared.clock),
            account: self.name.clone(),
            id: item.id,
            date: item.date,
            is_putting,
        };
        let standing = import.look().await?;
        let protocol = match &standing {
            Standing::Settled(end) => return Ok(Turn::Ended(end.clone())),
            Standing::Claimed(claim) => item.protocol.or(Some(claim.protocol)),
            Standing::New => item.protocol,
        };
        // An enrolment is asked about in one way alone.
        let protocol = protocol.filter(|_| matches!(item.id, ReportId::Import(_)));
        let client = self.clients.client(protocol).await?;
        let deadline = deadline.unwrap_or_else(|| Deadline::within(client.timeout()));
        let client = self.observed(&client, item.id).working_from(place, deadline.clone());
        let end = import.archive(standing, &client).await?;
        Ok(match end {
            End { outcome: Outcome::Pending, error: Some(why), .. }
                if self.shared.waits && why.kind() == ErrorKind::NotFinished && !deadline.has_passed() =>
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

    async fn tell_not_begun(&self, id: ReportId, why: Why) {
        if why == Why::Deadline {
            let what = format!("the {} was not begun before the deadline of the whole collect", id.noun());
            let error = Error::timed_out(Timeout::Whole, what).advise("collect again, or allow more time");
            self.tell(id, End::failed(error)).await;
        }
    }

    async fn tell(&self, id: ReportId, end: End) {
        let End { outcome, total, error } = end;
        // Nobody listens any more once the collect itself has been dropped.
        let _ = self.tell.send(Collected { account: self.name.clone(), id, outcome, total, error }).await;
    }
}

/// Why an import is pending that was at work.
fn interrupted(why: Why) -> Error {
    match why {
        Why::Stopped => Error::new(ErrorKind::NotFinished, "the collect was stopped before it was archived"),
        Why::Deadline => {
            Error::new(ErrorKind::NotFinished, "the deadline of the collect passed before it was archived")
        }
    }
}
