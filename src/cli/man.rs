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
    page.extend_from_slice(notes(&command, ".SH").as_bytes());
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
    parts.extend_from_slice(notes(verb, ".SS").as_bytes());
    let parts = String::from_utf8_lossy(&parts).replace(".SH ", ".SS ");
    Ok(format!(".SH {}\n{parts}", verb.get_name().to_uppercase()).into_bytes())
}

/// What stands first in the help, line by line.
fn examples(command: &Command, heading: &str) -> String {
    let Some(text) = command.get_before_help() else { return String::new() };
    let text = text.to_string();
    let lines = text.lines().filter(|line| *line != "Examples:").map(|line| escaped(line) + "\n");
    format!("{heading} EXAMPLES\n.nf\n{}.fi\n", lines.collect::<String>())
}

/// What stands last in the help, a paragraph a line.
fn notes(command: &Command, heading: &str) -> String {
    let Some(text) = command.get_after_help() else { return String::new() };
    let text = text.to_string();
    let lines = text.lines().map(|line| if line.is_empty() { ".PP\n".to_owned() } else { escaped(line) + "\n" });
    format!("{heading} NOTES\n{}", lines.collect::<String>())
}

/// Text that roff shows as it is: a dot or an apostrophe first in a line would be an instruction, but for the `\&`.
fn escaped(line: &str) -> String {
    format!("\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))
}
