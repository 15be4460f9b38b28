//! `faults archive status`.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use dotdigital_faults::ArchivedStatus;
use dotdigital_faults::archive::ArchiveStatus;
use serde_json::{Value, json};

use crate::helpers::archive::{claim, days_ago, import, make, without_report};
use crate::helpers::midnight;
use crate::helpers::program::{failure, faults, out, said};

fn status(root: &Path, arguments: &[&str]) -> std::process::Output {
    faults([&["archive", "status", root.to_str().unwrap()], arguments].concat())
}

fn days(days: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60)
}

#[test]
fn what_an_archive_holds() {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let other = |number, status| without_report(import(number, "asia", days_ago(3), &[], None), status);
    let imports = [
        import(1, "europe", days_ago(9), &[("Blocker", 2)], Some(10)),
        import(2, "europe", days_ago(2), &[], Some(10)),
        other(3, ArchivedStatus::Expired),
        other(4, ArchivedStatus::EndedWithoutReport),
        other(5, ArchivedStatus::NotFound),
    ];
    make(root, &imports);
    // Its end is known.
    claim(root, 1, "europe", days(9));
    // The last one is lost, and so isn't open.
    for (number, age) in [(11, 0), (12, 4), (13, 6), (14, 8), (15, 30)] {
        claim(root, number, "africa", days(age));
    }
    let document: Value = serde_json::from_str(out(&status(root, &["--format", "json"]))).unwrap();
    let open = document["open"].as_array().unwrap();
    let ids: Vec<_> = open.iter().map(|claim| claim["import_id"].as_str().unwrap()).collect();
    let id = |number: u32| format!("00000000-0000-0000-0000-{number:012x}");
    assert_eq!(ids, [id(14), id(13), id(12), id(11)]);
    assert_eq!(open[0]["account"], "africa");
    assert!(open[0]["claimed_at"].as_str().unwrap().ends_with('Z'));
    let mut rest = document.clone();
    rest.as_object_mut().unwrap().remove("open");
    assert!(rest.as_object_mut().unwrap().remove("bytes").unwrap().as_u64().unwrap() > 5_000);
    assert_eq!(
        rest,
        json!({
            "schema": 1, "contacts": "drop", "imports": 5, "archived": 2, "expired": 1, "ended_without_report": 1,
            "not_found": 1, "accounts": 2, "first_date": days_ago(9).to_string(), "last_date": days_ago(2).to_string(),
            "faults_files": 0, "about_to_expire": 2, "overdue": 1, "lost": 1, "disagreeing": 0, "damaged": 0,
        })
    );
    // The library reads what the program writes.
    let read: ArchiveStatus = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), document);

    let table = out(&status(root, &[])).to_owned();
    for (what, told) in
        [("  ended without a report", "1"), ("  about to expire", "2"), ("lost", "1"), ("contacts", "drop")]
    {
        assert!(table.contains(&format!("{what:24}  {told:>10}\n")), "{table}");
    }
    assert!(table.contains(&format!("\nafrica   {}  ", id(14))), "{table}");
}

/// Puts an import of a day into an archive that is there.
fn make_day(root: &Path, day: &Path) {
    let other = root.with_extension("other");
    make(&other, &[import(3, "europe", days_ago(3), &[("Blocker", 2)], Some(10))]);
    fs::create_dir_all(day).unwrap();
    let name = "00000000-0000-0000-0000-000000000003.parquet";
    fs::rename(other.join("counts_v1").join(day.file_name().unwrap()).join(name), day.join(name)).unwrap();
    fs::remove_dir_all(other).unwrap();
}

/// What nobody has put there who collects is passed over by whoever reads the archive, and named.
#[test]
fn strays() {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let imports = [import(1, "europe", days_ago(2), &[("Blocker", 2)], Some(10))];
    make(root, &imports);
    let day = root.join(format!("counts_v1/date={}", days_ago(2)));
    for path in [day.join("readme.txt"), day.join("_SUCCESS"), root.join("counts_v1/\"moon\".csv")] {
        fs::write(path, "Moon").unwrap();
    }
    let output = status(root, &["--format", "json"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!((&document["imports"], &document["damaged"]), (&json!(1), &json!(0)));
    let message = said(&output).to_owned();
    let expected = "faults: 2 files of the archive are no import's, and were passed over: \"";
    assert!(message.starts_with(expected) && message.contains("/readme.txt\""), "{message}");
    assert!(message.contains("\\\"moon\\\".csv\"") && message.lines().count() == 1, "{message}");
    let trends = faults(["trends", root.to_str().unwrap(), "--format", "csv"]);
    assert_eq!(out(&trends).lines().count(), 2);
    assert!(said(&trends).starts_with(expected) && said(&trends).contains("/readme.txt\""), "{}", said(&trends));
    // A name that no store can tell is an error, which shows nothing that a terminal would heed.
    fs::write(root.join("counts_v1/\u{1b}[1m.csv"), "Moon").unwrap();
    let message = failure(&status(root, &[]), 2).to_owned();
    assert!(message.contains("can't be listed") && !message.contains('\u{1b}'), "{message}");
}

#[test]
fn what_is_damaged_or_none() {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    assert!(failure(&status(root, &[]), 2).contains("no archive"));
    make(root, &[]);
    let empty: Value = serde_json::from_str(out(&status(root, &["--format", "JSON"]))).unwrap();
    assert_eq!((&empty["imports"], &empty["first_date"], &empty["open"]), (&json!(0), &Value::Null, &json!([])));
    claim(root, 1, "europe", days(1));
    let path = root.join("claims/00000000-0000-0000-0000-000000000001.json");
    fs::write(&path, "{}").unwrap();
    claim(root, 2, "europe", days(1));
    let day = root.join(format!("counts_v1/date={}", days_ago(3)));
    make_day(root, &day);
    fs::write(day.join("00000000-0000-0000-0000-000000000004.parquet"), "no Parquet").unwrap();
    // All else is told, and what is damaged is named.
    let output = status(root, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["imports"], &document["damaged"]), (&json!(1), &json!(2)));
    assert_eq!(document["open"].as_array().unwrap().len(), 1);
    let message = said(&output);
    assert!(
        message.starts_with("faults: 2 files are damaged, and left out of these figures: the archive's "),
        "{message}"
    );
    for named in ["claims/00000000-0000-0000-0000-000000000001.json", "00000000-0000-0000-0000-000000000004.parquet"] {
        assert!(message.contains(named), "{message}");
    }
    failure(&faults(["archive"]), 2);
    failure(&faults(["archive", "status"]), 2);
    failure(&status(root, &["--format", "html"]), 2);
}
