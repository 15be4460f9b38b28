//! What a report in memory tells of itself, and its faults from either end.

use std::io::{self, Read};

use dotdigital_faults::{
    Columns, Comparison, Error, ErrorKind, FailureReason, Fault, FaultReader, FaultReport, FaultSink, ReadOptions,
    Remedy, export,
};

use crate::helpers::report::report;

const REPORT: &str = "City,E-Mail,Reason\nRome,a@b,Blocker\nOslo,c@d,Moon\nBern,e@f,Sun\nBonn,g@h,Blocker\n";

fn emails<'r>(faults: impl Iterator<Item = dotdigital_faults::Fault<'r>>) -> Vec<String> {
    faults.map(|fault| fault.email().into_owned()).collect()
}

#[test]
fn what_its_header_says() {
    let named = report(REPORT);
    assert_eq!(named.columns().collect::<Vec<_>>(), ["City", "E-Mail", "Reason"]);
    assert_eq!((named.column("reason"), named.column("CITY"), named.column("street")), (Some(2), Some(0), None));
    assert_eq!((named.reason_column(), named.email_column()), (2, Some(1)));
    assert!(named.has_header() && !named.is_empty());

    let bare = report("Blocker,a@b\nDuplicate,c@d\n");
    assert_eq!(bare.columns().collect::<Vec<_>>(), ["column_1", "column_2"]);
    assert_eq!((bare.reason_column(), bare.email_column(), bare.len()), (0, Some(1), 2));
    assert!(!bare.has_header());

    let empty = report("");
    assert_eq!((empty.columns().count(), empty.column("Reason"), empty.len()), (0, None, 0));
    assert!(empty.is_empty() && !empty.has_header() && empty.get(0).is_none());
    let said = format!("{named:?}");
    assert!(said.starts_with("FaultReport { bytes: 80, faults: 4, columns: 3, anomalies: "), "{said}");
}

#[test]
fn whose_it_is() {
    let id = uuid::Uuid::from_u128(7);
    assert_eq!(report(REPORT).import_id(), None);
    let report = report(REPORT).with_import_id(id);
    assert_eq!((report.import_id(), report.counts().import_id()), (Some(id), Some(id)));
    assert_eq!(report.bytes(), REPORT.as_bytes());
    assert_eq!(report.into_bytes(), REPORT.as_bytes());
}

#[test]
fn faults_in_any_order() {
    let report = report(REPORT);
    assert_eq!(emails(report.faults()), ["a@b", "c@d", "e@f", "g@h"]);
    assert_eq!(emails(report.faults().rev()), ["g@h", "e@f", "c@d", "a@b"]);
    let mut faults = report.faults();
    assert_eq!(faults.len(), 4);
    assert_eq!(faults.nth(1).map(|fault| fault.line()), Some(Some(3)));
    assert_eq!(faults.next_back().map(|fault| fault.line()), Some(Some(5)));
    assert_eq!((faults.len(), emails(faults.by_ref()), faults.len()), (1, vec!["e@f".to_owned()], 0));
    assert!(faults.next().is_none() && faults.next_back().is_none() && faults.nth(1).is_none());
    assert_eq!(emails((&report).into_iter()).len(), 4);
}

/// An unknown reason is told from others by its text; a remedy takes all that call for it.
#[test]
fn faults_of_one_reason_or_remedy() {
    let report = report(REPORT);
    assert_eq!(emails(report.by_reason(&FailureReason::Blocker)), ["a@b", "g@h"]);
    assert_eq!(emails(report.by_reason(&FailureReason::Blocker).rev()), ["g@h", "a@b"]);
    assert_eq!(emails(report.by_reason(&FailureReason::from("moon"))), [""; 0]);
    assert_eq!(emails(report.by_reason(&FailureReason::from("Moon"))), ["c@d"]);
    assert_eq!(emails(report.by_remedy(Remedy::Investigate)), ["c@d", "e@f"]);
    assert_eq!(emails(report.by_remedy(Remedy::Wait)), [""; 0]);
}

