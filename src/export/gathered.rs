//! What is written, gathered into large pieces.

use std::io::Write;

use super::writing;
use crate::error::Result;

/// How much is gathered before it is written.
const FULL: usize = 64 * 1024;

/// A writer, and the bytes that it is given once there are enough of them.
pub(super) struct Gathered<W> {
    writer: W,
    pub(super) bytes: Vec<u8>,
}

impl<W: Write> Gathered<W> {
    pub(super) fn new(writer: W) -> Self {
        Gathered { writer, bytes: Vec::with_capacity(FULL + 4096) }
    }

    pub(super) fn write_if_full(&mut self) -> Result<()> {
        if self.bytes.len() >= FULL {
            self.writer.write_all(&self.bytes).map_err(writing)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Writes what is left, and gives the writer back.
    pub(super) fn finish(mut self) -> Result<W> {
        self.writer.write_all(&self.bytes).and_then(|()| self.writer.flush()).map_err(writing)?;
        Ok(self.writer)
    }
}
