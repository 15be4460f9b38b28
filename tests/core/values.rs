//! Values that several properties are tested with.

use dotdigital_faults::FailureReason;
use proptest::prelude::*;
use proptest::sample::select;

/// A reason as it may be written in a report: known, or not.
pub fn reason() -> impl Strategy<Value = String> {
    let known: Vec<_> = FailureReason::iter().map(|reason| reason.to_string()).collect();
    prop_oneof![8 => select(known), 1 => "[a-zé ]{1,12}", 1 => Just(String::new())]
}
