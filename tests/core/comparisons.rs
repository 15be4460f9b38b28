//! What changed between two reports, in memory and streamed, beside a plain reckoning of our own.

use std::collections::BTreeMap;

use dotdigital_faults::{
    Change, Comparer, Comparison, ContactFinder, ErrorKind, FailureReason, Fault, FaultReader, FaultReport, FaultSink,
    ReasonCounts, export,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A contact that has changed: its email, and its reasons in the older and in the newer report.
type Changed = (String, Vec<FailureReason>, Vec<FailureReason>);

/// The contacts that have changed, as one would reckon with all emails at hand.
fn reckoned(old: &FaultReport, new: &FaultReport) -> Vec<Changed> {
    let mut contacts: BTreeMap<String, [Vec<FailureReason>; 2]> = BTreeMap::new();
    for (side, report) in [old, new].into_iter().enumerate() {
        for fault in report.faults().filter(|fault| fault.email().contains('@')) {
            let email = fault.email().trim().to_lowercase();
            contacts.entry(email).or_default()[side].push(fault.reason().clone());
        }
    }
    let sorted = contacts.into_iter().map(|(email, [mut before, mut after])| {
        before.sort();
        after.sort();
        (email, before, after)
    });
    sorted.filter(|(_, before, after)| before != after).collect()
}

fn listed(comparison: &Comparison) -> Vec<Changed> {
    let contacts = comparison.contacts();
    contacts.map(|one| (one.email().to_owned(), one.before().to_vec(), one.after().to_vec())).collect()
}

/// All that is written of a comparison.
fn written(comparison: &Comparison) -> Vec<u8> {
    let options = export::WriteOptions::new().contacts(true);
    let mut written = Vec::new();
    export::comparison_to_json(comparison, &options, &mut written).unwrap();
    export::comparison_to_csv(comparison, &options, &mut written).unwrap();
    written
}

/// The first reading of two reports.
fn read(old: &str, new: &str) -> (Comparer, ReasonCounts, ReasonCounts) {
    let mut comparer = Comparer::new();
    let old = FaultReader::new(old.as_bytes()).drain_into(&mut comparer.older()).unwrap();
    let new = FaultReader::new(new.as_bytes()).drain_into(&mut comparer.newer()).unwrap();
    (comparer, old, new)
}

/// What finds the contacts after the first reading.
fn finder(old: &str, new: &str) -> ContactFinder {
    let (comparer, old, new) = read(old, new);
    comparer.find_contacts(old, new).unwrap()
}

/// The second reading, of these reports.
fn found(mut finder: ContactFinder, reports: &[&str]) -> Result<Comparison, dotdigital_faults::Error> {
    for report in reports {
        FaultReader::new(report.as_bytes()).drain_into(&mut finder)?;
    }
    finder.finish()
}

/// A report of a small town: the same contacts come back.
fn town() -> impl Strategy<Value = String> {
    let email = select(vec![
        "a@x.example",
        "A@X.example",
        " b@x.example\u{2003}",
        "c@x.example",
        "bad",
        "d@x.example",
        "",
        "É@x",
        "é@x",
        "two\nlines@x",
        "a\u{0}@x",
        "@",
    ]);
    let reason = select(vec!["Blocker", "Hard bounced", "Soft bounced", "hard-bounced", "Odd", "Odder"]);
    vec((reason, email), 0..24).prop_map(|rows| {
        let rows: String = rows.iter().map(|(reason, email)| format!("{reason},\"{email}\"\n")).collect();
        format!("Reason,email\n{rows}")
    })
}

proptest! {
    /// Streamed, in either order of the second reading, and by the emails alone: as in memory, and as reckoned.
    #[test]
    fn streamed_as_in_memory(old in town(), new in town()) {
        let reports = [&old, &new].map(|text| FaultReport::from_bytes(text.as_str()).unwrap());
        let in_memory = Comparison::new(&reports[0], &reports[1]);
        prop_assert_eq!(listed(&in_memory), reckoned(&reports[0], &reports[1]));

        let finder = finder(&old, &new);
        prop_assert_eq!(finder.missing(), in_memory.contacts().len() as u64);
        prop_assert_eq!(written(finder.comparison()).len() < written(&in_memory).len(), finder.missing() > 0);
        for order in [[&*old, &*new], [&*new, &*old]] {
            let streamed = found(finder.clone(), &order).unwrap();
            prop_assert_eq!(written(&streamed), written(&in_memory));
        }
        let mut by_emails = finder;
        reports.iter().flatten().try_for_each(|fault| by_emails.find(&fault.email())).unwrap();
        prop_assert_eq!(by_emails.missing(), 0);
        prop_assert_eq!(written(&by_emails.finish().unwrap()), written(&in_memory));

        let (comparer, older, newer) = read(&old, &new);
        let counted = comparer.finish(older, newer);
        prop_assert_eq!(counted.contacts().len(), 0);
        prop_assert_eq!(serde_json::to_value(&counted).unwrap(), serde_json::to_value(&in_memory).unwrap());
    }
}

const OLD: &str = "Reason,email\nSoft bounced,a@x\nBlocker,b@x\nDuplicate,c@x\n";
const NEW: &str = "Reason,email\nHard bounced,a@x\nDuplicate,c@x\nUnsubscribed,d@x\n";

/// The second reading of reports that have changed lists what the first one compared, or is an error: never anybody else,
/// and nobody with reasons that were never compared.
#[test]
fn reports_that_have_changed_in_between() {
    let expected = listed(&found(finder(OLD, NEW), &[OLD, NEW]).unwrap());
    assert_eq!(expected.iter().map(|(email, ..)| &**email).collect::<Vec<_>>(), ["a@x", "b@x", "d@x"]);
    let grown = format!("{NEW}Blocker,e@x\n");
    let other_reasons = NEW.replace("Hard bounced", "Blocker").replace("Duplicate", "Odd");
    for (what, reports, missing) in [
        ("as they were", &[OLD, NEW][..], 0),
        ("twice", &[OLD, NEW, OLD], 0),
        ("other contacts behind", &[OLD, &grown], 0),
        ("other reasons", &[OLD, &other_reasons], 0),
        ("spelt otherwise", &["Reason,email\n,\" B@X \"\n", &NEW.to_uppercase()], 0),
        ("under other columns", &["x,Mail,Reason\n,b@x,\n", NEW], 0),
        ("one contact is gone", &[&OLD.replace("b@x", "e@x"), NEW], 1),
        ("one has no email any more", &[OLD, &NEW.replace("d@x", "d")], 1),
        ("the older one alone", &[OLD], 1),
        ("the newer one alone", &[NEW], 1),
        ("another report", &["Reason,email\nBlocker,z@x\n"], 3),
        ("empty ones", &["", ""], 3),
        ("none", &[], 3),
    ] {
        match found(finder(OLD, NEW), reports) {
            Ok(comparison) => {
                assert_eq!(missing, 0, "{what}");
                assert_eq!(listed(&comparison), expected, "{what}");
                assert_eq!(comparison.newer().total(), 3, "{what}");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Inconsistent, "{what}");
                let said = error.to_string();
                assert!(said.starts_with(&format!("{missing} of the contacts that have changed w")), "{what}: {said}");
                assert!(!said.contains("@x"), "{said}");
            }
        }
    }
}

