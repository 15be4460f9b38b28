//! The service's own figures for an import.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::soap_answer::ResultFields;
use super::xml::Malformed;
use crate::reason::FailureReason;
use crate::reason::counts::ReasonCounts;

/// The service's own figures for an import.
///
/// Each figure is optional, and the service may leave out those that it doesn't know; over REST it gives more of
/// them than over SOAP, and over v3 five. A negative one, such as -1, which the types of its contract allow, counts
/// nothing: it is as good as left out. Nothing promises that they agree with the report: see [`compare`](Self::compare).
///
/// Serialised, it is a map of the figures that the service has given: `new_contacts`, `updated_contacts`, and the
/// slugs of reasons, such as `hard_bounced`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    new_contacts: Option<u64>,
    updated_contacts: Option<u64>,
    /// In the documented order of the reasons.
    figures: Vec<(FailureReason, u64)>,
}

/// Where the service's figure for a reason is not what its report holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The reason.
    pub reason: FailureReason,
    /// How many the service says there are.
    pub figure: u64,
    /// How many faults the report holds.
    pub counted: u64,
}

impl ImportSummary {
    /// Contacts that are new to the account.
    pub fn new_contacts(&self) -> Option<u64> {
        self.new_contacts
    }

    /// Contacts that were there before.
    pub fn updated_contacts(&self) -> Option<u64> {
        self.updated_contacts
    }

    /// The figure for a reason, if the service gives one.
    pub fn get(&self, reason: &FailureReason) -> Option<u64> {
        self.figures.iter().find(|(of, _)| of == reason).map(|&(_, figure)| figure)
    }

    /// All figures for reasons, in the documented order of the reasons.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FailureReason, u64)> + DoubleEndedIterator {
        self.figures.iter().map(|(reason, figure)| (reason, *figure))
    }

    /// The sum of all figures for reasons.
    pub fn failed(&self) -> u64 {
        self.figures.iter().fold(0, |sum, (_, figure)| sum.saturating_add(*figure))
    }

    /// The part of all contacts of the import that failed, from 0 to 1, by these figures: [`failed`](Self::failed) over
    /// its sum with the new and the updated contacts. `None` where one of the three isn't known, or no contact is.
    pub fn failure_rate(&self) -> Option<f64> {
        if self.figures.is_empty() {
            return None;
        }
        let failed = self.failed();
        let contacts = failed.saturating_add(self.new_contacts?).saturating_add(self.updated_contacts?);
        (contacts > 0).then(|| failed as f64 / contacts as f64)
    }

    /// All figures under the names that REST has for them, such as `newContacts` and `hardBounced`, whatever the protocol
    /// was; contacts first, then the reasons in the documented order.
    pub fn figures(&self) -> impl Iterator<Item = (Cow<'static, str>, u64)> {
        let contacts = [("newContacts", self.new_contacts), ("updatedContacts", self.updated_contacts)];
        let contacts = contacts.into_iter().filter_map(|(name, figure)| Some((Cow::Borrowed(name), figure?)));
        contacts.chain(self.iter().map(|(reason, figure)| (figure_name(reason), figure)))
    }

    /// Where the figures are not what the report holds: a warning, since nothing promises that they agree.
    ///
    /// Only reasons for which there is a figure are compared.
    pub fn compare(&self, counts: &ReasonCounts) -> Vec<Difference> {
        let compared = self.figures.iter().map(|(reason, figure)| (reason.clone(), *figure, counts.get(reason)));
        compared
            .filter(|(_, figure, counted)| figure != counted)
            .map(|(reason, figure, counted)| Difference { reason, figure, counted })
            .collect()
    }

    /// Reads it from the fields of an answer. Each field but the first two bears one of the names of a reason.
    pub(super) fn from_fields(fields: &ResultFields) -> Result<ImportSummary, Malformed> {
        let mut summary = ImportSummary::default();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty() && !is_negative(value)) {
            let figure = || value.parse::<u64>().map_err(|_| "one of its figures is no number");
            if name.eq_ignore_ascii_case("NewContacts") {
                summary.new_contacts = Some(figure()?);
            } else if name.eq_ignore_ascii_case("UpdatedContacts") {
                summary.updated_contacts = Some(figure()?);
            } else if let Some(reason) = FailureReason::try_parse(name) {
                let figure = figure()?;
                summary.figures.retain(|(of, _)| *of != reason);
                summary.figures.push((reason, figure));
            }
        }
        if summary == ImportSummary::default() && fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("message")) {
            return Err("it is an error");
        }
        summary.figures.sort();
        Ok(summary)
    }
}

/// Is it a whole number below zero, or how else nothing is counted?
fn is_negative(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// REST's name for the figure of a reason.
fn figure_name(reason: &FailureReason) -> Cow<'static, str> {
    Cow::Borrowed(match reason {
        FailureReason::InvalidEmail => "invalidEntries",
        FailureReason::Duplicate => "duplicateEmails",
        FailureReason::Blocker => "blocked",
        FailureReason::ComplainedToIsp => "ispComplaints",
        FailureReason::SuppressedByDomain => "domainSuppressed",
        FailureReason::SuppressedByYou => "suppressedContacts",
        FailureReason::PendingOptin => "pendingDoubleOptin",
        // The words of the slug: `hard_bounced` is `hardBounced`.
        other => {
            let mut words = other.slug().split('_');
            let mut name = words.next().unwrap_or_default().to_owned();
            for word in words {
                let mut letters = word.chars();
                name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                name.push_str(letters.as_str());
            }
            return Cow::Owned(name);
        }
    })
}

