//! What the tools that our users have say of the formats: Prometheus, DuckDB, Chromium, Vega-Lite.

mod peers;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const HOSTILE: &str = "Reason,email,country\n\
    \"<script>document.title='PWNED'</script>\",a@example.com,\"<img src=http://peer.invalid/x onerror=\"\"document.title='PWNED'\"\">\"\n\
    \"</title></style><script>document.title='PWNED'</script>\",b@example.com,\"back\\slash \"\"quote\"\" {brace}\"\n\
    Hard bounced,c@bücher.example,日本\n\
    Hard bounced,d@example.com\n";

/// What `faults summary` writes for these arguments.
fn summary(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_faults")).arg("summary").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The hostile report in a folder.
fn hostile(folder: &Path) -> PathBuf {
    let path = folder.join("hostile.csv");
    fs::write(&path, HOSTILE).unwrap();
    path
}

/// Reports of all kinds, ungrouped and grouped.
fn cases(folder: &Path) -> Vec<Vec<String>> {
    let hostile = hostile(folder).display().to_string();
    let cases: [&[&str]; 6] = [
        &["fixtures/all-reasons.csv"],
        &["fixtures/empty.csv"],
        &["fixtures/all-reasons.csv", "fixtures/ragged.csv", "fixtures/documented.csv"],
        &["fixtures/all-reasons.csv", "--by", "country", "--top", "3"],
        &["fixtures/all-reasons.csv", &hostile, "--by", "country"],
        &[&hostile, "fixtures/other-wordings.csv", "--by", "domain"],
    ];
    cases.iter().map(|case| case.iter().map(|&argument| argument.to_owned()).collect()).collect()
}

fn summary_as(format: &str, case: &[String]) -> Vec<u8> {
    let mut arguments: Vec<_> = case.iter().map(String::as_str).collect();
    arguments.extend(["--format", format]);
    summary(&arguments)
}

fn with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn promtool_finds_nothing_to_say() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    for case in cases(folder.path()) {
        let metrics = summary_as("prometheus", &case);
        let output = with_input(Command::new("promtool").args(["check", "metrics"]), &metrics);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{case:?}: {said}");
    }
    // It does say something where there is something to say.
    let output =
        with_input(Command::new("promtool").args(["check", "metrics"]), b"x_total{a=\"b\"} 1\nx_total{a=\"b\"} 1\n");
    assert!(!output.status.success());
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Answers every request on a free port by its path, for as long as the test's process lives.
fn serve(answer: impl Fn(&str) -> Option<(&'static str, Vec<u8>)> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (status, (kind, body)) = match answer(path) {
                Some(answer) => ("200 OK", answer),
                None => ("404 Not Found", ("text/plain", Vec::new())),
            };
            _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            _ = stream.write_all(&body);
        }
    });
    address
}

/// The body of an answer, as far as there is one.
fn get(address: SocketAddr, path: &str) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(answer.split_off(at + 4))
}

