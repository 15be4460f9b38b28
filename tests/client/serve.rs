//! The dashboard over archives in memory: what it reads, and what it tells.

use dotdigital_faults::{ArchivedImport, ArchivedStatus, ErrorKind, Protocol, ReportId, Trends};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::archive::{days_ago, import, without_report};
use crate::helpers::dashboard::Served;
use crate::helpers::http::send;
use crate::helpers::midnight;

/// Two imports of `europe`, of which the newer one has no hard bounces; one over the newer API; and of `asia` an enrolment and
/// one that had expired.
fn imports() -> Vec<ArchivedImport> {
    midnight::keep_away();
    let older = import(1, "europe", days_ago(9), &[("Hard bounced", 7), ("Moon", 2), ("Sun", 1)], Some(100));
    let mut newer = import(2, "europe", days_ago(2), &[("Moon", 4), ("Stars", 3), ("Blocker", 1)], Some(200));
    newer.anomalies = [("short_row".to_owned(), 3)].into();
    newer.service.as_mut().unwrap().insert("moonPhases".into(), 9);
    let mut v3 = import(3, "europe", days_ago(3), &[("consentRecordsNotApplied", 5)], Some(50));
    v3.protocol = Protocol::V3;
    let mut enrolment = import(4, "asia", days_ago(1), &[("AlreadyInProgram", 6)], None);
    enrolment.id = ReportId::Enrolment(Uuid::from_u128(4));
    let expired = without_report(import(5, "asia", days_ago(200), &[], None), ArchivedStatus::Expired);
    vec![older, newer, v3, enrolment, expired]
}

fn claim(served: &Served, number: u128, account: &str, days: u64) {
    let date = days_ago(days);
    let claim = json!({
        "schema": 1, "date": date, "claimed_at": format!("{date}T00:00:00Z"), "account": account,
        "kind": "contact_import", "protocol": "soap",
    });
    served.put_bytes(&format!("claims/{}.json", Uuid::from_u128(number)), claim.to_string().into());
}

fn path(import: &ArchivedImport) -> String {
    format!("counts_v1/date={}/{}.parquet", import.date, import.id.uuid())
}

