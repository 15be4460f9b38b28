//! How far a long reading has come, on a terminal only.

use std::io::Read;

use dotdigital_faults as lib;
use indicatif::{ProgressBar, ProgressStyle};

/// A report below this size is read before anybody could look.
const WORTHWHILE: u64 = 8 << 20;

const SIZED: &str = "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}";
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

    /// For an import that is waited for and fetched.
    pub fn of_import() -> Self {
        Progress::new(None)
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

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
