//! Why contacts failed to import into Dotdigital.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod anomaly;
mod cell;
#[cfg(feature = "client")]
mod client;
mod columns;
mod counter;
mod counts;
mod deserialize;
mod error;
pub mod export;
mod fault;
mod groups;
mod index;
mod message;
mod options;
mod reason;
mod report;
mod rows;
mod scan;

pub use anomaly::{Anomalies, Anomaly, AnomalySet};
#[cfg(feature = "blocking")]
pub use client::blocking;
#[cfg(feature = "client")]
pub use client::{
    Client, ClientBuilder, Credentials, Difference, ImportStatus, ImportSummary, Progress, Protocol, Region,
};
pub use counter::ReasonCounter;
pub use counts::ReasonCounts;
pub use deserialize::Deserialize;
pub use error::{Error, ErrorKind, Result, Timeout};
pub use fault::{Fault, Fields, RawFields};
pub use groups::Group;
pub use options::ReadOptions;
pub use reason::{FailureReason, Remedy, UnknownReason};
pub use report::{FaultReport, Faults};
