//! The write protocol under every misfortune: workers that take turns at each operation, are killed at any of them, and whose
//! store and service fail, with a made-up service and a store in memory.
//!
//! A worker is a future that stops at a gate before each operation. The test opens the gates one at a time, in an order of its
//! own, and so decides over every interleaving. Whatever has happened, one more worker that nothing happens to must end in the
//! state of one clean run.

mod gate;
pub(super) mod made_up;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use futures_util::{FutureExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use proptest::prelude::*;
use uuid::Uuid;

use super::claiming::claim_all;
use super::collected::Outcome;
use super::import::{Clock, Import};
use super::memory::Memory;
use super::service::Service;
use super::stop::Ends;
use super::{CollectOptions, Shard, Wanted};
use crate::archive::Archive;
use crate::archive::claim::LONGEST_OPEN;
use crate::archive::counts_table::{self, Columns};
use crate::archive::stored_faults::StoredFaults;
use crate::arrow::Contacts;
use crate::error::ErrorKind;
use crate::report_id::ReportId;
use crate::tally::archived_import::ArchivedStatus;
use gate::{Fate, Gate, GatedStore, Worker};
use made_up::{IMPORTS, MadeUp};

const ACCOUNT: &str = "shop";

/// The instant at which all begins: a fixed one, so that the bytes of two runs can be compared, and one from which seconds may
/// pass without a day's end, so that their days can be.
fn start() -> SystemTime {
    // What a store in memory says of its files is by the system's clock, and no claim may seem too old.
    static START: std::sync::OnceLock<SystemTime> = std::sync::OnceLock::new();
    *START.get_or_init(|| {
        let noon =
            DateTime::<Utc>::from(SystemTime::now()).date_naive().and_time(NaiveTime::MIN) + TimeDelta::hours(12);
        noon.and_utc().into()
    })
}

/// What all workers of a run share.
struct World {
    store: Arc<InMemory>,
    archive: Archive,
    clock: Clock,
    told: Arc<Mutex<Vec<(Uuid, Outcome)>>>,
    ignores_conditions: bool,
    /// How many days have passed.
    days: Arc<AtomicU64>,
    /// Has the service forgotten all reports?
    is_over: Cell<bool>,
    /// How often the service was asked.
    asked: Arc<AtomicU64>,
    /// What was there at the last check.
    checked: RefCell<Vec<(Path, Option<String>)>>,
}

impl World {
    /// A new archive. With `passing`, each look at the clock is a second later than the one before.
    fn new(passing: bool, ignores_conditions: bool) -> Self {
        let store = Arc::new(InMemory::new());
        let archive = Archive::create_in(Arc::clone(&store) as _, "faults", Some(&Contacts::Keep));
        let archive = archive.now_or_never().unwrap().unwrap();
        let seconds = AtomicU64::new(0);
        let days = Arc::<AtomicU64>::default();
        let whole_days = Arc::clone(&days);
        let clock: Clock = Arc::new(move || {
            let passed = if passing { seconds.fetch_add(1, Ordering::Relaxed) } else { 0 };
            start() + Duration::from_secs(passed + whole_days.load(Ordering::Relaxed) * 24 * 60 * 60)
        });
        World {
            store,
            archive,
            clock,
            told: Arc::default(),
            ignores_conditions,
            days,
            is_over: Cell::new(false),
            asked: Arc::default(),
            checked: RefCell::default(),
        }
    }

