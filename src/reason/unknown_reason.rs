//! Reasons that this version doesn't know.

use std::borrow::Borrow;
use std::fmt;

/// The text of a reason that this version doesn't know.
///
/// It never is the text of a known reason: only [`FailureReason::from`](crate::FailureReason) makes one. `Display` and
/// [`as_str`](Self::as_str) give the text. `Debug` gives its length alone: in a damaged report, anything may
/// stand where the reason belongs.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownReason(Box<str>);

impl UnknownReason {
    /// A text that is known not to be in the table.
    pub(super) fn new(text: Box<str>) -> Self {
        UnknownReason(text)
    }

    /// The text, without the white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl AsRef<str> for UnknownReason {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for UnknownReason {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for UnknownReason {
    fn eq(&self, text: &str) -> bool {
        &*self.0 == text
    }
}

impl PartialEq<&str> for UnknownReason {
    fn eq(&self, text: &&str) -> bool {
        &*self.0 == *text
    }
}
