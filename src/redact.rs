//! Contact data, replaced by something that can be counted but not read.

use std::fmt;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, ErrorKind, Result};
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::report::fault::{Fault, folded_email};

/// Replaces contact data by keyed hashes, so that people can be counted and told apart by those who must not know
/// them.
///
/// The same value and the same key always give the same hash, in every report. Without the key nobody can tell
/// whose hash it is, nor try addresses until one fits; so keep it secret, and make it of random bytes
/// (`openssl rand -hex 32`). With another key all hashes are others.
///
/// A hash is `h` and the first 32 hexadecimal digits of the HMAC-SHA-256 of a text: `email:` and the email,
/// without the white space around it and lower-cased, so that a person counts once however the address was typed;
/// or `cell:` and the bytes of any other cell. Each language has what it takes to compute it again. The `h` keeps
/// spreadsheets from taking a hash for a number.
///
/// What it doesn't hide: that a cell is empty, which stays empty, and that two cells are equal. Where a column has
/// few values, such as a country, how often each occurs may tell which it is: leave such a column out, rather.
///
/// ```
/// use dotdigital_faults::{FaultReport, Redactor};
///
/// let redactor = Redactor::new("a secret of your own")?;
/// assert_eq!(redactor.email("Demo@Example.com "), redactor.email("demo@example.com"));
/// assert_ne!(redactor.email("demo@example.com"), redactor.email("demo@example.org"));
///
/// // In a grouping, so that what is counted holds nobody's data.
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,a@example.com\nBlocker,A@example.com\n")?;
/// let groups = report.group_by_key(|fault| redactor.email(&fault.email()));
/// assert_eq!(groups.len(), 1);
///
/// let redactor = redactor.keep_domains(true);
/// assert!(redactor.email("demo@example.com").ends_with("@example.com"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// [`WriteOptions::redact`](crate::export::WriteOptions::redact) does it to whole faults. `Debug` shows no key.
#[derive(Clone)]
#[must_use = "it replaces nothing by itself"]
pub struct Redactor {
    mac: Hmac<Sha256>,
    keeps_domains: bool,
    /// The columns whose cells stay, by their names as columns are looked for.
    kept: Vec<String>,
}

impl Redactor {
    /// A redactor with a key of any length.
    ///
    /// # Errors
    /// [`EmptyKey`](crate::ErrorKind::EmptyKey).
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self> {
        let key = key.as_ref();
        match Hmac::new_from_slice(key) {
            Ok(mac) if !key.is_empty() => Ok(Redactor { mac, keeps_domains: false, kept: Vec::new() }),
            _ => {
                Err(Error::new(ErrorKind::EmptyKey, "the key to redact with is empty")
                    .advise("make one of random bytes"))
            }
        }
    }

    /// Whether an email keeps its domain behind the hash, lower-cased; no, unless set.
    ///
    /// Only what looks like a domain is kept: letters, digits and hyphens, with dots between them, and a last part
    /// that isn't a number. A domain that only one person has tells who it is.
    pub fn keep_domains(mut self, keep: bool) -> Self {
        self.keeps_domains = keep;
        self
    }

    /// Keeps the cells of a column as they are, such as those of a country; of none, unless asked for.
    ///
    /// The column is found as [`Columns::position`](crate::Columns::position) finds it; a report without it has nothing to
    /// keep. The reason's column isn't kept: what stands there and is no known reason may be anything. So may, in a damaged
    /// row, what stands in any other: keep no more than is needed.
    pub fn keep_column(mut self, name: impl Into<String>) -> Self {
        self.kept.push(name.into());
        self
    }

    /// An email's hash, the same for each way of typing it; empty where there is none.
    pub fn email(&self, email: &str) -> String {
        let email = folded_email(email);
        if email.is_empty() {
            return email;
        }
        let mut hash = self.hash("email:", email.as_bytes());
        if self.keeps_domains
            && let Some(domain) = domain(&email)
        {
            hash.push('@');
            hash.push_str(domain);
        }
        hash
    }

    /// The hash of any other cell, byte for byte; empty where the cell is.
    pub fn cell(&self, cell: impl AsRef<[u8]>) -> String {
        let cell = cell.as_ref();
        if cell.is_empty() { String::new() } else { self.hash("cell:", cell) }
    }

