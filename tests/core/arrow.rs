//! Faults as record batches: whatever JSON lines say of a fault, its row says too.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use dotdigital_faults::arrow::{BatchOptions, Contacts, FaultBatches, faults_schema};
use dotdigital_faults::export::{WriteOptions, faults_to_jsonl};
use dotdigital_faults::{Anomaly, ErrorKind, FaultReport, FaultSink, ReadOptions, Redactor, ReportId};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::helpers::peers;
use crate::helpers::report::report;

const KEY: &str = "a key of some length";

fn options(contacts: Contacts) -> BatchOptions {
    BatchOptions::new("shop".parse().unwrap(), Uuid::from_u128(7), contacts)
        .archived_at(UNIX_EPOCH + Duration::from_micros(1_773_100_800_123_456))
}

/// The batches of a report.
fn batches(report: &FaultReport, options: &BatchOptions) -> Vec<RecordBatch> {
    let mut made = Vec::new();
    let mut batches = FaultBatches::new(options, |batch| {
        made.push(batch);
        Ok(())
    });
    report.faults().for_each(|fault| batches.fault(&fault).unwrap());
    batches.finish().unwrap();
    made
}

/// A row as JSON lines have it.
fn line(batch: &RecordBatch, row: usize) -> Value {
    let text = |name: &str| {
        let column = batch.column_by_name(name).unwrap().as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let lines = batch.column_by_name("line").unwrap().as_primitive::<Int64Type>();
    let columns = batch.column_by_name("columns").unwrap().as_map();
    let cells = columns.is_valid(row).then(|| {
        let entries = columns.value(row);
        let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
        let cells = keys
            .iter()
            .zip(values)
            .map(|(key, value)| (key.unwrap().to_owned(), value.map_or(Value::Null, Into::into)));
        let cells: Vec<_> = cells.collect();
        // In their order, and each once.
        let map: Map<String, Value> = cells.iter().cloned().collect();
        assert_eq!(map.len(), cells.len());
        Value::Object(map)
    });
    json!({
        "line": lines.is_valid(row).then(|| lines.value(row)),
        "reason": text("reason"),
        "label": text("label"),
        "remedy": text("remedy"),
        "email": text("email"),
        "columns": cells,
    })
}

fn rows(batches: &[RecordBatch]) -> Vec<Value> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| line(batch, row))).collect()
}

/// The lines of JSON, without what only they say.
fn json_lines(report: &FaultReport, options: &WriteOptions) -> Vec<Value> {
    let mut written = Vec::new();
    faults_to_jsonl(report.faults(), options, &mut written).unwrap();
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut line: Value = serde_json::from_slice(line).unwrap();
            line.as_object_mut().unwrap().remove("partial");
            line
        })
        .collect()
}

