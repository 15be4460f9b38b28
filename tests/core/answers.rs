//! The newer API's answer to an import, in JSON.

use dotdigital_faults::{ErrorKind, FailureReason, Fault, FaultFeed, FaultReader, FaultReport, ReasonCounter, ReportKind};

const FINISHED: &str = r#"{"importId":"5b1f6a52-0c7e-4c1d-9a55-2f0b8d6a7e31","status":"Finished","summary":{"newContacts":2,"updatedContacts":1,"globallySuppressed":1,"invalidEntries":1,"duplicateIdentifiers":1},"created":[{"contactId":9001,"identifiers":{"email":"ada@example.com"}},{"contactId":9002,"identifiers":{"mobileNumber":"441632960011"}}],"updated":[{"contactId":77,"identifiers":{"email":"cy@example.org"}}],"failures":[{"matchIdentifier":"email","identifiers":{"email":"bo@example@com"},"failures":[{"failureCode":"invalidEmail","description":"Invalid value for 'email'"},{"failureCode":"InvalidPhoneNumber","description":"Not E.164"}]},{"matchIdentifier":"email","identifiers":{"email":"dup@example.net"},"failures":[{"failureCode":"duplicateIdentifier","description":"Seen twice"}]},{"matchIdentifier":"email","identifiers":{"email":"trap@example.net"},"failures":[{"failureCode":"GloballySuppressed","description":"Barred"}]}]}"#;

const ODD: &str = r#"{"importId":"0f0e0d0c-1111-4222-8333-444455556666","status":"Finished","failures":[{"contactId":77,"matchIdentifier":"loyaltyNo","identifiers":{"email":"cy@example.org","loyaltyNo":"L-0042"},"failures":[{"failureCode":"consentRecordsNotApplied","description":"Consent, \"text\"\nmissing"}]},{"matchIdentifier":"mobileNumber","identifiers":{"mobileNumber":"12"},"failures":[{"failureCode":"MoonPhase","description":""}]},{"matchIdentifier":"email","identifiers":{},"failures":[]}]}"#;

#[test]
fn scratch() {
    for doc in [FINISHED, ODD] {
        let report = FaultReport::from_bytes(doc).unwrap();
        println!("{}", String::from_utf8_lossy(report.bytes()));
        for fault in &report { println!("{}", serde_json::to_string(&fault).unwrap()); }
        let mut feed = FaultFeed::new(|fault: &Fault<'_>| { println!("{}", serde_json::to_string(fault).unwrap()); Ok(()) });
        for b in doc.as_bytes().chunks(1) { feed.feed(b).unwrap(); }
        println!("{:?}", feed.finish().unwrap().1);
        let mut reader = FaultReader::new(doc.as_bytes());
        while let Some(fault) = reader.read_fault().unwrap() { println!("{fault:?} {:?}", fault.email()); }
    }
}