    /// A worker that is given these imports, takes up what is open, and meets its fate.
    fn worker(&self, ids: &[Uuid], fates: impl IntoIterator<Item = Fate>) -> Worker {
        let gate = Gate::new(fates);
        let store = GatedStore {
            store: Arc::clone(&self.store),
            gate: gate.clone(),
            ignores_conditions: self.ignores_conditions,
        };
        let archive = Archive { store: Arc::new(store), ..self.archive.clone() };
        let (clock, told, ids) = (Arc::clone(&self.clock), Arc::clone(&self.told), ids.to_vec());
        let service = MadeUp { gate: gate.clone(), is_over: self.is_over.get(), asked: Arc::clone(&self.asked) };
        Worker::new(gate, async move {
            let import = |id| Import {
                archive: archive.clone(),
                contacts: Contacts::Keep,
                memory: Memory::new(1 << 20),
                clock: Arc::clone(&clock),
                account: ACCOUNT.parse().unwrap(),
                id: made_up::report_id(id),
                date: None,
                is_putting: Arc::default(),
            };
            let given = ids.iter().map(|id| (import(*id), service.protocol(made_up::report_id(*id))));
            let ends = claim_all(given, &Ends::default()).await;
            let (unsettled, settled): (Vec<_>, Vec<_>) = ids.iter().zip(ends).partition(|(_, end)| end.is_none());
            let settled = settled.into_iter().filter_map(|(id, end)| Some((*id, end?.outcome)));
            told.lock().unwrap().extend(settled);
            let first = DateTime::<Utc>::from(clock()) - LONGEST_OPEN;
            let Ok(open) = archive.claims_since(Some(first), |id| !ids.contains(&id)).await else { return };
            let open = open.claims.iter().map(|claim| claim.id.uuid());
            for id in open.chain(unsettled.into_iter().map(|(id, _)| *id)) {
                let import = import(id);
                let end = async { import.archive(import.look().await?, &service).await };
                let outcome = end.await.map_or(Outcome::Failed, |end| end.outcome);
                told.lock().unwrap().push((id, outcome));
            }
        })
    }

    /// One worker that nothing happens to.
    fn clean_run(&self, ids: &[Uuid]) {
        let mut worker = self.worker(ids, []);
        while worker.step() {}
    }

    /// All files but the manifest.
    fn files(&self) -> BTreeMap<Path, Bytes> {
        let files = async {
            let mut files = BTreeMap::new();
            for file in self.listed().into_iter().filter(|file| file.location != self.archive.layout.manifest()) {
                let bytes = self.store.get(&file.location).await.unwrap().bytes().await.unwrap();
                files.insert(file.location, bytes);
            }
            files
        };
        files.now_or_never().unwrap()
    }

    fn listed(&self) -> Vec<ObjectMeta> {
        self.store.list(None).try_collect().now_or_never().unwrap().unwrap()
    }

    /// Nothing is half visible: whatever import has counts has its faults, of the same report and instant.
    fn check(&self) {
        let versions: Vec<_> = self.listed().into_iter().map(|file| (file.location, file.e_tag)).collect();
        if *self.checked.borrow() == versions {
            return;
        }
        *self.checked.borrow_mut() = versions;
        for (path, bytes) in self.files() {
            let Some((date, id)) = self.archive.layout.parse(&path) else { continue };
            if path != self.archive.layout.counts(date, id) {
                continue;
            }
            let import = counts_table::read(bytes, date, Columns::All).unwrap();
            if import.status == ArchivedStatus::Archived && import.total != Some(0) {
                let path = self.archive.layout.faults(date, id);
                let faults = StoredFaults::read(&*self.store, &path).now_or_never().unwrap().unwrap().unwrap();
                assert_eq!(faults.footer.report_sha256, import.report_sha256);
                assert_eq!(faults.archived_at, Some(import.archived_at));
            }
        }
    }

    /// What is there, but for when it was put.
    fn state(&self) -> BTreeMap<Path, String> {
        let mut state = BTreeMap::new();
        for (path, bytes) in self.files() {
            let told = match self.archive.layout.parse(&path) {
                Some((date, id)) if path == self.archive.layout.counts(date, id) => {
                    let mut import = counts_table::read(bytes, date, Columns::All).unwrap();
                    import.archived_at = start().into();
                    format!("{import:?}")
                }
                Some(_) => made_up::rows(bytes),
                None => String::from_utf8(bytes.to_vec()).unwrap().split("\"claimed_at\"").next().unwrap().to_owned(),
            };
            state.insert(path, told);
        }
        state
    }

