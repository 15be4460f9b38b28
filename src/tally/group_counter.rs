//! Counting faults by what they have in common, as they come.
//!
//! # How it works
//!
//! The same few values occur again and again. So each spelling of a value is looked at once, which may be costly (a
//! domain in Unicode, a keyed hash), and is remembered with the group that it belongs to:
//!
//! ```text
//!   Example.com  ──┐
//!   example.com  ──┴─► group 0, `example.com`      Blocker 12, Hard bounced 7, …
//!   example.org  ────► group 1, `example.org`      Blocker  1, …
//! ```

use std::collections::HashMap;
use std::fmt;

use super::group_counts::{GroupBy, GroupCounts, GroupKey};
use crate::error::{Error, Result};
use crate::reason::{FailureReason, Slot};
#[cfg(feature = "redact")]
use crate::redact::Redactor;
use crate::report::FaultReport;
use crate::report::columns::Columns;
#[cfg(feature = "domains")]
use crate::report::domain::domain;
use crate::report::fault::Fault;
use crate::report::feed::FaultSink;

/// How many spellings are remembered, and how many bytes of them.
const MOST_SPELLINGS: usize = 32_768;
const MOST_SPELLING_BYTES: usize = 1 << 20;

/// Counts faults by what they have in common, and by their reasons, as they come, in bounded memory.
///
/// ```
/// use dotdigital_faults::{FaultReader, GroupBy, GroupCounter, GroupKey};
///
/// let report = "Reason,email,country\nBlocker,a@example.com,NL\nDuplicate,b@example.com,NL\n";
/// let mut counter = GroupCounter::new(GroupBy::column("country"));
/// FaultReader::new(report.as_bytes()).drain_into(&mut counter)?;
/// let groups = counter.finish()?;
/// assert_eq!(groups.get(GroupKey::Value("NL")).map(|counts| counts.total()), Some(2));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// `Debug` shows no value.
#[must_use = "it counts once it is finished"]
pub struct GroupCounter {
    by: GroupBy,
    #[cfg(feature = "redact")]
    redactor: Option<Redactor>,
    /// Where the values stand under the columns in force.
    column: Option<usize>,
    has_columns: bool,
    has_column: bool,
    /// The names of the first header, for an error.
    names: Option<String>,
    groups: GroupCounts,
    /// The groups that known reasons are counted in, and those counts.
    keys: Vec<Key>,
    counts: Vec<[u64; Slot::Other as usize]>,
    /// Each spelling, and its group.
    spellings: HashMap<Box<[u8]>, usize>,
    spelling_bytes: usize,
    numbers: HashMap<Key, usize>,
}

/// A group's key that is kept.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Value(Box<str>),
    #[cfg(feature = "domains")]
    Domain(Box<str>),
    Absent,
    #[cfg(feature = "domains")]
    Invalid,
    Rest,
}

impl Key {
    fn borrow(&self) -> GroupKey<'_> {
        match self {
            Key::Value(value) => GroupKey::Value(value),
            #[cfg(feature = "domains")]
            Key::Domain(domain) => GroupKey::Domain(domain),
            Key::Absent => GroupKey::Absent,
            #[cfg(feature = "domains")]
            Key::Invalid => GroupKey::Invalid,
            Key::Rest => GroupKey::Rest,
        }
    }
}

impl GroupCounter {
    /// Counts by what is asked for.
    pub fn new(by: GroupBy) -> Self {
        GroupCounter {
            groups: GroupCounts::new(by.clone()),
            by,
            #[cfg(feature = "redact")]
            redactor: None,
            column: None,
            has_columns: false,
            has_column: false,
            names: None,
            keys: Vec::new(),
            counts: Vec::new(),
            spellings: HashMap::new(),
            spelling_bytes: 0,
            numbers: HashMap::new(),
        }
    }

