//! Bytes that are kept until they are read again.

use std::io::{self, Cursor, Read, Seek, Write};

use dotdigital_faults::export::HiddenFile;

/// How much is gathered in memory.
const IN_MEMORY: usize = 1 << 20;

/// Bytes that are kept until they are read again: in memory as long as they are few, then also in a file for its owner
/// alone, which has no name, so that nothing is left of it however the program ends.
#[derive(Default)]
pub struct Kept {
    file: Option<HiddenFile>,
    /// What comes behind that of the file.
    memory: Vec<u8>,
}

impl Kept {
    /// All of it, from its beginning.
    pub fn read(self) -> io::Result<impl Read> {
        let file: Box<dyn Read> = match self.file {
            Some(mut file) => {
                file.rewind()?;
                Box::new(file)
            }
            None => Box::new(io::empty()),
        };
        Ok(file.chain(Cursor::new(self.memory)))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.memory.len() + bytes.len() > IN_MEMORY {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(HiddenFile::temporary()?),
            };
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        self.memory.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again() {
        for (pieces, has_file) in [
            (&[0, 1, 70][..], false),
            (&[IN_MEMORY], false),
            (&[IN_MEMORY, 1], true),
            (&[3, 5 * IN_MEMORY, 0, 9], true),
        ] {
            let (mut kept, mut expected) = (Kept::default(), Vec::new());
            for (letter, &length) in (b'a'..).zip(pieces) {
                let piece = vec![letter; length];
                kept.write_all(&piece).unwrap();
                expected.extend(piece);
            }
            assert_eq!(kept.file.is_some(), has_file, "{pieces:?}");
            let mut read = Vec::new();
            kept.read().unwrap().read_to_end(&mut read).unwrap();
            assert!(read == expected, "{pieces:?}");
        }
    }
}
