//! Tests one's own code with a stand-in for the service: a real server on this machine that speaks as the service does,
//! and makes trouble to order.

use dotdigital_faults::sandbox::{Sandbox, Trouble};
use dotdigital_faults::{Client, Credentials, FailureReason, Result, blocking};
use uuid::{Uuid, uuid};

/// What is to be tested.
fn hard_bounces(client: &blocking::Client, import_id: Uuid) -> Result<u64> {
    Ok(client.reason_counts(import_id)?.get(&FailureReason::HardBounced))
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start()?;
    let client = Client::builder(Credentials::new(sandbox.username(), sandbox.password()));
    let client = blocking::Client::from_async(client.endpoint(sandbox.soap_url()).build()?)?;

    let import_id = uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39");
    sandbox.import(import_id).report("Reason,email\r\nHard bounced,jo@example.com\r\n");
    // The first attempt meets a service that is down; the client asks again.
    sandbox.trouble(Trouble::status(503));
    assert_eq!(hard_bounces(&client, import_id)?, 1);
    assert_eq!(sandbox.requests().len(), 2);

    // An import that nobody knows.
    let error = hard_bounces(&client, Uuid::nil()).unwrap_err();
    assert!(error.is_not_there());
    println!("{error}");
    Ok(())
}
