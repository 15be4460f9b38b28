//! Many accounts in one stand-in, asked over plain sockets.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dotdigital_faults::sandbox::{Account, Operation, Sandbox, Trouble};

use crate::helpers::http::{self, Answer, End};
use crate::helpers::{ID, patience};
use crate::sandbox::AUTHORIZATION;

const HOUR: Duration = Duration::from_secs(3600);

fn header(username: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

/// `end` is what follows the id in the path.
fn rest(sandbox: &Sandbox, authorization: &str, end: &str) -> Answer {
    let line = format!("GET /v2/contacts/import/{ID}{end}");
    http::send(sandbox.address(), &line, &[authorization], b"").unwrap()
}

fn allowance(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"))
}

#[test]
fn each_account_has_its_own() {
    let sandbox = Sandbox::start().unwrap();
    let europe = sandbox.account("europe", "a");
    let asia = sandbox.account("asia", "b:c");
    europe.import(ID).report("Reason,email\nDuplicate,e@example.com\n");
    asia.import(ID).report("Reason,email\nBlocker,a@example.com\n");
    asia.enrolment(ID).program(7);
    asia.keep_from_programs(true);

    for (authorization, status, email) in [
        (header("europe", "a"), 200, "e@example.com"),
        (header("asia", "b:c"), 200, "a@example.com"),
        (AUTHORIZATION.to_owned(), 404, "ERROR_IMPORT_NOT_FOUND"),
        (header("asia", "a"), 401, "denied"),
        (header("asia", "b"), 401, "denied"),
        (header("africa", "a"), 401, "denied"),
    ] {
        let answer = rest(&sandbox, &authorization, "/report-faults");
        assert_eq!((answer.status, answer.text().contains(email)), (status, true), "{authorization}: {answer:?}");
    }
    let programs = |authorization: &str| {
        let line = format!("GET /v2/programs/enrolments/{ID}");
        http::send(sandbox.address(), &line, &[authorization], b"").unwrap().status
    };
    assert_eq!((programs(&header("europe", "a")), programs(&header("asia", "b:c"))), (404, 403));

    let requests = sandbox.requests();
    let accounts: Vec<_> = requests.iter().map(|request| request.account()).collect();
    let of_default = Some(sandbox.username());
    assert_eq!(accounts[..6], [Some("europe"), Some("asia"), of_default, None, None, None]);
    assert!(requests.iter().all(|request| request.is_authorized() == request.account().is_some()));
    assert_eq!((europe.calls().total, asia.calls().total, sandbox.default_account().calls().total), (2, 2, 1));
    assert_eq!(europe.calls().most_in_a_window, 0);

    // The password changes, and what the account has stays.
    sandbox.account("europe", "changed");
    assert_eq!(rest(&sandbox, &header("europe", "a"), "").status, 401);
    assert_eq!(rest(&sandbox, &header("europe", "changed"), "").status, 200);
    assert!(!format!("{sandbox:?} {europe:?} {requests:?}").contains("changed"));
}

#[test]
fn a_limit_and_what_is_left_of_it() {
    let sandbox = Sandbox::start().unwrap();
    let europe = sandbox.account("europe", "a");
    europe.import(ID).report("Reason,email\n").finished_after(1);
    sandbox.import(ID);
    europe.limit(2, HOUR);
    let europe_asks = || rest(&sandbox, &header("europe", "a"), "");

    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + HOUR;
    let first = europe_asks();
    assert_eq!(allowance(&first), (200, Some("2"), Some("1")));
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + HOUR;
    let reset: u64 = first.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert!(before.as_secs() <= reset && reset <= after.as_secs() + 1, "{before:?} {reset} {after:?}");

    // An error has the headers, too, and is a call.
    let unknown = http::send(sandbox.address(), "GET /v2/moon", &[&header("europe", "a")], b"").unwrap();
    assert_eq!(allowance(&unknown), (404, Some("2"), Some("0")));
    let refused = europe_asks();
    assert_eq!(allowance(&refused), (429, Some("2"), Some("0")));
    assert_eq!((refused.text(), refused.header("retry-after")), ("", None));
    assert!(refused.header("x-ratelimit-scope").is_some() && refused.header("x-ratelimit-reset").is_some());

    // Nobody else is limited by that, or told of it: not another account, not a stranger, not who reads the WSDL.
    let other = rest(&sandbox, AUTHORIZATION, "");
    assert_eq!(allowance(&other), (200, None, None));
    assert_eq!(allowance(&rest(&sandbox, &header("europe", "b"), "")), (401, None, None));
    let wsdl = http::send(sandbox.address(), "GET /v2/api.svc?wsdl", &[&header("europe", "a")], b"").unwrap();
    assert_eq!(allowance(&wsdl), (200, None, None));

    let calls = europe.calls();
    assert_eq!((calls.total, calls.refused, calls.most_in_a_window, calls.most_at_once), (3, 1, 3, 1));

    // A window that is begun anew; the refused question has brought the import no nearer to its end, the first has.
    europe.limit(1, HOUR);
    assert!(europe_asks().text().contains("\"Finished\""));
    assert_eq!(allowance(&europe_asks()), (429, Some("1"), Some("0")));
}

#[test]
fn a_window_ends() {
    let sandbox = Sandbox::start().unwrap();
    let account = sandbox.default_account();
    account.import(ID);
    let is_refused = || match rest(&sandbox, AUTHORIZATION, "").status {
        429 => true,
        status => {
            assert_eq!(status, 200);
            false
        }
    };
    // In a window that is long enough for two calls, however slow the machine is, the second one is refused.
    let windows = (0..16).map(|power| Duration::from_millis(20 << power));
    let is_long_enough = |window: Duration| {
        account.limit(1, window);
        assert!(!is_refused());
        is_refused()
    };
    assert!({ windows }.any(is_long_enough));
    // And once it has ended, it is let in again.
    patience::until("the window never ends", || !is_refused());
    let calls = account.calls();
    assert!(calls.refused >= 1 && calls.most_in_a_window >= 2 && calls.total > calls.refused, "{calls:?}");
}

#[test]
fn trouble_of_the_service_of_an_account_and_of_an_import() {
    let sandbox = Sandbox::start().unwrap();
    let europe = sandbox.account("europe", "a");
    let import = |status: u16| Trouble::status(status).on(Operation::Status);
    europe.import(ID).trouble(import(504));
    sandbox.import(ID);
    europe.trouble(Trouble::status(503));
    let asks = || allowance(&rest(&sandbox, &header("europe", "a"), "")).0;

    // Beyond the limit, the account's own trouble waits; the service's doesn't.
    europe.limit(0, HOUR);
    assert_eq!(asks(), 429);
    sandbox.trouble(Trouble::status(502));
    assert_eq!(asks(), 502);
    sandbox.trouble(Trouble::usual().header("X-RateLimit-Remaining", "nonsense"));
    assert_eq!(rest(&sandbox, &header("europe", "a"), "").header("x-ratelimit-remaining"), Some("nonsense"));

    europe.limit(9, HOUR);
    assert_eq!(rest(&sandbox, AUTHORIZATION, "").status, 200);
    assert_eq!([asks(), asks(), asks()], [503, 504, 200]);
    // Trouble has the headers, too.
    europe.trouble(Trouble::status(500));
    assert_eq!(allowance(&rest(&sandbox, &header("europe", "a"), "")), (500, Some("9"), Some("5")));
}

#[test]
fn calls_that_run_at_once() {
    let sandbox = Sandbox::start().unwrap();
    let account = sandbox.account("europe", "a");
    account.import(ID).repeated_report("Reason,email\n", "Duplicate,jo@example.com\n", 100_000);
    let whole = || assert_eq!(rest(&sandbox, &header("europe", "a"), "/report-faults").end, End::Whole);
    for _ in 0..20 {
        whole();
    }
    account.trouble(Trouble::status(500));
    assert_eq!(rest(&sandbox, &header("europe", "a"), "").status, 500);
    account.trouble(Trouble::usual().reset_after(100));
    assert_eq!(rest(&sandbox, &header("europe", "a"), "/report-faults").end, End::Reset);
    account.trouble(Trouble::reset());
    http::send(sandbox.address(), "GET /v2/moon", &[&header("europe", "a")], b"").unwrap_err();
    assert_eq!(account.calls().most_at_once, 1, "one after another");

    // Two whose answers are late run at once, until there is nobody any more who would answer.
    account.trouble(Trouble::usual().delayed(HOUR).always());
    let (address, authorization) = (sandbox.address(), header("europe", "a"));
    let call = || http::send(address, "GET /v2/moon", &[&authorization], b"").is_err();
    thread::scope(|scope| {
        let both = [scope.spawn(call), scope.spawn(call)];
        patience::until("two calls never run at once", || account.calls().most_at_once == 2);
        drop(sandbox);
        assert!(both.map(|call| call.join().unwrap()) == [true; 2]);
    });
}

#[test]
fn thousands_of_accounts_and_one_report() {
    let sandbox = Sandbox::start().unwrap();
    let report: Arc<[u8]> =
        format!("Reason,email\n{}", "Duplicate,jo@example.com\n".repeat(400_000)).into_bytes().into();
    let accounts: Vec<Account> = (0..2_000).map(|number| sandbox.account(&format!("user-{number}"), "p")).collect();
    for account in &accounts {
        account.import(ID).shared_report(Arc::clone(&report));
        account.enrolment(ID).shared_report(Arc::clone(&report));
    }
    // All of them, and ours; twenty gigabytes and more if each had its own.
    assert_eq!(Arc::strong_count(&report), 4_001);
    let answer = rest(&sandbox, &header("user-1999", "p"), "/report-faults");
    assert!(answer.body == *report);
    assert_eq!(accounts[1_999].username(), "user-1999");
}

#[test]
#[should_panic = "a user name can't have a colon"]
fn a_user_name_that_http_does_not_allow() {
    Sandbox::start().unwrap().account("a:b", "c");
}

#[test]
#[should_panic = "a user name can't have a colon"]
fn a_default_user_name_that_http_does_not_allow() {
    drop(Sandbox::builder().credentials("a:b", "c"));
}
