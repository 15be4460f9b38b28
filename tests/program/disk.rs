//! Full disks, folders that can't be written, and kills: no partial file, nothing overwritten, a clear message.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::helpers::files::{large_report, names, whole};
use crate::helpers::peers;
use crate::helpers::program::{self, command, failure, faults, split, with_input};

/// A file system of our own, until it is dropped.
struct Mount(PathBuf);

impl Mount {
    /// A small one in memory; `None` where that isn't allowed, which is said.
    fn new(folder: &Path, options: &str) -> Option<Mount> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
        if done.is_ok_and(|output| output.status.success()) {
            return Some(Mount(folder.to_owned()));
        }
        peers::say("skipped: only root may mount a file system of its own");
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
    assert!(failure(&output, 2).contains("can't be written: No space left on device"), "{}", failure(&output, 2));
    assert!(names(disk.path()).is_empty());

    let dir = disk.path().join("dir");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("remove.csv"), "old").unwrap();
    let output = split(&report, &dir, true).output().unwrap();
    assert!(failure(&output, 2).contains("No space left on device"));
    assert_eq!(names(&dir), ["remove.csv"]);
    assert_eq!(fs::read(dir.join("remove.csv")).unwrap(), b"old");

    // A single file, too.
    let file = disk.path().join("faults.csv");
    let list = [OsStr::new("list"), report.as_os_str(), "-o".as_ref(), file.as_os_str()];
    let output = faults(list);
    assert!(failure(&output, 2).contains("No space left on device"));
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
        &["list", report, "--format", "table"],
        &["list", report, "--format", "xlsx"],
        &["split", report, "--force", "--dir", dir.to_str().unwrap()],
        &["compare", report, report],
        &["compare", report, report, "--format", "json"],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut command = command(arguments);
        command.stderr(Stdio::piped());
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        assert_eq!(
            failure(&output, 2),
            "faults: the output can't be written: No space left on device (os error 28)\n",
            "{arguments:?}"
        );
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(closed).output().unwrap();
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{arguments:?}");
    }
}

/// The rows of a workbook are in temporary files, whose disk may be another one.
#[test]
fn no_room_for_temporary_files_is_an_error() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(_mount) = Mount::new(disk.path(), "size=6m") else { return };
    let report = large_report(folder.path(), 100_000);
    let target = folder.path().join("faults.xlsx");
    let mut command = command(["list", "--format", "xlsx", "-o"]);
    command.arg(&target).arg(&report).env("TMPDIR", disk.path());
    let output = command.output().unwrap();
    let message = failure(&output, 2);
    assert!(message.contains("no room is left for the rows of a workbook") && message.contains("TMPDIR"), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(names(disk.path()).is_empty());
    assert!(!target.exists());
}

/// So are the emails of what can be read once only.
#[test]
fn no_room_for_kept_emails_is_an_error() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(_mount) = Mount::new(disk.path(), "size=256k") else { return };
    let report = large_report(folder.path(), 100_000);
    let input = fs::read(&report).unwrap();
    let report = report.to_str().unwrap();
    for arguments in [["-", report], [report, "-"]] {
        let mut command = command(["compare", "--contacts"]);
        command.args(arguments).env("TMPDIR", disk.path());
        let output = with_input(&mut command, &input);
        let message = failure(&output, 2);
        for words in ["standard input: ", "the emails can't be kept in a temporary file", "No space left", "TMPDIR"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(names(disk.path()).is_empty());
        // Counted alone, they need no room.
        let counted = with_input(program::command(["compare"]).args(arguments).env("TMPDIR", disk.path()), &input);
        assert!(program::out(&counted).starts_with("Nothing changed"), "{}", program::out(&counted));
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
        assert!(
            failure(&output, 2).starts_with(&format!("faults: {dir:?} can't be written: {reason}")),
            "{}",
            failure(&output, 2)
        );
    }
    assert_eq!(names(disk.path()), before);
    drop(mount);
    fs::set_permissions(disk.path(), fs::Permissions::from_mode(0o755)).unwrap();
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
