//! The files of a split report as a table, for people at a terminal.

use std::io::{self, Write};

use super::layout::wrapped;
use super::words::grouped;
use super::{SplitFile, TableOptions, writing};
use crate::error::Result;
use crate::reason::remedy::Remedy;

/// The most columns that such a table makes use of.
const MOST_COLUMNS: usize = 120;

/// Writes the files that a report was split into, with how many faults each has and what to do about them, as
/// `faults split` prints them. Needs the features `split` and `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\n")?;
/// let folder = tempfile::tempdir()?;
/// let files = export::split_to_dir(&report, folder.path().join("to-do"), &export::SplitOptions::new())?;
/// let mut table = Vec::new();
/// export::split_files_to_table(&files, &export::TableOptions::new(), &mut table)?;
/// assert_eq!(table, b"remove.csv            1  Stop mailing it; remove it from your own lists.\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_files_to_table(files: &[SplitFile], options: &TableOptions, mut writer: impl Write) -> Result<()> {
    write(files, options, &mut writer).map_err(writing)
}

fn write(files: &[SplitFile], options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    // As wide as the longest of all names, so that the columns are the same whatever files there are.
    let extension = files.iter().filter_map(|file| file.path().extension()).map(|text| text.len() + 1).max();
    let longest = Remedy::iter().map(|remedy| remedy.slug().len()).max();
    let name = longest.unwrap_or(0) + extension.unwrap_or(0);
    let number = files.iter().map(|file| grouped(file.faults()).len()).max().unwrap_or(0);
    let width = options.columns(MOST_COLUMNS);
    for file in files {
        let (text, style) = (file.path().file_name().unwrap_or_default(), options.palette().remedy(file.remedy()));
        let text = text.to_string_lossy();
        let (count, what) = (grouped(file.faults()), wrapped(file.remedy().description(), name + number + 4, width));
        writeln!(out, "{style}{text:name$}{style:#}  {count:>number$}  {what}")?;
    }
    Ok(())
}
