//! What changed between two reports, as JSON.

use std::io::Write;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{WriteOptions, writing};
use crate::error::Result;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::reason::remedy::Remedy;
use crate::tally::comparison::{Change, Comparison};

/// Writes what changed between two reports as one JSON document, as `faults compare --format json` prints it.
///
/// It holds counts alone, unless the options list the contacts ([`WriteOptions::contacts`]): then each contact that
/// has changed is there with its email. The one other place where contact data may stand is an unknown reason of a
/// damaged report. Options that redact see to both.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{Comparison, FaultReport, export};
///
/// let old = FaultReport::from_bytes("Reason,email\nSoft bounced,a@example.com\n")?;
/// let new = FaultReport::from_bytes("Reason,email\nHard bounced,A@example.com\n")?;
/// let mut json = Vec::new();
/// export::comparison_to_json(&Comparison::new(&old, &new), &export::WriteOptions::new(), &mut json)?;
/// # let document: serde_json::Value = serde_json::from_slice(&json).unwrap();
/// # assert_eq!(document, serde_json::from_str::<serde_json::Value>(r#"
/// # {
/// #   "schema": 1,
/// #   "old": {"import_id": null, "total": 1},
/// #   "new": {"import_id": null, "total": 1},
/// #   "reasons": [
/// #     {"reason": "hard_bounced", "label": "Hard bounced", "remedy": "remove", "old": 0, "new": 1},
/// #     {"reason": "soft_bounced", "label": "Soft bounced", "remedy": "retry_later", "old": 1, "new": 0}
/// #   ],
/// #   "contacts": {"newly_failing": 0, "recovered": 0, "changed": 1, "unchanged": 0},
/// #   "without_email": {"old": 0, "new": 0},
/// #   "transitions": [
/// #     {
/// #       "change": "changed",
/// #       "before": [{"reason": "soft_bounced", "label": "Soft bounced"}],
/// #       "after": [{"reason": "hard_bounced", "label": "Hard bounced"}],
/// #       "contacts": 1
/// #     }
/// #   ]
/// # }"#).unwrap());
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
///
/// It writes:
///
/// ```json
/// {
///   "schema": 1,
///   "old": {"import_id": null, "total": 1},
///   "new": {"import_id": null, "total": 1},
///   "reasons": [
///     {"reason": "hard_bounced", "label": "Hard bounced", "remedy": "remove", "old": 0, "new": 1},
///     {"reason": "soft_bounced", "label": "Soft bounced", "remedy": "retry_later", "old": 1, "new": 0}
///   ],
///   "contacts": {"newly_failing": 0, "recovered": 0, "changed": 1, "unchanged": 0},
///   "without_email": {"old": 0, "new": 0},
///   "transitions": [
///     {
///       "change": "changed",
///       "before": [{"reason": "soft_bounced", "label": "Soft bounced"}],
///       "after": [{"reason": "hard_bounced", "label": "Hard bounced"}],
///       "contacts": 1
///     }
///   ]
/// }
/// ```
///
/// With contacts, a member `changed_contacts` follows: `{"email": "a@example.com", "change": …, "before": …,
/// "after": …}` for each.
pub fn comparison_to_json(comparison: &Comparison, options: &WriteOptions, mut writer: impl Write) -> Result<()> {
    let comparison = &*options.comparison(comparison);
    let (old, new) = comparison.without_email();
    let document = Document {
        schema: 1,
        old: Side::from(comparison.older()),
        new: Side::from(comparison.newer()),
        reasons: comparison
            .reasons()
            .iter()
            .map(|(reason, old, new)| Counts {
                named: Named::from(reason),
                remedy: reason.remedy(),
                pair: Pair { old: *old, new: *new },
            })
            .collect(),
        contacts: Contacts {
            newly_failing: comparison.count(Change::NewlyFailing),
            recovered: comparison.count(Change::Recovered),
            changed: comparison.count(Change::Changed),
            unchanged: comparison.unchanged(),
        },
        without_email: Pair { old, new },
        transitions: comparison
            .transitions()
            .iter()
            .map(|transition| Transition {
                change: transition.change().slug(),
                before: named(transition.before()),
                after: named(transition.after()),
                contacts: transition.contacts(),
            })
            .collect(),
        changed_contacts: options.lists_contacts().then_some(ChangedContacts(comparison)),
    };
    serde_json::to_writer_pretty(&mut writer, &document).map_err(writing)?;
    writer.write_all(b"\n").map_err(writing)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    old: Side,
    new: Side,
    reasons: Vec<Counts>,
    contacts: Contacts,
    without_email: Pair,
    transitions: Vec<Transition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_contacts: Option<ChangedContacts<'a>>,
}

#[derive(Serialize)]
struct Side {
    import_id: Option<Uuid>,
    total: u64,
}

#[derive(Serialize)]
struct Counts {
    #[serde(flatten)]
    named: Named,
    remedy: Remedy,
    #[serde(flatten)]
    pair: Pair,
}

#[derive(Serialize)]
struct Pair {
    old: u64,
    new: u64,
}

#[derive(Serialize)]
struct Contacts {
    newly_failing: u64,
    recovered: u64,
    changed: u64,
    unchanged: u64,
}

#[derive(Serialize)]
struct Named {
    reason: &'static str,
    label: String,
}

#[derive(Serialize)]
struct Transition {
    change: &'static str,
    before: Vec<Named>,
    after: Vec<Named>,
    contacts: u64,
}

/// The contacts that have changed; each is made as it is written, since there may be millions.
struct ChangedContacts<'a>(&'a Comparison);

impl Serialize for ChangedContacts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.contacts().map(|contact| Contact {
            email: contact.email(),
            change: contact.change().slug(),
            before: named(contact.before()),
            after: named(contact.after()),
        }))
    }
}

#[derive(Serialize)]
struct Contact<'c> {
    email: &'c str,
    change: &'static str,
    before: Vec<Named>,
    after: Vec<Named>,
}

impl From<&ReasonCounts> for Side {
    fn from(counts: &ReasonCounts) -> Self {
        Side { import_id: counts.import_id(), total: counts.total() }
    }
}

impl From<&FailureReason> for Named {
    fn from(reason: &FailureReason) -> Self {
        Named { reason: reason.slug(), label: reason.to_string() }
    }
}

fn named(reasons: &[FailureReason]) -> Vec<Named> {
    reasons.iter().map(Named::from).collect()
}
