//! What was unusual in a report and was read all the same.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use strum::{EnumCount, EnumIter, IntoEnumIterator, IntoStaticStr};

/// Something unusual in a report. The default reading counts it and reads on; a strict one stops there.
///
/// The report's format is only partly documented, and real reports have had line breaks inside names and rows of
/// the wrong width: each such case has a rule, and each use of a rule is counted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumCount, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Anomaly {
    /// The first record is a fault already: the columns have no names.
    NoHeader,
    /// The header stands there once more, as when reports are joined. It isn't counted as a fault.
    RepeatedHeader,
    /// A row with fewer fields than the header. The missing ones are absent.
    ShortRow,
    /// A row with more fields than the header. The extra ones are kept.
    LongRow,
    /// A row that an unquoted line break inside a value had torn apart, and that was put together again.
    RejoinedRow,
    /// A field that begins with a quote whose end is missing. The quote is read as an ordinary character.
    UnclosedQuote,
    /// A row with bytes that are not UTF-8. They read as U+FFFD; the raw bytes stay reachable.
    InvalidUtf8,
    /// A row whose cells are all empty or blank, such as `,,,`, which spreadsheets pad with. It is no fault, and is
    /// skipped.
    BlankRow,
    /// A line in front of the header, such as a title or `sep=;`. It is skipped, and nothing else is counted there.
    Preamble,
    /// Another header, as when reports of different columns are joined. It isn't counted as a fault, and the faults
    /// behind it stand under its columns.
    OtherHeader,
}

impl Anomaly {
    /// All of them, each at the place of its discriminant.
    const ALL: [Anomaly; Anomaly::COUNT] = [
        Anomaly::NoHeader,
        Anomaly::RepeatedHeader,
        Anomaly::ShortRow,
        Anomaly::LongRow,
        Anomaly::RejoinedRow,
        Anomaly::UnclosedQuote,
        Anomaly::InvalidUtf8,
        Anomaly::BlankRow,
        Anomaly::Preamble,
        Anomaly::OtherHeader,
    ];

    /// A stable name for programs, under which it is counted, such as `short_row`.
    pub fn slug(self) -> &'static str {
        self.into()
    }

    /// The anomaly of that slug, if there is one.
    ///
    /// ```
    /// use dotdigital_faults::Anomaly;
    ///
    /// assert_eq!(Anomaly::try_parse("short_row"), Some(Anomaly::ShortRow));
    /// ```
    pub fn try_parse(slug: &str) -> Option<Anomaly> {
        Anomaly::iter().find(|anomaly| anomaly.slug() == slug)
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Anomaly::NoHeader => "the first record is a fault, not a header",
            Anomaly::RepeatedHeader => "the header stands here once more",
            Anomaly::ShortRow => "the row has fewer fields than the header",
            Anomaly::LongRow => "the row has more fields than the header",
            Anomaly::RejoinedRow => "an unquoted line break tore the row apart",
            Anomaly::UnclosedQuote => "a quote is opened and never closed",
            Anomaly::InvalidUtf8 => "the row holds bytes that are not UTF-8",
            Anomaly::BlankRow => "all cells of the row are blank",
            Anomaly::Preamble => "a line stands in front of the header",
            Anomaly::OtherHeader => "another header begins here",
        }
    }

    /// Every kind, in the order of their discriminants.
    pub fn iter() -> impl DoubleEndedIterator<Item = Anomaly> + ExactSizeIterator + Clone {
        <Anomaly as IntoEnumIterator>::iter()
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl Serialize for Anomaly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

/// From its slug.
impl<'de> Deserialize<'de> for Anomaly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Slug;

        impl Visitor<'_> for Slug {
            type Value = Anomaly;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an anomaly")
            }

            fn visit_str<E: Error>(self, slug: &str) -> Result<Anomaly, E> {
                Anomaly::try_parse(slug).ok_or_else(|| E::custom("there is no such anomaly"))
            }
        }

        deserializer.deserialize_str(Slug)
    }
}

/// The kinds of anomaly that one row has: at most one of each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AnomalySet(u16);

impl AnomalySet {
    /// A row that is as it should be.
    pub const EMPTY: AnomalySet = AnomalySet(0);

    /// Returns true if the row is as it should be.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns true if the row has this anomaly.
    pub fn contains(self, anomaly: Anomaly) -> bool {
        self.0 & 1 << anomaly as u8 != 0
    }

    /// The anomalies of the row.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let next = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            Anomaly::ALL.get(next as usize).copied()
        })
    }

    /// The anomalies that a fault can have, which are the first eight, as one byte.
    pub(crate) fn to_byte(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    pub(crate) fn from_byte(byte: u8) -> Self {
        AnomalySet(u16::from(byte))
    }

    pub(crate) fn with(mut self, anomaly: Anomaly) -> Self {
        self.insert(anomaly);
        self
    }

    pub(crate) fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly as u8;
    }

    pub(crate) fn extend(&mut self, other: AnomalySet) {
        self.0 |= other.0;
    }
}

