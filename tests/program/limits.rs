//! Limits of the system, on memory and on handles, end in an error and an exit code, not in an abort.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::many::{at, id, service};
use crate::helpers::program::path;

/// The program under a limit, as `ulimit` sets it.
fn limited(limit: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "sh"]).arg(path()).args(arguments);
    command.env("RUST_BACKTRACE", "0").output().unwrap()
}

fn report(folder: &Path, name: &str, reason: &str, rows: usize) -> String {
    let mut text = String::from("Reason,email\n");
    (0..rows).for_each(|row| writeln!(text, "{reason},jo{row}@example.com").unwrap());
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A comparison is what grows with its input; the rest needs a few MiB, whatever it reads.
#[test]
fn memory() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 300_000;
    let [old, new] = [("old.csv", "Blocker"), ("new.csv", "Duplicate")]
        .map(|(name, reason)| report(folder.path(), name, reason, rows));
    // As much as it takes to run at all, which depends on the machine, and a little more.
    let least = (10..500).map(|mebibytes| mebibytes << 10).find(|kib| {
        let ended = limited(&format!("-v {kib}"), &["summary", "--format", "json", &old]);
        ended.status.success()
    });
    let least = least.expect("it runs");
    for more in [1, 2, 4] {
        let limit = format!("-v {}", least + (more << 10));
        for arguments in [&["summary", &new][..], &["list", &new]] {
            let ended = limited(&limit, arguments);
            assert!(ended.status.success(), "{arguments:?} under {limit}: {ended:?}");
        }
        for arguments in [&["compare", &*old, &new][..], &["compare", &old, &new, "--contacts"]] {
            let ended = limited(&limit, arguments);
            let said = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(2), "{limit}: {said}");
            assert!(said.contains("out of memory") && !said.contains("panicked"), "{limit}: {said}");
            assert!(ended.stdout.is_empty());
        }
    }
    for arguments in [&["compare", &*old, &new][..], &["compare", &old, &new, "--contacts"]] {
        let ended = limited("-v unlimited", arguments);
        assert!(ended.status.code() == Some(0), "{ended:?}");
    }
}

/// With too few handles it says so, and never panics: not where a runtime takes note of signals, nor where a service is asked.
#[test]
fn handles_of_runtimes() {
    let sandbox = service(1);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let (archive, id) = (archive.to_str().unwrap(), id(1).to_string());
    let collect = ["collect", "--archive", archive, "--contacts", "drop", &id];
    assert!(at(&sandbox, &collect).output().unwrap().status.success());
    let mut ends = [0, 0];
    for limit in 3..=16 {
        for arguments in [
            &["fetch", &*id][..],
            &["summary", &id, &id],
            &["status", &id],
            &collect,
            &["trends", archive],
            &["archive", "status", archive],
            // There is no such address here, so that it ends at once.
            &["serve", "--archive", archive, "--listen", "192.0.2.1:0", "--allow-remote", "--no-token"],
            // With more, its client only asks the stand-in again and again.
            if limit < 13 { &["demo"] } else { &["reasons"] },
            &["demo", "--serve", "--listen", "192.0.2.1:0"],
        ] {
            let mut command = at(&sandbox, &[]);
            let script = format!("ulimit -n {limit} && exec \"$@\"");
            let few = ["--max-retries", "0"];
            let few = if ["fetch", "summary", "status"].contains(&arguments[0]) { &few[..] } else { &[] };
            let mut limited = Command::new("sh");
            limited.args(["-c", &script, "sh"]).arg(path()).args(arguments).args(few);
            limited
                .envs(command.env("RUST_BACKTRACE", "0").get_envs().filter_map(|(name, value)| Some((name, value?))));
            let ended = limited.output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr);
            match ended.status.code() {
                Some(0) => ends[0] += 1,
                // Loading the program itself may take more handles than there are.
                Some(127) => {}
                Some(2 | 6) => {
                    assert!(!said.contains("panicked"), "{arguments:?} {limit}: {said}");
                    assert!(said.lines().any(|line| line.starts_with("faults: ")), "{arguments:?} {limit}: {said}");
                    ends[1] += 1;
                }
                _ => panic!("{arguments:?} with {limit} handles: {ended:?}"),
            }
        }
    }
    assert!(ends[0] > 0 && ends[1] > 0, "{ends:?}");
}

/// With a handle less than it needs, it says so; a split needs more than the others.
#[test]
fn handles() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path(), "report.csv", "Blocker", 10);
    let dir = folder.path().join("split");
    let out = folder.path().join("out.csv");
    let mut ends = [0, 0];
    for limit in 4..20 {
        for arguments in [
            &["summary", &report][..],
            &["list", "-o", out.to_str().unwrap(), &report],
            &["compare", &report, &report],
            &["split", "--dir", dir.to_str().unwrap(), &report],
            // The stand-in needs more to start. With more, it would only be asked again and again.
            if limit < 6 { &["demo"] } else { &["reasons"] },
        ] {
            let _ = fs::remove_dir_all(&dir);
            let ended = limited(&format!("-n {limit}"), arguments);
            let said = String::from_utf8_lossy(&ended.stderr);
            match ended.status.code() {
                Some(0) => ends[0] += 1,
                // Loading the program itself may take more handles than there are.
                Some(127) => {}
                Some(2 | 6) => {
                    assert!(
                        said.starts_with("faults: ") && !said.contains("panicked"),
                        "{arguments:?} {limit}: {said}"
                    );
                    ends[1] += 1;
                }
                _ => panic!("{arguments:?} with {limit} handles: {ended:?}"),
            }
        }
    }
    assert!(ends[0] > 0 && ends[1] > 0, "{ends:?}");
}
