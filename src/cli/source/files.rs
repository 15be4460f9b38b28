//! The files that a path stands for.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::pattern::{self, Unfitting, is_pattern};
use crate::cli::failure::Failure;

/// How the names of the reports in a folder end.
const REPORTS: [&str; 2] = [".csv", ".csv.gz"];

/// The files that a path stands for: itself, the reports of a folder, or what a pattern fits where there is no file of
/// that name. None is an error.
pub fn expanded(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => reports(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(path) => fitting(path),
        _ => Ok(vec![path.to_owned()]),
    }
}

/// The reports of a folder, by their names.
fn reports(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: io::Error| Failure::new(format!("{folder:?} can't be read: {error}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // Where a link leads nowhere, reading it says so.
        let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
        if is_report(&entry.file_name()) && !is_folder {
            names.push(entry.file_name());
        }
    }
    if names.is_empty() {
        let stands_for = REPORTS.map(|end| format!("*{end}")).join(" and ");
        return Err(Failure::new(format!("{folder:?} holds no report: a folder stands for its {stands_for}")));
    }
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Hidden files are none, such as those that archives of macOS bring along.
fn is_report(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let ends_with =
        |end: &str| name.len().checked_sub(end.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(end.as_bytes()));
    !name.starts_with(b".") && REPORTS.iter().any(|end| ends_with(end))
}

/// What a pattern fits, by name; a folder among it stands for its reports.
fn fitting(pattern: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed =
        |what: String| Failure::new(format!("{pattern:?} is taken for a pattern, since there is no such file: {what}"));
    let paths = pattern::fitting(pattern).map_err(|why| match why {
        Unfitting::NoPattern(error) => failed(format!("it can't be one ({error})")),
        Unfitting::Unreadable(folder, error) => failed(format!("{folder:?} can't be read: {error}")),
        Unfitting::TooMany(most) => failed(format!("it leads through more than {most} folders"))
            .hint("name a folder further down, or leave ** out"),
    })?;
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(reports(&path)?);
        } else {
            files.push(path);
        }
    }
    if files.is_empty() { Err(failed("it fits none".to_owned())) } else { Ok(files) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_reports() {
        for (name, expected) in [
            ("a.csv", true),
            ("A.CSV", true),
            ("a.csv.gz", true),
            (".csv", false),
            ("._a.csv", false),
            ("a.gz", false),
            ("a.csv.zip", false),
            ("csv", false),
        ] {
            assert_eq!(is_report(OsStr::new(name)), expected, "{name}");
        }
    }
}
