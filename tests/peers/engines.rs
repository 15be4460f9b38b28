//! Four engines read an archive that we wrote, and find in it what we find.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use dotdigital_faults::FaultReport;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::collector::Collector;
use crate::helpers::peers;
use crate::helpers::program::out;

/// The day under which an import is filed, its account, and the fixture that is its report.
const IMPORTS: [(&str, &str, &str); 8] = [
    ("2026-02-27", "europe", "all-reasons.csv"),
    ("2026-03-01", "europe", "documented.csv"),
    ("2026-03-01", "asia", "ragged.csv"),
    ("2026-03-01", "asia", "joined.csv"),
    ("2026-03-02", "asia", "quoted.csv"),
    ("2026-03-02", "europe", "empty.csv"),
    ("2026-03-09", "europe", "other-wordings.csv"),
    ("2026-03-09", "europe", "repeated-columns.csv"),
];

/// How many contacts of each import were new.
const NEW: u64 = 8;

/// An archive of all of them that keeps contact data.
fn archive() -> Collector {
    let collector = Collector::of(["europe", "asia"]);
    let mut lines = Vec::new();
    for ((date, account, fixture), number) in IMPORTS.into_iter().zip(1..) {
        let report = fs::read(peers::file("fixtures").join(fixture)).unwrap();
        let import = collector.account(account).import(Uuid::from_u128(number)).report(report);
        import.summary([("NewContacts", i32::try_from(NEW).unwrap()), ("UpdatedContacts", 0)]);
        let id = Uuid::from_u128(number);
        lines.push(json!({"account": account, "import_id": id, "date": date}).to_string());
    }
    let list = collector.list(lines);
    let list = list.to_str().unwrap();
    let output = collector.command(collector.root(), &["--contacts", "keep", "--ids", list]).output().unwrap();
    out(&output);
    collector
}

/// What we know of these reports.
struct Known {
    counts: BTreeMap<(String, String, String), u64>,
    imports: BTreeMap<String, (u64, u64)>,
    cells: BTreeMap<String, u64>,
    absent: u64,
}

fn known() -> Known {
    let mut known = Known { counts: BTreeMap::new(), imports: BTreeMap::new(), cells: BTreeMap::new(), absent: 0 };
    for (date, account, fixture) in IMPORTS {
        let report = FaultReport::from_path(peers::file("fixtures").join(fixture)).unwrap();
        for (reason, count) in report.counts().iter() {
            let key = (date.to_owned(), account.to_owned(), reason.slug().to_owned());
            *known.counts.entry(key).or_default() += count;
        }
        let imports = known.imports.entry(account.to_owned()).or_default();
        *imports = (imports.0 + 1, imports.1 + report.len() as u64);
        for fault in &report {
            let line = serde_json::to_value(&fault).unwrap();
            if let Some(email) = line["columns"]["email"].as_str() {
                *known.cells.entry(email.to_owned()).or_default() += 1;
            }
            known.absent += u64::from(fixture == "ragged.csv" && line["columns"]["b"].is_null());
        }
    }
    known
}

/// What an engine says, by the same keys.
fn told_by(engine: &str, root: &std::path::Path) -> Option<Value> {
    let python = peers::python_with_engines()?;
    let mut command = Command::new(python);
    command.arg(peers::file("tests/peers/engines.py")).arg(engine).arg(root);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    let line = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap();
    Some(serde_json::from_slice(line).unwrap())
}

#[test]
fn engines_agree() {
    let (collector, known) = (archive(), known());
    assert!(known.absent > 0 && known.cells.len() > 10 && known.counts.len() > 15);
    let counts: Vec<_> =
        known.counts.iter().map(|((date, account, reason), count)| json!([date, account, reason, count])).collect();
    let imports: Vec<_> =
        known.imports.iter().map(|(account, (imports, faults))| json!([account, imports, faults])).collect();
    let cells: Vec<_> = known.cells.iter().map(|(cell, faults)| json!([cell, faults])).collect();
    let figures: Vec<_> = known.imports.iter().map(|(account, (imports, _))| json!([account, imports * NEW])).collect();
    let days =
        IMPORTS.iter().map(|(date, ..)| *date).filter(|date| *date >= "2026-03-01").collect::<BTreeSet<_>>().len();
    let expected = json!({
        "counts": counts,
        "imports": imports,
        "cells": cells,
        "absent": known.absent,
        "figures": figures,
        "days": days,
    });
    for engine in ["duckdb", "polars", "datafusion", "spark"] {
        if engine == "spark" && !peers::has_java() {
            peers::skip("Java, which Spark needs,");
            continue;
        }
        let Some(told) = told_by(engine, &collector.root()) else {
            return peers::skip("DuckDB, Polars, DataFusion and Spark");
        };
        for (what, expected) in expected.as_object().unwrap() {
            assert_eq!(told[what], *expected, "{engine}: {what}");
        }
    }
}
