//! Vega-Lite's own schema knows our charts.

use std::fs;

use serde_json::Value;

use crate::helpers::peers;
use crate::inputs::{cases, summary_as, trends_as};

/// The schema's references hold characters, such as `<`, that a reference has to escape.
fn escape_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(reference) if name == "$ref" => {
                        let escaped = |c: char| match c {
                            'a'..='z' | 'A'..='Z' | '0'..='9' | '#' | '/' | '-' | '_' | '.' => c.to_string(),
                            c => c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
                        };
                        *reference = reference.chars().map(escaped).collect();
                    }
                    value => escape_references(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(escape_references),
        _ => {}
    }
}

/// What judges charts by Vega-Lite's schema; `None` where it is missing, which is said.
fn validator() -> Option<jsonschema::Validator> {
    let Some(schema) = peers::vega_lite_schema() else {
        peers::skip("Vega-Lite's schema");
        return None;
    };
    let mut schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    escape_references(&mut schema);
    // The schema names formats for colours, which are for editors.
    Some(jsonschema::draft7::options().should_validate_formats(false).build(&schema).unwrap())
}

#[test]
fn trends_fit_it_too() {
    let Some(validator) = validator() else { return };
    for chart in trends_as("vega-lite") {
        let chart: Value = serde_json::from_slice(&chart).unwrap();
        assert!(validator.is_valid(&chart), "{chart}: {:?}", validator.iter_errors(&chart).next());
        let mut wrong = chart.clone();
        wrong["spec"]["width"] = "wide".into();
        assert!(!validator.is_valid(&wrong));
    }
}

#[test]
fn vega_lite_fits_its_schema() {
    let Some(validator) = validator() else { return };
    let folder = tempfile::tempdir().unwrap();
    for case in cases(folder.path()) {
        let chart: Value = serde_json::from_slice(&summary_as("vega-lite", &case)).unwrap();
        assert!(validator.is_valid(&chart), "{case:?}: {:?}", validator.iter_errors(&chart).next());
        let mut wrong = chart.clone();
        wrong["mark"]["type"] = "bars".into();
        assert!(!validator.is_valid(&wrong));
    }
}
