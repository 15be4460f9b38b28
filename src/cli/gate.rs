//! Gates: faults that a pipeline doesn't put up with.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParserFactory};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, Error};
use dotdigital_faults::{FailureReason, ReasonCounts, Remedy};

use super::failure::Failure;

/// A gate was tripped: exit code 1.
pub const TRIPPED: u8 = 1;

/// What stands for all faults.
const TOTAL: &str = "total";

/// A share is told to so many decimals of a percent, and exactly so.
const DECIMALS: usize = 6;
pub const ONE_PERCENT: u128 = 10_u128.pow(DECIMALS as u32);

/// The option of every verb that has gates.
#[derive(Args)]
pub struct GateArg {
    /// End with exit code 1 if the reports, whole and together, have COUNT faults with this reason or remedy (`total`: of
    /// any), 1 unless given, or SHARE percent of all; may be repeated
    #[arg(long, value_name = "WHAT[=COUNT|=SHARE%]")]
    fail_on: Vec<Gate>,
}

/// How many faults of one kind are too many.
#[derive(Clone, Debug)]
pub struct Gate {
    what: What,
    limit: Limit,
    /// As it is told: the slug, and the limit as it was given.
    text: String,
}

/// What a gate is about.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Total,
    /// By its slug, since `other` stands for many.
    Reason(&'static str),
    Remedy(Remedy),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Count(u64),
    /// In millionths of a percent.
    Share(u128),
}

impl GateArg {
    pub fn is_given(&self) -> bool {
        !self.fail_on.is_empty()
    }

    /// Checks the counts of the whole report, once the data is printed.
    pub fn check(&self, counts: &ReasonCounts) -> Result<(), Failure> {
        let tripped: Vec<_> = self.fail_on.iter().filter_map(|gate| gate.tripped(counts)).collect();
        if tripped.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("tripped: --fail-on {}", tripped.join(", --fail-on "))).with_code(TRIPPED))
    }
}

impl Gate {
    /// What there is to say where there are too many.
    fn tripped(&self, counts: &ReasonCounts) -> Option<String> {
        let faults = match self.what {
            What::Total => counts.total(),
            What::Reason(slug) => counts.get_slug(slug),
            What::Remedy(remedy) => counts.get_remedy(remedy),
        };
        let total = counts.total();
        let (is_tripped, of) = match self.limit {
            Limit::Count(count) => (faults >= count, String::new()),
            Limit::Share(share) => {
                let is_tripped = faults > 0 && u128::from(faults) * 100 * ONE_PERCENT >= share * u128::from(total);
                (is_tripped, format!(" of {total}"))
            }
        };
        is_tripped.then(|| format!("{} ({faults}{of} in the report)", self.text))
    }

    /// Reads a gate; what is wrong, otherwise.
    fn parse(text: &str) -> Result<Gate, Wrong> {
        let (name, limit) = match text.split_once('=') {
            Some((name, limit)) => (name.trim(), Some(limit.trim())),
            None => (text.trim(), None),
        };
        let what = What::parse(name).ok_or(Wrong::What)?;
        let limit = limit.unwrap_or("1");
        let text = format!("{}={limit}", what.slug());
        let limit = match limit.strip_suffix('%') {
            Some(share) => Limit::Share(share_of(share.trim_end()).ok_or(Wrong::Limit(what.slug()))?),
            None => Limit::Count(limit.parse().ok().filter(|&count| count > 0).ok_or(Wrong::Limit(what.slug()))?),
        };
        Ok(Gate { what, limit, text })
    }
}

impl What {
    /// A reason or a remedy in any spelling that the library knows, or all faults.
    pub fn parse(name: &str) -> Option<What> {
        if name.eq_ignore_ascii_case(TOTAL) {
            return Some(What::Total);
        }
        if name.eq_ignore_ascii_case(FailureReason::OTHER) {
            return Some(What::Reason(FailureReason::OTHER));
        }
        let reason = FailureReason::try_parse(name).map(|reason| What::Reason(reason.slug()));
        reason.or_else(|| Remedy::try_parse(name).map(What::Remedy))
    }

    pub fn slug(&self) -> &'static str {
        match self {
            What::Total => TOTAL,
            What::Reason(slug) => slug,
            What::Remedy(remedy) => remedy.slug(),
        }
    }

    /// The error of a name that is none, with what is meant perhaps.
    pub fn check(name: &str, command: &Command, arg: Option<&Arg>) -> Result<(), Error> {
        PossibleValuesParser::new(What::slugs()).parse_ref(command, arg, OsStr::new(name)).map(|_| ())
    }

    /// All that it may be, by their slugs.
    pub fn slugs() -> impl Iterator<Item = &'static str> {
        FailureReason::slugs().chain(Remedy::iter().map(Remedy::slug)).chain([TOTAL])
    }
}

