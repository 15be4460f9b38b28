//! Writes metrics for Prometheus' textfile collector, as cron might do. The file is replaced in one step, since the
//! collector may read at any time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use dotdigital_faults::{FaultReport, SourceCounts, Tally, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().ok_or("name a report")?;
    let metrics = PathBuf::from(arguments.next().ok_or("name the file of metrics")?);

    let report = FaultReport::from_path(path)?;
    let source = SourceCounts::new("report", report.counts().clone()).with_read_at(SystemTime::now());

    let part = metrics.with_extension("part");
    let mut file = File::create(&part)?;
    export::tally_to_prometheus(&Tally::from(source), &export::Labels::new(), &mut file)?;
    file.sync_all()?;
    fs::rename(part, &metrics)?;
    println!("{} faults", report.len());
    Ok(())
}
