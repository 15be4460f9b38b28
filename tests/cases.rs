//! The reading rules, case by case, each through every entry: slice, reader of one byte at a time, pieces of odd
//! sizes, and the program.

mod common;

use common::{Trickle, count_in_pieces, count_written, render, render_error};
use dotdigital_faults::{FaultReport, ReadOptions};

/// A name, the report, and what it reads as.
type Case = (&'static str, &'static [u8], &'static str);

/// What needs no options.
const CASES: &[Case] = &[
    // 1. Byte order marks.
    ("a mark", b"\xef\xbb\xbfReason,email\nBlocker,a@b\n", "2 blocker [Blocker|a@b]"),
    ("a mark alone", b"\xef\xbb\xbf", ""),
    ("a mark and a blank line", b"\xef\xbb\xbf\r\nReason,email\nBlocker,a@b\n", "3 blocker [Blocker|a@b]"),
    (
        "a second mark belongs to the name, which folds to the reason's all the same",
        b"\xef\xbb\xbf\xef\xbb\xbfemail,Reason\na@b,Blocker",
        "2 blocker [a@b|Blocker]",
    ),
    ("little-endian UTF-16", b"\xff\xfeR\0", UTF16),
    ("big-endian UTF-16", b"\xfe\xff\0R", UTF16),
    ("a lone 0xff is text", b"\xff", "NotAReport: this is not a faults report: \u{fffd}; fetch or save the report again, exactly as the service sends it"),
    // 2. What is no report.
    ("nothing", b"", ""),
    ("white space", b" \t\r\n", ""),
    ("null", b"\r\n null\t\n", ""),
    ("empty quotes", b"\"\"", ""),
    ("empty quotes in spaces", b"  \"\"  \r\n", ""),
    ("null behind a mark", b"\xef\xbb\xbfnull", ""),
    ("null is a name where rows follow it", b"null\nBlocker\n", "2 blocker [Blocker]"),
    ("a header alone", b"Reason,email\r\n", ""),
    ("a header alone, without a name that is known", b"a,b\n", ""),
    ("a header of the email alone", b"E-Mail", ""),
    ("a line of text", b"Server busy\n", "NotAReport: this is not a faults report: Server busy; fetch or save the report again, exactly as the service sends it"),
    ("a line of text, twice", b"Busy\nBusy\n", r"NotAReport: this is not a faults report: Busy\nBusy; fetch or save the report again, exactly as the service sends it"),
    (
        "JSON",
        b"  {\"Message\": \"Gone.\\u0007 ERROR_A\", \"detail\": \"ERROR_B2\"}",
        r"NotAReport: this is not a faults report: Gone.\u{7} ERROR_A (ERROR_B2); fetch or save the report again, exactly as the service sends it",
    ),
    (
        "a list in JSON",
        b"[1]",
        "NotAReport: this is not a faults report: [1]; fetch or save the report again, exactly as the service sends it",
    ),
    (
        "HTML behind a mark",
        b"\xef\xbb\xbf\n<p>ERROR_UNKNOWN</p>\n",
        "NotAReport: this is not a faults report: <p>ERROR_UNKNOWN</p>; fetch or save the report again, exactly as the service sends it",
    ),
    ("a brace in quotes is a name", b"\"{a}\",b\nBlocker,x\n", "2 blocker [Blocker|x]"),
    // 3. Records.
    ("no line end at the end", b"Reason,email\nBlocker,a@b", "2 blocker [Blocker|a@b]"),
    (
        "blank lines",
        b"\n \nReason,email\n\nBlocker,a@b\n \t \r\n\r\nDuplicate,c@d\n\n",
        "5 blocker [Blocker|a@b]\n8 duplicate [Duplicate|c@d]",
    ),
    ("lone CRs", b"Reason,email\rBlocker,a@b\r\rDuplicate,c@d", "2 blocker [Blocker|a@b]\n4 duplicate [Duplicate|c@d]"),
    (
        "quotes",
        b"Reason,email,x\nBlocker,\"a@b\",\"1,2\n\"\"3\"\"\"\nDuplicate,c@d,\"\"\n",
        "2 blocker [Blocker|a@b|1,2\\n\\\"3\\\"]\n4 duplicate [Duplicate|c@d|]",
    ),
    (
        "quotes in an unquoted field",
        b"Reason,email,x\nBlocker,a@b,5\" disk \"x\" \n",
        "2 blocker [Blocker|a@b|5\\\" disk \\\"x\\\" ]",
    ),
    (
        "text behind a closing quote",
        b"Reason,email,x\nBlocker,a@b,\"a\"b\"c\nDuplicate,c@d,\"\"\"\"x\n",
        "2 blocker [Blocker|a@b|ab\\\"c]\n3 duplicate [Duplicate|c@d|\\\"x]",
    ),
    ("a quote behind a space is no opening one", b"Reason,email\nBlocker, \"a@b\"\n", "2 blocker [Blocker| \\\"a@b\\\"]"),
    ("empty quotes alone are a record", b"Reason,email\n\"\"\n", "2 other() [] short_row\nshort_row=1"),
    ("empty fields", b"Reason,email,x\n,,\nBlocker,,\n", "2 other() [||]\n3 blocker [Blocker||]"),
    ("spaces stay in the fields", b"Reason,email\n  Blocker ,  a@b \n", "2 blocker [  Blocker |  a@b ]"),
    // 4. The header.
    ("the reason is last", b"Id,Email,Reason\n1,a@b,Blocker\n", "2 blocker [1|a@b|Blocker]"),
    ("no known name", b"x,y,z\nBlocker,a@b,1\n", "2 blocker [Blocker|a@b|1]"),
    ("no header, a known reason", b"Hard bounced,a\nBlocker,b\n", "1 hard_bounced [Hard bounced|a] no_header\n2 blocker [Blocker|b]\nno_header=1"),
    ("no header, one column", b"Blocked\n", "1 blocker [Blocked] no_header\nno_header=1"),
    ("no header, an address", b"Moon,a@b\n", "1 other(Moon) [Moon|a@b] no_header\nno_header=1"),
    ("an address in a named column is a name", b"Reason,a@b\nBlocker,c@d\n", "2 blocker [Blocker|c@d]"),
    (
        "a repeated header",
        b"Reason,email\nBlocker,a@b\nReason,email\n\"Reason\",email\nReason,email,\nreason,email\n",
        "2 blocker [Blocker|a@b]\n5 other(Reason) [Reason|email|] long_row\n6 other(reason) [reason|email]\nrepeated_header=2 long_row=1",
    ),
    (
        "a repeated header behind a mark",
        b"\xef\xbb\xbfReason,email\nBlocker,a@b\n\xef\xbb\xbf\"Reason\",\"email\"\r\n\xef\xbb\xbfReason,emai\nDuplicate,c@d\n",
        "2 blocker [Blocker|a@b]\n4 other(\u{feff}Reason) [\\u{feff}Reason|emai]\n5 duplicate [Duplicate|c@d]\nrepeated_header=1",
    ),
    ("a row is no repeated header where there is no header", b"Blocker,a@b\nBlocker,a@b\n", "1 blocker [Blocker|a@b] no_header\n2 blocker [Blocker|a@b]\nno_header=1"),
    // 5. Reasons.
    (
        "wordings",
        b"Reason,email\n hard-BOUNCED ,a\nIsp\xe2\x80\x8b Complaints,b\nHard\xff bounced,c\n\xef\xbc\xa4uplicate,d\n",
        "2 hard_bounced [ hard-BOUNCED |a]\n3 complained_to_isp [Isp\\u{200b} Complaints|b]\n4 hard_bounced [Hard\u{fffd} bounced|c] invalid_utf8\n5 other(\u{ff24}uplicate) [\u{ff24}uplicate|d]\ninvalid_utf8=1",
    ),
    ("unknown text", b"Reason,email\n\xe2\x80\x83 Moon  phase \t,a\n", "2 other(Moon  phase) [\\u{2003} Moon  phase \\t|a]"),
    // 6. Widths.
    (
        "ragged rows",
        b"Reason,email,x\nBlocker\nBlocker,a@b\nBlocker,a@b,1,2,3\n",
        "2 blocker [Blocker] short_row\n3 blocker [Blocker|a@b] short_row\n4 blocker [Blocker|a@b|1|2|3] long_row\nshort_row=2 long_row=1",
    ),
    ("the reason's cell is absent", b"Id,Email,Reason\n1,a@b\n", "2 other() [1|a@b] short_row\nshort_row=1"),
    // 7. Unquoted line breaks.
    (
        "one in a name",
        b"Reason,email,first,last\nBlocker,a@b,Mary\r\nJane,Watson\r\nDuplicate,c@d,x,y\r\n",
        "2 blocker [Blocker|a@b|Mary\\r\\nJane|Watson] rejoined_row\n4 duplicate [Duplicate|c@d|x|y]\nrejoined_row=1",
    ),
    (
        "two in a name, with a blank line",
        b"Reason,email,first,last\nBlocker,a@b,Mary\n \nJane\n\"Lou\",Watson\n",
        "2 blocker [Blocker|a@b|Mary\\n \\nJane\\nLou|Watson] rejoined_row\nrejoined_row=1",
    ),
    (
        "the parts are too few to fill the row",
        b"Reason,email,x,y\nBlocker,a@b\nc\nDuplicate,c@d,x,y\n",
        "2 blocker [Blocker|a@b\\nc] short_row rejoined_row\n4 duplicate [Duplicate|c@d|x|y]\nshort_row=1 rejoined_row=1",
    ),
    (
        "the parts are too many",
        b"Reason,email,x\nBlocker,a@b\nc,d,e\n",
        "2 blocker [Blocker|a@b] short_row\n3 other(c) [c|d|e]\nshort_row=1",
    ),
    (
        "what follows is a fault",
        b"Reason,email,x\nBlocker,a@b\nMoon,c@d\nBlocker,a@b\nDuplicate\n",
        "2 blocker [Blocker|a@b] short_row\n3 other(Moon) [Moon|c@d] short_row\n4 blocker [Blocker|a@b] short_row\n5 duplicate [Duplicate] short_row\nshort_row=4",
    ),
    (
        "not with the reason in another column, nor with two columns",
        b"email,Reason,x\na@b,Blocker\nc,d\n",
        "2 blocker [a@b|Blocker] short_row\n3 other(d) [c|d] short_row\nshort_row=2",
    ),
    (
        "a repeated header ends it",
        b"Reason,email,x\nBlocker,a@b\nReason,email,x\nc\n",
        "2 blocker [Blocker|a@b] short_row\n4 other(c) [c] short_row\nrepeated_header=1 short_row=2",
    ),
    // 8. Unclosed quotes.
    (
        "to the end of the input",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d,e\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d|e]\nunclosed_quote=1",
    ),
    (
        "a line break inside, and no separator behind",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,\"d\",e\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d|e]\nunclosed_quote=1",
    ),
    (
        "a fault inside",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d@e,f\"\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 duplicate [Duplicate|d@e|f\\\"]\nunclosed_quote=1",
    ),
    (
        "a fault inside, behind CRLF",
        b"Reason,email,x\r\nBlocker,a@b,\"c\r\nz\r\nDuplicate,d@e,f\"\r\n",
        "2 blocker [Blocker|a@b|\\\"c] unclosed_quote\n3 other(z) [z] short_row\n4 duplicate [Duplicate|d@e|f\\\"]\nshort_row=1 unclosed_quote=1",
    ),
    (
        "no fault inside: the address is in the third cell",
        b"Reason,email,x\nBlocker,a@b,\"c\nDuplicate,d,e@f\"\n",
        "2 blocker [Blocker|a@b|c\\nDuplicate,d,e@f]\n",
    ),
    (
        "no fault inside: the first line begins in the middle of one",
        b"Reason,email,x\nMoon,\"Blocker,a@b\",x\n",
        "2 other(Moon) [Moon|Blocker,a@b|x]\n",
    ),
    (
        "a header with one",
        b"Reason,email,\"x\nBlocker,a@b,1\n\nReason,email,\"x\n",
        "2 blocker [Blocker|a@b|1]\nrepeated_header=1 unclosed_quote=2",
    ),
    (
        "a quote that is closed on its own line is closed, whatever follows",
        b"Reason,email,x\n\"Blocker,a@b,\"c\nDuplicate,d@e,f\n",
        "2 other(Blocker,a@b,c) [Blocker,a@b,c] short_row\n3 duplicate [Duplicate|d@e|f]\nshort_row=1",
    ),
    // 9. Text.
    (
        "bytes that are not UTF-8",
        b"Reason,email,x\nBlocker,\xe2\x82,\xf0\x9f\x98x\xff\xff\nDuplicate,\0,y\n",
        "2 blocker [Blocker|\u{fffd}|\u{fffd}x\u{fffd}\u{fffd}] invalid_utf8\n3 duplicate [Duplicate|\\0|y]\ninvalid_utf8=1",
    ),
    ("a header that is not UTF-8", b"Reason,email,\xff\n", "invalid_utf8=1"),
];

