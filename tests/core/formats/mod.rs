//! The formats of counts, as independent readers see them.

mod groups;
mod hostile;
mod metrics;
mod pages;
mod records;

use std::fs;

use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally};

fn written(write: impl FnOnce(&mut Vec<u8>) -> dotdigital_faults::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn source(name: &str, text: &str, by: Option<&GroupBy>) -> SourceCounts {
    let report = FaultReport::from_bytes(text).unwrap();
    let source = SourceCounts::new(name, report.counts().clone());
    match by {
        Some(by) => source.with_groups(report.count_by(by).unwrap()),
        None => source,
    }
}

/// Every fixture that is a report, under its name.
fn fixtures() -> Vec<(String, FaultReport)> {
    let mut paths: Vec<_> = fs::read_dir("fixtures").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = paths
        .iter()
        .filter_map(|path| Some((path.display().to_string(), FaultReport::from_bytes(fs::read(path).unwrap()).ok()?)));
    read.collect()
}

/// All fixtures, grouped by domain and not, alone and together.
fn tallies() -> Vec<Tally> {
    let plain: Vec<_> =
        fixtures().into_iter().map(|(name, report)| SourceCounts::new(name, report.counts().clone())).collect();
    let grouped = fixtures().into_iter().map(|(name, report)| {
        SourceCounts::new(name, report.counts().clone()).with_groups(report.count_by(&GroupBy::Domain).unwrap())
    });
    let grouped: Vec<_> = grouped.collect();
    let mut tallies: Vec<Tally> = plain.iter().chain(&grouped).cloned().map(Tally::from).collect();
    tallies.extend([
        plain.into_iter().collect(),
        grouped.iter().cloned().collect(),
        grouped.into_iter().collect::<Tally>().top(3),
    ]);
    tallies.push(Tally::new());
    tallies
}
