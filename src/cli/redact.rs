//! The options that replace contact data.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use dotdigital_faults::Redactor;
use zeroize::Zeroizing;

use super::failure::Failure;

/// No key is longer.
const LONGEST_KEY: u64 = 64 * 1024;

const KEY: &str = "DOTDIGITAL_REDACT_KEY";

/// The options of every verb that prints contacts.
#[derive(Args)]
pub struct RedactArgs {
    /// Replace contact data (each cell but a known reason) by hashes that stay the same for a key, which is in
    /// DOTDIGITAL_REDACT_KEY or in a file
    #[arg(long)]
    redact: bool,

    /// The file of the key; one line end at its end isn't part of it
    #[arg(long, value_name = "PATH", requires = "redact")]
    redact_key_file: Option<PathBuf>,

    /// Keep the domain of an email behind its hash
    #[arg(long, requires = "redact")]
    redact_keep_domains: bool,
}

impl RedactArgs {
    /// The redactor, if one is asked for.
    pub fn redactor(&self) -> Result<Option<Redactor>, Failure> {
        if !self.redact {
            return Ok(None);
        }
        let key = self.key()?;
        let redactor = Redactor::new(&*key).map_err(|_| self.no_key())?;
        Ok(Some(redactor.keep_domains(self.redact_keep_domains)))
    }

    /// The key: a file that is named counts, and the environment doesn't then.
    fn key(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let Some(path) = &self.redact_key_file else {
            return Ok(Zeroizing::new(env::var_os(KEY).unwrap_or_default().into_encoded_bytes()));
        };
        let unreadable = |error| Failure::new(format!("the key file {path:?} can't be read: {error}"));
        // As large as it may become, so that no part of it stays behind where a vector has grown.
        let mut key = Zeroizing::new(Vec::with_capacity(LONGEST_KEY as usize));
        File::open(path).and_then(|file| file.take(LONGEST_KEY).read_to_end(&mut key)).map_err(unreadable)?;
        if key.last() == Some(&b'\n') {
            key.pop();
            if key.last() == Some(&b'\r') {
                key.pop();
            }
        }
        Ok(key)
    }

    fn no_key(&self) -> Failure {
        let hint = "make one of random bytes (openssl rand -hex 32), and keep it: the same key gives the same hashes";
        Failure::new(match &self.redact_key_file {
            Some(path) => format!("--redact needs a key, and the file {path:?} is empty; {hint}"),
            None => format!("--redact needs a key in {KEY}, or in a file named by --redact-key-file; {hint}"),
        })
    }
}
