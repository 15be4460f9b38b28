//! What the program leaves on the disk, whom it lets read it, and what it refuses to read.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dotdigital_faults::sandbox::{Operation, Sandbox, Trouble};
use tempfile::TempDir;

use crate::helpers::ID;
use crate::helpers::program::{command, path as faults, without_surroundings};

const REPORT: &str = "Reason,email\nDuplicate,jo@example.com\n";

/// A folder with a report in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("report.csv"), REPORT).unwrap();
    folder
}

fn shell(folder: &Path, script: &str) -> Output {
    let mut shell = Command::new("sh");
    without_surroundings(&mut shell);
    let output = shell.args(["-c", script]).env("FAULTS", faults()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn what_is_open_is_written_to_and_never_replaced() {
    for (output, redirection) in [
        ("/dev/stdout", ">>"),
        ("/dev/fd/1", ">>"),
        ("/proc/self/fd/1", ">>"),
        ("/dev/stderr", "2>>"),
        ("/dev/fd/3", "3>>"),
        ("link", ">>"),
    ] {
        if output.starts_with("/proc") && !Path::new(output).exists() {
            continue;
        }
        let folder = folder();
        symlink("/dev/stdout", folder.path().join("link")).unwrap();
        fs::write(folder.path().join("log"), "old\n").unwrap();
        let before = fs::metadata(folder.path().join("log")).unwrap().ino();
        shell(folder.path(), &format!("\"$FAULTS\" list report.csv -o {output} {redirection} log"));
        assert_eq!(read(folder.path(), "log"), format!("old\n{REPORT}"), "{output} {redirection}");
        assert_eq!(fs::metadata(folder.path().join("log")).unwrap().ino(), before, "{output}");
    }
}

#[test]
fn devices_and_pipes_are_written_to() {
    let folder = folder();
    shell(folder.path(), "mkfifo pipe; cat pipe > copy & \"$FAULTS\" list report.csv -o pipe && wait");
    assert_eq!(read(folder.path(), "copy"), REPORT);
    assert!(!fs::metadata(folder.path().join("pipe")).unwrap().is_file());
    shell(folder.path(), "\"$FAULTS\" list report.csv -o /dev/null; test -c /dev/null");
    let full = command(["list", "report.csv", "-o", "/dev/full"]).current_dir(&folder).output();
    assert_eq!(full.unwrap().status.code(), Some(2));
}

#[test]
fn what_a_link_points_to_is_replaced_or_made() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    fs::write(at("deep/old"), "old").unwrap();
    symlink("deep/old", at("to-old")).unwrap();
    symlink("to-old", at("to-link")).unwrap();
    symlink("deep/new", at("dangling")).unwrap();
    symlink("circle", at("circle")).unwrap();
    for (link, target) in [("to-link", "deep/old"), ("dangling", "deep/new")] {
        shell(folder.path(), &format!("\"$FAULTS\" list report.csv -o {link}"));
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
        assert_eq!(read(folder.path(), target), REPORT);
    }
    let output = command(["list", "report.csv", "-o", "circle"]).current_dir(&folder).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("faults: \"circle\" can't be written: there are too many links"), "{said}");
    assert_eq!(names(&at("deep")).len(), 2);
}

