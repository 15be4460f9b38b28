//! Where reports come from, and what is wrong with them.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
#[cfg(target_os = "linux")]
use std::process::Command;

use dotdigital_faults::FaultReport;
use serde_json::Value;

use crate::helpers::program::{command, failure, faults, faults_on, out, path, said, told};
use crate::helpers::read_at;

#[test]
fn every_fixture_is_counted_as_the_library_does() {
    let mut fixtures = 0;
    for entry in fs::read_dir("fixtures").unwrap() {
        let path = entry.unwrap().path();
        let output = faults([OsStr::new("summary"), path.as_os_str(), "--format=json".as_ref()]);
        let mut bytes = fs::read(&path).unwrap();
        // The program unpacks by itself.
        if bytes.starts_with(b"\x1f\x8b") {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut unpacked).unwrap();
            bytes = unpacked;
        }
        match FaultReport::from_bytes(bytes) {
            Ok(report) => {
                let document: Value = serde_json::from_str(out(&output)).unwrap();
                assert_eq!(read_at::without(document), serde_json::to_value(report.counts()).unwrap(), "{path:?}");
            }
            Err(error) => assert_eq!(failure(&output, 2), format!("faults: {path:?}: {}", told(&error))),
        }
        fixtures += 1;
    }
    assert!(fixtures > 20);
}

#[test]
fn bad_sources() {
    let cases: &[(&str, &str)] = &[
        (
            "no/such.csv",
            "faults: \"no/such.csv\" can't be read: No such file or directory (os error 2)\nhint: a SOURCE is the path of a \
             saved report, or - for standard input\n",
        ),
        ("/proc/self/mem", "faults: \"/proc/self/mem\" can't be read: Input/output error (os error 5)\n"),
    ];
    for (source, message) in cases {
        for verb in ["summary", "list"] {
            let output = faults([verb, source]);
            let said = failure(&output, 2);
            // The library names what it couldn't read in words of its own.
            if verb == "summary" || !source.starts_with("/proc") {
                assert_eq!(said, *message);
            }
        }
    }
}

#[test]
fn folders_and_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("reports");
    fs::create_dir_all(reports.join("c.csv")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (fixture, name) in [
        ("documented.csv", "b.csv"),
        ("report.csv.gz", "A.CSV.GZ"),
        ("quoted.csv", "[1].csv"),
        ("error.json", "error.json"),
        ("error.json", "._b.csv"),
        ("error.json", ".b.csv"),
    ] {
        fs::copy(format!("fixtures/{fixture}"), reports.join(name)).unwrap();
    }
    let run = |verb: &str, source: &str| {
        let mut command = command([verb]);
        if verb == "summary" {
            command.args(["--format", "csv"]);
        }
        command.current_dir(folder.path()).arg(source).output().unwrap()
    };
    let sources = |source: &str| {
        let output = run("summary", source);
        let mut sources: Vec<_> =
            out(&output).lines().skip(1).map(|line| line.split(',').nth(1).unwrap().replace('\\', "/")).collect();
        sources.dedup();
        sources
    };
    assert_eq!(sources("reports"), ["reports/A.CSV.GZ", "reports/[1].csv", "reports/b.csv"]);
    assert_eq!(sources("./reports/"), ["./reports/A.CSV.GZ", "./reports/[1].csv", "./reports/b.csv"]);
    assert_eq!(sources("rep*"), ["reports/A.CSV.GZ", "reports/[1].csv", "reports/b.csv"]);
    assert_eq!(sources("reports/[ab].cs?"), ["reports/b.csv"]);
    // A file of that name comes before the pattern.
    assert_eq!(sources("reports/[1].csv"), ["reports/[1].csv"]);

    assert_eq!(
        out(&run("list", "reports/b*")),
        fs::read_to_string("fixtures/documented.csv").unwrap().replace('\r', "")
    );
    for (verb, source, message) in [
        ("summary", "empty", "\"empty\" holds no report: a folder stands for its *.csv and *.csv.gz"),
        ("summary", "*/x*.csv", "\"*/x*.csv\" is taken for a pattern, since there is no such file: it fits none"),
        ("summary", "a**", "\"a**\" is taken for a pattern, since there is no such file: it can't be one"),
        ("summary", "a[", "\"a[\" can't be read: No such file"),
        ("list", "reports", "\"reports\" stands for 3 reports, and this reads one\nhint: name one of them"),
        ("split", "reports", "the following required arguments were not provided"),
    ] {
        let output = run(verb, source);
        let said = failure(&output, 2);
        assert!(said.contains(message), "{said}");
    }
}

