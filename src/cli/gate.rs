//! Gates: faults that a pipeline doesn't put up with.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParserFactory};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, Error};
use dotdigital_faults::{FailureReason, ReasonCounts};

use super::failure::Failure;

/// A gate was tripped: exit code 1.
const TRIPPED: u8 = 1;

/// The option of every verb that has gates.
#[derive(Args)]
pub struct GateArg {
    /// End with exit code 1 if the report, whole, has COUNT faults with this reason, or more; 1 unless given; may be
    /// repeated
    #[arg(long, value_name = "SLUG[=COUNT]")]
    fail_on: Vec<Gate>,
}

/// How many faults of one reason are too many.
#[derive(Clone, Debug)]
pub struct Gate {
    slug: String,
    count: u64,
}

impl GateArg {
    /// Checks the counts of the whole report, once the data is printed.
    pub fn check(&self, counts: &ReasonCounts) -> Result<(), Failure> {
        let tripped = self.fail_on.iter().filter_map(|Gate { slug, count }| {
            let faults = counts.get_slug(slug);
            (faults >= *count).then(|| format!("{slug}={count} ({faults} in the report)"))
        });
        let tripped: Vec<_> = tripped.collect();
        if tripped.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("tripped: --fail-on {}", tripped.join(", --fail-on "))).with_code(TRIPPED))
    }
}

impl ValueParserFactory for Gate {
    type Parser = GateParser;

    fn value_parser() -> GateParser {
        GateParser
    }
}

/// Reads a gate. The slug is looked up as every other slug is, and so a mistyped one gets its suggestion.
#[derive(Clone)]
pub struct GateParser;

impl TypedValueParser for GateParser {
    type Value = Gate;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Gate, Error> {
        let text = value.to_string_lossy();
        let (slug, count) = match text.split_once('=') {
            Some((slug, count)) => (slug, Some(count)),
            None => (&*text, None),
        };
        let slug = PossibleValuesParser::new(FailureReason::slugs()).parse_ref(command, arg, OsStr::new(slug))?;
        let count = count.map_or(Some(1), |count| count.parse().ok()).filter(|&count| count > 0).ok_or_else(|| {
            let mut error = Error::new(ErrorKind::ValueValidation).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            error.insert(ContextKind::InvalidValue, ContextValue::String(text.into_owned()));
            error.insert(
                ContextKind::Suggested,
                ContextValue::StyledStrs(vec![format!("COUNT is a whole number from 1 on, as in {slug}=10").into()]),
            );
            error
        })?;
        Ok(Gate { slug, count })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(FailureReason::slugs().map(PossibleValue::new)))
    }
}
