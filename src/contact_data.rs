//! Text of others that may hold contact data, and so isn't repeated: the one place that tells, for every output.
//!
//! An address shows itself by its `@`. A report that comes where none is expected may be in base64, as it is over SOAP: then
//! neither an `@` nor a line break is to be seen of it, and yet everybody can read it.

/// How else an `@` is written, in small letters.
const AT_SIGNS: [&str; 5] = ["%40", "&#64;", "&#x40;", "&commat;", r"\u0040"];

/// So many characters of base64 in a row, so many of them different, may be anything.
const LONG: usize = 64;
const DIFFERENT: u32 = 16;
/// So many bytes in a row that can be read are text, whatever it is; so many with a line break are, where they are of the
/// characters that contacts are of. No word of a service is base64 of as much, by chance.
const TEXT: usize = 16;
const LINES: usize = 8;
/// So many capitals and figures in a row, without a small letter, are a code.
const CODE: usize = 4;
/// The two signs of base64 that are no letters and digits, and those of its form for URLs.
const SIGNS: [[u8; 2]; 2] = [*b"+/", *b"-_"];

const BLANKS: [&str; 3] = [" ", "\t", r"\t"];
const LINE_BREAKS: [&str; 10] = ["\r", "\n", r"\r", r"\n", "&#13;", "&#10;", "&#xd;", "&#xa;", "&#xD;", "&#xA;"];

/// May a text hold a contact's address, as it is or in base64?
pub(crate) fn may_be_in(text: &str) -> bool {
    has_at_sign(text) || may_be_encoded_in(text, text.len())
}

/// The same of its first so many characters; what is in base64 may go on behind them.
pub(crate) fn may_be_in_first(characters: usize, text: &str) -> bool {
    let shown = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    has_at_sign(text.get(..shown).unwrap_or(text)) || may_be_encoded_in(text, shown)
}

/// Does a text hold an `@`, however it is written?
pub(crate) fn has_at_sign(text: &str) -> bool {
    let is_written = |small: String| AT_SIGNS.iter().any(|sign| small.contains(sign));
    text.contains('@') || text.contains(['%', '&', '\\']) && is_written(text.to_ascii_lowercase())
}

/// May a text hold contacts in base64 that begins in the first so many bytes? It may where there is much of it, or where
/// it stands for much text, or for an address or a line break in a little.
pub(crate) fn may_be_encoded_in(text: &str, shown: usize) -> bool {
    SIGNS.into_iter().any(|signs| Runs { text, at: 0, shown, signs }.any(|run| run.is_long() || run.is_text()))
}

/// The runs of characters of base64. White space parts none, as little as it does for who decodes it.
struct Runs<'t> {
    text: &'t str,
    at: usize,
    shown: usize,
    signs: [u8; 2],
}

#[derive(Default)]
struct Run {
    /// What each character stands for.
    digits: Vec<u8>,
    /// How many there are in the last word, which line breaks don't end, and in the longest.
    word: usize,
    longest: usize,
    has_small_letters: bool,
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let mut run = Run::default();
        while let Some(&byte) = self.text.as_bytes().get(self.at).filter(|_| self.at < self.shown || run.longest > 0) {
            if let Some(digit) = digit(byte, self.signs) {
                run.push(digit, byte.is_ascii_lowercase());
                self.at += 1;
                continue;
            }
            match space(self.text.get(self.at..).unwrap_or_default()) {
                Some((len, has_line_break)) => {
                    if !has_line_break {
                        run.end_word();
                    }
                    self.at += len;
                }
                None => {
                    self.at += 1;
                    if run.longest > 0 {
                        break;
                    }
                }
            }
        }
        run.end_word();
        Some(run).filter(|run| run.longest > 0)
    }
}

impl Run {
    fn push(&mut self, digit: u8, is_small_letter: bool) {
        self.digits.push(digit);
        self.word += 1;
        self.longest = self.longest.max(self.word);
        self.has_small_letters |= is_small_letter;
    }

