//! `faults collect`: every outcome and every exit code, and what stands in the archive.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::Duration;

use dotdigital_faults::sandbox::{Operation, Status, Trouble};
use serde_json::json;
use uuid::Uuid;

use crate::helpers::collector::{Collector, REPORT, line, outcomes, told};
use crate::helpers::program::{self, failure, is_one_failure, out, said};
use crate::helpers::{midnight, patience};

const HOUR: Duration = Duration::from_secs(3600);

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

#[test]
fn an_import_is_archived_once() {
    midnight::keep_away();
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [7]);
    let output = collector.collect(&[&id(7)]);
    assert_eq!(
        out(&output),
        "{\"account\":\"europe\",\"kind\":\"contact_import\",\"import_id\":\"00000000-0000-0000-0000-000000000007\",\
         \"outcome\":\"archived\",\"total\":2}\n"
    );
    assert_eq!(said(&output), "");
    let today = chrono::Utc::now().date_naive();
    let counts = collector.files("counts_v1");
    assert_eq!(counts, [format!("date={today}/{}.parquet", id(7))]);
    assert_eq!(collector.files("faults_v1"), counts);
    assert_eq!(collector.files("claims"), [format!("{}.json", id(7))]);
    let asked = collector.sandbox.requests().len();
    assert_eq!(asked, 3, "status, report and figures");

    // Again, by the list, twice, and by an argument: nothing is asked.
    let list = collector.list([id(7), line("europe", Uuid::from_u128(7)), id(7).to_uppercase()]);
    let output = collector.collect(&[&id(7), "--ids", list.to_str().unwrap()]);
    out(&output);
    assert_eq!(outcomes(&output), [(7, "skipped".into(), None)]);
    assert_eq!(collector.sandbox.requests().len(), asked);
    // Without an id, what is open is taken up, and nothing is.
    assert_eq!(out(&collector.collect(&[])), "");
}

#[test]
fn every_outcome() {
    midnight::keep_away();
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1, 2, 3, 4, 5, 6, 8, 9, 10]);
    let import = |number: u128| collector.account("europe").import(Uuid::from_u128(number));
    import(2).finished_in(HOUR);
    import(3).expired();
    import(4).expired();
    import(5).status(Status::Failed);
    import(8).report("<html><title>Busy</title></html>");
    import(9).report("");
    import(10).trouble(Trouble::status(403).always());
    out(&collector.collect(&[&id(6)]));
    collector.claim(Uuid::from_u128(4), "europe", 2);
    collector.claim(Uuid::from_u128(7), "europe", 15);
    collector.claim(Uuid::from_u128(12), "asia", 3);
    collector.claim(Uuid::from_u128(13), "europe", 31);
    let ids: Vec<_> = (1..=13).map(id).collect();
    let output = collector.command(collector.root(), &[]).args(&ids).output().unwrap();
    assert_eq!(
        outcomes(&output),
        [
            (1, "archived".to_owned(), None),
            (2, "pending".into(), None),
            (3, "pending".into(), None),
            (4, "expired".into(), None),
            (5, "ended_without_report".into(), None),
            (6, "skipped".into(), None),
            (7, "not_found".into(), None),
            (8, "failed".into(), Some(2)),
            (9, "archived".into(), None),
            (10, "failed".into(), Some(4)),
            (11, "failed".into(), Some(5)),
            (12, "skipped".into(), None),
            (13, "skipped".into(), None),
        ]
    );
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(said(&output), "faults: 3 of 13 imports failed\n");
    let told = told(&output);
    let of = |number: u128| told.iter().find(|told| told["import_id"] == id(number)).unwrap();
    assert_eq!((&of(1)["total"], &of(9)["total"], of(6).get("total")), (&json!(2), &json!(0), None));
    assert!(of(12)["error"].as_str().unwrap().contains("asia"), "{}", of(12));
    assert!(of(11)["error"].as_str().unwrap().contains("ERROR_IMPORT_NOT_FOUND"), "{}", of(11));
    // Of those that have ended for good there are counts, and faults of those that had any.
    let ids = |table: &str| -> BTreeSet<u128> {
        let id = |name: &String| name[16..52].parse::<Uuid>().unwrap().as_u128();
        collector.files(table).iter().map(id).collect()
    };
    assert_eq!(ids("counts_v1"), [1, 4, 5, 6, 7, 9].into());
    assert_eq!(ids("faults_v1"), [1, 6].into());

    // What is open is taken up without its id, and only then.
    import(2).finished_after(0).finished_in(Duration::ZERO);
    import(8).report(REPORT);
    assert_eq!(out(&collector.collect(&["--only-given"])), "");
    let output = collector.collect(&[]);
    let open = outcomes(&output);
    assert_eq!(open.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [2, 3, 8, 10, 11]);
    assert_eq!((open[0].1.as_str(), open[2].1.as_str()), ("archived", "archived"));
}

