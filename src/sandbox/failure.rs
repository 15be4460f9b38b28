//! A failure of an import as v3 tells it: one contact, and why.

use std::fmt;

use serde::{Serialize, Serializer};

/// An entry of `failures` in v3's answer, to order: one contact, with one code or several.
///
/// Matched by `email` and without identifiers, until told otherwise.
///
/// ```
/// use dotdigital_faults::sandbox::Failure;
///
/// let twice = Failure::new("invalidEmail", "Invalid value for 'email'")
///     .and("InvalidPhoneNumber", "Not E.164")
///     .identifier("email", "bo@example@com");
/// // It was imported, but for its consent.
/// let partial = Failure::new("consentRecordsNotApplied", "Consent text missing")
///     .contact_id(77)
///     .matched_by("loyaltyNo")
///     .identifier("loyaltyNo", "L-0042");
/// // What the schema doesn't allow, and what has been seen all the same.
/// let odd = Failure::without_codes().without_match_identifier().without_identifiers();
/// ```
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "it is nothing until an import has it"]
pub struct Failure {
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_order")]
    identifiers: Option<Vec<(String, String)>>,
    failures: Vec<FailureCause>,
}

/// An entry of the `failures` within a failure.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureCause {
    failure_code: String,
    description: String,
}

impl Failure {
    /// A failure of one code. Any text may be one: the service's list is open.
    pub fn new(code: impl Into<String>, description: impl Into<String>) -> Failure {
        Failure::without_codes().and(code, description)
    }

    /// A failure that says nothing of why.
    pub fn without_codes() -> Failure {
        Failure {
            contact_id: None,
            match_identifier: Some("email".to_owned()),
            identifiers: Some(Vec::new()),
            failures: Vec::new(),
        }
    }

    /// One more code.
    pub fn and(mut self, code: impl Into<String>, description: impl Into<String>) -> Failure {
        self.failures.push(FailureCause { failure_code: code.into(), description: description.into() });
        self
    }

    /// The contact is known, and this is its id.
    pub fn contact_id(mut self, id: u64) -> Failure {
        self.contact_id = Some(id);
        self
    }

    /// The identifier by which the import matches contacts.
    pub fn matched_by(mut self, name: impl Into<String>) -> Failure {
        self.match_identifier = Some(name.into());
        self
    }

    /// One more identifier: `email`, `mobileNumber`, or one of the account's own.
    pub fn identifier(mut self, name: impl Into<String>, value: impl Into<String>) -> Failure {
        self.identifiers.get_or_insert_default().push((name.into(), value.into()));
        self
    }

    /// The member `matchIdentifier` is left out.
    pub fn without_match_identifier(mut self) -> Failure {
        self.match_identifier = None;
        self
    }

    /// The member `identifiers` is left out.
    pub fn without_identifiers(mut self) -> Failure {
        self.identifiers = None;
        self
    }

    /// The first of its codes.
    pub(super) fn code(&self) -> Option<&str> {
        self.failures.first().map(|cause| cause.failure_code.as_str())
    }

    pub(super) fn json(&self) -> String {
        // It is made of text and one number: nothing in it can't be JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A member for each, in the order in which they were given.
fn in_order<S: Serializer>(identifiers: &Option<Vec<(String, String)>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(identifiers.iter().flatten().map(|(name, value)| (name, value)))
}

impl fmt::Debug for Failure {
    /// Its codes, without the contact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<&str> = self.failures.iter().map(|cause| cause.failure_code.as_str()).collect();
        f.debug_struct("Failure").field("codes", &codes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json() {
        for (failure, expected) in [
            (
                Failure::new("a", "\"b\"\n").and("c", "").identifier("z", "1").identifier("email", "ü@example.com"),
                r#"{"matchIdentifier":"email","identifiers":{"z":"1","email":"ü@example.com"},"failures":[{"failureCode":"a","description":"\"b\"\n"},{"failureCode":"c","description":""}]}"#,
            ),
            (
                Failure::without_codes().contact_id(u64::MAX).matched_by("x"),
                r#"{"contactId":18446744073709551615,"matchIdentifier":"x","identifiers":{},"failures":[]}"#,
            ),
            (Failure::without_codes().without_identifiers().without_match_identifier(), r#"{"failures":[]}"#),
        ] {
            // The line break within the text is written as an escape.
            assert_eq!(failure.json(), expected.replace('\n', "\\n"));
        }
    }

    #[test]
    fn debug_output_shows_no_contact() {
        let failure = Failure::new("invalidEmail", "x").identifier("email", "jo@example.com");
        assert_eq!(format!("{failure:?}"), r#"Failure { codes: ["invalidEmail"], .. }"#);
    }
}
