//! Gates before each operation, and workers that stop at them.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens at an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Done,
    /// It fails, and nothing is done.
    Fails,
    /// It is done, but its worker hears that it failed.
    FailsUnheard,
    /// Its worker is killed before.
    Killed,
    /// Its worker is killed once it is done.
    KilledUnheard,
}

/// The gate of a worker: it passes once each time that it is opened.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_open: bool,
    /// Those that wait at it: several, where a worker does several things at once.
    waiting: Vec<Waker>,
    is_killed: bool,
    fates: VecDeque<Fate>,
    passed: usize,
}

impl Gate {
    pub(super) fn new(fates: impl IntoIterator<Item = Fate>) -> Self {
        let state = State { fates: fates.into_iter().collect(), ..State::default() };
        Gate(Arc::new(Mutex::new(state)))
    }

    async fn pass(&self) -> Fate {
        std::future::poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if !state.is_open {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            state.is_open = false;
            state.passed += 1;
            Poll::Ready(state.fates.pop_front().unwrap_or(Fate::Done))
        })
        .await
    }

    /// Does an operation, or what happens in its place.
    pub(super) async fn act<T, E>(
        &self,
        operation: impl Future<Output = Result<T, E>>,
        failure: impl FnOnce() -> E,
    ) -> Result<T, E> {
        match self.pass().await {
            Fate::Done => operation.await,
            Fate::Fails => Err(failure()),
            Fate::FailsUnheard => operation.await.and_then(|_| Err(failure())),
            Fate::Killed => self.kill().await,
            Fate::KilledUnheard => {
                let _ = operation.await;
                self.kill().await
            }
        }
    }

    async fn kill<T>(&self) -> T {
        self.0.lock().unwrap().is_killed = true;
        std::future::pending().await
    }
}

/// A worker, which does one operation at each step.
pub(super) struct Worker {
    gate: Gate,
    work: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Worker {
    pub(super) fn new(gate: Gate, work: impl Future<Output = ()> + 'static) -> Self {
        Worker { gate, work: Some(Box::pin(work)) }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.work.is_some()
    }

    pub(super) fn is_killed(&self) -> bool {
        self.gate.0.lock().unwrap().is_killed
    }

    pub(super) fn operations(&self) -> usize {
        self.gate.0.lock().unwrap().passed
    }

    /// What will happen at its next operation.
    pub(super) fn next_fate(&self) -> Fate {
        self.gate.0.lock().unwrap().fates.front().copied().unwrap_or(Fate::Done)
    }

    /// Lets it go on to its next operation, and through it. Is it still alive?
    pub(super) fn step(&mut self) -> bool {
        let Some(work) = &mut self.work else { return false };
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let waiting = {
            let mut state = self.gate.0.lock().unwrap();
            state.is_open = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
        loop {
            let is_done = work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            let (is_killed, is_waited_at) = {
                let state = self.gate.0.lock().unwrap();
                (state.is_killed, !state.waiting.is_empty())
            };
            if is_done || is_killed {
                // Whoever is killed leaves everything as it is.
                self.work = None;
                return false;
            }
            if is_waited_at {
                return true;
            }
            // Something is at work on another thread.
            woken.wait();
        }
    }
}

#[derive(Default)]
struct Woken(Mutex<bool>, Condvar);

impl Woken {
    fn wait(&self) {
        let mut is_woken = self.0.lock().unwrap();
        while !*is_woken {
            is_woken = self.1.wait(is_woken).unwrap();
        }
        *is_woken = false;
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// A store in memory behind a gate.
pub(super) struct GatedStore {
    pub(super) store: Arc<InMemory>,
    pub(super) gate: Gate,
    /// Does it write over what is there, whatever it is asked?
    pub(super) ignores_conditions: bool,
}

impl GatedStore {
    async fn act<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        self.gate.act(operation, failure).await
    }
}

fn failure() -> Error {
    Error::Generic { store: "gated", source: "the store has failed".into() }
}

#[async_trait]
impl ObjectStore for GatedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if self.ignores_conditions {
            options.mode = PutMode::Overwrite;
        }
        self.act(self.store.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("conditional puts are single ones")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.act(self.store.get_opts(location, options)).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        unreachable!("a collect deletes nothing")
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (gate, store, prefix) = (self.gate.clone(), Arc::clone(&self.store), prefix.cloned());
        let listed = async move {
            gate.act(async { Ok(()) }, failure).await?;
            Ok::<_, Error>(store.list(prefix.as_ref()))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.act(self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        unreachable!("a collect copies nothing")
    }
}

impl fmt::Display for GatedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gated")
    }
}

impl fmt::Debug for GatedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatedStore")
    }
}
