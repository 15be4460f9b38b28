//! Archives in real stores: S3, as moto's server has it, and Azure, as Azurite has it. Both refuse to write over what is
//! there, which is all that keeps workers apart.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use arrow_array::RecordBatch;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::TryStreamExt;
use hmac::{Hmac, KeyInit, Mac};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use crate::helpers::collector::{Collector, outcomes};
use crate::helpers::http;
use crate::helpers::peers::{self, Running};
use crate::helpers::program::said;

/// The account that every Azurite has, and its key, as its documentation has them.
const AZURITE: (&str, &str) =
    ("devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==");

/// A store that runs, with an empty bucket or container named `archives`.
struct Store {
    server: Running,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    S3,
    Azure,
}

impl Store {
    #[track_caller]
    fn start(kind: Kind) -> Option<Store> {
        let (server, request, headers) = match kind {
            Kind::S3 => {
                let Some(python) = peers::python_with_moto() else {
                    peers::skip("Python's moto");
                    return None;
                };
                let start = |own: SocketAddr| {
                    let mut command = Command::new(&python);
                    command.arg(peers::file("tests/peers/moto_server.py")).arg(own.port().to_string());
                    command.stderr(Stdio::null());
                    command
                };
                (Running::start(start), "PUT /archives".to_owned(), Vec::new())
            }
            Kind::Azure => {
                let Some(azurite) = peers::azurite() else {
                    peers::skip("Azurite");
                    return None;
                };
                let start = |own: SocketAddr| {
                    let mut command = Command::new(&azurite);
                    command.args(["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]);
                    command.args(["--blobPort", &own.port().to_string()]).stderr(Stdio::null());
                    command
                };
                (Running::start(start), format!("PUT /{}/archives?restype=container", AZURITE.0), to_make_a_container())
            }
        };
        let headers: Vec<&str> = headers.iter().map(String::as_str).chain(["Content-Length: 0"]).collect();
        let made = http::send(server.address(), &request, &headers, b"").unwrap();
        assert!(matches!(made.status, 200 | 201), "{made:?}");
        Some(Store { server, kind })
    }

    fn url(&self, prefix: &str) -> String {
        match self.kind {
            Kind::S3 => format!("s3://archives/{prefix}"),
            Kind::Azure => format!("az://archives/{prefix}"),
        }
    }

    /// What a worker hears of its environment, where the store is at that address.
    fn environment(&self, address: SocketAddr) -> Vec<(&'static str, String)> {
        let url = format!("http://{address}");
        let pairs: &[_] = match self.kind {
            Kind::S3 => &[
                ("AWS_ENDPOINT_URL", url.as_str()),
                ("AWS_ALLOW_HTTP", "true"),
                ("AWS_ACCESS_KEY_ID", "anybody"),
                ("AWS_SECRET_ACCESS_KEY", "anything"),
                ("AWS_REGION", "us-east-1"),
            ],
            Kind::Azure => &[("AZURE_STORAGE_USE_EMULATOR", "true"), ("AZURITE_BLOB_STORAGE_URL", url.as_str())],
        };
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    /// The store, as the test itself sees it.
    fn seen(&self) -> Arc<dyn ObjectStore> {
        let url = format!("http://{}", self.server.address());
        match self.kind {
            Kind::S3 => {
                let builder =
                    AmazonS3Builder::new().with_bucket_name("archives").with_endpoint(url).with_allow_http(true);
                let builder = builder.with_region("us-east-1").with_access_key_id("anybody");
                Arc::new(builder.with_secret_access_key("anything").build().unwrap())
            }
            Kind::Azure => {
                let builder = MicrosoftAzureBuilder::new().with_container_name("archives").with_allow_http(true);
                let builder = builder.with_account(AZURITE.0).with_access_key(AZURITE.1);
                Arc::new(builder.with_endpoint(format!("{url}/{}", AZURITE.0)).build().unwrap())
            }
        }
    }

    /// A worker that collects into a prefix of the store, which it finds at that address.
    fn worker(&self, collector: &Collector, prefix: &str, address: SocketAddr, list: &std::path::Path) -> Command {
        let mut command = collector.command(self.url(prefix), &["--contacts", "keep", "--ids", list.to_str().unwrap()]);
        command.envs(self.environment(address)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What stands below a prefix, but for what no two runs have alike: when it was written.
    fn state(&self, prefix: &str) -> BTreeMap<String, Content> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = self.seen();
            let root = Path::from(prefix);
            let files: Vec<_> = store.list(Some(&root)).try_collect().await.unwrap();
            let mut state = BTreeMap::new();
            for file in files {
                let bytes = store.get(&file.location).await.unwrap().bytes().await.unwrap();
                let name = file.location.as_ref().strip_prefix(prefix).unwrap().to_owned();
                let content = if name.ends_with(".json") { json(&bytes) } else { rows(bytes) };
                assert!(state.insert(name, content).is_none());
            }
            state
        })
    }
}

/// What a file says.
#[derive(Debug, PartialEq)]
enum Content {
    Json(Value),
    Rows(Vec<RecordBatch>),
}

fn json(bytes: &[u8]) -> Content {
    let mut value: Value = serde_json::from_slice(bytes).unwrap();
    for member in ["created_at", "claimed_at"] {
        value.as_object_mut().unwrap().remove(member);
    }
    Content::Json(value)
}

fn rows(bytes: Bytes) -> Content {
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let without_time = |batch: RecordBatch| {
        let mut batch = batch;
        batch.remove_column(batch.schema().index_of("archived_at").unwrap());
        batch
    };
    Content::Rows(batches.map(|batch| without_time(batch.unwrap())).collect())
}

/// The headers of a request for a container, signed as Azure wants it.
fn to_make_a_container() -> Vec<String> {
    let date = chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let version = "2021-08-06";
    let (account, key) = AZURITE;
    let signed = format!(
        "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{account}/{account}/archives\nrestype:container"
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    mac.update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    vec![
        format!("x-ms-date: {date}"),
        format!("x-ms-version: {version}"),
        format!("Authorization: SharedKey {account}:{signature}"),
    ]
}

/// On which side of a store a worker is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    /// What it puts never arrives.
    Before,
    /// What it puts is there, and it never hears so.
    Behind,
}

/// A way to a store on which one of the puts is the last: from there on, nothing passes on its connection.
struct Toll {
    address: SocketAddr,
    /// Hears that the last has come so far.
    reached: Receiver<()>,
}

impl Toll {
    /// In front of the store, with the put of that number, from 1, as the last.
    fn at(store: SocketAddr, last: usize, side: Side) -> Toll {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, reached) = channel();
        let puts = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for worker in listener.incoming() {
                let (worker, store) = (worker.unwrap(), TcpStream::connect(store).unwrap());
                let (tell, puts) = (tell.clone(), Arc::clone(&puts));
                thread::spawn(move || pass(worker, store, &puts, last, side, &tell));
            }
        });
        Toll { address, reached }
    }
}

