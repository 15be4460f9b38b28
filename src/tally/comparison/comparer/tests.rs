use super::*;
use crate::report::reader::FaultReader;
use crate::tally::comparison::Change;

const CONTACTS: usize = 600;

/// A report with a fault of each contact, of which every so manyth has another reason.
fn report(other: usize) -> String {
    let rows = (0..CONTACTS).map(|number| {
        let reason = if number.is_multiple_of(other) { "Soft bounced" } else { "Blocker" };
        format!("{reason},user{number}@example.com\n")
    });
    format!("Reason,email\n{}", rows.collect::<String>())
}

/// What has been read of two reports, with hashes and checks of which only these bits are kept.
fn read(kept: (u64, u64)) -> (Comparer, ReasonCounts, ReasonCounts) {
    let mut comparer = Comparer { hasher: ContactHasher::weak(kept), ..Comparer::new() };
    let old = FaultReader::new(report(2).as_bytes()).drain_into(&mut comparer.older()).unwrap();
    let new = FaultReader::new(report(3).as_bytes()).drain_into(&mut comparer.newer()).unwrap();
    (comparer, old, new)
}

fn compared(kept: (u64, u64)) -> Comparison {
    let (comparer, old, new) = read(kept);
    comparer.finish(old, new)
}

/// The same, and the contacts are looked for in a second reading.
fn listed(kept: (u64, u64)) -> Result<Comparison> {
    let (comparer, old, new) = read(kept);
    let mut finder = comparer.find_contacts(old, new)?;
    for other in [2, 3] {
        FaultReader::new(report(other).as_bytes()).drain_into(&mut finder)?;
    }
    finder.finish()
}

/// Where the hashes of many emails are the same, the other hash still tells them apart, whichever of the two it is.
#[test]
fn contacts_of_the_same_hash_are_told_apart() {
    let all = u64::MAX;
    let is_other = |number: &usize| number.is_multiple_of(2) != number.is_multiple_of(3);
    let mut emails: Vec<_> = (0..CONTACTS).filter(is_other).map(|number| format!("user{number}@example.com")).collect();
    emails.sort_unstable();
    let changed = emails.len() as u64;
    for kept in [(all, all), (0, all), (0xff, all), (all, 0), (all, 0xff << 32)] {
        let comparison = listed(kept).unwrap();
        assert_eq!(comparison.contacts().map(|contact| contact.email()).collect::<Vec<_>>(), emails, "{kept:x?}");
        assert!(comparison.contacts().all(|contact| contact.change() == Change::Changed), "{kept:x?}");
        let comparison = compared(kept);
        assert_eq!(comparison.count(Change::Changed), changed, "{kept:x?}");
        assert_eq!(comparison.unchanged(), CONTACTS as u64 - changed, "{kept:x?}");
        assert_eq!((comparison.count(Change::NewlyFailing), comparison.count(Change::Recovered)), (0, 0), "{kept:x?}");
    }
    // So it is these bits that tell: without any, all contacts are one.
    let comparison = compared((0, 0));
    assert_eq!((comparison.count(Change::Changed), comparison.unchanged()), (1, 0));
}

/// Where both hashes are the same, the second reading meets another email: that is an error, since nobody knows any more
/// which of the two it is that has changed.
#[test]
fn contacts_of_the_same_hashes_are_an_error() {
    // At most 256 hashes for more than twice as many contacts: both halves of the first one are cut.
    for kept in [(0, 0), (0, 0xff << 32), (0xf << 32, 0)] {
        let error = listed(kept).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Inconsistent, "{kept:x?}");
        assert!(error.to_string().contains("compare the reports again"), "{error}");
        assert!(!format!("{error:?} {error}").contains("user"), "{error:?}");
    }
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
