//! The handle by which a test sets up an account.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::account_state::AccountState;
use super::calls::Calls;
use super::enrolment::Enrolment;
use super::import::Import;
use super::state::Shared;
use super::trouble::Trouble;

/// An account that the stand-in knows: a user name and a password, with imports, enrolments and a limit of calls of its
/// own. What belongs to another account isn't there for it.
///
/// A handle that is cheap to clone. What it changes holds from the next request on.
///
/// ```
/// use std::time::Duration;
/// use dotdigital_faults::sandbox::Sandbox;
/// use uuid::uuid;
///
/// let sandbox = Sandbox::start()?;
/// let europe = sandbox.account("apiuser-europe@apiconnector.com", "its password");
/// europe.limit(35, Duration::from_secs(60));
/// europe.import(uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39")).report("Reason,email\r\nHard bounced,jo@example.com\r\n");
/// // What you test; then:
/// assert!(europe.calls().most_in_a_window <= 35 && europe.calls().most_at_once <= 1);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Account {
    username: Arc<str>,
    shared: Arc<Shared>,
}

impl Account {
    pub(super) fn new(username: Arc<str>, shared: Arc<Shared>) -> Account {
        Account { username, shared }
    }

    /// The user name that it goes by.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The import of that id, to be set up; from now on the account has it.
    pub fn import(&self, id: Uuid) -> Import {
        self.change(|account| _ = account.imports.entry(id).or_default());
        Import::new(id, self.clone())
    }

    /// The enrolment of that id, to be set up; from now on the account has it.
    pub fn enrolment(&self, id: Uuid) -> Enrolment {
        self.change(|account| _ = account.enrolments.entry(id).or_default());
        Enrolment::new(id, self.clone())
    }

    /// So many made-up enrolments that have finished, each with a fault or two, to fill lists with. They are the same
    /// every time; lists have them in the order in which they are handed back.
    pub fn made_up_enrolments(&self, count: u32) -> Vec<Enrolment> {
        (1..=count).map(|number| self.made_up_enrolment(number)).collect()
    }

    /// The API user may not see programs, or may again: what is asked about enrolments is answered with 403.
    pub fn keep_from_programs(&self, is_kept: bool) {
        self.change(|account| account.is_kept_from_programs = is_kept);
    }

    /// From now on so many calls are allowed in a window of that length, such as 35 in a minute, which is the service's
    /// lowest tier; those beyond are answered with 429.
    ///
    /// Every answer then has `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, the last in seconds
    /// since 1970. A window begins with the first call after the one before has ended; when the service's do isn't
    /// documented. Set again, it begins anew: so a test can end a window whose length no clock decides.
    pub fn limit(&self, calls: u32, window: Duration) {
        self.change(|account| account.counter.limit(calls.into(), window));
    }

    /// The calls so far, also those while no limit was set.
    pub fn calls(&self) -> Calls {
        self.change(|account| account.counter.calls)
    }

    /// Trouble for authorised requests of this account; it goes before an import's own.
    pub fn trouble(&self, trouble: Trouble) {
        self.change(|account| account.troubles.push(trouble));
    }

    /// Changes what is known of it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut AccountState) -> T) -> T {
        change(self.shared.lock().accounts.entry(Arc::clone(&self.username)).or_default())
    }

    /// One with a fault of each of the vendor's two examples, or of one of them.
    fn made_up_enrolment(&self, number: u32) -> Enrolment {
        let id = Uuid::from_u128(0x0e17_0000_0000_4000_8000_0000_0000_0000 | u128::from(number));
        let (day, hour) = (number / 24 % 28 + 1, number % 24);
        let mut report = String::from("Id,Email,TelephoneNumber,Reason\r\n");
        // The vendor's own spelling.
        report += &format!("{},contact-{number}@example.com,,Unsubcribed\r\n", u64::from(number) * 2);
        if number.is_multiple_of(2) {
            report += &format!("{},,441632960011,AlreadyInProgram\r\n", u64::from(number) * 2 + 1);
        }
        let created = format!("2026-01-{day:02}T{hour:02}:00:00Z");
        self.enrolment(id).program(number % 7 + 1).created(created).report(report)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("username", &self.username).finish_non_exhaustive()
    }
}
