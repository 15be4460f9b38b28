//! Faults that are handed on as bytes are pushed in.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::columns::Columns;
use super::fault::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::read::header::Header;
use crate::read::options::ReadOptions;
use crate::read::push::Push;
use crate::read::row::{Row, RowSink};
use crate::reason::counts::ReasonCounts;

/// Takes faults, one at a time: a closure, or a type of one's own.
///
/// The writers of [`export`](crate::export) are sinks, and so is each `FnMut(&Fault<'_>) -> Result<()>`.
pub trait FaultSink {
    /// Takes a fault.
    ///
    /// # Errors
    /// An error ends the reading, and is what the reading returns.
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()>;

    /// Learns under which columns the faults that follow stand: once before the first fault, also in a report without
    /// any, and again where another header begins, or where the newer API's answer has a custom identifier that is new.
    ///
    /// # Errors
    /// An error ends the reading, and is what the reading returns.
    fn columns(&mut self, columns: &Columns) -> Result<()> {
        let _ = columns;
        Ok(())
    }
}

impl<F: FnMut(&Fault<'_>) -> Result<()>> FaultSink for F {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self(fault)
    }
}

/// Reads a report that is pushed into it, in pieces of any size, and hands each fault to a [`FaultSink`] as soon as its
/// row is whole: for the network, and for async code, which has no reader to pull from.
///
/// A fault is handed on once it is certain that this is a report, and not before. The newer API's answer may say only
/// behind its failures that the import has not finished, or be cut: so keep what is made of the faults to yourself until
/// [`finish`](Self::finish) has gone well. It holds no more than the row that is
/// being read, which [`ReadOptions::largest_row`] bounds, and the first MiB until it is certain.
///
/// ```
/// use dotdigital_faults::{Fault, FaultFeed, Remedy};
///
/// let mut to_correct = Vec::new();
/// let mut feed = FaultFeed::new(|fault: &Fault<'_>| {
///     if fault.remedy() == Remedy::Correct {
///         to_correct.push(fault.email().into_owned());
///     }
///     Ok(())
/// });
/// feed.feed(b"Reason,email\nInvalid Em")?;
/// feed.feed(b"ail,demo@\nBlocker,a@example.com\n")?;
/// let (_, counts) = feed.finish()?;
/// assert_eq!(counts.total(), 2);
/// assert_eq!(to_correct, ["demo@"]);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// It also is a [`Write`], so that a file or a download can be copied into it. `Debug` shows nothing of the report.
pub struct FaultFeed<S> {
    push: Push,
    telling: Telling<S>,
    /// Is the sink at work? It still is where it has panicked, and then it is unknown what it has been told.
    is_telling: bool,
}

impl<S: FaultSink> FaultFeed<S> {
    /// Hands faults to a sink, with the default options.
    pub fn new(sink: S) -> Self {
        FaultFeed::with_options(sink, &ReadOptions::new())
    }

    /// Hands faults to a sink.
    pub fn with_options(sink: S, options: &ReadOptions) -> Self {
        FaultFeed { push: Push::new(options), telling: Telling::new(sink), is_telling: false }
    }

    /// Reads the next bytes of the report.
    ///
    /// # Errors
    /// [`NotAReport`](crate::ErrorKind::NotAReport), [`Utf16`](crate::ErrorKind::Utf16),
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a row beyond [`ReadOptions::largest_row`], the sink's own error and,
    /// in a strict reading, [`Anomaly`](crate::ErrorKind::Anomaly); and for an answer of the newer API, those of
    /// [`FaultReport::from_bytes`](crate::FaultReport::from_bytes). An error stays: it is returned from here on.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.check()?;
        self.is_telling = true;
        let fed = self.push.feed(bytes, &mut self.telling);
        self.is_telling = false;
        fed?;
        self.telling.check()
    }

    /// Ends the report, and gives the sink back, with the counts of all faults.
    ///
    /// # Errors
    /// Those of [`feed`](Self::feed).
    pub fn finish(mut self) -> Result<(S, ReasonCounts)> {
        self.check()?;
        let counts = self.push.finish(&mut self.telling)?;
        self.telling.check()?;
        Ok((self.telling.sink, counts))
    }

    /// The counts of the faults so far; `None` as long as it isn't certain that this is a report.
    pub fn counts(&self) -> Option<&ReasonCounts> {
        self.push.counts()
    }

    fn check(&self) -> Result<()> {
        if self.is_telling {
            let what = "the sink has panicked, and it is unknown what it has been told";
            return Err(Error::new(ErrorKind::Io, what).advise("feed the report to a new one"));
        }
        self.telling.check()
    }
}

/// Writing feeds it; flushing does nothing, and [`finish`](FaultFeed::finish) still has to be called.
impl<S: FaultSink> Write for FaultFeed<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.feed(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S> fmt::Debug for FaultFeed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultFeed").finish_non_exhaustive()
    }
}

/// Makes faults of rows, and hands them to a sink.
pub(super) struct Telling<S> {
    pub(super) sink: S,
    columns: Option<Columns>,
    told: u64,
    failure: Option<Error>,
}

impl<S: FaultSink> Telling<S> {
    pub(super) fn new(sink: S) -> Self {
        Telling { sink, columns: None, told: 0, failure: None }
    }

    /// The sink's own error, if it had one.
    pub(super) fn check(&self) -> Result<()> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    fn took(&mut self, taken: Result<()>) -> ControlFlow<()> {
        match taken {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl<S: FaultSink> RowSink for Telling<S> {
    const NEEDS_BYTES: bool = true;

    fn header(&mut self, header: &Arc<Header>) -> ControlFlow<()> {
        let columns = self.columns.insert(Columns::new(Arc::clone(header)));
        let taken = self.sink.columns(columns);
        self.took(taken)
    }

    fn row(&mut self, row: Row, bytes: &[u8]) -> ControlFlow<()> {
        let Some(columns) = &self.columns else { return ControlFlow::Continue(()) };
        let taken = self.sink.fault(&Fault::new(&row, bytes, columns, self.told));
        self.told += 1;
        self.took(taken)
    }
}
