//! `faults trends`.

use std::fs;
use std::path::Path;

use dotdigital_faults::{ArchivedStatus, Protocol, TrendBy, Trends};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::archive::{days_ago, import, make, without_report};
use crate::helpers::midnight;
use crate::helpers::program::{failure, faults, is_one_failure, out, said};

/// An archive of two accounts: `asia` has few imports, and the newest one of `europe` fails more than those before.
fn archive() -> TempDir {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let mut imports: Vec<_> = (1..=5)
        .map(|number| {
            let faults = [("Hard bounced", 10), ("Moon", 2), ("Sun", 1)];
            import(number, "europe", days_ago(20 - 2 * number as u64), &faults, Some(1000))
        })
        .collect();
    imports.push(import(6, "europe", days_ago(5), &[("Hard bounced", 100)], Some(1000)));
    imports.push(import(7, "asia", days_ago(5), &[("Blocker", 4)], None));
    imports.push(without_report(import(8, "asia", days_ago(4), &[], None), ArchivedStatus::Expired));
    imports.push(without_report(import(9, "asia", days_ago(4), &[], None), ArchivedStatus::NotFound));
    let mut newer = import(10, "europe", days_ago(5), &[("Blocker", 1), ("consentRecordsNotApplied", 9)], Some(100));
    newer.protocol = Protocol::V3;
    imports.push(newer);
    make(folder.path(), &imports);
    folder
}

fn trends(root: &Path, arguments: &[&str]) -> std::process::Output {
    faults([&["trends", root.to_str().unwrap()], arguments].concat())
}

fn document(root: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(out(&trends(root, &[arguments, &["--format", "json"]].concat()))).unwrap()
}

#[test]
fn accounts_reasons_and_days() {
    let archive = archive();
    let by_account = document(archive.path(), &["--by", "account"]);
    assert_eq!(by_account["schema"], 1);
    assert_eq!(by_account["since"], days_ago(90).to_string());
    assert_eq!(
        by_account["rows"],
        json!([
            {"series": "v2", "account": "asia", "imports": 2, "expired": 1, "ended_without_report": 0,
             "faults": 4, "contacts": null, "rate": null},
            {"series": "v2", "account": "europe", "imports": 6, "expired": 0, "ended_without_report": 0,
             "faults": 165, "contacts": 6000, "rate": 0.0275},
            {"series": "v3", "account": "europe", "imports": 1, "expired": 0, "ended_without_report": 0,
             "faults": 10, "contacts": 100, "rate": 0.01},
        ])
    );
    let by_reason =
        document(archive.path(), &["--by", "Reason", "--account", "europe", "--reason", "hard bounced,other"]);
    assert_eq!(
        by_reason["rows"],
        json!([
            {"series": "v2", "reason": "hard_bounced", "remedy": "remove", "imports": 6, "expired": 0,
             "ended_without_report": 0, "faults": 150, "contacts": 6000, "rate": 0.025},
            {"series": "v2", "reason": "other", "remedy": "investigate", "imports": 6, "expired": 0,
             "ended_without_report": 0, "faults": 15, "contacts": 6000, "rate": 0.0025},
        ])
    );
    let by_day = document(archive.path(), &["--since", "1w"]);
    let days: Vec<_> = by_day["rows"].as_array().unwrap().iter().map(|row| row["period"].as_str().unwrap()).collect();
    let (fifth, fourth) = (days_ago(5).to_string(), days_ago(4).to_string());
    assert_eq!(days, [&*fifth, &*fourth, &*fifth]);
    // The library reads what the program writes.
    let read: Trends = serde_json::from_value(by_day.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), by_day);
}

