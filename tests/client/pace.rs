//! A paced client over sockets: what its clones ask together.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dotdigital_faults::ErrorKind::*;
use dotdigital_faults::{Client, Progress, Protocol};

use crate::helpers::ID;
use crate::helpers::clock::{Time, clock};
use crate::helpers::server::*;

const STATUS: &str = r#"{"id":"842d81e8-c619-457f-bb77-ab6c4a17da39","status":"Finished"}"#;

/// Notes how long it waits, and lets that time pass.
fn patient(client: &Client, time: Time) -> (Client, Arc<Mutex<Vec<u64>>>) {
    let limits = Arc::<Mutex<Vec<u64>>>::default();
    let noted = Arc::clone(&limits);
    let client = client.observed_by(move |progress| {
        if let Progress::Limited { pause, .. } = progress {
            noted.lock().unwrap().push(pause.as_secs());
            time.pass(*pause);
        }
    });
    (client, limits)
}

#[tokio::test(start_paused = true)]
async fn clones_wait_together_and_it_takes_nothing_of_their_time() {
    for (first, waits) in [
        (answer("200 OK", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 40\r\n", STATUS), [40]),
        (answer("429 Too Many Requests", "Retry-After: 50\r\nX-RateLimit-Reset: 40\r\n", ""), [50]),
        (answer("429 Too Many Requests", "", ""), [60]),
        (answer("400 Bad Request", "X-RateLimit-Reset: 40\r\n", r#"{"message":"ERROR_APIUSAGE_EXCEEDED"}"#), [40]),
    ] {
        let (mut clock, time) = clock();
        let server = Server::start([first, ok(STATUS)]);
        let client = server.client(Protocol::Rest).timeout(Duration::from_secs(10)).paced().build().unwrap();
        let (client, limits) = patient(&client, time);
        let clone = client.clone();
        let calls = async move { tokio::join!(client.import_status(ID), clone.import_status(ID)) };
        let (one, other) = clock.during(calls).await;
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        assert_eq!(*limits.lock().unwrap(), waits);
    }
}

#[tokio::test]
async fn refused_credentials_are_sent_once() {
    let server = Server::start([answer("401 Unauthorized", "", r#"{"message":"No."}"#)]);
    let client = server.client(Protocol::Rest).paced().build().unwrap();
    let first = client.import_status(ID).await.unwrap_err();
    let second = client.clone().reason_counts(ID).await.unwrap_err();
    assert_eq!((first.kind(), first.attempts(), server.requests().len()), (NotPermitted, Some(1), 1));
    // The same words for another call, which wasn't made.
    assert_eq!((second.kind(), second.attempts(), second.status()), (NotPermitted, Some(0), Some(401)));
    assert_eq!(second.to_string().replace("ReportFaults", "Progress"), first.to_string());

    // A client that isn't paced asks each time, and one that isn't permitted something may be permitted another thing.
    let server = Server::start([answer("401 Unauthorized", "", "")]);
    let client = server.client(Protocol::Rest).build().unwrap();
    let server_403 = Server::start([answer("403 Forbidden", "", ""), ok(STATUS)]);
    let paced = server_403.client(Protocol::Rest).paced().build().unwrap();
    for _ in 0..2 {
        assert_eq!(client.import_status(ID).await.unwrap_err().kind(), NotPermitted);
    }
    assert_eq!(server.requests().len(), 2);
    assert_eq!(paced.import_status(ID).await.unwrap_err().kind(), NotPermitted);
    assert!(paced.import_status(ID).await.is_ok());
}
