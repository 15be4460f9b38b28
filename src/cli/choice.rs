//! Reasons and remedies on the command line, in any spelling that the library knows.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command, Error};
use dotdigital_faults::{FailureReason, ReasonFilter, Remedy};

/// The reasons that are wanted.
#[derive(Clone, Debug)]
pub enum ReasonChoice {
    Known(FailureReason),
    /// All that aren't known.
    Unknown,
}

impl ReasonChoice {
    /// Adds it to a filter.
    pub fn add_to(&self, filter: ReasonFilter) -> ReasonFilter {
        match self {
            ReasonChoice::Known(reason) => filter.reason(reason.clone()),
            ReasonChoice::Unknown => filter.unknown_reasons(),
        }
    }
}

/// Reads a reason: a slug, a label or an alias, by its letters and digits.
#[derive(Clone)]
pub struct ReasonParser;

impl TypedValueParser for ReasonParser {
    type Value = ReasonChoice;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<ReasonChoice, Error> {
        let text = value.to_string_lossy();
        let reason = FailureReason::from(&*text);
        if reason.slug() != FailureReason::OTHER {
            return Ok(ReasonChoice::Known(reason));
        }
        if text.trim().eq_ignore_ascii_case(FailureReason::OTHER) {
            return Ok(ReasonChoice::Unknown);
        }
        Err(not_among(FailureReason::slugs(), command, arg, value))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(FailureReason::slugs().map(PossibleValue::new)))
    }
}

/// Reads a remedy, by the letters of its slug.
#[derive(Clone)]
pub struct RemedyParser;

impl TypedValueParser for RemedyParser {
    type Value = Remedy;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Remedy, Error> {
        let remedy = Remedy::try_parse(&value.to_string_lossy());
        remedy.ok_or_else(|| not_among(Remedy::iter().map(Remedy::slug), command, arg, value))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Remedy::iter().map(|remedy| PossibleValue::new(remedy.slug()))))
    }
}

/// The error that lists what there is, with what is meant perhaps.
fn not_among(slugs: impl Iterator<Item = &'static str>, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Error {
    let slugs: Vec<_> = slugs.collect();
    match PossibleValuesParser::new(&slugs).parse_ref(command, arg, value) {
        Err(error) => error,
        // It is one of them after all, and so this is a slug that the library itself doesn't know.
        Ok(_) => Error::new(clap::error::ErrorKind::InvalidValue).with_cmd(command),
    }
}
