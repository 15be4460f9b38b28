//! A page that is shown at once, in the browser.

use std::io::Write;

use super::failure::{Failure, note};

/// Writes a page into a temporary file that nobody else can read, says where it is, and has the browser open it. It stays
/// until somebody deletes it, since nobody can tell when the browser is done with it.
pub fn show(write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let unwritable = |error| Failure::new(format!("the page can't be written: {error}"));
    let mut page = tempfile::Builder::new().prefix("faults-").suffix(".html").tempfile().map_err(unwritable)?;
    write(&mut page)?;
    page.flush().map_err(unwritable)?;
    let (_, path) = page.keep().map_err(|error| unwritable(error.error))?;
    note(&format!("the page is {path:?}; it stays until it is deleted"));
    open::that_detached(&path).map_err(|error| {
        Failure::new(format!("no browser can be opened: {error}")).hint(format!("open {path:?} in one"))
    })
}
