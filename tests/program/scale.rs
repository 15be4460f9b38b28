//! Many accounts and many imports at once: for figures, and so only by hand.
//!
//! `cargo test --release --all-features --test program -- --ignored --nocapture scale::`

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use crate::helpers::collector::{Collector, REPORT, line};
use crate::helpers::memory::held;

const ACCOUNTS: usize = 2_000;
const IMPORTS: usize = 10;
const WORKERS: usize = 3;
/// Calls a window, so that each account reaches it twice.
const LIMIT: (u32, Duration) = (12, Duration::from_secs(60));

/// The most memory that a process has had until it ended.
fn peak_of(process: u32) -> thread::JoinHandle<u64> {
    thread::spawn(move || {
        let mut peak = 0;
        // Once it is over, there is nothing to read, or no line of it.
        while let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) {
            let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { break };
            peak = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024;
            thread::sleep(Duration::from_millis(20));
        }
        peak
    })
}

#[test]
#[ignore = "it takes minutes, and is for figures"]
fn two_thousand_accounts_in_three_shards() {
    let names: Vec<_> = (0..ACCOUNTS).map(|number| format!("account-{number}")).collect();
    let before = held().memory;
    let collector = Collector::of(&names);
    let report: Arc<[u8]> = REPORT.as_bytes().into();
    let mut lines = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let account = collector.account(name);
        account.limit(LIMIT.0, LIMIT.1);
        for import in 0..IMPORTS {
            let id = Uuid::from_u128((number * IMPORTS + import) as u128);
            account.import(id).shared_report(Arc::clone(&report)).summary([("NewContacts", 8), ("UpdatedContacts", 0)]);
            lines.push(line(name, id));
        }
    }
    let list = collector.list(&lines);
    println!("stand-in: {} MiB for {ACCOUNTS} accounts and {} imports", (held().memory - before) >> 20, lines.len());

    let began = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|index| {
            let shard = format!("{index}/{WORKERS}");
            let arguments = ["--contacts", "drop", "--ids", list.to_str().unwrap(), "--shard", &shard, "--jobs", "16"];
            let mut command = collector.command(collector.root(), &arguments);
            let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
            let peak = peak_of(child.id());
            thread::spawn(move || {
                let output = child.wait_with_output().unwrap();
                (output, began.elapsed(), peak.join().unwrap())
            })
        })
        .collect();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for (index, worker) in workers.into_iter().enumerate() {
        let (output, time, peak) = worker.join().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        for line in told.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            *outcomes.entry(line["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        println!("worker {index}: {} imports, {:.1} s, {peak} MiB at most", told.lines().count(), time.as_secs_f64());
        assert_eq!(output.status.code(), Some(0));
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("together: {outcomes:?} in {seconds:.1} s, {:.0} imports a second", lines.len() as f64 / seconds);
    assert_eq!(outcomes, [("archived".to_owned(), lines.len())].into());

    let calls: Vec<_> = names.iter().map(|name| collector.account(name).calls()).collect();
    let most = |figure: fn(&dotdigital_faults::sandbox::Calls) -> u64| calls.iter().map(figure).max().unwrap();
    println!(
        "calls: {} in all, {} of an account; at most {} a window of {}, {} refused, {} at once of an account",
        calls.iter().map(|calls| calls.total).sum::<u64>(),
        most(|calls| calls.total),
        most(|calls| calls.most_in_a_window),
        LIMIT.0,
        calls.iter().map(|calls| calls.refused).sum::<u64>(),
        most(|calls| calls.most_at_once),
    );
    assert!(calls.iter().all(|calls| calls.most_in_a_window <= LIMIT.0.into() && calls.most_at_once == 1));
    assert_eq!(collector.files("counts_v1").len(), lines.len());

    // Again: nothing is asked.
    let asked: u64 = calls.iter().map(|calls| calls.total).sum();
    let began = Instant::now();
    let output = collector.collect(&["--ids", list.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    println!("again, by one worker: {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(names.iter().map(|name| collector.account(name).calls().total).sum::<u64>(), asked);
}
