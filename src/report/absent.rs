//! How much room absent cells may take where each of them is written.

use super::fault::Fault;
use crate::error::{Error, ErrorKind, Result};

/// How many bytes the absent cells of rows may take: so many in any case, and so many for each byte of these rows.
const ABSENT: u64 = 64 << 20;
const ABSENT_PER_BYTE: u64 = 1024;

/// Keeps what is written of absent cells within what is there: under a header of many columns, short rows could make very
/// much of very little.
pub(crate) struct AbsentCells {
    allowed: u64,
}

impl Default for AbsentCells {
    fn default() -> Self {
        AbsentCells { allowed: ABSENT }
    }
}

impl AbsentCells {
    /// Lets the absent cells of a short row take so many bytes.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge), with the line.
    pub(crate) fn allow(&mut self, fault: &Fault<'_>, absent: u64) -> Result<()> {
        self.allowed = self.allowed.saturating_add(ABSENT_PER_BYTE * fault.bytes().len() as u64);
        self.allowed = self.allowed.checked_sub(absent).ok_or_else(|| {
            let what =
                format!("the absent cells of short rows would take more than {ABSENT_PER_BYTE} times what is there");
            Error::new(ErrorKind::TooLarge, what).on_line(fault.line())
        })?;
        Ok(())
    }
}
