//! Reasons, their counts, and groups of them.

use dotdigital_faults::{Anomaly, ErrorKind, FailureReason, Remedy};

use crate::helpers::report::report;

#[test]
fn groups() {
    let report =
        report("Reason,email,Country\nBlocker,a@b,NL\nDuplicate,c@d,PT\nBlocker,e@f,PT\nMoon,g@h\nMoon,i@j,\n");
    let groups = report.group_by("COUNTRY").unwrap();
    let sizes: Vec<_> = groups.iter().map(|group| (group.key().as_deref(), group.len())).collect();
    assert_eq!(sizes, [(Some("PT"), 2), (None, 1), (Some(""), 1), (Some("NL"), 1)]);
    assert_eq!(groups[0].counts().get(&FailureReason::Blocker), 1);
    assert_eq!(groups[0].faults().map(|fault| fault.line()).collect::<Vec<_>>(), [Some(3), Some(4)]);

    let error = report.group_by("city\u{7}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchColumn);
    assert_eq!(error.to_string(), r"the report has no column `city\u{7}`; it has `Reason`, `email`, `Country`");
}

#[test]
fn questions_to_a_reason() {
    use FailureReason::*;
    let of = |question: fn(&FailureReason) -> bool| FailureReason::iter().filter(question).collect::<Vec<_>>();
    assert_eq!(of(FailureReason::is_permanent), [GloballySuppressed, Blocker, HardBounced, ComplainedToIsp]);
    assert_eq!(of(FailureReason::is_bounce), [HardBounced, SoftBounced]);
    assert_eq!(of(FailureReason::is_suppression), [GloballySuppressed, SuppressedByDomain, SuppressedByYou]);
    assert_eq!(FailureReason::from("Moon").remedy(), Remedy::Investigate);
    assert_eq!(
        Remedy::iter().map(Remedy::slug).collect::<Vec<_>>().join(" "),
        "correct remove ask_consent retry_later lift_suppression wait investigate ignore"
    );
}

#[test]
fn counts_of_several_reports() {
    let id = uuid::Uuid::from_u128(7);
    let first = report("Reason,email\nBlocker,a@b\nMoon\n").with_import_id(id);
    let second = report("Reason,email\nMoon,a@b\n").with_import_id(id);
    let third = report("Reason,email\nBlocker\n");
    assert_eq!(first.counts().anomalies().first_lines(Anomaly::ShortRow), [3]);

    let mut sum = first.counts() + second.counts();
    assert_eq!((sum.total(), sum.import_id()), (3, Some(id)));
    sum += third.counts();
    assert_eq!((sum.total(), sum.import_id()), (4, None));
    assert_eq!(sum.get(&FailureReason::from("Moon")), 2);
    assert_eq!(sum.get_slug("other"), 2);
    assert_eq!(sum.anomalies().get(Anomaly::ShortRow), 2);
    assert!(sum.anomalies().first_lines(Anomaly::ShortRow).is_empty());
    assert_eq!(serde_json::to_value(first.counts()).unwrap()["import_id"], id.to_string());
}
