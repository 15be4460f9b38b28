//! The emails of a report that can be read once only.

use std::io::{self, BufRead, BufReader, Read, Write};

use dotdigital_faults::{Error, Fault};

use super::kept::Kept;

/// The emails of a report that can be read once only, kept until it is known which of them are wanted. Nothing else of the
/// report is kept.
#[derive(Default)]
pub struct KeptEmails(Kept);

impl KeptEmails {
    /// Keeps the email of a fault: its length, then its text, which may hold anything.
    pub fn keep(&mut self, fault: &Fault<'_>) -> Result<(), Error> {
        let email = fault.email();
        let length = (email.len() as u64).to_le_bytes();
        let kept = self.0.write_all(&length).and_then(|()| self.0.write_all(email.as_bytes()));
        Ok(kept.map_err(not_kept)?)
    }

    /// Hands them on, in the order in which they were kept.
    pub fn each(self, mut take: impl FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        let mut kept = BufReader::with_capacity(64 * 1024, self.0.read()?);
        let (mut length, mut email) = ([0; 8], String::new());
        while !kept.fill_buf()?.is_empty() {
            kept.read_exact(&mut length)?;
            email.clear();
            kept.by_ref().take(u64::from_le_bytes(length)).read_to_string(&mut email)?;
            take(&email)?;
        }
        Ok(())
    }
}

/// Says which file it is that can't be written: not that of the output.
fn not_kept(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let what = format!(
        "the emails can't be kept in a temporary file: {error}; make room in {folder:?}, or name another folder (TMPDIR)"
    );
    io::Error::new(error.kind(), what)
}

#[cfg(test)]
mod tests {
    use dotdigital_faults::FaultReader;

    use super::*;

    #[test]
    fn what_was_kept_is_handed_on() {
        let large = "x".repeat(3 << 20);
        let emails = ["a@example.com", "", "two\nlines,\"q\" \0", "zo\u{eb}@example.com", &large, "last@example.com"];
        let rows = emails.map(|email| format!("Blocker,\"{}\",\n", email.replace('"', "\"\"")));
        let report = format!("Reason,email,x\n{}", rows.concat());
        let options = dotdigital_faults::ReadOptions::new().largest_field(4 << 20);
        let mut kept = KeptEmails::default();
        let mut reader = FaultReader::with_options(report.as_bytes(), &options);
        while let Some(fault) = reader.read_fault().unwrap() {
            kept.keep(&fault).unwrap();
        }
        let mut handed_on = Vec::new();
        kept.each(|email| {
            handed_on.push(email.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(handed_on, emails);
    }
}
