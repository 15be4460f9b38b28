//! Why a contact was not imported.

pub(crate) mod counts;
pub(crate) mod document;
pub(crate) mod filter;
pub(crate) mod key;
pub(crate) mod remedy;
pub(crate) mod report_kind;
mod table;
pub(crate) mod unknown_reason;

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use strum::{EnumCount, EnumDiscriminants, EnumIter, IntoEnumIterator};

use crate::reason::key::FoldedKey;
use crate::reason::remedy::Remedy;
use crate::reason::report_kind::ReportKind;
use crate::reason::table::{Entry, KNOWN, TABLE};
use crate::reason::unknown_reason::UnknownReason;

/// Why a contact was not imported.
///
/// The labels are those of the vendor's documentation of `GetContactImportReportFaults`; its connectors and its
/// newer API word some of them differently, and that API and the report of program enrolments have reasons of their own
/// ([`report_kinds`](FailureReason::report_kinds)). All of these are recognised: text is compared by its letters and
/// digits alone, case-insensitively, so that `Hard bounced`, `HardBounced` and `hard_bounced` are the same reason.
/// A text that isn't known stays as it is, in [`Other`](FailureReason::Other): no fault is ever lost.
///
/// The order is that of the documentation: the reasons of an import's report, then those that the newer API adds, then
/// that of enrolments; then the unknown ones by their text.
///
/// ```
/// use dotdigital_faults::{FailureReason, Remedy};
///
/// let reason = FailureReason::from("Isp Complaints");
/// assert_eq!(reason, FailureReason::ComplainedToIsp);
/// assert_eq!(reason.to_string(), "Complained to ISP");
/// assert_eq!(reason.slug(), "complained_to_isp");
/// assert_eq!(reason.remedy(), Remedy::Remove);
///
/// let reason = FailureReason::from("Quarantined by moon phase");
/// assert_eq!(reason.slug(), "other");
/// assert_eq!(reason.to_string(), "Quarantined by moon phase");
/// ```
///
/// With serde a reason is its label; it is read from a label, an alias or a slug.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, EnumDiscriminants)]
#[strum_discriminants(name(Slot), vis(pub(crate)), derive(EnumCount, EnumIter, PartialOrd, Ord), doc(hidden))]
#[non_exhaustive]
pub enum FailureReason {
    /// On the vendor-wide suppression list: complained to the vendor, or a spam trap.
    GloballySuppressed,
    /// The address is not valid.
    InvalidEmail,
    /// The address stands elsewhere in the import.
    Duplicate,
    /// Blocked after messages that its provider refuses.
    Blocker,
    /// Opted out.
    Unsubscribed,
    /// Permanently unreachable.
    HardBounced,
    /// Temporarily unreachable, too often.
    SoftBounced,
    /// Reported a message as spam.
    ComplainedToIsp,
    /// The receiving server refuses the mail.
    MailBlocked,
    /// The account's own suppression of a domain.
    SuppressedByDomain,
    /// The account's own suppression list. The documentation doesn't list it; the service has it since 2020.
    SuppressedByYou,
    /// Waiting for the click in a double opt-in message.
    PendingOptin,
    /// Any other cause.
    Failures,
    /// The contact, as it was uploaded, doesn't fit the API's schema.
    ApiSchemaViolation,
    /// The contact id is not valid.
    InvalidContactId,
    /// The phone number is not valid.
    InvalidPhoneNumber,
    /// The domain of the address is not valid.
    InvalidDomain,
    /// The contact is not valid.
    InvalidContact,
    /// A list that the contact was to be put on is not there.
    InvalidAddressBookIds,
    /// The identifier by which contacts were to be matched is not valid.
    InvalidMatchIdentifier,
    /// The status that the contact was to have is not valid.
    InvalidContactStatus,
    /// Nothing tells who the contact is.
    NoValidIdentifiers,
    /// The contact was imported, but its consent records were not: see [`is_partial`](FailureReason::is_partial).
    ConsentRecordsNotApplied,
    /// The contact is enrolled in the program already.
    AlreadyInProgram,
    /// A reason that this version doesn't know, with its own text.
    #[strum(disabled)]
    Other(UnknownReason),
}

