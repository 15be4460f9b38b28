//! How much memory large reports take, and what long runs leave behind: each test in a process of its own, so that
//! nobody else's memory is counted.
#![cfg(target_os = "linux")]

#[path = "../helpers/mod.rs"]
mod helpers;

mod client;
mod compare;
mod long_runs;
mod sandbox;
mod v3;
