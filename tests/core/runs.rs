//! Plain records are read many at a time, and that changes nothing: neither for any report nor for any splitting.

use dotdigital_faults::{Anomaly, FailureReason, FaultReport, ReadOptions};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::helpers::report::{count_in_pieces, render_error};

/// A largest field with which each record is read by itself. Fields of the inputs are smaller.
const CAREFUL: usize = 16 * 1024 - 1;

/// What most cells hold.
fn plain_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zA-Z0-9 ]{0,24}",
        1 => "[a-zéß花\u{1f600}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff} ]{0,24}",
        1 => "\"[a-z, ]{0,12}(\"\"[a-z,]{0,4}|\r\n[a-z]{0,9}|\n[a-z,@]{0,9}){0,2}\"",
    ]
}

/// What few rows hold, each time to stop a run of the others.
fn odd_piece() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"\"",
        b"\"\"",
        b"x\"",
        b"\"x",
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b" \n",
        b"\n\n",
        b"\"\n",
        b"\n\"",
        b",\"",
        b"\",",
        b"\",\"",
        b"@",
        b"\nBlocker,a@b",
        b"\"\nBlocker,a@b,\"\n",
        b"\xff",
        b"\xc3",
        b"\xa9",
        b"\xe2\x82",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\xc0\x80",
        b"\xef\xbb\xbf",
        b"\0",
        b"Reason,email,a,b,c\n",
        b"a,b,email,c,Reason\r\n",
    ];
    select(pieces).prop_map(<[u8]>::to_vec)
}

fn reason() -> impl Strategy<Value = String> {
    let known: Vec<_> = FailureReason::iter().map(|reason| reason.to_string()).collect();
    let others = [
        "Hard Bounced",
        "HARD-BOUNCED",
        "Blocked",
        "\"Duplicate\"",
        "\"Hard bounced\"",
        "Failed",
        "ﬀailed",
        "?",
        "",
        "Suppressed by",
        "\u{feff}Blocker",
    ];
    prop_oneof![20 => select(known), 1 => select(others.to_vec()).prop_map(str::to_owned)]
}

const HEADERS: [&str; 7] = [
    "Reason,email,a,b,c",
    "a,Reason,email,b,c",
    "a,b,email,c,Reason",
    "Blocker,email,a,b,c",
    "email,a,b,c,Duplicate",
    "Reason,email",
    "Reason",
];

prop_compose! {
    /// A report that is plain for the most part, often longer than what is looked at at a time.
    fn report()(
        header in select(HEADERS.to_vec()),
        bom in any::<bool>(),
        rows in vec((reason(), vec(plain_cell(), 4), 0..1000_usize), 0..300),
        ends in select(vec!["\n", "\r\n"]),
        odd in vec((any::<prop::sample::Index>(), odd_piece()), 0..6),
        // How often rows are of another width, or headers: now and then, or all the time.
        often in select(vec![1, 1, 40]),
    ) -> Vec<u8> {
        let width = header.split(',').count();
        let mut bytes = if bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(ends.as_bytes());
        for (reason, mut cells, chance) in rows {
            cells.truncate(width - 1);
            let place = header.split(',').position(|name| ["Reason", "Blocker", "Duplicate"].contains(&name));
            cells.insert(place.unwrap_or(0), reason);
            match chance / often {
                0..5 => drop(cells.pop()),
                5..10 => cells.push("more".into()),
                10..15 => cells = vec![header.into()],
                15..18 => cells = vec!["\u{feff}".to_owned() + header],
                _ => {}
            }
            bytes.extend_from_slice(cells.join(",").as_bytes());
            bytes.extend_from_slice(ends.as_bytes());
        }
        for (at, piece) in odd {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, piece);
        }
        bytes
    }
}

/// A report, into which pieces it is cut, and whether its reading is strict.
pub fn inputs() -> impl Strategy<Value = (Vec<u8>, Vec<usize>, bool)> {
    let sizes = prop_oneof![vec(1usize..200, 1..4), vec(1usize..20_000, 1..4)];
    (report(), sizes, prop::bool::weighted(0.1))
}

