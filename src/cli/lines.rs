//! What stands in a file, one a line.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::failure::Failure;

/// What an editor may set in front of a file to say that it is UTF-8.
pub const BOM: &[u8] = "\u{feff}".as_bytes();

/// No list is longer.
const LONGEST: u64 = 16 << 20;

/// A line of a list that isn't blank, and where it stands.
pub struct Line {
    pub place: String,
    pub text: OsString,
}

/// The lines of the file that an option names, or of standard input where it is called `-`, without the white space around
/// them; blank ones are left out.
pub fn lines(option: &str, path: &Path) -> Result<Vec<Line>, Failure> {
    texts(option, path, <[u8]>::trim_ascii)
}

/// The same as they stand: white space may be part of a file's name.
pub fn whole_lines(option: &str, path: &Path) -> Result<Vec<Line>, Failure> {
    texts(option, path, |line| line)
}

fn texts(option: &str, path: &Path, shaped: impl Fn(&[u8]) -> &[u8]) -> Result<Vec<Line>, Failure> {
    let name = named(path);
    let bytes = bytes(option, path)?;
    let mut lines = Vec::new();
    for (line, number) in split(bytes.strip_prefix(BOM).unwrap_or(&bytes)).zip(1_u64..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("line {number} of {name}");
        match text(shaped(line)) {
            Some(text) => lines.push(Line { place, text }),
            None => return Err(Failure::new(format!("{place} is not UTF-8")).hint("save the list as UTF-8")),
        }
    }
    Ok(lines)
}

fn bytes(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
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
    Ok(bytes)
}

/// Lines, each of which CRLF, LF or CR ends.
fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        let len = if behind.starts_with(b"\r\n") { 2 } else { 1 };
        rest = behind.get(len..).unwrap_or_default();
        Some(line)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines() {
        for (bytes, expected) in [
            (&b""[..], &[][..]),
            (b"a", &[&b"a"[..]]),
            (b"a\n", &[b"a"]),
            (b" a\r\nb \rc\n\r\n\rd\r", &[b" a", b"b ", b"c", b"", b"", b"d"]),
        ] {
            assert_eq!(split(bytes).collect::<Vec<_>>(), expected, "{}", bytes.escape_ascii());
        }
    }
}
