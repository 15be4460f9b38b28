//! A page for people, which needs nothing but itself.

use std::collections::HashMap;
use std::io::Write;
use std::time::SystemTime;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::words::{Line, grouped, label, lines, percent, places, printable, remedy_words, reports, title};
use super::writing;
use crate::error::Result;
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::counts::{ReasonCounts, share};
use crate::reason::remedy::Remedy;
use crate::tally::group_counts::{GroupCounts, GroupKey};
use crate::tally::timestamp::within_four_digits;
use crate::tally::{SourceCounts, Tally};

pub(super) const STYLE: &str = include_str!("page.css");

/// Nothing may be fetched, nothing may run, nothing may be sent; the page's own style is all there is.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How many reasons are named beside a group.
const REASONS_OF_A_GROUP: usize = 6;

/// How much of an unknown reason is shown beside a group.
const LONGEST_OF_A_GROUP: usize = 60;

/// Writes a tally as a page for people, as `faults summary --format html` prints it.
///
/// The page is whole in itself: no script, nothing fetched, from whatever it is opened. It follows the reader's
/// choice of light or dark, fits narrow and wide windows and paper, and reads well aloud. Texts of the report are
/// escaped, and can't become markup. Of many reports the 20 with the most faults are told apart, and the others summed
/// up. Needs the feature `html`.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io) where the writer fails.
///
/// ```
/// use dotdigital_faults::{FaultReport, Tally, export};
///
/// let report = FaultReport::from_bytes("Reason,email\nBlocker,demo@example.com\n")?;
/// let mut page = Vec::new();
/// export::tally_to_html(&Tally::from(&report), &mut page)?;
/// assert!(page.starts_with(b"<!DOCTYPE html>"));
/// # Ok::<(), dotdigital_faults::Error>(())
/// ```
pub fn tally_to_html(tally: &Tally, mut writer: impl Write) -> Result<()> {
    let page = page(tally).into_string();
    writer.write_all(page.as_bytes()).and_then(|()| writer.write_all(b"\n")).map_err(writing)
}

fn page(tally: &Tally) -> Markup {
    let counts = tally.counts();
    let total = counts.total();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("dotdigital-faults ", env!("CARGO_PKG_VERSION")));
                title { (title(total)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (headline(tally))
                    @if total > 0 {
                        (what_to_do(counts))
                        (reasons(counts))
                        @if let Some(groups) = tally.groups() { (group_table(groups, total)) }
                    }
                    @if tally.sources().len() > 1 { (sources(tally)) }
                    (unusual(counts))
                }
                footer {
                    p { "From the faults reports of Dotdigital contact imports. A contact counts once for each row." }
                }
            }
        }
    }
}

fn headline(tally: &Tally) -> Markup {
    let total = tally.counts().total();
    let read_at = tally.sources().iter().filter_map(SourceCounts::read_at).min().and_then(date);
    html! {
        header {
            h1 {
                @match total {
                    0 => { span.number { "No" } " contact failed to import" },
                    1 => { span.number { "1" } " contact failed to import" },
                    _ => { span.number { (grouped(total)) } " contacts failed to import" },
                }
            }
            p.from {
                @match tally.sources() {
                    [source] if !source.name().is_empty() => bdi { (printable(source.name())) },
                    [] | [_] => "One report",
                    sources => { (sources.len()) " reports" },
                }
                @if let Some(read_at) = read_at { " " span.when { "read " (read_at) } }
            }
        }
    }
}

