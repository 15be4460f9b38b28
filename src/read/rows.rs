//! Which records of a report are faults, and what each of them says: the reading rules.
//!
//! Records come in; counts come out, and a row at a time goes to a [`RowSink`].

use std::ops::ControlFlow;

use memchr::memchr;

use crate::anomaly::{Anomaly, AnomalySet};
use crate::error::Error;
use crate::read::cell::{Cell, Utf8};
use crate::read::plain::{PlainReader, PlainRecord, Run, Shape};
use crate::read::scan::{Record, Scanner, Sink};
use crate::reason::counts::ReasonCounts;
use crate::reason::{FailureReason, Slot};

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Where its record starts, in bytes from the start of the input.
    pub(crate) start: u64,
    /// Where it ends, without its line end.
    pub(crate) end: u64,
    pub(crate) line: u64,
    pub(crate) slot: Slot,
    pub(crate) anomalies: AnomalySet,
}

/// Takes the faults, in order.
pub(crate) trait RowSink {
    fn row(&mut self, row: Row);
}

/// For those who only want the counts.
impl RowSink for () {
    fn row(&mut self, _: Row) {}
}

/// How the columns of a report lie.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    /// Where the header starts and ends in the input; `None` where the report has none.
    pub(crate) header: Option<(u64, u64)>,
    /// How many columns the header has or, without one, the first record.
    pub(crate) width: usize,
    pub(crate) reason: usize,
    pub(crate) email: Option<usize>,
}

/// Makes rows of records.
#[derive(Debug)]
pub(crate) struct Rows<S> {
    pub(crate) sink: S,
    strict: bool,
    pub(crate) counts: ReasonCounts,
    pub(crate) layout: Layout,
    header: Header,
    current: Current,
    /// A short row that may go on behind a line break.
    pending: Option<Candidate>,
    /// What was unusual in the last row.
    pub(crate) last: AnomalySet,
    pub(crate) failure: Option<Error>,
    /// May plain records be read at once?
    may_run: bool,
    /// Reads them, once it is known how they look.
    plain: Option<Box<PlainReader>>,
}

/// The first record.
#[derive(Debug, Default)]
struct Header {
    seen: bool,
    /// Has it a column by the name of the reason or the email, or no name at all?
    certain: bool,
    reason: Option<usize>,
    email: Option<usize>,
    first_cell: Cell,
    /// Its names, one behind the other, and where each of them ends; `None` where they were too many to be kept.
    names: Option<(Vec<u8>, Vec<usize>)>,
}

impl Header {
    /// The most bytes of names and ends that are kept to recognise the header where it is repeated.
    const LONGEST: usize = 64 * 1024;

    fn add_name(&mut self, column: usize, name: &Cell) {
        let key = name.key();
        if key.is_reason_column() {
            self.reason.get_or_insert(column);
        }
        if key.is_email_column() {
            self.email.get_or_insert(column);
        }
        if column == 0 {
            self.first_cell.clone_from(name);
            self.names = Some(Default::default());
        }
        self.names = self.names.take().zip(name.bytes()).and_then(|((mut names, mut ends), name)| {
            names.extend_from_slice(name);
            ends.push(names.len());
            (names.len() + ends.len() <= Self::LONGEST).then_some((names, ends))
        });
    }
}

impl Header {
    /// Is the name of this column a known reason?
    fn names_known_reason(&self, column: usize) -> bool {
        self.names.as_ref().is_some_and(|(names, ends)| {
            let start = column.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied());
            let name = start.zip(ends.get(column)).and_then(|(start, &end)| names.get(start..end));
            name.is_some_and(|name| Slot::of(name).is_some())
        })
    }
}

/// Compares a record with the header, piece by piece.
#[derive(Clone, Copy, Debug, Default)]
struct Comparison {
    column: usize,
    at: usize,
    differs: bool,
}

impl Comparison {
    fn text(&mut self, header: &Header, piece: &[u8]) {
        if !self.differs {
            self.differs = !header.names.as_ref().is_some_and(|(names, _)| names[self.at..].starts_with(piece));
            self.at += piece.len();
        }
    }

    fn end_field(&mut self, header: &Header) {
        if !self.differs {
            let end = header.names.as_ref().and_then(|(_, ends)| ends.get(self.column));
            self.differs = end != Some(&self.at);
            self.column += 1;
        }
    }

    fn is_header(&self, header: &Header) -> bool {
        !self.differs && header.names.as_ref().is_some_and(|(_, ends)| ends.len() == self.column)
    }
}

/// What is known of the record being read.
#[derive(Debug, Default)]
struct Current {
    column: usize,
    /// The reason or, in the first record, the name being read.
    cell: Cell,
    email_has_at: bool,
    utf8: Utf8,
    invalid_utf8: bool,
    comparison: Comparison,
}