    /// Counts without contact data: the values, the domains and the reasons that aren't known are replaced as
    /// [`WriteOptions::redact`](crate::export::WriteOptions::redact) replaces them. Domains stay where the redactor
    /// [keeps them](crate::Redactor::keep_domains).
    #[cfg(feature = "redact")]
    pub fn redacted(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// The counts of all faults that have come.
    ///
    /// # Errors
    /// [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn) where no header has a column of that name.
    pub fn finish(self) -> Result<GroupCounts> {
        self.check_column()?;
        Ok(self.finish_anyway())
    }

    /// Returns an error where no header that has come has a column of that name; whoever counts several reports may go
    /// on with [`finish_anyway`](Self::finish_anyway) then.
    ///
    /// # Errors
    /// [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn), with the names that the first header has.
    pub fn check_column(&self) -> Result<()> {
        match &self.by {
            GroupBy::Column(name) if self.has_columns && !self.has_column => {
                Err(Error::no_such_column_among(name, self.names.as_deref()))
            }
            _ => Ok(()),
        }
    }

    /// Returns true if a header that has come has what is counted by: the column of that name, or one of emails.
    pub fn has_column(&self) -> bool {
        self.has_column
    }

    /// The counts of all faults that have come, also where no header has a column of that name: they are counted under
    /// [`GroupKey::NoColumn`] then, so that a report that lacks the column can be summed up with others.
    ///
    /// ```
    /// use dotdigital_faults::{FaultReader, GroupBy, GroupCounter, GroupKey};
    ///
    /// let mut counter = GroupCounter::new(GroupBy::column("country"));
    /// FaultReader::new(&b"Reason,email\nBlocker,a@example.com\n"[..]).drain_into(&mut counter)?;
    /// assert!(counter.check_column().is_err());
    /// let groups = counter.finish_anyway();
    /// assert_eq!(groups.get(GroupKey::NoColumn).map(|counts| counts.total()), Some(1));
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn finish_anyway(mut self) -> GroupCounts {
        for (key, counts) in self.keys.iter().zip(&self.counts) {
            for (reason, &count) in FailureReason::iter().zip(counts).filter(|&(_, &count)| count > 0) {
                self.groups.add(key.borrow(), &reason, count);
            }
        }
        if self.check_column().is_ok() { self.groups } else { self.groups.without_column() }
    }

    /// The spelling that tells the group of a fault; `None` where the row ends before it.
    fn spelling<'f>(&self, fault: &Fault<'f>) -> Option<std::borrow::Cow<'f, [u8]>> {
        fault.raw_field(self.column?)
    }

    /// The number of the group of a spelling.
    fn number(&mut self, fault: &Fault<'_>) -> usize {
        let Some(spelling) = self.spelling(fault) else {
            let key = match &self.by {
                GroupBy::Column(_) => Key::Absent,
                #[cfg(feature = "domains")]
                GroupBy::Domain => Key::Invalid,
            };
            return self.number_of(key);
        };
        let part = self.part(&spelling);
        if let Some(&number) = self.spellings.get(part) {
            return number;
        }
        let key = self.key(fault, &spelling);
        let number = self.number_of(key);
        let part = self.part(&spelling);
        if self.spellings.len() < MOST_SPELLINGS && self.spelling_bytes + part.len() <= MOST_SPELLING_BYTES {
            self.spelling_bytes += part.len();
            self.spellings.insert(part.into(), number);
        }
        number
    }

    /// As much of a cell as the group depends on.
    fn part<'c>(&self, cell: &'c [u8]) -> &'c [u8] {
        match &self.by {
            GroupBy::Column(_) => cell,
            // With the `@`, and only where something stands in front of it.
            #[cfg(feature = "domains")]
            GroupBy::Domain => match memchr::memrchr(b'@', cell) {
                Some(at) if cell.iter().take(at).any(|byte| byte.is_ascii_graphic()) => &cell[at..],
                _ => cell,
            },
        }
    }

    fn key(&self, fault: &Fault<'_>, cell: &[u8]) -> Key {
        let text = String::from_utf8_lossy(cell);
        match &self.by {
            GroupBy::Column(_) => Key::Value(self.shown_value(fault, &text).into()),
            #[cfg(feature = "domains")]
            GroupBy::Domain => match domain(&text) {
                Some(domain) => Key::Domain(self.shown_domain(&domain).into()),
                None => Key::Invalid,
            },
        }
    }

    fn shown_value(&self, fault: &Fault<'_>, value: &str) -> String {
        #[cfg(feature = "redact")]
        if let (Some(redactor), Some(column)) = (&self.redactor, self.column) {
            return redactor.field(fault, column, value.as_bytes()).unwrap_or_else(|| value.to_owned());
        }
        let _ = fault;
        value.to_owned()
    }

    #[cfg(feature = "domains")]
    fn shown_domain(&self, domain: &str) -> String {
        #[cfg(feature = "redact")]
        if let Some(redactor) = self.redactor.as_ref().filter(|redactor| !redactor.keeps_domains()) {
            return redactor.cell(domain);
        }
        domain.to_owned()
    }

    fn number_of(&mut self, key: Key) -> usize {
        let key = if self.groups.admit(key.borrow()) { key } else { Key::Rest };
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let number = self.keys.len();
        self.keys.push(key.clone());
        self.counts.push([0; Slot::Other as usize]);
        self.numbers.insert(key, number);
        number
    }

    fn add_unknown(&mut self, number: usize, reason: &FailureReason) {
        #[cfg(feature = "redact")]
        let redacted = self.redactor.as_ref().map(|redactor| redactor.reason(reason));
        #[cfg(feature = "redact")]
        let reason = redacted.as_ref().unwrap_or(reason);
        if let Some(key) = self.keys.get(number) {
            self.groups.add(key.borrow(), reason, 1);
        }
    }
}

