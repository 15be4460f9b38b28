//! The reading rules, case by case, each through every entry of the library: slice, reader of one byte at a time,
//! pieces of odd sizes.

use dotdigital_faults::{Anomaly, ColumnChoice, FaultReport, ReadOptions, Separator};

use crate::helpers::cases::cases;
use crate::helpers::report::{
    Trickle, count_in_pieces, count_written, options, render, render_drained, render_error, render_pulled,
    render_pushed,
};
use crate::reference::{Column, Options};

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
    let rendered = expected.as_ref().map(render).map_err(render_error);
    assert_eq!(render_pulled(bytes, options).map_err(|error| render_error(&error)), rendered, "{name}, pulled");
    assert_eq!(render_drained(bytes, options).map_err(|error| render_error(&error)), rendered, "{name}, drained");
    for sizes in SIZES {
        let pushed = render_pushed(bytes, sizes, options);
        assert_eq!(pushed.map_err(|error| render_error(&error)), rendered, "{name}, pushed in pieces of {sizes:?}");
    }
    let expected = expected.as_ref().map(FaultReport::counts).map_err(render_error);
    for sizes in SIZES {
        let counts = count_in_pieces(bytes, sizes, options);
        assert_eq!(counts.as_ref().map_err(render_error), expected, "{name}, in pieces of {sizes:?}");
    }
    let written = count_written(bytes, options);
    assert_eq!(written.as_ref().map_err(render_error), expected, "{name}, written");
}

#[test]
pub fn every_case_through_the_library() {
    for (name, arguments, report, expected) in cases() {
        check(name, report, &options(arguments), expected);
    }
}

/// The cases and the plain reading of the rules agree, too.
#[test]
fn every_case_through_the_reference() {
    for (name, arguments, report, _) in cases() {
        println!("{name}");
        let options = options_of_reference(arguments);
        SIZES.iter().for_each(|sizes| crate::agreement::compare(report, &options, sizes));
    }
}

fn options_of_reference(arguments: &str) -> Options {
    let mut options = Options::default();
    for argument in arguments.split("--").skip(1) {
        let (name, value) = argument.split_once('=').unwrap_or((argument.trim(), ""));
        let column = || {
            let is_position = !value.is_empty() && value.trim_end().bytes().all(|byte| byte.is_ascii_digit());
            Some(if is_position {
                Column::Position(value.trim_end().parse().unwrap())
            } else {
                Column::Name(value.into())
            })
        };
        match name {
            "reason-column" => options.reason_column = column(),
            "email-column" => options.email_column = column(),
            "separator" => options.separator = value.trim_end().parse::<Separator>().ok().map(Separator::byte),
            _ => options.strict = true,
        }
    }
    options
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
    // Its last byte is a quote.
    for (largest, quotes) in [(5, "1234\\\""), (4, "\\\"1234\\\"\\\"\\\"")] {
        let unclosed = if largest == 5 { "" } else { " unclosed_quote\nunclosed_quote=1" };
        let expected = format!("2 blocker [Blocker|a@b|{quotes}]{unclosed}");
        let report = b"Reason,email,x\nBlocker,a@b,\"1234\"\"\"\n";
        check("a doubled quote", report, &ReadOptions::new().largest_field(largest), &expected);
    }
    // Fields without quotes, and what stands behind a closing quote, have no limit.
    check(
        "no quotes",
        b"Reason,email,x\nBlocker,a@b,\"\"12345\n",
        &ReadOptions::new().largest_field(0),
        "2 blocker [Blocker|a@b|12345]",
    );
}

