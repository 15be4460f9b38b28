//! How a report is read.

/// How a report is read: the defaults suit every report that the service is known to send.
///
/// ```
/// use dotdigital_faults::{Anomaly, FaultReport, ReadOptions};
///
/// let torn = "Reason,email,firstname\nDuplicate,demo@example.com\n";
/// assert_eq!(FaultReport::from_bytes(torn)?.len(), 1);
///
/// let error = FaultReport::with_options(torn, &ReadOptions::new().strict(true)).unwrap_err();
/// assert_eq!(error.anomaly(), Some(Anomaly::ShortRow));
/// assert_eq!(error.line(), Some(2));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadOptions {
    strict: bool,
    largest_field: usize,
    largest_report: u64,
}

impl ReadOptions {
    /// The defaults.
    pub fn new() -> Self {
        ReadOptions { strict: false, largest_field: 1 << 20, largest_report: 4 << 30 }
    }

    /// Whether the first [`Anomaly`](crate::Anomaly) is an error; no, unless set.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The most bytes that a quoted field may hold, a doubled quote counting as one; 1 MiB unless set.
    ///
    /// A quoted field that holds more is one whose closing quote is missing: it must not swallow the faults
    /// behind it. The bound is also what a [`ReasonCounter`](crate::ReasonCounter) holds back at most, twice over.
    /// A field without quotes may have any length.
    pub fn largest_field(mut self, bytes: usize) -> Self {
        self.largest_field = bytes;
        self
    }

    /// The most bytes that [`FaultReport::from_reader`](crate::FaultReport::from_reader) takes into memory; 4 GiB
    /// unless set. What already is in memory, or is only counted, is not bound by it.
    pub fn largest_report(mut self, bytes: u64) -> Self {
        self.largest_report = bytes;
        self
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    pub(crate) fn field_limit(&self) -> usize {
        self.largest_field
    }

    pub(crate) fn report_limit(&self) -> u64 {
        self.largest_report
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions::new()
    }
}
