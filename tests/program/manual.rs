//! Completions and the manual page have every verb and every option that `--help` has.

mod peers;

use std::fs;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(arguments)
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that the help lists.
fn verbs() -> Vec<String> {
    let help = out(&["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A verb stands two columns in; what is further in goes on with the line before.
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs = lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    let verbs: Vec<_> = verbs.filter(|verb| verb != "help").collect();
    for verb in ["summary", "list", "split", "compare", "reasons", "completions", "man"] {
        assert!(verbs.iter().any(|listed| listed == verb), "{verb}");
    }
    verbs
}

/// The long options that a help has.
fn options(help: &str) -> Vec<String> {
    let words = help.split("Options:").nth(1).unwrap().lines().filter_map(|line| line.trim_start().split_once("--"));
    let lines = words.filter(|(before, _)| before.is_empty() || before.starts_with('-'));
    lines.map(|(_, rest)| rest.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap().to_owned()).collect()
}

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

#[test]
fn every_verb_and_option_is_in_the_completions_and_the_manual() {
    let scripts: Vec<_> = SHELLS.iter().map(|shell| out(&["completions", shell])).collect();
    // roff writes hyphens with a backslash.
    let manual = out(&["man"]).replace("\\-", "-");
    let mut count = 0;
    for verb in verbs() {
        let help = out(&[&verb, "--help"]);
        for text in scripts.iter() {
            assert!(text.contains(&verb), "{verb}");
        }
        let section = manual.split(&format!(".SH {}\n", verb.to_uppercase())).nth(1);
        let section = section.unwrap_or_else(|| panic!("{verb} has no section")).split("\n.SH ").next().unwrap();
        for option in options(&help) {
            for (shell, script) in SHELLS.iter().zip(&scripts) {
                // fish writes `-l option`.
                let found = script.contains(&format!("--{option}")) || script.contains(&format!("-l {option}"));
                assert!(found, "--{option} of {verb} is not in {shell}'s");
            }
            assert!(section.contains(&format!("--{option}")), "--{option} is not in the section of {verb}");
            count += 1;
        }
        // Examples first.
        if let Some(examples) = help.find("Examples:") {
            assert!(examples < help.find("Usage:").unwrap(), "{help}");
        }
    }
    assert!(count > 30, "{count}");
    assert!(out(&["--help"]).find("Examples:") < out(&["--help"]).find("Usage:"));
}

#[test]
fn the_shells_and_mandoc_accept_them() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, arguments) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        let path = folder.path().join(shell);
        fs::write(&path, out(&["completions", shell])).unwrap();
        match Command::new(shell).arg(arguments).arg(&path).output() {
            Ok(output) => {
                assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
                assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            }
            Err(_) => peers::skip(shell),
        }
    }
    let path = folder.path().join("faults.1");
    fs::write(&path, out(&["man"])).unwrap();
    match Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&path).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), ""),
        Err(_) => peers::skip("mandoc"),
    }
}

#[test]
fn bash_completes_slugs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults");
    fs::write(&path, out(&["completions", "bash"])).unwrap();
    let script = format!(
        "source {:?}; COMP_WORDS=(faults list - --reason hard); COMP_CWORD=4; _faults faults hard --reason; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        path
    );
    match Command::new("bash").args(["-c", &script]).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "hard_bounced\n"),
        Err(_) => peers::skip("bash"),
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}
