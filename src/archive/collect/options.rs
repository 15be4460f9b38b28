//! How a collect goes.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::import::Clock;
use super::shard::Shard;
use super::stop::{Ends, Stop};
use crate::account_name::AccountName;
use crate::arrow::Contacts;
use crate::client::Progress;
use crate::report_id::ReportId;

/// How a collect goes.
#[derive(Clone)]
#[must_use = "options do nothing by themselves"]
pub struct CollectOptions {
    pub(super) jobs: usize,
    pub(super) shard: Option<Shard>,
    pub(super) waits: bool,
    pub(super) only_given: bool,
    pub(super) memory: u64,
    pub(super) contacts: Option<Contacts>,
    pub(super) ends: Ends,
    pub(super) clock: Clock,
    pub(super) observer: Option<Arc<CollectHook>>,
}

pub(super) type CollectHook = dyn Fn(&CollectProgress<'_>) + Send + Sync;

/// What a collect is doing, as told to the hook of [`CollectOptions::observed_by`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CollectProgress<'p> {
    /// It is known how many imports there are: those that were given, and those that were still open.
    #[non_exhaustive]
    Planned {
        /// How many will be told of.
        imports: u64,
    },
    /// An import is begun, or asked about again.
    #[non_exhaustive]
    Begun {
        /// Whose it is.
        account: &'p AccountName,
        /// The import, or the enrolment.
        id: ReportId,
    },
    /// What its client does.
    #[non_exhaustive]
    Asking {
        /// Whose import it is.
        account: &'p AccountName,
        /// The import, or the enrolment.
        id: ReportId,
        /// What the client says.
        progress: &'p Progress<'p>,
    },
}

impl Default for CollectOptions {
    fn default() -> Self {
        CollectOptions {
            jobs: 8,
            shard: None,
            waits: false,
            only_given: false,
            memory: 1 << 30,
            contacts: None,
            ends: Ends::default(),
            clock: Arc::new(SystemTime::now),
            observer: None,
        }
    }
}

impl CollectOptions {
    /// The defaults.
    pub fn new() -> Self {
        CollectOptions::default()
    }

    /// How many imports are at work at once, over all accounts; at least one. One that waits since the service limits the
    /// calls of its account isn't at work. Default: 8.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Collects the accounts of a shard alone: of others no import is told of, and no client is made. Default: all.
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = Some(shard);
        self
    }

    /// Waits for imports that haven't finished, each as long as its client's [timeout](crate::ClientBuilder::timeout) is;
    /// others go on meanwhile. Default: off.
    pub fn wait(mut self, waits: bool) -> Self {
        self.waits = waits;
        self
    }

    /// Leaves alone what a collect before has left open, unless its id is given. Default: off.
    pub fn only_given(mut self, only_given: bool) -> Self {
        self.only_given = only_given;
        self
    }

    /// The most bytes of Parquet files that are in memory, over all jobs. An import whose faults take more fails. Default:
    /// 1 GiB.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// What becomes of contact data, which must be what the archive was made with. It is only needed for the key where they
    /// are hashed. Default: the archive's.
    pub fn contacts(mut self, contacts: Contacts) -> Self {
        self.contacts = Some(contacts);
        self
    }

    /// When the collect must end: what hasn't finished then is [`Pending`](super::Outcome::Pending), and what wasn't begun
    /// [`Failed`](super::Outcome::Failed), with [`TimedOut`](crate::ErrorKind::TimedOut). What is being put is finished, and
    /// what was given is claimed, within 10 seconds. Default: never.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.ends.deadline = Some(deadline);
        self
    }

    /// What ends the collect from elsewhere: what hasn't finished then is [`Pending`](super::Outcome::Pending), begun or not.
    /// What is being put is finished, and what was given is claimed, within 10 seconds; what couldn't be is
    /// [`Failed`](super::Outcome::Failed).
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.ends.stop = Some(stop.clone());
        self
    }

    /// What tells the time, for tests of days and weeks. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Tells `hook` what the collect does meanwhile. A hook should be quick, and must not block.
    pub fn observed_by(mut self, hook: impl Fn(&CollectProgress<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(hook));
        self
    }
}

impl fmt::Debug for CollectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectOptions")
            .field("jobs", &self.jobs)
            .field("shard", &self.shard)
            .field("wait", &self.waits)
            .field("only_given", &self.only_given)
            .field("memory", &self.memory)
            .field("contacts", &self.contacts)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}
