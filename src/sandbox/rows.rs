//! The rows of a report as v3 tells them: identifiers and a code, and nothing of the other columns.

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::failure::Failure;
use super::rejection::{Rejection, rejection};
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
        FailureRows { reader, record: ByteRecord::new(), match_identifier, columns: None }
    }

    /// The next row; false at the end. Reading from memory has no other error.
    fn advance(&mut self) -> bool {
        self.reader.read_byte_record(&mut self.record).unwrap_or(false)
    }

    fn field(&self, at: usize) -> String {
        String::from_utf8_lossy(self.record.get(at).unwrap_or_default()).into_owned()
    }

    /// Reads the header.
    fn find_columns(&mut self) -> FailureColumns {
        self.advance();
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

    /// The failure of the row at hand.
    fn failure(&self, reason_at: usize, columns: &FailureColumns) -> Option<Failure> {
        let reason = self.field(reason_at);
        let reason = reason.trim();
        let Rejection { code, description, .. } = rejection(reason)?;
        let mut failure = if reason.is_empty() { Failure::without_codes() } else { Failure::new(code, description) };
        for (name, at) in &columns.identifiers {
            let value = self.field(*at);
            if !value.is_empty() {
                failure = failure.identifier(name.as_str(), value);
            }
        }
        Some(failure.matched_by(self.match_identifier.as_str()))
    }
}

impl Iterator for FailureRows {
    type Item = Failure;

    fn next(&mut self) -> Option<Failure> {
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => self.find_columns(),
        };
        let mut failure = None;
        while let (None, Some(reason_at)) = (&failure, columns.reason)
            && self.advance()
        {
            let is_blank = self.record.iter().all(|field| field.trim_ascii().is_empty());
            failure = if is_blank { None } else { self.failure(reason_at, &columns) };
        }
        self.columns = Some(columns);
        failure
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
