//! A test in a process of its own: for its memory, or its environment.

use std::process::Command;

/// Its value is what the test has been given.
const CHILD: &str = "DOTDIGITAL_FAULTS_TEST_CHILD";

/// What the test was given, if this is the process of its own.
pub fn given() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs one test of this binary once more, and gives it something; it is named by its module, as `module_path!` tells
/// it, and its function. It has to go well.
#[track_caller]
pub fn run(module: &str, test: &str, given: &str, environment: &[(&str, Option<&str>)]) {
    let test = match module.split_once("::") {
        Some((_, module)) => format!("{module}::{test}"),
        None => test.to_owned(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &test, "--nocapture"]).env(CHILD, given);
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