/// Row by row, plain and hashed, it says what JSON lines say.
fn check(report: &FaultReport) {
    let redactor = Redactor::new(KEY).unwrap();
    let kept = batches(report, &options(Contacts::Keep));
    assert_eq!(rows(&kept), json_lines(report, &WriteOptions::new()));
    let hashed = batches(report, &options(Contacts::Hash(redactor.clone())).rows(3));
    assert_eq!(rows(&hashed), json_lines(report, &WriteOptions::new().redact(redactor)));
    assert!(hashed.iter().all(|batch| batch.num_rows() <= 3));
    let dropped = batches(report, &options(Contacts::Drop));
    let faults = || report.faults();
    for ((row, fault), number) in rows(&dropped).into_iter().zip(faults()).zip(0..) {
        assert_eq!((&row["email"], &row["columns"]), (&Value::Null, &Value::Null), "{number}");
        assert_eq!(row["reason"], fault.reason().slug());
    }
    // What is the same however contact data are kept.
    for batches in [&kept, &hashed, &dropped] {
        let mut number = 0;
        for batch in batches {
            assert_eq!(batch.schema(), faults_schema());
            let text = |name: &str, row: usize| {
                let column = batch.column_by_name(name).unwrap().as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            for row in 0..batch.num_rows() {
                let fault = report.get(number).unwrap();
                let ordinal = batch.column_by_name("ordinal").unwrap().as_primitive::<Int64Type>().value(row);
                assert_eq!(ordinal, i64::try_from(number).unwrap());
                assert_eq!(text("domain", row), fault.domain());
                assert_eq!(text("account", row).as_deref(), Some("shop"));
                assert_eq!(text("kind", row).as_deref(), Some("contact_import"));
                assert_eq!(text("import_id", row).as_deref(), Some("00000000-0000-0000-0000-000000000007"));
                let at = batch.column_by_name("archived_at").unwrap().as_primitive::<TimestampMicrosecondType>();
                assert_eq!(at.value(row), 1_773_100_800_123_456);
                let anomalies = batch.column_by_name("anomalies").unwrap().as_list::<i32>().value(row);
                let anomalies: Vec<_> = anomalies.as_string::<i32>().iter().map(Option::unwrap).collect();
                assert!(anomalies.iter().copied().eq(fault.anomalies().iter().map(Anomaly::slug)));
                number += 1;
            }
        }
        assert_eq!(number, report.len());
    }
}

#[test]
fn every_fixture_says_what_json_lines_say() {
    let mut read = 0;
    for entry in fs::read_dir(peers::file("fixtures")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        if let Ok(report) = FaultReport::from_bytes(bytes) {
            check(&report);
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
}

proptest! {
    #[test]
    fn any_report_says_what_json_lines_say(rows in "(([a-z@\",é;\r]|Blocker|Moon|a@b\\.c){0,12}\n){0,12}") {
        if let Ok(report) = FaultReport::from_bytes(format!("Reason,email,a,a\n{rows}")) {
            check(&report);
        }
    }
}

#[test]
fn an_enrolment_says_so() {
    let options = BatchOptions::new("shop".parse().unwrap(), ReportId::Enrolment(Uuid::from_u128(7)), Contacts::Drop);
    let batches = batches(&report("Reason,email\nBlocker,a@example.com\n"), &options);
    assert_eq!(batches[0].column_by_name("kind").unwrap().as_string::<i32>().value(0), "enrolment");
}

#[test]
fn a_label_that_may_be_a_contact_is_dropped() {
    let report =
        report("Reason,email\nMoon,a@example.com\n b@example.com,c@example.com\nCall 0612345678,d@example.com\n");
    let rows = rows(&batches(&report, &options(Contacts::Drop)));
    let labels: Vec<_> = rows.iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["Moon", "(redacted)", "(redacted)"]);
}

#[test]
fn batches_of_much_text_have_fewer_rows() {
    let row = format!("Blocker,a@example.com,{}\n", "x".repeat(1 << 20));
    let report = report(&format!("Reason,email,a\n{}", row.repeat(20)));
    let batches = batches(&report, &options(Contacts::Keep));
    assert!(batches.iter().all(|batch| batch.num_rows() <= 9), "{}", batches.len());
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20);
}

/// What would make very much of very little is an error, which says where.
#[test]
fn what_no_table_holds_is_an_error() {
    let names: String = (0..16_000).map(|number| format!(",n{number}")).collect();
    let wide = format!("Reason,email{names}\n{}", "Blocker,a@b\n".repeat(1_000));
    let cells = format!("Reason,email\nBlocker,a@b{}\n", ",".repeat(1 << 20));
    let large = ReadOptions::new().largest_field(1 << 30).largest_row(1 << 30);
    let row = format!("Reason,email,a\nBlocker,a@b,{}\n", "x".repeat(65 << 20));
    for (text, line) in [(wide, None), (cells, Some(2)), (row, Some(2))] {
        let report = FaultReport::with_options(text, &large).unwrap();
        let mut batches = FaultBatches::new(&options(Contacts::Keep), |_| Ok(()));
        let error = report.faults().find_map(|fault| batches.fault(&fault).err()).unwrap();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.line().is_some() && line.is_none_or(|line| error.line() == Some(line)), "{error}");
        // None of it is in the way where no cell is kept.
        if line != Some(2) {
            let mut batches = FaultBatches::new(&options(Contacts::Drop), |_| Ok(()));
            assert!(report.faults().all(|fault| batches.fault(&fault).is_ok()));
        }
    }
}

#[test]
fn the_closures_error_ends_it() {
    let reader = dotdigital_faults::FaultReader::new("Reason,email\nBlocker,a@b\nBlocker,a@b\n".as_bytes());
    let other = FaultReport::from_bytes("%PDF-").unwrap_err();
    let mut batches = FaultBatches::new(&options(Contacts::Keep).rows(1), |_| Err(other.clone()));
    assert_eq!(reader.drain_into(&mut batches).unwrap_err().to_string(), other.to_string());
}

#[test]
fn what_is_held_is_not_shown() {
    let report = report("Reason,email,secret\nsecret@,secret@example.com,Secret\n");
    let mut batches = FaultBatches::new(&options(Contacts::Hash(Redactor::new(KEY).unwrap())), |_| Ok(()));
    report.faults().for_each(|fault| batches.fault(&fault).unwrap());
    let said = format!("{batches:?}");
    assert!(!said.to_lowercase().contains("secret") && !said.contains(KEY), "{said}");
}
