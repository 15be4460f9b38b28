//! The library and a plain reading of the rules agree on any input.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use dotdigital_faults::{Error, ErrorKind, FailureReason, FaultReport, ReadOptions, ReasonCounter, ReasonCounts};
use proptest::prelude::*;
use proptest::sample::select;

use crate::reference::{self, Fault, Refusal, Report};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Unless `PROPTEST_CASES` asks for another number.
const CASES: u32 = 4_000;

/// What the rules look at, and what stands beside it in reports.
const TOKENS: &[&[u8]] = &[
    // Separators and quotes.
    b"\"",
    b"\"",
    b"\"\"",
    b"\"\"",
    b"\"\"\"",
    b",",
    b",",
    b",",
    b",\"",
    b"\",",
    b"\",\"",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\n",
    b"\"\n",
    b"\n\"",
    b"\"\r\n",
    b"\n\n",
    b"\n \t\n",
    b" ",
    b"\t",
    b"  \r\n",
    // Plain values.
    b"x",
    b"x",
    b"y,z",
    b"12345678",
    b"@",
    b"a@b.c",
    b"a@b.c",
    b"-",
    b"column_1",
    // Reasons.
    b"Duplicate",
    b"Duplicate",
    b"Hard bouncers",
    b"hard-bounced",
    b"ISP Complainers",
    b"pending double opt-in",
    b"Suppressed",
    b"mail bloc\xE2\x84\xAAed",
    b"\xC4\xB0sp complaint",
    b"Bl\0ocker\xE2\x80\x8B",
    b"Invalid\xC2\xA0Email",
    b"\xEF\xBC\xA6ailed",
    b"Soft\xCC\x81 Bounced",
    b"Failed\xC2\xB2",
    b"Blo\xCD\x85cked",
    b"Quarantined",
    b"\xC2\xA0?\xE3\x80\x80",
    // Headers.
    b"Reason",
    b"reason",
    b"Re-ason",
    b"email",
    b"E-Mail Address",
    b"Mail",
    b"Reason,email",
    b"\"Reason\",email",
    b"Reason,email,x",
    b"Reason,email,x\n",
    b"\nReason,email,x\r\n",
    b"\n\xEF\xBB\xBFReason,email,x\r\n",
    b"\n\xEF\xBB\xBF\"Reason\",\"email\",\"x\"\n",
    b"\nReason,\"email\",x\n",
    // Text that is not a report.
    b"{",
    b"<",
    b"[",
    b"null",
    // Bytes.
    b"\xEF\xBB\xBF",
    b"\xEF\xBB\xBF",
    b"\n\xEF\xBB\xBF",
    b"\0",
    b"\xFF",
    b"\xFF\xFE",
    b"\xC3",
    b"\xA9",
    b"\xC3\xA9",
    b"\xE2\x82",
    b"\xF0\x9F\x98",
    b"\xED\xA0\x80",
    // Faults.
    b"Duplicate,a@b.c",
    b"\nDuplicate,a@b.c",
    b"\nBlocked,a@b.c,x\n",
    b"Unsubscribed,a@b.c,x\r\n",
    b"Hard Bounced,a@b.c,\"x,y\"\r",
    b"\"Duplicate\",\"a@b.c\",\"x\ny\"\n",
    b"Duplicate,a@b.c,x\nrest\n",
    b"Soft bounced,a@b.c,\"x\n",
    b"Unknown thing,a@b.c,x\n",
    b"z\n",
    b",z\n",
];

/// Where reports tend to begin.
const BEGINNINGS: &[&[u8]] = &[
    b"",
    b"\xEF\xBB\xBF",
    b"\n \n",
    b"Reason,email\n",
    b"Reason,email,x\n",
    b"Reason,email,x\n",
    b"Reason,email,firstname,lastname\r\n",
    b"Reason,email,firstname,lastname\r\n",
    b"\xEF\xBB\xBFReason,email,x\r\n",
    b"\xEF\xBB\xBF\xEF\xBB\xBFReason,email,x\n",
    b"\n\xEF\xBB\xBFReason,email,x\n",
    b"\"Reason\",\"e\nmail\",x\r",
    b"\"Re\nason\",email,x,y\n",
    b"\"Reason\",email,\"x,y\"\n",
    b"\"Reason,email,x\n",
    b"Reason,email,\"x\n",
    b"Reason,x,y,email\n",
    b"Id,Email,TelephoneNumber,Reason\n",
    b"email,Reason,x\n",
    b"email,x,y\n",
    b"x,y,z\n",
    b"x,\n",
    b"\"\",,\n",
    b"x\n",
    b"\"\"\n",
    b"email\n",
    b"Reason\n",
    b"Duplicate,a@b.c,x,y\n",
    b"?,a@b.c,x\n",
    b"Duplicate\n",
];

/// What stands in front of a report's beginning that occurs once more.
const FRONTS: &[&[u8]] = &[b"", BOM, b"\n", b"\n\xEF\xBB\xBF"];

