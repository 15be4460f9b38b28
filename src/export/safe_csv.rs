//! A CSV made safe for spreadsheets, and turned back.
//!
//! # How it works
//!
//! Records are read one at a time into one buffer, with the places where their cells end, and are written anew. So the
//! memory is that of the largest record, and a record is bounded: in a file with a quote that is never closed, all the
//! rest would be one.

use std::io::{self, BufRead, BufReader, Read, Write};

use csv_core::ReadRecordResult;

use super::csv::Records;
use super::gathered::Gathered;
use super::separator::separator as found_separator;
use super::spreadsheet::{defuse, restore};
use super::{WriteOptions, writing};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{BOM, FIRST_BYTES, Format, format};

/// How large a record may be: four times as large as a row that a stream hands out, since quotes and marks come to it.
const LARGEST_RECORD: usize = 64 << 20;
/// How many cells a record may have: as many as such a row of nothing but separators, and a few more.
const MOST_CELLS: usize = 17 << 20;
/// How much of the beginning is looked at to see what parts the cells.
const BEGINNING: usize = 64 * 1024;

/// Turns a CSV that was written with [`WriteOptions::spreadsheet_safe`](super::WriteOptions::spreadsheet_safe) back into
/// what would have been written without, to the byte; such as a file that was corrected and is to be imported.
///
/// The byte order mark at its beginning is dropped, and each cell is the one that [`restore`] makes of it. A file that a
/// spreadsheet has saved again may have semicolons, tabs or `|` between its cells, and keeps them: its first record tells by
/// the names that a report is told by, else the first records by how many cells they have. It streams: memory is that of the largest record.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the reader or the writer fails, [`TooLarge`](crate::ErrorKind::TooLarge) for a record of
/// more than 64 MiB, as a quote that is never closed makes one, and [`NotAReport`](crate::ErrorKind::NotAReport) or
/// [`Utf16`](crate::ErrorKind::Utf16) for what is no CSV, such as a workbook.
///
/// ```
/// use dotdigital_faults::export;
///
/// let mut csv = Vec::new();
/// export::restore_csv(&b"\xef\xbb\xbfemail,phone\ndemo@example.com,'+31205550100\n"[..], &mut csv)?;
/// assert_eq!(csv, b"email,phone\ndemo@example.com,+31205550100\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn restore_csv(reader: impl Read, writer: impl Write) -> Result<()> {
    let mut input = Input::new(reader, None)?;
    let mut records = Records::separated_by(input.separator, false);
    let mut out = Gathered::new(writer);
    while input.read_record()? {
        records.write(input.cells().map(restore), &mut out)?;
        out.write_if_full()?;
    }
    out.finish().map(|_| ())
}

/// Makes any CSV whose cells are parted by commas one that can be opened in a spreadsheet: with a byte order mark, and each cell as [`defuse`] makes it.
/// [`restore_csv`] turns it back.
///
/// It is for what isn't written by a [`Csv`](super::Csv), which has the same as an
/// [option](super::WriteOptions::spreadsheet_safe). Records are parted by line feeds afterwards, and have quotes where they
/// are needed.
///
/// # Errors
/// Those of [`restore_csv`].
///
/// ```
/// use dotdigital_faults::export;
///
/// let mut safe = Vec::new();
/// export::defuse_csv(&b"source,count\n=1+1,2\n"[..], &mut safe)?;
/// assert_eq!(safe, b"\xef\xbb\xbfsource,count\n'=1+1,2\n");
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn defuse_csv(reader: impl Read, writer: impl Write) -> Result<()> {
    let mut input = Input::new(reader, Some(b','))?;
    let mut records = Records::new(true);
    let mut out = Gathered::new(writer);
    let mut is_first = true;
    while input.read_record()? {
        if is_first {
            out.bytes.extend_from_slice(BOM);
        }
        is_first = false;
        records.write(input.cells().map(defuse), &mut out)?;
        out.write_if_full()?;
    }
    out.finish().map(|_| ())
}

/// Writes a CSV of counts as the options want it: as it is, or made safe for spreadsheets.
pub(super) fn write_csv(
    options: &WriteOptions,
    writer: impl Write,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut writer = writer;
    if !options.is_spreadsheet_safe() {
        return write(&mut writer);
    }
    let mut csv = Vec::new();
    write(&mut csv)?;
    defuse_csv(&*csv, writer)
}

/// The error of the csv crate's writer: the output's own is inside, and tells more, such as that nobody reads any more.
pub(super) fn writing_csv(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => writing(error),
        other => writing(io::Error::other(format!("{other:?}"))),
    }
}

/// A CSV that is read record by record.
struct Input<R> {
    input: io::Chain<io::Cursor<Vec<u8>>, BufReader<R>>,
    separator: u8,
    reader: csv_core::Reader,
    /// The cells of the record, one behind the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    cells: usize,
}

