//! The newer API's answer, read for its status and its figures alone.

use super::soap_answer::{Answered, ResultFields};
use super::xml::Malformed;
use crate::error::{Error, Result};
use crate::read::answer::{Answer, Wrong};
use crate::read::options::ReadOptions;

/// Reads an answer as it comes: what it says of contacts is passed over.
pub(super) struct V3Head {
    answer: Answer,
    /// What has not been read yet, since it is no whole text.
    kept: Vec<u8>,
    /// How much of it there must be to be looked at once more.
    look_again: usize,
    broken: Option<Malformed>,
}

impl V3Head {
    pub(super) fn new() -> Self {
        V3Head { answer: Answer::new(&ReadOptions::new()), kept: Vec::new(), look_again: 0, broken: None }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<()> {
        self.kept.extend_from_slice(piece);
        if self.broken.is_some() || self.kept.len() < self.look_again {
            return Ok(());
        }
        self.read(false)
    }

    fn read(&mut self, last: bool) -> Result<()> {
        match self.answer.read(&self.kept, last, &mut ()) {
            Ok(read) => {
                self.kept.drain(..read);
                self.look_again = 2 * self.kept.len();
                return Ok(());
            }
            Err(Wrong::Malformed(what)) => self.broken = Some(what),
            Err(Wrong::Error(error)) if self.answer.is_recognised() => return Err(error),
            Err(Wrong::Error(_)) => self.broken = Some("it is too long"),
        }
        self.kept = Vec::new();
        Ok(())
    }

    /// Is it about contacts, so that none of it may be repeated?
    pub(super) fn is_about_contacts(&self) -> bool {
        self.answer.is_recognised()
    }

    /// The status and the figures of an answer that is whole.
    pub(super) fn finish(mut self) -> Result<Answered, Malformed> {
        if self.broken.is_none() {
            let read = self.read(true);
            self.broken = self.broken.or(read.err().map(|_: Error| "it is too long"));
        }
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let Some(status) = self.answer.status().filter(|_| self.answer.is_answer()) else {
            return Err("it holds no status");
        };
        let mut fields: ResultFields = self.answer.into_figures();
        fields.push(("status".into(), status.to_string()));
        Ok(Answered::Result(fields))
    }
}
