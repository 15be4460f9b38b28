//! `--accounts`, `--account` and `faults accounts check`: accounts by name, whose secrets are elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dotdigital_faults::sandbox::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::ID;
use crate::helpers::program::{self, failure, out, said};

/// Stands in no output, whatever happens.
const MARKED: &str = "hunter2-never-shown";

struct Accounts {
    sandbox: Sandbox,
    folder: TempDir,
}

impl Accounts {
    fn new() -> Self {
        let sandbox = Sandbox::start().unwrap();
        sandbox.import(ID).report("Reason;email\nHard bounced;jo@example.com\n");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("password"), format!("{}\r\n", sandbox.password())).unwrap();
        Accounts { sandbox, folder }
    }

    /// A file of accounts, in which `USER`, `SOAP` and `REST` stand for what the stand-in has.
    fn write(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("accounts.toml");
        let text = text.replace("SOAP", &format!("endpoint = '{}'", self.sandbox.soap_url()));
        let text = text.replace("REST", &format!("protocol = 'rest'\nendpoint = '{}'", self.sandbox.rest_url()));
        fs::write(&path, text.replace("USER", "username_env = 'WHO'")).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(arguments);
        command.env("WHO", self.sandbox.username()).env("SECRET", self.sandbox.password());
        command
    }

    fn run(&self, path: &Path, arguments: &[&str]) -> Output {
        let output = self.command(arguments).arg("--accounts").arg(path).output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains(self.sandbox.password()) && !text.contains(MARKED), "{text}");
        }
        output
    }

    fn summary(&self, text: &str, arguments: &[&str]) -> Output {
        self.run(&self.write(text), &[&["summary", &ID.to_string()], arguments].concat())
    }
}

#[test]
fn every_way_to_a_secret() {
    let accounts = Accounts::new();
    for password in [
        "password_env = 'SECRET'",
        "password_file = 'password'",
        "password_command = ['cat', 'password']",
        "password_command = ['sh', '-c', 'echo \"$SECRET\"; echo more']",
        "password_command = ['./bin/secret']",
    ] {
        if cfg!(not(unix)) && password.contains("command") {
            continue;
        }
        let script = accounts.folder.path().join("bin");
        fs::create_dir_all(&script).unwrap();
        #[cfg(unix)]
        program::script(&script.join("secret"), "#!/bin/sh\necho \"$SECRET\"\n");
        let path = accounts.write(&format!("[europe]\nREST\nUSER\n{password}\n"));
        // A path of the file is relative to it, and arguments are as they are.
        let mut command = accounts.command(&["summary", &ID.to_string(), "--accounts"]);
        let output = command.arg(&path).current_dir(accounts.folder.path()).output().unwrap();
        assert!(out(&output).contains("Hard bounced"), "{password}");
    }
    fs::write(accounts.folder.path().join("user"), accounts.sandbox.username()).unwrap();
    let output = accounts.summary("[a]\nSOAP\nusername_file = 'user'\npassword_file = 'password'", &[]);
    assert!(out(&output).contains("Hard bounced"));
    // The environment does it, too, and what it says of one account doesn't count then.
    let path = accounts.write("[a]\nSOAP\nUSER\npassword_env = 'SECRET'\n[b]\nUSER\npassword_env = 'NONE'\n");
    let mut command = accounts.command(&["summary", &ID.to_string()]);
    command.env("DOTDIGITAL_ACCOUNTS", path).env("DOTDIGITAL_ACCOUNT", "a").env("DOTDIGITAL_REGION", "nonsense");
    assert!(out(&command.output().unwrap()).contains("Hard bounced"));
    command.args(["--account", "b"]);
    assert!(
        failure(&command.output().unwrap(), 4).contains("account b: there is no password: NONE is missing or empty")
    );
}

