//! Reading a report from bytes that are pushed in, in pieces of any size.

use std::fmt;

use super::Reading;
use super::options::ReadOptions;
use super::row::RowSink;
use crate::error::Result;
use crate::reason::counts::ReasonCounts;

/// How much is added at a time to bytes that were kept back.
const STEP: usize = 64 * 1024;

/// A reading, and the bytes that it still needs. `Debug` shows none of them.
pub(crate) struct Push {
    reading: Reading,
    kept: Vec<u8>,
    /// From where on they are needed.
    from: usize,
}

impl Push {
    #[inline]
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Push { reading: Reading::new(options), kept: Vec::new(), from: 0 }
    }

    /// Reads the next bytes. An error stays: nothing is read after it.
    pub(crate) fn feed<S: RowSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<()> {
        while !bytes.is_empty() {
            if self.kept.is_empty() {
                let dropped = self.reading.read(bytes, false, sink)?;
                self.kept.extend_from_slice(&bytes[dropped..]);
                return Ok(());
            }
            let (step, rest) = bytes.split_at(bytes.len().min(STEP));
            bytes = rest;
            self.kept.extend_from_slice(step);
            self.from += self.reading.read(&self.kept[self.from..], false, sink)?;
            // Moved to the front only when that frees half of it, so that tiny pieces cost no more than large ones.
            if self.from * 2 >= self.kept.len() {
                self.kept.drain(..self.from);
                self.from = 0;
            }
        }
        Ok(())
    }

    /// Ends the input.
    #[inline]
    pub(crate) fn finish<S: RowSink>(mut self, sink: &mut S) -> Result<ReasonCounts> {
        self.reading.read(&self.kept[self.from..], true, sink)?;
        Ok(self.reading.take_counts())
    }

    /// What has been counted so far.
    pub(crate) fn counts(&self) -> Option<&ReasonCounts> {
        self.reading.counts()
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").field("kept", &(self.kept.len() - self.from)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a text many times, in pieces, and tells the most that was kept, and what was counted.
    fn fed(options: &ReadOptions, text: &str, times: usize, piece: usize) -> (usize, u64) {
        let mut push = Push::new(options);
        push.feed(b"Reason,email,name,note\n", &mut ()).unwrap();
        let (text, mut most) = (text.repeat(times), 0);
        for piece in text.as_bytes().chunks(piece) {
            push.feed(piece, &mut ()).unwrap();
            most = most.max(push.kept.len());
        }
        (most, push.finish(&mut ()).unwrap().total())
    }

    /// However long the report is, and each of its rows, little of it is kept.
    #[test]
    fn little_is_kept() {
        const MIB: usize = 1 << 20;
        let options = ReadOptions::new();
        for (row, largest) in [
            ("Hard bounced,jo@example.com,Jo,x\n".to_owned(), 64),
            ("Moon phase,jo@example.com,\"Jo, or so\",\n".to_owned(), 64),
            // Torn, so that each row waits for the next.
            ("Moon phase,jo@example.com,Jo\nBloggs,x\n".to_owned(), 128),
            (format!("Blocker,jo@example.com,{},x\n", "y".repeat(5_000)), 10_240),
            (format!("Blocker,jo@example.com,\"{}\",x\n", "y,\n".repeat(2_000)), 20_480),
        ] {
            for piece in [1, 7, 4_099] {
                let bytes = if piece == 1 { MIB / 4 } else { MIB };
                let (most, total) = fed(&options, &row, bytes / row.len(), piece);
                assert_eq!(total as usize, bytes / row.len());
                assert!(most <= largest + 2 * piece, "{most} of {row:.40} by {piece}");
            }
        }
        // Rows that are longer than the largest are counted all the same, and not kept.
        for row in [
            format!("Blocker,jo@example.com,{},x\n", "y".repeat(5 * MIB)),
            format!("Blocker,jo@example.com,{}x\n", ",y".repeat(3 * MIB)),
            format!("Blocker,jo@example.com,\"{}\",x\n", "y".repeat(5 * MIB)),
        ] {
            let (most, total) = fed(&options.clone().largest_row(MIB), &row, 2, 65_536);
            assert_eq!(total, 2);
            assert!(most < 3 * MIB, "{most} of {row:.40}");
        }
    }

    #[test]
    fn counts_so_far() {
        let mut push = Push::new(&ReadOptions::new());
        assert!(push.counts().is_none());
        let rows = "Blocker,a@x\n".repeat(10);
        push.feed(format!("Reason,email\n{rows}Dupli").as_bytes(), &mut ()).unwrap();
        assert_eq!(push.counts().map(ReasonCounts::total), Some(10));
        assert_eq!(format!("{push:?}"), "Push { kept: 5, .. }");
    }
}
