//! The reading rules, case by case, each through every entry of the library: slice, reader of one byte at a time,
//! pieces of odd sizes.

use dotdigital_faults::{FaultReport, ReadOptions};

use crate::helpers::cases::CASES;
use crate::helpers::report::{Trickle, count_in_pieces, count_written, render, render_error};

/// Pieces in which a report is fed.
const SIZES: &[&[usize]] = &[&[1], &[2], &[3, 1, 7], &[64], &[usize::MAX]];

fn read(bytes: &[u8], options: &ReadOptions) -> String {
    match FaultReport::with_options(bytes, options) {
        Ok(report) => render(&report),
        Err(error) => render_error(&error),
    }
}

fn check(name: &str, bytes: &[u8], options: &ReadOptions, expected: &str) {
    assert_eq!(read(bytes, options), expected.trim_end(), "{name}");

    let expected = FaultReport::with_options(bytes, options);
    match &expected {
        Ok(report) => assert_eq!(report.bytes(), bytes, "{name}"),
        Err(error) => assert!(!format!("{error:?}").is_empty(), "{name}"),
    }
    let trickled = FaultReport::from_reader(Trickle(bytes), options);
    assert_eq!(
        trickled.as_ref().map(render).map_err(render_error),
        expected.as_ref().map(render).map_err(render_error),
        "{name}, from a reader"
    );
    let expected = expected.as_ref().map(FaultReport::counts).map_err(render_error);
    for sizes in SIZES {
        let counts = count_in_pieces(bytes, sizes, options);
        assert_eq!(counts.as_ref().map_err(render_error), expected, "{name}, in pieces of {sizes:?}");
    }
    let written = count_written(bytes, options);
    assert_eq!(written.as_ref().map_err(render_error), expected, "{name}, written");
}

#[test]
fn every_case_through_the_library() {
    for (name, bytes, expected) in CASES {
        check(name, bytes, &ReadOptions::new(), expected);
    }
}

#[test]
fn the_largest_field() {
    let report = b"Reason,email,x\nBlocker,a@b,\"1\"\"345\"\nDuplicate,c@d,\"y\"\n";
    let whole = "2 blocker [Blocker|a@b|1\\\"345]\n3 duplicate [Duplicate|c@d|y]";
    check("exactly as much as allowed", report, &ReadOptions::new().largest_field(5), whole);
    check(
        "more than allowed",
        report,
        &ReadOptions::new().largest_field(4),
        "2 blocker [Blocker|a@b|\\\"1\\\"\\\"345\\\"] unclosed_quote\n3 duplicate [Duplicate|c@d|y]\nunclosed_quote=1",
    );
    // Fields without quotes, and what stands behind a closing quote, have no limit.
    check(
        "no quotes",
        b"Reason,email,x\nBlocker,a@b,\"\"12345\n",
        &ReadOptions::new().largest_field(0),
        "2 blocker [Blocker|a@b|12345]",
    );
}

#[test]
fn the_default_largest_field_is_a_mebibyte() {
    for (len, unclosed) in [(1 << 20, 0), ((1 << 20) + 1, 1)] {
        let mut report = b"Reason,email,x\nBlocker,a@b,\"".to_vec();
        report.resize(report.len() + len, b'x');
        report.extend_from_slice(b"\"\nDuplicate,c@d,y\n");
        let read = FaultReport::from_bytes(report.clone()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read.anomalies().get(dotdigital_faults::Anomaly::UnclosedQuote), unclosed);
        assert_eq!(&count_in_pieces(&report, &[100_003], &ReadOptions::new()).unwrap(), read.counts());
    }
}

#[test]
fn a_strict_reading_names_the_first_anomaly() {
    let advice = "the default reading counts such a row and goes on";
    for (bytes, expected) in [
        (&b"Reason,email\nBlocker,a@b\n"[..], "2 blocker [Blocker|a@b]".to_owned()),
        (b"", String::new()),
        (b"Blocker,a@b\n", format!("Anomaly: line 1: no_header: the first record is a fault, not a header; {advice}")),
        (
            b"Reason,email\n\nReason,email\n",
            format!("Anomaly: line 3: repeated_header: the header stands here once more; {advice}"),
        ),
        (
            b"Reason,email\nBlocker\n",
            format!("Anomaly: line 2: short_row: the row has fewer fields than the header; {advice}"),
        ),
        (
            b"Reason,email\nBlocker,a,b\n",
            format!("Anomaly: line 2: long_row: the row has more fields than the header; {advice}"),
        ),
        (
            b"Reason,email,x,y\n\nBlocker,a@b,c\nd,e\n",
            format!("Anomaly: line 3: rejoined_row: an unquoted line break tore the row apart; {advice}"),
        ),
        (
            b"Reason,email\nBlocker,\"a\n",
            format!("Anomaly: line 2: unclosed_quote: a quote is opened and never closed; {advice}"),
        ),
        (b"Reason,\xff\n", format!("Anomaly: line 1: invalid_utf8: the row holds bytes that are not UTF-8; {advice}")),
        (
            b"Reason,email\nBlocker\n{",
            format!("Anomaly: line 2: short_row: the row has fewer fields than the header; {advice}"),
        ),
    ] {
        check("strict", bytes, &ReadOptions::new().strict(true), &expected);
    }
}

#[test]
fn a_report_larger_than_allowed() {
    let options = ReadOptions::new().largest_report(20);
    assert!(FaultReport::from_reader(&b"Reason,email\nBlocker"[..], &options).is_ok());
    let error = FaultReport::from_reader(&b"Reason,email\nBlocker,"[..], &options).unwrap_err();
    assert_eq!(
        render_error(&error),
        "TooLarge: the report is larger than the 20 bytes allowed; allow more with ReadOptions::largest_report, or \
         count it in constant memory with ReasonCounter"
    );
    assert!(FaultReport::with_options("Reason,email\nBlocker,", &options).is_ok());
}

#[test]
fn a_reader_that_fails() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the cable is out"))
        }
    }
    let error = FaultReport::from_reader(Broken, &ReadOptions::new()).unwrap_err();
    assert_eq!(render_error(&error), "Io: the report can't be read");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the cable is out");
}

#[test]
fn a_report_that_is_cut_off() {
    for (bytes, cut_off) in [
        (&b"Reason,email\nBlocker,a@b\nDuplicate"[..], true),
        (b"Reason,email\nBlocker,a@b\nDuplicate\n", false),
        (b"Reason,email\nBlocker,a@b\nDuplicate,b@c", false),
        (b"Reason,email\nBlocker,a@b\nDuplicate,\"b@", true),
        (b"", false),
    ] {
        let report = FaultReport::from_bytes(bytes).unwrap();
        assert_eq!(report.counts().is_cut_off(), cut_off, "{:?}", String::from_utf8_lossy(bytes));
        let counts = count_in_pieces(bytes, &[1], &ReadOptions::new()).unwrap();
        assert_eq!(counts.is_cut_off(), cut_off);
    }
}