/// Passes on what is said, a connection's two ways in turns: HTTP speaks so.
fn pass(mut worker: TcpStream, mut store: TcpStream, puts: &AtomicUsize, last: usize, side: Side, tell: &Sender<()>) {
    let is_last = Arc::new(AtomicUsize::new(0));
    let (mut answers, mut hearing) = (store.try_clone().unwrap(), worker.try_clone().unwrap());
    let (is_held, told) = (Arc::clone(&is_last), tell.clone());
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = answers.read(&mut buffer) {
            if is_held.load(Ordering::SeqCst) == 1 {
                _ = told.send(());
                return;
            }
            if hearing.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        _ = hearing.shutdown(Shutdown::Both);
    });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = worker.read(&mut buffer) {
        // A request begins what is read, since the one before has been answered.
        if buffer.starts_with(b"PUT ") && puts.fetch_add(1, Ordering::SeqCst) + 1 == last {
            if side == Side::Before {
                _ = tell.send(());
                return;
            }
            is_last.store(1, Ordering::SeqCst);
        }
        if store.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    _ = store.shutdown(Shutdown::Both);
}

/// A line that names an import of an account, and its day.
fn line(account: &str, id: u128) -> String {
    let id = Uuid::from_u128(id);
    format!("{{\"account\":\"{account}\",\"import_id\":\"{id}\",\"date\":\"2026-03-09\"}}")
}

