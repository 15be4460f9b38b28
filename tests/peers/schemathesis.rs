//! Python's schemathesis, which makes requests of our description of v3, good ones and bad ones, against the stand-in.

use std::process::{Command, Output};

use dotdigital_faults::sandbox::{Failure, Operation, Request, Sandbox, Status};

use crate::helpers::peers::{self, V3Peer};

/// schemathesis takes no password with a colon.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().credentials(V3Peer::USERNAME, V3Peer::PASSWORD).start().unwrap();
    // The imports that the description has as examples.
    sandbox.import(V3Peer::FINISHED).report(include_bytes!("../../fixtures/all-reasons.csv")).created(3).updated(2);
    sandbox.import(V3Peer::ODD).match_identifier("loyaltyNo").failures([
        Failure::new("consentRecordsNotApplied", "Consent, \"text\"\nmissing")
            .contact_id(77)
            .matched_by("loyaltyNo")
            .identifier("loyaltyNo", "L-0042"),
        Failure::new("MoonPhase", "").and("invalidEmail", "ü").identifier("mobileNumber", "12"),
        Failure::without_codes(),
    ]);
    sandbox.import(V3Peer::UNFINISHED).finished_after(u32::MAX);
    sandbox.import(V3Peer::REJECTED).status(Status::RejectedByWatchdog);
    sandbox
}

/// What it makes of a stand-in; `None` where it is missing, which is said.
fn schemathesis(sandbox: &Sandbox) -> Option<Output> {
    let Some(python) = peers::python_with_schemathesis() else {
        peers::skip("Python's schemathesis");
        return None;
    };
    // It looks for settings where it runs, and may leave files there.
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "run"])
        .arg(peers::file(peers::V3_DESCRIPTION))
        .args(["--url", sandbox.rest_url(), "--auth", &format!("{}:{}", sandbox.username(), sandbox.password())])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", "50"])
        .args(["--seed", "1", "--generation-database", "none", "--no-color"])
        // However slow the machine is.
        .args(["--suppress-health-check", "all", "--request-timeout", "600"])
        .current_dir(&folder)
        .output()
        .unwrap();
    Some(output)
}

#[test]
fn every_answer_follows_the_description() {
    let sandbox = sandbox();
    let Some(output) = schemathesis(&sandbox) else { return };
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");

    // It has been everywhere.
    let requests = sandbox.requests();
    for status in [200, 400, 401, 404, 405] {
        assert!(requests.iter().any(|request| request.status() == Some(status)), "none was answered {status}: {said}");
    }
    assert!(requests.iter().all(|request| request.status().is_some_and(|status| status < 500)));
    for import in [V3Peer::FINISHED, V3Peer::ODD, V3Peer::UNFINISHED, V3Peer::REJECTED, V3Peer::UNKNOWN] {
        let is_asked = requests.iter().filter(|request| request.operation() == Some(Operation::Result));
        assert!(is_asked.map(Request::import).any(|asked| asked == Some(import)), "{import} was not asked for: {said}");
    }
}

#[test]
fn it_finds_what_does_not() {
    let sandbox = sandbox();
    sandbox.import(V3Peer::ODD).result(r#"{"importId":"x","status":"Finished","failures":[{"failures":{}}]}"#);
    let Some(output) = schemathesis(&sandbox) else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("Response violates schema"), "{said}");
}
