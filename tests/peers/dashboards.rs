//! The live dashboard's Grafana files, alert rules and provisioning: a real Prometheus answers what they ask, promtool tests
//! the rules, and a schema of the types that Grafana publishes judges the files. Grafana itself is in no registry.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use dotdigital_faults::{ArchivedStatus, Protocol, ReportId};
use serde_json::Value;

use crate::helpers::peers::{self, Running};
use crate::helpers::prometheus::{Prometheus, encoded, get};
use crate::helpers::{archive, midnight, patience, program};

const DASHBOARDS: [&str; 2] = ["faults-prometheus.json", "faults-infinity.json"];

fn text(name: &str) -> String {
    fs::read_to_string(peers::file("dashboards").join(name)).unwrap()
}

fn dashboard(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The panels that show something, which rows don't.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row")
}

/// What all panels ask.
fn targets(dashboard: &Value) -> impl Iterator<Item = &Value> {
    panels(dashboard).flat_map(|panel| panel["targets"].as_array().unwrap())
}

fn variables(dashboard: &Value) -> &[Value] {
    dashboard["templating"]["list"].as_array().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn promtool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("promtool").current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn promtool_tests_the_rules() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = peers::file("dashboards");
    let tests = ["failure-rate.test.yml", "looked-after.test.yml"];
    let run = |folder: &Path| promtool(folder, &[&["test", "rules"][..], &tests].concat());
    for output in [promtool(&folder, &["check", "config", "prometheus.yml"]), run(&folder)] {
        assert!(output.status.success() && !said(&output).contains("FAILED"), "{}", said(&output));
    }

    // Each rule is tested: one that is a little different is noticed.
    let rules = text("faults.rules.yml");
    let elsewhere = tempfile::tempdir().unwrap();
    for test in tests {
        fs::write(elsewhere.path().join(test), text(test)).unwrap();
    }
    for (right, wrong) in [
        ("reason!=\"consent_records_not_applied\"", "reason!=\"other\""),
        ("or 0 * dotdigital_import_contacts{figure=\"newContacts\"}", ""),
        ("+ sum by (account, kind, series) (dotdigital_import_contacts{figure=\"updatedContacts\"})", ""),
        ("> 0\n          )", ">= 0\n          )"),
        ("quantile_over_time(0.5,", "quantile_over_time(1,"),
        (">= 3", ">= 2"),
        ("usual + 0.05", "usual + 0.04"),
        ("max by (account) (dotdigital_claims", "sum by (account) (dotdigital_claims"),
        ("or absent(dotdigital_archive_age_seconds)", ""),
        ("dotdigital_archive_age_seconds > 900", "dotdigital_archive_age_seconds > 3600"),
        ("for: 1h", "for: 1m"),
    ] {
        assert!(rules.contains(right), "{right}");
        fs::write(elsewhere.path().join("faults.rules.yml"), rules.replace(right, wrong)).unwrap();
        assert!(!run(elsewhere.path()).status.success(), "{wrong} in place of {right}");
    }
}

#[test]
fn grafanas_types_know_the_dashboards() {
    let Some(schema) = peers::grafana_schema() else { return peers::skip("a schema of Grafana's types") };
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert!(validator.is_valid(&dashboard), "{name}: {:?}", validator.iter_errors(&dashboard).next());

        // Nothing that it doesn't know, and no value of another type, passes: in no part of any panel.
        let mut wrong = dashboard.clone();
        wrong["timepickers"] = true.into();
        assert!(!validator.is_valid(&wrong));
        for (index, panel) in dashboard["panels"].as_array().unwrap().iter().enumerate() {
            let paths: &[&str] = match panel["type"].as_str().unwrap() {
                "row" => &[""],
                _ => &["", "/options", "/fieldConfig", "/fieldConfig/defaults", "/targets/0", "/gridPos"],
            };
            for path in paths {
                let mut wrong = dashboard.clone();
                wrong["panels"][index].pointer_mut(path).unwrap()["noSuchField"] = true.into();
                assert!(!validator.is_valid(&wrong), "{name}: {}{path}", panel["title"]);
            }
            for (path, value) in [("/gridPos/w", "wide"), ("/type", "pie")] {
                let mut wrong = dashboard.clone();
                *wrong["panels"][index].pointer_mut(path).unwrap() = value.into();
                assert!(!validator.is_valid(&wrong), "{name}: {}{path}", panel["title"]);
            }
        }
    }
}

