//! What becomes of an answer: a report, its counts, its bytes, or a few fields.

use std::io::{self, Write};

use super::envelope::Fields;
use super::xml::Malformed;
use crate::error::{Error, Result};
use crate::read::counter::ReasonCounter;
use crate::read::options::ReadOptions;
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;

/// Reports up to this many bytes are parsed where they are; larger ones would keep an executor's thread busy.
const QUICK: usize = 1 << 20;

/// Takes the pieces of one answer, from the start of each attempt.
pub(super) trait Collector: Send {
    type Output: Send;

    /// Forgets what an attempt before has brought.
    fn restart(&mut self);

    /// Takes the next bytes of the report.
    fn feed(&mut self, piece: &[u8]) -> Result<()>;

    /// Takes the end of an answer that was whole.
    fn finish(&mut self, fields: Fields) -> impl Future<Output = Result<Self::Output, NotThat>> + Send;
}

/// Why a whole answer is not what was asked for.
pub(super) enum NotThat {
    Malformed(Malformed),
    Error(Error),
}

impl From<Error> for NotThat {
    fn from(error: Error) -> Self {
        NotThat::Error(error)
    }
}

/// A report in memory.
pub(super) struct Whole<'o> {
    bytes: Vec<u8>,
    options: &'o ReadOptions,
}

impl<'o> Whole<'o> {
    pub(super) fn new(options: &'o ReadOptions) -> Self {
        Whole { bytes: Vec::new(), options }
    }
}

impl Collector for Whole<'_> {
    type Output = FaultReport;

    fn restart(&mut self) {
        self.bytes.clear();
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    async fn finish(&mut self, _: Fields) -> Result<FaultReport, NotThat> {
        let (bytes, options) = (std::mem::take(&mut self.bytes), self.options.clone());
        if bytes.len() <= QUICK {
            return Ok(FaultReport::with_options(bytes, &options)?);
        }
        match tokio::task::spawn_blocking(move || FaultReport::with_options(bytes, &options)).await {
            Ok(report) => Ok(report?),
            Err(error) => Err(Error::reading(io::Error::other(error)).into()),
        }
    }
}

/// Counts in constant memory.
pub(super) struct Counting<'o> {
    counter: ReasonCounter,
    options: &'o ReadOptions,
}

impl<'o> Counting<'o> {
    pub(super) fn new(options: &'o ReadOptions) -> Self {
        Counting { counter: ReasonCounter::with_options(options), options }
    }
}

impl Collector for Counting<'_> {
    type Output = ReasonCounts;

    fn restart(&mut self) {
        self.counter = ReasonCounter::with_options(self.options);
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.counter.feed(piece)
    }

    async fn finish(&mut self, _: Fields) -> Result<ReasonCounts, NotThat> {
        Ok(std::mem::take(&mut self.counter).finish()?)
    }
}

/// The report's bytes, into a writer that is made anew for each attempt that has any.
///
/// They are counted alongside, since that tells a report from an error page, which must never be saved as one.
pub(super) struct Saving<F, W> {
    make: F,
    writer: Option<W>,
    counter: ReasonCounter,
}

impl<F, W> Saving<F, W> {
    pub(super) fn new(make: F) -> Self {
        Saving { make, writer: None, counter: ReasonCounter::new() }
    }
}

impl<F: FnMut() -> io::Result<W>, W: Write> Saving<F, W> {
    fn writer(&mut self) -> Result<&mut W> {
        if self.writer.is_none() {
            self.writer = Some((self.make)().map_err(Error::writing)?);
        }
        self.writer.as_mut().ok_or_else(|| Error::writing(io::ErrorKind::Other.into()))
    }
}

impl<F: FnMut() -> io::Result<W> + Send, W: Write + Send> Collector for Saving<F, W> {
    type Output = W;

    fn restart(&mut self) {
        self.writer = None;
        self.counter = ReasonCounter::new();
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.counter.feed(piece)?;
        self.writer()?.write_all(piece).map_err(Error::writing)
    }

    async fn finish(&mut self, _: Fields) -> Result<W, NotThat> {
        std::mem::take(&mut self.counter).finish()?;
        self.writer()?.flush().map_err(Error::writing)?;
        self.writer.take().ok_or_else(|| Error::writing(io::ErrorKind::Other.into()).into())
    }
}

/// A few fields, read by a function.
pub(super) struct Reading<T>(pub(super) fn(&Fields) -> Result<T, Malformed>);

impl<T: Send> Collector for Reading<T> {
    type Output = T;

    fn restart(&mut self) {}

    fn feed(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    async fn finish(&mut self, fields: Fields) -> Result<T, NotThat> {
        (self.0)(&fields).map_err(NotThat::Malformed)
    }
}
