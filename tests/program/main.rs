//! The program `faults`: its options, its output, its exit codes; and what the documents show of it.
//!
//! A test belongs to its verb, or else to the option or the document that it is about.

#[path = "../helpers/mod.rs"]
mod helpers;

// Verbs.
mod accounts;
mod archive;
mod collect;
mod compare;
mod contact_data;
mod demo;
mod fetch;
mod list;
mod split;
mod status;
mod summary;
mod trends;

// What several verbs have.
#[cfg(target_os = "linux")]
mod disk;
mod gates;
mod gzip;
#[cfg(unix)]
mod leftovers;
#[cfg(target_os = "linux")]
mod limits;
mod logging;
mod many;
mod options;
mod output;
mod redaction;
mod rules;
#[cfg(target_os = "linux")]
mod scale;
mod sources;
mod spreadsheets;
mod tables;
mod usage;
mod v3;

// Documents.
mod cookbook;
mod manual;
mod readme;
