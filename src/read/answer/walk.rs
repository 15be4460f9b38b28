//! What the events of an answer's JSON mean, by where they stand.
//!
//! # How it works
//!
//! A stack tells the objects and lists that are open, of those that are looked at. All others are passed over, with
//! nothing but a count of how deep they are:
//!
//! ```text
//!   Answer      Summary                                        {"summary": {
//!               Failures  Failure  Identifiers                 {"failures": [{"identifiers": {
//!                                  Inner        InnerFailure   {"failures": [{"failures": [{
//! ```
//!
//! A member that is looked at and stands twice in its object makes the answer unreadable: which of them counts would be
//! a guess.

use std::ops::ControlFlow;

use json_event_parser::JsonEvent;

use super::Wrong;
use super::columns::Columns;
use super::failure::Failure;
use crate::anomaly::AnomalySet;
use crate::error::{Error, ErrorKind};
use crate::read::cell::Cell;
use crate::read::options::ReadOptions;
use crate::read::row::{Row, RowSink};
use crate::reason::Slot;
use crate::reason::counts::ReasonCounts;
use crate::reason::report_kind::ReportKind;

/// How many bytes absent cells and repeated headers may take: so many in any case, and one for each byte of a failure.
pub(crate) const ABSENT: u64 = 64 << 20;

/// The most figures, and the most bytes of one's name and value.
const MOST_FIGURES: usize = 64;
const LONGEST_FIGURE: usize = 256;
/// The most bytes of a status that are kept.
const LONGEST_STATUS: usize = 1024;

/// The members without which faults, their reasons or their contacts are lost.
const BEARING: [&str; 4] = ["status", "failures", "failureCode", "identifiers"];

const UNDOCUMENTED: &str = "one of its members is not what is documented";
const REPEATED: &str = "a member stands twice in one object";

/// An object or a list that is open and looked at.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Answer,
    Summary,
    Failures,
    Failure,
    Identifiers,
    Inner,
    InnerFailure,
}

pub(super) struct Walk {
    /// What is open, each with the members that have been seen in it.
    places: Vec<(Place, u8)>,
    /// How deep in something that is passed over.
    passing: usize,
    key: String,
    status: Option<String>,
    figures: Vec<(String, String)>,
    has_import_id: bool,
    has_failures: bool,
    is_recognised: bool,
    columns: Columns,
    /// Under how many custom identifiers the rows stand, once the header has been told.
    told: Option<usize>,
    failure: Failure,
    /// Where the failure starts.
    start: u64,
    largest: u64,
    row: Vec<u8>,
    counts: ReasonCounts,
    /// How many bytes may still be written that are not there.
    allowed: u64,
}

impl Walk {
    pub(super) fn new(options: &ReadOptions) -> Self {
        let mut counts = ReasonCounts::new();
        counts.set_report_kind(ReportKind::ImportV3);
        Walk {
            places: Vec::new(),
            passing: 0,
            key: String::new(),
            status: None,
            figures: Vec::new(),
            has_import_id: false,
            has_failures: false,
            is_recognised: false,
            columns: Columns::new(options),
            told: None,
            failure: Failure::default(),
            start: 0,
            largest: options.largest_row.max(64) as u64,
            row: Vec::new(),
            counts,
            allowed: ABSENT,
        }
    }

