//! Rows of records: which are faults, why, and what was unusual; rules 4e to 9, and 2 for the records.
//!
//! # How it works
//!
//! Each record that the [`Scanner`](super::scan::Scanner) finds is one of these:
//!
//! ```text
//!   skipped          a line of nothing, or a row of blank cells
//!   the header       the first one
//!   a copy           the header in force once more            ─┐
//!   another header   from here on, the columns are its own    ─┴─ what was kept back is told before
//!   a fault          told at once; or kept back, where it is short and a line break may have torn it apart:
//!                    then the record behind it is joined to it, or it is told as it is
//! ```
//!
//! Until it is certain that this is a report, rows are kept in a queue, and nobody hears of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use memchr::{memchr, memchr_iter};

use super::cell::KnownCells;
use super::current::{Candidate, Current};
use super::head::{Head, HeaderLine};
use super::header::{Exact, Header, Names, Skip, Texts, each_record, skip};
use super::judgement::{Judgement, Queued};
use super::plain::{PlainReader, PlainRecord, RunStart, UnusualRecord};
use super::record::{Record, Run, Sink};
use super::refusal;
use super::row::{Row, RowSink};
use crate::anomaly::{Anomaly, AnomalySet};
use crate::error::Error;
use crate::reason::Slot;
use crate::reason::counts::ReasonCounts;

/// What may stand between the two parts of a row that was torn apart.
const LARGEST_GAP: u64 = 64 * 1024;

/// Makes rows of records.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) counts: ReasonCounts,
    pub(crate) failure: Option<Error>,
    /// The header in force.
    pub(crate) header: Arc<Header>,
    strict: bool,
    most_columns: usize,
    /// Has the first record been read?
    has_begun: bool,
    /// The header, where it has been read already: what is unusual about it, and its line.
    read_header: Option<(AnomalySet, u64)>,
    current: Current,
    known: Option<Box<KnownCells>>,
    /// A short row that may go on behind a line break.
    pending: Option<Candidate>,
    /// What was unusual in the last row.
    last: AnomalySet,
    judgement: Judgement,
    plain: Option<PlainReader>,
}

impl Rows {
    #[inline]
    pub(crate) fn new(head: Head, line: u64, strict: bool, most_columns: usize) -> Self {
        let judgement = Judgement::new(&head);
        let unusual = |header: HeaderLine| match header.is_utf8 {
            true => AnomalySet::EMPTY,
            false => AnomalySet::from(Anomaly::InvalidUtf8),
        };
        let read_header = head.line.map(|header| (unusual(header), line));
        Rows {
            counts: ReasonCounts::new(),
            failure: None,
            header: head.header,
            strict,
            most_columns,
            has_begun: false,
            read_header,
            current: Current::default(),
            known: None,
            pending: None,
            last: AnomalySet::EMPTY,
            judgement,
            plain: None,
        }
    }

    /// The header has more columns than it may have.
    pub(crate) fn refuse_width(&mut self) {
        let _ = self.fail(Error::too_wide(self.header.width, self.most_columns));
    }

    /// Is it certain that this is a report?
    pub(crate) fn is_certain(&self) -> bool {
        self.judgement.is_certain
    }

    /// From where on the bytes of rows that haven't been told are needed.
    pub(crate) fn needed_from(&self) -> Option<u64> {
        self.pending.as_ref().map(|pending| pending.start)
    }

    /// What stands in front of the header was skipped.
    pub(crate) fn skip_preamble(&mut self, lines: impl Iterator<Item = u64>) {
        for line in lines {
            let _ = self.unusual(AnomalySet::from(Anomaly::Preamble), line);
        }
    }

    /// Marks the counts where the input has ended in the middle of a row.
    pub(crate) fn end(&mut self, in_record: bool) {
        if in_record && self.last.iter().any(|last| matches!(last, Anomaly::ShortRow | Anomaly::UnclosedQuote)) {
            self.counts.set_cut_off();
        }
    }

