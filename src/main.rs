//! The program `faults`: why contacts failed to import into Dotdigital.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
