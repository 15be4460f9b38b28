//! `-v` and `RUST_LOG`: what the library logs, and what it never does.

use dotdigital_faults::sandbox::{Sandbox, Trouble};

use crate::helpers::ID;
use crate::helpers::program::{command, faults, out, said};

const ADDRESS: &str = "marked.address@example.com";

/// What is said on standard error about an import.
fn log(arguments: &[&str], variable: Option<&str>, sandbox: &Sandbox) -> String {
    let id = ID.to_string();
    let mut command =
        command(arguments.iter().copied().chain(["list", &id, "--max-retries", "1", "--format", "jsonl"]));
    command.env("DOTDIGITAL_ENDPOINT", sandbox.soap_url()).env("DOTDIGITAL_USERNAME", sandbox.username());
    // No colours, whoever asks for them: a log is read by programs, too.
    command.env("DOTDIGITAL_PASSWORD", sandbox.password()).env("CLICOLOR_FORCE", "1");
    if let Some(variable) = variable {
        command.env("RUST_LOG", variable);
    }
    let output = command.output().unwrap();
    assert!(out(&output).contains(ADDRESS));
    said(&output).to_owned()
}

#[test]
fn what_is_asked_is_said_and_nothing_else() {
    let sandbox = Sandbox::start().unwrap();
    let trouble = || {
        let import = sandbox.import(ID);
        import
            .report(format!("Reason,email\nMoon of {ADDRESS},{ADDRESS}\n"))
            .trouble(Trouble::status(503).body(ADDRESS));
    };
    for (arguments, variable, is_said) in [
        (&[][..], None, false),
        (&[], Some(""), false),
        (&[], Some("error"), false),
        (&["-v"], None, true),
        (&["-vv"], None, true),
        (&["--verbose"], Some("error"), true),
        (&[], Some("dotdigital_faults=debug"), true),
        (&[], Some("trace"), true),
    ] {
        trouble();
        let log = log(arguments, variable, &sandbox);
        for secret in [sandbox.password(), ADDRESS, "marked.address", "Moon of"] {
            assert!(!log.contains(secret), "{arguments:?} {variable:?}: {log}");
        }
        assert_eq!(log.contains("asking"), is_said, "{arguments:?} {variable:?}: {log}");
        assert_eq!(log.contains("will ask again"), is_said, "{arguments:?} {variable:?}: {log}");
        assert!(!log.contains('\u{1b}'), "{log:?}");
    }
    // Twice is more: how long each call took.
    trouble();
    assert!(log(&["-v", "-v"], None, &sandbox).contains("time.idle"));
}

#[test]
fn what_can_not_be_read_is_told() {
    let output = command(["reasons"]).env("RUST_LOG", "dotdigital_faults=loud").output().unwrap();
    assert!(out(&output).contains("Hard bounced"));
    assert!(said(&output).contains("RUST_LOG can't be read"), "{}", said(&output));
    // It may stand behind the verb, too.
    assert_eq!(out(&faults(["reasons", "-vv"])), out(&faults(["reasons"])));
}
