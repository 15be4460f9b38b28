//! Reasons, their counts, and groups of them.

use std::collections::BTreeSet;

use dotdigital_faults::{Anomaly, ErrorKind, FailureReason, ReasonCounts, Remedy, ReportKind};

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

/// People are told what each reason means, and no two mean the same.
#[test]
fn what_reasons_mean() {
    let moon = FailureReason::from("Moon");
    let mut meanings: Vec<_> = FailureReason::iter().map(|reason| reason.description()).collect();
    assert!(!meanings.contains(&moon.description()));
    meanings.push(moon.description());
    for meaning in &meanings {
        let words = meaning.split_whitespace().count();
        assert!(words > 1 && meaning.starts_with(char::is_uppercase) && meaning.ends_with('.'), "{meaning}");
    }
    meanings.sort_unstable();
    meanings.dedup();
    assert_eq!(meanings.len(), FailureReason::iter().len() + 1);
}

/// Options and documents name remedies by their slugs, however these are written; people read what each means.
#[test]
fn names_of_remedies() {
    for remedy in Remedy::iter() {
        let (slug, said) = (remedy.slug(), remedy.description());
        for text in [slug.to_owned(), slug.to_uppercase(), slug.replace('_', " "), slug.replace('_', "")] {
            assert_eq!(Remedy::try_parse(&text), Some(remedy), "{text}");
        }
        let is_sentence = said.contains(' ') && said.starts_with(char::is_uppercase) && said.ends_with('.');
        assert!(is_sentence && Remedy::iter().all(|other| other == remedy || other.description() != said), "{said}");
    }
    let long = "wait".repeat(100);
    for text in ["", "waits", "wai", "moon", &long] {
        assert_eq!(Remedy::try_parse(text), None, "{text}");
    }
}

/// What the service says of a reason that isn't known is at hand as text.
#[test]
fn the_text_of_an_unknown_reason() {
    let (FailureReason::Other(moon), FailureReason::Other(sun)) = (" Moon ".into(), "Sun".into()) else {
        panic!("both are unknown")
    };
    assert_eq!((moon.as_str(), moon.as_ref()), ("Moon", "Moon"));
    assert_eq!(format!("{moon:>5}|{sun:<4}|"), " Moon|Sun |");
    assert!(moon == *"Moon" && moon == "Moon");
    assert!(moon != *"Sun" && moon != "Sun" && moon != "moon");
    let seen = BTreeSet::from([moon]);
    assert!(seen.contains("Moon") && !seen.contains("Sun"));
}

/// Contacts that were imported, but for some of their data, are told apart from those that failed.
#[test]
fn counts_of_partial_faults() {
    let all: ReasonCounts = ["Consent records not applied", "Blocker", "ConsentRecordsNotApplied", "Moon"]
        .map(FailureReason::from)
        .iter()
        .collect();
    assert_eq!((all.partial(), all.total()), (2, 4));
    assert_eq!(ReasonCounts::new().partial(), 0);
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

/// A reason that a report tells from others is told from them by its document, too; a longer one by neither.
#[test]
fn the_longest_reason_of_a_report() {
    for (len, is_kept) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        let text = "x".repeat(len);
        let report = report(&format!("Reason,email\n{text},a@b\n"));
        assert_eq!(report.counts().get(&FailureReason::from(text)), u64::from(is_kept));
        let document = serde_json::to_string(report.counts()).unwrap();
        assert_eq!(&serde_json::from_str::<ReasonCounts>(&document).unwrap(), report.counts());
        let long = document.replace(ReasonCounts::FURTHER_UNKNOWN, &"x".repeat(len));
        assert_eq!(&serde_json::from_str::<ReasonCounts>(&long).unwrap(), report.counts());
    }
}
