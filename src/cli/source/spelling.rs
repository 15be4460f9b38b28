//! How an import id is spelt, and what only looks like one.

use std::path::Path;

use uuid::Uuid;

/// How many hexadecimal digits an id has.
const DIGITS: usize = uuid::fmt::Simple::LENGTH;

/// Where its hyphens stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Reads an import id: with hyphens or as 32 hexadecimal digits, with or without the braces that some tools put around
/// it.
pub fn import_id(text: &str) -> Option<Uuid> {
    let text = bare(text);
    let is_plain = matches!(text.len(), uuid::fmt::Hyphenated::LENGTH | uuid::fmt::Simple::LENGTH);
    Uuid::try_parse(text).ok().filter(|_| is_plain)
}

/// The import whose report a file is, where its name says so: an import id in one of its spellings, and behind it nothing
/// but an extension, `.gz` or both.
pub fn named_import(path: &Path) -> Option<Uuid> {
    let name = path.file_name()?.to_str()?;
    let name = without_extension(name, |extension| extension.eq_ignore_ascii_case("gz"));
    let name = without_extension(name, |_| true);
    import_id(name)
}

/// What is wrong with a text that somebody must have meant to be an import id; `None` where it looks like none.
pub fn near_miss(text: &str) -> Option<String> {
    let text = bare(text);
    let hyphens: Vec<_> = text.match_indices('-').map(|(at, _)| at).collect();
    let digits = text.chars().filter(|&character| character != '-');
    let others: Vec<_> = digits.clone().filter(|digit| !digit.is_ascii_hexdigit()).collect();
    let has_its_shape = hyphens.is_empty() || hyphens.len() == HYPHENS.len();
    let what = match (digits.count(), &*others) {
        (DIGITS, []) if hyphens.is_empty() || hyphens == HYPHENS => return None,
        (DIGITS, []) => "its hyphens stand elsewhere than behind 8, 12, 16 and 20 digits".to_owned(),
        (DIGITS, [other]) if hyphens == HYPHENS && other.is_ascii_alphanumeric() => {
            format!("`{other}` is no hexadecimal digit")
        }
        (count, []) if has_its_shape && count.abs_diff(DIGITS) == 1 => {
            format!("it has {count} hexadecimal digits, and an id has {DIGITS}")
        }
        _ => return None,
    };
    Some(format!("it looks like an import id, but {what}; write ./ in front if it is a file"))
}

fn bare(text: &str) -> &str {
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

fn without_extension(name: &str, is_meant: impl Fn(&str) -> bool) -> &str {
    name.rsplit_once('.').filter(|(_, extension)| is_meant(extension)).map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "842d81e8-c619-457f-bb77-ab6c4a17da39";

    #[test]
    fn ids_in_every_spelling() {
        let simple = "842D81E8c619457fbb77ab6c4a17da39";
        for text in [ID, simple, &ID.to_uppercase(), &format!("{{{ID}}}"), &format!("{{{simple}}}")] {
            assert_eq!(import_id(text).map(|id| id.to_string()).as_deref(), Some(ID), "{text}");
            assert_eq!(near_miss(text), None);
        }
        for text in ["", "x", "{", "urn:uuid:842d81e8-c619-457f-bb77-ab6c4a17da39", &ID[1..], "842d81e8c619457fbb77"] {
            assert_eq!(import_id(text), None, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one() {
        for (text, what) in [
            (&ID[1..], "it has 31 hexadecimal digits, and an id has 32"),
            ("842d81e8-c619-457f-bb77-ab6c4a17da390", "it has 33 hexadecimal"),
            ("842d81e8c619457fbb77ab6c4a17da3", "it has 31 hexadecimal"),
            ("{842d81e8-c619-457f-bb77-ab6c4a17da3}", "it has 31 hexadecimal"),
            ("842d81e8-c619-457f-bb77-ab6c4a17dao9", "`o` is no hexadecimal digit"),
            ("842d81e8c-619-457f-bb77-ab6c4a17da39", "its hyphens stand elsewhere"),
            ("842d81e8-c619-457fbb77ab6c4a17da39", "its hyphens stand elsewhere"),
        ] {
            let said = near_miss(text).unwrap_or_else(|| panic!("{text}"));
            assert!(said.starts_with("it looks like an import id, but ") && said.contains(what), "{said}");
        }
        for text in [
            "",
            "report",
            "a-b-c-d-e",
            "deadbeef",
            "2026-11-28",
            "842d81e8",
            "report-of-may-2026-for-the-whole-team.csv",
        ] {
            assert_eq!(near_miss(text), None, "{text}");
        }
    }

    #[test]
    fn files_that_are_named_after_an_import() {
        for name in ["", ".csv", ".CSV.GZ", ".csv.gz", ".txt", ".json", ".gz"] {
            let path = Path::new("some.folder").join(format!("{}{name}", ID.to_uppercase()));
            assert_eq!(named_import(&path).map(|id| id.to_string()).as_deref(), Some(ID), "{path:?}");
        }
        let simple = Path::new("842d81e8c619457fbb77ab6c4a17da39.csv.gz");
        assert_eq!(named_import(simple).map(|id| id.to_string()).as_deref(), Some(ID));
        for name in ["x.csv", "842d81e8c619457fbb77ab6c4a17da3.csv", "842d81e8-c619-457f-bb77-ab6c4a17da39.old.csv", ""]
        {
            assert_eq!(named_import(Path::new(name)), None, "{name}");
        }
        assert_eq!(named_import(&Path::new(ID).join("report.csv")), None);
    }
}
