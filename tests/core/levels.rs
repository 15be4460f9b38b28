//! Whatever vector instructions a processor has, reports are read the same. Each test runs once for each level that
//! this one has, in a process of its own: the level is that of the whole process.

use std::fmt::Debug;

use dotdigital_faults::__private::{levels, read_at_level};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::helpers::child;
use crate::{agreement, rules, runs};

/// Unless `PROPTEST_CASES` asks for another number.
const CASES: u32 = 64;

/// Runs a test of this module at each level; `true` in the process that is to do it.
#[track_caller]
fn is_at_a_level(test: &str) -> bool {
    if let Some(level) = child::given() {
        assert!(read_at_level(&level), "{level}");
        assert!(!read_at_level(&level), "it stays at {level}");
        return true;
    }
    let levels: Vec<_> = levels().collect();
    assert!(!levels.is_empty());
    levels.iter().for_each(|level| child::run(module_path!(), test, level, &[]));
    false
}

fn check<S: Strategy<Value: Debug>>(inputs: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&inputs, test).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_case_at_each_level() {
    if is_at_a_level("every_case_at_each_level") {
        rules::every_case_through_the_library();
    }
}

#[test]
fn runs_at_each_level() {
    if is_at_a_level("runs_at_each_level") {
        check(runs::inputs(), runs::compare);
    }
}

#[test]
fn agreement_at_each_level() {
    if is_at_a_level("agreement_at_each_level") {
        check((agreement::inputs(), agreement::options(), agreement::cuts()), |(input, options, cuts)| {
            agreement::compare(&input.0, &options, &cuts);
            Ok(())
        });
    }
}

#[test]
fn a_level_that_is_none() {
    assert!(!read_at_level("abacus"));
}
