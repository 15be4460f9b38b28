//! What a store's failures are to us.

use std::fmt;

use object_store::path::Path;

use crate::error::{Error, ErrorKind};
use crate::escape::escape;

/// No store's words are longer.
const LONGEST: usize = 2048;

/// A failure of a store, at a file of the archive: its path holds no more than a date and an import's id.
pub(super) fn failed(what: &'static str, path: &Path, source: object_store::Error) -> Error {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    let kind = match &source {
        PermissionDenied { .. } | Unauthenticated { .. } => ErrorKind::NotPermitted,
        _ => ErrorKind::Io,
    };
    Error::new(kind, format!("the archive's {path} can't be {what}")).caused_by(Said(source))
}

/// A store's error, which tells its own causes already: so it has none.
#[derive(Debug)]
pub(super) struct Said(pub(super) object_store::Error);

impl std::error::Error for Said {}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may repeat the name of a file that somebody has put there.
        f.write_str(&escape(&self.0.to_string(), LONGEST))
    }
}

/// A file of the archive that isn't what it should be.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::Archive, format!("the archive's {path} is damaged: {what}"))
}
