//! v3: one address, and one JSON document that tells all of an import.

use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Answer, Content};
use super::question::guid;
use super::result::ImportResult;

const JSON: &str = "application/json; charset=utf-8";
const IMPORTS: &str = "/contacts/v3/import/";

/// The documented codes, their statuses, and words of our own.
const PROBLEMS: [(&str, u16, &str); 4] = [
    ("contacts:importNotFound", 404, "The import request could not be found!"),
    ("contacts:invalidId", 400, "The id value is invalid."),
    ("contacts:badJson", 400, "The request is not JSON."),
    ("contacts:tooManyActiveImports", 429, "Too many imports are active."),
];

/// The import whose result is asked for, or the answer to what isn't a question of this service.
pub(super) fn question(method: &Method, path: &str) -> Result<Uuid, Answer> {
    let (start, id) = path.split_at_checked(IMPORTS.len()).unwrap_or_default();
    let id = id.strip_suffix('/').unwrap_or(id);
    if !start.eq_ignore_ascii_case(IMPORTS) || id.is_empty() || id.contains('/') {
        return Err(Answer::new(404));
    }
    if method != Method::GET {
        return Err(Answer::new(405).header(hyper::header::ALLOW, "GET"));
    }
    guid(id).ok_or_else(|| {
        let details = json!([{"item": "importId", "description": "It is not a GUID."}]);
        let description = format!("The id value '{id}' is invalid.");
        json_answer(400, &json!({"errorCode": "contacts:invalidId", "description": description, "details": details}))
    })
}

/// The answer for what was found; `None` is an import that isn't there.
pub(super) fn answer(import: Uuid, result: Option<ImportResult>) -> Answer {
    match result {
        Some(result) => Answer::of_type(200, JSON, result.into_content(import)),
        None => {
            let description = format!("The import request '{import}' could not be found!");
            json_answer(404, &json!({"errorCode": "contacts:importNotFound", "description": description}))
        }
    }
}

/// An error of the service; a code that isn't documented is a bad request.
pub(super) fn problem(code: &str) -> Answer {
    let known = PROBLEMS.iter().find(|(known, ..)| *known == code);
    let (status, description) = known.map_or((400, "It can't be done."), |(_, status, words)| (*status, *words));
    json_answer(status, &json!({"errorCode": code, "description": description, "details": []}))
}

/// The answer to a wrong password. Its body isn't documented.
pub(super) fn unauthorized() -> Answer {
    Answer::new(401)
}

fn json_answer(status: u16, value: &serde_json::Value) -> Answer {
    Answer::of_type(status, JSON, Content::text(value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842D81E8-c619-457f-bb77-ab6c4a17da39";

    #[test]
    fn paths() {
        for (path, expected) in [
            (format!("/contacts/v3/import/{ID}"), Ok(())),
            (format!("/Contacts/V3/Import/{ID}/"), Ok(())),
            (format!("/contacts/v3/import/{ID}/report-faults"), Err(404)),
            ("/contacts/v3/import/".into(), Err(404)),
            ("/contacts/v3/import".into(), Err(404)),
            ("/contacts/v3/impört/x".into(), Err(404)),
            ("/contacts/v3/import/7".into(), Err(400)),
        ] {
            let asked = question(&Method::GET, &path).map(|_| ()).map_err(|answer| answer.status);
            assert_eq!(asked, expected, "{path}");
        }
        let path = format!("/contacts/v3/import/{ID}");
        assert_eq!(question(&Method::PUT, &path).map_err(|answer| answer.status), Err(405));
    }
}
