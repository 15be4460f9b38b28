//! What all clones of a client share: where the service is, who asks, and within which limits.

use std::fmt;
use std::time::Duration;

use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::retry::Policy;
use super::secrets::Secrets;
use crate::read::options::ReadOptions;

/// The service, as one client was set up to ask it.
pub(super) struct Service {
    pub(super) http: reqwest::Client,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    /// The same credentials, as they are looked for in what the service says.
    pub(super) secrets: Secrets,
    pub(super) policy: Policy,
    /// The most time of a call, and of a silence within an answer.
    pub(super) timeout: Duration,
    pub(super) stall_timeout: Duration,
    /// The most bytes of a report, once decoded.
    pub(super) max_size: u64,
    pub(super) options: ReadOptions,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("endpoint", &self.endpoint)
            .field("policy", &self.policy)
            .field("timeout", &self.timeout)
            .field("stall_timeout", &self.stall_timeout)
            .field("max_size", &self.max_size)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
