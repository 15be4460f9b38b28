//! Tells which country fails, and why: groups by a column, crossed with reasons, the largest first.

use dotdigital_faults::{FaultReport, GroupBy};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    let groups = report.count_by(&GroupBy::column("country"))?;
    for (key, counts) in groups.top(3).by_size() {
        println!("{key}: {}", counts.total());
        for (reason, count) in counts.by_frequency().take(2) {
            println!("    {count} {reason}");
        }
    }
    Ok(())
}
