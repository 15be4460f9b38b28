//! The one table of reasons: what is known of each.

use strum::EnumCount;

use crate::reason::remedy::Remedy;
use crate::reason::report_kind::ReportKind;
use crate::reason::{FailureReason, Slot};

/// All that is known of a reason, but its variant.
pub(super) struct Entry {
    pub(super) slot: Slot,
    pub(super) slug: &'static str,
    pub(super) label: &'static str,
    /// Other wordings, as they have been seen; those that differ only in case or punctuation are left out.
    pub(super) aliases: &'static [&'static str],
    pub(super) kinds: &'static [ReportKind],
    pub(super) remedy: Remedy,
    pub(super) description: &'static str,
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
pub(super) static TABLE: [Entry; Slot::COUNT - 1] = [
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
pub(super) static KNOWN: [FailureReason; TABLE.len()] = [
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

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;
    use crate::reason::key::FoldedKey;

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
}