/// Whoever hands on rows that come in pieces holds each as a whole, up to a limit; whoever counts doesn't.
#[test]
fn the_largest_row() {
    let options = ReadOptions::new().largest_row(30);
    for (row, is_read) in [
        ("Blocker,a@b,345678901234567890", true),
        ("Blocker,a@b,3456789012345678901234567", false),
        ("Blocker,a@b,\"4567890123456789\"", true),
        ("Blocker,a@b,\"4567\n901234567\",9012345678", false),
    ] {
        // The first bytes are looked at together.
        let front = "Blocker,e@f,z\n".repeat(8);
        let report = format!("Reason,email,x\n{front}{row}\nDuplicate,c@d,y\n");
        for sizes in [&[1][..], &[3]] {
            let read = render_pushed(report.as_bytes(), sizes, &options);
            let expected = match is_read {
                true => Ok(render(&FaultReport::from_bytes(report.clone()).unwrap())),
                false => Err("TooLarge: line 10: a row is larger than the 30 bytes allowed; allow more with ReadOptions::largest_row".to_owned()),
            };
            assert_eq!(read.map_err(|error| render_error(&error)), expected, "{row} by {sizes:?}");
            assert_eq!(count_in_pieces(report.as_bytes(), sizes, &options).unwrap().total(), 10, "{row}");
        }
    }
}

/// Rule 4c: a header behind a title ends within the first 64 KiB, and is one of the first sixteen records.
#[test]
fn how_far_a_header_is_looked_for() {
    const BOUND: usize = 64 * 1024;
    let rows = "Blocker,a@b\n".repeat(10);
    let mut reports = Vec::new();
    for (front, end) in [("", "\n"), ("", "\r\n"), ("", "\r"), ("sep=,\n", "\n"), ("\u{feff}sep=,\n", "\n")] {
        let header = format!("Reason,email{end}");
        for (len, is_found) in [(BOUND, true), (BOUND + 1, false), (BOUND - 1, true)] {
            let title = "t".repeat(len - front.len() - header.len() - 1);
            reports.push((format!("{front}{title}\n{header}{rows}"), is_found, format!("{front:?} {end:?} at {len}")));
        }
    }
    for (titles, is_found) in [(15, true), (16, false)] {
        reports.push((format!("{}Reason,email\n{rows}", "t\n".repeat(titles)), is_found, format!("{titles} titles")));
    }
    for (report, is_found, what) in reports {
        let read = FaultReport::from_bytes(report.clone()).unwrap();
        // The line `sep=,` is one of the preamble in any case.
        let others = u64::from(report.contains("sep="));
        assert_eq!(read.anomalies().get(Anomaly::Preamble) > others, is_found, "{what}");
        for sizes in [&[1_000][..], &[65_535, 1, 1, 1], &[BOUND, 1]] {
            let pushed = render_pushed(report.as_bytes(), sizes, &ReadOptions::new());
            assert_eq!(pushed.map_err(|error| render_error(&error)), Ok(render(&read)), "{what} by {sizes:?}");
        }
    }
}