    /// Ends a word. One of capitals alone, as codes are, is no text in base64, and left out.
    fn end_word(&mut self) {
        if !self.has_small_letters && self.word >= CODE {
            self.digits.truncate(self.digits.len() - self.word);
        }
        (self.word, self.has_small_letters) = (0, false);
    }

    /// Is there much of it, and not the same few letters again and again?
    fn is_long(&self) -> bool {
        let different = self.digits.iter().fold(0_u64, |seen, digit| seen | 1 << digit);
        self.longest >= LONG && different.count_ones() >= DIFFERENT
    }

    /// Does it stand for much text, or for an address or a line break in a little, wherever in the run that begins?
    fn is_text(&self) -> bool {
        let is_shown = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        let is_long = |text: &[u8]| text.len() >= TEXT;
        let has_lines = |text: &[u8]| text.len() >= LINES && text.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        (0..4).any(|skipped| {
            let bytes = decoded(self.digits.get(skipped..).unwrap_or_default());
            bytes.split(|byte| !is_shown(byte)).any(is_long)
                || bytes.split(|&byte| !is_of_contacts(byte)).any(has_lines)
                || bytes.windows(5).any(is_address)
        })
    }
}

/// Is it of what a line about a contact is mostly made of?
fn is_of_contacts(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" ,;|.\"'@_+-:/()\t\r\n".contains(&byte)
}

/// Are these an `@` with one character of an address before it, and three behind it?
fn is_address(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    match bytes {
        [before, b'@', behind @ ..] => {
            (is_part(before) || !before.is_ascii() || b"_+%'\"".contains(before)) && behind.iter().all(is_part)
        }
        _ => false,
    }
}

/// What a character of base64 stands for, six bits.
fn digit(byte: u8, signs: [u8; 2]) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        _ => (62..).zip(signs).find_map(|(digit, sign)| (sign == byte).then_some(digit)),
    }
}

/// The whole bytes that so many times six bits hold.
fn decoded(digits: &[u8]) -> Vec<u8> {
    let (mut bits, mut held) = (0_u16, 0);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for &digit in digits {
        (bits, held) = (bits << 6 | u16::from(digit), held + 6);
        if held >= 8 {
            held -= 8;
            let [_, byte] = (bits >> held).to_be_bytes();
            bytes.push(byte);
        }
    }
    bytes
}

