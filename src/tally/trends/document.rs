//! Trends as a document, written and read.

use chrono::NaiveDate;
use serde::de::Error;
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::key::TrendKey;
use super::options::TrendBy;
use super::{TrendRow, Trends};
use crate::account_name::AccountName;
use crate::reason::FailureReason;
use crate::reason::document::{SCHEMA, check_schema};
use crate::tally::archived_import::Series;

impl Serialize for Trends {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Trends", 4)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("since", &self.since.to_string())?;
        document.serialize_field("by", &self.by)?;
        document.serialize_field("rows", &self.rows)?;
        document.end()
    }
}

impl Serialize for TrendRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(None)?;
        row.serialize_entry("series", &self.series)?;
        match &self.key {
            TrendKey::Account(account) => row.serialize_entry("account", account)?,
            TrendKey::Reason(reason) => {
                row.serialize_entry("reason", reason.slug())?;
                row.serialize_entry("remedy", &reason.remedy())?;
            }
            period => row.serialize_entry("period", &period.to_string())?,
        }
        row.serialize_entry("imports", &self.imports)?;
        row.serialize_entry("expired", &self.expired)?;
        row.serialize_entry("ended_without_report", &self.ended_without_report)?;
        row.serialize_entry("faults", &self.faults)?;
        row.serialize_entry("contacts", &self.contacts)?;
        row.serialize_entry("rate", &self.rate)?;
        row.end()
    }
}

/// Trends as they were serialised. Members that aren't known are ignored; a reason that this version doesn't know is one of
/// the unknown ones. A document of another schema is an error, and so is a row that says something else than the document.
impl<'de> Deserialize<'de> for Trends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Trends")]
        struct Document {
            schema: u32,
            since: String,
            by: TrendBy,
            rows: Vec<Row>,
        }

        let Document { schema, since, by, rows } = Document::deserialize(deserializer)?;
        check_schema(schema)?;
        let since = day(&since).ok_or_else(|| D::Error::custom("`since` is no day"))?;
        let mut rows = rows.into_iter().map(|row| row.checked(by)).collect::<Result<Vec<_>, D::Error>>()?;
        // Series by series, as they are written.
        rows.sort_by_key(|row| row.series);
        Ok(Trends { since, by, rows })
    }
}

/// A row, as it is read.
#[derive(Deserialize)]
struct Row {
    series: Series,
    period: Option<String>,
    account: Option<AccountName>,
    reason: Option<String>,
    imports: u64,
    expired: u64,
    ended_without_report: u64,
    faults: u64,
    contacts: Option<u64>,
    rate: Option<f64>,
}

impl Row {
    fn checked<E: Error>(self, by: TrendBy) -> Result<TrendRow, E> {
        let key = match by {
            TrendBy::Account => self.account.map(TrendKey::Account),
            TrendBy::Reason => self.reason.map(|slug| {
                let known = FailureReason::iter().find(|reason| reason.slug() == slug);
                TrendKey::Reason(known.unwrap_or_else(|| FailureReason::from("")))
            }),
            by => self.period.as_deref().and_then(|text| period(text, by)),
        };
        let key = key.ok_or_else(|| E::custom(format_args!("a row doesn't say which {by} it is about")))?;
        if self.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err(E::custom("a rate isn't between 0 and 1"));
        }
        Ok(TrendRow {
            series: self.series,
            key,
            imports: self.imports,
            expired: self.expired,
            ended_without_report: self.ended_without_report,
            faults: self.faults,
            contacts: self.contacts,
            rate: self.rate,
        })
    }
}

/// The period of a name, which must be its own.
fn period(text: &str, by: TrendBy) -> Option<TrendKey> {
    let first = if by == TrendBy::Month { day(&format!("{text}-01")) } else { day(text) };
    by.period(first?).filter(|period| period.to_string() == text)
}

/// A day as documents have it.
fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(document: Value) -> Result<Trends, String> {
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    fn row(key: &str, value: &str) -> Value {
        let mut row = json!({
            "series": "v2", "imports": 1, "expired": 0, "ended_without_report": 0, "faults": 3, "contacts": null,
            "rate": null, "moon": "full",
        });
        row[key] = value.into();
        row
    }

    #[test]
    fn every_kind_of_row_is_read_back() {
        for (by, key, value) in [
            ("day", "period", "2026-03-20"),
            ("week", "period", "2026-03-16"),
            ("month", "period", "2026-03"),
            ("account", "account", "europe"),
            ("reason", "reason", "hard_bounced"),
            ("reason", "reason", "other"),
        ] {
            let document = json!({"schema": 1, "since": "2026-03-01", "by": by, "rows": [row(key, value)]});
            let trends = read(document).unwrap();
            assert_eq!(trends.rows()[0].key.to_string(), value);
            let written = serde_json::to_value(&trends).unwrap();
            assert_eq!(written["rows"][0][key], value);
            assert_eq!(read(written).unwrap(), trends);
        }
        let unknown = json!({"schema": 1, "since": "2026-03-01", "by": "reason", "rows": [row("reason", "lunar")]});
        assert_eq!(read(unknown).unwrap().rows()[0].key.to_string(), "other");
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        let document = |by: &str, row: Value| json!({"schema": 1, "since": "2026-03-01", "by": by, "rows": [row]});
        let mut too_much = row("period", "2026-03-20");
        too_much["rate"] = json!(1.5);
        for (document, error) in [
            (json!({"schema": 2, "since": "2026-03-01", "by": "day", "rows": []}), "of schema 2"),
            (json!({"schema": 1, "since": "March", "by": "day", "rows": []}), "`since` is no day"),
            (json!({"schema": 1, "since": "2026-03-01", "by": "moon", "rows": []}), "not by `moon`"),
            (document("account", row("period", "2026-03-20")), "which account"),
            (document("account", row("account", "A b")), "a name that can't be one"),
            // No Monday, and no month.
            (document("week", row("period", "2026-03-20")), "which week"),
            (document("month", row("period", "2026-03-20")), "which month"),
            (document("day", row("period", "2026-02-30")), "which day"),
            (document("day", too_much), "between 0 and 1"),
        ] {
            let found = read(document.clone()).unwrap_err();
            assert!(found.contains(error), "{document}: {found}");
        }
    }
}
