//! Collecting by the library alone: which clients are made when, who waits for whom, and what ends it early.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dotdigital_faults::archive::{
    Account, Archive, CollectOptions, CollectProgress, Collected, Outcome, Shard, Stop, Wanted, blocking,
};
use dotdigital_faults::arrow::Contacts;
use dotdigital_faults::{AccountName, ErrorKind, Progress, Protocol, Redactor};
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use uuid::Uuid;

use crate::helpers::clock::clock;
use crate::helpers::server::*;

const STATUS: &str = r#"{"id":"842d81e8-c619-457f-bb77-ab6c4a17da39","status":"Finished"}"#;
const FIGURES: &str = r#"{"newContacts":5,"updatedContacts":2,"hardBounced":2}"#;

fn name(name: &str) -> AccountName {
    name.parse().unwrap()
}

fn wanted(account: &str, ids: impl IntoIterator<Item = u128>) -> Vec<Wanted> {
    ids.into_iter().map(|id| Wanted::new(name(account), Uuid::from_u128(id))).collect()
}

async fn archive(contacts: &Contacts) -> Archive {
    Archive::create_in(Arc::new(InMemory::new()), "", Some(contacts)).await.unwrap()
}

/// An account whose imports a server tells, over REST unless another protocol is asked for; and how many clients were made.
fn account(account: &str, server: &Arc<Server>) -> (Account, Arc<AtomicUsize>) {
    let made = Arc::<AtomicUsize>::default();
    let (server, count) = (Arc::clone(server), Arc::clone(&made));
    let account = Account::new(name(account), Protocol::Rest, move |protocol| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(server.client(protocol).build()?)
    });
    (account, made)
}

/// Collects, and gives what was told, in order.
async fn collect(
    archive: &Archive,
    accounts: Vec<Account>,
    imports: Vec<Wanted>,
    options: &CollectOptions,
) -> Vec<Collected> {
    let mut told = Vec::new();
    archive.collect(accounts, imports, options, |collected| told.push(collected.clone())).await.unwrap();
    told
}

#[tokio::test(start_paused = true)]
async fn an_account_that_waits_keeps_nobody_from_work() {
    let (mut clock, time) = clock();
    let limited = answer("429 Too Many Requests", "Retry-After: 50\r\n", "");
    let slow = Arc::new(Server::start([limited, ok(STATUS), ok(REPORT), ok(FIGURES)]));
    let quick = Arc::new(Server::start([ok(STATUS), ok(REPORT), ok(FIGURES)]));
    let accounts = vec![account("slow", &slow).0, account("quick", &quick).0];
    let imports = [wanted("slow", [1]), wanted("quick", [2])].concat();
    let limits = Arc::<Mutex<Vec<u64>>>::default();
    let noted = Arc::clone(&limits);
    // One place for both.
    let options = CollectOptions::new().jobs(1).observed_by(move |progress| {
        if let CollectProgress::Asking { progress: Progress::Limited { pause, .. }, .. } = progress {
            noted.lock().unwrap().push(pause.as_secs());
            time.pass(*pause);
        }
    });
    let told = clock.during(async move { collect(&archive(&Contacts::Drop).await, accounts, imports, &options).await });
    let told: Vec<_> = told.await.iter().map(|told| (told.account.to_string(), told.outcome, told.total)).collect();
    let archived = |account: &str| (account.to_owned(), Outcome::Archived, Some(3));
    assert_eq!((told, &**limits.lock().unwrap()), (vec![archived("quick"), archived("slow")], &[50][..]));
}

#[tokio::test]
async fn clients_are_made_when_they_are_needed() {
    let server = Arc::new(Server::start([ok(STATUS), ok(REPORT), ok(FIGURES), ok(STATUS), ok(REPORT), ok(FIGURES)]));
    let kept = archive(&Contacts::Keep).await;
    let (shop, made) = account("shop", &server);
    let (idle, made_idle) = account("idle", &server);
    // The same id twice is one.
    let options = CollectOptions::new();
    let told = collect(&kept, vec![shop.clone(), idle.clone()], wanted("shop", [1, 2, 1]), &options).await;
    assert_eq!(told.iter().map(|told| told.outcome).collect::<Vec<_>>(), [Outcome::Archived; 2]);
    assert_eq!((made.load(Ordering::SeqCst), made_idle.load(Ordering::SeqCst)), (1, 0));
    // What is archived needs none, and no account of another shard does.
    let told = collect(&kept, vec![shop.clone()], wanted("shop", [1, 2]), &options).await;
    assert_eq!(told.iter().map(|told| told.outcome).collect::<Vec<_>>(), [Outcome::Skipped; 2]);
    let other = (0..2).map(|index| Shard::new(index, 2).unwrap()).find(|shard| !shard.has(&name("shop"))).unwrap();
    assert!(collect(&kept, vec![shop], wanted("shop", [3]), &CollectOptions::new().shard(other)).await.is_empty());
    assert_eq!((made.load(Ordering::SeqCst), server.requests().len()), (1, 6));
}

#[tokio::test]
async fn credentials_that_cannot_be_had_fail_their_account_alone() {
    let server = Arc::new(Server::start([ok(STATUS), ok(REPORT), ok(FIGURES)]));
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let broken = Account::new(name("broken"), Protocol::Rest, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Err("the vault is closed".into())
    });
    let accounts = vec![broken, account("shop", &server).0];
    let imports = [wanted("broken", [1, 2]), wanted("shop", [3]), wanted("nobody", [4])].concat();
    let mut told = collect(&archive(&Contacts::Drop).await, accounts, imports, &CollectOptions::new()).await;
    told.sort_by_key(|told| told.id);
    let codes: Vec<_> = told.iter().map(Collected::code).collect();
    assert_eq!((codes, asked.load(Ordering::SeqCst)), (vec![Some(4), Some(4), None, Some(2)], 1));
    let error = |told: &Collected| told.error.as_ref().unwrap().to_string();
    assert_eq!(error(&told[0]), "the credentials of the account can't be had: the vault is closed");
    assert_eq!(error(&told[3]), "there is no account `nobody`");
}