/// How long the white space is that a text begins with, however it is written, and whether there is a line break in it.
fn space(text: &str) -> Option<(usize, bool)> {
    let (mut rest, mut has_line_break) = (text, false);
    loop {
        let behind = |signs: &[&str]| signs.iter().find_map(|sign| rest.strip_prefix(sign));
        if let Some(behind) = behind(&LINE_BREAKS) {
            (rest, has_line_break) = (behind, true);
        } else if let Some(behind) = behind(&BLANKS) {
            rest = behind;
        } else {
            let len = text.len() - rest.len();
            return (len > 0).then_some((len, has_line_break));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ann@x.com,Ann` and a report, in base64 of all kinds.
    #[test]
    fn contacts_in_base64() {
        const LINE: &str = "YW5uQHguY29tLEFubg==";
        const REPORT: &str = "UmVhc29uLGVtYWlsDQpCb3VuY2VkLGFubkB4LmNvbQ0K";
        for base64 in
            [LINE, "YW5uQHguY29tLEFubg", REPORT, "a2Fyw6luQHguY29tPz4-", "a2Fyw6luQHguY29tPz4/", "w6tAYi5mcgp4"]
        {
            let by = |length: usize, sign: &str| {
                base64.as_bytes().chunks(length).map(String::from_utf8_lossy).collect::<Vec<_>>().join(sign)
            };
            for text in [
                base64.to_owned(),
                format!("<r>{base64}</r>"),
                format!("\u{feff}{base64}"),
                format!("It is: {base64}!"),
                format!("data:text/csv;base64,{base64}"),
                format!("report={base64}&x=1"),
                format!("/imports/{base64}"),
                format!("a{base64}"),
                format!("ab{base64}"),
                format!("abc{base64}"),
                by(7, "\r\n"),
                by(5, "\n   "),
                by(3, " "),
                by(4, r"\r\n"),
                by(9, "&#13;&#10;"),
                by(9, "&#xD;\n"),
            ] {
                assert!(may_be_in(&text), "{text}");
                assert!(!has_at_sign(&text), "{text}");
            }
        }
        // Cut anywhere behind the `@` and a little more.
        assert!((12..LINE.len()).all(|len| may_be_in(&LINE[..len])));
        // Much of anything, and as much in short lines; but not of a few letters.
        let noise: String = (0..16_u8).map(|letter| format!("__{}_", char::from(b'f' + letter))).collect();
        assert!(may_be_in(&noise) && may_be_in(&noise.replace("m_", "m_\n")));
        assert!(!may_be_in(&noise[..63]) && !may_be_in(&noise.replace("m_", "m_ ")));
        assert!(["x", "no", "xyz0", "____f_"].iter().all(|few| !may_be_in(&few.repeat(100))));
        // Much text.
        let text = "S2FyaW5hIFBsYWluIEthcmlu";
        assert!(may_be_in(text) && may_be_in(&text.replace("a", "a ")) && !may_be_in(&text[..20]));
    }

    #[test]
    fn addresses() {
        for text in [
            "jo@example.com",
            "jo%40example.com",
            "jo&#64;example",
            "jo&#X40;example",
            r"jo\u0040example",
            "a&Commat;b",
        ] {
            assert!(may_be_in(text) && has_at_sign(text), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE",
            "ERROR_CANNOT_PERFORM_OPERATION_ON_ACCOUNT",
            "consentRecordsNotApplied, alreadyInProgram; contacts:importNotFound contacts:tooManyActiveImports",
            "GetContactImportReportFaultsResult GetProgramEnrolmentsByStatus NotAvailableInThisVersion",
            "Bad thing ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE",
            "We are down, sorry\nCode ERROR_SYSTEM_SERVICETEMPORARILYUNAVAILABLE or ERROR_INVALID_LOGIN\n",
            "http://schemas.xmlsoap.org/soap/envelope/ http://www.w3.org/2003/05/soap-envelope",
            "No HTTP resource was found that matches the request URI \
                '/v2/contacts/import/842d81e8-c619-457f-bb77-ab6c4a17da39/report-faults'.",
            "842D81E8-C619-457F-BB77-AB6C4A17DA39 0123456789abcdef0123456789ABCDEF",
            "<GetContactImportReportFaultsResponse xmlns=\"http://apiconnector.com/v2\">",
            "Sorry, we are down for maintenance.\nIt will take until noon\nor longer\r\nPlease wait 50 % longer & \\ come back",
            "UNSUBSCRIBED CONTACTS ARE NOT IMPORTED AGAIN, REBATE, LICENSE-2.0, BY_FREQUENCY, FAILUREREASON, NOTEBOOKS",
            // Base64 of a word.
            "UmVhc29u",
        ] {
            assert!(!may_be_in(text), "{text}");
        }
    }

    /// What begins behind the part that is shown isn't looked at; what begins in it is, to its end.
    #[test]
    fn what_is_shown() {
        let text = "<r>UmVhc29uLGVtYWlsDQpCb3VuY2Vk</r>";
        assert!(!may_be_encoded_in(text, 3) && may_be_encoded_in(text, 4));
    }

    proptest::proptest! {
        /// Whatever text an address is in, and whatever base64 it is in the middle of.
        #[test]
        fn any_address(before in r"[ -~\r\n]{0,20}", name in r"[a-z]{6,9}", behind in r"[ -~\r\n]{0,20}", cut in 0..4_usize) {
            const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let plain = format!("{before}{name}@example.com{behind}");
            let mut base64 = String::new();
            for three in plain.as_bytes().chunks(3) {
                let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
                let letters = (0..=three.len()).map(|place| LETTERS[(bits >> (18 - 6 * place) & 63) as usize]);
                base64.extend(letters.map(char::from));
            }
            proptest::prop_assert!(may_be_in(&base64[cut..]), "{}", base64);
            proptest::prop_assert!(may_be_in(&base64[cut..].replace('+', "-").replace('/', "_")), "{}", base64);
        }
    }
}
