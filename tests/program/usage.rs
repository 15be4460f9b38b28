//! The command line itself.

use crate::helpers::program::{failure, faults, out};

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