impl From<Anomaly> for AnomalySet {
    fn from(anomaly: Anomaly) -> Self {
        AnomalySet::EMPTY.with(anomaly)
    }
}

impl fmt::Debug for AnomalySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Anomaly::slug)).finish()
    }
}

/// How many rows had each kind of anomaly, and on which lines the first of them start.
///
/// A row counts at most once for each kind, and the header counts as a row.
///
/// ```
/// use dotdigital_faults::{Anomaly, FaultReport};
///
/// let report = FaultReport::from_bytes("Reason,email,firstname\nDuplicate,demo@example.com\n")?;
/// assert_eq!(report.anomalies().get(Anomaly::ShortRow), 1);
/// assert_eq!(report.anomalies().first_lines(Anomaly::ShortRow), [2]);
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// Only where something was unusual, so that the counts of a report that is as it should be are small.
    kinds: Option<Box<Kinds>>,
}

/// Of each kind of anomaly, how many there were, and the first lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kinds {
    counts: [u64; Anomaly::COUNT],
    first_lines: [Vec<u64>; Anomaly::COUNT],
}

impl Anomalies {
    /// For how many anomalies of a kind the line is kept.
    pub const FIRST_LINES: usize = 8;

    /// How many rows had this anomaly.
    pub fn get(&self, anomaly: Anomaly) -> u64 {
        self.kinds.as_ref().map_or(0, |kinds| kinds.counts[anomaly as usize])
    }

    /// The physical lines, counted from 1, on which the first [`FIRST_LINES`](Self::FIRST_LINES) such rows start.
    ///
    /// Empty once the anomalies of several reports have been added up: a line alone then says nothing.
    pub fn first_lines(&self, anomaly: Anomaly) -> &[u64] {
        self.kinds.as_ref().map_or(&[], |kinds| &kinds.first_lines[anomaly as usize])
    }

    /// Returns true if nothing was unusual.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_none()
    }

    /// The kinds that occurred, each with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Anomaly, u64)> {
        Anomaly::iter().map(|anomaly| (anomaly, self.get(anomaly))).filter(|&(_, count)| count > 0)
    }

    pub(crate) fn record(&mut self, anomalies: AnomalySet, line: u64) {
        for anomaly in anomalies.iter() {
            let kinds = self.kinds.get_or_insert_default();
            kinds.counts[anomaly as usize] += 1;
            let lines = &mut kinds.first_lines[anomaly as usize];
            if lines.len() < Self::FIRST_LINES {
                lines.push(line);
            }
        }
    }

    /// Adds the anomalies of another report.
    pub(crate) fn add(&mut self, other: &Anomalies) {
        if let Some(kinds) = &mut self.kinds {
            kinds.first_lines = Default::default();
        }
        other.iter().for_each(|(anomaly, count)| self.add_count(anomaly, count));
    }

    /// Adds so many, of which it isn't known where they are.
    fn add_count(&mut self, anomaly: Anomaly, count: u64) {
        if count > 0 {
            let place = &mut self.kinds.get_or_insert_default().counts[anomaly as usize];
            *place = place.saturating_add(count);
        }
    }
}

/// As a map from slugs to counts, which holds only what occurred.
impl Serialize for Anomalies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (anomaly, count) in self.iter() {
            map.serialize_entry(anomaly.slug(), &count)?;
        }
        map.end()
    }
}

/// From a map from slugs to counts. Those that aren't known are ignored; the lines are no part of it.
impl<'de> Deserialize<'de> for Anomalies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;

        impl<'de> Visitor<'de> for Counts {
            type Value = Anomalies;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from anomalies to counts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Anomalies, A::Error> {
                let mut anomalies = Anomalies::default();
                while let Some((slug, count)) = map.next_entry::<String, u64>()? {
                    if let Some(anomaly) = Anomaly::try_parse(&slug) {
                        anomalies.add_count(anomaly, count);
                    }
                }
                Ok(anomalies)
            }
        }

        deserializer.deserialize_map(Counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_at_its_place() {
        assert!(Anomaly::iter().eq(Anomaly::ALL));
        let all = Anomaly::iter().fold(AnomalySet::EMPTY, AnomalySet::with);
        assert!(all.iter().eq(Anomaly::ALL));
        assert!(AnomalySet::from(Anomaly::OtherHeader).iter().eq([Anomaly::OtherHeader]));
        assert_eq!(AnomalySet::EMPTY.iter().next(), None);
    }
}
