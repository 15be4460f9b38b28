//! Reasons, their counts, and groups of them.

use dotdigital_faults::{Anomaly, ErrorKind, FailureReason, Remedy, ReportKind};

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
    let of = |slug| second.counts().get_slug(slug);
    assert_eq!((of("other"), of("blocker")), (1, 0));
    assert_eq!(sum.anomalies().get(Anomaly::ShortRow), 2);
    assert!(sum.anomalies().first_lines(Anomaly::ShortRow).is_empty());
    assert_eq!(serde_json::to_value(first.counts()).unwrap()["import_id"], id.to_string());
}

/// Only what is called for is told, each remedy with all of its reasons.
#[test]
fn what_is_to_be_done() {
    let report = report("Reason,email\nBlocker,a@b\nHard bounced,c@d\nInvalid Email,e\nMoon,g@h\n");
    let remedies: Vec<_> = report.counts().by_remedy().collect();
    assert_eq!(remedies, [(Remedy::Correct, 1), (Remedy::Remove, 2), (Remedy::Investigate, 1)]);
    assert_eq!(report.counts().get_remedy(Remedy::Wait), 0);
}

/// Names stand in columns of text as any other text does.
#[test]
fn names_that_are_padded() {
    assert_eq!(format!("{:>12}|{:<5}|", Remedy::RetryLater, Remedy::Wait), " retry_later|wait |");
    assert_eq!(format!("{:<8}|", ReportKind::Import), "import  |");
    let kinds: Vec<_> = ReportKind::iter().map(|kind| format!("{kind}: {}", kind.description())).collect();
    assert_eq!(
        kinds,
        ["import: import over SOAP or REST", "import_v3: import over v3", "enrolment: program enrolment"]
    );
}

/// One that was cut off leaves its mark on all that it is added to.
#[test]
fn counts_of_a_report_that_was_cut_off() {
    let (whole, cut) = (report("Reason,email\nBlocker,a@b\n"), report("Reason,email,city\nBlocker,c@d"));
    assert_eq!((whole.counts().is_cut_off(), cut.counts().is_cut_off()), (false, true));
    assert!((whole.counts() + cut.counts()).is_cut_off());
    assert!((cut.counts() + whole.counts()).is_cut_off());
    assert!(!(whole.counts() + whole.counts()).is_cut_off());
}
