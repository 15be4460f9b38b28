//! Runs the program `faults`. Nobody else does.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What the program hears of its environment.
const VARIABLES: [&str; 14] = [
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "DOTDIGITAL_ACCOUNT",
    "DOTDIGITAL_ACCOUNTS",
    "DOTDIGITAL_ENDPOINT",
    "DOTDIGITAL_PASSWORD",
    "DOTDIGITAL_PASSWORD_FILE",
    "DOTDIGITAL_PROTOCOL",
    KEY,
    "DOTDIGITAL_REGION",
    "DOTDIGITAL_USERNAME",
    "NO_COLOR",
    "RUST_LOG",
];

/// Where cargo has put it.
pub fn path() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_faults"))
}

/// The program with these arguments, nothing on its standard input, and nothing that it heeds in its environment.
pub fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).stdin(Stdio::null());
    without_surroundings(&mut command);
    command
}

/// Takes all that the program heeds out of the environment of a command.
pub fn without_surroundings(command: &mut Command) {
    VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
}

/// `faults split` of a report into a folder.
pub fn split(source: &Path, dir: &Path, force: bool) -> Command {
    let mut command = command(["split"]);
    command.arg(source).arg("--dir").arg(dir).args(force.then_some("--force"));
    command
}

/// What comes of these arguments.
pub fn faults<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    command(arguments).output().unwrap()
}

/// The variable of the key for `--redact`.
pub const KEY: &str = "DOTDIGITAL_REDACT_KEY";

/// A key of no more than the bytes that a key must have.
pub const LEAST_KEY: &str = "16 bytes of key.";

/// What comes of them, with a key to redact.
pub fn with_key(arguments: &[&str]) -> Output {
    command(arguments).env(KEY, LEAST_KEY).output().unwrap()
}

/// What comes of them, with something on standard input.
pub fn faults_on<S: AsRef<OsStr>>(input: &[u8], arguments: impl IntoIterator<Item = S>) -> Output {
    with_input(&mut command(arguments), input)
}

/// What comes of any command, with something on standard input.
pub fn with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that doesn't read its input closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Makes a script that can be run. A shell writes it: what this process has open to be written is open in whatever it starts
/// at that moment, too, and as long as that lasts nobody can run it.
#[cfg(unix)]
pub fn script(path: &Path, text: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat > \"$1\" && chmod 700 \"$1\"", "sh"]).arg(path);
    assert!(with_input(&mut shell, text.as_bytes()).status.success(), "{path:?}");
}

/// What it has printed, all being well.
#[track_caller]
pub fn out(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What it prints for these arguments, all being well.
#[track_caller]
pub fn printed(arguments: &[&str]) -> String {
    out(&faults(arguments)).to_owned()
}

/// How the program tells an error of the library, without what stands in front: what happened, and the hint.
pub fn told(error: &dotdigital_faults::Error) -> String {
    let hint = error.hint().map_or_else(String::new, |hint| format!("hint: {hint}\n"));
    format!("{}\n{hint}", error.without_hint())
}

/// Is it what happened on one line, and at most one hint behind it?
pub fn is_one_failure(message: &str) -> bool {
    let (what, hint) = message.split_once('\n').unwrap_or((message, ""));
    what.starts_with("faults: ") && (hint.is_empty() || hint.starts_with("hint: ") && hint.lines().count() == 1)
}

/// What it has said on standard error.
pub fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The message of a failure, of which standard output must show nothing.
#[track_caller]
pub fn failure(output: &Output, code: i32) -> &str {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
    assert_eq!(output.stdout, b"");
    said(output)
}
