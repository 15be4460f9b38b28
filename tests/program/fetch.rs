//! The program against the stand-in: import ids, `--wait`, `fetch`, `demo`, and the exit codes.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dotdigital_faults::sandbox::{Operation, Sandbox, Status, Trouble};
use serde_json::Value;

use crate::helpers::ID;
use crate::helpers::program::{self, is_one_failure, out};
use crate::helpers::wrong_bodies::{WRONG_BODIES, shows_contact};

const ID_TEXT: &str = "842D81E8-C619-457F-BB77-AB6C4A17DA39";
const REPORT: &str = "\u{feff}Reason,email\r\nHard bounced,jo@example.com\r\nDuplicate,\"al@example.com\"\r\n";

/// The program as somebody would run it who has set all that is needed in the environment.
struct Faults {
    sandbox: Sandbox,
    protocol: &'static str,
}

impl Faults {
    fn new(protocol: &'static str) -> Self {
        let sandbox = Sandbox::start().unwrap();
        sandbox.import(ID).report(REPORT);
        Faults { sandbox, protocol }
    }

    fn command(&self) -> Command {
        let mut command = program::command::<&str>([]);
        let url = if self.protocol == "soap" { self.sandbox.soap_url() } else { self.sandbox.rest_url() };
        for (name, value) in [
            ("DOTDIGITAL_PROTOCOL", self.protocol),
            ("DOTDIGITAL_ENDPOINT", url),
            ("DOTDIGITAL_USERNAME", self.sandbox.username()),
            ("DOTDIGITAL_PASSWORD", self.sandbox.password()),
        ] {
            command.env(name, value);
        }
        command
    }

    fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let output = self.command().args(arguments).output().unwrap();
        self.assert_no_secret(&output);
        output
    }

    fn assert_no_secret(&self, output: &Output) {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains(self.sandbox.password()), "{said}");
    }

    /// The message of a failure, of which standard output must show nothing.
    fn failure(&self, arguments: &[&str], code: i32) -> String {
        program::failure(&self.run(arguments), code).to_owned()
    }
}

/// An enrolment is asked about over REST: with the endpoint of REST, which needs no protocol beside it, and with that of SOAP.
#[test]
fn an_enrolment_at_either_endpoint() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.enrolment(ID).report(REPORT);
    for endpoint in [sandbox.rest_url(), sandbox.soap_url()] {
        for protocol in [None, Some("soap"), Some("rest"), Some("v3")] {
            // A protocol in the environment is that of the account's imports.
            let mut command = program::command(["fetch", ID_TEXT, "--enrolment", "--endpoint", endpoint]);
            command.env("DOTDIGITAL_USERNAME", sandbox.username()).env("DOTDIGITAL_PASSWORD", sandbox.password());
            protocol.map(|protocol| command.env("DOTDIGITAL_PROTOCOL", protocol));
            let is_possible = endpoint == sandbox.rest_url() || matches!(protocol, None | Some("soap"));
            let output = command.output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(if is_possible { 0 } else { 2 }),
                "{endpoint} {protocol:?} {output:?}"
            );
            assert_eq!(String::from_utf8(output.stdout).unwrap(), if is_possible { REPORT } else { "" });
        }
    }
}

#[test]
fn every_verb_takes_an_import_id() {
    for protocol in ["soap", "rest"] {
        let faults = Faults::new(protocol);
        let output = faults.run(["summary", ID_TEXT, "--format", "json"]);
        let document: Value = serde_json::from_str(out(&output)).unwrap();
        assert_eq!(document["import_id"], "842d81e8-c619-457f-bb77-ab6c4a17da39");
        assert_eq!(
            (document["total"].as_u64(), document["reasons"][0]["reason"].as_str()),
            (Some(2), Some("duplicate"))
        );
        assert!(out(&faults.run(["summary", ID_TEXT])).contains("\nimport 842d81e8-c619-457f-bb77-ab6c4a17da39\n"));
        let output = faults.run(["list", ID_TEXT, "--reason", "duplicate"]);
        assert_eq!(out(&output), "Reason,email\nDuplicate,al@example.com\n");
        assert_eq!(out(&faults.run(["fetch", ID_TEXT])), REPORT);
    }
}

