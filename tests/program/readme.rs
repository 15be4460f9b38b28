//! The README's terminals show what the program really prints.

use std::fs;

use crate::helpers::program::faults;
use crate::helpers::read_at;

#[test]
fn terminals() {
    let readme = fs::read_to_string("README.md").unwrap();
    let mut commands = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for terminal in block.split("$ ").skip(1) {
            let (command, expected) = terminal.split_once('\n').unwrap();
            if expected.trim().is_empty() {
                continue;
            }
            let arguments =
                command.strip_prefix("faults ").or(command.split_once(" -- ").map(|(_, rest)| rest)).unwrap();
            let output = faults(arguments.split(' '));
            let printed = read_at::steady(str::from_utf8(&output.stdout).unwrap());
            assert_eq!(printed.trim(), expected.trim(), "{command}");
            commands += 1;
        }
    }
    assert!(commands >= 2);
}
