//! A clock that stands still but for what a test lets pass: neither a slow machine nor a fast one changes anything.
//!
//! It is tokio's paused clock, for tests with `start_paused`. By itself, that one runs ahead whenever all tasks wait, if
//! only for a socket; here it is held, and moves as the scripted server asks for it.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How much passes at a time. Timeouts of tests are longer.
const STEP: Duration = Duration::from_millis(50);

/// For those who want time to pass.
#[derive(Clone, Debug)]
pub struct Time(UnboundedSender<Wish>);

/// So much time shall pass; who wants it may be told when it has.
#[derive(Debug)]
struct Wish(Duration, Option<mpsc::Sender<()>>);

/// For the test, which lets it pass.
pub struct Clock(UnboundedReceiver<Wish>);

pub fn clock() -> (Clock, Time) {
    let (wishes, granted) = unbounded_channel();
    (Clock(granted), Time(wishes))
}

impl Time {
    /// Lets time pass while something holds, in small steps, on a thread that isn't the test's. `false` if it doesn't
    /// hold any more, or the test is done.
    pub fn pass_while(&self, mut time: Duration, mut holds: impl FnMut() -> bool) -> bool {
        while !time.is_zero() {
            let step = time.min(STEP);
            let (passed, wait) = mpsc::channel();
            if !holds() || self.0.send(Wish(step, Some(passed))).is_err() || wait.recv().is_err() {
                return false;
            }
            time -= step;
        }
        holds()
    }

    /// Lets time pass as soon as all else has been done.
    pub fn pass(&self, time: Duration) {
        let _ = self.0.send(Wish(time, None));
    }
}

impl Clock {
    /// Awaits something, and lets time pass meanwhile for all who want it.
    pub async fn during<T: Send + 'static>(&mut self, call: impl Future<Output = T> + Send + 'static) -> T {
        // As long as something may block, tokio leaves its clock alone.
        let (held, end) = mpsc::channel::<()>();
        let held_until = tokio::task::spawn_blocking(move || _ = end.recv());
        let mut call = tokio::spawn(call);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut call => break ended.unwrap(),
                Some(Wish(time, passed)) = self.0.recv() => {
                    // What was said before is heard before.
                    settle().await;
                    if !call.is_finished() {
                        tokio::time::advance(time).await;
                        settle().await;
                    }
                    if let Some(passed) = passed {
                        let _ = passed.send(());
                    }
                }
            }
        };
        drop(held);
        held_until.await.unwrap();
        ended
    }
}

/// Lets all tasks do what they can; each turn looks at all sockets once.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
