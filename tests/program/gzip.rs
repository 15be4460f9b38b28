//! Reports that are gzipped, which the program unpacks by itself.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::helpers::program::{failure, faults, faults_on, is_one_failure, out};

const REPORT: &str = "Reason,email\nHard bounced,ann@example.com\nDuplicate,bob@example.com\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_verb_unpacks() {
    let folder = tempfile::tempdir().unwrap();
    // By its bytes, not by its name.
    for name in ["report.csv.gz", "report.csv"] {
        let path = folder.path().join(name);
        fs::write(&path, gzip(REPORT.as_bytes())).unwrap();
        let path = path.to_str().unwrap();
        assert!(out(&faults(["summary", path])).starts_with("Why 2 contacts"));
        assert_eq!(out(&faults(["list", path])), REPORT);
        assert!(out(&faults(["compare", path, "fixtures/empty.csv"])).contains("recovered"));
        let dir = folder.path().join(format!("of-{name}"));
        out(&faults(["split", path, "--dir", dir.to_str().unwrap()]));
        assert_eq!(fs::read_to_string(dir.join("ignore.csv")).unwrap(), "Reason,email\nDuplicate,bob@example.com\n");
    }
    assert_eq!(out(&faults_on(&gzip(REPORT.as_bytes()), ["list", "-"])), REPORT);
    assert!(out(&faults_on(&gzip(REPORT.as_bytes()), ["summary", "-"])).starts_with("Why 2 contacts"));
    assert_eq!(out(&faults_on(&gzip(b""), ["list", "-"])), "");
}

#[test]
fn members_and_what_is_behind_them() {
    let (first, second) = REPORT.as_bytes().split_at(20);
    let packed = gzip(REPORT.as_bytes());
    let cut = |by: usize| packed[..packed.len() - by].to_vec();
    for (name, input, expected) in [
        ("two members", [gzip(first), gzip(second)].concat(), None),
        ("an empty member between", [gzip(first), gzip(b""), gzip(second)].concat(), None),
        ("NULs behind", [&*packed, &[0; 600]].concat(), None),
        ("cut in its last byte", cut(1), Some("its gzip can't be unpacked: it ends in the middle")),
        ("cut in its text", cut(20), Some("its gzip can't be unpacked: it ends in the middle")),
        ("its beginning alone", packed[..2].to_vec(), Some("its gzip can't be unpacked: it ends in the middle")),
        ("text behind", [&*packed, b"Blocker,cy@example.com\n"].concat(), Some("something else stands behind its end")),
        ("text behind NULs", [&*packed, &[0; 70_000], b"x"].concat(), Some("something else stands behind its end")),
        ("a wrong sum", [cut(8), vec![7; 8]].concat(), Some("its gzip can't be unpacked: it is damaged")),
        ("gzip in gzip", gzip(&packed), Some("what is in it is gzip once more")),
        ("gzip in the second member", [&*packed, &gzip(&packed)].concat(), Some("what is in it is gzip once more")),
        ("gzip behind an empty member", [gzip(b""), gzip(&packed)].concat(), Some("what is in it is gzip once more")),
        ("zip in gzip", gzip(b"PK\x03\x04"), Some("it is zip")),
        ("prose in gzip", gzip(b"Busy, sorry"), Some("Busy, sorry")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv.gz");
        fs::write(&path, &input).unwrap();
        for verb in ["summary", "list"] {
            for output in [faults_on(&input, [verb, "-"]), faults([verb, path.to_str().unwrap()])] {
                match expected {
                    None => assert!(out(&output).contains("Hard bounced"), "{name}"),
                    Some(expected) => {
                        let message = failure(&output, 2);
                        assert!(message.contains(expected) && is_one_failure(message), "{name}: {message}");
                        assert!(!message.contains("@example.com"), "{name}: {message}");
                    }
                }
            }
        }
    }
}

/// What is unpacked is bounded, however small it is packed.
#[test]
fn the_largest_size() {
    let rows = "Blocker,ann@example.com\n".repeat(100_000);
    let report = format!("Reason,email\n{rows}");
    let packed = gzip(report.as_bytes());
    assert!(packed.len() < 20_000);
    let size = report.len();
    for verb in ["summary", "list"] {
        out(&faults_on(&packed, [verb, "-", "--max-size", &size.to_string()]));
        let output = faults_on(&packed, [verb, "-", "--max-size", &(size - 1).to_string()]);
        assert!(failure(&output, 2).contains("--max-size"));
    }
}
