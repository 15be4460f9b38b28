//! Faults one at a time: those that are lent, drained into a sink, or pushed.

use std::io::{self, Read, Write};

use dotdigital_faults::{
    Anomaly, Columns, Error, ErrorKind, Fault, FaultFeed, FaultReader, FaultReport, FaultSink, ReadOptions,
    ReasonCounter,
};

const REPORT: &str = "Reason,email\nBlocker,a@b\nDuplicate,c@d\nReason,email,city\nMoon,e@f,Rome\nBlocker,g@h,Oslo\n";

/// Notes the emails, and the columns in front of those that stand under them. With an error, it has had enough of the first.
#[derive(Default)]
struct Notes {
    told: Vec<String>,
    refusal: Option<Error>,
}

impl FaultSink for Notes {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        self.told.push(fault.email().into_owned());
        self.refusal.clone().map_or(Ok(()), Err)
    }

    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        self.told.push(columns.names().collect::<Vec<_>>().join("|"));
        Ok(())
    }
}

fn refusing() -> Notes {
    let report = FaultReport::from_bytes(r#"{"message":"the disk is full"}"#);
    Notes { refusal: report.err(), ..Notes::default() }
}

/// Whoever has looked at the first faults gets the others only, under their columns, and the counts of all.
#[test]
fn the_rest_is_drained() {
    let all = ["Reason|email", "a@b", "c@d", "Reason|email|city", "e@f", "g@h"];
    for (lent, rest) in [
        (0, &all[..]),
        (1, &["Reason|email", "c@d", "Reason|email|city", "e@f", "g@h"]),
        (2, &all[3..]),
        (3, &["Reason|email|city", "g@h"]),
        (4, &["Reason|email|city"]),
    ] {
        let mut reader = FaultReader::new(REPORT.as_bytes());
        for index in 0..lent {
            let fault = reader.read_fault().unwrap().unwrap();
            assert_eq!(fault.index(), index);
        }
        assert_eq!(format!("{reader:?}"), format!("FaultReader {{ lent: {lent}, .. }}"));
        let mut notes = Notes::default();
        let counts = reader.drain_into(&mut notes).unwrap();
        assert_eq!(notes.told, rest, "{lent} were lent");
        assert_eq!(counts.total(), 4);
    }
}

/// Columns are told also where no fault stands under them, however far the reading has come; to a sink of any kind.
#[test]
fn columns_without_faults() {
    for (report, looks, expected) in [
        ("Reason,email\n", 0, &["Reason|email"][..]),
        ("Reason,email\n", 1, &["Reason|email"]),
        ("Reason,email\nBlocker,a@b\nReason,email,city\n", 0, &["Reason|email", "a@b", "Reason|email|city"]),
        ("Reason,email\nBlocker,a@b\nReason,email,city\n", 1, &["Reason|email|city"]),
        ("Reason,email\nBlocker,a@b\nReason,email,city\n", 2, &["Reason|email|city"]),
        ("", 1, &[]),
    ] {
        let mut reader = FaultReader::new(report.as_bytes());
        for _ in 0..looks {
            reader.read_fault().unwrap();
        }
        let mut notes = Notes::default();
        let sink: &mut dyn FaultSink = &mut notes;
        reader.drain_into(sink).unwrap();
        assert_eq!(notes.told, expected, "{report} {looks}");
    }
}

/// Whatever a sink that has panicked was told, no count of it is right.
#[test]
fn a_sink_that_panics() {
    let mut feed = FaultFeed::new(|fault: &Fault<'_>| {
        assert_ne!(fault.email(), "c@d");
        Ok(())
    });
    let report = format!("{REPORT}{}", "Duplicate,x@y\n".repeat(20));
    let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| feed.feed(report.as_bytes())));
    assert!(fed.is_err());
    assert_eq!(feed.feed(b"Blocker,a@b\n").unwrap_err().kind(), ErrorKind::Io);
    let error = feed.finish().map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("the sink has panicked"), "{error}");
}

