//! REST v2: three addresses, JSON, and a report as it stands.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Content};
use super::operation::Operation;
use super::problem::Problem;
use super::question::{Finding, Question, guid};
use super::status::Shape;

const JSON: &str = "application/json; charset=utf-8";
const IMPORTS: &str = "/v2/contacts/import/";

/// What is asked, or the answer to what isn't a question of this service.
pub(super) fn question(method: &Method, path: &str) -> Result<Question, Answer> {
    // The service compares paths in any case.
    let (start, rest) = path.split_at_checked(IMPORTS.len()).unwrap_or_default();
    let (id, operation) = rest.split_once('/').unwrap_or((rest, ""));
    let operation = match operation.to_ascii_lowercase().as_str() {
        _ if !start.eq_ignore_ascii_case(IMPORTS) || id.is_empty() => None,
        "" => Some(Operation::Status),
        "report" => Some(Operation::Summary),
        "report-faults" => Some(Operation::ReportFaults),
        _ => None,
    };
    let operation =
        operation.ok_or_else(|| message(404, "No HTTP resource was found that matches the request URI."))?;
    if method != Method::GET {
        let words = "The requested resource does not support this HTTP method.";
        return Err(message(405, words).header(hyper::header::ALLOW, "GET"));
    }
    let import = guid(id).ok_or_else(|| problem(&Problem::PARAMETER_INVALID))?;
    Ok(Question { operation, import })
}

/// The answer for what was found.
pub(super) fn answer(question: Question, finding: Finding) -> Answer {
    let value = match finding {
        Finding::Problem(found) => return problem(&found),
        Finding::Report(report, shape) => {
            let is_given = matches!(shape, Shape::Text | Shape::Lines);
            let content = if is_given { Content::default().then_report(report) } else { Content::default() };
            return Answer::of_type(200, "application/octet-stream", content);
        }
        Finding::Status(status) => json!({"id": question.import, "status": status.as_str()}),
        Finding::Summary(counts) => {
            let count = |(name, count): (String, i32)| (camel_case(&name), Value::from(count));
            Value::Object(counts.into_iter().map(count).collect::<Map<_, _>>())
        }
    };
    Answer::of_type(200, JSON, Content::text(value.to_string()))
}

/// An error of the service.
pub(super) fn problem(problem: &Problem) -> Answer {
    message(problem.rest_status(), &problem.message())
}

/// The answer to a wrong password.
pub(super) fn unauthorized() -> Answer {
    message(401, "Authorization has been denied for this request.")
}

fn message(status: u16, words: &str) -> Answer {
    Answer::of_type(status, JSON, Content::text(json!({ "message": words }).to_string()))
}

/// The name with a small letter first.
fn camel_case(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    format!("{}{rest}", first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842D81E8-c619-457f-bb77-ab6c4a17da39";

    #[test]
    fn paths() {
        for (path, expected) in [
            (format!("/v2/contacts/import/{ID}"), Ok(Operation::Status)),
            (format!("/v2/contacts/import/{ID}/"), Ok(Operation::Status)),
            (format!("/V2/Contacts/Import/{ID}/Report"), Ok(Operation::Summary)),
            (format!("/v2/contacts/import/{ID}/report-faults"), Ok(Operation::ReportFaults)),
            (format!("/v2/contacts/import/{ID}/report/faults"), Err(404)),
            ("/v2/contacts/import/".into(), Err(404)),
            ("/v2/contacts/imports".into(), Err(404)),
            ("/".into(), Err(404)),
            ("/v2/contacts/impört/".into(), Err(404)),
            ("/v2/contacts/import/7".into(), Err(400)),
        ] {
            let asked = question(&Method::GET, &path);
            let asked = asked.map(|question| question.operation).map_err(|answer| answer.status);
            assert_eq!(asked, expected, "{path}");
        }
        let path = format!("/v2/contacts/import/{ID}");
        assert_eq!(question(&Method::POST, &path).map_err(|answer| answer.status), Err(405));
    }
}
