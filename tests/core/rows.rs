//! Rows as the user's own types.

use std::collections::HashMap;

use dotdigital_faults::{ErrorKind, FailureReason, FaultReport};
use serde::Deserialize;

use crate::helpers::report::report;

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
    #[derive(Debug, Deserialize, PartialEq)]
    struct Strict {
        country: Country,
        age: u8,
    }
    #[derive(Debug, Deserialize, PartialEq)]
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
    assert_eq!(rows[2], Ok(Strict { country: Country::NL, age: 7 }));
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

/// Where reports of different columns were joined, each row is read by its own.
#[test]
fn rows_under_several_headers() {
    let report = report("Reason,email,postcode\nBlocker,a@b,1\nEmail,Postcode,Nowhere,Reason\nc@d,2,here,Moon\n");
    let mut rows = report.deserialize::<Row>();
    assert_eq!(format!("{rows:?}").split_once(' ').unwrap().0, "Deserialized");
    let first = rows.next().unwrap().unwrap();
    assert_eq!((first.reason, &*first.email, first.postcode), (FailureReason::Blocker, "a@b", Some(1)));
    assert_eq!(rows.len(), 1);
    let second = rows.next().unwrap().unwrap();
    assert_eq!((second.reason, &*second.email, second.postcode), (FailureReason::from("Moon"), "c@d", Some(2)));
    assert_eq!(second.nowhere.as_deref(), Some("here"));
}

/// The upload may have columns of these names, too: in lower case, as the service writes them.
#[test]
fn the_reason_and_the_email_are_those_of_the_report() {
    let report = report("Reason,Email,reason,email\nHard bounced,a@b,moved away,other\n");
    let row = report.deserialize::<Row>().next().unwrap().unwrap();
    assert_eq!((row.reason, &*row.email), (FailureReason::HardBounced, "a@b"));
}

/// Whatever the type is, an error tells the column in which the row doesn't fit, as far as that can be told.
#[test]
fn where_rows_do_not_fit() {
    #[derive(Debug, Deserialize)]
    enum Place {
        Rome,
    }
    #[derive(Debug, Deserialize)]
    struct ByReason {
        #[serde(rename = "reason")]
        _reason: Place,
    }
    fn column<T: serde::de::DeserializeOwned>(report: &FaultReport) -> Option<String> {
        let error = report.deserialize::<T>().next().unwrap().err().unwrap();
        assert_eq!((error.kind(), error.line()), (ErrorKind::Deserialize, Some(2)));
        error.column().map(str::to_owned)
    }
    let rows = report("city,city,Reason\nRome,Oslo,Blocker,Rome,Bonn\n");
    assert_eq!(column::<HashMap<String, Place>>(&rows).as_deref(), Some("city_2"));
    assert_eq!(column::<Vec<Place>>(&rows).as_deref(), Some("city_2"));
    assert_eq!(column::<HashMap<String, u8>>(&rows).as_deref(), Some("city"));
    assert_eq!(column::<ByReason>(&rows).as_deref(), Some("Reason"));
    assert_eq!(column::<(String, Place, String, String, String)>(&rows), None);
    let beyond = report("city,Reason\nRome,Rome,Rome,Bonn\n");
    assert_eq!(column::<Vec<Place>>(&beyond).as_deref(), Some("column_4"));
    // What was taken for a header may be a contact: then columns are told by their numbers.
    let contact = report("Moon,invisible,jo@example.com\nBlocker,a@b,Rome\n");
    assert_eq!(column::<(String, String, u8)>(&contact).as_deref(), Some("column_3"));
    assert_eq!(column::<Vec<u8>>(&contact).as_deref(), Some("column_1"));
    // A reason that is absent is an empty one, which stands where it should.
    assert_eq!(column::<ByReason>(&report("a,b,Reason\nx\n")).as_deref(), Some("Reason"));
}
