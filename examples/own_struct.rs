//! Reads the rows into a struct of one's own. Columns are found by name, case-insensitively; those that an import may
//! lack are an `Option`.

use dotdigital_faults::{FailureReason, FaultReport};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    reason: FailureReason,
    email: String,
    firstname: Option<String>,
    postcode: Option<u32>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    for row in report.deserialize::<Row>() {
        let Row { reason, email, firstname, postcode } = row?;
        println!("{}, {email}: {reason} ({postcode:?})", firstname.unwrap_or_default());
    }
    Ok(())
}