#[test]
fn an_account_says_how_its_reports_are_read() {
    let accounts = Accounts::new();
    accounts.sandbox.import(ID).report("Address|Why|Reason\njo@example.com|Hard bounced|x\n");
    let account =
        "[a]\nSOAP\nUSER\npassword_env = 'SECRET'\nseparator = 'pipe'\nreason_column = 'why'\nemail_column = 1\n";
    let reason = |arguments: &[&str]| {
        let output = accounts.summary(account, &[&["--format", "json"], arguments].concat());
        serde_json::from_str::<Value>(out(&output)).unwrap()["reasons"][0]["label"].clone()
    };
    assert_eq!(reason(&[]), "Hard bounced");
    // Options come first.
    assert_eq!(reason(&["--reason-column", "3"]), "x");
}

#[test]
fn which_account() {
    let accounts = Accounts::new();
    let two = "[europe]\nSOAP\nUSER\npassword_env = 'SECRET'\n[asia_2]\nUSER\npassword_env = 'SECRET'\n";
    let output = accounts.summary(two, &[]);
    let message = failure(&output, 2);
    assert!(
        message
            .contains("has 2 accounts, and none is chosen\nhint: choose one with --account: there are asia_2, europe")
    );
    assert!(out(&accounts.summary(two, &["--account", "europe"])).contains("Hard bounced"));
    let output = accounts.summary(two, &["--account", "mars"]);
    assert!(failure(&output, 2).contains("has no account \"mars\"\nhint: there are asia_2, europe"));
    for option in [["--region", "r2"], ["--protocol", "rest"], ["--endpoint", "http://127.0.0.1:9"]] {
        let output = accounts.summary(two, &[&["--account", "europe"], &option[..]].concat());
        assert!(failure(&output, 2).contains(&format!("{} doesn't go with a file of accounts", option[0])));
    }
    let output = accounts.command(&["summary", &ID.to_string(), "--account", "europe"]).output().unwrap();
    assert!(failure(&output, 2).contains("--account needs a file of accounts\nhint: "));
    // A saved report has no account.
    assert!(
        out(&accounts.run(Path::new("no/such.toml"), &["summary", "fixtures/documented.csv"])).starts_with("Why 2")
    );
    failure(&accounts.run(Path::new("no/such.toml"), &["summary", &ID.to_string()]), 2);
    assert_eq!(accounts.sandbox.requests().len(), 1);
}

