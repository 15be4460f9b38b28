//! The reading rules once more, as plainly as they can be written: the whole input at hand, everything read again
//! where that is simpler, no thought of speed. It shares no code with the library.

use std::collections::{BTreeMap, BTreeSet};

/// What a report holds.
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    pub has_header: bool,
    pub columns: Vec<String>,
    pub reason_column: usize,
    pub email_column: Option<usize>,
    pub faults: Vec<Fault>,
    /// How many rows have each anomaly.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// The lines on which those rows start.
    pub anomalous_lines: BTreeMap<&'static str, Vec<u64>>,
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
}

/// Why there is no report.
#[derive(Debug, PartialEq)]
pub enum Refusal {
    NotAReport,
    Utf16,
    /// The kind and the line of the first anomaly of a strict reading.
    Anomaly(&'static str, u64),
}

/// Every anomaly; a strict reading names the first of these that a row has.
const ANOMALIES: [&str; 7] =
    ["no_header", "repeated_header", "short_row", "long_row", "rejoined_row", "unclosed_quote", "invalid_utf8"];

/// The reasons: slug, documented label, every other name.
pub const REASONS: [(&str, &str, &[&str]); 13] = [
    ("globally_suppressed", "Globally Suppressed", &["GloballySuppressed"]),
    ("invalid_email", "Invalid Email", &["InvalidEmail", "Invalid Entries", "Invalid addresses", "InvalidEntries"]),
    ("duplicate", "Duplicate", &["Duplicates", "Duplicate Emails", "DuplicateEmails", "duplicateIdentifier"]),
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
];

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Letters and digits only, lower-cased.
fn fold(cell: &[u8]) -> String {
    text(cell).chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}

/// The slug and the label of a reason that is known.
fn known(cell: &[u8]) -> Option<(&'static str, &'static str)> {
    let key = fold(cell);
    let is = |name: &str| fold(name.as_bytes()) == key;
    let found = REASONS.iter().find(|(_, label, others)| is(label) || others.iter().any(|other| is(other)));
    found.map(|&(slug, label, _)| (slug, label))
}

/// Rule 4: is it a name of the email's column?
fn names_email(name: &[u8]) -> bool {
    ["email", "emailaddress", "mail"].contains(&fold(name).as_str())
}

fn names_reason(name: &[u8]) -> bool {
    fold(name) == "reason"
}

fn has_at(cell: &[u8]) -> bool {
    cell.contains(&b'@')
}

/// One record, or several that were joined.
struct Record {
    start: usize,
    /// Where its line end begins.
    end: usize,
    fields: Vec<Vec<u8>>,
    unclosed: bool,
    rejoined: bool,
}

/// The report without its BOM.
struct Body<'b> {
    bytes: &'b [u8],
    largest_field: usize,
}

impl Body<'_> {
    /// The length of the line end that begins here: CRLF, LF or CR.
    fn line_end(&self, at: usize) -> usize {
        line_end(&self.bytes[at..])
    }

    /// The line on which a position lies, counted from 1.
    fn line(&self, position: usize) -> u64 {
        lines(&self.bytes[..position]).len() as u64
    }

    /// Rule 3: does the line that begins here hold nothing, or only spaces and tabs?
    fn is_blank(&self, at: usize) -> bool {
        first_line(&self.bytes[at..]).iter().all(|byte| b" \t".contains(byte))
    }

    /// Where the first record from here on starts, lines without any left out.
    fn start_of_record(&self, line: usize) -> Option<usize> {
        let mut at = line;
        while at < self.bytes.len() {
            if !self.is_blank(at) {
                return Some(at);
            }
            at += first_line(&self.bytes[at..]).len();
            at += self.line_end(at);
        }
        None
    }

    /// Where the first record behind this one starts.
    fn start_behind(&self, record: &Record) -> Option<usize> {
        self.start_of_record(record.end + self.line_end(record.end))
    }

    /// Rule 3: the record that starts here.
    fn record(&self, start: usize) -> Record {
        let mut record = Record { start, end: start, fields: Vec::new(), unclosed: false, rejoined: false };
        loop {
            let quoted = self.bytes[record.end..].starts_with(b"\"");
            let closed = if quoted { self.quoted_field(record.end) } else { None };
            record.unclosed |= quoted && closed.is_none();
            let (field, end) = closed.unwrap_or_else(|| self.literal(record.end));
            record.fields.push(field);
            record.end = end;
            if !self.bytes[end..].starts_with(b",") {
                return record;
            }
            record.end += 1;
        }
    }

    /// What stands up to the next comma or line end, and where that is.
    fn literal(&self, start: usize) -> (Vec<u8>, usize) {
        let rest = &self.bytes[start..];
        let length = rest.iter().position(|byte| b",\r\n".contains(byte)).unwrap_or(rest.len());
        (rest[..length].to_vec(), start + length)
    }

    /// The field that begins with a quote, and where it ends; `None` if rule 8 calls it unclosed.
    fn quoted_field(&self, quote: usize) -> Option<(Vec<u8>, usize)> {
        let mut quoted = Vec::new();
        let mut at = quote + 1;
        loop {
            match self.bytes[at..] {
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
        }
        let (behind, end) = self.literal(at + 1);
        let lines = lines(&quoted);
        let holds_a_fault = lines[1..].iter().any(|line| {
            let cells: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
            cells.len() > 1 && known(cells[0]).is_some() && has_at(cells[1])
        });
        let unclosed = quoted.len() > self.largest_field || lines.len() > 1 && !behind.is_empty() || holds_a_fault;
        (!unclosed).then(|| ([quoted, behind].concat(), end))
    }
}

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

