//! A year of imports of five accounts, made up, collected from the stand-in and served: what a dashboard looks like.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Days, NaiveDate, Utc};
use dotdigital_faults::archive::{Account, Archive, CollectOptions, Wanted};
use dotdigital_faults::arrow::Contacts;
use dotdigital_faults::sandbox::Sandbox;
use dotdigital_faults::serve::{Dashboard, Guard};
use dotdigital_faults::{Client, Credentials, FailureReason, Protocol};
use object_store::memory::InMemory;
use uuid::Uuid;

use crate::cli::arriving::arriving;
use crate::cli::failure::{Failure, note};
use crate::cli::runtime;
use crate::cli::serve::serve;

const PASSWORD: &str = "made-up";
const DAYS: u64 = 365;
/// An import every so many days, so that it takes seconds to collect them.
const EVERY: usize = 4;
const REFRESH: Duration = Duration::from_secs(60);
const JOBS: usize = 16;

/// An account: its name, how it is asked, how many contacts an import of it has, and how many in a thousand fail.
struct MadeUp {
    name: &'static str,
    protocol: Protocol,
    contacts: u64,
    failing: u64,
}

const ACCOUNTS: [MadeUp; 5] = [
    MadeUp { name: "europe", protocol: Protocol::Soap, contacts: 1_600, failing: 38 },
    MadeUp { name: "north-america", protocol: Protocol::Rest, contacts: 1_100, failing: 52 },
    MadeUp { name: "asia", protocol: Protocol::Rest, contacts: 700, failing: 31 },
    MadeUp { name: "wholesale", protocol: Protocol::Rest, contacts: 260, failing: 74 },
    MadeUp { name: "newsletter", protocol: Protocol::V3, contacts: 480, failing: 22 },
];

/// The account whose last import goes wrong, and how many in a thousand fail then.
const WORSE: (&str, u64) = ("asia", 190);

/// The reasons, each with its part of all faults in a hundred.
const REASONS: [(FailureReason, u64); 7] = [
    (FailureReason::HardBounced, 30),
    (FailureReason::InvalidEmail, 24),
    (FailureReason::Duplicate, 16),
    (FailureReason::Unsubscribed, 12),
    (FailureReason::SoftBounced, 9),
    (FailureReason::GloballySuppressed, 5),
    (FailureReason::Blocker, 4),
];

/// Makes the year in an archive in memory, and serves it until a signal comes; nothing is left of it then.
pub fn show(listen: SocketAddr) -> Result<(), Failure> {
    if !listen.ip().to_canonical().is_loopback() {
        return Err(Failure::new(format!("{listen} can be reached from other machines"))
            .hint("listen on 127.0.0.1: the demo is for this machine alone"));
    }
    let runtime = runtime::of_two_threads()?;
    let done = runtime.block_on(async {
        // On a disk it would take seconds to remove.
        let archive = Archive::create_in(Arc::new(InMemory::new()), "", Some(&Contacts::Drop)).await?;
        let mut signals = arriving()?;
        note("collecting a year of imports of five accounts, made up, from a stand-in of the service");
        tokio::select! {
            collected = collect(&archive, today()) => collected?,
            _ = signals.next() => return Ok(()),
        }
        drop(signals);
        serve(listen, REFRESH, Dashboard::new(archive), Guard::new()).await
    });
    runtime.shutdown_background();
    done
}

fn today() -> NaiveDate {
    DateTime::<Utc>::from(SystemTime::now()).date_naive()
}

/// Collects all of it, day by day.
async fn collect(archive: &Archive, today: NaiveDate) -> Result<(), Failure> {
    let sandbox = Sandbox::start().map_err(|error| Failure::new(format!("the stand-in can't start: {error}")))?;
    let (mut accounts, mut wanted) = (Vec::new(), Vec::new());
    for (number, account) in ACCOUNTS.iter().enumerate() {
        let endpoint = match account.protocol {
            Protocol::Soap => sandbox.soap_url().to_owned(),
            _ => sandbox.rest_url().to_owned(),
        };
        accounts.push(Account::new(account.name.parse()?, account.protocol, move |protocol| {
            let client = Client::builder(Credentials::new(account.name, PASSWORD)).protocol(protocol);
            Ok(client.endpoint(endpoint.clone()).build()?)
        }));
        let theirs = sandbox.account(account.name, PASSWORD);
        for days in (0..DAYS).step_by(EVERY) {
            let id = Uuid::from_u128(
                0x842d_81e8_c619_457f_bb77_0000_0000_0000 + ((number as u128) << 16) + u128::from(days),
            );
            let (failed, imported) = account.figures(days);
            let import = theirs.import(id).report(account.report(failed, days));
            match account.protocol {
                Protocol::V3 => import.created(u32::try_from(imported).unwrap_or(0)),
                _ => import.summary([
                    ("NewContacts", i32::try_from(imported / 3).unwrap_or(0)),
                    ("UpdatedContacts", i32::try_from(imported - imported / 3).unwrap_or(0)),
                ]),
            };
            let date = today.checked_sub_days(Days::new(days)).unwrap_or(today);
            wanted.push(Wanted::new(account.name.parse()?, id).date(date));
        }
    }
    let options = CollectOptions::new().jobs(JOBS);
    let outcomes = archive.collect(accounts, wanted, &options, |_| {}).await?;
    match outcomes.code() {
        0 => Ok(()),
        _ => Err(Failure::new("some of the made-up imports could not be collected")),
    }
}

impl MadeUp {
    /// How many contacts of the import of so many days ago failed, and how many didn't. The more there are before a weekend,
    /// and the rate wanders over the year.
    fn figures(&self, days: u64) -> (u64, u64) {
        let wobble = |step: u64, most: u64| (days.wrapping_mul(step).wrapping_add(self.contacts) % 97) * most / 96;
        let contacts = self.contacts + wobble(31, self.contacts / 4);
        let season = days.abs_diff(DAYS / 2) / 12;
        let thousandth =
            if (self.name, days) == (WORSE.0, 0) { WORSE.1 } else { self.failing + wobble(53, 14) + season };
        let failed = contacts * thousandth / 1_000;
        (failed, contacts - failed)
    }

    /// A report of so many faults.
    fn report(&self, failed: u64, days: u64) -> String {
        let mut report = String::from("Reason,email\r\n");
        for number in 0..failed {
            // Each reason as often as its part says, from another beginning each day.
            let mut part = (number * 37 + days * 11) % 100;
            let of = REASONS.iter().find(|(_, parts)| match part.checked_sub(*parts) {
                Some(rest) => {
                    part = rest;
                    false
                }
                None => true,
            });
            let reason = of.map_or("Failures", |(reason, _)| reason.label());
            report.push_str(&format!("{reason},contact-{number}@example.com\r\n"));
        }
        report
    }
}
