//! The wings' rule: each folder of `src` knows only what the way of the data lets it know.
//!
//! The sources are cut into words. Comments, texts and `#[cfg(test)]` items are left out; what is left of each path that
//! begins at the crate's root, be it by `crate::` or by enough of `super::`, is looked up in the table.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may know whom. A name without a folder is a file at the root.
const RULES: [(&str, &[&str]); 22] = [
    ("error", &["anomaly", "escape", "format", "report_id"]),
    ("anomaly", &["error", "escape", "format"]),
    ("escape", &["error", "anomaly", "format"]),
    ("format", &["error", "anomaly", "escape"]),
    ("report_id", &[]),
    ("protocol", &["error", "escape"]),
    ("account_name", &["error"]),
    ("contact_data", &[]),
    ("status", &["contact_data", "escape"]),
    ("reason", &["error", "anomaly", "escape", "format", "report_id"]),
    ("read", &["reason", "error", "anomaly", "contact_data", "escape", "format", "status"]),
    ("report", &["read", "reason", "error", "anomaly", "escape", "format", "report_id"]),
    ("redact", &["report", "reason", "error", "anomaly", "escape", "format"]),
    (
        "tally",
        &[
            "report",
            "reason",
            "redact",
            "error",
            "anomaly",
            "escape",
            "format",
            "report_id",
            "protocol",
            "account_name",
        ],
    ),
    ("export", &["tally", "report", "reason", "redact", "error", "anomaly", "escape", "format", "account_name"]),
    (
        "client",
        &[
            "report",
            "read",
            "reason",
            "error",
            "anomaly",
            "contact_data",
            "escape",
            "format",
            "report_id",
            "status",
            "protocol",
        ],
    ),
    ("arrow", &["report", "reason", "redact", "error", "anomaly", "escape", "report_id", "account_name"]),
    (
        "archive",
        &[
            "client",
            "arrow",
            "tally",
            "report",
            "reason",
            "redact",
            "error",
            "anomaly",
            "escape",
            "report_id",
            "status",
            "protocol",
            "account_name",
        ],
    ),
    // Counts and claims, never the service.
    (
        "serve",
        &[
            "archive",
            "export",
            "tally",
            "reason",
            "error",
            "anomaly",
            "escape",
            "report_id",
            "protocol",
            "account_name",
        ],
    ),
    ("sandbox", &["error"]),
    // The public library only, which is another crate to them.
    ("cli", &[]),
    ("main", &["cli"]),
];

/// What the core may know of other crates: nothing of a network, and nothing of XML.
const CORE: [&str; 5] = ["reason", "read", "report", "tally", "redact"];
const NETWORK: [&str; 7] = ["reqwest", "hyper", "hyper_util", "quick_xml", "rustls", "tokio", "tracing"];

