//! `faults serve`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};

use tempfile::TempDir;

use crate::helpers::archive::{days_ago, import, make};
use crate::helpers::http::send;
use crate::helpers::midnight;
use crate::helpers::patience;
use crate::helpers::program::{command, failure, faults, is_one_failure};

/// The program while it serves; it ends with this.
struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Serving {
    fn start(root: &Path, arguments: &[&str]) -> Self {
        let mut command = command(["serve", "--listen", "127.0.0.1:0", "--refresh", "1s", "--archive"]);
        command.arg(root).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.strip_prefix("faults: listening on http://").unwrap_or_else(|| panic!("{line}")).trim();
        Serving { address: address.parse().unwrap(), child, stderr }
    }

    fn status(&self, path: &str, headers: &[&str]) -> u16 {
        send(self.address, &format!("GET {path}"), headers, b"").unwrap().status
    }

    fn text(&self, path: &str) -> String {
        send(self.address, &format!("GET {path}"), &[], b"").unwrap().text().to_owned()
    }

    fn until_ready(&self) {
        patience::until("it is never ready", || self.status("/readyz", &[]) == 200);
    }

    /// Sends a signal, and waits for the end: the exit code, and what was said since it began to listen.
    #[cfg(unix)]
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let kill = std::process::Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let (mut said, mut printed) = (String::new(), String::new());
        self.stderr.read_to_string(&mut said).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(printed, "");
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn archive() -> TempDir {
    midnight::keep_away();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &[import(1, "europe", days_ago(2), &[("Hard bounced", 7)], Some(100))]);
    folder
}

#[cfg(unix)]
#[test]
fn an_archive_is_served_until_a_signal_comes() {
    for signal in ["-TERM", "-INT"] {
        let archive = archive();
        let serving = Serving::start(archive.path(), &[]);
        serving.until_ready();
        let sample = "dotdigital_import_faults{account=\"europe\",kind=\"contact_import\",series=\"v2\",reason=\"hard_bounced\",remedy=\"remove\"} 7\n";
        assert!(serving.text("/metrics").contains(sample));
        assert!(serving.text("/api/counts.json").contains("\"reason\":\"hard_bounced\""));
        // What comes later is read later.
        make(archive.path(), &[import(2, "asia", days_ago(1), &[("Blocker", 3)], Some(50))]);
        patience::until("it is never read", || serving.text("/metrics").contains("account=\"asia\""));
        assert_eq!(serving.end(signal), (Some(0), String::new()));
    }
}

#[cfg(unix)]
#[test]
fn an_archive_that_is_not_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("later");
    let serving = Serving::start(&root, &[]);
    let sample = |name: &str| {
        let text = serving.text("/metrics");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        value.unwrap_or_default()
    };
    let errors = || sample("dotdigital_archive_read_errors_total");
    assert_eq!((serving.status("/healthz", &[]), serving.status("/readyz", &[])), (200, 503));
    patience::until("it fails once at most", || errors() >= 2.0);
    make(&root, &[import(1, "europe", days_ago(2), &[("Blocker", 7)], Some(100))]);
    serving.until_ready();
    let is_told = || serving.text("/api/counts.json").contains("\"blocker\"");
    patience::until("it isn't read", is_told);
    // It is gone again: what was read stays.
    let before = errors();
    fs::rename(&root, folder.path().join("away")).unwrap();
    patience::until("it never fails", || errors() > before);
    assert!(is_told() && serving.status("/readyz", &[]) == 200);
    let before = sample("dotdigital_archive_read_timestamp_seconds");
    fs::rename(folder.path().join("away"), &root).unwrap();
    patience::until("it is never read again", || sample("dotdigital_archive_read_timestamp_seconds") > before);
    // Each change is said once, however often it was tried.
    let (code, said) = serving.end("-TERM");
    assert_eq!(code, Some(0));
    let gone = ["faults: there is no archive here", "hint: the first collect makes one"];
    let again = "faults: the archive is read again";
    let expected = [&gone[..], &[again], &gone, &[again]].concat();
    let lines: Vec<_> = said.lines().collect();
    // The last one may come after the signal.
    assert!(lines == expected || lines == expected[..5], "{said}");
}

