//! The faults of a report of any size, one at a time.
//!
//! # How it works
//!
//! The reader has a buffer, into which it reads a piece of the input. [`Reading`] finds the rows in it, of which only the
//! places are noted; they are then lent one by one, out of the buffer. When the last one has been lent, what is left of
//! the buffer, the beginning of a row, is moved to its front, and the next piece is read behind it:
//!
//! ```text
//!   │ row 1 ⏎ row 2 ⏎ row 3 ⏎ begi│                  the buffer: three rows to lend
//!   │begi│nning of row 4 ⏎ row 5 ⏎ │                 the next piece behind what was left
//! ```

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::columns::{Columns, SameColumns};
use super::fault::Fault;
use super::feed::{FaultSink, Telling};
use crate::error::{Error, Result};
use crate::read::Reading;
use crate::read::header::Header;
use crate::read::options::ReadOptions;
use crate::read::row::{Row, RowSink};
use crate::reason::counts::ReasonCounts;

/// How much is read at a time.
const PIECE: usize = 128 * 1024;

/// The size of a page, or a part of it.
const PAGE: usize = 4096;

/// Reads the faults of a report of any size, one at a time, in constant memory.
///
/// It holds a buffer and, at most, one row, which [`ReadOptions::largest_row`] bounds. Each fault is lent until the next
/// one is read.
///
/// ```
/// use dotdigital_faults::{FailureReason, FaultReader};
///
/// #[derive(serde::Deserialize)]
/// struct Row {
///     reason: FailureReason,
///     email: String,
/// }
///
/// let report = "Reason,email\nBlocker,a@example.com\nDuplicate,b@example.com\n";
/// let mut reader = FaultReader::new(report.as_bytes()); // or FaultReader::from_path("report.csv")?
/// while let Some(fault) = reader.read_fault()? {
///     let row: Row = fault.deserialize()?;
///     println!("{}: {}", row.email, row.reason);
/// }
/// assert_eq!(reader.into_counts()?.total(), 2);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// No fault is lent before it is certain that this is a report. The newer API's answer may say only behind its failures
/// that the import has not finished, or be cut: then the error comes behind the faults that were lent.
///
/// `Debug` shows nothing of it.
pub struct FaultReader<R> {
    source: Source<R>,
    batch: Batch,
    /// The next row of the batch that is lent, and the columns under which it stands.
    next: usize,
    columns: Option<Arc<Columns>>,
    lent: u64,
    /// An error behind the rows of the batch.
    failure: Option<Error>,
}

impl FaultReader<File> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where it can't be opened.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        open(path.as_ref()).map(FaultReader::new)
    }
}

impl<R: Read> FaultReader<R> {
    /// Reads from anything. It needs no buffer of its own.
    pub fn new(reader: R) -> Self {
        FaultReader::with_options(reader, &ReadOptions::new())
    }

    /// Reads from anything, with options.
    pub fn with_options(reader: R, options: &ReadOptions) -> Self {
        FaultReader {
            source: Source::new(reader, options),
            batch: Batch::default(),
            next: 0,
            columns: None,
            lent: 0,
            failure: None,
        }
    }