#[test]
fn metrics_of_the_newest_imports() {
    let served = Served::of(&imports());
    assert_eq!(
        served.samples("dotdigital_import_faults"),
        [
            r#"{account="asia",kind="enrolment",series="enrolment",reason="already_in_program",remedy="ignore"} 6"#,
            // Two that aren't known add up, and what only the older one had is there, too.
            r#"{account="europe",kind="contact_import",series="v2",reason="blocker",remedy="remove"} 1"#,
            r#"{account="europe",kind="contact_import",series="v2",reason="hard_bounced",remedy="remove"} 0"#,
            r#"{account="europe",kind="contact_import",series="v2",reason="other",remedy="investigate"} 7"#,
            r#"{account="europe",kind="contact_import",series="v3",reason="consent_records_not_applied",remedy="correct"} 5"#,
        ]
    );
    // A figure that isn't documented isn't told.
    assert_eq!(
        served.samples("dotdigital_import_contacts"),
        [
            r#"{account="europe",kind="contact_import",series="v2",figure="newContacts"} 192"#,
            r#"{account="europe",kind="contact_import",series="v2",figure="updatedContacts"} 0"#,
            r#"{account="europe",kind="contact_import",series="v3",figure="newContacts"} 50"#,
            r#"{account="europe",kind="contact_import",series="v3",figure="updatedContacts"} 0"#,
        ]
    );
    let totals = served.samples("dotdigital_imports_total");
    assert_eq!(totals.len(), 12);
    for total in [
        r#"{account="asia",kind="contact_import",status="expired"} 1"#,
        r#"{account="asia",kind="contact_import",status="archived"} 0"#,
        r#"{account="asia",kind="enrolment",status="archived"} 1"#,
        r#"{account="europe",kind="contact_import",status="archived"} 3"#,
        r#"{account="europe",kind="contact_import",status="not_found"} 0"#,
    ] {
        assert!(totals.iter().any(|other| other == total), "{totals:?}");
    }
    assert_eq!(
        served.samples("dotdigital_import_last_archived_timestamp_seconds"),
        [r#"{account="asia",kind="enrolment"} 1773100800"#, r#"{account="europe",kind="contact_import"} 1773100800"#]
    );
    assert_eq!(served.samples("dotdigital_archive_read_errors_total"), [" 0"]);
    let age: f64 = served.samples("dotdigital_archive_age_seconds")[0].trim().parse().unwrap();
    assert!((0.0..1e9).contains(&age));
    assert_eq!(served.samples("dotdigital_archive_read_timestamp_seconds").len(), 1);
    // Neither ids nor labels nor figures of others get into metrics: nobody knows how many there will be.
    let text = served.get("/metrics");
    for unbounded in ["Moon", "moon", "Stars", "0000-0000", "short_row"] {
        assert!(!text.text().contains(unbounded), "{}", text.text());
    }
}

#[test]
fn metrics_in_both_formats() {
    let served = Served::of(&imports());
    let text = served.get("/metrics");
    assert_eq!(text.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(text.text().contains("# TYPE dotdigital_imports_total counter\n") && !text.text().contains("# EOF"));
    let open =
        served.get_with("/metrics", &["Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"]);
    assert_eq!(open.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.text().contains("# TYPE dotdigital_imports counter\n") && open.text().ends_with("\n# EOF\n"));
    let samples = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("dotdigital_archive_age"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(samples(text.text()), samples(open.text()));
    // No family comes twice, and no sample.
    let heads: Vec<_> = text.text().lines().filter(|line| line.starts_with("# TYPE")).collect();
    for lines in [&heads, &text.text().lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>()] {
        let mut names: Vec<_> = lines.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

#[test]
fn records_of_counts() {
    let served = Served::of(&imports());
    let counts = served.json("/api/counts.json?account=europe&reason=other&reason=blocker");
    let id = |number| Uuid::from_u128(number).to_string();
    let record = |number, reason: &str, label: &str, remedy: &str, count: u64, total: u64, days| {
        json!({
            "account": "europe", "kind": "contact_import", "import_id": id(number), "date": days_ago(days).to_string(),
            "reason": reason, "label": label, "remedy": remedy, "count": count, "total": total, "protocol": "soap",
            "status": "archived", "archived_at": "2026-03-10T00:00:00.000000Z",
        })
    };
    assert_eq!(
        counts,
        json!([
            record(2, "other", "Moon", "investigate", 4, 8, 2),
            record(2, "other", "Stars", "investigate", 3, 8, 2),
            record(2, "blocker", "Blocker", "remove", 1, 8, 2),
            record(1, "other", "Moon", "investigate", 2, 10, 9),
            record(1, "other", "Sun", "investigate", 1, 10, 9),
        ])
    );
    // The newest come first, and stay where there is a limit.
    assert_eq!(
        served.json("/api/counts.json?account=europe&reason=other&reason=blocker&limit=2"),
        json!(counts.as_array().unwrap()[..2])
    );
    assert_eq!(
        served.json("/api/counts.json?account=europe&reason=other&reason=blocker&since=5d"),
        json!(counts.as_array().unwrap()[..3])
    );
    // One that had no report is there, too, unless reasons are asked for.
    let old = served.json("/api/counts.json?since=52w&account=asia");
    assert_eq!(old[1]["status"], "expired");
    assert_eq!(
        (&old[1]["reason"], &old[1]["label"], &old[1]["count"], &old[1]["total"]),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        served.json("/api/counts.json?since=52w&account=asia&reason=already_in_program").as_array().unwrap().len(),
        1
    );
    assert_eq!(served.json("/api/counts.json").as_array().unwrap().len(), 8);
    // Where nothing failed, that is told.
    served.put(&import(6, "zeta", days_ago(0), &[], Some(5)));
    served.refresh().unwrap();
    let none = served.json("/api/counts.json?account=zeta");
    assert_eq!((&none[0]["reason"], &none[0]["count"], &none[0]["total"]), (&Value::Null, &json!(0), &json!(0)));
    // An account that isn't known is no error.
    assert_eq!(served.json("/api/counts.json?account=moon"), json!([]));
}

#[test]
fn records_of_imports() {
    let served = Served::of(&imports());
    let found = served.json("/api/imports.json?since=52w");
    let ids: Vec<_> = found.as_array().unwrap().iter().map(|record| record["import_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [4, 2, 3, 1, 5].map(|number| Uuid::from_u128(number).to_string()));
    assert_eq!(
        found[1],
        json!({
            "account": "europe", "kind": "contact_import", "series": "v2", "import_id": Uuid::from_u128(2).to_string(),
            "date": days_ago(2).to_string(), "protocol": "soap", "status": "archived", "total": 8, "contacts": 200,
            "rate": 0.04, "archived_at": "2026-03-10T00:00:00.000000Z",
        })
    );
    // A partial fault is no failure.
    assert_eq!((&found[2]["total"], &found[2]["contacts"], &found[2]["rate"]), (&json!(5), &json!(50), &json!(0.0)));
    assert_eq!((&found[0]["contacts"], &found[0]["rate"]), (&Value::Null, &Value::Null));
    let bounced = served.json("/api/imports.json?reason=hard%20bounced");
    assert_eq!(bounced.as_array().unwrap().len(), 1);
    assert_eq!(served.json("/api/imports.json?limit=1").as_array().unwrap().len(), 1);
}

#[test]
fn trends_are_those_of_the_verb() {
    let all = imports();
    let served = Served::of(&all);
    for (query, options) in [
        ("", dotdigital_faults::TrendsOptions::new()),
        (
            "?by=account&since=4w",
            dotdigital_faults::TrendsOptions::new().since_days(28).by(dotdigital_faults::TrendBy::Account),
        ),
        (
            "?by=month&since=52w",
            dotdigital_faults::TrendsOptions::new().since_days(364).by(dotdigital_faults::TrendBy::Month),
        ),
        (
            "?by=reason&account=europe",
            dotdigital_faults::TrendsOptions::new()
                .by(dotdigital_faults::TrendBy::Reason)
                .account("europe".parse().unwrap()),
        ),
    ] {
        let expected = serde_json::to_value(Trends::new(&options, days_ago(0), all.clone())).unwrap();
        let rows = served.json(&format!("/api/trends.json{query}"));
        assert!(!rows.as_array().unwrap().is_empty());
        assert_eq!(rows, expected["rows"], "{query}");
    }
    assert_eq!(served.json("/api/trends.json?by=account&limit=1").as_array().unwrap().len(), 1);
}

#[test]
fn what_is_asked_wrongly() {
    let served = Served::of(&imports());
    for path in ["/", "/api/counts.json", "/api/trends.json", "/api/imports.json"] {
        for query in ["moon=<b>", "since=1d&since=2d", "by=<b>", "account=<b>", "reason=<b>", "limit=<b>", "since=%00"]
        {
            let answer = served.get(&format!("{path}?{}", query.replace('<', "%3C").replace('>', "%3E")));
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (400, Some("text/plain; charset=utf-8")),
                "{query}"
            );
            assert!(
                answer.text().starts_with("It can't be told: ") && !answer.text().contains("<b>"),
                "{}",
                answer.text()
            );
        }
    }
    for (path, status) in [
        ("/moon", 404),
        ("/api", 404),
        ("/metrics/", 404),
        ("/imports/", 404),
        ("/imports/moon", 400),
        ("/imports/%00", 400),
        ("/imports/urn:uuid:00000000-0000-0000-0000-000000000001", 400),
        ("/imports/00000000-0000-0000-0000-000000000099", 404),
        ("/imports/00000000-0000-0000-0000-000000000001/x", 404),
    ] {
        let answer = served.get(path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/plain; charset=utf-8")),
            "{path}"
        );
        assert_eq!(answer.text().lines().count(), 1, "{}", answer.text());
        assert!(!answer.text().contains("moon"));
    }
}

#[test]
fn an_import_has_one_page() {
    let served = Served::of(&imports());
    let page = served.get("/imports/00000000-0000-0000-0000-000000000002");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("Moon"), "{}", page.text());
    let mut other = import(0xabcdef, "europe", days_ago(1), &[("Blocker", 1)], Some(5));
    other.id = ReportId::Import(Uuid::from_u128(0xabcdef));
    served.put(&other);
    served.refresh().unwrap();
    let id = other.id.uuid();
    let page = served.get(&format!("/imports/{id}"));
    for same in [id.simple().to_string(), id.to_string().to_uppercase(), id.simple().to_string().to_uppercase()] {
        assert_eq!(served.get(&format!("/imports/{same}")).text(), page.text(), "{same}");
    }
}

#[test]
fn a_file_is_read_once() {
    let all = imports();
    let served = Served::of(&all);
    for _ in 0..3 {
        served.refresh().unwrap();
    }
    let late = import(6, "europe", days_ago(3), &[("Blocker", 2)], Some(10));
    served.put(&late);
    served.refresh().unwrap();
    let reads = served.store.reads.lock().unwrap().clone();
    for import in all.iter().chain([&late]) {
        assert_eq!(reads[&path(import)], 1, "{reads:?}");
    }
    assert!(reads.keys().all(|path| path == "archive.json" || path.starts_with("counts_v1/")), "{reads:?}");
    assert_eq!(served.json("/api/imports.json").as_array().unwrap().len(), 5);
    // Old folders were listed the first time alone; the hour hasn't gone by.
    let old = format!("counts_v1/date={}", days_ago(200));
    assert_eq!(served.store.listed.lock().unwrap().iter().filter(|folder| **folder == old).count(), 1);
    let recent = format!("counts_v1/date={}", days_ago(2));
    assert_eq!(served.store.listed.lock().unwrap().iter().filter(|folder| **folder == recent).count(), 5);
}

#[test]
fn one_bad_file_hides_no_other() {
    let all = imports();
    let served = Served::unread(&all, None);
    let bad = import(7, "europe", days_ago(2), &[("Blocker", 2)], Some(10));
    served.put_bytes(&path(&bad), b"no Parquet".to_vec());
    served.put_bytes(&format!("claims/{}.json", Uuid::from_u128(9)), b"no claim".to_vec());
    for round in 1..=2 {
        served.refresh().unwrap();
        assert_eq!(served.samples("dotdigital_archive_read_errors_total"), [format!(" {}", 2 * round)]);
        assert_eq!(served.json("/api/imports.json?since=52w").as_array().unwrap().len(), 5);
    }
    // Once it is whole, it is read.
    served.put(&bad);
    served.delete(&format!("claims/{}.json", Uuid::from_u128(9)));
    served.refresh().unwrap();
    assert_eq!(served.samples("dotdigital_archive_read_errors_total"), [" 4"]);
    assert_eq!(served.json("/api/imports.json?since=52w").as_array().unwrap().len(), 6);
}

#[test]
fn what_was_read_stays_where_the_archive_is_gone() {
    let served = Served::of(&imports());
    let read_at = served.samples("dotdigital_archive_read_timestamp_seconds");
    let manifest = br#"{"schema":1,"contacts":"drop","key_id":null,"conditional_puts":true,"created_at":"2026-03-10T00:00:00Z","version":"0.1.0"}"#;
    let break_at = |path: Option<&str>| *served.store.broken.lock().unwrap() = path.map(str::to_owned);
    // It is gone; it is of a later version; its folders can't be listed; its claims can't be.
    served.delete("archive.json");
    assert_eq!(served.refresh().unwrap_err().kind(), ErrorKind::Archive);
    served.put_bytes("archive.json", br#"{"schema":2}"#.to_vec());
    assert_eq!(served.refresh().unwrap_err().kind(), ErrorKind::Archive);
    served.put_bytes("archive.json", manifest.to_vec());
    for (index, broken) in ["archive.json", "counts_v1", "claims"].into_iter().enumerate() {
        break_at(Some(broken));
        assert_eq!(served.refresh().unwrap_err().kind(), ErrorKind::Io, "{broken}");
        assert_eq!(served.samples("dotdigital_archive_read_errors_total"), [format!(" {}", 3 + index)]);
        assert_eq!(served.samples("dotdigital_archive_read_timestamp_seconds"), read_at);
        assert_eq!(served.json("/api/imports.json?since=52w").as_array().unwrap().len(), 5);
        assert_eq!(served.get("/readyz").status, 200);
    }
    break_at(None);
    served.refresh().unwrap();
    assert_ne!(served.samples("dotdigital_archive_read_timestamp_seconds"), read_at);
}

#[test]
fn claims_that_are_about_to_expire() {
    let all = imports();
    let served = Served::unread(&all, None);
    // Of one import that is archived; two that aren't, of which one is young; and one of an account without imports.
    claim(&served, 1, "europe", 9);
    claim(&served, 20, "europe", 8);
    claim(&served, 21, "europe", 2);
    claim(&served, 22, "other", 7);
    // Nobody can collect that any more.
    claim(&served, 23, "europe", 31);
    served.refresh().unwrap();
    assert_eq!(
        served.samples("dotdigital_claims_about_to_expire"),
        [r#"{account="asia"} 0"#, r#"{account="europe"} 1"#, r#"{account="other"} 1"#]
    );
    assert_eq!(
        served.samples("dotdigital_claims_lost"),
        [r#"{account="asia"} 0"#, r#"{account="europe"} 1"#, r#"{account="other"} 0"#]
    );
    // It is archived under an old day, whose folder isn't listed now.
    served.put(&import(20, "europe", days_ago(8), &[("Blocker", 2)], Some(10)));
    served.refresh().unwrap();
    let expiring = served.samples("dotdigital_claims_about_to_expire");
    assert_eq!(expiring[1], r#"{account="europe"} 0"#);
    // A claim never changes, and is read once.
    let reads = served.store.reads.lock().unwrap().clone();
    let of = |number| reads.get(&format!("claims/{}.json", Uuid::from_u128(number))).copied();
    assert_eq!([1, 20, 21, 22].map(of), [None, Some(1), Some(1), Some(1)]);
}

#[test]
fn it_lives_before_it_is_ready() {
    let served = Served::unread(&imports(), None);
    assert_eq!((served.get("/healthz").status, served.get("/readyz").status), (200, 503));
    assert_eq!(served.samples("dotdigital_archive_age_seconds"), [" +Inf"]);
    assert!(served.samples("dotdigital_archive_read_timestamp_seconds").is_empty());
    assert_eq!(served.json("/api/counts.json"), json!([]));
    *served.store.broken.lock().unwrap() = Some("archive.json".into());
    served.refresh().unwrap_err();
    assert_eq!(served.get("/readyz").status, 503);
    *served.store.broken.lock().unwrap() = None;
    served.refresh().unwrap();
    assert_eq!((served.get("/healthz").status, served.get("/readyz").status), (200, 200));
}

#[test]
fn head_is_answered_without_a_body() {
    let served = Served::of(&imports());
    for path in ["/", "/metrics", "/api/counts.json", "/healthz", "/moon"] {
        let (get, head) = (
            served.get(path),
            served.raw(&format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")),
        );
        assert!(head.starts_with(&format!("HTTP/1.1 {}", get.status)) && head.ends_with("\r\n\r\n"), "{head}");
        if path != "/metrics" {
            assert!(head.contains(&format!("content-length: {}\r\n", get.body.len())), "{head}");
        }
    }
    assert_eq!(send(served.address, "HEAD /healthz", &[], b"").unwrap().body, b"");
}