#[test]
fn an_empty_report() {
    for protocol in ["soap", "rest"] {
        let faults = Faults::new(protocol);
        faults.sandbox.import(ID).report("");
        assert!(out(&faults.run(["summary", ID_TEXT])).starts_with("No contact failed to import\n"));
        assert_eq!(out(&faults.run(["fetch", ID_TEXT])), "");
    }
}

#[test]
fn fetch_writes_a_file_whole_or_not_at_all() {
    let faults = Faults::new("soap");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let fetch = || {
        faults.run([OsStr::new("fetch"), ID_TEXT.as_ref(), "-o".as_ref(), path.as_os_str(), "--max-retries=1".as_ref()])
    };
    assert_eq!(out(&fetch()), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), REPORT);

    // Cut off, then whole: nothing of the first attempt stays.
    faults.sandbox.import(ID).trouble(Trouble::usual().truncated_after(300));
    assert_eq!(out(&fetch()), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), REPORT);

    // A file that is there stays as it is when nothing better comes.
    fs::write(&path, "old").unwrap();
    faults.sandbox.import(ID).trouble(Trouble::usual().truncated_after(300).always());
    assert_eq!(fetch().status.code(), Some(6));
    faults.sandbox.import(ID).trouble(Trouble::status(200).body("<html>hello</html>"));
    faults.sandbox.import(ID).report("{\"message\": \"ERROR_PARAMETER_INVALID\"}");
    assert!(!fetch().status.success());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left");
}

#[test]
fn wait_until_the_import_has_finished() {
    let faults = Faults::new("rest");
    faults.sandbox.import(ID).finished_after(1);
    let began = Instant::now();
    assert!(out(&faults.run(["summary", ID_TEXT, "--wait"])).starts_with("Why 2 contacts"));
    assert!(began.elapsed().as_millis() >= 900);

    // Time is up before it has finished. On a busy machine it may be up before anything is known; then more of it.
    faults.sandbox.import(ID).status(Status::NotFinished);
    let late = ["1.5", "15", "150"].map(|seconds| ["summary", ID_TEXT, "--wait", "--timeout", seconds]);
    let message = late.iter().find_map(|arguments| {
        let output = faults.run(arguments);
        (output.status.code() != Some(6)).then(|| program::failure(&output, 5).to_owned())
    });
    assert!(message.as_ref().is_some_and(|message| message.contains("NotFinished")), "{message:?}");

    // It has ended otherwise: named, and no report is asked for.
    faults.sandbox.import(ID).status(Status::InvalidFileFormat);
    let before = faults.sandbox.requests().len();
    let message = faults.failure(&["fetch", ID_TEXT, "--wait"], 5);
    assert!(message.contains("InvalidFileFormat"), "{message}");
    let requests = faults.sandbox.requests();
    assert!(requests[before..].iter().all(|request| request.operation() == Some(Operation::Status)));
}

#[test]
fn not_permitted_is_4_and_asked_once() {
    for protocol in ["soap", "rest"] {
        let faults = Faults::new(protocol);
        let output = faults
            .command()
            .args(["summary", ID_TEXT])
            .env("DOTDIGITAL_PASSWORD", "not-the-password")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(4));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("HTTP 401") && !message.contains("not-the-password"), "{message}");
        assert_eq!(faults.sandbox.requests().len(), 1);

        faults.sandbox.import(ID).trouble(Trouble::error("ERROR_INVALID_LOGIN"));
        assert!(faults.failure(&["summary", ID_TEXT], 4).contains("ERROR_INVALID_LOGIN"));
        assert_eq!(faults.sandbox.requests().len(), 2);
    }
}

#[test]
fn missing_credentials_are_4_with_a_hint() {
    let faults = Faults::new("soap");
    for (name, what) in [("DOTDIGITAL_USERNAME", "user name"), ("DOTDIGITAL_PASSWORD", "password")] {
        for empty in [false, true] {
            let mut command = faults.command();
            if empty {
                command.env(name, "");
            } else {
                command.env_remove(name);
            }
            let output = command.args(["summary", ID_TEXT]).output().unwrap();
            assert_eq!(output.status.code(), Some(4));
            assert_eq!(
                String::from_utf8(output.stderr).unwrap(),
                format!(
                    "faults: there is no {what}\nhint: set DOTDIGITAL_USERNAME and DOTDIGITAL_PASSWORD (or --password-file) to \
                     those of an API user\n"
                )
            );
        }
    }
    assert!(faults.sandbox.requests().is_empty());
}

