//! strace kills the program where it hurts.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::helpers::files::{large_report, names, whole};
use crate::helpers::peers;
use crate::helpers::program::split;

#[test]
fn a_kill_between_write_and_rename() {
    match Command::new("strace").arg("true").output() {
        Err(_) => return peers::skip("strace"),
        Ok(output) if !output.status.success() => return peers::say("skipped: no right to trace a program here"),
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
