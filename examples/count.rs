//! Counts a saved report: reasons, the most frequent first, and what to do about each.

use dotdigital_faults::FaultReport;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    for (reason, count) in report.counts().by_frequency() {
        println!("{count:>6}  {reason}: {}", reason.remedy().description());
    }
    Ok(())
}
