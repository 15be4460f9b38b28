//! The library and a plain reading of the rules agree on any input.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use crate::reference::{Column, Fault, Header, Options, Refusal, Report};
use dotdigital_faults::{
    ColumnChoice, Columns, Error, ErrorKind, FailureReason, FaultFeed, FaultReader, FaultReport, FaultSink, Format,
    ReadOptions, ReasonCounter, ReasonCounts, Separator,
};
use proptest::prelude::*;
use proptest::sample::select;

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
    b"Reason,mail\n",
    b"\nMail,x,Reason\n",
    b"\nemail;Reason;x\n",
    b"\n\xEF\xBB\xBFREASON,Email,X \n",
    b"reason for failure",
    // Other separators, blank rows and what stands in front of a header.
    b";",
    b";",
    b"|",
    b"\n,,\n",
    b"\n;;;\n",
    b"\n\t\t\n",
    b"\n\"\",\"\"\n",
    b"\x1A",
    b"\n\x1A\0,\n",
    b"sep=;\n",
    b"\nDuplicate;a@b.c;x\n",
    b"Faults of list Spring\n",
    b"count,share,remedy",
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
    b"Reason;email;x\n",
    b"\xEF\xBB\xBFemail|Reason|x\r\n",
    b"Reason\temail\tx\n",
    b"sep=;\nReason;email\n",
    b"\"SEP=|\"\r\n\nReason|email\r\n",
    b"Title\n\nReason,email,x\n",
    b"Title;of\n,,\n# a comment\nid;email;reason\n",
    b"Email,Reason for failure,Date\n",
    b"customer,contact email,why\n",
    b"Motivo,Email\n",
    b",,\nReason,email,x\n",
    b"PK\x03\x04",
    b"R\0e\0a\0s\0o\0n\0",
    b"Reason,count,share,remedy\n",
];

/// What stands in front of a report's beginning that occurs once more.
const FRONTS: &[&[u8]] = &[b"", BOM, b"\n", b"\n\xEF\xBB\xBF"];

/// Shown as a byte string.
pub struct Input(pub Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

pub fn inputs() -> impl Strategy<Value = Input> {
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

pub fn options() -> impl Strategy<Value = Options> {
    let column = || {
        prop_oneof![
            12 => Just(None),
            1 => select(vec!["reason", "x", "EMAIL ", "nowhere"]).prop_map(|name| Some(Column::Name(name.to_owned()))),
            1 => (1_usize..5).prop_map(|position| Some(Column::Position(position))),
        ]
    };
    let separator = prop_oneof![9 => Just(None), 1 => select(b",;\t|").prop_map(Some)];
    let most_columns = prop_oneof![9 => Just(16_384_usize), 1 => 1_usize..5];
    (any::<bool>(), largest_fields(), most_columns, separator, column(), column()).prop_map(
        |(strict, largest_field, most_columns, separator, reason_column, email_column)| Options {
            strict,
            largest_field,
            most_columns,
            separator,
            reason_column,
            email_column,
        },
    )
}

fn largest_fields() -> impl Strategy<Value = usize> {
    select(vec![1 << 20, 1 << 20, 0, 1, 2, 3, 5, 8, 13, 20, 40])
}

/// The lengths into which an input is cut, over and over.
pub fn cuts() -> impl Strategy<Value = Vec<usize>> {
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
        ErrorKind::NotAReport => error.format().map_or(Refusal::NotAReport, |format| Refusal::Format(slug(format))),
        ErrorKind::Utf16 => Refusal::Utf16,
        ErrorKind::TooLarge => Refusal::TooWide,
        ErrorKind::NoSuchColumn => Refusal::NoSuchColumn,
        ErrorKind::Anomaly => Refusal::Anomaly(
            error.anomaly().expect("an anomaly has a kind").slug(),
            error.line().expect("an anomaly has a line"),
        ),
        kind => panic!("{kind:?} is not an error of reading bytes"),
    }
}

fn slug(format: Format) -> &'static str {
    match format {
        Format::Gzip => "gzip",
        Format::Zip => "zip",
        Format::Ole2 => "ole2",
        Format::Pdf => "pdf",
        Format::Bzip2 => "bzip2",
        Format::Xz => "xz",
        Format::Zstd => "zstd",
        Format::SevenZip => "7z",
        other => panic!("{other:?} has an error of its own"),
    }
}

/// What one way of reading tells, in the reference's words.
#[derive(Debug, Default, PartialEq)]
struct Told {
    headers: Vec<Header>,
    faults: Vec<Fault>,
}

impl Told {
    fn columns(&mut self, columns: &Columns) {
        self.headers.push(Header {
            has_header: columns.has_header(),
            columns: columns.names().map(str::to_owned).collect(),
            reason_column: columns.reason(),
            email_column: columns.email(),
            first_fault: self.faults.len(),
        });
    }

