//! The library's face: errors, rows as structs, what is printed of whom.

use std::collections::HashMap;

use dotdigital_faults::{
    Anomaly, Error, ErrorKind, FailureReason, Fault, FaultReport, ReadOptions, ReasonCounter, ReasonCounts, Remedy,
};
use serde::Deserialize;

fn report(text: &str) -> FaultReport {
    FaultReport::from_bytes(text).unwrap()
}

#[test]
fn an_error_is_one_word_and_can_be_sent() {
    fn is_sendable<T: std::error::Error + Send + Sync + Clone + 'static>() {}
    is_sendable::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<FaultReport>();
    is_shared::<Fault<'static>>();
    is_shared::<ReasonCounter>();
    is_shared::<ReasonCounts>();
}

#[test]
fn an_answer_that_is_no_report_keeps_the_services_code_and_words() {
    let error = FaultReport::from_bytes(r#"{"message":"Gone. ERROR_IMPORT_NOT_FOUND"}"#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAReport);
    assert!(error.is_not_a_report() && !error.is_anomaly() && !error.is_io());
    assert_eq!(error.code(), Some("ERROR_IMPORT_NOT_FOUND"));
    assert_eq!(error.message(), Some("Gone. ERROR_IMPORT_NOT_FOUND"));
    assert_eq!((error.line(), error.column(), error.anomaly()), (None, None, None));
    assert_eq!(
        format!("{error:?}"),
        "Error { kind: NotAReport, what: \"this is not a faults report\", code: \"ERROR_IMPORT_NOT_FOUND\", message: \
         \"Gone. ERROR_IMPORT_NOT_FOUND\" }"
    );
}

#[test]
fn an_error_stays_in_the_counter() {
    let mut counter = ReasonCounter::with_options(&ReadOptions::new().strict(true));
    assert!(counter.feed(b"Reason,email\nBlocker").is_ok());
    let first = counter.feed(b"\nDuplicate,a@b\n").unwrap_err();
    let second = counter.feed(b"Blocker,a@b,c\n").unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(first.anomaly(), Some(Anomaly::ShortRow));
    assert_eq!(counter.finish().unwrap_err().to_string(), first.to_string());

    let written = std::io::copy(&mut &b"\xff\xfe"[..], &mut ReasonCounter::new()).unwrap_err();
    assert_eq!(written.kind(), std::io::ErrorKind::InvalidData);
    assert!(written.get_ref().unwrap().downcast_ref::<Error>().is_some_and(|error| error.kind() == ErrorKind::Utf16));
}

#[test]
fn nothing_printed_for_programmers_holds_contact_data() {
    let report =
        report("Reason,email,first\nBlocker,secret@example.com,Secret\nsecret@example.com,Secret@\nMoon,secret@\n");
    let mut said =
        format!("{report:?} {:?} {:?} {:?}", report.faults(), report.counts(), report.group_by("email").unwrap());
    for fault in &report {
        said += &format!("{fault:?} {:?} {:?} {:?}", fault.fields(), fault.raw_fields(), fault.reason());
    }
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "first")]
        _first: u32,
    }
    said += &format!("{:?}", report.deserialize::<Row>());
    for row in report.deserialize::<Row>() {
        let error = row.err().unwrap();
        said += &format!("{error} {error:?}");
    }
    assert!(!said.to_lowercase().contains("secret"), "{said}");
    assert!(said.contains(r#"Fault { line: 3, reason: "other", anomalies: {"short_row"} }"#), "{said}");
    assert!(said.contains("Other(<18 bytes>)"), "{said}");
}

#[derive(Debug, Deserialize, PartialEq)]
struct Row {
    reason: FailureReason,
    email: String,
    postcode: Option<u32>,
    nowhere: Option<String>,
}

#[test]
fn rows_as_structs() {
    // Columns are found in any case, in any order, by whatever the report calls the reason and the email.
    let report = report("Id,E-Mail,POSTCODE,REASON\n1,a@b,1017,Isp Complaints\n2,c@d,,Moon\n");
    let rows: Vec<Row> = report.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        rows,
        [
            Row { reason: FailureReason::ComplainedToIsp, email: "a@b".into(), postcode: Some(1017), nowhere: None },
            Row { reason: FailureReason::from("Moon"), email: "c@d".into(), postcode: None, nowhere: None },
        ]
    );
    assert_eq!(report.deserialize::<Row>().len(), 2);
}

