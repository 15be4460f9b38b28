//! The command line itself.

use crate::helpers::program::{failure, faults, out};
use crate::helpers::read_at;

#[test]
fn usage_errors() {
    for arguments in [
        &["summary", "-", "--format", "xml"][..],
        &["summary", "-", "--jobs", "0"],
        &["summary", "-", "--jobs", "257"],
        &["status"],
        &["status", "report.csv"],
        &["list", "-", "--reason", "hard_bouncd"],
        &["list", "-", "--remedy", "other"],
        &["list", "-", "--format", "html"],
        &["list", "-", "--reason", "hard bounced,"],
        &["list", "-", "--reason", ""],
        &["nonsense"],
        &[],
    ] {
        let output = faults(arguments);
        assert!(!failure(&output, 2).is_empty(), "{arguments:?}");
    }
    let output = faults(["list", "-", "--reason", "hard_bouncd"]);
    assert!(failure(&output, 2).contains("a similar value exists: 'hard_bounced'"));
    assert_eq!(out(&faults(["--version"])), concat!("faults ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// A source where a verb belongs is answered with the verb that is meant perhaps.
#[test]
fn a_source_in_place_of_a_verb() {
    let id = "842d81e8-c619-457f-bb77-ab6c4a17da39";
    for source in ["fixtures/documented.csv", "-", id, "fixtures"] {
        for arguments in [&[source][..], &["--color", "never", source], &[source, "--format", "json"]] {
            let message = format!(
                "faults: there is no verb {source}: it is a source\nhint: did you mean `faults summary {source}`?\n"
            );
            assert_eq!(failure(&faults(arguments), 2), message, "{arguments:?}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my report.csv");
    std::fs::copy("fixtures/documented.csv", &path).unwrap();
    let message = format!("hint: did you mean `faults summary {path:?}`?\n");
    assert!(failure(&faults([&path]), 2).ends_with(&message));
    // Others are told as clap does.
    assert!(failure(&faults(["sumary"]), 2).contains("a similar subcommand exists: 'summary'"));
    assert!(failure(&faults(["no/such.csv"]), 2).contains("unrecognized subcommand 'no/such.csv'"));
}

#[test]
fn names_in_any_case_and_units() {
    let report = "fixtures/documented.csv";
    for (upper, lower) in [
        (["summary", report, "--format", "JSON"], ["summary", report, "--format", "json"]),
        (["list", report, "--separator", "Comma"], ["list", report, "--separator", "comma"]),
        (["list", report, "--color", "NEVER"], ["list", report, "--color", "never"]),
        (["list", report, "--region", "R2"], ["list", report, "--region", "r2"]),
        (["list", report, "--protocol", "REST"], ["list", report, "--protocol", "rest"]),
        (["list", report, "--timeout", "1h30m"], ["list", report, "--timeout", "5400"]),
        (["list", report, "--stall-timeout", "250ms"], ["list", report, "--stall-timeout", "0.25"]),
        (["list", report, "--max-size", "64M"], ["list", report, "--max-size", "67108864"]),
    ] {
        assert_eq!(read_at::steady(out(&faults(upper))), read_at::steady(out(&faults(lower))));
    }
    assert_eq!(out(&faults(["completions", "ZSH"])), out(&faults(["completions", "zsh"])));
    for option in ["--timeout", "--attempt-timeout", "--stall-timeout"] {
        for value in ["", "0", "-5m", "5x", "99999999999999999999h"] {
            let message = faults(["summary", report, &format!("{option}={value}")]);
            assert!(failure(&message, 2).contains("90s, 5m, 1h or 1h30m"), "{option}={value}");
        }
    }
    for value in ["", "-1", "-64M", "5x", "99999999999999999999"] {
        let message = faults(["summary", report, &format!("--max-size={value}")]);
        assert!(failure(&message, 2).contains("512k, 64M or 1G"), "{value}");
    }
}
