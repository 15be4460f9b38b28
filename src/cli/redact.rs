//! The options that replace contact data.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use dotdigital_faults::Redactor;
use dotdigital_faults::arrow::{ContactMode, Contacts};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::secret::read_secret;

const HEADING: &str = "With --redact";

/// What is shorter is guessed before long.
const SHORTEST_KEY: usize = 16;

const KEY: &str = "DOTDIGITAL_REDACT_KEY";

const MAKE_ONE: &str =
    "make one of random bytes (openssl rand -hex 32), and keep it: the same key gives the same hashes";

/// The options of every verb that prints contacts.
#[derive(Args)]
pub struct RedactArgs {
    /// Replace contact data by hashes that stay the same for a key; that is each cell but a known reason, and the key, of
    /// 16 bytes at least, is in DOTDIGITAL_REDACT_KEY or in a file
    #[arg(long)]
    redact: bool,

    /// The file of the key; a byte order mark in front and one line end at its end aren't part of it
    #[arg(long, help_heading = HEADING, value_name = "PATH", requires = "redact")]
    redact_key_file: Option<PathBuf>,

    /// Keep the domain of an email behind its hash
    #[arg(long, help_heading = HEADING, requires = "redact")]
    redact_keep_domains: bool,

    /// Keep the cells of a column as they are; may be repeated
    #[arg(long, help_heading = HEADING, value_name = "COLUMN", requires = "redact")]
    redact_keep: Vec<String>,
}

impl RedactArgs {
    /// The redactor, if one is asked for.
    pub fn redactor(&self) -> Result<Option<Redactor>, Failure> {
        if !self.redact {
            return Ok(None);
        }
        let redactor = keyed("--redact", self.redact_key_file.as_deref())?.keep_domains(self.redact_keep_domains);
        Ok(Some(self.redact_keep.iter().fold(redactor, Redactor::keep_column)))
    }
}

/// A redactor for an option that needs a key: a file that is named counts, and the environment doesn't then.
pub fn keyed(option: &str, file: Option<&Path>) -> Result<Redactor, Failure> {
    let key = match file {
        Some(path) => read_secret(path, "key file")?,
        None => Zeroizing::new(env::var_os(KEY).unwrap_or_default().into_encoded_bytes()),
    };
    let no_key = || match file {
        Some(path) => format!("{option} needs a key, and the file {path:?} is empty"),
        None => format!("{option} needs a key in {KEY}, or in a file named by --redact-key-file"),
    };
    let redactor = Redactor::new(&*key).map_err(|_| Failure::new(no_key()).hint(MAKE_ONE))?;
    if key.len() < SHORTEST_KEY {
        let what = format!("the key for {option} has less than {SHORTEST_KEY} bytes, and so could be guessed");
        return Err(Failure::new(what).hint(MAKE_ONE));
    }
    Ok(redactor)
}

/// What becomes of contact data in an archive that is there; a key is only for one of hashes.
pub fn contacts_of(mode: ContactMode, key_file: Option<&Path>) -> Result<Contacts, Failure> {
    match mode {
        ContactMode::Hash => Ok(Contacts::Hash(keyed("an archive of hashes", key_file)?)),
        _ if key_file.is_some() => Err(no_hashes()),
        ContactMode::Keep => Ok(Contacts::Keep),
        _ => Ok(Contacts::Drop),
    }
}

/// There is a key, and nothing to hash with it.
pub fn no_hashes() -> Failure {
    Failure::new("--redact-key-file is for contacts that are hashed").hint("leave it out, or choose --contacts hash")
}
