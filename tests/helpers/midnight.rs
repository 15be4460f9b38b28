//! A day may end in the middle of a test.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::patience::HANG;

/// Waits where midnight is so near, by UTC, that it might come before the test is done: called before anything in it asks what
/// day it is.
pub fn keep_away() {
    const DAY: u64 = 24 * 60 * 60;

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let left = DAY - now % DAY;
    if left <= HANG.as_secs() {
        thread::sleep(Duration::from_secs(left));
    }
}
