//! Why a contact was not imported.

pub(crate) mod counts;
pub(crate) mod document;
pub(crate) mod filter;
pub(crate) mod key;
pub(crate) mod remedy;
pub(crate) mod report_kind;

use std::borrow::{Borrow, Cow};
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

/// The text of a reason that this version doesn't know.
///
/// It never is the text of a known reason: only [`FailureReason::from`] makes one. `Display` and
/// [`as_str`](Self::as_str) give the text. `Debug` gives its length alone: in a damaged report, anything may
/// stand where the reason belongs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownReason(Box<str>);

/// All that is known of a reason, but its variant.
struct Entry {
    slot: Slot,
    slug: &'static str,
    label: &'static str,
    /// Other wordings, as they have been seen; those that differ only in case or punctuation are left out.
    aliases: &'static [&'static str],
    kinds: &'static [ReportKind],
    remedy: Remedy,
    description: &'static str,
}

/// Which reports are documented to tell of a reason.
const IMPORT: &[ReportKind] = &[ReportKind::Import];
const V3: &[ReportKind] = &[ReportKind::ImportV3];
const ENROLMENT: &[ReportKind] = &[ReportKind::Enrolment];
const BOTH: &[ReportKind] = &[ReportKind::Import, ReportKind::ImportV3];
const IMPORT_AND_ENROLMENT: &[ReportKind] = &[ReportKind::Import, ReportKind::Enrolment];

/// The one table of reasons, in the documented order.
///
/// Sources: the vendor's documentation of `GetContactImportReportFaults` (labels), its Magento and CRM connectors
/// and its published WSDL (aliases), the `failureCode`s in the documentation and the OpenAPI file of its newer API
/// (aliases, and the labels of its own reasons, which are these codes in words), the example of its enrolments' report,
/// and its help pages (descriptions).
static TABLE: [Entry; Slot::COUNT - 1] = [
    Entry {
        slot: Slot::GloballySuppressed,
        slug: "globally_suppressed",
        label: "Globally Suppressed",
        aliases: &[],
        kinds: BOTH,
        remedy: Remedy::Remove,
        description: "On the vendor-wide suppression list: complained to the vendor, or a spam trap. It lasts for good.",
    },
    Entry {
        slot: Slot::InvalidEmail,
        slug: "invalid_email",
        label: "Invalid Email",
        aliases: &["Invalid Entries", "Invalid addresses"],
        kinds: BOTH,
        remedy: Remedy::Correct,
        description: "The address is not valid. It lasts until the address is corrected.",
    },
    Entry {
        slot: Slot::Duplicate,
        slug: "duplicate",
        label: "Duplicate",
        aliases: &["Duplicates", "Duplicate Emails", "duplicateIdentifier", "duplicateIdentifiers"],
        kinds: BOTH,
        remedy: Remedy::Ignore,
        description: "The address stands elsewhere in the import. Nothing was lost.",
    },
    Entry {
        slot: Slot::Blocker,
        slug: "blocker",
        label: "Blocker",
        aliases: &["Blocked"],
        kinds: BOTH,
        remedy: Remedy::Remove,
        description: "Blocked after messages that its provider refuses. It lasts for good.",
    },
    Entry {
        slot: Slot::Unsubscribed,
        slug: "unsubscribed",
        label: "Unsubscribed",
        // The first is a spelling that the service has really used.
        aliases: &["Unsubcribed", "Unsubscribers"],
        kinds: IMPORT_AND_ENROLMENT,
        remedy: Remedy::AskConsent,
        description: "Opted out. It lasts until the person opts in again.",
    },
    Entry {
        slot: Slot::HardBounced,
        slug: "hard_bounced",
        label: "Hard bounced",
        aliases: &["Hard bouncers"],
        kinds: IMPORT,
        remedy: Remedy::Remove,
        description: "Permanently unreachable; one hard bounce is enough. It lasts for as long as the address.",
    },
    Entry {
        slot: Slot::SoftBounced,
        slug: "soft_bounced",
        label: "Soft bounced",
        aliases: &["Soft bouncers"],
        kinds: IMPORT,
        remedy: Remedy::RetryLater,
        description: "Temporarily unreachable, too often (1 to 20 times, as the account sets). It may pass.",
    },
    Entry {
        slot: Slot::ComplainedToIsp,
        slug: "complained_to_isp",
        label: "Complained to ISP",
        aliases: &["Isp Complaints", "ISP complaint", "ISP complainers", "IspComplained"],
        kinds: IMPORT,
        remedy: Remedy::Remove,
        description: "Reported a message as spam. It lasts for good.",
    },
    Entry {
        slot: Slot::MailBlocked,
        slug: "mail_blocked",
        label: "Mail blocked",
        aliases: &["Mail block", "Mail blockers"],
        kinds: IMPORT,
        remedy: Remedy::Investigate,
        description: "The receiving server refuses the mail. It may pass after a change of content or an allow-list.",
    },
    Entry {
        slot: Slot::SuppressedByDomain,
        slug: "suppressed_by_domain",
        label: "Suppressed by Domain",
        aliases: &["Domain Suppressed", "Domain suppression"],
        kinds: BOTH,
        remedy: Remedy::LiftSuppression,
        description: "The account's own suppression of a domain. It lasts until the account lifts it.",
    },
    Entry {
        slot: Slot::SuppressedByYou,
        slug: "suppressed_by_you",
        label: "Suppressed by you",
        aliases: &["Suppressed contacts", "Suppressed"],
        kinds: IMPORT,
        remedy: Remedy::LiftSuppression,
        description: "On the account's own suppression list. It lasts until the account lifts it.",
    },
    Entry {
        slot: Slot::PendingOptin,
        slug: "pending_optin",
        label: "Pending optin",
        aliases: &["Pending double optin", "Pending double opt-in"],
        kinds: IMPORT,
        remedy: Remedy::Wait,
        description: "Waiting for the click in a double opt-in message. It resolves itself.",
    },
    Entry {
        slot: Slot::Failures,
        slug: "failures",
        label: "Failures",
        aliases: &["Failure", "Failed"],
        kinds: IMPORT,
        remedy: Remedy::Investigate,
        description: "Any other cause.",
    },
    Entry {
        slot: Slot::ApiSchemaViolation,
        slug: "api_schema_violation",
        label: "Api schema violation",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The contact, as it was uploaded, doesn't fit the API's schema. It lasts until the upload is corrected.",
    },
    Entry {
        slot: Slot::InvalidContactId,
        slug: "invalid_contact_id",
        label: "Invalid contact id",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The contact id is not valid. It lasts until the id is corrected.",
    },
    Entry {
        slot: Slot::InvalidPhoneNumber,
        slug: "invalid_phone_number",
        label: "Invalid phone number",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The phone number is not valid. It lasts until the number is corrected.",
    },
    Entry {
        slot: Slot::InvalidDomain,
        slug: "invalid_domain",
        label: "Invalid domain",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The domain of the address is not valid. It lasts until the address is corrected.",
    },
    Entry {
        slot: Slot::InvalidContact,
        slug: "invalid_contact",
        label: "Invalid contact",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The contact is not valid. It lasts until its data are corrected.",
    },
    Entry {
        slot: Slot::InvalidAddressBookIds,
        slug: "invalid_address_book_ids",
        label: "Invalid address book ids",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "A list that the contact was to be put on is not there. It lasts until the ids of the lists are corrected.",
    },
    Entry {
        slot: Slot::InvalidMatchIdentifier,
        slug: "invalid_match_identifier",
        label: "Invalid match identifier",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The identifier by which contacts were to be matched is not valid. It lasts until another one is named.",
    },
    Entry {
        slot: Slot::InvalidContactStatus,
        slug: "invalid_contact_status",
        label: "Invalid contact status",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The status that the contact was to have is not valid. It lasts until the status is corrected.",
    },
    Entry {
        slot: Slot::NoValidIdentifiers,
        slug: "no_valid_identifiers",
        label: "No valid identifiers",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "Nothing tells who the contact is. It lasts until an email, a mobile number or another identifier is given.",
    },
    Entry {
        slot: Slot::ConsentRecordsNotApplied,
        slug: "consent_records_not_applied",
        label: "Consent records not applied",
        aliases: &[],
        kinds: V3,
        remedy: Remedy::Correct,
        description: "The contact was imported, but its consent records were not. It lasts until the records are corrected.",
    },
    Entry {
        slot: Slot::AlreadyInProgram,
        slug: "already_in_program",
        label: "Already in program",
        aliases: &[],
        kinds: ENROLMENT,
        remedy: Remedy::Ignore,
        description: "The contact is enrolled in the program already. Nothing was lost.",
    },
];