/// Shown as a byte string.
struct Input(Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn inputs() -> impl Strategy<Value = Input> {
    let token = prop_oneof![
        20 => select(TOKENS).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    let tokens = prop_oneof![
        10 => proptest::collection::vec(token.clone(), 0..6),
        10 => proptest::collection::vec(token.clone(), 0..16),
        10 => proptest::collection::vec(token.clone(), 0..60),
        1 => proptest::collection::vec(token, 100..200),
    ];
    // The beginning may stand there again, with a BOM or without, between any two tokens.
    let again = proptest::collection::vec((any::<proptest::sample::Index>(), select(FRONTS)), 0..3);
    (select(BEGINNINGS), tokens, again).prop_map(|(beginning, mut tokens, again)| {
        for (index, front) in again {
            tokens.insert(index.index(tokens.len() + 1), [front, beginning].concat());
        }
        Input([beginning, &tokens.concat()].concat())
    })
}

fn largest_fields() -> impl Strategy<Value = usize> {
    select(vec![1 << 20, 1 << 20, 0, 1, 2, 3, 5, 8, 13, 20, 40])
}

/// The lengths into which an input is cut, over and over.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        proptest::collection::vec(1_usize..5, 1..6),
        proptest::collection::vec(0_usize..40, 1..6).prop_map(|mut cuts| {
            cuts.push(7);
            cuts
        }),
    ]
}

fn pieces<'i>(input: &'i [u8], cuts: &[usize]) -> Vec<&'i [u8]> {
    let mut rest = input;
    let mut pieces = Vec::new();
    for &cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(cut.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Gives at most one piece a read, beginning with the last of them.
struct Pieces<'i>(Vec<&'i [u8]>);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // To read no bytes would be the end.
        while self.0.pop_if(|piece| piece.is_empty()).is_some() {}
        self.0.last_mut().map_or(Ok(0), |piece| piece.read(buffer))
    }
}

fn refusal(error: &Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotAReport => Refusal::NotAReport,
        ErrorKind::Utf16 => Refusal::Utf16,
        ErrorKind::Anomaly => Refusal::Anomaly(
            error.anomaly().expect("an anomaly has a kind").slug(),
            error.line().expect("an anomaly has a line"),
        ),
        kind => panic!("{kind:?} is not an error of reading bytes"),
    }
}

/// The library's report in the reference's words.
fn told(report: &FaultReport) -> Report {
    let faults = report.faults().map(|fault| Fault {
        line: fault.line(),
        reason: fault.reason().slug(),
        label: fault.reason().label().to_owned(),
        email: fault.email().into_owned(),
        fields: fault.raw_fields().map(|field| field.into_owned()).collect(),
        anomalies: fault.anomalies().iter().map(|anomaly| anomaly.slug()).collect(),
        bytes: fault.bytes().to_vec(),
    });
    Report {
        has_header: report.has_header(),
        columns: report.columns().map(str::to_owned).collect(),
        reason_column: report.reason_column(),
        email_column: report.email_column(),
        faults: faults.collect(),
        anomalies: report.anomalies().iter().map(|(anomaly, count)| (anomaly.slug(), count)).collect(),
        anomalous_lines: report
            .anomalies()
            .iter()
            .map(|(anomaly, _)| (anomaly.slug(), report.anomalies().first_lines(anomaly).to_vec()))
            .collect(),
    }
}

fn reasons(counts: &ReasonCounts) -> BTreeMap<(&str, &str), u64> {
    counts.iter().map(|(reason, count)| ((reason.slug(), reason.label()), count)).collect()
}

fn count(pieces: &[&[u8]], options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    for piece in pieces {
        counter.feed(piece)?;
    }
    counter.finish()
}

/// Everything that has to be the same, for one input.
fn compare(input: &[u8], strict: bool, largest_field: usize, cuts: &[usize]) {
    let options = ReadOptions::new().strict(strict).largest_field(largest_field);
    let pieces = pieces(input, cuts);
    let mut expected = reference::read(input, strict, largest_field);
    if let Ok(report) = &mut expected {
        for lines in report.anomalous_lines.values_mut() {
            lines.truncate(dotdigital_faults::Anomalies::FIRST_LINES);
        }
    }

    let read = FaultReport::with_options(input, &options);
    let streamed = FaultReport::from_reader(Pieces(pieces.iter().rev().copied().collect()), &options);
    let counted = count(&pieces, &options);
    assert_eq!(read.as_ref().map(told).map_err(refusal), expected, "read at once");
    assert_eq!(streamed.as_ref().map(told).map_err(refusal), expected, "read in pieces");

    match (&read, &streamed, &counted) {
        (Ok(read), _, Ok(counted)) => {
            assert_eq!(reasons(counted), reasons(read.counts()));
            assert_eq!(counted.anomalies(), read.anomalies());
            assert_eq!(counted.total(), read.faults().len() as u64);
            let mut faults = BTreeMap::new();
            for fault in &expected.as_ref().expect("agreed on above").faults {
                *faults.entry((fault.reason, fault.label.as_str())).or_insert(0) += 1;
            }
            assert_eq!(reasons(counted), faults);
        }
        (Err(read), Err(streamed), Err(counted)) => {
            for other in [streamed, counted] {
                assert_eq!(refusal(other), refusal(read));
                assert_eq!((other.message(), other.code()), (read.message(), read.code()));
            }
        }
        _ => panic!("read: {:?}, counted: {:?}", read.map(|_| ()), counted.map(|_| ())),
    }
    if let Ok(report) = &read {
        compare_rows_alone(report, &options);
    }
}