/// Reads a report with runs, record by record and in pieces: each must tell the same.
pub fn compare((bytes, sizes, strict): (Vec<u8>, Vec<usize>, bool)) -> Result<(), TestCaseError> {
    let fast = ReadOptions::new().strict(strict);
    let careful = ReadOptions::new().strict(strict).largest_field(CAREFUL);
    let report = FaultReport::with_options(&bytes[..], &fast);
    let expected = FaultReport::with_options(&bytes[..], &careful);
    let counts = count_in_pieces(&bytes, &sizes, &fast);
    match (&report, &expected) {
        (Ok(report), Ok(expected)) => {
            prop_assert_eq!(report.counts(), expected.counts());
            prop_assert_eq!(counts.as_ref().ok(), Some(report.counts()));
            prop_assert_eq!(report.len(), expected.len());
            for (fault, other) in report.faults().zip(expected.faults()) {
                prop_assert_eq!((fault.line(), fault.bytes()), (other.line(), other.bytes()));
                prop_assert_eq!((fault.reason(), fault.anomalies()), (other.reason(), other.anomalies()));
                prop_assert_eq!(fault.email(), other.email());
            }
        }
        (Err(report), Err(expected)) => {
            prop_assert_eq!(render_error(report), render_error(expected));
            prop_assert_eq!(counts.map_err(|error| render_error(&error)).err(), Some(render_error(report)));
        }
        (report, expected) => prop_assert!(false, "{:?} is not {:?}", report, expected),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn runs_change_nothing(input in inputs()) {
        compare(input)?;
    }
}

/// Wherever in a word the quotes stand that close a cell, or are two for one, or what is wrong about them.
#[test]
fn quotes_at_every_place() {
    for len in 0..130 {
        let (before, behind) = ("y".repeat(len), "z".repeat(90));
        for (cell, is_sound) in [
            (format!("\"{before}\"\",{behind},\n{behind}\""), true),
            (format!("\"{before}\"\"\"\"{behind}\""), true),
            (format!("\"{before}\"x{behind}"), true),
            (format!("\"{before}\n\"x{behind}"), false),
            (format!("y{before}\"{behind}"), true),
        ] {
            let row = format!("Blocker,a@b,{cell}\n");
            let report = format!("Reason,email,x\n{}", row.repeat(20));
            compare((report.clone().into_bytes(), vec![200], false)).unwrap();
            let read = FaultReport::from_bytes(report).unwrap();
            assert_eq!(read.anomalies().is_empty(), is_sound, "{row}");
            assert!(read.len() == 20 || !is_sound, "{row}");
        }
    }
}

/// What stands inside quotes may seem to be the rest of the row, where the two quotes of one are in two words.
#[test]
fn a_doubled_quote_at_every_place() {
    for len in 0..130 {
        let row = format!("Blocker,a@b,\"{}\"\",z\n{}\"\n", "y".repeat(len), "z".repeat(90));
        let report = format!("Reason,email,x,y\n{}", row.repeat(20));
        compare((report.clone().into_bytes(), vec![200], false)).unwrap();
        let read = FaultReport::from_bytes(report).unwrap();
        assert_eq!((read.len(), read.anomalies().get(Anomaly::ShortRow)), (20, 20), "{row}");
    }
}

/// Sound characters and broken ones, wherever in a word they stand.
#[test]
fn characters_at_every_place() {
    for (bytes, is_sound) in [
        ("\u{e9}".as_bytes(), true),
        ("\u{20ac}".as_bytes(), true),
        ("\u{1f600}".as_bytes(), true),
        (b"\xa9\xc3", false),
        (b"\x82x\xe2\x82", false),
        (b"\x82\xe2x\x82", false),
        (b"\xe2\xe2\x82", false),
        (b"\xe2\x82", false),
        (b"\xe2", false),
        (b"\x82", false),
    ] {
        for len in 0..70 {
            let row = [b"Blocker,a@b,", "y".repeat(len).as_bytes(), bytes, b"y\n"].concat();
            let report = [b"Reason,email,x\n", &row.repeat(10)[..], &b"Blocker,a@b,y\n".repeat(20)].concat();
            let read = FaultReport::from_bytes(&report[..]).unwrap();
            let invalid = read.anomalies().get(Anomaly::InvalidUtf8);
            assert_eq!(
                (read.len(), invalid),
                (30, if is_sound { 0 } else { 10 }),
                "{} behind {len}",
                row.escape_ascii()
            );
        }
    }
}

/// A report that ends inside a record behind a byte order mark seems cut off, whatever the pieces were.
#[test]
fn a_report_cut_off_behind_a_mark() {
    let bytes = "\" \u{feff}Reason,\"\"\"\"\"\"\"\"\"\"\"\"Blocker\"\"Reason,email,name\n\u{feff}\" \"\"\"\"\nHard bounced,a@bReason,email,name\n\"";
    let options = ReadOptions::new();
    let whole = FaultReport::from_bytes(bytes).unwrap();
    for size in 1..bytes.len() {
        assert_eq!(&count_in_pieces(bytes.as_bytes(), &[size], &options).unwrap(), whole.counts(), "by {size}");
    }
}
