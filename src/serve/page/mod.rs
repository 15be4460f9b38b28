//! The pages for people.

use uuid::Uuid;

use super::query::Query;
use super::state::State;

/// What stands in the `<style>` of every page: its hash is all that the policy lets in.
pub(super) fn style() -> &'static str {
    ""
}

/// `/`: how imports are, of which accounts, why they fail, and what to do.
pub(super) fn front(_state: &State, _query: &Query) -> String {
    String::new()
}

/// `/imports/{id}`: one import; `None` where the archive doesn't have it.
pub(super) fn import(_state: &State, _id: Uuid) -> Option<String> {
    None
}