#[test]
fn every_exit_code() {
    for (trouble, code) in [
        (Trouble::usual(), 0),
        (Trouble::usual().body("<html></html>").on(Operation::ReportFaults).always(), 2),
        (Trouble::status(401).always(), 4),
        (Trouble::error("ERROR_IMPORT_NOT_FOUND").always(), 5),
        (Trouble::status(503).always(), 6),
    ] {
        let collector = Collector::of(["europe"]);
        let [import] = &collector.imports("europe", [7])[..] else { panic!() };
        import.clone().trouble(trouble);
        let output = collector.collect(&[&id(7), "--max-retries", "0"]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        let told = told(&output);
        assert_eq!(told[0].get("code"), (code > 0).then(|| json!(code)).as_ref());
        assert!(code == 0 || said(&output) == "faults: 1 of 1 imports failed\n", "{}", said(&output));
    }
}

#[test]
fn an_account_that_is_refused_stops_alone() {
    let collector = Collector::of(["europe", "asia", "africa"]);
    for (account, first) in [("europe", 10), ("asia", 20), ("africa", 30)] {
        collector.imports(account, first..first + 5);
    }
    collector.sandbox.account("asia", "another");
    fs::remove_file(collector.path("users/africa")).unwrap();
    let lines = [("europe", 10), ("asia", 20), ("africa", 30), ("mars", 40)];
    let lines =
        lines.iter().flat_map(|(account, first)| (*first..first + 5).map(|id| line(account, Uuid::from_u128(id))));
    let list = collector.list(lines);
    let output = collector.collect(&["--ids", list.to_str().unwrap()]);
    let expected: Vec<_> =
        [(10, "archived", None), (20, "failed", Some(4)), (30, "failed", Some(4)), (40, "failed", Some(2))]
            .iter()
            .flat_map(|(first, outcome, code)| (*first..first + 5).map(|id| (id, (*outcome).to_owned(), *code)))
            .collect();
    assert_eq!(outcomes(&output), expected);
    assert_eq!(output.status.code(), Some(4));
    // One request was refused, and there was none without a secret.
    let requests = collector.sandbox.requests();
    assert_eq!(requests.iter().filter(|request| !request.is_authorized()).count(), 1);
    for told in told(&output) {
        let says = |part: &str| told["error"].as_str().unwrap().contains(part);
        match told["account"].as_str().unwrap() {
            "africa" => assert!(says("users/africa") && says("can't be read"), "{told}"),
            "mars" => assert!(says("there is no account `mars`"), "{told}"),
            _ => {}
        }
    }
    // One call at a time in each.
    assert_eq!(collector.account("europe").calls().most_at_once, 1);
}

#[test]
fn the_account_of_the_environment() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [7, 8, 9]);
    let list = collector.list([id(8), line("mars", Uuid::from_u128(9))]);
    let environment = [
        ("DOTDIGITAL_USERNAME", "europe"),
        ("DOTDIGITAL_PASSWORD", crate::helpers::collector::PASSWORD),
        ("DOTDIGITAL_ENDPOINT", collector.sandbox.soap_url()),
    ];
    let run = |arguments: &[&str]| {
        let mut command = program::command(["collect", "--contacts", "keep", "--archive"]);
        command.arg(collector.root()).args(arguments).envs(environment).output().unwrap()
    };
    let output = run(&[&id(7)]);
    assert_eq!(told(&output)[0]["account"], "default");
    let output = run(&["--account", "shop", "--ids", list.to_str().unwrap()]);
    assert_eq!(outcomes(&output), [(8, "archived".into(), None), (9, "failed".into(), Some(2))]);
    assert_eq!(told(&output).iter().find(|told| told["account"] == "shop").unwrap()["import_id"], id(8));
    // It was archived under another name, which it keeps.
    let output = run(&["--account", "shop", &id(7)]);
    assert_eq!(outcomes(&output), [(7, "skipped".into(), None)]);

    // Without credentials there is no request, and all fail.
    let mut command = program::command(["collect", "--archive"]);
    let output = command.arg(collector.root()).arg(id(9)).env("DOTDIGITAL_USERNAME", "x").output().unwrap();
    assert_eq!(outcomes(&output), [(9, "failed".into(), Some(4))]);
    let message = failure(&run(&["--account", "Moon Base", &id(7)]), 2).to_owned();
    assert!(message.contains("--account: an account has a name that can't be one"), "{message}");
}