/// One bar of all faults, and what it calls for.
fn what_to_do(counts: &ReasonCounts) -> Markup {
    let total = counts.total();
    let remedies = remedies(counts);
    html! {
        section aria-labelledby="what-to-do" {
            h2 id="what-to-do" { "What to do" }
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

fn reasons(counts: &ReasonCounts) -> Markup {
    let total = counts.total();
    let lines = lines(counts);
    let most = lines.iter().map(|line| line.count).max().unwrap_or(0);
    html! {
        section aria-labelledby="reasons" {
            h2 id="reasons" { "Why they failed" }
            table role="table" aria-labelledby="reasons" {
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

fn group_table(groups: &GroupCounts, total: u64) -> Markup {
    let most = groups.by_size().map(|(_, counts)| counts.total()).max().unwrap_or(0);
    html! {
        section aria-labelledby="groups" {
            h2 id="groups" { "By " bdi { (printable(groups.by().name())) } }
            table role="table" aria-labelledby="groups" {
                (head("group"))
                tbody role="rowgroup" {
                    @for (key, counts) in groups.by_size() {
                        tr role="row" {
                            th role="rowheader" scope="row" { (group_name(key)) }
                            td.chart role="cell" { (bar("", &remedies(counts), most)) }
                            td.number role="cell" { (grouped(counts.total())) }
                            td.share role="cell" { (percent(counts.total(), total)) }
                            td.why role="cell" { (why(counts)) }
                        }
                    }
                }
            }
        }
    }
}

fn group_name(key: GroupKey<'_>) -> Markup {
    html! {
        @match key {
            GroupKey::Value(value) if !value.is_empty() => bdi { (printable(value)) },
            GroupKey::Domain(_) => bdi { (printable(&key.label())) },
            key => em { (key.label()) },
        }
    }
}

/// The reasons of a group, the most frequent first.
fn why(counts: &ReasonCounts) -> Markup {
    let all = counts.by_frequency().len();
    html! {
        ul {
            @for (reason, count) in counts.by_frequency().take(REASONS_OF_A_GROUP) {
                li {
                    span.dot.(class(reason.remedy())) aria-hidden="true" {}
                    bdi { (brief(reason)) } " " span.count { (grouped(count)) }
                }
            }
            @if all > REASONS_OF_A_GROUP { li.more { "and " (all - REASONS_OF_A_GROUP) " more" } }
        }
    }
}

/// A reason in few words.
fn brief(reason: &FailureReason) -> String {
    escape(&label(reason), LONGEST_OF_A_GROUP)
}

fn sources(tally: &Tally) -> Markup {
    let total = tally.counts().total();
    let (shown, further) = reports(tally);
    let further = further.as_ref().map(|(more, counts)| (html! { em { (more) } }, counts));
    let shown = shown.into_iter().map(|source| (html! { bdi { (printable(source.name())) } }, source.counts()));
    let rows: Vec<_> = shown.chain(further).collect();
    let most = rows.iter().map(|(_, counts)| counts.total()).max().unwrap_or(0);
    html! {
        section aria-labelledby="sources" {
            h2 id="sources" { "By report" }
            table role="table" aria-labelledby="sources" {
                (head("report"))
                tbody role="rowgroup" {
                    @for (name, counts) in &rows {
                        tr role="row" {
                            th role="rowheader" scope="row" { (name) }
                            td.chart role="cell" { (bar("", &remedies(counts), most)) }
                            td.number role="cell" { (grouped(counts.total())) }
                            td.share role="cell" { (percent(counts.total(), total)) }
                            td.why role="cell" { (why(counts)) }
                        }
                    }
                }
            }
        }
    }
}

fn unusual(counts: &ReasonCounts) -> Markup {
    html! {
        @if !counts.anomalies().is_empty() || counts.is_cut_off() {
            section aria-labelledby="unusual" {
                h2 id="unusual" { "Unusual, and read all the same" }
                ul.unusual {
                    @for (anomaly, count) in counts.anomalies().iter() {
                        li {
                            strong { (grouped(count)) } " " code { (anomaly.slug()) }
                            (places(counts.anomalies(), anomaly)) ": " (anomaly.description())
                        }
                    }
                    @if counts.is_cut_off() {
                        li { strong { "A report seems to have been cut off: " } "fetch or save it again." }
                    }
                }
            }
        }
    }
}

fn head(first: &str) -> Markup {
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
fn bar(kind: &str, parts: &[(Remedy, u64)], most: u64) -> Markup {
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
fn remedies(counts: &ReasonCounts) -> Vec<(Remedy, u64)> {
    let mut sums: HashMap<Remedy, u64> = HashMap::new();
    for (reason, count) in counts.iter() {
        *sums.entry(reason.remedy()).or_default() += count;
    }
    let mut remedies: Vec<_> = Remedy::iter().filter_map(|remedy| Some((remedy, *sums.get(&remedy)?))).collect();
    remedies.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    remedies
}

/// The class of a remedy's colour.
pub(super) fn class(remedy: Remedy) -> &'static str {
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

/// A time in words, where it lies between the years 1970 and 9999.
fn date(time: SystemTime) -> Option<String> {
    within_four_digits(time).map(httpdate::fmt_http_date)
}