/// A name that is no text keeps nothing else from being found, and is found itself.
#[cfg(unix)]
#[test]
fn patterns_beside_names_that_are_no_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(b"\xff");
    fs::create_dir_all(folder.path().join("v").join(odd)).unwrap();
    for (fixture, name) in [("documented.csv", "a.csv"), ("documented.csv", "b1.csv"), ("error.json", "odd.txt")] {
        fs::copy(format!("fixtures/{fixture}"), folder.path().join("v").join(name)).unwrap();
    }
    fs::write(folder.path().join(odd), "").unwrap();
    fs::copy("fixtures/documented.csv", folder.path().join("v").join(odd).join("a.csv")).unwrap();
    let total = |pattern: &OsStr| {
        let mut command = command(["summary", "--format", "json"]);
        let output = command.current_dir(folder.path()).arg(pattern).output().unwrap();
        serde_json::from_str::<Value>(out(&output)).unwrap()["total"].as_u64().unwrap()
    };
    for (pattern, faults) in [
        (&b"v/*.csv"[..], 4),
        (b"*/a.csv", 2),
        (b"v/b?.csv", 2),
        (b"**/*.csv", 6),
        (b"v/?", 2),
        (b"v/?/[ab].csv", 2),
        (b"v/\xff/*.csv", 2),
        (b"v/\xff*", 2),
    ] {
        assert_eq!(total(OsStr::from_bytes(pattern)), faults, "{}", pattern.escape_ascii());
    }
    let none = command(["summary"]).current_dir(folder.path()).arg(OsStr::from_bytes(b"\xfe*")).output().unwrap();
    assert_eq!(
        failure(&none, 2),
        "faults: \"\\xFE*\" is taken for a pattern, since there is no such file: it fits none\n"
    );
}

/// A line is a source as it stands, whatever ends it.
#[test]
fn lists_of_sources() {
    let folder = tempfile::tempdir().unwrap();
    for name in [" lead.csv", "trail.csv ", "#1.csv", "plain.csv"] {
        fs::copy("fixtures/documented.csv", folder.path().join(name)).unwrap();
    }
    let run = |list: &str| {
        let mut command = command(["summary", "--format", "json", "--from", "list"]);
        fs::write(folder.path().join("list"), list).unwrap();
        command.current_dir(folder.path()).output().unwrap()
    };
    for list in [
        " lead.csv\ntrail.csv \n#1.csv\nplain.csv",
        "\u{feff} lead.csv\r\n\r\ntrail.csv \r\n \t\r\n#1.csv\r\nplain.csv\r\n",
        " lead.csv\rtrail.csv \r\r#1.csv\rplain.csv\r",
        "\n\r\r\n lead.csv\rtrail.csv \n#1.csv\r\nplain.csv",
    ] {
        let document: Value = serde_json::from_str(out(&run(list))).unwrap();
        let sources: Vec<_> = document["sources"].as_array().unwrap().iter().map(|source| &source["source"]).collect();
        assert_eq!(sources, [" lead.csv", "trail.csv ", "#1.csv", "plain.csv"], "{list:?}");
    }
    for (list, line) in [("plain.csv\rlead.csv\n", 2), ("\r\n\r\rplain.csv \r", 4), ("\n\n trail.csv ", 3)] {
        let output = run(list);
        let message = failure(&output, 2);
        assert!(message.starts_with(&format!("faults: line {line} of \"list\" is no source")), "{message}");
        let has_blanks = list.contains(' ');
        assert_eq!(message.ends_with("hint: white space around it is part of the name\n"), has_blanks, "{message}");
    }
    // White space is no part of an id.
    let output = run(" 842d81e8-c619-457f-bb77-ab6c4a17da39\t\n");
    assert!(failure(&output, 4).contains("there is no user name"), "{}", said(&output));
}