#[test]
fn usage_errors_come_before_any_request() {
    let collector = Collector::of(["europe", "asia"]);
    collector.imports("europe", [7]);
    let europe = |end: &str| format!("{{\"account\":\"europe\",\"import_id\":\"{}\"{end}}}", id(7));
    for (lines, expected) in [
        (vec![europe(""), "jo@example.com,secret".to_owned()], "line 2 of "),
        (vec![String::new(), europe(",\"secret\":1")], "line 2 of "),
        (vec![europe(",\"date\":\"yesterday\"")], "date can't be what stands there"),
        (vec![europe(",\"kind\":\"secret\"")], "kind can't be what stands there"),
        (vec![europe(",\"protocol\":\"smtp\"")], "protocol can't be what stands there"),
        (vec![europe(",")], "line 1 of "),
        (vec![europe(""), id(7), europe(",\"date\":\"2026-03-09\""), europe(",\"date\":\"2026-03-08\"")], "line 4 of "),
        (vec![europe(""), line("asia", Uuid::from_u128(7))], "line 2 of "),
        (vec![id(8)], "line 1 of "),
    ] {
        let list = collector.list(&lines);
        let output = collector.collect(&["--ids", list.to_str().unwrap()]);
        let message = failure(&output, 2);
        assert!(message.contains(expected) && is_one_failure(message), "{lines:?}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    for (arguments, expected) in [
        (&["--ids", "no/such/list"][..], "--ids \"no/such/list\" can't be read"),
        (&["--account", "mars"], "has no account \"mars\""),
        (&["--region", "r2"], "--region doesn't go with a file of accounts"),
        (&["--protocol", "rest"], "--protocol doesn't go with a file of accounts"),
        (&["--endpoint", "http://127.0.0.1:1"], "--endpoint doesn't go with a file of accounts"),
        (&["--redact-key-file", "x"], "--redact-key-file is for contacts that are hashed"),
        (&[&id(7)], "it isn't said whose it is, and there are 2 accounts"),
    ] {
        let message = failure(&collector.collect(arguments), 2).to_owned();
        assert!(message.contains(expected) && is_one_failure(&message), "{arguments:?}: {message}");
    }
    // Clap tells these.
    for arguments in [
        &["--shard", "3/3"][..],
        &["--shard", "1"],
        &["--jobs", "0"],
        &["--deadline", "0"],
        &["--memory", "much"],
        &["--contacts", "hide"],
        &["--since", "3d"],
        &["7"],
        &["842d81e8-c619-457f-bb77-ab6c4a17da3"],
    ] {
        assert_eq!(collector.collect(arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(collector.sandbox.requests().len(), 0);
    assert!(!collector.root().exists(), "nothing was made");

    // The lines of standard input, and the choice of one account.
    let mut command = collector.command(collector.root(), &["--contacts", "drop", "--account", "europe", "--ids", "-"]);
    let output = program::with_input(&mut command, format!("\u{feff}{}\r\n\r\n", id(7)).as_bytes());
    assert_eq!(outcomes(&output), [(7, "archived".into(), None)]);
    let mut command = collector.command(collector.root(), &["--account", "europe", "--ids", "-"]);
    let output = program::with_input(&mut command, line("asia", Uuid::from_u128(8)).as_bytes());
    assert_eq!(outcomes(&output), [(8, "failed".into(), Some(2))]);
}

#[test]
fn contacts_are_chosen_once() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1, 2, 3]);
    let run = |root: &str, arguments: &[&str], key: Option<&str>| {
        let mut command = collector.command(collector.path(root), arguments);
        command.envs(key.map(|key| (program::KEY, key))).output().unwrap()
    };
    let message = failure(&run("a", &[&id(1)], None), 2).to_owned();
    assert!(
        message.contains("must be chosen for a new archive\nhint: give --contacts drop, hash or keep"),
        "{message}"
    );
    assert!(!collector.path("a").exists());
    out(&run("a", &[&id(1), "--contacts", "DROP"], None));
    out(&run("a", &[&id(2)], None));
    let message = failure(&run("a", &[&id(3), "--contacts", "keep"], None), 2).to_owned();
    assert!(message.contains("made with contacts `drop`, not `keep`"), "{message}");

    let message = failure(&run("b", &[&id(1), "--contacts", "hash"], None), 2).to_owned();
    assert!(message.contains("--contacts hash needs a key in DOTDIGITAL_REDACT_KEY"), "{message}");
    failure(&run("b", &[&id(1), "--contacts", "hash"], Some("short")), 2);
    assert!(!collector.path("b").exists());
    fs::write(collector.path("key"), format!("{}\n", program::LEAST_KEY)).unwrap();
    let key_file = collector.path("key");
    out(&run("b", &[&id(1), "--contacts", "hash", "--redact-key-file", key_file.to_str().unwrap()], None));
    let message = failure(&run("b", &[&id(2)], None), 2).to_owned();
    assert!(message.contains("an archive of hashes needs a key"), "{message}");
    let message = failure(&run("b", &[&id(2)], Some("another key of 16 bytes")), 2).to_owned();
    assert!(message.contains("hashed with the key "), "{message}");
    out(&run("b", &[&id(2)], Some(program::LEAST_KEY)));

    // What is no archive is left as it is.
    fs::create_dir(collector.path("c")).unwrap();
    fs::write(collector.path("c/photo.jpg"), "x").unwrap();
    let message = failure(&run("c", &[&id(3), "--contacts", "drop"], None), 2).to_owned();
    assert!(message.contains("this is no archive"), "{message}");
    let message = failure(&run("c/photo.jpg", &[&id(3), "--contacts", "drop"], None), 2).to_owned();
    assert!(message.contains("an archive is a folder"), "{message}");
    assert_eq!(fs::read_dir(collector.path("c")).unwrap().count(), 1);
    fs::write(collector.path("a/archive.json"), "{\"schema\":2}").unwrap();
    let message = failure(&run("a", &[&id(3)], None), 2).to_owned();
    assert!(message.contains("the archive has schema 2"), "{message}");
}

#[test]
#[cfg(not(feature = "cloud"))]
fn a_bucket_needs_a_feature() {
    let collector = Collector::of(["europe"]);
    for url in ["s3://bucket/prefix", "gs://bucket", "az://container/prefix"] {
        let output = collector.command(url, &["--contacts", "drop"]).output().unwrap();
        let message = failure(&output, 2);
        assert!(message.contains("needs the feature `cloud`") && message.contains("hint: build it with"), "{message}");
    }
}

#[test]
fn two_shards_have_all_accounts_between_them() {
    let names: Vec<_> = (0..12).map(|number| format!("shop-{number}")).collect();
    let collector = Collector::of(&names);
    let mut accounts = String::new();
    for (number, name) in names.iter().enumerate() {
        collector.imports(name, [number as u128 + 1]);
        accounts += &format!(
            "[{name}]\nprotocol = 'rest'\nendpoint = '{}'\nusername_file = 'users/{name}'\n\
             password_command = ['./secret', '{name}']\n",
            collector.sandbox.rest_url()
        );
    }
    if cfg!(not(unix)) {
        return;
    }
    fs::write(collector.path("accounts.toml"), accounts).unwrap();
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$1\" >> read\ncat password\n";
    #[cfg(unix)]
    program::script(&collector.path("secret"), script);
    let lines = names.iter().enumerate().map(|(number, name)| line(name, Uuid::from_u128(number as u128 + 1)));
    // One that nobody knows is told by one of them.
    let list = collector.list(lines.chain([line("unknown", Uuid::from_u128(99))]));
    let mut all = Vec::new();
    for shard in ["0/2", "1/2"] {
        let output = collector.collect(&["--ids", list.to_str().unwrap(), "--shard", shard]);
        let told = told(&output);
        let mine: BTreeSet<_> = told.iter().map(|told| told["account"].as_str().unwrap().to_owned()).collect();
        let read = fs::read_to_string(collector.path("read")).unwrap();
        let read: BTreeSet<_> = read.lines().map(str::to_owned).collect();
        assert_eq!(read, mine.iter().filter(|name| *name != "unknown").cloned().collect(), "{shard}");
        fs::write(collector.path("read"), "").unwrap();
        assert!(!mine.is_empty() && mine.len() < 12, "{mine:?}");
        all.extend(outcomes(&output));
    }
    all.sort();
    let archived = (1..=12).map(|id| (id, "archived".to_owned(), None));
    assert_eq!(all, archived.chain([(99, "failed".to_owned(), Some(2))]).collect::<Vec<_>>());
}

#[test]
fn killed_in_the_middle_and_again() {
    let collector = Collector::of(["europe", "asia"]);
    collector.imports("europe", 1..=6);
    collector.imports("asia", 11..=16);
    let stalled = collector.account("europe").import(Uuid::from_u128(4));
    stalled.trouble(Trouble::usual().stalled_after(10, HOUR).on(Operation::ReportFaults));
    let lines = (1..=6).map(|id| line("europe", Uuid::from_u128(id)));
    let lines = lines.chain((11..=16).map(|id| line("asia", Uuid::from_u128(id))));
    let list = collector.list(lines);
    let times = ["--timeout", "1h", "--attempt-timeout", "1h", "--stall-timeout", "1h"];
    let arguments = [&["--contacts", "drop", "--ids", list.to_str().unwrap()], &times[..]].concat();
    let mut child = collector.command(collector.root(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    // All that comes in front of the one that stalls, and all of the other account.
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(9);
    let first: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(first.iter().all(|line| line.contains("\"archived\"")), "{first:?}");
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(collector.files("counts_v1").len(), 9);
    // All that was given is taken up without its id, whether it was begun or not.
    let output = collector.collect(&[]);
    assert_eq!(outcomes(&output), [4, 5, 6].map(|id| (id, "archived".into(), None)));
    assert_eq!(collector.files("counts_v1").len(), 12);
    assert_eq!(collector.files("faults_v1").len(), 12);
}

#[test]
#[cfg(unix)]
fn a_signal_lets_it_finish() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let collector = Collector::of(["europe"]);
        collector.imports("europe", 1..=4);
        let stalled = collector.account("europe").import(Uuid::from_u128(2));
        stalled.trouble(Trouble::usual().delayed(HOUR).on(Operation::ReportFaults));
        let ids: Vec<_> = (1..=4).map(id).collect();
        let mut command =
            collector.command(collector.root(), &["--contacts", "drop", "--timeout", "1h", "--attempt-timeout", "1h"]);
        let child = command.args(&ids).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let reports = || {
            let requests = collector.sandbox.requests();
            requests.iter().filter(|request| request.operation() == Some(Operation::ReportFaults)).count()
        };
        patience::until("the second report is never asked for", || reports() == 2);
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(said(&output), "faults: stopped by a signal\nhint: the next collect goes on\n");
        // The one that was begun is pending, and so are those that weren't.
        let pending = [2, 3, 4].map(|id| (id, "pending".into(), None));
        assert_eq!(outcomes(&output), [vec![(1, "archived".into(), None)], pending.to_vec()].concat());
        let told = told(&output);
        let error = |id: u128| told.iter().find(|told| told["import_id"] == self::id(id)).unwrap()["error"].clone();
        assert_eq!(error(2), "the collect was stopped before it was archived; the next collect goes on");
        assert_eq!(error(3), "the collect was stopped before the import was begun; the next collect goes on");
        // Nobody has to give them again.
        let output = collector.collect(&[]);
        assert_eq!(outcomes(&output), [2, 3, 4].map(|id| (id, "archived".into(), None)));
    }
}

/// Whatever keeps a collect from what it is given, the next one takes it up without its id.
#[test]
fn what_is_given_is_not_forgotten() {
    let lines: Vec<_> = (1..=5).map(|id| line("europe", Uuid::from_u128(id))).collect();
    let after = |spoil: &dyn Fn(&Collector), arguments: &[&str], mend: &dyn Fn(&Collector)| {
        let collector = Collector::of(["europe"]);
        collector.imports("europe", 1..=5);
        let list = collector.list(&lines);
        spoil(&collector);
        let output = collector.collect(&[arguments, &["--ids", list.to_str().unwrap()]].concat());
        assert_eq!(told(&output).len(), 5);
        assert_eq!(collector.files("claims").len(), 5, "{}", said(&output));
        let asked = collector.sandbox.requests().len();
        mend(&collector);
        let next = collector.collect(&[]);
        assert_eq!(out(&next).lines().count(), 5);
        assert_eq!(outcomes(&next), [1, 2, 3, 4, 5].map(|id| (id, "archived".into(), None)));
        (outcomes(&output), asked)
    };
    let failed = |code| [1, 2, 3, 4, 5].map(|id| (id, "failed".to_owned(), Some(code))).to_vec();
    let password =
        |text: &'static str| move |collector: &Collector| fs::write(collector.path("password"), text).unwrap();
    let right = password(crate::helpers::collector::PASSWORD);
    // A refused password, which is sent once, and none at all.
    assert_eq!(after(&password("wrong"), &[], &right), (failed(4), 1));
    assert_eq!(after(&|collector| fs::remove_file(collector.path("password")).unwrap(), &[], &right), (failed(4), 0));
    // A deadline that has passed when all begins.
    assert_eq!(after(&|_| {}, &["--deadline", "1ns"], &|_| {}), (failed(6), 0));
}

/// What is given is noted even before enrolments are listed, which may take its time.
#[test]
fn what_is_given_is_noted_before_enrolments_are_listed() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1]);
    collector.account("europe").trouble(Trouble::usual().delayed(HOUR).on(Operation::Enrolments));
    let arguments = ["--contacts", "drop", "--enrolments", "--attempt-timeout", "1h", &id(1)];
    let mut child = collector.command(collector.root(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    patience::until("nothing is ever asked", || !collector.sandbox.requests().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(outcomes(&collector.collect(&[])), [(1, "archived".into(), None)]);
}

/// The claim says how the account is asked, and a line of the list more than that.
#[test]
fn a_claim_says_what_is_known_of_an_import() {
    let collector = Collector::of(["europe"]);
    fs::remove_file(collector.path("password")).unwrap();
    let with = |number: u128, end: &str| format!("{{\"import_id\":\"{}\"{end}}}", id(number));
    let list = collector.list([
        with(1, ""),
        with(2, ",\"protocol\":\"v3\",\"date\":\"2026-03-09\""),
        with(3, ",\"kind\":\"enrolment\",\"protocol\":\"soap\""),
    ]);
    let output = collector.collect(&["--ids", list.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(4));
    let claim = |number: u128| -> serde_json::Value {
        let file = fs::read(collector.root().join(format!("claims/{}.json", id(number)))).unwrap();
        serde_json::from_slice(&file).unwrap()
    };
    let [one, two, three] = [1, 2, 3].map(claim);
    assert_eq!(
        (&one["protocol"], &one["kind"], &one["account"]),
        (&json!("rest"), &json!("contact_import"), &json!("europe"))
    );
    assert_eq!((&two["protocol"], &two["date"]), (&json!("v3"), &json!("2026-03-09")));
    assert_eq!((&three["protocol"], &three["kind"]), (&json!("rest"), &json!("enrolment")));
}

/// A protocol that is given by hand is also that of what was claimed under another one: a wrong default is no trap.
#[test]
fn a_protocol_by_hand_is_taken_for_what_is_claimed() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1]);
    let run = |protocol: &str, password: &str| {
        let mut command = program::command(["collect", "--archive"]);
        command.arg(collector.root()).args(["--contacts", "drop", "--protocol", protocol, &id(1)]);
        command.env("DOTDIGITAL_USERNAME", "europe").env("DOTDIGITAL_PASSWORD", password);
        command.env("DOTDIGITAL_ENDPOINT", collector.sandbox.rest_url()).output().unwrap()
    };
    assert_eq!(run("rest", "wrong").status.code(), Some(4));
    assert_eq!(outcomes(&run("v3", crate::helpers::collector::PASSWORD)), [(1, "archived".into(), None)]);
    let asked: Vec<_> = collector.sandbox.requests().iter().map(|request| request.path().to_owned()).collect();
    assert!(asked.iter().skip(1).all(|path| path.contains("/contacts/v3/")), "{asked:?}");
}

