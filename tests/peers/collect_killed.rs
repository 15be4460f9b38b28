//! A collector that is killed at each of its calls of the system that changes an archive on a disk.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use uuid::Uuid;

use crate::helpers::collector::{Collector, find, outcomes};
use crate::helpers::parquet;
use crate::helpers::peers;

/// What makes files and folders, and what makes them last.
const CALLS: [&str; 4] =
    ["fsync,fdatasync", "link,linkat", "rename,renameat,renameat2,unlink,unlinkat", "mkdir,mkdirat"];

/// What a table of an archive holds, but for when.
fn rows(root: &Path, table: &str) -> BTreeMap<String, String> {
    let mut files = Vec::new();
    find(&root.join(table), &mut files);
    let row = |path: &std::path::PathBuf| {
        let mut told = String::new();
        for mut batch in parquet::batches(path) {
            batch.remove_column(batch.schema().index_of("archived_at").unwrap());
            told += &format!("{batch:?}");
        }
        (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), told)
    };
    files.iter().map(row).collect()
}

#[test]
fn killed_at_each_step_and_again() {
    match Command::new("strace").arg("true").output() {
        Err(_) => return peers::skip("strace"),
        Ok(output) if !output.status.success() => return peers::say("skipped: no right to trace a program here"),
        Ok(_) => {}
    }
    let ids = || (1..=3).map(Uuid::from_u128);
    let prepared = || {
        let collector = Collector::of(["europe"]);
        collector.imports("europe", 1..=3);
        collector.account("europe").import(Uuid::from_u128(1)).report("Reason,email\r\n");
        // Under one day, whenever they are collected.
        collector.list(ids().map(|id| json!({"account": "europe", "import_id": id, "date": "2026-03-09"}).to_string()));
        collector
    };
    let collect = |collector: &Collector| {
        let list = collector.path("ids");
        collector.collect(&["--ids", list.to_str().unwrap()])
    };
    let clean = prepared();
    assert_eq!(outcomes(&collect(&clean)).len(), 3);
    let tables = |collector: &Collector| ["faults_v1", "counts_v1"].map(|table| rows(&collector.root(), table));
    let expected = tables(&clean);
    assert_eq!(expected.each_ref().map(BTreeMap::len), [2, 3]);

    let mut kills = 0;
    for calls in CALLS {
        for at in 1.. {
            let collector = prepared();
            let list = collector.path("ids");
            let worker = collector.command(collector.root(), &["--contacts", "drop", "--ids", list.to_str().unwrap()]);
            let mut traced = Command::new("strace");
            traced.args(["-f", "-q", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e"]);
            traced.arg(format!("inject={calls}:signal=SIGKILL:when={at}"));
            traced.arg(worker.get_program()).args(worker.get_args());
            for (name, value) in worker.get_envs() {
                match value {
                    Some(value) => traced.env(name, value),
                    None => traced.env_remove(name),
                };
            }
            let killed = traced.stderr(Stdio::null()).output().unwrap();
            if killed.status.signal() != Some(9) {
                assert!(killed.status.success() && at > 1, "{calls} {at}: {killed:?}");
                break;
            }
            kills += 1;
            // Every file in a table is a whole one of its own, whatever has happened: else this fails.
            let left = tables(&collector);
            for (left, expected) in left.iter().zip(&expected) {
                assert!(left.iter().all(|(name, rows)| expected.get(name) == Some(rows)), "{calls} {at}: {left:?}");
            }
            let told = outcomes(&killed).into_iter().chain(outcomes(&collect(&collector)));
            let archived = told.filter(|(_, outcome, _)| outcome == "archived").count();
            assert_eq!(tables(&collector), expected, "{calls} {at}");
            // The last one may have been killed before it could tell.
            assert!(archived == 3 || archived == 2, "{calls} {at}: {archived}");
        }
    }
    println!("{kills} kills");
    assert!(kills > CALLS.len());
}
