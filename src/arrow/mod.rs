//! Faults as Arrow record batches, for those who have an engine in their own process. Needs the feature `arrow`.
//!
//! A batch has the columns of the archive's table `faults_v1`:
//!
//! | column | type | |
//! |---|---|---|
//! | `account` | utf8 | what the user calls the account |
//! | `kind` | utf8 | `contact_import` or `enrolment` |
//! | `import_id` | utf8 | in lower case, with hyphens |
//! | `ordinal` | int64 | which fault of its report, from 0 |
//! | `line` | int64, null | the physical line; null for a fault of the newer API |
//! | `reason`, `label`, `remedy` | utf8 | the reason's slug and label, the remedy's slug |
//! | `email`, `domain` | utf8, null | the email's cell, and its domain in ASCII |
//! | `columns` | map of utf8 to utf8, null | all cells under the keys that JSON lines have; an absent cell is null |
//! | `anomalies` | list of utf8 | the slugs of what was unusual in the row |
//! | `archived_at` | timestamp in µs, UTC | one instant for a report |
//!
//! What of contact data is in them is chosen with [`Contacts`].

mod batches;
mod contacts;
pub(crate) mod label;
mod schema;

/// The crates of Arrow that the batches are made with, so that versions fit.
pub use {arrow_array, arrow_schema};

#[cfg(feature = "archive")]
pub(crate) use batches::whole;
pub use batches::{BatchOptions, FaultBatches};
pub use contacts::{ContactMode, Contacts};
pub use schema::faults_schema;
#[cfg(feature = "archive")]
pub(crate) use schema::{kind, map_of, timestamp};
