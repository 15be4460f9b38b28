//! The pages, made of states that no archive was read for.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{Days, NaiveDate};

use super::*;
use crate::account_name::AccountName;
use crate::protocol::Protocol;
use crate::report_id::ReportId;
use crate::serve::state::Names;
use crate::tally::archived_import::{ArchivedImport, ArchivedStatus};
use crate::tally::trends::options::TrendBy;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 20).unwrap()
}

fn read_at() -> DateTime<Utc> {
    today().and_hms_opt(9, 30, 0).unwrap().and_utc()
}

fn query() -> Query {
    Query { today: today(), since: 90, by: TrendBy::Day, accounts: Vec::new(), reasons: Vec::new(), limit: 10_000 }
}

fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

/// An import of so many days ago, with faults by reason, and so many contacts, if they are known.
fn import(name: &str, days: u64, faults: &[(&str, u64)], contacts: Option<u64>) -> ArchivedImport {
    let date = today().checked_sub_days(Days::new(days)).unwrap();
    let at = date.and_hms_opt(4, 5, 6).unwrap().and_utc();
    // One for each account and day.
    let mut hasher = DefaultHasher::new();
    (name, days).hash(&mut hasher);
    let id = ReportId::Import(Uuid::from_u64_pair(hasher.finish(), days));
    let mut import = ArchivedImport::new(account(name), id, Protocol::Rest, date, at, ArchivedStatus::Archived);
    import.reasons = faults.iter().map(|(reason, count)| (FailureReason::from(*reason), *count)).collect();
    import.total = Some(faults.iter().map(|(_, count)| count).sum());
    let failed = import.failed().unwrap();
    import.service =
        contacts.map(|all| [("newContacts".to_owned(), all - failed), ("updatedContacts".to_owned(), 0)].into());
    import
}

/// Imports of an account, the newest first, each of so many bounces in a hundred contacts.
fn bouncing(name: &str, bounces: &[u64]) -> Vec<ArchivedImport> {
    let import = |(days, bounces)| import(name, days, &[("Hard bounced", bounces), ("Duplicate", 1)], Some(100));
    (0..).zip(bounces.iter().copied()).map(import).collect()
}

fn state(imports: impl IntoIterator<Item = ArchivedImport>) -> State {
    let mut names = Names::default();
    let imports = imports.into_iter().map(|import| names.import(import)).collect();
    State::default().with_imports(imports).read(read_at(), 0)
}

