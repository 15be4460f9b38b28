//! How far a long reading has come, on a terminal only.

use std::cell::Cell;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dotdigital_faults as lib;
use indicatif::{ProgressBar, ProgressStyle};

/// A report below this size is read before anybody could look.
const WORTHWHILE: u64 = 8 << 20;

const TICK: Duration = Duration::from_millis(200);

const SIZED: &str = "reading {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
const COUNTED: &str = "{wide_bar} {msg}";
const UNCOUNTED: &str = "{spinner} {msg}";
const UNSIZED: &str = "{spinner} {bytes}  {bytes_per_sec}  {msg}";

/// A bar on standard error that vanishes when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// For an input of that size, if it is known.
    pub fn new(size: Option<u64>) -> Self {
        Progress(match size {
            Some(size) if size < WORTHWHILE => ProgressBar::hidden(),
            // indicatif draws nothing where standard error is no terminal.
            Some(size) => styled(ProgressBar::new(size), SIZED),
            None => styled(ProgressBar::no_length(), UNSIZED),
        })
    }

    /// For one of many, of which only their number is shown.
    pub fn hidden() -> Self {
        Progress(ProgressBar::hidden())
    }

    /// For an import that is waited for and fetched.
    pub fn of_import() -> Self {
        let progress = Progress::new(None);
        progress.0.set_message("asking the service");
        progress
    }

    /// Shows what a client does.
    pub fn hook(&self) -> impl Fn(&lib::Progress<'_>) + Send + Sync + 'static {
        let bar = self.0.clone();
        move |progress| match progress {
            lib::Progress::Received { bytes, total, .. } => {
                bar.set_message(total.map_or_else(String::new, |total| format!("of {}", indicatif::HumanBytes(total))));
                bar.set_position(*bytes);
            }
            lib::Progress::Waiting { status, pause, .. } => {
                bar.set_message(format!("{status}; asking again in {} s", pause.as_secs()));
                bar.tick();
            }
            lib::Progress::Retrying { error, pause, .. } => {
                bar.set_message(format!("{error}; asking again in {:.1} s", pause.as_secs_f64()));
                bar.set_position(0);
            }
            _ => bar.tick(),
        }
    }

    pub fn reader<R: Read>(&self, reader: R) -> impl Read {
        self.0.wrap_read(reader)
    }
}

/// Of how many the end is known, and how many have failed: "312 of 500, 2 failed".
pub struct Count {
    bar: ProgressBar,
    failed: Cell<u64>,
}

impl Count {
    pub fn of(all: usize) -> Self {
        let bar = styled(ProgressBar::new(all as u64), COUNTED);
        bar.set_message(told(0, all as u64, 0));
        bar.tick();
        Count { bar, failed: Cell::new(0) }
    }

    /// Counts one more.
    pub fn ended(&self, has_failed: bool) {
        self.failed.set(self.failed.get() + u64::from(has_failed));
        let (done, all) = (self.bar.position() + 1, self.bar.length().unwrap_or_default());
        self.bar.set_message(told(done, all, self.failed.get()));
        self.bar.inc(1);
    }
}

/// How many imports of a collect have ended: "312 of 500, 2 failed". Many threads tell it.
pub struct Collecting {
    bar: ProgressBar,
    failed: AtomicU64,
}

impl Collecting {
    pub fn new() -> Self {
        let bar = styled(ProgressBar::no_length(), UNCOUNTED);
        bar.set_message("looking for what is to be collected");
        Collecting { bar, failed: AtomicU64::new(0) }
    }

    /// It is known how many there are.
    pub fn planned(&self, all: u64) {
        if let Ok(style) = ProgressStyle::with_template(COUNTED) {
            self.bar.set_style(style);
        }
        self.bar.set_length(all);
        self.show();
    }

    /// One more has ended.
    pub fn ended(&self, has_failed: bool) {
        self.failed.fetch_add(u64::from(has_failed), Ordering::Relaxed);
        self.bar.inc(1);
        self.show();
    }

    /// Why it takes its time.
    pub fn waiting(&self, why: &str) {
        self.bar.set_message(format!("{}; {why}", self.told()));
    }

    /// Writes something else meanwhile, so that the bar isn't in its way.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        self.bar.set_message(self.told());
    }

    fn told(&self) -> String {
        told(self.bar.position(), self.bar.length().unwrap_or_default(), self.failed.load(Ordering::Relaxed))
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn told(done: u64, all: u64, failed: u64) -> String {
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    format!("{done} of {all}{failed}")
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    let bar = match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    // Also where nothing comes for a while. It takes a thread, and so only where somebody looks.
    if !bar.is_hidden() {
        bar.enable_steady_tick(TICK);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn how_many_are_done() {
        assert_eq!(told(312, 500, 2), "312 of 500, 2 failed");
        assert_eq!(told(0, 3, 0), "0 of 3");
    }
}
