//! Files that stand in an archive, and that no collect has put there.

use object_store::path::Path;

/// Files in the folders of an archive's tables that are no import's, and are passed over.
///
/// Names that begin with a dot or an underscore are none of them: engines pass over these, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StrayFiles {
    /// How many there are.
    pub count: u64,
    /// Their paths; of very many the first 100 that were found. They may hold anything that a name may.
    pub first: Vec<String>,
}

/// How many are named.
const MOST_NAMED: usize = 100;

impl StrayFiles {
    pub(super) fn add(&mut self, path: &Path) {
        if is_passed_over(path) {
            return;
        }
        self.count = self.count.saturating_add(1);
        if self.first.len() < MOST_NAMED {
            self.first.push(path.to_string());
        }
    }
}

/// Is it one of the names that engines pass over?
fn is_passed_over(path: &Path) -> bool {
    path.filename().is_some_and(|name| name.starts_with(['.', '_']))
}
