//! Prometheus scrapes what we write for it.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use dotdigital_faults::{ArchivedStatus, ReportId};
use uuid::Uuid;

use crate::helpers::archive::{claim, days_ago, import, make, without_report};
use crate::helpers::http;
use crate::helpers::midnight;
use crate::helpers::pages::serve;
use crate::helpers::patience;
use crate::helpers::peers::{self, Running};
use crate::helpers::program;
use crate::helpers::prometheus::{Prometheus, get};
use crate::inputs::{cases, hostile, summary, summary_as, trends_as};

#[test]
fn promtool_finds_nothing_to_say() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    let summaries = cases(folder.path()).into_iter().map(|case| summary_as("prometheus", &case));
    for metrics in summaries.chain(trends_as("prometheus")) {
        let output = program::with_input(Command::new("promtool").args(["check", "metrics"]), &metrics);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{said}: {}", String::from_utf8_lossy(&metrics));
    }
    // It does say something where there is something to say.
    let output = program::with_input(
        Command::new("promtool").args(["check", "metrics"]),
        b"x_total{a=\"b\"} 1\nx_total{a=\"b\"} 1\n",
    );
    assert!(!output.status.success());
}

/// What node_exporter's textfile collector makes of two files, and what it says about them.
fn collected(files: [&str; 2]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (index, metrics) in files.into_iter().enumerate() {
        fs::write(folder.path().join(format!("{index}.prom")), metrics).unwrap();
    }
    let exporter = Running::start(|own| {
        let mut command = Command::new("prometheus-node-exporter");
        command
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!("--collector.textfile.directory={}", folder.path().display()))
            .arg(format!("--web.listen-address={own}"))
            .stderr(fs::File::create(folder.path().join("log")).unwrap());
        command
    });
    let mut answer = Vec::new();
    assert!(patience::happens(|| {
        answer = get(exporter.address(), "/metrics").unwrap_or_default();
        !answer.is_empty()
    }));
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    (String::from_utf8(answer).unwrap(), log)
}

/// Two reports that are kept, each in a file of its own, are told apart by their names or by labels. Where they aren't,
/// the collector leaves out one of them.
#[test]
fn two_saved_reports_do_not_collide() {
    if !peers::has_node_exporter() {
        return peers::skip("prometheus-node-exporter");
    }
    const COLLISION: &str = "was collected before with the same name and label values";
    let written = |arguments: &[&str]| {
        let metrics = summary(&[arguments, &["--format=prometheus", "--by=country"]].concat());
        String::from_utf8(metrics).unwrap()
    };
    let report = "fixtures/all-reasons.csv";
    let (eu, us) = ([report, "--label", "account=eu \\ \"main\""], [report, "--label", "account=us"]);
    for [one, other] in [[&[report][..], &["./fixtures/all-reasons.csv"]], [&eu, &us]] {
        let (metrics, log) = collected([&written(one), &written(other)]);
        assert!(metrics.contains("node_textfile_scrape_error 0\n") && !log.contains(COLLISION), "{log}");
        let all = metrics.lines().filter(|line| line.starts_with("dotdigital_import_all_faults{"));
        assert_eq!(all.filter(|line| line.ends_with(" 26")).count(), 2, "{metrics}");
    }
    // As of another report that has the same name somewhere else.
    let (_, log) = collected([&written(&[report]), &written(&[report]).replace("} 26\n", "} 27\n")]);
    assert!(log.contains(COLLISION), "{log}");
}

fn unix_time() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}

