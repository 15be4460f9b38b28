//! Why contacts failed to import into Dotdigital (formerly dotmailer).
//!
//! When a company uploads contacts, the service rejects some of them and hands out, for about a week, a *faults
//! report*: a CSV with a reason for each contact that was not imported. This crate fetches such a report, reads it
//! into typed rows, and groups, filters and counts them by reason.
//!
#![cfg_attr(feature = "client", doc = "```no_run")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use dotdigital_faults::{Client, Credentials, FailureReason};
//!
//! # async fn run(import_id: uuid::Uuid) -> dotdigital_faults::Result<()> {
//! let client = Client::new(Credentials::from_env()?)?; // SOAP, region r1
//! let report = client.report_faults(import_id).await?; // or FaultReport::from_path("report.csv")?
//!
//! for (reason, count) in report.counts().by_frequency() {
//!     println!("{count:>8}  {reason}: {}", reason.remedy().description());
//! }
//! for fault in report.by_reason(&FailureReason::HardBounced) {
//!     println!("{} {:?}", fault.email(), fault.get("firstname"));
//! }
//! for group in report.group_by("country")? {
//!     println!("{:?}: {}", group.key(), group.len());
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Row {
//!     reason: FailureReason,
//!     email: String,
//!     postcode: Option<String>,
//! }
//! for row in report.deserialize::<Row>() {
//!     let row = row?;
//!     println!("{}: {}, {:?}", row.email, row.reason, row.postcode);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A report of any size is read in the same way, one fault at a time, in a few MiB:
//!
//! ```no_run
//! use dotdigital_faults::{FailureReason, FaultReader};
//!
//! #[derive(serde::Deserialize)]
//! struct Row {
//!     reason: FailureReason,
//!     email: String,
//! }
//!
//! let mut reader = FaultReader::from_path("50-gigabytes.csv")?;
//! while let Some(fault) = reader.read_fault()? {
//!     let row: Row = fault.deserialize()?;
//!     println!("{}: {}", row.email, row.reason);
//! }
//! println!("{} faults", reader.into_counts()?.total());
//! # Ok::<(), dotdigital_faults::Error>(())
//! ```
//!
//! Many imports at once, in an async program:
//!
#![cfg_attr(feature = "client", doc = "```no_run")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! use dotdigital_faults::Client;
//! use futures_util::{StreamExt, stream};
//!
//! # async fn run(client: Client, ids: Vec<uuid::Uuid>) {
//! let counting = stream::iter(ids).map(|id| {
//!     let client = client.clone(); // cheap: clones share their connections
//!     async move { (id, client.reason_counts(id).await) }
//! });
//! let mut counted = counting.buffer_unordered(4);
//! while let Some((id, counts)) = counted.next().await {
//!     match counts {
//!         Ok(counts) => println!("{id}: {} faults", counts.total()),
//!         Err(error) => eprintln!("{id}: {error}"), // what happened, the service's own words, what to do next
//!     }
//! }
//! # }
//! ```
//!
//! # What to use
//!
//! | to | use |
//! |---|---|
//! | fetch a report, its bytes or its counts; wait for an import | [`Client`], or [`blocking::Client`] |
//! | have a report in memory, and look at its rows | [`FaultReport`], [`Faults`], [`Fault`], [`Group`] |
//! | have rows as structs of one's own | [`FaultReport::deserialize`], [`Deserialized`] |
//! | know what a reason means and what to do about it | [`FailureReason`], [`UnknownReason`], [`Remedy`] |
//! | know which reports tell of it, and whether counts can be compared | [`ReportKind`] |
//! | have the faults of a program enrolment | [`ReportId`] |
//! | see what was unusual in a report | [`Anomaly`], [`Anomalies`], [`AnomalySet`] |
//! | stop at the first unusual row, say where the reason stands, or change a limit | [`ReadOptions`], [`ColumnChoice`], [`Separator`] |
//! | know what went wrong, and what to do next | [`Error`], [`ErrorKind`], [`Timeout`], [`Format`], [`Result`] |
//!
//! Reports that needn't be in memory:
//!
//! | to | use |
//! |---|---|
//! | read a file, or anything that can be read, fault by fault | [`FaultReader`] |
//! | push bytes in as they come, and be handed each fault | [`FaultFeed`], [`FaultSink`] |
//! | be handed the faults of an import while they are fetched | [`Client::stream_faults`] |
//! | count, and nothing else | [`ReasonCounter`], [`ReasonCounts`], [`ReasonCountsIter`] |
//! | take the faults of some reasons or remedies only | [`ReasonFilter`] |
//! | know which columns a fault stands under | [`Columns`] |
//!
//! Several faults, and several reports:
//!
//! | to | use |
//! |---|---|
//! | know which list, country or mail provider fails, and why | [`GroupCounter`], [`GroupBy`], [`GroupKey`], [`GroupCounts`] |
//! | see what changed between two reports | [`Comparer`], [`ContactFinder`], [`Comparison`], [`Change`], [`ChangedContact`], [`Transition`] |
//! | sum up several reports, and tell them apart | [`Tally`], [`SourceCounts`] |
//! | keep counts, and add to them on another day | serde, for [`ReasonCounts`], [`GroupCounts`] and [`Tally`] |
//! | write counts or faults for another program, a dashboard or people | [`export`] |
//! | have a file for each remedy, ready to act on | [`export::remedy_to_csv`], [`export::split_to_dir`] |
//! | let a file be opened in a spreadsheet | [`export::Xlsx`]; [`export::WriteOptions::spreadsheet_safe`], [`export::restore_csv`] |
//! | count people without holding their data | [`Redactor`] |
//! | keep reports, since the service forgets them after about a week | [`archive`] |
//! | know what kept reports tell over time, and whether the newest ones fail more than is usual | [`Trends`], [`TrendJudge`] |
//! | show an archive live, over HTTP, also in a service of one's own | [`serve`] |
//! | hand faults to an engine in one's own process | [`arrow`] |
//! | test one's own code without an account | [`sandbox`] |
//!
#![cfg_attr(feature = "domains", doc = "Domains as people read them: [`domain_in_unicode`].\n")]
#![cfg_attr(
    feature = "client",
    doc = "Of a client: [`ClientBuilder`] has its knobs, [`Protocol`] and [`Region`] say where it asks, [`Credentials`] who\n\
           does, [`Progress`] what it is at; [`FinishedEnrolments`] lists each [`Enrolment`]; [`ImportStatus`] and [`ImportSummary`] are the service's own words on an import,\n\
           [`import_summary::Difference`] how they compare with a report, and [`reqwest`] is the HTTP library.\n"
)]
#![cfg_attr(
    feature = "archive",
    doc = "Of an archive: [`AccountName`] is what the user calls an account, [`ArchivedImport`] what is kept of an import for good,\n\
           with its [`ArchivedStatus`] and the [`Series`] of those that can be compared; [`TrendsOptions`] and [`TrendBy`] say\n\
           which [`TrendRow`]s there are and what [`TrendKey`] each has, [`TrendsCounter`] makes them of imports of one's own;\n\
           a [`TrendGate`] is what a judge goes by, and a [`TrendVerdict`] what it finds.\n"
)]
#![cfg_attr(
    all(doc, feature = "client", feature = "domains", feature = "html", feature = "sandbox"),
    doc = "The [cookbook] has short programs for most of them."
)]
//!
//! # What it promises
//!
//! - **No fault is lost.** Each row is counted, whatever its shape: ragged rows, line breaks in names, quotes that
//!   are never closed, bytes that are not UTF-8. What was unusual is counted as an [`Anomaly`]. What isn't a report
//!   at all, such as an error page, is an [`Error`], never an empty report. An answer that was cut is fetched again
//!   from the start, never counted by half.
//! - **No reason is missed.** Labels are compared by their letters and digits, case-insensitively, and every wording
//!   that the service and its connectors are known to use is recognised. Others keep their text.
//! - **Bounded.** Reading and counting takes a few MiB for a report of any size, also while it is fetched. A report in
//!   memory takes its own size and about ten bytes a row; one that is made of the newer API's answer, the size of its
//!   failures and not that of the answer. Every call has a deadline. Nothing that a report or an answer
//!   holds makes it panic.
//! - **No contact data and no credentials** in errors, logs or `Debug`. Credentials go to the chosen host alone.
//!
//! # Where the facts come from
//!
//! The formats and the reasons are those of the vendor's documentation of `GetContactImportReportFaults` and of its newer
//! API, its published WSDL and OpenAPI files, its own connectors, and the tests of other clients. The live service has not
//! been called; what these sources leave open is read as leniently as is safe, and counted where it is unusual.
//!
//! # Features
//!
//! | feature | for |
//! |---|---|
//! | `client` (default) | fetching reports, over SOAP, REST or the newer API, in async programs and in blocking ones |
//! | `sandbox` | a stand-in for the service on loopback, for your tests and ours |
//! | `domains` | groups by the domain of the address |
//! | `html` | counts as a page for people |
//! | `redact` | contact data replaced by keyed hashes |
//! | `split` | a report split into files, one a remedy |
//! | `table` | counts, comparisons and faults as tables, for people at a terminal |
//! | `xlsx` | faults as a workbook for spreadsheets |
//! | `arrow` | faults as Arrow record batches |
//! | `archive` | reports kept in Parquet files, and what they tell over time |
//! | `cloud` | archives in S3, Google's and Azure's buckets |
//! | `serve` | what an archive holds, as pages, metrics and JSON over HTTP |
//! | `cli` | the program `faults` |
//!
//! Without default features the crate reads and counts, and depends on nothing that knows a network.
//!
// What isn't there without a feature leads to the table of features.
#![cfg_attr(feature = "client", doc = "[`Client`]: crate::Client\n[`blocking::Client`]: crate::blocking::Client")]
#![cfg_attr(feature = "client", doc = "[`Client::stream_faults`]: crate::Client::stream_faults")]
#![cfg_attr(not(feature = "client"), doc = "[`Client`]: #features\n[`blocking::Client`]: #features")]
#![cfg_attr(not(feature = "client"), doc = "[`Client::stream_faults`]: #features")]
#![cfg_attr(feature = "archive", doc = "[`archive`]: crate::archive\n[`Trends`]: crate::Trends")]
#![cfg_attr(feature = "archive", doc = "[`TrendJudge`]: crate::TrendJudge")]
#![cfg_attr(not(feature = "archive"), doc = "[`archive`]: #features\n[`Trends`]: #features")]
#![cfg_attr(not(feature = "archive"), doc = "[`TrendJudge`]: #features")]
#![cfg_attr(feature = "arrow", doc = "[`arrow`]: crate::arrow")]
#![cfg_attr(not(feature = "arrow"), doc = "[`arrow`]: #features")]
#![cfg_attr(feature = "redact", doc = "[`Redactor`]: crate::Redactor")]
#![cfg_attr(not(feature = "redact"), doc = "[`Redactor`]: #features")]
#![cfg_attr(feature = "sandbox", doc = "[`sandbox`]: crate::sandbox")]
#![cfg_attr(not(feature = "sandbox"), doc = "[`sandbox`]: #features")]
#![cfg_attr(feature = "serve", doc = "[`serve`]: crate::serve")]
#![cfg_attr(not(feature = "serve"), doc = "[`serve`]: #features")]
#![cfg_attr(feature = "split", doc = "[`export::split_to_dir`]: crate::export::split_to_dir")]
#![cfg_attr(not(feature = "split"), doc = "[`export::split_to_dir`]: #features")]
#![cfg_attr(feature = "xlsx", doc = "[`export::Xlsx`]: crate::export::Xlsx")]
#![cfg_attr(not(feature = "xlsx"), doc = "[`export::Xlsx`]: #features")]
// On docs.rs, what needs a feature says so beside its name.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "arrow")]
mod account_name;
mod anomaly;
#[cfg(feature = "archive")]
pub mod archive;
#[cfg(feature = "arrow")]
pub mod arrow;
#[cfg(feature = "client")]
mod client;
mod contact_data;
mod error;
mod escape;
pub mod export;
mod format;
#[cfg(feature = "client")]
mod protocol;
mod read;
mod reason;
#[cfg(feature = "redact")]
mod redact;
mod report;
mod report_id;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "serve")]
pub mod serve;
mod status;
mod tally;

