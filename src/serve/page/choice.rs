//! What is shown, chosen by links and by a form.

use std::fmt::Write;

use maud::{Markup, html};

use super::{and_more, reason_words};
use crate::account_name::AccountName;
use crate::reason::FailureReason;
use crate::serve::query::Query;
use crate::tally::trends::options::TrendBy;

/// How many accounts the form offers; others can be typed.
pub(super) const MOST_OFFERED: usize = 40;

/// How many of the accounts and reasons that were chosen are told one by one: each is a link that repeats all others.
const MOST_CHOSEN: usize = 10;

/// How far one may look back, in days.
const PERIODS: [(u32, &str); 5] =
    [(14, "14 days"), (30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "a year")];

/// The address of the page for a query. Names and slugs consist of characters that mean nothing in an address.
fn address(query: &Query) -> String {
    let mut address = format!("?since={}d&by={}", query.since, query.by);
    // To write into a text doesn't fail.
    query.accounts.iter().for_each(|account| _ = write!(address, "&account={account}"));
    query.reasons.iter().for_each(|reason| _ = write!(address, "&reason={}", reason.slug()));
    address
}

/// The address of the page of one account.
pub(super) fn of_account(query: &Query, account: &AccountName) -> String {
    address(&Query { accounts: vec![account.clone()], ..query.clone() })
}

/// Links for the period and the grain, and a form for the account and the reason.
pub(super) fn choices(query: &Query, accounts: &[&str]) -> Markup {
    html! {
        nav.choices aria-label="What is shown" {
            dl {
                div {
                    dt { "of the last" }
                    @for (days, words) in PERIODS {
                        dd { (link(&Query { since: days, ..query.clone() }, words, days == query.since)) }
                    }
                    @if PERIODS.iter().all(|(days, _)| *days != query.since) {
                        dd { (link(query, &format!("{} days", query.since), true)) }
                    }
                }
                div {
                    dt { "by" }
                    @for by in TrendBy::ALL {
                        dd { (link(&Query { by, ..query.clone() }, by.as_str(), by == query.by)) }
                    }
                }
                (chosen(query))
            }
            (form(query, accounts))
        }
    }
}

fn link(query: &Query, words: &str, is_current: bool) -> Markup {
    html! { a href=(address(query)) aria-current=[is_current.then_some("true")] { (words) } }
}

/// What was chosen, each with the way back.
fn chosen(query: &Query) -> Markup {
    let without_account = |account: &AccountName| {
        let accounts = query.accounts.iter().filter(|other| *other != account).cloned().collect();
        address(&Query { accounts, ..query.clone() })
    };
    let without_reason = |reason: &FailureReason| {
        let reasons = query.reasons.iter().filter(|other| *other != reason).cloned().collect();
        address(&Query { reasons, ..query.clone() })
    };
    let all = query.accounts.len() + query.reasons.len();
    html! {
        @if all > 0 {
            div {
                dt { "only" }
                @for account in query.accounts.iter().take(MOST_CHOSEN) {
                    dd { (removal(&without_account(account), account.as_str())) }
                }
                @for reason in query.reasons.iter().take(MOST_CHOSEN.saturating_sub(query.accounts.len())) {
                    dd { (removal(&without_reason(reason), reason_words(reason))) }
                }
                @if let Some(more) = and_more(all, MOST_CHOSEN, "") { dd { (more) } }
                @if all > 1 {
                    dd { a href=(address(&Query { accounts: Vec::new(), reasons: Vec::new(), ..query.clone() })) { "all" } }
                }
            }
        }
    }
}

fn removal(address: &str, name: &str) -> Markup {
    html! { a.chosen href=(address) { span.hidden { "no longer only " } (name) span aria-hidden="true" { " ×" } } }
}

fn form(query: &Query, accounts: &[&str]) -> Markup {
    html! {
        form method="get" {
            input type="hidden" name="since" value=(format_args!("{}d", query.since));
            input type="hidden" name="by" value=(query.by);
            (account(query, accounts))
            (reason(query))
            button type="submit" { "Show" }
        }
    }
}

/// One account can be changed for another; to several, another one is added.
fn account(query: &Query, accounts: &[&str]) -> Markup {
    let current = match &query.accounts[..] {
        [account] => Some(account.as_str()),
        _ => None,
    };
    html! {
        @if query.accounts.len() > 1 {
            @for account in &query.accounts { input type="hidden" name="account" value=(account); }
        }
        label {
            span { @if query.accounts.len() > 1 { "Another account" } @else { "Account" } }
            input type="text" name="account" value=[current] list="accounts" maxlength=(AccountName::LONGEST)
                pattern="[a-z0-9_\\-]*" title="The name of an account" autocomplete="off" spellcheck="false"
                autocapitalize="none" placeholder="all";
        }
        datalist id="accounts" { @for account in accounts { option value=(account) {} } }
    }
}

fn reason(query: &Query) -> Markup {
    let current = match &query.reasons[..] {
        [reason] => Some(reason),
        _ => None,
    };
    let unknown = FailureReason::from("");
    html! {
        @if query.reasons.len() > 1 {
            @for reason in &query.reasons { input type="hidden" name="reason" value=(reason.slug()); }
        }
        label {
            span { @if query.reasons.len() > 1 { "Another reason" } @else { "Reason" } }
            select name="reason" {
                option value="" { "all" }
                @for reason in FailureReason::iter().chain([unknown]) {
                    option value=(reason.slug()) selected[current == Some(&reason)] { (reason_words(&reason)) }
                }
            }
        }
    }
}
