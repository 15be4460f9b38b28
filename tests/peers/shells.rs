//! Shells and mandoc read what the program writes for them.

use std::fs;
use std::process::Command;

use crate::helpers::peers;
use crate::helpers::program::{faults, printed};

#[test]
fn the_shells_and_mandoc_accept_them() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, arguments) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        let path = folder.path().join(shell);
        fs::write(&path, printed(&["completions", shell])).unwrap();
        match Command::new(shell).arg(arguments).arg(&path).output() {
            Ok(output) => {
                assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
                assert_eq!(String::from_utf8_lossy(&output.stderr), "");
            }
            Err(_) => peers::skip(shell),
        }
    }
    let path = folder.path().join("faults.1");
    fs::write(&path, printed(&["man"])).unwrap();
    match Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&path).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), ""),
        Err(_) => peers::skip("mandoc"),
    }
}

#[test]
fn bash_completes_slugs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults");
    fs::write(&path, printed(&["completions", "bash"])).unwrap();
    let script = format!(
        "source {:?}; COMP_WORDS=(faults list - --reason hard); COMP_CWORD=4; _faults faults hard --reason; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        path
    );
    match Command::new("bash").args(["-c", &script]).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "hard_bounced\n"),
        Err(_) => peers::skip("bash"),
    }
    assert_eq!(faults(["completions", "tcsh"]).status.code(), Some(2));
}