/// The known reasons, so that one can be lent for as long as anybody likes.
static KNOWN: [FailureReason; TABLE.len()] = [
    FailureReason::GloballySuppressed,
    FailureReason::InvalidEmail,
    FailureReason::Duplicate,
    FailureReason::Blocker,
    FailureReason::Unsubscribed,
    FailureReason::HardBounced,
    FailureReason::SoftBounced,
    FailureReason::ComplainedToIsp,
    FailureReason::MailBlocked,
    FailureReason::SuppressedByDomain,
    FailureReason::SuppressedByYou,
    FailureReason::PendingOptin,
    FailureReason::Failures,
    FailureReason::ApiSchemaViolation,
    FailureReason::InvalidContactId,
    FailureReason::InvalidPhoneNumber,
    FailureReason::InvalidDomain,
    FailureReason::InvalidContact,
    FailureReason::InvalidAddressBookIds,
    FailureReason::InvalidMatchIdentifier,
    FailureReason::InvalidContactStatus,
    FailureReason::NoValidIdentifiers,
    FailureReason::ConsentRecordsNotApplied,
    FailureReason::AlreadyInProgram,
];

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
        FailureReason::Other(UnknownReason(text.into()))
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

impl UnknownReason {
    /// The text, without the white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl AsRef<str> for UnknownReason {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for UnknownReason {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for UnknownReason {
    fn eq(&self, text: &str) -> bool {
        &*self.0 == text
    }
}

impl PartialEq<&str> for UnknownReason {
    fn eq(&self, text: &&str) -> bool {
        &*self.0 == *text
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        assert!(TABLE.iter().map(|entry| entry.slot).eq(Slot::iter().take(TABLE.len())));
        assert!(KNOWN.iter().cloned().eq(FailureReason::iter()));
        assert!(KNOWN.iter().map(Slot::from).eq(TABLE.iter().map(|entry| entry.slot)));
    }

    #[test]
    fn every_text_of_the_table_leads_to_its_reason_alone() {
        let mut keys = std::collections::BTreeMap::new();
        for entry in &TABLE {
            for text in entry.aliases.iter().chain([&entry.label, &entry.slug]) {
                assert_eq!(Slot::of(text.as_bytes()), Some(entry.slot), "{text}");
                let key = FoldedKey::from(*text);
                let key = key.as_bytes().unwrap().to_vec();
                assert!(keys.insert(key, entry.slot).is_none_or(|slot| slot == entry.slot), "{text}");
            }
            for alias in entry.aliases {
                assert_ne!(FoldedKey::from(*alias).as_bytes(), FoldedKey::from(entry.label).as_bytes(), "{alias}");
            }
        }
    }

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
