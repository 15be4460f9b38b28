//! What stands in a file, one a line.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::failure::Failure;

/// No list is longer.
const LONGEST: u64 = 16 << 20;

/// A line of a list that isn't blank, and where it stands.
pub struct Line {
    pub place: String,
    pub text: OsString,
}

/// The lines of the file that an option names, or of standard input where it is called `-`; blank ones are left out.
pub fn lines(option: &str, path: &Path) -> Result<Vec<Line>, Failure> {
    let name = named(path);
    let unreadable = |error: io::Error| Failure::new(format!("{option} {name} can't be read: {error}"));
    let input: Box<dyn Read> =
        if is_stdin(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(unreadable)?) };
    let mut bytes = Vec::new();
    input.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(
            Failure::new(format!("{option} {name} is longer than {LONGEST} bytes")).hint("name a list, one a line")
        );
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut lines = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let place = format!("line {} of {name}", index + 1);
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match text(line) {
            Some(text) => lines.push(Line { place, text }),
            None => return Err(Failure::new(format!("{place} is not UTF-8")).hint("save the list as UTF-8")),
        }
    }
    Ok(lines)
}

/// How a list is called in what is said of it.
pub fn named(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { format!("{path:?}") }
}

/// Is it standard input that is meant?
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A path may be any bytes where the system has it so.
#[cfg(unix)]
fn text(line: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(line.to_vec()))
}

#[cfg(not(unix))]
fn text(line: &[u8]) -> Option<OsString> {
    std::str::from_utf8(line).ok().map(OsString::from)
}