/// A file that can't be read is passed over, and named once, however often it is tried; one that is no import's is none.
#[cfg(unix)]
#[test]
fn a_damaged_file_is_named() {
    let archive = archive();
    let day = format!("counts_v1/date={}", days_ago(2));
    let file = format!("{day}/00000000-0000-0000-0000-000000000009.parquet");
    fs::write(archive.path().join(&file), "no Parquet").unwrap();
    fs::write(archive.path().join(&day).join("readme.txt"), "Moon").unwrap();
    let serving = Serving::start(archive.path(), &[]);
    serving.until_ready();
    let errors = || {
        let text = serving.text("/metrics");
        let value = text.lines().find_map(|line| line.strip_prefix("dotdigital_archive_read_errors_total ")).unwrap();
        value.parse::<u64>().unwrap()
    };
    patience::until("it isn't tried again", || errors() >= 3);
    assert!(serving.text("/api/counts.json").contains("\"reason\":\"hard_bounced\""));
    let (code, said) = serving.end("-TERM");
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.starts_with(&format!("faults: the archive's {file} is damaged: ")), "{said}");
}

#[test]
fn who_may_ask() {
    let archive = archive();
    let token = archive.path().join("token");
    fs::write(&token, "s3cret\n").unwrap();
    let serving =
        Serving::start(archive.path(), &["--token-file", token.to_str().unwrap(), "--host", "faults.example.com"]);
    serving.until_ready();
    assert_eq!(serving.status("/metrics", &[]), 401);
    assert_eq!(serving.status("/metrics", &["Authorization: Bearer s3cret"]), 200);
    assert_eq!(serving.status("/readyz", &[]), 200);
}

#[test]
fn what_can_not_be_served() {
    let archive = archive();
    let (root, file) = (archive.path().to_str().unwrap(), |name: &str, text: &str| {
        let path = archive.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let (empty, blank, odd) = (file("empty", ""), file("blank", "\n"), file("odd", "a\tb"));
    let remote = ["--listen", "0.0.0.0:0"];
    let mut wrong: Vec<(Vec<&str>, &str)> = vec![
        (remote.to_vec(), "0.0.0.0:0 can be reached from other machines"),
        ([&remote[..], &["--no-token"]].concat(), "can be reached from other machines"),
        ([&remote[..], &["--allow-remote"]].concat(), "nothing says who may ask"),
        (vec!["--listen", "[::]:0", "--allow-remote"], "[::]:0 can be reached"),
        (vec!["--listen", "localhost"], "an address has the form"),
        (vec!["--listen", "example.com:80"], "an address has the form"),
        (vec!["--refresh", "0.5"], "it takes at least 1s"),
        (vec!["--refresh", "soon"], "a duration"),
        (vec!["--host", "http://x"], "--host: a host has a name that can't be one"),
        (vec!["--token-file", "/no/such/file"], "can't be read"),
        (vec!["--listen", "192.0.2.1:9", "--allow-remote", "--no-token"], "nobody can listen on 192.0.2.1:9"),
    ];
    for path in [&empty, &blank] {
        wrong.push((vec!["--token-file", path], "the token is empty"));
    }
    wrong.push((vec!["--token-file", &odd], "something else than visible ASCII"));
    for (arguments, told) in wrong {
        let output = faults([&["serve", "--archive", root], &arguments[..]].concat());
        let said = failure(&output, 2);
        assert!(said.contains(told) && !said.contains("listening"), "{arguments:?}: {said}");
        assert!(is_one_failure(said) || said.starts_with("error: "), "{said}");
    }
    let both = faults(["serve", "--archive", root, "--token-file", &odd, "--no-token"]);
    assert!(failure(&both, 2).contains("cannot be used with"));
    for place in ["", "ftp://x/y"] {
        assert!(!failure(&faults(["serve", "--archive", place, "--listen", "127.0.0.1:0"]), 2).contains("listening"));
    }
    assert!(failure(&faults(["serve"]), 2).contains("--archive"));
}
