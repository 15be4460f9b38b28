//! What is meant perhaps, where a verb is missing.

use std::path::Path;

use clap::Error;
use clap::error::{ContextKind, ContextValue};

use super::failure::Failure;
use super::source::import_id;

/// A source in place of a verb, such as `faults report.csv`; `None` for any other error, which clap tells.
pub fn failure(error: &Error) -> Option<Failure> {
    let Some(ContextValue::String(first)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let is_source = first == "-" || import_id(first).is_some() || Path::new(first).exists();
    is_source.then(|| {
        let shown = shown(first);
        Failure::new(format!("there is no verb {shown}: it is a source"))
            .hint(format!("did you mean `faults summary {shown}`?"))
    })
}

/// As a shell takes it for one word.
fn shown(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:\\{}".contains(character);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("{word:?}") }
}