    /// How often it was told that an import is archived now.
    fn archived(&self) -> BTreeMap<Uuid, usize> {
        let mut archived = BTreeMap::new();
        for (id, _) in self.told.lock().unwrap().iter().filter(|(_, outcome)| *outcome == Outcome::Archived) {
            *archived.entry(*id).or_default() += 1;
        }
        archived
    }
}

/// The ids whose report is kept in the end.
fn kept() -> BTreeSet<Uuid> {
    IMPORTS.iter().filter(|import| import.is_kept()).map(|import| import.id).collect()
}

/// Runs something where threads for long work are to be had.
fn in_runtime<T>(run: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    run()
}

fn ids() -> Vec<Uuid> {
    IMPORTS.iter().map(|import| import.id).collect()
}

#[test]
fn a_clean_run() {
    in_runtime(|| {
        let world = World::new(true, false);
        world.clean_run(&ids());
        world.check();
        let told: BTreeMap<_, _> = world.told.lock().unwrap().iter().copied().collect();
        for import in &IMPORTS {
            assert_eq!(told.get(&import.id), Some(&import.outcome), "{}", import.id);
        }
        let before = world.state();
        world.clean_run(&ids());
        assert_eq!(world.state(), before);
        // A failure is told again, and so is what isn't finished; nothing else.
        let again: Vec<_> = world.told.lock().unwrap().iter().skip(IMPORTS.len()).copied().collect();
        for (id, outcome) in again {
            let first = told[&id];
            let is_open = matches!(first, Outcome::Pending | Outcome::Failed);
            assert_eq!(outcome, if is_open { first } else { Outcome::Skipped });
        }
    });
}

/// All that is given is claimed before the service is asked anything: who is killed then loses nothing.
#[test]
fn what_is_given_is_claimed_first() {
    in_runtime(|| {
        let clean = World::new(true, false);
        clean.clean_run(&ids());
        let world = World::new(true, false);
        let mut worker = world.worker(&ids(), []);
        let claimed =
            || ids().iter().filter(|id| world.files().contains_key(&world.archive.layout.claim(**id))).count();
        while world.asked.load(Ordering::Relaxed) == 0 {
            assert!(worker.step());
        }
        assert_eq!((claimed(), world.files().len()), (IMPORTS.len(), IMPORTS.len()));
        drop(worker);
        world.clean_run(&[]);
        assert_eq!(world.state(), clean.state());
    });
}

/// What is said of an import on later days.
#[test]
fn as_time_passes() {
    in_runtime(|| {
        days_pass(true, [Outcome::Skipped; 4]);
        // Where the clock stands still within a day, they are whole days, and 30 aren't more than 30.
        days_pass(false, [Outcome::Pending, Outcome::Skipped, Outcome::Skipped, Outcome::Failed]);
    });
}

fn days_pass(passing: bool, on_day_30: [Outcome; 4]) {
    let world = World::new(passing, false);
    // Each day, and what is told then of those that are still open: not finished, without a report, unknown, no report.
    let open: Vec<_> = IMPORTS[5..].iter().map(|import| import.id).collect();
    for (day, expected) in [
        (0, [Outcome::Pending, Outcome::Pending, Outcome::Failed, Outcome::Failed]),
        (1, [Outcome::Pending, Outcome::Expired, Outcome::Failed, Outcome::Failed]),
        (13, [Outcome::Pending, Outcome::Skipped, Outcome::Failed, Outcome::Failed]),
        (14, [Outcome::Pending, Outcome::Skipped, Outcome::NotFound, Outcome::Failed]),
        (29, [Outcome::Pending, Outcome::Skipped, Outcome::Skipped, Outcome::Failed]),
        (30, on_day_30),
        (31, [Outcome::Skipped, Outcome::Skipped, Outcome::Skipped, Outcome::Skipped]),
    ] {
        world.days.store(day, Ordering::Relaxed);
        world.told.lock().unwrap().clear();
        world.clean_run(&open);
        let told: BTreeMap<_, _> = world.told.lock().unwrap().iter().copied().collect();
        assert_eq!(told.into_values().collect::<Vec<_>>(), expected, "day {day}");
    }
    // All is filed under the day of the claim.
    let date = DateTime::<Utc>::from(start()).date_naive();
    for (number, status) in [(6, ArchivedStatus::Expired), (7, ArchivedStatus::NotFound)] {
        let bytes = world.files().remove(&world.archive.layout.counts(date, IMPORTS[number].id)).unwrap();
        let import = counts_table::read(bytes, date, Columns::All).unwrap();
        assert_eq!((import.status, import.total, import.reasons.len()), (status, None, 0));
    }
}

/// A store that writes over what is there, whatever it is asked, has one collector at a time.
#[test]
fn no_shards_in_a_store_that_ignores_conditions() {
    in_runtime(|| {
        let gate = Gate::new([]);
        let store = GatedStore { store: Arc::default(), gate: gate.clone(), ignores_conditions: true };
        let mut worker = Worker::new(gate, async {
            let archive = Archive::create_in(Arc::new(store), "faults", Some(&Contacts::Drop)).await.unwrap();
            assert!(!archive.manifest().conditional_puts);
            let imports: [Wanted; 0] = [];
            let options = CollectOptions::new().shard(Shard::new(0, 2).unwrap());
            let error = archive.collect([], imports.clone(), &options, |_| {}).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Archive);
            archive.collect([], imports, &CollectOptions::new(), |_| {}).await.unwrap();
        });
        while worker.step() {}
    });
}

