//! The newer API's answer to an import, in JSON.

use std::fs;

use dotdigital_faults::{
    Anomaly, Error, ErrorKind, FailureReason, Fault, FaultFeed, FaultReader, FaultReport, ReadOptions, ReasonCounter,
    ReasonCounts, ReportKind, export,
};
use serde_json::Value;

use crate::helpers::v3::{compare, read};

fn refused(answer: &str) -> Error {
    read(answer.as_bytes(), &ReadOptions::new(), &[1, 7, 1000]).map(|_| ()).expect_err(answer)
}

fn fixture(name: &str) -> String {
    fs::read_to_string(format!("fixtures/{name}")).unwrap()
}

#[test]
fn what_is_made_of_an_answer() {
    let report = FaultReport::from_path("fixtures/v3-odd.json").unwrap();
    assert_eq!(
        String::from_utf8_lossy(report.bytes()),
        "Reason,email,mobileNumber,contactId,matchIdentifier,loyaltyNo,failureCodes,description,partial\n\
         consentRecordsNotApplied,cy@example.org,,77,loyaltyNo,L-0042,consentRecordsNotApplied,\
         \"Consent, \"\"text\"\"\nmissing\",true\n\
         MoonPhase,,12,,mobileNumber,,MoonPhase,\"\",false\n\
         ,,,,email,,,,false\n"
    );
    let mut lines = Vec::new();
    export::faults_to_jsonl(report.faults(), &export::WriteOptions::new(), &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["partial"], true);
    assert_eq!((&lines[0]["line"], &lines[0]["columns"]["mobileNumber"]), (&Value::Null, &Value::Null));
    assert_eq!((lines[1].get("partial"), &lines[1]["columns"]["description"]), (None, &Value::from("")));
    assert_eq!(lines[2]["columns"]["Reason"], Value::Null);
    for (fault, line) in report.faults().zip(&lines) {
        assert_eq!(&serde_json::to_value(&fault).unwrap(), line);
    }

    let reasons: Vec<_> = report.faults().map(|fault| fault.reason().clone()).collect();
    assert_eq!(reasons[0], FailureReason::ConsentRecordsNotApplied);
    assert_eq!((reasons[1].label(), reasons[2].label()), ("MoonPhase", ""));
    assert_eq!((report.counts().total(), report.counts().partial()), (3, 1));
    assert_eq!(report.counts().report_kind(), Some(ReportKind::ImportV3));
    assert!(report.anomalies().is_empty() && report.headers().len() == 1);

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Row {
        reason: FailureReason,
        email: Option<String>,
        #[serde(rename = "loyaltyNo")]
        loyalty: Option<String>,
        partial: bool,
    }
    let row: Row = report.get(0).unwrap().deserialize().unwrap();
    let reason = FailureReason::ConsentRecordsNotApplied;
    let (email, loyalty) = (Some("cy@example.org".into()), Some("L-0042".into()));
    assert_eq!(row, Row { reason, email, loyalty, partial: true });
    assert_eq!(report.get(2).unwrap().deserialize::<Row>().unwrap().email, None);
}

