//! Completions and the manual page have every verb and every option that `--help` has.

use std::fs;

use crate::helpers::program::{command, failure, faults, out, printed};

/// The verbs that a help lists.
fn listed(verb: &[&str]) -> Vec<String> {
    let help = printed(&[verb, &["--help"]].concat());
    let Some(list) = help.split("Commands:\n").nth(1) else { return Vec::new() };
    let list = list.split("\n\n").next().unwrap();
    // A verb stands two columns in; what is further in goes on with the line before.
    let lines = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs = lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    verbs.filter(|verb| verb != "help").collect()
}

/// All verbs, each as the words that call it: those that only have verbs of their own are told by them.
fn verbs() -> Vec<Vec<String>> {
    let verbs = listed(&[]);
    for verb in ["summary", "list", "split", "compare", "reasons", "completions", "man"] {
        assert!(verbs.iter().any(|listed| listed == verb), "{verb}");
    }
    let parts = verbs.into_iter().flat_map(|verb| match &listed(&[&verb])[..] {
        [] => vec![vec![verb]],
        parts => parts.iter().map(|part| vec![verb.clone(), part.clone()]).collect(),
    });
    parts.collect()
}

/// What the program prints for a verb and one more word.
fn of_verb(verb: &[String], word: &str) -> String {
    printed(&verb.iter().map(String::as_str).chain([word]).collect::<Vec<_>>())
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
    let scripts: Vec<_> = SHELLS.iter().map(|shell| printed(&["completions", shell])).collect();
    // roff writes hyphens with a backslash.
    let manual = printed(&["man"]).replace("\\-", "-");
    let mut count = 0;
    for verb in verbs() {
        let help = of_verb(&verb, "--help");
        let verb = verb.join(" ");
        for (text, word) in scripts.iter().flat_map(|text| verb.split(' ').map(move |word| (text, word))) {
            assert!(text.contains(word), "{verb}");
        }
        let heading = verb.to_uppercase();
        let section = [format!(".SH {heading}\n"), format!(".SH \"{heading}\"\n")];
        let section = section.iter().find_map(|heading| manual.split(heading.as_str()).nth(1));
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
    assert!(printed(&["--help"]).find("Examples:") < printed(&["--help"]).find("Usage:"));
}

/// A terminal has 24 lines, and most have room for some more.
#[test]
fn the_short_help_fits_a_screen() {
    let sizes = [("80", 80, 40), ("60", 60, 56)];
    for (columns, width, most) in sizes {
        for mut verb in verbs().into_iter().chain([Vec::new()]) {
            verb.push("-h".to_owned());
            let output = command(&verb).env("COLUMNS", columns).output().unwrap();
            let help = out(&output);
            assert!(help.lines().count() <= most, "{verb:?} has {} lines at {columns}", help.lines().count());
            // Examples are not broken: they are there to be copied.
            let body = help.split_once("Usage:").unwrap().1;
            for line in body.lines() {
                assert!(line.chars().count() <= width, "{verb:?} at {columns}: {line}");
            }
        }
    }
}

/// What few people set stands in `--help` alone, and there in full.
#[test]
fn the_long_help_has_all() {
    let (short, long) = (printed(&["list", "-h"]), printed(&["list", "--help"]));
    for option in ["--region", "--max-size", "--reason-column", "--redact-keep-domains", "--accounts"] {
        assert!(!short.contains(option) && long.contains(option), "{option}");
    }
    for text in ["suppressed_by_domain", "Devices and pipes"] {
        assert!(!short.contains(text) && long.contains(text), "{text}");
    }
    for verb in ["summary", "list", "split", "compare", "fetch", "reasons", "completions", "man"] {
        for help in ["-h", "--help"] {
            assert!(printed(&[verb, help]).contains("Examples:\n  faults "), "{verb} {help}");
        }
    }
}

#[test]
fn a_page_for_each_verb() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    for _ in 0..2 {
        assert_eq!(printed(&["man", "--dir", dir.to_str().unwrap()]), "");
    }
    for verb in verbs() {
        let page = fs::read_to_string(dir.join(format!("faults-{}.1", verb.join("-")))).unwrap().replace("\\-", "-");
        for option in options(&of_verb(&verb, "--help")) {
            assert!(page.contains(&format!("--{option}")), "--{option} is not on the page of {verb:?}");
        }
        assert!(page.contains(&format!("\nfaults {}", verb.join(" "))), "{page}");
    }
    let program = fs::read_to_string(dir.join("faults.1")).unwrap();
    assert!(program.contains("faults\\-summary"), "{program}");
    failure(&faults(["man", "--dir", "/dev/null/no"]), 2);
    failure(&faults(["man", "--dir", "x", "--output", "y"]), 2);
}

/// Sources are files, and so shells complete them.
#[test]
fn sources_are_completed_as_files() {
    let zsh = printed(&["completions", "zsh"]);
    for (name, verb) in [("sources", "summary"), ("source", "list"), ("old", "compare"), ("new", "compare")] {
        let mut lines = zsh.lines().filter(|line| line.contains(&format!(":{name} -- ")));
        assert!(
            lines.clone().count() > 0 && lines.all(|line| line.trim_end_matches("' \\").ends_with(":_files")),
            "{verb}"
        );
    }
    // Nothing makes them look for commands or users.
    assert!(!zsh.contains("_command_names") && !zsh.contains("_users"));
}
