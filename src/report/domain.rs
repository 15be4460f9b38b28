//! The domain of an address.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::fault::Fault;

/// A domain has 253 letters in ASCII at most; what is much longer in any script is none, and isn't looked at.
const LONGEST: usize = 1024;

impl Fault<'_> {
    /// The domain of the email, in ASCII and lower-case: what stands after its last `@`. `None` where the cell is
    /// no address: without an `@`, with nothing in front of it, or with no domain behind it.
    ///
    /// An international domain is told in ASCII, whichever way it was written: `bücher.example` and
    /// `xn--bcher-kva.example` are the same; [`domain_in_unicode`] shows it to people. Nothing is looked up: that a
    /// domain is well-formed doesn't mean that it exists. Needs the feature `domains`.
    ///
    /// ```
    /// use dotdigital_faults::FaultReport;
    ///
    /// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@Bücher.example\nInvalid Email,invisible\n")?;
    /// let domains: Vec<_> = report.faults().map(|fault| fault.domain()).collect();
    /// assert_eq!(domains, [Some("xn--bcher-kva.example".to_owned()), None]);
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    pub fn domain(&self) -> Option<String> {
        domain(&self.email()).map(Cow::into_owned)
    }
}

/// A domain as people write it: the Unicode form of one in ASCII, or the same text where it has none. Needs the
/// feature `domains`.
///
/// ```
/// use dotdigital_faults::domain_in_unicode;
///
/// assert_eq!(domain_in_unicode("xn--bcher-kva.example"), "bücher.example");
/// assert_eq!(domain_in_unicode("example.com"), "example.com");
/// ```
pub fn domain_in_unicode(domain: &str) -> Cow<'_, str> {
    let (text, valid) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    // What isn't valid is shown as it stands: a mixture could look like another domain.
    if valid.is_ok() { text } else { Cow::Borrowed(domain) }
}

/// The domain of an address, in ASCII and lower-case.
pub(crate) fn domain(email: &str) -> Option<Cow<'_, str>> {
    let (local, domain) = email.trim().rsplit_once('@')?;
    if local.is_empty() || domain.len() > LONGEST {
        return None;
    }
    Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_addresses() {
        for (email, expected) in [
            ("demo@example.com", Some("example.com")),
            (" Demo@EXAMPLE.Com\t", Some("example.com")),
            ("dan@@example.com", Some("example.com")),
            ("a@b@example.com", Some("example.com")),
            ("jo@bücher.example", Some("xn--bcher-kva.example")),
            ("jo@XN--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("jo@例え.jp", Some("xn--r8jz45g.jp")),
            ("jo@localhost", Some("localhost")),
            ("jo@r3---sn.example", Some("r3---sn.example")),
            ("invisible", None),
            ("", None),
            ("@example.com", None),
            ("jo@", None),
            ("jo@.", None),
            ("jo@example..com", None),
            ("jo@example.com.", None),
            ("jo@-example.com", None),
            ("jo@exa mple.com", None),
            ("jo@exa\u{202e}mple.com", None),
            ("jo@<script>.com", None),
            ("jo@xn--\u{fc}.com", None),
            ("jo@[192.0.2.1]", None),
        ] {
            assert_eq!(domain(email).as_deref(), expected, "{email:?}");
        }
        assert_eq!(domain(&format!("jo@{}", "ü".repeat(1 << 20))), None);
        assert_eq!(domain(&format!("jo@{}.com", "x".repeat(64))), None);
    }

    #[test]
    fn what_is_no_domain_is_shown_as_it_stands() {
        assert_eq!(domain_in_unicode("xn--zzzzzzzz-.example"), "xn--zzzzzzzz-.example");
    }
}
