//! The cookbook shows the programs of `examples` as they are, and what they really print.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dotdigital_faults::sandbox::Sandbox;

use crate::helpers::{ID, program};

struct Recipe {
    name: String,
    program: String,
    arguments: Vec<String>,
    printed: String,
}

/// The recipes of the page: each a program, then a terminal that runs it.
fn recipes() -> Vec<Recipe> {
    let page = fs::read_to_string("src/cookbook.md").unwrap();
    let recipe = |part: &str| {
        let (program, rest) = part.split_once("```\n").unwrap();
        let terminal = rest.split_once("```console\n$ cargo run ").unwrap().1.split_once("```").unwrap().0;
        let (command, printed) = terminal.split_once('\n').unwrap();
        let mut words = command.split(' ').skip_while(|&word| word != "--example").skip(1).map(str::to_owned);
        let name = words.next().unwrap();
        let arguments = words.filter(|word| word != "--").collect();
        Recipe { name, program: program.to_owned(), arguments, printed: printed.to_owned() }
    };
    page.split("```rust,no_run\n").skip(1).map(recipe).collect()
}

/// Where cargo has put the examples: beside the program.
fn example(name: &str) -> PathBuf {
    let folder = program::path().parent().unwrap().join("examples");
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

#[test]
fn page_and_programs_are_the_same() {
    let recipes = recipes();
    assert!(recipes.len() >= 10);
    for recipe in &recipes {
        let program = fs::read_to_string(format!("examples/{}.rs", recipe.name)).unwrap();
        assert_eq!(recipe.program, program, "{}", recipe.name);
        assert!(program.lines().count() <= 45, "{} is no short program", recipe.name);
    }
    let shown: BTreeSet<_> = recipes.iter().map(|recipe| format!("{}.rs", recipe.name)).collect();
    let files = fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(shown, files.collect());
}

#[test]
fn programs_print_what_the_page_shows() {
    let sandbox = Sandbox::start().unwrap();
    let import = || sandbox.import(ID);
    import().report(fs::read("fixtures/recorded-2015.csv").unwrap()).summary([("NewContacts", 97), ("HardBounced", 4)]);
    let folder = tempfile::tempdir().unwrap();
    for recipe in recipes() {
        if recipe.name == "watch" {
            import().finished_after(1);
        }
        let mut command = Command::new(example(&recipe.name));
        command
            .current_dir(&folder)
            .env("DOTDIGITAL_ENDPOINT", sandbox.soap_url())
            .env("DOTDIGITAL_USERNAME", sandbox.username())
            .env("DOTDIGITAL_PASSWORD", sandbox.password())
            // One of them asks itself, with a client that would go through a proxy.
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null());
        let mut arguments = recipe.arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "<" => _ = command.stdin(File::open(arguments.next().unwrap()).unwrap()),
                argument => _ = command.arg(argument),
            }
        }
        // The fixtures go by the same names in the folder where the programs may write.
        _ = fs::create_dir(folder.path().join("fixtures"));
        for argument in recipe.arguments.iter().filter(|argument| argument.starts_with("fixtures/")) {
            fs::copy(argument, folder.path().join(argument)).unwrap();
        }
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}; cargo build --all-features --examples makes it", recipe.name));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), recipe.printed, "{}: {said}", recipe.name);
        let code = if recipe.name == "unknown_reasons" { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{}: {said}", recipe.name);
    }
    // What they write is there, whole.
    let metrics = fs::read_to_string(folder.path().join("faults.prom")).unwrap();
    assert!(metrics.ends_with("# EOF\n") && metrics.contains("read_timestamp_seconds"));
    assert!(fs::read_to_string(folder.path().join("faults.html")).unwrap().ends_with("</html>\n"));
}