#[test]
fn not_there_is_5() {
    for protocol in ["soap", "rest"] {
        let faults = Faults::new(protocol);
        let unknown = "00000000-0000-0000-0000-000000000001";
        let message = faults.failure(&["summary", unknown], 5);
        assert!(message.contains("ERROR_IMPORT_NOT_FOUND") && message.contains(unknown), "{message}");

        faults.sandbox.import(ID).status(Status::NotFinished);
        let message = faults.failure(&["summary", ID_TEXT], 5);
        assert!(message.contains("the import has not finished yet"), "{message}");
        faults.sandbox.import(ID).status(Status::Failed);
        let message = faults.failure(&["list", ID_TEXT], 5);
        assert!(message.contains("ended without a report, with status Failed"), "{message}");
        faults.sandbox.import(ID).status(Status::Finished).expired();
        let message = faults.failure(&["fetch", ID_TEXT], 5);
        assert!(message.contains("its report is gone"), "{message}");
    }
}

#[test]
fn unavailable_is_6() {
    let faults = Faults::new("soap");
    faults.sandbox.trouble(Trouble::status(503).always());
    let message = faults.failure(&["summary", ID_TEXT, "--max-retries", "1"], 6);
    assert!(message.contains("[HTTP 503, 2 attempts]"), "{message}");
    assert_eq!(faults.sandbox.requests().len(), 2);

    let faults = Faults::new("rest");
    faults.sandbox.import(ID).trouble(Trouble::status(429).header("Retry-After", "3600"));
    let message = faults.failure(&["summary", ID_TEXT], 6);
    assert!(message.contains("it asks to wait 3600 s"), "{message}");
    assert_eq!(faults.sandbox.requests().len(), 1);

    faults.sandbox.import(ID).trouble(Trouble::usual().stalled_after(10, Duration::from_secs(3600)));
    let message = faults.failure(&["summary", ID_TEXT, "--max-retries", "0", "--stall-timeout", "0.2"], 6);
    assert!(message.contains("stalled"), "{message}");
    let message = faults.failure(&["summary", ID_TEXT, "--endpoint", "http://127.0.0.1:1/", "--max-retries=0"], 6);
    assert!(message.contains("can't be reached"), "{message}");
}

#[test]
fn all_else_is_2() {
    let faults = Faults::new("soap");
    let message = faults.failure(&["summary", ID_TEXT, "--max-size", "20"], 2);
    assert!(message.contains("larger than"), "{message}");
    let message = faults.failure(&["summary", ID_TEXT, "--endpoint", "http://example.com/"], 2);
    assert!(message.contains("http://"), "{message}");
    for option in
        [["--timeout", "0"], ["--timeout", "-1"], ["--stall-timeout", "x"], ["--protocol", "smtp"], ["--region", "r4"]]
    {
        faults.failure(&["summary", ID_TEXT, option[0], option[1]], 2);
    }
    // None but the one whose report was too large has asked.
    assert_eq!(faults.sandbox.requests().len(), 1);
    faults.failure(&["fetch", "report.csv"], 2);

    let output = faults.command().args(["summary", ID_TEXT]).env("DOTDIGITAL_REGION", "r9").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "faults: DOTDIGITAL_REGION: no region is named `r9`\nhint: there are r1, r2, r3\n"
    );
    // The environment of the connection doesn't matter for a file.
    let output =
        faults.command().args(["summary", "fixtures/documented.csv"]).env("DOTDIGITAL_REGION", "r9").output().unwrap();
    assert!(out(&output).starts_with("Why 2"));
}

#[test]
fn a_code_decides_whatever_the_size() {
    let faults = Faults::new("rest");
    faults.sandbox.import(ID).report("{\"message\": \"No such import, alas. ERROR_IMPORT_NOT_FOUND\"}");
    let message = faults.failure(&["summary", ID_TEXT, "--max-size", "5"], 5);
    assert!(message.contains("No such import, alas."), "{message}");
}