#[test]
fn the_document_fits_its_schema() {
    let archive = archive();
    let schema: Value = serde_json::from_slice(&fs::read("fixtures/trends.schema.json").unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for by in TrendBy::ALL {
        let mut document = document(archive.path(), &["--by", by.as_str()]);
        if let Err(error) = validator.validate(&document) {
            panic!("{error} in {document:#}");
        }
        let member =
            ["period", "account", "reason"].into_iter().find(|member| document["rows"][0].get(member).is_some());
        document["rows"][0].as_object_mut().unwrap().remove(member.unwrap());
        assert!(!validator.is_valid(&document), "{by}");
    }
}

#[test]
fn every_format_tells_the_same() {
    let archive = archive();
    let rows = document(archive.path(), &["--by", "account"])["rows"].clone();
    let print = |format: &str| out(&trends(archive.path(), &["--by", "account", "--format", format])).to_owned();
    let lines: Vec<Value> = print("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), rows);
    assert_eq!(
        print("csv"),
        "series,account,imports,expired,ended_without_report,faults,contacts,rate\n\
         v2,asia,2,1,0,4,,\nv2,europe,6,0,0,165,6000,0.0275\nv3,europe,1,0,0,10,100,0.01\n"
    );
    let metrics = print("prometheus");
    for sample in [
        "dotdigital_trend_faults{series=\"v2\",by=\"account\",account=\"asia\"} 4\n",
        "dotdigital_trend_expired_imports{series=\"v2\",by=\"account\",account=\"asia\"} 1\n",
        "dotdigital_trend_failure_rate{series=\"v3\",by=\"account\",account=\"europe\"} 0.01\n",
    ] {
        assert!(metrics.contains(sample), "{metrics}");
    }
    assert!(!metrics.contains("dotdigital_trend_contacts{series=\"v2\",by=\"account\",account=\"asia\"}"));
    let table = print("table");
    assert!(table.contains("  europe            6          0     165     6,000    2.8 %"), "{table}");
    let page = print("html");
    assert!(page.contains("<title>Faults by account since") && !page.contains("<script"), "{page}");
    let chart: Value = serde_json::from_str(&print("vega-lite")).unwrap();
    assert_eq!(chart["data"]["values"].as_array().unwrap().len(), 3);
    // A file, whole or not at all.
    let path = archive.path().parent().unwrap().join(format!("{}.csv", std::process::id()));
    let file = path.to_str().unwrap();
    assert_eq!(out(&trends(archive.path(), &["--by", "account", "--format", "csv", "-o", file])), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), print("csv"));
    fs::remove_file(path).unwrap();
}

/// Days without imports are no rows, and gaps in pictures.
#[test]
fn gaps() {
    let archive = archive();
    let table = out(&trends(archive.path(), &["--account", "europe", "--reason", "hard_bounced"])).to_owned();
    let spark = table.lines().find_map(|line| line.strip_prefix("  faults  ")).unwrap();
    assert_eq!(spark, "▂ ▂ ▂ ▂ ▂    █");
    assert_eq!(table.matches(" 10 ").count(), 5, "{table}");
    let page = out(&trends(archive.path(), &["--account", "europe", "--format", "html"])).to_owned();
    // No two imports follow one another, and so no line is drawn.
    assert!(page.contains("role=\"img\"") && !page.contains("<line class=\"rate\""));
    let chart: Value =
        serde_json::from_str(out(&trends(archive.path(), &["--account", "asia", "--format", "vega-lite"]))).unwrap();
    let values = chart["data"]["values"].as_array().unwrap();
    assert_eq!(values.len(), 2, "{values:?}");
}

#[test]
fn gates() {
    let archive = archive();
    let root = archive.path();
    // From 1 % to 10 %.
    let tripped = trends(root, &["--format", "csv", "--fail-on", "hard_bounced+9%"]);
    assert_eq!(tripped.status.code(), Some(1));
    assert!(tripped.stdout.starts_with(b"series,period,"));
    let message = said(&tripped);
    let id = "00000000-0000-0000-0000-000000000006";
    assert!(
        message.contains(&format!(
            "tripped: --fail-on hard_bounced+9% (europe, v2 {id}: 10.0 % of its contacts, usually 1.0 %)"
        )),
        "{message}"
    );
    let note =
        "faults: not judged, since there are fewer than three imports before the newest: asia (v2); europe (v3)\n";
    assert!(message.contains(note), "{message}");
    for (gate, code) in
        [("hard_bounced+9.000001%", 0), ("Remove+9%", 1), ("total+8.7%", 1), ("total+8.8%", 0), ("other+1%", 0)]
    {
        let output = trends(root, &["--account", "europe", "--fail-on", gate]);
        assert_eq!(output.status.code(), Some(code), "{gate}: {}", said(&output));
    }
    // Whatever is shown, all of the archive is judged: even where the newest imports aren't shown.
    for since in ["10d", "1d"] {
        let output = trends(root, &["--since", since, "--fail-on", "hard_bounced+9%"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(said(&output), message, "{since}");
    }
    for gate in ["hard_bounced", "hard_bounced+0%", "hard_bounced=5%", "moon+5%", "+5%", "total+101%"] {
        let output = trends(root, &["--fail-on", gate]);
        assert!(!failure(&output, 2).is_empty(), "{gate}");
    }
    assert!(
        failure(&trends(root, &["--fail-on", "hard_bouncd+5%"]), 2).contains("a similar value exists: 'hard_bounced'")
    );
    assert!(failure(&trends(root, &["--fail-on", "blocker"]), 2).contains("as in blocker+2.5%"));
}

/// Imports of each month: those before the newest one stand long before what is shown.
#[test]
fn months_are_judged() {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let bounced = |number: u128| if number == 1 { 50 } else { 10 };
    let imports: Vec<_> = (1..=7)
        .map(|number| {
            let date = days_ago(30 * number as u64 + 100);
            import(number, "europe", date, &[("Hard bounced", bounced(number))], Some(1000))
        })
        .collect();
    make(folder.path(), &imports);
    for (gate, code) in [("hard_bounced+4%", 1), ("hard_bounced+4.1%", 0)] {
        let output = trends(folder.path(), &["--format", "csv", "--fail-on", gate]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        // Nothing of it is shown.
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
        assert!(!said(&output).contains("not judged"));
    }
}

#[test]
fn what_cannot_be_read() {
    let archive = archive();
    let root = archive.path();
    let day = days_ago(18);
    let file = format!("counts_v1/date={day}/00000000-0000-0000-0000-000000000001.parquet");
    fs::write(root.join(&file), "no Parquet").unwrap();
    let output = trends(root, &[]);
    let message = failure(&output, 2);
    assert!(message.contains(&file) && is_one_failure(message), "{message}");
    fs::File::create(root.join(&file)).unwrap().set_len(1 << 40).unwrap();
    assert!(failure(&trends(root, &[]), 2).contains("larger than the counts of any import"));
    // What isn't asked for isn't read; a judge asks for all.
    out(&trends(root, &["--since", "17d"]));
    assert!(failure(&trends(root, &["--since", "17d", "--fail-on", "total+1%"]), 2).contains("larger than"));
    // Another import's file.
    let other = root.join(format!("counts_v1/date={}/00000000-0000-0000-0000-000000000006.parquet", days_ago(5)));
    fs::copy(other, root.join(&file)).unwrap();
    assert!(failure(&trends(root, &[]), 2).contains("another import"));
    fs::remove_file(root.join(&file)).unwrap();
    // Engines pass over such names.
    fs::write(root.join(format!("counts_v1/date={day}/_SUCCESS")), "").unwrap();
    out(&trends(root, &[]));
    // So do we over what is no import's, which is said.
    fs::write(root.join(format!("counts_v1/date={day}/other.parquet")), "").unwrap();
    let output = trends(root, &[]);
    out(&output);
    assert!(said(&output).contains("1 files of the archive are no import's"), "{}", said(&output));
}

#[test]
fn what_is_no_archive() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert!(failure(&trends(root, &[]), 2).contains("no archive"));
    assert!(failure(&trends(&root.join("nowhere"), &[]), 2).contains("no archive"));
    fs::write(root.join("file"), "").unwrap();
    assert!(failure(&trends(root, &[]), 2).contains("no archive"));
    assert!(failure(&trends(&root.join("file"), &[]), 2).contains("is a file"));
    let empty = root.join("empty");
    make(&empty, &[]);
    assert!(out(&trends(&empty, &[])).starts_with("No import since "));
    assert_eq!(document(&empty, &[])["rows"], json!([]));
    assert_eq!(out(&trends(&empty, &["--format", "csv"])).lines().count(), 1);
    for format in ["jsonl", "html", "prometheus", "vega-lite"] {
        out(&trends(&empty, &["--format", format]));
    }
    let manifest = fs::read_to_string(empty.join("archive.json")).unwrap();
    fs::write(empty.join("archive.json"), manifest.replace("\"schema\":1", "\"schema\":2")).unwrap();
    assert!(failure(&trends(&empty, &[]), 2).contains("schema 2"));
}

#[test]
fn usage_errors() {
    let archive = archive();
    for arguments in [
        &["--since", "90"][..],
        &["--since", "36h"],
        &["--since", "0d"],
        &["--by", "moon"],
        &["--account", "A b"],
        &["--reason", "moon"],
        &["--format", "markdown"],
        &["--spreadsheet-safe"],
        &["another"],
    ] {
        assert!(!failure(&trends(archive.path(), arguments), 2).is_empty(), "{arguments:?}");
    }
    failure(&faults(["trends"]), 2);
    assert!(failure(&trends(archive.path(), &["--since", "90"]), 2).contains("90d or 12w"));
    for arguments in [&["--since", "36500d", "--by", "month"][..], &["--since", "4000000000d"]] {
        out(&trends(archive.path(), arguments));
    }
}

#[test]
fn a_name_that_looks_like_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &[import(1, "-1-1", days_ago(1), &[("Blocker", 1)], None)]);
    let print = |arguments: &[&str]| {
        out(&trends(folder.path(), &[&["--by", "account", "--format", "csv"], arguments].concat())).to_owned()
    };
    assert!(print(&[]).contains("\nv2,-1-1,"));
    assert!(print(&["--spreadsheet-safe"]).starts_with('\u{feff}'));
    assert!(print(&["--spreadsheet-safe"]).contains("\nv2,'-1-1,"));
}
