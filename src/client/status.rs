//! The status in an answer.

use super::soap_answer::ResultFields;
use super::xml::Malformed;
use crate::status::ImportStatus;

/// The status of an import, from the fields of an answer.
pub(super) fn of_import(fields: &ResultFields) -> Result<ImportStatus, Malformed> {
    match field(fields, "Status") {
        Some(status) => Ok(status.into()),
        // The contract has both as optional; but an answer with neither is about something else.
        None if fields.is_empty() || field(fields, "Id").is_some() => Ok(ImportStatus::NotFinished),
        None => Err("it holds no status"),
    }
}

/// The status of a program enrolment: `Processing`, `Finished` or `NotAvailableInThisVersion`.
///
/// Source: the vendor's OpenAPI file of programs 2.0.1.
pub(super) fn of_enrolment(fields: &ResultFields) -> Result<ImportStatus, Malformed> {
    match field(fields, "Status") {
        Some(status) if status.trim().eq_ignore_ascii_case("Processing") => Ok(ImportStatus::NotFinished),
        Some(status) => Ok(status.into()),
        None => Err("it holds no status"),
    }
}

fn field<'f>(fields: &'f ResultFields, wanted: &str) -> Option<&'f str> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_status() {
        let fields = |names: &[&str]| names.iter().map(|&name| (name.into(), String::new())).collect::<ResultFields>();
        for (names, expected) in [
            (&[][..], Ok(ImportStatus::NotFinished)),
            (&["Id"], Ok(ImportStatus::NotFinished)),
            (&["id", "status"], Ok(ImportStatus::NotFinished)),
            (&["newContacts"], Err("it holds no status")),
        ] {
            assert_eq!(of_import(&fields(names)), expected, "{names:?}");
        }
        assert_eq!(of_enrolment(&fields(&["id"])), Err("it holds no status"));
    }

    #[test]
    fn the_statuses_of_enrolments() {
        for (status, expected) in [
            ("Processing", ImportStatus::NotFinished),
            ("finished", ImportStatus::Finished),
            ("NotAvailableInThisVersion", ImportStatus::NotAvailableInThisVersion),
            ("Moon", ImportStatus::Other("Moon".into())),
        ] {
            assert_eq!(of_enrolment(&vec![("status".into(), status.into())]), Ok(expected));
        }
    }
}
