//! Patterns of paths that a shell has left as they are, as Windows' does.
//!
//! # How it works
//!
//! A pattern is taken apart into its names, and each of them leads from the paths found so far to others:
//!
//! ```text
//!   2026/**/b?.csv    "2026"    one path more, if there is such a name; no folder is read
//!                     "**"      the folder itself, and all below it
//!                     "b?.csv"  what has a name that fits, in each of these folders
//! ```
//!
//! `glob` tells whether a name fits. It would look for files itself, but panics where any name is not UTF-8.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::MatchOptions;

/// How names are matched: as shells do.
const NAMES: MatchOptions = MatchOptions {
    case_sensitive: cfg!(not(windows)),
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// In how many folders is looked at most: links can make many ways of a few folders.
const MOST_FOLDERS: usize = 1 << 20;

/// Would a shell have looked for files?
pub fn is_pattern(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    let has = |byte: u8| text.iter().position(|&other| other == byte);
    has(b'*').is_some() || has(b'?').is_some() || has(b'[').is_some_and(|at| text[at..].contains(&b']'))
}

/// What a pattern fits, files and folders, by name. Hidden files are only found by their own names.
pub fn fitting(pattern: &Path) -> Result<Vec<PathBuf>, Unfitting> {
    Walk { left: MOST_FOLDERS }.fitting(pattern)
}

/// Why nothing can be told of what a pattern fits.
#[derive(Debug)]
pub enum Unfitting {
    NoPattern(glob::PatternError),
    Unreadable(PathBuf, io::Error),
    TooMany(usize),
}

/// One name of a pattern.
enum Name<'p> {
    /// As it stands.
    Literal(&'p OsStr),
    Pattern(glob::Pattern),
    /// Any folders, or none: `**`.
    Folders,
}

/// A walk from folder to folder.
struct Walk {
    /// In how many folders may still be looked.
    left: usize,
}

impl Walk {
    fn fitting(mut self, pattern: &Path) -> Result<Vec<PathBuf>, Unfitting> {
        glob::Pattern::new(&as_text(pattern.as_os_str())).map_err(Unfitting::NoPattern)?;
        let (root, mut names) = taken_apart(pattern).map_err(Unfitting::NoPattern)?;
        names.dedup_by(|name, before| matches!((name, before), (Name::Folders, Name::Folders)));
        let mut found = BTreeSet::from([root]);
        let mut names = names.iter().peekable();
        while let Some(name) = names.next() {
            let mut next = BTreeSet::new();
            for folder in &found {
                match (name, names.peek()) {
                    (Name::Literal(name), _) => next.extend(named(folder, name)),
                    (Name::Pattern(name), _) => self.add_fitting(folder, name, &mut next)?,
                    (Name::Folders, following) => {
                        self.add_folders(folder, &mut vec![real(folder)], &mut next)?;
                        if following.is_some() {
                            next.insert(folder.clone());
                        }
                    }
                }
            }
            found = next;
        }
        let ends_with_separator = pattern.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
        Ok(found.into_iter().filter(|path| !ends_with_separator || path.is_dir()).collect())
    }

    /// What in a folder has a name that fits.
    fn add_fitting(
        &mut self,
        folder: &Path,
        pattern: &glob::Pattern,
        found: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Unfitting> {
        for entry in self.entries(folder)? {
            let name = entry.file_name();
            if pattern.matches_with(&as_text(&name), NAMES) {
                found.insert(folder.join(name));
            }
        }
        Ok(())
    }

    /// All folders below one. `inside` are those that it is in, itself included, wherever links have led: a link back to one of
    /// them is not followed, since there would be no end.
    fn add_folders(
        &mut self,
        folder: &Path,
        inside: &mut Vec<PathBuf>,
        found: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Unfitting> {
        for entry in self.entries(folder)? {
            let path = folder.join(entry.file_name());
            if !path.is_dir() {
                continue;
            }
            let is_link = entry.file_type().map_or(true, |kind| kind.is_symlink());
            let real = match inside.last() {
                Some(parent) if !is_link => parent.join(entry.file_name()),
                _ => real(&path),
            };
            if inside.contains(&real) {
                continue;
            }
            inside.push(real);
            self.add_folders(&path, inside, found)?;
            inside.pop();
            found.insert(path);
        }
        Ok(())
    }

    /// What is in a folder, but for hidden files; nothing where it is none.
    fn entries(&mut self, folder: &Path) -> Result<Vec<fs::DirEntry>, Unfitting> {
        let folder = or_here(folder);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        self.left = self.left.checked_sub(1).ok_or(Unfitting::TooMany(MOST_FOLDERS))?;
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| Unfitting::Unreadable(folder.to_owned(), error))?;
        entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        Ok(entries)
    }
}

/// Where a pattern begins, and its names.
fn taken_apart(pattern: &Path) -> Result<(PathBuf, Vec<Name<'_>>), glob::PatternError> {
    let (mut root, mut names) = (PathBuf::new(), Vec::new());
    for component in pattern.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => root.push(component),
            Component::CurDir => {}
            Component::ParentDir => names.push(Name::Literal(component.as_os_str())),
            Component::Normal(name) => names.push(Name::of(name)?),
        }
    }
    Ok((root, names))
}

