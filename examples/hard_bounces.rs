//! Lists the addresses that are to be removed for good: only the hard bounces.

use dotdigital_faults::{FailureReason, FaultReport};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    for fault in report.by_reason(&FailureReason::HardBounced) {
        println!("{}", fault.email());
    }
    Ok(())
}
