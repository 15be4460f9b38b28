//! Where the output goes: files, pipes, full disks.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::helpers::program::{KEY, LEAST_KEY, command, failure, faults, out, said};

#[test]
fn output_files_appear_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let output = faults([OsStr::new("list"), "fixtures/documented.csv".as_ref(), "-o".as_ref(), path.as_os_str()]);
    assert_eq!(out(&output), "");
    assert_eq!(fs::read(&path).unwrap(), fs::read("fixtures/documented.csv").unwrap());

    // What is there stays where the next one fails.
    let output = faults([OsStr::new("list"), "fixtures/error.json".as_ref(), "-o".as_ref(), path.as_os_str()]);
    failure(&output, 2);
    assert_eq!(fs::read(&path).unwrap(), fs::read("fixtures/documented.csv").unwrap());
    let output = faults([OsStr::new("summary"), "fixtures/ragged.csv".as_ref(), "--output".as_ref(), path.as_os_str()]);
    assert_eq!(out(&output), "");
    assert!(fs::read_to_string(&path).unwrap().starts_with("Why 4 contacts"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left");

    let output = faults([OsStr::new("reasons"), "-o".as_ref(), folder.path().as_os_str()]);
    assert!(failure(&output, 2).ends_with("is a directory\nhint: name a file\n"));
    let output = faults([OsStr::new("reasons"), "-o".as_ref(), folder.path().join("no/such").as_os_str()]);
    let message = failure(&output, 2);
    assert!(message.contains("No such file or directory") && !message.contains(".faults-"), "{message}");
    assert_eq!(out(&faults(["reasons", "-o", "/dev/null"])), "");
}

#[cfg(unix)]
#[test]
fn output_files_keep_links_and_usual_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    fs::write(&target, "old").unwrap();
    symlink(&target, &link).unwrap();
    let usual = fs::metadata(&target).unwrap().permissions().mode();
    out(&faults([OsStr::new("reasons"), "-o".as_ref(), link.as_os_str()]));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().starts_with("Globally Suppressed"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode(), usual);

    // A file that others must not read stays one.
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    out(&faults([OsStr::new("reasons"), "-o".as_ref(), target.as_os_str()]));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let mut report = b"Reason,email\n".to_vec();
    report.extend(b"Blocker,a@example.com\n".repeat(100_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    fs::write(&path, report).unwrap();
    let mut child = command(["list"]).arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

/// Every verb and format that prints more than any buffer holds, its pipe closed before the first byte and behind the first few;
/// and what prints little.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_every_verb_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let report = |name: &str, reason: &str| {
        let rows: String = (0..20_000).map(|row| format!("{reason},jo{row}@example{row}.com,city {row}\n")).collect();
        let path = folder.path().join(name);
        fs::write(&path, format!("Reason,email,city\n{rows}")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (report("old.csv", "Blocker"), report("new.csv", "Duplicate"));
    let (old, new) = (old.as_str(), new.as_str());
    let mut runs: Vec<Vec<&str>> = vec![vec!["restore", old], vec!["compare", old, new]];
    for format in ["csv", "jsonl", "xlsx", "table"] {
        runs.push(vec!["list", old, "--format", format]);
    }
    runs.push(vec!["list", old, "--format", "csv", "--spreadsheet-safe"]);
    for format in ["table", "json", "jsonl", "csv", "markdown", "prometheus", "html", "vega-lite"] {
        runs.push(vec!["summary", old, "--format", format]);
        runs.push(vec!["summary", old, "--by", "city", "--top", "20000", "--format", format]);
    }
    runs.push(vec!["summary", old, "--by", "city", "--top", "20000", "--format", "csv", "--spreadsheet-safe"]);
    for format in ["table", "json", "csv"] {
        runs.push(vec!["compare", old, new, "--contacts", "--format", format]);
        runs.push(vec!["compare", old, new, "--contacts", "--redact", "--format", format]);
        runs.push(vec!["compare", "-", new, "--contacts", "--format", format]);
    }
    runs.push(vec!["compare", old, new, "--contacts", "--format", "csv", "--spreadsheet-safe"]);
    runs.extend([vec!["reasons"], vec!["reasons", "--format", "json"], vec!["man"], vec!["completions", "bash"]]);
    runs.extend([vec!["--help"], vec!["-h"], vec!["help", "summary"], vec!["list", "--help"], vec!["--version"]]);
    for arguments in &runs {
        for read in [0, 10] {
            let mut command = command(arguments);
            command.env(KEY, LEAST_KEY).stdout(Stdio::piped()).stderr(Stdio::piped());
            if arguments.contains(&"-") {
                command.stdin(fs::File::open(old).unwrap());
            }
            let mut child = command.spawn().unwrap();
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_exact(&mut vec![0; read]).unwrap();
            drop(stdout);
            let output = child.wait_with_output().unwrap();
            assert_eq!((output.status.code(), said(&output)), (Some(0), ""), "{arguments:?} behind {read} bytes");
        }
    }
}

/// Whoever reads has had enough; whoever judges by the exit code has not.
#[cfg(unix)]
#[test]
fn a_gate_holds_behind_a_closed_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    fs::write(&path, format!("Reason,email\n{}", "Blocker,jo@example.com\n".repeat(20_000))).unwrap();
    let path = path.to_str().unwrap();
    for verb in [
        &["list", path][..],
        &["list", "-"],
        &["list", path, "--format", "xlsx"],
        &["list", path, "--format", "table"],
        &["summary", path],
        &["summary", path, "--format", "json"],
        &["compare", "fixtures/documented.csv", path],
        &["compare", "fixtures/documented.csv", path, "--contacts", "--format", "csv"],
    ] {
        for (gate, expected) in [("total=20000", 1), ("total=20001", 0)] {
            let mut child = command(verb)
                .args(["--fail-on", gate])
                .stdin(fs::File::open(path).unwrap())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(expected), "{verb:?} {gate}: {}", said(&output));
            assert_eq!(
                said(&output).contains("tripped: --fail-on total"),
                expected == 1,
                "{verb:?}: {}",
                said(&output)
            );
        }
    }
}

/// Nothing of it counts as done where it couldn't be written, help included.
#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_an_error() {
    for arguments in [&["--help"][..], &["-h"], &["help", "list"], &["list", "--help"], &["--version"], &["-V"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(arguments).stdout(full).output().unwrap();
        let message = "faults: the output can't be written: No space left on device (os error 28)\n";
        assert_eq!((output.status.code(), said(&output)), (Some(2), message), "{arguments:?}");
        assert!(!out(&faults(arguments)).is_empty());
    }
    // What goes to standard error ends as ever.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(command(["--no-such"]).stdout(full).output().unwrap().status.code(), Some(2));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(command(["--no-such"]).stderr(full).output().unwrap().status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(["reasons"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));
}
