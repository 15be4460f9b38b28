//! One fault, and who takes it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::header::Header;
use crate::anomaly::AnomalySet;
use crate::reason::Slot;

/// One fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Where its record starts, in bytes from the start of the input.
    pub(crate) start: u64,
    /// Where it ends, without its line end.
    pub(crate) end: u64,
    /// The physical line, counted from 1; [`NO_LINE`](Self::NO_LINE) of a row that was made.
    pub(crate) line: u64,
    pub(crate) slot: Slot,
    pub(crate) anomalies: AnomalySet,
}

impl Row {
    /// A row that stands on no line.
    pub(crate) const NO_LINE: u64 = 0;
}

/// Takes the faults, in order, and the headers under which they stand. `Break` ends the reading.
pub(crate) trait RowSink {
    /// Does it look at the rows' bytes? Else they are empty.
    const NEEDS_BYTES: bool;

    /// From here on, faults stand under this header.
    fn header(&mut self, header: &Arc<Header>) -> ControlFlow<()>;

    fn row(&mut self, row: Row, bytes: &[u8]) -> ControlFlow<()>;

    /// A row that stands nowhere in the input, but was made of it. Its bytes are always there, and its place is one in
    /// them; the cells of its custom identifiers end at `identifiers`.
    fn made(&mut self, row: Row, bytes: &[u8], identifiers: usize) -> ControlFlow<()> {
        let _ = identifiers;
        self.row(row, bytes)
    }
}

/// For those who only want the counts.
impl RowSink for () {
    const NEEDS_BYTES: bool = false;

    fn header(&mut self, _: &Arc<Header>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, _: Row, _: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
