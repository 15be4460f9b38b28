//! The reading rules once more, as plainly as they can be written: the whole input at hand, everything read again
//! where that is simpler, no thought of speed. It shares no code with the library.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Is the first anomaly an error?
    pub strict: bool,
    /// Rule 8: how many decoded bytes a quoted field may hold.
    pub largest_field: usize,
    /// Rule 6: how many fields a header may have.
    pub most_columns: usize,
    /// Rule 4b: one of the four, instead of finding it.
    pub separator: Option<u8>,
    /// Rule 4a.
    pub reason_column: Option<Column>,
    pub email_column: Option<Column>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strict: false,
            largest_field: MIB,
            most_columns: 16_384,
            separator: None,
            reason_column: None,
            email_column: None,
        }
    }
}

/// Rule 4a: a column that an option sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    Name(String),
    /// Counted from 1.
    Position(usize),
}

/// What a report holds. An empty one has no header at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub headers: Vec<Header>,
    pub separator: u8,
    pub faults: Vec<Fault>,
    /// How many rows have each anomaly.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// The lines on which those rows start.
    pub anomalous_lines: BTreeMap<&'static str, Vec<u64>>,
}

/// The columns of a part of the report, numbered from 0 here.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub has_header: bool,
    pub columns: Vec<String>,
    pub reason_column: usize,
    pub email_column: Option<usize>,
    /// The first fault that stands under it, if there is one.
    pub first_fault: usize,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub line: u64,
    pub reason: &'static str,
    pub label: String,
    pub email: String,
    /// The cells without their quotes.
    pub fields: Vec<Vec<u8>>,
    pub anomalies: BTreeSet<&'static str>,
    /// The row as it stands, without its line end.
    pub bytes: Vec<u8>,
    /// Which of the headers it stands under.
    pub header: usize,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    NotAReport,
    Utf16,
    /// Rule 1: the format that it is.
    Format(&'static str),
    /// The kind and the line of the first anomaly of a strict reading.
    Anomaly(&'static str, u64),
    /// Rule 6: a header has more columns than allowed.
    TooWide,
    /// Rule 4a: an option names a column that a header lacks.
    NoSuchColumn,
}

/// Every anomaly; a strict reading names the first of these that a row has.
pub const ANOMALIES: [&str; 10] = [
    "no_header",
    "repeated_header",
    "short_row",
    "long_row",
    "rejoined_row",
    "unclosed_quote",
    "invalid_utf8",
    "blank_row",
    "preamble",
    "other_header",
];

/// The reasons: slug, documented label, every other name.
pub const REASONS: [(&str, &str, &[&str]); 24] = [
    ("globally_suppressed", "Globally Suppressed", &["GloballySuppressed"]),
    ("invalid_email", "Invalid Email", &["InvalidEmail", "Invalid Entries", "Invalid addresses", "InvalidEntries"]),
    (
        "duplicate",
        "Duplicate",
        &["Duplicates", "Duplicate Emails", "DuplicateEmails", "duplicateIdentifier", "duplicateIdentifiers"],
    ),
    ("blocker", "Blocker", &["Blocked"]),
    ("unsubscribed", "Unsubscribed", &["Unsubcribed", "Unsubscribers"]),
    ("hard_bounced", "Hard bounced", &["HardBounced", "Hard bouncers"]),
    ("soft_bounced", "Soft bounced", &["SoftBounced", "Soft bouncers"]),
    (
        "complained_to_isp",
        "Complained to ISP",
        &["Isp Complaints", "ISP complaint", "ISP complainers", "IspComplained", "IspComplaints"],
    ),
    ("mail_blocked", "Mail blocked", &["MailBlocked", "Mail block", "Mail blockers"]),
    (
        "suppressed_by_domain",
        "Suppressed by Domain",
        &["SuppressedByDomain", "Domain Suppressed", "Domain suppression", "DomainSuppressed"],
    ),
    (
        "suppressed_by_you",
        "Suppressed by you",
        &["SuppressedByYou", "Suppressed contacts", "Suppressed", "SuppressedContacts"],
    ),
    (
        "pending_optin",
        "Pending optin",
        &["PendingOptin", "Pending double optin", "Pending double opt-in", "PendingDoubleOptin"],
    ),
    ("failures", "Failures", &["Failure", "Failed"]),
    ("api_schema_violation", "Api schema violation", &["ApiSchemaViolation"]),
    ("invalid_contact_id", "Invalid contact id", &["InvalidContactId"]),
    ("invalid_phone_number", "Invalid phone number", &["InvalidPhoneNumber"]),
    ("invalid_domain", "Invalid domain", &["InvalidDomain"]),
    ("invalid_contact", "Invalid contact", &["InvalidContact"]),
    ("invalid_address_book_ids", "Invalid address book ids", &["InvalidAddressBookIds"]),
    ("invalid_match_identifier", "Invalid match identifier", &["InvalidMatchIdentifier"]),
    ("invalid_contact_status", "Invalid contact status", &["InvalidContactStatus"]),
    ("no_valid_identifiers", "No valid identifiers", &["NoValidIdentifiers"]),
    ("consent_records_not_applied", "Consent records not applied", &["consentRecordsNotApplied"]),
    ("already_in_program", "Already in program", &["AlreadyInProgram"]),
];

const BOM: &[u8] = b"\xEF\xBB\xBF";
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Rule 1: what other formats begin with.
const FORMATS: [(&str, &[u8]); 16] = [
    ("gzip", b"\x1F\x8B"),
    ("zip", b"PK\x03\x04"),
    ("ole2", b"\xD0\xCF\x11\xE0"),
    ("pdf", b"%PDF-"),
    ("bzip2", b"BZh1"),
    ("bzip2", b"BZh2"),
    ("bzip2", b"BZh3"),
    ("bzip2", b"BZh4"),
    ("bzip2", b"BZh5"),
    ("bzip2", b"BZh6"),
    ("bzip2", b"BZh7"),
    ("bzip2", b"BZh8"),
    ("bzip2", b"BZh9"),
    ("xz", b"\xFD7zXZ\0"),
    ("zstd", b"\x28\xB5\x2F\xFD"),
    ("7z", b"7z\xBC\xAF\x27\x1C"),
];

/// Rule 9: one U+FFFD for each maximal ill-formed part.
fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}

/// Rule 5: letters and digits only, lower-cased one by one.
fn fold(cell: &[u8]) -> String {
    text(cell).chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Rule 4e: a name as it is compared: trimmed, in lower case, without BOMs in front.
fn normal(name: &str) -> String {
    let name = name.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{FEFF}');
    name.trim_end().chars().flat_map(char::to_lowercase).collect()
}

/// Rule 5: the slug and the label of a reason that is known.
fn known(cell: &[u8]) -> Option<(&'static str, &'static str)> {
    static KEYS: LazyLock<BTreeMap<String, (&str, &str)>> = LazyLock::new(|| {
        let mut keys = BTreeMap::new();
        for &(slug, label, others) in &REASONS {
            for name in [&[label], others].concat() {
                keys.insert(fold(name.as_bytes()), (slug, label));
            }
        }
        keys
    });
    KEYS.get(&fold(cell)).copied()
}

fn has_at(cell: &[u8]) -> bool {
    cell.contains(&b'@')
}

/// CRLF, LF or CR: the length of the line end that stands here.
fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// What stands in front of the first line end.
fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default()
}

/// The lines of a text without their ends; a line end at the end begins one more.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let line = first_line(rest);
        lines.push(line);
        rest = &rest[line.len()..];
        if rest.is_empty() {
            return lines;
        }
        rest = &rest[line_end(rest)..];
    }
}

/// Where the lines of a text start.
fn line_starts(text: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    while at < text.len() {
        let length = line_end(&text[at..]);
        at += length.max(1);
        if length > 0 {
            starts.push(at);
        }
    }
    starts
}

