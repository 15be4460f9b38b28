//! `archive.json`: what makes a folder an archive.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::arrow::{ContactMode, Contacts};
use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;

/// The version of the layout that this version of the program reads and writes.
const SCHEMA: u64 = 1;

/// What an archive says of itself, in its `archive.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of the layout; 1.
    pub schema: u64,
    /// What becomes of contact data.
    pub contacts: ContactMode,
    /// Which key contact data are hashed with, as [`Redactor::key_id`](crate::Redactor::key_id) tells it.
    pub key_id: Option<String>,
    /// Does the store refuse to write over what is there? Only then may several collectors work at once.
    pub conditional_puts: bool,
    /// When the archive was made.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// The version of this crate that has made it.
    pub version: String,
}

impl Manifest {
    /// That of a new archive.
    pub(super) fn new(contacts: &Contacts, now: DateTime<Utc>) -> Self {
        Manifest {
            schema: SCHEMA,
            contacts: contacts.mode(),
            key_id: key_id(contacts),
            conditional_puts: true,
            created_at: now,
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Reads it. Of a later schema, nothing else is looked at.
    pub(super) fn from_json(json: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u64,
        }
        let unreadable = |_| Error::new(ErrorKind::Archive, "its archive.json can't be read");
        let Version { schema } = serde_json::from_slice(json).map_err(unreadable)?;
        if schema > SCHEMA {
            let what = format!("the archive has schema {schema}, and this version of the program knows up to {SCHEMA}");
            return Err(Error::new(ErrorKind::Archive, what).advise("use a later version"));
        }
        serde_json::from_slice(json).map_err(unreadable)
    }

    /// Is contact data kept as the archive does already?
    pub(super) fn check(&self, contacts: &Contacts) -> Result<()> {
        let mode = contacts.mode();
        if mode != self.contacts {
            let what = format!("the archive was made with contacts `{}`, not `{mode}`", self.contacts);
            return Err(Error::new(ErrorKind::Archive, what).advise("leave it out, or use another archive"));
        }
        match (key_id(contacts), &self.key_id) {
            (Some(given), Some(known)) if given != *known => {
                let what = format!("the archive's contacts are hashed with the key {}, not {given}", escape(known, 20));
                Err(Error::new(ErrorKind::Archive, what).advise("use the same key, so that a person has the same hash"))
            }
            _ => Ok(()),
        }
    }
}

fn key_id(contacts: &Contacts) -> Option<String> {
    match contacts {
        Contacts::Hash(redactor) => Some(redactor.key_id()),
        _ => None,
    }
}

/// In seconds, with `Z`.
pub(super) fn rfc3339<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::Secs, true))
}
