//! What an answer that is no result means, and whether to ask again.
//!
//! Sources: the codes are those of the vendor's documentation; the statuses are those that its gateways send.

use crate::error::{Error, ErrorKind};
use crate::protocol::Protocol;

/// The code after which only the import's status tells why there is no report.
pub(super) const REPORT_NOT_FOUND: &str = "ERROR_IMPORT_REPORT_NOT_FOUND";

/// What the codes of SOAP and REST v2 begin with.
const PREFIX: &str = "ERROR_";

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) kind: ErrorKind,
    /// May the same call go well later?
    pub(super) again: bool,
    pub(super) what: &'static str,
    pub(super) advice: Option<&'static str>,
}

/// Judges an answer by its status and the service's code, and by whether it is a SOAP fault.
///
/// A code decides wherever it is found, but for 401 and 403: an account may lock, so those are final whatever else
/// they say. Of the newer API, only those codes decide that are documented: its list of them is open. The content type
/// never decides.
pub(super) fn judge(protocol: Protocol, status: u16, code: Option<&str>, is_fault: bool) -> Verdict {
    match (status, code, protocol) {
        (401 | 403, _, _) => NOT_PERMITTED,
        (_, Some(code), _) if is_documented(code) || code.starts_with(PREFIX) => judge_code(code),
        (429, ..) => RATE_LIMITED,
        (404 | 410, _, Protocol::Rest | Protocol::V3) => NO_IMPORT,
        (404 | 410, _, Protocol::Soap) => NOTHING_HERE,
        (501 | 505, ..) => REFUSED,
        (408 | 500..=599, ..) => UNAVAILABLE,
        // A fault without a code is an error of the service that nobody has foreseen.
        (200..=299, ..) if is_fault => UNAVAILABLE,
        (300..=399, ..) => REDIRECT,
        (400..=499, ..) => REFUSED,
        _ => UNEXPECTED,
    }
}

fn judge_code(code: &str) -> Verdict {
    CODES.iter().find(|(documented, _)| *documented == code).map_or(REFUSED, |&(_, verdict)| verdict)
}

/// Does it mean that the service doesn't know who asks? Then no call will go well. That these credentials don't permit one
/// operation, as with the status 403, says nothing of others.
pub(super) fn is_about_credentials(status: u16, code: Option<&str>) -> bool {
    let is_about_them = |code| {
        let codes = ["ERROR_INVALID_LOGIN", "ERROR_APIUSER_INVALID", "ERROR_ACCOUNT_INVALID"];
        codes.contains(&code) || ["ERROR_UNKNOWN_ACCOUNT", "ERROR_USERACCOUNT_UNKNOWN"].contains(&code)
    };
    status == 401 || code.is_some_and(is_about_them)
}

/// What a call is told that isn't made, since the service doesn't want any now.
pub(super) fn rate_limited() -> Error {
    let Verdict { kind, what, advice, .. } = RATE_LIMITED;
    let error = Error::new(kind, what);
    match advice {
        Some(advice) => error.advise(advice),
        None => error,
    }
}

/// Is it one of the codes that the service is known to have?
pub(super) fn is_documented(code: &str) -> bool {
    CODES.iter().any(|&(documented, _)| documented == code)
}

/// The codes that are documented. Any other is a refusal.
static CODES: [(&str, Verdict); 20] = [
    ("ERROR_IMPORT_NOT_FOUND", NO_IMPORT),
    (REPORT_NOT_FOUND, NO_REPORT),
    ("ERROR_INVALID_LOGIN", NOT_PERMITTED),
    ("ERROR_APIUSER_INVALID", NOT_PERMITTED),
    ("ERROR_ACCOUNT_INVALID", NOT_PERMITTED),
    ("ERROR_UNKNOWN_ACCOUNT", NOT_PERMITTED),
    ("ERROR_USERACCOUNT_UNKNOWN", NOT_PERMITTED),
    ("ERROR_CANNOT_PERFORM_OPERATION_ON_ACCOUNT", NOT_PERMITTED),
    ("ERROR_FEATURENOTACTIVE", NOT_PERMITTED),
    ("ERROR_APIUSAGE_EXCEEDED", RATE_LIMITED),
    ("ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE", UNAVAILABLE),
    ("ERROR_UNKNOWN", UNAVAILABLE),
    ("ERROR_IMPORT_TOOMANYACTIVEIMPORTS", UNAVAILABLE),
    ("ERROR_PARAMETER_INVALID", REFUSED),
    ("ERROR_ENROLMENT_NOT_FOUND", NO_ENROLMENT),
    ("ERROR_ENROLMENT_IS_PROCESSING", PROCESSING),
    ("contacts:importNotFound", NO_IMPORT),
    ("contacts:invalidId", REFUSED),
    ("contacts:badJson", REFUSED),
    ("contacts:tooManyActiveImports", UNAVAILABLE),
];

