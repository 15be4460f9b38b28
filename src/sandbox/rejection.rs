//! What v3 makes of the reasons of a report: its failure codes, in the spellings that the vendor's documents have.

use std::borrow::Cow;

/// How v3 says that a contact was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) code: Cow<'static, str>,
    pub(super) description: Cow<'static, str>,
    /// The figure that counts it.
    pub(super) figure: Option<Figure>,
}

/// A figure of v3's `summary` that counts contacts which were not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    GloballySuppressed,
    InvalidEntries,
    DuplicateIdentifiers,
}

use Figure::{DuplicateIdentifiers, GloballySuppressed, InvalidEntries};

/// The code, the words that a report has for it, a description of our own, and the figure.
///
/// Those that begin with a capital are in the documentation's table, which says that there are others; the three that
/// don't are the examples of the vendor's OpenAPI file.
const KNOWN: [(&str, &str, &str, Option<Figure>); 17] = [
    ("invalidEmail", "Invalid Email", "The value of 'email' is not an address.", Some(InvalidEntries)),
    ("InvalidEmail", "", "The value of 'email' is not an address.", Some(InvalidEntries)),
    ("duplicateIdentifier", "", "The identifier occurs more than once.", Some(DuplicateIdentifiers)),
    ("Duplicate", "Duplicate", "The contact occurs more than once.", Some(DuplicateIdentifiers)),
    ("consentRecordsNotApplied", "", "The contact was imported without its consent records.", None),
    ("GloballySuppressed", "Globally Suppressed", "Barred from every account.", Some(GloballySuppressed)),
    ("Blocker", "Blocker", "The address is known to block.", None),
    ("SuppressedByDomain", "Suppressed by Domain", "The account suppresses the domain.", None),
    ("InvalidContact", "Failures", "The contact could not be imported.", Some(InvalidEntries)),
    ("ApiSchemaViolation", "", "The contact doesn't follow the schema.", Some(InvalidEntries)),
    ("InvalidContactId", "", "There is no contact of that id.", Some(InvalidEntries)),
    ("InvalidPhoneNumber", "", "The value of 'mobileNumber' is not a number in E.164.", Some(InvalidEntries)),
    ("InvalidDomain", "", "The domain of 'email' does not exist.", Some(InvalidEntries)),
    ("InvalidAddressBookIds", "", "There is no such list.", Some(InvalidEntries)),
    ("InvalidMatchIdentifier", "", "The contact lacks the identifier that is matched by.", Some(InvalidEntries)),
    ("InvalidContactStatus", "", "There is no such status.", Some(InvalidEntries)),
    ("NoValidIdentifiers", "", "None of the contact's identifiers is valid.", Some(InvalidEntries)),
];

/// The reasons for which v3 rejects nobody: it updates a contact that is suppressed.
///
/// Source: the vendor's page on unified contacts, on what has changed from v2.
const NOT_REJECTED: [&str; 9] = [
    "Unsubscribed",
    "Hard bounced",
    "Soft bounced",
    "Complained to ISP",
    "ISP complaints",
    "Mail blocked",
    "Suppressed by you",
    "Pending optin",
    "Pending double optin",
];

/// How v3 says a reason; `None` where it rejects nobody for it.
///
/// A code as the vendor spells it stays as it is. A reason that nobody knows becomes a code of its own, since the list of
/// codes is open.
pub(super) fn rejection(reason: &str) -> Option<Rejection> {
    let exact = KNOWN.iter().find(|(code, ..)| *code == reason);
    if exact.is_none() && NOT_REJECTED.iter().any(|known| are_alike(known, reason)) {
        return None;
    }
    let alike = || KNOWN.iter().find(|(code, words, ..)| are_alike(code, reason) || are_alike(words, reason));
    Some(match exact.or_else(alike) {
        Some((code, _, description, figure)) => {
            Rejection { code: (*code).into(), description: (*description).into(), figure: *figure }
        }
        None => Rejection { code: code_of(reason).into(), description: reason.to_owned().into(), figure: None },
    })
}

/// Words joined as the documentation's codes are; signs alone stay as they are.
fn code_of(reason: &str) -> String {
    let words = reason.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    let code: String = words.map(capital).collect();
    if code.is_empty() { reason.to_owned() } else { code }
}

/// Have they the same letters and digits, in any case of the letters? Two without any are not alike.
fn are_alike(one: &str, other: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    letters(one).next().is_some() && letters(one).eq(letters(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_codes() {
        for (reason, code, figure) in [
            ("Invalid Email", "invalidEmail", Some(InvalidEntries)),
            ("INVALID_EMAIL", "invalidEmail", Some(InvalidEntries)),
            ("InvalidEmail", "InvalidEmail", Some(InvalidEntries)),
            ("Duplicate", "Duplicate", Some(DuplicateIdentifiers)),
            ("duplicate identifier", "duplicateIdentifier", Some(DuplicateIdentifiers)),
            ("Globally Suppressed", "GloballySuppressed", Some(GloballySuppressed)),
            ("Failures", "InvalidContact", Some(InvalidEntries)),
            ("Invalid phone number", "InvalidPhoneNumber", Some(InvalidEntries)),
            ("consentRecordsNotApplied", "consentRecordsNotApplied", None),
            ("Quarantined by moon phase", "QuarantinedByMoonPhase", None),
            ("élan-vital", "ÉlanVital", None),
            ("", "", None),
            ("?!", "?!", None),
        ] {
            let found = rejection(reason).unwrap();
            assert_eq!((&*found.code, found.figure), (code, figure), "{reason}");
        }
        for reason in ["Unsubscribed", "Hard bounced", "SOFT BOUNCED", "Pending optin", "PendingDoubleOptin"] {
            assert_eq!(rejection(reason), None, "{reason}");
        }
    }
}
