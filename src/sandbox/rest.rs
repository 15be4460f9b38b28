//! REST v2: three addresses, JSON, and a report as it stands.

use hyper::Method;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Content};
use super::problem::Problem;
use super::question::{Finding, ImportPart, ImportQuestion, guid};
use super::status::Shape;

const JSON: &str = "application/json; charset=utf-8";
const IMPORTS: &str = "/v2/contacts/import/";

/// What is asked, or the answer to what isn't a question of this service.
pub(super) fn question(method: &Method, path: &str) -> Result<ImportQuestion, Answer> {
    // The service compares paths in any case.
    let (start, rest) = path.split_at_checked(IMPORTS.len()).unwrap_or_default();
    let (id, part) = rest.split_once('/').unwrap_or((rest, ""));
    let part = match part.to_ascii_lowercase().as_str() {
        _ if !start.eq_ignore_ascii_case(IMPORTS) || id.is_empty() => None,
        "" => Some(ImportPart::Status),
        "report" => Some(ImportPart::Summary),
        "report-faults" => Some(ImportPart::ReportFaults),
        _ => None,
    };
    let part = part.ok_or_else(not_found)?;
    if method != Method::GET {
        return Err(not_allowed());
    }
    let import = guid(id).ok_or_else(|| problem(&Problem::PARAMETER_INVALID))?;
    Ok(ImportQuestion { part, import })
}

/// The answer for what was found.
pub(super) fn answer(question: ImportQuestion, finding: Finding) -> Answer {
    let value = match finding {
        Finding::Problem(found) => return problem(&found),
        Finding::Report(report, shape) => {
            let is_given = matches!(shape, Shape::Text | Shape::Lines);
            let content = if is_given { Content::default().then_report(report) } else { Content::default() };
            return self::report(content);
        }
        Finding::Status(status) => json!({"id": question.import, "status": status.as_str()}),
        Finding::Summary(counts) => {
            let count = |(name, count): (String, i32)| (camel_case(&name), Value::from(count));
            Value::Object(counts.into_iter().map(count).collect::<Map<_, _>>())
        }
    };
    json_answer(&value)
}

/// An error of the service.
pub(super) fn problem(problem: &Problem) -> Answer {
    message(problem.rest_status(), &problem.message())
}

/// The answer to a wrong password.
pub(super) fn unauthorized() -> Answer {
    message(401, "Authorization has been denied for this request.")
}

/// The answer to the right password of somebody who may not do this. What it says isn't documented.
pub(super) fn forbidden() -> Answer {
    message(403, "The API user has no permission for this.")
}

/// The answer where nothing is.
pub(super) fn not_found() -> Answer {
    message(404, "No HTTP resource was found that matches the request URI.")
}

/// The answer to all but `GET`.
pub(super) fn not_allowed() -> Answer {
    let words = "The requested resource does not support this HTTP method.";
    message(405, words).header(hyper::header::ALLOW, "GET")
}

/// A report as it stands.
pub(super) fn report(content: Content) -> Answer {
    Answer::of_type(200, "application/octet-stream", content)
}

/// What was asked for.
pub(super) fn json_answer(value: &Value) -> Answer {
    Answer::of_type(200, JSON, Content::text(value.to_string()))
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
            (format!("/v2/contacts/import/{ID}"), Ok(ImportPart::Status)),
            (format!("/v2/contacts/import/{ID}/"), Ok(ImportPart::Status)),
            (format!("/V2/Contacts/Import/{ID}/Report"), Ok(ImportPart::Summary)),
            (format!("/v2/contacts/import/{ID}/report-faults"), Ok(ImportPart::ReportFaults)),
            (format!("/v2/contacts/import/{ID}/report/faults"), Err(404)),
            ("/v2/contacts/import/".into(), Err(404)),
            ("/v2/contacts/imports".into(), Err(404)),
            ("/".into(), Err(404)),
            ("/v2/contacts/impört/".into(), Err(404)),
            ("/v2/contacts/import/7".into(), Err(400)),
        ] {
            let asked = question(&Method::GET, &path);
            let asked = asked.map(|question| question.part).map_err(|answer| answer.status);
            assert_eq!(asked, expected, "{path}");
        }
        let path = format!("/v2/contacts/import/{ID}");
        assert_eq!(question(&Method::POST, &path).map_err(|answer| answer.status), Err(405));
    }
}