const fn verdict(kind: ErrorKind, again: bool, what: &'static str, advice: Option<&'static str>) -> Verdict {
    Verdict { kind, again, what, advice }
}

const NOT_PERMITTED: Verdict = verdict(
    ErrorKind::NotPermitted,
    false,
    "the service doesn't accept the credentials, or they don't permit this",
    Some("check the API user, its password and the region; it was not asked again, since an account may lock"),
);
const RATE_LIMITED: Verdict =
    verdict(ErrorKind::RateLimited, true, "the service limits calls", Some("try again later, or less often"));
const NO_IMPORT: Verdict = verdict(
    ErrorKind::NotFound,
    false,
    "the service has no such import",
    Some("check the import's id, and that it belongs to this account"),
);
const NO_ENROLMENT: Verdict = verdict(
    ErrorKind::NotFound,
    false,
    "the service has no such enrolment",
    Some("check the enrolment's id, and that it belongs to this account"),
);
const PROCESSING: Verdict = verdict(
    ErrorKind::NotFinished,
    false,
    "the enrolment has not finished yet",
    Some("wait for it, or ask again later"),
);
const NO_REPORT: Verdict = verdict(
    ErrorKind::NotFound,
    false,
    "the service has no report of this import",
    Some("it may not have finished yet, have ended without one, or have expired"),
);
const NOTHING_HERE: Verdict = verdict(
    ErrorKind::UnexpectedAnswer,
    false,
    "there is no service at this address, so no import was looked up",
    Some("check the endpoint: over SOAP it is the whole address"),
);
const UNAVAILABLE: Verdict =
    verdict(ErrorKind::Unavailable, true, "the service can't answer now", Some("try again later"));
