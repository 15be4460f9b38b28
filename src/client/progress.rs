//! What a client does meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::error::Error;
use crate::status::ImportStatus;

/// What a client is doing, as told to the hook of [`Client::observed_by`](super::Client::observed_by).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An attempt begins; the first one has the number 1. What was received before doesn't count any more.
    #[non_exhaustive]
    Attempt {
        /// Its number within the call.
        number: u32,
    },
    /// More of an answer has come.
    #[non_exhaustive]
    Received {
        /// The bytes of the answer's body so far, as they are on the wire.
        bytes: u64,
        /// How many there will be in all, if the service has said so.
        total: Option<u64>,
    },
    /// A whole report has come, as far as can be told: the answer had neither a length nor chunks, so that one that
    /// was cut would look the same. Its last row is a good hint; the service's own figures are another.
    #[non_exhaustive]
    Unbounded {
        /// The import whose report it is.
        import_id: Uuid,
        /// The bytes of the answer's body.
        bytes: u64,
    },
    /// An attempt has failed, and there will be another one.
    #[non_exhaustive]
    Retrying {
        /// Why it failed.
        error: &'a Error,
        /// How long it will be until then.
        pause: Duration,
    },
    /// The service limits the calls of the account: a [paced](crate::ClientBuilder::paced) client makes none until then.
    #[non_exhaustive]
    Limited {
        /// How long it will be until then.
        pause: Duration,
    },
    /// The import has not finished yet, and will be asked about again.
    #[non_exhaustive]
    Waiting {
        /// What the service has said.
        status: &'a ImportStatus,
        /// How long it will be until then.
        pause: Duration,
    },
}

/// Whom to tell, if anybody.
#[derive(Clone, Default)]
pub(super) struct Observer(Vec<Arc<Hook>>);

type Hook = dyn Fn(&Progress<'_>) + Send + Sync;

impl Observer {
    pub(super) const fn nobody() -> Self {
        Observer(Vec::new())
    }

    /// Tells another one as well.
    pub(super) fn and(&self, hook: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Self {
        let mut hooks = self.0.clone();
        hooks.push(Arc::new(hook));
        Observer(hooks)
    }

    pub(super) fn tell(&self, progress: &Progress<'_>) {
        for hook in &self.0 {
            hook(progress);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Observer({})", self.0.len())
    }
}
