//! What becomes of an answer: a report, its counts, its bytes, or a few fields.

use std::io::{self, Write};

use super::soap_answer::ResultFields;
use super::xml::Malformed;
use crate::error::{Error, Result};
use crate::read::counter::ReasonCounter;
use crate::read::options::ReadOptions;
use crate::reason::counts::ReasonCounts;
use crate::report::FaultReport;
use crate::report::feed::{FaultFeed, FaultSink};
use crate::report::gather::Gathering;

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
    fn finish(&mut self, fields: ResultFields) -> impl Future<Output = Result<Self::Output, NotThat>> + Send;
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
pub(super) struct Whole {
    gathering: Gathering,
    options: ReadOptions,
}

impl Whole {
    pub(super) fn new(options: ReadOptions) -> Self {
        Whole { gathering: Gathering::new(&options), options }
    }
}

impl Collector for Whole {
    type Output = FaultReport;

    fn restart(&mut self) {
        self.gathering = Gathering::new(&self.options);
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.gathering.feed(piece)
    }

    async fn finish(&mut self, _: ResultFields) -> Result<FaultReport, NotThat> {
        let gathering = std::mem::replace(&mut self.gathering, Gathering::new(&self.options));
        if gathering.len() <= QUICK {
            return Ok(gathering.finish()?);
        }
        match tokio::task::spawn_blocking(move || gathering.finish()).await {
            Ok(report) => Ok(report?),
            Err(error) => Err(Error::reading(io::Error::other(error)).into()),
        }
    }
}

/// Something that is fed a report as it comes, in constant memory, and makes something of it in the end.
///
/// It has to tell a report from an error page by itself, as each reading of the core does.
pub(super) trait Feed: Send {
    type Output: Send;

    /// Takes the next bytes of the report.
    fn feed(&mut self, piece: &[u8]) -> Result<()>;

    /// Takes the end of a report that was whole.
    fn finish(self) -> Result<Self::Output>;
}

/// Feeds a report to something that is made anew for each attempt: what is there in the end has seen the whole
/// report, and nothing else.
pub(super) struct Feeding<M, F> {
    make: M,
    fed: Option<F>,
}

impl<M: FnMut() -> Result<F>, F> Feeding<M, F> {
    pub(super) fn new(make: M) -> Self {
        Feeding { make, fed: None }
    }

    /// What the attempt under way is fed to.
    fn fed(&mut self) -> Result<&mut F> {
        match &mut self.fed {
            Some(fed) => Ok(fed),
            empty => Ok(empty.insert((self.make)()?)),
        }
    }
}

impl<M: FnMut() -> Result<F> + Send, F: Feed> Collector for Feeding<M, F> {
    type Output = F::Output;

    fn restart(&mut self) {
        self.fed = None;
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.fed()?.feed(piece)
    }

    async fn finish(&mut self, _: ResultFields) -> Result<F::Output, NotThat> {
        let fed = match self.fed.take() {
            Some(fed) => fed,
            None => (self.make)()?,
        };
        Ok(fed.finish()?)
    }
}

/// Its counts.
impl Feed for ReasonCounter {
    type Output = ReasonCounts;

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        ReasonCounter::feed(self, piece)
    }

    fn finish(self) -> Result<ReasonCounts> {
        ReasonCounter::finish(self)
    }
}

/// Its faults, to a sink.
impl<S: FaultSink + Send> Feed for FaultFeed<S> {
    type Output = (S, ReasonCounts);

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        FaultFeed::feed(self, piece)
    }

    fn finish(self) -> Result<(S, ReasonCounts)> {
        FaultFeed::finish(self)
    }
}

/// Its bytes, into a writer.
///
/// They are counted alongside, since that tells a report from an error page, which must never be saved as one.
pub(super) struct Saved<W> {
    writer: W,
    counter: ReasonCounter,
}

impl<W> Saved<W> {
    pub(super) fn to(writer: W, options: &ReadOptions) -> Self {
        Saved { writer, counter: ReasonCounter::with_options(options) }
    }
}

impl<W: Write + Send> Feed for Saved<W> {
    type Output = W;

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.counter.feed(piece)?;
        self.writer.write_all(piece).map_err(Error::writing)
    }

    fn finish(mut self) -> Result<W> {
        self.counter.finish()?;
        self.writer.flush().map_err(Error::writing)?;
        Ok(self.writer)
    }
}

/// A few fields, read by a function.
pub(super) struct FieldsReader<T>(pub(super) fn(&ResultFields) -> Result<T, Malformed>);

impl<T: Send> Collector for FieldsReader<T> {
    type Output = T;

    fn restart(&mut self) {}

    fn feed(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    async fn finish(&mut self, fields: ResultFields) -> Result<T, NotThat> {
        (self.0)(&fields).map_err(NotThat::Malformed)
    }
}