const REDIRECT: Verdict = verdict(
    ErrorKind::UnexpectedAnswer,
    false,
    "the service redirects, which is never followed",
    Some("check the endpoint, and whether a proxy stands in between"),
);
const REFUSED: Verdict = verdict(ErrorKind::Refused, false, "the service refuses the call", None);
const UNEXPECTED: Verdict = verdict(
    ErrorKind::UnexpectedAnswer,
    false,
    "the answer is not what was asked for",
    Some("check the endpoint, and whether a proxy stands in between"),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict() {
        use ErrorKind::*;
        use Protocol::{Rest, Soap, V3};
        let both = [Soap, Rest, V3];
        for (protocols, status, code, is_fault, kind, again) in [
            // 401 and 403 are final, whatever else they say.
            (&both[..], 401, None, false, NotPermitted, false),
            (&both, 403, None, false, NotPermitted, false),
            (&both, 401, Some("ERROR_UNKNOWN"), false, NotPermitted, false),
            (&both, 403, Some("ERROR_APIUSAGE_EXCEEDED"), true, NotPermitted, false),
            // A code decides wherever it is found.
            (&both, 200, Some("ERROR_INVALID_LOGIN"), false, NotPermitted, false),
            (&both, 500, Some("ERROR_INVALID_LOGIN"), true, NotPermitted, false),
            (&both, 500, Some("ERROR_APIUSER_INVALID"), true, NotPermitted, false),
            (&both, 400, Some("ERROR_ACCOUNT_INVALID"), false, NotPermitted, false),
            (&both, 500, Some("ERROR_UNKNOWN_ACCOUNT"), true, NotPermitted, false),
            (&both, 500, Some("ERROR_USERACCOUNT_UNKNOWN"), true, NotPermitted, false),
            (&both, 500, Some("ERROR_CANNOT_PERFORM_OPERATION_ON_ACCOUNT"), true, NotPermitted, false),
            (&both, 503, Some("ERROR_FEATURENOTACTIVE"), false, NotPermitted, false),
            (&both, 500, Some("ERROR_IMPORT_NOT_FOUND"), true, NotFound, false),
            (&both, 404, Some("ERROR_IMPORT_NOT_FOUND"), false, NotFound, false),
            (&both, 200, Some("ERROR_IMPORT_REPORT_NOT_FOUND"), false, NotFound, false),
            (&both, 400, Some("ERROR_APIUSAGE_EXCEEDED"), false, RateLimited, true),
            (&both, 500, Some("ERROR_APIUSAGE_EXCEEDED"), true, RateLimited, true),
            (&both, 500, Some("ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE"), true, Unavailable, true),
            (&both, 200, Some("ERROR_UNKNOWN"), false, Unavailable, true),
            (&both, 400, Some("ERROR_IMPORT_TOOMANYACTIVEIMPORTS"), false, Unavailable, true),
            (&both, 500, Some("ERROR_PARAMETER_INVALID"), true, Refused, false),
            (&both, 400, Some("ERROR_SOMETHING_NEW"), false, Refused, false),
            (&both, 503, Some("ERROR_SOMETHING_NEW"), false, Refused, false),
            (&both, 404, Some("ERROR_ENROLMENT_NOT_FOUND"), false, NotFound, false),
            (&both, 400, Some("ERROR_ENROLMENT_IS_PROCESSING"), false, NotFinished, false),
            (&both, 404, Some("contacts:importNotFound"), false, NotFound, false),
            (&both, 200, Some("contacts:importNotFound"), false, NotFound, false),
            (&both, 400, Some("contacts:invalidId"), false, Refused, false),
            (&both, 400, Some("contacts:badJson"), false, Refused, false),
            (&both, 429, Some("contacts:tooManyActiveImports"), false, Unavailable, true),
            // A code of the newer API that nobody has documented decides nothing.
            (&both, 429, Some("contacts:moon"), false, RateLimited, true),
            (&both, 503, Some("contacts:moon"), false, Unavailable, true),
            (&both, 400, Some("contacts:moon"), false, Refused, false),
            (&[V3], 404, Some("contacts:moon"), false, NotFound, false),
            (&both, 401, Some("contacts:importNotFound"), false, NotPermitted, false),
            // Without one, a fault is an unhandled error of the service.
            (&both, 500, None, true, Unavailable, true),
            (&both, 200, None, true, Unavailable, true),
            (&both, 400, None, true, Refused, false),
            // Without either, the status decides.
            (&[Soap], 404, None, false, UnexpectedAnswer, false),
            (&[Soap], 410, None, false, UnexpectedAnswer, false),
            (&[Rest, V3], 404, None, false, NotFound, false),
            (&[Rest, V3], 410, None, false, NotFound, false),
            (&both, 429, None, false, RateLimited, true),
            (&both, 500, None, false, Unavailable, true),
            (&both, 502, None, false, Unavailable, true),
            (&both, 503, None, false, Unavailable, true),
            (&both, 504, None, false, Unavailable, true),
            (&both, 408, None, false, Unavailable, true),
            (&both, 501, None, false, Refused, false),
            (&both, 400, None, false, Refused, false),
            (&both, 405, None, false, Refused, false),
            (&both, 413, None, false, Refused, false),
            (&both, 415, None, false, Refused, false),
            (&both, 301, None, false, UnexpectedAnswer, false),
            (&both, 302, None, false, UnexpectedAnswer, false),
            (&both, 307, None, false, UnexpectedAnswer, false),
            (&both, 200, None, false, UnexpectedAnswer, false),
            (&both, 206, None, false, UnexpectedAnswer, false),
            (&both, 999, None, false, UnexpectedAnswer, false),
        ] {
            for &protocol in protocols {
                let verdict = judge(protocol, status, code, is_fault);
                assert_eq!((verdict.kind, verdict.again), (kind, again), "{protocol} {status} {code:?} {is_fault}");
            }
        }
    }

    /// Of what is no answer to the call, the words tell which it is.
    #[test]
    fn what_is_said_of_other_answers() {
        for (status, expected) in [(200, "asked for"), (300, "redirects"), (399, "redirects"), (404, "no service")] {
            let verdict = judge(Protocol::Soap, status, None, false);
            assert!(verdict.what.contains(expected), "{status}: {}", verdict.what);
        }
    }

    /// Which answers mean that no call of these credentials will go well.
    #[test]
    fn what_is_said_of_the_credentials() {
        for (status, code, expected) in [
            (401, None, true),
            (401, Some("ERROR_UNKNOWN"), true),
            (403, None, false),
            (500, Some("ERROR_INVALID_LOGIN"), true),
            (500, Some("ERROR_APIUSER_INVALID"), true),
            (200, Some("ERROR_ACCOUNT_INVALID"), true),
            (500, Some("ERROR_UNKNOWN_ACCOUNT"), true),
            (500, Some("ERROR_USERACCOUNT_UNKNOWN"), true),
            (403, Some("ERROR_CANNOT_PERFORM_OPERATION_ON_ACCOUNT"), false),
            (500, Some("ERROR_UNKNOWN"), false),
            (200, None, false),
        ] {
            assert_eq!(is_about_credentials(status, code), expected, "{status} {code:?}");
        }
    }
}