    /// The reason itself where it is known, else one whose text is a hash: in a damaged report, contact data may
    /// stand where the reason belongs. Different ones stay different, and [what stands for further
    /// ones](ReasonCounts::FURTHER_UNKNOWN) stays as it is.
    pub fn reason(&self, reason: &FailureReason) -> FailureReason {
        match reason {
            FailureReason::Other(unknown) if unknown.as_str() != ReasonCounts::FURTHER_UNKNOWN => {
                FailureReason::unknown(self.cell(unknown.as_str()))
            }
            known => known.clone(),
        }
    }

    /// What tells keys apart without telling the key: the first 8 hexadecimal digits of the HMAC-SHA-256 of
    /// `dotdigital-faults key id`.
    ///
    /// ```
    /// use dotdigital_faults::Redactor;
    ///
    /// assert_eq!(Redactor::new("key")?.key_id(), "13b3335d");
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn key_id(&self) -> String {
        let mut id = self.digest("", b"dotdigital-faults key id");
        id.truncate(8);
        id
    }

    /// What stands in for a cell of a fault, by its column; `None` for a known reason and for a column that is kept, which
    /// stay.
    pub(crate) fn field(&self, fault: &Fault<'_>, column: usize, cell: &[u8]) -> Option<String> {
        let columns = fault.columns();
        if column == columns.reason() {
            return match self.reason(fault.reason()) {
                FailureReason::Other(hash) => Some(hash.as_str().to_owned()),
                _ => None,
            };
        }
        if self.kept.iter().any(|name| columns.position(name) == Some(column)) {
            return None;
        }
        Some(if columns.email() == Some(column) { self.email(&String::from_utf8_lossy(cell)) } else { self.cell(cell) })
    }

    #[cfg(feature = "domains")]
    pub(crate) fn keeps_domains(&self) -> bool {
        self.keeps_domains
    }

    fn hash(&self, kind: &str, value: &[u8]) -> String {
        format!("h{}", self.digest(kind, value))
    }

    /// 32 hexadecimal digits.
    fn digest(&self, kind: &str, value: &[u8]) -> String {
        let mut mac = self.mac.clone();
        mac.update(kind.as_bytes());
        mac.update(value);
        let mut hash = String::with_capacity(32);
        for byte in mac.finalize().into_bytes().iter().take(16) {
            let _ = write!(hash, "{byte:02x}");
        }
        hash
    }
}

impl ReasonCounts {
    /// The same counts with hashes in place of the reasons that aren't known, as [`Redactor::reason`] gives them: in
    /// a damaged report, contact data may stand where the reason belongs.
    pub fn redacted(&self, redactor: &Redactor) -> ReasonCounts {
        self.with_reasons(|reason| redactor.reason(reason))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("keeps_domains", &self.keeps_domains).finish_non_exhaustive()
    }
}

/// What stands behind the last `@`, if it looks like a domain: a bad address may hold anything there.
fn domain(email: &str) -> Option<&str> {
    let (_, domain) = email.rsplit_once('@')?;
    let (_, last) = domain.rsplit_once('.')?;
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    };
    (domain.split('.').all(is_label) && !last.chars().all(char::is_numeric)).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_documented_ones() {
        // As OpenSSL computes them: printf 'email:demo@example.com' | openssl dgst -sha256 -hmac key
        let redactor = Redactor::new("key").unwrap();
        assert_eq!(redactor.email(" Demo@Example.COM\t"), "h5561473287aa9f03cf960e3f8954ffc5");
        assert_eq!(redactor.cell("Demo"), "h4c950ac97543911025c1b0ca8216fe5e");
        assert_eq!(redactor.email(" "), "");
        assert_eq!(redactor.cell(""), "");
    }

    #[test]
    fn only_domains_are_kept() {
        for (email, kept) in [
            ("a@example.com", Some("example.com")),
            ("a@@example.co.uk", Some("example.co.uk")),
            ("a@xn--mgbh0fb.example", Some("xn--mgbh0fb.example")),
            ("a@bücher.example", Some("bücher.example")),
            ("a@example", None),
            ("a@example.com 0612345678", None),
            ("a@0612.345678", None),
            ("a@.com", None),
            ("a@example.", None),
            ("a@", None),
            ("example.com", None),
        ] {
            assert_eq!(domain(email), kept, "{email}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let redactor = Redactor::new("opensesame").unwrap();
        assert_eq!(format!("{redactor:?}"), "Redactor { keeps_domains: false, .. }");
        assert_eq!(
            Redactor::new("").unwrap_err().to_string(),
            "the key to redact with is empty; make one of random bytes"
        );
    }
}
