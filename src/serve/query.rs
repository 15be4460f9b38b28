//! What is asked for behind the `?` of an address.

use chrono::NaiveDate;

use crate::account_name::AccountName;
use crate::reason::FailureReason;
use crate::reason::filter::ReasonFilter;
use crate::tally::trends::options::{TrendBy, TrendsOptions};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Query {
    /// The day of UTC on which it was asked.
    pub(super) today: NaiveDate,
    /// How many days before today the first one lies, before it is moved back to the start of its period. 90 unless given.
    pub(super) since: u32,
    /// What there is a row for. By day unless given.
    pub(super) by: TrendBy,
    /// The accounts that are wanted, in order; all of them where there is none.
    pub(super) accounts: Vec<AccountName>,
    /// The reasons that are wanted, in order; all of them where there is none. The one without a label stands for all that
    /// aren't known.
    pub(super) reasons: Vec<FailureReason>,
    /// How many records are wanted at most; no parameter of the page.
    pub(super) limit: usize,
}

impl Query {
    /// Which trends are asked for, with a row for each of something.
    pub(super) fn trends(&self, by: TrendBy) -> TrendsOptions {
        let options = TrendsOptions::new().since_days(self.since).by(by).reasons(self.filter());
        self.accounts.iter().cloned().fold(options, TrendsOptions::account)
    }

    /// Which reasons are wanted.
    pub(super) fn filter(&self) -> ReasonFilter {
        self.reasons.iter().fold(ReasonFilter::new(), |filter, reason| match reason {
            FailureReason::Other(_) => filter.unknown_reasons(),
            known => filter.reason(known.clone()),
        })
    }

    /// Is the account wanted?
    pub(super) fn wants_account(&self, account: &AccountName) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }
}
