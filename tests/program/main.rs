//! The program `faults`: its options, its output, its exit codes; and what its documents show of it.

#[path = "../helpers/mod.rs"]
mod helpers;