/// Rule 3 and the paragraph behind the rules: does the line hold nothing but BOMs, spaces and tabs?
fn is_blank_line(line: &[u8]) -> bool {
    let mut rest = line;
    loop {
        rest = match rest {
            [] => return true,
            [b' ' | b'\t', rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
            _ => return false,
        }
    }
}

impl Options {
    /// Rule 4a: is it an exact name of the reason's column? A set name is the only one.
    fn names_reason(&self, name: &str) -> bool {
        match &self.reason_column {
            Some(Column::Name(set)) => normal(name) == normal(set),
            _ => fold(name.as_bytes()) == "reason",
        }
    }

    /// The same for the email's column.
    fn names_email(&self, name: &str) -> bool {
        match &self.email_column {
            Some(Column::Name(set)) => normal(name) == normal(set),
            _ => ["email", "emailaddress", "mail"].contains(&fold(name.as_bytes()).as_str()),
        }
    }

    fn has_exact_name(&self, record: &Record) -> bool {
        record.names().iter().any(|name| self.names_reason(name) || self.names_email(name))
    }

    /// Rules 4c and 4e: an exact name of the reason's column and one of the email's, not the same column.
    fn has_both_names(&self, record: &Record) -> bool {
        let names = record.names();
        let places =
            |is: &dyn Fn(&str) -> bool| -> Vec<usize> { (0..names.len()).filter(|&n| is(&names[n])).collect() };
        let reasons = places(&|name| self.names_reason(name));
        let emails = places(&|name| self.names_email(name));
        reasons.iter().any(|reason| emails.iter().any(|email| email != reason))
    }

    /// Rule 4d: is it data, although it is the first record? A set position of the reason tells as the first cell does. No
    /// name makes a header of a known reason and an address.
    fn is_data(&self, record: &Record) -> bool {
        let cells = &record.fields;
        let set = match self.reason_column {
            Some(Column::Position(position)) => cells.get(position.wrapping_sub(1)),
            _ => None,
        };
        let says_reason = known(&cells[0]).is_some() || set.is_some_and(|cell| known(cell).is_some());
        let holds_address = cells.len() >= 2 && has_at(&cells[1]) && !has_at(&cells[0]);
        match self.has_exact_name(record) {
            true => says_reason && holds_address,
            false => says_reason || holds_address,
        }
    }

    /// Rule 4a: the columns by a record that is a header, or, without one, by the first record.
    fn header(&self, record: &Record, has_header: bool) -> Header {
        let width = record.fields.len();
        let numbered = (1..=width).map(|number| format!("column_{number}")).collect();
        let columns: Vec<String> = if has_header { record.names() } else { numbered };
        // The cells of a data record are no names.
        let first = |is: &dyn Fn(usize, &str) -> bool| {
            has_header.then(|| (0..width).find(|&column| is(column, &columns[column]))).flatten()
        };
        let contains = |name: &str, part: &str| fold(name.as_bytes()).contains(part);

        let named = first(&|_, name| self.names_reason(name));
        let loose = || first(&|_, name| contains(name, "reason"));
        let reason = match self.reason_column {
            Some(Column::Position(position)) => position.wrapping_sub(1),
            _ => named.or_else(loose).unwrap_or(0),
        };
        let named = first(&|_, name| self.names_email(name));
        let loose = || first(&|column, name| column != reason && contains(name, "email"));
        let email = match self.email_column {
            Some(Column::Position(position)) => Some(position.wrapping_sub(1)),
            _ => named.or_else(loose).or_else(|| (0..width).find(|&column| column != reason)),
        };
        Header { has_header, columns, reason_column: reason, email_column: email, first_fault: 0 }
    }

    /// Rule 4a: does an option set a column that this header lacks? Where there is none, every name is lacking.
    fn sets_a_column_that_lacks(&self, header: &Header) -> bool {
        [&self.reason_column, &self.email_column].into_iter().flatten().any(|column| match column {
            Column::Name(set) => !header.has_header || !header.columns.iter().any(|name| normal(name) == normal(set)),
            Column::Position(position) => !(1..=header.columns.len()).contains(position),
        })
    }
}

/// One record, or several that were joined.
#[derive(Clone)]
struct Record {
    start: usize,
    /// Where its line end begins.
    end: usize,
    /// Where the line behind it begins.
    behind: usize,
    fields: Vec<Vec<u8>>,
    /// Does its first field begin with a quote that is closed?
    quoted: bool,
    unclosed: bool,
    rejoined: bool,
}

impl Record {
    fn names(&self) -> Vec<String> {
        self.fields.iter().map(|name| text(name)).collect()
    }

    fn cell(&self, column: Option<usize>) -> &[u8] {
        column.and_then(|column| self.fields.get(column)).map_or(b"", |cell| cell)
    }

    /// Rule 3: is every cell empty, or does it hold only spaces, tabs, NUL and U+001A?
    fn is_blank(&self) -> bool {
        self.fields.iter().flatten().all(|byte| b" \t\0\x1A".contains(byte))
    }
}

/// What a record is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Row,
    /// Rule 4e: the header in force once more.
    Copy,
    /// Rule 4e: the header of another report.
    Other,
}

/// Reads records with one separator, under one header or, before that is known, under none.
#[derive(Clone)]
struct Reader<'i> {
    input: &'i [u8],
    options: &'i Options,
    separator: u8,
    header: Option<Header>,
}

impl Reader<'_> {
    /// Rule 3: the record that starts here.
    fn record(&self, start: usize) -> Record {
        let mut fields = Vec::new();
        let (mut at, mut unclosed, mut first_is_quoted) = (start, false, false);
        loop {
            let quoted = self.input[at..].starts_with(b"\"");
            let closed = if quoted { self.quoted_field(at) } else { None };
            unclosed |= quoted && closed.is_none();
            first_is_quoted |= fields.is_empty() && closed.is_some();
            let (field, end) = closed.unwrap_or_else(|| self.literal(at));
            fields.push(field);
            if self.input.get(end) != Some(&self.separator) {
                let behind = end + line_end(&self.input[end..]);
                return Record { start, end, behind, fields, quoted: first_is_quoted, unclosed, rejoined: false };
            }
            at = end + 1;
        }
    }

    /// What stands up to the next separator or line end, and where that is.
    fn literal(&self, start: usize) -> (Vec<u8>, usize) {
        let rest = &self.input[start..];
        let ends = |byte: &u8| *byte == self.separator || b"\r\n".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        (rest[..length].to_vec(), start + length)
    }

    /// The field that begins with a quote, and where it ends; `None` if rule 8 calls it unclosed.
    fn quoted_field(&self, quote: usize) -> Option<(Vec<u8>, usize)> {
        let mut quoted = Vec::new();
        let mut at = quote + 1;
        loop {
            match self.input[at..] {
                [] => return None,
                [b'"', b'"', ..] => {
                    quoted.push(b'"');
                    at += 2;
                }
                [b'"', ..] => break,
                [byte, ..] => {
                    quoted.push(byte);
                    at += 1;
                }
            }
            if quoted.len() > self.options.largest_field {
                return None;
            }
        }
        let (behind, end) = self.literal(at + 1);
        let lines = lines(&quoted);
        let breaks = lines.len() > 1 && !behind.is_empty();
        let unclosed = breaks || lines[1..].iter().any(|line| self.looks_like_a_fault(line));
        (!unclosed).then(|| ([quoted, behind].concat(), end))
    }

    /// Rule 8: split without regard to quotes, by the columns of the header in force, else by the first two.
    fn looks_like_a_fault(&self, line: &[u8]) -> bool {
        let (reason, email) = match &self.header {
            Some(header) => (header.reason_column, header.email_column),
            None => (0, Some(1)),
        };
        let cells: Vec<&[u8]> = line.split(|&byte| byte == self.separator).collect();
        let holds_reason = cells.get(reason).is_some_and(|cell| known(cell).is_some());
        holds_reason && email.is_none_or(|email| cells.get(email).is_some_and(|cell| has_at(cell)))
    }

    /// The next record that isn't skipped, and where the blank rows in front of it start that are counted.
    fn next(&self, mut at: usize) -> (Vec<usize>, Option<(Record, Kind)>) {
        let mut blank_rows = Vec::new();
        while at < self.input.len() {
            let line = first_line(&self.input[at..]);
            if is_blank_line(line) {
                at += line.len();
                at += line_end(&self.input[at..]);
                continue;
            }
            let (record, kind) = self.record_and_kind(at);
            if !record.is_blank() {
                return (blank_rows, Some((record, kind)));
            }
            // Rule 3: a lone ^Z or some NULs aren't worth telling.
            if record.fields.len() > 1 || record.quoted {
                blank_rows.push(at);
            }
            at = record.behind;
        }
        (blank_rows, None)
    }

    /// Rule 4e: the record that starts here, and what it is.
    fn record_and_kind(&self, start: usize) -> (Record, Kind) {
        let mut bare = start;
        while self.input[bare..].starts_with(BOM) {
            bare += BOM.len();
        }
        let bare = self.record(bare);
        if self.is_copy(&bare) {
            return (Record { start, ..bare }, Kind::Copy);
        }
        let record = self.record(start);
        let kind = if self.is_copy(&record) {
            Kind::Copy
        } else if self.is_other_header(&record) {
            Kind::Other
        } else {
            Kind::Row
        };
        (record, kind)
    }

    fn is_copy(&self, record: &Record) -> bool {
        let Some(header) = &self.header else { return false };
        let normals = |names: &[String]| -> Vec<String> { names.iter().map(|name| normal(name)).collect() };
        header.has_header && normals(&record.names()) == normals(&header.columns)
    }

    fn is_other_header(&self, record: &Record) -> bool {
        let Some(header) = &self.header else { return false };
        !record.fields.iter().any(|cell| has_at(cell))
            && known(record.cell(Some(header.reason_column))).is_none()
            && self.options.has_both_names(record)
    }

    /// Every record from here on that isn't skipped.
    fn records(&self, from: usize) -> impl Iterator<Item = Record> {
        let next = |at: usize| self.next(at).1.map(|(record, _)| record);
        std::iter::successors(next(from), move |record| next(record.behind))
    }
}

/// Rule 1: is it something that isn't UTF-8 text at all?
fn refuse_format(input: &[u8]) -> Result<(), Refusal> {
    if input.starts_with(b"\xFF\xFE") || input.starts_with(b"\xFE\xFF") {
        return Err(Refusal::Utf16);
    }
    if let Some((name, _)) = FORMATS.iter().find(|(_, beginning)| input.starts_with(beginning)) {
        return Err(Refusal::Format(name));
    }
    // UTF-16 without a mark: the high bytes are mostly NUL, the low ones never.
    let first = &input[..input.len().min(64)];
    let places = |parity: usize| first.iter().skip(parity).step_by(2);
    let nuls = |parity: usize| places(parity).filter(|byte| **byte == 0).count();
    let are_high = |high: usize, low: usize| nuls(low) == 0 && nuls(high) * 2 >= places(high).count();
    if first.len() >= 4 && (are_high(0, 1) || are_high(1, 0)) {
        return Err(Refusal::Utf16);
    }
    Ok(())
}