/// A look at marks that may stand in front of a header begins where the one before has ended.
#[test]
fn marks_in_tiny_pieces() {
    let (row, marks) = ("Reason,email\nBlocker,a@b\nDuplicate,c@d\n", "\u{feff}".repeat(100_000));
    for (rest, total) in [("Reason,email\nBlocker,a@b\n", 3), ("Moon,a@b\n", 3), ("\n", 2)] {
        let report = [row.repeat(10).as_str(), &marks, rest].concat();
        let mut counter = ReasonCounter::new();
        report.as_bytes().chunks(1).for_each(|byte| counter.feed(byte).unwrap());
        assert_eq!(counter.finish().unwrap().total(), total + 18, "{rest}");
    }
}

/// The error of a sink ends a reading, and is what comes of it; no fault is told behind it.
#[test]
fn a_sink_that_has_had_enough() {
    let is_of_the_sink = |error: &Error| error.message() == Some("the disk is full");
    for lent in [0, 1] {
        let mut reader = FaultReader::new(REPORT.as_bytes());
        (0..lent).for_each(|_| assert!(reader.read_fault().unwrap().is_some()));
        let mut notes = refusing();
        assert!(is_of_the_sink(&reader.drain_into(&mut notes).unwrap_err()));
        assert_eq!(notes.told.len(), 2, "{lent} were lent");
    }
    // What is pushed is read once it is certain that it is a report.
    let long = REPORT.repeat(3);
    let mut feed = FaultFeed::new(refusing());
    assert!(is_of_the_sink(&feed.feed(long.as_bytes()).unwrap_err()));
    assert!(is_of_the_sink(&feed.feed(b"Blocker,i@j,Bern\n").unwrap_err()));
    assert!(feed.finish().is_err_and(|error| is_of_the_sink(&error)));
    // A short one is, at its end.
    let mut feed = FaultFeed::new(refusing());
    feed.feed(b"Reason,email\nBlocker,a@b").unwrap();
    assert!(feed.finish().is_err_and(|error| is_of_the_sink(&error)));
}

#[test]
fn a_report_that_is_written() {
    let mut feed = FaultFeed::new(Notes::default());
    assert!(feed.counts().is_none());
    // Any write takes all of it.
    assert_eq!(feed.write(&REPORT.as_bytes()[..70]).unwrap(), 70);
    assert_eq!(feed.write(&REPORT.as_bytes()[70..]).unwrap(), REPORT.len() - 70);
    feed.flush().unwrap();
    assert_eq!(feed.counts().map(|counts| counts.total()), Some(4));
    assert_eq!(format!("{feed:?}"), "FaultFeed { .. }");
    let (notes, counts) = feed.finish().unwrap();
    assert_eq!((notes.told.len(), counts.total()), (6, 4));

    let mut feed = FaultFeed::new(refusing());
    let error = feed.write(REPORT.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
}

/// An error stays, behind the faults in front of it.
#[test]
fn an_error_behind_faults() {
    let report = format!("Reason,email\n{}Blocker\n", "Blocker,a@b\n".repeat(4));
    let options = ReadOptions::new().strict(true);
    let mut reader = FaultReader::with_options(report.as_bytes(), &options);
    for _ in 0..4 {
        assert!(reader.read_fault().unwrap().is_some());
    }
    for _ in 0..2 {
        assert_eq!(reader.read_fault().unwrap_err().anomaly(), Some(Anomaly::ShortRow));
    }
    assert_eq!(reader.into_counts().unwrap_err().line(), Some(6));
}

/// Gives so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

/// However a report is cut into pieces, and however much of it is looked at before the rest is drained: each fault is told
/// once, under its columns.
#[test]
fn a_report_of_many_pieces() {
    let mut text = String::from("Reason,email,note\n");
    for row in 0..6_000 {
        text += &format!("Blocker,{row}@b,{}\n", "x".repeat(row * 7 % 90));
    }
    text += &format!("Duplicate,long@b,\"{}\"\n", "line\n".repeat(80_000));
    text += "email,Reason\n";
    for row in 0..3_000 {
        text += &format!("{row}@c,Moon\n");
    }
    let report = FaultReport::from_bytes(&*text).unwrap();
    let shown = |fault: &Fault<'_>| (fault.index(), fault.line(), fault.email().into_owned(), fault.columns().len());
    let expected: Vec<_> = report.faults().map(|fault| shown(&fault)).collect();
    for size in [usize::MAX, 100_003, 4_096, 131] {
        for lent in [0, 1, 5_999, 6_001, 9_001] {
            let (mut told, mut reader) = (Vec::new(), FaultReader::new(Pieces(text.as_bytes(), size)));
            while told.len() < lent {
                told.push(shown(&reader.read_fault().unwrap().unwrap()));
            }
            let mut sink = |fault: &Fault<'_>| {
                let (_, line, email, width) = shown(fault);
                told.push((told.len() as u64, line, email, width));
                Ok(())
            };
            let counts = reader.drain_into(&mut sink).unwrap();
            assert!(told == expected, "{size} bytes at a time, {lent} were lent");
            assert_eq!(&counts, report.counts());
        }
    }
}

