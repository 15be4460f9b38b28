//! What parts the cells of a CSV that a spreadsheet may have saved again.

use csv::{ByteRecord, ReaderBuilder};

use crate::format::BOM;
use crate::reason::key::KnownColumn;
use crate::report::cells::closing_quote;

/// The separators that are known, the one that we write first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// How many records are looked at.
const MOST_RECORDS: usize = 100;

/// The separator of a CSV, by its beginning.
///
/// It is the comma where no other separator stands in the header outside of quotes, as in all that we make safe for
/// spreadsheets. Else it is found as that of a report is: the first by which the header names the reason's column, else the
/// first by which it names the email's and has two fields or more. Where it names neither, it is the one by which most of the
/// first records have as many fields as the header, and of several the one by which these are the most.
pub(super) fn separator(beginning: &[u8], is_all: bool) -> u8 {
    if has_commas_alone(beginning) {
        return b',';
    }
    let layouts = SEPARATORS.map(|separator| Layout::by(separator, beginning, is_all));
    let first = |is_it: &dyn Fn(&&Layout) -> bool| layouts.iter().find(is_it);
    let found = first(&|layout| layout.names_reason)
        .or_else(|| first(&|layout| layout.names_email && layout.width >= 2))
        // The last of the greatest is taken.
        .or_else(|| layouts.iter().rev().max_by_key(|layout| (layout.width >= 2, layout.agreeing, layout.width)));
    found.map_or(b',', |layout| layout.separator)
}

/// Does no other separator stand in the header outside of quotes?
fn has_commas_alone(beginning: &[u8]) -> bool {
    let mut rest = beginning.strip_prefix(BOM).unwrap_or(beginning);
    let is_end = |byte: &u8| b"\r\n".contains(byte);
    while let Some(end) = rest.iter().position(is_end).filter(|&end| rest[..end].trim_ascii().is_empty()) {
        rest = &rest[end + 1..];
    }
    loop {
        let behind = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted.get(closing_quote(quoted).0 + 1..).unwrap_or_default(),
            None => {
                let end = rest.iter().position(|byte| *byte == b',' || is_end(byte)).unwrap_or(rest.len());
                let (cell, behind) = rest.split_at(end);
                if cell.iter().any(|byte| SEPARATORS.contains(byte)) {
                    return false;
                }
                behind
            }
        };
        match behind {
            [b',', next @ ..] => rest = next,
            // A quote was closed in the middle of a cell, or at the end of one that something else ends.
            [byte, ..] => return is_end(byte),
            [] => return true,
        }
    }
}

/// The header and the first records, by a separator.
struct Layout {
    separator: u8,
    names_reason: bool,
    names_email: bool,
    /// How many fields the header has.
    width: usize,
    /// How many records behind it have as many.
    agreeing: usize,
}

impl Layout {
    fn by(separator: u8, beginning: &[u8], is_all: bool) -> Self {
        let mut reader =
            ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(beginning);
        let mut records: Vec<_> = reader.byte_records().take(MOST_RECORDS).map_while(Result::ok).collect();
        // The last one may go on.
        if !is_all && (2..MOST_RECORDS).contains(&records.len()) {
            records.pop();
        }
        let is_blank = |record: &ByteRecord| record.iter().all(|cell| cell.iter().all(|byte| b" \t".contains(byte)));
        let mut records = records.into_iter().filter(|record| !is_blank(record));
        let header = records.next().unwrap_or_default();
        let names = |column| header.iter().any(|name| KnownColumn::of(name) == Some(column));
        Layout {
            separator,
            names_reason: names(KnownColumn::Reason),
            names_email: names(KnownColumn::Email),
            width: header.len(),
            agreeing: records.filter(|record| record.len() == header.len()).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_names_and_by_fields() {
        for (csv, expected) in [
            ("", b','),
            ("a", b','),
            ("a,b\n1;2,3\n", b','),
            // Known names tell, also where others hold a separator.
            ("email;Name, first;note\nbob@;Bob;x\n", b';'),
            ("Name, first;e-mail\n", b';'),
            ("Name, first\tMAIL\tnote\nBob, Jr;\t1\n", b'\t'),
            ("a;b,Reason;email\n", b';'),
            ("Reason for visit, if any;email\n", b';'),
            ("Reason|email,1|x;y;z\n", b'|'),
            ("name;x,email\n", b','),
            ("\u{feff}\"email\";\"a,b\"\n", b';'),
            (" \n\r\n;;\nemail;a,b\n", b';'),
            // The reason's name comes before the email's, whatever parts them.
            ("email,a;Reason;b\n", b';'),
            // Without them, it is how many fields the rows have.
            ("Name, first;city;note\nBob;Ghent;\nAnn, too;Bruges;x\n", b';'),
            ("city,tags;old\nGhent,x\nBruges,y\n", b','),
            ("city;tags,old\nGhent;x\nBruges;y\n", b';'),
            ("city,a;b;c\n1,2;3;4\n", b';'),
            ("city;a,b\n1;2,3\n", b','),
            ("city;a,b;c\n", b';'),
            // In quotes, a separator is none.
            ("\"city;a\",b;c\n\"x;y\",z\n", b','),
            ("\"city,a\";b\n\"x,y\";z\n", b';'),
            ("size 5\";a;b\n1;2;3\n", b';'),
        ] {
            let found = separator(csv.as_bytes(), true);
            assert_eq!(char::from(found), char::from(expected), "{csv:?}");
        }
        // What is cut off doesn't count, unless there is nothing else.
        assert_eq!(separator(b"a,b;c\n1,2\n3;", false), b',');
        assert_eq!(separator(b"a,b;c;d", false), b';');
    }

    /// As all that is made safe for spreadsheets, whatever its names would be by another separator.
    #[test]
    fn commas_alone() {
        for (header, expected) in [
            ("a,b", true),
            ("\"x\",\"Reason;Reason\"\n", true),
            ("\"a;\"\"b\",\"\",c\r\n;", true),
            ("\u{feff}\";\"\n", true),
            ("\"a;", true),
            ("", true),
            ("a;b", false),
            ("a,b\tc", false),
            ("\"a\";\"b\"", false),
            ("\"a\"b,c", false),
            ("\"a,b\"|c", false),
        ] {
            assert_eq!(has_commas_alone(header.as_bytes()), expected, "{header:?}");
        }
    }
}