#[test]
fn prometheus_scrapes_it_and_answers() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    let before = unix_time().floor();
    let metrics = summary(&[
        "fixtures/all-reasons.csv",
        hostile.to_str().unwrap(),
        "--by=country",
        "--top=60",
        "--format=prometheus",
        "--label=account=eu \"main\"",
    ]);
    let after = unix_time();
    // As a textfile collector hands it out, and as OpenMetrics.
    let address = serve(move |path| match path {
        "/text" => Some(("text/plain; version=0.0.4", metrics.clone())),
        "/openmetrics" => Some(("application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.clone())),
        _ => None,
    });
    let jobs = ["text", "openmetrics"].map(|name| {
        format!("- job_name: {name}\n  metrics_path: /{name}\n  static_configs: [{{targets: ['{address}']}}]\n")
    });
    let prometheus = Prometheus::scraping(folder.path(), &jobs.concat());
    let both = patience::happens(|| {
        // Of two files, in two jobs.
        prometheus.ask("dotdigital_import_all_faults").is_some_and(|found| found.len() == 4)
    });
    assert!(both, "{:?} {}", prometheus.ask("up"), prometheus.log());
    let one = |query: &str| {
        let found = prometheus.ask(query).unwrap();
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        found[0]["value"][1].as_str().unwrap().to_owned()
    };
    for job in ["text", "openmetrics"] {
        assert_eq!(one(&format!("sum(dotdigital_import_faults{{job='{job}'}})")), "30");
        assert_eq!(one(&format!("sum(dotdigital_import_faults{{job='{job}',reason='hard_bounced'}})")), "7");
        assert_eq!(one(&format!("sum(dotdigital_import_faults{{job='{job}',reason='other'}})")), "3");
        assert_eq!(one(&format!("sum(dotdigital_import_anomalies{{job='{job}',anomaly='short_row'}})")), "1");
        let of_one = format!("job='{job}',source='fixtures/all-reasons.csv',account='eu \"main\"'");
        assert_eq!(one(&format!("dotdigital_import_all_faults{{{of_one}}}")), "26");
        assert_eq!(one(&format!("sum(dotdigital_import_group_faults{{job='{job}'}})")), "30");
        assert_eq!(one(&format!("dotdigital_import_group_faults{{job='{job}',group='日本'}}")), "1");
        let quoted = r#"back\\slash \"quote\" {brace}"#;
        assert_eq!(one(&format!("dotdigital_import_group_faults{{job='{job}',group=\"{quoted}\"}}")), "1");
        let read_at: f64 =
            one(&format!("max(dotdigital_import_read_timestamp_seconds{{job='{job}'}})")).parse().unwrap();
        assert!((before..=after).contains(&read_at), "{before} {read_at} {after}");
    }
}

/// `faults serve` is scraped with its token as Prometheus asks by itself, which is for OpenMetrics; and what it tells those who
/// know Prometheus' own text alone is the same.
#[test]
fn prometheus_scrapes_a_dashboard() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    midnight::keep_away();
    let mut newer = import(2, "europe", days_ago(1), &[("Hard bounced", 5), ("Moon", 2), ("Sun", 1)], Some(100));
    newer.id = ReportId::Enrolment(Uuid::from_u128(2));
    let older = import(1, "europe", days_ago(2), &[("Blocker", 3)], Some(60));
    let expired = without_report(import(3, "asia-2", days_ago(1), &[], None), ArchivedStatus::Expired);
    make(&path("archive"), &[older, newer, expired]);
    claim(&path("archive"), 4, "asia-2", SystemTime::now() - Duration::from_secs(6 * 24 * 60 * 60));
    fs::write(path("token"), "s3cret\n").unwrap();
    let serving = Running::start(|own| {
        let mut command = program::command(["serve", "--refresh", "1s", "--listen", &own.to_string()]);
        command.arg("--archive").arg(path("archive")).arg("--token-file").arg(path("token")).stderr(Stdio::null());
        command
    });
    let token = "Authorization: Bearer s3cret";
    let metrics = |accept: &str| {
        let answer = http::send(serving.address(), "GET /metrics", &[token, accept], b"").unwrap();
        assert_eq!(answer.status, 200);
        answer.body
    };
    let is_read = || metrics("Accept: text/plain").windows(9).any(|text| text == b"enrolment");
    patience::until("the archive isn't read", is_read);
    let checked =
        program::with_input(Command::new("promtool").args(["check", "metrics"]), &metrics("Accept: text/plain"));
    let said = String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.is_empty(), "{said}");

    let text = metrics("Accept: text/plain");
    let plain = serve(move |_| Some(("text/plain; version=0.0.4", text.clone())));
    let jobs = [("dashboard", serving.address()), ("text", plain)].map(|(job, address)| {
        format!("- job_name: {job}\n  authorization: {{credentials: s3cret}}\n  static_configs: [{{targets: ['{address}']}}]\n")
    });
    let prometheus = Prometheus::scraping(folder.path(), &jobs.concat());
    let both =
        patience::happens(|| prometheus.ask("dotdigital_archive_age_seconds").is_some_and(|found| found.len() == 2));
    assert!(both, "{:?} {}", prometheus.ask("up"), prometheus.log());
    for job in ["dashboard", "text"] {
        for (query, value) in [
            ("sum(dotdigital_import_faults{job='JOB',account='europe'})", "11"),
            ("dotdigital_import_faults{job='JOB',kind='enrolment',reason='other',remedy='investigate'}", "3"),
            ("dotdigital_import_contacts{job='JOB',series='v2',figure='newContacts'}", "57"),
            ("dotdigital_imports_total{job='JOB',account='asia-2',status='expired'}", "1"),
            ("sum(dotdigital_imports_total{job='JOB'})", "3"),
            ("dotdigital_import_last_archived_timestamp_seconds{job='JOB',kind='contact_import'}", "1773100800"),
            ("dotdigital_claims_about_to_expire{job='JOB',account='asia-2'}", "1"),
            ("dotdigital_archive_read_errors_total{job='JOB'}", "0"),
            ("time() - dotdigital_archive_read_timestamp_seconds{job='JOB'} < bool 1e6", "1"),
        ] {
            let found = prometheus.ask(&query.replace("JOB", job)).unwrap();
            assert_eq!(found.len(), 1, "{query}: {found:?}");
            assert_eq!(found[0]["value"][1], value, "{query}: {found:?}");
        }
    }
}
