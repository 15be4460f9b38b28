//! Completions and the manual page have every verb and every option that `--help` has.

use crate::helpers::program::printed;

/// The verbs that the help lists.
fn verbs() -> Vec<String> {
    let help = printed(&["--help"]);
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
    let scripts: Vec<_> = SHELLS.iter().map(|shell| printed(&["completions", shell])).collect();
    // roff writes hyphens with a backslash.
    let manual = printed(&["man"]).replace("\\-", "-");
    let mut count = 0;
    for verb in verbs() {
        let help = printed(&[&verb, "--help"]);
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
    assert!(printed(&["--help"]).find("Examples:") < printed(&["--help"]).find("Usage:"));
}