#[test]
fn the_mode_is_that_of_the_file_before_or_of_any_new_one() {
    let folder = folder();
    for (before, umask, after) in
        [(None, "027", 0o640), (None, "077", 0o600), (Some(0o600), "000", 0o600), (Some(0o6755), "022", 0o755)]
    {
        let path = folder.path().join("out");
        _ = fs::remove_file(&path);
        if let Some(mode) = before {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        shell(folder.path(), &format!("umask {umask}; \"$FAULTS\" list report.csv -o out"));
        assert_eq!(mode(&path), after, "{before:?} {umask}");
    }
}

/// The program as it fetches a report whose second half is late, with its temporary folder.
fn late(sandbox: &Sandbox, arguments: &[&str], temporary: &Path) -> Child {
    sandbox.import(ID).report(REPORT.repeat(10_000));
    let stall = Duration::from_secs(3600);
    sandbox.trouble(Trouble::usual().stalled_after(100_000, stall).on(Operation::ReportFaults).always());
    let mut command = command(["fetch", "842d81e8-c619-457f-bb77-ab6c4a17da39"]);
    command.args(["--timeout", "1h", "--attempt-timeout", "1h", "--stall-timeout", "1h"]).args(arguments);
    command.env("DOTDIGITAL_ENDPOINT", sandbox.rest_url()).env("DOTDIGITAL_PROTOCOL", "rest");
    command.env("DOTDIGITAL_USERNAME", sandbox.username()).env("DOTDIGITAL_PASSWORD", sandbox.password());
    command.env("TMPDIR", temporary).current_dir(temporary).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The file that a process has open and that lies in a folder, by a name or without one, once there is one.
#[cfg(target_os = "linux")]
fn open_in(child: &mut Child, folder: &Path) -> PathBuf {
    let folder = fs::canonicalize(folder).unwrap();
    while child.try_wait().unwrap().is_none() {
        for entry in fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().flatten() {
            if fs::read_link(entry.path()).is_ok_and(|file| file.starts_with(&folder))
                && fs::metadata(entry.path()).is_ok_and(|file| file.len() > 0)
            {
                return entry.path();
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it has ended without a file");
}

/// Is a signal ignored in this process, and so in those that it starts?
#[cfg(target_os = "linux")]
fn is_ignored(signal: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    u64::from_str_radix(mask, 16).unwrap() >> (signal - 1) & 1 == 1
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_leaves_nothing_and_nobody_else_may_read_on_the_way() {
    let sandbox = Sandbox::start().unwrap();
    for arguments in [&["-o", "faults.csv"][..], &["-o", "/dev/stdout"], &[]] {
        for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("KILL", 9)] {
            if is_ignored(number) {
                eprintln!("skipped: {signal} is ignored here, as a shell has it for what it runs in the background");
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut child = late(&sandbox, arguments, folder.path());
            let part = open_in(&mut child, folder.path());
            assert_eq!(mode(&part) & 0o777, 0o600, "{arguments:?}");
            let kill = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status();
            assert!(kill.unwrap().success());
            assert!(!child.wait().unwrap().success());
            assert_eq!(names(folder.path()), [""; 0], "{arguments:?} {signal}");
        }
    }
}

/// The rows of a report that can be read once only, or its emails where changed contacts are to be listed, are kept until
/// it is certain that they may be shown.
#[cfg(target_os = "linux")]
#[test]
fn what_is_kept_of_standard_input_is_left_to_nobody() {
    for arguments in [
        &["list", "-"][..],
        &["compare", "--contacts", "-", "report.csv"],
        &["compare", "--contacts", "report.csv", "-"],
    ] {
        for (signal, number) in [("INT", 2), ("KILL", 9)] {
            if is_ignored(number) {
                eprintln!("skipped: {signal} is ignored here, as a shell has it for what it runs in the background");
                continue;
            }
            let (folder, temporary) = (folder(), tempfile::tempdir().unwrap());
            let mut command = command(arguments);
            command.current_dir(&folder);
            command.env("TMPDIR", temporary.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(REPORT.as_bytes()).unwrap();
            input.write_all(&b"Blocker,al@example.com\n".repeat(200_000)).unwrap();
            let kept = open_in(&mut child, temporary.path());
            assert_eq!(mode(&kept) & 0o777, 0o600, "{arguments:?}");
            assert_eq!(names(temporary.path()), [""; 0], "{arguments:?}: it has no name");
            let kill = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status();
            assert!(kill.unwrap().success());
            assert!(!child.wait().unwrap().success());
            drop(input);
            assert_eq!(names(temporary.path()), [""; 0], "{arguments:?} {signal}");
        }
    }
}

#[test]
fn secrets_of_another_size_are_refused() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let mut command = command(arguments);
        command.current_dir(&folder).env("DOTDIGITAL_USERNAME", "jo");
        let output = command.env("DOTDIGITAL_ENDPOINT", "http://127.0.0.1:9").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let id = "842d81e8-c619-457f-bb77-ab6c4a17da39";
    let password = ["summary", id, "--max-retries", "0", "--password-file", "secret"];
    let key = ["list", "report.csv", "--redact", "--redact-key-file", "secret"];
    for (bytes, is_read) in [(64 * 1024, true), (64 * 1024 + 1, false), (1 << 20, false)] {
        fs::write(folder.path().join("secret"), "s".repeat(bytes)).unwrap();
        let (code, said) = run(&key);
        assert_eq!(code == Some(0), is_read, "{said}");
        if is_read {
            // It was read, and then nobody was there to take it.
            assert_eq!(run(&password).0, Some(6));
        } else {
            let told =
                "\"secret\" has more than 65536 bytes, which no such secret has\nhint: name the file that holds it";
            assert!(said.starts_with(&format!("faults: the key file {told}")), "{said}");
            let (code, said) = run(&password);
            assert!(code == Some(2) && said.starts_with(&format!("faults: the password file {told}")), "{said}");
        }
    }
    fs::write(folder.path().join("secret"), b"\xff\xfes\0").unwrap();
    let (code, said) = run(&password);
    assert_eq!(
        (code, said.as_str()),
        (Some(2), "faults: the password file \"secret\" is not UTF-8\nhint: save it as UTF-8\n")
    );
}

#[test]
fn a_report_that_may_have_been_cut_is_told_of_by_every_verb() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{REPORT}").as_bytes());
        }
    });
    let folder = folder();
    let id = "842d81e8-c619-457f-bb77-ab6c4a17da39";
    for arguments in [
        &["summary", id][..],
        &["list", id],
        &["fetch", id],
        &["fetch", id, "-o", "saved.csv"],
        &["split", id, "--dir", "to-do"],
        &["compare", "report.csv", id],
    ] {
        let mut command = command(arguments);
        command.current_dir(&folder).env("DOTDIGITAL_ENDPOINT", &endpoint);
        command.env("DOTDIGITAL_PROTOCOL", "rest").env("DOTDIGITAL_USERNAME", "jo").env("DOTDIGITAL_PASSWORD", "open");
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        let note = format!("faults: import {id}: the answer had neither a length nor chunks, so that one that was cut");
        assert!(said.starts_with(&note) && said.matches("faults: ").count() == 1, "{arguments:?}: {said}");
    }
    assert_eq!(read(folder.path(), "saved.csv"), REPORT);
}