#[cfg(feature = "arrow")]
pub use account_name::AccountName;
pub use anomaly::{Anomalies, Anomaly, AnomalySet};
#[cfg(feature = "client")]
pub use client::blocking;
#[cfg(feature = "client")]
pub use client::{Client, ClientBuilder, Credentials, Enrolment, FinishedEnrolments, ImportSummary, Progress};
pub use error::{Error, ErrorKind, Result, Timeout};
pub use format::Format;
#[cfg(feature = "client")]
pub use protocol::{Protocol, Region};
pub use read::counter::ReasonCounter;
pub use read::options::{ColumnChoice, ReadOptions, Separator};
pub use reason::FailureReason;
pub use reason::counts::{ReasonCounts, ReasonCountsIter};
pub use reason::filter::ReasonFilter;
pub use reason::remedy::Remedy;
pub use reason::report_kind::ReportKind;
pub use reason::unknown_reason::UnknownReason;
#[cfg(feature = "redact")]
pub use redact::Redactor;
pub use report::columns::Columns;
pub use report::deserialize::Deserialized;
#[cfg(feature = "domains")]
pub use report::domain::domain_in_unicode;
pub use report::fault::Fault;
pub use report::feed::{FaultFeed, FaultSink};
pub use report::group::Group;
pub use report::reader::FaultReader;
pub use report::{FaultReport, Faults};
pub use report_id::ReportId;
/// The HTTP library of the client, for those who hand in a client of their own, and want its version to fit.
#[cfg(feature = "client")]
pub use reqwest;
pub use status::ImportStatus;
#[cfg(feature = "archive")]
pub use tally::archived_import::{ArchivedImport, ArchivedStatus, Series};
pub use tally::comparison::comparer::Comparer;
pub use tally::comparison::contact_finder::ContactFinder;
pub use tally::comparison::{Change, ChangedContact, Comparison, Transition};
pub use tally::group_counter::GroupCounter;
pub use tally::group_counts::{GroupBy, GroupCounts, GroupKey};
#[cfg(feature = "archive")]
pub use tally::trends::counter::TrendsCounter;
#[cfg(feature = "archive")]
pub use tally::trends::judge::{TrendGate, TrendJudge, TrendVerdict};
#[cfg(feature = "archive")]
pub use tally::trends::key::TrendKey;
#[cfg(feature = "archive")]
pub use tally::trends::options::{TrendBy, TrendsOptions};
#[cfg(feature = "archive")]
pub use tally::trends::{TrendRow, Trends};
pub use tally::{SourceCounts, Tally};

#[cfg(all(doc, feature = "client", feature = "domains", feature = "html", feature = "sandbox"))]
#[doc = include_str!("cookbook.md")]
pub mod cookbook {}

/// What a comparison of the service's own figures with a report tells.
#[cfg(feature = "client")]
pub mod import_summary {
    pub use crate::client::Difference;
}

/// No part of the API: what this repository's own benchmarks, tests and fuzz targets drive. It may change at any time.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "archive")]
    pub use crate::archive::counts_file;
    #[cfg(feature = "client")]
    pub use crate::client::probe::count_envelope;
    pub use crate::read::level::{levels, read_at_level};
}

/// The README's examples, so that they are tested.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
