//! Counting the faults of a report in constant memory.

use std::fmt;
use std::io::{self, Write};

use super::options::ReadOptions;
use super::push::Push;
use crate::error::Result;
use crate::reason::counts::ReasonCounts;

/// Counts the faults of a report that is pushed into it, in constant memory: the same counts, for any splitting of
/// the input, as those of a [`FaultReport`](crate::FaultReport).
///
/// It holds what [`ReasonCounts`] keeps, and no more of the report than the row that is being read, or the first MiB
/// until it is certain that this is a report: a few MiB in all, however large the report is.
///
/// ```
/// use dotdigital_faults::{FailureReason, ReasonCounter};
///
/// let mut counter = ReasonCounter::new();
/// counter.feed(b"Reason,email\nSoft bou")?;
/// counter.feed(b"nced,demo@example.com\n")?;
/// let counts = counter.finish()?;
/// assert_eq!(counts.get(&FailureReason::SoftBounced), 1);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// It also is a [`Write`], so that a file or a download can be copied into it:
///
/// ```
/// use dotdigital_faults::ReasonCounter;
///
/// let mut report = &b"Reason,email\nBlocker,demo@example.com\n"[..];
/// let mut counter = ReasonCounter::new();
/// std::io::copy(&mut report, &mut counter)?;
/// assert_eq!(counter.finish()?.total(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReasonCounter(Push);

impl ReasonCounter {
    /// A counter with the default options.
    pub fn new() -> Self {
        ReasonCounter::with_options(&ReadOptions::new())
    }

    /// A counter with these options.
    pub fn with_options(options: &ReadOptions) -> Self {
        ReasonCounter(Push::new(options))
    }

    /// Counts the next bytes of the report. Nothing is told before the first 64 bytes have come, or the end.
    ///
    /// # Errors
    /// [`NotAReport`](crate::ErrorKind::NotAReport), [`Utf16`](crate::ErrorKind::Utf16),
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a header of more columns or bytes than allowed,
    /// [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn) where one lacks a column that is set and, in a strict reading,
    /// [`Anomaly`](crate::ErrorKind::Anomaly); and for an answer of the newer API, those of
    /// [`FaultReport::from_bytes`](crate::FaultReport::from_bytes). An error stays: it is returned from here on.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.feed(bytes, &mut ())
    }

    /// Ends the report.
    ///
    /// # Errors
    /// Those of [`feed`](Self::feed), and [`NotAReport`](crate::ErrorKind::NotAReport), which takes all of an
    /// answer to tell.
    pub fn finish(self) -> Result<ReasonCounts> {
        self.0.finish(&mut ())
    }
}

impl Default for ReasonCounter {
    fn default() -> Self {
        ReasonCounter::new()
    }
}

/// `Debug` shows nothing of the report.
impl fmt::Debug for ReasonCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReasonCounter").finish_non_exhaustive()
    }
}

/// Writing feeds the counter; flushing does nothing, and [`finish`](ReasonCounter::finish) still has to be called.
impl Write for ReasonCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.feed(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
