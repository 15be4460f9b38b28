//! Faults as a workbook for spreadsheets.
//!
//! # How it works
//!
//! A row is written to the sheet's temporary file once the next one begins, and the sheets are packed into the workbook
//! at the end. So the memory is that of a row. The temporary files are in the system's folder for such
//! ([`std::env::temp_dir`]) and have no name where the system knows such files: whatever ends the program, nothing of a
//! contact is left in them. They are several times as large as the report.

use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rust_xlsxwriter::{Format, IgnoreError, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::{WriteOptions, tell, writing};
use crate::error::{Error, ErrorKind, Result};
use crate::report::FaultReport;
use crate::report::columns::{Columns, SameColumns};
use crate::report::fault::{Fault, text};
use crate::report::feed::FaultSink;

/// What a sheet can hold.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: usize = 16_384;
/// What a cell can hold, in units of UTF-16.
const LONGEST_CELL: usize = 32_767;

/// How many rows tell how wide the columns are, and the least and the greatest width.
const MEASURED: u32 = 100;
const NARROWEST: usize = 8;
const WIDEST: usize = 60;

/// What a cell takes in a sheet besides its text, at most.
const AROUND_A_CELL: usize = 96;
/// Above this, a file in the workbook has to be told in the form for large ones. Only then: some programs don't know it.
const LARGE: u64 = 3 << 30;

/// How often it is seen whether there is room for temporary files, and how much there has to be: in bytes.
const CHECKED: u64 = 1 << 20;
const LEAST_ROOM: u64 = 4 << 20;

/// Writes faults as a workbook (`xlsx`), as `faults list --format xlsx` does, and returns how many cells were cut.
///
/// Every cell is text, so that a spreadsheet keeps `01234`, `=1+1` and dates as they are, also where somebody edits them.
/// The header is bold, stays in sight and has a filter for each column. Where another header begins, it is written as a
/// further bold row; rows that a sheet has no room for go to a further sheet, under the header. A cell of more than 32,767
/// units of UTF-16 is cut, and what XML can't hold becomes U+FFFD; so does what isn't UTF-8.
/// [`spreadsheet_safe`](WriteOptions::spreadsheet_safe) changes nothing here. Needs the feature `xlsx`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer or a temporary file fails, and [`TooLarge`](crate::ErrorKind::TooLarge) for
/// more than 16,384 columns. In either case of the latter, nothing is written.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email,postcode\nBlocker,a@example.com,01234\n")?;
/// let mut workbook = Vec::new();
/// let cut = export::faults_to_xlsx(&report, report.faults(), &export::WriteOptions::new(), &mut workbook)?;
/// assert_eq!(cut, 0);
/// assert!(workbook.starts_with(b"PK"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn faults_to_xlsx<'r>(
    report: &FaultReport,
    faults: impl IntoIterator<Item = Fault<'r>>,
    options: &WriteOptions,
    writer: impl Write + Send,
) -> Result<u64> {
    let mut xlsx = Xlsx::new(writer, options);
    tell(report, faults, &mut xlsx)?;
    let cut = xlsx.cut_cells();
    xlsx.finish().map(|_| cut)
}

/// Writes faults as a workbook as they come; what [`faults_to_xlsx`] does with those of a report.
///
/// The memory is that of a row. Nothing is written to the writer before [`finish`](Self::finish): until then the rows are in
/// temporary files, in [`std::env::temp_dir`], which nobody else can open.
///
/// ```
/// use dotdigital_faults::{FaultReader, export};
///
/// let report = "Reason,email\nBlocker,a@example.com\n";
/// let mut xlsx = export::Xlsx::new(Vec::new(), &export::WriteOptions::new());
/// FaultReader::new(report.as_bytes()).drain_into(&mut xlsx)?;
/// assert_eq!(xlsx.cut_cells(), 0);
/// assert!(xlsx.finish()?.starts_with(b"PK"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct Xlsx<W> {
    writer: W,
    options: Arc<WriteOptions>,
    workbook: Workbook,
    styles: Styles,
    columns: Option<SameColumns>,
    header: Vec<String>,
    /// The sheet that is being written, if one has begun.
    sheet: Option<Sheet>,
    sheets: usize,
    cut: u64,
    /// How much has been written, at most; and how much of it since it was last seen whether there is room.
    written: u64,
    unchecked: u64,
    failure: Option<Error>,
    most_rows: u32,
}

