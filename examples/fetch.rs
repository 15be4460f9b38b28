//! Fetches the report of an import and counts it on the way, in constant memory. The credentials are those of an API
//! user; without `DOTDIGITAL_ENDPOINT` the service itself is asked.

use std::env;

use dotdigital_faults::{Client, Credentials, blocking};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let import_id = env::args().nth(1).ok_or("name an import")?.parse::<uuid::Uuid>()?;
    let mut builder = Client::builder(Credentials::from_env()?);
    if let Ok(endpoint) = env::var("DOTDIGITAL_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let client = blocking::Client::from_async(builder.build()?)?;
    for (reason, count) in client.reason_counts(import_id)?.by_frequency() {
        println!("{count:>6}  {reason}");
    }
    Ok(())
}
