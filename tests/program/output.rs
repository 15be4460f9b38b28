//! Where the output goes: files, pipes, full disks.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::process::Stdio;

use crate::helpers::program::{command, failure, faults, out};

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

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(["reasons"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left on device"));
}