/// Nobody knows whose import it is whose claim is damaged: that is told, and the others are collected.
#[test]
fn a_damaged_claim_is_told() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", 1..=4);
    let claims = collector.root().join("claims");
    fs::write(collector.path("password"), "wrong").unwrap();
    assert_eq!(collector.collect(&[&id(1), &id(2), &id(3)]).status.code(), Some(4));
    fs::write(collector.path("password"), crate::helpers::collector::PASSWORD).unwrap();
    let whole = fs::read_to_string(claims.join(format!("{}.json", id(2)))).unwrap();
    for damaged in ["", "{\"schema\":1", "[]", &whole.replace("\"schema\":1", "\"schema\":2")] {
        fs::write(claims.join(format!("{}.json", id(2))), damaged).unwrap();
        let output = collector.collect(&[]);
        assert!(outcomes(&output).iter().all(|(_, outcome, _)| outcome == "archived"), "{output:?}");
        assert_eq!(output.status.code(), Some(2));
        let expected = format!(
            "faults: claims that can't be read, so that their imports weren't collected: claims/{}.json\n\
             hint: collect with the version that has put them; a damaged one is to be removed, and its import's id given again\n\
             faults: 1 claims can't be read\n",
            id(2)
        );
        assert_eq!(said(&output), expected);
        // Who gives its id is told so, too, and what is left alone isn't looked at.
        let output = collector.collect(&[&id(2), "--only-given"]);
        assert_eq!(outcomes(&output), [(2, "failed".into(), Some(2))]);
        assert_eq!(said(&output), "faults: 1 of 1 imports failed\n");
        assert_eq!(out(&collector.collect(&["--only-given"])), "");
    }
    assert_eq!(collector.files("counts_v1").len(), 2);
    fs::remove_file(claims.join(format!("{}.json", id(2)))).unwrap();
    assert_eq!(outcomes(&collector.collect(&[&id(2)])), [(2, "archived".into(), None)]);
    assert_eq!(out(&collector.collect(&[])), "");
}

