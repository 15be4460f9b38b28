//! Who asks, and how that stays a secret.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
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
    username: Zeroizing<String>,
    password: Zeroizing<String>,
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

    fn pair(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}:{}", *self.username, *self.password))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Finds the credentials in what the service says, however it writes them.
pub(super) struct Redactor {
    /// The longest first, so that no part of one is left over.
    secrets: Vec<Zeroizing<String>>,
}

impl Redactor {
    const INSTEAD: &str = "[redacted]";

    pub(super) fn new(credentials: &Credentials) -> Self {
        let mut secrets = Vec::new();
        for plain in [&credentials.username, &credentials.password, &credentials.pair()] {
            // Without padding, so that it is found with and without.
            let base64 = STANDARD_NO_PAD.encode(plain.as_bytes());
            secrets.push(base64.replace('+', "-").replace('/', "_"));
            secrets.push(percent_encoded(plain));
            secrets.push(percent_encoded(&base64));
            secrets.push(in_json(plain));
            secrets.extend(in_json_of_dotnet(plain));
            secrets.extend(in_json_of_dotnet(&base64));
            secrets.push(base64);
            secrets.push(quick_xml::escape::escape(plain.as_str()).into_owned());
            secrets.push(quick_xml::escape::escape(plain.as_str()).replace("&apos;", "&#39;"));
            secrets.push(quick_xml::escape::minimal_escape(plain.as_str()).into_owned());
            secrets.push(plain.to_string());
        }
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| !secret.is_empty()).map(Zeroizing::new).collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Redactor { secrets }
    }

    /// `text` without them.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.secrets.iter().any(|secret| text.contains(secret.as_str())) {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let found = self.secrets.iter().find_map(|secret| rest.strip_prefix(secret.as_str()));
            match found {
                Some(after) => {
                    clean.push_str(Self::INSTEAD);
                    rest = after;
                }
                None => {
                    clean.push(character);
                    rest = rest.get(character.len_utf8()..).unwrap_or_default();
                }
            }
        }
        Cow::Owned(clean)
    }
}

/// As in a URL, everything but letters, digits and `-._~` encoded.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// As inside a JSON string.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().into()
}

/// As inside a JSON string of .NET, which escapes what HTML would mind, in lower case or upper case.
fn in_json_of_dotnet(text: &str) -> [String; 2] {
    let escaped = |unit: fn(u16) -> String| {
        text.chars().fold(String::new(), |mut escaped, character| {
            match character {
                '\\' => escaped.push_str("\\\\"),
                '<' | '>' | '&' | '\'' | '"' | '+' | '`' | '\u{80}'.. => {
                    escaped.extend(character.encode_utf16(&mut [0; 2]).iter().map(|&half| unit(half)));
                }
                plain => escaped.push(plain),
            }
            escaped
        })
    };
    [escaped(|unit| format!("\\u{unit:04x}")), escaped(|unit| format!("\\u{unit:04X}"))]
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

    #[test]
    fn credentials_are_found_however_they_are_written() {
        let redactor = Redactor::new(&Credentials::new("api@x.com", r#"s<e>c&r"e't"#));
        for text in [
            "api@x.com",
            "api%40x.com",
            r#"s<e>c&r"e't"#,
            "s&lt;e&gt;c&amp;r&quot;e&apos;t",
            r#"s<e>c&r\"e't"#,
            "s&lt;e&gt;c&amp;r&quot;e&#39;t",
            r"s\u003ce\u003ec\u0026r\u0022e\u0027t",
            r"s\u003Ce\u003Ec\u0026r\u0022e\u0027t",
            &STANDARD.encode(r#"s<e>c&r"e't"#),
            &STANDARD.encode(r#"api@x.com:s<e>c&r"e't"#),
            &STANDARD.encode("api@x.com"),
            r#"api@x.com:s<e>c&r"e't"#,
        ] {
            let clean = redactor.clean(text);
            assert!(clean.starts_with("[redacted]"), "{text} became {clean}");
            assert!(clean.trim_start_matches("[redacted]").trim_end_matches('=').is_empty(), "{text} became {clean}");
        }
        assert_eq!(redactor.clean("user api@x.com is é locked"), "user [redacted] is é locked");
        assert!(matches!(redactor.clean("nothing of it"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_short_secret_is_one_too() {
        assert_eq!(Redactor::new(&Credentials::new("ab", "b")).clean("abba"), "[redacted][redacted]a");
    }
}