/// A store that takes its time keeps a collect that is to end for no more than ten seconds. What wasn't claimed by then is told.
#[tokio::test(start_paused = true)]
async fn claims_are_not_waited_for_for_ever() {
    let server = Arc::new(Server::start([]));
    let store = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
    let kept = Archive::create_in(Arc::clone(&store) as _, "", Some(&Contacts::Drop)).await.unwrap();
    let ids = wanted("shop", 1..=20);
    let (stop, begun) = (Stop::new(), tokio::time::Instant::now());
    stop.now();
    store.config_mut(|config| config.wait_put_per_call = Duration::from_secs(4));
    // Sixteen are put at once, and those that come next, too: ten seconds are enough.
    let told = collect(&kept, vec![account("shop", &server).0], ids, &CollectOptions::new().stop(&stop)).await;
    assert_eq!(told.iter().map(|told| told.outcome).collect::<Vec<_>>(), [Outcome::Pending; 20]);
    assert_eq!((kept.open_claims().await.unwrap().len(), begun.elapsed()), (20, Duration::from_secs(8)));

    store.config_mut(|config| config.wait_put_per_call = Duration::from_secs(3600));
    let begun = tokio::time::Instant::now();
    let options = CollectOptions::new().deadline(begun.into_std() + Duration::from_secs(5));
    let told = collect(&kept, vec![account("shop", &server).0], wanted("shop", 21..=22), &options).await;
    // Ten seconds behind the deadline.
    assert_eq!(begun.elapsed(), Duration::from_secs(15));
    let unclaimed: Vec<_> = told.iter().filter(|told| told.id.uuid().as_u128() > 20).collect();
    assert_eq!(unclaimed.iter().map(|told| told.code()).collect::<Vec<_>>(), [Some(6); 2]);
    assert_eq!(
        unclaimed[0].error.as_ref().unwrap().to_string(),
        "the deadline of the whole collect passed before it was claimed; give its id again: the archive doesn't know it yet"
    );
    // Those that are claimed were never begun.
    assert_eq!((told.len(), kept.open_claims().await.unwrap().len(), server.requests().len()), (22, 20, 0));
    assert!(told.iter().all(|told| told.outcome == Outcome::Failed));
}

#[tokio::test]
async fn what_is_no_report_fails() {
    let server = Arc::new(Server::start([ok(STATUS), ok("<html>sorry</html>")]));
    let kept = archive(&Contacts::Drop).await;
    let told = collect(&kept, vec![account("shop", &server).0], wanted("shop", [1]), &CollectOptions::new()).await;
    assert_eq!(told.iter().map(|told| (told.outcome, told.code())).collect::<Vec<_>>(), [(Outcome::Failed, Some(2))]);
    // It is taken up once more, unless that isn't wanted.
    let options = CollectOptions::new().only_given(true);
    assert!(collect(&kept, vec![account("shop", &server).0], vec![], &options).await.is_empty());
    let told = collect(&kept, vec![account("shop", &server).0], vec![], &CollectOptions::new()).await;
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn the_key_of_hashes_is_needed() {
    let key = |key: &str| Contacts::Hash(Redactor::new(key).unwrap());
    let hashed = archive(&key("a key of sixteen bytes")).await;
    let nothing: [Wanted; 0] = [];
    for (options, told) in [
        (CollectOptions::new(), Some("the archive's contacts are hashed, and the key for it is missing")),
        (CollectOptions::new().contacts(key("another key of sixteen")), Some("the archive's contacts are hashed with")),
        (CollectOptions::new().contacts(Contacts::Keep), Some("the archive was made with contacts `hash`, not `keep`")),
        (CollectOptions::new().contacts(key("a key of sixteen bytes")), None),
    ] {
        let collected = hashed.collect([], nothing.clone(), &options, |_| {}).await;
        match told {
            None => assert!(collected.is_ok()),
            Some(told) => {
                let error = collected.unwrap_err();
                assert!(error.kind() == ErrorKind::Archive && error.to_string().starts_with(told), "{error}");
            }
        }
    }
}

#[test]
fn what_ends_it_early_without_async() {
    let server = Arc::new(Server::recorder());
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive");
    let archive = blocking::Archive::create(place.to_str().unwrap(), Some(&Contacts::Drop)).unwrap();
    let collect = |options: &CollectOptions| {
        let mut told = Vec::new();
        let accounts = [account("shop", &server).0];
        let outcomes = archive.collect(accounts, wanted("shop", [1, 2]), options, |collected| {
            told.push((collected.outcome, collected.code()));
        });
        (outcomes.unwrap().code(), told)
    };
    let stop = Stop::new();
    stop.now();
    assert_eq!(collect(&CollectOptions::new().stop(&stop)), (0, vec![(Outcome::Pending, None); 2]));
    let late = CollectOptions::new().deadline(Instant::now() - Duration::from_millis(1));
    assert_eq!(collect(&late), (6, vec![(Outcome::Failed, Some(6)); 2]));
    assert!(server.requests().is_empty());
    assert_eq!(place.join("claims").read_dir().unwrap().count(), 2);
}