impl Serialize for ImportSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let contacts = [("new_contacts", self.new_contacts), ("updated_contacts", self.updated_contacts)];
        let mut map = serializer.serialize_map(None)?;
        for (name, figure) in contacts {
            if let Some(figure) = figure {
                map.serialize_entry(name, &figure)?;
            }
        }
        for (reason, figure) in self.iter() {
            map.serialize_entry(reason.slug(), &figure)?;
        }
        map.end()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { reason, figure, counted } = self;
        write!(f, "{reason}: the service's summary says {figure}, its report holds {counted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&str, &str)]) -> ResultFields {
        fields.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn every_name_of_both_protocols_is_known() {
        for (index, name) in "NewContacts UpdatedContacts GloballySuppressed InvalidEntries DuplicateEmails Blocked \
            Unsubscribed HardBounced SoftBounced IspComplaints MailBlocked DomainSuppressed SuppressedContacts \
            PendingDoubleOptin Failures"
            .split_whitespace()
            .enumerate()
        {
            let camel = name.chars().next().unwrap().to_ascii_lowercase().to_string() + &name[1..];
            for name in [name, &camel] {
                let summary = ImportSummary::from_fields(&fields(&[(name, "7"), ("somethingNew", "x")])).unwrap();
                let read = match index {
                    0 => summary.new_contacts(),
                    1 => summary.updated_contacts(),
                    _ => summary.iter().next().map(|(_, figure)| figure),
                };
                assert_eq!(read, Some(7), "{name}");
            }
        }
    }

    #[test]
    fn figures_have_the_names_of_rest() {
        let names = "newContacts updatedContacts globallySuppressed invalidEntries duplicateEmails blocked unsubscribed \
            hardBounced softBounced ispComplaints mailBlocked domainSuppressed suppressedContacts pendingDoubleOptin \
            failures";
        let names: Vec<_> = names.split_whitespace().collect();
        let read: Vec<_> = names.iter().map(|&name| (name, "7")).collect();
        let summary = ImportSummary::from_fields(&fields(&read)).unwrap();
        let figures: Vec<_> = summary.figures().collect();
        assert!(figures.iter().map(|(name, _)| &**name).eq(names), "{figures:?}");
        assert!(figures.iter().all(|&(_, figure)| figure == 7));
    }

    #[test]
    fn rates_that_are_known() {
        for (figures, rate) in [
            (&[("NewContacts", "6"), ("UpdatedContacts", "3"), ("Failures", "1")][..], Some(0.1)),
            (&[("NewContacts", "0"), ("UpdatedContacts", "0"), ("Failures", "0")], None),
            (&[("NewContacts", "6"), ("UpdatedContacts", "3"), ("Blocked", "0")], Some(0.0)),
            (&[("NewContacts", "6"), ("UpdatedContacts", "3")], None),
            (&[("NewContacts", "6"), ("Failures", "1")], None),
            (&[("UpdatedContacts", "6"), ("Failures", "1")], None),
            (&[], None),
        ] {
            assert_eq!(ImportSummary::from_fields(&fields(figures)).unwrap().failure_rate(), rate, "{figures:?}");
        }
    }

    #[test]
    fn a_figure_is_a_number_or_absent() {
        assert_eq!(ImportSummary::from_fields(&fields(&[("Failures", "")])).unwrap().failed(), 0);
        for value in ["x", "-", "-x", "--1", "1.5", "-1.5"] {
            assert!(ImportSummary::from_fields(&fields(&[("Failures", value)])).is_err(), "{value}");
        }
    }

    /// It isn't known, and nothing is made of it: neither a sum nor a rate.
    #[test]
    fn a_negative_figure_is_as_good_as_left_out() {
        for value in ["-1", "-0", "-99999999999999999999999"] {
            let read = |figures: &[(&str, &str)]| ImportSummary::from_fields(&fields(figures)).unwrap();
            let all = read(&[("NewContacts", "6"), ("UpdatedContacts", "3"), ("Blocked", value), ("Failures", "1")]);
            let left_out = read(&[("NewContacts", "6"), ("UpdatedContacts", "3"), ("Failures", "1")]);
            assert_eq!((&all, all.failure_rate()), (&left_out, Some(0.1)), "{value}");
            let none = read(&[("NewContacts", value), ("UpdatedContacts", value), ("Blocked", value)]);
            assert_eq!((&none, none.failure_rate()), (&ImportSummary::default(), None));
        }
    }

    #[test]
    fn a_message_is_no_summary() {
        assert_eq!(ImportSummary::from_fields(&fields(&[("message", "No.")])), Err("it is an error"));
        assert_eq!(ImportSummary::from_fields(&fields(&[])), Ok(ImportSummary::default()));
    }

    #[test]
    fn it_is_written_as_a_map() {
        let read = fields(&[("Blocked", "1"), ("NewContacts", "7"), ("HardBounced", "3")]);
        let written = serde_json::to_string(&ImportSummary::from_fields(&read).unwrap()).unwrap();
        assert_eq!(written, r#"{"new_contacts":7,"blocker":1,"hard_bounced":3}"#);
        assert_eq!(serde_json::to_string(&ImportSummary::default()).unwrap(), "{}");
    }

    #[test]
    fn differences_are_told() {
        let summary = ImportSummary::from_fields(&fields(&[("HardBounced", "3"), ("Blocked", "1")])).unwrap();
        let counts = [FailureReason::Blocker, FailureReason::HardBounced, FailureReason::Duplicate];
        let differences = summary.compare(&counts.iter().collect());
        let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["Hard bounced: the service's summary says 3, its report holds 1"]);
    }
}
