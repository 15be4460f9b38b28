//! Every reason as a table, for people at a terminal.

use std::io::{self, Write};

use super::layout::wrapped;
use super::words::remedy_words;
use super::{TableOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;

/// The most columns that such a table makes use of: it is mostly text, and longer lines are hard to read.
const MOST_COLUMNS: usize = 100;

/// Writes every reason, what it means, what to do, and which reports are known to tell of it, as `faults reasons` prints
/// them.
///
/// The last one stands for all that aren't known. Needs the feature `table`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::export;
///
/// let mut table = Vec::new();
/// export::reasons_to_table(&export::TableOptions::new(), &mut table)?;
/// assert!(String::from_utf8_lossy(&table).contains("Hard bounced  hard_bounced\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn reasons_to_table(options: &TableOptions, mut writer: impl Write) -> Result<()> {
    write(options, &mut writer).map_err(writing)
}

fn write(options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let known = FailureReason::iter().map(|reason| (reason.to_string(), reason));
    let other = ("anything else, in its own words".to_owned(), FailureReason::from(""));
    for (number, (label, reason)) in known.chain([other]).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write_reason(&label, &reason, options, out)?;
    }
    Ok(())
}

fn write_reason(label: &str, reason: &FailureReason, options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    let (width, palette) = (options.columns(MOST_COLUMNS), options.palette());
    let (strong, faint) = (palette.strong(), palette.faint());
    writeln!(out, "{strong}{label}{strong:#}  {faint}{}{faint:#}", reason.slug())?;
    writeln!(out, "  {}", wrapped(reason.description(), 2, width))?;
    let remedy = reason.remedy();
    let (style, words) = (palette.remedy(remedy), remedy_words(remedy));
    let what = wrapped(remedy.description(), 2 + words.len() + 2, width);
    writeln!(out, "  {style}{words}{style:#}: {what}")?;
    let kinds: Vec<_> = reason.report_kinds().iter().map(|kind| kind.description()).collect();
    if !kinds.is_empty() {
        writeln!(out, "  {faint}known of: {}{faint:#}", kinds.join(", "))?;
    }
    Ok(())
}
