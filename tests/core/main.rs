//! Reading, counting and writing of reports: what needs no network and no program.
//!
//! Add a test to the file of what it is about: the reading rules are cases in `helpers/cases.rs`, what holds for every
//! report is a property.

#[path = "../helpers/mod.rs"]
mod helpers;

// What other tests are made with: values for properties, and the rules once more, as an oracle.
mod reference;
mod values;

// Reading.
mod agreement;
mod answers;
mod changed_answers;
mod fixtures;
mod front_page;
mod levels;
mod properties;
mod rules;
mod runs;

// What has been read.
mod comparisons;
mod counts;
mod errors;
mod privacy;
mod reports;
mod rows;
mod streams;

// The sources themselves.
mod wings;

// Writing.
#[cfg(all(feature = "redact", feature = "split"))]
mod actions;
#[cfg(feature = "arrow")]
mod arrow;
#[cfg(all(feature = "domains", feature = "html"))]
mod formats;
