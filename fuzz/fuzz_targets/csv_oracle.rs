//! Reports that are well-formed by construction: read as the csv crate reads them, whatever parts their cells.

#![no_main]

use arbitrary::Arbitrary;
use csv::{QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use dotdigital_faults::{FailureReason, FaultReport, Separator};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    is_quoted: bool,
    is_crlf: bool,
    reason_last: bool,
    separator: u8,
    rows: Vec<(u8, [String; 3])>,
}

fuzz_target!(|input: Input| {
    let style = if input.is_quoted { QuoteStyle::Always } else { QuoteStyle::Necessary };
    let terminator = if input.is_crlf { Terminator::CRLF } else { Terminator::Any(b'\n') };
    let separator = Separator::ALL[usize::from(input.separator) % Separator::ALL.len()];
    let mut writer = WriterBuilder::new()
        .delimiter(separator.byte())
        .quote_style(style)
        .terminator(terminator)
        .from_writer(Vec::new());
    let row = |reason: &str, cells: [&str; 3]| {
        let [a, b, c] = cells.map(str::to_owned);
        let reason = reason.to_owned();
        if input.reason_last { [a, b, c, reason] } else { [reason, a, b, c] }
    };
    writer.write_record(row("Reason", ["email", "x", "y"])).expect("in memory");
    let known: Vec<_> = FailureReason::iter().collect();
    for (reason, cells) in &input.rows {
        // A rule that no writer means: such a line inside quotes is a fault of its own.
        if cells.iter().any(|cell| cell.contains('@') && cell.contains(['\r', '\n'])) {
            return;
        }
        // Nor does one mean that a row is another header.
        let folded =
            |cell: &String| cell.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if cells.iter().any(|cell| {
            let key: String = folded(cell);
            key == "reason"
        }) {
            return;
        }
        let reason = known.get(usize::from(*reason)).map_or("unknown", |reason| reason.label());
        writer.write_record(row(reason, cells.each_ref().map(String::as_str))).expect("in memory");
    }
    let bytes = writer.into_inner().expect("in memory");
    let report = FaultReport::from_bytes(bytes.clone()).expect("a report");
    assert!(report.anomalies().is_empty());
    assert_eq!(report.len(), input.rows.len());
    let mut oracle = ReaderBuilder::new().delimiter(separator.byte()).from_reader(&bytes[..]);
    for (fault, record) in report.faults().zip(oracle.byte_records()) {
        let record = record.expect("well-formed");
        assert!(fault.raw_fields().eq(record.iter()));
        for (column, cell) in record.iter().enumerate() {
            assert_eq!(fault.field(column).expect("it is there").as_bytes(), cell);
        }
    }
});
