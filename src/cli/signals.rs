//! Moments in which no signal ends the program.

/// Does something that is not to be left by half, such as giving several files their names. SIGHUP, SIGINT and SIGTERM wait
/// until it is done, and then do what they would have done.
#[cfg(unix)]
pub fn held_back<T>(act: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, Signal};

    let signals: SigSet = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    // Where they can't be held back, it is done all the same; so are they given back as they were.
    let before = signals.thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK).ok();
    let done = act();
    let _ = before.map(|before| before.thread_set_mask());
    done
}

/// Does something that is not to be left by half.
#[cfg(not(unix))]
pub fn held_back<T>(act: impl FnOnce() -> T) -> T {
    act()
}
