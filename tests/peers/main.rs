//! What foreign programs make of us, and we of them. Where one is missing, its tests say so and pass; `.ci/peers`
//! installs all of them.
//!
//! A test belongs to its program. A new program needs a line in `.ci/peers`, and a way to find it in
//! `helpers/peers.rs`.

#[path = "../helpers/mod.rs"]
mod helpers;

mod inputs;

// SOAP.
mod php;
mod schema;
mod zeep;

// v3.
mod connexion;
mod schemathesis;

// The live dashboard.
mod dashboards;

// Formats.
mod charts;
mod chromium;
mod dashboard;
mod duckdb;
mod engines;
mod prometheus;
mod spreadsheet;

// Stores.
#[cfg(feature = "cloud")]
mod archive_stores;

// The program, and the recipes for it.
#[cfg(target_os = "linux")]
mod collect_killed;
#[cfg(unix)]
mod recipes;
mod shells;
#[cfg(target_os = "linux")]
mod strace;