/// Where the first cells of a row end is found at one look, as far as that reaches. A cell is the same for that, wherever it
/// stands.
#[test]
fn cells_by_their_place() {
    let mut rows = vec!["Blocker,a@b,c,d".to_owned(), "Blocker,\"a,@b\",c".to_owned(), "\"Blocker\",a@b".to_owned()];
    for len in 48..=66 {
        let long = "x".repeat(len);
        rows.push(format!("Blocker,a@{long},c,{long}"));
        rows.push(format!("Blocker,,{long},d"));
        rows.push(format!("{long},a@b,c,{long}"));
        rows.push(format!("Blocker,\"{long}\",c,{long}"));
        rows.push(format!("\"Block,er\",a@b,\"c\",{long}"));
        rows.push(format!("Blocker,a@b,\"c,{long}\",d"));
        rows.push(format!("Blocker,a@b,\"c\n{long}\",d"));
        rows.push(format!("Blocker,a\"b,{long}"));
        rows.push(format!("Blocker,a@b,c,{long},e,{long}"));
    }
    let text = format!("Reason,email,note,more\n{}\n", rows.join("\n"));
    let report = report(&text);
    assert_eq!(report.len(), rows.len());
    for fault in &report {
        let cells: Vec<_> = fault.fields().collect();
        for (place, cell) in cells.iter().enumerate() {
            assert_eq!(fault.field(place).as_ref(), Some(cell), "{place} of {:?}", cells);
        }
        assert_eq!((fault.field(cells.len()), fault.email()), (None, cells[1].clone()));
        assert_eq!(fault.get("Note").as_ref(), cells.get(2));
    }
}

/// Rows with quotes where no writer would put them are written so that they are read as the same.
#[test]
fn odd_quotes_are_written_and_read_back() {
    for row in [r#"a"b"#, r#"a"b""c"#, r#"a"b"","#, r#""a"b""c"#, r#""a""b","#, r#"a""#, r#""""#, r#""a"""#, r#"a"b"#] {
        let report = report(&format!("Reason,email,note\nBlocker,a@b,{row}\nDuplicate,c@d,e\n"));
        let mut csv = Vec::new();
        export::faults_to_csv(&report, report.faults(), &export::WriteOptions::new(), &mut csv).unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&csv[..]);
        for (fault, record) in report.faults().zip(reader.records()) {
            assert!(fault.fields().eq(record.unwrap().iter()), "{row} as {}", String::from_utf8_lossy(&csv));
        }
    }
}

/// Who asks for a column that isn't there is told those that are, unless they may be a contact's data.
/// What is written of a report in memory is what is written of one that comes: each header, also one with no fault under
/// it that is wanted, and nothing is looked for through all headers of many reports that were joined.
#[test]
fn joined_reports_are_written_as_they_come() {
    let joined = "Reason,email\nBlocker,a@x\nReason,email,x\nDuplicate,b@x,1\nMoon,c@x,2\nReason,email,y\n";
    for times in [1, 2, 20_000] {
        let bytes = joined.repeat(times);
        let report = FaultReport::from_bytes(&*bytes).unwrap();
        for reason in [None, Some(FailureReason::Blocker)] {
            let is_wanted = |fault: &Fault<'_>| reason.as_ref().is_none_or(|reason| fault.reason() == reason);
            let mut written = Vec::new();
            let faults = report.faults().filter(|fault| is_wanted(fault));
            export::faults_to_csv(&report, faults, &export::WriteOptions::new(), &mut written).unwrap();
            let mut wanted = Wanted(export::Csv::new(Vec::new(), &export::WriteOptions::new()), &is_wanted);
            FaultReader::new(bytes.as_bytes()).drain_into(&mut wanted).unwrap();
            assert_eq!(written, wanted.0.finish().unwrap(), "{times} {reason:?}");
        }
    }

    struct Wanted<'w>(export::Csv<Vec<u8>>, &'w dyn Fn(&Fault<'_>) -> bool);

    impl FaultSink for Wanted<'_> {
        fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
            self.0.columns(columns)
        }

        fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
            if (self.1)(fault) { self.0.fault(fault) } else { Ok(()) }
        }
    }
}

