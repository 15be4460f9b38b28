//! Many at once: each report, each import; what came of them, in the order given.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::{panic, thread};

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::failure::{Failure, worst};
use super::lines::{Line, named, whole_lines};
use super::progress::Count;

/// The options of every verb that takes many.
#[derive(Args)]
pub struct ManyArgs {
    /// Take further ones from a file, one a line (`-`: from standard input)
    #[arg(long, value_name = "FILE|-")]
    pub from: Option<PathBuf>,

    /// How many are asked for and read at once
    #[arg(long, value_name = "N", default_value_t = 4, hide_short_help = true,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    jobs: usize,

    /// Go on where one fails: tell the others, and end with the exit code of the worst
    #[arg(long)]
    pub keep_going: bool,
}

/// What came of many.
pub struct Outcome<T> {
    /// What has worked, in the order given.
    done: Vec<T>,
    /// What hasn't, in one sentence. Each of it has been said.
    failed: Option<Failure>,
}

impl<T> Outcome<T> {
    /// Does what is to be done with what has worked; what hasn't comes before whatever that leads to.
    pub fn then(self, tell: impl FnOnce(Vec<T>) -> Result<(), Failure>) -> Result<(), Failure> {
        let told = tell(self.done);
        let Some(failed) = self.failed else { return told };
        if let Err(error) = told {
            error.note();
        }
        Err(failed)
    }
}

impl ManyArgs {
    /// The lines of the file that is named, as they stand; none where none is.
    pub fn lines(&self) -> Result<Vec<Line>, Failure> {
        let Some(path) = &self.from else { return Ok(Vec::new()) };
        let lines = whole_lines("--from", path)?;
        if lines.is_empty() {
            return Err(Failure::new(format!("--from {} names no source", named(path))));
        }
        Ok(lines)
    }

    /// Does something with each item, several at once.
    ///
    /// Unless it is to go on, the first failure in the order given is the only one told, and ends it: no further item is
    /// begun, and those behind it are not waited for. Otherwise each failure is told, and it is one in itself where nothing
    /// has worked.
    pub fn each<S, T, F>(&self, items: Vec<Result<S, Failure>>, work: F) -> Result<Outcome<T>, Failure>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&S) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let all = items.len();
        let run = Run {
            items,
            work,
            keep_going: self.keep_going,
            next: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        };
        let ended = if all == 1 { run.alone() } else { run.together(self.jobs)? };
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for ended in ended {
            match ended {
                Ok(result) => done.push(result),
                Err(failure) if self.keep_going => failures.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        if failures.is_empty() || all == 1 {
            return failures.pop().map_or(Ok(Outcome { done, failed: None }), Err);
        }
        failures.iter().for_each(Failure::note);
        let what = match done.len() {
            0 => format!("none of the {all} has worked"),
            worked => format!("{} of {all} failed; what is told is about the other {worked}", failures.len()),
        };
        let failed = Failure::new(what).with_code(worst(failures.iter().map(Failure::code)));
        if done.is_empty() { Err(failed) } else { Ok(Outcome { done, failed: Some(failed) }) }
    }
}

/// The work, shared by the threads that do it.
struct Run<S, F> {
    items: Vec<Result<S, Failure>>,
    work: F,
    keep_going: bool,
    next: AtomicUsize,
    is_over: AtomicBool,
}

impl<S, T, F> Run<S, F>
where
    S: Send + Sync + 'static,
    T: Send + 'static,
    F: Fn(&S) -> Result<T, Failure> + Send + Sync + 'static,
{
    /// On this thread.
    fn alone(&self) -> Vec<Result<T, Failure>> {
        self.items.iter().map(|item| self.of(item)).collect()
    }

    fn of(&self, item: &Result<S, Failure>) -> Result<T, Failure> {
        item.as_ref().map_err(Failure::clone).and_then(&self.work)
    }

    /// On so many threads. Where one fails and that ends it, only what stands in front of it is waited for: the threads
    /// that still are at work end with the program.
    fn together(self, jobs: usize) -> Result<Vec<Result<T, Failure>>, Failure> {
        let (all, keep_going) = (self.items.len(), self.keep_going);
        let run = Arc::new(self);
        let (sender, receiver) = mpsc::channel();
        let mut threads = Vec::new();
        for _ in 0..jobs.min(all) {
            let (run, sender) = (Arc::clone(&run), sender.clone());
            match thread::Builder::new().spawn(move || run.work_off(&sender)) {
                Ok(thread) => threads.push(thread),
                // Fewer do as well.
                Err(_) if !threads.is_empty() => break,
                Err(error) => return Err(Failure::new(format!("the system has no thread left: {error}"))),
            }
        }
        drop(sender);

        let count = Count::of(all);
        let mut ended: Vec<Option<Result<T, Failure>>> = (0..all).map(|_| None).collect();
        let mut first_failed = all;
        for (index, result) in receiver {
            count.ended(result.is_err());
            if result.is_err() && !keep_going {
                first_failed = first_failed.min(index);
            }
            if let Some(place) = ended.get_mut(index) {
                *place = Some(result);
            }
            if first_failed < all && ended.iter().take(first_failed).all(Option::is_some) {
                return Ok(ended.into_iter().flatten().collect());
            }
        }
        for thread in threads {
            thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        }
        Ok(ended.into_iter().flatten().collect())
    }

    fn work_off(&self, sender: &mpsc::Sender<(usize, Result<T, Failure>)>) {
        while !self.is_over.load(Ordering::SeqCst) {
            let index = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(item) = self.items.get(index) else { return };
            let result = self.of(item);
            if result.is_err() && !self.keep_going {
                self.is_over.store(true, Ordering::SeqCst);
            }
            if sender.send((index, result)).is_err() {
                return;
            }
        }
    }
}
