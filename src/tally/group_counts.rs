//! Counts of faults by what they have in common, crossed with their reasons.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::AddAssign;

use crate::reason::FailureReason;
use crate::reason::counts::{ReasonCounts, sum};

/// What faults are grouped by.
///
/// ```
/// use dotdigital_faults::GroupBy;
///
/// assert_eq!(GroupBy::column("Country").name(), "Country");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupBy {
    /// The value of a column, which is found by its name, case-insensitively.
    Column(String),
    /// The domain of the address, as [`Fault::domain`](crate::Fault::domain) gives it.
    #[cfg(feature = "domains")]
    Domain,
}

impl GroupBy {
    /// By the column of that name, which is found case-insensitively.
    pub fn column(name: impl Into<String>) -> Self {
        GroupBy::Column(name.into())
    }

    /// The column's name, as it was asked for, or `domain`.
    pub fn name(&self) -> &str {
        match self {
            GroupBy::Column(name) => name,
            #[cfg(feature = "domains")]
            GroupBy::Domain => "domain",
        }
    }
}

/// What the faults of one group have in common.
///
/// The order is that of the variants, then that of the text. `Debug` gives the length of a value alone: what stands
/// in a column may be about a person.
///
/// ```
/// use dotdigital_faults::GroupKey;
///
/// assert_eq!(GroupKey::Value("NL").to_string(), "NL");
/// assert_eq!((GroupKey::Absent.to_string(), GroupKey::Absent.kind()), ("(absent)".to_owned(), "absent"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GroupKey<'a> {
    /// A value of the column, which may be empty.
    Value(&'a str),
    /// A domain, in ASCII and lower-case.
    Domain(&'a str),
    /// The row ends before the column.
    Absent,
    /// The report has no such column, and is summed up with others that have.
    NoColumn,
    /// The email is no address.
    Invalid,
    /// All further groups together.
    Rest,
}

impl<'a> GroupKey<'a> {
    /// The value or the domain, where the key is one.
    pub fn value(self) -> Option<&'a str> {
        match self {
            GroupKey::Value(value) | GroupKey::Domain(value) => Some(value),
            GroupKey::Absent | GroupKey::NoColumn | GroupKey::Invalid | GroupKey::Rest => None,
        }
    }

    /// A stable name for the variant: `value`, `domain`, `absent`, `no_column`, `invalid` or `rest`.
    pub fn kind(self) -> &'static str {
        match self {
            GroupKey::Value(_) => "value",
            GroupKey::Domain(_) => "domain",
            GroupKey::Absent => "absent",
            GroupKey::NoColumn => "no_column",
            GroupKey::Invalid => "invalid",
            GroupKey::Rest => "rest",
        }
    }

    /// The key for people: a value as it stands, a domain in both of its forms where it has two, or words.
    pub fn label(self) -> Cow<'a, str> {
        Cow::Borrowed(match self {
            GroupKey::Value("") => "(empty)",
            GroupKey::Value(value) => value,
            #[cfg(feature = "domains")]
            GroupKey::Domain(domain) => match crate::report::domain::domain_in_unicode(domain) {
                unicode if unicode == domain => domain,
                unicode => return Cow::Owned(format!("{unicode} ({domain})")),
            },
            #[cfg(not(feature = "domains"))]
            GroupKey::Domain(domain) => domain,
            GroupKey::Absent => "(absent)",
            GroupKey::NoColumn => "(no such column)",
            GroupKey::Invalid => "(invalid address)",
            GroupKey::Rest => "other",
        })
    }
}

/// The key for people, as [`label`](GroupKey::label) gives it.
impl fmt::Display for GroupKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.label())
    }
}

impl fmt::Debug for GroupKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(value) => write!(f, "{}({} bytes)", self.kind(), value.len()),
            None => f.write_str(self.kind()),
        }
    }
}