/// Reads a report.
pub fn read(input: &[u8], strict: bool, largest_field: usize) -> Result<Report, Refusal> {
    // Rule 1.
    if input.starts_with(b"\xFF\xFE") || input.starts_with(b"\xFE\xFF") {
        return Err(Refusal::Utf16);
    }
    let body = Body { bytes: input.strip_prefix(BOM).unwrap_or(input), largest_field };

    // Rule 2.
    let white = |byte: &u8| b" \t\r\n".contains(byte);
    let trimmed: Vec<u8> = body.bytes.iter().copied().skip_while(white).collect();
    if let [b'{' | b'[' | b'<', ..] = trimmed[..] {
        return Err(Refusal::NotAReport);
    }
    let length = trimmed.iter().rposition(|byte| !white(byte)).map_or(0, |last| last + 1);
    if [&b""[..], b"null", b"\"\""].contains(&&trimmed[..length]) {
        return Ok(Report::default());
    }

    // Rule 4: the first record.
    let first = body.record(body.start_of_record(0).expect("something other than white space"));
    let width = first.fields.len();
    let named = first.fields.iter().any(|name| names_reason(name) || names_email(name));
    let is_data = !named && (known(&first.fields[0]).is_some() || width >= 2 && has_at(&first.fields[1]));
    let may_be_text = !is_data && !named && width == 1;
    let reason_column = first.fields.iter().position(|name| names_reason(name)).unwrap_or(0);
    let named_email = first.fields.iter().position(|name| names_email(name));
    let email_column = named_email.or((0..width).find(|&column| column != reason_column));
    let mut report = Report {
        has_header: !is_data,
        columns: match is_data {
            true => (1..=width).map(|number| format!("column_{number}")).collect(),
            false => first.fields.iter().map(|name| text(name)).collect(),
        },
        reason_column,
        email_column,
        ..Report::default()
    };
    let header = (!is_data).then(|| first.fields.clone());

    // A record behind the first, and whether it repeats the header.
    let later = |start: usize| {
        let record = body.record(start);
        let Some(header) = &header else { return (record, false) };
        if body.bytes[start..].starts_with(BOM) && !body.is_blank(start + BOM.len()) {
            let bare = body.record(start + BOM.len());
            if bare.fields == *header {
                return (Record { start, ..bare }, true);
            }
        }
        let repeats = record.fields == *header;
        (record, repeats)
    };

    let mut next = Some((first, false));
    let mut is_first = true;
    while let Some((mut row, repeats)) = next {
        // Rule 7.
        let may_rejoin = reason_column == 0 && width >= 3 && !repeats;
        while may_rejoin && row.fields.len() >= 2 && row.fields.len() < width {
            let Some(start) = body.start_behind(&row) else { break };
            let (follower, follower_repeats) = later(start);
            let email = email_column.and_then(|column| follower.fields.get(column));
            if follower_repeats
                || known(&follower.fields[0]).is_some()
                || email.is_some_and(|email| has_at(email))
                || row.fields.len() + follower.fields.len() - 1 > width
            {
                break;
            }
            let last = row.fields.last_mut().expect("two fields or more");
            last.extend_from_slice(&body.bytes[row.end..start]);
            last.extend_from_slice(&follower.fields[0]);
            row.fields.extend_from_slice(&follower.fields[1..]);
            row.end = follower.end;
            row.unclosed |= follower.unclosed;
            row.rejoined = true;
        }

        let is_header = is_first && header.is_some();
        let mut anomalies = BTreeSet::new();
        let mut note = |anomaly, noted: bool| {
            if noted {
                anomalies.insert(anomaly);
            }
        };
        note("no_header", is_first && is_data);
        note("repeated_header", repeats);
        note("short_row", row.fields.len() < width);
        note("long_row", row.fields.len() > width);
        note("rejoined_row", row.rejoined);
        note("unclosed_quote", row.unclosed);
        note("invalid_utf8", row.fields.iter().any(|field| std::str::from_utf8(field).is_err()));

        let line = body.line(row.start);
        for anomaly in ANOMALIES.into_iter().filter(|anomaly| anomalies.contains(anomaly)) {
            if strict {
                return Err(Refusal::Anomaly(anomaly, line));
            }
            *report.anomalies.entry(anomaly).or_default() += 1;
            report.anomalous_lines.entry(anomaly).or_default().push(line);
        }
        next = body.start_behind(&row).map(later);
        is_first = false;
        if !is_header && !repeats {
            // Rule 5.
            let cell = row.fields.get(reason_column).map_or(&b""[..], |cell| cell);
            let email = email_column.and_then(|column| row.fields.get(column));
            let (reason, label) = match known(cell) {
                Some((slug, label)) => (slug, label.to_owned()),
                None => ("other", text(cell).trim().to_owned()),
            };
            report.faults.push(Fault {
                line,
                reason,
                label,
                email: email.map_or_else(String::new, |email| text(email)),
                bytes: body.bytes[row.start..row.end].to_vec(),
                fields: row.fields,
                anomalies,
            });
        }
    }
    // Rule 2: the header stands alone, repeated or not. A strict reading has stopped before if that was unusual.
    if may_be_text && report.faults.is_empty() {
        return Err(Refusal::NotAReport);
    }
    Ok(report)
}