    /// Rule 2, at the end of the input: may a report have no more records than these?
    pub(crate) fn is_report(&self) -> bool {
        self.judgement.is_report()
    }

    /// Rule 2, at the end of the input: the error for words with a code that were taken for a header, with nothing behind it.
    pub(crate) fn refuse_lone_header(&self) -> Option<Error> {
        let is_alone = self.header.has_names && !self.judgement.has_records && self.counts.is_empty();
        if !is_alone {
            return None;
        }
        let names: Vec<_> = self.header.names.iter().collect();
        refusal::refuse_coded(&names.join(&self.header.shape.separator))
    }

    /// Ends the reading there, or as soon as it is certain that it is one.
    pub(crate) fn fail(&mut self, error: Error) -> ControlFlow<()> {
        if self.judgement.is_certain {
            self.failure.get_or_insert(error);
            return ControlFlow::Break(());
        }
        self.judgement.failure.get_or_insert(error);
        ControlFlow::Continue(())
    }

    /// Ends the reading there, also where it isn't certain: with what was an error of a report before, or with this one.
    fn fail_at_once(&mut self, error: Error) -> ControlFlow<()> {
        let first = self.judgement.failure.take().unwrap_or(error);
        self.failure.get_or_insert(first);
        ControlFlow::Break(())
    }

    /// Counts what is unusual in a row or, in a strict reading, stops there.
    fn unusual(&mut self, anomalies: AnomalySet, line: u64) -> ControlFlow<()> {
        self.counts.anomalies_mut().record(anomalies, line);
        match anomalies.iter().next() {
            Some(anomaly) if self.strict => self.fail(Error::strict(anomaly, line)),
            _ => ControlFlow::Continue(()),
        }
    }

    fn candidate(&self, record: &Record, anomalies: AnomalySet) -> Candidate {
        let slot = self.current.slot;
        Candidate {
            start: record.start,
            end: record.end,
            line: record.line,
            cells: record.cells,
            slot: slot.unwrap_or(Slot::Other),
            unknown: if slot.is_none() { self.current.cell.unknown_reason() } else { None },
            anomalies,
        }
    }
}

/// Rows as they come, from a buffer to a sink.
pub(crate) struct Taking<'t, 'b, S> {
    pub(crate) rows: &'t mut Rows,
    pub(crate) sink: &'t mut S,
    pub(crate) buffer: &'b [u8],
    /// Where the buffer starts in the input.
    pub(crate) base: u64,
    /// May plain records be read at once?
    pub(crate) may_run: bool,
    /// How the columns of a header are found.
    pub(crate) names: &'t Names,
}

