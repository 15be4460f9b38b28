//! No test says how long something may take. What is waited for has a limit all the same, so that a hang is reported.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes on any machine.
pub const HANG: Duration = Duration::from_secs(600);

/// Waits until something has happened.
#[track_caller]
pub fn until(what: &str, mut has_happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !has_happened() {
        assert!(start.elapsed() < HANG, "a hang: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
