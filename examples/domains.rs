//! Tells which mail providers refuse: the hard and soft bounces of each domain.

use dotdigital_faults::{FailureReason, FaultReport, GroupBy};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    for (key, counts) in report.count_by(&GroupBy::Domain)?.by_size() {
        let bounces = counts.get(&FailureReason::HardBounced) + counts.get(&FailureReason::SoftBounced);
        if bounces > 0 {
            println!("{bounces:>6} of {:<6} {key}", counts.total());
        }
    }
    Ok(())
}
