//! Which imports are named: ids as arguments, and the lines of a list.

use std::collections::HashMap;
use std::path::Path;

use chrono::NaiveDate;
use dotdigital_faults::{AccountName, Protocol, ReportId};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::cli::failure::Failure;
use crate::cli::lines::{Line, lines};
use crate::cli::source::parse_import_id;

const FORM: &str = "a line is an import's id, or JSON such as {\"account\":\"europe\",\"import_id\":\"…\"}, in which may \
                    also stand kind (contact_import or enrolment), protocol (soap, rest or v3) and date (2026-03-09)";

/// An import that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedImport {
    /// `None` where it isn't said, so that there may be only one.
    pub account: Option<AccountName>,
    pub id: ReportId,
    pub protocol: Option<Protocol>,
    pub date: Option<NaiveDate>,
    /// Where it is said.
    pub place: String,
}

/// A line in JSON, whose values are looked at one by one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    account: Option<Value>,
    import_id: Option<Value>,
    kind: Option<Value>,
    protocol: Option<Value>,
    date: Option<Value>,
}

/// Those of the arguments, then those of the list; each once.
pub fn named(arguments: &[Uuid], list: Option<&Path>) -> Result<Vec<NamedImport>, Failure> {
    let mut all: Vec<_> = arguments.iter().map(|id| NamedImport::bare(*id, format!("import {id}"))).collect();
    if let Some(list) = list {
        for line in lines("--ids", list)? {
            all.push(NamedImport::of(line)?);
        }
    }
    each_once(all)
}

/// The same import twice is one. What is said of it once holds; two that contradict each other can't both be right.
fn each_once(all: Vec<NamedImport>) -> Result<Vec<NamedImport>, Failure> {
    let mut places: HashMap<Uuid, usize> = HashMap::with_capacity(all.len());
    let mut kept: Vec<NamedImport> = Vec::with_capacity(all.len());
    for named in all {
        let place = *places.entry(named.id.uuid()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(known) => known.merge(named)?,
            None => kept.push(named),
        }
    }
    Ok(kept)
}

impl NamedImport {
    fn bare(id: Uuid, place: String) -> Self {
        NamedImport { account: None, id: ReportId::Import(id), protocol: None, date: None, place }
    }

    /// What a line says. It isn't repeated: if a report was given as the list, it is a contact.
    fn of(Line { place, text }: Line) -> Result<Self, Failure> {
        let text = text.to_string_lossy();
        let read = if text.starts_with('{') {
            NamedImport::of_json(&text, &place)
        } else {
            parse_import_id(&text).map(|id| NamedImport::bare(id, place.clone()))
        };
        read.map_err(|what| Failure::new(format!("{place}: {what}")).hint(FORM))
    }

    fn of_json(text: &str, place: &str) -> Result<Self, String> {
        let members: Members = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => "a member isn't known, or stands twice".to_owned(),
            _ => "this is no JSON".to_owned(),
        })?;
        let id = parsed("import_id", members.import_id, |text| parse_import_id(text).ok())?;
        let id = id.ok_or("import_id is missing")?;
        let kind = parsed("kind", members.kind, |text| match text {
            "contact_import" => Some(ReportId::Import as fn(Uuid) -> ReportId),
            "enrolment" => Some(ReportId::Enrolment as fn(Uuid) -> ReportId),
            _ => None,
        })?;
        Ok(NamedImport {
            account: parsed("account", members.account, |text| text.parse().ok())?,
            id: kind.unwrap_or(ReportId::Import)(id),
            protocol: parsed("protocol", members.protocol, |text| text.parse().ok())?,
            date: parsed("date", members.date, day)?,
            place: place.to_owned(),
        })
    }

    /// What is said of the same import elsewhere.
    fn merge(&mut self, other: NamedImport) -> Result<(), Failure> {
        fn agreed<T: PartialEq>(one: &mut Option<T>, other: Option<T>) -> bool {
            let agrees = one.is_none() || other.is_none() || *one == other;
            if one.is_none() {
                *one = other;
            }
            agrees
        }
        let is_agreed = self.id == other.id
            && agreed(&mut self.account, other.account)
            && agreed(&mut self.protocol, other.protocol)
            && agreed(&mut self.date, other.date);
        if is_agreed {
            return Ok(());
        }
        let what = format!("{}: {} says something else of the same import", other.place, self.place);
        Err(Failure::new(what).hint("leave one of them out"))
    }
}