impl FaultSink for GroupCounter {
    fn columns(&mut self, columns: &Columns) -> Result<()> {
        self.column = match &self.by {
            GroupBy::Column(name) => columns.position(name),
            #[cfg(feature = "domains")]
            GroupBy::Domain => columns.email(),
        };
        if !self.has_columns {
            self.names = columns.listed();
        }
        self.has_columns |= !columns.is_empty();
        self.has_column |= self.column.is_some();
        // What a spelling is replaced by depends on its column.
        self.spellings.clear();
        self.spelling_bytes = 0;
        Ok(())
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        let number = self.number(fault);
        let place = self.counts.get_mut(number).and_then(|counts| counts.get_mut(fault.reason().position()));
        match place {
            Some(count) => *count += 1,
            None => self.add_unknown(number, fault.reason()),
        }
        Ok(())
    }
}

impl fmt::Debug for GroupCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCounter").field("groups", &self.keys.len()).finish_non_exhaustive()
    }
}

impl FaultReport {
    /// Counts the faults by what they have in common, and by their reasons, in bounded memory.
    ///
    /// # Errors
    /// [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn) where the report has no column of that name.
    ///
    /// ```
    /// # #[cfg(feature = "domains")] {
    /// use dotdigital_faults::{FaultReport, GroupBy, GroupKey};
    ///
    /// let report = FaultReport::from_bytes("Reason,email\nHard bounced,a@Example.com\nBlocker,b@example.com\n")?;
    /// let groups = report.count_by(&GroupBy::Domain)?;
    /// assert_eq!(groups.get(GroupKey::Domain("example.com")).map(|counts| counts.total()), Some(2));
    /// # }
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn count_by(&self, by: &GroupBy) -> Result<GroupCounts> {
        self.counted(GroupCounter::new(by.clone()))
    }

    /// The same, without contact data: as [`GroupCounter::redacted`] counts.
    ///
    /// # Errors
    /// Those of [`count_by`](Self::count_by).
    ///
    /// ```
    /// use dotdigital_faults::{FaultReport, GroupBy, Redactor};
    ///
    /// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nBlocker,A@example.com\n")?;
    /// let groups = report.count_by_redacted(&GroupBy::column("email"), &Redactor::new("a secret of your own")?)?;
    /// let (key, counts) = groups.iter().next().unwrap();
    /// assert!(key.value().unwrap().starts_with('h'));
    /// assert_eq!(counts.total(), 2);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    #[cfg(feature = "redact")]
    pub fn count_by_redacted(&self, by: &GroupBy, redactor: &Redactor) -> Result<GroupCounts> {
        self.counted(GroupCounter::new(by.clone()).redacted(redactor.clone()))
    }

    fn counted(&self, mut counter: GroupCounter) -> Result<GroupCounts> {
        let mut known: Option<&Columns> = None;
        self.headers().try_for_each(|columns| counter.columns(columns))?;
        for fault in self.faults() {
            if !known.is_some_and(|known| std::ptr::eq(known, fault.columns())) {
                counter.columns(fault.columns())?;
                known = Some(fault.columns());
            }
            counter.fault(&fault)?;
        }
        counter.finish()
    }
}
