//! Where each fault of a report in memory stands, in a few bytes a row.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::columns::Columns;
use crate::anomaly::{Anomaly, AnomalySet};
use crate::read::header::Header;
use crate::read::row::{Row, RowSink};
use crate::reason::Slot;

/// For how many rows the line is counted from one that is kept.
const LINE_STEP: usize = 32;

/// Stands for what doesn't fit its place, and is kept apart.
const LONG: u16 = u16::MAX;
const FAR: u8 = u8::MAX;

/// Nine bytes a row and a quarter of one, and more for a row that is longer than 64 KB or far behind the one before.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The lower half of where each row starts.
    starts: Vec<u32>,
    /// The first row of each further 4 GiB of the input.
    upper: Vec<usize>,
    lens: Vec<u16>,
    /// The rows that are longer than their place in `lens` can tell, and how long they are.
    long: Vec<(usize, u64)>,
    slots: Vec<Slot>,
    anomalies: Vec<u8>,
    /// The line of every `LINE_STEP`th row.
    lines: Vec<u64>,
    /// How many lines behind the row before each row starts.
    further_lines: Vec<u8>,
    /// The rows that are further behind than their place can tell.
    far: Vec<(usize, u64)>,
    last_line: u64,
    /// The columns, and the first row under each. Headers that are the same share them.
    columns: Vec<(usize, Arc<Columns>)>,
    /// Where columns stand in the list of them, by a hash of their names.
    by_names: HashMap<u64, usize>,
}

impl RowSink for Index {
    const NEEDS_BYTES: bool = false;

    fn header(&mut self, header: &Arc<Header>) -> ControlFlow<()> {
        let columns = self.columns_under(header);
        self.columns.push((self.len(), columns));
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: Row, _: &[u8]) -> ControlFlow<()> {
        let number = self.len();
        while (self.upper.len() as u64) < row.start >> 32 {
            self.upper.push(number);
        }
        if number.is_multiple_of(LINE_STEP) {
            self.lines.push(row.line);
        }
        let further = row.line.saturating_sub(self.last_line);
        self.further_lines.push(u8::try_from(further).ok().filter(|&lines| lines != FAR).unwrap_or_else(|| {
            self.far.push((number, further));
            FAR
        }));
        self.last_line = row.line;
        let len = row.end - row.start;
        self.lens.push(u16::try_from(len).ok().filter(|&len| len != LONG).unwrap_or_else(|| {
            self.long.push((number, len));
            LONG
        }));
        self.starts.push(row.start as u32);
        self.slots.push(row.slot);
        self.anomalies.push(row.anomalies.to_byte());
        ControlFlow::Continue(())
    }
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Where the row starts and how long it is, in bytes.
    pub(crate) fn place(&self, row: usize) -> Option<(usize, usize)> {
        let lower = *self.starts.get(row)? as usize;
        let upper = self.upper.partition_point(|&first| first <= row);
        let len = match self.lens.get(row) {
            Some(&LONG) => apart(&self.long, row) as usize,
            Some(&len) => usize::from(len),
            None => 0,
        };
        Some((upper << 32 | lower, len))
    }

