//! Faults that have something in common.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use super::FaultReport;
use super::fault::Fault;
use crate::error::{Error, Result};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;

/// Faults of one report that have something in common, such as their reason.
#[derive(Clone)]
pub struct Group<'r, K> {
    key: K,
    report: &'r FaultReport,
    rows: Vec<usize>,
}

impl<'r, K> Group<'r, K> {
    /// What the faults have in common.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// How many faults there are in the group; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a group is never empty")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The faults, in the order of the report.
    pub fn faults(&self) -> impl DoubleEndedIterator<Item = Fault<'r>> {
        self.rows.iter().filter_map(|&row| self.report.get(row))
    }

    /// How many faults of the group there are of each reason.
    pub fn counts(&self) -> ReasonCounts {
        let mut counts = ReasonCounts::new();
        for fault in self.faults() {
            counts.add_reason(fault.reason(), 1);
        }
        counts
    }
}

impl Group<'_, FailureReason> {
    /// The reason that the faults have in common.
    pub fn reason(&self) -> &FailureReason {
        &self.key
    }
}

impl<K> fmt::Debug for Group<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("faults", &self.rows.len()).finish_non_exhaustive()
    }
}

impl FaultReport {
    /// The faults of each reason that occurs, the most frequent first; among equals, in the documented order.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nDuplicate,b@example.com\nBlocker,c@example.com\n")?;
    /// let groups: Vec<_> = report.group_by_reason().iter().map(|group| (group.reason().slug(), group.len())).collect();
    /// assert_eq!(groups, [("blocker", 2), ("duplicate", 1)]);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn group_by_reason(&self) -> Vec<Group<'_, FailureReason>> {
        self.group_by_key(|fault| fault.reason().clone())
    }

    /// The faults of each value of a column, the largest group first; among equals, by the value.
    ///
    /// Rows that end before the column have the key `None`.
    ///
    /// # Errors
    /// [`NoSuchColumn`](crate::ErrorKind::NoSuchColumn) where the report has no column of that name; names are
    /// compared case-insensitively.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// let report = FaultReport::from_bytes("Reason,email,country\nBlocker,a@example.com,NL\nDuplicate,b@example.com,NL\n")?;
    /// let groups = report.group_by("Country")?;
    /// assert_eq!(groups[0].key().as_deref(), Some("NL"));
    /// assert_eq!(groups[0].counts().total(), 2);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn group_by(&self, column: &str) -> Result<Vec<Group<'_, Option<Cow<'_, str>>>>> {
        // A report without a byte has no columns at all.
        if let Some(first) = self.headers().next()
            && self.headers().all(|columns| columns.position(column).is_none())
        {
            return Err(Error::no_such_column_among(column, first.listed().as_deref()));
        }
        Ok(self.group_by_key(|fault| fault.get(column)))
    }

    /// The faults of each key that a closure gives them, the largest group first; among equals, by the key.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nHard bounced,b@example.com\n")?;
    /// let groups = report.group_by_key(|fault| fault.reason().is_permanent());
    /// assert_eq!(groups[0].len(), 2);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn group_by_key<'r, K: Ord>(&'r self, mut key: impl FnMut(&Fault<'r>) -> K) -> Vec<Group<'r, K>> {
        let mut rows: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for fault in self.faults() {
            rows.entry(key(&fault)).or_default().push(fault.index() as usize);
        }
        let mut groups: Vec<_> = rows.into_iter().map(|(key, rows)| Group { key, report: self, rows }).collect();
        groups.sort_by_key(|group| Reverse(group.rows.len()));
        groups
    }
}