/// The most times that the turn goes from one worker to the other while both could go on: what goes wrong between two goes
/// wrong with few.
const MOST_CHANGES: usize = 3;

/// All orders in which two workers can take turns, one after another.
#[derive(Default)]
struct Orders {
    /// Where there was a choice: did the turn change?
    changes: Vec<bool>,
}

impl Orders {
    /// Lets two workers go on to their ends in the present order.
    fn play(&mut self, world: &World, workers: &mut [Worker; 2]) {
        let (mut choice, mut changes, mut turn) = (0, 0, 0);
        while workers.iter().any(Worker::is_alive) {
            if workers.iter().all(Worker::is_alive) && changes < MOST_CHANGES {
                if choice == self.changes.len() {
                    self.changes.push(false);
                }
                if self.changes[choice] {
                    (turn, changes) = (1 - turn, changes + 1);
                }
                choice += 1;
            }
            if !workers[turn].is_alive() {
                turn = 1 - turn;
            }
            workers[turn].step();
            world.check();
        }
        self.changes.truncate(choice);
    }

    /// Goes on to the next order, if there is one.
    fn next(&mut self) -> bool {
        while self.changes.pop_if(|changed| *changed).is_some() {}
        match self.changes.last_mut() {
            Some(changed) => *changed = true,
            None => return false,
        }
        true
    }
}

#[test]
fn two_workers_in_every_order() {
    in_runtime(|| {
        let mut interleavings = 0;
        for import in &IMPORTS {
            let clean = World::new(true, false);
            clean.clean_run(&[import.id]);
            let clean = clean.state();
            let mut orders = Orders::default();
            loop {
                let world = World::new(true, false);
                let mut workers = [world.worker(&[import.id], []), world.worker(&[import.id], [])];
                orders.play(&world, &mut workers);
                interleavings += 1;
                assert_eq!(world.state(), clean, "{:?}", orders.changes);
                let archived = world.archived().values().sum::<usize>();
                assert_eq!(archived, usize::from(import.is_kept()), "{:?}", orders.changes);
                if !orders.next() {
                    break;
                }
            }
        }
        println!("{interleavings} interleavings of two workers over one import");
        assert!(interleavings > 500);
    });
}