const UTF16: &str = "Utf16: the report is UTF-16, not the UTF-8 that the service sends; save it again as UTF-8, or use \
                     the bytes exactly as the service sent them";

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

/// Each case once more as a file and as standard input of the program, which must say what the library says.
#[cfg(feature = "cli")]
#[test]
fn every_case_through_the_program() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    for (name, bytes, _) in CASES {
        std::fs::write(&path, bytes).unwrap();
        let from_file = Command::new(env!("CARGO_BIN_EXE_faults"))
            .args(["summary", "--format", "json"])
            .arg(&path)
            .output()
            .unwrap();
        let mut listing = Command::new(env!("CARGO_BIN_EXE_faults"))
            .args(["list", "-", "--format", "jsonl"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        listing.stdin.take().unwrap().write_all(bytes).unwrap();
        let from_stdin = listing.wait_with_output().unwrap();
        match FaultReport::from_bytes(*bytes) {
            Ok(report) => {
                let document: serde_json::Value = serde_json::from_slice(&from_file.stdout).unwrap();
                assert_eq!(document, serde_json::to_value(report.counts()).unwrap(), "{name}");
                assert_eq!(from_file.status.code(), Some(0), "{name}");
                let lines: Vec<serde_json::Value> = String::from_utf8(from_stdin.stdout)
                    .unwrap()
                    .lines()
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect();
                let faults: Vec<_> = report.faults().map(|fault| serde_json::to_value(fault).unwrap()).collect();
                assert_eq!(lines, faults, "{name}");
                assert_eq!(from_stdin.status.code(), Some(0), "{name}");
            }
            Err(error) => {
                for output in [from_file, from_stdin] {
                    assert_eq!(output.status.code(), Some(2), "{name}");
                    assert_eq!(output.stdout, b"", "{name}");
                    let message = String::from_utf8(output.stderr).unwrap();
                    assert!(message.ends_with(&format!(": {error}\n")), "{name}: {message}");
                }
            }
        }
    }
}