/// A member that is a text of some form; one that is null counts as none.
fn parsed<T>(name: &str, value: Option<Value>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    let Some(value) = value else { return Ok(None) };
    let parsed = value.as_str().and_then(parse);
    parsed.map(Some).ok_or_else(|| format!("{name} can't be what stands there"))
}

/// A day as `2026-03-09`, and in no other way.
fn day(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == "2026-03-09".len() && date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842d81e8-c619-457f-bb77-ab6c4a17da39";

    fn read(text: &str) -> Result<NamedImport, String> {
        let line = Line { place: "line 7 of \"ids\"".into(), text: text.into() };
        NamedImport::of(line).map_err(|failure| failure.on_one_line())
    }

    #[test]
    fn lines_of_every_form() {
        let id: Uuid = ID.parse().unwrap();
        let place = || "line 7 of \"ids\"".to_owned();
        let all = NamedImport {
            account: Some("europe".parse().unwrap()),
            id: ReportId::Enrolment(id),
            protocol: Some(Protocol::V3),
            date: NaiveDate::from_ymd_opt(2026, 3, 9),
            place: place(),
        };
        for (text, named) in [
            (ID.to_owned(), NamedImport::bare(id, place())),
            (ID.replace('-', "").to_uppercase(), NamedImport::bare(id, place())),
            (format!("{{\"import_id\":\"{ID}\"}}"), NamedImport::bare(id, place())),
            (
                format!(
                    "{{\"date\":\"2026-03-09\",\"kind\":\"enrolment\",\"import_id\":\"{ID}\",\"protocol\":\"v3\",\
                     \"account\":\"europe\"}}"
                ),
                all,
            ),
            (
                format!(
                    "{{ \"import_id\": \"{ID}\", \"kind\": \"contact_import\", \"date\": null, \"account\": null }}"
                ),
                NamedImport::bare(id, place()),
            ),
        ] {
            assert_eq!(read(&text), Ok(named), "{text}");
        }
    }

    #[test]
    fn lines_that_are_none() {
        let with = |member: &str| format!("{{\"import_id\":\"{ID}\",{member}}}");
        for (text, expected) in [
            ("Hard bounced,secret@example.com".to_owned(), "an import id is a GUID"),
            ("{secret".to_owned(), "this is no JSON"),
            ("{}".to_owned(), "import_id is missing"),
            ("{\"import_id\":7}".to_owned(), "import_id can't be"),
            ("{\"import_id\":\"secret\"}".to_owned(), "import_id can't be"),
            (with("\"secret\":1"), "a member isn't known"),
            (with("\"date\":\"2026-03-09\",\"date\":\"2026-03-10\""), "or stands twice"),
            (with("\"account\":\"Secret!\""), "account can't be"),
            (with("\"kind\":\"secret\""), "kind can't be"),
            (with("\"protocol\":\"secret\""), "protocol can't be"),
            (with("\"date\":\"2026-02-30\""), "date can't be"),
            (with("\"date\":\"2026-3-9\""), "date can't be"),
            (with("\"date\":\"+12026-03-09\""), "date can't be"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with("line 7 of \"ids\": ") && error.contains(expected), "{text}: {error}");
            assert!(!error.to_ascii_lowercase().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_same_import_twice_is_one() {
        let id: Uuid = ID.parse().unwrap();
        let dated = |day: u32| NamedImport {
            date: NaiveDate::from_ymd_opt(2026, 3, day),
            ..NamedImport::bare(id, format!("line {day}"))
        };
        let other = NamedImport::bare(Uuid::nil(), "line 2".into());
        let kept = each_once(vec![NamedImport::bare(id, "line 1".into()), other.clone(), dated(9), dated(9)]).unwrap();
        assert_eq!(kept, [NamedImport { place: "line 1".into(), ..dated(9) }, other]);
        let enrolment = NamedImport { id: ReportId::Enrolment(id), ..dated(9) };
        for contradicting in [dated(10), enrolment] {
            let failure = each_once(vec![dated(9), contradicting]).unwrap_err();
            assert!(failure.on_one_line().contains("line 9 says something else of the same import"));
        }
    }
}
