//! Reads the rows of a report that may be larger than memory, one at a time, into a struct of one's own.

use dotdigital_faults::{FailureReason, FaultReader, ReasonFilter, Remedy};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    reason: FailureReason,
    email: String,
    country: Option<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let filter = ReasonFilter::new().remedy(Remedy::LiftSuppression).remedy(Remedy::RetryLater);
    let mut reader = FaultReader::from_path(path)?;
    while let Some(fault) = reader.read_fault()? {
        // Only what is wanted is made into a row.
        if filter.wants(fault.reason()) {
            let Row { reason, email, country } = fault.deserialize()?;
            println!("{email} ({}): {reason}", country.as_deref().unwrap_or("?"));
        }
    }
    let counts = reader.into_counts()?;
    println!("of {} faults", counts.total());
    Ok(())
}
