//! What the user calls an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind, Result};

/// What the user calls an account: 1 to 64 of the characters `a-z`, `0-9`, `_` and `-`.
///
/// ```
/// use dotdigital_faults::AccountName;
///
/// let name: AccountName = "europe-shop".parse()?;
/// assert_eq!(name.as_str(), "europe-shop");
/// assert!("Europe shop".parse::<AccountName>().is_err());
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(Box<str>);

impl AccountName {
    /// The most characters of a name.
    pub const LONGEST: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// # Errors
/// [`Configuration`](ErrorKind::Configuration), which doesn't repeat the text: it may be anything.
impl FromStr for AccountName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        if text.is_empty() || text.len() > AccountName::LONGEST || !text.bytes().all(is_sign) {
            return Err(Error::new(ErrorKind::Configuration, "an account has a name that can't be one")
                .advise("a name has 1 to 64 of the characters a-z, 0-9, _ and -"));
        }
        Ok(AccountName(text.into()))
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for AccountName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AccountName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_no_names() {
        let longest = "x".repeat(64);
        for name in ["a", "0", "_", "-", "europe_2-shop", &longest] {
            assert_eq!(name.parse::<AccountName>().unwrap().to_string(), name);
        }
        let longer = "x".repeat(65);
        for text in ["", "A", "a b", "é", "a/b", "a.b", "a\n", &longer] {
            let error = text.parse::<AccountName>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "an account has a name that can't be one; a name has 1 to 64 of the characters a-z, 0-9, _ and -"
            );
            assert!(serde_json::from_value::<AccountName>(text.into()).is_err());
        }
        assert_eq!(serde_json::to_string(&"a".parse::<AccountName>().unwrap()).unwrap(), "\"a\"");
    }
}
