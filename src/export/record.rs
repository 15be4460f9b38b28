//! The long form: one flat record for each source, group and reason.

use std::borrow::Cow;

use serde::Serialize;
use uuid::Uuid;

use crate::counts::{ReasonCounts, share};
use crate::error::Result;
use crate::grouping::GroupKey;
use crate::reason::FailureReason;
use crate::remedy::Remedy;
use crate::tally::{SourceCounts, Tally};

/// One record of the long form. Its members are the fields of `csv` and `jsonl`, in this order.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record<'a> {
    pub import_id: Option<Uuid>,
    pub source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub group: Option<GroupFields<'a>>,
    pub reason: &'static str,
    pub label: Cow<'a, str>,
    pub remedy: Remedy,
    pub count: u64,
    /// Of all faults of the source, also where it is grouped: the shares of a source add up to 1.
    pub share: f64,
}

/// The fields that a record has only where faults are grouped.
#[derive(Clone, Debug, Serialize)]
pub(super) struct GroupFields<'a> {
    pub by: &'a str,
    pub group_kind: &'static str,
    pub group: Option<&'a str>,
    pub group_label: Cow<'a, str>,
}

/// Hands every record to a closure: source by source, the largest group first, the most frequent reason first.
pub(super) fn each<'t>(tally: &'t Tally, mut write: impl FnMut(Record<'t>) -> Result<()>) -> Result<()> {
    let is_grouped = tally.groups().is_some();
    for source in tally.sources() {
        match source.groups().filter(|_| is_grouped) {
            None => write_reasons(source, None, source.counts(), &mut write)?,
            Some(groups) => {
                for (key, counts) in groups.by_size() {
                    let fields = GroupFields::new(groups.by().name(), key);
                    write_reasons(source, Some(fields), counts, &mut write)?;
                }
            }
        }
    }
    Ok(())
}

fn write_reasons<'t>(
    source: &'t SourceCounts,
    group: Option<GroupFields<'t>>,
    counts: &'t ReasonCounts,
    write: &mut impl FnMut(Record<'t>) -> Result<()>,
) -> Result<()> {
    let total = source.counts().total();
    for (reason, count) in counts.by_frequency() {
        write(Record {
            import_id: source.counts().import_id(),
            source: source.name(),
            group: group.clone(),
            reason: FailureReason::slug(reason),
            label: Cow::Borrowed(reason.label()),
            remedy: reason.remedy(),
            count,
            share: share(count, total),
        })?;
    }
    Ok(())
}

impl<'a> GroupFields<'a> {
    fn new(by: &'a str, key: GroupKey<'a>) -> Self {
        GroupFields { by, group_kind: key.kind(), group: key.value(), group_label: key.label() }
    }
}
