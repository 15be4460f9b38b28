//! The newest import of each account.

use maud::{Markup, html};

use super::judged::{Judged, Standing};
use super::{and_more, choice};
use crate::export::trends_words::{number_words, rate_words, series_words};
use crate::export::words::grouped;
use crate::serve::query::Query;
use crate::serve::state::Import;
use crate::tally::archived_import::Series;

/// How many are shown, the worst first.
const MOST_SHOWN: usize = 40;

/// The newest import of each account and series, the worst first.
pub(super) fn table(query: &Query, judged: &[Judged<'_>]) -> Markup {
    html! {
        @if !judged.is_empty() {
            section aria-labelledby="newest" {
                h2 id="newest" { "The newest import of each account" }
                table.trends.newest role="table" aria-labelledby="newest" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th role="columnheader" scope="col" { "account" }
                            th role="columnheader" scope="col" { "import" }
                            th.number role="columnheader" scope="col" { "faults" }
                            th.number role="columnheader" scope="col" { "contacts" }
                            th.number role="columnheader" scope="col" { "failed" }
                            th.number role="columnheader" scope="col" { "usually" }
                            th role="columnheader" scope="col" { "that is" }
                        }
                    }
                    tbody role="rowgroup" { @for judged in judged.iter().take(MOST_SHOWN) { (row(query, judged)) } }
                }
                @if let Some(more) = and_more(judged.len(), MOST_SHOWN, "; choose an account above to see its own") {
                    p.more { (more) }
                }
            }
        }
    }
}

fn row(query: &Query, judged: &Judged<'_>) -> Markup {
    let import = judged.import;
    let contacts = import.to_archived().contacts();
    let filter = query.filter();
    let faults = import.reasons().iter().filter(|(reason, _)| filter.wants(reason));
    let faults = faults.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                a href=(choice::of_account(query, import.account())) { (import.account()) }
                @if import.series() != Series::V2 { " " span.series { (series_words(import.series())) } }
            }
            td.date role="cell" {
                a href=(address(import)) { span.hidden { "the import of " (import.account()) ", " } (import.date()) }
            }
            td.number.total role="cell" data-label="faults" { (grouped(faults)) }
            td.number role="cell" data-label="contacts" { (number_words(contacts)) }
            td.number.faults role="cell" data-label="failed" { (rate_words(judged.share())) }
            td.number role="cell" data-label="usually" { (rate_words(judged.verdict.usual.filter(|_| judged.share().is_some()))) }
            td.standing role="cell" { (standing(judged)) }
        }
    }
}

fn standing(judged: &Judged<'_>) -> Markup {
    html! {
        @match judged.standing {
            Standing::Worse => { span.pill.remove { "more than usual" } },
            Standing::Usual => { span.pill.ignore { "as usual" } },
            Standing::TooFew => { em { "too few before it" } },
            Standing::NoContacts => { em { "contacts not known" } },
        }
    }
}

/// The address of an import's page. It is relative, so that it holds wherever the pages are mounted.
pub(super) fn address(import: &Import) -> String {
    format!("imports/{}", import.id().uuid())
}
