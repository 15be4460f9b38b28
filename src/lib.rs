//! Why contacts failed to import into Dotdigital.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod anomaly;
mod error;
mod message;
mod reason;
#[cfg(feature = "sandbox")]
pub mod sandbox;

pub use anomaly::{Anomalies, Anomaly, AnomalySet};
pub use error::{Error, ErrorKind, Result};
pub use reason::{FailureReason, Remedy, UnknownReason};
