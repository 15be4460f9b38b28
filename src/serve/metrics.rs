//! `/metrics`: what the newest imports are like, for Prometheus and all that read its text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use chrono::{DateTime, Utc};

use super::state::{Import, State};
use crate::account_name::AccountName;
use crate::archive::kind;
use crate::reason::FailureReason;
use crate::tally::archived_import::ArchivedStatus;

/// The figures that the service's documentation names, as REST does. Others stay out: nobody knows how many there will be.
///
/// Source: the vendor's documentation of `GetContactImportReport`, and that of `suppressedContacts` in REST.
const FIGURES: [&str; 15] = [
    "newContacts",
    "updatedContacts",
    "globallySuppressed",
    "invalidEntries",
    "duplicateEmails",
    "blocked",
    "unsubscribed",
    "hardBounced",
    "softBounced",
    "ispComplaints",
    "mailBlocked",
    "domainSuppressed",
    "suppressedContacts",
    "pendingDoubleOptin",
    "failures",
];

const STATUSES: [ArchivedStatus; 4] =
    [ArchivedStatus::Archived, ArchivedStatus::Expired, ArchivedStatus::EndedWithoutReport, ArchivedStatus::NotFound];

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Format {
    /// Prometheus' own text.
    Text,
    OpenMetrics,
}