/// Rule 2 as far as white space and the first byte tell: `true` is an empty report.
fn is_empty(input: &[u8]) -> Result<bool, Refusal> {
    if lines(input).into_iter().all(is_blank_line) {
        return Ok(true);
    }
    let white = |byte: &u8| b" \t\r\n".contains(byte);
    let trimmed: Vec<u8> = behind_bom(input).iter().copied().skip_while(white).collect();
    if let [b'{' | b'[' | b'<', ..] = trimmed[..] {
        return Err(Refusal::NotAReport);
    }
    let length = trimmed.iter().rposition(|byte| !white(byte)).map_or(0, |last| last + 1);
    Ok([&b"null"[..], b"\"\""].contains(&&trimmed[..length]))
}

fn behind_bom(input: &[u8]) -> &[u8] {
    input.strip_prefix(BOM).unwrap_or(input)
}

/// Rule 4b: the separator of a line `sep=X`, and where the line behind it begins, if that is the first line.
fn sep_line(input: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        let line = first_line(&input[at..]);
        let behind = at + line.len() + line_end(&input[at + line.len()..]);
        if !is_blank_line(line) {
            let bare = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
            return match bare {
                [word @ .., b'=', separator] if word.eq_ignore_ascii_case(b"sep") => {
                    SEPARATORS.contains(separator).then_some((*separator, behind))
                }
                _ => None,
            };
        }
        if behind == input.len() {
            return None;
        }
        at = behind;
    }
}

/// Where the report begins: its first record and how it is read.
struct Beginning {
    separator: u8,
    /// The header, or, without one, the first fault.
    first: Record,
    has_preamble: bool,
}

/// Rule 4, b and c. `None` if there is no record.
fn find_beginning(input: &[u8], options: &Options) -> Option<Beginning> {
    let body = input.len() - behind_bom(input).len();
    let sep_line = if options.separator.is_none() { sep_line(input, body) } else { None };
    let from = sep_line.map_or(body, |(_, behind)| behind);
    let set = options.separator.or(sep_line.map(|(separator, _)| separator));
    let separators = set.map_or(SEPARATORS.to_vec(), |set| vec![set]);
    let reader = |separator| Reader { input, options, separator, header: None };

    // b. Where one is set, there is only that.
    let names_by = |separator: &u8| reader(*separator).records(from).next().map_or(Vec::new(), |first| first.names());
    let by_reason = |separator: &&u8| names_by(separator).iter().any(|name| options.names_reason(name));
    let by_email = |separator: &&u8| {
        let names = names_by(separator);
        names.len() >= 2 && names.iter().any(|name| options.names_email(name))
    };
    let found = separators.iter().find(by_reason).or_else(|| separators.iter().find(by_email));
    let separator = set.or(found.copied()).unwrap_or(b',');

    let first = reader(separator).records(from).next()?;
    let are_numbers = first.names().iter().zip(1..).all(|(name, number)| *name == format!("column_{number}"));
    if !options.has_exact_name(&first) && !options.is_data(&first) && !are_numbers {
        let readers: Vec<Reader> = separators.iter().map(|&separator| reader(separator)).collect();
        if let Some((separator, first)) = behind_preamble(&readers, from) {
            return Some(Beginning { separator, first, has_preamble: true });
        }
    }
    Some(Beginning { separator, first, has_preamble: sep_line.is_some() })
}

/// Rule 4c: the header behind a preamble, and its separator.
fn behind_preamble(readers: &[Reader], from: usize) -> Option<(u8, Record)> {
    let early = |reader: &Reader| -> Vec<Record> {
        reader.records(from).take(16).take_while(|record| record.behind <= 64 * KIB).collect()
    };
    let candidates: Vec<(&Reader, Vec<Record>)> = readers.iter().map(|reader| (reader, early(reader))).collect();
    let at = |n: usize| candidates.iter().filter_map(move |(reader, records)| Some((reader, records.get(n)?)));
    let (reader, header) = (0..16)
        .flat_map(at)
        .find(|(reader, record)| reader.options.has_both_names(record) && !reader.options.is_data(record))?;

    let in_front = |reader: &Reader| -> Vec<Record> {
        reader.records(from).take_while(|record| record.start < header.start).collect()
    };
    let faults_in_front =
        readers.iter().any(|reader| in_front(reader).iter().any(|record| reader.options.is_data(record)));
    (!faults_in_front).then(|| (reader.separator, header.clone()))
}

/// Rule 2, as far as it needs the header: is what the reader reads behind its header a report?
fn is_report(reader: &Reader, header: &Header, first: &Record) -> bool {
    let options = reader.options;
    let is_set = matches!(options.reason_column, Some(Column::Position(_)));
    let is_named = header.has_header && header.columns.iter().any(|name| options.names_reason(name));
    is_set || is_named || holds_a_known_reason(reader, header, first) || stands_alone(reader, header, first)
}

/// Rule 2: is there no record but the header, and does its second name speak for a report?
fn stands_alone(reader: &Reader, header: &Header, first: &Record) -> bool {
    let is_email = |name: &String| reader.options.names_email(name) && name.trim() == name;
    let mut at = first.behind;
    while let Some((record, Kind::Copy)) = reader.next(at).1 {
        at = record.behind;
    }
    header.has_header && header.columns.get(1).is_some_and(is_email) && reader.next(at).1.is_none()
}

/// Rule 2: does a known reason stand in the reason's cell of one of the first 1,000 records of two cells or more that
/// end within the first MiB, or, before that, a header that lacks a column that is set?
fn holds_a_known_reason(reader: &Reader, header: &Header, first: &Record) -> bool {
    let mut reader = reader.clone();
    let mut reason_column = header.reason_column;
    let mut looked_at = 0;
    let mut next = match header.has_header {
        true => reader.next(first.behind).1,
        false => Some((first.clone(), Kind::Row)),
    };
    while let Some((record, kind)) = next {
        if record.behind > MIB || looked_at == 1_000 {
            return false;
        }
        if record.fields.len() >= 2 {
            looked_at += 1;
            if known(record.cell(Some(reason_column))).is_some() {
                return true;
            }
        }
        if kind == Kind::Other {
            let other = reader.options.header(&record, true);
            // Rule 4a: that is the error, whatever stands behind it, as it is for the first header.
            if reader.options.sets_a_column_that_lacks(&other) {
                return true;
            }
            reason_column = other.reason_column;
            reader.header = Some(other);
        }
        next = reader.next(record.behind).1;
    }
    false
}

/// Rule 2: is it what this program writes?
fn is_own_summary(header: &Header) -> bool {
    let has = |wanted: &&str| header.columns.iter().any(|name| fold(name.as_bytes()) == *wanted);
    let summary = ["reason", "count", "share", "remedy"];
    let trends = ["reason", "remedy", "imports", "faults", "endedwithoutreport"];
    header.has_header && (summary.iter().all(has) || trends.iter().all(has))
}

/// Rule 2: is it the words of an error, with its code, which look like a header and have nothing behind them?
fn is_error_alone(report: &Report) -> bool {
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let holds_code = |name: &String| name.split("ERROR_").skip(1).any(|rest| rest.bytes().next().is_some_and(is_code));
    match report.headers.as_slice() {
        [header] if report.faults.is_empty() => header.has_header && header.columns.iter().any(holds_code),
        _ => false,
    }
}

/// What has been read so far.
struct Reading<'i> {
    reader: Reader<'i>,
    headers: Vec<Header>,
    faults: Vec<(usize, Fault)>,
    /// Where the rows start that have an anomaly, and which.
    events: Vec<(usize, &'static str)>,
}

