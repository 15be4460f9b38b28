//! The reading rules, case by case, through the program.

use dotdigital_faults::FaultReport;

use crate::helpers::cases::cases;
use crate::helpers::program::{faults_on, told};
use crate::helpers::read_at;
use crate::helpers::report::options;

/// Each case once more as a file and as standard input of the program, which must say what the library says.
#[test]
fn every_case_through_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    for (name, arguments, bytes, _) in cases() {
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        let read = arguments.split_inclusive(" --").map(|argument| argument.strip_suffix(" --").unwrap_or(argument));
        let read = read.map(|argument| format!("--{}", argument.trim_start_matches("--")));
        let read: Vec<_> = read.filter(|argument| argument != "--").collect();
        let run = |arguments: &[&str], input: &[u8]| {
            faults_on(input, arguments.iter().copied().chain(read.iter().map(String::as_str)))
        };
        let from_file = run(&["summary", "--format", "json", path], b"");
        let from_stdin = run(&["list", "-", "--format", "jsonl"], bytes);
        // gzip is unpacked before it is read: `tests/program/gzip.rs` has it.
        if bytes.starts_with(b"\x1f\x8b") {
            continue;
        }
        match FaultReport::with_options(bytes, &options(arguments)) {
            Ok(report) => {
                let document: serde_json::Value = serde_json::from_slice(&from_file.stdout).unwrap();
                assert_eq!(read_at::without(document), serde_json::to_value(report.counts()).unwrap(), "{name}");
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
                    assert!(message.ends_with(&format!(": {}", told(&error))), "{name}: {message}");
                }
            }
        }
    }
}
