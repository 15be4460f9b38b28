//! How far an import is.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::contact_data::may_be_in;
use crate::escape::escape;

/// How far an import is.
///
/// Source: the vendor's published WSDL. A status that this version doesn't know keeps its own text.
///
/// ```
/// use dotdigital_faults::ImportStatus;
///
/// assert_eq!("Finished".parse(), Ok(ImportStatus::Finished));
/// assert!(!ImportStatus::NotFinished.is_final());
/// assert_eq!(ImportStatus::from("Paused").to_string(), "Paused");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImportStatus {
    /// Done: the report can be fetched, for about a week.
    Finished,
    /// Still at work. An empty status, which the service has been seen to send, means the same.
    NotFinished,
    /// The service's check of uploads has rejected it.
    RejectedByWatchdog,
    /// The uploaded file can't be read.
    InvalidFileFormat,
    /// The service doesn't know; its documentation says that the import id may be invalid.
    Unknown,
    /// It has failed.
    Failed,
    /// It would exceed the number of contacts that the account may hold.
    ExceedsAllowedContactLimit,
    /// A newer status, which the version of the API that was asked can't express.
    NotAvailableInThisVersion,
    /// A status that this version doesn't know, with its own text, unless that may be about a contact: then it says that
    /// it is withheld.
    Other(Box<str>),
}

/// In place of a text that may be anything but a status.
const WITHHELD: &str = "[withheld: it may be about a contact]";

/// The documented names.
static NAMES: [(&str, ImportStatus); 8] = [
    ("Finished", ImportStatus::Finished),
    ("NotFinished", ImportStatus::NotFinished),
    ("RejectedByWatchdog", ImportStatus::RejectedByWatchdog),
    ("InvalidFileFormat", ImportStatus::InvalidFileFormat),
    ("Unknown", ImportStatus::Unknown),
    ("Failed", ImportStatus::Failed),
    ("ExceedsAllowedContactLimit", ImportStatus::ExceedsAllowedContactLimit),
    ("NotAvailableInThisVersion", ImportStatus::NotAvailableInThisVersion),
];

impl ImportStatus {
    /// The service's name for it.
    pub fn as_str(&self) -> &str {
        match self {
            ImportStatus::Other(text) => text,
            known => NAMES.iter().find(|(_, status)| status == known).map_or("", |(name, _)| name),
        }
    }

    /// Has the import ended, one way or another? Only [`NotFinished`](Self::NotFinished) isn't final.
    pub fn is_final(&self) -> bool {
        *self != ImportStatus::NotFinished
    }
}

impl From<&str> for ImportStatus {
    fn from(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return ImportStatus::NotFinished;
        }
        match NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((_, status)) => status.clone(),
            None if may_be_in(text) => ImportStatus::Other(WITHHELD.into()),
            None => ImportStatus::Other(escape(text, 100).into()),
        }
    }
}

impl FromStr for ImportStatus {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

/// The service's name for it.
impl Serialize for ImportStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for ImportStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for (name, status) in &NAMES {
            assert_eq!(ImportStatus::from(*name), *status);
            assert_eq!(ImportStatus::from(&*format!(" {} ", name.to_lowercase())), *status);
            assert_eq!(status.to_string(), *name);
            assert_eq!(status.is_final(), *name != "NotFinished");
        }
        assert_eq!(ImportStatus::from(" \n"), ImportStatus::NotFinished);
        assert_eq!(ImportStatus::from("Pau\u{202e}sed").as_str(), r"Pau\u{202e}sed");
        assert!(ImportStatus::from("Paused").is_final());
        for text in ["jo@example.com", "YW5uQGV4YW1wbGUuY29t", &"abcdefghijklmnop".repeat(4)] {
            let status = ImportStatus::from(text);
            assert_eq!((status.as_str(), status.is_final()), (WITHHELD, true), "{text}");
            assert_eq!(ImportStatus::from(WITHHELD), status);
        }
        let written = serde_json::to_string(&[ImportStatus::NotFinished, "Paused".into()]).unwrap();
        assert_eq!(written, r#"["NotFinished","Paused"]"#);
    }
}
