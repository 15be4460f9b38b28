//! The program enrolments that have finished.

use std::collections::VecDeque;
use std::fmt;

use serde::Deserialize;
use uuid::Uuid;

use super::Client;
use super::collect::{Collector, NotThat};
use super::operation::ServiceOperation;
use super::soap_answer::ResultFields;
use crate::error::{Error, ErrorKind, Result};
use crate::escape::escape;
use crate::format::BOM;
use crate::report_id::ReportId;

/// How many enrolments a page has: as many as the service gives at once.
pub(super) const PAGE: u64 = 1000;

/// The most enrolments of an account: who goes on behind them goes on for ever.
const MOST: u64 = 1_000_000;

/// The most bytes of a page. Each of its enrolments names a few dozen contacts and lists at most.
const LARGEST_PAGE: usize = 4 << 20;

/// A program enrolment that has finished, and whose faults can be fetched by its [`id`](Self::id).
///
/// Source: the vendor's OpenAPI file of programs 2.0.1. With serde it is read from the service's own members.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Enrolment {
    /// The enrolment's id.
    pub id: Uuid,
    /// The program that contacts were enrolled in, where the service says so.
    pub program_id: Option<i64>,
    /// When the enrolment was created, in the service's own words.
    pub date_created: Option<String>,
}

impl From<&Enrolment> for ReportId {
    fn from(enrolment: &Enrolment) -> Self {
        ReportId::Enrolment(enrolment.id)
    }
}

/// The program enrolments that have finished, fetched a page at a time, as [`Client::finished_enrolments`] gives them.
///
/// `Debug` shows how many have been told.
pub struct FinishedEnrolments {
    client: Client,
    page: VecDeque<Enrolment>,
    /// How many enrolments the pages so far have had.
    fetched: u64,
    /// The last one of the page before.
    last: Option<Uuid>,
    has_ended: bool,
}

impl FinishedEnrolments {
    pub(super) fn new(client: Client) -> Self {
        FinishedEnrolments { client, page: VecDeque::new(), fetched: 0, last: None, has_ended: false }
    }

    /// The next one; `None` behind the last. Each page of 1,000 is a call of its own, with its own retries. One that is
    /// dropped before it is done is made again by the next call.
    ///
    /// # Errors
    /// Any [`ErrorKind`] of the client. An error is the end, and `None` is behind it: the service isn't asked again, so that
    /// no loop that goes on after errors sends a refused password for ever. So is a page that comes again, and what comes
    /// behind a million enrolments ([`UnexpectedAnswer`](ErrorKind::UnexpectedAnswer)): whoever answers doesn't page.
    pub async fn next(&mut self) -> Result<Option<Enrolment>> {
        if self.page.is_empty() && !self.has_ended {
            let operation = ServiceOperation::FinishedEnrolments { skip: self.fetched };
            let page = Page { body: Vec::new(), skipped: self.fetched, last: self.last };
            let answered = self.client.call(operation, None, page, &self.client.deadline()).await;
            self.has_ended = answered.as_ref().map_or(true, |page| (page.len() as u64) < PAGE);
            let page = answered?;
            self.fetched += page.len() as u64;
            self.last = page.last().map(|enrolment| enrolment.id);
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}

impl fmt::Debug for FinishedEnrolments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedEnrolments")
            .field("told", &(self.fetched - self.page.len() as u64))
            .finish_non_exhaustive()
    }
}

/// Takes one page.
struct Page {
    body: Vec<u8>,
    /// How many enrolments the pages before it have had, and the last of these.
    skipped: u64,
    last: Option<Uuid>,
}

impl Collector for Page {
    type Output = Vec<Enrolment>;

    fn restart(&mut self) {
        self.body.clear();
    }

    fn feed(&mut self, piece: &[u8]) -> Result<()> {
        if self.body.len() + piece.len() > LARGEST_PAGE {
            return Err(Error::new(ErrorKind::TooLarge, format!("the page is larger than {LARGEST_PAGE} bytes")));
        }
        self.body.extend_from_slice(piece);
        Ok(())
    }

    async fn finish(&mut self, _: ResultFields) -> Result<Vec<Enrolment>, NotThat> {
        let body = self.body.strip_prefix(BOM).unwrap_or(&self.body);
        let page: Vec<Enrolment> =
            serde_json::from_slice(body).map_err(|_| NotThat::Malformed("it is no list of enrolments"))?;
        let last = page.last().map(|enrolment| enrolment.id);
        if last.is_some() && last == self.last {
            return Err(NotThat::Malformed("it is the page before once more"));
        }
        if self.skipped >= MOST && last.is_some() {
            return Err(NotThat::Malformed("it goes on behind a million enrolments"));
        }
        Ok(page.into_iter().map(Enrolment::cleaned).collect())
    }
}

impl Enrolment {
    fn cleaned(mut self) -> Self {
        self.date_created = self.date_created.map(|date| escape(&date, 64));
        self
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_list_has_an_end() {
        let body = format!(r#"[{{"id":"{}"}}]"#, Uuid::from_u128(7));
        let read = |body: &str, skipped, last: Option<u128>| {
            let mut page = Page { body: body.into(), skipped, last: last.map(Uuid::from_u128) };
            page.finish(ResultFields::new()).now_or_never().unwrap().map(|page| page.len())
        };
        assert!(matches!(read(&body, MOST - 1, Some(6)), Ok(1)));
        assert!(matches!(read("[]", MOST, Some(6)), Ok(0)));
        for (skipped, last, expected) in [
            (MOST, Some(6), "it goes on behind a million enrolments"),
            (MOST, None, "it goes on behind a million enrolments"),
            (1000, Some(7), "it is the page before once more"),
        ] {
            assert!(matches!(read(&body, skipped, last), Err(NotThat::Malformed(what)) if what == expected));
        }
    }
}
