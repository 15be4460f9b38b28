//! What a page in HTML says of itself: its title.

use memchr::memmem;

/// The title of a page in HTML, with single spaces; `None` where the text is no such page, or has no title.
pub(super) fn title(text: &str) -> Option<String> {
    // Letters of ASCII keep their places.
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start_matches('\u{feff}').trim_start();
    if !start.starts_with('<') || !(start.starts_with("<!doctype html") || start.contains("<html")) {
        return None;
    }
    let tag = find(&lower, "<title", 0)?;
    let begin = find(&lower, ">", tag)? + 1;
    let end = find(&lower, "<", begin)?;
    let words: Vec<_> = text.get(begin..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Where something stands, from a place on.
fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    memmem::find(text.as_bytes().get(from..)?, what.as_bytes()).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        for (text, expected) in [
            ("<html><title>Sign in</title>", Some("Sign in")),
            (
                "<!DOCTYPE HTML>\n<TITLE lang=en>\n 503\r\n  Service Unavailable </TITLE>",
                Some("503 Service Unavailable"),
            ),
            ("\u{feff} <html>É<title>É</title>", Some("É")),
            ("<html><title></title>", None),
            ("<html><title>never closed", None),
            ("<html><title", None),
            ("<html>", None),
            ("<svg><title>no page</title></svg>", None),
            ("Reason <html><title>no page</title>", None),
            ("", None),
        ] {
            assert_eq!(title(text).as_deref(), expected, "{text}");
        }
    }
}
