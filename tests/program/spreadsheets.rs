//! Workbooks, and CSV that went through a spreadsheet.

use std::ffi::OsStr;
use std::fs;
use std::process::Stdio;

use super::split::split;
use crate::helpers::files::names;
use crate::helpers::program::{command, failure, faults, faults_on, out, said};
use crate::helpers::read_at;

/// The files in a zip, by their local headers.
fn has_file(workbook: &[u8], name: &str) -> bool {
    workbook.windows(name.len()).any(|window| window == name.as_bytes())
}

#[test]
fn a_workbook_goes_to_a_file_and_to_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.xlsx");
    let arguments = ["list", "fixtures/all-reasons.csv", "--format", "XLSX"].map(OsStr::new);
    let output = faults(arguments.into_iter().chain(["-o".as_ref(), path.as_os_str()]));
    assert_eq!((out(&output), said(&output)), ("", ""));
    let workbook = fs::read(&path).unwrap();
    assert!(workbook.starts_with(b"PK") && has_file(&workbook, "xl/worksheets/sheet1.xml"));
    let piped = faults(arguments);
    assert!(piped.status.success() && piped.stdout.starts_with(b"PK"));
    // Nothing of a report that can't be read.
    failure(&faults(["list", "fixtures/error.json", "--format", "xlsx"]), 2);
    // One without anything, too, is a workbook.
    let empty = faults(["list", "fixtures/empty.csv", "--format", "xlsx"]);
    assert!(empty.status.success() && has_file(&empty.stdout, "xl/worksheets/sheet1.xml"));
    let output = faults(["list", "fixtures/formulas.csv", "--format", "xlsx", "--spreadsheet-safe"]);
    assert!(failure(&output, 2).contains("the cells of a workbook are text already"));
}

#[test]
fn cells_and_rows_that_no_sheet_holds() {
    let report = format!("Reason,email,note\nBlocker,a@example.com,{}\n", "x".repeat(32_768));
    let output = faults_on(report.as_bytes(), ["list", "-", "--format", "xlsx"]);
    assert!(output.status.success());
    assert_eq!(
        said(&output),
        "faults: 1 cell was longer than the 32,767 characters that a spreadsheet can hold, and was cut\n"
    );
    let wide = format!("Reason,email\nBlocker,a@example.com{}\n", ",".repeat(16_384));
    let output = faults_on(wide.as_bytes(), ["list", "-", "--format", "xlsx"]);
    assert_eq!(failure(&output, 2).matches("a sheet has at most 16384 columns").count(), 1, "{}", said(&output));

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wide.csv"), wide).unwrap();
    let dir = folder.path().join("to-do");
    let output = split(folder.path().join("wide.csv").to_str().unwrap(), &dir, &["--format", "xlsx"]);
    assert!(failure(&output, 2).contains("16384 columns"), "{}", said(&output));
    assert_eq!(names(folder.path()), ["wide.csv"]);
}

#[test]
fn split_into_workbooks_one_row_a_contact() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.csv");
    fs::write(
        &report,
        "Reason,email,name\nBlocker,a@example.com,first\nBlocker, A@EXAMPLE.com ,second\nDuplicate,a@example.com,other\n\
         Blocker,,nobody\nBlocker,,nobody\n",
    )
    .unwrap();
    let dir = folder.path().join("to-do");
    let output = split(report.to_str().unwrap(), &dir, &["--unique"]);
    assert!(out(&output).starts_with("remove.csv            3  "), "{}", out(&output));
    assert_eq!(
        said(&output),
        "faults: 1 row was left out, of contacts that stand in the same file already (--unique)\n"
    );
    assert_eq!(
        fs::read_to_string(dir.join("remove.csv")).unwrap(),
        "Reason,email,name\nBlocker,a@example.com,first\nBlocker,,nobody\nBlocker,,nobody\n"
    );
    assert_eq!(
        fs::read_to_string(dir.join("ignore.csv")).unwrap(),
        "Reason,email,name\nDuplicate,a@example.com,other\n"
    );

    out(&split(report.to_str().unwrap(), &dir, &["--format", "xlsx"]));
    assert_eq!(names(&dir), ["ignore.csv", "ignore.xlsx", "remove.csv", "remove.xlsx"]);
    assert!(has_file(&fs::read(dir.join("remove.xlsx")).unwrap(), "xl/worksheets/sheet1.xml"));
    let again = split(report.to_str().unwrap(), &dir, &["--format", "xlsx"]);
    assert!(failure(&again, 2).contains("remove.xlsx"));
}