    pub(crate) fn slot(&self, row: usize) -> Option<Slot> {
        self.slots.get(row).copied()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn anomalies(&self, row: usize) -> AnomalySet {
        self.anomalies.get(row).map_or(AnomalySet::EMPTY, |&byte| AnomalySet::from_byte(byte))
    }

    /// The physical line, counted from 1, on which the row starts.
    pub(crate) fn line(&self, row: usize) -> u64 {
        let kept = row / LINE_STEP;
        let further = self.further_lines.get(kept * LINE_STEP + 1..=row).unwrap_or_default();
        let lines = further.iter().zip(kept * LINE_STEP + 1..).map(|(&lines, row)| match lines {
            FAR => apart(&self.far, row),
            lines => u64::from(lines),
        });
        self.lines.get(kept).copied().unwrap_or(1) + lines.sum::<u64>()
    }

    /// The columns under which a row stands; those of the first header where there is no such row.
    pub(crate) fn columns_of(&self, row: usize) -> Option<&Arc<Columns>> {
        let at = match self.columns.as_slice() {
            [_] => 0,
            columns => columns.partition_point(|&(first, _)| first <= row).saturating_sub(1),
        };
        self.columns.get(at).map(|(_, columns)| columns)
    }

    /// The columns of each header, and the first row under them.
    pub(crate) fn columns(&self) -> impl ExactSizeIterator<Item = (usize, &Columns)> {
        self.columns.iter().map(|(first, columns)| (*first, &**columns))
    }

    /// The columns under a header: those that there are already, where it has the names of another one. Where reports are
    /// joined, the same few headers come again and again.
    fn columns_under(&mut self, header: &Arc<Header>) -> Arc<Columns> {
        let hash = match self.columns.is_empty() {
            // As a rule, there is one.
            true => return Arc::new(Columns::new(Arc::clone(header))),
            false => self.by_names.hasher().hash_one(header.names.iter().collect::<Vec<_>>()),
        };
        let place = *self.by_names.entry(hash).or_insert(self.columns.len());
        let known = [0, place].into_iter().filter_map(|place| self.columns.get(place));
        let mut same = known.filter(|(_, columns)| columns.header.names.iter().eq(header.names.iter()));
        match same.next() {
            Some((_, columns)) => Arc::clone(columns),
            None => Arc::new(Columns::new(Arc::clone(header))),
        }
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.starts.shrink_to_fit();
        self.lens.shrink_to_fit();
        self.slots.shrink_to_fit();
        self.anomalies.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.further_lines.shrink_to_fit();
        self.long.shrink_to_fit();
        self.far.shrink_to_fit();
        self.columns.shrink_to_fit();
        // What finds them is only needed while there are more to come.
        self.by_names = HashMap::new();
    }
}

/// What is kept apart for a row.
fn apart(kept: &[(usize, u64)], row: usize) -> u64 {
    let found = kept.binary_search_by_key(&row, |&(row, _)| row).ok();
    found.and_then(|at| kept.get(at)).map_or(0, |&(_, value)| value)
}

/// The anomalies of a fault must fit a byte.
const _: () = assert!((Anomaly::InvalidUtf8 as u8) < 8);

#[cfg(test)]
mod tests {
    use super::*;

    fn index(rows: &[(u64, u64, u64)]) -> Index {
        let mut index = Index::default();
        for &(start, end, line) in rows {
            let _ = index.row(Row { start, end, line, slot: Slot::Other, anomalies: AnomalySet::EMPTY }, &[]);
        }
        index
    }

    #[test]
    fn places_of_any_size() {
        let rows = [
            (0, 5, 1),
            (5, 65_540, 2),
            ((1 << 32) - 1, 1 << 32, 3),
            (1 << 32, (1 << 32) + 65_535, 4),
            (3 << 32, 3 << 32, 5),
        ];
        let index = index(&rows);
        for (row, (start, end, _)) in rows.into_iter().enumerate() {
            assert_eq!(index.place(row), Some((start as usize, (end - start) as usize)));
        }
        assert_eq!(index.place(rows.len()), None);
    }

    #[test]
    fn headers_that_come_again_share_their_columns() {
        let reports = "Reason,email\nBlocker,a@b\nReason,email,city\nReason,mail\nBlocker,c@d\n".repeat(100);
        let report = crate::FaultReport::from_bytes(reports).unwrap();
        let columns: Vec<*const Columns> = report.headers().map(|columns| columns as *const _).collect();
        assert_eq!(columns.len(), 300);
        assert!(columns.iter().enumerate().all(|(at, columns)| *columns == columns_of(&report, at)));

        fn columns_of(report: &crate::FaultReport, at: usize) -> *const Columns {
            report.headers().nth(at % 3).map_or(std::ptr::null(), |columns| columns as *const _)
        }
    }

    #[test]
    fn lines_near_and_far() {
        let mut lines: Vec<u64> = (0..200).map(|row| 3 + row * row * 7 % 1_000 + row * 1_000).collect();
        // On both sides of what one byte tells.
        let last = lines[199];
        lines.extend([254, 254 + 255, 254 + 255 + 256].map(|further| last + further));
        let rows: Vec<_> = lines.iter().map(|&line| (0, 0, line)).collect();
        let index = index(&rows);
        for (row, line) in lines.into_iter().enumerate() {
            assert_eq!(index.line(row), line);
        }
    }
}