#[test]
fn the_default_largest_field_is_a_mebibyte() {
    for (len, unclosed) in [(1 << 20, 0), ((1 << 20) + 1, 1)] {
        let mut report = b"Reason,email,x\nBlocker,a@b,\"".to_vec();
        report.resize(report.len() + len, b'x');
        report.extend_from_slice(b"\"\nDuplicate,c@d,y\n");
        let read = FaultReport::from_bytes(report.clone()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read.anomalies().get(Anomaly::UnclosedQuote), unclosed);
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
fn the_most_columns() {
    let too_wide = |line: &str, columns: usize, most: usize| {
        format!(
            "TooLarge: {line}the header has {columns} columns, more than the {most} allowed; allow more with \
             ReadOptions::most_columns, if that is right"
        )
    };
    for (name, report, expected) in [
        ("as many as allowed", &b"Reason,email,x\nBlocker,a@b,1,2,3\n"[..], String::from("2 blocker [Blocker|a@b|1|2|3] long_row\nlong_row=1")),
        ("a header with more", b"Reason,email,x,y\nBlocker,a@b\n", too_wide("", 4, 3)),
        ("no header, and a first row with more", b"Blocker,a@b,1,2\n", too_wide("", 4, 3)),
        (
            "another header with as many as allowed",
            b"Reason,email\nBlocker,a@b\nReason,email,x\nFailed,c@d,1\n",
            "2 blocker [Blocker|a@b]\nunder [Reason|email|x]\n4 failures [Failed|c@d|1]\nother_header=1".into(),
        ),
        ("another header with more", b"Reason,email\nBlocker,a@b\nReason,email,x,y\n", too_wide("line 3: ", 4, 3)),
        (
            "what is no report goes first",
            b"a,b,c,d\nx,y\n",
            "NotAReport: this is not a faults report: none of its 4 columns is named Reason, and none of its first 1,000 \
             rows holds a known reason; the columns seem to be separated by ','; if it is the list that was uploaded, \
             fetch the report of its import; if one of its columns is the reason, name it (ReadOptions::reason_column, \
             --reason-column)"
                .into(),
        ),
    ] {
        check(name, report, &ReadOptions::new().most_columns(3), &expected);
    }
    // The default.
    for (columns, is_read) in [(16_384, true), (16_385, false)] {
        let report = format!("Reason,email{}\nBlocker,a@b\n", ",x".repeat(columns - 2));
        assert_eq!(FaultReport::from_bytes(report).is_ok(), is_read, "{columns}");
    }
}

/// Rule 7: what stands between the parts of a torn row is part of it, up to 64 KiB.
#[test]
fn the_largest_gap_in_a_torn_row() {
    const LARGEST: usize = 64 * 1024;
    for (gap, rejoined) in [(LARGEST, 1), (LARGEST + 1, 0)] {
        let blanks = "\n".repeat(gap);
        let report = format!("Reason,email,x,y\nBlocker,a@b,Mary{blanks}Jane,Watson\nDuplicate,c@d,1,2\n");
        let read = FaultReport::from_bytes(report.clone()).unwrap();
        assert_eq!(read.anomalies().get(Anomaly::RejoinedRow), rejoined, "{gap}");
        assert_eq!(read.len() as u64, 3 - rejoined);
        for sizes in [&[1_000][..], &[65_537], &[3, 70_000]] {
            let pushed = render_pushed(report.as_bytes(), sizes, &ReadOptions::new()).unwrap();
            assert_eq!(pushed, render(&read), "{gap} in pieces of {sizes:?}");
        }
        assert_eq!(render_pulled(report.as_bytes(), &ReadOptions::new()).unwrap(), render(&read), "{gap}");
    }
}

/// Lines are counted from the first one on, and those of nothing have any length up to that of the largest row.
#[test]
fn lines_of_nothing_in_front() {
    for (front, line) in [("\r\n".repeat(40), 42), ("\r".repeat(99), 101), (format!("{}\n\t\r", " ".repeat(200)), 4)] {
        let report = format!("{front}Reason,email\nBlocker,a@b\n");
        check("in front", report.as_bytes(), &ReadOptions::new(), &format!("{line} blocker [Blocker|a@b]"));
    }
    for (spaces, is_read) in [(100, true), (101, false)] {
        let options = ReadOptions::new().largest_row(100);
        let report = format!("\n\n{}\nReason,email\nBlocker,a@b\n", " ".repeat(spaces));
        let expected = match is_read {
            true => Ok("5 blocker [Blocker|a@b]".to_owned()),
            false => Err("TooLarge: line 3: a row is larger than the 100 bytes allowed; allow more with ReadOptions::largest_row".to_owned()),
        };
        let pushed = render_pushed(report.as_bytes(), &[1], &options);
        assert_eq!(pushed.map_err(|error| render_error(&error)), expected, "{spaces}");
    }
}

/// Wherever it is cut. The first bytes of a report come together: so there are some rows in front.
#[test]
fn what_is_cut_between_its_bytes() {
    const FRONT: &str = "Reason,email,x\nBlocker,a@b,1\nBlocker,a@b,2\nBlocker,a@b,3\nBlocker,a@b,4\nBlocker,a@b,5\n";
    for rest in [
        "\r\n\r\n\rDuplicate,c@d,6\r\n\r\nMoon,e@f,7\r\n",
        "Moon,e@f,\"a\r\n\r\nb\"\r\nDuplicate,c@d,\"6\"\"\"\r\n",
        "Moon,e@f,\"a\r\nDuplicate,c@d,6\r\n",
        "Moon,e@f\r\n\r\nand so on,1\r\nDuplicate,c@d,6",
        "\u{feff}\"Reason\",email,x\r\nDuplicate,c@d,6\n",
        "\u{feff}\u{feff}\"Reason\",\"email\",x\nDuplicate,c@d,6\n\u{feff}\"reason\",email,\"x\"",
        "\u{feff}\"Reason\",email\nDuplicate,c@d,6\n\u{feff}",
        "\u{feff}\n \u{feff}\u{feff} \n\u{feff}Duplicate,c@d,6\n",
        "\u{fec0}\"Reason\",email,x\nDuplicate,c@d,\u{fec0}\n",
        "\"Moon\",e@f,\"\u{e9}\u{20ac}\u{1f600}\"\n\"Dupli\"cate,c@d,6\n",
        "x,email,Reason\r\n1,c@d,Duplicate\r\n",
    ] {
        for cuts in [&[1][..], &[2], &[3], &[FRONT.len() + 1, 1, 1, 2], &[usize::MAX]] {
            let report = format!("{FRONT}{rest}");
            crate::agreement::compare(report.as_bytes(), &Options::default(), cuts);
        }
    }
}

/// Behind a byte order mark it is seen whether the header stands there once more, as far as the largest row goes.
#[test]
fn a_mark_in_front_of_the_largest_row() {
    let options = ReadOptions::new().largest_row(100);
    for len in [90, 96, 97, 98, 99] {
        let header = format!("Reason,{}", "x".repeat(len - 7));
        let rows = "Blocker,a@b\n".repeat(3);
        for (behind, faults) in [("\n", 6), ("x\n", 7)] {
            let report = format!("{header}\n{rows}\u{feff}{header}{behind}{rows}");
            for sizes in [&[1][..], &[2]] {
                let counts = count_in_pieces(report.as_bytes(), sizes, &options).unwrap();
                assert_eq!(counts.total(), if len > 97 { 7 } else { faults }, "{len} {behind:?} by {sizes:?}");
            }
        }
    }
}

/// Only a text that is whole, and none of contacts, is repeated: 200 characters of it.
#[test]
fn how_much_of_a_text_is_repeated() {
    for (report, is_shown) in [("x".repeat(200), true), ("x".repeat(201), true), ("x,".repeat(600_000), false)] {
        let error = FaultReport::from_bytes(report.clone()).unwrap_err().to_string();
        let shown = if report.len() > 200 { format!("{}…;", &report[..200]) } else { format!("{report};") };
        assert_eq!(error.contains(&shown), is_shown, "{error}");
        assert!(is_shown || !error.contains("x,x"), "{error}");
    }
}

/// Rule 2: a known reason shows a report where it stands in one of the first 1,000 records of two cells or more.
#[test]
fn the_first_thousand_records_tell() {
    for (unknown, is_read) in [(999, true), (1_000, false)] {
        let front = "Grund,E-Mail\n".to_owned() + &"one cell\n,\n\n".repeat(20);
        let report = front + &"Mond,a@b\n".repeat(unknown) + "Blocker,c@d\n";
        let read = FaultReport::from_bytes(report.clone());
        assert_eq!(read.as_ref().map(FaultReport::len).ok(), is_read.then_some(unknown + 21), "{unknown}");
        let expected = read.as_ref().map(render).map_err(render_error);
        for sizes in [&[1][..], &[4096], &[9, 2, 5_000]] {
            let pushed = render_pushed(report.as_bytes(), sizes, &ReadOptions::new());
            assert_eq!(pushed.map_err(|error| render_error(&error)), expected, "{unknown}");
        }
    }
}

/// Rule 2: they end within the first MiB.
#[test]
fn the_first_mebibyte_tells() {
    let front = "Grund,E-Mail\nMond,\"";
    let back = "\"\nBlocker,c@d\n";
    for (len, is_read) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let report = format!("{front}{}{back}", "x".repeat(len - front.len() - back.len()));
        let read = FaultReport::from_bytes(report.clone());
        assert_eq!(read.is_ok(), is_read, "{len}");
        let expected = read.as_ref().map(render).map_err(render_error);
        let pushed = render_pushed(report.as_bytes(), &[100_003], &ReadOptions::new());
        assert_eq!(pushed.map_err(|error| render_error(&error)), expected, "{len}");
    }
}

/// No message holds a cell, and none is long, however wide the header is.
#[test]
fn errors_of_wide_headers_are_short() {
    let names: String = (0..10_000).map(|column| format!(",a long name of a column with number {column}")).collect();
    let report = FaultReport::from_bytes(format!("Reason,email{names}\nBlocker,a@b\n")).unwrap();
    let error = report.group_by("nowhere").unwrap_err().to_string();
    assert!(error.len() < 1024 && error.contains("`Reason`, `email`"), "{error}");

    let wide = format!("Reason,{}\nBlocker,a@b\n", "x".repeat(1 << 20));
    let error = FaultReport::from_bytes(wide).unwrap().group_by("nowhere").unwrap_err().to_string();
    assert!(error.len() < 1024, "{error}");

    // What stands in place of a header may be a contact.
    let report = FaultReport::from_bytes("ann@example.com,Ann\nBlocker,bob@example.com\n").unwrap();
    let error = report.group_by(&"nowhere ".repeat(1_000)).unwrap_err().to_string();
    assert!(error.len() < 1024 && !error.contains("ann"), "{error}");
}

/// What is said goes before the defaults of an account.
#[test]
fn options_before_those_of_an_account() {
    let account = ReadOptions::new()
        .strict(true)
        .separator(Separator::Semicolon)
        .reason_column(ColumnChoice::position(2))
        .email_column(ColumnChoice::name("contact"));
    let report = b"Why;x,contact;z\nMoon;Sun,a@b;Mars\n";
    let columns = |options: &ReadOptions| {
        let read = FaultReport::with_options(report, options).unwrap();
        let names: Vec<_> = read.columns().collect();
        (names.join("|"), read.reason_column(), read.email_column())
    };
    let own = ReadOptions::new().separator(Separator::Comma).reason_column(ColumnChoice::position(1));
    let own = own.email_column(ColumnChoice::position(2));
    assert_eq!(columns(&own.or(&account)), ("Why;x|contact;z".into(), 0, Some(1)));
    let other = account.clone().email_column(ColumnChoice::position(3));
    assert_eq!(columns(&ReadOptions::new().or(&other)), ("Why|x,contact|z".into(), 1, Some(2)));
    let error = FaultReport::with_options(report, &ReadOptions::new().or(&account)).unwrap_err();
    assert_eq!(render_error(&error), "NoSuchColumn: the report has no column `contact`");
    // Only what an account's reports have is taken from there.
    let short = b"x;Reason;contact\n1;Blocker\n";
    check("not strict", short, &ReadOptions::new().or(&account), "2 blocker [1|Blocker] short_row\nshort_row=1");
    let error = FaultReport::with_options(short, &ReadOptions::new().strict(true).or(&account)).unwrap_err();
    assert_eq!(error.anomaly(), Some(Anomaly::ShortRow));
}

/// What is written of a report without a header, and of one that was joined to it: the numbers are no title.
#[test]
fn numbers_in_place_of_names_are_no_preamble() {
    let numbered = "column_1,column_2\nMoon phase,bad\nReason,email\nDuplicate,c@x\n";
    let titled = numbered.replace("column_2", "column_3");
    for (report, expected) in [(numbered, "Moon phase Duplicate, other_header"), (&titled, "Duplicate, preamble")] {
        let report = FaultReport::from_bytes(report).unwrap();
        let reasons: Vec<_> = report.faults().map(|fault| fault.reason().to_string()).collect();
        let anomalies: Vec<_> = report.anomalies().iter().map(|(anomaly, ..)| anomaly.to_string()).collect();
        assert_eq!(format!("{}, {}", reasons.join(" "), anomalies.join(" ")), expected);
    }
}

/// As the command line takes them: digits are a position.
#[test]
fn options_as_text() {
    for (text, expected) in [
        ("2", Ok(ColumnChoice::position(2))),
        ("Why", Ok(ColumnChoice::name("Why"))),
        ("+2", Ok(ColumnChoice::name("+2"))),
        ("2nd reason", Ok(ColumnChoice::name("2nd reason"))),
        ("0", Err("there is no column 0")),
        ("00", Err("there is no column 0")),
        ("99999999999999999999999", Err("no report has a column 99999999999999999999999")),
        ("", Err("a column without a name can't be looked for")),
        (" \t", Err("a column without a name can't be looked for")),
    ] {
        let column = text.parse::<ColumnChoice>().map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(column, Ok(expected)),
            Err(words) => assert!(column.is_err_and(|error| error.starts_with(words)), "{text}"),
        }
    }
    for separator in Separator::ALL {
        assert_eq!(separator.to_string().to_uppercase().parse::<Separator>().unwrap(), separator);
    }
    assert_eq!(format!("{:>10}", Separator::Pipe), "      pipe");
    assert!(",".parse::<Separator>().unwrap_err().to_string().contains("no separator is named `,`"));
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

/// What is no report says the same however it comes, also where that is certain long before its code.
#[test]
fn a_code_far_behind() {
    let rows = |row: &str, count: usize, code: &str| [&row.repeat(count), code].concat().into_bytes();
    let columns = "none of its 2 columns is named Reason, and none of its first 1,000 rows holds a known reason; the columns \
                   seem to be separated by";
    let advice = "if it is the list that was uploaded, fetch the report of its import; if one of its columns is the reason, \
                  name it (ReadOptions::reason_column, --reason-column)";
    for (text, said, code, separator) in [
        (rows("a,b\n", 2000, "ERROR_FAR"), " it says ERROR_FAR;", Some("ERROR_FAR"), "','"),
        // The columns are counted by what parts them.
        (rows("a;b\n", 2000, "ERROR_FAR"), " it says ERROR_FAR;", Some("ERROR_FAR"), "';'"),
        (rows("a,b\n", 20_000, "ERROR_TOO_FAR"), "", None, "','"),
        // What may be a contact's is only at hand.
        (rows("a@example.com,b\n", 2000, "ERROR_FAR"), "", Some("ERROR_FAR"), "','"),
    ] {
        let error = FaultReport::from_bytes(&text[..]).unwrap_err();
        assert_eq!(error.code(), code);
        let expected = format!("NotAReport: this is not a faults report:{said} {columns} {separator}; {advice}");
        check(code.unwrap_or("none"), &text, &ReadOptions::new(), &expected);
    }
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
        // What is unusual, and then many rows that aren't.
        (&[b"Reason,email\nDuplicate\n", "Blocker,a@b\n".repeat(200).as_bytes(), b" "].concat(), false),
    ] {
        let report = FaultReport::from_bytes(bytes).unwrap();
        assert_eq!(report.counts().is_cut_off(), cut_off, "{:?}", String::from_utf8_lossy(bytes));
        let counts = count_in_pieces(bytes, &[1], &ReadOptions::new()).unwrap();
        assert_eq!(counts.is_cut_off(), cut_off);
    }
}
