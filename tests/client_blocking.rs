//! The client without `async`, in and out of a runtime.
#![cfg(feature = "client")]

mod scripted;

use dotdigital_faults::{ImportStatus, Protocol, blocking};
use scripted::*;

fn client(server: &Server) -> blocking::Client {
    blocking::Client::from_async(server.client(Protocol::Soap).build().unwrap()).unwrap()
}

fn server() -> Server {
    let status = || ok(&soap_status("Finished"));
    Server::start([status(), status(), ok(&soap("GetContactImportReport", "")), ok(&soap_report())])
}

fn all(client: &blocking::Client) {
    client.wait_until_finished(ID).unwrap();
    assert_eq!(client.import_status(ID).unwrap(), ImportStatus::Finished);
    assert_eq!(client.import_summary(ID).unwrap().failed(), 0);
    assert_eq!(client.reason_counts(ID).unwrap().total(), 3);
    assert_eq!(client.report_faults(ID).unwrap().len(), 3);
    assert_eq!(client.report_faults_bytes(ID).unwrap(), REPORT.as_bytes());
    // A writer may borrow what is around it.
    let mut made = 0;
    let make = || {
        made += 1;
        Ok(Vec::new())
    };
    assert_eq!(client.report_faults_to(ID, make).unwrap(), REPORT.as_bytes());
    assert_eq!(made, 1);
}

#[test]
fn outside_of_a_runtime() {
    all(&client(&server()));
}

#[test]
fn from_many_threads() {
    let server = Server::start([ok(&soap_report())]);
    let client = client(&server);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(client.reason_counts(ID).unwrap().total(), 3));
        }
    });
}

#[tokio::test]
async fn inside_a_runtime() {
    all(&client(&server()));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_blocking_thread() {
    let server = server();
    tokio::task::spawn_blocking(move || all(&client(&server))).await.unwrap();
}
