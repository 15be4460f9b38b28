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
    let dir = folder.path().join("man1");
    printed(&["man", "--dir", dir.to_str().unwrap()]);
    fs::write(dir.join("all.1"), printed(&["man"])).unwrap();
    for page in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        match Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&page).output() {
            Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{page:?}"),
            Err(_) => peers::skip("mandoc"),
        }
    }
}

/// Each shell itself says what it would complete: bash by its own fallback, fish by its own command.
#[test]
fn shells_complete_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("marked.csv"), "").unwrap();
    fs::write(folder.path().join("faults.fish"), printed(&["completions", "fish"])).unwrap();
    fs::write(folder.path().join("faults.bash"), printed(&["completions", "bash"])).unwrap();
    let fish = "source faults.fish; complete -C 'faults summary mar'";
    // Where the function offers nothing, bash goes on to files, as it was told to.
    let bash = "source ./faults.bash; COMP_WORDS=(faults summary mar); COMP_CWORD=2; _faults faults mar summary; \
                echo \"${#COMPREPLY[@]}\"; complete -p faults";
    for (shell, script) in [("fish", fish), ("bash", bash)] {
        match Command::new(shell).args(["-c", script]).current_dir(&folder).env("HOME", folder.path()).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stdout);
                let is_offered =
                    said.starts_with("marked.csv") || said.starts_with("0\n") && said.contains("-o default");
                assert!(is_offered, "{shell}: {said} {}", String::from_utf8_lossy(&output.stderr));
            }
            Err(_) => peers::skip(shell),
        }
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