impl<'b, S: RowSink> Taking<'_, 'b, S> {
    /// Begins with the header, where it has been read already.
    pub(crate) fn begin(&mut self) -> ControlFlow<()> {
        let Some((anomalies, line)) = self.rows.read_header.take() else { return ControlFlow::Continue(()) };
        self.rows.has_begun = true;
        self.begin_header()?;
        self.rows.unusual(anomalies, line)
    }

    /// It is a report: what has been kept back is told.
    pub(crate) fn is_certain(&mut self) -> ControlFlow<()> {
        let judgement = &mut self.rows.judgement;
        judgement.is_certain = true;
        if let Some(failure) = judgement.failure.take() {
            return self.rows.fail(failure);
        }
        for queued in std::mem::take(&mut judgement.queue) {
            match queued {
                Queued::Header(header) => self.sink.header(&header)?,
                Queued::Row(row) => self.tell(row)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// What is pending doesn't go on.
    pub(crate) fn flush(&mut self) -> ControlFlow<()> {
        self.rows.pending.take().map_or(ControlFlow::Continue(()), |pending| self.emit(pending))
    }

    /// What stands behind a pending row is too much already to be part of it, if the next record starts here.
    pub(crate) fn flush_before(&mut self, position: u64) -> ControlFlow<()> {
        match &self.rows.pending {
            Some(pending) if position - pending.end > LARGEST_GAP => self.flush(),
            _ => ControlFlow::Continue(()),
        }
    }

    fn tell(&mut self, row: Row) -> ControlFlow<()> {
        if !S::NEEDS_BYTES {
            return self.sink.row(row, &[]);
        }
        let (largest, len) = (self.rows.header.shape.largest_row, row.end - row.start);
        if len > largest as u64 {
            return self.rows.fail(Error::row_too_large(largest).at_line(row.line));
        }
        let from = |position: u64| position.checked_sub(self.base).map_or(usize::MAX, |at| at as usize);
        match self.buffer.get(from(row.start)..from(row.end)) {
            Some(bytes) => self.sink.row(row, bytes),
            None => self.rows.fail(Error::row_too_large(largest).at_line(row.line)),
        }
    }

    /// A header comes into force.
    fn begin_header(&mut self) -> ControlFlow<()> {
        let Rows { header, plain, judgement, .. } = &mut *self.rows;
        *plain = PlainReader::for_rows_under(header, self.may_run);
        if judgement.is_certain {
            return self.sink.header(header);
        }
        judgement.queue.push(Queued::Header(Arc::clone(header)));
        ControlFlow::Continue(())
    }

    /// Rule 2: does this record show that it is a report?
    fn judge(&mut self, record: &Record) -> ControlFlow<()> {
        let judgement = &mut self.rows.judgement;
        if judgement.is_certain || record.cells < 2 {
            return ControlFlow::Continue(());
        }
        let counts = judgement.counts(record);
        if counts && self.rows.current.slot.is_some() {
            return self.is_certain();
        }
        // Nothing that comes can show it any more.
        if counts { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn first_record(&mut self, record: &Record, anomalies: AnomalySet) -> ControlFlow<()> {
        self.rows.has_begun = true;
        self.begin_header()?;
        if self.rows.header.has_names {
            return self.rows.unusual(anomalies, record.line);
        }
        self.rows.judgement.has_records = true;
        self.judge(record)?;
        let candidate = self.rows.candidate(record, anomalies.with(Anomaly::NoHeader));
        self.emit(candidate)
    }

    /// Rule 4e: a record that is a header once more, or another one.
    fn later_header(&mut self, record: &Record, bytes: &'b [u8], anomalies: AnomalySet) -> Option<ControlFlow<()>> {
        let header = &self.rows.header;
        let is_known = self.rows.current.slot.is_some();
        let may_be_copy = !is_known || header.is_like_fault();
        if record.is_marked_header || may_be_copy && header.is_copy(bytes, record.cells) {
            return Some(self.begin_again(None, record, anomalies.with(Anomaly::RepeatedHeader)));
        }
        if is_known || memchr(b'@', bytes).is_some() {
            return None;
        }
        let cells = self.other_header(bytes)?;
        self.rows.judgement.has_records = true;
        Some(self.begin_again(Some(cells), record, anomalies.with(Anomaly::OtherHeader)))
    }

    /// The names of another header, if the record is one.
    fn other_header(&self, bytes: &[u8]) -> Option<(Texts, Exact)> {
        let Header { shape, reason, email, .. } = *self.rows.header;
        let mut other = None;
        each_record(bytes, true, shape, (reason, email), |_, cells| {
            let exact = self.names.exact(&cells);
            other = exact.is_both().then_some((cells, exact));
            ControlFlow::Break(())
        });
        other
    }

    fn begin_again(
        &mut self,
        other: Option<(Texts, Exact)>,
        record: &Record,
        anomalies: AnomalySet,
    ) -> ControlFlow<()> {
        self.flush()?;
        let Some((cells, exact)) = other else { return self.rows.unusual(anomalies, record.line) };
        let (columns, most, shape) = (cells.len(), self.rows.most_columns, self.rows.header.shape);
        match Header::new(cells, &exact, shape, self.names) {
            Ok(header) => self.rows.header = header,
            Err(error) => return self.rows.fail_at_once(error.at_line(record.line)),
        }
        if columns > most {
            self.rows.fail(Error::too_wide(columns, most).at_line(record.line))?;
        }
        self.rows.unusual(anomalies, record.line)?;
        self.begin_header()
    }

    /// Rule 7: does the record go on with the row that is pending?
    fn goes_on(&self, pending: &Candidate, candidate: &Candidate) -> bool {
        candidate.slot == Slot::Other
            && !self.rows.current.email_has_at
            && pending.cells + candidate.cells - 1 <= self.rows.header.width
            && candidate.start - pending.end <= LARGEST_GAP
    }

    fn further_record(&mut self, record: &Record, anomalies: AnomalySet) -> ControlFlow<()> {
        let candidate = self.rows.candidate(record, anomalies);
        if let Some(mut pending) = self.rows.pending.take() {
            if self.goes_on(&pending, &candidate) {
                pending.end = candidate.end;
                pending.cells += candidate.cells - 1;
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
        if self.rows.header.may_go_on(candidate.cells) {
            self.rows.pending = Some(candidate);
            return ControlFlow::Continue(());
        }
        self.emit(candidate)
    }

    fn emit(&mut self, candidate: Candidate) -> ControlFlow<()> {
        let Candidate { start, end, line, cells, slot, unknown, mut anomalies } = candidate;
        let width = self.rows.header.width;
        if cells < width {
            anomalies.insert(Anomaly::ShortRow);
        } else if cells > width {
            anomalies.insert(Anomaly::LongRow);
        }
        self.rows.last = anomalies;
        self.rows.unusual(anomalies, line)?;
        match slot {
            Slot::Other => self.rows.counts.add_unknown(unknown, 1),
            slot => self.rows.counts.add_known(slot, 1),
        }
        let row = Row { start, end, line, slot, anomalies };
        if self.rows.judgement.is_certain {
            return self.tell(row);
        }
        self.rows.judgement.queue.push(Queued::Row(row));
        ControlFlow::Continue(())
    }
}

impl<'b, S: RowSink> Sink<'b> for Taking<'_, 'b, S> {
    fn text(&mut self, piece: &'b [u8]) {
        let current = &mut self.rows.current;
        current.utf8.feed(piece);
        if current.column == self.rows.header.reason {
            current.cell.feed(piece);
        }
        if Some(current.column) == self.rows.header.email {
            current.email_has_at |= memchr(b'@', piece).is_some();
        }
    }

    fn end_cell(&mut self) -> ControlFlow<()> {
        let current = &mut self.rows.current;
        current.invalid_utf8 |= !current.utf8.finish();
        current.column += 1;
        ControlFlow::Continue(())
    }

    fn cells(&mut self, line: &'b [u8], separator: u8) -> ControlFlow<(), usize> {
        let (current, header) = (&mut self.rows.current, &self.rows.header);
        let (mut cells, mut start) = (0, 0);
        for end in memchr_iter(separator, line).chain([line.len()]) {
            let cell = line.get(start..end).unwrap_or_default();
            if cells == header.reason {
                current.cell.feed(cell);
            }
            if Some(cells) == header.email {
                current.email_has_at = memchr(b'@', cell).is_some();
            }
            start = end + 1;
            cells += 1;
        }
        current.invalid_utf8 = !line.is_ascii() && simdutf8::basic::from_utf8(line).is_err();
        ControlFlow::Continue(cells)
    }

    fn end_record(&mut self, record: Record, bytes: Option<&'b [u8]>) -> ControlFlow<()> {
        let skipped = skip(&record, bytes.unwrap_or_default(), self.rows.header.shape.separator);
        let flow = match skipped {
            Skip::Silently => ControlFlow::Continue(()),
            Skip::BlankRow => self.blank_row(record.line),
            Skip::No => self.record(&record, bytes),
        };
        self.rows.current.clear();
        flow
    }

    fn is_fault(&self, line: &[u8]) -> bool {
        let header = &*self.rows.header;
        if self.rows.has_begun {
            return header.is_fault(line);
        }
        super::header::is_fault(line, header.shape.separator, 0, Some(1))
    }

    fn take_plain_records(&mut self, bytes: &'b [u8], start: u64, line: u64) -> ControlFlow<(), Run> {
        let mut run = Run::default();
        loop {
            let Taking { rows, sink, .. } = self;
            let Rows {
                plain: Some(plain), judgement: Judgement { is_certain: true, .. }, header, pending, counts, ..
            } = rows
            else {
                return ControlFlow::Continue(run);
            };
            let (ahead, start) = (&bytes[run.bytes..], start + run.bytes as u64);
            let mut flow = ControlFlow::Continue(());
            let from = RunStart { position: start, line: line + run.lines, is_held: pending.is_some() };
            let more = plain.read(header, ahead, from, |record| {
                let PlainRecord { from, to, line, slot, unknown } = record;
                match unknown {
                    None => counts.add_known(slot, 1),
                    Some(cell) => counts.add_unknown_cell(cell, 1),
                }
                let (start, end) = (start + from as u64, start + to as u64);
                let row = Row { start, end, line, slot, anomalies: AnomalySet::EMPTY };
                flow = sink.row(row, if S::NEEDS_BYTES { &ahead[from..to] } else { &[] });
                flow
            });
            run.bytes += more.bytes;
            run.lines += more.lines;
            let unusual = plain.take_unusual();
            if more.bytes > 0 {
                rows.last = AnomalySet::EMPTY;
            }
            flow?;
            let Some(unusual) = unusual else { return ControlFlow::Continue(run) };
            self.unusual_record(&unusual, start)?;
        }
    }

    fn begins_with_header(&self, text: &[u8], last: bool) -> Option<bool> {
        if self.rows.has_begun { self.rows.header.begins(text, last) } else { Some(false) }
    }
}

impl<'b, S: RowSink> Taking<'_, 'b, S> {
    /// A record that was read at once, but isn't as it should be. Its reason is known: so it doesn't go on with what is
    /// pending.
    fn unusual_record(&mut self, record: &UnusualRecord, start: u64) -> ControlFlow<()> {
        self.flush()?;
        let &UnusualRecord { from, to, line, slot, cells, is_utf8 } = record;
        let anomalies = if is_utf8 { AnomalySet::EMPTY } else { AnomalySet::from(Anomaly::InvalidUtf8) };
        let (start, end) = (start + from as u64, start + to as u64);
        self.hold_or_emit(Candidate { start, end, line, cells, slot, unknown: None, anomalies })
    }

    /// A strict reading names the row that begins first: what is pending is unusual in any case.
    fn blank_row(&mut self, line: u64) -> ControlFlow<()> {
        let blank = AnomalySet::from(Anomaly::BlankRow);
        if self.rows.pending.is_some() {
            self.rows.counts.anomalies_mut().record(blank, line);
            return ControlFlow::Continue(());
        }
        self.rows.unusual(blank, line)
    }

    /// A record that is not skipped.
    fn record(&mut self, record: &Record, bytes: Option<&'b [u8]>) -> ControlFlow<()> {
        let mut anomalies = AnomalySet::EMPTY;
        if record.unclosed_quote {
            anomalies.insert(Anomaly::UnclosedQuote);
        }
        if self.rows.current.invalid_utf8 {
            anomalies.insert(Anomaly::InvalidUtf8);
        }
        let is_header = !self.rows.has_begun && self.rows.header.has_names;
        if !is_header {
            self.rows.current.slot = self.rows.known.get_or_insert_default().slot(&self.rows.current.cell);
        }
        if !self.rows.has_begun {
            return self.first_record(record, anomalies);
        }
        self.judge(record)?;
        if let Some(done) = bytes.and_then(|bytes| self.later_header(record, bytes, anomalies)) {
            return done;
        }
        self.rows.judgement.has_records = true;
        self.further_record(record, anomalies)
    }
}