/// What a reader knows while it lends.
#[test]
fn a_reader_on_its_way() {
    let mut reader = FaultReader::new(REPORT.as_bytes());
    assert!(reader.columns().is_none() && reader.counts().is_none());
    assert_eq!(reader.read_fault().unwrap().unwrap().email(), "a@b");
    let widths = |reader: &FaultReader<_>| reader.columns().map(Columns::len);
    assert_eq!((widths(&reader), reader.counts().unwrap().total() > 0), (Some(2), true));
    reader.read_fault().unwrap();
    assert_eq!(widths(&reader), Some(2));
    reader.read_fault().unwrap();
    assert_eq!(widths(&reader), Some(3));
    assert_eq!(reader.into_counts().unwrap().total(), 4);
    let mut empty = FaultReader::new(&b"Reason,email\n"[..]);
    assert!(empty.read_fault().unwrap().is_none());
    assert_eq!(empty.columns().map(Columns::len), Some(2));
}

/// Whoever looks at rows gets none that is longer than allowed, however the input is split; whoever counts them, all.
#[test]
fn rows_that_are_too_long() {
    let long = "x".repeat(20_000);
    for (largest, report, line) in [
        (40, format!("Reason,email\nBlocker,a@b\nDuplicate,{}@d\n", &long[..40]), 3),
        (19_000, format!("Reason,email\nBlocker,a@b\nDuplicate,{long}@d\n"), 3),
        (19_000, format!("Reason,email\nBlocker,\"{long}\"\nDuplicate,c@d\n"), 2),
        // Torn apart, and put together again: neither of its lines is too long.
        (15_000, format!("Reason,email,x\nMoon,a@b{}\n{},\nDuplicate,c@d,\n", &long[..9_000], &long[..9_000]), 2),
    ] {
        let options = ReadOptions::new().largest_row(largest);
        for piece in [1, 7, 1_000, report.len()] {
            let mut feed = FaultFeed::with_options(Notes::default(), &options);
            let fed = report.as_bytes().chunks(piece).try_for_each(|piece| feed.feed(piece));
            let error = fed.and_then(|()| feed.finish().map(|_| ())).unwrap_err();
            assert_eq!((error.kind(), error.line()), (ErrorKind::TooLarge, Some(line)), "{largest} by {piece}");
        }
        let mut reader = FaultReader::with_options(report.as_bytes(), &options);
        let error = loop {
            match reader.read_fault() {
                Ok(fault) => assert!(fault.is_some(), "{largest}"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error.line()), (ErrorKind::TooLarge, Some(line)), "{largest}");
        let faults = FaultReport::with_options(report.as_str(), &options).unwrap().len() as u64;
        assert!(faults >= 1, "in memory, rows have any length");
        let mut counter = ReasonCounter::with_options(&options);
        counter.feed(report.as_bytes()).unwrap();
        assert_eq!(counter.finish().unwrap().total(), faults);
    }
    // A header is bounded for everybody.
    let options = ReadOptions::new().largest_row(10);
    for report in ["Reason,email\nBlocker,a@b\n", "Reason,email"] {
        assert_eq!(FaultReport::with_options(report, &options).unwrap_err().kind(), ErrorKind::TooLarge);
        assert_eq!(
            FaultReader::with_options(report.as_bytes(), &options).into_counts().unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }
}