    /// Takes the next event, behind which so many bytes have been read.
    pub(super) fn step<S: RowSink>(
        &mut self,
        event: JsonEvent<'_>,
        position: u64,
        sink: &mut S,
    ) -> Result<ControlFlow<()>, Wrong> {
        self.check_failure(position)?;
        match event {
            JsonEvent::StartObject | JsonEvent::StartArray if self.passing > 0 => self.passing += 1,
            JsonEvent::EndObject | JsonEvent::EndArray if self.passing > 0 => self.passing -= 1,
            _ if self.passing > 0 => {}
            JsonEvent::ObjectKey(key) => self.member(&key)?,
            JsonEvent::StartObject => self.open(true, position)?,
            JsonEvent::StartArray => self.open(false, position)?,
            JsonEvent::EndObject | JsonEvent::EndArray => return self.close(position, sink),
            JsonEvent::String(text) => self.value(Some(&text), true)?,
            JsonEvent::Number(number) => self.value(Some(&number), false)?,
            JsonEvent::Boolean(value) => self.value(Some(if value { "true" } else { "false" }), false)?,
            JsonEvent::Null => self.value(None, false)?,
            JsonEvent::Eof => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Refuses a failure that is larger than a row may be.
    fn check_failure(&self, position: u64) -> Result<(), Wrong> {
        let is_inside = self.places.iter().any(|(place, _)| *place == Place::Failure);
        if is_inside && position - self.start > self.largest {
            return Err(Wrong::Error(Error::row_too_large(self.largest as usize)));
        }
        Ok(())
    }

    /// A member begins.
    fn member(&mut self, key: &str) -> Result<(), Wrong> {
        let Some((place, seen)) = self.places.last_mut() else { return Ok(()) };
        let names: &[&str] = match place {
            Place::Answer => &["importId", "status", "failures", "summary"],
            Place::Failure => &["contactId", "matchIdentifier", "failures", "identifiers"],
            Place::InnerFailure => &["failureCode", "description"],
            _ => &[],
        };
        let bit = match names.iter().position(|name| *name == key) {
            Some(index) => 1 << index,
            // Passed over as a member that isn't known, it would take what it holds of faults with it.
            None if names.iter().any(|name| BEARING.contains(name) && name.eq_ignore_ascii_case(key)) => {
                return Err(UNDOCUMENTED.into());
            }
            None => 0,
        };
        if *seen & bit != 0 {
            return Err(REPEATED.into());
        }
        *seen |= bit;
        self.is_recognised |= *place == Place::Answer && matches!(key, "importId" | "failures" | "created" | "updated");
        self.key.clear();
        self.key.push_str(key);
        Ok(())
    }

    /// An object or a list begins.
    fn open(&mut self, is_object: bool, position: u64) -> Result<(), Wrong> {
        let place = self.places.last().map(|(place, _)| *place);
        let next = match (place, self.key.as_str(), is_object) {
            (None, _, true) => Place::Answer,
            (Some(Place::Answer), "summary", true) => Place::Summary,
            (Some(Place::Answer), "failures", false) => {
                self.has_failures = true;
                Place::Failures
            }
            (Some(Place::Failures), _, true) => {
                self.start = position - 1;
                Place::Failure
            }
            (Some(Place::Failure), "identifiers", true) => Place::Identifiers,
            (Some(Place::Failure), "failures", false) => Place::Inner,
            (Some(Place::Inner), _, true) => Place::InnerFailure,
            (Some(Place::Answer), "failures" | "summary" | "status" | "importId", _) => {
                return Err(UNDOCUMENTED.into());
            }
            (Some(Place::Answer | Place::Summary), ..) => {
                self.passing = 1;
                return Ok(());
            }
            (Some(Place::Failure), key, _)
                if !matches!(key, "identifiers" | "failures" | "contactId" | "matchIdentifier") =>
            {
                self.passing = 1;
                return Ok(());
            }
            (Some(Place::InnerFailure), key, _) if !matches!(key, "failureCode" | "description") => {
                self.passing = 1;
                return Ok(());
            }
            _ => return Err("one of its failures is not what is documented".into()),
        };
        self.places.push((next, 0));
        self.key.clear();
        Ok(())
    }

    /// An object or a list ends.
    fn close<S: RowSink>(&mut self, position: u64, sink: &mut S) -> Result<ControlFlow<()>, Wrong> {
        match self.places.pop() {
            Some((Place::InnerFailure, _)) => self.failure.end_inner(),
            Some((Place::Failure, _)) => {
                let told = self.tell(position, sink);
                self.failure.clear();
                return told;
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A text, a number or a truth value; `None` for null.
    fn value(&mut self, text: Option<&str>, is_text: bool) -> Result<(), Wrong> {
        let Some(&(place, _)) = self.places.last() else { return Ok(()) };
        match (place, self.key.as_str()) {
            (Place::Answer, "importId") => self.has_import_id = text.is_some(),
            (Place::Answer, "status") => {
                self.status = text.filter(|_| is_text).map(|text| text.chars().take(LONGEST_STATUS).collect());
            }
            (Place::Answer, "failures" | "summary") if text.is_some() => {
                return Err(UNDOCUMENTED.into());
            }
            (Place::Answer, _) => {}
            (Place::Summary, name) => {
                if let Some(text) = text
                    && self.figures.len() < MOST_FIGURES
                    && name.len() + text.len() <= LONGEST_FIGURE
                {
                    if self.figures.iter().any(|(known, _)| known == name) {
                        return Err(REPEATED.into());
                    }
                    self.figures.push((name.into(), text.into()));
                }
            }
            (Place::Failure, "contactId") => self.failure.set_contact_id(text),
            (Place::Failure, "matchIdentifier") => self.failure.set_match_identifier(text),
            (Place::Identifiers, name) => {
                let is_first = self.failure.set_identifier(name, text, &mut self.columns).map_err(Wrong::Error)?;
                if !is_first {
                    return Err(REPEATED.into());
                }
            }
            (Place::InnerFailure, "failureCode") => self.failure.set_code(text),
            (Place::InnerFailure, "description") => self.failure.set_description(text),
            (Place::Failure, "identifiers" | "failures") if text.is_none() => {}
            (Place::Failure, key) if !matches!(key, "identifiers" | "failures") => {}
            (Place::InnerFailure, _) => {}
            (Place::Failure | Place::Failures | Place::Inner, _) => {
                return Err("one of its failures is not what is documented".into());
            }
        }
        Ok(())
    }

    /// Hands on the failure that has been read, as a row.
    fn tell<S: RowSink>(&mut self, position: u64, sink: &mut S) -> Result<ControlFlow<()>, Wrong> {
        if !self.failure.sort() {
            return Err(REPEATED.into());
        }
        let custom = self.columns.custom();
        let header = if self.told == Some(custom) { 0 } else { self.columns.header_len() };
        self.allowed = self.allowed.saturating_add(position - self.start);
        self.allow((custom + header) as u64)?;
        let (code, slot) = (self.failure.code(), Slot::of(self.failure.code().as_bytes()));
        match slot {
            Some(slot) => self.counts.add_known(slot, 1),
            None if code.len() > Cell::LONGEST => self.counts.add_unknown(None, 1),
            None => self.counts.add_unknown_cell(code.as_bytes(), 1),
        }
        if self.announce(sink).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.row.clear();
        let identifiers = self.failure.write(custom, &mut self.row);
        let row = Row {
            start: 0,
            end: self.row.len() as u64,
            line: Row::NO_LINE,
            slot: slot.unwrap_or(Slot::Other),
            anomalies: AnomalySet::EMPTY,
        };
        Ok(sink.made(row, &self.row, identifiers))
    }

    /// Refuses to make very much of very little: of absent identifiers, and of names that are told again and again.
    fn allow(&mut self, bytes: u64) -> Result<(), Wrong> {
        self.allowed = self.allowed.checked_sub(bytes).ok_or_else(|| Wrong::Error(too_many_identifiers()))?;
        Ok(())
    }

    /// Tells the header, unless it is in force.
    pub(super) fn announce<S: RowSink>(&mut self, sink: &mut S) -> ControlFlow<()> {
        let custom = self.columns.custom();
        if self.told == Some(custom) {
            return ControlFlow::Continue(());
        }
        self.told = Some(custom);
        sink.header(&self.columns.header())
    }

    /// Is it an answer, as far as it has been read?
    pub(super) fn is_answer(&self) -> bool {
        self.status.is_some() && (self.has_import_id || self.has_failures)
    }

    pub(super) fn is_recognised(&self) -> bool {
        self.is_recognised
    }

    pub(super) fn has_begun(&self) -> bool {
        self.told.is_some()
    }

    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    #[cfg(feature = "client")]
    pub(super) fn into_figures(self) -> Vec<(String, String)> {
        self.figures
    }

    pub(super) fn counts(&self) -> &ReasonCounts {
        &self.counts
    }

    pub(super) fn into_counts(self) -> ReasonCounts {
        self.counts
    }
}

/// The error for an answer whose identifiers differ so much that their columns would fill the memory.
pub(crate) fn too_many_identifiers() -> Error {
    let what = "the identifiers of the failures differ so much that their absent cells would take more than is there";
    Error::new(ErrorKind::TooLarge, what).advise("look into the answer itself, which `faults fetch` saves")
}
