//! The client against the stand-in, over both protocols.

use std::time::Duration;

use dotdigital_faults::sandbox::{Failure, Operation, Sandbox, Shape, Status, Trouble};
use dotdigital_faults::{Client, Credentials, ErrorKind, FailureReason, Protocol, ReportId};

use crate::helpers::ID;
use crate::helpers::server::patient;

fn client(sandbox: &Sandbox, protocol: Protocol, retries: u32) -> Client {
    let url = match protocol {
        Protocol::Soap => sandbox.soap_url(),
        _ => sandbox.rest_url(),
    };
    patient(Client::builder(Credentials::new(sandbox.username(), sandbox.password())))
        .protocol(protocol)
        .endpoint(url)
        .max_retries(retries)
        .first_pause(Duration::from_millis(10))
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

#[tokio::test]
async fn one_import_over_three_protocols() {
    let sandbox = Sandbox::start().unwrap();
    let report = "Reason,email,mobileNumber,firstname\r\nInvalid Email,bo@example@com,441632960011,Bo\r\n\
                  Duplicate,dup@example.net,,\r\nUnsubscribed,cy@example.org,,Cy\r\n";
    sandbox.import(ID).report(report).created(3000).updated(2).summary([("NewContacts", 3000)]).finished_after(1);
    for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
        let client = client(&sandbox, protocol, 3);
        client.wait_until_finished(ID).await.unwrap();
        let counts = client.reason_counts(ID).await.unwrap();
        assert_eq!(client.report_faults(ID).await.unwrap().counts(), &counts);
        assert_eq!(client.import_summary(ID).await.unwrap().new_contacts(), Some(3000));
        assert_eq!(counts.get(&FailureReason::InvalidEmail), 1);
        assert_eq!(counts.get(&FailureReason::Duplicate), 1);
        // The newer API doesn't reject a contact for having opted out.
        assert_eq!(counts.get(&FailureReason::Unsubscribed), u64::from(protocol != Protocol::V3), "{protocol}");
    }
}

#[tokio::test]
async fn trouble_over_v3() {
    let sandbox = Sandbox::start().unwrap();
    let client = client(&sandbox, Protocol::V3, 3);
    let failures = (0..2000).map(|number| {
        let failure = Failure::new("invalidEmail", "Not an address").identifier("email", format!("{number}@"));
        if number % 500 == 0 { failure.identifier("loyaltyNo", number.to_string()) } else { failure }
    });
    sandbox.import(ID).failures(failures).created(2000);
    for trouble in [
        Trouble::usual(),
        Trouble::usual().chunked(),
        Trouble::usual().truncated_after(100_000),
        Trouble::usual().truncated_after(100_000).chunked(),
        Trouble::usual().reset_after(100_000),
        Trouble::reset(),
        Trouble::status(503),
        Trouble::limited_for(Duration::from_secs(1)),
        Trouble::usual().stalled_after(70_000, Duration::from_millis(200)),
    ] {
        sandbox.import(ID).trouble(trouble.clone());
        let report = client.report_faults(ID).await.unwrap_or_else(|error| panic!("{trouble:?}: {error}"));
        assert_eq!(report.counts().get(&FailureReason::InvalidEmail), 2000, "{trouble:?}");
        assert_eq!(report.get(500).unwrap().get("loyaltyNo").as_deref(), Some("500"));
    }
    for (status, kind) in
        [(Status::RejectedByWatchdog, ErrorKind::EndedWithoutReport), (Status::NotFinished, ErrorKind::NotFinished)]
    {
        sandbox.import(ID).status(status);
        assert_eq!(client.report_faults(ID).await.unwrap_err().kind(), kind);
    }
    let unknown = client.report_faults(uuid::Uuid::nil()).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.code()), (ErrorKind::NotFound, Some("contacts:importNotFound")));
}

#[tokio::test]
async fn enrolments_over_every_protocol() {
    let sandbox = Sandbox::start().unwrap();
    let report = "Id,Email,TelephoneNumber,Reason\r\n1001,jo@example.com,,AlreadyInProgram\r\n";
    for protocol in [Protocol::Soap, Protocol::Rest, Protocol::V3] {
        let client = client(&sandbox, protocol, 3);
        let id = ReportId::Enrolment(ID);
        sandbox.enrolment(ID).program(42).report(report).finished_after(2);
        assert_eq!(client.report_faults(id).await.unwrap_err().kind(), ErrorKind::NotFinished);
        client.wait_until_finished(id).await.unwrap();
        assert_eq!(client.report_faults(id).await.unwrap().bytes(), report.as_bytes());
        let unknown = client.report_faults(ReportId::Enrolment(uuid::Uuid::nil())).await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::NotFound);
    }
    sandbox.made_up_enrolments(2500);
    let mut enrolments = client(&sandbox, Protocol::V3, 3).finished_enrolments();
    let mut ids = std::collections::BTreeSet::new();
    while let Some(enrolment) = enrolments.next().await.unwrap() {
        ids.insert(enrolment.id);
    }
    assert_eq!(ids.len(), 2501);
}
