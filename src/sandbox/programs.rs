//! The part of REST v2 that is about program enrolments: their reports, how far they are, and lists of them.

use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Content};
use super::problem::Problem;
use super::question::{EnrolmentFinding, EnrolmentPage, EnrolmentQuestion, EnrolmentRecord, guid};
use super::rest;

const ENROLMENTS: &str = "/v2/programs/enrolments/";
/// The statuses of which there are lists.
///
/// Source: the vendor's OpenAPI file for v2.
const STATUSES: [&str; 3] = ["Processing", "Finished", "NotAvailableInThisVersion"];
/// How many are told at once, at most and unless asked for less.
const MOST: usize = 1000;

/// Is it an address of these?
pub(super) fn is_theirs(path: &str) -> bool {
    path.split_at_checked(ENROLMENTS.len()).is_some_and(|(start, _)| start.eq_ignore_ascii_case(ENROLMENTS))
}

/// What is asked, or the answer to what isn't a question of this service.
pub(super) fn question(method: &Method, path: &str, query: &str) -> Result<EnrolmentQuestion, Answer> {
    let rest = path.get(ENROLMENTS.len()..).unwrap_or_default();
    let (id, end) = rest.split_once('/').unwrap_or((rest, ""));
    let is_status = STATUSES.iter().any(|status| status.eq_ignore_ascii_case(id));
    let ask: fn(Uuid) -> EnrolmentQuestion = match end.to_ascii_lowercase().as_str() {
        "" if !id.is_empty() => EnrolmentQuestion::Status,
        "report-faults" if !is_status => EnrolmentQuestion::Faults,
        _ => return Err(rest::not_found()),
    };
    if method != Method::GET {
        return Err(rest::not_allowed());
    }
    let refused = || rest::problem(&Problem::PARAMETER_INVALID);
    if is_status {
        page(id, query).map(EnrolmentQuestion::List).ok_or_else(refused)
    } else {
        guid(id).map(ask).ok_or_else(refused)
    }
}

/// The page that a query asks for; `None` where there is none such.
fn page(status: &str, query: &str) -> Option<EnrolmentPage> {
    let number = |name: &str, unless_given: usize| {
        let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
        match parameters.find(|(given, _)| given.eq_ignore_ascii_case(name)) {
            Some((_, value)) => value.parse().ok(),
            None => Some(unless_given),
        }
    };
    let select = number("select", MOST).filter(|select| (1..=MOST).contains(select))?;
    Some(EnrolmentPage { status: status.to_owned(), select, skip: number("skip", 0)? })
}

/// The answer for what was found.
pub(super) fn answer(finding: EnrolmentFinding) -> Answer {
    let value = match finding {
        EnrolmentFinding::Problem(found) => return rest::problem(&found),
        EnrolmentFinding::Forbidden => return rest::forbidden(),
        EnrolmentFinding::Report(report) => return rest::report(Content::default().then_report(report)),
        EnrolmentFinding::Enrolment(enrolment) => told(&enrolment),
        EnrolmentFinding::List(enrolments) => enrolments.iter().map(told).collect(),
    };
    rest::json_answer(&value)
}

fn told(enrolment: &EnrolmentRecord) -> Value {
    json!({
        "id": enrolment.id,
        "programId": enrolment.program,
        "status": enrolment.status.as_str(),
        "dateCreated": enrolment.created,
        "contacts": null,
        "addressBooks": null,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842D81E8-c619-457f-bb77-ab6c4a17da39";

    fn asked(path: &str, query: &str) -> Result<EnrolmentQuestion, u16> {
        let path = format!("/V2/programs/Enrolments/{path}");
        assert!(is_theirs(&path), "{path}");
        question(&Method::GET, &path, query).map_err(|answer| answer.status)
    }

    #[test]
    fn paths() {
        let id = guid(ID).unwrap();
        for (path, expected) in [
            (ID.to_owned(), Ok(EnrolmentQuestion::Status(id))),
            (format!("{ID}/"), Ok(EnrolmentQuestion::Status(id))),
            (format!("{ID}/Report-Faults"), Ok(EnrolmentQuestion::Faults(id))),
            (format!("{ID}/report"), Err(404)),
            ("Finished/report-faults".into(), Err(404)),
            (String::new(), Err(404)),
            ("7".into(), Err(400)),
            ("NotFinished".into(), Err(400)),
        ] {
            assert_eq!(asked(&path, ""), expected, "{path}");
        }
        assert!(!is_theirs("/v2/programs/enrolment/"));
        assert!(!is_theirs("/v2/prögrams/enrolments/"));
        let path = format!("{ENROLMENTS}{ID}");
        assert_eq!(question(&Method::DELETE, &path, "").map_err(|answer| answer.status), Err(405));
    }

    #[test]
    fn pages() {
        let page =
            |select, skip| Ok(EnrolmentQuestion::List(EnrolmentPage { status: "finished".into(), select, skip }));
        for (query, expected) in [
            ("", page(1000, 0)),
            ("select=1&skip=7", page(1, 7)),
            ("Skip=12&SELECT=1000&other=x", page(1000, 12)),
            ("select=0", Err(400)),
            ("select=1001", Err(400)),
            ("select=", Err(400)),
            ("skip=-1", Err(400)),
            ("skip=99999999999999999999999", Err(400)),
        ] {
            assert_eq!(asked("finished", query), expected, "{query}");
        }
    }
}