impl FailureReason {
    /// The slug of every reason that this version doesn't know.
    pub const OTHER: &'static str = "other";

    /// The reason that a text stands for, or `None` where it isn't known.
    ///
    /// ```
    /// use dotdigital_faults::FailureReason;
    ///
    /// assert_eq!(FailureReason::try_parse("hard bouncers"), Some(FailureReason::HardBounced));
    /// assert_eq!(FailureReason::try_parse("Quarantined by moon phase"), None);
    /// ```
    pub fn try_parse(text: &str) -> Option<FailureReason> {
        Slot::of(text.as_bytes()).map(|slot| slot.reason().clone())
    }

    /// Every known reason, in the documented order; [`Other`](FailureReason::Other) is not among them.
    ///
    /// ```
    /// use dotdigital_faults::FailureReason;
    ///
    /// assert_eq!(FailureReason::iter().len(), 24);
    /// ```
    pub fn iter() -> impl DoubleEndedIterator<Item = FailureReason> + ExactSizeIterator + Clone {
        <FailureReason as IntoEnumIterator>::iter()
    }

    /// The slugs of all reasons, in the documented order, and `other`.
    ///
    /// ```
    /// use dotdigital_faults::FailureReason;
    ///
    /// assert!(FailureReason::slugs().any(|slug| slug == "hard_bounced"));
    /// assert_eq!(FailureReason::slugs().last(), Some("other"));
    /// ```
    pub fn slugs() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|entry| entry.slug).chain([Self::OTHER])
    }

    /// A stable name for programs, such as `hard_bounced`; `other` for all that isn't known.
    pub fn slug(&self) -> &'static str {
        self.entry().map_or(Self::OTHER, |entry| entry.slug)
    }

    /// The label: the documented one, or the reason's own text where it isn't known.
    pub fn label(&self) -> &str {
        match self {
            FailureReason::Other(unknown) => unknown.as_str(),
            known => known.entry().map_or("", |entry| entry.label),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        self.entry().map_or(Remedy::Investigate, |entry| entry.remedy)
    }

    /// What it means, and how long it lasts.
    pub fn description(&self) -> &'static str {
        self.entry().map_or("A reason that this version doesn't know.", |entry| entry.description)
    }

    /// Which of the service's reports are documented to tell of it; none for a reason that isn't known.
    ///
    /// ```
    /// use dotdigital_faults::{FailureReason, ReportKind};
    ///
    /// let kinds = FailureReason::Blocker.report_kinds();
    /// assert_eq!(kinds, [ReportKind::Import, ReportKind::ImportV3]);
    /// ```
    pub fn report_kinds(&self) -> &'static [ReportKind] {
        self.entry().map_or(&[], |entry| entry.kinds)
    }

    /// Returns true if the contact was imported, and only some of its data were not.
    ///
    /// The newer API lists such contacts among those that failed. True for the consent records that were not applied.
    pub fn is_partial(&self) -> bool {
        *self == FailureReason::ConsentRecordsNotApplied
    }

    /// Returns true if it lasts for good, whatever anybody does.
    ///
    /// True for the vendor-wide suppression, blockers, hard bounces and complaints to an ISP. Somebody who
    /// unsubscribed may opt in again, and a suppression of the account's own can be lifted.
    pub fn is_permanent(&self) -> bool {
        use FailureReason::*;
        matches!(self, GloballySuppressed | Blocker | HardBounced | ComplainedToIsp)
    }

    /// Returns true if mail to this address has come back, hard or soft.
    pub fn is_bounce(&self) -> bool {
        matches!(self, FailureReason::HardBounced | FailureReason::SoftBounced)
    }

    /// Returns true if the contact stands on a suppression list, the vendor's or the account's own.
    pub fn is_suppression(&self) -> bool {
        use FailureReason::*;
        matches!(self, GloballySuppressed | SuppressedByDomain | SuppressedByYou)
    }

    /// A reason whose text is known not to be in the table.
    pub(crate) fn unknown(text: impl Into<Box<str>>) -> FailureReason {
        FailureReason::Other(UnknownReason::new(text.into()))
    }

    /// The known reasons, in the documented order.
    pub(crate) fn known() -> &'static [FailureReason] {
        &KNOWN
    }

    /// Its place among the known reasons, in the documented order; behind them for all that isn't known.
    pub(crate) fn position(&self) -> usize {
        Slot::from(self) as usize
    }

    fn entry(&self) -> Option<&'static Entry> {
        TABLE.get(Slot::from(self) as usize)
    }
}

