//! What holds for every report.

use std::collections::HashSet;

use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use dotdigital_faults::{
    Anomaly, Columns, Error, ErrorKind, FailureReason, Fault, FaultFeed, FaultReader, FaultReport, FaultSink,
    ReadOptions, ReasonCounts, ReasonFilter, Remedy, export,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::helpers::report::{count_in_pieces, count_written, render_error};
use crate::values::reason;

/// A cell that holds whatever a customer typed.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Zéß花 ]{0,12}",
        2 => "[a-z\",\r\n@=+ ]{0,16}",
        1 => any::<String>(),
    ]
}

/// A well-formed report: a header and rows of one width, the reason first.
fn report() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
    (1usize..6).prop_flat_map(|more| {
        let rows = vec((reason(), vec(cell(), more)), 0..20);
        (vec("[a-z]{1,8}", more), rows).prop_map(|(names, rows)| {
            let header = ["Reason".to_owned()].into_iter().chain(names).collect();
            (header, rows.into_iter().map(|(reason, cells)| [reason].into_iter().chain(cells).collect()).collect())
        })
    })
}

fn write(header: &[String], rows: &[Vec<String>], style: QuoteStyle) -> Vec<u8> {
    let mut writer = WriterBuilder::new().quote_style(style).from_writer(Vec::new());
    writer.write_record(header).unwrap();
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

/// A name's letters and digits, lower-cased.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Does a line behind a line break look like a fault? Rule 8 sets it apart, though no writer means it.
fn holds_fault(cell: &str, separator: char) -> bool {
    cell.split(['\r', '\n']).skip(1).any(|line| {
        line.split_once(separator).is_some_and(|(reason, rest)| {
            FailureReason::try_parse(reason).is_some()
                && rest.split(separator).next().is_some_and(|cell| cell.contains('@'))
        })
    })
}

/// Pieces of a hostile report, chosen to collide with the reading rules.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(vec![&b"\""[..], b"\"\"", b",", b"\n", b"\r", b"\r\n", b" ", b"\t"]),
        3 => select(vec![&b"Blocker"[..], b"Hard bounced,a@b", b"a@b", b"x", b"Reason", b"email", b"Reason,email,name\n"]),
        1 => select(vec![&b"\xef\xbb\xbf"[..], b"\xff", b"\xe2\x82", b"\0", b"{", b"<", b"null", b"ERROR_X"]),
        1 => vec(any::<u8>(), 0..4).prop_map(|bytes| &*bytes.leak()),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A well-formed report without line breaks and without what any rule looks at; each row has an address.
fn simple_report() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
    (0usize..4).prop_flat_map(|more| {
        let reason = select(vec!["Blocker", "hard-bounced", "Moon; phase", "", "ISP, complaints"]);
        let rows = vec((reason, "[a-z]{1,6}@example[.]com", vec("[a-zA-Zé花0-9,;|\t ]{0,8}", more)), 0..12);
        (vec("[a-z]{1,8}", more), rows).prop_map(|(names, rows)| {
            let header = ["Reason", "email"].map(str::to_owned).into_iter().chain(names).collect();
            let rows = rows
                .into_iter()
                .map(|(reason, email, cells)| [reason.to_owned(), email].into_iter().chain(cells).collect());
            (header, rows.collect())
        })
    })
}

/// Writes the faults that are wanted.
struct Wanted {
    filter: ReasonFilter,
    csv: export::Csv<Vec<u8>>,
}

impl FaultSink for Wanted {
    fn columns(&mut self, columns: &Columns) -> Result<(), Error> {
        self.csv.columns(columns)
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        if self.filter.wants(fault.reason()) { self.csv.fault(fault) } else { Ok(()) }
    }
}

