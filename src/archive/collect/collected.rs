//! What has come of an import.

use std::error::Error as _;
use std::fmt::{self, Write as _};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use strum::EnumCount;
use uuid::Uuid;

use super::import::End;
use crate::account_name::AccountName;
use crate::arrow::kind;
use crate::error::{Error, ErrorKind};
use crate::report_id::ReportId;

/// What has come of an import, as [`Archive::collect`](crate::archive::Archive::collect) tells it.
///
/// Serialised, it is what the program `faults collect` prints on a line:
/// `{"account","kind","import_id","outcome","total"?,"error"?,"code"?}`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Collected {
    /// Whose it is.
    pub account: AccountName,
    /// The import, or the enrolment.
    pub id: ReportId,
    /// What has come of it.
    pub outcome: Outcome,
    /// How many faults it had, where it has been archived now.
    pub total: Option<u64>,
    /// Why it failed, or what else there is to say.
    pub error: Option<Error>,
}

/// What has come of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::EnumCount)]
#[non_exhaustive]
pub enum Outcome {
    /// Its report is kept, as of now. Of each import this is said once in all.
    Archived,
    /// There was nothing to do: it is settled, or claimed by another account, or older than 30 days.
    Skipped,
    /// It hasn't finished, or there was no time left: a later collect takes it up, whether its id is given or not.
    Pending,
    /// Its report is gone, which is kept, too.
    Expired,
    /// It has ended without a report, which is kept, too.
    EndedWithoutReport,
    /// The service hasn't known it for two weeks, which is kept, too.
    NotFound,
    /// Something went wrong; a later collect takes it up, unless it couldn't be claimed, or nobody knows its account.
    Failed,
}

impl Outcome {
    /// Its name, such as `ended_without_report`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Archived => "archived",
            Outcome::Skipped => "skipped",
            Outcome::Pending => "pending",
            Outcome::Expired => "expired",
            Outcome::EndedWithoutReport => "ended_without_report",
            Outcome::NotFound => "not_found",
            Outcome::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Collected {
    pub(super) fn new(account: AccountName, id: ReportId, end: End) -> Self {
        let End { outcome, total, error } = end;
        Collected { account, id, outcome, total, error }
    }

    /// The exit code that the program would end with for this import alone; `None` unless it failed. 4: not permitted; 5: no
    /// such import; 6: the service or the time; 2: anything else.
    pub fn code(&self) -> Option<u8> {
        if self.outcome != Outcome::Failed {
            return None;
        }
        Some(match &self.error {
            Some(error) if error.kind() == ErrorKind::NotPermitted => 4,
            Some(error) if error.is_not_there() => 5,
            Some(error) if error.is_unavailable() => 6,
            _ => 2,
        })
    }
}

impl Serialize for Collected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Collected", 7)?;
        line.serialize_field("account", &self.account)?;
        line.serialize_field("kind", kind(self.id))?;
        line.serialize_field("import_id", &self.id.uuid())?;
        line.serialize_field("outcome", &self.outcome)?;
        match &self.total {
            Some(total) => line.serialize_field("total", total)?,
            None => line.skip_field("total")?,
        }
        match &self.error {
            Some(error) => line.serialize_field("error", &on_one_line(error))?,
            None => line.skip_field("error")?,
        }
        match &self.code() {
            Some(code) => line.serialize_field("code", code)?,
            None => line.skip_field("code")?,
        }
        line.end()
    }
}

/// An error with its causes, and what to do next.
fn on_one_line(error: &Error) -> String {
    let mut line = error.without_hint().to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let _ = match source.downcast_ref::<Error>() {
            Some(error) => write!(line, ": {}", error.without_hint()),
            None => write!(line, ": {source}"),
        };
        cause = source.source();
    }
    if let Some(hint) = error.hint() {
        let _ = write!(line, "; {hint}");
    }
    line
}

/// How many imports have ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    counts: [u64; Outcome::COUNT],
    worst: Option<u8>,
    pub(super) damaged_claims: Vec<Uuid>,
}

impl Outcomes {
    /// How many imports have ended so.
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.counts.get(outcome as usize).copied().unwrap_or(0)
    }

    /// The imports that may still be open, but whose claim can't be read: it was damaged, or is of a later version. Nobody knows
    /// whose they are, so they are passed over until they are given.
    pub fn damaged_claims(&self) -> &[Uuid] {
        &self.damaged_claims
    }

    /// The exit code of the program: 0 if none failed, and no claim is damaged, else the worst, of 4, 6, 5 and 2 in this order.
    pub fn code(&self) -> u8 {
        let damaged = if self.damaged_claims.is_empty() { 0 } else { 2 };
        self.worst.unwrap_or(damaged)
    }

    pub(super) fn add(&mut self, collected: &Collected) {
        const WORST_FIRST: [u8; 4] = [4, 6, 5, 2];
        if let Some(count) = self.counts.get_mut(collected.outcome as usize) {
            *count += 1;
        }
        let rank = |code: &u8| WORST_FIRST.iter().position(|known| known == code);
        self.worst = self.worst.into_iter().chain(collected.code()).min_by_key(rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(outcome: Outcome, error: Option<ErrorKind>) -> Collected {
        let id = ReportId::Import(Uuid::from_u128(7));
        let error = error.map(|kind| Error::new(kind, "no").advise("go on").caused_by(std::io::Error::other("moon")));
        Collected { account: "shop".parse().unwrap(), id, outcome, total: None, error }
    }

    #[test]
    fn a_line_of_the_program() {
        let mut line = collected(Outcome::Archived, None);
        line.total = Some(3);
        let start = "{\"account\":\"shop\",\"kind\":\"contact_import\",\
                     \"import_id\":\"00000000-0000-0000-0000-000000000007\",\"outcome\":";
        assert_eq!(serde_json::to_string(&line).unwrap(), format!("{start}\"archived\",\"total\":3}}"));
        let line = collected(Outcome::Failed, Some(ErrorKind::NotFound));
        let expected = format!("{start}\"failed\",\"error\":\"no: moon; go on\",\"code\":5}}");
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
        let line = collected(Outcome::Pending, Some(ErrorKind::NotFinished));
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            format!("{start}\"pending\",\"error\":\"no: moon; go on\"}}")
        );
    }

    #[test]
    fn the_worst_is_the_code() {
        use ErrorKind::*;
        let mut outcomes = Outcomes::default();
        outcomes.add(&collected(Outcome::Skipped, Some(Exists)));
        assert_eq!(outcomes.code(), 0);
        for (kind, own, worst) in [
            (NotAReport, 2, 2),
            (NotFound, 5, 5),
            (Archive, 2, 5),
            (TimedOut, 6, 6),
            (NotPermitted, 4, 4),
            (RateLimited, 6, 4),
        ] {
            let failed = collected(Outcome::Failed, Some(kind));
            outcomes.add(&failed);
            assert_eq!((failed.code(), outcomes.code()), (Some(own), worst));
        }
        assert_eq!((outcomes.get(Outcome::Failed), outcomes.get(Outcome::Skipped)), (6, 1));
    }
}