/// How many faults there are of each group and reason: which list, which country, which mail provider fails, and
/// why.
///
/// Every fault is in one group; the sum over the groups is the report's total. Memory is bounded, whatever a report
/// holds: past [`MOST_GROUPS`](Self::MOST_GROUPS) groups, or [`MOST_GROUP_BYTES`](Self::MOST_GROUP_BYTES) of their
/// text, each group that is met further on is counted under [`GroupKey::Rest`], however large it becomes. Unknown
/// reasons are told apart within the bounds of [`ReasonCounts`], which here hold for all groups together.
///
/// ```
/// use dotdigital_faults::{FaultReport, GroupBy, GroupKey};
///
/// let report = FaultReport::from_bytes(
///     "Reason,email,country\n\
///      Blocker,a@example.com,NL\n\
///      Duplicate,b@example.com,NL\n\
///      Blocker,c@example.com,PT\n",
/// )?;
/// let groups = report.count_by(&GroupBy::column("country"))?;
/// for (key, counts) in groups.by_size() {
///     println!("{:>8}  {key}", counts.total());
/// }
/// assert_eq!(groups.get(GroupKey::Value("NL")).map(|counts| counts.total()), Some(2));
/// assert_eq!(groups.top(1).get(GroupKey::Rest).map(|counts| counts.total()), Some(1));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// [`FaultReport::group_by`](crate::FaultReport::group_by) gives the faults of each value themselves; a [`GroupCounter`]
/// counts those of a report that is too large for memory.
///
/// With serde it is a document of its own, with the `by` and the `groups` that a [`Tally`]'s document has. It is read
/// from either of them.
///
/// ```json
/// {
///   "schema": 1,
///   "by": "country",
///   "total": 1,
///   "groups": [
///     {
///       "kind": "value", "group": "NL", "label": "NL", "total": 1, "share": 1.0,
///       "reasons": [{"reason": "blocker", "label": "Blocker", "count": 1, "share": 1.0, "remedy": "remove"}]
///     }
///   ]
/// }
/// ```
///
/// [`GroupCounter`]: crate::GroupCounter
/// [`Tally`]: crate::Tally
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCounts {
    by: GroupBy,
    values: Values,
    /// How many bytes the values have, all together.
    value_bytes: usize,
    absent: ReasonCounts,
    no_column: ReasonCounts,
    invalid: ReasonCounts,
    rest: ReasonCounts,
    /// How many unknown reasons are kept, and how many bytes they have, over all groups.
    unknown: usize,
    unknown_bytes: usize,
}

/// `Debug` shows no value.
#[derive(Clone, Default, PartialEq, Eq)]
struct Values(BTreeMap<Box<str>, ReasonCounts>);

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.len())
    }
}

impl GroupCounts {
    /// How many values or domains are told apart.
    pub const MOST_GROUPS: usize = 10_000;

    /// How many bytes of values or domains are kept, all together.
    pub const MOST_GROUP_BYTES: usize = 1 << 20;

    /// No faults yet.
    pub fn new(by: GroupBy) -> Self {
        GroupCounts {
            by,
            values: Values::default(),
            value_bytes: 0,
            absent: ReasonCounts::new(),
            no_column: ReasonCounts::new(),
            invalid: ReasonCounts::new(),
            rest: ReasonCounts::new(),
            unknown: 0,
            unknown_bytes: 0,
        }
    }

    /// What the faults are grouped by.
    pub fn by(&self) -> &GroupBy {
        &self.by
    }

    /// The faults of one group, by reason; `None` where there are none.
    pub fn get(&self, key: GroupKey<'_>) -> Option<&ReasonCounts> {
        let counts = match key {
            GroupKey::Absent => &self.absent,
            GroupKey::NoColumn => &self.no_column,
            GroupKey::Invalid => &self.invalid,
            GroupKey::Rest => &self.rest,
            GroupKey::Value(value) | GroupKey::Domain(value) => {
                self.values.0.get(value).filter(|_| self.key(value) == key)?
            }
        };
        (!counts.is_empty()).then_some(counts)
    }

