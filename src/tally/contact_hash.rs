//! A few bytes that stand for a contact.

#[cfg(feature = "split")]
use std::collections::HashSet;
#[cfg(feature = "split")]
use std::hash::BuildHasherDefault;
use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::report::fault::{Fault, folded_email};

/// Into how many parts contacts are spread, so that what is kept of them grows a little at a time.
pub(crate) const PARTS: usize = 256;

/// The hash of an email. That two emails have the same one is too unlikely to ever happen, also by intent, since the key is
/// made anew each time.
pub(crate) type ContactHash = [u32; 4];

/// Hashes the emails of contacts, as they are compared.
#[derive(Clone)]
pub(crate) struct ContactHasher {
    keys: (u64, u64),
    email: Vec<u8>,
}

impl ContactHasher {
    /// With a key of its own.
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        ContactHasher { keys: (random(), random()), email: Vec::new() }
    }

    /// The hash of a fault's email; `None` where there is none: what holds no `@` is nobody's address.
    pub(crate) fn hash(&mut self, fault: &Fault<'_>) -> Option<ContactHash> {
        let cell = fault.raw_field(fault.columns().email()?)?;
        memchr::memchr(b'@', &cell)?;
        self.email.clear();
        if cell.is_ascii() {
            // What is white space to Unicode, of ASCII.
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
            let start = cell.iter().position(|byte| !is_space(byte))?;
            let end = cell.iter().rposition(|byte| !is_space(byte))?;
            self.email.extend(cell.get(start..=end)?.iter().map(u8::to_ascii_lowercase));
        } else {
            self.email.extend(folded_email(&String::from_utf8_lossy(&cell)).as_bytes());
        }
        Some(self.hash_of(&self.email))
    }

    /// The hash of an email that is folded already.
    pub(crate) fn hash_of(&self, email: &[u8]) -> ContactHash {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(email);
        let hash = hasher.finish128();
        [hash.h1 as u32, (hash.h1 >> 32) as u32, hash.h2 as u32, (hash.h2 >> 32) as u32]
    }
}

/// The contacts that have been met, in about 30 bytes each.
#[cfg(feature = "split")]
pub(crate) struct ContactSet {
    parts: Vec<HashSet<ContactHash, BuildHasherDefault<FirstBytes>>>,
}

#[cfg(feature = "split")]
impl ContactSet {
    pub(crate) fn new() -> Self {
        ContactSet { parts: vec![HashSet::default(); PARTS] }
    }

    /// Adds a contact; `false` where it has been met before.
    pub(crate) fn insert(&mut self, contact: ContactHash) -> bool {
        let part = self.parts.get_mut(contact[0] as usize % PARTS);
        part.is_none_or(|part| part.insert(contact))
    }
}

/// A hash needs no hashing: its own bytes do, but those by which the contacts are spread.
#[cfg(feature = "split")]
#[derive(Default)]
struct FirstBytes(u64);

#[cfg(feature = "split")]
impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }
}