/// How cells look: those of the header, and all others.
struct Styles {
    bold: Format,
    plain: Format,
}

/// The sheet that is being written.
struct Sheet {
    /// How many rows it has.
    rows: u32,
    /// How wide the columns are, by the first rows.
    widths: Vec<usize>,
}

impl<W: Write + Send> Xlsx<W> {
    /// Writes to a writer, once it is finished.
    pub fn new(writer: W, options: &WriteOptions) -> Self {
        // The format of a cell that is text, whatever is typed into it.
        let text = Format::new().set_num_format("@");
        Xlsx {
            writer,
            options: Arc::new(options.clone()),
            workbook: Workbook::new(),
            styles: Styles { bold: text.clone().set_bold(), plain: text },
            columns: None,
            header: Vec::new(),
            sheet: None,
            sheets: 0,
            cut: 0,
            written: 0,
            unchecked: CHECKED,
            failure: None,
            most_rows: MOST_ROWS,
        }
    }

    /// How many cells were cut so far, since they were too long for a spreadsheet.
    pub fn cut_cells(&self) -> u64 {
        self.cut
    }

    /// Writes the workbook, and gives the writer back.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where the writer or a temporary file fails; and the error that a row had.
    pub fn finish(mut self) -> Result<W> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.sheet.is_none() {
            // A workbook has a sheet, also where the report has nothing at all.
            self.begin_sheet()?;
        }
        self.end_sheet()?;
        self.workbook.use_zip_large_file(self.written > LARGE);
        let (workbook, writer) = (&mut self.workbook, &mut self.writer);
        guarded(|| workbook.save_to_writer(&mut *writer))?;
        self.writer.flush().map_err(writing)?;
        Ok(self.writer)
    }

    fn begin_sheet(&mut self) -> Result<()> {
        self.end_sheet()?;
        self.sheets += 1;
        let name = if self.sheets == 1 { "faults".to_owned() } else { format!("faults {}", self.sheets) };
        let workbook = &mut self.workbook;
        guarded(|| {
            let sheet = workbook.add_worksheet_with_constant_memory()?;
            sheet.set_name(name)?.set_freeze_panes(1, 0).map(|_| ())
        })?;
        self.sheet = Some(Sheet { rows: 0, widths: Vec::new() });
        if self.header.is_empty() { Ok(()) } else { self.write_header() }
    }

    /// What can be said of a sheet once all its rows are known.
    fn end_sheet(&mut self) -> Result<()> {
        let Some(Sheet { rows, widths }) = self.sheet.take() else { return Ok(()) };
        let (Some(last_row), Some(last_column)) = (rows.checked_sub(1), widths.len().checked_sub(1)) else {
            return Ok(());
        };
        self.on_sheet(|sheet, _| {
            let last_column = number(last_column)?;
            sheet.autofilter(0, 0, last_row, last_column)?;
            // A spreadsheet would mark each number that is a text.
            sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
            for (column, width) in widths.iter().enumerate() {
                sheet.set_column_width(number(column)?, *width as f64)?;
            }
            Ok(())
        })
    }

    fn write_header(&mut self) -> Result<()> {
        let names = std::mem::take(&mut self.header);
        let written = names.iter().enumerate().try_for_each(|(column, name)| self.write_cell(column, name, true));
        self.header = names;
        written?;
        self.end_row();
        Ok(())
    }

    fn end_row(&mut self) {
        if let Some(sheet) = &mut self.sheet {
            sheet.rows += 1;
        }
    }

    /// Makes room for a row, on a further sheet if it has to be.
    fn make_room(&mut self) -> Result<()> {
        match &self.sheet {
            Some(sheet) if sheet.rows < self.most_rows => Ok(()),
            _ => self.begin_sheet(),
        }
    }

    /// Writes a cell of the next row. An empty one takes no place.
    fn write_cell(&mut self, column: usize, cell: &str, is_name: bool) -> Result<()> {
        let (cell, is_cut) = fitting(cell);
        self.cut += u64::from(is_cut);
        let Some(sheet) = &mut self.sheet else { return Ok(()) };
        let (row, new) = (sheet.rows, sheet.widths.len()..column + 1);
        if !new.is_empty() {
            sheet.widths.resize(column + 1, NARROWEST);
        }
        if row < MEASURED
            && let Some(width) = sheet.widths.get_mut(column).filter(|width| **width < WIDEST)
        {
            let widest_line = cell.split('\n').map(|line| line.width()).max().unwrap_or(0);
            // With room for the mark of the filter.
            *width = (*width).max(widest_line + if is_name { 4 } else { 2 }).min(WIDEST);
        }
        self.see_room(&cell)?;
        self.on_sheet(|sheet, styles| {
            // All cells of a column look alike, those that somebody will fill, too.
            new.into_iter()
                .try_for_each(|column| sheet.set_column_format(number(column)?, &styles.plain).map(|_| ()))?;
            if cell.is_empty() {
                return Ok(());
            }
            let column = number(column)?;
            let written = match is_name {
                true => sheet.write_string_with_format(row, column, cell, &styles.bold),
                false => sheet.write_string(row, column, cell),
            };
            written.map(|_| ())
        })
    }

    /// Does something with the last sheet.
    fn on_sheet(&mut self, act: impl FnOnce(&mut Worksheet, &Styles) -> Result<(), XlsxError>) -> Result<()> {
        let (workbook, styles, last) = (&mut self.workbook, &self.styles, self.sheets.saturating_sub(1));
        guarded(|| act(workbook.worksheet_from_index(last)?, styles))
    }

    /// Fails in time where the disk of the temporary files is nearly full.
    fn see_room(&mut self, cell: &str) -> Result<()> {
        // Each of these takes up to seven bytes.
        let escaped = cell.bytes().filter(|byte| b"&<>_\r".contains(byte)).count();
        let size = (cell.len() + 6 * escaped + AROUND_A_CELL) as u64;
        self.written += size;
        self.unchecked += size;
        if self.unchecked < CHECKED {
            return Ok(());
        }
        self.unchecked = 0;
        let folder = std::env::temp_dir();
        let room = free_room(&folder).unwrap_or(u64::MAX);
        if room >= LEAST_ROOM {
            return Ok(());
        }
        let full = io::Error::new(io::ErrorKind::StorageFull, "no room is left for the rows of a workbook");
        Err(Error::writing_to(&folder, full).advise("make room there, or name another folder (TMPDIR)"))
    }

    fn write_fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        self.columns(fault.columns())?;
        self.make_room()?;
        let options = Arc::clone(&self.options);
        for (column, cell) in options.cells(fault).enumerate() {
            if column >= MOST_COLUMNS {
                return Err(too_wide().at_line(fault.line()));
            }
            self.write_cell(column, &text(cell), false)?;
        }
        self.end_row();
        Ok(())
    }

    fn write_columns(&mut self, columns: &Columns) -> Result<()> {
        if columns.len() > MOST_COLUMNS {
            return Err(too_wide());
        }
        self.columns = Some(SameColumns::as_those(columns));
        self.header = self.options.header(columns).into_iter().map(|name| text(name).into_owned()).collect();
        match &self.sheet {
            // Its header is this one.
            Some(sheet) if sheet.rows < self.most_rows => self.write_header(),
            _ => self.begin_sheet(),
        }
    }

    /// An error stays: a workbook that lacks a row is never finished.
    fn kept<T>(&mut self, done: Result<T>) -> Result<T> {
        done.inspect_err(|error| self.failure = Some(error.clone()))
    }
}

