//! How far the reading of a large report has come, on a terminal only.

use std::io::Read;

use indicatif::{ProgressBar, ProgressStyle};

/// A report below this size is read before anybody could look.
const WORTHWHILE: u64 = 8 << 20;

/// A bar on standard error that vanishes when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for an input of that size, if it is known.
    pub fn new(size: Option<u64>) -> Self {
        let bar = match size {
            Some(size) if size < WORTHWHILE => ProgressBar::hidden(),
            // indicatif draws nothing where standard error is no terminal.
            Some(size) => ProgressBar::new(size),
            None => ProgressBar::no_length(),
        };
        let template = match size {
            Some(_) => "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
            None => "{spinner} {bytes}  {bytes_per_sec}",
        };
        Progress(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub fn advance(&self, bytes: usize) {
        self.0.inc(bytes as u64);
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
