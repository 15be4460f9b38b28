//! Labels of one's own, for every series of a metric.

use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;

/// The labels that the metrics have themselves.
const OURS: [&str; 7] = ["import_id", "source", "reason", "anomaly", "by", "group_kind", "group"];

/// How much of a name that is none is repeated.
const LONGEST: usize = 100;

/// Labels that every series of [`tally_to_prometheus`](super::tally_to_prometheus) bears, in the order in which they were
/// added: such as an account's name, where several write into one folder.
///
/// ```
/// use dotdigital_faults::{ErrorKind, FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let labels = export::Labels::new().with("account", "EU \"main\"")?;
/// let mut text = Vec::new();
/// export::tally_to_prometheus(&Tally::from(&report), &labels, &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.contains("{import_id=\"\",reason=\"blocker\",account=\"EU \\\"main\\\"\"} 1\n"));
///
/// for name in ["import_id", "1st", "e-mail", "__name__", ""] {
///     assert_eq!(export::Labels::new().with(name, "x").unwrap_err().kind(), ErrorKind::InvalidLabel);
/// }
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    /// None.
    pub fn new() -> Self {
        Labels::default()
    }

    /// The same, and one more. A value may be any text.
    ///
    /// # Errors
    /// [`InvalidLabel`](ErrorKind::InvalidLabel) for a name that isn't made of ASCII letters, digits and `_`, begins with
    /// a digit or with `__` (which Prometheus keeps for itself), is one of the metrics' own, or was added before.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        let what = match &*name {
            _ if !is_name => "can't be a label's name: it is made of letters, digits and _, and begins with no digit",
            name if name.starts_with("__") => {
                "can't be a label's name: Prometheus keeps those with __ in front for itself"
            }
            name if OURS.contains(&name) => "is a label that the metrics have themselves; choose another name",
            name if self.0.iter().any(|(other, _)| other == name) => "is there already; a label has one value",
            _ => {
                self.0.push((name, value.into()));
                return Ok(self);
            }
        };
        Err(Error::new(ErrorKind::InvalidLabel, format!("`{}` {what}", escape(&name, LONGEST))))
    }

    /// The labels, each a name and a value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none() {
        for (name, what) in [
            ("", "letters, digits and _"),
            ("1a", "letters, digits and _"),
            ("a b", "letters, digits and _"),
            ("ä", "letters, digits and _"),
            ("a\n", r"`a\n` can't be"),
            ("__x", "Prometheus keeps"),
            ("account", "is there already"),
        ] {
            let error = Labels::new().with("account", "x").unwrap().with(name, "y").unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        }
        for name in OURS {
            assert!(Labels::new().with(name, "").unwrap_err().to_string().contains("themselves"));
        }
        let labels = Labels::new().with("_a1", "x").unwrap().with("B", "").unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("_a1", "x"), ("B", "")]);
    }
}
