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
    pub(crate) fn finish<S: RowSink>(mut self, sink: &mut S) -> Result<ReasonCounts> {
        self.reading.read(&self.kept[self.from..], true, sink)?;
        Ok(self.reading.into_counts())
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
