//! Who asks, and how that stays a secret.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// The name and the password of an API user, such as `apiuser-908709770324@apiconnector.com`.
///
/// They are never part of an error, of a log line or of `Debug`, and are wiped from memory when dropped. What the
/// HTTP library copies while a request is under way is out of our hands.
///
/// ```
/// use dotdigital_faults::Credentials;
///
/// let credentials = Credentials::new("apiuser-1@apiconnector.com", "opensesame");
/// assert_eq!(format!("{credentials:?}"), "Credentials([redacted])");
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(super) username: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
}

impl Credentials {
    /// Whether they can be used is seen when a client is built: neither may be empty, and the name may hold no `:`.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Credentials { username: Zeroizing::new(username.into()), password: Zeroizing::new(password.into()) }
    }

    /// Refuses what HTTP Basic can't carry.
    pub(super) fn check(&self) -> Result<()> {
        if self.username.is_empty() || self.password.is_empty() {
            let missing = if self.username.is_empty() { "user name" } else { "password" };
            return Err(Error::new(ErrorKind::NotPermitted, format!("the credentials have no {missing}"))
                .advise("use the name and the password of an API user of the account"));
        }
        if self.username.contains(':') {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the user name holds a colon, which HTTP Basic can't carry",
            ));
        }
        if self.username.chars().chain(self.password.chars()).any(char::is_control) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the user name or the password holds a control character",
            )
            .advise("look for a line end that was read with it"));
        }
        Ok(())
    }

    /// The value of `Authorization`, marked so that no library shows it.
    pub(super) fn header(&self) -> Result<HeaderValue> {
        let pair = Zeroizing::new(STANDARD.encode(self.pair().as_bytes()));
        let value = Zeroizing::new(format!("Basic {}", *pair));
        let mut header = HeaderValue::from_str(&value)
            .map_err(|_| Error::new(ErrorKind::Configuration, "the credentials don't fit into an HTTP header"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// As HTTP Basic has them, before they are encoded.
    pub(super) fn pair(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}:{}", *self.username, *self.password))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_one_of_basic() {
        let header = Credentials::new("Aladdin", "open sesame").header().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn what_basic_cannot_carry_is_refused() {
        for (username, password, kind) in [
            ("", "p", ErrorKind::NotPermitted),
            ("u", "", ErrorKind::NotPermitted),
            ("a:b", "p", ErrorKind::Configuration),
            ("u", "p\n", ErrorKind::Configuration),
            ("u\0", "p", ErrorKind::Configuration),
        ] {
            let error = Credentials::new(username, password).check().unwrap_err();
            assert_eq!(error.kind(), kind, "{username:?} {password:?}");
        }
        Credentials::new("u", "a:b é").check().unwrap();
    }
}
