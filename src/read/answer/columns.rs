//! The columns that the failures of an answer stand under.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::header::{Header, Texts};
use super::super::options::ReadOptions;
use super::super::record::Shape;
use crate::error::{Error, Result};

/// The columns in front of the custom identifiers, and behind them.
pub(super) const FIRST: [&str; 5] = ["Reason", "email", "mobileNumber", "contactId", "matchIdentifier"];
const LAST: [&str; 3] = ["failureCodes", "description", "partial"];

/// Does an identifier of the contact stand in a column of so many, and not something that the service says of it?
pub(crate) fn is_identifier(column: usize, width: usize) -> bool {
    matches!(column, 1 | 2) || (FIRST.len()..width.saturating_sub(LAST.len())).contains(&column)
}

/// The columns so far: one more for each custom identifier that is met.
pub(super) struct Columns {
    names: Vec<Box<str>>,
    places: HashMap<Box<str>, usize>,
    /// How many bytes the names have.
    bytes: usize,
    shape: Shape,
    most: usize,
}

impl Columns {
    pub(super) fn new(options: &ReadOptions) -> Self {
        let (largest_field, largest_row) = (options.largest_field, options.largest_row);
        Columns {
            names: Vec::new(),
            places: HashMap::new(),
            bytes: 0,
            shape: Shape { separator: b',', largest_field, largest_row },
            most: options.most_columns,
        }
    }

    /// How many custom identifiers there are.
    pub(super) fn custom(&self) -> usize {
        self.names.len()
    }

    /// How many bytes the header has, about.
    pub(super) fn header_len(&self) -> usize {
        self.bytes + self.width()
    }

    fn width(&self) -> usize {
        FIRST.len() + self.names.len() + LAST.len()
    }

    /// The place of a custom identifier among those that have been met, as of now.
    pub(super) fn place(&mut self, name: &str) -> Result<usize> {
        if let Some(&place) = self.places.get(name) {
            return Ok(place);
        }
        let place = self.names.len();
        self.names.push(name.into());
        self.places.insert(name.into(), place);
        self.bytes += name.len();
        if self.width() > self.most {
            return Err(Error::too_wide(self.width(), self.most));
        }
        if self.bytes > self.shape.largest_row {
            return Err(Error::row_too_large(self.shape.largest_row));
        }
        Ok(place)
    }

    pub(super) fn header(&self) -> Arc<Header> {
        let mut names = Texts::default();
        let custom = self.names.iter().map(|name| &**name);
        FIRST.into_iter().chain(custom).chain(LAST).for_each(|name| names.push(name.as_bytes()));
        Arc::new(Header::of_answer(names, self.shape))
    }
}
