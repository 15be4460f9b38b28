//! What holds for every report.

use std::collections::HashSet;

use csv::{QuoteStyle, WriterBuilder};
use dotdigital_faults::{Anomaly, FailureReason, FaultReport, ReadOptions, ReasonCounts, Remedy, export};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

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
        let swallows_a_fault = rows.iter().flatten().any(|cell| {
            let mut lines = cell.split(['\r', '\n']).skip(1);
            lines.any(|line| line.split_once(',').is_some_and(|(reason, rest)| {
                FailureReason::try_parse(reason).is_some() && rest.split(',').next().is_some_and(|cell| cell.contains('@'))
            }))
        });
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
            prop_assert_eq!(fault.line(), ends.count() as u64 + 1);
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
            prop_assert!(fault.line() > line);
            line = fault.line();
            prop_assert!(bytes.windows(fault.bytes().len().max(1)).any(|window| window == fault.bytes()));
            prop_assert_eq!(report.get(index).unwrap().line(), line);
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

    /// What `faults_to_csv` writes reads back as the same cells.
    #[test]
    fn written_faults_read_back_the_same((header, rows) in report()) {
        let report = FaultReport::from_bytes(write(&header, &rows, QuoteStyle::Always)).unwrap();
        let mut written = Vec::new();
        export::faults_to_csv(&report, report.faults(), &export::WriteOptions::new(), &mut written).unwrap();
        let again = FaultReport::from_bytes(written).unwrap();
        prop_assert_eq!(again.len(), report.len());
        for (fault, copy) in report.faults().zip(again.faults()) {
            prop_assert!(fault.raw_fields().eq(copy.raw_fields()));
        }
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
