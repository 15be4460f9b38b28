//! PHP's `SoapServer` on our WSDL: a foreign server. First by hand, so that the server itself is known to be right, then
//! with our client.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::helpers::http::{Answer, call};
use crate::helpers::peers::{self, Running};

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

/// The service's operations on PHP's `SoapServer`, until it is dropped.
struct PhpServer(Running);

impl PhpServer {
    const USERNAME: &str = "apiuser-php@apiconnector.com";
    const PASSWORD: &str = "php:pässword";
    /// The two as a header.
    const AUTHORIZATION: &str = "Authorization: Basic YXBpdXNlci1waHBAYXBpY29ubmVjdG9yLmNvbTpwaHA6cMOkc3N3b3Jk";

    /// `None` where there is no PHP with SOAP, which is said.
    fn start() -> Option<PhpServer> {
        if !peers::has_php() {
            peers::skip("php with its SOAP extension");
            return None;
        }
        Some(PhpServer(Running::start(|address| {
            let mut command = Command::new("php");
            command
                .args(["-d", "memory_limit=-1", "-S", &address.to_string()])
                .arg(peers::file("tests/peers/server.php"))
                .env("PEER_USERNAME", PhpServer::USERNAME)
                .env("PEER_PASSWORD", PhpServer::PASSWORD)
                .stderr(Stdio::null());
            command
        })))
    }

    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    fn soap_url(&self) -> String {
        format!("http://{}/v2/api.svc", self.address())
    }
}

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

mod with_the_client {
    use dotdigital_faults::{Client, Credentials, ErrorKind, FailureReason, ImportStatus};
    use uuid::Uuid;

    use super::*;
    use crate::helpers::server::patient;

    /// Runs a test of the client against the server.
    fn client_against_php(password: &str, test: impl AsyncFnOnce(Client)) {
        against_php(|server| {
            let credentials = Credentials::new(PhpServer::USERNAME, password);
            let client =
                patient(Client::builder(credentials)).endpoint(server.soap_url()).max_retries(0).build().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(test(client));
        });
    }

    fn id(text: &str) -> Uuid {
        text.parse().unwrap()
    }

    #[test]
    fn fetches_every_shape_of_a_report() {
        client_against_php(PhpServer::PASSWORD, async |client| {
            let report = client.report_faults(id(imports::REPORT)).await.unwrap();
            assert!(report.bytes().starts_with(b"\xef\xbb\xbfReason,email,firstname\r\n"));
            let faults: Vec<_> =
                report.faults().map(|fault| (fault.reason().clone(), fault.email().into_owned())).collect();
            assert_eq!(
                faults,
                [
                    (FailureReason::HardBounced, "jo@example.com".to_owned()),
                    (FailureReason::Duplicate, "li@example.com".to_owned())
                ]
            );
            for empty in [imports::EMPTY, imports::NIL, imports::ABSENT] {
                assert_eq!(client.report_faults(id(empty)).await.unwrap().len(), 0, "{empty}");
            }
            let counts = client.reason_counts(id(imports::LARGE)).await.unwrap();
            assert_eq!(counts.get(&FailureReason::Duplicate), 100_000);
        });
    }

    #[test]
    fn asks_for_statuses_and_figures() {
        client_against_php(PhpServer::PASSWORD, async |client| {
            for (import, status) in [
                (imports::REPORT, ImportStatus::Finished),
                (imports::NOT_FINISHED, ImportStatus::NotFinished),
                (imports::FAILED, ImportStatus::Failed),
            ] {
                assert_eq!(client.import_status(id(import)).await.unwrap(), status);
            }
            let summary = client.import_summary(id(imports::REPORT)).await.unwrap();
            assert_eq!((summary.new_contacts(), summary.updated_contacts()), (Some(98), None));
            let figures = [(&FailureReason::Duplicate, 1), (&FailureReason::HardBounced, 1)];
            assert!(summary.iter().eq(figures), "{summary:?}");
            for empty in [imports::EMPTY, imports::NIL, imports::ABSENT] {
                let summary = client.import_summary(id(empty)).await.unwrap();
                assert_eq!((summary.new_contacts(), summary.iter().len()), (None, 0), "{empty}");
            }
        });
    }

    #[test]
    fn understands_its_faults() {
        client_against_php(PhpServer::PASSWORD, async |client| {
            for (import, kind, code) in [
                (imports::UNKNOWN, ErrorKind::NotFound, "ERROR_IMPORT_NOT_FOUND"),
                (imports::NOT_FINISHED, ErrorKind::NotFinished, "ERROR_IMPORT_REPORT_NOT_FOUND"),
                (imports::FAILED, ErrorKind::EndedWithoutReport, "ERROR_IMPORT_REPORT_NOT_FOUND"),
            ] {
                let error = client.report_faults(id(import)).await.unwrap_err();
                assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{error}");
            }
        });
    }

    #[test]
    fn is_told_of_a_wrong_password() {
        client_against_php("wrong", async |client| {
            let error = client.report_faults(id(imports::REPORT)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotPermitted);
            assert!(!format!("{error} {error:?}").contains("wrong"), "{error}");
        });
    }
}
