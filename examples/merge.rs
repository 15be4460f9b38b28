//! Merges a month of reports into one table for a spreadsheet or a notebook: a record for each report and reason.

use std::io;

use dotdigital_faults::{FaultReport, SourceCounts, Tally, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut tally = Tally::new();
    for path in std::env::args().skip(1) {
        let report = FaultReport::from_path(&path)?;
        tally.add(SourceCounts::new(path, report.counts().clone()));
    }
    eprintln!("{} faults in {} reports", tally.counts().total(), tally.sources().len());
    export::tally_to_csv(&tally, &export::WriteOptions::new(), io::stdout().lock())?;
    Ok(())
}
