//! The record that is being read, and the one that is a fault.

use super::cell::{Cell, Utf8};
use crate::anomaly::AnomalySet;
use crate::reason::{FailureReason, Slot};

/// What is known of the record being read.
#[derive(Debug, Default)]
pub(super) struct Current {
    pub(super) column: usize,
    /// The reason's cell and, once the record has ended, the known reason that it says.
    pub(super) cell: Cell,
    pub(super) slot: Option<Slot>,
    pub(super) email_has_at: bool,
    pub(super) utf8: Utf8,
    pub(super) invalid_utf8: bool,
}

impl Current {
    pub(super) fn clear(&mut self) {
        self.cell.clear();
        self.column = 0;
        self.slot = None;
        self.email_has_at = false;
        self.utf8 = Utf8::default();
        self.invalid_utf8 = false;
    }
}

/// A record that is a fault, or the beginning of one.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) line: u64,
    pub(super) cells: usize,
    pub(super) slot: Slot,
    pub(super) unknown: Option<FailureReason>,
    pub(super) anomalies: AnomalySet,
}