impl Current {
    fn clear(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        *self = Current { cell, ..Current::default() };
    }
}

/// A record that is a fault, or the beginning of one.
#[derive(Debug)]
struct Candidate {
    start: u64,
    end: u64,
    line: u64,
    fields: usize,
    slot: Slot,
    unknown: Option<FailureReason>,
    anomalies: AnomalySet,
}

impl<S: RowSink> Rows<S> {
    pub(crate) fn new(sink: S, strict: bool, may_run: bool) -> Self {
        Rows {
            sink,
            strict,
            counts: ReasonCounts::new(),
            layout: Layout::default(),
            header: Header::default(),
            current: Current::default(),
            pending: None,
            last: AnomalySet::EMPTY,
            failure: None,
            may_run,
            plain: None,
        }
    }

    /// Has there been nothing yet but a line of one column that isn't the header of a report?
    pub(crate) fn may_be_text(&self) -> bool {
        !self.header.certain && self.counts.is_empty() && self.pending.is_none()
    }

    /// Decides whether the first record is the header.
    fn first_record(&mut self, record: Record, mut anomalies: AnomalySet) -> ControlFlow<()> {
        let named = self.header.reason.or(self.header.email).is_some();
        let slot = self.header.first_cell.slot();
        let is_fault = !named && (slot.is_some() || record.fields >= 2 && self.current.email_has_at);
        self.header.seen = true;
        self.header.certain = named || is_fault || record.fields >= 2;
        let reason = self.header.reason.unwrap_or(0);
        let email = self.header.email.or((0..record.fields).find(|&column| column != reason));
        let header = (!is_fault).then_some((record.start, record.end));
        self.layout = Layout { header, width: record.fields, reason, email };
        self.plain = self.shape(!is_fault).map(|shape| Box::new(PlainReader::new(shape)));
        if !is_fault {
            return self.unusual(anomalies, record.line);
        }
        anomalies.insert(Anomaly::NoHeader);
        self.header.names = None;
        self.current.cell = std::mem::take(&mut self.header.first_cell);
        let candidate = self.candidate(record, anomalies);
        self.emit(candidate)
    }

    /// How plain records look, where there may be any.
    fn shape(&self, has_header: bool) -> Option<Shape> {
        let Layout { width, reason, .. } = self.layout;
        // Under such a header, a record with a known reason may be the header once more.
        let header_is_fault = has_header && self.header.names_known_reason(reason);
        let at_an_edge = reason == 0 || reason + 1 == width;
        (self.may_run && at_an_edge && !header_is_fault).then_some(Shape { width, reason_last: reason > 0 })
    }

    fn candidate(&self, record: Record, anomalies: AnomalySet) -> Candidate {
        let slot = self.current.cell.slot();
        Candidate {
            start: record.start,
            end: record.end,
            line: record.line,
            fields: record.fields,
            slot: slot.unwrap_or(Slot::Other),
            unknown: if slot.is_none() { self.current.cell.unknown_reason() } else { None },
            anomalies,
        }
    }

    fn further_record(&mut self, record: Record, anomalies: AnomalySet) -> ControlFlow<()> {
        if self.current.comparison.is_header(&self.header) {
            self.flush()?;
            let mut anomalies = anomalies;
            anomalies.insert(Anomaly::RepeatedHeader);
            return self.unusual(anomalies, record.line);
        }
        let candidate = self.candidate(record, anomalies);
        if let Some(mut pending) = self.pending.take() {
            let fields = pending.fields + candidate.fields - 1;
            let goes_on = candidate.slot == Slot::Other && !self.current.email_has_at && fields <= self.layout.width;
            if goes_on {
                pending.end = candidate.end;
                pending.fields = fields;
                pending.anomalies.extend(candidate.anomalies);
                pending.anomalies.insert(Anomaly::RejoinedRow);
                return self.hold_or_emit(pending);
            }
            self.emit(pending)?;
        }
        self.hold_or_emit(candidate)
    }

    /// Keeps a fault back that a line break may have torn apart; only the record behind it tells.
    fn hold_or_emit(&mut self, candidate: Candidate) -> ControlFlow<()> {
        let Layout { width, reason, .. } = self.layout;
        if reason == 0 && width >= 3 && (2..width).contains(&candidate.fields) {
            self.pending = Some(candidate);
            ControlFlow::Continue(())
        } else {
            self.emit(candidate)
        }
    }

    pub(crate) fn flush(&mut self) -> ControlFlow<()> {
        self.pending.take().map_or(ControlFlow::Continue(()), |pending| self.emit(pending))
    }