#[test]
fn prometheus_scrapes_it_and_answers() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    let metrics = summary(&[
        "fixtures/all-reasons.csv",
        hostile.to_str().unwrap(),
        "--by=country",
        "--top=60",
        "--format=prometheus",
    ]);
    // As a textfile collector hands it out, and as OpenMetrics.
    let address = serve(move |path| match path {
        "/text" => Some(("text/plain; version=0.0.4", metrics.clone())),
        "/openmetrics" => Some(("application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.clone())),
        _ => None,
    });
    let own = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
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
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let _prometheus = Running(
        Command::new("prometheus")
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={own}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap(),
    );
    let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    let ask = |query: &str| -> Option<Value> {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer: Value = serde_json::from_slice(&get(own, &format!("/api/v1/query?query={query}"))?).ok()?;
        Some(answer["data"]["result"].clone())
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let both = loop {
        let up = ask("dotdigital_import_all_faults").and_then(|found| Some(found.as_array()?.len()));
        if up == Some(2) {
            break true;
        }
        if Instant::now() > deadline {
            break false;
        }
        thread::sleep(Duration::from_millis(200));
    };
    assert!(both, "{:?} {}", ask("up"), log());
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
        assert_eq!(one(&format!("time() - dotdigital_import_read_timestamp_seconds{{job='{job}'}} < bool 300")), "1");
    }
}

#[test]
fn duckdb_reads_the_long_form() {
    let Some(python) = peers::python_with_duckdb() else {
        return peers::skip("DuckDB");
    };
    let script = "
import duckdb, json, sys
answers = []
for path in sys.argv[1:]:
    rows = duckdb.sql(f\"select count(*), sum(count)::bigint, round(sum(share), 6), count(distinct source) from '{path}'\")
    worst = duckdb.sql(f\"select label, sum(count)::bigint as n from '{path}' group by label order by n desc, label limit 1\")
    answers.append([list(rows.fetchall()[0]), list(worst.fetchall()[0]), duckdb.sql(f\"select * from '{path}'\").columns])
print(json.dumps(answers))
";
    let folder = tempfile::tempdir().unwrap();
    for (number, case) in cases(folder.path()).iter().enumerate().filter(|(_, case)| case[0] != "fixtures/empty.csv") {
        let document: Value = serde_json::from_slice(&summary_as("json", case)).unwrap();
        let paths = ["csv", "jsonl"].map(|format| {
            let path = folder.path().join(format!("{number}.{format}"));
            fs::write(&path, summary_as(format, case)).unwrap();
            path
        });
        let output = Command::new(&python).args(["-c", script]).args(&paths).output().unwrap();
        assert!(output.status.success(), "{case:?}: {}", String::from_utf8_lossy(&output.stderr));
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        // Both are read alike, to the names of the columns and the last count.
        assert_eq!(answers[0], answers[1], "{case:?}");
        let sources = case.iter().filter(|argument| argument.ends_with(".csv")).count();
        assert_eq!(answers[0][0][1], document["total"], "{case:?}");
        assert_eq!(answers[0][0][2].as_f64().unwrap().round(), sources as f64);
        assert_eq!(answers[0][0][3], sources);
        let most = document["reasons"].as_array().unwrap().iter().map(|reason| reason["count"].as_u64()).max().unwrap();
        assert_eq!(answers[0][1][1].as_u64(), most);
    }
}

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

#[test]
fn vega_lite_fits_its_schema() {
    let Some(schema) = peers::vega_lite_schema() else {
        return peers::skip("Vega-Lite's schema");
    };
    let mut schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    escape_references(&mut schema);
    // The schema names formats for colours, which are for editors.
    let validator = jsonschema::draft7::options().should_validate_formats(false).build(&schema).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for case in cases(folder.path()) {
        let chart: Value = serde_json::from_slice(&summary_as("vega-lite", &case)).unwrap();
        assert!(validator.is_valid(&chart), "{case:?}: {:?}", validator.iter_errors(&chart).next());
        let mut wrong = chart.clone();
        wrong["mark"]["type"] = "bars".into();
        assert!(!validator.is_valid(&wrong));
    }
}

/// Chromium without a window, which can reach nothing but what is named, and with a profile of its own.
fn chromium(folder: &Path, proxy: SocketAddr) -> Command {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(format!("--proxy-server=http://{proxy}"))
        .arg("--proxy-bypass-list=<-loopback>")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Where the browser asks for things of its own.
const BROWSERS_OWN: [&str; 3] = ["google.com", "googleapis.com", "gvt1.com"];

/// The page as it stands once everything in it has run, and what it has asked for.
fn run_page(page: &Path) -> (String, Vec<String>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let proxy = serve(move |target| {
        // The browser asks its maker for things of its own, whatever the page.
        let host = target.trim_start_matches("http://").split(['/', ':']).next().unwrap_or_default();
        if !BROWSERS_OWN.iter().any(|own| host == *own || host.ends_with(&format!(".{own}"))) {
            seen.lock().unwrap().push(target.to_owned());
        }
        None
    });
    let profile = tempfile::tempdir().unwrap();
    let url = format!("file://{}", page.display());
    let output =
        chromium(profile.path(), proxy).args(["--virtual-time-budget=3000", "--dump-dom"]).arg(url).output().unwrap();
    assert!(output.status.success());
    (String::from_utf8(output.stdout).unwrap(), std::mem::take(&mut *requests.lock().unwrap()))
}

#[test]
fn chromium_runs_and_fetches_nothing() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    for by in ["country", "domain"] {
        let page = folder.path().join(format!("{by}.html"));
        fs::write(&page, summary(&[hostile.to_str().unwrap(), "--by", by, "--format", "html"])).unwrap();
        let (dom, requests) = run_page(&page);
        assert!(dom.contains("<title>Why 4 contacts failed to import</title>"), "{dom}");
        assert!(dom.contains("&lt;script&gt;document.title='PWNED'&lt;/script&gt;"), "{dom}");
        assert!(!dom.contains("<script") && !dom.contains("<img"), "{dom}");
        assert!(requests.is_empty(), "{requests:?}");
    }
    // The same text, where nothing escapes it and nothing forbids it, runs and fetches.
    let page = folder.path().join("unsafe.html");
    fs::write(&page, "<title>safe</title><img src=http://peer.invalid/x><script>document.title='PWNED'</script>")
        .unwrap();
    let (dom, requests) = run_page(&page);
    assert!(dom.contains("<title>PWNED</title>"), "{dom}");
    assert_eq!(requests, ["http://peer.invalid/x"]);
}

#[test]
fn chromium_draws_it_light_dark_and_narrow() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, summary(&["fixtures/all-reasons.csv", "--by", "country", "--format", "html"])).unwrap();
    let proxy = serve(|_| None);
    let draw = |name: &str, arguments: &[&str], file: &str| {
        let path = folder.path().join(file);
        let profile = folder.path().join(name);
        let status = chromium(&profile, proxy)
            .args(arguments)
            .arg(match file.ends_with(".pdf") {
                true => format!("--print-to-pdf={}", path.display()),
                false => format!("--screenshot={}", path.display()),
            })
            .arg(format!("file://{}", page.display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        fs::read(path).unwrap()
    };
    let light = draw("light", &["--window-size=1200,2400", "--blink-settings=preferredColorScheme=1"], "light.png");
    let dark = draw("dark", &["--window-size=1200,2400", "--blink-settings=preferredColorScheme=0"], "dark.png");
    let narrow = draw("narrow", &["--window-size=500,3600"], "narrow.png");
    let print = draw("print", &["--no-pdf-header-footer"], "print.pdf");
    assert_ne!(light, dark);
    for picture in [light, dark, narrow] {
        // An empty page takes a few KiB.
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 50_000, "{} bytes", picture.len());
    }
    assert!(print.starts_with(b"%PDF") && print.len() > 20_000, "{} bytes", print.len());
}