/// What no schema knows.
#[test]
fn the_dashboards_are_sound() {
    let mut uids = BTreeSet::new();
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        assert!(uids.insert(dashboard["uid"].as_str().unwrap().to_owned()));
        let all = dashboard["panels"].as_array().unwrap();
        let ids: BTreeSet<_> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), all.len(), "{name}");

        // Panels lie in the grid of 24 columns, side by side.
        let mut taken = BTreeSet::new();
        for panel in all {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            assert!(x + w <= 24 && w > 0 && h > 0, "{name}: {}", panel["title"]);
            for place in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
                assert!(taken.insert(place), "{name}: {} lies on another", panel["title"]);
            }
        }

        for panel in panels(&dashboard) {
            let title = &panel["title"];
            assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}: {title}");
            // What a panel renames, or shows in its own way, is there.
            let targets = panel["targets"].as_array().unwrap();
            let mut fields: BTreeSet<&str> = targets
                .iter()
                .filter_map(|target| target["columns"].as_array())
                .flatten()
                .map(|column| column["text"].as_str().unwrap())
                .collect();
            for transformation in panel["transformations"].as_array().into_iter().flatten() {
                let renamed = transformation["options"]["renameByName"].as_object();
                fields.extend(renamed.into_iter().flatten().map(|(_, name)| name.as_str().unwrap()));
            }
            for over in panel["fieldConfig"]["overrides"].as_array().unwrap() {
                let field = over["matcher"]["options"].as_str().unwrap();
                assert!(fields.contains(field), "{name}: {title}: {field}");
            }
        }

        // Each variable that is asked for is there, and each that is there is asked for.
        let names: BTreeSet<_> =
            variables(&dashboard).iter().map(|variable| variable["name"].as_str().unwrap()).collect();
        let text = text(name);
        for variable in &names {
            let used = text.contains(&format!("${variable}")) || text.contains(&format!("${{{variable}"));
            assert!(used, "{name}: {variable}");
        }
        for part in text.split('$').skip(1) {
            let part = part.trim_start_matches('{');
            let variable = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            // Of Grafana's own, or the end of a pattern.
            let is_known = variable.starts_with("__") || variable.is_empty() || names.contains(variable);
            assert!(is_known, "{name}: ${variable}");
        }
    }
}

/// An archive of an account that fails more than is usual, of one over the newer API with enrolments, and of one without
/// faults.
fn make_archive(root: &Path) {
    midnight::keep_away();
    let europe = |number, days, faults: &[(&str, u64)], contacts| {
        archive::import(number, "europe", archive::days_ago(days), faults, Some(contacts))
    };
    let asia = |number, faults: &[(&str, u64)], contacts| {
        archive::import(number, "asia", archive::days_ago(2), faults, contacts)
    };
    let mut v3 = asia(4, &[("invalid_email", 20), ("consent_records_not_applied", 60)], Some(200));
    v3.protocol = Protocol::V3;
    let mut enrolment = asia(5, &[("already_in_program", 7)], None);
    enrolment.id = ReportId::Enrolment(enrolment.id.uuid());
    let imports = [
        europe(1, 1, &[("hard_bounced", 290), ("invalid_email", 10)], 1000),
        europe(2, 9, &[("Quarantined by moon phase", 5)], 100),
        archive::without_report(europe(3, 9, &[], 1), ArchivedStatus::Expired),
        v3,
        enrolment,
        archive::import(6, "clean", archive::days_ago(3), &[], Some(10)),
    ];
    archive::make(root, &imports);
    let days = |days: u64| SystemTime::now() - Duration::from_secs(days * 86400);
    for (number, account, ago) in [(7, "europe", 6), (8, "europe", 6), (9, "asia", 1)] {
        archive::claim(root, number, account, days(ago));
    }
}

/// `faults serve` of that archive, that has read it.
fn served(folder: &Path) -> Running {
    let root = folder.join("archive");
    make_archive(&root);
    let served = Running::start(|own| {
        let mut command = program::command(["serve", "--archive"]);
        command.arg(&root).args(["--listen", &own.to_string()]).stderr(Stdio::null());
        command
    });
    let is_read = || records(&served, "/api/imports.json").is_some_and(|records| !records.is_empty());
    patience::until("the archive isn't read", is_read);
    served
}

/// The records that are answered; `None` where none are.
fn records(served: &Running, path: &str) -> Option<Vec<Value>> {
    serde_json::from_slice(&get(served.address(), path)?).ok()
}

