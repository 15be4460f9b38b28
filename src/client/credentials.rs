//! Who asks, and how that stays a secret.

use std::env;
use std::ffi::OsString;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

const USERNAME: &str = "DOTDIGITAL_USERNAME";
const PASSWORD: &str = "DOTDIGITAL_PASSWORD";

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

    /// Those that the environment holds, in `DOTDIGITAL_USERNAME` and `DOTDIGITAL_PASSWORD`.
    ///
    /// ```no_run
    /// use dotdigital_faults::{Client, Credentials};
    ///
    /// let client = Client::new(Credentials::from_env()?)?;
    /// # Ok::<(), dotdigital_faults::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where a variable is missing, empty or not UTF-8; it is named, and
    /// its value is not.
    pub fn from_env() -> Result<Self> {
        Credentials::from_variables(|name| env::var_os(name))
    }

    /// The same, from wherever `variable` looks one up.
    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let text = |name: &str| match variable(name).filter(|value| !value.is_empty()).map(OsString::into_string) {
            Some(Ok(text)) => Ok(text),
            Some(Err(_)) => Err(Error::new(ErrorKind::Configuration, format!("the variable {name} is not UTF-8"))),
            None => Err(Error::new(ErrorKind::Configuration, format!("the variable {name} is missing or empty"))
                .advise(format!("set {USERNAME} and {PASSWORD} to those of an API user of the account"))),
        };
        Ok(Credentials::new(text(USERNAME)?, text(PASSWORD)?))
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
    fn the_environment_has_both_or_is_told_which_is_missing() {
        let read = |username: Option<&'static str>, password: Option<&'static str>| {
            Credentials::from_variables(|name| match name {
                USERNAME => username.map(Into::into),
                PASSWORD => password.map(Into::into),
                other => panic!("{other} was looked up"),
            })
        };
        let credentials = read(Some("jo"), Some("opensesame")).unwrap();
        assert_eq!((credentials.username.as_str(), credentials.password.as_str()), ("jo", "opensesame"));
        for (username, password, missing) in [
            (None, Some("opensesame"), USERNAME),
            (Some(""), Some("opensesame"), USERNAME),
            (Some("jo"), None, PASSWORD),
            (Some("jo"), Some(""), PASSWORD),
        ] {
            let error = read(username, password).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let told = format!("{error} {error:?}");
            assert!(error.to_string().starts_with(&format!("the variable {missing} is missing")), "{error}");
            assert!(!told.contains("opensesame"), "{told}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_utf_8() {
        use std::os::unix::ffi::OsStringExt;
        let read = Credentials::from_variables(|_| Some(OsString::from_vec(b"open\xffsesame".to_vec())));
        let error = read.unwrap_err();
        assert_eq!(error.to_string(), "the variable DOTDIGITAL_USERNAME is not UTF-8");
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
