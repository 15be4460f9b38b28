use super::*;
use crate::report::reader::FaultReader;

const CONTACTS: usize = 600;

/// A report with a fault of each contact, of which every so manyth has another reason.
fn report(other: usize) -> String {
    let rows = (0..CONTACTS).map(|number| {
        let reason = if number.is_multiple_of(other) { "Soft bounced" } else { "Blocker" };
        format!("{reason},user{number}@example.com\n")
    });
    format!("Reason,email\n{}", rows.collect::<String>())
}

/// Compares with hashes and checks of which only these bits are kept.
fn compared(kept: (u64, u64)) -> Comparison {
    let mut comparer = Comparer { hasher: ContactHasher::weak(kept), ..Comparer::new() };
    let old = FaultReader::new(report(2).as_bytes()).drain_into(&mut comparer.older()).unwrap();
    let new = FaultReader::new(report(3).as_bytes()).drain_into(&mut comparer.newer()).unwrap();
    comparer.finish(old, new)
}

/// Where the hashes of many emails are the same, the other hash still tells them apart, whichever of the two it is.
#[test]
fn contacts_of_the_same_hash_are_told_apart() {
    let all = u64::MAX;
    let is_other = |number: &usize| number.is_multiple_of(2) != number.is_multiple_of(3);
    let changed = (0..CONTACTS).filter(is_other).count() as u64;
    for kept in [(all, all), (0, all), (0xff, all), (all, 0), (all, 0xff << 32)] {
        let comparison = compared(kept);
        assert_eq!(comparison.count(Change::Changed), changed, "{kept:x?}");
        assert_eq!(comparison.unchanged(), CONTACTS as u64 - changed, "{kept:x?}");
        assert_eq!((comparison.count(Change::NewlyFailing), comparison.count(Change::Recovered)), (0, 0), "{kept:x?}");
    }
    // So it is these bits that tell: without any, all contacts are one.
    let comparison = compared((0, 0));
    assert_eq!((comparison.count(Change::Changed), comparison.unchanged()), (1, 0));
}

/// A fault takes 24 bytes, so that a contact of both reports takes 48, and 60 where its part has just grown.
#[test]
fn little_is_kept_of_a_fault() {
    assert_eq!(size_of::<Seen>(), 24);
}

/// The number of each reason that may be told apart fits beside the bit of its side.
#[test]
fn reasons_fit_beside_the_side() {
    let most = FailureReason::iter().len() + ReasonCounts::MOST_UNKNOWN + 1;
    assert!(most <= usize::from(NEWER));
}