/// One worker that is killed at each of its operations, before it and after it, or whose operation fails.
#[test]
fn every_misfortune_of_one_worker() {
    in_runtime(|| {
        let clean = World::new(false, false);
        clean.clean_run(&ids());
        for ignores_conditions in [false, true] {
            let mut misfortunes = 0;
            for fate in [Fate::Fails, Fate::FailsUnheard, Fate::Killed, Fate::KilledUnheard] {
                for at in 0.. {
                    let world = World::new(false, ignores_conditions);
                    let mut worker = world.worker(&ids(), std::iter::repeat_n(Fate::Done, at).chain([fate]));
                    while worker.step() {
                        world.check();
                    }
                    let has_happened = worker.operations() > at;
                    let is_killed = worker.is_killed();
                    world.clean_run(&ids());
                    world.check();
                    // The very same bytes, since the clock stands still.
                    assert_eq!(world.files(), clean.files(), "{fate:?} at {at}");
                    let archived = world.archived();
                    assert!(archived.values().all(|&times| times == 1), "{fate:?} at {at}: {archived:?}");
                    if !has_happened {
                        assert!(!is_killed);
                        break;
                    }
                    misfortunes += 1;
                }
            }
            assert!(misfortunes > 100);
            println!("{misfortunes} misfortunes of one worker");
        }
    });
}

/// What a worker of another version has left is written over, and all agree on its instant.
#[test]
fn faults_of_another_report_are_written_over() {
    in_runtime(|| {
        let import = &IMPORTS[0];
        let (mut interleavings, mut orders) = (0, Orders::default());
        loop {
            let world = World::new(true, false);
            let date = DateTime::<Utc>::from(start()).date_naive();
            let path = world.archive.layout.faults(date, import.id);
            let left = PutPayload::from(made_up::left_over(import.id));
            world.store.put(&path, left).now_or_never().unwrap().unwrap();
            let mut workers = [world.worker(&[import.id], []), world.worker(&[import.id], [])];
            // Both up to where they put the faults.
            workers.iter_mut().for_each(|worker| (0..8).for_each(|_| assert!(worker.step())));
            orders.play(&world, &mut workers);
            interleavings += 1;
            assert_eq!(world.archived().values().sum::<usize>(), 1, "{:?}", orders.changes);
            if !orders.next() {
                break;
            }
        }
        println!("{interleavings} interleavings over what was left");
        assert!(interleavings > 50);
    });
}

/// A worker is killed between the faults and the counts, and nobody comes until the report is gone: what was put is kept.
#[test]
fn faults_whose_report_is_gone_are_not_lost() {
    in_runtime(|| {
        for (import, total) in [(&IMPORTS[0], 3), (&IMPORTS[3], 1)] {
            let clean = World::new(true, false);
            clean.clean_run(&[import.id]);
            let date = DateTime::<Utc>::from(start()).date_naive();
            let (faults, counts) =
                (clean.archive.layout.faults(date, import.id), clean.archive.layout.counts(date, import.id));
            let world = World::new(true, false);
            let mut worker = world.worker(&[import.id], []);
            while !world.files().contains_key(&faults) {
                assert!(worker.step());
            }
            drop(worker);
            assert!(!world.files().contains_key(&counts));
            world.days.store(2, Ordering::Relaxed);
            world.is_over.set(true);
            world.clean_run(&[import.id]);
            world.check();
            assert_eq!(*world.told.lock().unwrap(), [(import.id, Outcome::Archived)]);
            let read = |world: &World| counts_table::read(world.files()[&counts].clone(), date, Columns::All).unwrap();
            let (expected, kept) = (read(&clean), read(&world));
            assert_eq!((kept.status, kept.total), (ArchivedStatus::Archived, Some(total)));
            assert_eq!((&kept.reasons, &kept.anomalies), (&expected.reasons, &expected.anomalies));
            assert_eq!((&kept.report_sha256, kept.report_bytes), (&expected.report_sha256, None));
        }
    });
}

