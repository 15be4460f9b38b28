//! Gates of trends: rises that a pipeline doesn't put up with.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser, ValueParserFactory};
use clap::{Arg, Args, Command, Error};
use dotdigital_faults::{FailureReason, ReasonFilter, TrendGate, TrendJudge, TrendVerdict};

use super::failure::{Failure, first_of, note};
use super::gate::{ONE_PERCENT, TRIPPED, What, invalid, share_of};

/// The option of the verb that has gates of trends.
#[derive(Args)]
pub struct TrendGateArg {
    /// End with exit code 1 if the newest import of an account has this reason, or this remedy, in a share of its contacts that
    /// is POINTS percentage points above the usual one (`total`: of any); may be repeated
    #[arg(long, value_name = "SLUG+POINTS%")]
    fail_on: Vec<RiseGate>,
}

/// By how much a share may rise.
#[derive(Clone, Debug, PartialEq)]
pub struct RiseGate {
    what: What,
    /// In millionths of a percent.
    points: u128,
    /// As it is told.
    text: String,
}

impl TrendGateArg {
    /// Is there anything to judge?
    pub fn is_given(&self) -> bool {
        !self.fail_on.is_empty()
    }

    /// What judges imports by these gates.
    pub fn judge(&self) -> Result<TrendJudge, Failure> {
        let gates = self.fail_on.iter().map(RiseGate::gate).collect::<Result<Vec<_>, _>>()?;
        Ok(TrendJudge::new(gates))
    }

    /// Says whom nobody could judge, and fails where a gate was tripped.
    pub fn check(&self, judge: &TrendJudge) -> Result<(), Failure> {
        let verdicts = judge.verdicts();
        let unjudged: BTreeSet<_> = verdicts
            .iter()
            .filter(|verdict| verdict.usual.is_none())
            .map(|verdict| format!("{} ({})", verdict.account, verdict.series))
            .collect();
        if !unjudged.is_empty() {
            note(&format!(
                "not judged, since there are fewer than three imports before the newest: {}",
                first_of(unjudged)
            ));
        }
        let mut tripped = Vec::new();
        for (index, gate) in self.fail_on.iter().enumerate() {
            let risen = verdicts.iter().filter(|verdict| verdict.gate == index && verdict.is_tripped);
            let risen: Vec<_> = risen.map(told).collect();
            if !risen.is_empty() {
                tripped.push(format!("--fail-on {} ({})", gate.text, first_of(risen)));
            }
        }
        match tripped.is_empty() {
            true => Ok(()),
            false => Err(Failure::new(format!("tripped: {}", tripped.join(", "))).with_code(TRIPPED)),
        }
    }
}

/// What is wrong with an import.
fn told(verdict: &TrendVerdict) -> String {
    let TrendVerdict { account, series, import, share, .. } = verdict;
    let of = if verdict.is_of_contacts { "contacts" } else { "faults" };
    let usual = verdict.usual.map_or_else(String::new, |usual| format!(", usually {:.1} %", 100.0 * usual));
    format!("{account}, {series} {}: {:.1} % of its {of}{usual}", import.uuid(), 100.0 * share)
}

impl RiseGate {
    fn gate(&self) -> Result<TrendGate, dotdigital_faults::Error> {
        let filter = ReasonFilter::new();
        let filter = match self.what {
            What::Total => filter,
            What::Remedy(remedy) => filter.remedy(remedy),
            What::Reason(slug) => match FailureReason::try_parse(slug) {
                Some(reason) => filter.reason(reason),
                None => filter.unknown_reasons(),
            },
        };
        TrendGate::new(filter, self.points as f64 / ONE_PERCENT as f64)
    }

    /// Reads a gate; where the name is one, what it is about is known even so.
    fn parse(text: &str) -> Result<RiseGate, Option<What>> {
        let (name, points) = text.rsplit_once('+').ok_or_else(|| What::parse(text.trim()))?;
        let (name, points) = (name.trim(), points.trim());
        let what = What::parse(name).ok_or(None)?;
        let number = points.strip_suffix('%').and_then(|points| share_of(points.trim_end()));
        match number {
            Some(number) => Ok(RiseGate { text: format!("{}+{points}", what.slug()), what, points: number }),
            None => Err(Some(what)),
        }
    }
}

impl ValueParserFactory for RiseGate {
    type Parser = RiseGateParser;

    fn value_parser() -> RiseGateParser {
        RiseGateParser
    }
}

/// Reads a gate. A mistyped name gets its suggestion, as that of every other option does.
#[derive(Clone)]
pub struct RiseGateParser;

impl TypedValueParser for RiseGateParser {
    type Value = RiseGate;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<RiseGate, Error> {
        let text = value.to_string_lossy();
        let what = match RiseGate::parse(&text) {
            Ok(gate) => return Ok(gate),
            Err(what) => what,
        };
        let slug = match what {
            Some(what) => what.slug(),
            None => {
                What::check(text.rsplit_once('+').map_or(&*text, |(name, _)| name), command, arg)?;
                "hard_bounced"
            }
        };
        let advice = format!("POINTS is a number of percentage points above 0, and at most 100, as in {slug}+2.5%");
        Err(invalid(&text, advice, command, arg))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(What::slugs().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        for (text, slug, points) in [
            ("hard_bounced+5%", "hard_bounced", 5.0),
            ("Hard bounced + 2.5 %", "hard_bounced", 2.5),
            ("Isp Complaints+100%", "complained_to_isp", 100.0),
            ("OTHER+0.000001%", "other", 0.000_001),
            ("ask-consent+10%", "ask_consent", 10.0),
            ("total+1%", "total", 1.0),
        ] {
            let gate = RiseGate::parse(text).unwrap();
            assert_eq!((gate.what.slug(), gate.gate().unwrap().points()), (slug, points), "{text}");
        }
        for text in [
            "",
            "+",
            "+5%",
            "moon+5%",
            "blocker",
            "blocker+",
            "blocker+5",
            "blocker+0%",
            "blocker+101%",
            "blocker+-1%",
            "blocker+x%",
            "blocker=5%",
            "blocker+5%%",
            "blocker+0.0000001%",
        ] {
            assert!(RiseGate::parse(text).is_err(), "{text}");
        }
    }
}