/// The texts of a page, one after the other; those within a line as they stand in it.
fn text(page: &str) -> String {
    const WITHIN_A_LINE: [&str; 7] = ["a", "bdi", "code", "em", "span", "strong", "time"];

    let mut text = String::new();
    for part in page.split_once("<body>").unwrap().1.split('<') {
        let (element, behind) = part.split_once('>').unwrap_or(("", part));
        let name = element.trim_start_matches('/').split(' ').next().unwrap();
        text += if WITHIN_A_LINE.contains(&name) { "" } else { " " };
        text += behind;
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has(page: &str, words: &[&str]) {
    let text = text(page);
    let mut rest = text.as_str();
    for words in words {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("no `{words}`, or not in its place: {text}")).1;
    }
}

#[test]
fn the_worst_first_with_why_and_what_to_do() {
    let state = state(
        [
            bouncing("asia", &[2, 2, 2, 2]),
            bouncing("africa", &[9, 2, 2, 2]),
            bouncing("europe", &[20, 4, 4, 5]),
            bouncing("oceania", &[50, 2]),
        ]
        .concat(),
    );
    let page = front(&state, &query());
    has(
        &page,
        &[
            "2 of 3 accounts fail more than usual",
            "1 can't be judged",
            "Which, why, and what to do",
            "europe",
            "21.0 % of the contacts failed in the import of 2026-03-20, usually 5.0 %",
            "Hard bounced 20.0 %, usually 4.0 %",
            "remove Stop mailing it",
            "africa",
            "10.0 % of the contacts",
            "usually 3.0 %",
            "The newest import of each account",
            "21 100 21.0 % 5.0 % more than usual",
            "10 100 10.0 % 3.0 % more than usual",
            "3 100 3.0 % 3.0 % as usual",
            "51 100 51.0 % – too few before it",
            "Imports over SOAP and REST, since 2025-12-20",
            "Why they failed",
            "What to do",
            "as read on 2026-03-20 09:30 UTC: 14 imports",
        ],
    );
    assert!(page.contains("<title>2 of 3 accounts fail more than usual</title>"));
    // Duplicates haven't risen.
    assert!(!text(&page).contains("Duplicate 1.0 %, usually"));
    let newest = bouncing("europe", &[20]).remove(0).id.uuid();
    assert!(page.contains(&format!("href=\"imports/{newest}\"")));
}

#[test]
fn what_can_be_said() {
    let said = |imports: Vec<ArchivedImport>| {
        let page = front(&state(imports), &query());
        page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0.to_owned()
    };
    let unknown = |name: &str| (0..5).map(|days| import(name, days, &[("Blocker", 9)], None)).collect::<Vec<_>>();
    let worse = bouncing("europe", &[9, 1, 1, 1]);
    let usual = |name| bouncing(name, &[1, 1, 1, 9]);
    for (imports, words) in [
        (vec![], "No import is archived yet"),
        (worse.clone(), "10.0 % of the contacts of europe's newest import failed, more than usual"),
        (usual("europe"), "2.0 % of the contacts of europe's newest import failed, no more than usual"),
        (bouncing("europe", &[1, 9]), "2.0 % of the contacts of europe's newest import failed"),
        (unknown("europe"), "How many contacts europe's newest import had isn't known"),
        ([unknown("asia"), unknown("europe")].concat(), "Nobody can tell yet what is usual"),
        ([usual("asia"), unknown("europe")].concat(), "No account fails more than usual"),
        ([usual("asia"), usual("africa")].concat(), "None of 2 accounts fails more than usual"),
        ([usual("asia"), worse.clone()].concat(), "1 of 2 accounts fails more than usual"),
        ([unknown("asia"), worse].concat(), "1 account fails more than usual"),
    ] {
        assert_eq!(said(imports), words);
    }
}

#[test]
fn an_archive_that_is_not_read() {
    let page = front(&State::default(), &query());
    has(&page, &["The archive hasn't been read yet"]);
    assert!(!page.contains("<form") && !page.contains("couldn't be read"));
    has(&front(&State::default().failed(1), &query()), &["The archive couldn't be read. It is tried again."]);
    let stale = state(bouncing("europe", &[1, 1])).failed(1);
    has(&front(&stale, &query()), &["The archive couldn't be read since 2026-03-20 09:30 UTC"]);
}

#[test]
fn an_account_and_a_reason_alone() {
    let state = state([bouncing("asia", &[2, 2, 2, 2]), bouncing("europe", &[20, 4, 4, 5])].concat());
    let europe = Query { accounts: vec![account("europe")], ..query() };
    let page = front(&state, &europe);
    assert!(!page.contains("asia"), "{page}");
    has(&page, &["only", "no longer only europe ×", "37 faults in 4 imports"]);

    let duplicates = Query { reasons: vec![FailureReason::Duplicate], ..europe.clone() };
    let page = front(&state, &duplicates);
    has(
        &page,
        &["1.0 % of the contacts of europe's newest import failed, no more than usual", "4 faults in 4 imports"],
    );
    assert!(page.contains("<option value=\"duplicate\" selected>"), "{page}");
    assert!(page.contains("href=\"?since=90d&amp;by=day&amp;account=europe\""), "{page}");

    let nobody = Query { accounts: vec![account("moon")], ..query() };
    has(&front(&state, &nobody), &["No import of these accounts is archived", "No import since 2025-12-20."]);
}

#[test]
fn periods_and_what_else_trends_are_by() {
    let state = state([bouncing("asia", &[2; 50]), bouncing("europe", &[3; 20])].concat());
    for by in TrendBy::ALL {
        let page = front(&state, &Query { by, since: 21, ..query() });
        assert_eq!(page.contains("<figure"), by.is_period(), "{by}");
        assert_eq!(page.contains("<details>"), by.is_period(), "{by}");
        assert!(page.contains(&format!("aria-current=\"true\">{by}</a>")), "{by}");
        // A period that isn't offered is told even so.
        assert!(page.contains("aria-current=\"true\">21 days</a>"), "{by}");
    }
    // Each bar of a picture has its row in the table, the latest first.
    let page = front(&state, &query());
    assert_eq!(page.matches("<rect class=\"faults\"").count(), 50);
    let table = page.split_once("<details>").unwrap().1.split_once("</details>").unwrap().0;
    assert_eq!(table.matches("scope=\"row\"").count(), 51);
    has(&format!("<body>{table}"), &["2026-03-20 2 7", "2026-03-19 2 7", "2026-01-30 1 3", "total 70"]);
}

#[test]
fn a_page_stays_small() {
    let mut imports = Vec::new();
    for number in 0..3000_u64 {
        let name = format!("account-{number:04}-{}", "x".repeat(51));
        let rates = if number < 200 { [50, 1, 1, 1] } else { [1, 1, 1, 1] };
        imports.extend(bouncing(&name, &rates));
    }
    // Far more days than are drawn, of each series.
    for days in 0..2000 {
        let mut newer = import("europe", days, &[("Blocker", 1_000_000 + days)], Some(10_000_000));
        newer.protocol = Protocol::V3;
        let mut enrolment = import("asia", days, &[("AlreadyInProgram", 1_000_000)], None);
        enrolment.id = ReportId::Enrolment(enrolment.id.uuid());
        imports.extend([newer, enrolment, import("africa", days, &[("Blocker", 1_000_000)], Some(10_000_000))]);
    }
    let state = state(imports);
    for by in TrendBy::ALL {
        let page = front(&state, &Query { by, since: 3000, ..query() });
        assert!(page.len() < 1_000_000, "{} bytes by {by}", page.len());
        has(&page, &["and 194 more in the table below", "and 2,963 more; choose an account above"]);
    }
    let page = front(&state, &Query { since: 3000, ..query() });
    has(&page, &["and 1,627 more, all of them earlier", "a coarser grain shows them"]);
    let many: Vec<_> = (0..250).map(|number| account(&format!("account-{number:04}-{}", "x".repeat(51)))).collect();
    let page = front(&state, &Query { accounts: many, ..query() });
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    has(&page, &["of 250 accounts fail", "and 240 more", "all", "Another account"]);
}

#[test]
fn one_import() {
    let mut kept = import("europe", 0, &[("Hard bounced", 1200), ("Moon <b>phase</b>", 1)], Some(10_000));
    kept.anomalies = [("short_row".to_owned(), 3), ("<i>moon".to_owned(), 2)].into();
    kept.report_bytes = Some(123_456);
    kept.service.as_mut().unwrap().insert("hardBounced".to_owned(), 1199);
    let id = kept.id.uuid();
    let mut others = Vec::new();
    for (days, status) in
        [ArchivedStatus::Expired, ArchivedStatus::EndedWithoutReport, ArchivedStatus::NotFound].into_iter().enumerate()
    {
        let mut other = import("asia", 1 + days as u64, &[], None);
        (other.status, other.total) = (status, None);
        others.push(other);
    }
    let ids: Vec<_> = others.iter().map(|other| other.id.uuid()).collect();
    let state = state(others.into_iter().chain([kept]));
    let page = super::import(&state, id).unwrap();
    has(
        &page,
        &[
            "All accounts europe",
            "1,201 contacts failed to import",
            "Import of europe",
            &id.to_string(),
            "contact import, asked about over REST v2",
            "2026-03-20 04:05 UTC",
            "its report is kept",
            "10,000",
            "12.0 %",
            "123,456 bytes",
            "What to do",
            "1,200 99.9 % remove",
            "Why they failed",
            "Moon &lt;b&gt;phase&lt;/b&gt;",
            "The service's own figures",
            "hard bounced 1,199",
            "new contacts 8,799",
            "Unusual, and read all the same",
            "2 &lt;i&gt;moon",
            "3 short_row: the row has fewer fields than the header",
        ],
    );
    assert!(page.contains("href=\"../?account=europe\""));
    for (id, words) in ids.into_iter().zip([
        "Its report was gone before it was collected",
        "It ended without a report",
        "The service didn't know this import",
    ]) {
        let page = super::import(&state, id).unwrap();
        has(&page, &[words, "The import"]);
        assert!(!page.contains("failure rate</dt>") && !page.contains("Why they failed"));
    }
    assert_eq!(super::import(&state, Uuid::max()), None);
}

/// What the policy of the pages forbids isn't in them, and what refers to something finds it.
#[test]
fn pages_are_whole() {
    let mut enrolment = import("europe", 3, &[("AlreadyInProgram", 2)], None);
    enrolment.id = ReportId::Enrolment(enrolment.id.uuid());
    let hostile = import("asia", 2, &[("</style><script>alert(1)</script>", 5)], Some(50));
    let id = hostile.id.uuid();
    let imports = [bouncing("europe", &[20, 4, 4, 5]), bouncing("asia", &[1, 1]), vec![enrolment, hostile]].concat();
    let state = state(imports);
    let all =
        Query { accounts: vec![account("asia"), account("europe")], reasons: vec![FailureReason::Blocker], ..query() };
    for page in [front(&state, &query()), front(&state, &all), super::import(&state, id).unwrap()] {
        let body = page.split_once("<body>").unwrap().1;
        for forbidden in ["<script", "<style", " style=", " on", "http://", "https://", "javascript:", "<img"] {
            let found = body.match_indices(forbidden).find(|(at, _)| forbidden != " on" || is_handler(&body[*at..]));
            assert_eq!(found, None, "{body}");
        }
        assert!(page.contains(&format!("<style>{}</style>", style())));
        let values = |name: &str| {
            let name = format!(" {name}=\"");
            let parts = body.split(&name).skip(1).filter_map(|part| part.split_once('"'));
            parts.map(|(value, _)| value.to_owned()).collect::<Vec<_>>()
        };
        let ids = values("id");
        let unique: BTreeSet<_> = ids.iter().map(String::as_str).collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        for name in values("aria-labelledby").iter().flat_map(|names| names.split(' ')).chain(["accounts"]) {
            assert!(unique.contains(name) || name == "accounts", "{name} of {unique:?}");
        }
    }
}

/// Does an attribute for a script begin here, and not a word of a text?
fn is_handler(body: &str) -> bool {
    let name: String = body.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    body[1 + name.len()..].starts_with('=')
}
