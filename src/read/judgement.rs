//! Is this a report? Rule 2, for the records behind the header.
//!
//! # How it works
//!
//! A header that names the reason's column is enough. Where it doesn't, a known reason must stand in the reason's cell of
//! one of the first records, all within the first MiB. Until then what is found is kept in a queue, and nobody hears of it;
//! an error that only a report can have waits, too.

use std::sync::Arc;

use super::head::{Head, JUDGED};
use super::header::Header;
use super::record::Record;
use super::row::Row;
use crate::error::Error;

/// Among how many records of two cells or more a known reason must stand.
const JUDGED_RECORDS: usize = 1000;

/// Rule 2: is this a report?
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) is_certain: bool,
    names_email_second: bool,
    /// How many records of two cells or more there were, and whether there was any record but copies of the header.
    records: usize,
    pub(super) has_records: bool,
    /// What has been found so far, and isn't told yet.
    pub(super) queue: Vec<Queued>,
    /// The first thing that would have been an error of a report.
    pub(super) failure: Option<Error>,
}

#[derive(Debug)]
pub(super) enum Queued {
    Header(Arc<Header>),
    Row(Row),
}

impl Judgement {
    pub(super) fn new(head: &Head) -> Self {
        Judgement {
            is_certain: head.names_reason,
            names_email_second: head.names_email_second,
            records: 0,
            has_records: false,
            queue: Vec::new(),
            failure: None,
        }
    }

    /// May a record still show that this is a report?
    pub(super) fn counts(&mut self, record: &Record) -> bool {
        self.records += 1;
        self.records <= JUDGED_RECORDS && record.next <= JUDGED
    }

    /// Is this a report if the input ends here?
    pub(super) fn is_report(&self) -> bool {
        self.is_certain || !self.has_records && self.names_email_second
    }
}
