//! How an import or an enrolment stands, and how a report is written.

use std::fmt;

/// How an import or an enrolment stands, as the service says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `Finished`: the report is there.
    Finished,
    /// `NotFinished`: the only one that isn't final.
    NotFinished,
    /// `RejectedByWatchdog`.
    RejectedByWatchdog,
    /// `InvalidFileFormat`.
    InvalidFileFormat,
    /// `Unknown`, which may mean that the import id isn't valid.
    Unknown,
    /// `Failed`.
    Failed,
    /// `ExceedsAllowedContactLimit`.
    ExceedsAllowedContactLimit,
    /// `NotAvailableInThisVersion`.
    NotAvailableInThisVersion,
    /// Any other text; an empty one has been seen over REST.
    Other(String),
}

/// How a report is written over SOAP. The last three say that it is empty, whatever was set; over REST no bytes
/// are sent then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// As base64 text.
    #[default]
    Text,
    /// As base64 text with a line break after every 76 letters.
    Lines,
    /// As an element without text.
    Empty,
    /// As an element that is nil.
    Nil,
    /// Not at all: the element is left out.
    Absent,
}

impl Status {
    /// The text that the service writes.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Finished => "Finished",
            Status::NotFinished => "NotFinished",
            Status::RejectedByWatchdog => "RejectedByWatchdog",
            Status::InvalidFileFormat => "InvalidFileFormat",
            Status::Unknown => "Unknown",
            Status::Failed => "Failed",
            Status::ExceedsAllowedContactLimit => "ExceedsAllowedContactLimit",
            Status::NotAvailableInThisVersion => "NotAvailableInThisVersion",
            Status::Other(text) => text,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
