//! When two emails are the same.

/// An email as it is compared: without the white space around it, and lower-cased.
///
/// It need not be a valid one: two bad texts are the same where they read the same.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}
