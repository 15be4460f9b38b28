//! Which part of the accounts one of several collectors has.

use sha2::{Digest, Sha256};

use crate::account_name::AccountName;
use crate::error::{Error, ErrorKind, Result};

/// One of several collectors that share the accounts among them, such as the pods of an indexed job.
///
/// An account belongs to the shard that is the first 8 bytes of the SHA-256 of its name, as a big-endian number, modulo how
/// many shards there are.
///
/// ```
/// use dotdigital_faults::archive::Shard;
///
/// let shard: Shard = "1/3".parse()?;
/// assert_eq!(shard, Shard::new(1, 3)?);
/// assert!(Shard::new(3, 3).is_err());
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// The shard of an index, from 0, among so many.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) where there is no such shard.
    pub fn new(index: u32, of: u32) -> Result<Self> {
        if index < of {
            return Ok(Shard { index, of });
        }
        let what = format!("there is no shard {index} of {of}");
        Err(Error::new(ErrorKind::Configuration, what).advise("shards are counted from 0: 0/3, 1/3, 2/3"))
    }

    /// Does an account belong to it?
    pub fn has(&self, account: &AccountName) -> bool {
        let digest = Sha256::digest(account.as_str());
        let first = digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        first % u64::from(self.of) == u64::from(self.index)
    }
}

/// From `I/N`.
impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let read = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        let (index, of) = read.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "a shard is written otherwise").advise("write it as I/N, such as 0/3")
        })?;
        Shard::new(index, of)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_belongs_to_one() {
        // The SHA-256 of `abc` begins with ba7816bf8f01cfea (FIPS 180-4).
        let abc: AccountName = "abc".parse().unwrap();
        let of = u32::try_from(0xba78_16bf_8f01_cfeau64 % 1000).unwrap();
        assert!(Shard::new(of, 1000).unwrap().has(&abc));
        for number in 0..100 {
            let account: AccountName = format!("account-{number}").parse().unwrap();
            assert_eq!((0..3).filter(|&index| Shard::new(index, 3).unwrap().has(&account)).count(), 1);
            assert!(Shard::new(0, 1).unwrap().has(&account));
        }
        for text in ["", "1", "/", "a/b", "3/3", "0/0", "-1/3", "1/3/5", "1/4294967296"] {
            assert_eq!(text.parse::<Shard>().unwrap_err().kind(), ErrorKind::Configuration, "{text}");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
    }
}
