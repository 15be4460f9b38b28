//! Program enrolments: their reports and their list, over REST v2 whatever the protocol is.

use dotdigital_faults::ErrorKind::*;
use dotdigital_faults::{FailureReason, ImportStatus, Protocol, ReportId, ReportKind, blocking};
use uuid::Uuid;

use crate::helpers::ID;
use crate::helpers::server::*;

const REPORT: &str =
    "Id,Email,TelephoneNumber,Reason\n1,a@x.com,,Unsubcribed\n2,b@x.com,+31205550100,AlreadyInProgram\n";
const PROTOCOLS: [Protocol; 3] = [Protocol::Soap, Protocol::Rest, Protocol::V3];
const ENROLMENT: ReportId = ReportId::Enrolment(ID);

#[tokio::test]
async fn the_report_of_an_enrolment() {
    for protocol in PROTOCOLS {
        let status = |status: &str| ok(&format!(r#"{{"id":"{ID}","programId":7,"status":"{status}","contacts":[1]}}"#));
        let server = Server::start([status("Processing"), status("Finished"), status("Finished"), ok(REPORT)]);
        let client = server.client(protocol).build().unwrap();
        assert_eq!(client.import_status(ENROLMENT).await.unwrap(), ImportStatus::NotFinished);
        client.wait_until_finished(ENROLMENT).await.unwrap();
        assert_eq!(client.import_status(ENROLMENT).await.unwrap(), ImportStatus::Finished);
        let report = client.report_faults(ENROLMENT).await.unwrap();
        assert_eq!((report.len(), report.bytes()), (2, REPORT.as_bytes()));
        let counts = client.reason_counts(ENROLMENT).await.unwrap();
        assert_eq!((&counts, counts.report_kind()), (report.counts(), Some(ReportKind::Enrolment)));
        assert_eq!(counts.get(&FailureReason::AlreadyInProgram), 1);
        assert_eq!(counts.get(&FailureReason::Unsubscribed), 1);
        assert_eq!(client.report_faults_bytes(ENROLMENT).await.unwrap(), REPORT.as_bytes());
        let requests = server.requests();
        assert!(requests[0].starts_with(&format!("GET /v2/programs/enrolments/{ID} HTTP/1.1\r\n")), "{}", requests[0]);
        let path = format!("GET /v2/programs/enrolments/{ID}/report-faults HTTP/1.1\r\n");
        assert!(requests[3..].iter().all(|request| request.starts_with(&path)), "{requests:?}");
    }
}

#[tokio::test]
async fn errors_name_the_enrolment() {
    for (reply, kind) in [
        (answer("404 Not Found", "", r#"{"message":"Error: ERROR_ENROLMENT_NOT_FOUND"}"#), NotFound),
        (answer("400 Bad Request", "", r#"{"message":"Error: ERROR_ENROLMENT_IS_PROCESSING"}"#), NotFinished),
        (answer("403 No", "", ""), NotPermitted),
        (ok("{\"status\":\"Finished\",\"failures\":[]}"), UnexpectedAnswer),
    ] {
        let server = Server::start([reply]);
        let error = server.client(Protocol::V3).build().unwrap().report_faults(ENROLMENT).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, Some(1)), "{error}");
        assert_eq!((error.import_id(), error.report_id()), (None, Some(ENROLMENT)));
        let named = format!("GetProgramEnrolmentReportFaults for enrolment {ID}: ");
        assert!(error.to_string().starts_with(&named), "{error}");
        assert!(kind == NotPermitted || !error.to_string().contains("such import"), "{error}");
    }
    let server = Server::start([ok(&format!(r#"{{"id":"{ID}","status":"NotAvailableInThisVersion"}}"#))]);
    let error = server.client(Protocol::Rest).build().unwrap().wait_until_finished(ENROLMENT).await.unwrap_err();
    assert!(error.kind() == EndedWithoutReport && error.to_string().contains("the enrolment has ended"), "{error}");
    // An endpoint of SOAP from which none of REST can be told.
    let client = builder().endpoint("http://127.0.0.1:9/soap").build().unwrap();
    assert_eq!(client.report_faults(ENROLMENT).await.unwrap_err().kind(), Configuration);
}

fn page(from: u128, len: u128) -> String {
    let each = (from..from + len).map(|number| {
        let id = Uuid::from_u128(number);
        format!(
            r#"{{"id":"{id}","programId":7,"status":"Finished","dateCreated":"2026-01-01","contacts":null,"new":{{}}}}"#
        )
    });
    format!("[{}]", each.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn the_list_of_the_finished_ones_comes_in_pages() {
    for protocol in PROTOCOLS {
        let replies = [ok(&page(0, 1000)), answer("503 Busy", "", ""), ok(&page(1000, 1000)), ok(&page(2000, 2))];
        let server = Server::start(replies);
        let mut enrolments = server.client(protocol).build().unwrap().finished_enrolments();
        let mut ids = Vec::new();
        while let Some(enrolment) = enrolments.next().await.unwrap() {
            assert_eq!((enrolment.program_id, enrolment.date_created.as_deref()), (Some(7), Some("2026-01-01")));
            ids.push(enrolment.id.as_u128());
        }
        assert!(ids.into_iter().eq(0..2002));
        assert_eq!(enrolments.next().await.unwrap(), None);
        let paths: Vec<_> =
            server.requests().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect();
        let path = "/v2/programs/enrolments/Finished?select=1000";
        let skipping = |skip| format!("{path}&skip={skip}");
        assert_eq!(paths, [path.to_owned(), skipping(1000), skipping(1000), skipping(2000)]);
    }
}

/// A refused password is sent once, whatever is made of the error, and nothing else is asked for without end either.
#[tokio::test]
async fn an_error_is_the_end() {
    for (reply, kind) in [
        (answer("401 Unauthorized", "", ""), NotPermitted),
        (answer("503 Busy", "", ""), Unavailable),
        (ok("{}"), UnexpectedAnswer),
        (ok(r#"{"message":"ERROR_PARAMETER_INVALID"}"#), Refused),
        // From who passes over how many are to be left out.
        (ok(&page(0, 1000)), UnexpectedAnswer),
    ] {
        let server = Server::start([ok(&page(0, 1000)), reply.clone()]);
        let client = server.client(Protocol::Rest).max_retries(0).build().unwrap();
        let mut enrolments = client.finished_enrolments();
        for _ in 0..1000 {
            enrolments.next().await.unwrap().unwrap();
        }
        let error = enrolments.next().await.unwrap_err();
        assert_eq!((error.kind(), error.report_id()), (kind, None), "{error}");
        assert!(error.to_string().starts_with("GetProgramEnrolmentsByStatus: "), "{error}");
        for _ in 0..3 {
            assert_eq!(enrolments.next().await.unwrap(), None);
        }
        assert_eq!(server.requests().len(), 2, "{kind:?}");
        let server = Server::start([ok(&page(0, 1000)), reply]);
        let client = server.client(Protocol::Rest).max_retries(0).build().unwrap();
        let client = blocking::Client::from_async(client).unwrap();
        let told: Vec<_> = client.finished_enrolments().collect();
        assert_eq!((told.len(), server.requests().len()), (1001, 2));
        assert!(told.into_iter().rposition(|item| item.is_err()) == Some(1000));
    }

    let endless = Server::start([vec![say("HTTP/1.1 200 OK\r\n\r\n["), Step::Endless(vec![b' '; 4096])]]);
    let mut enrolments = endless.client(Protocol::Rest).max_retries(0).build().unwrap().finished_enrolments();
    assert_eq!(enrolments.next().await.unwrap_err().kind(), TooLarge);
}

#[test]
fn without_async() {
    let server = Server::start([ok(&page(0, 3)), ok(REPORT)]);
    let client = blocking::Client::from_async(server.client(Protocol::Soap).build().unwrap()).unwrap();
    let enrolments: Vec<_> = client.finished_enrolments().collect::<Result<_, _>>().unwrap();
    assert_eq!(enrolments.len(), 3);
    assert_eq!(client.reason_counts(&enrolments[0]).unwrap().total(), 2);
    assert_eq!(ReportId::from(&enrolments[1]), ReportId::Enrolment(Uuid::from_u128(1)));
}