#[test]
fn rows_without_a_header_or_with_absent_cells() {
    let rows: Vec<Row> = report("Blocker,a@b\n").deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!((&rows[0].reason, &*rows[0].email), (&FailureReason::Blocker, "a@b"));

    // An absent reason is an unknown one; an absent address is an error where one is asked for.
    let short = report("email,postcode,Reason\na@b,1\n\"\"\n");
    let rows: Vec<_> = short.deserialize::<Row>().collect();
    assert_eq!(rows[0].as_ref().unwrap().reason, FailureReason::from(""));
    assert_eq!(rows[0].as_ref().unwrap().postcode, Some(1));

    let short = report("Reason,email,postcode\nBlocker\n");
    let error = short.deserialize::<Row>().next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "line 2, column `email`: the row doesn't fit the type: there is no such cell");
    assert_eq!((error.kind(), error.line(), error.column()), (ErrorKind::Deserialize, Some(2), Some("email")));
}

#[test]
fn rows_that_do_not_fit() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Strict {
        country: Country,
        age: u8,
    }
    #[derive(Debug, Deserialize)]
    enum Country {
        NL,
    }
    let report = report("Reason,email,Country,Age\nBlocker,a@b,NL,300\nBlocker,a@b,secret,1\nBlocker,a@b,NL,7\n");
    let rows: Vec<_> = report.deserialize::<Strict>().map(|row| row.map_err(|error| error.to_string())).collect();
    assert_eq!(
        rows[0].as_ref().unwrap_err(),
        "line 2, column `Age`: the row doesn't fit the type: number too large to fit in target type"
    );
    assert_eq!(
        rows[1].as_ref().unwrap_err(),
        "line 3, column `Country`: the row doesn't fit the type: the cell is of another kind"
    );
    assert!(rows[2].is_ok());
}

#[test]
fn rows_as_maps_and_tuples() {
    let report = report("Reason,email,note,note\nBlocker,a@b,one,two\n");
    let map: HashMap<String, String> = report.deserialize().next().unwrap().unwrap();
    assert_eq!((&*map["Reason"], &*map["note"], &*map["note_2"]), ("Blocker", "one", "two"));
    let tuple: (FailureReason, String, String, String) = report.deserialize().next().unwrap().unwrap();
    assert_eq!(tuple.0, FailureReason::Blocker);
    #[derive(Deserialize)]
    struct Notes {
        note: String,
        note_2: String,
    }
    let notes: Notes = report.deserialize().next().unwrap().unwrap();
    assert_eq!((&*notes.note, &*notes.note_2), ("one", "two"));
}

#[test]
fn groups() {
    let report =
        report("Reason,email,Country\nBlocker,a@b,NL\nDuplicate,c@d,PT\nBlocker,e@f,PT\nMoon,g@h\nMoon,i@j,\n");
    let groups = report.group_by("COUNTRY").unwrap();
    let sizes: Vec<_> = groups.iter().map(|group| (group.key().as_deref(), group.len())).collect();
    assert_eq!(sizes, [(Some("PT"), 2), (None, 1), (Some(""), 1), (Some("NL"), 1)]);
    assert_eq!(groups[0].counts().get(&FailureReason::Blocker), 1);
    assert_eq!(groups[0].faults().map(|fault| fault.line()).collect::<Vec<_>>(), [3, 4]);

    let error = report.group_by("city\u{7}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchColumn);
    assert_eq!(
        error.to_string(),
        r"the report has no column `city\u{7}`; FaultReport::columns has the names that it has"
    );
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
