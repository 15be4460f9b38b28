//! How fast reports are read, beside what others make of the same bytes in the same run: see `README.md` here.
//!
//! `SPEED_MB` sets the size of the large input, in millions of bytes; 100 unless set. With `SPEED_WRITE`, that input
//! is written to the file of this name, and nothing else is done.

mod common;

use std::hint::black_box;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::{PAD, STANDARD};
use common::{Look, envelope, report};
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use dotdigital_faults::{__private, FaultReport, ReadOptions, ReasonCounter};
use serde::Deserialize;

/// How much of an answer is taken at a time, as from a socket.
const PIECE: usize = 64 * 1024;

/// A row as people deserialise it: all its cells, owned.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Row {
    #[serde(rename = "Reason")]
    reason: String,
    email: String,
    firstname: String,
    lastname: String,
    gender: String,
    street: String,
    city: String,
    postcode: String,
}

/// What the peers count: the rows of each reason, and those of another width than the header.
#[derive(Default)]
struct Tally {
    reasons: [u64; common::REASONS.len() + 1],
    other_width: u64,
}

impl Tally {
    fn add(&mut self, reason: &[u8], is_other_width: bool) {
        let known = common::REASONS.iter().position(|(label, _)| label.as_bytes() == reason);
        self.reasons[known.unwrap_or(common::REASONS.len())] += 1;
        self.other_width += u64::from(is_other_width);
    }

    fn total(&self) -> u64 {
        self.reasons.iter().sum::<u64>() + self.other_width
    }
}

fn ours(report: &[u8]) -> u64 {
    let mut counter = ReasonCounter::new();
    counter.feed(report).expect("a report");
    counter.finish().expect("a report").total()
}

fn simd_csv(report: &[u8], reason: usize) -> u64 {
    let mut reader = simd_csv::ZeroCopyReader::from_reader(report);
    let mut tally = Tally::default();
    while let Some(record) = reader.read_byte_record().expect("a report") {
        tally.add(&record[reason], record.len() != 8);
    }
    tally.total()
}

fn byte_record(report: &[u8], reason: usize) -> u64 {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(report);
    let (mut tally, mut record) = (Tally::default(), csv::ByteRecord::new());
    while reader.read_byte_record(&mut record).expect("a report") {
        tally.add(&record[reason], record.len() != 8);
    }
    tally.total()
}

fn structs(report: &[u8]) -> u64 {
    let mut tally = Tally::default();
    for row in csv::Reader::from_reader(report).deserialize() {
        let row: Row = row.expect("a report");
        tally.add(row.reason.as_bytes(), false);
    }
    tally.total()
}

/// The text of the result of an answer.
fn result(envelope: &[u8]) -> &[u8] {
    use quick_xml::events::Event;
    let text = std::str::from_utf8(envelope).expect("an answer");
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().expect("an answer") {
            Event::Start(start) if start.name().as_ref().ends_with("FaultsResult") => {
                let from = reader.buffer_position() as usize;
                reader.read_event().expect("an answer");
                return &envelope[from..reader.buffer_position() as usize];
            }
            Event::Eof => panic!("an answer"),
            _ => {}
        }
    }
}

fn naive_envelope(envelope: &[u8]) -> u64 {
    structs(&STANDARD.decode(result(envelope)).expect("base64"))
}

fn tuned_envelope(envelope: &[u8]) -> u64 {
    byte_record(&Simd::standard(PAD).decode(result(envelope)).expect("base64"), 0)
}

fn our_envelope(envelope: &[u8]) -> u64 {
    __private::count_envelope(envelope.chunks(PIECE), &ReadOptions::new()).expect("an answer").total()
}

fn counting(criterion: &mut Criterion, name: &str, report: &[u8], reason: usize) {
    let mut group = group(criterion, name, report.len());
    group.bench_function("floor: newlines by memchr", |bencher| {
        bencher.iter(|| memchr::memchr_iter(b'\n', black_box(report)).count());
    });
    group.bench_function("ReasonCounter", |bencher| bencher.iter(|| ours(black_box(report))));
    group.bench_function("simd-csv", |bencher| bencher.iter(|| simd_csv(black_box(report), reason)));
    group.bench_function("csv ByteRecord", |bencher| bencher.iter(|| byte_record(black_box(report), reason)));
    group.bench_function("csv serde structs", |bencher| bencher.iter(|| structs(black_box(report))));
    group.finish();
}

fn in_memory(criterion: &mut Criterion, report: &[u8]) {
    let mut group = group(criterion, "report in memory", report.len());
    group.bench_function("FaultReport", |bencher| {
        bencher.iter_batched(|| report.to_vec(), FaultReport::from_bytes, BatchSize::PerIteration);
    });
    group.bench_function("csv serde Vec of structs", |bencher| {
        bencher.iter_with_large_drop(|| {
            csv::Reader::from_reader(black_box(report))
                .deserialize()
                .map(|row| row.expect("a report"))
                .collect::<Vec<Row>>()
        });
    });
    group.finish();
}

fn visiting(criterion: &mut Criterion, bytes: &[u8]) {
    let report = FaultReport::from_bytes(bytes).expect("a report");
    let mut group = group(criterion, "every reason and email", bytes.len());
    group.bench_function("FaultReport::faults", |bencher| {
        bencher.iter(|| {
            for fault in black_box(&report).faults() {
                black_box((fault.reason(), fault.email()));
            }
        });
    });
    group.bench_function("csv StringRecord", |bencher| {
        bencher.iter(|| {
            let mut reader = csv::Reader::from_reader(black_box(bytes));
            let mut record = csv::StringRecord::new();
            while reader.read_record(&mut record).expect("a report") {
                black_box((record.get(0), record.get(1)));
            }
        });
    });
    group.finish();
}

fn envelopes(criterion: &mut Criterion, report: &[u8]) {
    let envelope = envelope(report);
    let mut group = group(criterion, "envelope", envelope.len());
    group.bench_function("ours", |bencher| bencher.iter(|| our_envelope(black_box(&envelope))));
    group.bench_function("naive", |bencher| bencher.iter(|| naive_envelope(black_box(&envelope))));
    group.bench_function("tuned", |bencher| bencher.iter(|| tuned_envelope(black_box(&envelope))));
    group.finish();
}

fn group<'c>(criterion: &'c mut Criterion, name: &str, bytes: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes as u64));
    group
}

fn main() {
    let size = std::env::var("SPEED_MB").ok().and_then(|size| size.parse().ok()).unwrap_or(100) * 1_000_000;
    if let Some(path) = std::env::var_os("SPEED_WRITE") {
        std::fs::write(path, report(Look::Common, size)).expect("a file that can be written");
        return;
    }
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let common = report(Look::Common, size);
    counting(&mut criterion, "counts, common", &common, 0);
    counting(&mut criterion, "counts, reason last", &report(Look::ReasonLast, size), 7);
    counting(&mut criterion, "counts, no quotes", &report(Look::Unquoted, size), 0);
    counting(&mut criterion, "counts, 1 KB", &report(Look::Common, 1_000), 0);
    counting(&mut criterion, "counts, 100 KB", &report(Look::Common, 100_000), 0);
    envelopes(&mut criterion, &common);
    in_memory(&mut criterion, &common);
    visiting(&mut criterion, &common);
    criterion.final_summary();
}
