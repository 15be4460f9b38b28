//! Raises an alarm on reasons that nobody has seen before: they mean that the service has changed.

use std::process::ExitCode;

use dotdigital_faults::{FailureReason, FaultReport};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a report")?;
    let report = FaultReport::from_path(path)?;
    let unknown = report.counts().by_frequency().filter(|(reason, _)| matches!(reason, FailureReason::Other(_)));
    let mut code = ExitCode::SUCCESS;
    for (reason, count) in unknown {
        println!("{count} faults have the unknown reason {:?}", reason.label());
        code = ExitCode::FAILURE;
    }
    Ok(code)
}
