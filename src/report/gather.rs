//! A report in memory, from bytes that come in pieces.
//!
//! # How it works
//!
//! The bytes of a CSV are kept: they are the report. Those of the newer API's answer are not, since most of them are about
//! contacts that were imported; the CSV that is made of its failures is. Which of the two it is, the first character tells.
//!
//! The rows of an answer are made as they come, and so those before stand under fewer columns than those behind a custom
//! identifier that is new. In the end they all get the columns of the last ones:
//!
//! ```text
//!   InvalidEmail,a@,,,email     ,InvalidEmail,…         InvalidEmail,a@,,,email,        ,InvalidEmail,…
//!   InvalidEmail,b@,,,email,L-1 ,InvalidEmail,…   ─►    InvalidEmail,b@,,,email,L-1     ,InvalidEmail,…
//!   InvalidEmail,c@,,,email,,B-7,InvalidEmail,…         InvalidEmail,c@,,,email,,B-7    ,InvalidEmail,…
//! ```

use std::ops::ControlFlow;
use std::sync::Arc;

use super::FaultReport;
use super::index::Index;
use crate::anomaly::AnomalySet;
use crate::error::{Error, Result};
use crate::read::Reading;
use crate::read::answer::{ABSENT, push_record, too_many_identifiers};
use crate::read::header::Header;
use crate::read::message::begins_as_object;
use crate::read::options::{Expected, ReadOptions};
use crate::read::push::Push;
use crate::read::row::{Row, RowSink};
use crate::reason::Slot;

/// Gathers a report.
pub(crate) struct Gathering {
    options: ReadOptions,
    /// The input, but for that of an answer, which is read at once.
    bytes: Vec<u8>,
    answer: Option<Box<(Push, Made)>>,
    /// Is it known which of the two it is? Until then, so much of it has been seen.
    is_decided: bool,
    seen: usize,
}

impl Gathering {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        let is_decided = options.expected == Expected::Csv;
        Gathering { options: options.clone(), bytes: Vec::new(), answer: None, is_decided, seen: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(answer) = &mut self.answer {
            return answer.0.feed(bytes, &mut answer.1);
        }
        self.bytes.try_reserve(bytes.len()).map_err(|_| Error::out_of_memory("for the report as a whole"))?;
        self.bytes.extend_from_slice(bytes);
        self.decide()
    }

    /// Takes all bytes of the input at once.
    pub(crate) fn take(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.bytes = bytes;
        self.decide()
    }

    /// The bytes that are kept, to which those of a CSV may be added; `None` where it isn't known to be one.
    pub(crate) fn csv(&mut self) -> Option<&mut Vec<u8>> {
        (self.is_decided && self.answer.is_none()).then_some(&mut self.bytes)
    }

    /// How many bytes are kept.
    pub(crate) fn len(&self) -> usize {
        self.answer.as_ref().map_or(self.bytes.len(), |answer| answer.1.rows.len())
    }

    fn decide(&mut self) -> Result<()> {
        if self.is_decided {
            return Ok(());
        }
        let Some(is_object) = begins_as_object(&self.bytes, &mut self.seen) else { return Ok(()) };
        self.is_decided = true;
        if is_object {
            let answer = self.answer.insert(Box::new((Push::new(&self.options), Made::default())));
            return answer.0.feed(&std::mem::take(&mut self.bytes), &mut answer.1);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<FaultReport> {
        match self.answer {
            Some(answer) => {
                let (push, mut made) = *answer;
                let counts = push.finish(&mut made)?;
                let (bytes, index) = made.finish()?;
                Ok(FaultReport { bytes, index: Arc::new(index), counts })
            }
            None => {
                let (mut reading, mut index) = (Reading::new(&self.options), Index::default());
                reading.read(&self.bytes, true, &mut index)?;
                index.shrink_to_fit();
                Ok(FaultReport { bytes: self.bytes, index: Arc::new(index), counts: reading.into_counts() })
            }
        }
    }
}

/// The rows that were made of an answer, one behind the other.
#[derive(Default)]
struct Made {
    rows: Vec<u8>,
    places: Vec<MadeRow>,
    header: Option<Arc<Header>>,
}

/// One of them: where it ends, and the cells of its identifiers; under how many columns; and why.
struct MadeRow {
    end: usize,
    identifiers: usize,
    width: u32,
    slot: Slot,
}

impl RowSink for Made {
    const NEEDS_BYTES: bool = true;

    fn header(&mut self, header: &Arc<Header>) -> ControlFlow<()> {
        self.header = Some(Arc::clone(header));
        ControlFlow::Continue(())
    }

    fn row(&mut self, _: Row, _: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn made(&mut self, row: Row, bytes: &[u8], identifiers: usize) -> ControlFlow<()> {
        let identifiers = self.rows.len() + identifiers;
        self.rows.extend_from_slice(bytes);
        let width = self.header.as_ref().map_or(0, |header| header.width) as u32;
        self.places.push(MadeRow { end: self.rows.len(), identifiers, width, slot: row.slot });
        ControlFlow::Continue(())
    }
}

impl Made {
    /// The CSV of all rows under one header, and where they stand in it.
    fn finish(self) -> Result<(Vec<u8>, Index)> {
        let (mut csv, mut index) = (Vec::new(), Index::default());
        let Some(header) = self.header else { return Ok((csv, index)) };
        let absent = |row: &MadeRow| header.width - row.width as usize;
        let further = self.places.iter().fold(0, |sum: u64, row| sum.saturating_add(absent(row) as u64));
        if further > ABSENT.saturating_add(self.rows.len() as u64) {
            return Err(too_many_identifiers());
        }
        push_record(header.names.iter(), &mut csv);
        csv.reserve_exact(self.rows.len() + further as usize + self.places.len());
        let _ = index.header(&header);
        let mut start = 0;
        for row in &self.places {
            let at = csv.len();
            csv.extend_from_slice(self.rows.get(start..row.identifiers).unwrap_or_default());
            csv.resize(csv.len() + absent(row), b',');
            csv.extend_from_slice(self.rows.get(row.identifiers..row.end).unwrap_or_default());
            let (from, to) = (at as u64, csv.len() as u64);
            let anomalies = AnomalySet::EMPTY;
            let _ = index.row(Row { start: from, end: to, line: Row::NO_LINE, slot: row.slot, anomalies }, &[]);
            csv.push(b'\n');
            start = row.end;
        }
        index.shrink_to_fit();
        Ok((csv, index))
    }
}
