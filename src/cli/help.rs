//! How the command line is shown and completed, the same for every verb.
//!
//! `-h` fits a screen: what few people set, what examples are for, and the notes stand in `--help` alone.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::{Resettable, StyledStr};
use clap::{Arg, Command, Error, ValueHint};

use super::failure::Failure;

/// Examples first.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// Options that choose one of a few names, which are taken in any case.
const CHOICES: [&str; 7] = ["by", "color", "format", "protocol", "region", "separator", "shell"];

/// Options for pipelines.
const FOR_PIPELINES: [&str; 1] = ["fail_on"];

/// How many values `-h` lists.
const MOST_VALUES: usize = 8;

/// The heading of the options that tell how the service is reached.
pub const CONNECTION: &str = "Connection, for an import id";

/// The heading of the options that tell how a report is read.
pub const READING: &str = "How the report is read";

/// The whole command line, as `-h`, `--help`, the completions and the manual page show it.
pub fn shown(command: Command) -> Command {
    verb(command).mut_subcommands(|command| verb(command).mut_subcommands(verb))
}

/// Prints what clap has to say: help and the version on standard output, what is wrong with the arguments on standard error.
pub fn print(said: &Error) -> ExitCode {
    let printed = said.print().and_then(|()| io::stdout().flush());
    match u8::try_from(said.exit_code()) {
        Ok(0) => printed.map_or_else(|error| Failure::from(error).report(), |()| ExitCode::SUCCESS),
        // Where standard error is closed, nobody is there to be told.
        code => ExitCode::from(code.unwrap_or(u8::MAX)),
    }
}

fn verb(mut command: Command) -> Command {
    if let Some(notes) = command.get_after_help().cloned() {
        command = command.after_long_help(notes).after_help(Resettable::<StyledStr>::Reset);
    }
    if let Some(examples) = command.get_before_help().filter(|_| command.get_before_long_help().is_none()).cloned() {
        // What an example is for is told further in, below it.
        let text = examples.to_string();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("      ")).collect();
        command = command.before_long_help(examples).before_help(lines.join("\n"));
    }
    command.help_template(TEMPLATE).mut_args(arg)
}

fn arg(arg: Arg) -> Arg {
    let is_choice = CHOICES.contains(&arg.get_id().as_str()) || arg.is_ignore_case_set();
    // What has a heading of its own is for few.
    let is_for_few = arg.get_help_heading().is_some() || FOR_PIPELINES.contains(&arg.get_id().as_str());
    let names = arg.get_value_names().filter(|_| arg.get_action().takes_values());
    let hint = names.and_then(|names| names.first()).map(|name| hint(name));
    let arg = shortened(arg).ignore_case(is_choice);
    let arg = if is_for_few { arg.hide_short_help(true) } else { arg };
    match hint {
        Some(hint) => arg.value_hint(hint),
        None => arg,
    }
}

/// In `-h`, an option's help ends with its first clause, and doesn't list a crowd of values; `--help` has all of it.
fn shortened(arg: Arg) -> Arg {
    let Some(help) = arg.get_help().map(StyledStr::to_string) else { return arg };
    let mut long = arg.get_long_help().map_or_else(|| help.clone(), StyledStr::to_string);
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let is_crowd = values.len() > MOST_VALUES;
    if is_crowd {
        long = format!("{long}\n\n[possible values: {}]", values.join(", "));
    }
    let (clause, rest) = help.split_once("; ").or_else(|| help.split_once(". ")).unwrap_or((&help, ""));
    // What stands in brackets at the end, a variable or a default, is part of either.
    let brackets = rest.find(" [").and_then(|at| rest.get(at..)).unwrap_or_default();
    let short = format!("{clause}{brackets}");
    arg.help(short).long_help(long).hide_possible_values(is_crowd)
}

/// What a shell completes, by what the value is called in the help.
fn hint(name: &str) -> ValueHint {
    match name {
        "SOURCE" | "OLD" | "NEW" | "FILE" | "PATH" => ValueHint::FilePath,
        "DIR" | "ROOT" => ValueHint::DirPath,
        "URL" => ValueHint::Url,
        _ => ValueHint::Other,
    }
}