#[test]
fn what_only_looks_like_an_import_id() {
    let folder = tempfile::tempdir().unwrap();
    let short = "842d81e8-c619-457f-bb77-ab6c4a17da3";
    for verb in ["summary", "list", "fetch", "status"] {
        let output = faults([verb, short]);
        assert!(failure(&output, 2).contains("it looks like an import id, but it has 31 hexadecimal digits"));
    }
    // In front of a file, and where there is one.
    let run = |source: &str| command(["summary", source]).current_dir(folder.path()).output().unwrap();
    assert!(failure(&run(&format!("./{short}")), 2).contains("can't be read"));
    fs::copy("fixtures/documented.csv", folder.path().join(short)).unwrap();
    out(&run(short));
    // Without hyphens it is an id as well.
    let output = run("842D81E8C619457FBB77AB6C4A17DA39");
    assert!(failure(&output, 4).contains("there is no user name"));
}

#[test]
fn a_file_that_is_named_after_its_import() {
    let folder = tempfile::tempdir().unwrap();
    let id = "842d81e8-c619-457f-bb77-ab6c4a17da39";
    for (fixture, end) in [("documented.csv", ".csv"), ("report.csv.gz", ".csv.gz")] {
        let path = folder.path().join(format!("{}{end}", id.to_uppercase()));
        fs::copy(format!("fixtures/{fixture}"), &path).unwrap();
        let summary = |format| {
            let output = command(["summary", "--format", format]).arg(&path).output().unwrap();
            out(&output).to_owned()
        };
        let document: Value = serde_json::from_str(&summary("json")).unwrap();
        assert_eq!(document["import_id"], id);
        assert!(summary("csv").lines().nth(1).unwrap().starts_with(&format!("{id},")));
        let metrics = summary("prometheus");
        assert!(metrics.contains(&format!("dotdigital_import_all_faults{{import_id=\"{id}\"}} 2\n")), "{metrics}");
        let mut compare = command(["compare", "--format", "json"]);
        let output = compare.arg(&path).arg(&path).output().unwrap();
        assert!(out(&output).contains(id), "{}", out(&output));
    }
}

#[test]
fn standard_input_where_no_source_is_given() {
    let report = fs::read("fixtures/documented.csv").unwrap();
    let gzip = fs::read("fixtures/report.csv.gz").unwrap();
    for input in [&report, &gzip] {
        assert!(out(&faults_on(input, ["summary"])).starts_with("Why 2 contacts failed to import\nstandard input\n"));
    }
    assert_eq!(faults_on(&report, ["list"]).stdout, faults_on(&report, ["list", "-"]).stdout);
    let folder = tempfile::tempdir().unwrap();
    let output = faults_on(&report, ["split", "--dir", folder.path().to_str().unwrap()]);
    assert!(out(&output).contains("ignore.csv"));

    let note = "faults: no SOURCE is given, and nothing came on standard input: that is read as an empty report\n";
    for verb in ["summary", "list"] {
        let output = faults([verb]);
        assert_eq!((output.status.code(), said(&output)), (Some(0), note));
        // What was asked for needs no note.
        let output = faults([verb, "-"]);
        assert_eq!((output.status.code(), said(&output)), (Some(0), ""));
    }
}

/// Where somebody sits at a terminal, nothing is waited for.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_without_a_source() {
    let summary = format!("'{}' summary", path().display());
    let output = Command::new("script").args(["-qec", &summary, "/dev/null"]).output();
    let Ok(output) = output else { return eprintln!("skipped: there is no `script` here, which makes a terminal") };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("no SOURCE is given"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn strict_stops_at_the_first_anomaly() {
    for verb in ["summary", "list"] {
        let output = faults([verb, "--strict", "fixtures/ragged.csv"]);
        assert_eq!(
            failure(&output, 2),
            "faults: \"fixtures/ragged.csv\": line 2: short_row: the row has fewer fields than the header\nhint: the default \
             reading counts such a row and goes on\n"
        );
        assert_eq!(faults([verb, "--strict", "fixtures/documented.csv"]).status.code(), Some(0));
    }
}

#[test]
fn a_report_that_was_cut_off_is_counted_with_a_warning() {
    for verb in ["summary", "list"] {
        let output = faults([verb, "fixtures/cut-off.csv"]);
        assert!(out(&output).contains("Blocker"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with("faults: \"fixtures/cut-off.csv\" ends in the middle of a row"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"r\xe9port.csv"));
    fs::copy("fixtures/documented.csv", &path).unwrap();
    assert!(out(&faults([OsStr::new("summary"), path.as_os_str()])).starts_with("Why 2 contacts"));
}