/// Two accounts claim one import: one of them has it, and the other one is told whose it is.
#[test]
fn an_import_of_two_accounts_is_one_of_them() {
    in_runtime(|| {
        let import = &IMPORTS[0];
        let world = World::new(true, false);
        world.clean_run(&[import.id]);
        let before = world.state();
        let mut other = Import {
            archive: world.archive.clone(),
            contacts: Contacts::Keep,
            memory: Memory::new(1 << 20),
            clock: Arc::clone(&world.clock),
            account: "other".parse().unwrap(),
            id: ReportId::Import(import.id),
            date: None,
            is_putting: Arc::default(),
        };
        let look = |import: &Import| match import.look().now_or_never().unwrap().unwrap() {
            super::import::Standing::Settled(end) => (end.outcome, end.error.unwrap().to_string()),
            _ => panic!("it isn't settled"),
        };
        let whose = format!("it was claimed as import {} of the account `shop`", import.id);
        assert_eq!(look(&other), (Outcome::Skipped, whose.clone()));
        other.account = ACCOUNT.parse().unwrap();
        other.id = ReportId::Enrolment(import.id);
        assert_eq!(look(&other), (Outcome::Skipped, whose));
        assert_eq!(world.state(), before);
    });
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        20 => Just(Fate::Done),
        1 => Just(Fate::Fails),
        1 => Just(Fate::FailsUnheard),
        1 => Just(Fate::Killed),
        1 => Just(Fate::KilledUnheard),
    ]
}

/// Distinct orders of all turns, over all cases of the property.
static SEEN: Mutex<BTreeSet<Vec<(u8, Fate)>>> = Mutex::new(BTreeSet::new());

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn any_workers_in_any_order_with_any_misfortune(
        turns in prop::collection::vec(any::<u8>(), 0..300),
        fates in prop::collection::vec(prop::collection::vec(fate(), 0..80), 1..=3),
        shares in prop::collection::vec(prop::collection::vec(any::<bool>(), IMPORTS.len()), 3),
        passing in any::<bool>(),
    ) {
        in_runtime(|| {
            let clean = World::new(passing, false);
            clean.clean_run(&ids());
            let world = World::new(passing, false);
            let mut workers: Vec<_> = fates.iter().zip(&shares).map(|(fates, share)| {
                let ids: Vec<_> = ids().into_iter().zip(share).filter(|(_, given)| **given).map(|(id, _)| id).collect();
                world.worker(&ids, fates.iter().copied())
            }).collect();
            let mut order = Vec::new();
            for turn in turns.into_iter().chain(std::iter::repeat(0)) {
                let alive: Vec<_> = (0..workers.len()).filter(|&worker| workers[worker].is_alive()).collect();
                let Some(&worker) = alive.get(usize::from(turn) % alive.len().max(1)) else { break };
                let fate = workers[worker].next_fate();
                order.push((worker as u8, fate));
                workers[worker].step();
                world.check();
            }
            world.clean_run(&ids());
            world.check();
            assert_eq!(world.state(), clean.state());
            let (archived, kept) = (world.archived(), kept());
            assert!(archived.iter().all(|(id, &times)| times == 1 && kept.contains(id)), "{archived:?}");
            // It is told exactly once, unless the one who could tell was killed, or hasn't heard that it was put.
            let is_heard = order.iter().all(|(_, fate)| matches!(fate, Fate::Done | Fate::Fails | Fate::Killed));
            assert!(!is_heard || archived.len() == kept.len(), "{archived:?}");
            let mut seen = SEEN.lock().unwrap();
            seen.insert(order);
            if seen.len().is_multiple_of(100) {
                println!("{} distinct interleavings", seen.len());
            }
        });
    }
}

/// How many cases there are, unless `PROPTEST_CASES` says otherwise.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}
