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
    // Without a date, so that the same version always gives the same page.
    let mut page = format!(".TH faults 1 \"\" \"faults {}\"\n", env!("CARGO_PKG_VERSION")).into_bytes();
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    page.extend_from_slice(examples(&command, ".SH").as_bytes());
    whole.render_options_section(&mut page)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
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
    parts.extend_from_slice(examples(verb, ".SS").as_bytes());
    man.render_options_section(&mut parts)?;
    let parts = String::from_utf8_lossy(&parts).replace(".SH ", ".SS ");
    Ok(format!(".SH {}\n{parts}", verb.get_name().to_uppercase()).into_bytes())
}

/// What stands first in the help: examples, and what is to be known of a verb.
fn examples(command: &Command, heading: &str) -> String {
    let Some(text) = command.get_before_help() else { return String::new() };
    let mut section = format!("{heading} EXAMPLES\n.nf\n");
    for line in text.to_string().lines().filter(|line| *line != "Examples:") {
        // A dot or an apostrophe first in a line would be an instruction; this takes no room.
        section += &format!("\\&{}\n", line.replace('\\', "\\e").replace('-', "\\-"));
    }
    section + ".fi\n"
}
