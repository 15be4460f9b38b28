//! Full disks, folders that can't be written, and kills: no partial file, nothing overwritten, a clear message.
#![cfg(target_os = "linux")]

mod peers;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dotdigital_faults::{FaultReport, Remedy, export};

fn split(source: &Path, dir: &Path, force: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faults"));
    command.arg("split").arg(source).arg("--dir").arg(dir).args(force.then_some("--force")).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Says why a test is skipped; unlike `eprintln!`, this isn't captured.
fn say(words: &str) {
    _ = writeln!(std::io::stderr(), "{words}");
}

/// All that is in a folder, hidden or not.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A report with a few remedies, of some hundred KiB.
fn large_report(folder: &Path, rows: usize) -> PathBuf {
    let path = folder.join("report.csv");
    let mut report = "Reason,email\n".to_owned();
    for row in 0..rows {
        let reason = ["Invalid Email", "Blocker", "Duplicate", "Soft bounced"][row % 4];
        report += &format!("{reason},contact.{row}@example.com\n");
    }
    fs::write(&path, report).unwrap();
    path
}

/// A file system of our own, until it is dropped.
struct Mount(PathBuf);

impl Mount {
    /// A small one in memory; `None` where that isn't allowed, which is said.
    fn new(folder: &Path, options: &str) -> Option<Mount> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
        if done.is_ok_and(|output| output.status.success()) {
            return Some(Mount(folder.to_owned()));
        }
        say("skipped: only root may mount a file system of its own");
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_no_file() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(_mount) = Mount::new(disk.path(), "size=256k") else { return };
    let report = large_report(folder.path(), 20_000);

    let new = disk.path().join("new");
    let output = split(&report, &new, false).output().unwrap();
    assert!(said(&output).contains("can't be written: No space left on device"), "{}", said(&output));
    assert!(names(disk.path()).is_empty());

    let dir = disk.path().join("dir");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("remove.csv"), "old").unwrap();
    let output = split(&report, &dir, true).output().unwrap();
    assert!(said(&output).contains("No space left on device"));
    assert_eq!(names(&dir), ["remove.csv"]);
    assert_eq!(fs::read(dir.join("remove.csv")).unwrap(), b"old");

    // A single file, too.
    let file = disk.path().join("faults.csv");
    let list = [OsStr::new("list"), report.as_os_str(), "-o".as_ref(), file.as_os_str()];
    let output = Command::new(env!("CARGO_BIN_EXE_faults")).args(list).output().unwrap();
    assert!(said(&output).contains("No space left on device"));
    assert_eq!(names(disk.path()), ["dir"]);
}

