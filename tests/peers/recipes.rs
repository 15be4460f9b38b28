//! The recipes in `docs`: each is run, against the stand-in and by the program that it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::collector::{Collector, line, told};
use crate::helpers::patience;
use crate::helpers::peers;
use crate::helpers::program::{self, out, said, with_input};

/// Where the recipes have everything, and where it is in a test.
const STATE: &str = "/var/lib/faults";
const SETTINGS: &str = "/etc/faults";

fn recipe(name: &str) -> String {
    fs::read_to_string(peers::file("docs").join(name)).unwrap()
}

/// Accounts, of which some imports were handed on as the recipes say.
fn handed_on(accounts: &[&str]) -> Collector {
    let collector = Collector::of(accounts);
    let mut lines = Vec::new();
    for (number, account) in accounts.iter().enumerate() {
        let first = number as u128 * 100;
        collector.imports(account, first..first + 3);
        lines.extend((first..first + 3).map(|id| line(account, Uuid::from_u128(id))));
    }
    fs::write(collector.path("imports.jsonl"), lines.join("\n") + "\n").unwrap();
    collector
}

/// A text of a recipe, with the test's own places.
fn here(text: &str, collector: &Collector) -> String {
    let folder = collector.folder.path().to_str().unwrap();
    text.replace(STATE, folder).replace(SETTINGS, folder)
}

