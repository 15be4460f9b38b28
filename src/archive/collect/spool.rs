//! A report as it was sent, until it is made a table.

use std::fmt::{self, Write as _};
use std::io::{self, Read, Seek, Write};

use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;

use crate::error::{Error, Result};

/// Reports beyond this go through a file that has no name, so that nothing is left of it whatever happens.
const IN_MEMORY: usize = 32 << 20;

/// The bytes of a report, as they come.
pub(in crate::archive) struct Spool {
    bytes: SpooledTempFile,
    len: u64,
    sha256: Sha256,
}

impl Spool {
    pub(super) fn new() -> Self {
        Spool { bytes: SpooledTempFile::new(IN_MEMORY), len: 0, sha256: Sha256::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// In lower-case hexadecimal digits.
    pub(super) fn sha256(&self) -> String {
        let mut digits = String::with_capacity(64);
        for byte in self.sha256.clone().finalize() {
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }

    /// Reads it from its beginning.
    pub(super) fn read(&mut self) -> Result<impl Read> {
        self.bytes.rewind().map_err(Error::reading)?;
        Ok(&mut self.bytes)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.bytes.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or(bytes));
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes.flush()
    }
}

/// Opaque, since it holds contact data.
impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_as_often_as_one_likes() {
        let mut spool = Spool::new();
        for piece in ["a", "", "bc"] {
            spool.write_all(piece.as_bytes()).unwrap();
        }
        for _ in 0..2 {
            let mut read = String::new();
            spool.read().unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, "abc");
        }
        // That of `abc` in FIPS 180-4.
        assert_eq!(spool.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(format!("{spool:?}"), "Spool { len: 3, .. }");
    }

    #[test]
    fn a_large_one_is_no_longer_in_memory() {
        let mut spool = Spool::new();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..33 {
            spool.write_all(&piece).unwrap();
        }
        assert!(spool.bytes.is_rolled());
        assert_eq!((spool.len(), io::copy(&mut spool.read().unwrap(), &mut io::sink()).unwrap()), (33 << 20, 33 << 20));
    }
}
