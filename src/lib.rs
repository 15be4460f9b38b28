//! Why contacts failed to import into Dotdigital.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod anomaly;
#[cfg(feature = "client")]
mod client;
mod error;
mod message;
mod reason;

pub use anomaly::{Anomalies, Anomaly, AnomalySet};
#[cfg(feature = "blocking")]
pub use client::blocking;
#[cfg(feature = "client")]
pub use client::{
    Client, ClientBuilder, Credentials, Difference, ImportStatus, ImportSummary, Progress, Protocol, Region,
};
pub use error::{Error, ErrorKind, Result, Timeout};
pub use reason::{FailureReason, Remedy, UnknownReason};
