//! `faults completions`: for the shell.

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::failure::Failure;
use super::output::OutputArg;

const EXAMPLES: &str = "\
Examples:
  faults completions bash > ~/.local/share/bash-completion/completions/faults
  faults completions zsh > \"${fpath[1]}/_faults\"
  faults completions fish > ~/.config/fish/completions/faults.fish
  faults completions powershell >> $PROFILE";

/// Completions for a shell
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Name,

    #[command(flatten)]
    output: OutputArg,
}

/// The shells that we promise.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
}

impl Completions {
    pub fn run(&self) -> Result<(), Failure> {
        let shell = match self.shell {
            Name::Bash => Shell::Bash,
            Name::Zsh => Shell::Zsh,
            Name::Fish => Shell::Fish,
            Name::PowerShell => Shell::PowerShell,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut super::command(), "faults", &mut script);
        self.output.write(|out| Ok(out.write_all(&script)?))
    }
}