/// What Prometheus would have kept of four weeks in which 5 % of Europe's contacts failed, in an import a day.
fn four_weeks() -> String {
    const STEP: u64 = 6 * 3600;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let times: Vec<u64> = (1..=4 * 28).rev().map(|ago| (now / STEP - ago) * STEP).collect();
    let rate = "account:dotdigital_import_failure_rate:newest";
    let last = "dotdigital_import_last_archived_timestamp_seconds";
    let mut text = format!("# TYPE {rate} gauge\n");
    for time in &times {
        text += &format!("{rate}{{account=\"europe\",kind=\"contact_import\",series=\"v2\"}} 0.05 {time}\n");
    }
    text += &format!("# TYPE {last} gauge\n");
    for time in &times {
        let day = time / 86400 * 86400;
        text += &format!("{last}{{account=\"europe\",kind=\"contact_import\"}} {day} {time}\n");
    }
    text + "# EOF\n"
}

/// A Prometheus with our rules and those weeks, that scrapes a server.
fn prometheus(folder: &Path, address: &str) -> Prometheus {
    fs::write(folder.join("weeks"), four_weeks()).unwrap();
    let output = promtool(folder, &["tsdb", "create-blocks-from", "openmetrics", "weeks", "data"]);
    assert!(output.status.success(), "{}", said(&output));
    fs::write(folder.join("faults.rules.yml"), text("faults.rules.yml")).unwrap();
    // An answer may take as long as it is to the next scrape.
    let config = text("prometheus.yml").replace("127.0.0.1:9184", address);
    let config = config.replace("scrape_interval: 1m", "scrape_interval: 10s");
    let config = config.replace("evaluation_interval: 1m", "evaluation_interval: 1s");
    let path = folder.join("prometheus.yml");
    fs::write(&path, config).unwrap();
    Prometheus::start(&path)
}

/// An expression as Grafana asks it, of all accounts.
fn expression(text: &str) -> String {
    text.replace("$account", ".*")
}

#[test]
fn prometheus_answers_every_expression() {
    if !peers::has_prometheus() {
        return peers::skip("prometheus");
    }
    let folder = tempfile::tempdir().unwrap();
    let served = served(folder.path());
    let prometheus = prometheus(folder.path(), &served.address().to_string());
    let values = |query: &str| -> Option<BTreeMap<String, f64>> {
        let found = prometheus.ask(query)?;
        let value = |one: &Value| {
            let labels = one["metric"].as_object().unwrap().iter().filter(|(name, _)| *name != "__name__");
            let labels: Vec<_> = labels.map(|(_, value)| value.as_str().unwrap()).collect();
            (labels.join(" "), one["value"][1].as_str().unwrap().parse().unwrap())
        };
        Some(found.iter().map(value).collect())
    };
    let counted = "increase(dotdigital_imports_total[1d])";
    let ready = || {
        let alert = "ALERTS{alertname='DotdigitalImportFailsMoreThanUsual'}";
        [alert, counted].iter().all(|query| prometheus.ask(query).is_some_and(|found| !found.is_empty()))
    };
    assert!(patience::happens(ready), "{}", prometheus.log());

    let dashboard = dashboard("faults-prometheus.json");
    for panel in panels(&dashboard) {
        for target in panel["targets"].as_array().unwrap() {
            let query = expression(target["expr"].as_str().unwrap());
            let found = prometheus.ask(&query).unwrap_or_else(|| panic!("Prometheus can't be asked: {query}"));
            let title = panel["title"].as_str().unwrap();
            // There is no day in which imports were archived: the counters don't move.
            assert_eq!(found.is_empty(), title == "Imports a day", "{title}: {query}");
            // Each name that stands in the legend is a label.
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            for label in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
                assert!(found.iter().all(|one| one["metric"][label].is_string()), "{title}: {label}");
            }
        }
    }

    let expected = |title: &str, index: usize, expected: &[(&str, f64)]| {
        let panel = panels(&dashboard).find(|panel| panel["title"] == title).unwrap();
        let query = expression(panel["targets"][index]["expr"].as_str().unwrap());
        let expected: BTreeMap<_, _> = expected.iter().map(|(labels, value)| ((*labels).to_owned(), *value)).collect();
        assert_eq!(values(&query).unwrap(), expected, "{title}: {query}");
    };
    let (v2, v3) = ("europe contact_import v2", "asia contact_import v3");
    expected("Accounts that fail more than usual", 0, &[("", 1.0)]);
    expected("Imports about to be lost", 0, &[("", 2.0)]);
    expected("Failure rate of the newest import", 0, &[(v3, 0.1), ("clean contact_import v2", 0.0), (v2, 0.3)]);
    expected("Above what is usual", 0, &[(v2, 0.25)]);
    expected(
        "Why contacts of the newest imports failed",
        0,
        &[
            ("already_in_program enrolment", 7.0),
            ("consent_records_not_applied v3", 60.0),
            ("hard_bounced v2", 290.0),
            ("invalid_email v2", 10.0),
            ("invalid_email v3", 20.0),
        ],
    );
    expected("Accounts", 1, &[(v2, 0.05)]);
    // As the archive has been made.
    let archived = 1_773_100_800e3;
    let all = [v3, "asia enrolment enrolment", "clean contact_import v2", v2];
    expected("Accounts", 3, &all.map(|labels| (labels, archived)));

    // The accounts to choose from.
    let choices = variables(&dashboard).iter().find(|variable| variable["name"] == "account").unwrap();
    let choices = choices["query"]["query"].as_str().unwrap();
    let asked = choices.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    let (metric, label) = asked.split_once(", ").unwrap();
    let found = prometheus.get(&format!("/api/v1/label/{label}/values?match[]={}", encoded(metric))).unwrap();
    assert_eq!(found, serde_json::json!(["asia", "clean", "europe"]));

    // And each alert that there is reason for.
    let alerts = || prometheus.get("/api/v1/alerts").unwrap()["alerts"].take();
    let are_expected = || {
        let alerts = alerts();
        let labels: Vec<_> = alerts.as_array().unwrap().iter().map(|alert| &alert["labels"]).collect();
        let names: BTreeSet<_> = labels.iter().map(|labels| labels["alertname"].as_str().unwrap()).collect();
        names == BTreeSet::from(["DotdigitalClaimsAboutToExpire", "DotdigitalImportFailsMoreThanUsual"])
            && labels.iter().all(|labels| labels["account"] == "europe")
    };
    // Before the first scrape there was reason for another one.
    assert!(patience::happens(are_expected), "{}", alerts());
}

