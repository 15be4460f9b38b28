//! What becomes of contact data in a table.

use std::borrow::Cow;
use std::fmt;

use super::label::kept_reason;
use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::redact::Redactor;
use crate::report::fault::{Fault, text};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What becomes of contact data in a table of faults: chosen, never assumed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Contacts {
    /// None of it is kept but the domain of the email.
    Drop,
    /// Each cell but a known reason is a hash, as [`Redactor`] has it; the names of columns and the domain stay plain.
    Hash(Redactor),
    /// As the service sent it.
    Keep,
}

/// What becomes of contact data, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContactMode {
    /// See [`Contacts::Drop`].
    Drop,
    /// See [`Contacts::Hash`].
    Hash,
    /// See [`Contacts::Keep`].
    Keep,
}

impl Contacts {
    /// The mode, without the key.
    pub fn mode(&self) -> ContactMode {
        match self {
            Contacts::Drop => ContactMode::Drop,
            Contacts::Hash(_) => ContactMode::Hash,
            Contacts::Keep => ContactMode::Keep,
        }
    }

    /// The reason of a fault as it may be kept.
    pub(super) fn reason<'f>(&self, fault: &'f Fault<'_>) -> Cow<'f, FailureReason> {
        match (self, fault.reason()) {
            (Contacts::Keep, reason) => Cow::Borrowed(reason),
            (Contacts::Hash(redactor), reason @ FailureReason::Other(_)) => Cow::Owned(redactor.reason(reason)),
            (Contacts::Drop, reason @ FailureReason::Other(_)) => Cow::Owned(kept_reason(reason)),
            (_, known) => Cow::Borrowed(known),
        }
    }

    /// A cell as it may be kept; `None` where no cell is.
    pub(super) fn cell<'r>(&self, fault: &Fault<'r>, column: usize, cell: Cow<'r, [u8]>) -> Option<Cow<'r, str>> {
        match self {
            Contacts::Drop => None,
            Contacts::Hash(redactor) => Some(match redactor.field(fault, column, &cell) {
                Some(hash) => Cow::Owned(hash),
                None => text(cell),
            }),
            Contacts::Keep => Some(text(cell)),
        }
    }
}

impl ContactMode {
    const ALL: [ContactMode; 3] = [ContactMode::Drop, ContactMode::Hash, ContactMode::Keep];

    /// Its name, `drop`, `hash` or `keep`.
    pub fn as_str(self) -> &'static str {
        match self {
            ContactMode::Drop => "drop",
            ContactMode::Hash => "hash",
            ContactMode::Keep => "keep",
        }
    }
}

impl std::str::FromStr for ContactMode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        ContactMode::ALL.into_iter().find(|mode| mode.as_str() == name).ok_or_else(|| {
            let what = format!("no mode of contacts is named `{}`", escape(name, 100));
            Error::new(ErrorKind::Configuration, what).advise("there are drop, hash, keep")
        })
    }
}

impl fmt::Display for ContactMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ContactMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ContactMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
