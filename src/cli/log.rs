//! What the library logs, on standard error.

use std::env;
use std::io::{self, IsTerminal, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;

use super::failure::note_with_hint;

const RUST_LOG: &str = "RUST_LOG";

/// Begins to log: what `-v` asks for, or else `RUST_LOG`; nothing, where neither does. Twice, it is also how long each
/// call took, and what others than the library log.
pub fn start(verbose: u8) {
    let Some(targets) = targets(verbose) else { return };
    let spans = if verbose > 1 { FmtSpan::NEW | FmtSpan::CLOSE } else { FmtSpan::NONE };
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_span_events(spans).with_writer(Lines);
    tracing_subscriber::registry().with(layer).with(targets).init();
}

fn targets(verbose: u8) -> Option<Targets> {
    match verbose {
        0 => {}
        1 => return Some(Targets::new().with_target("dotdigital_faults", LevelFilter::DEBUG)),
        _ => return Some(Targets::new().with_default(LevelFilter::TRACE)),
    }
    let asked = env::var(RUST_LOG).ok().filter(|asked| !asked.trim().is_empty())?;
    match asked.parse() {
        Ok(targets) => Some(targets),
        Err(error) => {
            note_with_hint(&format!("{RUST_LOG} can't be read: {error}"), "it has the form dotdigital_faults=debug");
            None
        }
    }
}

/// Standard error, where a bar may stand that would be left in front of a line.
struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Box<dyn Write>;

    fn make_writer(&'a self) -> Self::Writer {
        let mut stderr = io::stderr();
        if stderr.is_terminal() {
            // Where standard error is closed, nobody is there to be told.
            let _ = stderr.write_all(b"\r\x1b[2K");
        }
        Box::new(stderr)
    }
}
