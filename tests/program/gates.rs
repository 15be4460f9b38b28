//! `--fail-on`: an exit code of its own where a reason occurs too often.

use std::process::Output;

use crate::helpers::program::{failure, faults, out, said};
use crate::helpers::read_at;

#[test]
fn gates() {
    let report = "fixtures/all-reasons.csv";
    for (arguments, slug) in [
        (&["summary", report, "--fail-on", "hard_bounced"][..], "hard_bounced=1 (5 in the report)"),
        (&["summary", report, "--format", "json", "--fail-on", "hard_bounced=5"], "hard_bounced=5 (5 in the report)"),
        (
            &["summary", report, "--fail-on=other", "--fail-on=blocker=2", "--fail-on=duplicate=3"],
            "other=1 (1 in the report), --fail-on duplicate=3 (3 in the report)",
        ),
        // In any spelling, by remedy, by share, and of all.
        (
            &["summary", report, "--fail-on=Hard Bouncers=5", "--fail-on=ask-consent", "--fail-on=TOTAL=26"],
            "hard_bounced=5 (5 in the report), --fail-on ask_consent=1 (2 in the report), --fail-on total=26 (26 in the \
             report)",
        ),
        (
            &["summary", report, "--fail-on=hard_bounced=19.2%", "--fail-on=remove=31%", "--fail-on=blocker=4%"],
            "hard_bounced=19.2% (5 of 26 in the report)",
        ),
        (
            &["summary", report, "fixtures/documented.csv", "--fail-on=duplicate=4", "--fail-on=duplicate=5"],
            "duplicate=4 (4 in the report)",
        ),
        // The report counts, not the rows that are shown.
        (&["list", report, "--reason", "blocker", "--fail-on", "duplicate"], "duplicate=1 (3 in the report)"),
        // The newer report counts.
        (&["compare", "fixtures/documented.csv", report, "--fail-on", "blocker"], "blocker=1 (1 in the report)"),
    ] {
        let output = faults(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(said(&output), format!("faults: tripped: --fail-on {slug}\n"));
        let at = arguments.iter().position(|argument| argument.starts_with("--fail-on")).unwrap();
        let steady = |output: &Output| read_at::steady(str::from_utf8(&output.stdout).unwrap());
        assert_eq!(steady(&output), steady(&faults(&arguments[..at])), "the data is printed all the same");
    }
    for arguments in [
        &["summary", report, "--fail-on", "hard_bounced=6"][..],
        &["list", report, "--fail-on", "blocker=2"],
        &["compare", report, "fixtures/documented.csv", "--fail-on", "blocker"],
    ] {
        out(&faults(arguments));
    }
    for (gate, message) in [
        ("hard_bouncd", "a similar value exists: 'hard_bounced'"),
        ("hard_bouncd=2", "a similar value exists: 'hard_bounced'"),
        ("hard_bounced=", "COUNT is a whole number from 1 on"),
        ("hard_bounced=0", "COUNT is a whole number from 1 on"),
        ("hard_bounced=-1", "COUNT is a whole number from 1 on"),
        ("hard_bounced=many", "COUNT is a whole number from 1 on"),
        ("", "a value is required"),
    ] {
        for verb in [&["summary", report][..], &["list", report], &["compare", report, report]] {
            let output = faults(verb.iter().chain(&["--fail-on", gate]));
            assert!(failure(&output, 2).contains(message), "{gate}: {}", said(&output));
        }
    }
}
