//! Arbitrary bytes: no panic; every way of reading tells the same, for any splitting; so do the fast reading and the
//! careful one.

#![no_main]

use std::io::{self, Read};

use dotdigital_faults::{
    AnomalySet, Columns, Error, FailureReason, Fault, FaultFeed, FaultReader, FaultReport, FaultSink, ReadOptions,
    ReasonCounter, ReasonCounts, Separator,
};
use libfuzzer_sys::fuzz_target;

/// The largest field with which all is read carefully, record by record. Inputs are kept shorter than that.
const CAREFUL: usize = 16 * 1024 - 1;

/// What is told of a fault, and of the columns under which it stands.
#[derive(Debug, PartialEq)]
struct Told {
    index: u64,
    line: Option<u64>,
    reason: FailureReason,
    anomalies: AnomalySet,
    bytes: Vec<u8>,
    cells: Vec<Vec<u8>>,
    names: Vec<String>,
    places: (usize, Option<usize>),
}

impl Told {
    fn of(fault: &Fault<'_>) -> Self {
        for (column, cell) in fault.fields().enumerate() {
            assert_eq!(fault.field(column), Some(cell));
        }
        assert_eq!(fault.field(fault.fields().count()), None);
        let _ = fault.email();
        let columns = fault.columns();
        Told {
            index: fault.index(),
            line: fault.line(),
            reason: fault.reason().clone(),
            anomalies: fault.anomalies(),
            bytes: fault.bytes().to_vec(),
            cells: fault.raw_fields().map(|cell| cell.into_owned()).collect(),
            names: columns.names().map(str::to_owned).collect(),
            places: (columns.reason(), columns.email()),
        }
    }
}

#[derive(Default)]
struct Collected {
    faults: Vec<Told>,
    headers: usize,
}

impl FaultSink for Collected {
    fn columns(&mut self, _: &Columns) -> Result<(), Error> {
        self.headers += 1;
        Ok(())
    }

    fn fault(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        assert!(self.headers > 0);
        self.faults.push(Told::of(fault));
        Ok(())
    }
}

/// Gives so many bytes a read at most.
struct Pieces<'b>(&'b [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.1);
        self.0.read(&mut buffer[..len])
    }
}

type Reading = Result<(Vec<Told>, ReasonCounts), String>;

fn whole(bytes: &[u8], options: &ReadOptions) -> Reading {
    let report = FaultReport::with_options(bytes, options).map_err(shown)?;
    assert_eq!(report.len() as u64, report.counts().total());
    Ok((report.faults().map(|fault| Told::of(&fault)).collect(), report.counts().clone()))
}

fn counted(bytes: &[u8], piece: usize, options: &ReadOptions) -> Result<ReasonCounts, String> {
    let mut counter = ReasonCounter::with_options(options);
    bytes.chunks(piece).try_for_each(|piece| counter.feed(piece)).map_err(shown)?;
    counter.finish().map_err(shown)
}

fn pushed(bytes: &[u8], piece: usize, options: &ReadOptions) -> Reading {
    let mut feed = FaultFeed::with_options(Collected::default(), options);
    bytes.chunks(piece).try_for_each(|piece| feed.feed(piece)).map_err(shown)?;
    let (collected, counts) = feed.finish().map_err(shown)?;
    Ok((collected.faults, counts))
}

fn pulled(bytes: &[u8], piece: usize, options: &ReadOptions) -> Reading {
    let mut reader = FaultReader::with_options(Pieces(bytes, piece), options);
    let mut told = Vec::new();
    while let Some(fault) = reader.read_fault().map_err(shown)? {
        told.push(Told::of(&fault));
    }
    Ok((told, reader.into_counts().map_err(shown)?))
}

fn drained(bytes: &[u8], piece: usize, options: &ReadOptions) -> Reading {
    let mut collected = Collected::default();
    let reader = FaultReader::with_options(Pieces(bytes, piece), options);
    let counts = reader.drain_into(&mut collected).map_err(shown)?;
    Ok((collected.faults, counts))
}

fn shown(error: Error) -> String {
    format!("{error:?}")
}

fuzz_target!(|input: &[u8]| {
    let Some((&[seed, piece], bytes)) = input.split_first_chunk() else { return };
    // Those in JSON have a target of their own: there, cells may be absent.
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && **byte < 0x80) == Some(&b'{');
    if bytes.len() > CAREFUL || is_object {
        return;
    }
    let piece = usize::from(piece) + 1;
    let mut fast = ReadOptions::new().strict(seed & 1 != 0);
    // Mostly found out, sometimes set.
    if seed & 0b1110 == 0b1110 {
        fast = fast.separator(Separator::ALL[usize::from(seed >> 4) % Separator::ALL.len()]);
    }
    let careful = fast.clone().largest_field(CAREFUL);
    let expected = whole(bytes, &careful);
    assert_eq!(whole(bytes, &fast), expected);
    for options in [&fast, &careful] {
        assert_eq!(pushed(bytes, piece, options), expected);
        assert_eq!(pulled(bytes, piece, options), expected);
        assert_eq!(drained(bytes, piece, options), expected);
        assert_eq!(
            counted(bytes, piece, options),
            expected.as_ref().map(|(_, counts)| counts.clone()).map_err(Clone::clone)
        );
    }
});
