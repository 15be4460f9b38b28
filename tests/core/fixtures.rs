//! Every fixture, and what it shows.

use std::fs;

use dotdigital_faults::FaultReport;

use crate::helpers::report::render_error;

/// The name, then the counts of the reasons and of what was unusual, or the beginning of the error.
const FIXTURES: &[(&str, &str)] = &[
    ("a-week-later.csv", "globally_suppressed=1 invalid_email=2 duplicate=1 blocker=1 unsubscribed=2 hard_bounced=5"),
    (
        "all-reasons.csv",
        "globally_suppressed=1 invalid_email=4 duplicate=3 blocker=1 unsubscribed=2 hard_bounced=5 soft_bounced=2 complained_to_isp=1 mail_blocked=1 suppressed_by_domain=1 suppressed_by_you=1 pending_optin=2 failures=1 other=1",
    ),
    ("bars.csv", "blocker=1 mail_blocked=1"),
    ("blank-rows.csv", "duplicate=1 blocker=1 blank_row=3"),
    ("bom-crlf.csv", "blocker=1 mail_blocked=1"),
    ("busy-two-lines.txt", "NotAReport: it says ERROR_SERVICE_BUSY"),
    ("busy.txt", "NotAReport: We are very busy right now"),
    ("ctrl-z.csv", "unsubscribed=1 hard_bounced=1"),
    ("cut-off.csv", "duplicate=1 blocker=1 short_row=1"),
    ("documented.csv", "duplicate=1 unsubscribed=1"),
    ("empty-blank-lines.csv", ""),
    ("empty-bom.csv", ""),
    ("empty-header.csv", ""),
    ("empty-null.txt", ""),
    ("empty-quotes.txt", ""),
    ("empty.csv", ""),
    ("enrolment.csv", "unsubscribed=2 hard_bounced=1"),
    ("error.html", "NotAReport: 503 (the title of a web page)"),
    ("error.json", "NotAReport: Import is not processed yet or completed with error. ERROR_IMPORT_REPORT_NOT_FOUND"),
    ("error.txt", "NotAReport: Service temporarily unavailable"),
    ("formulas.csv", "invalid_email=1 duplicate=1"),
    ("http-headers.csv", "failures=1 preamble=2"),
    ("invalid-utf8.csv", "duplicate=1 blocker=1 invalid_utf8=1"),
    ("joined.csv", "duplicate=2 blocker=1 repeated_header=2"),
    ("lone-cr.csv", "duplicate=1 blocker=1"),
    ("no-header.csv", "duplicate=1 hard_bounced=1 no_header=1"),
    ("one-column.csv", "invalid_email=1"),
    ("other-case.csv", "duplicate=1 blocker=1 repeated_header=1"),
    ("other-columns.csv", "duplicate=1 unsubscribed=1 failures=1 other_header=1"),
    (
        "other-wordings.csv",
        "globally_suppressed=1 invalid_email=2 duplicate=2 blocker=1 unsubscribed=2 hard_bounced=1 soft_bounced=1 complained_to_isp=1 mail_blocked=1 suppressed_by_domain=1 suppressed_by_you=1 pending_optin=1 failures=1",
    ),
    ("own-summary.csv", "NotAReport: it is a summary that `faults` wrote"),
    ("quoted.csv", "duplicate=1 blocker=1 hard_bounced=1"),
    ("ragged.csv", "duplicate=1 blocker=1 unsubscribed=1 hard_bounced=1 short_row=2 long_row=1"),
    ("recorded-2015.csv", "invalid_email=1 hard_bounced=2"),
    ("repeated-columns.csv", "blocker=1"),
    ("report.csv.gz", "NotAReport: it is gzip"),
    ("semicolons.csv", "duplicate=1 hard_bounced=1"),
    ("sep-line.csv", "soft_bounced=2 preamble=1"),
    ("tabs.txt", "invalid_email=1 unsubscribed=1"),
    ("titled.csv", "duplicate=1 blocker=1 preamble=4"),
    ("unclosed-quote.csv", "duplicate=1 blocker=1 hard_bounced=1 unclosed_quote=1"),
    ("unquoted-line-break.csv", "duplicate=1 hard_bounced=1 soft_bounced=1 rejoined_row=2"),
    ("upload.csv", "NotAReport: none of its 3 columns is named Reason"),
    ("utf-16-unmarked.csv", "Utf16: it is UTF-16 text"),
    ("utf-16.csv", "Utf16: it is UTF-16 text"),
    ("v3-finished.json", "globally_suppressed=1 invalid_email=1 duplicate=1"),
    ("v3-odd.json", "consent_records_not_applied=1 other=1 other=1"),
    ("web-report.csv", "hard_bounced=1 suppressed_by_you=1"),
    ("workbook.zip", "NotAReport: it is zip"),
];

#[test]
fn every_fixture_shows_what_its_name_says() {
    let mut names = Vec::new();
    for entry in fs::read_dir("fixtures").unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".wsdl") || name.ends_with(".schema.json") {
            continue;
        }
        let told = match FaultReport::from_bytes(fs::read(entry.path()).unwrap()) {
            Ok(report) => {
                let reasons = report.counts().iter().map(|(reason, count)| format!("{}={count}", reason.slug()));
                let anomalies = report.anomalies().iter().map(|(anomaly, count)| format!("{anomaly}={count}"));
                reasons.chain(anomalies).collect::<Vec<_>>().join(" ")
            }
            Err(error) => {
                let said = render_error(&error).replace("this is not a faults report: ", "");
                assert!(!said.contains('@'), "{said}");
                said.split([';', ',']).next().unwrap().to_owned()
            }
        };
        println!("    ({name:?}, {told:?}),");
        names.push((name, told));
    }
    names.sort();
    let expected: Vec<_> = FIXTURES.iter().map(|(name, told)| (name.to_string(), told.to_string())).collect();
    assert_eq!(names, expected);
}