/// What Infinity makes of an address, as its documentation has it: of several values each becomes a parameter, and of all of
/// them none.
fn address(url: &str, by: &str, series: &str, accounts: &[&str]) -> String {
    let accounts = if accounts.is_empty() { "*".to_owned() } else { accounts.join(",") };
    let url = url.replace("${account:csv}", &accounts).replace("$since", "90d");
    let url = url.replace("$by", by).replace("$series", series);
    let Some((start, rest)) = url.split_once("$__combineValues(") else { return url };
    let (arguments, end) = rest.split_once(')').unwrap();
    let arguments: Vec<_> = arguments.split(',').collect();
    let [prefix, suffix, separator, values @ ..] = arguments.as_slice() else { panic!("{url}") };
    let combined = values.iter().filter(|value| **value != "*").map(|value| format!("{prefix}{value}{suffix}"));
    let combined = combined.collect::<Vec<_>>().join(separator);
    format!("{start}{combined}{end}")
}

/// Is the value what Infinity takes for the type of a column? What isn't known is null.
fn is_of(kind: &str, value: &Value) -> bool {
    let is_time = |text: &str| text.parse::<chrono::NaiveDate>().is_ok() || text.parse::<DateTime<Utc>>().is_ok();
    match kind {
        "number" => value.is_number() || value.is_null(),
        "timestamp" => value.as_str().is_some_and(|text| is_time(text) || is_time(&format!("{text}-01"))),
        kind => kind == "string" && (value.is_string() || value.is_null()),
    }
}

