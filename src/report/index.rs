//! Where each fault of a report in memory stands, in a few bytes a row.

use memchr::memchr2_iter;

use crate::anomaly::{Anomaly, AnomalySet};
use crate::read::rows::{Row, RowSink};
use crate::reason::Slot;

/// For how many rows the line is counted from one that is kept.
const LINE_STEP: usize = 32;

/// A quarter more than six bytes a row, and sixteen for each row that was torn apart.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The lower half of where each row starts.
    starts: Vec<u32>,
    /// The first row of each further 4 GiB of the input.
    upper: Vec<usize>,
    slots: Vec<Slot>,
    anomalies: Vec<AnomalySet>,
    /// The line of every `LINE_STEP`th row.
    lines: Vec<u64>,
    /// Each row that was torn apart, and where it ends: what follows it reads as one more part of it.
    torn: Vec<(usize, u64)>,
}

impl RowSink for Index {
    fn row(&mut self, row: Row) {
        let number = self.len();
        while (self.upper.len() as u64) < row.start >> 32 {
            self.upper.push(number);
        }
        if number.is_multiple_of(LINE_STEP) {
            self.lines.push(row.line);
        }
        if row.anomalies.contains(Anomaly::RejoinedRow) {
            self.torn.push((number, row.end));
        }
        self.starts.push(row.start as u32);
        self.slots.push(row.slot);
        self.anomalies.push(row.anomalies);
    }
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Where the row starts, in bytes from the start of the input.
    pub(crate) fn start(&self, row: usize) -> Option<usize> {
        let upper = self.upper.partition_point(|&first| first <= row);
        self.starts.get(row).map(|&lower| upper << 32 | lower as usize)
    }

    /// Where the row ends if it was torn apart; any other ends with its first record.
    pub(crate) fn torn_end(&self, row: usize) -> Option<usize> {
        let torn = self.torn.binary_search_by_key(&row, |&(row, _)| row).ok()?;
        self.torn.get(torn).map(|&(_, end)| end as usize)
    }

    pub(crate) fn slot(&self, row: usize) -> Option<Slot> {
        self.slots.get(row).copied()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn anomalies(&self, row: usize) -> AnomalySet {
        self.anomalies.get(row).copied().unwrap_or_default()
    }

    /// The physical line, counted from 1, on which the row starts.
    pub(crate) fn line(&self, row: usize, bytes: &[u8]) -> u64 {
        let kept = row / LINE_STEP;
        let from = self.start(kept * LINE_STEP).unwrap_or(0);
        let to = self.start(row).unwrap_or(from);
        self.lines.get(kept).copied().unwrap_or(1) + count_lines(&bytes[from..to])
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.starts.shrink_to_fit();
        self.upper.shrink_to_fit();
        self.slots.shrink_to_fit();
        self.anomalies.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.torn.shrink_to_fit();
    }
}

/// How many lines end in `bytes`, which don't begin between a CR and its LF: CRLF, LF and a lone CR each end one.
fn count_lines(bytes: &[u8]) -> u64 {
    let ends = memchr2_iter(b'\n', b'\r', bytes);
    ends.filter(|&at| bytes[at] == b'\r' || at == 0 || bytes[at - 1] != b'\r').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends() {
        for (text, lines) in [("", 0), ("a\r\nb\nc\rd", 3), ("\r\r\n\n", 3), ("\n", 1)] {
            assert_eq!(count_lines(text.as_bytes()), lines, "{text:?}");
        }
    }

    #[test]
    fn starts_beyond_four_gibibytes() {
        let starts = [0, 5, (1 << 32) - 1, 1 << 32, (3 << 32) + 7, (3 << 32) + 9];
        let mut index = Index::default();
        for start in starts {
            index.row(Row { start, end: start, line: 1, slot: Slot::Other, anomalies: AnomalySet::EMPTY });
        }
        for (row, start) in starts.into_iter().enumerate() {
            assert_eq!(index.start(row), Some(start as usize));
        }
        assert_eq!(index.start(starts.len()), None);
    }
}
