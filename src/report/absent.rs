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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FaultReport;

    #[test]
    fn as_much_as_is_allowed_and_a_byte_more() {
        let report = FaultReport::from_bytes("Reason,email,city\nBlocker\nDuplicate,a@b\n").unwrap();
        let [first, second] = [0, 1].map(|index| report.get(index).unwrap());
        // A kibibyte for each byte, and 64 MiB.
        let room = |fault: &Fault<'_>| fault.bytes().len() as u64 * 1024;
        let mut absent = AbsentCells::default();
        absent.allow(&first, 64 * 1024 * 1024).unwrap();
        // What a row doesn't use is left to those behind it.
        absent.allow(&second, room(&first) + room(&second)).unwrap();
        absent.allow(&second, room(&second)).unwrap();
        let error = absent.allow(&second, room(&second) + 1).unwrap_err();
        assert_eq!((error.kind(), error.line()), (ErrorKind::TooLarge, Some(3)));
    }
}
