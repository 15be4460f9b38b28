//! `faults collect` against accounts of the stand-in: a folder with their file, their secrets and an archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dotdigital_faults::sandbox::{Account, Import, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::program;

/// Of every account.
pub const PASSWORD: &str = "hunter2-of-all";

/// A report with two faults.
pub const REPORT: &str = "Reason,email\r\nHard bounced,ada@example.com\r\nDuplicate,bo@example.org\r\n";

pub struct Collector {
    pub sandbox: Sandbox,
    pub folder: TempDir,
}

impl Collector {
    /// Accounts whose user name is their name, asked over REST.
    pub fn of<S: AsRef<str>>(accounts: impl IntoIterator<Item = S>) -> Self {
        let collector = Collector { sandbox: Sandbox::start().unwrap(), folder: tempfile::tempdir().unwrap() };
        fs::create_dir(collector.path("users")).unwrap();
        fs::write(collector.path("password"), PASSWORD).unwrap();
        let profile = |account: S| {
            let name = account.as_ref();
            collector.account(name);
            fs::write(collector.path("users").join(name), name).unwrap();
            format!(
                "[{name}]\nprotocol = 'rest'\nendpoint = '{}'\nusername_file = 'users/{name}'\npassword_file = 'password'\n",
                collector.sandbox.rest_url()
            )
        };
        let profiles: String = accounts.into_iter().map(profile).collect();
        fs::write(collector.path("accounts.toml"), profiles).unwrap();
        collector
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> PathBuf {
        self.path("archive")
    }

    /// An account of the stand-in.
    pub fn account(&self, name: &str) -> Account {
        self.sandbox.account(name, PASSWORD)
    }

    /// So many finished imports of an account, with ids that are their own.
    pub fn imports(&self, account: &str, ids: impl IntoIterator<Item = u128>) -> Vec<Import> {
        let account = self.account(account);
        ids.into_iter()
            .map(|id| {
                account.import(Uuid::from_u128(id)).report(REPORT).summary([("NewContacts", 8), ("UpdatedContacts", 0)])
            })
            .collect()
    }

    /// A list of ids, a line each.
    pub fn list<S: AsRef<str>>(&self, lines: impl IntoIterator<Item = S>) -> PathBuf {
        let lines: String = lines.into_iter().map(|line| format!("{}\n", line.as_ref())).collect();
        let path = self.path("ids");
        fs::write(&path, lines).unwrap();
        path
    }

    /// Collects from the accounts of the file into an archive.
    pub fn command(&self, archive: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = program::command(["collect", "--archive"]);
        command.arg(archive).arg("--accounts").arg(self.path("accounts.toml")).args(arguments);
        command
    }

    /// Collects into the folder, where contacts are dropped. No secret is told.
    pub fn collect(&self, arguments: &[&str]) -> Output {
        let output = self.command(self.root(), &[&["--contacts", "drop"], arguments].concat()).output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(text).contains(PASSWORD), "{output:?}");
        }
        output
    }

    /// A claim, as if it had been made so many days ago.
    pub fn claim(&self, id: Uuid, account: &str, days: i64) {
        let claimed = chrono::Utc::now() - chrono::TimeDelta::days(days);
        let claim = serde_json::json!({
            "schema": 1,
            "date": claimed.date_naive().to_string(),
            "claimed_at": claimed.to_rfc3339(),
            "account": account,
            "kind": "contact_import",
            "protocol": "rest",
        });
        fs::create_dir_all(self.root().join("claims")).unwrap();
        fs::write(self.root().join(format!("claims/{id}.json")), claim.to_string()).unwrap();
    }

    /// The files of a table, by their paths within it, in order.
    pub fn files(&self, table: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(&self.root().join(table), &mut found);
        let root = self.root().join(table);
        let mut names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

/// All files below a folder.
pub fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => find(&path, found),
            false => found.push(path),
        }
    }
}

/// A line that names an import of an account.
pub fn line(account: &str, id: Uuid) -> String {
    format!("{{\"account\":\"{account}\",\"import_id\":\"{id}\"}}")
}

/// What the program has printed, a document for each import.
#[track_caller]
pub fn told(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// Of each import its outcome, and its code, by their ids.
#[track_caller]
pub fn outcomes(output: &Output) -> Vec<(u128, String, Option<u64>)> {
    let outcome = |told: &Value| {
        let id: Uuid = told["import_id"].as_str().unwrap().parse().unwrap();
        (id.as_u128(), told["outcome"].as_str().unwrap().to_owned(), told["code"].as_u64())
    };
    let mut outcomes: Vec<_> = told(output).iter().map(outcome).collect();
    outcomes.sort();
    outcomes
}