impl<'p> Name<'p> {
    fn of(name: &'p OsStr) -> Result<Self, glob::PatternError> {
        if name == "**" {
            return Ok(Name::Folders);
        }
        let has_pattern = name.as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte));
        Ok(if has_pattern { Name::Pattern(glob::Pattern::new(&as_text(name))?) } else { Name::Literal(name) })
    }
}

/// What has this name in a folder; a link that leads nowhere, too, so that reading it says so.
fn named(folder: &Path, name: &OsStr) -> Option<PathBuf> {
    let path = folder.join(name);
    fs::symlink_metadata(&path).is_ok().then_some(path)
}

/// A folder as the system knows it: one without a name is where we are.
fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Where a folder is, without links.
fn real(folder: &Path) -> PathBuf {
    let folder = or_here(folder);
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// A name as text. A byte that is no UTF-8 is one character, as shells have it: one of its own, from where nobody's are, so
/// that it fits `?` and itself.
fn as_text(name: &OsStr) -> String {
    const OWN: u32 = 0x10_ff00;

    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|&byte| char::from_u32(OWN + u32::from(byte))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_look_for() {
        for (text, expected) in
            [("*.csv", true), ("a?", true), ("[ab]", true), ("a[", false), ("a]b[", false), ("a.csv", false)]
        {
            assert_eq!(is_pattern(Path::new(text)), expected, "{text}");
        }
    }

    /// A folder with files, each with the folders that it is in.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// What a pattern below a folder fits there.
    fn found(folder: &Path, pattern: &str) -> Vec<String> {
        let found = fitting(&folder.join(pattern)).unwrap();
        let names = found.iter().map(|path| path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/"));
        names.collect()
    }

    #[test]
    fn names_and_folders() {
        let folder = folder(&[
            "b.csv",
            "a/b1.csv",
            "a/b2.csv",
            "a/.b3.csv",
            "a/c/b4.csv",
            "a/c/d/a/b5.csv",
            "ä/b6.csv",
            ".hidden/b7.csv",
        ]);
        for (pattern, expected) in [
            ("*", &["a", "b.csv", "ä"][..]),
            ("*/", &["a", "ä"]),
            ("*/*", &["a/b1.csv", "a/b2.csv", "a/c", "ä/b6.csv"]),
            ("?/b[!1].csv", &["a/b2.csv", "ä/b6.csv"]),
            ("[a-z]/b?.csv", &["a/b1.csv", "a/b2.csv"]),
            ("A*", if cfg!(windows) { &["a"] } else { &[] }),
            ("a/./b?.csv", &["a/b1.csv", "a/b2.csv"]),
            ("a/../?.csv", &["a/../b.csv"]),
            ("b.csv/*", &[]),
            ("no/*", &[]),
            ("**", &["a", "a/c", "a/c/d", "a/c/d/a", "ä"]),
            ("**/b*.csv", &["a/b1.csv", "a/b2.csv", "a/c/b4.csv", "a/c/d/a/b5.csv", "b.csv", "ä/b6.csv"]),
            ("**/**/c/*", &["a/c/b4.csv", "a/c/d"]),
            // Each once, however many ways lead to it.
            ("**/a/**/b5.csv", &["a/c/d/a/b5.csv"]),
            ("a/**/*", &["a/b1.csv", "a/b2.csv", "a/c", "a/c/b4.csv", "a/c/d", "a/c/d/a", "a/c/d/a/b5.csv"]),
            // What is hidden has to be named.
            (".*/*", &[]),
            (".hidden/*", &[".hidden/b7.csv"]),
            ("a/.*", &[]),
        ] {
            assert_eq!(found(folder.path(), pattern), expected, "{pattern}");
        }
        for pattern in ["a**", "***", "**a/b", "a[*", "a[/]b"] {
            assert!(matches!(fitting(Path::new(pattern)), Err(Unfitting::NoPattern(_))), "{pattern}");
        }
    }

    #[test]
    fn so_many_folders_and_no_more() {
        let folder = folder(&["a/b/c.csv", "a/d/c.csv"]);
        for (left, is_enough) in [(8, true), (4, true), (3, false), (0, false)] {
            // The folder itself and the three below it; the name stands there, and needs no further look.
            let found = Walk { left }.fitting(&folder.path().join("**/c.csv"));
            assert_eq!(found.is_ok(), is_enough, "{left}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle() {
        use std::os::unix::fs::symlink;

        let folder = folder(&["a/b/1.csv", "c/2.csv"]);
        for (target, link) in
            [(".", "self"), ("../..", "a/b/up"), ("../c", "a/there"), ("../a", "c/back"), ("no", "no")]
        {
            symlink(target, folder.path().join(link)).unwrap();
        }
        symlink("one", folder.path().join("two")).unwrap();
        symlink("two", folder.path().join("one")).unwrap();
        let csvs = found(folder.path(), "**/*.csv");
        assert_eq!(csvs, ["a/b/1.csv", "a/there/2.csv", "c/2.csv", "c/back/b/1.csv"]);
        // Named, they are ways as others.
        assert_eq!(found(folder.path(), "self/self/c/*.csv"), ["self/self/c/2.csv"]);
        assert_eq!(found(folder.path(), "n*"), ["no"]);
    }

    /// A name of any bytes fits what it would fit in a shell, and keeps nothing else from being found.
    #[cfg(unix)]
    #[test]
    fn names_that_are_no_utf8() {
        use std::os::unix::ffi::OsStrExt;

        let folder = folder(&["a.csv", "b/a.csv"]);
        let bytes = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
        for name in [&b"\xff"[..], b"r\xe9port.csv", b"\xe9\xe8"] {
            fs::write(folder.path().join(bytes(name)), "").unwrap();
        }
        fs::create_dir(folder.path().join(bytes(b"\xfed"))).unwrap();
        fs::write(folder.path().join(bytes(b"\xfed")).join("a.csv"), "").unwrap();
        for (pattern, expected) in [
            (&b"*.csv"[..], &[&b"a.csv"[..], b"r\xe9port.csv"][..]),
            (b"r?port.csv", &[b"r\xe9port.csv"]),
            (b"r[!a]port.csv", &[b"r\xe9port.csv"]),
            (b"r\xe9p*", &[b"r\xe9port.csv"]),
            (b"r\xe8p*", &[]),
            (b"?", &[b"b", b"\xff"]),
            (b"??", &[b"\xe9\xe8", b"\xfed"]),
            (b"*/a.csv", &[b"b/a.csv", b"\xfed/a.csv"]),
            (b"\xfe*/*", &[b"\xfed/a.csv"]),
            (b"\xfed/*", &[b"\xfed/a.csv"]),
            (b"**/a.csv", &[b"a.csv", b"b/a.csv", b"\xfed/a.csv"]),
        ] {
            let found = fitting(&folder.path().join(bytes(pattern))).unwrap();
            let found: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
            let expected: Vec<_> = expected.iter().map(|path| Path::new(bytes(path))).collect();
            assert_eq!(found, expected, "{}", pattern.escape_ascii());
        }
    }
}