#[test]
fn an_output_that_is_full_or_closed() {
    let folder = tempfile::tempdir().unwrap();
    let report = large_report(folder.path(), 4);
    let report = report.to_str().unwrap();
    let dir = folder.path().join("dir");
    for arguments in [
        &["list", report, "--spreadsheet-safe"][..],
        &["split", report, "--force", "--dir", dir.to_str().unwrap()],
        &["compare", report, report],
        &["compare", report, report, "--format", "json"],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faults"));
        command.args(arguments).stderr(Stdio::piped());
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        assert_eq!(
            said(&output),
            "faults: the output can't be written: No space left on device (os error 28)\n",
            "{arguments:?}"
        );
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(closed).output().unwrap();
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_stays_as_it_is() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let report = large_report(folder.path(), 4);
    fs::set_permissions(disk.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write wherever it likes, but for a file system that can only be read.
    let is_root = fs::write(disk.path().join("probe"), "").is_ok();
    let mount = if is_root {
        let Some(mount) = Mount::new(disk.path(), "size=256k") else { return };
        fs::write(disk.path().join("remove.csv"), "old").unwrap();
        mount.remount("ro");
        Some(mount)
    } else {
        None
    };
    let before = names(disk.path());
    for (dir, force) in [(disk.path().to_owned(), true), (disk.path().join("new"), false)] {
        let output = split(&report, &dir, force).output().unwrap();
        let reason = if is_root { "Read-only file system" } else { "Permission denied" };
        assert!(said(&output).starts_with(&format!("faults: {dir:?} can't be written: {reason}")), "{}", said(&output));
    }
    assert_eq!(names(disk.path()), before);
    drop(mount);
    fs::set_permissions(disk.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The files as they should be.
fn whole(report: &Path) -> Vec<(String, Vec<u8>)> {
    let report = FaultReport::from_bytes(fs::read(report).unwrap()).unwrap();
    let files = Remedy::iter().filter(|&remedy| report.counts().get_remedy(remedy) > 0).map(|remedy| {
        let mut csv = Vec::new();
        export::remedy_to_csv(&report, remedy, &export::WriteOptions::new(), &mut csv).unwrap();
        (export::remedy_file_name(remedy), csv)
    });
    files.collect()
}

#[test]
fn a_kill_at_any_time_leaves_no_partial_file() {
    let folder = tempfile::tempdir().unwrap();
    let report = large_report(folder.path(), 100_000);
    let whole = whole(&report);
    for kill in 0..30 {
        let target = tempfile::tempdir().unwrap();
        let (new, dir) = (target.path().join("new"), target.path().join("dir"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("remove.csv"), "old").unwrap();
        for (to, force) in [(&new, false), (&dir, true)] {
            let mut child = split(&report, to, force).stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(kill * 7));
            // It may have ended already.
            _ = child.kill();
            child.wait().unwrap();
        }
        if new.exists() {
            assert_eq!(names(&new).len(), whole.len(), "a new folder has all files");
        }
        for (name, csv) in &whole {
            for path in [new.join(name), dir.join(name)].iter().filter(|path| path.exists()) {
                let found = fs::read(path).unwrap();
                assert!(found == *csv || found == b"old" && name == "remove.csv", "{path:?} is partial");
            }
        }
        assert!(dir.join("remove.csv").exists());
    }
}

#[test]
fn a_kill_between_write_and_rename() {
    match Command::new("strace").arg("true").output() {
        Err(_) => return peers::skip("strace"),
        Ok(output) if !output.status.success() => return say("skipped: no right to trace a program here"),
        Ok(_) => {}
    }
    let folder = tempfile::tempdir().unwrap();
    let report = large_report(folder.path(), 8);
    let whole = whole(&report);
    // Kills the program as it is about to rename for the n-th time.
    let split_and_kill = |dir: &Path, force: bool, rename: usize| {
        let split = split(&report, dir, force);
        let output = Command::new("strace")
            .args(["-f", "-q", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e"])
            .arg(format!("inject=rename,renameat,renameat2:signal=SIGKILL:when={rename}"))
            .arg(split.get_program())
            .args(split.get_args())
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(9));
    };
    let hidden = |dir: &Path| names(dir).iter().filter(|name| name.starts_with(".faults-")).count();

    let target = tempfile::tempdir().unwrap();
    let new = target.path().join("new");
    split_and_kill(&new, false, 1);
    assert!(!new.exists());
    assert_eq!((names(target.path()).len(), hidden(target.path())), (1, 1), "only what is hidden is left");

    for rename in 1..=whole.len() {
        let target = tempfile::tempdir().unwrap();
        let dir = target.path();
        fs::write(dir.join("retry-later.csv"), "old").unwrap();
        split_and_kill(dir, true, rename);
        assert_eq!(hidden(dir), 1);
        for (at, (name, csv)) in whole.iter().enumerate() {
            let found = fs::read(dir.join(name)).ok();
            let expected = match at + 1 < rename {
                true => Some(&csv[..]),
                false if name == "retry-later.csv" => Some(&b"old"[..]),
                false => None,
            };
            assert_eq!(found.as_deref(), expected, "{name}, killed at rename {rename}");
        }
        // The next run isn't in its way.
        assert!(split(&report, dir, true).output().unwrap().status.success());
    }
}