    /// Lends the next fault; `None` at the end of the report.
    ///
    /// # Errors
    /// [`NotAReport`](crate::ErrorKind::NotAReport), [`Utf16`](crate::ErrorKind::Utf16), [`Io`](crate::ErrorKind::Io),
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a row beyond [`ReadOptions::largest_row`] and, in a strict reading,
    /// [`Anomaly`](crate::ErrorKind::Anomaly); and for an answer of the newer API, those of
    /// [`FaultReport::from_bytes`](crate::FaultReport::from_bytes). The faults before it have all been lent. An error stays.
    pub fn read_fault(&mut self) -> Result<Option<Fault<'_>>> {
        while self.next == self.batch.rows.len() {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            if self.source.has_ended {
                return Ok(None);
            }
            self.fill();
        }
        let Some(row) = self.batch.rows.get(self.next) else { return Ok(None) };
        if let Some((_, columns)) = self.batch.columns.pop_if(|(first, _)| *first == self.next) {
            self.columns = Some(columns);
        }
        let bytes = match self.batch.made.is_empty() {
            true => self.source.bytes(row),
            false => self.batch.made.get(row.start as usize..row.end as usize),
        };
        let (Some(columns), Some(bytes)) = (&self.columns, bytes) else { return Ok(None) };
        self.next += 1;
        self.lent += 1;
        Ok(Some(Fault::new(row, bytes, columns, self.lent - 1)))
    }

    /// Hands all faults that are left to a sink, which is faster than to read them one by one, and returns the counts of
    /// the whole report.
    ///
    /// # Errors
    /// Those of [`read_fault`](Self::read_fault), and the sink's own.
    ///
    /// ```
    /// use dotdigital_faults::{FaultReader, export};
    ///
    /// let report = "Reason,email\nBlocker,a@example.com\n";
    /// let mut lines = export::JsonLines::new(Vec::new(), &export::WriteOptions::new());
    /// let counts = FaultReader::new(report.as_bytes()).drain_into(&mut lines)?;
    /// assert_eq!(counts.total(), 1);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn drain_into(mut self, sink: &mut (impl FaultSink + ?Sized)) -> Result<ReasonCounts> {
        if self.source.has_begun {
            return self.drain_rest_into(sink);
        }
        let mut telling = Telling::new(Lent(sink));
        while !self.source.has_ended {
            self.source.fill(&mut telling)?;
            telling.check()?;
        }
        Ok(self.source.reading.into_counts())
    }

    /// The same, where some faults may have been lent already.
    fn drain_rest_into(mut self, sink: &mut (impl FaultSink + ?Sized)) -> Result<ReasonCounts> {
        let mut told: Option<SameColumns> = None;
        let is_told =
            |told: &Option<SameColumns>, columns: &Columns| told.as_ref().is_some_and(|told| told.are(columns));
        while let Some(fault) = self.read_fault()? {
            if !is_told(&told, fault.columns()) {
                sink.columns(fault.columns())?;
                told = Some(SameColumns::as_those(fault.columns()));
            }
            sink.fault(&fault)?;
        }
        // A header without a fault under it, too.
        let last = self.batch.columns.first().map(|(_, columns)| columns).or(self.columns.as_ref());
        if let Some(columns) = last.filter(|columns| !is_told(&told, columns)) {
            sink.columns(columns)?;
        }
        self.into_counts()
    }

    /// The columns under which the last fault stands that was lent; before that, those of the first header, once it has
    /// been read.
    pub fn columns(&self) -> Option<&Columns> {
        self.columns.as_deref().or_else(|| self.batch.columns.last().map(|(_, columns)| &**columns))
    }

    /// The counts so far, which may be ahead of the fault that was lent last by as much as is read at a time; `None`
    /// before the first fault.
    pub fn counts(&self) -> Option<&ReasonCounts> {
        self.source.reading.counts()
    }

    /// Reads the report to its end, and returns the counts of all of it.
    ///
    /// # Errors
    /// Those of [`read_fault`](Self::read_fault).
    pub fn into_counts(mut self) -> Result<ReasonCounts> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        while !self.source.has_ended {
            self.source.fill(&mut ())?;
        }
        Ok(self.source.reading.into_counts())
    }

    /// Reads the next piece, and notes the rows in it.
    fn fill(&mut self) {
        if let Some((_, columns)) = self.batch.columns.drain(..).next() {
            self.columns = Some(columns);
        }
        self.batch.clear();
        self.next = 0;
        self.failure = self.source.fill(&mut self.batch).err();
        // The next one is taken off the end.
        self.batch.columns.reverse();
    }
}

/// Opens a file. Some systems open a folder as well, and only then fail to read it.
pub(super) fn open(path: &Path) -> Result<File> {
    let is_file = |file: File| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    };
    File::open(path).and_then(is_file).map_err(|error| Error::reading_from(path, error))
}

/// A sink that is handed back.
struct Lent<'s, S: ?Sized>(&'s mut S);

impl<S: FaultSink + ?Sized> FaultSink for Lent<'_, S> {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self.0.fault(fault)
    }

    fn columns(&mut self, columns: &Columns) -> Result<()> {
        self.0.columns(columns)
    }
}

impl<R> fmt::Debug for FaultReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultReader").field("lent", &self.lent).finish_non_exhaustive()
    }
}