/// Runs a line of a shell, in which `faults` is ours.
fn shell(script: &str, collector: &Collector, environment: &[(&str, &str)]) -> Output {
    let programs = program::path().parent().unwrap().to_str().unwrap();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    program::without_surroundings(&mut command);
    command.args(["-ec", script]).env("PATH", path).current_dir(collector.folder.path());
    command.envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn cron() {
    let collector = handed_on(&["europe", "asia"]);
    let text = recipe("faults-collect.crontab");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let [settings @ .., line] = &lines[..] else { panic!("{text}") };
    assert!(settings.iter().all(|setting| setting.split_once('=').is_some_and(|(name, _)| !name.contains(' '))));
    let fields: Vec<&str> = line.splitn(7, ' ').collect();
    let [schedule @ .., user, command] = &fields[..] else { panic!("{line}") };
    assert_eq!((schedule.len(), *user, command.contains('%')), (5, "faults", false));
    assert!(schedule.iter().all(|field| *field == "*" || field.parse::<u8>().is_ok_and(|minute| minute < 60)));

    let output = shell(&here(command, &collector), &collector, &[]);
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{}", said(&output));
    assert_eq!(collector.files("counts_v1").len(), 6);
    // The next hour; and one in which something is wrong, which is mailed.
    assert!(shell(&here(command, &collector), &collector, &[]).stderr.is_empty());
    fs::write(collector.path("imports.jsonl"), line_of_nobody()).unwrap();
    let output = shell(&here(command, &collector), &collector, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said(&output), "faults: 1 of 1 imports failed\n");
    assert_eq!(fs::read_to_string(collector.path("collect.jsonl")).unwrap().lines().count(), 6 + 6 + 1);
}

fn line_of_nobody() -> String {
    line("nobody", Uuid::from_u128(7)) + "\n"
}

#[test]
fn systemd() {
    let collector = handed_on(&["europe"]);
    let service = recipe("faults-collect.service");
    let start = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let (installed, _) = start.split_once(' ').unwrap();

    // Systemd itself finds nothing to say, once the program is where it is looked for.
    let folder = collector.path("units");
    fs::create_dir(&folder).unwrap();
    let ours = service.replace(installed, program::path().to_str().unwrap());
    fs::write(folder.join("faults-collect.service"), &ours).unwrap();
    fs::write(folder.join("faults-collect.timer"), recipe("faults-collect.timer")).unwrap();
    let verify = || {
        let units = ["faults-collect.service", "faults-collect.timer"].map(|name| folder.join(name));
        Command::new("systemd-analyze").args(["verify", "--man=no"]).args(units).output()
    };
    match verify() {
        Ok(output) => {
            assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
            fs::write(folder.join("faults-collect.service"), ours.replace("Type=oneshot", "Type=moonshot")).unwrap();
            assert!(said(&verify().unwrap()).contains("moonshot"));
        }
        Err(_) => peers::skip("systemd-analyze"),
    }

    // It makes the folder, and says where it is; the password is where it puts credentials.
    let accounts = fs::read_to_string(collector.path("accounts.toml")).unwrap();
    let credential = service.lines().find_map(|line| line.strip_prefix("LoadCredential=")).unwrap();
    let (name, _) = credential.split_once(':').unwrap();
    assert!(service.contains(&format!("/run/credentials/faults-collect.service/{name}")));
    fs::rename(collector.path("password"), collector.path(name)).unwrap();
    fs::write(collector.path("accounts.toml"), accounts.replace("'password'", &format!("'{name}'"))).unwrap();
    let state = collector.folder.path().to_str().unwrap();
    let script = here(&start.replace(installed, "faults"), &collector);
    let output = shell(&script, &collector, &[("STATE_DIRECTORY", state)]);
    assert_eq!(told(&output).len(), 3);
    assert!(output.status.success(), "{}", said(&output));
}

/// The workers of a recipe, each in its turn: between them they have all accounts, and none twice.
fn share(workers: &[Output], accounts: &[&str], collector: &Collector) {
    let mut had = Vec::new();
    for worker in workers {
        assert!(worker.status.success(), "{}", said(worker));
        let told = told(worker);
        assert!(told.iter().all(|told| told["outcome"] == "archived"), "{told:?}");
        had.extend(told.iter().map(|told| told["account"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>());
    }
    had.sort();
    let mut accounts = accounts.to_vec();
    accounts.sort_unstable();
    assert_eq!(had, accounts);
    assert_eq!(collector.files("counts_v1").len(), 3 * accounts.len());
}

const ACCOUNTS: [&str; 7] = ["europe", "asia", "africa", "shop-1", "shop-2", "shop-3", "shop-4"];

#[test]
fn kubernetes() {
    let Some(python) = peers::python_with_kubernetes() else { return peers::skip("Python's kubernetes-validate") };
    let path = peers::file("docs/kubernetes.yaml");
    // By Kubernetes' own schema; and one that it refuses.
    let validate = |path: &Path| {
        let mut command = Command::new(&python);
        command
            .args(["-c", "import sys; from kubernetes_validate.__main__ import main; sys.exit(main())", "--strict"])
            .arg(path);
        command.output().unwrap()
    };
    let output = validate(&path);
    assert!(output.status.success(), "{}{}", said(&output), String::from_utf8_lossy(&output.stdout));
    let collector = handed_on(&ACCOUNTS);
    let wrong = collector.path("wrong.yaml");
    fs::write(&wrong, recipe("kubernetes.yaml").replace("completionMode", "completionMood")).unwrap();
    assert!(!validate(&wrong).status.success());

    let read = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new(&python).args(["-c", read]).arg(&path).output().unwrap();
    let job: Value = serde_json::from_slice(&output.stdout).unwrap();
    let job = &job["spec"]["jobTemplate"]["spec"];
    let arguments = job["template"]["spec"]["containers"][0]["args"].as_array().unwrap();
    let workers: Vec<Output> = (0..job["completions"].as_u64().unwrap())
        .map(|index| {
            let arguments = arguments.iter().map(|argument| {
                let argument = argument.as_str().unwrap().replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
                let archive = format!("{STATE}/archive");
                here(&argument.replace("s3://example-bucket/faults", &archive), &collector)
            });
            program::command(arguments).output().unwrap()
        })
        .collect();
    assert_eq!(workers.len(), 3);
    share(&workers, &ACCOUNTS, &collector);
}

#[test]
fn airflow() {
    let path = peers::file("docs/airflow.py");
    let parse = "import ast, sys; ast.parse(open(sys.argv[1]).read())";
    let parsed = Command::new("python3").args(["-c", parse]).arg(&path).status();
    assert!(parsed.is_ok_and(|status| status.success()), "no Python");
    let Some(python) = peers::python_with_airflow() else { return peers::skip("Airflow") };
    let collector = handed_on(&ACCOUNTS);
    let mut command = Command::new(python);
    command.arg(peers::file("tests/peers/airflow_dag.py")).arg(path);
    command.env("AIRFLOW_HOME", collector.path("airflow")).env("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    // Airflow logs to standard output, too.
    let printed = String::from_utf8(output.stdout).unwrap();
    let tasks: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(tasks["collect"]["next"], json!(["judge"]));
    let run = |task: &str| -> Vec<Output> {
        let script = here(tasks[task]["command"].as_str().unwrap(), &collector);
        let environments = tasks[task]["environments"].as_array().unwrap();
        let run = |environment: &Value| {
            let variables = environment.as_object().unwrap().iter();
            let variables: Vec<_> = variables.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
            shell(&script, &collector, &variables)
        };
        environments.iter().map(run).collect()
    };
    share(&run("collect"), &ACCOUNTS, &collector);
    // No import is there yet to judge the newest by.
    let [judged] = &run("judge")[..] else { panic!() };
    assert!(judged.status.success(), "{}", said(judged));
}

/// What the engines have to say of an archive of some weeks: failure rates, reasons, and who got worse.
fn expected() -> [Value; 3] {
    let week = |week: &str, account: &str, series: &str, imports: u64, failed: u64, rate: Option<f64>| json!({"week": week, "account": account, "series": series, "imports": imports, "failed": failed, "rate": rate});
    let reason = |series: &str, reason: &str, label: &str, remedy: &str, counts: [u64; 3]| {
        let [faults, imports, accounts] = counts;
        json!({"series": series, "reason": reason, "label": label, "remedy": remedy, "faults": faults, "imports": imports,
               "accounts": accounts})
    };
    [
        json!([
            week("2026-03-02", "asia", "v3", 1, 1, Some(1.0 / 11.0)),
            week("2026-03-02", "europe", "v2", 2, 4, Some(0.2)),
            week("2026-03-09", "europe", "v2", 1, 2, Some(0.2)),
            week("2026-03-16", "africa", "v2", 1, 2, None),
            week("2026-03-16", "europe", "v2", 2, 4, Some(0.5)),
        ]),
        json!([
            reason("v2", "hard_bounced", "Hard bounced", "remove", [7, 5, 2]),
            reason("v2", "duplicate", "Duplicate", "ignore", [5, 5, 2]),
            reason("v3", "consent_records_not_applied", "Consent records not applied", "correct", [1, 1, 1]),
            reason("v3", "invalid_email", "Invalid Email", "correct", [1, 1, 1]),
        ]),
        json!([{
            "account": "europe", "series": "v2", "import_id": Uuid::from_u128(5), "date": "2026-03-20", "rate": 0.5,
            "usual": 0.2, "points": 30.0,
        }]),
    ]
}

/// An archive of some weeks.
fn weeks() -> Collector {
    use dotdigital_faults::sandbox::Failure;

    let collector = Collector::of(["europe", "asia", "africa"]);
    collector.imports("europe", 1..=5);
    // One that got worse, one without figures, one with nobody in it.
    let worse =
        format!("{}Hard bounced,cy@example.com\r\nHard bounced,di@example.com\r\n", crate::helpers::collector::REPORT);
    collector
        .account("europe")
        .import(Uuid::from_u128(5))
        .report(worse)
        .summary([("NewContacts", 3), ("UpdatedContacts", 1)]);
    collector
        .account("europe")
        .import(Uuid::from_u128(6))
        .report("")
        .summary([("NewContacts", 0), ("UpdatedContacts", 0)]);
    let none: [(&str, i32); 0] = [];
    collector.imports("africa", [11])[0].clone().summary(none);
    let failures = [
        Failure::new("invalidEmail", "no address").identifier("email", "bo@example@com"),
        Failure::new("consentRecordsNotApplied", "no text").contact_id(7).identifier("email", "cy@example.com"),
    ];
    let figures = [("NewContacts", 9), ("UpdatedContacts", 1)];
    collector.account("asia").import(Uuid::from_u128(21)).failures(failures).summary(figures);

    let day = |account: &str, id: u128, date: &str, end: &str| {
        let id = Uuid::from_u128(id);
        format!("{{\"account\":\"{account}\",\"import_id\":\"{id}\",\"date\":\"{date}\"{end}}}")
    };
    let list = collector.list([
        day("europe", 1, "2026-03-02", ""),
        day("europe", 2, "2026-03-08", ""),
        day("europe", 3, "2026-03-09", ""),
        day("europe", 6, "2026-03-16", ""),
        day("europe", 5, "2026-03-20", ""),
        day("africa", 11, "2026-03-22", ""),
        day("asia", 21, "2026-03-03", ",\"protocol\":\"v3\""),
    ]);
    let output = collector.collect(&["--ids", list.to_str().unwrap()]);
    out(&output);
    assert!(told(&output).iter().all(|told| told["outcome"] == "archived"), "{output:?}");
    collector
}

fn ask(engine: &str, python: PathBuf, collector: &Collector) {
    let mut command = Command::new(python);
    command.arg(peers::file("tests/peers/recipes.py")).arg(engine);
    command.arg(peers::file(&format!("docs/{engine}.sql"))).arg(collector.root());
    let output = command.current_dir(collector.folder.path()).output().unwrap();
    assert!(output.status.success(), "{engine}: {}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(rounded(&answers), rounded(&expected()), "{engine}");
}

/// In the twelfth place of a number, engines may differ.
fn rounded(answers: &[Value]) -> Vec<Vec<BTreeMap<String, String>>> {
    let cell = |value: &Value| match value.as_f64() {
        Some(number) => format!("{number:.9}"),
        None => value.to_string(),
    };
    let row = |row: &Value| row.as_object().unwrap().iter().map(|(name, value)| (name.clone(), cell(value))).collect();
    answers.iter().map(|rows| rows.as_array().unwrap().iter().map(row).collect()).collect()
}

#[test]
fn duckdb() {
    let Some(python) = peers::python_with_engines() else { return peers::skip("DuckDB") };
    ask("duckdb", python, &weeks());
}

#[test]
fn datafusion() {
    let Some(python) = peers::python_with_engines() else { return peers::skip("DataFusion") };
    ask("datafusion", python, &weeks());
}

#[test]
fn spark() {
    let Some(python) = peers::python_with_engines().filter(|_| peers::has_java()) else { return peers::skip("Spark") };
    ask("spark", python, &weeks());
}

#[test]
fn answers_to_uploads() {
    let text = recipe("import-ids.md");
    let scripts = text.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let scripts: Vec<&str> = scripts.filter(|script| script.starts_with("jq ")).collect();
    if Command::new("jq").arg("--version").output().is_err() {
        return peers::skip("jq");
    }
    let collector = handed_on(&["europe"]);
    fs::remove_file(collector.path("imports.jsonl")).unwrap();
    let answers = [json!({"id": Uuid::from_u128(0), "status": "NotFinished"}), json!({"importId": Uuid::from_u128(1)})];
    assert_eq!(scripts.len(), answers.len());
    for (script, answer) in scripts.iter().zip(&answers) {
        fs::write(collector.path("answer.json"), answer.to_string()).unwrap();
        assert!(shell(script, &collector, &[]).status.success());
    }
    // The example, too.
    let example = text.split("```json\n").nth(1).unwrap().split_once("```").unwrap().0;
    let example = example.replace("842d81e8-c619-457f-bb77-ab6c4a17da39", &Uuid::from_u128(2).to_string());
    let lines = fs::read_to_string(collector.path("imports.jsonl")).unwrap() + &example;
    fs::write(collector.path("imports.jsonl"), lines).unwrap();
    let output = collector.collect(&["--ids", collector.path("imports.jsonl").to_str().unwrap()]);
    out(&output);
    assert!(told(&output).iter().all(|told| told["outcome"] == "archived") && told(&output).len() == 3, "{output:?}");
    let asked_over_v3 = |request: &dotdigital_faults::sandbox::Request| request.path().starts_with("/contacts/v3/");
    assert!(collector.sandbox.requests().iter().any(asked_over_v3));
}

/// Where Debian has it.
const MARIADBD: &str = "/usr/sbin/mariadbd";

/// MariaDB, which ends with the test.
struct MariaDb {
    child: Child,
    socket: PathBuf,
}

impl MariaDb {
    fn start(folder: &Path) -> Option<MariaDb> {
        let (data, socket) = (folder.join("mariadb"), folder.join("mariadb.socket"));
        fs::create_dir(&data).unwrap();
        // Not in the PATH of everybody.
        let mut command = Command::new(if Path::new(MARIADBD).exists() { MARIADBD } else { "mariadbd" });
        command.args(["--no-defaults", "--user=root", "--skip-networking", "--skip-grant-tables"]);
        command.arg(format!("--datadir={}", data.display())).arg(format!("--socket={}", socket.display()));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let database = MariaDb { child, socket };
        patience::until("MariaDB never listens", || database.run("SELECT 1", &[]).status.success());
        Some(database)
    }

    fn run(&self, sql: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("mariadb");
        command.arg("--no-defaults").arg(format!("--socket={}", self.socket.display())).args(arguments);
        with_input(&mut command, sql.as_bytes())
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn magento() {
    let collector = handed_on(&["europe", "asia"]);
    if Command::new("mariadb").arg("--version").output().is_err() {
        return peers::skip("MariaDB");
    }
    let Some(database) = MariaDb::start(collector.folder.path()) else { return peers::skip("MariaDB") };
    // The table as the connector's source declares it, as far as it matters.
    let row = |number: u128, website: u8, kind: &str, mode: &str, days: u8| {
        let id = if number == 0 { String::new() } else { Uuid::from_u128(number).to_string() };
        format!("('{kind}', {website}, '{id}', '{mode}', UTC_TIMESTAMP() - INTERVAL {days} DAY)")
    };
    let rows = [
        row(1, 1, "Customer", "Bulk", 1),
        row(2, 1, "Subscriber", "Bulk_JSON", 7),
        row(101, 2, "Guest", "Bulk", 0),
        // Not sent yet, not contacts, too old, and one contact alone.
        row(0, 1, "Customer", "Bulk", 0),
        row(3, 1, "Orders", "Bulk_JSON", 0),
        row(4, 1, "Customer", "Bulk", 9),
        row(5, 1, "Contact", "Single", 0),
    ];
    let made = database.run(
        &format!(
            "CREATE DATABASE magento; USE magento;
             CREATE TABLE email_importer (
                 id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, import_type VARCHAR(255) NOT NULL DEFAULT '',
                 website_id SMALLINT NOT NULL DEFAULT 0, import_id VARCHAR(255) NOT NULL DEFAULT '',
                 import_mode VARCHAR(255) NOT NULL DEFAULT '', created_at TIMESTAMP NULL
             );
             SET time_zone = '+00:00';
             INSERT INTO email_importer (import_type, website_id, import_id, import_mode, created_at) VALUES {};",
            rows.join(", ")
        ),
        &[],
    );
    assert!(made.status.success(), "{}", said(&made));
    let lines = database.run(&recipe("magento.sql"), &["--batch", "--raw", "--skip-column-names", "magento"]);
    assert!(lines.status.success(), "{}", said(&lines));
    fs::write(collector.path("imports.jsonl"), &lines.stdout).unwrap();
    let output = collector.collect(&["--ids", collector.path("imports.jsonl").to_str().unwrap()]);
    out(&output);
    let mut ids: Vec<_> = told(&output)
        .iter()
        .map(|told| (told["account"].as_str().unwrap().to_owned(), told["import_id"].as_str().unwrap().to_owned()))
        .collect();
    ids.sort();
    let id = |number: u128| Uuid::from_u128(number).to_string();
    assert_eq!(ids, [("asia".into(), id(101)), ("europe".into(), id(1)), ("europe".into(), id(2))]);
}

#[test]
fn each_recipe_is_named_and_no_longer_than_a_screen() {
    let text = recipe("README.md");
    assert!(text.lines().count() <= 40, "{} lines", text.lines().count());
    for entry in fs::read_dir(peers::file("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_other = ["README.md", "pictures.sh"].contains(&name.as_str()) || name.ends_with("g");
        assert!(is_other || text.contains(&format!("({name})")), "{name}");
    }
}
