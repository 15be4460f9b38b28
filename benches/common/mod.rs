//! The inputs of the benchmarks, the same on every machine.

// Each benchmark uses some of them.
#![allow(dead_code)]

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// The reason first, a tenth of the rows with quotes, line breaks inside some of them.
    Common,
    /// The same with the reason in the last column.
    ReasonLast,
    /// The same without any quotes.
    Unquoted,
}

/// Reasons and how many of 1000 rows have each: as the documentation spells them.
pub const REASONS: [(&str, u32); 12] = [
    ("Unsubscribed", 310),
    ("Hard bounced", 240),
    ("Duplicate", 160),
    ("Invalid Email", 110),
    ("Suppressed by Domain", 60),
    ("Soft bounced", 40),
    ("Globally Suppressed", 30),
    ("Suppressed by you", 20),
    ("Mail blocked", 12),
    ("Pending optin", 8),
    ("Complained to ISP", 6),
    ("Blocker", 4),
];

const FIRST_NAMES: [&str; 16] = [
    "Karina", "Demo", "Bonnie", "Zoë", "Joan", "Anna", "Peter", "Susan", "Mary", "John", "Aoife", "Clara", "Lucas",
    "Ivan", "花子", "Priya",
];
const LAST_NAMES: [&str; 16] = [
    "Plain", "Ibrahim", "Müller", "O'Neill", "García", "Smith", "Jones", "Nowak", "Jensen", "Brown", "Walker",
    "Taylor", "Silva", "Wright", "Kaur", "Evans",
];
const STREETS: [&str; 8] = [
    "High Street",
    "Station Road",
    "Church Lane",
    "Victoria Road",
    "Green Lane",
    "Park Avenue",
    "Mill Lane",
    "The Crescent",
];
const CITIES: [&str; 8] = ["London", "Leeds", "Bristol", "Krakow", "Cork", "Malmö", "Lyon", "Porto"];

/// SplitMix64: the same numbers everywhere, from a fixed seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len() as u64) as usize]
    }

    fn reason(&mut self) -> &'static str {
        let mut number = self.below(1000) as u32;
        for (reason, share) in REASONS {
            if number < share {
                return reason;
            }
            number -= share;
        }
        unreachable!()
    }
}

/// A report of at least so many bytes: a byte order mark, CRLF, eight columns, rows of about 95 bytes.
pub fn report(look: Look, size: usize) -> Vec<u8> {
    let mut numbers = Numbers(20_261_123);
    let mut report = Vec::with_capacity(size + 512);
    let columns = "email,firstname,lastname,gender,street,city,postcode";
    let header = match look {
        Look::ReasonLast => format!("\u{feff}{columns},Reason\r\n"),
        _ => format!("\u{feff}Reason,{columns}\r\n"),
    };
    report.extend_from_slice(header.as_bytes());
    while report.len() < size {
        let reason = numbers.reason();
        let (first, last) = (numbers.of(&FIRST_NAMES), numbers.of(&LAST_NAMES));
        let number = numbers.below(1_000_000);
        let user = first.chars().find(char::is_ascii_alphabetic).unwrap_or('x').to_ascii_lowercase();
        let house = 1 + numbers.below(250);
        let street = numbers.of(&STREETS);
        let street = match numbers.below(100) {
            _ if look == Look::Unquoted => format!("{house} {street}"),
            0..7 => format!("\"{house} {street}, Flat {}\"", numbers.below(40)),
            7..9 => format!("\"{house} {street}\r\nFlat {}\"", numbers.below(40)),
            9 => format!("\"The \"\"Old\"\" House, {street}\""),
            _ => format!("{house} {street}"),
        };
        let city = numbers.of(&CITIES);
        let gender = numbers.of(&["Female", "Male", ""]);
        let postcode = 10_000 + numbers.below(90_000);
        let rest = format!("{user}.user{number}@example.com,{first},{last},{gender},{street},{city},{postcode}");
        let row = match look {
            Look::ReasonLast => format!("{rest},{reason}\r\n"),
            _ => format!("{reason},{rest}\r\n"),
        };
        report.extend_from_slice(row.as_bytes());
    }
    report
}

/// The answer of the service that holds a report.
pub fn envelope(report: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let mut envelope = concat!(
        r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>"#,
        r#"<GetContactImportReportFaultsResponse xmlns="http://apiconnector.com/v2"><GetContactImportReportFaultsResult>"#
    )
    .to_owned();
    base64::engine::general_purpose::STANDARD.encode_string(report, &mut envelope);
    envelope
        .push_str("</GetContactImportReportFaultsResult></GetContactImportReportFaultsResponse></s:Body></s:Envelope>");
    envelope.into_bytes()
}
