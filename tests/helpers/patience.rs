//! No test says how long something may take. What is waited for has a limit all the same, so that a hang is reported.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes on any machine.
pub const HANG: Duration = Duration::from_secs(600);

/// Waits until something has happened.
#[track_caller]
pub fn until(what: &str, has_happened: impl FnMut() -> bool) {
    assert!(happens(has_happened), "a hang: {what}");
}

/// Waits until something has happened; `false` if it never does.
pub fn happens(mut has_happened: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < HANG {
        if has_happened() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}