/// The error of a gate that is none, with what to do.
pub fn invalid(text: &str, advice: String, command: &Command, arg: Option<&Arg>) -> Error {
    let mut error = Error::new(ErrorKind::ValueValidation).with_cmd(command);
    if let Some(arg) = arg {
        error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
    }
    error.insert(ContextKind::InvalidValue, ContextValue::String(text.to_owned()));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    error
}

/// A percentage in millionths of a percent: more than none, and at most all.
pub fn share_of(text: &str) -> Option<u128> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(decimals) || decimals.len() > DECIMALS {
        return None;
    }
    let whole: u128 = whole.parse().ok().filter(|&whole| whole <= 100)?;
    let decimals: u128 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
    Some(whole * ONE_PERCENT + decimals).filter(|share| (1..=100 * ONE_PERCENT).contains(share))
}

/// What is wrong with a gate.
enum Wrong {
    What,
    Limit(&'static str),
}

impl ValueParserFactory for Gate {
    type Parser = GateParser;

    fn value_parser() -> GateParser {
        GateParser
    }
}

/// Reads a gate. A mistyped name gets its suggestion, as that of every other option does.
#[derive(Clone)]
pub struct GateParser;

impl TypedValueParser for GateParser {
    type Value = Gate;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Gate, Error> {
        let text = value.to_string_lossy();
        let advice = match Gate::parse(&text) {
            Ok(gate) => return Ok(gate),
            Err(Wrong::What) => {
                What::check(text.split_once('=').map_or(&*text, |(name, _)| name), command, arg)?;
                String::new()
            }
            Err(Wrong::Limit(slug)) => {
                format!("COUNT is a whole number from 1 on, as in {slug}=10, and SHARE a percentage, as in {slug}=2.5%")
            }
        };
        Err(invalid(&text, advice, command, arg))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(What::slugs().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(text: &str) -> Option<(What, Limit)> {
        Gate::parse(text).ok().map(|gate| (gate.what, gate.limit))
    }

    #[test]
    fn every_spelling() {
        let percent = |share: u128| Limit::Share(share * ONE_PERCENT / 10);
        for (text, expected) in [
            ("hard_bounced", (What::Reason("hard_bounced"), Limit::Count(1))),
            ("Hard bounced=3", (What::Reason("hard_bounced"), Limit::Count(3))),
            ("Isp Complaints = 3", (What::Reason("complained_to_isp"), Limit::Count(3))),
            ("other=2", (What::Reason("other"), Limit::Count(2))),
            ("ask-consent=10%", (What::Remedy(Remedy::AskConsent), percent(100))),
            ("REMOVE=2.5 %", (What::Remedy(Remedy::Remove), percent(25))),
            ("blocker=100%", (What::Reason("blocker"), percent(1000))),
            ("Total=5", (What::Total, Limit::Count(5))),
            ("total=10%", (What::Total, percent(100))),
        ] {
            assert_eq!(gate(text), Some(expected), "{text}");
        }
        for text in ["", "=", "=1", "moon", "moon=1", "blocker=", "blocker=0", "blocker=-1", "blocker=1.5", "blocker=x"]
        {
            assert_eq!(gate(text), None, "{text}");
        }
        for text in
            ["0%", "0.0%", "%", ".5%", "101%", "100.1%", "1e1%", "-1%", "0.0000001%", "1%%", "9999999999999999999999%"]
        {
            assert_eq!(gate(&format!("blocker={text}")), None, "{text}");
        }
    }

    #[test]
    fn shares_are_exact() {
        let mut reasons = vec![FailureReason::Blocker; 7];
        reasons.extend(vec![FailureReason::Duplicate; 9993]);
        let counts: ReasonCounts = reasons.iter().collect();
        let is_tripped = |text: &str| Gate::parse(text).ok().unwrap().tripped(&counts).is_some();
        assert!(is_tripped("blocker=0.07%") && !is_tripped("blocker=0.070001%"));
        assert!(is_tripped("remove=0.07%") && !is_tripped("hard_bounced=0.000001%"));
        assert!(is_tripped("total=100%"));
        assert!(Gate::parse("total=1%").ok().unwrap().tripped(&ReasonCounts::new()).is_none());
        assert!(Gate::parse("blocker=100%").ok().unwrap().tripped(&ReasonCounts::new()).is_none());
    }
}
