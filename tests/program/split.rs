//! `faults split`: a file for each remedy.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use dotdigital_faults::{Comparison, FaultReport, Remedy, export};

use crate::helpers::files::names;
use crate::helpers::program::{failure, faults, out, said};

pub fn split(source: &str, dir: &Path, options: &[&str]) -> Output {
    let arguments = [OsStr::new("split"), source.as_ref(), "--dir".as_ref(), dir.as_os_str()];
    faults(arguments.into_iter().chain(options.iter().map(OsStr::new)))
}

#[test]
fn split_writes_a_file_for_each_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("to-do");
    let output = split("fixtures/all-reasons.csv", &dir, &[]);
    assert!(
        out(&output).starts_with("correct.csv           4  Correct the data and import it again.\n"),
        "{}",
        out(&output)
    );
    assert!(out(&output).lines().all(|line| line.chars().count() <= 80));
    assert_eq!(said(&output), "");
    assert_eq!(
        names(&dir),
        [
            "ask-consent.csv",
            "correct.csv",
            "ignore.csv",
            "investigate.csv",
            "lift-suppression.csv",
            "remove.csv",
            "retry-later.csv",
            "wait.csv"
        ]
    );
    // What is imported again has the upload's shape.
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(
        read("retry-later.csv"),
        "email,firstname,lastname,country\n\
         olga.petrova@example.com,Ольга,Петрова,BG\npaul.meyer@example.com,Paul,Meyer,CH\n"
    );
    assert!(read("correct.csv").starts_with("email,firstname,lastname,country\nana.lima@example,Ana,Lima,PT\n"));
    assert_eq!(
        read("lift-suppression.csv"),
        "Reason,email,firstname,lastname,country\nSuppressed by Domain,sara.lind@rival.example,Sara,Lind,SE\n\
         Suppressed by you,tom.hale@example.com,Tom,Hale,IE\n"
    );
    assert_eq!(names(folder.path()), ["to-do"], "nothing else is left");

    // Only the remedies that occur; the reason may stand in any column.
    let dir = folder.path().join("enrolment");
    out(&split("fixtures/enrolment.csv", &dir, &[]));
    assert_eq!(names(&dir), ["ask-consent.csv", "remove.csv"]);
    out(&split("fixtures/empty-header.csv", &folder.path().join("empty"), &[]));
    assert!(names(&folder.path().join("empty")).is_empty());
}

/// Of the newer API's failures there are identifiers to import again, and what the service says of them is left out.
#[test]
fn split_of_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.json");
    let failure = |contact: &str, code: &str| {
        format!(r#"{{{contact},"failures":[{{"failureCode":"{code}","description":"no, \"such\" address"}}]}}"#)
    };
    let failures = [
        failure(
            r#""contactId":7,"matchIdentifier":"loyaltyNo","identifiers":{"email":"demo@","loyaltyNo":"L-1"}"#,
            "InvalidEmail",
        ),
        failure(r#""matchIdentifier":"email","identifiers":{"mobileNumber":"12"}"#, "InvalidEmail"),
        failure(r#""matchIdentifier":"email","identifiers":{"email":"a@example.com"}"#, "Blocker"),
    ];
    let text = format!(r#"{{"importId":"1","status":"Finished","failures":[{}]}}"#, failures.join(","));
    fs::write(&answer, text).unwrap();
    let dir = folder.path().join("to-do");
    out(&split(answer.to_str().unwrap(), &dir, &[]));
    let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("correct.csv"), "email,mobileNumber,loyaltyNo\ndemo@,,L-1\n,12,\n");
    let header = "Reason,email,mobileNumber,contactId,matchIdentifier,loyaltyNo,failureCodes,description,partial";
    assert_eq!(read("remove.csv").lines().next(), Some(header));
}

#[test]
fn split_overwrites_nothing_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("ignore.csv"), "mine").unwrap();
    fs::write(dir.join("wait.csv"), "mine too").unwrap();
    let output = split("fixtures/documented.csv", dir, &[]);
    let path = dir.join("ignore.csv");
    assert_eq!(
        failure(&output, 2),
        format!(
            "faults: {path:?} exists already; nothing was written\nhint: name another folder, or allow to overwrite: --force\n"
        )
    );
    assert_eq!(names(dir), ["ignore.csv", "wait.csv"]);
    assert_eq!(fs::read(&path).unwrap(), b"mine");

    let output = split("fixtures/documented.csv", dir, &["--force"]);
    out(&output);
    assert_eq!(names(dir), ["ask-consent.csv", "ignore.csv", "wait.csv"]);
    assert!(fs::read_to_string(&path).unwrap().starts_with("Reason,email"));
    assert_eq!(fs::read(dir.join("wait.csv")).unwrap(), b"mine too");
    assert!(said(&output).contains("wait.csv\" was there already, and is not of this report"));
}

