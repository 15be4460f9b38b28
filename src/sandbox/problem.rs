//! The service's own errors: a code, a sentence, and the HTTP status that REST gives them.

use std::borrow::Cow;

/// An error of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    code: Cow<'static, str>,
    sentence: &'static str,
    rest_status: u16,
}

/// The codes that are documented. SOAP answers all of them with 500. Which status REST gives is documented for
/// `ERROR_APIUSAGE_EXCEEDED`, the one that surprises, and for those of enrolments; the others are inferred.
const PROBLEMS: [Problem; 14] = [
    Problem::IMPORT_NOT_FOUND,
    Problem::IMPORT_REPORT_NOT_FOUND,
    Problem::PARAMETER_INVALID,
    Problem::ENROLMENT_NOT_FOUND,
    Problem::ENROLMENT_IS_PROCESSING,
    Problem::new("ERROR_APIUSAGE_EXCEEDED", "The calls that are allowed in an hour are used up.", 400),
    Problem::new("ERROR_INVALID_LOGIN", "The login is not valid.", 401),
    Problem::new("ERROR_APIUSER_INVALID", "The API user is not valid.", 401),
    Problem::new("ERROR_ACCOUNT_INVALID", "The account is not valid.", 403),
    Problem::new("ERROR_UNKNOWN_ACCOUNT", "The account is not known.", 403),
    Problem::new("ERROR_USERACCOUNT_UNKNOWN", "The user's account is not known.", 403),
    Problem::new("ERROR_CANNOT_PERFORM_OPERATION_ON_ACCOUNT", "The account doesn't permit the operation.", 403),
    Problem::new("ERROR_FEATURENOTACTIVE", "The feature is not active.", 403),
    Problem::new("ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE", "The service is down for maintenance.", 503),
];

impl Problem {
    pub(super) const IMPORT_NOT_FOUND: Problem = Problem::new("ERROR_IMPORT_NOT_FOUND", "Import not found.", 404);
    pub(super) const IMPORT_REPORT_NOT_FOUND: Problem =
        Problem::new("ERROR_IMPORT_REPORT_NOT_FOUND", "Import is not processed yet or completed with error.", 404);
    pub(super) const PARAMETER_INVALID: Problem = Problem::new("ERROR_PARAMETER_INVALID", "The id is not a GUID.", 400);
    pub(super) const ENROLMENT_NOT_FOUND: Problem =
        Problem::new("ERROR_ENROLMENT_NOT_FOUND", "Enrolment not found.", 404);
    pub(super) const ENROLMENT_IS_PROCESSING: Problem =
        Problem::new("ERROR_ENROLMENT_IS_PROCESSING", "The enrolment is still being processed.", 400);

    const fn new(code: &'static str, sentence: &'static str, rest_status: u16) -> Problem {
        Problem { code: Cow::Borrowed(code), sentence, rest_status }
    }

    /// The problem of that code; any other text is written in the same manner, after `Error:`.
    pub(super) fn of(code: &str) -> Problem {
        let known = PROBLEMS.into_iter().find(|problem| problem.code == code);
        known.unwrap_or_else(|| Problem {
            code: Cow::Owned(code.to_owned()),
            sentence: "Error:",
            rest_status: if code == "ERROR_UNKNOWN" { 500 } else { 400 },
        })
    }

    /// The sentence, followed by the code.
    pub(super) fn message(&self) -> String {
        format!("{} {}", self.sentence, self.code)
    }

    pub(super) fn rest_status(&self) -> u16 {
        self.rest_status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_known_and_unknown() {
        for (code, message, status) in [
            ("ERROR_IMPORT_NOT_FOUND", "Import not found. ERROR_IMPORT_NOT_FOUND", 404),
            ("ERROR_FEATURENOTACTIVE", "The feature is not active. ERROR_FEATURENOTACTIVE", 403),
            ("ERROR_UNKNOWN", "Error: ERROR_UNKNOWN", 500),
            ("ERROR_MOON_PHASE", "Error: ERROR_MOON_PHASE", 400),
        ] {
            let problem = Problem::of(code);
            assert_eq!((problem.message().as_str(), problem.rest_status()), (message, status));
        }
    }
}
