//! JSON, JSON lines and CSV of counts, as independent readers see them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::SystemTime;

use dotdigital_faults::{Anomaly, FailureReason, ReasonCounts, SourceCounts, Tally, export};
use serde_json::Value;
use uuid::Uuid;

use super::{fixtures, tallies, written};
use crate::helpers::ID;

#[test]
fn json_fits_its_schema() {
    let schema: Value = serde_json::from_slice(&fs::read("fixtures/summary.schema.json").unwrap()).unwrap();
    let slugs = |pointer: &str| {
        let list = schema.pointer(pointer).unwrap().as_array().unwrap();
        list.iter().map(|slug| slug.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let reasons = FailureReason::iter().map(|reason| reason.slug()).chain(["other"]);
    assert!(
        slugs("/$defs/reasons/items/properties/reason/enum")
            .iter()
            .map(String::as_str)
            .eq(reasons.collect::<BTreeSet<_>>())
    );
    let anomalies = Anomaly::iter().map(Anomaly::slug).collect::<BTreeSet<_>>();
    assert!(slugs("/$defs/anomalies/propertyNames/enum").iter().map(String::as_str).eq(anomalies));

    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for tally in tallies() {
        let document: Value =
            serde_json::from_str(&written(|out| export::tally_to_json(&tally, &export::WriteOptions::new(), out)))
                .unwrap();
        if let Err(error) = validator.validate(&document) {
            panic!("{error} in {document:#}");
        }
        let sum = |list: &Value, member| {
            list.as_array().unwrap().iter().map(|entry: &Value| entry[member].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(sum(&document["reasons"], "count"), document["total"].as_u64().unwrap());
        if let Some(groups) = document.get("groups") {
            assert_eq!(sum(groups, "total"), document["total"].as_u64().unwrap());
        }
        if let Some(sources) = document.get("sources") {
            assert_eq!(sum(sources, "total"), document["total"].as_u64().unwrap());
        }
    }
    // With what it may hold besides.
    for tally in tallies() {
        let tally: Tally = tally.into_iter().map(|source| source.with_read_at(SystemTime::now())).collect();
        let zeros = export::WriteOptions::new().zeros(true);
        let document: Value = serde_json::from_str(&written(|out| export::tally_to_json(&tally, &zeros, out))).unwrap();
        if let Err(error) = validator.validate(&document) {
            panic!("{error} in {document:#}");
        }
        assert!(document["reasons"].as_array().unwrap().len() >= FailureReason::iter().len());
    }
    // What the schema is for: it refuses what isn't so.
    let mut wrong = serde_json::to_value(Tally::new()).unwrap();
    wrong["total"] = "4".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn one_source_is_the_document_of_its_counts() {
    for (_, report) in fixtures() {
        let tally = written(|out| export::tally_to_json(&Tally::from(&report), &export::WriteOptions::new(), out));
        let counts = serde_json::to_string_pretty(report.counts()).unwrap() + "\n";
        assert_eq!(tally, counts);
    }
}

#[test]
fn an_import_id_stays_where_all_are_of_that_import() {
    let counts = |id: Option<Uuid>| {
        let counts = ReasonCounts::from_iter([&FailureReason::Blocker]);
        SourceCounts::new("", id.map_or(counts.clone(), |id| counts.with_import_id(id)))
    };
    let empty = SourceCounts::new("", ReasonCounts::new());
    let id = |sources: &[&SourceCounts]| sources.iter().copied().cloned().collect::<Tally>().counts().import_id();
    assert_eq!(id(&[&counts(Some(ID))]), Some(ID));
    assert_eq!(id(&[&counts(Some(ID)), &counts(Some(ID))]), Some(ID));
    assert_eq!(id(&[&counts(Some(ID)), &counts(None)]), None);
    assert_eq!(id(&[&empty, &counts(Some(ID))]), None);
    assert_eq!(id(&[&counts(Some(ID)), &counts(Some(Uuid::nil())), &counts(Some(ID))]), None);
}

#[test]
fn csv_and_json_lines_hold_the_same_records() {
    for tally in tallies() {
        let csv = written(|out| export::tally_to_csv(&tally, &export::WriteOptions::new(), out));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names = reader.headers().unwrap().clone();
        let is_grouped = tally.groups().is_some();
        assert_eq!(names.len(), if is_grouped { 12 } else { 8 });
        let lines = written(|out| export::tally_to_jsonl(&tally, &export::WriteOptions::new(), out));
        let mut lines = lines.lines();
        let (mut total, mut shares) = (0, BTreeMap::new());
        for record in reader.records() {
            let record = record.unwrap();
            let line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
            for (name, cell) in names.iter().zip(&record) {
                let text = match &line[name] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                assert_eq!(cell, text, "{name}");
            }
            assert_eq!(line.as_object().unwrap().len(), names.len());
            total += line["count"].as_u64().unwrap();
            *shares.entry(line["source"].to_string()).or_insert(0.0) += line["share"].as_f64().unwrap();
        }
        assert_eq!(lines.next(), None);
        assert_eq!(total, tally.counts().total());
        assert!(shares.values().all(|sum: &f64| (sum - 1.0).abs() < 1e-9), "{shares:?}");
    }
}
