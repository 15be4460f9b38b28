//! Arbitrary bytes: no panic; report and counter agree, for any splitting; so do the fast reading and the careful one.

#![no_main]

use dotdigital_faults::{Error, FaultReport, ReadOptions, ReasonCounter, ReasonCounts};
use libfuzzer_sys::fuzz_target;

/// The largest field with which all is read carefully, record by record. Inputs are kept shorter than that.
const CAREFUL: usize = 16 * 1024 - 1;

fn count<'p>(pieces: impl Iterator<Item = &'p [u8]>, options: &ReadOptions) -> Result<ReasonCounts, Error> {
    let mut counter = ReasonCounter::with_options(options);
    for piece in pieces {
        counter.feed(piece)?;
    }
    counter.finish()
}

fn render<T>(result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{error:?}"))
}

fuzz_target!(|input: &[u8]| {
    let Some((&[seed, piece], bytes)) = input.split_first_chunk() else { return };
    if bytes.len() > CAREFUL {
        return;
    }
    let strict = seed & 1 != 0;
    let fast = ReadOptions::new().strict(strict);
    let careful = ReadOptions::new().strict(strict).largest_field(CAREFUL);
    let expected = render(FaultReport::with_options(bytes, &careful));
    let report = render(FaultReport::with_options(bytes, &fast));
    let pieces = bytes.chunks(usize::from(piece) + 1);
    let counts = render(count(pieces.clone(), &fast));
    assert_eq!(counts, render(count(pieces, &careful)));
    match (report, expected) {
        (Ok(report), Ok(expected)) => {
            assert_eq!(report.counts(), expected.counts());
            assert_eq!(Ok(report.counts()), counts.as_ref());
            assert_eq!(report.len(), expected.len());
            for (fault, other) in report.faults().zip(expected.faults()) {
                assert_eq!((fault.line(), fault.bytes()), (other.line(), other.bytes()));
                assert_eq!((fault.reason(), fault.anomalies()), (other.reason(), other.anomalies()));
                assert!(fault.raw_fields().eq(other.raw_fields()));
                for (column, cell) in fault.fields().enumerate() {
                    assert_eq!(fault.field(column), Some(cell));
                }
                assert_eq!(fault.field(fault.fields().len()), None);
                let _ = fault.email();
            }
        }
        (Err(report), Err(expected)) => {
            assert_eq!(report, expected);
            assert_eq!(counts, Err(report));
        }
        (report, expected) => panic!("{report:?} is not {expected:?}"),
    }
});
