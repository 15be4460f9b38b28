//! The rows of a report as v3 tells them: identifiers and a code, and nothing of the other columns.

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::failure::Failure;
use super::rejection::{Figure, Rejection, rejection};
use super::report::{Report, ReportReader};

/// Hands out the failures of a report, one at a time: however large it is, one row is held.
///
/// Rows whose reason v3 doesn't reject are passed over, and so are empty ones. A report without a column `Reason` has no
/// failures.
pub(super) struct FailureRows {
    reader: Reader<ReportReader>,
    record: ByteRecord,
    match_identifier: String,
    /// `None` until the header was read.
    columns: Option<FailureColumns>,
    /// What v3 makes of the reason of the row before, which most rows share.
    last: (Vec<u8>, Option<Rejection>),
}

/// Where things stand.
struct FailureColumns {
    reason: Option<usize>,
    /// The identifiers, by the names that v3 has for them.
    identifiers: Vec<(String, usize)>,
}

impl FailureRows {
    pub(super) fn new(report: Report, match_identifier: String) -> FailureRows {
        // The header is taken as a row, so that a report of any bytes is no error.
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(report.reader());
        let last = (Vec::new(), rejection(""));
        FailureRows { reader, record: ByteRecord::new(), match_identifier, columns: None, last }
    }

    /// The figure that counts the next failure; `None` at the end.
    pub(super) fn next_figure(&mut self) -> Option<Option<Figure>> {
        self.find_next()?;
        Some(self.last.1.as_ref().and_then(|rejection| rejection.figure))
    }

    /// Goes to the next row that is a failure; `None` at the end.
    fn find_next(&mut self) -> Option<()> {
        if self.columns.is_none() {
            self.advance();
            self.columns = Some(self.find_columns());
        }
        let reason_at = self.columns.as_ref()?.reason?;
        while self.advance() {
            let is_blank = self.record.iter().all(|field| field.trim_ascii().is_empty());
            if !is_blank && self.is_rejected(reason_at) {
                return Some(());
            }
        }
        None
    }

    /// The next row; false at the end. Reading from memory has no other error.
    fn advance(&mut self) -> bool {
        self.reader.read_byte_record(&mut self.record).unwrap_or(false)
    }

    fn is_rejected(&mut self, reason_at: usize) -> bool {
        let reason = self.record.get(reason_at).unwrap_or_default().trim_ascii();
        if reason != self.last.0 {
            self.last = (reason.to_owned(), rejection(&String::from_utf8_lossy(reason)));
        }
        self.last.1.is_some()
    }

    /// Where things stand by the header, which is the row at hand.
    fn find_columns(&self) -> FailureColumns {
        let find = |name: &str| {
            self.record.iter().position(|column| column.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
        };
        let mut identifiers = Vec::new();
        for name in ["email", "mobileNumber", &self.match_identifier] {
            let is_new = identifiers.iter().all(|(other, _): &(String, usize)| !other.eq_ignore_ascii_case(name));
            if let Some(at) = find(name).filter(|_| is_new) {
                identifiers.push((name.to_owned(), at));
            }
        }
        FailureColumns { reason: find("Reason"), identifiers }
    }
}

impl Iterator for FailureRows {
    type Item = Failure;

    fn next(&mut self) -> Option<Failure> {
        self.find_next()?;
        let rejection = self.last.1.as_ref()?;
        let mut failure = match rejection.code.as_ref() {
            "" => Failure::without_codes(),
            code => Failure::new(code, rejection.description.as_ref()),
        };
        for (name, at) in &self.columns.as_ref()?.identifiers {
            let value = String::from_utf8_lossy(self.record.get(*at).unwrap_or_default());
            if !value.is_empty() {
                failure = failure.identifier(name.as_str(), value);
            }
        }
        Some(failure.matched_by(self.match_identifier.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(report: &str, match_identifier: &str) -> Vec<String> {
        let report = Report::new(report.into());
        FailureRows::new(report, match_identifier.into()).map(|failure| failure.json()).collect()
    }

    #[test]
    fn identifiers_and_codes() {
        let report = "\u{feff}Email,REASON,mobilenumber,loyaltyNo,city\r\n\
                      a@example.com,Moon phase,,L1,\"x,\"\"\ny\"\r\n,,,,\r\nb@example.com,Hard bounced\r\n,,441632960011\r\n";
        let cause = r#"[{"failureCode":"MoonPhase","description":"Moon phase"}]"#;
        assert_eq!(
            failures(report, "email"),
            [
                format!(
                    r#"{{"matchIdentifier":"email","identifiers":{{"email":"a@example.com"}},"failures":{cause}}}"#
                ),
                r#"{"matchIdentifier":"email","identifiers":{"mobileNumber":"441632960011"},"failures":[]}"#.into(),
            ]
        );
        let identifiers = r#"{"email":"a@example.com","loyaltyNo":"L1"}"#;
        assert_eq!(
            failures(report, "loyaltyNo")[0],
            format!(r#"{{"matchIdentifier":"loyaltyNo","identifiers":{identifiers},"failures":{cause}}}"#)
        );
    }

    #[test]
    fn what_has_no_failures() {
        for report in [
            "",
            "\n\n",
            "<html>\n<p>,\n",
            "Reason,email\n",
            "email,why\na@example.com,Duplicate\nReason\nx\n",
            "\"",
            "\0",
        ] {
            assert_eq!(failures(report, "email"), [""; 0], "{report:?}");
            // Not even to those who go on asking.
            let mut rows = FailureRows::new(Report::new(report.into()), "email".into());
            assert!((0..9).all(|_| rows.next().is_none()), "{report:?}");
        }
    }
}
