//! The pages for people: all of it in words, links and pictures that need neither a script nor anything from elsewhere.
//!
//! However much the archive holds, a page stays small: of every list the worst or the most recent are shown, and how many
//! others there are is said.

mod answer;
mod choice;
mod history;
mod import;
mod judged;
mod newest;

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};
use uuid::Uuid;

use self::judged::Judged;
use super::query::Query;
use super::state::State;
use crate::export::markup::{self, Document};
use crate::export::trends_chart::TRENDS_STYLE;
use crate::export::words::grouped;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;

/// The style of the pages, which stands in each of them. It is all that they may use: its hash goes with them as their policy.
pub(super) fn style() -> &'static str {
    static STYLE: LazyLock<String> = LazyLock::new(|| [markup::STYLE, TRENDS_STYLE, include_str!("page.css")].concat());
    &STYLE
}

/// `/`: how imports are, of which accounts, why they fail, and what to do.
pub(super) fn front(state: &State, query: &Query) -> String {
    let judged = judged::judge(state, query);
    let main = html! {
        (answer::headline(state, query, &judged))
        @if state.read_at().is_some() {
            (answer::worse(query, &judged))
            (choice::choices(query, &accounts(&judged)))
            (newest::table(query, &judged))
            (history::sections(state, query))
        }
    };
    document(state, &answer::title(state, query, &judged), &main)
}

/// `/imports/{id}`: one import; `None` where the archive doesn't have it.
pub(super) fn import(state: &State, id: Uuid) -> Option<String> {
    let import = state.import(id)?;
    Some(document(state, &import::title(import), &import::page(import)))
}

fn document(state: &State, title: &str, main: &Markup) -> String {
    let footer = html! {
        p {
            "From the counts of an archive of Dotdigital contact imports, "
            @match state.read_at() {
                Some(at) => { "as read on " (time(at)) ": " (grouped(state.imports().len() as u64)) " imports." },
                None => "which hasn't been read yet.",
            }
        }
        p {
            "A failure rate is the part of the contacts that were not imported, of the imports whose contacts are known. "
            "Days are those of UTC."
        }
    };
    Document { title, style: style(), policy: None }.around(main, &footer).into_string()
}

/// The accounts that can be chosen, the worst first.
fn accounts<'j>(judged: &'j [Judged<'_>]) -> Vec<&'j str> {
    let mut accounts: Vec<&str> = Vec::new();
    for account in judged.iter().map(|judged| judged.import.account().as_str()) {
        if accounts.len() < choice::MOST_OFFERED && !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    accounts
}

/// A time for people and for programs.
fn time(at: DateTime<Utc>) -> Markup {
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Secs, true)) { (at.format("%Y-%m-%d %H:%M")) " UTC" }
    }
}

/// Reasons with their counts, as the pages of reports take them.
fn counts(reasons: impl IntoIterator<Item = (FailureReason, u64)>) -> ReasonCounts {
    let mut counts = ReasonCounts::new();
    reasons.into_iter().for_each(|(reason, count)| counts.add_reason(&reason, count));
    counts
}

/// A reason in words; all that aren't known are one.
fn reason_words(reason: &FailureReason) -> &str {
    match reason {
        FailureReason::Other(_) => "Unknown reasons",
        known => known.label(),
    }
}

/// How many more there are than are shown, as the last line of a list.
fn and_more(all: usize, shown: usize, what: &str) -> Option<String> {
    let more = all.checked_sub(shown).filter(|more| *more > 0)?;
    Some(format!("and {} more{what}", grouped(more as u64)))
}

#[cfg(test)]
mod tests;