    fn emit(&mut self, candidate: Candidate) -> ControlFlow<()> {
        let Candidate { start, end, line, fields, slot, unknown, mut anomalies } = candidate;
        if fields < self.layout.width {
            anomalies.insert(Anomaly::ShortRow);
        } else if fields > self.layout.width {
            anomalies.insert(Anomaly::LongRow);
        }
        self.last = anomalies;
        self.unusual(anomalies, line)?;
        match slot {
            Slot::Other => self.counts.add_unknown(unknown, 1),
            slot => self.counts.add_known(slot, 1),
        }
        self.sink.row(Row { start, end, line, slot, anomalies });
        ControlFlow::Continue(())
    }

    /// Counts what is unusual in a row or, in a strict reading, stops there.
    fn unusual(&mut self, anomalies: AnomalySet, line: u64) -> ControlFlow<()> {
        self.counts.anomalies_mut().record(anomalies, line);
        match anomalies.iter().next() {
            Some(anomaly) if self.strict => {
                self.failure = Some(Error::strict(anomaly, line));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

impl<'b, S: RowSink> Sink<'b> for Rows<S> {
    fn text(&mut self, piece: &'b [u8]) -> ControlFlow<()> {
        let current = &mut self.current;
        current.utf8.feed(piece);
        let (names, email) = if self.header.seen {
            current.comparison.text(&self.header, piece);
            (current.column == self.layout.reason, self.layout.email)
        } else {
            (true, Some(1))
        };
        if names {
            current.cell.feed(piece);
        }
        if email == Some(current.column) {
            current.email_has_at |= memchr(b'@', piece).is_some();
        }
        ControlFlow::Continue(())
    }

    fn end_field(&mut self) -> ControlFlow<()> {
        let current = &mut self.current;
        current.invalid_utf8 |= !current.utf8.finish();
        if self.header.seen {
            current.comparison.end_field(&self.header);
        } else {
            self.header.add_name(current.column, &current.cell);
            current.cell.clear();
        }
        current.column += 1;
        ControlFlow::Continue(())
    }

    fn end_record(&mut self, record: Record) -> ControlFlow<()> {
        let mut anomalies = AnomalySet::EMPTY;
        if record.unclosed_quote {
            anomalies.insert(Anomaly::UnclosedQuote);
        }
        if self.current.invalid_utf8 {
            anomalies.insert(Anomaly::InvalidUtf8);
        }
        let flow = if self.header.seen {
            self.further_record(record, anomalies)
        } else {
            self.first_record(record, anomalies)
        };
        self.current.clear();
        flow
    }

    fn blank_line(&mut self) {
        self.current.clear();
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        is_fault(line)
    }

    fn take_plain_records(&mut self, bytes: &[u8], start: u64, line: u64) -> Run {
        // What is pending may go on in the next record.
        let (Some(plain), None) = (&mut self.plain, &self.pending) else { return Run::default() };
        let (counts, sink) = (&mut self.counts, &mut self.sink);
        let run = plain.read(bytes, start, line, |PlainRecord { start, end, line, slot }| {
            counts.add_known(slot, 1);
            sink.row(Row { start, end, line, slot, anomalies: AnomalySet::EMPTY });
        });
        if run.bytes > 0 {
            self.last = AnomalySet::EMPTY;
        }
        run
    }

    fn begins_with_header(&self, text: &[u8], last: bool, largest_field: usize) -> Option<bool> {
        if self.header.names.is_none() {
            return Some(false);
        }
        let mut copy = HeaderCopy { header: &self.header, comparison: Comparison::default(), found: false };
        Scanner::new(largest_field).scan_beginning(text, last, &mut copy);
        (copy.found || copy.comparison.differs || last).then_some(copy.found)
    }
}

/// Does a line begin with a known reason, a comma and a cell with an `@`?
pub(crate) fn is_fault(line: &[u8]) -> bool {
    let mut cells = line.splitn(3, |&byte| byte == b',');
    cells.next().is_some_and(|cell| Slot::of(cell).is_some())
        && cells.next().is_some_and(|cell| memchr(b'@', cell).is_some())
}

/// Looks whether a text begins with the header.
struct HeaderCopy<'h> {
    header: &'h Header,
    comparison: Comparison,
    found: bool,
}

impl HeaderCopy<'_> {
    fn go_on(&self) -> ControlFlow<()> {
        if self.comparison.differs { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl<'b> Sink<'b> for HeaderCopy<'_> {
    fn text(&mut self, piece: &'b [u8]) -> ControlFlow<()> {
        self.comparison.text(self.header, piece);
        self.go_on()
    }

    fn end_field(&mut self) -> ControlFlow<()> {
        self.comparison.end_field(self.header);
        self.go_on()
    }

    fn end_record(&mut self, record: Record) -> ControlFlow<()> {
        // A blank line in front of it would make it another line's record.
        self.found = record.start == 0 && self.comparison.is_header(self.header);
        self.comparison.differs = !self.found;
        ControlFlow::Break(())
    }

    fn blank_line(&mut self) {
        self.comparison.differs = true;
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        is_fault(line)
    }
}
