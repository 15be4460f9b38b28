//! Counts many imports in an async program: four at a time, each with an outcome of its own. What is asked is logged.

use std::env;

use dotdigital_faults::{Client, Credentials};
use futures_util::{StreamExt, stream};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let wanted: Targets = "dotdigital_faults=debug".parse()?;
    tracing_subscriber::registry().with(log).with(wanted).init();

    let ids = env::args().skip(1).map(|id| id.parse()).collect::<Result<Vec<Uuid>, _>>()?;
    let mut builder = Client::builder(Credentials::from_env()?);
    if let Ok(endpoint) = env::var("DOTDIGITAL_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build()?;
    let counting = stream::iter(ids).map(|id| {
        let client = client.clone();
        async move { (id, client.reason_counts(id).await) }
    });
    let mut counted = counting.buffer_unordered(4);
    while let Some((id, counts)) = counted.next().await {
        match counts {
            Ok(counts) => println!("{id}: {} faults", counts.total()),
            Err(error) => println!("{id}: {error}"),
        }
    }
    Ok(())
}