/// The input, and the part of it that is at hand.
///
/// Pieces are read to an address that is a multiple of a page: from a file, some processors copy four times as fast to
/// such a place. What was left of the piece before is moved right in front of it:
///
/// ```text
///   buffer  │ · · · · · · begi│nning of row 4 ⏎ row 5 ⏎ …                │
///                         │   └ a page begins: the next piece            └ end
///                         └ start: what was left
/// ```
struct Source<R> {
    input: R,
    reading: Reading,
    buffer: Vec<u8>,
    /// What is at hand, as far as it is still needed.
    start: usize,
    end: usize,
    /// How much of it has been read, and is not needed for more than the rows that are lent.
    dropped: usize,
    /// Where what is at hand starts in the input.
    base: u64,
    has_begun: bool,
    has_ended: bool,
}

impl<R: Read> Source<R> {
    fn new(input: R, options: &ReadOptions) -> Self {
        Source {
            input,
            reading: Reading::new(options),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            dropped: 0,
            base: 0,
            has_begun: false,
            has_ended: false,
        }
    }

    /// Reads the next piece, whose rows go to a sink. The rows of the piece before are no longer at hand.
    fn fill(&mut self, sink: &mut impl RowSink) -> Result<()> {
        self.has_begun = true;
        self.start += self.dropped;
        self.base += self.dropped as u64;
        self.dropped = 0;
        // Tiny reads are put one behind the other, so that what is left is not moved for each.
        if self.buffer.len() - self.end < PIECE / 4 {
            self.make_room();
        }
        let len = self.read()?;
        self.end += len;
        self.has_ended = len == 0;
        let bytes = self.buffer.get(self.start..self.end).unwrap_or_default();
        self.dropped = self.reading.read(bytes, self.has_ended, sink)?;
        Ok(())
    }

    /// Moves what is left in front of a page, with room for a piece behind it.
    fn make_room(&mut self) {
        let left = self.end - self.start;
        let piece = PIECE.max(left);
        let place = |buffer: &Vec<u8>| left + (buffer.as_ptr() as usize + left).wrapping_neg() % PAGE;
        if place(&self.buffer) + piece > self.buffer.len() {
            let mut buffer = vec![0; left + piece + PAGE];
            let at = place(&buffer);
            if let (Some(new), Some(old)) = (buffer.get_mut(at - left..at), self.buffer.get(self.start..self.end)) {
                new.copy_from_slice(old);
            }
            self.buffer = buffer;
            self.end = at;
        } else {
            let at = place(&self.buffer);
            self.buffer.copy_within(self.start..self.end, at - left);
            self.end = at;
        }
        self.start = self.end - left;
    }

    fn read(&mut self) -> Result<usize> {
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        // The end of a piece is the beginning of a page.
        let len = room.len() / PAGE * PAGE;
        let room = if len > 0 { &mut room[..len] } else { room };
        loop {
            match self.input.read(room) {
                Ok(len) => return Ok(len.min(room.len())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::reading(error)),
            }
        }
    }
}

impl<R> Source<R> {
    /// The bytes of a row that is at hand.
    fn bytes(&self, row: &Row) -> Option<&[u8]> {
        let from = self.start + usize::try_from(row.start.checked_sub(self.base)?).ok()?;
        self.buffer.get(from..from + (row.end - row.start) as usize)
    }
}

/// The rows at hand, and the columns from which one on they stand under.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    columns: Vec<(usize, Arc<Columns>)>,
    /// The rows that stand nowhere in the input, one behind the other.
    made: Vec<u8>,
}

impl Batch {
    fn clear(&mut self) {
        self.rows.clear();
        self.columns.clear();
        self.made.clear();
    }
}

impl RowSink for Batch {
    const NEEDS_BYTES: bool = true;

    fn header(&mut self, header: &Arc<Header>) -> ControlFlow<()> {
        // Of several without a fault between them, only the last one counts.
        if self.columns.last().is_some_and(|(first, _)| *first == self.rows.len()) {
            self.columns.pop();
        }
        self.columns.push((self.rows.len(), Arc::new(Columns::new(Arc::clone(header)))));
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: Row, _: &[u8]) -> ControlFlow<()> {
        self.rows.push(row);
        ControlFlow::Continue(())
    }

    fn made(&mut self, row: Row, bytes: &[u8], _: usize) -> ControlFlow<()> {
        let start = self.made.len() as u64;
        self.made.extend_from_slice(bytes);
        self.row(Row { start, end: self.made.len() as u64, ..row }, bytes)
    }
}