/// Two workers race over the same imports: each is archived once, and what stands there is what one alone leaves.
fn race(kind: Kind) {
    let Some(store) = Store::start(kind) else { return };
    let collector = Collector::of(["europe", "asia", "africa"]);
    let mut lines = Vec::new();
    for (account, first) in [("europe", 1), ("asia", 101), ("africa", 201)] {
        collector.imports(account, first..first + 8);
        lines.extend((first..first + 8).map(|id| line(account, id)));
    }
    let list = collector.list(&lines);
    let worker = |prefix: &str| store.worker(&collector, prefix, store.server.address(), &list);

    let alone = worker("alone").output().unwrap();
    assert_eq!(alone.status.code(), Some(0), "{}", said(&alone));
    let clean = store.state("alone");
    // The manifest; and of each import a claim, its faults and its counts.
    assert_eq!(clean.len(), 1 + 3 * 24);
    let Content::Json(manifest) = &clean["/archive.json"] else { panic!() };
    assert_eq!(manifest["conditional_puts"], true);

    for round in 0..3 {
        let prefix = format!("race-{round}");
        let racing = [(); 2].map(|()| worker(&prefix).spawn().unwrap());
        let ended = racing.map(|child| child.wait_with_output().unwrap());
        let mut archived = Vec::new();
        for output in &ended {
            assert_eq!(output.status.code(), Some(0), "{}", said(output));
            let outcomes = outcomes(output);
            assert!(outcomes.iter().all(|(_, outcome, _)| ["archived", "skipped"].contains(&outcome.as_str())));
            archived.extend(outcomes.into_iter().filter(|(_, outcome, _)| outcome == "archived").map(|(id, ..)| id));
        }
        assert_eq!((archived.len(), archived.iter().collect::<BTreeSet<_>>().len()), (24, 24), "each once");
        assert_eq!(store.state(&prefix), clean, "round {round}");
    }
    // And nothing is left to do.
    let output = worker("race-0").output().unwrap();
    assert!(outcomes(&output).iter().all(|(_, outcome, _)| outcome == "skipped"));
}

/// A worker is killed at each of its puts, on either side of the store; the next one ends in the same state.
fn kills(kind: Kind) {
    let Some(store) = Store::start(kind) else { return };
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1, 2]);
    let list = collector.list([line("europe", 1), line("europe", 2)]);
    let direct = store.server.address();
    let alone = store.worker(&collector, "alone", direct, &list).output().unwrap();
    assert_eq!(alone.status.code(), Some(0), "{}", said(&alone));
    let clean = store.state("alone");

    let mut puts = 0;
    'puts: for last in 1.. {
        for side in [Side::Before, Side::Behind] {
            let prefix = format!("killed-{last}-{side:?}").to_ascii_lowercase();
            let toll = Toll::at(direct, last, side);
            let mut child = store.worker(&collector, &prefix, toll.address, &list).spawn().unwrap();
            let mut was_reached = false;
            crate::helpers::patience::until("the worker neither gets there nor ends", || {
                was_reached = toll.reached.try_recv().is_ok();
                was_reached || child.try_wait().unwrap().is_some()
            });
            if !was_reached {
                assert_eq!(store.state(&prefix), clean);
                break 'puts;
            }
            child.kill().unwrap();
            let killed = child.wait_with_output().unwrap();
            let next = store.worker(&collector, &prefix, direct, &list).output().unwrap();
            assert_eq!(next.status.code(), Some(0), "{last} {side:?}: {}", said(&next));
            // What the killed one has told is archived, and the next one tells nothing of it but that.
            let archived = [&killed, &next].map(|output| {
                let archived = outcomes(output).into_iter().filter(|(_, outcome, _)| outcome == "archived");
                archived.map(|(id, ..)| id).collect::<BTreeSet<_>>()
            });
            assert!(archived[0].is_disjoint(&archived[1]), "{last} {side:?}: {archived:?}");
            assert_eq!(store.state(&prefix), clean, "{last} {side:?}");
        }
        puts = last;
    }
    // The manifest, twice; and of each import the claim, the faults and the counts.
    assert_eq!(puts, 2 + 2 * 3);
}

#[test]
fn two_workers_race_over_s3() {
    race(Kind::S3);
}

#[test]
fn two_workers_race_over_azure() {
    race(Kind::Azure);
}

#[test]
fn a_worker_is_killed_at_each_put_to_s3() {
    kills(Kind::S3);
}

#[test]
fn a_worker_is_killed_at_each_put_to_azure() {
    kills(Kind::Azure);
}

#[test]
fn a_bucket_that_is_not_there() {
    let Some(store) = Store::start(Kind::S3) else { return };
    let collector = Collector::of(["europe"]);
    collector.imports("europe", [1]);
    let mut command =
        collector.command("s3://nowhere/prefix", &["--contacts", "drop", &Uuid::from_u128(1).to_string()]);
    let output = command.envs(store.environment(store.server.address())).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!said(&output).contains("anything"), "the secret is told: {}", said(&output));
    assert_eq!(collector.sandbox.requests().len(), 0);
}
