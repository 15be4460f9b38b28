//! What the tests share: a file for each thing.
#![allow(dead_code, reason = "each of the test binaries uses its own part of it")]

use uuid::{Uuid, uuid};

/// The import of most tests.
pub const ID: Uuid = uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39");

#[cfg(feature = "archive")]
pub mod archive;
pub mod cases;
pub mod child;
#[cfg(feature = "client")]
pub mod clock;
#[cfg(feature = "cli")]
pub mod collector;
#[cfg(feature = "serve")]
pub mod dashboard;
#[cfg(feature = "split")]
pub mod files;
pub mod http;
pub mod memory;
pub mod midnight;
pub mod pages;
#[cfg(feature = "cli")]
pub mod parquet;
pub mod patience;
pub mod peers;
#[cfg(feature = "cli")]
pub mod program;
pub mod prometheus;
pub mod read_at;
pub mod report;
#[cfg(feature = "client")]
pub mod server;
pub mod v3;
pub mod wrong_bodies;