    fn fault(&mut self, fault: &dotdigital_faults::Fault<'_>) {
        assert_eq!(fault.index(), self.faults.len() as u64);
        self.faults.push(Fault {
            line: fault.line().unwrap(),
            reason: fault.reason().slug(),
            label: fault.reason().label().to_owned(),
            email: fault.email().into_owned(),
            fields: fault.raw_fields().map(|field| field.into_owned()).collect(),
            anomalies: fault.anomalies().iter().map(|anomaly| anomaly.slug()).collect(),
            bytes: fault.bytes().to_vec(),
            header: self.headers.len() - 1,
        });
    }
}

impl FaultSink for Told {
    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        Told::columns(self, columns);
        Ok(())
    }

    fn fault(&mut self, fault: &dotdigital_faults::Fault<'_>) -> Result<(), Error> {
        Told::fault(self, fault);
        Ok(())
    }
}

/// The faults, each with the columns under which it stands: a reader doesn't tell of columns without a fault.
fn with_columns(told: &Told) -> Vec<(Header, Fault)> {
    let header = |fault: &Fault| Header { first_fault: 0, ..told.headers[fault.header].clone() };
    told.faults.iter().map(|fault| (header(fault), Fault { header: 0, ..fault.clone() })).collect()
}

/// What a report in memory tells, of whose headers these are expected: the same one may come again.
fn of_report(report: &FaultReport, expected: &[Header]) -> Told {
    let mut told = Told::default();
    let mut faults = report.faults().peekable();
    let ends = expected.iter().skip(1).map(|header| header.first_fault as u64).chain([u64::MAX]);
    for (columns, end) in report.headers().zip(ends) {
        told.columns(columns);
        while let Some(fault) = faults.next_if(|fault| fault.index() < end) {
            assert!(std::ptr::eq(fault.columns(), columns));
            told.fault(&fault);
        }
    }
    assert_eq!(report.headers().len(), expected.len());
    assert!(faults.next().is_none());
    for index in (0..report.len()).step_by(7) {
        let fault = report.get(index).expect("it is there");
        assert_eq!((fault.line().unwrap(), fault.bytes()), (told.faults[index].line, &*told.faults[index].bytes));
    }
    told
}

fn pulled(pieces: &[&[u8]], options: &ReadOptions) -> Result<(Told, ReasonCounts), Error> {
    let mut reader = FaultReader::with_options(Pieces(pieces.iter().rev().copied().collect()), options);
    let mut told = Told::default();
    while let Some(fault) = reader.read_fault()? {
        told.columns(fault.columns());
        told.fault(&fault);
    }
    reader.into_counts().map(|counts| (told, counts))
}

fn drained(pieces: &[&[u8]], options: &ReadOptions) -> Result<(Told, ReasonCounts), Error> {
    let mut told = Told::default();
    let reader = FaultReader::with_options(Pieces(pieces.iter().rev().copied().collect()), options);
    let counts = reader.drain_into(&mut told)?;
    Ok((told, counts))
}

fn pushed(pieces: &[&[u8]], options: &ReadOptions) -> Result<(Told, ReasonCounts), Error> {
    let mut feed = FaultFeed::with_options(Told::default(), options);
    pieces.iter().try_for_each(|piece| feed.feed(piece))?;
    feed.finish()
}

fn counted(pieces: &[&[u8]], options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    pieces.iter().try_for_each(|piece| counter.feed(piece))?;
    counter.finish()
}

fn read_options(options: &Options) -> ReadOptions {
    let column = |column: &Column| match column {
        Column::Name(name) => ColumnChoice::name(name),
        Column::Position(position) => ColumnChoice::position(*position),
    };
    let mut read = ReadOptions::new()
        .strict(options.strict)
        .largest_field(options.largest_field)
        .most_columns(options.most_columns);
    if let Some(byte) = options.separator {
        read = read.separator(Separator::ALL.into_iter().find(|separator| separator.byte() == byte).expect("one"));
    }
    if let Some(chosen) = &options.reason_column {
        read = read.reason_column(column(chosen));
    }
    if let Some(chosen) = &options.email_column {
        read = read.email_column(column(chosen));
    }
    read
}

