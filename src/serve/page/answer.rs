//! The first thing that is said: are imports failing more than usual, which account's, why, and what to do.

use maud::{Markup, html};

use super::judged::{Judged, POINTS, Risen, Standing};
use super::{and_more, choice, newest, reason_words, time};
use crate::export::markup::class;
use crate::export::trends_words::{rate_words, series_words};
use crate::export::words::{grouped, remedy_words};
use crate::serve::query::Query;
use crate::serve::state::State;
use crate::tally::archived_import::Series;

/// How many imports that fail more than usual are told of one by one; the table has the others.
const MOST_TOLD: usize = 6;

/// How many reasons are named of each.
const MOST_REASONS: usize = 3;

/// The answer, as the number that is seen first and the words behind it.
struct Answer {
    number: Option<String>,
    words: String,
}

fn answer(state: &State, query: &Query, judged: &[Judged<'_>]) -> Answer {
    let said = |words: &str| Answer { number: None, words: words.to_owned() };
    if state.read_at().is_none() {
        return said("The archive hasn't been read yet");
    }
    match judged {
        [] if query.accounts.is_empty() => said("No import is archived yet"),
        [] => said("No import of these accounts is archived"),
        [one] => of_one(one),
        _ => of_many(judged),
    }
}

/// Of a single account and series.
fn of_one(judged: &Judged<'_>) -> Answer {
    let account = &judged.verdict.account;
    let compared = match judged.standing {
        Standing::Worse => ", more than usual",
        Standing::Usual => ", no more than usual",
        Standing::TooFew | Standing::NoContacts => "",
    };
    match judged.share() {
        Some(_) => Answer {
            number: Some(rate_words(judged.share())),
            words: format!("of the {} of {account}'s newest import failed{compared}", of(judged)),
        },
        None => Answer { number: None, words: format!("How many contacts {account}'s newest import had isn't known") },
    }
}

fn of_many(judged: &[Judged<'_>]) -> Answer {
    let accounts = |standing: &dyn Fn(Standing) -> bool| {
        let mut accounts: Vec<_> =
            judged.iter().filter(|judged| standing(judged.standing)).map(|judged| &judged.verdict.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts.len() as u64
    };
    let worse = accounts(&|standing| standing == Standing::Worse);
    let known = accounts(&|standing| matches!(standing, Standing::Worse | Standing::Usual));
    let (number, words) = match (worse, known) {
        (_, 0) => return Answer { number: None, words: "Nobody can tell yet what is usual".to_owned() },
        (0, 1) => ("No".to_owned(), "account fails more than usual".to_owned()),
        (0, known) => ("None".to_owned(), format!("of {} accounts fails more than usual", grouped(known))),
        (1, 1) => ("1".to_owned(), "account fails more than usual".to_owned()),
        (1, known) => ("1".to_owned(), format!("of {} accounts fails more than usual", grouped(known))),
        (worse, known) => (grouped(worse), format!("of {} accounts fail more than usual", grouped(known))),
    };
    Answer { number: Some(number), words }
}

/// The same as the title of the page.
pub(super) fn title(state: &State, query: &Query, judged: &[Judged<'_>]) -> String {
    let answer = answer(state, query, judged);
    answer.number.map_or_else(String::new, |number| number + " ") + &answer.words
}

/// The answer, and what should be known with it.
pub(super) fn headline(state: &State, query: &Query, judged: &[Judged<'_>]) -> Markup {
    let answer = answer(state, query, judged);
    let is_judged = |judged: &&Judged<'_>| matches!(judged.standing, Standing::Worse | Standing::Usual);
    let unjudged = judged.len() as u64 - judged.iter().filter(is_judged).count() as u64;
    html! {
        header {
            h1 {
                @if let Some(number) = &answer.number { span.number { (number) } " " }
                (answer.words)
            }
            @if !judged.is_empty() { p.from {
                "Each account's newest import, against the median of up to ten before it; "
                (POINTS) " percentage points above that is more than usual."
                @if unjudged > 0 && unjudged < judged.len() as u64 {
                    " " (grouped(unjudged)) " can't be judged; the table says why."
                }
            } }
            (notes(state))
        }
    }
}

/// What is wrong with the archive, rather than with the imports.
fn notes(state: &State) -> Markup {
    let expiring = state.read_at().map_or(0, |now| state.claims_about_to_expire(now).count() as u64);
    html! {
        @if state.last_failed() {
            p.note role="status" {
                @match state.read_at() {
                    Some(at) => { "The archive couldn't be read since " (time(at)) ": what stands here may be out of date." },
                    None => "The archive couldn't be read. It is tried again.",
                }
            }
        }
        @if expiring > 0 {
            p.note role="status" {
                strong { (grouped(expiring)) }
                @if expiring == 1 { " import hasn't" } @else { " imports haven't" }
                " been collected for over five days; the service keeps reports for about a week. Run "
                code { "faults collect" } "."
            }
        }
    }
}

/// The imports that fail more than usual: which, why, and what to do.
pub(super) fn worse(query: &Query, judged: &[Judged<'_>]) -> Markup {
    let worse: Vec<_> = judged.iter().filter(|judged| judged.standing == Standing::Worse).collect();
    html! {
        @if !worse.is_empty() {
            section.worse aria-labelledby="worse" {
                h2 id="worse" { "Which, why, and what to do" }
                ul.alerts {
                    @for judged in worse.iter().take(MOST_TOLD) { li { (told(query, judged)) } }
                }
                @if let Some(more) = and_more(worse.len(), MOST_TOLD, " in the table below") { p.more { (more) } }
            }
        }
    }
}

fn told(query: &Query, judged: &Judged<'_>) -> Markup {
    let verdict = &judged.verdict;
    html! {
        h3 {
            a href=(choice::of_account(query, &verdict.account)) { (verdict.account) }
            @if verdict.series != Series::V2 { " " span.series { (series_words(verdict.series)) } }
        }
        p {
            strong { (rate_words(judged.share())) } " of the " (of(judged)) " failed in "
            a href=(newest::address(judged.import)) { "the import of " span.unbroken { (judged.import.date()) } }
            ", usually " span.unbroken { (rate_words(verdict.usual)) } "."
        }
        @if !judged.risen.is_empty() {
            ul.risen { @for risen in judged.risen.iter().take(MOST_REASONS) { (reason(risen)) } }
            @if let Some(more) = and_more(judged.risen.len(), MOST_REASONS, "") { p.more { (more) } }
        }
    }
}

fn reason(risen: &Risen) -> Markup {
    let remedy = risen.reason.remedy();
    html! {
        li.(class(remedy)) {
            p {
                strong { (reason_words(&risen.reason)) } " " span.unbroken { (rate_words(Some(risen.share))) }
                span.soft { ", usually " (rate_words(Some(risen.usual))) }
            }
            p { span.pill { (remedy_words(remedy)) } " " (remedy.description()) }
        }
    }
}

/// What a share is a part of.
fn of(judged: &Judged<'_>) -> &'static str {
    if judged.verdict.is_of_contacts { "contacts" } else { "faults" }
}