impl Format {
    /// The one that an `Accept` prefers; among equals OpenMetrics, which whoever doesn't know it doesn't name.
    pub(super) fn accepted(accept: &str) -> Self {
        let (mut open, mut text) = (0, 0);
        for wanted in accept.split(',') {
            let mut parts = wanted.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
            let of = |name: &str| parameters.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
            let quality = of("q").map_or(1000, |(_, quality)| thousandths(quality));
            let is_known =
                of("version").is_none_or(|(_, version)| matches!(version.trim_matches('"'), "1.0.0" | "0.0.1"));
            if media.eq_ignore_ascii_case("application/openmetrics-text") && is_known {
                open = open.max(quality);
            } else if media.eq_ignore_ascii_case("text/plain") {
                text = text.max(quality);
            }
        }
        if open > 0 && open >= text { Format::OpenMetrics } else { Format::Text }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A quality, from 0 to 1, in thousandths.
fn thousandths(quality: &str) -> u32 {
    quality.trim().parse::<f64>().map_or(0, |quality| (quality.clamp(0.0, 1.0) * 1000.0) as u32)
}

/// All but what depends on the moment at which it is asked.
pub(super) fn lasting(state: &State, now: DateTime<Utc>, format: Format) -> String {
    let mut text = Text { text: String::new(), format };
    // Writing into a string doesn't fail.
    _ = text.newest(state).and_then(|()| text.imports(state)).and_then(|()| text.archive(state, now));
    text.text
}

/// What depends on the moment, which comes last.
pub(super) fn passing(state: &State, now: DateTime<Utc>, format: Format) -> String {
    let mut text = Text { text: String::new(), format };
    let age = state.read_at().map(|read| now.signed_duration_since(read).num_milliseconds().max(0) as f64 / 1000.0);
    let age = age.map_or_else(|| "+Inf".to_owned(), |age| age.to_string());
    _ = text.family(
        "dotdigital_archive_age_seconds",
        "gauge",
        "How long ago the archive was last read; +Inf if it never was.",
    );
    _ = writeln!(text.text, "dotdigital_archive_age_seconds {age}");
    if format == Format::OpenMetrics {
        text.text += "# EOF\n";
    }
    text.text
}

struct Text {
    text: String,
    format: Format,
}

impl Text {
    /// The head of a metric, by the name of its samples.
    fn family(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        // OpenMetrics names a counter without what its samples end with.
        let name = match self.format {
            Format::OpenMetrics => name.strip_suffix("_total").unwrap_or(name),
            Format::Text => name,
        };
        writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    /// Of the newest archived import of each account and series.
    fn newest(&mut self, state: &State) -> fmt::Result {
        let newest = state.newest_archived();
        let name = "dotdigital_import_faults";
        self.family(name, "gauge", "Contacts that the newest archived import didn't import, by reason.")?;
        for (group, import) in &newest {
            let labels = labels(import);
            for reason in state.reasons(group) {
                let (slug, remedy, faults) = (reason.slug(), reason.remedy(), faults(import, reason));
                writeln!(self.text, "{name}{{{labels},reason=\"{slug}\",remedy=\"{remedy}\"}} {faults}")?;
            }
        }
        let name = "dotdigital_import_contacts";
        self.family(name, "gauge", "What the service says of the newest archived import, by its own names.")?;
        for import in newest.values() {
            let labels = labels(import);
            let figures: BTreeMap<_, _> = import.service().into_iter().flatten().collect();
            for figure in FIGURES {
                if let Some(value) = figures.get(figure) {
                    writeln!(self.text, "{name}{{{labels},figure=\"{figure}\"}} {value}")?;
                }
            }
        }
        Ok(())
    }

    /// Of all imports of each account.
    fn imports(&mut self, state: &State) -> fmt::Result {
        let mut sums: BTreeMap<(&AccountName, &str), Sum> = BTreeMap::new();
        for import in state.imports() {
            sums.entry((import.account(), kind(import.id()))).or_default().add(import);
        }
        let name = "dotdigital_imports_total";
        self.family(name, "counter", "Imports that the archive knows the end of.")?;
        for ((account, kind), sum) in &sums {
            for (status, count) in STATUSES.iter().zip(sum.counts) {
                writeln!(self.text, "{name}{{account=\"{account}\",kind=\"{kind}\",status=\"{status}\"}} {count}")?;
            }
        }
        let name = "dotdigital_import_last_archived_timestamp_seconds";
        self.family(name, "gauge", "When a report of the account was last archived.")?;
        for ((account, kind), sum) in &sums {
            if let Some(last) = sum.last_archived {
                let seconds = seconds(last);
                writeln!(self.text, "{name}{{account=\"{account}\",kind=\"{kind}\"}} {seconds}")?;
            }
        }
        Ok(())
    }

    /// Of the archive and its claims.
    fn archive(&mut self, state: &State, now: DateTime<Utc>) -> fmt::Result {
        let accounts = state.imports().map(Import::account).chain(state.claims().iter().map(|claim| &claim.account));
        let none: BTreeMap<&AccountName, u64> =
            accounts.collect::<BTreeSet<_>>().into_iter().map(|name| (name, 0)).collect();
        let (mut expiring, mut lost) = (none.clone(), none);
        for claim in state.claims_about_to_expire(now) {
            *expiring.entry(&claim.account).or_default() += 1;
        }
        for claim in state.claims_lost(now) {
            *lost.entry(&claim.account).or_default() += 1;
        }
        let expiring = (
            "dotdigital_claims_about_to_expire",
            "Imports that have been waiting for over five days to be archived, and for 30 at most.",
            expiring,
        );
        let lost = ("dotdigital_claims_lost", "Imports that were never archived within 30 days.", lost);
        for (name, help, counts) in [expiring, lost] {
            self.family(name, "gauge", help)?;
            for (account, count) in counts {
                writeln!(self.text, "{name}{{account=\"{account}\"}} {count}")?;
            }
        }
        let name = "dotdigital_archive_read_errors_total";
        self.family(name, "counter", "Readings that have failed, of the whole archive and of single files.")?;
        writeln!(self.text, "{name} {}", state.read_errors())?;
        if let Some(read) = state.read_at() {
            let name = "dotdigital_archive_read_timestamp_seconds";
            self.family(name, "gauge", "When the archive was last read.")?;
            writeln!(self.text, "{name} {}", seconds(read))?;
        }
        Ok(())
    }
}

/// The imports of an account and kind.
#[derive(Default)]
struct Sum {
    counts: [u64; STATUSES.len()],
    last_archived: Option<DateTime<Utc>>,
}

impl Sum {
    fn add(&mut self, import: &Import) {
        let status = STATUSES.iter().position(|status| *status == import.status());
        if let Some(count) = status.and_then(|status| self.counts.get_mut(status)) {
            *count += 1;
        }
        if import.status() == ArchivedStatus::Archived {
            self.last_archived = self.last_archived.max(Some(import.archived_at()));
        }
    }
}

/// Which import it is. None of these values has a sign that would have to be escaped.
fn labels(import: &Import) -> String {
    format!("account=\"{}\",kind=\"{}\",series=\"{}\"", import.account(), kind(import.id()), import.series())
}

/// How many faults of a reason an import has; all that aren't known add up.
fn faults(import: &Import, reason: &FailureReason) -> u64 {
    let of = import.reasons().iter().filter(|(other, _)| other.slug() == reason.slug());
    of.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_that_is_asked_for() {
        use Format::{OpenMetrics, Text};
        for (accept, format) in [
            ("", Text),
            ("*/*", Text),
            ("text/plain", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("Application/OpenMetrics-Text; Version=1.0.0", OpenMetrics),
            ("application/openmetrics-text; version=2.0.0, text/plain", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=0.1,text/plain;q=0.2", Text),
            ("application/openmetrics-text;q=x", Text),
            // As Prometheus has it.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
