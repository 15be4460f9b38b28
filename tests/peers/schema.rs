//! SOAP requests, and the stand-in's answers, against the schema of our WSDL as libxml2 reads it.

use std::path::{Path, PathBuf};
use std::process::Command;

use dotdigital_faults::sandbox::{Sandbox, Shape, Status};
use dotdigital_faults::{Client, Credentials};

use crate::helpers::{http, peers};

const ID: &str = "842d81e8-c619-457f-bb77-ab6c4a17da39";
const OPERATIONS: [&str; 3] = ["GetContactImportReportFaults", "GetContactImportProgress", "GetContactImportReport"];

/// An envelope of SOAP 1.1, without a header; what stands in its body has to be known.
const ENVELOPE: &str = r#"<xs:schema targetNamespace="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
  <xs:import namespace="http://apiconnector.com/v2" schemaLocation="2.xsd"/>
  <xs:element name="Envelope">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Body">
          <xs:complexType>
            <xs:sequence><xs:any namespace="http://apiconnector.com/v2" processContents="strict"/></xs:sequence>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>"#;

/// The schemas of the WSDL as files, in a folder that goes with this.
struct Schemas(PathBuf);

impl Schemas {
    /// `None` where there is no `xmllint`, which is said.
    fn extract(name: &str) -> Option<Schemas> {
        if !peers::has_xmllint() {
            peers::skip("libxml2's xmllint");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let schemas = Schemas(folder);
        let wsdl = std::fs::read_to_string(peers::file("fixtures/import.wsdl")).unwrap();
        let texts: Vec<&str> = wsdl
            .split_inclusive("</xs:schema>")
            .filter_map(|text| text.find("<xs:schema").map(|start| &text[start..]))
            .collect();
        assert_eq!(texts.len(), 3);
        for (index, text) in texts.iter().enumerate() {
            // What the WSDL declares for all of them, and where the others lie now.
            let mut text = text.replacen(
                "<xs:schema ",
                "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:v2=\"http://apiconnector.com/v2\" ",
                1,
            );
            for (other, namespace) in
                ["http://schemas.microsoft.com/2003/10/Serialization/", "http://apiconnector.com"].iter().enumerate()
            {
                let import = format!("<xs:import namespace=\"{namespace}\"");
                text = text.replace(&import, &format!("{import} schemaLocation=\"{other}.xsd\""));
            }
            schemas.write(&format!("{index}.xsd"), &text);
        }
        schemas.write("envelope.xsd", ENVELOPE);
        Some(schemas)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What libxml2 has against an envelope.
    fn check(&self, envelope: &str) -> Result<(), String> {
        let path = self.write("envelope.xml", envelope);
        let output = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .args([self.0.join("envelope.xsd"), path])
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        // 1, 3 and 4 are about the envelope; any other is about the schema or the program.
        match output.status.code() {
            Some(0) => Ok(()),
            Some(1 | 3 | 4) => Err(words),
            _ => panic!("{words}"),
        }
    }
}

impl Drop for Schemas {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn requests_fit_the_schema() {
    let Some(schemas) = Schemas::extract("right") else { return };
    for operation in OPERATIONS {
        assert_eq!(schemas.check(&http::envelope(operation, ID)), Ok(()), "{operation}");
    }
}

#[test]
fn wrong_requests_do_not() {
    let Some(schemas) = Schemas::extract("wrong") else { return };
    let right = http::envelope(OPERATIONS[0], ID);
    for (from, to, complaint) in [
        ("importId", "importID", "This element is not expected"),
        (OPERATIONS[0], "GetContacts", "No matching global element declaration"),
        ("com/v2\"", "com/v2/\"", "This element is not expected"),
        ("<importId>", "<importId xmlns=\"\">", "This element is not expected"),
        (ID, "{842d81e8-c619-457f-bb77-ab6c4a17da39}", "is not accepted by the pattern"),
        (ID, "842d81e8c619457fbb77ab6c4a17da39", "is not accepted by the pattern"),
        ("/soap/envelope/", "/soap/other/", "No matching global declaration"),
        ("</importId>", "", "Opening and ending tag mismatch"),
    ] {
        let wrong = right.replace(from, to);
        assert_ne!(wrong, right);
        let words = schemas.check(&wrong).expect_err(to);
        assert!(words.contains(complaint), "{to}: {words}");
    }
}

#[test]
fn the_answers_of_the_stand_in_fit_it_too() {
    let Some(schemas) = Schemas::extract("answers") else { return };
    let sandbox = Sandbox::builder().credentials("x", "y").start().unwrap();
    let import = || sandbox.import(ID.parse().unwrap());
    let check = |operation| {
        let path = "/v2/api.svc";
        let answer = http::call(sandbox.address(), path, "Authorization: Basic eDp5", operation, ID).unwrap();
        assert_eq!((answer.status, schemas.check(answer.text())), (200, Ok(())), "{}", answer.text());
    };
    for shape in [Shape::Text, Shape::Lines, Shape::Empty, Shape::Nil, Shape::Absent] {
        import().report("Reason,email\r\nHard bounced,jo@example.com\r\n".repeat(9)).shape(shape);
        check(OPERATIONS[0]);
    }
    import().summary([("Failures", 1), ("PendingDoubleOptin", 2), ("SuppressedContacts", 3), ("NewContacts", 4)]);
    check(OPERATIONS[2]);
    for status in [Status::Finished, Status::NotFinished, Status::RejectedByWatchdog, Status::InvalidFileFormat] {
        import().status(status);
        check(OPERATIONS[1]);
    }
    for status in
        [Status::Unknown, Status::Failed, Status::ExceedsAllowedContactLimit, Status::NotAvailableInThisVersion]
    {
        import().status(status);
        check(OPERATIONS[1]);
    }
}

/// What our own client sends.
#[test]
fn the_requests_of_the_client_fit_the_schema() {
    let Some(schemas) = Schemas::extract("client") else { return };
    let sandbox = Sandbox::start().unwrap();
    let id = ID.parse().unwrap();
    sandbox.import(id);
    let credentials = Credentials::new(sandbox.username(), sandbox.password());
    let client = Client::builder(credentials).endpoint(sandbox.soap_url()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        client.report_faults(id).await.unwrap();
        client.import_status(id).await.unwrap();
        client.import_summary(id).await.unwrap();
    });
    let requests = sandbox.requests();
    assert_eq!(requests.len(), OPERATIONS.len());
    for (request, operation) in requests.iter().zip(OPERATIONS) {
        let body = std::str::from_utf8(request.body()).unwrap();
        assert!(body.contains(operation), "{operation}: {body}");
        assert_eq!(schemas.check(body), Ok(()), "{operation}");
    }
}