impl Slot {
    /// The known reason that a cell stands for.
    pub(crate) fn of(cell: &[u8]) -> Option<Slot> {
        Slot::of_key(&FoldedKey::of(cell))
    }

    /// The known reason whose key this is.
    pub(crate) fn of_key(key: &FoldedKey) -> Option<Slot> {
        static SLOTS: LazyLock<HashMap<Box<[u8]>, Slot>> = LazyLock::new(|| {
            let texts = TABLE.iter().flat_map(|entry| {
                entry.aliases.iter().chain([&entry.label, &entry.slug]).map(|text| (*text, entry.slot))
            });
            texts.filter_map(|(text, slot)| Some((FoldedKey::from(text).as_bytes()?.into(), slot))).collect()
        });
        SLOTS.get(key.as_bytes()?).copied()
    }

    /// The reason itself; for `Other`, which has no one reason, one with an empty text is never asked for.
    pub(crate) fn reason(self) -> &'static FailureReason {
        static EMPTY: LazyLock<FailureReason> = LazyLock::new(|| FailureReason::unknown(""));
        KNOWN.get(self as usize).unwrap_or_else(|| &EMPTY)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// Never fails: a text that isn't known is kept, without the white space around it.
impl From<&str> for FailureReason {
    fn from(text: &str) -> Self {
        FailureReason::try_parse(text).unwrap_or_else(|| FailureReason::unknown(text.trim()))
    }
}

impl From<String> for FailureReason {
    fn from(text: String) -> Self {
        FailureReason::from(text.as_str())
    }
}

/// Never fails, as [`FailureReason::from`].
impl FromStr for FailureReason {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(FailureReason::from(text))
    }
}

impl Serialize for FailureReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

impl<'de> Deserialize<'de> for FailureReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| FailureReason::from(&*text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        for (text, slot) in [
            ("HARD BOUNCED", Some(Slot::HardBounced)),
            ("\u{feff}Hard\u{200b}-b\0ounced\u{fffd} ", Some(Slot::HardBounced)),
            ("Mail bloc\u{212a}ed", Some(Slot::MailBlocked)), // the Kelvin sign's small letter is k
            ("Ｄuplicate", None),
            ("Duplicaté", None),
            ("Duplicate2", None),
            ("", None),
            ("other", None),
            ("Unsubcribed", Some(Slot::Unsubscribed)),
        ] {
            assert_eq!(Slot::of(text.as_bytes()), slot, "{text:?}");
        }
        assert_eq!(Slot::of(b"Hard\xffbounced"), Some(Slot::HardBounced));
        assert_eq!(Slot::of("-".repeat(1000).as_bytes()), None);
        assert_eq!(Slot::of(format!("{}blocker", "-".repeat(1000)).as_bytes()), Some(Slot::Blocker));
        assert_eq!(Slot::of(format!("blocker{}", "x".repeat(1000)).as_bytes()), None);
    }

    #[test]
    fn unknown_text_loses_outer_white_space_alone() {
        assert_eq!(FailureReason::from("\u{2003}  a  b\t").label(), "a  b");
        assert_eq!(FailureReason::from("").label(), "");
    }
}
