//! Reads reports in several ways, and shows them.

use std::io::{self, Read, Write};

use dotdigital_faults::{Error, FaultReport, ReadOptions, ReasonCounter, ReasonCounts};

/// A report of a text.
#[track_caller]
pub fn report(text: &str) -> FaultReport {
    FaultReport::from_bytes(text).unwrap()
}

/// Gives a byte at a time, as a slow socket would.
pub struct Trickle<'a>(pub &'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.0.len()).min(1);
        buffer[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

/// Counts a report in pieces whose sizes go round in a list.
pub fn count_in_pieces(mut bytes: &[u8], sizes: &[usize], options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(bytes.len().min((*size).max(1)));
        counter.feed(piece)?;
        bytes = rest;
    }
    counter.finish()
}

/// Counts a report that is written into the counter.
pub fn count_written(bytes: &[u8], options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    // An error stays in the counter, and comes out at its end.
    let _ = counter.write_all(bytes);
    counter.finish()
}

/// A report as a text that a test can show: a line a fault, then the anomalies.
pub fn render(report: &FaultReport) -> String {
    let mut text = String::new();
    for fault in report.faults() {
        let reason = match fault.reason().slug() {
            "other" => format!("other({})", fault.reason()),
            slug => slug.to_owned(),
        };
        let cells: Vec<_> = fault.fields().map(|cell| cell.escape_debug().to_string()).collect();
        let anomalies: Vec<_> = fault.anomalies().iter().map(|anomaly| anomaly.slug()).collect();
        text += &format!("{} {reason} [{}]", fault.line(), cells.join("|"));
        text += &anomalies.iter().map(|anomaly| format!(" {anomaly}")).collect::<String>();
        text.push('\n');
    }
    for (anomaly, count) in report.anomalies().iter() {
        text += &format!("{anomaly}={count} ");
    }
    text.trim_end().to_owned()
}

/// An error as a text: its kind, and what it says.
pub fn render_error(error: &Error) -> String {
    format!("{:?}: {error}", error.kind())
}
