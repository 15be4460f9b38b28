//! What to do about a fault.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

use crate::reason::key::FoldedKey;

/// What to do about a fault.
///
/// ```
/// use dotdigital_faults::{FailureReason, Remedy};
///
/// assert_eq!(FailureReason::PendingOptin.remedy(), Remedy::Wait);
/// assert_eq!(Remedy::try_parse("ask_consent"), Some(Remedy::AskConsent));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Remedy {
    /// Correct the data and import it again.
    Correct,
    /// Stop mailing the contact and remove it from one's own lists.
    Remove,
    /// Only the person can undo it, by opting in again.
    AskConsent,
    /// It may pass: import again later.
    RetryLater,
    /// The account's own suppression: lift it, if that is right.
    LiftSuppression,
    /// It resolves itself: don't import again, and don't treat as suppressed.
    Wait,
    /// Find out what lies behind it.
    Investigate,
    /// Nothing was lost.
    Ignore,
}

impl Remedy {
    /// Every remedy, in the order of the variants.
    pub fn iter() -> impl DoubleEndedIterator<Item = Remedy> + ExactSizeIterator + Clone {
        <Remedy as IntoEnumIterator>::iter()
    }

    /// The remedy of that slug, compared by letters and digits alone, case-insensitively; `None` where there is none.
    pub fn try_parse(text: &str) -> Option<Remedy> {
        let key = FoldedKey::from(text);
        Remedy::iter().find(|remedy| FoldedKey::from(remedy.slug()).as_bytes() == key.as_bytes())
    }

    /// A stable name for programs, such as `retry_later`.
    pub fn slug(self) -> &'static str {
        self.into()
    }

    /// What to do, in a sentence.
    pub fn description(self) -> &'static str {
        match self {
            Remedy::Correct => "Correct the data and import it again.",
            Remedy::Remove => "Stop mailing it; remove it from your own lists.",
            Remedy::AskConsent => "Only the person can undo it, by opting in again.",
            Remedy::RetryLater => "Import it again later: it may have passed.",
            Remedy::LiftSuppression => "Lift the account's own suppression, if right.",
            Remedy::Wait => "Don't import it again: it resolves itself.",
            Remedy::Investigate => "Find out what lies behind it.",
            Remedy::Ignore => "Nothing to do: nothing was lost.",
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}
