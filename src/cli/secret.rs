//! What the environment and files hold of settings and secrets.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::failure::Failure;
use super::lines::BOM;

/// No password and no key takes more bytes.
pub const LONGEST_SECRET: usize = 64 * 1024;

/// A variable of the environment; an empty one counts as none.
pub fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::new(format!("{name} is not UTF-8"))),
    }
}

/// Reads a file that holds a secret, without a byte order mark in front and one line end at its end, into memory that is
/// wiped in the end.
pub fn read_secret(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let unreadable = |error| Failure::new(format!("the {what} {path:?} can't be read: {error}"));
    // As large as it may become, and room to see that it is over: no part of it stays behind where a vector has grown.
    let mut secret = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET + 64));
    let mut file = File::open(path).map_err(unreadable)?.take(LONGEST_SECRET as u64 + 1);
    file.read_to_end(&mut secret).map_err(unreadable)?;
    if secret.len() > LONGEST_SECRET {
        let what = format!("the {what} {path:?} has more than {LONGEST_SECRET} bytes, which no such secret has");
        return Err(Failure::new(what).hint("name the file that holds it and nothing else"));
    }
    if secret.starts_with(BOM) {
        secret.drain(..BOM.len());
    }
    if secret.last() == Some(&b'\n') {
        secret.pop();
        if secret.last() == Some(&b'\r') {
            secret.pop();
        }
    }
    Ok(secret)
}
