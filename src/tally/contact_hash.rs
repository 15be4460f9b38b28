//! A few bytes that stand for a contact.

use std::borrow::Cow;
#[cfg(feature = "split")]
use std::collections::HashSet;
#[cfg(feature = "split")]
use std::hash::BuildHasherDefault;
use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip;
#[cfg(test)]
use siphasher::sip128::Hash128;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::report::fault::{Fault, folded_email};

/// Into how many parts contacts are spread, so that what is kept of them grows a little at a time.
pub(crate) const PARTS: usize = 256;

/// What stands for an email: a hash of 128 bits, and another of 48 bits by another key, which checks it. The last 16 bits
/// are left to whoever keeps it.
///
/// Two emails are taken for one only where both hashes are the same, 176 bits in all. Nobody can bring that about, since
/// the keys are made anew each time and never told; and that it happens by chance among a billion contacts is less likely
/// than one in 10^35.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContactHash([u32; 6]);

impl ContactHash {
    fn new((first, second): (u64, u64), check: u64) -> Self {
        let words = [first, second, check >> 16 << 16].map(|word| [(word >> 32) as u32, word as u32]);
        let [[a, b], [c, d], [e, f]] = words;
        ContactHash([a, b, c, d, e, f])
    }

    /// In which of the [`PARTS`] it is kept.
    pub(crate) fn part(self) -> usize {
        self.0[0] as usize % PARTS
    }

    /// The same with 16 bits of somebody else's at its end. Those of one contact are ordered by them.
    pub(crate) fn with(mut self, bits: u16) -> Self {
        self.0[5] |= u32::from(bits);
        self
    }

    /// The bits at its end.
    pub(crate) fn bits(self) -> u16 {
        self.0[5] as u16
    }

    /// The same without them.
    pub(crate) fn contact(mut self) -> Self {
        self.0[5] &= !0xffff;
        self
    }
}

/// Hashes the emails of contacts, as they are compared.
#[derive(Clone)]
pub(crate) struct ContactHasher {
    keys: (u64, u64),
    check_keys: (u64, u64),
    email: Vec<u8>,
    /// Which bits of the hash and of its check are kept: in a test, to make either a weak one.
    #[cfg(test)]
    kept: (u64, u64),
}

impl ContactHasher {
    /// With keys of its own.
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        ContactHasher {
            keys: (random(), random()),
            check_keys: (random(), random()),
            email: Vec::new(),
            #[cfg(test)]
            kept: (u64::MAX, u64::MAX),
        }
    }

    /// One that keeps so little of a hash and of its check that emails often have the same.
    #[cfg(test)]
    pub(crate) fn weak(kept: (u64, u64)) -> Self {
        ContactHasher { kept, ..ContactHasher::new() }
    }

    /// The hash of a fault's email; `None` where there is none: what holds no `@` is nobody's address.
    pub(crate) fn hash(&mut self, fault: &Fault<'_>) -> Option<ContactHash> {
        self.hash_cell(&fault.raw_field(fault.columns().email()?)?)
    }

    /// The same for the email's cell alone.
    pub(crate) fn hash_cell(&mut self, cell: &[u8]) -> Option<ContactHash> {
        memchr::memchr(b'@', cell)?;
        self.email.clear();
        if cell.is_ascii() {
            // What is white space to Unicode, of ASCII.
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
            let start = cell.iter().position(|byte| !is_space(byte))?;
            let end = cell.iter().rposition(|byte| !is_space(byte))?;
            self.email.extend(cell.get(start..=end)?.iter().map(u8::to_ascii_lowercase));
        } else {
            self.email.extend(folded_email(&String::from_utf8_lossy(cell)).as_bytes());
        }
        Some(self.hash_of(&self.email))
    }

    /// The email that was hashed last, as it is compared.
    pub(crate) fn email(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.email)
    }

    /// The hash of an email that is folded already.
    fn hash_of(&self, email: &[u8]) -> ContactHash {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(email);
        let mut check_hasher = sip::SipHasher13::new_with_keys(self.check_keys.0, self.check_keys.1);
        check_hasher.write(email);
        let (hash, check) = (hasher.finish128(), check_hasher.finish());
        #[cfg(test)]
        let (hash, check) = (Hash128 { h1: hash.h1 & self.kept.0, h2: hash.h2 & self.kept.0 }, check & self.kept.1);
        ContactHash::new((hash.h1, hash.h2), check)
    }
}

/// The contacts that have been met, in about 40 bytes each.
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
        let part = self.parts.get_mut(contact.part());
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
