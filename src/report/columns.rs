//! The names of a report's columns.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The names of a report's columns, as the report has them, and made unlike each other.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    names: Vec<Box<str>>,
    /// The names with those that repeat numbered on; `None` where no name does.
    keys: Option<Vec<Box<str>>>,
    /// All keys, where any of them could be taken for a numbered column.
    taken: HashSet<Box<str>>,
}

impl Columns {
    pub(crate) fn new(names: Vec<Box<str>>) -> Self {
        let mut seen = HashSet::new();
        let repeats = names.iter().any(|name| !seen.insert(&**name));
        let keys = repeats.then(|| unique(&names));
        let all = names.iter().chain(keys.iter().flatten());
        let taken = all.filter(|name| name.starts_with(NUMBERED)).cloned().collect();
        Columns { names, keys, taken }
    }

    /// The names of a report without a header.
    pub(crate) fn numbered(width: usize) -> Self {
        Columns { names: (0..width).map(|column| number(column).into()).collect(), ..Columns::default() }
    }

    pub(crate) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    pub(crate) fn keys(&self) -> &[Box<str>] {
        self.keys.as_deref().unwrap_or(&self.names)
    }

    /// The key of a column, which may lie beyond the header.
    pub(crate) fn key(&self, column: usize) -> Cow<'_, str> {
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

    /// Finds a column by its name, in any case, or by the key that tells it from others of the same name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let lower = name.to_lowercase();
        let find = |names: &[Box<str>]| {
            let exact = names.iter().position(|candidate| **candidate == *name);
            exact.or_else(|| names.iter().position(|candidate| candidate.to_lowercase() == lower))
        };
        find(&self.names).or_else(|| find(self.keys())).or_else(|| self.find_beyond(&lower))
    }

    /// Finds a column beyond the header by its key.
    fn find_beyond(&self, lower: &str) -> Option<usize> {
        let digits = lower.strip_prefix(NUMBERED)?;
        let number: usize = digits.split('_').next()?.parse().ok()?;
        let column = number.checked_sub(1).filter(|&column| column >= self.names.len())?;
        (*self.key(column) == *lower).then_some(column)
    }
}

const NUMBERED: &str = "column_";

fn number(column: usize) -> String {
    format!("{NUMBERED}{}", column + 1)
}

/// Each name that repeats gets the smallest number from 2 on that makes it unlike every name of the header and every
/// name given so far.
fn unique(names: &[Box<str>]) -> Vec<Box<str>> {
    let mut taken: HashSet<Box<str>> = names.iter().cloned().collect();
    // Where each name's search goes on, so that a thousand equal names cost no more than a thousand steps.
    let mut next: HashMap<&str, u64> = HashMap::new();
    let mut keys = Vec::with_capacity(names.len());
    for name in names {
        let Some(number) = next.get_mut(&**name) else {
            next.insert(name, 2);
            keys.push(name.clone());
            continue;
        };
        loop {
            let key: Box<str> = format!("{name}_{number}").into();
            *number += 1;
            if taken.insert(key.clone()) {
                keys.push(key);
                break;
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Columns {
        Columns::new(names.iter().map(|&name| name.into()).collect())
    }

    #[test]
    fn names_that_repeat() {
        for (names, keys) in [
            (&["x", "x", "x_2"][..], &["x", "x_3", "x_2"][..]),
            (&["", "", ""], &["", "_2", "_3"]),
            (&["x", "x", "x", "y"], &["x", "x_2", "x_3", "y"]),
            (&["x_2", "x_2", "x", "x"], &["x_2", "x_2_2", "x", "x_3"]),
        ] {
            assert!(columns(names).keys().iter().map(|key| &**key).eq(keys.iter().copied()), "{names:?}");
        }
    }

    #[test]
    fn columns_beyond_the_header() {
        assert_eq!(columns(&["a", "b"]).key(2), "column_3");
        assert_eq!(columns(&["a", "column_3"]).key(2), "column_3_2");
        assert_eq!(columns(&["column_5_2", "column_5"]).key(4), "column_5_3");
        assert_eq!(columns(&["a", "column_3"]).find("column_3_2"), Some(2));
        assert_eq!(columns(&["a", "column_3"]).find("column_3"), Some(1));
        assert_eq!(columns(&["a"]).find("Column_7"), Some(6));
        assert_eq!(columns(&["a"]).find("column_1"), None);
        assert_eq!(Columns::numbered(2).find("column_2"), Some(1));
    }

    #[test]
    fn names_are_found_in_any_case() {
        let columns = columns(&["Reason", "EMAIL", "Größe", "x", "X"]);
        assert_eq!(columns.find("email"), Some(1));
        assert_eq!(columns.find("GRÖSSE"), None);
        assert_eq!(columns.find("GRÖßE"), Some(2));
        assert_eq!(columns.find("X"), Some(4));
        assert_eq!(columns.find("column_5"), None);
    }
}