#[test]
fn what_went_through_a_spreadsheet_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let safe = folder.path().join("safe.csv");
    for report in ["fixtures/formulas.csv", "fixtures/quoted.csv", "fixtures/all-reasons.csv", "fixtures/empty.csv"] {
        let plain = out(&faults(["list", report])).to_owned();
        let output = faults(["list", report, "--spreadsheet-safe"]);
        assert!(out(&output).starts_with('\u{feff}') || plain.is_empty());
        fs::write(&safe, &output.stdout).unwrap();
        assert_eq!(out(&faults(["restore".as_ref(), safe.as_os_str()])), plain, "{report}");
        assert_eq!(out(&faults_on(&output.stdout, ["restore", "-"])), plain, "{report}");
    }
    // In place, too: what is read is there until the new one is whole.
    fs::write(&safe, "\u{feff}email;phone\r\na@example.com;'+31\r\n").unwrap();
    out(&faults(["restore".as_ref(), safe.as_os_str(), "-o".as_ref(), safe.as_os_str()]));
    assert_eq!(fs::read_to_string(&safe).unwrap(), "email;phone\na@example.com;+31\n");
    assert_eq!(names(folder.path()), ["safe.csv"]);

    let missing = faults(["restore", "no/such.csv"]);
    assert!(failure(&missing, 2).contains("\"no/such.csv\" can't be read"));
    assert!(failure(&faults(["restore", "fixtures"]), 2).contains("is a directory"));
    let workbook = faults_on(b"PK\x03\x04", ["restore", "-"]);
    assert!(failure(&workbook, 2).contains("this is no CSV: it is zip"));

    let summary = faults(["summary", "fixtures/documented.csv", "--format", "csv", "--spreadsheet-safe"]);
    assert!(out(&summary).starts_with("\u{feff}import_id,"));
    let plain = faults(["summary", "fixtures/documented.csv", "--format", "csv"]);
    let restored = faults_on(&summary.stdout, ["restore", "-"]);
    assert_eq!(read_at::steady(out(&restored)), read_at::steady(out(&plain)));
    assert!(failure(&faults(["summary", "fixtures/documented.csv", "--spreadsheet-safe"]), 2).contains("for CSV"));
}

/// A file that a spreadsheet has saved with another separator keeps it, whatever its columns are called.
#[test]
fn what_parts_the_cells_stays() {
    for (saved, restored) in [
        (
            "email;Name, first;note\nbob@;Bob;\"says \"\"hi\"\"\"\n",
            "email;Name, first;note\nbob@;Bob;\"says \"\"hi\"\"\"\n",
        ),
        ("Name, first;email\r\nBob;'+31\r\n", "Name, first;email\nBob;+31\n"),
        ("Name, first\tnote\nBob, Jr\t'=1\n", "Name, first\tnote\nBob, Jr\t=1\n"),
        ("Name, first|note\nBob|'=1\nAnn, B.|'-2\n", "Name, first|note\nBob|=1\nAnn, B.|-2\n"),
        ("email,a;b\nbob@,'=1;2\n", "email,a;b\nbob@,=1;2\n"),
    ] {
        assert_eq!(out(&faults_on(saved.as_bytes(), ["restore", "-"])), restored, "{saved}");
    }
}

/// What stands first in a row is the same after the way there and back.
#[test]
fn marks_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let report = "Reason,email,a\n\"\u{feff}x \"\"y\"\"\",=1,b\nInvalid Email,\"\u{feff}Moon, full\",1\n";
    let path = folder.path().join("report.csv");
    fs::write(&path, report).unwrap();
    let list = |more: &[&str]| {
        let output = command(["list", "--format", "csv"]).arg(&path).args(more).output().unwrap();
        out(&output).to_owned()
    };
    let safe = list(&["--spreadsheet-safe"]);
    assert_eq!(out(&faults_on(safe.as_bytes(), ["restore", "-"])), list(&[]));
    let (plain, safe) = (folder.path().join("plain"), folder.path().join("safe"));
    out(&split(path.to_str().unwrap(), &plain, &[]));
    out(&split(path.to_str().unwrap(), &safe, &["--spreadsheet-safe"]));
    assert_eq!(names(&plain), ["correct.csv", "investigate.csv"]);
    for name in names(&plain) {
        let restored = faults(["restore".as_ref(), safe.join(&name).as_os_str()]);
        assert_eq!(out(&restored), fs::read_to_string(plain.join(&name)).unwrap(), "{name}");
    }
}

/// The rows of a workbook are in files without a name for as long as the report is read.
#[cfg(target_os = "linux")]
#[test]
fn a_kill_leaves_nothing_of_a_workbook_or_of_split_files() {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    for signal in ["TERM", "KILL"] {
        for arguments in [
            &["list", "-", "--format", "xlsx"][..],
            &["list", "-", "--format", "xlsx", "-o", "faults.xlsx"],
            &["split", "-", "--dir", "to-do"],
            &["split", "-", "--dir", "to-do", "--format", "xlsx"],
            &["split", "-", "--dir", ".", "--force"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let mut command = command(arguments);
            command.current_dir(folder.path()).env("TMPDIR", folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
            let mut child = command.stderr(Stdio::null()).spawn().unwrap();
            let mut report = child.stdin.take().unwrap();
            report.write_all(b"Reason,email\n").unwrap();
            report.write_all("Blocker,a@example.com\n".repeat(100_000).as_bytes()).unwrap();
            // The pipe stays open, and so it waits for more.
            let open = || {
                let files = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().flatten();
                let ours = files.map(|file| file.path()).filter(|file| {
                    fs::read_link(file).is_ok_and(|target| target.starts_with(folder.path().canonicalize().unwrap()))
                });
                ours.filter_map(|file| fs::metadata(file).ok()).find(|file| file.len() > 0)
            };
            let file = loop {
                match open() {
                    Some(file) => break file,
                    None => std::thread::sleep(std::time::Duration::from_millis(10)),
                }
            };
            // It has no name by which anybody else could open it.
            assert_eq!(file.nlink(), 0, "{arguments:?}");
            assert!(arguments.contains(&"xlsx") || file.mode() & 0o777 == 0o600, "{arguments:?}");
            let kill = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
            assert!(kill.unwrap().success());
            assert!(!child.wait().unwrap().success());
            drop(report);
            assert!(names(folder.path()).is_empty(), "{arguments:?} {signal}: {:?}", names(folder.path()));
        }
    }
}
