//! Prometheus scrapes what we write for it.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

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
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n{}",
        ["text", "openmetrics"]
            .map(|name| format!(
                "- job_name: {name}\n  metrics_path: /{name}\n  static_configs: [{{targets: ['{address}']}}]\n"
            ))
            .concat()
    );
    let path = folder.path().join("prometheus.yml");
    fs::write(&path, config).unwrap();
    let prometheus = Prometheus::start(&path);
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