/// Reads an input in each way there is: each must tell what the reference tells.
pub fn compare(input: &[u8], options: &Options, cuts: &[usize]) {
    let expected = crate::reference::read(input, options);
    let options = read_options(options);
    let pieces = pieces(input, cuts);
    let whole = FaultReport::with_options(input, &options);
    let counts = counted(&pieces, &options);
    let ways = [
        ("pulled", pulled(&pieces, &options)),
        ("drained", drained(&pieces, &options)),
        ("pushed", pushed(&pieces, &options)),
    ];
    match &expected {
        Err(expected) => {
            let error = whole.as_ref().map(|_| ()).expect_err("refused by the reference");
            assert_eq!(refusal(error), *expected, "at once");
            assert_eq!(counts.map(|_| ()).map_err(|error| refusal(&error)), Err(expected.clone()), "counted");
            for (way, told) in ways {
                let other = told.map(|_| ()).expect_err(way);
                assert_eq!(refusal(&other), *expected, "{way}");
                assert_eq!((other.to_string(), other.code()), (error.to_string(), error.code()), "{way}");
            }
        }
        Ok(expected) => {
            let report = whole.unwrap_or_else(|error| panic!("at once: {error}"));
            let told = Told { headers: expected.headers.clone(), faults: expected.faults.clone() };
            assert_eq!(of_report(&report, &told.headers), told, "at once");
            let counts = counts.unwrap_or_else(|error| panic!("counted: {error}"));
            compare_counts(&counts, expected, "counted");
            compare_counts(report.counts(), expected, "at once");
            for (way, read) in ways {
                let (read, counts) = read.unwrap_or_else(|error| panic!("{way}: {error}"));
                compare_counts(&counts, expected, way);
                assert_eq!(with_columns(&read), with_columns(&told), "{way}");
            }
        }
    }
}

fn compare_counts(counts: &ReasonCounts, expected: &Report, way: &str) {
    let mut reasons: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for fault in &expected.faults {
        *reasons.entry((fault.reason, fault.label.as_str())).or_default() += 1;
    }
    let counted: BTreeMap<_, _> =
        counts.iter().map(|(reason, count)| ((reason.slug(), reason.label()), count)).collect();
    assert_eq!(counted, reasons, "{way}");
    assert_eq!(counts.total(), expected.faults.len() as u64, "{way}");
    let anomalies = counts.anomalies();
    let told: BTreeMap<_, _> = anomalies.iter().map(|(anomaly, count)| (anomaly.slug(), count)).collect();
    assert_eq!(told, expected.anomalies, "{way}");
    for (anomaly, _) in anomalies.iter() {
        // In the order in which they were met: a torn row is known to be one only behind what stands inside it.
        let mut lines = anomalies.first_lines(anomaly).to_vec();
        lines.sort_unstable();
        let expected = &expected.anomalous_lines[anomaly.slug()];
        if expected.len() <= dotdigital_faults::Anomalies::FIRST_LINES {
            assert_eq!(lines, *expected, "{way}: {anomaly}");
        }
    }
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_input(input in inputs(), options in options(), cuts in cuts()) {
        compare(&input.0, &options, &cuts);
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
        let options = Options { strict, largest_field, ..Options::default() };
        compare(&[beginning, &tokens.concat()].concat(), &options, &[cut]);
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
    let options = Options { largest_field, ..Options::default() };
    compare(input, &options, &[1]);
    crate::reference::read(input, &options).expect("a report").faults
}

/// The header's copy has a quoted field that is too large for one: it is another header, whose name has quotes.
#[test]
fn a_copy_behind_a_bom_has_the_limits_of_others() {
    let report = b"Reason,email\n\xEF\xBB\xBF\"Reason\",email\n";
    assert!(agreed(report, 3).is_empty());
    assert_eq!(FaultReport::with_options(report, &ReadOptions::new().largest_field(3)).unwrap().headers().len(), 2);
}

/// The header begins with a quote that isn't closed; behind the BOM it is, far from where a copy would end.
#[test]
fn a_copy_behind_a_bom_ends_where_its_quotes_do() {
    let faults = agreed(
        b"\"Reason,email\nDuplicate,a@b.c\n\xEF\xBB\xBF\"Reason,email\nx,and so on, and so on, and so on\n\"",
        100,
    );
    assert_eq!(faults[1].fields[0], b"x");
}

/// Once it is known where the reason stands, a line inside the quotes of the header's copy looks like a fault.
#[test]
fn a_copy_behind_a_bom_that_holds_a_fault() {
    let header = "\"a\nx,a@b,Blocker\",email,Reason\n";
    let faults = agreed(format!("{header}1,c@d,Duplicate\n\u{feff}{header}").as_bytes(), 100);
    assert_eq!(faults.len(), 3);
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
    let input = b"Reason,\"\nx\xFF\n";
    let options = Options { strict: true, largest_field: 0, ..Options::default() };
    compare(input, &options, &[100]);
    assert_eq!(crate::reference::read(input, &options), Err(Refusal::Anomaly("unclosed_quote", 1)));
}

/// Every name of every reason.
#[test]
fn reasons_and_their_names() {
    for (slug, label, others) in crate::reference::REASONS {
        for name in [&[slug, label], others].concat() {
            let reason = FailureReason::try_parse(name).expect(name);
            assert_eq!((reason.slug(), reason.label()), (slug, label));
        }
    }
    assert_eq!(FailureReason::iter().len(), crate::reference::REASONS.len());
}
