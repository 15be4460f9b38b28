//! The columns under which faults stand.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use memchr::memchr;

use crate::escape::escape;
use crate::read::answer::columns::is_identifier;
use crate::read::header::Header;
use crate::reason::key::KnownColumn;

/// The columns under which faults stand: their names, and which of them are the reason's and the email's.
///
/// A report mostly has one header. Where reports of different columns have been joined, it has several, and each fault
/// stands under its own: [`Fault::columns`](crate::Fault::columns).
///
/// ```
/// use dotdigital_faults::FaultReport;
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nReason,email,city\nDuplicate,b@example.com,Rome\n")?;
/// let columns: Vec<Vec<&str>> = report.faults().map(|fault| fault.columns().names().collect()).collect();
/// assert_eq!(columns, [vec!["Reason", "email"], vec!["Reason", "email", "city"]]);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub struct Columns {
    pub(crate) header: Arc<Header>,
    table: OnceLock<Box<Table>>,
}

/// The names as text, and made unlike each other.
#[derive(Default)]
struct Table {
    names: Texts,
    /// The names with those that repeat numbered on; `None` where no name does.
    keys: Option<Texts>,
    /// All keys that could be taken for a numbered column.
    taken: HashSet<Box<str>>,
}

/// Several texts, one behind the other, without a box for each.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..end)
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..self.ends.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

impl Columns {
    pub(crate) fn new(header: Arc<Header>) -> Self {
        Columns { header, table: OnceLock::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.header.width
    }

    /// Returns true if there are none, as in a report without a byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their names, as the header has them; `column_1`, `column_2`, … where there is no header.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.table().names.iter()
    }

    /// The name of the column at a position, counted from 0.
    pub fn name(&self, column: usize) -> Option<&str> {
        self.table().names.get(column)
    }

    /// The position, counted from 0, of the column of that name, case-insensitively; one of exactly that name goes first.
    ///
    /// Of several columns of one name this is the first; the others are `name_2`, `name_3`. A field beyond the
    /// header is `column_N`, counted from 1.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.table().find(name)
    }

    /// The position, counted from 0, of the reason's column.
    pub fn reason(&self) -> usize {
        self.header.reason
    }

    /// The position, counted from 0, of the email's column, if there is one.
    pub fn email(&self) -> Option<usize> {
        self.header.email
    }

    /// Returns true if there is a header that names them.
    pub fn has_header(&self) -> bool {
        self.header.has_names
    }

    /// May what stands in a column have been uploaded? The reason can't, nor what the newer API adds to the identifiers.
    pub(crate) fn may_be_uploaded(&self, column: usize) -> bool {
        let is_added = self.header.is_of_answer && !is_identifier(column, self.len());
        column != self.reason() && !is_added
    }

    /// Do all columns but the reason's have the upload's shape?
    pub(crate) fn are_of_upload(&self) -> bool {
        !self.header.is_of_answer
    }

    /// The byte that parts the cells of a row.
    pub(crate) fn separator(&self) -> u8 {
        self.header.shape.separator
    }

    /// The names as bytes, as the header has them; none where there is no header.
    pub(crate) fn raw_names(&self) -> impl Iterator<Item = &[u8]> {
        self.header.names.iter()
    }

    /// What tells a column from others of the same name; it may lie beyond the header.
    pub(crate) fn key(&self, column: usize) -> Cow<'_, str> {
        self.table().key(column)
    }

    /// Does the header name the reason's column or the email's, and hold no address, so that it surely is one?
    pub(crate) fn names_reason_or_email(&self) -> bool {
        if self.raw_names().any(|name| memchr(b'@', name).is_some()) {
            return false;
        }
        let known = |column: usize| self.header.names.get(column).and_then(KnownColumn::of);
        known(self.header.reason) == Some(KnownColumn::Reason)
            || self.header.email.and_then(known) == Some(KnownColumn::Email)
    }

    /// A column for an error: by its number, where its name may be a contact's data.
    pub(crate) fn told(&self, column: usize) -> Cow<'_, str> {
        if self.names_reason_or_email() { self.key(column) } else { Cow::Owned(number(column)) }
    }

    /// The names for an error, in less than 1 KiB; `None` where they may be a contact's data.
    pub(crate) fn listed(&self) -> Option<String> {
        /// How much of a name is told, in characters, and how much of all names, in bytes.
        const LONGEST_NAME: usize = 64;
        const LONGEST_LIST: usize = 600;

        if !self.has_header() || !self.names_reason_or_email() {
            return None;
        }
        let mut list = String::new();
        for (told, name) in self.names().enumerate() {
            let name = format!("`{}`", escape(name, LONGEST_NAME));
            if list.len() + name.len() > LONGEST_LIST {
                return Some(format!("{list} and {} more", self.len() - told));
            }
            if told > 0 {
                list.push_str(", ");
            }
            list.push_str(&name);
        }
        Some(list)
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            Box::new(match self.header.has_names {
                true => Table::new(self.header.names.iter().map(String::from_utf8_lossy)),
                false => Table::new((0..self.header.width).map(|column| number(column).into())),
            })
        })
    }
}

/// Tells columns from others, also when those are gone.
#[derive(Clone)]
pub(crate) struct SameColumns(Arc<Header>);

impl SameColumns {
    pub(crate) fn as_those(columns: &Columns) -> Self {
        SameColumns(Arc::clone(&columns.header))
    }

