//! Where reports come from, and what is wrong with them.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;

use dotdigital_faults::FaultReport;
use serde_json::Value;

use crate::helpers::program::{failure, faults, out, told};

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
                assert_eq!(document, serde_json::to_value(report.counts()).unwrap(), "{path:?}");
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
        ("fixtures", "faults: \"fixtures\" is a directory\nhint: name the file of a report\n"),
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
