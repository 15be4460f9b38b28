//! Prometheus scrapes what we write for it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::helpers::pages::serve;
use crate::helpers::patience::{self, HANG};
use crate::helpers::peers::{self, Running};
use crate::helpers::program;
use crate::inputs::{cases, hostile, summary, summary_as};

#[test]
fn promtool_finds_nothing_to_say() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    for case in cases(folder.path()) {
        let metrics = summary_as("prometheus", &case);
        let output = program::with_input(Command::new("promtool").args(["check", "metrics"]), &metrics);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{case:?}: {said}");
    }
    // It does say something where there is something to say.
    let output = program::with_input(
        Command::new("promtool").args(["check", "metrics"]),
        b"x_total{a=\"b\"} 1\nx_total{a=\"b\"} 1\n",
    );
    assert!(!output.status.success());
}

/// The body of an answer, as far as there is one.
fn get(address: SocketAddr, path: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(HANG)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(answer.split_off(at + 4))
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
    let log = folder.path().join("log");
    let prometheus = Running::start(|own| {
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={own}"))
            .stderr(fs::File::create(&log).unwrap());
        command
    });
    let ask = |query: &str| -> Option<Value> {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = get(prometheus.address(), &format!("/api/v1/query?query={query}"))?;
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        Some(answer["data"]["result"].clone())
    };
    let both = patience::happens(|| {
        let up = ask("dotdigital_import_all_faults").and_then(|found| Some(found.as_array()?.len()));
        up == Some(2)
    });
    assert!(both, "{:?} {}", ask("up"), fs::read_to_string(&log).unwrap_or_default());
    let one = |query: &str| {
        let found = ask(query).unwrap();
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}: {found}");
        found[0]["value"][1].as_str().unwrap().to_owned()
    };
    for job in ["text", "openmetrics"] {
        assert_eq!(one(&format!("sum(dotdigital_import_faults{{job='{job}'}})")), "30");
        assert_eq!(one(&format!("dotdigital_import_faults{{job='{job}',reason='hard_bounced'}}")), "7");
        assert_eq!(one(&format!("dotdigital_import_faults{{job='{job}',reason='other'}}")), "3");
        assert_eq!(one(&format!("dotdigital_import_anomalies{{job='{job}',anomaly='short_row'}}")), "1");
        assert_eq!(one(&format!("sum(dotdigital_import_group_faults{{job='{job}'}})")), "30");
        assert_eq!(one(&format!("dotdigital_import_group_faults{{job='{job}',group='日本'}}")), "1");
        let quoted = r#"back\\slash \"quote\" {brace}"#;
        assert_eq!(one(&format!("dotdigital_import_group_faults{{job='{job}',group=\"{quoted}\"}}")), "1");
        let read_at: f64 = one(&format!("dotdigital_import_read_timestamp_seconds{{job='{job}'}}")).parse().unwrap();
        assert!((before..=after).contains(&read_at), "{before} {read_at} {after}");
    }
}
