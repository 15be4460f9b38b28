//! The client against the stand-in, over both protocols.

use std::time::Duration;

use dotdigital_faults::sandbox::{Operation, Sandbox, Shape, Status, Trouble};
use dotdigital_faults::{Client, Credentials, ErrorKind, FailureReason, Protocol};

use crate::helpers::ID;
use crate::helpers::patience::HANG;

fn client(sandbox: &Sandbox, protocol: Protocol, retries: u32) -> Client {
    let url = match protocol {
        Protocol::Soap => sandbox.soap_url(),
        _ => sandbox.rest_url(),
    };
    Client::builder(Credentials::new(sandbox.username(), sandbox.password()))
        .protocol(protocol)
        .endpoint(url)
        .max_retries(retries)
        .first_pause(Duration::from_millis(10))
        .timeout(HANG)
        .attempt_timeout(HANG / 2)
        .stall_timeout(HANG / 4)
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_whole_path() {
    for protocol in [Protocol::Soap, Protocol::Rest] {
        let sandbox = Sandbox::start().unwrap();
        let client = client(&sandbox, protocol, 3);
        sandbox
            .import(ID)
            .repeated_report("Reason,email\r\n", "Hard bounced,jo@example.com\r\n", 50_000)
            .finished_after(1);
        client.wait_until_finished(ID).await.unwrap();
        for trouble in [
            Trouble::usual(),
            Trouble::usual().truncated_after(100_000),
            Trouble::usual().truncated_after(100_000).chunked(),
            Trouble::usual().reset_after(100_000),
            Trouble::reset(),
            Trouble::status(503),
            Trouble::status(429).header("Retry-After", "1"),
            Trouble::usual().stalled_after(70_000, Duration::from_millis(200)),
            Trouble::error("ERROR_UNKNOWN"),
        ] {
            sandbox.import(ID).trouble(trouble.clone());
            let counts = client.reason_counts(ID).await;
            let counts = counts.unwrap_or_else(|error| panic!("{protocol} {trouble:?}: {error}"));
            assert_eq!(counts.get(&FailureReason::HardBounced), 50_000, "{trouble:?}");
        }
        for shape in [Shape::Empty, Shape::Nil, Shape::Absent] {
            sandbox.import(ID).shape(shape);
            assert!(client.report_faults(ID).await.unwrap().is_empty());
        }
        for shape in [Shape::Text, Shape::Lines] {
            sandbox.import(ID).shape(shape);
            assert_eq!(client.report_faults(ID).await.unwrap().len(), 50_000);
        }
        sandbox.import(ID).summary([("HardBounced", 50_000), ("SuppressedContacts", 2), ("MoonPhase", 2)]);
        let summary = client.import_summary(ID).await.unwrap();
        assert_eq!(summary.get(&FailureReason::HardBounced), Some(50_000));
        assert!(
            summary
                .compare(client.report_faults(ID).await.unwrap().counts())
                .iter()
                .all(|difference| { difference.reason == FailureReason::SuppressedByYou && difference.counted == 0 })
        );
    }
}

#[tokio::test]
async fn every_kind_of_error() {
    for protocol in [Protocol::Soap, Protocol::Rest] {
        let sandbox = Sandbox::start().unwrap();
        let client = client(&sandbox, protocol, 0);
        let kind = async || client.report_faults(ID).await.unwrap_err().kind();
        assert_eq!(kind().await, ErrorKind::NotFound);
        sandbox.import(ID).expired();
        assert_eq!(kind().await, ErrorKind::Expired);
        sandbox.import(ID).status(Status::Failed);
        assert_eq!(kind().await, ErrorKind::EndedWithoutReport);
        sandbox.import(ID).status(Status::NotFinished);
        assert_eq!(kind().await, ErrorKind::NotFinished);
        for (code, expected) in [
            ("ERROR_INVALID_LOGIN", ErrorKind::NotPermitted),
            ("ERROR_FEATURENOTACTIVE", ErrorKind::NotPermitted),
            ("ERROR_APIUSAGE_EXCEEDED", ErrorKind::RateLimited),
            ("ERROR_PARAMETER_INVALID", ErrorKind::Refused),
            ("ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE", ErrorKind::Unavailable),
        ] {
            sandbox.import(ID).trouble(Trouble::error(code).on(Operation::ReportFaults));
            let error = client.report_faults(ID).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (expected, Some(code)), "{protocol}");
        }
        sandbox.trouble(Trouble::status(200).body("<html>hello"));
        assert_eq!(kind().await, ErrorKind::UnexpectedAnswer);
        sandbox.trouble(Trouble::status(401).body("no"));
        assert_eq!(kind().await, ErrorKind::NotPermitted);
        assert!(!format!("{:?}", sandbox.requests()).contains("sandbox:password"));
    }
}
