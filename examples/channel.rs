//! Fetches a report into a database while it comes, in an async program. Rows go through a bounded channel, so that the
//! download waits for the database; and each attempt is a transaction, so that nothing half is kept.

use dotdigital_faults::sandbox::{Sandbox, Trouble};
use dotdigital_faults::{Client, Credentials, Fault, FaultSink, Result};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, block_in_place};

/// One attempt: where its rows go, the word that they are all there, and the transaction.
struct Attempt(mpsc::Sender<String>, oneshot::Sender<()>, JoinHandle<usize>);

fn begin() -> Result<Attempt> {
    let (rows, mut inserts) = mpsc::channel(100);
    let (whole, commit) = oneshot::channel();
    let transaction = tokio::spawn(async move {
        let mut table: Vec<String> = Vec::new(); // BEGIN
        while let Some(row) = inserts.recv().await {
            table.push(row); // INSERT
        }
        println!("{}", if commit.await.is_ok() { "COMMIT" } else { "ROLLBACK" });
        table.len()
    });
    Ok(Attempt(rows, whole, transaction))
}

impl FaultSink for Attempt {
    fn fault(&mut self, fault: &Fault<'_>) -> Result<()> {
        // Waits for room in the channel, while the other tasks go on.
        let sent = block_in_place(|| self.0.blocking_send(fault.email().into_owned()));
        sent.map_err(|_| std::io::Error::other("the database is gone").into())
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (sandbox, import_id) = (Sandbox::start()?, uuid::Uuid::from_u128(7));
    let client = Client::builder(Credentials::new(sandbox.username(), sandbox.password())).endpoint(sandbox.soap_url());
    sandbox.import(import_id).report(format!("Reason,email\n{}", "Blocker,jo@example.com\n".repeat(20_000)));
    sandbox.trouble(Trouble::usual().truncated_after(400_000)); // the first answer is cut
    let (Attempt(rows, whole, transaction), counts) = client.build()?.stream_faults(import_id, begin).await?;
    drop(rows);
    whole.send(()).map_err(|()| "the database is gone")?;
    println!("{} rows of {} faults", transaction.await?, counts.total());
    Ok(())
}
