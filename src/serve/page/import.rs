//! One import.

use maud::{Markup, html};

use super::{and_more, counts, time};
use crate::anomaly::Anomaly;
use crate::export::markup::{failed, reasons, what_to_do};
use crate::export::trends_words::{number_words, rate_words};
use crate::export::words::{grouped, printable};
use crate::protocol::Protocol;
use crate::report_id::ReportId;
use crate::serve::state::Import;
use crate::tally::archived_import::ArchivedStatus;

/// How many of the service's figures, and of the anomalies, are shown: a damaged file may hold any number.
const MOST_FIGURES: usize = 64;

pub(super) fn title(import: &Import) -> String {
    format!("{} of {}, {}", noun(import), import.account(), import.date())
}

pub(super) fn page(import: &Import) -> Markup {
    let counts = counts(import.reasons().iter().cloned());
    html! {
        nav.up aria-label="Where this is" {
            a href="../" { "All accounts" } " "
            a href=(format_args!("../?account={}", import.account())) { (import.account()) }
        }
        (headline(import))
        (facts(import))
        @if counts.total() > 0 {
            (what_to_do(&counts, "what-to-do", "What to do"))
            (reasons(&counts, "reasons", "Why they failed"))
        }
        (service(import))
        (anomalies(import))
    }
}

fn noun(import: &Import) -> &'static str {
    match import.id() {
        ReportId::Import(_) => "Import",
        ReportId::Enrolment(_) => "Enrolment",
    }
}

fn headline(import: &Import) -> Markup {
    html! {
        header {
            h1 {
                @match (import.status(), import.total()) {
                    (ArchivedStatus::Archived, Some(total)) => (failed(total)),
                    (ArchivedStatus::NotFound, _) => "The service didn't know this import",
                    (ArchivedStatus::EndedWithoutReport, _) => "It ended without a report",
                    _ => "Its report was gone before it was collected",
                }
            }
            p.from {
                (noun(import)) " of " (import.account())
                span.when { (import.date()) }
            }
        }
    }
}

fn facts(import: &Import) -> Markup {
    let archived = import.to_archived();
    let contacts = archived.contacts();
    let rate = archived.failed().zip(contacts).filter(|(_, contacts)| *contacts > 0);
    let rate = rate.map(|(failed, contacts)| (failed as f64 / contacts as f64).min(1.0));
    html! {
        section aria-labelledby="facts" {
            h2 id="facts" { "The import" }
            dl.facts {
                div { dt { "id" } dd { code { (import.id().uuid()) } } }
                div { dt { "account" } dd { (import.account()) } }
                div { dt { "kind" } dd { (kind(import)) } }
                div { dt { "filed under" } dd { (import.date()) } }
                div { dt { "archived" } dd { (time(import.archived_at())) } }
                div { dt { "status" } dd { (status(import.status())) } }
                @if import.total().is_some() {
                    div { dt { "contacts" } dd { (number_words(contacts)) } }
                    div { dt { "failure rate" } dd { (rate_words(rate)) } }
                }
                @if let Some(bytes) = archived.report_bytes {
                    div { dt { "report" } dd { (grouped(bytes)) " bytes" } }
                }
            }
        }
    }
}

fn kind(import: &Import) -> &'static str {
    match (import.id(), import.protocol()) {
        (ReportId::Enrolment(_), _) => "program enrolment",
        (ReportId::Import(_), Protocol::Soap) => "contact import, asked about over SOAP",
        (ReportId::Import(_), Protocol::Rest) => "contact import, asked about over REST v2",
        (ReportId::Import(_), Protocol::V3) => "contact import, asked about over the newer API (v3)",
    }
}

fn status(status: ArchivedStatus) -> &'static str {
    match status {
        ArchivedStatus::Archived => "its report is kept",
        ArchivedStatus::Expired => "the report was gone: the service keeps it for about a week",
        ArchivedStatus::EndedWithoutReport => "the service said that it ended, and had no report",
        ArchivedStatus::NotFound => "the service didn't know the id, for two weeks",
    }
}

/// The service's own figures, which it counts by itself: they needn't agree with the report.
fn service(import: &Import) -> Markup {
    html! {
        @if let Some(figures) = import.service() {
            @let figures: Vec<_> = figures.collect();
            section aria-labelledby="service" {
                h2 id="service" { "The service's own figures" }
                table.trends.figures role="table" aria-labelledby="service" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th role="columnheader" scope="col" { "figure" }
                            th.number role="columnheader" scope="col" { "contacts" }
                        }
                    }
                    tbody role="rowgroup" {
                        @for (name, figure) in figures.iter().take(MOST_FIGURES) {
                            tr role="row" {
                                th role="rowheader" scope="row" { bdi { (in_words(&printable(name))) } }
                                td.number role="cell" { (grouped(*figure)) }
                            }
                        }
                    }
                }
                @if let Some(more) = and_more(figures.len(), MOST_FIGURES, "") { p.more { (more) } }
            }
        }
    }
}

fn anomalies(import: &Import) -> Markup {
    let anomalies: Vec<_> = import.anomalies().filter(|(_, count)| *count > 0).collect();
    html! {
        @if !anomalies.is_empty() {
            section aria-labelledby="unusual" {
                h2 id="unusual" { "Unusual, and read all the same" }
                ul.unusual {
                    @for (slug, count) in anomalies.iter().take(MOST_FIGURES) {
                        li {
                            strong { (grouped(*count)) } " " code { (printable(slug)) }
                            @if let Some(anomaly) = Anomaly::try_parse(slug) { ": " (anomaly.description()) }
                        }
                    }
                }
                @if let Some(more) = and_more(anomalies.len(), MOST_FIGURES, "") { p.more { (more) } }
            }
        }
    }
}

/// The name of a figure, such as `newContacts`, as words.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
