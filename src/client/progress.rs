//! What a client does meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::status::ImportStatus;
use crate::error::Error;

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
    /// An attempt has failed, and there will be another one.
    #[non_exhaustive]
    Retrying {
        /// Why it failed.
        error: &'a Error,
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
pub(super) struct Observer(Option<Arc<Hook>>);

type Hook = dyn Fn(&Progress<'_>) + Send + Sync;

impl Observer {
    pub(super) fn new(hook: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Self {
        Observer(Some(Arc::new(hook)))
    }

    pub(super) fn tell(&self, progress: &Progress<'_>) {
        if let Some(hook) = &self.0 {
            hook(progress);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer(set)" } else { "Observer(none)" })
    }
}