    /// The groups that have faults, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (GroupKey<'_>, &ReasonCounts)> {
        let values = self.values.0.iter().map(|(value, counts)| (self.key(value), counts));
        let others = [
            (GroupKey::Absent, &self.absent),
            (GroupKey::NoColumn, &self.no_column),
            (GroupKey::Invalid, &self.invalid),
            (GroupKey::Rest, &self.rest),
        ];
        values.chain(others).filter(|(_, counts)| !counts.is_empty())
    }

    /// The groups that have faults, the largest first; among equals, in the order of their keys. The rest comes
    /// last, whatever its size.
    pub fn by_size(&self) -> impl ExactSizeIterator<Item = (GroupKey<'_>, &ReasonCounts)> + DoubleEndedIterator {
        let mut groups: Vec<_> = self.iter().collect();
        groups.sort_by_key(|&(key, counts)| (key == GroupKey::Rest, Reverse(counts.total())));
        groups.into_iter()
    }

    /// The largest groups, as many as asked for, and all others under [`GroupKey::Rest`].
    #[must_use]
    pub fn top(&self, most: usize) -> GroupCounts {
        self.only(&self.largest(most))
    }

    /// How many faults there are in all groups.
    pub fn total(&self) -> u64 {
        sum(self.iter().map(|(_, counts)| counts.total()))
    }

    /// The keys of the largest groups, as many as asked for.
    pub(crate) fn largest(&self, most: usize) -> HashSet<GroupKey<'_>> {
        self.by_size().map(|(key, _)| key).take(most).collect()
    }

    /// These groups alone, and all others under the rest.
    pub(crate) fn only(&self, keys: &HashSet<GroupKey<'_>>) -> GroupCounts {
        let mut groups = GroupCounts::new(self.by.clone());
        for (key, counts) in self.iter() {
            groups.add_counts(if keys.contains(&key) { key } else { GroupKey::Rest }, counts);
        }
        groups
    }

    /// Makes room for a group, if there still is some. `false`: its faults are counted under the rest.
    pub(crate) fn admit(&mut self, key: GroupKey<'_>) -> bool {
        let (GroupKey::Value(value) | GroupKey::Domain(value)) = key else { return true };
        // Looked up before it is made, so that a value that is there already costs no copy.
        if self.values.0.contains_key(value) {
            return true;
        }
        if self.values.0.len() >= Self::MOST_GROUPS || self.value_bytes + value.len() > Self::MOST_GROUP_BYTES {
            return false;
        }
        self.value_bytes += value.len();
        self.values.0.insert(value.into(), ReasonCounts::new());
        true
    }

    /// Adds faults of one reason to a group.
    pub(crate) fn add(&mut self, key: GroupKey<'_>, reason: &FailureReason, count: u64) {
        if !self.admit(key) {
            return self.add(GroupKey::Rest, reason, count);
        }
        let len = reason.label().len();
        let counts = match key {
            GroupKey::Absent => &mut self.absent,
            GroupKey::NoColumn => &mut self.no_column,
            GroupKey::Invalid => &mut self.invalid,
            GroupKey::Rest => &mut self.rest,
            GroupKey::Value(value) | GroupKey::Domain(value) => match self.values.0.get_mut(value) {
                Some(counts) => counts,
                None => &mut self.rest,
            },
        };
        let is_new = reason.slug() == FailureReason::OTHER && counts.get(reason) == 0;
        if is_new && reason.label() != ReasonCounts::FURTHER_UNKNOWN {
            if self.unknown >= ReasonCounts::MOST_UNKNOWN || self.unknown_bytes + len > ReasonCounts::MOST_UNKNOWN_BYTES
            {
                return counts.add_unknown(None, count);
            }
            self.unknown += 1;
            self.unknown_bytes += len;
        }
        counts.add_reason(reason, count);
    }

    /// The same faults, where the report has no such column: those of rows that end before it are among them.
    pub(crate) fn without_column(mut self) -> Self {
        let absent = std::mem::take(&mut self.absent);
        self.no_column += &absent;
        self
    }

    /// The same groups, of other faults.
    pub(crate) fn grouped_by(self, by: GroupBy) -> Self {
        GroupCounts { by, ..self }
    }

    pub(crate) fn add_counts(&mut self, key: GroupKey<'_>, counts: &ReasonCounts) {
        for (reason, count) in counts.iter() {
            self.add(key, reason, count);
        }
    }

    /// A value as a key of these groups.
    fn key<'a>(&self, value: &'a str) -> GroupKey<'a> {
        match self.by {
            GroupBy::Column(_) => GroupKey::Value(value),
            #[cfg(feature = "domains")]
            GroupBy::Domain => GroupKey::Domain(value),
        }
    }
}

/// Adds the groups of another report, whatever they are grouped by there.
impl AddAssign<&GroupCounts> for GroupCounts {
    fn add_assign(&mut self, other: &GroupCounts) {
        for (key, counts) in other.iter() {
            self.add_counts(key, counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_groups_are_counted_together() {
        let mut groups = GroupCounts::new(GroupBy::column("x"));
        for number in 0..GroupCounts::MOST_GROUPS + 10 {
            groups.add(GroupKey::Value(&number.to_string()), &FailureReason::Blocker, 1);
        }
        groups.add(GroupKey::Value("0"), &FailureReason::Blocker, 1);
        assert_eq!(groups.total(), GroupCounts::MOST_GROUPS as u64 + 11);
        assert_eq!(groups.get(GroupKey::Rest).map(ReasonCounts::total), Some(10));
        assert_eq!(groups.get(GroupKey::Value("0")).map(ReasonCounts::total), Some(2));

        let mut groups = GroupCounts::new(GroupBy::column("x"));
        for number in 0..30 {
            groups.add(GroupKey::Value(&format!("{number}{}", "x".repeat(50_000))), &FailureReason::Blocker, 1);
        }
        assert_eq!(groups.get(GroupKey::Rest).map(ReasonCounts::total), Some(10));
    }

    #[test]
    fn unknown_reasons_are_bounded_over_all_groups() {
        let mut groups = GroupCounts::new(GroupBy::column("x"));
        let total = ReasonCounts::MOST_UNKNOWN as u64 + 50;
        for number in 0..total {
            let reason = FailureReason::from(format!("unknown {number}"));
            groups.add(GroupKey::Value(&(number % 100).to_string()), &reason, 1);
        }
        assert_eq!(groups.total(), total);
        let further = FailureReason::from(ReasonCounts::FURTHER_UNKNOWN);
        assert_eq!(groups.iter().map(|(_, counts)| counts.get(&further)).sum::<u64>(), 50);
        assert_eq!(groups.top(3).total(), total);
    }

    #[test]
    fn debug_shows_no_value() {
        let mut groups = GroupCounts::new(GroupBy::column("name"));
        groups.add(GroupKey::Value("Karina"), &FailureReason::Blocker, 1);
        assert!(!format!("{groups:?} {:?}", GroupKey::Value("Karina")).contains("Karina"));
    }
}