/// A report with rows of all widths, of reasons that are known or not, with addresses or without, under two headers.
fn torn() -> impl Strategy<Value = Vec<u8>> {
    let cell = select(vec!["x", "no at", "a@b", "", "\"1\n2\"", "y;z", "Reason", "email"]);
    let row = (select(vec!["Moon", "Sun", "Blocker", "Duplicate", ""]), vec(cell, 0..4))
        .prop_map(|(reason, cells)| [reason].into_iter().chain(cells).collect::<Vec<_>>().join(","));
    let row = prop_oneof![
        12 => row,
        1 => select(vec!["Reason,email,a,b", "reason,mail,c", "email,Reason,c,d", "REASON,Email,A,B"]).prop_map(str::to_owned),
    ];
    (select(vec!["Reason,email,a,b", "Reason,email,c", "Id,Reason,email"]), vec(row, 0..12)).prop_map(
        |(header, rows)| {
            let rows: String = rows.into_iter().map(|row| row + "\n").collect();
            format!("{header}\n{rows}").into_bytes()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    /// What the csv crate writes is read back the same, cell by cell, whatever the quoting; the csv crate's own
    /// reading of it agrees.
    #[test]
    fn well_formed_reports_are_read_as_they_were_written(
        (header, rows) in report(),
        style in select(vec![QuoteStyle::Necessary, QuoteStyle::Always]),
    ) {
        let bytes = write(&header, &rows, style);
        // Two of our rules are meant for what no writer writes, and set well-formed reports that look like it apart.
        let looks_like_a_header = rows.contains(&header);
        let swallows_a_fault = rows.iter().flatten().any(|cell| holds_fault(cell, ','));
        prop_assume!(!looks_like_a_header && !swallows_a_fault);

        let report = FaultReport::from_bytes(bytes.clone()).unwrap();
        let read: Vec<Vec<String>> =
            report.faults().map(|fault| fault.fields().map(|cell| cell.into_owned()).collect()).collect();
        let is_blank = |row: &[String]| row.iter().all(|cell| cell.chars().all(|c| " \t\0\u{1a}".contains(c)));
        let (blank, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| is_blank(row));
        prop_assert_eq!(&read, &rows);
        prop_assert!(report.columns().eq(header.iter().map(String::as_str)));
        let counted: Vec<_> = report.anomalies().iter().collect();
        let blank_rows = (!blank.is_empty()).then_some((Anomaly::BlankRow, blank.len() as u64));
        prop_assert_eq!(counted, Vec::from_iter(blank_rows));

        let mut oracle = csv::Reader::from_reader(&bytes[..]);
        let records = oracle.byte_records().map(Result::unwrap);
        let records = records.filter(|record| !record.iter().all(|cell| cell.iter().all(|byte| b" \t\0\x1a".contains(byte))));
        for (fault, record) in report.faults().zip(records) {
            // The csv crate counts LFs alone.
            let before = &bytes[..record.position().unwrap().byte() as usize];
            let ends = before.iter().enumerate().filter(|&(at, &byte)| byte == b'\r' || byte == b'\n' && !before[..at].ends_with(b"\r"));
            prop_assert_eq!(fault.line(), Some(ends.count() as u64 + 1));
            prop_assert!(fault.raw_fields().eq(record.iter()));
            prop_assert_eq!(fault.reason(), &FailureReason::from(fault.field(0).unwrap().as_ref()));
        }
    }

    /// The counter gives the report's counts, for any splitting, and neither panics on anything.
    #[test]
    fn report_and_counter_agree_on_anything(
        bytes in prop_oneof![hostile(), vec(any::<u8>(), 0..200)],
        sizes in vec(1usize..40, 1..6),
        strict in any::<bool>(),
        largest_field in prop_oneof![Just(1 << 20), 0usize..30],
    ) {
        let options = ReadOptions::new().strict(strict).largest_field(largest_field);
        let report = FaultReport::with_options(&bytes[..], &options);
        let counts = count_in_pieces(&bytes, &sizes, &options);
        match (&report, &counts) {
            (Ok(report), Ok(counts)) => {
                prop_assert_eq!(report.counts(), counts);
                prop_assert_eq!(counts.total(), report.len() as u64);
            }
            (Err(report), Err(counts)) => prop_assert_eq!(render_error(report), render_error(counts)),
            (report, counts) => prop_assert!(false, "{:?} is not {:?}", report, counts),
        }
        prop_assert_eq!(count_written(&bytes, &options).map_err(|error| render_error(&error)), counts.map_err(|error| render_error(&error)));
    }

    /// Whatever a report holds, its parts fit together.
    #[test]
    fn a_report_is_consistent(bytes in hostile()) {
        let Ok(report) = FaultReport::from_bytes(bytes.clone()) else { return Ok(()) };
        let faults = report.faults();
        prop_assert_eq!(faults.len(), report.len());
        prop_assert!(faults.clone().rev().map(|fault| fault.index()).eq((0..report.len() as u64).rev()));

        let counted: ReasonCounts = faults.clone().map(|fault| fault.reason().clone()).collect::<Vec<_>>().iter().collect();
        prop_assert!(counted.iter().eq(report.counts().iter()));
        let shares: f64 = counted.iter().map(|(reason, _)| counted.share(reason)).sum();
        prop_assert!(report.is_empty() || (shares - 1.0).abs() < 1e-9);

        let mut line = 0;
        for (index, fault) in faults.enumerate() {
            prop_assert!(fault.line() > Some(line));
            line = fault.line().unwrap();
            prop_assert!(bytes.windows(fault.bytes().len().max(1)).any(|window| window == fault.bytes()));
            prop_assert_eq!(report.get(index).unwrap().line(), Some(line));
            let fields: Vec<_> = fault.fields().collect();
            for (column, cell) in fields.iter().enumerate() {
                let single = fault.field(column);
                prop_assert_eq!(single.as_ref(), Some(cell));
            }
            prop_assert_eq!(fault.field(fields.len()), None);
            prop_assert_eq!(fault.email(), fault.columns().email().and_then(|column| fields.get(column).cloned()).unwrap_or_default());
            let value = serde_json::to_value(&fault).unwrap();
            prop_assert_eq!(value["columns"].as_object().unwrap().len(), fields.len().max(fault.columns().len()));
        }
        prop_assert!(report.get(report.len()).is_none());
    }

    /// A filter and its complement are all; groups are a partition.
    #[test]
    fn filters_and_groups_lose_nothing(bytes in hostile(), wanted in reason(), remedy in select(Remedy::iter().collect::<Vec<_>>())) {
        let Ok(report) = FaultReport::from_bytes(bytes) else { return Ok(()) };
        let wanted = FailureReason::from(wanted);
        let others = report.faults().filter(|fault| fault.reason() != &wanted).count();
        prop_assert_eq!(report.by_reason(&wanted).count() + others, report.len());
        prop_assert_eq!(report.by_reason(&wanted).count() as u64, report.counts().get(&wanted));
        prop_assert!(report.by_remedy(remedy).map(|fault| fault.index()).eq(
            report.faults().filter(|fault| fault.remedy() == remedy).map(|fault| fault.index())));
        prop_assert_eq!(report.by_remedy(remedy).count() as u64, report.counts().get_remedy(remedy));

        let groups = report.group_by_reason();
        prop_assert!(groups.iter().map(|group| (group.reason(), group.len() as u64)).eq(report.counts().by_frequency()));
        for column in report.columns() {
            let groups = report.group_by(column).unwrap();
            let rows: HashSet<_> = groups.iter().flat_map(|group| group.faults().map(|fault| fault.index())).collect();
            prop_assert_eq!(rows.len(), report.len());
            prop_assert_eq!(groups.iter().map(|group| group.counts()).sum::<ReasonCounts>().total(), report.len() as u64);
        }
    }

    /// A good report that was saved in another way, padded, titled, marked or joined gives the same faults.
    #[test]
    fn a_report_saved_in_another_way_has_the_same_faults(
        (header, rows) in simple_report(),
        separator in select(b",;\t|".to_vec()),
        style in select(vec![QuoteStyle::Necessary, QuoteStyle::Always]),
        blank_rows in vec(any::<Index>(), 0..4),
        (has_mark, has_separator_line, has_title, other_columns) in any::<(bool, bool, bool, bool)>(),
        cuts in vec(1usize..50, 1..4),
    ) {
        let to_told = |header: &[String], row: &[String], line: u64| {
            let names: Vec<_> = header.iter().map(String::as_str).collect();
            (line, names.join("|"), row.to_vec())
        };
        let mut writer = WriterBuilder::new().delimiter(separator).quote_style(style).flexible(true).from_writer(Vec::new());
        let mut line = 1;
        let mut front = if has_mark { "\u{feff}".to_owned() } else { String::new() };
        if has_separator_line {
            front += &format!("sep={}\r\n", char::from(separator));
            line += 1;
        }
        if has_title {
            front += "Faults of the list Spring\n\n";
            line += 2;
        }
        writer.write_record(&header).unwrap();
        let blank_rows: Vec<_> = blank_rows.into_iter().map(|index| index.index(rows.len() + 1)).collect();
        let blank = vec![" "; header.len()];
        let mut expected = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            for _ in blank_rows.iter().filter(|&&at| at == index) {
                writer.write_record(&blank).unwrap();
                line += 1;
            }
            writer.write_record(row).unwrap();
            line += 1;
            expected.push(to_told(&header, row, line));
        }
        for _ in blank_rows.iter().filter(|&&at| at == rows.len()) {
            writer.write_record(&blank).unwrap();
            line += 1;
        }
        if other_columns {
            let other: Vec<String> = ["Mail", "town", "Reason", "zip", "more"].map(str::to_owned).into();
            let row: Vec<String> = ["a@b", "Faro", "Blocker", "8000", ""].map(str::to_owned).into();
            writer.write_record(&other).unwrap();
            writer.write_record(&row).unwrap();
            expected.push(to_told(&other, &row, line + 2));
        }
        let bytes = [front.into_bytes(), writer.into_inner().unwrap()].concat();

        let report = FaultReport::from_bytes(bytes.clone()).unwrap();
        let told = |fault: &Fault<'_>| {
            let names: Vec<_> = fault.columns().names().map(str::to_owned).collect();
            to_told(&names, &fault.fields().map(|cell| cell.into_owned()).collect::<Vec<_>>(), fault.line().unwrap())
        };
        prop_assert_eq!(report.faults().map(|fault| told(&fault)).collect::<Vec<_>>(), &expected[..]);
        let anomalies = report.anomalies();
        // A line of tabs is none.
        let is_bare = separator == b'\t' && matches!(style, QuoteStyle::Necessary);
        prop_assert_eq!(anomalies.get(Anomaly::BlankRow), if is_bare { 0 } else { blank_rows.len() as u64 });
        prop_assert_eq!(anomalies.get(Anomaly::Preamble), u64::from(has_separator_line) + u64::from(has_title));
        prop_assert_eq!(anomalies.get(Anomaly::OtherHeader), u64::from(other_columns));
        prop_assert_eq!(anomalies.iter().map(|(_, count)| count).sum::<u64>(),
            anomalies.get(Anomaly::BlankRow) + anomalies.get(Anomaly::Preamble) + anomalies.get(Anomaly::OtherHeader));

        let mut pushed = Vec::new();
        let mut feed = FaultFeed::new(|fault: &Fault<'_>| { pushed.push(told(fault)); Ok(()) });
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(rest.len().min(*cut));
            feed.feed(piece).unwrap();
            rest = behind;
        }
        let _ = feed.finish().unwrap();
        prop_assert_eq!(pushed, expected);
    }

    /// What the csv crate writes with any separator is read as the csv crate reads it.
    #[test]
    fn every_separator_is_read_as_the_csv_crate_reads_it(
        (header, rows) in report(),
        separator in select(b",;\t|".to_vec()),
        is_crlf in any::<bool>(),
        style in select(vec![QuoteStyle::Necessary, QuoteStyle::Always]),
    ) {
        let terminator = if is_crlf { Terminator::CRLF } else { Terminator::Any(b'\n') };
        let mut writer = WriterBuilder::new().delimiter(separator).terminator(terminator).quote_style(style).from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let bytes = writer.into_inner().unwrap();
        // What rules 4e and 8 set apart on purpose.
        let is_header = |row: &Vec<String>| row.iter().any(|cell| folded(cell) == "reason");
        let holds_fault = rows.iter().flatten().any(|cell| holds_fault(cell, char::from(separator)));
        // A lone mark, or spaces around tabs, make a line that holds nothing.
        let is_line = separator == b'\t' && rows.iter().any(|row| row.iter().all(|cell| cell.chars().all(|c| " \t\u{feff}\0\u{1a}".contains(c))));
        prop_assume!(!rows.iter().any(is_header) && !holds_fault && !is_line);

        let report = FaultReport::from_bytes(bytes.clone()).unwrap();
        let is_blank = |record: &csv::ByteRecord| record.iter().all(|cell| cell.iter().all(|byte| b" \t\0\x1a".contains(byte)));
        let mut oracle = ReaderBuilder::new().delimiter(separator).from_reader(&bytes[..]);
        let records: Vec<_> = oracle.byte_records().map(Result::unwrap).filter(|record| !is_blank(record)).collect();
        prop_assert_eq!(report.len(), records.len());
        for (fault, record) in report.faults().zip(&records) {
            prop_assert!(fault.raw_fields().eq(record.iter()));
        }
    }

    /// What is written as CSV reads back as the same cells under the same columns, whatever is written of a report.
    #[test]
    fn written_faults_read_back_the_same(
        report in prop_oneof![
            1 => report().prop_map(|(header, rows)| write(&header, &rows, QuoteStyle::Always)),
            3 => hostile(),
            3 => torn(),
        ],
        wanted in prop_oneof![Just(None), Just(Some("other")), Just(Some("blocker"))],
    ) {
        let bytes = report;
        let Ok(report) = FaultReport::from_bytes(&bytes[..]) else { return Ok(()) };
        let filter = match wanted {
            None => ReasonFilter::new(),
            Some("other") => ReasonFilter::new().unknown_reasons(),
            Some(slug) => ReasonFilter::new().reason(slug.into()),
        };
        let faults: Vec<_> = report.faults().filter(|fault| filter.wants(fault.reason())).collect();
        // Numbers stand in for the names that there are not, and a header without a known name has to be shown to be
        // one by a known reason: by what comes behind it, or by an option.
        let names: Vec<_> = report.headers().next().into_iter().flat_map(|columns| columns.names()).collect();
        prop_assume!(names.is_empty() || names.iter().any(|name| folded(name) == "reason"));
        // A line inside quotes that looks like a fault is set apart, by rule 8, once commas part its cells.
        let has_lines = |cell: &[u8]| cell.contains(&b'@') && cell.iter().any(|byte| b"\r\n".contains(byte));
        prop_assume!(!report.headers().flat_map(|columns| columns.names()).any(|name| has_lines(name.as_bytes())));
        let is_torn = |fault: &Fault<'_>| fault.raw_fields().any(|cell| has_lines(&cell));
        // The parts of a torn row may look like a header once they are joined, by rule 4e.
        let is_header = |fault: &Fault<'_>| fault.fields().any(|cell| folded(&cell) == "reason");
        prop_assume!(!faults.iter().any(|fault| is_torn(fault) || fault.anomalies().contains(Anomaly::RejoinedRow) && is_header(fault)));

        let mut wanted = Wanted { filter, csv: export::Csv::new(Vec::new(), &export::WriteOptions::new()) };
        FaultReader::new(&bytes[..]).drain_into(&mut wanted).unwrap();
        let written = wanted.csv.finish().unwrap();
        let again = FaultReport::from_bytes(written.clone());
        // A header alone that holds a code is an error of the service's, in one line.
        if faults.is_empty() && names.iter().any(|name| name.contains("ERROR_X")) {
            prop_assert_eq!(again.unwrap_err().kind(), ErrorKind::NotAReport);
            return Ok(());
        }
        let again = again.unwrap();
        let shown = || String::from_utf8_lossy(&written).into_owned();
        prop_assert_eq!(again.len(), faults.len(), "{}", shown());
        for (fault, copy) in faults.iter().zip(again.faults()) {
            prop_assert!(fault.raw_fields().eq(copy.raw_fields()), "{}", shown());
            prop_assert!(fault.columns().names().eq(copy.columns().names()), "{}", shown());
            prop_assert_eq!(fault.columns().reason(), copy.columns().reason());
            prop_assert_eq!(fault.reason(), copy.reason());
        }
    }

    /// A line of JSON is what serde_json makes of the fault, for any report.
    #[test]
    fn json_lines_are_the_faults(bytes in prop_oneof![hostile(), torn()]) {
        let Ok(report) = FaultReport::from_bytes(bytes) else { return Ok(()) };
        let mut lines = export::JsonLines::new(Vec::new(), &export::WriteOptions::new());
        report.faults().try_for_each(|fault| lines.fault(&fault)).unwrap();
        let expected: String = report.faults().map(|fault| serde_json::to_string(&fault).unwrap() + "\n").collect();
        prop_assert_eq!(String::from_utf8(lines.finish().unwrap()).unwrap(), expected);
    }

    /// Letters and digits alone tell reasons apart, in any case.
    #[test]
    fn reasons_are_folded(reason in select(FailureReason::iter().collect::<Vec<_>>()), noise in "[ \\-_.\u{200b}\u{feff}\0]{0,4}") {
        let label = reason.to_string();
        let noisy: String = label.chars().flat_map(|letter| noise.chars().chain([letter])).collect();
        for text in [&label, &label.to_uppercase(), &label.to_lowercase(), &label.replace(' ', ""), &noisy, reason.slug()] {
            prop_assert_eq!(FailureReason::from(text), reason.clone());
            prop_assert_eq!(FailureReason::try_parse(text), Some(reason.clone()));
        }
        let longer = format!("{label}x");
        prop_assert_eq!(FailureReason::try_parse(&longer), None);
    }

    /// Text that isn't known survives: as text, and through serde.
    #[test]
    fn reasons_round_trip(text in any::<String>()) {
        let reason = FailureReason::from(&*text);
        if reason.slug() == "other" {
            prop_assert_eq!(reason.label(), text.trim());
        }
        prop_assert_eq!(&reason.to_string().parse::<FailureReason>().unwrap(), &reason);
        let json = serde_json::to_string(&reason).unwrap();
        prop_assert_eq!(serde_json::from_str::<FailureReason>(&json).unwrap(), reason);
    }

    /// Adding up counts loses nothing, and the order of the reports doesn't matter.
    #[test]
    fn counts_add_up(reports in vec(vec(reason(), 0..20), 0..5)) {
        let counts: Vec<ReasonCounts> = reports
            .iter()
            .map(|reasons| reasons.iter().map(|text| FailureReason::from(&**text)).collect::<Vec<_>>().iter().collect())
            .collect();
        let sum: ReasonCounts = counts.iter().sum();
        let reversed: ReasonCounts = counts.iter().rev().sum();
        prop_assert_eq!(&sum, &reversed);
        prop_assert_eq!(sum.total(), reports.iter().map(Vec::len).sum::<usize>() as u64);
        for (reason, count) in sum.iter() {
            prop_assert_eq!(count, counts.iter().map(|counts| counts.get(reason)).sum::<u64>());
        }
    }
}