/// A row under its header alone reads as it does among the others.
fn compare_rows_alone(report: &FaultReport, options: &ReadOptions) {
    let told = told(report);
    let header = told.columns.join(",");
    let needs_quotes = |name: &String| name.contains(['"', ',', '\r', '\n', '{', '[', '<', '\u{FFFD}', '\u{FEFF}']);
    if !told.has_header || told.columns.iter().any(needs_quotes) || header.trim().is_empty() {
        return;
    }
    for fault in &told.faults {
        let alone = [header.as_bytes(), b"\n", &fault.bytes].concat();
        let alone = self::told(&FaultReport::with_options(alone, options).expect("a header and a row"));
        assert_eq!(alone.faults, [Fault { line: 2, ..fault.clone() }], "alone");
    }
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_input(input in inputs(), strict in any::<bool>(), largest_field in largest_fields(), cuts in cuts()) {
        compare(&input.0, strict, largest_field, &cuts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 40, ..config() })]

    /// Values about as long as what the library reads or holds at a time.
    #[test]
    fn long_values(
        beginning in select(BEGINNINGS),
        tokens in proptest::collection::vec(long_token(), 1..12),
        strict in prop::bool::weighted(0.2),
        largest_field in select(vec![1 << 20, 4095, 4096, 4097, 10_000, 65_536]),
        cut in select(vec![1_usize, 7, 4095, 4096, 4097, 65_535, 65_536, 65_537]),
    ) {
        compare(&[beginning, &tokens.concat()].concat(), strict, largest_field, &[cut]);
    }
}

fn long_token() -> impl Strategy<Value = Vec<u8>> {
    let long = (
        select(vec![&b"x"[..], b"\"\"", b"\xC3\xA9", b"\xE2\x82", b" "]),
        select(vec![2047_usize, 2048, 4094, 4095, 4096, 4097]),
    );
    prop_oneof![
        4 => select(TOKENS).prop_map(<[u8]>::to_vec),
        1 => long.prop_map(|(unit, times)| unit.repeat(times)),
    ]
}

fn agreed(input: &[u8], largest_field: usize) -> Vec<Fault> {
    compare(input, false, largest_field, &[1]);
    reference::read(input, false, largest_field).expect("a report").faults
}

/// The header's copy has a quoted field that is too large for one: no header, and the BOM stays.
#[test]
fn a_copy_behind_a_bom_has_the_limits_of_others() {
    let faults = agreed(b"Reason,email\n\xEF\xBB\xBF\"Reason\",email\n", 3);
    assert_eq!(faults[0].label, "\u{FEFF}\"Reason\"");
}

/// The header begins with a quote that isn't closed; behind the BOM it is, far from where a copy would end.
#[test]
fn a_copy_behind_a_bom_ends_where_its_quotes_do() {
    let faults = agreed(
        b"\"Reason,email\nDuplicate,a@b.c\n\xEF\xBB\xBF\"Reason,email\nx,and so on, and so on, and so on\n\"",
        100,
    );
    assert_eq!(faults[1].fields[0], b"\xEF\xBB\xBF\"Reason");
}

/// With its BOM left in place, the header's copy begins with a short record, which would fit.
#[test]
fn a_torn_row_ends_where_the_header_stands_once_more() {
    let torn = b"\"Re\nason\",email,x,y\nBlocker,a\nb\n\xEF\xBB\xBF\"Re\nason\",email,x,y\n";
    assert_eq!(agreed(torn, 100)[0].fields, [&b"Blocker"[..], b"a\nb"]);
}

/// The first anomaly lies within the bytes that may be a BOM, another one behind them.
#[test]
fn a_strict_reading_stops_at_the_first_anomaly() {
    let input = b"\"\nx\xFF\n";
    compare(input, true, 0, &[100]);
    assert_eq!(reference::read(input, true, 0), Err(Refusal::Anomaly("unclosed_quote", 1)));
}

/// Every name of every reason.
#[test]
fn reasons_and_their_names() {
    for (slug, label, others) in reference::REASONS {
        for name in [&[slug, label], others].concat() {
            let reason = FailureReason::try_parse(name).expect(name);
            assert_eq!((reason.slug(), reason.label()), (slug, label));
        }
    }
    assert_eq!(FailureReason::iter().len(), reference::REASONS.len());
}
