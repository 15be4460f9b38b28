//! Reads reports in several ways, and shows them.

use std::io::{self, Read, Write};

use dotdigital_faults::{
    Error, Fault, FaultFeed, FaultReader, FaultReport, FaultSink, ReadOptions, ReasonCounter, ReasonCounts,
};

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

/// Pieces whose sizes go round in a list.
fn pieces<'b>(mut bytes: &'b [u8], sizes: &[usize]) -> impl Iterator<Item = &'b [u8]> {
    sizes.iter().cycle().map_while(move |size| {
        let (piece, rest) = bytes.split_at(bytes.len().min((*size).max(1)));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Counts a report in pieces.
pub fn count_in_pieces(bytes: &[u8], sizes: &[usize], options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    pieces(bytes, sizes).try_for_each(|piece| counter.feed(piece))?;
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
    let mut rendering = Rendering::default();
    report.faults().for_each(|fault| rendering.push(&fault));
    rendering.finish(report.counts())
}

/// The same of a reader, which gives a byte at a time.
pub fn render_pulled(bytes: &[u8], options: &ReadOptions) -> Result<String, Error> {
    let mut reader = FaultReader::with_options(Trickle(bytes), options);
    let mut rendering = Rendering::default();
    while let Some(fault) = reader.read_fault()? {
        rendering.push(&fault);
    }
    reader.into_counts().map(|counts| rendering.finish(&counts))
}

/// The same of a reader that is drained into a sink.
pub fn render_drained(bytes: &[u8], options: &ReadOptions) -> Result<String, Error> {
    let mut rendering = Rendering::default();
    let counts = FaultReader::with_options(Trickle(bytes), options).drain_into(&mut rendering)?;
    Ok(rendering.finish(&counts))
}

/// The same of a feed, in pieces whose sizes go round in a list.
pub fn render_pushed(bytes: &[u8], sizes: &[usize], options: &ReadOptions) -> Result<String, Error> {
    let mut feed = FaultFeed::with_options(Rendering::default(), options);
    pieces(bytes, sizes).try_for_each(|piece| feed.feed(piece))?;
    let (rendering, counts) = feed.finish()?;
    Ok(rendering.finish(&counts))
}

/// A line for each fault and, in front of the first one under it, for each header but the first.
#[derive(Default)]
struct Rendering {
    text: String,
    /// The names under which the last fault stands.
    names: Option<Vec<String>>,
}

impl Rendering {
    fn push(&mut self, fault: &Fault<'_>) {
        let names: Vec<_> = fault.columns().names().map(str::to_owned).collect();
        if self.names.as_ref().is_some_and(|known| *known != names) {
            self.text += &format!("under [{}]\n", names.join("|").escape_debug());
        }
        self.names = Some(names);
        let reason = match fault.reason().slug() {
            "other" => format!("other({})", fault.reason()),
            slug => slug.to_owned(),
        };
        let cells: Vec<_> = fault.fields().map(|cell| cell.escape_debug().to_string()).collect();
        self.text += &format!("{} {reason} [{}]", fault.line().unwrap_or(0), cells.join("|"));
        self.text += &fault.anomalies().iter().map(|anomaly| format!(" {anomaly}")).collect::<String>();
        self.text.push('\n');
    }

    fn finish(mut self, counts: &ReasonCounts) -> String {
        for (anomaly, count) in counts.anomalies().iter() {
            self.text += &format!("{anomaly}={count} ");
        }
        self.text.trim_end().to_owned()
    }
}

impl FaultSink for Rendering {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        self.push(fault);
        Ok(())
    }
}

/// The options that the program has by these arguments.
pub fn options(arguments: &str) -> ReadOptions {
    arguments.split_inclusive(" --").fold(ReadOptions::new(), |options, argument| {
        let argument = argument.strip_suffix(" --").unwrap_or(argument).trim_start_matches("--");
        match argument.split_once('=') {
            Some(("reason-column", column)) => options.reason_column(column.parse().unwrap()),
            Some(("email-column", column)) => options.email_column(column.parse().unwrap()),
            Some(("separator", name)) => options.separator(name.parse().unwrap()),
            None if argument == "strict" => options.strict(true),
            None if argument.is_empty() => options,
            _ => panic!("no option is named {argument}"),
        }
    })
}

/// An error as a text: its kind, and what it says.
pub fn render_error(error: &Error) -> String {
    format!("{:?}: {error}", error.kind())
}