impl Reading<'_> {
    fn header(&self) -> &Header {
        self.headers.last().expect("a header")
    }

    /// Rule 4e: the header in force from here on.
    fn take_header(&mut self, mut header: Header) {
        header.first_fault = self.faults.len();
        self.reader.header = Some(header.clone());
        self.headers.push(header);
    }

    /// Rule 4c: what stands in front of the header is counted by lines, or, without a preamble, as anywhere.
    fn read_front(&mut self, beginning: &Beginning) {
        let body = self.reader.input.len() - behind_bom(self.reader.input).len();
        if beginning.has_preamble {
            let front = &self.reader.input[body..beginning.first.start];
            for (start, line) in line_starts(front).into_iter().zip(lines(front)) {
                if !is_blank_line(line) {
                    self.events.push((body + start, "preamble"));
                }
            }
        } else {
            let blank_rows = self.reader.next(body).0;
            self.events.extend(blank_rows.into_iter().map(|start| (start, "blank_row")));
        }
    }

    /// Everything from the first record on. An error tells where it is.
    fn read_rows(&mut self, first: &Record) -> Result<(), (usize, Refusal)> {
        let mut next = Some((first.clone(), Kind::Row));
        while let Some((mut row, kind)) = next {
            let is_first = row.start == first.start;
            if kind == Kind::Other {
                let header = self.reader.options.header(&row, true);
                refuse_header(&header, self.reader.options).map_err(|refusal| (row.start, refusal))?;
                self.take_header(header);
            }
            let is_header = kind != Kind::Row || is_first && self.header().has_header;
            // Rule 7.
            next = loop {
                let (blank_rows, follower) = self.reader.next(row.behind);
                self.events.extend(blank_rows.into_iter().map(|start| (start, "blank_row")));
                match follower {
                    Some((follower, Kind::Row)) if !is_header && self.is_torn(&row, &follower) => {
                        self.join(&mut row, follower);
                    }
                    follower => break follower,
                }
            };
            let anomalies = self.anomalies(&row, kind, is_first);
            self.events.extend(anomalies.iter().map(|&anomaly| (row.start, anomaly)));
            if !is_header {
                self.push_fault(row, anomalies);
            }
        }
        Ok(())
    }

    /// Rule 7: did the two stand in one row, whose value held a line break?
    fn is_torn(&self, row: &Record, follower: &Record) -> bool {
        let header = self.header();
        let width = header.columns.len();
        header.reason_column == 0
            && width >= 3
            && row.fields.len() >= 2
            && row.fields.len() < width
            && known(&follower.fields[0]).is_none()
            && !has_at(follower.cell(header.email_column))
            && row.fields.len() + follower.fields.len() - 1 <= width
            && follower.start - row.end <= 64 * KIB
    }

    /// Rule 7: the last field, what stood between the two, the first field.
    fn join(&self, row: &mut Record, follower: Record) {
        let last = row.fields.last_mut().expect("two fields or more");
        last.extend_from_slice(&self.reader.input[row.end..follower.start]);
        last.extend_from_slice(&follower.fields[0]);
        row.fields.extend_from_slice(&follower.fields[1..]);
        (row.end, row.behind) = (follower.end, follower.behind);
        row.unclosed |= follower.unclosed;
        row.rejoined = true;
    }

    /// What is unusual in a row.
    fn anomalies(&self, row: &Record, kind: Kind, is_first: bool) -> BTreeSet<&'static str> {
        let header = self.header();
        let noted = [
            ("no_header", is_first && !header.has_header),
            ("repeated_header", kind == Kind::Copy),
            ("other_header", kind == Kind::Other),
            // Rule 6.
            ("short_row", row.fields.len() < header.columns.len()),
            ("long_row", row.fields.len() > header.columns.len()),
            ("rejoined_row", row.rejoined),
            ("unclosed_quote", row.unclosed),
            // Rule 9.
            ("invalid_utf8", row.fields.iter().any(|field| std::str::from_utf8(field).is_err())),
        ];
        noted.into_iter().filter(|(_, is)| *is).map(|(anomaly, _)| anomaly).collect()
    }

    /// Rule 5.
    fn push_fault(&mut self, row: Record, anomalies: BTreeSet<&'static str>) {
        let header = self.header();
        let cell = row.cell(Some(header.reason_column));
        let (reason, label) = match known(cell) {
            Some((slug, label)) => (slug, label.to_owned()),
            None => ("other", text(cell).trim().to_owned()),
        };
        let fault = Fault {
            // Set when all is read.
            line: 0,
            reason,
            label,
            email: text(row.cell(header.email_column)),
            bytes: self.reader.input[row.start..row.end].to_vec(),
            fields: row.fields,
            anomalies,
            header: self.headers.len() - 1,
        };
        self.faults.push((row.start, fault));
    }

    /// The report, once everything is read, or what a strict reading says: the row that begins first is named.
    fn finish(mut self, error: Option<(usize, Refusal)>) -> Result<Report, Refusal> {
        let starts = line_starts(self.reader.input);
        let line = |position: usize| starts.partition_point(|start| *start <= position) as u64;
        let order = |slug: &str| ANOMALIES.iter().position(|anomaly| *anomaly == slug);
        self.events.sort_by_key(|&(start, anomaly)| (start, order(anomaly)));
        if let (true, Some(&(start, anomaly))) = (self.reader.options.strict, self.events.first())
            && error.as_ref().is_none_or(|(position, _)| start < *position)
        {
            return Err(Refusal::Anomaly(anomaly, line(start)));
        }
        if let Some((_, refusal)) = error {
            return Err(refusal);
        }
        let mut report = Report { headers: self.headers, separator: self.reader.separator, ..Report::default() };
        for (start, anomaly) in self.events {
            *report.anomalies.entry(anomaly).or_default() += 1;
            report.anomalous_lines.entry(anomaly).or_default().push(line(start));
        }
        report.faults = self.faults.into_iter().map(|(start, fault)| Fault { line: line(start), ..fault }).collect();
        Ok(report)
    }
}

/// Rules 4a and 6: a header that can't be used.
fn refuse_header(header: &Header, options: &Options) -> Result<(), Refusal> {
    if options.sets_a_column_that_lacks(header) {
        return Err(Refusal::NoSuchColumn);
    }
    if header.columns.len() > options.most_columns {
        return Err(Refusal::TooWide);
    }
    Ok(())
}

/// Reads a report.
pub fn read(input: &[u8], options: &Options) -> Result<Report, Refusal> {
    refuse_format(input)?;
    if is_empty(input)? {
        return Ok(Report { separator: options.separator.unwrap_or(b','), ..Report::default() });
    }
    let beginning = find_beginning(input, options).ok_or(Refusal::NotAReport)?;
    let first = &beginning.first;
    let header = options.header(first, !options.is_data(first));
    if is_own_summary(&header) {
        return Err(Refusal::NotAReport);
    }
    if options.sets_a_column_that_lacks(&header) {
        return Err(Refusal::NoSuchColumn);
    }
    let reader = Reader { input, options, separator: beginning.separator, header: None };
    let mut reading = Reading { reader, headers: Vec::new(), faults: Vec::new(), events: Vec::new() };
    // While no columns are known.
    reading.read_front(&beginning);
    reading.take_header(header.clone());
    if !is_report(&reading.reader, &header, first) {
        return Err(Refusal::NotAReport);
    }
    refuse_header(&header, options)?;
    let error = reading.read_rows(first).err();
    let report = reading.finish(error)?;
    if is_error_alone(&report) { Err(Refusal::NotAReport) } else { Ok(report) }
}