impl<W: Write + Send> FaultSink for Xlsx<W> {
    fn columns(&mut self, columns: &Columns) -> Result<()> {
        if self.columns.as_ref().is_some_and(|known| known.are(columns)) {
            return Ok(());
        }
        let written = self.write_columns(columns);
        self.kept(written)
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        let written = self.write_fault(fault);
        self.kept(written)
    }
}

/// `Debug` shows nothing of the faults.
impl<W> fmt::Debug for Xlsx<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Xlsx").field("options", &self.options).field("sheets", &self.sheets).finish_non_exhaustive()
    }
}

fn too_wide() -> Error {
    Error::new(ErrorKind::TooLarge, format!("a sheet has at most {MOST_COLUMNS} columns")).advise("write CSV")
}

/// The number of a column, as the writer of workbooks has it.
fn number(column: usize) -> Result<u16, XlsxError> {
    u16::try_from(column).map_err(|_| XlsxError::RowColumnLimitError)
}

/// How much room the disk of a folder has, in bytes; `None` where that can't be told.
fn free_room(folder: &std::path::Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// The cell as a sheet can hold it, and whether it was cut.
fn fitting(cell: &str) -> (String, bool) {
    let mut units = 0;
    let mut is_cut = false;
    let fits = |character: &char| {
        units += character.len_utf16();
        is_cut = units > LONGEST_CELL;
        !is_cut
    };
    let held = cell.chars().take_while(fits);
    let held = held.map(|character| if is_xml(character) { character } else { char::REPLACEMENT_CHARACTER }).collect();
    (held, is_cut)
}

/// Can XML hold it? (XML 1.0, production 2.)
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// What the writer of workbooks does, with its errors as ours.
///
/// It panics where a temporary file can't be written. That is seen in time on a disk that is full; what is left, such as
/// a quota, becomes an error here.
fn guarded<T>(act: impl FnOnce() -> Result<T, XlsxError>) -> Result<T> {
    let done = catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
        let folder = std::env::temp_dir();
        Err(XlsxError::TempFileError(folder, io::Error::other("a temporary file can't be written")))
    });
    done.map_err(|error| match error {
        XlsxError::IoError(error) => writing(error),
        XlsxError::TempFileError(folder, error) => {
            Error::writing_to(&folder, error).advise("see whether there is room for temporary files (TMPDIR)")
        }
        other => {
            let mut cause = std::error::Error::source(&other);
            while let Some(source) = cause {
                if let Some(error) = source.downcast_ref::<io::Error>() {
                    return writing(io::Error::new(error.kind(), error.to_string()));
                }
                cause = source.source();
            }
            writing(io::Error::other(other.to_string()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_can_hold() {
        let long = "x".repeat(LONGEST_CELL);
        assert_eq!(fitting(&long), (long.clone(), false));
        assert_eq!(fitting(&format!("{long}y")), (long.clone(), true));
        // A character of two units isn't cut in half.
        let almost = &long[1..];
        assert_eq!(fitting(&format!("{almost}😀")), (almost.to_owned(), true));
        assert_eq!(fitting(&format!("{}😀", &long[2..])).0.encode_utf16().count(), LONGEST_CELL);
        assert_eq!(fitting("a\0b\u{b}\u{fffe}\u{ffff}\t\r\n\u{7f}😀").0, "a�b���\t\r\n\u{7f}😀");
    }

    #[test]
    fn rows_beyond_a_sheet_go_to_further_ones() {
        let report =
            FaultReport::from_bytes("Reason,email\n".to_owned() + &"Blocker,a@example.com\n".repeat(5)).unwrap();
        for (most_rows, sheets) in [(2, 5), (3, 3), (6, 1), (7, 1)] {
            let mut xlsx = Xlsx::new(Vec::new(), &WriteOptions::new());
            xlsx.most_rows = most_rows;
            tell(&report, report.faults(), &mut xlsx).unwrap();
            let rows = xlsx.sheet.as_ref().map(|sheet| sheet.rows);
            assert!(rows.is_some_and(|rows| (2..=most_rows).contains(&rows)), "{rows:?}");
            let workbook = xlsx.finish().unwrap();
            let has = |sheet: u32| {
                let name = format!("xl/worksheets/sheet{sheet}.xml");
                workbook.windows(name.len()).any(|window| window == name.as_bytes())
            };
            assert!(has(sheets) && !has(sheets + 1), "{most_rows}");
        }
    }

    #[test]
    fn what_fails_in_the_writer_of_workbooks_is_an_error() {
        let error = guarded::<()>(|| panic!("as where a temporary file can't be written")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("TMPDIR"), "{error}");
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = guarded::<()>(|| Err(XlsxError::IoError(closed))).unwrap_err();
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn an_error_stays() {
        let wide = format!("Reason,email\nBlocker,a{}\n", ",".repeat(MOST_COLUMNS));
        let report = FaultReport::from_bytes(wide).unwrap();
        let mut xlsx = Xlsx::new(Vec::new(), &WriteOptions::new());
        let error = tell(&report, report.faults(), &mut xlsx).unwrap_err();
        assert_eq!((error.kind(), error.line()), (ErrorKind::TooLarge, Some(2)));
        assert_eq!(xlsx.finish().unwrap_err().kind(), ErrorKind::TooLarge);
    }
}
