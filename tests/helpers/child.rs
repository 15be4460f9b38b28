//! A test in a process of its own: for its memory, or its environment.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Its value is what the test has been given.
const CHILD: &str = "DOTDIGITAL_FAULTS_TEST_CHILD";
/// In front of what it tells.
const TOLD: &str = "told: ";

/// What the test was given, if this is the process of its own.
pub fn given() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs one test of this binary once more, and gives it something; it is named by its module, as `module_path!` tells
/// it, and its function. It has to go well.
#[track_caller]
pub fn run(module: &str, test: &str, given: &str, environment: &[(&str, Option<&str>)]) {
    let test = name(module, test);
    let mut child = command(&test, given);
    for (name, value) in environment {
        match value {
            Some(value) => child.env(name, value),
            None => child.env_remove(name),
        };
    }
    let ended = child.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    print!("{said}");
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("1 passed"), "there is no test {test}: {said}");
}

/// Starts one test of this binary once more, and gives it something. It tells a line with [`tell`], which is returned;
/// it is to end when its standard input does, so at the latest with this process.
#[track_caller]
pub fn start(module: &str, test: &str, given: &str) -> (Child, String) {
    let test = name(module, test);
    let mut child = command(&test, given).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.find_map(|line| Some(line.split_once(TOLD)?.1.to_owned()));
    let told = told.unwrap_or_else(|| panic!("{test} has told nothing"));
    // After a minute the harness says that the test still runs, and ends where nobody hears it.
    thread::spawn(move || lines.for_each(drop));
    (child, told)
}

/// What a test in a process of its own tells the one that has started it; then it waits until that one has ended.
pub fn tell(line: &str) {
    println!("{TOLD}{line}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn name(module: &str, test: &str) -> String {
    match module.split_once("::") {
        Some((_, module)) => format!("{module}::{test}"),
        None => test.to_owned(),
    }
}

fn command(test: &str, given: &str) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(CHILD, given);
    child
}
