//! What pages for people have in common: the frame, the headline, and the reasons with what to do about them.

use std::collections::HashMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::words::{Line, grouped, lines, percent, remedy_words};
use crate::reason::FailureReason;
use crate::reason::counts::{ReasonCounts, share};
use crate::reason::remedy::Remedy;

/// The style of every page.
pub(crate) const STYLE: &str = include_str!("page.css");

/// For a page that is a file: nothing may be fetched, nothing may run, nothing may be sent; the page's own style is all
/// there is.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A whole page, but for what it shows.
pub(crate) struct Document<'d> {
    pub(crate) title: &'d str,
    pub(crate) style: &'d str,
    /// What the page says of what it may do; `None` where the server that sends it says so.
    pub(crate) policy: Option<&'d str>,
}

impl Document<'_> {
    /// The page around what it shows.
    pub(crate) fn around(&self, main: &Markup, footer: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    @if let Some(policy) = self.policy { meta http-equiv="Content-Security-Policy" content=(policy); }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content=(concat!("dotdigital-faults ", env!("CARGO_PKG_VERSION")));
                    title { (self.title) }
                    style { (PreEscaped(self.style)) }
                }
                body {
                    main { (main) }
                    footer { (footer) }
                }
            }
        }
    }
}

/// How many contacts failed, as a headline.
pub(crate) fn failed(total: u64) -> Markup {
    html! {
        @match total {
            0 => { span.number { "No" } " contact failed to import" },
            1 => { span.number { "1" } " contact failed to import" },
            _ => { span.number { (grouped(total)) } " contacts failed to import" },
        }
    }
}

/// One bar of all faults, and what it calls for.
pub(crate) fn what_to_do(counts: &ReasonCounts, id: &str, heading: &str) -> Markup {
    let total = counts.total();
    let remedies = remedies(counts);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (heading) }
            (bar("whole", &remedies, total))
            ul.remedies {
                @for &(remedy, count) in &remedies {
                    li.(class(remedy)) {
                        p.count { strong { (grouped(count)) } " " span.share { (percent(count, total)) } }
                        h3 { (remedy_words(remedy)) }
                        p { (remedy.description()) }
                    }
                }
            }
        }
    }
}

/// The reasons that are shown, each with what it means, how frequent it is and what to do.
pub(crate) fn reasons(counts: &ReasonCounts, id: &str, heading: &str) -> Markup {
    let total = counts.total();
    let lines = lines(counts);
    let most = lines.iter().map(|line| line.count).max().unwrap_or(0);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (heading) }
            table role="table" aria-labelledby=(id) {
                (head("reason"))
                tbody role="rowgroup" {
                    @for line in &lines {
                        tr role="row" {
                            th role="rowheader" scope="row" {
                                (name(line))
                                p.about { (about(line)) }
                            }
                            td.chart role="cell" { (bar("", &[(line.remedy(), line.count)], most)) }
                            td.number role="cell" { (grouped(line.count)) }
                            td.share role="cell" { (percent(line.count, total)) }
                            td.todo role="cell" { span.pill.(class(line.remedy())) { (remedy_words(line.remedy())) } }
                        }
                    }
                }
            }
        }
    }
}

/// The head of a table of reasons, or of what has reasons.
pub(super) fn head(first: &str) -> Markup {
    let last = if first == "reason" { "what to do" } else { "why" };
    html! {
        thead role="rowgroup" {
            tr role="row" {
                th role="columnheader" scope="col" { (first) }
                th.chart role="columnheader" scope="col" { span.hidden { "bar" } }
                th.number role="columnheader" scope="col" { "count" }
                th.share role="columnheader" scope="col" { "share" }
                th role="columnheader" scope="col" { (last) }
            }
        }
    }
}

/// A bar whose parts are coloured by what they call for. The numbers stand beside it, so that it is not read aloud.
pub(super) fn bar(kind: &str, parts: &[(Remedy, u64)], most: u64) -> Markup {
    let mut at = 0;
    let parts = parts.iter().map(|&(remedy, count)| {
        let start = 100.0 * share(at, most);
        at += count;
        (remedy, start, 100.0 * share(count, most), count)
    });
    html! {
        svg.bar.(kind) width="100%" height="100%" aria-hidden="true" focusable="false" {
            @for (remedy, start, width, count) in parts {
                rect.(class(remedy)) x=(format_args!("{start:.3}%")) width=(format_args!("{width:.3}%")) height="100%" {
                    title { (remedy_words(remedy)) ": " (grouped(count)) }
                }
            }
        }
    }
}

fn name(line: &Line) -> Markup {
    html! { @if line.is_ours() { (line.label) } @else { bdi { (line.label) } } }
}

fn about(line: &Line) -> &'static str {
    line.reason.as_ref().map_or("The rarest reasons that this version doesn't know.", FailureReason::description)
}

/// The remedies that are called for, each with the faults that call for it, the largest first.
pub(super) fn remedies(counts: &ReasonCounts) -> Vec<(Remedy, u64)> {
    let mut sums: HashMap<Remedy, u64> = HashMap::new();
    for (reason, count) in counts.iter() {
        *sums.entry(reason.remedy()).or_default() += count;
    }
    let mut remedies: Vec<_> = Remedy::iter().filter_map(|remedy| Some((remedy, *sums.get(&remedy)?))).collect();
    remedies.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    remedies
}

/// The class of a remedy's colour.
pub(crate) fn class(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Correct => "correct",
        Remedy::Remove => "remove",
        Remedy::AskConsent => "ask-consent",
        Remedy::RetryLater => "retry-later",
        Remedy::LiftSuppression => "lift-suppression",
        Remedy::Wait => "wait",
        Remedy::Investigate => "investigate",
        Remedy::Ignore => "ignore",
    }
}