#[test]
fn files_that_can_not_be_right() {
    let accounts = Accounts::new();
    let known = "USER\npassword_env = 'SECRET'";
    for (text, expected) in [
        (String::new(), "has no account"),
        (
            format!("[a]\nUSER\npassword = '{MARKED}'"),
            "account a: password isn't among the keys: the file holds no secret",
        ),
        (format!("[a]\n{known}\nusername = '{MARKED}'"), "username isn't among the keys"),
        (format!("[a]\n{known}\n{MARKED} = 1"), "account a: it has a key that isn't known\nhint: there are region, "),
        (format!("password = '{MARKED}'"), "a value stands outside of all accounts"),
        (
            format!("[a]\n{known}\nregion = '{MARKED}'"),
            "region can't be what the file says\nhint: there are r1, r2, r3",
        ),
        (format!("[a]\n{known}\nprotocol = '{MARKED}'"), "protocol can't be what the file says"),
        (format!("[a]\n{known}\nseparator = '{MARKED}'"), "separator can't be what the file says"),
        (format!("[a]\n{known}\nreason_column = 0"), "reason_column can't be what the file says"),
        (format!("[a]\n{known}\nendpoint = ['{MARKED}']"), "endpoint is no text"),
        (
            format!("[a]\n{known}\npassword_file = '{MARKED}'"),
            "exactly one of password_env, password_file, password_command",
        ),
        ("[a]\nUSER".to_owned(), "exactly one of password_env, password_file, password_command"),
        ("[a]\npassword_env = 'SECRET'".to_owned(), "exactly one of username_env, username_file"),
        (format!("[a]\nUSER\npassword_command = '{MARKED}'"), "password_command is no array of texts"),
        (format!("[a]\nUSER\npassword_command = ['{MARKED}', 1]"), "password_command is no array of texts"),
        ("[a]\nUSER\npassword_command = []".to_owned(), "password_command is no array of texts"),
        (format!("['{MARKED} a']\n{known}"), "an account has a name that can't be one"),
        (format!("[a]\n{known}\nregion = \"{MARKED}"), "line 4: this is no TOML"),
        (format!("[a]\n{known}\n[a]\nregion = \"{MARKED}\""), "this is no TOML"),
    ] {
        let output = accounts.summary(&text, &[]);
        let message = failure(&output, 2);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert_eq!(accounts.sandbox.requests().len(), 0);
}

#[test]
fn a_secret_that_can_not_be_had() {
    let accounts = Accounts::new();
    fs::write(accounts.folder.path().join("empty"), "\n").unwrap();
    for (password, expected) in [
        ("password_env = 'NOBODY'", "there is no password: NOBODY is missing or empty"),
        ("password_file = 'nowhere'", "can't be read: No such file"),
        ("password_file = 'empty'", "is empty"),
        ("password_command = ['false']", "the command for the password has failed: exit status: 1"),
        ("password_command = ['sh', '-c', 'echo \"$SECRET\"; exit 7']", "has failed: exit status: 7"),
        ("password_command = ['true']", "there is no password: its command has none"),
        ("password_command = ['no-such-program-here']", "can't be started"),
    ] {
        let output = accounts.summary(&format!("[a]\nSOAP\nUSER\n{password}\n"), &[]);
        let message = failure(&output, 4);
        assert!(message.starts_with("faults: account a: ") && message.contains(expected), "{password}: {message}");
    }
    assert_eq!(accounts.sandbox.requests().len(), 0);
}

#[test]
fn accounts_are_checked() {
    let accounts = Accounts::new();
    let path =
        accounts.write("[good]\nSOAP\nUSER\npassword_env = 'SECRET'\n[rest]\nREST\nUSER\npassword_env = 'SECRET'\n");
    let output = accounts.run(&path, &["accounts", "check"]);
    assert_eq!(
        out(&output),
        "account  protocol  region  let in\ngood     soap      r1      yes\nrest     rest      r1      yes\n"
    );
    // Each was asked once.
    assert_eq!(accounts.sandbox.requests().len(), 2);

    let path = accounts.write(
        "[wrong]\nREST\nUSER\npassword_env = 'WHO'\n[away]\nendpoint='http://127.0.0.1:1/'\nUSER\npassword_env = 'SECRET'\n\
         [without]\nUSER\npassword_env = 'NOBODY'\n[good]\nREST\nUSER\npassword_env = 'SECRET'\n",
    );
    let output = accounts.run(&path, &["accounts", "check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).ends_with("faults: 3 of 4 accounts can't be used\n"), "{}", said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<_> = document["accounts"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = told.iter().map(|told| (told["account"].as_str().unwrap(), &told["code"])).collect();
    let (four, six, none) = (json!(4), json!(6), json!(0));
    assert_eq!(codes, [("away", &six), ("good", &none), ("without", &four), ("wrong", &four)]);
    assert!(told.iter().all(|told| told["let_in"] == told["error"].is_null()));
    // No more than one request each, and none where there is no secret.
    assert_eq!(accounts.sandbox.requests().len(), 4);

    // An account that is unavailable is worse than one that can't be right.
    let path = accounts.write("[away]\nendpoint='http://127.0.0.1:1/'\nUSER\npassword_env = 'SECRET'\n");
    assert_eq!(accounts.run(&path, &["accounts", "check"]).status.code(), Some(6));
    failure(&accounts.command(&["accounts", "check"]).output().unwrap(), 2);
    // A server that isn't the service doesn't let anybody in.
    let path = accounts.write(&format!(
        "[a]\nprotocol = 'rest'\nendpoint = '{}/elsewhere'\nUSER\npassword_env = 'SECRET'\n",
        accounts.sandbox.rest_url().trim_end_matches('/')
    ));
    assert_ne!(accounts.run(&path, &["accounts", "check"]).status.code(), Some(0));
}
