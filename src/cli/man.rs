//! `faults man`: the manual page.

use std::io;

use clap::{Args, Command};

use super::failure::Failure;
use super::output::OutputArg;

const EXAMPLES: &str = "\
Examples:
  faults man | man -l -
  faults man > ~/.local/share/man/man1/faults.1";

/// The manual page, all verbs on it
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub struct Man {
    #[command(flatten)]
    output: OutputArg,
}

impl Man {
    pub fn run(&self) -> Result<(), Failure> {
        let page = page(super::command())?;
        self.output.write(|out| Ok(out.write_all(&page)?))
    }
}

/// The program's page, with a section for each verb.
fn page(mut command: Command) -> io::Result<Vec<u8>> {
    command.build();
    let whole = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    whole.render_options_section(&mut page)?;
    for verb in command.get_subcommands() {
        page.extend_from_slice(&section(verb)?);
    }
    whole.render_version_section(&mut page)?;
    Ok(page)
}

/// A verb's section: its page without a title, its sections one level down.
fn section(verb: &Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(verb.clone());
    let mut parts = Vec::new();
    man.render_description_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let parts = String::from_utf8_lossy(&parts).replace(".SH ", ".SS ");
    Ok(format!(".SH \"{}\"\n{parts}", verb.get_name().to_uppercase()).into_bytes())
}
