//! However many calls a process makes, from however many threads, and however many of them are dropped on the way: file
//! handles, threads and memory return to what they were after the first ones. The service is in another process.

use std::process::Child;
use std::time::{Duration, Instant};

use dotdigital_faults::sandbox::Sandbox;
use dotdigital_faults::{Client, Credentials, Protocol, blocking};
use uuid::Uuid;

use crate::helpers::memory::{Held, held};
use crate::helpers::server::patient;
use crate::helpers::{ID, child, patience};

/// How many calls; 10000 to measure.
const CALLS: &str = "DOTDIGITAL_FAULTS_TEST_CALLS";
/// What the process is given that is the service.
const SERVICE: &str = "service";
const THREADS: usize = 64;
/// How much the allocator may keep, or lay out otherwise, of what was given back.
const LARGEST_REST: u64 = 8 << 20;
/// After so many rounds it has laid out all that threads may need at once; what grows on is never given back.
const MOST_ROUNDS: usize = 8;

fn calls() -> usize {
    std::env::var(CALLS).ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// Is this the process that makes the calls? The others are the test itself, which waits for it, and the service.
#[track_caller]
fn is_caller(test: &str) -> bool {
    match child::given().as_deref() {
        None => child::run(module_path!(), test, "caller", &[]),
        Some(SERVICE) => {
            let sandbox = Sandbox::builder().credentials("x", "y").start().unwrap();
            let rows: String = (0..1_000).map(|row| format!("Hard bounced,jo{row}@example.com,Jo\r\n")).collect();
            sandbox.import(ID).report(format!("Reason,email,name\r\n{rows}"));
            child::tell(sandbox.soap_url());
        }
        Some(_) => return true,
    }
    false
}

/// The service, for a test of this module, and a client of it.
fn start(test: &str) -> (Child, Client) {
    let (service, endpoint) = child::start(module_path!(), test, SERVICE);
    let client = patient(Client::builder(Credentials::new("x", "y"))).protocol(Protocol::Soap).endpoint(endpoint);
    (service, client.max_retries(0).build().unwrap())
}

async fn call(client: &Client, number: usize) {
    match number % 4 {
        0 => assert_eq!(client.report_faults(ID).await.unwrap().len(), 1_000),
        1 => assert_eq!(client.reason_counts(ID).await.unwrap().total(), 1_000),
        2 => drop(client.import_status(ID).await.unwrap()),
        _ => assert!(client.reason_counts(Uuid::nil()).await.unwrap_err().is_not_there()),
    }
}

/// All is given back, once what is closed in the background is closed.
#[track_caller]
fn assert_given_back(what: &str, before: Held) {
    let now = closed(before);
    println!("{what}: before {before:?}, behind them {now:?}");
    assert!(now.memory < before.memory + LARGEST_REST, "{what}: before {before:?}, behind them {now:?}");
}

/// What is held once no more handles and threads are than there were.
#[track_caller]
fn closed(before: Held) -> Held {
    patience::until(&format!("{before:?} before, and now {:?}", held()), || {
        let now = held();
        now.handles <= before.handles && now.threads <= before.threads
    });
    held()
}

#[test]
fn many_calls() {
    if !is_caller("many_calls") {
        return;
    }
    let (mut service, client) = start("many_calls");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for number in 0..100 {
            call(&client, number).await;
        }
        let before = held();
        for number in 0..calls() {
            call(&client, number).await;
        }
        assert_given_back(&format!("{} calls", calls()), before);
    });
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn many_threads() {
    if !is_caller("many_threads") {
        return;
    }
    let (mut service, client) = start("many_threads");
    let client = blocking::Client::from_async(client).unwrap();
    let round = |calls: usize| {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || {
                    for number in (thread..calls).step_by(THREADS) {
                        match number % 2 {
                            0 => assert_eq!(client.report_faults(ID).unwrap().len(), 1_000),
                            _ => assert_eq!(client.reason_counts(ID).unwrap().total(), 1_000),
                        }
                    }
                });
            }
        });
    };
    // Twice, so that every thread of a pool and every connection that may be kept is there.
    round(4 * THREADS);
    round(4 * THREADS);
    let mut rounds = Vec::new();
    let is_given_back = (0..MOST_ROUNDS).any(|_| {
        let before = held();
        round(calls());
        let now = closed(before);
        rounds.push((before, now));
        now.memory < before.memory + LARGEST_REST
    });
    println!("{} calls of {THREADS} threads: {rounds:?}", calls());
    assert!(is_given_back, "{} calls of {THREADS} threads: {rounds:?}", calls());
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn dropped_futures() {
    if !is_caller("dropped_futures") {
        return;
    }
    let (mut service, client) = start("dropped_futures");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let drop_some = async |count: usize| {
            let mut dropped = 0;
            for number in 0..count {
                // While it connects, in the middle of the answer, or behind it; and each fourth as soon as it was polled, so
                // that many are dropped however fast the machine is.
                let patience = if number % 4 == 0 { 0 } else { number * 97 % 6_000 };
                let patience = Duration::from_micros(patience as u64);
                let call = call(&client, number);
                dropped += usize::from(tokio::time::timeout(patience, call).await.is_err());
            }
            dropped
        };
        let _ = drop_some(200).await;
        // A call that goes well shows that the client is as good as new, and that the connections are at rest.
        call(&client, 0).await;
        let before = held();
        let dropped = drop_some(calls()).await;
        call(&client, 0).await;
        // What the runtime does in the background, it does while it runs.
        let start = Instant::now();
        while held().handles > before.handles && start.elapsed() < patience::HANG {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_given_back(&format!("{} calls, {dropped} of them dropped", calls()), before);
        assert!(dropped > calls() / 10, "{dropped} were dropped");
    });
    service.kill().unwrap();
    service.wait().unwrap();
}