#[test]
fn each_wing_knows_what_it_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    find(&source, &mut files);
    assert!(files.len() > 80, "{} files", files.len());
    let front = fs::read_to_string(source.join("lib.rs")).unwrap();
    let mut broken = Vec::new();
    for file in files {
        let path = file.strip_prefix(&source).unwrap().to_str().unwrap().replace('\\', "/");
        broken.extend(check(&path, &fs::read_to_string(&file).unwrap(), &front));
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn what_may_not_be_known_is_found() {
    for (path, source, found) in [
        ("read/scan.rs", "use crate::reason::key::FoldedKey;\nuse std::fmt;", &[][..]),
        ("read/scan.rs", "\nuse crate::report::Fault;", &["src/read/scan.rs:2: read may not know report"]),
        // In braces, over several lines, in a path of an expression, and in one that is re-exported.
        (
            "reason/mod.rs",
            "use crate::{\n  error::{self, Error},\n  export::{json, csv},\n  tally,\n};",
            &["src/reason/mod.rs:3: reason may not know export", "src/reason/mod.rs:4: reason may not know tally"],
        ),
        ("client/xml.rs", "fn f() {\n crate :: export::f() }", &["src/client/xml.rs:2: client may not know export"]),
        ("tally/mod.rs", "pub(crate) use crate::client::X;", &["src/tally/mod.rs:1: tally may not know client"]),
        ("sandbox/mod.rs", "use crate::escape::escape;", &["src/sandbox/mod.rs:1: sandbox may not know escape"]),
        ("error.rs", "use crate::read::X;", &["src/error.rs:1: error may not know read"]),
        // The way over `super`.
        ("report/fault.rs", "use super::cells;", &[]),
        ("report/fault.rs", "use super::super::tally;", &["src/report/fault.rs:1: report may not know tally"]),
        ("report/mod.rs", "use super::tally;", &["src/report/mod.rs:1: report may not know tally"]),
        ("report/fault.rs", "mod inner { use super::super::tally; }", &[]),
        ("report/a.rs", "mod inner { } use super::super::tally;", &["src/report/a.rs:1: report may not know tally"]),
        ("read/a.rs", "use super::super::{error, client::X};", &["src/read/a.rs:1: read may not know client"]),
        // By its name on the front page; and what can't be told from there.
        ("read/a.rs", "use crate::Fault;", &["src/read/a.rs:1: read may not know report"]),
        ("report/a.rs", "use crate::{Fault, Error, Columns};", &[]),
        ("report/a.rs", "use crate::Moon;", &["src/report/a.rs:1: report may not know Moon"]),
        ("read/a.rs", "use crate::*;", &["src/read/a.rs:1: read may not know *"]),
        ("read/a.rs", "use crate as all;", &["src/read/a.rs:1: read may not know as"]),
        // Comments, texts, letters, lifetimes and tests.
        ("read/a.rs", "/// [`X`](crate::Fault)\n// crate::tally\n/* /* crate::tally */ crate::tally */", &[]),
        ("read/a.rs", "const A: &str = \"\\\" crate::tally\"; const B: &str = r#\"\" crate::tally\"#;", &[]),
        (
            "read/a.rs",
            "fn a<'a>(_: &'a u8) -> u8 { b'\"' } use crate::tally; // '\"'",
            &["src/read/a.rs:1: read may not know tally"],
        ),
        (
            "read/a.rs",
            "#[cfg(test)]\nmod tests { fn f() { {} } use crate::tally; }\nuse crate::client;",
            &["src/read/a.rs:3: read may not know client"],
        ),
        (
            "read/a.rs",
            "#[cfg(all(test, feature = \"x\"))] use crate::tally;\nuse crate::export;",
            &["src/read/a.rs:2: read may not know export"],
        ),
        ("read/a.rs", "#[cfg(not(test))] use crate::tally;", &["src/read/a.rs:1: read may not know tally"]),
        ("read/a.rs", "pub(crate) fn f() {} impl crate::error::X {}", &[]),
        // Others' crates, in the core and elsewhere.
        ("read/a.rs", "use tokio::time;", &["src/read/a.rs:1: read may not know tokio"]),
        ("client/a.rs", "use tokio::time;", &[]),
        // The program.
        ("cli/list.rs", "use dotdigital_faults::Fault;\nuse crate::cli::output;", &[]),
        ("cli/list.rs", "use crate::read::X;", &["src/cli/list.rs:1: cli may not know read"]),
        ("serve/refresh.rs", "use crate::client::Client;", &["src/serve/refresh.rs:1: serve may not know client"]),
        ("attic/a.rs", "", &["src/attic/a.rs:1: no rule says what attic may know"]),
        ("lib.rs", "mod attic; pub use crate::client::X;", &[]),
    ] {
        let front = "mod report;\npub use error::{Error, Result};\npub use report::{columns::Columns, fault::Fault};";
        assert_eq!(check(path, source, front), found, "{path}: {source}");
    }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// What a file knows and may not, by its path below `src`. The front page tells where the names come from that stand
/// there.
fn check(path: &str, source: &str, front: &str) -> Vec<String> {
    let modules: Vec<&str> = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').collect();
    let wing = modules[0];
    // The front page knows all wings.
    if wing == "lib" {
        return Vec::new();
    }
    let Some((_, may_know)) = RULES.iter().find(|(name, _)| *name == wing) else {
        return vec![format!("src/{path}:1: no rule says what {wing} may know")];
    };
    let words = without_tests(words_of(source));
    let mut known: Vec<_> = from_the_root(&words, modules.len());
    if CORE.contains(&wing) {
        let others = words.windows(2).filter(|pair| NETWORK.contains(&&*pair[0].1) && pair[1].1 == "::");
        known.extend(others.map(|pair| pair[0].clone()));
    }
    let shown = shown(&words_of(front));
    for (_, name) in &mut known {
        if let Some((_, from)) = shown.iter().find(|(shown, _)| shown == name) {
            name.clone_from(from);
        }
    }
    known.retain(|(_, name)| name != wing && !may_know.contains(&&**name));
    known.iter().map(|(line, name)| format!("src/{path}:{line}: {wing} may not know {name}")).collect()
}

/// A word of a source, or one of its signs, and its line. A `::` is one sign.
type Word = (usize, String);

/// The words of a source without its comments and texts.
fn words_of(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if let Some(len) = text(rest) {
            len
        } else if is_word(first) {
            let len = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            words.push((line, rest[..len].to_owned()));
            len
        } else {
            let len = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                words.push((line, rest[..len].to_owned()));
            }
            len
        };
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    words
}

/// How long a comment is that may hold others.
fn comment(source: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < source.len() {
        let rest = &source.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// How long a text, a letter or a lifetime is that begins here.
fn text(source: &str) -> Option<usize> {
    let start = ["br", "cr", "r", "b", "c", ""].into_iter().find(|start| {
        source.strip_prefix(start).is_some_and(|rest| match *start {
            "br" | "cr" | "r" => rest.trim_start_matches('#').starts_with('"'),
            "b" => rest.starts_with(['"', '\'']),
            _ => rest.starts_with('"') || start.is_empty() && rest.starts_with('\''),
        })
    })?;
    let rest = &source[start.len()..];
    if start.ends_with('r') {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &rest[hashes + 1..];
        return Some(start.len() + hashes + 1 + body.find(&end)? + end.len());
    }
    let quote = rest.chars().next()?;
    let letters: Vec<_> = rest.char_indices().skip(1).take(3).collect();
    if let ('\'', [(_, first), (_, second), ..]) = (quote, &letters[..])
        && *first != '\\'
        && *second != '\''
    {
        // A lifetime: its name is no path.
        return Some(1 + rest[1..].find(|letter: char| !letter.is_alphanumeric() && letter != '_')?);
    }
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        if letter == quote && !escaped {
            return Some(start.len() + at + 1);
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// The names that the front page shows, each with its wing.
fn shown(front: &[Word]) -> Vec<(String, String)> {
    let uses = front.split(|(_, word)| word == ";").filter_map(|item| {
        let start = item.iter().rposition(|(_, word)| word == "use")?;
        item.get(start + 1..)
    });
    let names = uses.flat_map(|path| {
        let leaves = path.iter().skip(1).filter(|(_, word)| word.starts_with(char::is_alphabetic));
        leaves.map(|(_, name)| (name.clone(), path[0].1.clone()))
    });
    // A module's own name stays its own.
    names.filter(|(name, _)| name.starts_with(char::is_uppercase)).collect()
}

/// The same words without what is there for tests alone.
fn without_tests(words: Vec<Word>) -> Vec<Word> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let is = |offset: usize, word: &str| words.get(at + offset).is_some_and(|(_, found)| found == word);
        if is(0, "#") && is(1, "[") && is(2, "cfg") {
            let end = end_of(&words, at + 1);
            let named = |word: &str| words[at..end].iter().any(|(_, found)| found == word);
            if named("test") && !named("not") {
                at = item_end(&words, end);
                continue;
            }
        }
        kept.push(words[at].clone());
        at += 1;
    }
    kept
}

/// The position behind the item that begins here: behind its braces, or its semicolon.
fn item_end(words: &[Word], start: usize) -> usize {
    let mut at = start;
    while let Some((_, word)) = words.get(at) {
        match &**word {
            ";" => return at + 1,
            // A `use` goes on behind its braces.
            "{" if words[start..at].iter().all(|(_, word)| word != "use") => return end_of(words, at),
            "{" | "(" | "[" => at = end_of(words, at),
            _ => at += 1,
        }
    }
    at
}

/// The position behind the bracket that is opened here.
fn end_of(words: &[Word], start: usize) -> usize {
    let mut depth = 0;
    for (at, (_, word)) in words.iter().enumerate().skip(start) {
        match &**word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    words.len()
}

/// What stands behind each path that leads to the crate's root, in a file that is so many modules below it.
fn from_the_root(words: &[Word], mut depth: usize) -> Vec<Word> {
    let mut found = Vec::new();
    // Of each brace that is open: is it a module's?
    let mut braces = Vec::new();
    let mut at = 0;
    while let Some((_, word)) = words.get(at) {
        let mut next = at + 1;
        match &**word {
            "{" => {
                let is_module = at >= 2 && words[at - 2].1 == "mod";
                depth += usize::from(is_module);
                braces.push(is_module);
            }
            "}" => depth -= usize::from(braces.pop().unwrap_or(false)),
            "crate" if words.get(next).is_some_and(|(_, word)| word == "::" || word == "as") => {
                found.extend(names(words, next));
            }
            "super" => {
                let mut ups = 1;
                let is = |at: usize, word: &str| words.get(at).is_some_and(|(_, found)| found == word);
                while is(next, "::") && is(next + 1, "super") {
                    (ups, next) = (ups + 1, next + 2);
                }
                if ups >= depth {
                    found.extend(names(words, next));
                }
            }
            _ => {}
        }
        at = next;
    }
    found
}

/// The names that follow a `::`: one, or the first ones of a list in braces.
fn names(words: &[Word], at: usize) -> Vec<Word> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|(_, found)| found == word);
    if !is(at, "::") {
        return words.get(at).cloned().into_iter().collect();
    }
    if !is(at + 1, "{") {
        return words.get(at + 1).cloned().into_iter().collect();
    }
    let end = end_of(words, at + 1);
    let mut names = Vec::new();
    let mut inside = at + 2;
    let mut begins = true;
    while inside < end - 1 {
        let (_, word) = &words[inside];
        if begins {
            names.push(words[inside].clone());
        }
        begins = word == ",";
        inside = if word == "{" { end_of(words, inside) } else { inside + 1 };
    }
    names
}
