//! What an archive keeps of people, and what becomes of it: `--contacts`, `faults archive prune` and `forget`.

use std::fs;
use std::path::Path;
use std::process::Output;

use chrono::{DateTime, Days, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::helpers::collector::Collector;
use crate::helpers::midnight;
use crate::helpers::parquet::all_that_stands_in;
use crate::helpers::program::{self, KEY, LEAST_KEY, failure, out};

const REPORT: &str = "Reason,email,friend,note\r\n\
    Hard bounced,Zeno@Example.com,,xenon1\r\n\
    Duplicate,bo@example.org,zeno@example.com,xenon2\r\n\
    zeno@example.com,cy@example.org,,xenon3\r\n\
    Moon,di@example.org,\"ask zeno@example.com, or her\",xenon4\r\n";

/// Three imports, of forty days ago, of ten days ago and of today.
fn collected(contacts: &str) -> Collector {
    midnight::keep_away();
    let collector = Collector::of(["europe"]);
    let today = DateTime::<Utc>::from(std::time::SystemTime::now()).date_naive();
    let lines = [(1, 40), (2, 10), (3, 0)].map(|(number, days)| {
        let id = Uuid::from_u128(number);
        collector.account("europe").import(id).report(REPORT).summary([("NewContacts", 8), ("UpdatedContacts", 0)]);
        json!({"account": "europe", "import_id": id, "date": today.checked_sub_days(Days::new(days)).unwrap()})
            .to_string()
    });
    let list = collector.list(lines);
    let mut command = collector.command(collector.root(), &["--contacts", contacts, "--ids", list.to_str().unwrap()]);
    out(&command.env(KEY, LEAST_KEY).output().unwrap());
    collector
}

fn holds(root: &Path, text: &str) -> bool {
    memchr::memmem::find(&all_that_stands_in(root), text.to_lowercase().as_bytes()).is_some()
}

fn archive(verb: &str, root: &Path, arguments: &[&str]) -> Output {
    program::command([&["archive", verb, root.to_str().unwrap()], arguments].concat())
        .env(KEY, LEAST_KEY)
        .output()
        .unwrap()
}

fn forget(root: &Path, emails: &str, arguments: &[&str]) -> Output {
    let list = root.parent().unwrap().join("emails");
    fs::write(&list, emails).unwrap();
    archive("forget", root, &[&["--emails", list.to_str().unwrap()], arguments].concat())
}

#[test]
fn what_is_kept_is_what_was_chosen() {
    let plain = ["zeno", "bo@", "cy@", "di@", "ask", "xenon1"];
    for (contacts, has_plain, has_names) in [("drop", false, false), ("hash", false, true), ("keep", true, true)] {
        let collector = collected(contacts);
        for text in plain {
            assert_eq!(holds(&collector.root(), text), has_plain, "{contacts}: {text}");
        }
        for text in ["friend", "note"] {
            assert_eq!(holds(&collector.root(), text), has_names, "{contacts}: {text}");
        }
        assert!(holds(&collector.root(), "example.org"), "{contacts}: the domain");
        assert!(holds(&collector.root(), "(redacted)"), "{contacts}: the label in the counts");
        assert!(!holds(&collector.root(), LEAST_KEY), "{contacts}: the key");
        // A label of which nothing is known stays, unless it is hashed in the faults.
        assert!(holds(&collector.root().join("counts_v1"), "moon"), "{contacts}");
        assert_eq!(holds(&collector.root().join("faults_v1"), "moon"), contacts != "hash", "{contacts}");
    }
}

#[test]
fn old_contact_data_goes_and_counts_stay() {
    let collector = collected("keep");
    let root = collector.root();
    let (faults, counts) = (collector.files("faults_v1"), collector.files("counts_v1"));
    assert_eq!((faults.len(), counts.len()), (3, 3));
    for (days, left, said) in [
        ("41d", 3, "0 folders, 0 files"),
        ("40d", 3, "0 folders"),
        ("39d", 2, "1 folders, 1 files"),
        ("1d", 1, "1 folders, 1 files"),
    ] {
        let dry = archive("prune", &root, &["--contacts-older-than", days, "--dry-run"]);
        let before = collector.files("faults_v1");
        assert!(out(&dry).starts_with("would be deleted: ") && out(&dry).contains(said), "{days}: {}", out(&dry));
        assert_eq!(collector.files("faults_v1"), before);
        let done = archive("prune", &root, &["--contacts-older-than", days]);
        assert!(out(&done).starts_with("deleted: ") && out(&done).contains(said), "{days}: {}", out(&done));
        assert_eq!(collector.files("faults_v1"), faults[3 - left..], "{days}");
        assert_eq!(collector.files("counts_v1"), counts, "{days}");
    }
    // No empty folder is left of a day.
    assert_eq!(fs::read_dir(root.join("faults_v1")).unwrap().count(), 1);
    // What is left agrees, and is collected no second time.
    let status = archive("status", &root, &["--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(out(&status)).unwrap();
    assert_eq!(
        (&status["imports"], &status["faults_files"], &status["disagreeing"]),
        (&3.into(), &1.into(), &0.into())
    );
    let again = collector.command(&root, &[&Uuid::from_u128(1).to_string()]).output().unwrap();
    assert!(out(&again).contains("\"skipped\""));
}

#[test]
fn a_person_is_forgotten() {
    for contacts in ["keep", "hash"] {
        let collector = collected(contacts);
        let root = collector.root();
        // What stands in a cell with more isn't found.
        let more = "ask zeno@example.com, or her";
        let everywhere = forget(&root, "\u{feff}ZENO@example.com\r\n\r\nnobody@example.com\n", &[]);
        assert_eq!(out(&everywhere), "forgotten: 9 rows in 3 files\n", "{contacts}");
        let left = String::from_utf8_lossy(&all_that_stands_in(&root.join("faults_v1"))).replace(more, "");
        assert!(!left.contains("\u{0}zeno@") && !left.contains("xenon1") && !left.contains("xenon3"), "{contacts}");
        assert_eq!(left.contains("xenon4"), contacts == "keep");
        assert_eq!(out(&forget(&root, "zeno@example.com", &[])), "forgotten: 0 rows in 0 files\n", "{contacts}");
        // Faults and counts agree all the same.
        let status = archive("status", &root, &["--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(out(&status)).unwrap();
        assert_eq!((&status["faults_files"], &status["disagreeing"]), (&3.into(), &0.into()));
    }
    let collector = collected("drop");
    assert_eq!(out(&forget(&collector.root(), "zeno@example.com", &[])), "forgotten: 0 rows in 0 files\n");
}

#[test]
fn nobody_is_forgotten_by_halves() {
    let collector = collected("keep");
    let root = collector.root();
    collector.claim(Uuid::from_u128(9), "europe", 0);
    let refused = forget(&root, "zeno@example.com", &[]);
    assert!(
        failure(&refused, 2).contains("just being collected") && failure(&refused, 2).contains("--now"),
        "{refused:?}"
    );
    assert!(holds(&root, "zeno@example.com"));
    assert_eq!(out(&forget(&root, "zeno@example.com", &["--now"])), "forgotten: 9 rows in 3 files\n");
}

/// An email that is none has no `@`: it is told which lines are looked for among emails alone, and nothing of what they hold.
#[test]
fn an_invalid_email_is_forgotten() {
    let collector = collected("keep");
    let root = collector.root();
    let output = forget(&root, "zeno@example.com\nZeno of Elea\nemail\n", &[]);
    assert_eq!(out(&output), "forgotten: 9 rows in 3 files\n");
    let said = crate::helpers::program::said(&output);
    let expected = "faults: without an @, and so looked for among emails alone, not in other cells: line 2 of ";
    assert!(said.starts_with(expected) && said.contains("; line 3 of ") && said.lines().count() == 1, "{said}");
    assert!(!said.to_lowercase().contains("zeno"), "{said}");
}

#[test]
fn what_can_t_be_done_is_said_without_an_address() {
    let collector = collected("hash");
    let root = collector.root();
    let other = collector.path("elsewhere");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("holiday.jpg"), "x").unwrap();
    let odd = collector.path("odd");
    fs::write(&odd, b"zeno@example.com\nzeno\xe9@example.com\n").unwrap();
    for (output, words) in [
        (archive("forget", &root, &["--emails", odd.to_str().unwrap()]), "line 2 of"),
        (archive("forget", &root, &["--emails", "missing"]), "can't be read"),
        (archive("forget", &other, &["--emails", "/dev/null"]), "no archive"),
        (archive("prune", &other, &["--contacts-older-than", "1d"]), "no archive"),
        (archive("prune", &root, &["--contacts-older-than", "30"]), "30"),
        (archive("prune", &root, &[]), "--contacts-older-than"),
        (
            program::command(["archive", "forget", root.to_str().unwrap(), "--emails", "/dev/null"]).output().unwrap(),
            "key",
        ),
        (archive("forget", &root, &["--emails", "/dev/null", "--redact-key-file", "/dev/null"]), "is empty"),
    ] {
        let said = failure(&output, 2);
        assert!(said.contains(words) && !said.to_lowercase().contains("zeno"), "{words}: {said}");
    }
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}
