//! PHP's `SoapServer` on our WSDL: a foreign server. First by hand, so that the server itself is known to be right.

mod http;
mod peers;

use http::{Answer, call};
use peers::PhpServer;

/// The import ids of tests/peers/server.php.
mod imports {
    pub const REPORT: &str = "00000000-0000-4000-8000-000000000001";
    pub const EMPTY: &str = "00000000-0000-4000-8000-000000000002";
    pub const NIL: &str = "00000000-0000-4000-8000-000000000003";
    pub const ABSENT: &str = "00000000-0000-4000-8000-000000000004";
    pub const NOT_FINISHED: &str = "00000000-0000-4000-8000-000000000005";
    pub const FAILED: &str = "00000000-0000-4000-8000-000000000006";
    pub const LARGE: &str = "00000000-0000-4000-8000-000000000007";
    pub const UNKNOWN: &str = "00000000-0000-4000-8000-000000000008";
}

const FAULTS: &str = "GetContactImportReportFaults";
const PROGRESS: &str = "GetContactImportProgress";
const REPORT: &str = "GetContactImportReport";

/// Runs a test against the server, and not at all where there is no PHP. Everything that speaks to it starts here.
fn against_php(test: impl FnOnce(&PhpServer)) {
    if let Some(server) = PhpServer::start() {
        test(&server);
    }
}

fn ask(server: &PhpServer, operation: &str, id: &str) -> Answer {
    call(server.address(), "/v2/api.svc", PhpServer::AUTHORIZATION, operation, id).unwrap()
}

#[test]
fn reports_in_every_shape() {
    against_php(|server| {
        let result = format!("<ns1:{FAULTS}Result>77u/UmVhc29uLGVtYWlsLGZpcnN0bmFtZQ0K");
        for (id, text) in [
            (imports::REPORT, result.as_str()),
            (imports::EMPTY, &format!("<ns1:{FAULTS}Result></ns1:{FAULTS}Result>")),
            (imports::NIL, &format!("<ns1:{FAULTS}Result xsi:nil=\"true\"/>")),
            (imports::ABSENT, &format!("<ns1:{FAULTS}Response/>")),
        ] {
            let answer = ask(server, FAULTS, id);
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.text().contains(text), "{text} in {}", answer.text());
        }
        assert!(ask(server, FAULTS, imports::LARGE).body.len() > 2_600_000 / 3 * 4);
    });
}

#[test]
fn statuses_and_figures() {
    against_php(|server| {
        for (id, status) in
            [(imports::REPORT, "Finished"), (imports::NOT_FINISHED, "NotFinished"), (imports::FAILED, "Failed")]
        {
            let answer = ask(server, PROGRESS, id);
            assert_eq!(answer.status, 200);
            assert!(answer.text().contains(&format!("Id>{id}<")), "{}", answer.text());
            assert!(answer.text().contains(&format!("Status>{status}<")), "{}", answer.text());
        }
        let answer = ask(server, REPORT, imports::REPORT);
        assert_eq!(answer.status, 200);
        for count in ["NewContacts>98<", "HardBounced>1<", "DuplicateEmails>1<"] {
            assert!(answer.text().contains(count), "{count} in {}", answer.text());
        }
    });
}

#[test]
fn faults_and_a_wrong_password() {
    against_php(|server| {
        for (operation, id, code) in [
            (FAULTS, imports::UNKNOWN, "ERROR_IMPORT_NOT_FOUND"),
            (PROGRESS, imports::UNKNOWN, "ERROR_IMPORT_NOT_FOUND"),
            (REPORT, imports::UNKNOWN, "ERROR_IMPORT_NOT_FOUND"),
            (FAULTS, imports::NOT_FINISHED, "ERROR_IMPORT_REPORT_NOT_FOUND"),
            (FAULTS, imports::FAILED, "ERROR_IMPORT_REPORT_NOT_FOUND"),
        ] {
            let answer = ask(server, operation, id);
            assert_eq!(answer.status, 500);
            assert!(answer.text().contains(&format!("{code}</faultstring>")), "{}", answer.text());
            assert!(answer.text().contains(":InternalServiceFault</faultcode>"), "{}", answer.text());
        }
        let answer = call(server.address(), "/", "Authorization: Basic eDp5", FAULTS, imports::REPORT).unwrap();
        assert_eq!((answer.status, answer.body.len()), (401, 0));
    });
}
