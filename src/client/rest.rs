//! REST v2 and v3: the path, and what an answer holds. Source: the vendor's documentation and OpenAPI files.

use serde_json::Value;
use uuid::Uuid;

use super::enrolments::PAGE;
use super::operation::ServiceOperation;
use super::soap_answer::ResultFields;
use super::xml::Malformed;
use crate::format::BOM;
use crate::protocol::Protocol;

/// What follows the base of the address.
pub(super) fn path(protocol: Protocol, operation: ServiceOperation, id: Uuid) -> String {
    let id = id.hyphenated();
    match operation {
        // One answer has it all.
        ServiceOperation::Faults | ServiceOperation::Progress | ServiceOperation::Figures
            if protocol == Protocol::V3 =>
        {
            format!("/contacts/v3/import/{id}")
        }
        ServiceOperation::Faults => format!("/v2/contacts/import/{id}/report-faults"),
        ServiceOperation::Progress => format!("/v2/contacts/import/{id}"),
        ServiceOperation::Figures => format!("/v2/contacts/import/{id}/report"),
        ServiceOperation::EnrolmentFaults => format!("/v2/programs/enrolments/{id}/report-faults"),
        ServiceOperation::EnrolmentProgress => format!("/v2/programs/enrolments/{id}"),
        ServiceOperation::FinishedEnrolments { skip: 0 } => format!("/v2/programs/enrolments/Finished?select={PAGE}"),
        ServiceOperation::FinishedEnrolments { skip } => {
            format!("/v2/programs/enrolments/Finished?select={PAGE}&skip={skip}")
        }
    }
}

/// The members of an answer other than the report: an object of texts and numbers. Others are not looked at.
pub(super) fn fields(body: &[u8]) -> Result<ResultFields, Malformed> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return Err("it is no JSON object") };
    let read = |(name, value): (String, Value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Null => Some((name, String::new())),
        _ => None,
    };
    Ok(members.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let import_id = Uuid::from_u128(0x842d81e8_c619_457f_bb77_ab6c4a17da39);
        for (operation, of_rest) in [
            (ServiceOperation::Faults, "/report-faults"),
            (ServiceOperation::Progress, ""),
            (ServiceOperation::Figures, "/report"),
        ] {
            let expected = format!("/v2/contacts/import/842d81e8-c619-457f-bb77-ab6c4a17da39{of_rest}");
            assert_eq!(path(Protocol::Rest, operation, import_id), expected);
            let expected = "/contacts/v3/import/842d81e8-c619-457f-bb77-ab6c4a17da39";
            assert_eq!(path(Protocol::V3, operation, import_id), expected);
        }
        for (operation, expected) in [
            (ServiceOperation::EnrolmentFaults, "/842d81e8-c619-457f-bb77-ab6c4a17da39/report-faults"),
            (ServiceOperation::EnrolmentProgress, "/842d81e8-c619-457f-bb77-ab6c4a17da39"),
            (ServiceOperation::FinishedEnrolments { skip: 0 }, "/Finished?select=1000"),
            (ServiceOperation::FinishedEnrolments { skip: 2000 }, "/Finished?select=1000&skip=2000"),
        ] {
            assert_eq!(path(Protocol::Rest, operation, import_id), format!("/v2/programs/enrolments{expected}"));
        }
    }

    #[test]
    fn members() {
        let owned = |fields: &[(&str, &str)]| fields.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        for (body, expected) in [
            (r#"{"id": "x", "status": "Finished"}"#, Ok(owned(&[("id", "x"), ("status", "Finished")]))),
            (r#"{"status": "", "n": 7, "none": null, "list": [1], "yes": true}"#, {
                Ok(owned(&[("n", "7"), ("none", ""), ("status", "")]))
            }),
            ("\u{feff}{}", Ok(owned(&[]))),
            ("[]", Err("it is no JSON object")),
            ("", Err("it is no JSON object")),
            ("<html>", Err("it is no JSON object")),
        ] {
            assert_eq!(fields(body.as_bytes()), expected, "{body}");
        }
    }
}
