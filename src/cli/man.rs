//! `faults man`: the manual, on one page or with a page for each verb.

use std::fs;
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::{Args, Command};
use roff::{Roff, bold, roman};

use super::failure::Failure;
use super::output::OutputArg;

const EXAMPLES: &str = "\
Examples:
  faults man | man -l -
      to read it
  faults man > ~/.local/share/man/man1/faults.1
      the manual page, all verbs on it
  faults man --dir ~/.local/share/man/man1
      a page for each verb, too";

/// The section of programs.
const SECTION: &str = "1";

/// The day of this version: the same version always gives the same page, whenever that is.
const DATE: &str = "2026-11-28";

/// The manual page, all verbs on it
#[derive(Args)]
#[command(before_help = EXAMPLES)]
pub struct Man {
    /// Write a page for the program and one for each verb into a folder, which is made if there is none; pages that are
    /// there already are replaced
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    dir: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArg,
}

impl Man {
    pub fn run(&self) -> Result<(), Failure> {
        let mut command = super::command().disable_help_subcommand(true);
        command.build();
        let Some(dir) = &self.dir else {
            let page = whole(&command);
            return self.output.write(|out| Ok(out.write_all(page.as_bytes())?));
        };
        let unwritable = |error| Failure::new(format!("{dir:?} can't be written: {error}"));
        fs::create_dir_all(dir).map_err(unwritable)?;
        for (name, page) in pages(&command) {
            fs::write(dir.join(format!("{name}.{SECTION}")), page).map_err(unwritable)?;
        }
        Ok(())
    }
}

/// The program's page, with a section for each verb.
fn whole(program: &Command) -> String {
    let mut page = titled(program);
    section(&mut page, "SH", program);
    for verb in verbs(program) {
        // What only has verbs of its own is told by them.
        let parts = if verb.has_subcommands() { verbs(verb).collect() } else { vec![verb] };
        for part in parts {
            page.control("SH", [&*name(part).trim_start_matches("faults-").replace('-', " ").to_uppercase()]);
            description(&mut page, part);
            section(&mut page, "SS", part);
        }
    }
    page.to_roff()
}

/// A page for the program, and one for each verb and what stands under it, by their names.
fn pages(command: &Command) -> Vec<(String, String)> {
    let mut page = titled(command);
    page.control("SH", ["DESCRIPTION"]);
    description(&mut page, command);
    section(&mut page, "SH", command);
    if verbs(command).next().is_some() {
        page.control("SH", ["VERBS"]);
        for verb in verbs(command) {
            page.control("TP", []).text([bold(name(verb)), roman(format!("({SECTION})"))]).text([roman(about(verb))]);
        }
    }
    let mut all = vec![(name(command), page.to_roff())];
    all.extend(verbs(command).flat_map(pages));
    all
}

/// The head of a page: its title and its name.
fn titled(command: &Command) -> Roff {
    let mut page = Roff::new();
    let version = concat!("faults ", env!("CARGO_PKG_VERSION"));
    page.control("TH", [&*name(command).to_uppercase(), SECTION, DATE, version]);
    page.control("SH", ["NAME"]).text([roman(format!("{} - {}", name(command), about(command)))]);
    page
}

/// Synopsis, examples, options and notes, each under a heading of that level.
fn section(page: &mut Roff, level: &str, command: &Command) {
    page.control(level, ["SYNOPSIS"]);
    let usage = command.clone().render_usage().to_string();
    page.text([roman(usage.trim_start_matches("Usage: "))]);
    if let Some(examples) = long(command.get_before_long_help(), command.get_before_help()) {
        page.control(level, ["EXAMPLES"]).control("nf", []);
        for line in examples.lines().filter(|line| *line != "Examples:") {
            page.text([roman(line)]);
        }
        page.control("fi", []);
    }
    options(page, level, command);
    if let Some(notes) = long(command.get_after_long_help(), command.get_after_help()) {
        page.control(level, ["NOTES"]);
        paragraphs(page, &notes);
    }
}

/// The arguments and the options, those with a heading of their own under it.
fn options(page: &mut Roff, level: &str, command: &Command) {
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut headings: Vec<Option<&str>> = vec![None];
    for heading in shown().map(|arg| arg.get_help_heading()) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        page.control(level, [&*heading.unwrap_or("Options").to_uppercase()]);
        for arg in shown().filter(|arg| arg.get_help_heading() == heading) {
            let short = arg.get_short().map_or_else(String::new, |short| format!("-{short}, "));
            page.control("TP", []).text([bold(format!("{short}{arg}"))]);
            let help = long(arg.get_long_help(), arg.get_help()).unwrap_or_default();
            let values = arg.get_possible_values();
            let defaults = arg.get_default_values();
            // What is the help of an argument is one paragraph here: further ones would leave its indentation.
            let mut text = help.split("\n\n").collect::<Vec<_>>().join(" ");
            if !values.is_empty() && !arg.is_hide_possible_values_set() && arg.get_action().takes_values() {
                let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
                text.push_str(&format!(" [possible values: {}]", names.join(", ")));
            }
            if !defaults.is_empty() && arg.get_action().takes_values() {
                let defaults: Vec<_> = defaults.iter().map(|value| value.to_string_lossy()).collect();
                text.push_str(&format!(" [default: {}]", defaults.join(", ")));
            }
            page.text([roman(text)]);
        }
    }
}

fn description(page: &mut Roff, command: &Command) {
    paragraphs(page, &long(command.get_long_about(), command.get_about()).unwrap_or_default());
}

fn paragraphs(page: &mut Roff, text: &str) {
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            page.control("PP", []);
        }
        page.text([roman(paragraph.replace('\n', " "))]);
    }
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

/// The name with that of the program in front, such as `faults-summary`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn about(command: &Command) -> String {
    long(command.get_about(), command.get_long_about()).unwrap_or_default()
}

fn long(first: Option<&StyledStr>, second: Option<&StyledStr>) -> Option<String> {
    first.or(second).map(StyledStr::to_string)
}
