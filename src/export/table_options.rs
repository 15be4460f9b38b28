//! How tables for a terminal are written.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use crate::reason::remedy::Remedy;
#[cfg(feature = "redact")]
use crate::redact::Redactor;
use crate::tally::comparison::Comparison;

/// The width of a table where none is asked for: that of most terminals.
const USUAL_WIDTH: usize = 80;

/// The least width that a table has, since its numbers need some room.
const LEAST_WIDTH: usize = 40;

/// How tables for a terminal are written: 80 columns wide and without colours, unless something else is asked for.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let options = export::TableOptions::new().width(60).source("may.csv");
/// let mut table = Vec::new();
/// export::tally_to_table(&Tally::from(&report), &options, &mut table)?;
/// assert!(table.starts_with(b"Why 1 contact failed to import\nmay.csv\n"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing by themselves"]
pub struct TableOptions {
    width: usize,
    colors: bool,
    source: Option<String>,
    sources: Option<(String, String)>,
    contacts: bool,
    #[cfg(feature = "redact")]
    redactor: Option<Redactor>,
}

impl TableOptions {
    /// 80 columns, without colours.
    pub fn new() -> Self {
        TableOptions {
            width: USUAL_WIDTH,
            colors: false,
            source: None,
            sources: None,
            contacts: false,
            #[cfg(feature = "redact")]
            redactor: None,
        }
    }

    /// How many columns a line may have. Default: 80.
    ///
    /// Less than 40 counts as 40, since the numbers need room. Wide terminals aren't filled: a line has at most 120
    /// columns, or 100 where it is mostly text.
    pub fn width(mut self, columns: usize) -> Self {
        self.width = columns;
        self
    }

    /// Whether there are colours, as ANSI escape codes. Default: off.
    ///
    /// Whether they are wanted is for the caller to find out: whether it is a terminal that is written to, and whether
    /// `NO_COLOR` is set.
    pub fn colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }

    /// What a tally's table names under its heading. Default: the name of the only report, or how many reports there
    /// are.
    pub fn source(mut self, name: impl Into<String>) -> Self {
        self.source = Some(name.into());
        self
    }

    /// What a comparison's table names under its heading: the older report and the newer one. Default: the ids of their
    /// imports, where both are known.
    pub fn sources(mut self, older: impl Into<String>, newer: impl Into<String>) -> Self {
        self.sources = Some((older.into(), newer.into()));
        self
    }

    /// Whether a comparison lists the contacts that have changed, and doesn't only count them. Default: off.
    pub fn contacts(mut self, contacts: bool) -> Self {
        self.contacts = contacts;
        self
    }

    /// Replaces the contact data of a comparison: emails by the hashes of [`Redactor::email`], and reasons that aren't
    /// known as [`Redactor::reason`] does it.
    ///
    /// A tally's table isn't changed by it. Have a tally made without contact data instead:
    /// [`ReasonCounts::redacted`](crate::ReasonCounts::redacted) and
    /// [`GroupCounter::redacted`](crate::GroupCounter::redacted).
    #[cfg(feature = "redact")]
    pub fn redact(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// How many columns a line has, in a table that gains nothing from more than `most`.
    pub(super) fn columns(&self, most: usize) -> usize {
        self.width.clamp(LEAST_WIDTH, most)
    }

    pub(super) fn palette(&self) -> Palette {
        Palette { is_on: self.colors }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.source.as_deref()
    }

    pub(super) fn names(&self) -> Option<(&str, &str)> {
        self.sources.as_ref().map(|(older, newer)| (older.as_str(), newer.as_str()))
    }

    pub(super) fn lists_contacts(&self) -> bool {
        self.contacts
    }

    /// A comparison, as it may be seen.
    pub(super) fn comparison<'c>(&self, comparison: &'c Comparison) -> Cow<'c, Comparison> {
        #[cfg(feature = "redact")]
        if let Some(redactor) = &self.redactor {
            return Cow::Owned(comparison.redacted(redactor));
        }
        Cow::Borrowed(comparison)
    }
}

impl Default for TableOptions {
    fn default() -> Self {
        TableOptions::new()
    }
}

/// The styles of a table. Without colours, all of them are plain: they write nothing.
#[derive(Clone, Copy)]
pub(super) struct Palette {
    is_on: bool,
}

impl Palette {
    /// For what is looked at first.
    pub fn strong(self) -> Style {
        self.if_on(Style::new().bold())
    }

    /// For headings, and for what stands aside.
    pub fn faint(self) -> Style {
        self.if_on(Style::new().dimmed())
    }

    /// The colour of what a fault calls for, another one for each remedy. A terminal has only six that can be told apart on
    /// any background: so one is the terminal's own, for what nothing is known of, and one is a lighter kind of another.
    pub fn remedy(self, remedy: Remedy) -> Style {
        let color = match remedy {
            Remedy::Correct => AnsiColor::Yellow,
            Remedy::Remove => AnsiColor::Red,
            Remedy::AskConsent => AnsiColor::Magenta,
            Remedy::RetryLater => AnsiColor::Blue,
            Remedy::LiftSuppression => AnsiColor::BrightMagenta,
            Remedy::Wait => AnsiColor::Cyan,
            Remedy::Investigate => return Style::new(),
            Remedy::Ignore => AnsiColor::Green,
        };
        self.if_on(color.on_default())
    }

    fn if_on(self, style: Style) -> Style {
        if self.is_on { style } else { Style::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_remedies_share_a_colour() {
        let palette = TableOptions::new().colors(true).palette();
        let codes: HashSet<_> = Remedy::iter().map(|remedy| palette.remedy(remedy).render().to_string()).collect();
        assert_eq!(codes.len(), Remedy::iter().len());
    }
}