#[test]
#[cfg(unix)]
fn nobody_else_can_read_an_archive() {
    use std::os::unix::fs::PermissionsExt;

    let collector = Collector::of(["europe"]);
    collector.imports("europe", 1..=3);
    out(&collector.collect(&[&id(1), &id(2), &id(3)]));
    let mut files = Vec::new();
    crate::helpers::collector::find(&collector.root(), &mut files);
    assert_eq!(files.len(), 10, "{files:?}");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    assert_eq!(fs::metadata(collector.root()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn waiting_and_a_deadline() {
    let collector = Collector::of(["europe"]);
    let imports = collector.imports("europe", 1..=4);
    imports[0].clone().finished_after(1);
    let output = collector.collect(&["--wait", &id(1)]);
    assert_eq!(outcomes(&output), [(1, "archived".into(), None)]);
    imports[1].clone().finished_in(HOUR * 24);
    let (pending, failed) = (|id| (id, "pending".to_owned(), None), |id| (id, "failed".to_owned(), Some(6)));
    // On a busy machine time may be up before anything is known of the import; then more of it.
    let output = with_more_and_more_time(|time| {
        let output = collector.collect(&["--wait", "--timeout", time, &id(2)]);
        (outcomes(&output) != [failed(2)]).then_some(output)
    });
    assert_eq!(outcomes(&output), [pending(2)]);
    out(&output);
    // The service limits calls beyond the deadline: what was begun is pending, what wasn't has failed. On a busy machine
    // nothing may be begun, or one import alone.
    let output = with_more_and_more_time(|time| {
        collector.account("europe").limit(1, HOUR);
        let output = collector.collect(&["--deadline", time, &id(2), &id(3), &id(4), "--only-given"]);
        assert_eq!(output.status.code(), Some(6), "{}", said(&output));
        let too_late = [[failed(2), failed(3), failed(4)], [pending(2), failed(3), failed(4)]];
        (!too_late.iter().any(|too_late| outcomes(&output) == *too_late)).then_some(output)
    });
    assert_eq!(outcomes(&output), [pending(2), pending(3), failed(4)]);
    assert!(collector.account("europe").calls().most_in_a_window <= 1);
}

/// What comes of it where it has enough time, however slow the machine is.
fn with_more_and_more_time(run: impl FnMut(&str) -> Option<Output>) -> Output {
    ["1s", "10s", "100s", "1000s"].into_iter().find_map(run).expect("there is never time enough")
}

#[test]
#[cfg(unix)]
fn a_second_signal_ends_it_at_once() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let collector = Collector::of(["europe"]);
    // More lines than a pipe holds that nobody reads.
    let list = collector.list((0..2_000).map(|id| line("mars", Uuid::from_u128(id))));
    let mut command = collector.command(collector.root(), &["--contacts", "drop", "--ids", list.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    patience::until("the program never begins", || collector.root().join("archive.json").exists());
    let mut ended = None;
    patience::until("no signal ends it", || {
        let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(143));
}

#[test]
fn enrolments_of_the_last_days() {
    midnight::keep_away();
    let collector = Collector::of(["europe", "asia", "africa"]);
    let day = |days: i64| (chrono::Utc::now() - chrono::TimeDelta::days(days)).to_rfc3339();
    let report = "Id,Email,TelephoneNumber,Reason\r\n1,jo@example.com,,AlreadyInProgram\r\n";
    for (account, number, days) in [("europe", 1, 1), ("europe", 2, 7), ("europe", 3, 9), ("asia", 4, 2)] {
        collector.account(account).enrolment(Uuid::from_u128(number)).created(day(days)).report(report);
    }
    collector.account("africa").keep_from_programs(true);
    let output = collector.collect(&["--enrolments"]);
    assert_eq!(
        outcomes(&output),
        [(1, "archived".into(), None), (2, "archived".into(), None), (4, "archived".into(), None)]
    );
    assert!(told(&output).iter().all(|told| told["kind"] == "enrolment" && told["total"] == 1));
    assert_eq!(output.status.code(), Some(4));
    let said = said(&output);
    assert!(said.contains("faults: account africa: its enrolments can't be listed: "), "{said}");
    assert!(said.ends_with("faults: the enrolments of 1 accounts are not known\n"), "{said}");
    // They are filed under the day on which they were created.
    let date = |number: u128, days: i64| format!("date={}/{}.parquet", &day(days)[..10], id(number));
    let files = collector.files("counts_v1");
    assert!(files.contains(&date(2, 7)) && files.contains(&date(4, 2)), "{files:?}");
    // Longer ago, and those that are there already.
    let output = collector.collect(&["--enrolments", "--since", "30d", "--account", "europe"]);
    assert_eq!(
        outcomes(&output)
            .iter()
            .filter(|(_, outcome, _)| outcome == "archived")
            .map(|(id, ..)| *id)
            .collect::<Vec<_>>(),
        [3]
    );
    out(&output);
}

#[test]
fn other_protocols_and_days() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", 1..=4);
    let with = |number: u128, end: &str| format!("{{\"import_id\":\"{}\",{end}}}", id(number));
    let list = collector.list([
        with(1, "\"protocol\":\"soap\""),
        with(2, "\"protocol\":\"v3\",\"date\":\"2026-03-09\""),
        with(3, "\"date\":\"2026-03-10\",\"kind\":\"contact_import\""),
    ]);
    let output = collector.collect(&["--ids", list.to_str().unwrap()]);
    out(&output);
    assert_eq!(outcomes(&output).len(), 3);
    let files = collector.files("counts_v1");
    assert!(files.contains(&format!("date=2026-03-09/{}.parquet", id(2))), "{files:?}");
    assert!(files.contains(&format!("date=2026-03-10/{}.parquet", id(3))), "{files:?}");
    let requests = collector.sandbox.requests();
    assert!(requests.iter().any(|request| request.path().contains("api.svc")));
    assert!(requests.iter().any(|request| request.path().contains("/contacts/v3/")));
    // One call at a time, whatever the protocol.
    assert_eq!(collector.account("europe").calls().most_at_once, 1);

    // An address of SOAP that isn't as documented has no twin.
    let accounts = fs::read_to_string(collector.path("accounts.toml")).unwrap();
    let accounts = accounts.replace("rest", "soap").replace("endpoint = '", "endpoint = 'http://127.0.0.1:1/moon' # '");
    fs::write(collector.path("accounts.toml"), accounts).unwrap();
    let list = collector.list([with(4, "\"protocol\":\"v3\"")]);
    let message = failure(&collector.collect(&["--ids", list.to_str().unwrap()]), 2).to_owned();
    assert!(message.contains("line 1 of ") && message.contains("one of SOAP"), "{message}");
}

#[test]
#[cfg(unix)]
fn it_goes_on_where_nobody_reads() {
    let collector = Collector::of(["europe"]);
    collector.imports("europe", 1..=40);
    let ids: Vec<_> = (1..=40).map(id).collect();
    let mut command = collector.command(collector.root(), &["--contacts", "drop"]);
    let mut child = command.args(&ids).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), said(&output)), (Some(0), ""));
    assert_eq!(collector.files("counts_v1").len(), 40);
}

/// A disk on which there is no room for its lines mustn't keep it from its work.
#[test]
#[cfg(target_os = "linux")]
fn it_goes_on_where_nothing_can_be_written() {
    let collector = Collector::of(["europe"]);
    let imports = collector.imports("europe", 1..=10);
    let run = |ids: &[String]| {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        collector.command(collector.root(), &["--contacts", "drop"]).args(ids).stdout(full).output().unwrap()
    };
    let output = run(&(1..=9).map(id).collect::<Vec<_>>());
    assert_eq!(collector.files("counts_v1").len(), 9);
    let unwritten = |lines: u64| {
        format!(
            "faults: the output can't be written: No space left on device (os error 28)\n\
             hint: what was collected is in the archive; {lines} lines are missing\n"
        )
    };
    assert_eq!((output.status.code(), said(&output)), (Some(2), &*unwritten(9)));
    // A failure is told besides, and is the worse one.
    imports[9].clone().trouble(Trouble::status(403).always());
    let output = run(&[id(10)]);
    let expected = format!("{}faults: 1 of 1 imports failed\n", unwritten(1));
    assert_eq!((output.status.code(), said(&output)), (Some(4), &*expected));
}