#[test]
fn faults_serve_answers_what_infinity_asks() {
    let folder = tempfile::tempdir().unwrap();
    let served = served(folder.path());
    let dashboard = dashboard("faults-infinity.json");
    let answered = |target: &Value, by: &str, series: &str, accounts: &[&str]| -> Vec<Value> {
        let path = address(target["url"].as_str().unwrap(), by, series, accounts);
        let records = records(&served, &path).unwrap_or_else(|| panic!("no records: {path}"));
        for (record, column) in
            records.iter().flat_map(|one| target["columns"].as_array().unwrap().iter().map(move |column| (one, column)))
        {
            let (field, kind) = (column["selector"].as_str().unwrap(), column["type"].as_str().unwrap());
            let value = record.get(field).unwrap_or_else(|| panic!("{path}: no {field}: {record}"));
            assert!(is_of(kind, value), "{path}: {field}: {record}");
        }
        // Infinity evaluates it, of its columns.
        let kept = |record: &Value| match target["filterExpression"].as_str() {
            Some("series == '$series'") => record["series"] == series,
            Some("status != 'archived'") => record["status"] != "archived",
            None => true,
            Some(other) => panic!("{other}"),
        };
        records.into_iter().filter(kept).collect()
    };
    for panel in panels(&dashboard) {
        let target = &panel["targets"][0];
        for series in ["v2", "v3", "enrolment"] {
            for by in ["day", "week", "month"] {
                // Europe has imports over SOAP and REST alone.
                let has_none = series != "v2" && target["filterExpression"] == "series == '$series'";
                let found = answered(target, by, series, &["europe"]);
                assert_eq!(found.is_empty(), has_none, "{}, by {by}, {series}", panel["title"]);
                assert!(!answered(target, by, series, &[]).is_empty(), "{}", panel["title"]);
            }
        }
        for record in answered(target, "week", "v2", &["clean", "europe"]) {
            assert_ne!(record["account"], "asia", "{}", panel["title"]);
        }
    }

    // What there is to choose from; Grafana leaves one of those that are the same.
    let choices = |name: &str| -> BTreeSet<String> {
        let variable = variables(&dashboard).iter().find(|variable| variable["name"] == name).unwrap();
        let found = answered(&variable["query"]["infinityQuery"], "week", "v2", &[]);
        let field = variable["query"]["meta"]["valueField"].as_str().unwrap();
        found.iter().map(|record| record[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(choices("account"), BTreeSet::from(["asia", "clean", "europe"].map(String::from)));
    assert_eq!(choices("series"), BTreeSet::from(["enrolment", "v2", "v3"].map(String::from)));
    for name in ["since", "by"] {
        let variable = variables(&dashboard).iter().find(|variable| variable["name"] == name).unwrap();
        for option in variable["options"].as_array().unwrap() {
            let value = option["value"].as_str().unwrap();
            assert!(records(&served, &format!("/api/trends.json?{name}={value}")).is_some(), "{name}={value}");
            let written = format!("{} : {value}", option["text"].as_str().unwrap());
            assert!(variable["query"].as_str().unwrap().split(", ").any(|one| one == written), "{written}");
        }
    }
    // Whatever isn't asked so is none of these.
    assert!(records(&served, "/api/trends.json?since=90").is_none());

    // The figures, once.
    let rates = panels(&dashboard).find(|panel| panel["title"] == "Accounts").unwrap();
    let rates: BTreeMap<String, Option<f64>> = answered(&rates["targets"][0], "week", "v2", &["asia", "clean"])
        .iter()
        .map(|row| (format!("{} {}", row["account"], row["series"]).replace('"', ""), row["rate"].as_f64()))
        .collect();
    let expected = [("asia enrolment", None), ("asia v3", Some(0.1)), ("clean v2", Some(0.0))];
    assert_eq!(rates, expected.map(|(row, rate)| (row.to_owned(), rate)).into());
}

/// Provisioning names what the dashboards ask for.
#[test]
fn provisioning() {
    let Some(python) = peers::python_with_kubernetes() else { return peers::skip("Python's kubernetes-validate") };
    let read = |path: &Path| -> Value {
        let load = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
        let output = Command::new(&python).args(["-c", load]).arg(path).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}: {}", path.display(), said(&output)))
    };
    let folder = peers::file("dashboards/provisioning");
    let sources = read(&folder.join("datasources/faults.yml"));
    for (name, plugin) in DASHBOARDS.into_iter().zip(["prometheus", "yesoreyeram-infinity-datasource"]) {
        let dashboard = dashboard(name);
        let source = variables(&dashboard).iter().find(|variable| variable["type"] == "datasource").unwrap();
        assert_eq!(source["query"], plugin);
        let provisioned = sources["datasources"].as_array().unwrap().iter().find(|one| one["type"] == plugin).unwrap();
        assert_eq!(provisioned["uid"], source["current"]["value"]);
        assert_eq!(provisioned["name"], source["current"]["text"]);
        for target in targets(&dashboard) {
            assert_eq!(target["datasource"], serde_json::json!({"type": plugin, "uid": "${datasource}"}));
        }
    }
    // Infinity refuses to send a token to a host that isn't named.
    let infinity = &sources["datasources"][1];
    assert_eq!(infinity["jsonData"]["allowedHosts"], serde_json::json!([infinity["url"]]));
    assert_eq!(read(&folder.join("dashboards/faults.yml"))["providers"][0]["type"], "file");
    // The lines for a token are right, too, once they are no comments.
    let mut with_token = text("provisioning/datasources/faults.yml");
    for line in ["auth_method: ", "secureJsonData:", "  bearerToken: "] {
        assert!(with_token.contains(&format!("# {line}")), "{line}");
        with_token = with_token.replace(&format!("# {line}"), line);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token.yml"), with_token).unwrap();
    let infinity = &read(&folder.path().join("token.yml"))["datasources"][1];
    assert_eq!(infinity["jsonData"]["auth_method"], "bearerToken");
    assert_eq!(infinity["secureJsonData"], serde_json::json!({"bearerToken": "$FAULTS_TOKEN"}));
}
