//! The reading rules, case by case, through the program.

use dotdigital_faults::FaultReport;

use crate::helpers::cases::CASES;
use crate::helpers::program::{faults, faults_on};

/// Each case once more as a file and as standard input of the program, which must say what the library says.
#[test]
fn every_case_through_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    for (name, bytes, _) in CASES {
        std::fs::write(&path, bytes).unwrap();
        let from_file = faults(["summary".as_ref(), "--format".as_ref(), "json".as_ref(), path.as_os_str()]);
        let from_stdin = faults_on(bytes, ["list", "-", "--format", "jsonl"]);
        match FaultReport::from_bytes(*bytes) {
            Ok(report) => {
                let document: serde_json::Value = serde_json::from_slice(&from_file.stdout).unwrap();
                assert_eq!(document, serde_json::to_value(report.counts()).unwrap(), "{name}");
                assert_eq!(from_file.status.code(), Some(0), "{name}");
                let lines: Vec<serde_json::Value> = String::from_utf8(from_stdin.stdout)
                    .unwrap()
                    .lines()
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect();
                let faults: Vec<_> = report.faults().map(|fault| serde_json::to_value(fault).unwrap()).collect();
                assert_eq!(lines, faults, "{name}");
                assert_eq!(from_stdin.status.code(), Some(0), "{name}");
            }
            Err(error) => {
                for output in [from_file, from_stdin] {
                    assert_eq!(output.status.code(), Some(2), "{name}");
                    assert_eq!(output.stdout, b"", "{name}");
                    let message = String::from_utf8(output.stderr).unwrap();
                    assert!(message.ends_with(&format!(": {error}\n")), "{name}: {message}");
                }
            }
        }
    }
}