#[test]
fn what_the_service_repeats_is_taken_out_in_any_writing() {
    let faults = Faults::new("soap");
    let password = faults.sandbox.password().to_owned();
    let utf16: Vec<u8> =
        format!("\u{feff}<html>{password} is wrong").encode_utf16().flat_map(u16::to_le_bytes).collect();
    faults.sandbox.import(ID).trouble(Trouble::status(401).body(utf16));
    assert!(faults.failure(&["summary", ID_TEXT], 4).contains("[withheld: it repeats the credentials]"));
    let entities: String = password.chars().map(|character| format!("&#{};", u32::from(character))).collect();
    faults.sandbox.import(ID).trouble(Trouble::status(401).body(entities));
    assert!(faults.failure(&["summary", ID_TEXT], 4).contains(": [withheld: it repeats the credentials] [HTTP 401]"));
}

#[test]
fn a_wait_without_end_ends_it_at_once() {
    let faults = Faults::new("rest");
    faults.sandbox.import(ID).trouble(Trouble::status(503).header("Retry-After", "99999999999999999999999"));
    let message = faults.failure(&["summary", ID_TEXT], 6);
    assert!(message.contains("it asks to wait 18446744073709551615 s"), "{message}");
    assert_eq!(faults.sandbox.requests().len(), 1);
}

#[test]
fn password_files() {
    let faults = Faults::new("rest");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let run = |content: &str| {
        fs::write(&path, content).unwrap();
        let mut command = faults.command();
        command.env("DOTDIGITAL_PASSWORD", "wrong").args(["summary", ID_TEXT, "--password-file"]).arg(&path);
        command.output().unwrap().status.code()
    };
    let password = faults.sandbox.password();
    assert_eq!(run(password), Some(0));
    assert_eq!(run(&format!("{password}\n")), Some(0));
    assert_eq!(run(&format!("{password}\r\n")), Some(0));
    // As some editors save it.
    assert_eq!(run(&format!("\u{feff}{password}\r\n")), Some(0));
    assert_eq!(run(&format!("{password} ")), Some(4));
    assert_eq!(run("\n"), Some(4));
    fs::write(&path, format!("{password}\n")).unwrap();
    let mut command = faults.command();
    command.env_remove("DOTDIGITAL_PASSWORD").env("DOTDIGITAL_PASSWORD_FILE", &path).args(["summary", ID_TEXT]);
    assert_eq!(command.output().unwrap().status.code(), Some(0));

    let message = faults.failure(&["summary", ID_TEXT, "--password-file", "no/such"], 2);
    assert_eq!(
        message,
        "faults: the password file \"no/such\" can't be read: No such file or directory (os error 2)\n"
    );
}

#[test]
fn demo_needs_nothing() {
    let output = program::command(["demo"]).env_clear().output().unwrap();
    let shown = out(&output);
    assert!(shown.starts_with("Why 26 contacts failed to import\nimport 842d81e8"), "{shown}");
    assert!(shown.contains("faults summary --wait --region r1 842d81e8"), "{shown}");
}

/// What is no report is neither saved, nor counted as one without faults, nor compared as if everybody had recovered.
#[test]
fn no_wrong_body_is_saved_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let old = folder.path().join("old.csv");
    fs::write(&old, REPORT).unwrap();
    let old = old.to_str().unwrap();
    for protocol in ["soap", "rest"] {
        let faults = Faults::new(protocol);
        for (name, body) in WRONG_BODIES {
            faults.sandbox.import(ID).report(*body);
            for arguments in [
                &["fetch", ID_TEXT, "-o", path.to_str().unwrap()][..],
                &["fetch", ID_TEXT],
                &["summary", ID_TEXT],
                &["list", ID_TEXT],
                &["compare", old, ID_TEXT],
                &["compare", ID_TEXT, old],
            ] {
                let message = faults.failure(arguments, 2);
                assert!(is_one_failure(&message) && message.len() < 1024, "{name}: {message}");
                assert!(!shows_contact(&message), "{name}: {message}");
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name} over {protocol}");
        }
    }
}
