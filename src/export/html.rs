//! A page for people, which needs nothing but itself.

use std::io::Write;
use std::time::SystemTime;

use maud::{Markup, html};

use super::markup::{Document, POLICY, STYLE, bar, class, failed, head, reasons, remedies, what_to_do};
use super::words::{grouped, label, percent, places, printable, reports, title};
use super::writing;
use crate::error::Result;
use crate::escape::escape;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;
use crate::tally::group_counts::{GroupCounts, GroupKey};
use crate::tally::timestamp::within_four_digits;
use crate::tally::{SourceCounts, Tally};

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
    let main = html! {
        (headline(tally))
        @if total > 0 {
            (what_to_do(counts, "what-to-do", "What to do"))
            (reasons(counts, "reasons", "Why they failed"))
            @if let Some(groups) = tally.groups() { (group_table(groups, total)) }
        }
        @if tally.sources().len() > 1 { (sources(tally)) }
        (unusual(counts))
    };
    let footer = html! {
        p { "From the faults reports of Dotdigital contact imports. A contact counts once for each row." }
    };
    Document { title: &title(total), style: STYLE, policy: Some(POLICY) }.around(&main, &footer)
}

fn headline(tally: &Tally) -> Markup {
    let total = tally.counts().total();
    let read_at = tally.sources().iter().filter_map(SourceCounts::read_at).min().and_then(date);
    html! {
        header {
            h1 { (failed(total)) }
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

/// A time in words, where it lies between the years 1970 and 9999.
fn date(time: SystemTime) -> Option<String> {
    within_four_digits(time).map(httpdate::fmt_http_date)
}