#[test]
fn columns_that_an_error_tells() {
    let told = |text: &str| report(text).group_by("moon").map(|_| ()).unwrap_err().to_string();
    let none = "the report has no column `moon`";
    assert_eq!(told("Reason,phone\nBlocker,1\n"), format!("{none}; it has `Reason`, `phone`"));
    assert_eq!(told("Blocker,a@b\nDuplicate,c@d\n"), none);
    // Several names are told as long as they take no more than 600 bytes.
    let names = (0..8).map(|number| format!("{number}{}", "x".repeat(63))).collect::<Vec<_>>().join(",");
    let eight = names.split(',').map(|name| format!(", `{name}`")).collect::<String>();
    for (len, rest) in [(46, format!(", `{}`", "y".repeat(46))), (47, " and 1 more".to_owned())] {
        let report = format!("Reason,{names},{}\nBlocker,a@b\n", "y".repeat(len));
        assert_eq!(told(&report), format!("{none}; it has `Reason`{eight}{rest}"));
    }
}

#[test]
fn what_columns_are() {
    let report = report(REPORT);
    let columns = report.headers().next().unwrap();
    assert_eq!((columns.len(), columns.is_empty(), columns.name(2), columns.name(3)), (3, false, Some("Reason"), None));
    assert!(columns.names().rev().eq(["Reason", "E-Mail", "City"]));
    assert_eq!(format!("{columns:?}"), "Columns { len: 3, reason: 2, email: Some(1), has_header: true, .. }");
    let group = &report.group_by_reason()[0];
    assert_eq!((group.reason(), format!("{group:?}")), (&FailureReason::Blocker, "Group { faults: 2, .. }".to_owned()));
}

/// A read that a signal has interrupted is begun again.
struct Interrupted<'a>(&'a [u8], bool);

impl Read for Interrupted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn a_source_that_is_interrupted() {
    let answer = br#"{"importId": "1", "status": "Finished", "failures": []}"#;
    for bytes in [REPORT.as_bytes(), answer] {
        let whole = FaultReport::from_bytes(bytes).unwrap();
        let read = FaultReport::from_reader(Interrupted(bytes, false), &ReadOptions::new()).unwrap();
        assert_eq!((read.counts(), read.bytes()), (whole.counts(), whole.bytes()));
        let counts = FaultReader::new(Interrupted(bytes, false)).into_counts().unwrap();
        assert_eq!(&counts, whole.counts());
    }
}

/// A source whose disk has failed, and that has no more to give then.
struct Failed(bool);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0 = !self.0;
        if self.0 { Err(io::Error::other("the disk failed")) } else { Ok(0) }
    }
}

/// Whatever can't be opened, or is a folder, is named.
#[test]
fn a_path_that_is_no_file() {
    for path in ["fixtures", "fixtures/nothing.csv"] {
        for error in [FaultReport::from_path(path).unwrap_err(), FaultReader::from_path(path).map(|_| ()).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::Io);
            assert_eq!(error.to_string(), format!("{path:?} can't be read"));
            assert!(std::error::Error::source(&error).is_some());
        }
    }
}

#[test]
fn a_source_that_fails_is_no_end() {
    for error in [
        FaultReport::from_reader(REPORT.as_bytes().chain(Failed(false)), &ReadOptions::new()).map(|_| ()),
        FaultReport::from_reader(Failed(false), &ReadOptions::new()).map(|_| ()),
        FaultReader::new(REPORT.as_bytes().chain(Failed(false))).into_counts().map(|_| ()),
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Io);
    }
}

/// A contact is the same however its address was typed.
#[test]
fn contacts_of_two_reports() {
    let (old, new) = (report("Reason,email\nBlocker,a@b\nMoon,c@d\n"), report("Reason,email\nBlocker, A@B \n"));
    let comparison = Comparison::new(&old, &new);
    assert_eq!((comparison.unchanged(), comparison.contacts().len()), (1, 1));
    assert_eq!(comparison.contacts().next().unwrap().email(), "c@d");
}