#[test]
fn split_needs_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = split("fixtures/documented.csv", &file, &[]);
    assert_eq!(failure(&output, 2), format!("faults: {file:?} can't be written: not a directory\n"));
    let missing = folder.path().join("no/such");
    let output = split("fixtures/documented.csv", &missing, &[]);
    assert!(failure(&output, 2).contains("No such file or directory"), "{}", said(&output));
    // A folder where a file should be isn't replaced, whatever is forced.
    fs::create_dir(folder.path().join("ignore.csv")).unwrap();
    let output = split("fixtures/documented.csv", folder.path(), &["--force"]);
    assert!(failure(&output, 2).contains("is a directory"), "{}", said(&output));
    assert_eq!(names(folder.path()), ["file", "ignore.csv"]);
    assert!(failure(&faults(["split", "fixtures/documented.csv"]), 2).contains("--dir <DIR>"));
    // Nothing is made where the report can't be read.
    failure(&split("fixtures/error.json", &folder.path().join("new"), &[]), 2);
    assert!(!folder.path().join("new").exists());
}

#[cfg(unix)]
#[test]
fn split_takes_paths_that_are_not_utf8_and_replaces_links_alone() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(OsStr::from_bytes(b"to-d\xf6"));
    out(&split("fixtures/documented.csv", &dir, &[]));
    assert_eq!(names(&dir), ["ask-consent.csv", "ignore.csv"]);
    // The usual permissions of the folder and of the files.
    let usual = folder.path().join("usual");
    fs::create_dir(&usual).unwrap();
    fs::write(usual.join("file"), "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&dir), mode(&usual));
    assert_eq!(mode(&dir.join("ignore.csv")), mode(&usual.join("file")));

    symlink(usual.join("file"), usual.join("ignore.csv")).unwrap();
    assert!(failure(&split("fixtures/documented.csv", &usual, &[]), 2).contains("exists already"));
    out(&split("fixtures/documented.csv", &usual, &["--force"]));
    assert_eq!(fs::read(usual.join("file")).unwrap(), b"");
}

#[test]
fn the_library_says_what_the_program_prints() {
    let read = |path: &str| FaultReport::from_bytes(fs::read(path).unwrap()).unwrap();
    let (old, new) = (read("fixtures/all-reasons.csv"), read("fixtures/a-week-later.csv"));
    let options = export::WriteOptions::new().contacts(true);
    let mut document = Vec::new();
    export::comparison_to_json(&Comparison::new(&old, &new), &options, &mut document).unwrap();
    let output =
        faults(["compare", "fixtures/all-reasons.csv", "fixtures/a-week-later.csv", "--format=json", "--contacts"]);
    assert_eq!(out(&output).as_bytes(), document);

    let folder = tempfile::tempdir().unwrap();
    out(&split("fixtures/all-reasons.csv", folder.path(), &[]));
    for remedy in Remedy::iter() {
        let mut csv = Vec::new();
        export::remedy_to_csv(&old, remedy, &export::WriteOptions::new(), &mut csv).unwrap();
        assert_eq!(fs::read(folder.path().join(export::remedy_file_name(remedy))).unwrap(), csv);
    }
}
