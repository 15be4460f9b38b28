//! Watches an import until it is done, then compares its report with the service's own figures.

use std::env;
use std::time::{Duration, Instant};

use dotdigital_faults::{Client, Credentials, Progress, blocking};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let import_id = env::args().nth(1).ok_or("name an import")?.parse()?;
    let mut builder = Client::builder(Credentials::from_env()?);
    if let Ok(endpoint) = env::var("DOTDIGITAL_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let client = blocking::Client::from_async(builder.build()?)?
        // All calls together have an hour; without this, each has its own five minutes.
        .with_deadline(Instant::now() + Duration::from_secs(3600))
        .observed_by(|progress| {
            if let Progress::Waiting { status, pause, .. } = progress {
                eprintln!("{status}; asking again in {pause:?}");
            }
        });

    client.wait_until_finished(import_id)?;
    let counts = client.reason_counts(import_id)?;
    println!("{} contacts failed", counts.total());
    for difference in client.import_summary(import_id)?.compare(&counts) {
        println!("{}: the service says {}, not {}", difference.reason, difference.figure, difference.counted);
    }
    Ok(())
}