/// What would take more memory than is allowed is an error that says what to do, and exactly as much is none.
#[test]
fn emails_are_bounded() {
    let large = format!("Reason,email\nBlocker,{}@x\nBlocker,{}@x\n", "a".repeat(70_000), "b".repeat(70_000));
    let empty = "Reason,email\n";
    let bytes = 2 * 70_002;
    for (old, new) in [(&*large, empty), (empty, &*large)] {
        let all = found(finder(old, new).most_bytes(bytes), &[old, new]).unwrap();
        assert_eq!(all.contacts().map(|contact| contact.email().len() as u64).sum::<u64>(), bytes);
        let error = found(finder(old, new).most_bytes(bytes - 1), &[old, new]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let said = error.to_string();
        assert!(said.contains("140003 bytes allowed") && said.contains("leave out --contacts"), "{said}");
        assert!(!said.contains("@x"), "{said}");
    }
    // Those that haven't changed take nothing, however often they are met.
    let (old, new) = (format!("{large}Blocker,c@x\n"), format!("{large}Duplicate,c@x\n"));
    assert_eq!(found(finder(&old, &new).most_bytes(3), &[&old, &new, &old]).unwrap().contacts().len(), 1);
}

#[test]
fn no_email_is_shown_by_what_finds_it() {
    let mut finder = finder(OLD, NEW);
    finder.find("b@x").unwrap();
    finder.find("nobody").unwrap();
    FaultReader::new(NEW.as_bytes()).drain_into(&mut |fault: &Fault<'_>| finder.fault(fault)).unwrap();
    assert_eq!(format!("{finder:?}"), "ContactFinder { missing: 0, .. }");
    let comparison = finder.finish().unwrap();
    assert_eq!(comparison.count(Change::NewlyFailing), 1);
    assert!(!format!("{comparison:?}").contains("@x"));
}