impl Report {
    /// Rule 5: how many faults each reason has, where the number of unknown texts, all of them together and each one
    /// are bounded.
    pub fn counts(&self) -> BTreeMap<(&'static str, String), u64> {
        const FURTHER: &str = "(further unknown reasons)";
        let mut counts = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        let mut bytes = 0;
        for fault in &self.faults {
            let mut label = fault.label.as_str();
            if fault.reason == "other" && !label.is_empty() && !unknown.contains(label) {
                if unknown.len() == 16_384 || bytes + label.len() > MIB || label.len() > 64 * KIB {
                    label = FURTHER;
                } else {
                    bytes += label.len();
                    unknown.insert(label);
                }
            }
            *counts.entry((fault.reason, label.to_owned())).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: &str = "Reason,email,x,y\n";

    fn with(change: impl Fn(&mut Options)) -> Options {
        let mut options = Options::default();
        change(&mut options);
        options
    }

    fn name(name: &str) -> Option<Column> {
        Some(Column::Name(name.to_owned()))
    }

    fn position(position: usize) -> Option<Column> {
        Some(Column::Position(position))
    }

    fn reason(column: Option<Column>) -> Options {
        with(|options| options.reason_column = column.clone())
    }

    fn email(column: Option<Column>) -> Options {
        with(|options| options.email_column = column.clone())
    }

    fn report_with(input: impl AsRef<[u8]>, options: &Options) -> Report {
        let input = input.as_ref();
        read(input, options).unwrap_or_else(|refusal| panic!("{refusal:?}: {}", text(input)))
    }

    fn report(input: impl AsRef<[u8]>) -> Report {
        report_with(input, &Options::default())
    }

    fn refusal_with(input: impl AsRef<[u8]>, options: &Options) -> Refusal {
        read(input.as_ref(), options).expect_err("a refusal")
    }

    fn refusal(input: impl AsRef<[u8]>) -> Refusal {
        refusal_with(input, &Options::default())
    }

    fn strict(input: impl AsRef<[u8]>) -> Refusal {
        refusal_with(input, &with(|options| options.strict = true))
    }

    /// `slug lines…; slug lines…`
    fn told(report: &Report) -> String {
        let counts: BTreeMap<_, _> =
            report.anomalous_lines.iter().map(|(slug, lines)| (*slug, lines.len() as u64)).collect();
        assert_eq!(counts, report.anomalies);
        let one = |(slug, lines): (&&str, &Vec<u64>)| {
            format!("{slug} {}", lines.iter().map(u64::to_string).collect::<Vec<_>>().join(" "))
        };
        report.anomalous_lines.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    fn anomalies(input: impl AsRef<[u8]>) -> String {
        told(&report(input))
    }

    fn emails(report: &Report) -> String {
        report.faults.iter().map(|fault| fault.email.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn cells(fault: &Fault) -> Vec<String> {
        fault.fields.iter().map(|cell| text(cell)).collect()
    }

    fn utf16(text: &str, first: usize) -> Vec<u8> {
        let low_and_high = text.bytes().flat_map(|byte| if first == 0 { [byte, 0] } else { [0, byte] });
        low_and_high.collect()
    }

    // Rule 1.

    #[test]
    fn a_bom_is_stripped_once() {
        let report = report("\u{FEFF}Reason,email\nDuplicate,a@b\n");
        assert_eq!((report.headers[0].columns[0].as_str(), report.faults[0].line), ("Reason", 2));
        let twice = self::report("\u{FEFF}\u{FEFF}Reason,email\n");
        assert_eq!(twice.headers[0].columns[0], "\u{FEFF}Reason");
    }

    #[test]
    fn utf16_with_and_without_a_mark() {
        for input in [&b"\xFF\xFE"[..], b"\xFE\xFFx", &utf16(H, 0), &utf16(H, 1), b"a\0b\0", b"\0a\0b", b"a\0b\0c"] {
            assert_eq!(refusal(input), Refusal::Utf16);
        }
        // Half of them is enough, less than half isn't.
        assert_eq!(refusal(b"Re\xC3\0s\0\xE9\x01\n\0\n\x01"), Refusal::Utf16);
        assert_eq!(refusal(b"a\0bxcxdx"), Refusal::NotAReport);
    }

    #[test]
    fn utf16_needs_four_bytes_and_no_nul_among_the_others() {
        assert_eq!(refusal(b"a\0b"), Refusal::NotAReport);
        assert_eq!(refusal(b"\0\0\0\0"), Refusal::NotAReport);
        assert_eq!(refusal(b"a\0b\0\0\0c\0"), Refusal::NotAReport);
    }

    #[test]
    fn only_the_first_64_bytes_are_looked_at_for_utf16() {
        let nuls = [&utf16(&"x".repeat(31), 0)[..], b"y\0", b"\0\0\0"].concat();
        assert_eq!(refusal(nuls), Refusal::Utf16);
        let late = [H.as_bytes(), b"Duplicate,a@b,", &b"-".repeat(64), &utf16("later", 0)].concat();
        assert_eq!(report(late).faults.len(), 1);
    }

    #[test]
    fn other_formats() {
        for (name, beginning) in FORMATS {
            assert_eq!(refusal([beginning, b",Reason,email\n"].concat()), Refusal::Format(name));
        }
        assert_eq!(refusal(b"\x1F\x8B\x08\0"), Refusal::Format("gzip"));
        assert_eq!(report("PK,Reason,email\n").faults.len(), 0);
        assert_eq!(report("BZh0,Reason,email\n").faults.len(), 0);
        // Not behind a mark.
        assert_eq!(report("\u{FEFF}%PDF-,Reason,email\n").faults.len(), 0);
    }

    #[test]
    fn nothing_but_boms_and_white_space_is_an_empty_report() {
        for input in ["", "\u{FEFF}", "\u{FEFF}\u{FEFF}", "\n\u{FEFF} \t\r\n\u{FEFF}\r", " \u{FEFF} "] {
            assert_eq!(report(input), Report { separator: b',', ..Report::default() });
        }
    }

    // Rule 2.

    #[test]
    fn json_and_xml_are_refused() {
        for input in ["{", " \r\n[Reason,email\n", "\u{FEFF}\t<Reason,email\nDuplicate,a@b\n"] {
            assert_eq!(refusal(input), Refusal::NotAReport);
            assert_eq!(refusal_with(input, &reason(position(1))), Refusal::NotAReport);
            assert_eq!(refusal_with(input, &reason(name("z"))), Refusal::NotAReport);
        }
    }

    #[test]
    fn null_and_an_empty_text_are_empty_reports() {
        for input in ["null", " null\r\n", "\u{FEFF}\"\"", "\t\"\"\n"] {
            assert_eq!(report(input).headers, []);
        }
        for input in ["Null", "null null", "\"\"\"\"", "\"\"\n\"\"", "null,", "\"null\""] {
            assert_eq!(refusal(input), Refusal::NotAReport);
        }
    }

    #[test]
    fn an_exact_name_makes_a_report() {
        assert_eq!(report("Reason").faults.len(), 0);
        assert_eq!(report("x,REASON:\n1,2\n").faults[0].label, "2");
        assert_eq!(refusal("Reason for failure,foo\nx,y\n"), Refusal::NotAReport);
        assert_eq!(refusal("We are down, please try again.\n"), Refusal::NotAReport);
    }

    #[test]
    fn a_known_reason_makes_a_report() {
        assert_eq!(report("Why,email\nx,a@b\nDuplicate,c@d\n").faults.len(), 2);
        assert_eq!(refusal("email,name\na@b,Duplicate\n"), Refusal::NotAReport);
        assert_eq!(report("Email,Reason for failure\na@b,Duplicate\n").faults[0].reason, "duplicate");
        // Records of one cell hold none.
        assert_eq!(refusal("Why,email\nDuplicate\n"), Refusal::NotAReport);
        assert_eq!(refusal("Duplicate\nBlocker\n"), Refusal::NotAReport);
        // Without a header the first record is one of them.
        assert_eq!(report("Duplicate,a@b").faults.len(), 1);
        assert_eq!(refusal("x,a@b\ny,c@d\n"), Refusal::NotAReport);
        assert_eq!(report("x,a@b\nDuplicate,c@d\n").faults.len(), 2);
    }

    #[test]
    fn only_a_thousand_records_are_looked_at() {
        let of =
            |others: usize| format!("Why,email\n{}{}Duplicate,c@d\n", "x\n\n,\n".repeat(10), "x,a@b\n".repeat(others));
        assert_eq!(report(of(999)).faults.len(), 1010);
        assert_eq!(refusal(of(1000)), Refusal::NotAReport);
        // Copies count.
        let copies = format!("Why,email\n{}Duplicate,c@d\n", "why,Email\n".repeat(1000));
        assert_eq!(refusal(copies), Refusal::NotAReport);
        // Without a header the first record does too.
        let bare = |others: usize| format!("{}Duplicate,c@d\n", "x,a@b\n".repeat(others));
        assert_eq!(report(bare(999)).faults.len(), 1000);
        assert_eq!(refusal(bare(1000)), Refusal::NotAReport);
    }

    #[test]
    fn only_the_first_mib_is_looked_at() {
        let last = "Duplicate,c@d\n";
        let of = |total: usize, bom: &str, last: &str| {
            let head = format!("{bom}Why,email\n");
            let blank = "\n".repeat(total - head.len() - last.len());
            format!("{head}{blank}{last}")
        };
        assert_eq!(report(of(MIB, "", last)).faults.len(), 1);
        assert_eq!(report(of(MIB, "\u{FEFF}", last)).faults.len(), 1);
        assert_eq!(refusal(of(MIB + 1, "", last)), Refusal::NotAReport);
        assert_eq!(refusal(of(MIB + 1, "", "Duplicate,c@d\r\n")), Refusal::NotAReport);
        assert_eq!(report(of(MIB, "", "Duplicate,c@d")).faults.len(), 1);
    }

    #[test]
    fn the_header_alone() {
        for input in ["Grund,email", "Grund;E-Mail\r\n", "x,Mail\n\n,\nX,mail\n", "x,email,y\n"] {
            assert_eq!(report(input).faults.len(), 0, "{input}");
        }
        for input in ["email", "email,x", "x, email", "x,email \n", "x,y,email", "x,e-mail ad", "x,email\ny\n"] {
            assert_eq!(refusal(input), Refusal::NotAReport, "{input}");
        }
    }

    #[test]
    fn nothing_but_blank_rows_is_no_report() {
        for input in [",,,\n", "\x1A", "\0", "\"\"\n\"\"\n", "sep=,\n", "sep=;\n;;\n"] {
            assert_eq!(refusal(input), Refusal::NotAReport, "{input}");
        }
    }

    #[test]
    fn an_error_that_looks_like_a_header() {
        let words = "Sorry, reason, ERROR_BUSY";
        for input in [words.to_owned(), format!("{words}\n\n,,\n{words}\n"), words.replace(", ", "|")] {
            assert_eq!(refusal(&input), Refusal::NotAReport, "{input}");
        }
        for input in [format!("{words}\nx,Duplicate,y\n"), words.replace("_BUSY", "_"), words.to_lowercase()] {
            report(&input);
        }
    }

    #[test]
    fn what_this_program_writes() {
        let own = "import_id,source,reason,label,remedy,count,share\n,x,duplicate,Duplicate,ignore,1,1\n";
        assert_eq!(refusal(own), Refusal::NotAReport);
        assert_eq!(refusal(own.replace(',', ";")), Refusal::NotAReport);
        assert_eq!(refusal_with(own, &reason(name("z"))), Refusal::NotAReport);
        assert_eq!(refusal_with(own, &reason(position(3))), Refusal::NotAReport);
        let trends = "series,reason,remedy,imports,expired,ended_without_report,faults,contacts,rate\nv2,Blocker,x,1\n";
        assert_eq!(refusal(trends), Refusal::NotAReport);
        assert_eq!(report("reason,label,remedy,count\nduplicate,x,y,1\n").faults.len(), 1);
    }

    // Rule 3.

    #[test]
    fn quotes_and_line_ends() {
        let report = report("Reason,email,x\r\"Duplicate\",\"a@b\",\"1,\"\"2\"\"\r\n3\"\r\nx,y\",\"a\"b\"c\n");
        assert_eq!(cells(&report.faults[0]), ["Duplicate", "a@b", "1,\"2\"\r\n3"]);
        assert_eq!(cells(&report.faults[1]), ["x", "y\"", "ab\"c"]);
        assert_eq!((report.faults[0].line, report.faults[1].line), (2, 4));
        assert_eq!(report.faults[1].bytes, b"x,y\",\"a\"b\"c");
    }

    #[test]
    fn fields_are_not_trimmed_and_blank_lines_are_skipped() {
        let report = report(format!("{H} \t\n Duplicate , a@b ,,\n\n\r\n"));
        assert_eq!(cells(&report.faults[0]), [" Duplicate ", " a@b ", "", ""]);
        assert_eq!((report.faults.len(), told(&report)), (1, String::new()));
    }

    #[test]
    fn blank_rows() {
        let rows = ",,,\n \t, \n\"\"\n\" \"\n\x1A\n\0 \n\0,\x1A\n\"\",\n";
        assert_eq!(anomalies(format!("{H}{rows}")), "blank_row 2 3 4 5 8 9");
        // In front of the header as well.
        assert_eq!(anomalies(format!(",\n\x1A\n{H}")), "blank_row 1");
        // These hold something.
        assert_eq!(report(format!("{H}\u{A0},,,\n\u{FEFF},,,\n\",,,\n")).faults.len(), 3);
    }

    #[test]
    fn a_line_of_tabs_is_skipped() {
        assert_eq!(anomalies("Reason\temail\tx\n\t\t\n\tDuplicate\ta@b\n\0\t\n"), "blank_row 4");
    }

    #[test]
    fn lines_of_boms_are_skipped() {
        let report = report("Reason,email\n\u{FEFF}\r\n\u{FEFF}\u{FEFF} \t\u{FEFF}\nDuplicate,a@b\n\u{FEFF}");
        assert_eq!((report.faults.len(), told(&report)), (1, String::new()));
    }

    // Rule 4a.

    #[test]
    fn exact_and_loose_names() {
        let columns = |header: &str| {
            let report = report(format!("{header}\nDuplicate,Duplicate,Duplicate\n"));
            (report.headers[0].reason_column, report.headers[0].email_column)
        };
        assert_eq!(columns("Id,e-mail-address,Reason"), (2, Some(1)));
        assert_eq!(columns("the reason,Reason,x"), (1, Some(0)));
        assert_eq!(columns("x,reasons,reason 2"), (1, Some(0)));
        assert_eq!(columns("work email,x,reason"), (2, Some(0)));
        assert_eq!(columns("email reason,x,emails"), (0, Some(2)));
        assert_eq!(columns("a,b,c"), (0, Some(1)));
        assert_eq!(columns("email,b,c"), (0, Some(0)));
        assert_eq!(report("Reason\n").headers[0].email_column, None);
    }

    #[test]
    fn columns_set_by_name() {
        let found = report_with("Foo, Grund \nx,y\n", &reason(name("\u{FEFF}grund")));
        assert_eq!((found.headers[0].reason_column, found.headers[0].email_column), (1, Some(0)));
        let found = report_with("Reason,Foo,Bar,email\nx,y,z,w\n", &email(name("bar")));
        assert_eq!(found.headers[0].email_column, Some(2));
        for options in [reason(name("Grunde")), email(name("e-mail"))] {
            assert_eq!(refusal_with("Reason,Grund,email\n", &options), Refusal::NoSuchColumn);
        }
        // It is the only exact name.
        assert_eq!(refusal_with("Reason,email\n", &reason(name("Grund"))), Refusal::NoSuchColumn);
        // There is no header that could have it.
        assert_eq!(refusal_with("Duplicate,a@b\n", &reason(name("column_1"))), Refusal::NoSuchColumn);
        assert_eq!(report_with("", &reason(name("Grund"))).headers, []);
    }

    #[test]
    fn columns_set_by_position() {
        let found = report_with("foo,bar\nx,y\n", &reason(position(2)));
        assert_eq!((found.headers[0].reason_column, found.headers[0].email_column), (1, Some(0)));
        assert_eq!(found.faults[0].label, "y");
        assert_eq!(report_with(format!("{H}x,y,z,w"), &email(position(4))).faults[0].email, "w");
        for options in [reason(position(3)), email(position(3)), reason(position(0))] {
            assert_eq!(refusal_with("Reason,email\nDuplicate,a@b", &options), Refusal::NoSuchColumn);
        }
        // Without a header too.
        let bare = report_with("x,a@b,Duplicate\n", &reason(position(3)));
        assert_eq!((bare.faults[0].reason, told(&bare)), ("duplicate", "no_header 1".to_owned()));
        assert_eq!(report_with("x,a@b\n", &reason(position(1))).faults.len(), 1);
        // The email's doesn't make a report.
        assert_eq!(refusal_with("foo,bar\nx,y\n", &email(position(2))), Refusal::NotAReport);
    }

    // Rule 4b.

    #[test]
    fn separators() {
        for separator in SEPARATORS {
            let input = "Reason,email,x\nDuplicate,a@b,1\n".replace(',', &char::from(separator).to_string());
            let report = report(&input);
            assert_eq!((report.separator, emails(&report)), (separator, "a@b".to_owned()));
        }
    }

    #[test]
    fn the_reasons_name_chooses_before_the_emails() {
        assert_eq!(report("email,x|Reason|y\n").separator, b'|');
        assert_eq!(report("email;x,Reason,y\n").separator, b',');
        assert_eq!(report("x,email;email,y\nDuplicate,a\n").separator, b',');
        assert_eq!(report("x;email;z\nDuplicate;a;b\n").separator, b';');
        // One field is not enough for the email's.
        assert_eq!(refusal("ema;il"), Refusal::NotAReport);
        assert_eq!(report("Reason").separator, b',');
        // Nor are reasons or addresses.
        assert_eq!(refusal("Duplicate;a@b"), Refusal::NotAReport);
    }

    #[test]
    fn a_separator_that_is_set() {
        let set = with(|options| options.separator = Some(b';'));
        assert_eq!(refusal_with("Reason,email\nDuplicate,a@b\n", &set), Refusal::NotAReport);
        let report = report_with("Reason;email,x\nDuplicate;a@b,y\n", &set);
        assert_eq!((report.headers[0].columns.len(), report.separator), (2, b';'));
        assert_eq!(report_with("", &set).separator, b';');
    }

    #[test]
    fn a_line_that_sets_the_separator() {
        for line in ["sep=;", "SEP=;", "\"sep=;\"", "\n \t\nSep=;", "\u{FEFF}sep=;", "\u{FEFF}\n\u{FEFF}\nsep=;"] {
            let report = report(format!("{line}\r\nReason,x;email\nDuplicate;a@b\n"));
            assert_eq!((report.separator, emails(&report)), (b';', "a@b".to_owned()), "{line}");
            assert_eq!(report.anomalies["preamble"], 1);
        }
        assert_eq!(told(&report("sep=\t\nReason\temail\n")), "preamble 1");
        // The header by it has no name, so that the first record is no header by comma either.
        assert_eq!(refusal("sep=;\nReason,email\nDuplicate,a@b\n"), Refusal::NotAReport);
    }

    #[test]
    fn lines_that_set_no_separator() {
        for line in ["sep=:", " sep=;", "sep=; ", "sep=", "\"sep=;", "sep =;", "separator=;"] {
            let report = report(format!("{line}\nReason;x;email\n"));
            assert_eq!((report.separator, told(&report)), (b';', "preamble 1".to_owned()), "{line}");
        }
    }

    #[test]
    fn an_option_makes_the_line_an_ordinary_one() {
        let set = with(|options| options.separator = Some(b','));
        let report = report_with("sep=;\nReason,email\nDuplicate,a@b\n", &set);
        assert_eq!(
            (report.separator, told(&report), emails(&report)),
            (b',', "preamble 1".to_owned(), "a@b".to_owned())
        );
    }

    #[test]
    fn behind_the_line_that_sets_it() {
        // Blank rows are lines of the preamble there.
        assert_eq!(anomalies("sep=;\n;;\n\n \u{FEFF}\nReason;email\n"), "preamble 1 2");
        // A title may follow.
        assert_eq!(anomalies("sep=;\nTitle, one\nReason;email\n"), "preamble 1 2");
        // And data without a header.
        assert_eq!(anomalies("sep=;\nDuplicate;a@b\n"), "no_header 2; preamble 1");
        // It is an ordinary line in the middle.
        assert_eq!(report(format!("{H}sep=;\n")).faults.len(), 1);
    }

    // Rule 4c.

    #[test]
    fn a_preamble() {
        let report =
            report("Faults, of Spring\r\n\r\n\"a\r\n\rb\n\"\n,,\n\u{FEFF} \nReason;email;x\nDuplicate;a@b;c\n");
        assert_eq!((report.separator, emails(&report)), (b';', "a@b".to_owned()));
        assert_eq!(told(&report), "preamble 1 3 5 6 7");
        assert_eq!(report.faults[0].line, 10);
    }

    #[test]
    fn a_preamble_needs_both_names_behind_it() {
        assert_eq!(anomalies("Title\nReason,x\nDuplicate,a@b\n"), "long_row 2 3");
        assert_eq!(report("Title,x\nReason,x\nDuplicate,a@b\n").faults.len(), 2);
        // A first record with an exact name is the header.
        assert_eq!(anomalies("Reason\nReason,email\n"), "other_header 2");
        assert_eq!(report("x,email\nDuplicate,a@b\nReason,email\n").headers.len(), 2);
    }

    #[test]
    fn no_fault_may_stand_in_front_of_it() {
        assert_eq!(anomalies("Duplicate,x\nReason,email\n"), "no_header 1; other_header 2");
        // By the winner's separator, and by another.
        assert_eq!(refusal("Title\nx,a@b\nReason,email\n"), Refusal::NotAReport);
        assert_eq!(refusal("Title\nDuplicate;x\nReason,email\n"), Refusal::NotAReport);
        assert_eq!(refusal("Title\nx\ta@b\nReason,email\n"), Refusal::NotAReport);
        assert_eq!(report("Title\na@b,c@d\nReason,email\n").faults.len(), 0);
        // With the separator set only that counts.
        let set = with(|options| options.separator = Some(b','));
        assert_eq!(told(&report_with("Title\nDuplicate;x\nReason,email\n", &set)), "preamble 1 2");
    }

    #[test]
    fn sixteen_records_are_looked_at() {
        let of = |titles: usize| format!("{}\n,\nReason,email\n", "Title\n".repeat(titles));
        assert_eq!(report(of(15)).anomalies["preamble"], 16);
        assert_eq!(refusal(of(16)), Refusal::NotAReport);
        // Those of the winner's separator: the title is one record by commas, two by pipes.
        let quoted = format!("{}|\"a\nb\"\nReason|email\n", "Title\n".repeat(14));
        assert_eq!(report(quoted).separator, b'|');
    }

    #[test]
    fn the_first_64_kib_are_looked_at() {
        let of = |total: usize, end: &str| {
            let header = format!("Reason,email{end}");
            format!("{}\n{header}", "T".repeat(total - header.len() - 1))
        };
        assert_eq!(anomalies(of(64 * KIB, "\r\n")), "preamble 1");
        assert_eq!(anomalies(of(64 * KIB, "")), "preamble 1");
        assert_eq!(refusal(of(64 * KIB + 1, "\r\n")), Refusal::NotAReport);
        assert_eq!(refusal(format!("\u{FEFF}{}", of(64 * KIB, "\n"))), Refusal::NotAReport);
    }

    #[test]
    fn the_first_record_and_the_first_separator_win() {
        assert_eq!(report("T\nx|Reason;email|Reason|email\n").separator, b'|');
        assert_eq!(report("T\nReason;email;x,Reason,email\n").separator, b',');
        assert_eq!(report("T\nReason;email\nReason,email\n").separator, b';');
    }

    #[test]
    fn a_preamble_in_front_of_a_set_name() {
        let found = report_with("T\nReason,email\nGrund,email\nx,a@b\n", &reason(name("Grund")));
        assert_eq!((told(&found), found.faults[0].label.as_str()), ("preamble 1 2".to_owned(), "x"));
    }

    // Rule 4d.

    #[test]
    fn no_header() {
        let found = report("Duplicate,a@b,x\nz\n");
        let header = &found.headers[0];
        assert_eq!((header.has_header, header.columns.join(" ")), (false, "column_1 column_2 column_3".to_owned()));
        assert_eq!((header.reason_column, header.email_column), (0, Some(1)));
        assert_eq!(told(&found), "no_header 1; short_row 2");
        assert_eq!(report_with("Duplicate\n", &reason(position(1))).headers[0].email_column, None);
        // Cells are no loose names.
        assert_eq!(report("x,a@b,no reason\nDuplicate,,\n").headers[0].reason_column, 0);
        // The first holds an `@`, or there is an exact name.
        assert_eq!(refusal("a@b,c@d\n"), Refusal::NotAReport);
        assert!(report("Duplicate,Reason\n").headers[0].has_header);
    }

    // Rule 4e.

    #[test]
    fn copies_of_the_header() {
        let copies =
            "reason,EMAIL , X,\u{A0}y\n\u{FEFF}\u{FEFF}\"Reason\",email,x,y\nReason,email,x,\" \u{FEFF} y \"\n";
        let found = report(format!("{H}{copies}Duplicate,a@b,,\n"));
        assert_eq!((told(&found), found.faults.len(), found.headers.len()), ("repeated_header 2 3 4".to_owned(), 1, 1));
        assert_eq!(report(format!("{H}Reason,email,x,y,\n")).headers.len(), 2);
        // Without names to speak of, too.
        assert_eq!(anomalies("Why,email,\nwhy,Email,\u{FEFF}\nDuplicate,a@b,\n"), "repeated_header 2");
        assert_eq!(anomalies("\u{FEFF}\u{FEFF}Reason,email\nReason,email\n"), "repeated_header 2");
    }

    #[test]
    fn a_copy_extends_over_the_record_behind_its_boms() {
        let found = report("\"Re\nason\",email\n\u{FEFF}\"Re\nason\",email\nDuplicate,a@b\n");
        assert_eq!((told(&found), found.faults[0].line), ("repeated_header 3".to_owned(), 5));
    }

    #[test]
    fn other_headers() {
        let found = report(format!("{H}Duplicate,a@b,1,2\nId,Email,Reason\n7,c@d,Blocked\nid,email,reason\nx\n"));
        assert_eq!(told(&found), "other_header 3; repeated_header 5; short_row 6");
        assert_eq!((found.headers[1].reason_column, found.headers[1].first_fault), (2, 1));
        assert_eq!(found.faults.iter().map(|fault| fault.header).collect::<Vec<_>>(), [0, 1, 1]);
        assert_eq!(found.faults[1].reason, "blocker");
        assert_eq!(found.faults[2].email, "");
    }

    #[test]
    fn what_is_no_other_header() {
        for row in ["Reason,email,a@b", "Reason,x", "x,email", "Reason", "Duplicate,Reason,email"] {
            let found = report(format!("{H}{row}\n"));
            assert_eq!((found.headers.len(), found.faults.len()), (1, 1), "{row}");
        }
    }

    #[test]
    fn other_headers_where_there_is_none() {
        let found = report("Duplicate,a@b\nemail,reason\nc@d,Blocker\n");
        assert_eq!((told(&found), emails(&found)), ("no_header 1; other_header 2".to_owned(), "a@b c@d".to_owned()));
    }

    #[test]
    fn a_copy_of_the_first_header_under_another_is_an_other_header() {
        let found = report(format!("{H}Reason,email\n{H}"));
        assert_eq!((told(&found), found.headers.len()), ("other_header 2 3".to_owned(), 3));
    }

    #[test]
    fn other_headers_have_the_columns_that_are_set() {
        let found = report_with(format!("{H}x,Reason,email\ny,z,a@b\n"), &reason(position(1)));
        assert_eq!((found.headers[1].reason_column, found.faults[0].label.as_str()), (0, "y"));
        assert_eq!(refusal_with(format!("{H}Reason,email\n"), &reason(position(4))), Refusal::NoSuchColumn);
        assert_eq!(refusal_with(format!("{H}Reason,email\n"), &email(position(3))), Refusal::NoSuchColumn);
        // Another name than the one that is set is none.
        assert_eq!(report_with("Grund,email\nReason,email,x\n", &reason(name("grund"))).headers.len(), 1);
        assert_eq!(report_with("Grund,email\nGrund,email,x\n", &reason(name("grund"))).headers.len(), 2);
    }

    // Rule 5.

    #[test]
    fn reasons_are_folded() {
        for (slug, label, others) in &REASONS {
            for name in [&[*label, *slug], *others].concat() {
                let found = report(format!("{H}{name},a@b,,\n"));
                assert_eq!((found.faults[0].reason, found.faults[0].label.as_str()), (*slug, *label));
            }
        }
        for name in ["HARD-bounced", "Hard\u{200B} Bounced\0", "h\u{FFFD}ard bounced!"] {
            assert_eq!(report(format!("{H}{name},a@b,,\n")).faults[0].reason, "hard_bounced");
        }
        assert_eq!(report(format!("{H}\u{FF26}ailed,a@b,,\n")).faults[0].reason, "other");
    }

    #[test]
    fn unknown_reasons() {
        let found = report(format!("{H}\u{A0} Odd  one\u{3000},a@b,,\n,a@b,,\n"));
        assert_eq!((found.faults[0].label.as_str(), found.faults[1].label.as_str()), ("Odd  one", ""));
        assert_eq!(report("x,Reason\n1\n").faults[0].label, "");
    }

    #[test]
    fn unknown_reasons_are_bounded_in_counts() {
        const FURTHER: (&str, &str) = ("other", "(further unknown reasons)");
        let further = |input: String| report(input).counts().get(&(FURTHER.0, FURTHER.1.to_owned())).copied();
        let many = |number: usize| (0..number).map(|n| format!("x{n},a\n")).collect::<String>();
        assert_eq!(further(format!("Reason,email\n{}x0,a\n", many(16_384))), None);
        assert_eq!(further(format!("Reason,email\n{}x0,a\n,a\n", many(16_386))), Some(2));
        assert_eq!(further(format!("Reason,email\n{},a\n", "x".repeat(64 * KIB))), None);
        assert_eq!(further(format!("Reason,email\n{},a\n", "x".repeat(64 * KIB + 1))), Some(1));
        let long = |number: u8| {
            (0..number)
                .map(|n| format!("{},a\n", char::from(b'a' + n).to_string().repeat(64 * KIB)))
                .collect::<String>()
        };
        assert_eq!(further(format!("Reason,email\n{}", long(16))), None);
        assert_eq!(further(format!("Reason,email\n{}z,a\n", long(16))), Some(1));
    }

    // Rule 6.

    #[test]
    fn short_and_long_rows() {
        let found = report(format!("{H}Duplicate,a@b\nBlocker,c@d,1,2,3\n"));
        assert_eq!(told(&found), "long_row 3; short_row 2");
        assert_eq!(found.faults[1].fields.len(), 5);
    }

    #[test]
    fn headers_that_are_too_wide() {
        let narrow = with(|options| options.most_columns = 3);
        assert_eq!(refusal_with(H, &narrow), Refusal::TooWide);
        assert_eq!(refusal_with("Duplicate,a@b,,\n", &narrow), Refusal::TooWide);
        assert_eq!(report_with("Reason,email,x\n,,,,,1\n", &narrow).faults.len(), 1);
        assert_eq!(refusal_with(format!("Reason,email,x\n{H}"), &narrow), Refusal::TooWide);
        // Rule 2 goes first, and an anomaly doesn't, unless it stands in front of another header.
        assert_eq!(refusal_with("a,b,c,d\n", &narrow), Refusal::NotAReport);
        let strict = with(|options| (options.most_columns, options.strict) = (3, true));
        assert_eq!(refusal_with(format!(",\n{H}"), &strict), Refusal::TooWide);
        assert_eq!(refusal_with(format!("Reason,email,x\n{H}"), &strict), Refusal::TooWide);
        assert_eq!(refusal_with(format!("Reason,email,x\n,\n{H}"), &strict), Refusal::Anomaly("blank_row", 2));
        let usual = |columns: usize| format!("Reason{}\n", ",".repeat(columns - 1));
        assert_eq!(report(usual(16_384)).faults.len(), 0);
        assert_eq!(refusal(usual(16_385)), Refusal::TooWide);
    }

    // Rule 7.

    #[test]
    fn torn_rows_are_joined() {
        let found = report(format!("{H}Duplicate,a@b,one\r\n\n \ntwo\nthree,four\nBlocker,c@d,,\n"));
        assert_eq!(cells(&found.faults[0]), ["Duplicate", "a@b", "one\r\n\n \ntwo\nthree", "four"]);
        assert_eq!((told(&found), found.faults[1].line), ("rejoined_row 2".to_owned(), 7));
        // Still short.
        let found = report(format!("{H}Duplicate,a@b\nx\n"));
        assert_eq!(told(&found), "rejoined_row 2; short_row 2");
        assert_eq!(found.faults[0].bytes, b"Duplicate,a@b\nx");
    }

    #[test]
    fn rows_that_are_not_torn() {
        for follower in ["Blocker", "x,a@b", "1,2,3,4", "Reason,email,x,y", "x,Reason,email"] {
            let found = report(format!("{H}Duplicate,a@b,1\n{follower}\n"));
            assert_eq!(cells(&found.faults[0]), ["Duplicate", "a@b", "1"], "{follower}");
        }
        for head in ["x,email,Reason\n1,2\nz\n", "Reason,email\nDuplicate\nz\n", "Reason,email,x\nDuplicate\nz\n"] {
            assert_eq!(report(head).faults.len(), 2, "{head}");
        }
        // The one with a BOM in front of what is no copy.
        assert_eq!(report(format!("{H}Duplicate,a@b\n\u{FEFF}x\n")).faults.len(), 1);
    }

    #[test]
    fn a_row_torn_behind_another_header_has_its_width() {
        let found = report(format!("{H}Reason,email,x\nDuplicate,a@b\n1\n2,3\n"));
        assert_eq!((told(&found), found.faults.len()), ("other_header 2; rejoined_row 3".to_owned(), 1));
    }

    #[test]
    fn blank_rows_inside_a_torn_row() {
        let found = report(format!("{H}Duplicate,a@b\n,,\n\x1A\nx,y\n"));
        assert_eq!(cells(&found.faults[0])[1], "a@b\n,,\n\x1A\nx");
        assert_eq!(
            (told(&found), found.faults[0].anomalies.len()),
            ("blank_row 3; rejoined_row 2; short_row 2".to_owned(), 2)
        );
        assert_eq!(anomalies(format!("{H}Duplicate,a@b\n,,\nBlocker,c@d,,\n")), "blank_row 3; short_row 2");
    }

    #[test]
    fn what_stands_between_is_bounded() {
        let of = |between: usize| format!("{H}Duplicate,a@b\r\n{}x,y\n", "\n".repeat(between - 2));
        assert_eq!(report(of(64 * KIB)).faults.len(), 1);
        assert_eq!(report(of(64 * KIB + 1)).faults.len(), 2);
    }

    // Rule 8.

    #[test]
    fn unclosed_at_the_end() {
        let found = report(format!("{H}\"Duplicate,a@b,1,2\nBlocker,c@d,,\n"));
        assert_eq!(cells(&found.faults[0]), ["\"Duplicate", "a@b", "1", "2"]);
        assert_eq!((told(&found), found.faults.len()), ("unclosed_quote 2".to_owned(), 2));
    }

    #[test]
    fn fields_that_are_too_large() {
        let small = with(|options| options.largest_field = 12);
        let of = |field: &str| told(&report_with(format!("{H}Duplicate,\"{field}\",,\n"), &small));
        assert_eq!(of(&"x".repeat(12)), "");
        assert_eq!(of(&"\"\"".repeat(12)), "");
        assert_eq!(of(&format!("{}\"y", "x".repeat(12))), "");
        assert_eq!(of(&"x".repeat(13)), "unclosed_quote 2");
        let usual = |bytes: usize| anomalies(format!("{H}Duplicate,\"{}\",,\n", "x".repeat(bytes)));
        assert_eq!((usual(MIB).as_str(), usual(MIB + 1).as_str()), ("", "unclosed_quote 2"));
    }

    #[test]
    fn text_behind_the_closing_quote_of_several_lines() {
        assert_eq!(anomalies(format!("{H}Duplicate,a@b,\"1\n2\"3,4\n")), "rejoined_row 2; unclosed_quote 2");
        assert_eq!(anomalies(format!("{H}Duplicate,a@b,\"1\"3,4\n")), "");
    }

    #[test]
    fn a_line_inside_quotes_that_looks_like_a_fault() {
        let found = report(format!("{H}Duplicate,a@b,\"1,\nBlocker,c@d,2,\"\n"));
        assert_eq!((found.faults.len(), told(&found).as_str()), (2, "unclosed_quote 2 3"));
        // The first line isn't behind a line break.
        assert_eq!(report(format!("{H}Duplicate,\"Blocker,c@d\nx\",,\n")).faults.len(), 1);
    }

    #[test]
    fn the_reasons_own_column_and_the_separator_in_use() {
        let of = |header: &str, line: &str| report(format!("{header}\n\"a\n{line}\"\n")).faults.len();
        assert_eq!(of("Id,Email,x,Reason", "1,c@d,x,Blocked"), 2);
        assert_eq!(of("Id,Email,x,Reason", "Blocked,c@d,x,1"), 1);
        assert_eq!(of("Reason;Email", "Blocked;c@d"), 2);
        assert_eq!(of("Reason;Email", "Blocked,c@d"), 1);
        // Where there is no email's column, the reason is enough.
        assert_eq!(of("Reason", "Blocked"), 2);
        assert_eq!(of("Reason,x", "Blocked"), 1);
    }

    #[test]
    fn before_the_columns_are_known_they_are_the_first_two() {
        assert_eq!(report("Id,Email,Reason,\"x\n1,c@d,Blocked\"\n").headers[0].columns.len(), 4);
        assert_eq!(report("Reason,\"x\nBlocked,c@d\"\n").headers[0].columns[1], "\"x");
        // Nor are they known for a first record that is data.
        let bare = report_with("Duplicate,a@b,\"x\n1,c@d,Blocked\"\n", &reason(position(3)));
        assert_eq!(bare.faults.len(), 1);
    }

    #[test]
    fn the_line_check_uses_the_other_header() {
        let found = report(format!("{H}Email,Reason\n\"a\nc@d,Blocked\"\n\"a\nBlocked,c@d\",\n"));
        assert_eq!((told(&found), found.faults.len()), ("other_header 2; short_row 3; unclosed_quote 3".to_owned(), 3));
    }

    #[test]
    fn unclosed_quotes_of_headers() {
        assert_eq!(anomalies("\"Reason,email\n\"Reason,email\n"), "repeated_header 2; unclosed_quote 1 2");
        assert_eq!(anomalies(format!("{H}\"Reason,email,z\n")), "other_header 2; unclosed_quote 2");
    }

    // Rule 9.

    #[test]
    fn invalid_utf8() {
        let found = report([H.as_bytes(), b"Duplicate,a@b,\xE2\x82,\xFF\xFE\n"].concat());
        assert_eq!(
            (told(&found), cells(&found.faults[0]).join("|")),
            ("invalid_utf8 2".to_owned(), "Duplicate|a@b|\u{FFFD}|\u{FFFD}\u{FFFD}".to_owned())
        );
        assert_eq!(anomalies(b"Reason,email,\xFF\nReason,email,\xFE\n"), "invalid_utf8 1 2; repeated_header 2");
        assert_eq!(anomalies(b"Reason,email\nReason,email,\xFE\n"), "invalid_utf8 2; other_header 2");
        assert_eq!(report(format!("{H}Dup\0licate,a@b,\0,\n")).faults[0].fields[2], b"\0");
    }

    // The paragraphs behind the rules.

    #[test]
    fn a_strict_reading_names_the_first_row() {
        assert_eq!(strict(format!("T\n\n{H}")), Refusal::Anomaly("preamble", 1));
        assert_eq!(strict(format!("\n,\n{H}x\n")), Refusal::Anomaly("blank_row", 2));
        assert_eq!(strict("Duplicate,\"a@b\n"), Refusal::Anomaly("no_header", 1));
        assert_eq!(strict(format!("{H}\nReason,email\n")), Refusal::Anomaly("other_header", 3));
        assert_eq!(strict("\"Reason,email\nReason,email\n"), Refusal::Anomaly("unclosed_quote", 1));
        // The short row begins before the blank one that stands inside it.
        assert_eq!(strict(format!("{H}Duplicate,a@b\n,,\nx,y\n")), Refusal::Anomaly("short_row", 2));
        assert_eq!(strict(format!("{H}Duplicate,a@b\n,,\nx,y,z\n")), Refusal::Anomaly("rejoined_row", 2));
        assert_eq!(strict(format!("{H}{H}")), Refusal::Anomaly("repeated_header", 2));
        assert_eq!(strict(format!("{H}Reason,email,\"x\n")), Refusal::Anomaly("unclosed_quote", 2));
        // Rules 1 and 2 go first.
        assert_eq!(strict("x,a@b\n"), Refusal::NotAReport);
        assert_eq!(strict("T\nReason\n"), Refusal::NotAReport);
        let fine =
            read(format!("\u{FEFF}{H}\nDuplicate,a@b,,\n\x1A").as_bytes(), &with(|options| options.strict = true));
        assert_eq!(fine.map(|report| report.faults.len()), Ok(1));
    }

    #[test]
    fn lines_are_physical() {
        let found = report("\rReason,email,x\r\n\"Dupli\rca\nte\",\"a\r\n@b\",\n\rBlocker,c@d,\r");
        assert_eq!((found.faults[0].line, found.faults[1].line, found.faults.len()), (3, 8, 2));
    }
}