    /// Are these columns the same?
    pub(crate) fn are(&self, columns: &Columns) -> bool {
        Arc::ptr_eq(&self.0, &columns.header)
    }
}

/// `Debug` shows no name: what stands where a header belongs may be a contact.
impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Columns")
            .field("len", &self.len())
            .field("reason", &self.reason())
            .field("email", &self.email())
            .field("has_header", &self.has_header())
            .finish_non_exhaustive()
    }
}

impl Table {
    fn new<'n>(names: impl Iterator<Item = Cow<'n, str>>) -> Self {
        let mut table = Table::default();
        names.for_each(|name| table.names.push(&name));
        let mut seen = HashSet::new();
        let repeats = table.names.iter().any(|name| !seen.insert(name));
        table.keys = repeats.then(|| unique(&table.names));
        let all = table.names.iter().chain(table.keys.iter().flat_map(|keys| keys.iter()));
        table.taken = all.filter(|name| name.starts_with(NUMBERED)).map(Box::from).collect();
        table
    }

    fn keys(&self) -> &Texts {
        self.keys.as_ref().unwrap_or(&self.names)
    }

    fn key(&self, column: usize) -> Cow<'_, str> {
        match self.keys().get(column) {
            Some(key) => Cow::Borrowed(key),
            None => {
                let name = number(column);
                let key = if self.taken.contains(&*name) { self.free(&name) } else { name };
                Cow::Owned(key)
            }
        }
    }

    /// A name with the smallest number from 2 on that is not taken yet.
    fn free(&self, name: &str) -> String {
        let numbers = (2..).map(|number: u64| format!("{name}_{number}"));
        numbers.into_iter().find(|key| !self.taken.contains(&**key)).unwrap_or_default()
    }

    /// Finds a column by its name, case-insensitively, or by the key that tells it from others of the same name.
    fn find(&self, name: &str) -> Option<usize> {
        let lower = name.to_lowercase();
        let is_same = |candidate: &str| {
            if candidate.is_ascii() {
                candidate.eq_ignore_ascii_case(&lower)
            } else {
                candidate.to_lowercase() == lower
            }
        };
        let find = |names: &Texts| {
            let exact = names.iter().position(|candidate| candidate == name);
            exact.or_else(|| names.iter().position(is_same))
        };
        find(&self.names).or_else(|| self.keys.as_ref().and_then(find)).or_else(|| self.find_beyond(&lower))
    }

    /// Finds a column beyond the header by its key.
    fn find_beyond(&self, lower: &str) -> Option<usize> {
        let digits = lower.strip_prefix(NUMBERED)?;
        let number: usize = digits.split('_').next()?.parse().ok()?;
        let column = number.checked_sub(1).filter(|&column| column >= self.names.ends.len())?;
        (*self.key(column) == *lower).then_some(column)
    }
}

const NUMBERED: &str = "column_";

pub(crate) fn number(column: usize) -> String {
    format!("{NUMBERED}{}", column + 1)
}

/// Each name that repeats gets the smallest number from 2 on that makes it unlike every name of the header and every
/// name given so far.
fn unique(names: &Texts) -> Texts {
    let mut taken: HashSet<Cow<'_, str>> = names.iter().map(Cow::Borrowed).collect();
    // Where each name's search goes on, so that a thousand equal names cost no more than a thousand steps.
    let mut next: HashMap<&str, u64> = HashMap::new();
    let mut keys = Texts::default();
    for name in names.iter() {
        let Some(number) = next.get_mut(name) else {
            next.insert(name, 2);
            keys.push(name);
            continue;
        };
        loop {
            let key = format!("{name}_{number}");
            *number += 1;
            if !taken.contains(&*key) {
                keys.push(&key);
                taken.insert(Cow::Owned(key));
                break;
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Table {
        Table::new(names.iter().map(|&name| name.into()))
    }

    #[test]
    fn names_that_repeat() {
        for (names, keys) in [
            (&["x", "x", "x_2"][..], &["x", "x_3", "x_2"][..]),
            (&["", "", ""], &["", "_2", "_3"]),
            (&["x", "x", "x", "y"], &["x", "x_2", "x_3", "y"]),
            (&["x_2", "x_2", "x", "x"], &["x_2", "x_2_2", "x", "x_3"]),
        ] {
            assert!(table(names).keys().iter().eq(keys.iter().copied()), "{names:?}");
        }
    }

    #[test]
    fn columns_beyond_the_header() {
        assert_eq!(table(&["a", "b"]).key(2), "column_3");
        assert_eq!(table(&["a", "column_3"]).key(2), "column_3_2");
        assert_eq!(table(&["column_5_2", "column_5"]).key(4), "column_5_3");
        assert_eq!(table(&["a", "column_3"]).find("column_3_2"), Some(2));
        assert_eq!(table(&["a", "column_3"]).find("column_3"), Some(1));
        assert_eq!(table(&["a"]).find("Column_7"), Some(6));
        assert_eq!(table(&["a"]).find("column_1"), None);
        assert_eq!(table(&["column_1", "column_2"]).find("column_2"), Some(1));
    }

    #[test]
    fn names_are_found_case_insensitively() {
        let table = table(&["Reason", "EMAIL", "Größe", "x", "X"]);
        assert_eq!(table.find("email"), Some(1));
        assert_eq!(table.find("GRÖSSE"), None);
        assert_eq!(table.find("GRÖßE"), Some(2));
        assert_eq!(table.find("X"), Some(4));
        assert_eq!(table.find("column_5"), None);
    }
}