impl<R: Read> Input<R> {
    /// Reads a CSV, whose cells are parted by what its beginning tells, unless that is known.
    fn new(mut reader: R, separator: Option<u8>) -> Result<Self> {
        let mut beginning = Vec::new();
        reader.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).map_err(Error::reading)?;
        let is_all = beginning.len() < BEGINNING;
        let first = beginning.get(..FIRST_BYTES).unwrap_or(&beginning);
        // Behind our own mark, anything may stand.
        if let Some(format) = format(first).filter(|_| !first.starts_with(BOM)) {
            let kind = if format == Format::Utf16 { ErrorKind::Utf16 } else { ErrorKind::NotAReport };
            return Err(Error::new(kind, format!("this is no CSV: it is {format}")).advise(format.advice()));
        }
        let separator = separator.unwrap_or_else(|| found_separator(&beginning, is_all));
        Ok(Input {
            // The byte order mark is the reader's to drop, once it sees it whole.
            input: io::Cursor::new(beginning).chain(BufReader::with_capacity(BEGINNING, reader)),
            separator,
            reader: csv_core::ReaderBuilder::new().delimiter(separator).build(),
            bytes: vec![0; BEGINNING],
            ends: vec![0; 64],
            cells: 0,
        })
    }

    /// Reads the next record; `false` where there is none.
    fn read_record(&mut self) -> Result<bool> {
        let (mut bytes, mut ends) = (0, 0);
        loop {
            let input = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                input => input.map_err(Error::reading)?,
            };
            let (room, places) = (self.bytes.get_mut(bytes..), self.ends.get_mut(ends..));
            let (result, read, written, ended) =
                self.reader.read_record(input, room.unwrap_or_default(), places.unwrap_or_default());
            self.input.consume(read);
            (bytes, ends) = (bytes + written, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => double(&mut self.bytes, LARGEST_RECORD)?,
                ReadRecordResult::OutputEndsFull => double(&mut self.ends, MOST_CELLS)?,
                ReadRecordResult::Record => {
                    self.cells = ends;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// The cells of the record.
    fn cells(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let ends = self.ends.get(..self.cells).unwrap_or_default();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends).map(|(start, &end)| self.bytes.get(start..end).unwrap_or_default())
    }
}

/// Makes room for twice as much, up to a limit.
fn double<T: Clone + Default>(room: &mut Vec<T>, most: usize) -> Result<()> {
    if room.len() >= most {
        let what = format!("a record is larger than {} MiB, or has millions of cells", LARGEST_RECORD >> 20);
        return Err(Error::new(ErrorKind::TooLarge, what).advise("see whether a quote is never closed"));
    }
    room.resize((2 * room.len()).min(most), T::default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(csv: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        restore_csv(csv, &mut out).unwrap();
        out
    }

    #[test]
    fn what_spreadsheets_save_again() {
        for (saved, expected) in [
            // LibreOffice and Excel, with and without a byte order mark, and with their own line ends.
            ("\u{feff}email,phone\r\na@x,'+31\r\n", "email,phone\na@x,+31\n"),
            ("email;phone;city\r\na@x;'+31;''s-H\r\n", "email;phone;city\na@x;+31;'s-H\n"),
            ("email\tphone\na@x\t'=1+1\n", "email\tphone\na@x\t=1+1\n"),
            ("\"email\";\"a,b\"\n\"a@x\";\"'-5\"\n", "email;a,b\na@x;-5\n"),
            // Exactly one apostrophe goes.
            ("a,b\n''=1,'x\n", "a,b\n'=1,x\n"),
            ("a\n\"x;''=1\"\n", "a\nx;'=1\n"),
            ("", ""),
            ("\u{feff}", ""),
            ("a,b", "a,b\n"),
        ] {
            assert_eq!(String::from_utf8(restored(saved.as_bytes())).unwrap(), expected, "{saved:?}");
        }
        // Only the first byte order mark is the file's.
        assert_eq!(restored("\u{feff}\"\u{feff}a\",b\n".as_bytes()), "\"\u{feff}a\",\"b\"\n".as_bytes());
    }

    #[test]
    fn a_program_parts_cells_with_commas_alone() {
        for csv in [";\nBlocker,\"a\"\"\"\n", "a;b\n=1;=2\n", "a\tb\n'x\n"] {
            let mut safe = Vec::new();
            defuse_csv(csv.as_bytes(), &mut safe).unwrap();
            assert_eq!(restored(&safe), csv.as_bytes(), "{}", String::from_utf8_lossy(&safe));
        }
    }

    #[test]
    fn what_is_no_csv() {
        for (bytes, kind) in [
            (&b"PK\x03\x04workbook"[..], ErrorKind::NotAReport),
            (b"\xff\xfea\0,\0", ErrorKind::Utf16),
            (b"\x1f\x8b\x08", ErrorKind::NotAReport),
        ] {
            let mut out = Vec::new();
            assert_eq!(restore_csv(bytes, &mut out).unwrap_err().kind(), kind);
            assert!(out.is_empty());
        }
        let never_closed = io::Read::chain(&b"a,b\n\""[..], io::repeat(b'x'));
        assert_eq!(restore_csv(never_closed, io::sink()).unwrap_err().kind(), ErrorKind::TooLarge);
        let commas = io::repeat(b',');
        assert_eq!(restore_csv(commas, io::sink()).unwrap_err().kind(), ErrorKind::TooLarge);
    }
}