/// The first code that isn't partial tells why; else the first.
#[test]
fn which_code_tells_why() {
    for (inner, reason, is_partial) in [
        (r#"[{"failureCode":"consentRecordsNotApplied"},{"failureCode":"InvalidDomain"}]"#, "invalid_domain", false),
        (r#"[{"failureCode":"INVALID-domain"},{"failureCode":"Blocker"}]"#, "invalid_domain", false),
        (r#"[{"failureCode":"ConsentRecordsNotApplied"}]"#, "consent_records_not_applied", true),
        (r#"[{"failureCode":"consentRecordsNotApplied"},{"description":"x"}]"#, "other", false),
        (r#"[{"failureCode":null},{"failureCode":"Blocker"}]"#, "blocker", false),
        (r#"[{"description":"x"}]"#, "other", false),
        // What is new is passed over, whatever it holds.
        (r#"[{"new":{"failureCode":["Duplicate"]},"failureCode":"Blocker"}]"#, "blocker", false),
        ("null", "other", false),
    ] {
        let answer = format!(r#"{{"status":"Finished","failures":[{{"failures":{inner}}}]}}"#);
        let (faults, _) = read(answer.as_bytes(), &ReadOptions::new(), &[3, 100]).unwrap();
        assert_eq!((faults[0].slug, faults[0].is_partial), (reason, is_partial), "{inner}");
    }
}

/// One of more than 64 KiB is counted, under no text of its own.
#[test]
fn a_code_of_any_length() {
    for (len, is_kept) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        let code = "x".repeat(len);
        let answer = format!(r#"{{"status":"Finished","failures":[{{"failures":[{{"failureCode":"{code}"}}]}}]}}"#);
        let counts = read(answer.as_bytes(), &ReadOptions::new(), &[1000]).unwrap().1;
        let label = if is_kept { &code } else { ReasonCounts::FURTHER_UNKNOWN };
        assert_eq!(counts.get(&FailureReason::from(label)), 1, "{len}");
    }
}

#[test]
fn members_in_any_order_and_texts_with_escapes() {
    let answer = "\u{feff} \r\n{ \"failures\" : [ { \"failures\":[{\"description\":\"\\u00e9\\ud83d\\ude00\\u0000\\\"\",\
                  \"failureCode\":\"Blocker\"}],\"new\":{\"deep\":[[{}]]}, \"identifiers\":{\"Email\":\"A\",\"x,y\":7,\
                  \"email\":\"\",\"n\":null,\"b\":true}} ],\"moon\":[1e5,{}] ,\"status\":\"FINISHED\" }\r\n ";
    let (faults, counts) = read(answer.as_bytes(), &ReadOptions::new(), &[1, 2, 64, 1000]).unwrap();
    let cell = |text: &str| Some(text.to_owned());
    let expected = [
        ("Reason", cell("Blocker")),
        ("email", cell("")),
        ("mobileNumber", None),
        ("contactId", None),
        ("matchIdentifier", None),
        ("Email", cell("A")),
        ("x,y", cell("7")),
        ("n", None),
        ("b", cell("true")),
        ("failureCodes", cell("Blocker")),
        ("description", cell("é😀\0\"")),
        ("partial", cell("false")),
    ];
    assert_eq!(faults[0].cells, expected.map(|(name, cell)| (name.to_owned(), cell)));
    assert_eq!(counts.get(&FailureReason::Blocker), 1);
}

#[test]
fn an_answer_without_failures_has_columns() {
    for answer in [
        r#"{"importId":"1","status":"Finished"}"#,
        r#"{"status":"Finished","failures":[]}"#,
        r#"{"importId":"1","status":"Finished","failures":null,"summary":null}"#,
        r#"{"importID":"2","importId":"1","status":"Finished","Summary":7}"#,
    ] {
        assert_eq!(read(answer.as_bytes(), &ReadOptions::new(), &[1, 100]).unwrap().0, []);
        let report = FaultReport::from_bytes(answer).unwrap();
        assert_eq!(report.columns().collect::<Vec<_>>().len(), 8);
        assert_eq!(report.counts().report_kind(), Some(ReportKind::ImportV3));
    }
}

/// In memory the columns are those of all failures; a stream tells of another one where it comes.
#[test]
fn an_identifier_that_comes_late() {
    let failure =
        |identifiers: &str| format!(r#"{{"identifiers":{{{identifiers}}},"failures":[{{"failureCode":"Blocker"}}]}}"#);
    let failures =
        [failure(r#""email":"a@x.com""#), failure(r#""b":"1","a,b":"x""#), failure(r#""email":"c@x.com","c":"\"""#)];
    let answer = format!(r#"{{"status":"Finished","failures":[{}]}}"#, failures.join(","));
    let (faults, counts) = read(answer.as_bytes(), &ReadOptions::new(), &[1, 50, 1000]).unwrap();
    assert_eq!(faults.len(), 3);
    let report = FaultReport::from_bytes(answer.as_bytes()).unwrap();
    assert_eq!(
        String::from_utf8_lossy(report.bytes()),
        r#"Reason,email,mobileNumber,contactId,matchIdentifier,b,"a,b",c,failureCodes,description,partial
Blocker,a@x.com,,,,,,,Blocker,"",false
Blocker,,,,,1,x,,Blocker,"",false
Blocker,c@x.com,,,,,,"""",Blocker,"",false
"#
    );
    assert_eq!(report.get(2).unwrap().get("c").as_deref(), Some("\""));
    assert_eq!(report.get(0).unwrap().get("c"), None);

    let mut csv = export::Csv::new(Vec::new(), &export::WriteOptions::new());
    FaultReader::new(answer.as_bytes()).drain_into(&mut csv).unwrap();
    let again = FaultReport::from_bytes(csv.finish().unwrap()).unwrap();
    assert_eq!((again.headers().len(), again.anomalies().get(Anomaly::OtherHeader)), (3, 2));
    assert!(again.counts().iter().eq(counts.iter()));
    assert_eq!(again.get(1).unwrap().get("a,b").as_deref(), Some("x"));
    assert_eq!(again.get(2).unwrap().get("c").as_deref(), Some("\""));
}

/// Only a finished import has all its failures.
#[test]
fn statuses() {
    use ErrorKind::{EndedWithoutReport, NotFinished};
    for (status, kind) in [
        ("NotFinished", NotFinished),
        ("", NotFinished),
        ("completed", NotFinished),
        ("Failed", EndedWithoutReport),
        ("RejectedByWatchdog", EndedWithoutReport),
        ("ExceedsAllowedContactLimit", EndedWithoutReport),
        ("Unknown", EndedWithoutReport),
    ] {
        for failures in ["[]", r#"[{"identifiers":{"email":"a@example.com"},"failures":[]}]"#] {
            for answer in [
                format!(r#"{{"importId":"1","status":"{status}","failures":{failures}}}"#),
                format!(r#"{{"failures":{failures},"status":"{status}"}}"#),
            ] {
                let error = refused(&answer);
                assert_eq!(error.kind(), kind, "{answer}");
                assert!(error.to_string().contains(if status.is_empty() { "NotFinished" } else { status }), "{error}");
                assert!(!error.to_string().contains('@'), "{error}");
            }
        }
    }
}

#[test]
fn other_json_is_told_by_its_words() {
    for (answer, code, words) in [
        (
            r#"{"message":"No. ERROR_IMPORT_NOT_FOUND"}"#,
            Some("ERROR_IMPORT_NOT_FOUND"),
            Some("No. ERROR_IMPORT_NOT_FOUND"),
        ),
        (
            r#"{"errorCode":"contacts:importNotFound","description":"No 'x'","details":[{"item":"i","error":"e"}]}"#,
            Some("contacts:importNotFound"),
            Some("No 'x' (i: e)"),
        ),
        (r#"{"status":"Finished"}"#, None, Some(r#"{"status":"Finished"}"#)),
        (r#"{"status":7,"summary":{}}"#, None, Some(r#"{"status":7,"summary":{}}"#)),
        (r#"{"contacts":[{"email":"a@example.com"}]}"#, None, None),
        (r#"{"status":"Finished","contacts":[{"email":"a@example.com"}]}"#, None, None),
        ("{", None, Some("{")),
        (r#"{"a":"b@example.com""#, None, None),
    ] {
        let error = refused(answer);
        assert_eq!((error.kind(), error.code(), error.message()), (ErrorKind::NotAReport, code, words), "{answer}");
    }
}

/// Of the service's own figures, the first 64 are kept, and none of more than 256 bytes. One that is kept stands there once.
#[test]
fn figures_that_stand_there_twice() {
    let name = "n".repeat(200);
    let long = |digits: usize| format!(r#""{name}":{},"{name}":{}"#, "1".repeat(digits), "2".repeat(digits));
    let many = |others: usize| {
        let others: String = (0..others).map(|number| format!(r#""{number}":1,"#)).collect();
        format!(r#"{others}"a":1,"a":2"#)
    };
    for (summary, is_read) in
        [(long(56), false), (long(57), true), (many(1), false), (many(62), false), (many(63), true)]
    {
        let answer = format!(r#"{{"importId":"1","status":"Finished","summary":{{{summary}}}}}"#);
        assert_eq!(read(answer.as_bytes(), &ReadOptions::new(), &[1000]).is_ok(), is_read, "{summary}");
    }
}

/// What shows that it is about contacts is repeated nowhere.
#[test]
fn an_unreadable_answer_tells_nobody() {
    for answer in [
        r#"{"importId":"1"}"#,
        r#"{"importId":"1","status":null,"failures":[]}"#,
        r#"{"importId":"1","status":{},"failures":[]}"#,
        r#"{"importId":{},"status":"Finished","failures":[]}"#,
        r#"{"importId":"1","status":"Finished","failures":{}}"#,
        r#"{"importId":"1","status":"Finished","summary":[]}"#,
        r#"{"status":"Finished","failures":{}}"#,
        r#"{"status":"Finished","failures":"a@example.com"}"#,
        r#"{"importId":"1","status":"Finished","failures":"a@example.com"}"#,
        r#"{"importId":"1","status":"Finished","summary":7}"#,
        r#"{"status":"Finished","failures":["a@example.com"]}"#,
        r#"{"status":"Finished","failures":[["a@example.com"]]}"#,
        r#"{"status":"Finished","failures":[null]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":["a@example.com"]}]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":"a@example.com"}]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":{"email":{"a":"a@example.com"}}}]}"#,
        r#"{"status":"Finished","failures":[{"contactId":{}}]}"#,
        r#"{"status":"Finished","failures":[{"failures":{}}]}"#,
        r#"{"status":"Finished","failures":[{"failures":["a@example.com"]}]}"#,
        r#"{"status":"Finished","failures":[{"failures":[{"failureCode":["a@example.com"]}]}]}"#,
        // Members that stand there twice.
        r#"{"status":"Finished","failures":[],"failures":[{}]}"#,
        r#"{"importId":"1","status":"Failed","status":"Finished"}"#,
        r#"{"importId":"1","importId":"1","status":"Finished"}"#,
        r#"{"importId":"1","status":"Finished","summary":{},"summary":{}}"#,
        r#"{"importId":"1","status":"Finished","summary":{"a":1,"a":2}}"#,
        r#"{"status":"Finished","failures":[{"identifiers":{},"identifiers":{}}]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":{"email":"a@example.com","email":"b@example.com"}}]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":{"x":null,"y":"1","x":"2"}}]}"#,
        r#"{"status":"Finished","failures":[{"failures":[],"failures":[]}]}"#,
        r#"{"status":"Finished","failures":[{"failures":[{"failureCode":"a","failureCode":"b"}]}]}"#,
        // Other capitals, where faults would be lost.
        r#"{"importId":"1","status":"Finished","Failures":[{"identifiers":{"email":"a@example.com"}}]}"#,
        r#"{"importId":"1","Status":"Finished","failures":[]}"#,
        r#"{"status":"Finished","failures":[{"Failures":[{"failureCode":"blocker"}]}]}"#,
        r#"{"status":"Finished","failures":[{"Identifiers":{"email":"a@example.com"}}]}"#,
        r#"{"status":"Finished","failures":[{"failures":[{"FailureCode":"blocker"}]}]}"#,
        // What is no text, a half of a character where no text is, and what stands behind the end.
        r#"{"status":"Finished","failures":[{"identifiers":{"email":"\ud80@example.com"}}]}"#,
        r#"{"status":"Finished","failures":[{"identifiers":{"email":"\ud800\x@example.com"}}]}"#,
        r#"{"status":"Finished","failures":[\ud800]}"#,
        r#"{"status":"Finished",\ud800"failures":["a@example.com"]}"#,
        r#"{"status":"Finished","failures":[],"created":["\ud800@example.com]}"#,
        "{\"status\":\"Finished\",\"failures\":[{\"identifiers\":{\"email\":\"a\0@example.com\"}}]}",
        r#"{"status":"Finished","failures":[]}{}"#,
        r#"{"status":"Finished","failures":[]} a@example.com"#,
        r#"{"status":"Finished","failures":[],}"#,
        r#"{"status":"Finished","failures":[1.]}"#,
    ] {
        let error = refused(answer);
        assert_eq!((error.kind(), error.message()), (ErrorKind::NotAReport, None), "{answer}");
        assert!(!error.to_string().contains('@'), "{error}");
    }
    let invalid = b"{\"status\":\"Finished\",\"failures\":[{\"identifiers\":{\"email\":\"\xff@example.com\"}}]}";
    assert_eq!(read(invalid, &ReadOptions::new(), &[1, 100]).unwrap_err().kind(), ErrorKind::NotAReport);
}

/// A text that was cut in the middle of an emoji is written so by others, and is no reason to lose all faults.
#[test]
fn halves_of_characters() {
    let answer = r#"{"importId":"\udfff","moon\ud83d":["\ud83d"],"status":"Finished","failures":[{"identifiers":
        {"email":"a\ud83d\ude00\ud83d@example.com","k\ud800":"\\ud83d\\\ud83d\"\udc00\ud83d"},"x":"\ude00",
        "failures":[{"failureCode":"invalid\u0045mail","description":"cut \ud83d"},{"description":"\ud83d\ud83d\ude00"}]}]
        ,"updated":["\uDBFF\u0041"]}"#;
    // By each byte, and so also in the middle of each escape.
    let (faults, counts) = read(answer.as_bytes(), &ReadOptions::new(), &[1, 2, 3, 5, 7, 11, 64, 1000]).unwrap();
    let cell = |name: &str| faults[0].cells.iter().find(|(other, _)| other == name).unwrap().1.as_deref().unwrap();
    assert_eq!(cell("email"), "a😀\u{fffd}@example.com");
    assert_eq!(cell("k\u{fffd}"), "\\ud83d\\\u{fffd}\"\u{fffd}\u{fffd}");
    assert_eq!(cell("description"), "cut \u{fffd}; \u{fffd}😀");
    assert_eq!(counts.get(&FailureReason::InvalidEmail), 1);
    compare(answer.as_bytes(), &[1, 9]);
    // Very many of them, and exactly as long as a text may be.
    for (len, is_read) in [(998, true), (999, false)] {
        let halves = format!("{}{}", r"\ud83d".repeat(100), "x".repeat(len - 600));
        let answer = format!(r#"{{"importId":"1","status":"Finished","created":["{halves}"]}}"#);
        let read = read(answer.as_bytes(), &ReadOptions::new().largest_row(1000), &[1, 1000, 5000]);
        assert_eq!(read.map_err(|error| error.kind()).err(), (!is_read).then_some(ErrorKind::TooLarge), "{len}");
    }
    let failures = r#"{"failures":[{"failureCode":"blocked \ud83d"}]},"#.repeat(2000);
    let answer = format!(r#"{{"status":"Finished","failures":[{}]}}"#, failures.trim_end_matches(','));
    let counts = read(answer.as_bytes(), &ReadOptions::new(), &[1000]).unwrap().1;
    assert_eq!(counts.get(&FailureReason::from("blocked \u{fffd}")), 2000);
}

/// An error in JSON that was cut so is read, too.
#[test]
fn words_with_half_a_character() {
    for answer in [
        r#"{"errorCode":"contacts:importNotFound","description":"No such import \ud83d"}"#,
        r#"{"message":"No such import \ud83d"}"#,
    ] {
        let error = FaultReport::from_bytes(answer).unwrap_err();
        assert_eq!(error.message(), Some("No such import \u{fffd}"), "{error}");
        assert_eq!(error.code(), answer.contains("errorCode").then_some("contacts:importNotFound"));
    }
}

/// Nothing is ever counted by half, and nobody told.
#[test]
fn every_prefix_is_an_error() {
    for name in ["v3-finished.json", "v3-odd.json"] {
        let answer = fixture(name);
        let answer = answer.trim_end();
        for end in 1..answer.len() {
            let error = read(&answer.as_bytes()[..end], &ReadOptions::new(), &[7]).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotAReport, "{end}");
            let told = error.to_string();
            assert!(!["@", "4416", "L-0042"].iter().any(|contact| told.contains(contact)), "{end}: {told}");
        }
        read(answer.as_bytes(), &ReadOptions::new(), &[7]).unwrap();
    }
}

#[test]
fn an_answer_is_read_within_bounds() {
    let large = |error: Error| (error.kind(), error.to_string().contains("bytes allowed"));
    let options = ReadOptions::new().largest_row(500);
    let long = "x".repeat(600);
    for answer in [
        format!(r#"{{"importId":"1","status":"Finished","created":["{long}"]}}"#),
        format!(r#"{{"failures":[{{"identifiers":{{"email":"{long}"}}}}],"status":"Finished"}}"#),
        // One failure, however many texts it has.
        format!(r#"{{"status":"Finished","failures":[{{"failures":[{}{{}}]}}]}}"#, "{},".repeat(200)),
        format!(r#"{{"status":"Finished","failures":[{{"new":[{}0]}}]}}"#, "0,".repeat(300)),
    ] {
        let error = read(answer.as_bytes(), &options, &[1, 64, 1000]).unwrap_err();
        assert_eq!(large(error), (ErrorKind::TooLarge, true), "{answer}");
        read(answer.as_bytes(), &ReadOptions::new(), &[100]).unwrap();
    }
    // Exactly as much as allowed.
    for (len, is_read) in [(500, true), (501, false)] {
        let failure = format!(r#"{{"new":[{}0]{}}}"#, "0,".repeat(200), " ".repeat(len - 411));
        assert_eq!(failure.len(), len);
        let answer = format!(r#"{{"status":"Finished","failures":[{failure},{failure}]}}"#);
        assert_eq!(read(answer.as_bytes(), &options, &[1, 1000]).is_ok(), is_read, "{len}");
    }
    let spaces = format!(r#"{{"importId":"1","status":"Finished","created":[{}]}}"#, " ".repeat(2000));
    read(spaces.as_bytes(), &options, &[1, 64, 3000]).unwrap();

    let identifiers: Vec<_> = (0..20).map(|number| format!(r#""i{number}":1"#)).collect();
    let answer = format!(r#"{{"status":"Finished","failures":[{{"identifiers":{{{}}}}}]}}"#, identifiers.join(","));
    let error = read(answer.as_bytes(), &ReadOptions::new().most_columns(27), &[9]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("28 columns"), "{error}");
    read(answer.as_bytes(), &ReadOptions::new().most_columns(28), &[9]).unwrap();

    // The names of all identifiers are held.
    for (len, is_read) in [(100, true), (101, false)] {
        let name = |number: usize| "n".repeat(if number == 0 { len } else { 100 } - 1) + &number.to_string();
        let failures = (0..5).map(|number| format!(r#"{{"identifiers":{{"{}":1}}}}"#, name(number)));
        let answer = format!(r#"{{"status":"Finished","failures":[{}]}}"#, failures.collect::<Vec<_>>().join(","));
        let read = read(answer.as_bytes(), &options, &[1, 1000]);
        assert_eq!(read.map(|_| ()).map_err(large), if is_read { Ok(()) } else { Err((ErrorKind::TooLarge, true)) });
    }

    for depth in [100, 100_000] {
        let nested =
            format!(r#"{{"importId":"1","x":{}{},"status":"Finished"}}"#, "[".repeat(depth), "]".repeat(depth));
        let read = read(nested.as_bytes(), &ReadOptions::new(), &[1000]);
        assert_eq!(read.is_ok(), depth == 100);
    }
}

/// A few bytes a failure must not make as many cells, or names, as there are identifiers.
#[test]
fn identifiers_that_differ_in_each_failure_do_not_explode() {
    // Each with one of its own, which makes a header of its own.
    let each = (0..6000).map(|number| format!(r#"{{"identifiers":{{"identifier{number}":1}}}}"#));
    let each = each.collect::<Vec<_>>().join(",");
    // All in the first one, and none in all others.
    let names: Vec<_> = (0..16_000).map(|number| format!(r#""i{number}":1"#)).collect();
    let first = format!(r#"{{"identifiers":{{{}}}}},{}{{}}"#, names.join(","), "{},".repeat(6000));
    // None in all others, and all in the last one: only a report in memory has to know before.
    let last = format!(r#"{}{{"identifiers":{{{}}}}}"#, "{},".repeat(6000), names.join(","));
    for (failures, streams) in [(each, false), (first, false), (last, true)] {
        let answer = format!(r#"{{"status":"Finished","failures":[{failures}]}}"#);
        let error = FaultReport::from_bytes(answer.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let mut feed = FaultFeed::new(|_: &Fault<'_>| Ok(()));
        let fed = feed.feed(answer.as_bytes()).and_then(|()| feed.finish());
        assert_eq!(fed.is_ok(), streams);
    }
}

/// Each byte of a failure allows one of a cell that isn't there.
#[test]
fn what_a_failure_holds_allows_more() {
    let names: Vec<_> = (0..16_000).map(|number| format!(r#""i{number}":1"#)).collect();
    let names = names.join(",");
    for (more, is_read) in [(0, false), (100_000, true)] {
        let first = format!(r#"{{"identifiers":{{{names}}},"new":"{}"}}"#, "x".repeat(more));
        let answer = format!(r#"{{"status":"Finished","failures":[{first}{}]}}"#, ",{}".repeat(4_200));
        let mut counter = ReasonCounter::new();
        let counted = counter.feed(answer.as_bytes()).and_then(|()| counter.finish());
        let expected = if is_read { Ok(4_201) } else { Err(ErrorKind::TooLarge) };
        assert_eq!(counted.map(|counts| counts.total()).map_err(|error| error.kind()), expected, "{more}");
    }
}

#[test]
fn kinds_of_reports_are_told_apart() {
    let v3 = FaultReport::from_bytes(fixture("v3-finished.json")).unwrap();
    let csv = FaultReport::from_path("fixtures/documented.csv").unwrap();
    assert_eq!(csv.counts().report_kind(), Some(ReportKind::Import));
    assert_eq!((v3.counts() + v3.counts()).report_kind(), Some(ReportKind::ImportV3));
    assert_eq!((v3.counts() + csv.counts()).report_kind(), None);
    assert_eq!((&(csv.counts() + v3.counts()) + csv.counts()).report_kind(), None);
    assert_eq!((v3.counts() + &ReasonCounts::new()).report_kind(), Some(ReportKind::ImportV3));
    assert_eq!((&ReasonCounts::new() + v3.counts()).report_kind(), Some(ReportKind::ImportV3));
    // What is made of it is a CSV like any other.
    let again = FaultReport::from_bytes(v3.bytes()).unwrap();
    assert_eq!(again.counts().report_kind(), Some(ReportKind::Import));
    assert!(again.counts().iter().eq(v3.counts().iter()));
}

/// Reads what a server may send by another parser, as a whole.
#[test]
fn fixtures_are_what_another_parser_makes_of_them() {
    for name in ["v3-finished.json", "v3-odd.json"] {
        compare(fixture(name).as_bytes(), &[1, 2, 3, 64, 4096]);
    }
}
