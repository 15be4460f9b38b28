//! Counts by a column, or by domain.

use dotdigital_faults::{ErrorKind, FaultReport, GroupBy, GroupCounts, GroupKey, Tally};

use super::source;

#[test]
fn groups_of_several_reports_are_summed_up() {
    let by = GroupBy::column("Country");
    let may = source("may", "Reason,email,country\nBlocker,a,NL\nBlocker,b,PT\nDuplicate,c\n", Some(&by));
    let june = source("june", "Reason,email,COUNTRY\nBlocker,a,NL\nDuplicate,b,NL\nX,c,\n", Some(&by));
    let tally: Tally = [may.clone(), june].into_iter().collect();
    let sizes = |groups: &GroupCounts| {
        groups.by_size().map(|(key, counts)| (key.label().into_owned(), counts.total())).collect::<Vec<_>>()
    };
    let expected = [("NL", 3), ("(empty)", 1), ("PT", 1), ("(absent)", 1)];
    assert_eq!(sizes(tally.groups().unwrap()), expected.map(|(label, count)| (label.to_owned(), count)));
    let top = tally.top(1);
    assert_eq!(sizes(top.groups().unwrap()), [("NL".to_owned(), 3), ("other".to_owned(), 3)]);
    // Each report has the groups that are the largest of all.
    assert_eq!(sizes(top.sources()[0].groups().unwrap()), [("NL".to_owned(), 1), ("other".to_owned(), 2)]);
    assert_eq!(top.counts(), tally.counts());
    // The rest never passes for a value of that name.
    assert!(top.groups().unwrap().get(GroupKey::Value("other")).is_none());

    // Groups that miss a report would miss its faults.
    let plain = source("plain", "Reason,email\nBlocker,a\n", None);
    assert!([may.clone(), plain].into_iter().collect::<Tally>().groups().is_none());
    let other = source("other", "Reason,email\nBlocker,a\n", Some(&GroupBy::Domain));
    assert!([may, other].into_iter().collect::<Tally>().groups().is_none());
}

#[test]
fn a_column_has_to_be_there() {
    let report = FaultReport::from_bytes("Reason,email\nBlocker,a\n").unwrap();
    assert_eq!(report.count_by(&GroupBy::column("country")).unwrap_err().kind(), ErrorKind::NoSuchColumn);
    let nothing = FaultReport::from_bytes("").unwrap();
    assert_eq!(nothing.count_by(&GroupBy::column("country")).unwrap().iter().count(), 0);
}

#[test]
fn both_forms_of_a_domain_are_one() {
    let text = "Reason,email\nBlocker,a@Bücher.example\nBlocker,b@xn--bcher-kva.example\nX,c@c@\nX,invisible\n";
    let report = FaultReport::from_bytes(text).unwrap();
    let groups = report.count_by(&GroupBy::Domain).unwrap();
    let labels: Vec<_> = groups.by_size().map(|(key, counts)| (key.label().into_owned(), counts.total())).collect();
    assert_eq!(labels, [("bücher.example (xn--bcher-kva.example)".into(), 2), ("(invalid address)".into(), 2)]);
}
