//! What holds for acting on every report: nothing is lost, and everything can be turned back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;

use csv::{ByteRecord, QuoteStyle, ReaderBuilder, WriterBuilder};
use dotdigital_faults::export::{self, SplitOptions, WriteOptions};
use dotdigital_faults::{Change, Columns, Comparison, FailureReason, FaultReport, Redactor, Remedy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::reason;

/// A cell that holds whatever a customer typed, formulas above all.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-zA-Zé花 ]{0,8}",
        4 => "['=+@\\-\t\r\n＝＋－＠;,\"x]{0,8}",
        1 => any::<String>(),
    ]
}

/// A well-formed report, whose reason stands in some column.
fn report() -> impl Strategy<Value = FaultReport> {
    (1usize..5).prop_flat_map(|more| {
        let rows = vec((reason(), vec(cell(), more)), 0..20);
        (0..=more, vec("[=+'@a-z]{1,6}", more), rows).prop_map(|(at, mut names, rows)| {
            let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(Vec::new());
            names.insert(at, "Reason".to_owned());
            writer.write_record(&names).unwrap();
            for (reason, mut cells) in rows {
                cells.insert(at, reason);
                writer.write_record(&cells).unwrap();
            }
            FaultReport::from_bytes(writer.into_inner().unwrap()).unwrap()
        })
    })
}

/// Pieces of a hostile report, chosen to collide with the reading rules.
fn hostile() -> impl Strategy<Value = FaultReport> {
    let piece = prop_oneof![
        4 => select(vec![&b"\""[..], b"\"\"", b",", b"\n", b"\r", b"\r\n", b" ", b"\t", b"'", b"=", b";"]),
        3 => select(vec![&b"Blocker"[..], b"Invalid Email,a@b", b"a@b", b"Soft bounced", b"Reason,email,name\n"]),
        1 => select(vec![&b"\xef\xbb\xbf"[..], b"\xff", b"\xe2\x82", b"\0", b"{", b"<"]),
    ];
    let report = vec(piece, 0..60).prop_map(|pieces| FaultReport::from_bytes(pieces.concat()).ok());
    report.prop_filter_map("no report", |report| report)
}

/// Rows of any width, whose cells have quotes where they need them, and some where they don't: with marks, formulas, quotes,
/// separators and line breaks at every place of a cell.
fn sewn() -> impl Strategy<Value = FaultReport> {
    let header = select(vec![
        "Reason,email,a",
        "Reason,email",
        "Reason",
        "\u{feff}Reason,email,a,b",
        "\"{Reason\",email,a",
        "\"\u{feff}\u{feff}Reason\",\"e-mail\",'=a",
        "\"Reason\",\"a;Reason;email\",\"b|\tx\"",
        "email,\"a,\"\"b\",Reason",
    ]);
    let piece = select(vec![
        "\u{feff}", "\"", "'", "=", "-", "＝", ",", ";", "|", "\t", "\n", "\r\n", "{", "@", "Moon", " ", "\0",
    ]);
    let cell = (vec(piece, 0..4), any::<bool>()).prop_map(|(pieces, is_quoted)| {
        let text = pieces.concat();
        let is_quoted = is_quoted || text.contains([',', '"', '\n', '\r']);
        if is_quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    });
    let reason = select(vec!["Blocker", "Invalid Email", "Moon phase", "Soft bounced"]).prop_map(str::to_owned);
    let row = (prop_oneof![reason, cell.clone()], vec(cell, 0..4)).prop_map(|(first, mut cells)| {
        cells.insert(0, first);
        cells.join(",")
    });
    let rows = vec(prop_oneof![9 => row, 1 => Just("Reason,email,other".to_owned())], 0..12);
    (header, rows, select(vec!["\n", "\r\n"])).prop_filter_map("no report", |(header, rows, end)| {
        FaultReport::from_bytes(format!("{header}{end}{}", rows.join(end))).ok()
    })
}

/// A report of a small town: the same contacts come back.
fn town() -> impl Strategy<Value = FaultReport> {
    let email =
        select(vec!["a@x.example", "A@X.example", " b@x.example", "c@x.example", "bad", "d@x.example", "", "é@x"]);
    let reason = select(vec!["Blocker", "Hard bounced", "Soft bounced", "hard-bounced", "Odd", "Odder"]);
    vec((reason, email), 0..16).prop_map(|rows| {
        let rows: String = rows.iter().map(|(reason, email)| format!("{reason},\"{email}\"\n")).collect();
        FaultReport::from_bytes(format!("Reason,email\n{rows}")).unwrap()
    })
}

fn to_csv(report: &FaultReport, options: &WriteOptions) -> Vec<u8> {
    let mut csv = Vec::new();
    export::faults_to_csv(report, report.faults(), options, &mut csv).unwrap();
    csv
}

/// The records of a CSV, as the csv crate reads them.
fn records(csv: &[u8]) -> Vec<ByteRecord> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv);
    reader.byte_records().map(Result::unwrap).collect()
}

/// How many cells a written header has.
fn header_width(columns: &Columns, has_reason: bool) -> usize {
    if has_reason { columns.len() } else { (columns.len() - 1).max(1) }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

/// A row of one cell that says next to nothing is one all the same: quotes keep it from being taken for an empty line.
#[test]
fn rows_of_one_cell_read_back() {
    for cell in ["\u{feff}", "\u{feff}\u{feff}", " \u{feff}", "\t\u{feff} ", "\u{2003}", "x"] {
        let report =
            FaultReport::from_bytes(format!("Reason,email,name\nBlocker,a@b,c\n\"\"{cell}\nBlocker,a@b,c\n")).unwrap();
        assert_eq!(report.len(), 3, "{cell:?}");
        let written = to_csv(&report, &WriteOptions::new());
        let again = FaultReport::from_bytes(written.clone()).unwrap();
        assert_eq!(again.counts(), report.counts(), "{:?}", String::from_utf8_lossy(&written));
    }
}

/// Cells that begin with a mark, and headers that are written again, are the same after the way there and back.
#[test]
fn what_stands_first_turns_back() {
    for (report, expected) in [
        ("Reason,email,a\n\"\u{feff}x \"\"y\"\"\",=1,b\n", "Reason,email,a\n\"\u{feff}x \"\"y\"\"\",\"=1\",\"b\"\n"),
        ("Reason,email,a\n\"\u{feff}Moon, full\",b@x,1\n", "Reason,email,a\n\"\u{feff}Moon, full\",\"b@x\",\"1\"\n"),
        ("Reason,email,a\n\"＝Moon, full\",b@x,1\n", "Reason,email,a\n\"＝Moon, full\",b@x,1\n"),
        // The rows would be joined without a header between them, which needs no quotes where it isn't the first record.
        (
            "\"{Reason\",email,a\nMoon,b\nBlocker,c@x,\nSun\n",
            "\"{Reason\",\"email\",\"a\"\nMoon,b\n{Reason,email,a\nSun\n",
        ),
    ] {
        let report = FaultReport::from_bytes(report).unwrap();
        let csv = |options: WriteOptions| {
            let mut csv = Vec::new();
            let others = report.faults().filter(|fault| fault.reason() != &FailureReason::Blocker);
            export::faults_to_csv(&report, others, &options, &mut csv).unwrap();
            csv
        };
        let (plain, mut restored) = (csv(WriteOptions::new()), Vec::new());
        assert_eq!(String::from_utf8_lossy(&plain), expected);
        assert_eq!(FaultReport::from_bytes(plain.clone()).unwrap().counts().total(), plain_rows(&report));
        export::restore_csv(&csv(WriteOptions::new().spreadsheet_safe(true))[..], &mut restored).unwrap();
        assert_eq!(String::from_utf8_lossy(&restored), expected);
    }
}

/// How many faults are no blockers.
fn plain_rows(report: &FaultReport) -> u64 {
    report.faults().filter(|fault| fault.reason() != &FailureReason::Blocker).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The split files together hold every fault exactly once, each in the file of its remedy and with the header.
    #[test]
    fn split_files_hold_every_fault_once(report in prop_oneof![report(), hostile()]) {
        let folder = tempfile::tempdir().unwrap();
        let files = export::split_to_dir(&report, folder.path(), &SplitOptions::new()).unwrap();
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), files.len());
        let mut held = 0;
        for file in &files {
            let records = records(&fs::read(file.path()).unwrap());
            let has_reason = !matches!(file.remedy(), Remedy::Correct | Remedy::RetryLater);
            let faults: Vec<_> = report.by_remedy(file.remedy()).collect();
            let mut records = records.into_iter().peekable();
            let mut columns: Option<&Columns> = None;
            for fault in &faults {
                let shaped = |cells: Vec<Cow<'_, [u8]>>| {
                    let cells = cells.into_iter().enumerate();
                    let mut cells: Vec<_> = cells
                        .filter(|(column, _)| has_reason || *column != fault.columns().reason())
                        .map(|(_, cell)| cell)
                        .collect();
                    // A record of no cells can't be told from one of an empty cell.
                    if cells.is_empty() {
                        cells.push(Default::default());
                    }
                    ByteRecord::from(cells)
                };
                // A header where other columns begin, and between rows that would be joined when they are read.
                let cells = shaped(fault.raw_fields().collect());
                if !columns.is_some_and(|columns| std::ptr::eq(columns, fault.columns())) {
                    prop_assert_eq!(records.next().unwrap().len(), header_width(fault.columns(), has_reason));
                } else if records.peek() != Some(&cells) {
                    prop_assert_eq!(records.next().unwrap().len(), header_width(fault.columns(), has_reason));
                    prop_assert_eq!(fault.reason().slug(), "other");
                }
                prop_assert_eq!(records.next(), Some(cells));
                columns = Some(fault.columns());
            }
            prop_assert_eq!(records.next(), None);
            prop_assert_eq!(file.faults(), faults.len() as u64);
            held += faults.len();
        }
        prop_assert_eq!(held, report.len());
    }

    /// What is spreadsheet-safe turns back to the same bytes, and none of its cells begins as a formula does,
    /// wherever a spreadsheet may begin one.
    #[test]
    fn spreadsheet_safe_turns_back(report in prop_oneof![report(), hostile(), sewn()], upload_shape in any::<bool>()) {
        let options = WriteOptions::new().upload_shape(upload_shape);
        let plain = to_csv(&report, &options);
        let safe = to_csv(&report, &options.spreadsheet_safe(true));
        let mut restored = Vec::new();
        export::restore_csv(&safe[..], &mut restored).unwrap();
        prop_assert_eq!(&restored, &plain);
        let begins_with_mark = safe.starts_with(b"\xef\xbb\xbf");
        prop_assert!(begins_with_mark || report.is_empty());
        // Any CSV can be made safe, and is the same again.
        let (mut again, mut turned_back) = (Vec::new(), Vec::new());
        export::defuse_csv(&plain[..], &mut again).unwrap();
        export::restore_csv(&again[..], &mut turned_back).unwrap();
        prop_assert_eq!(&turned_back, &plain);
        for cell in records(&safe).iter().flatten() {
            prop_assert!(!matches!(cell.first(), Some(b'\t' | b'\r' | b'\n')));
            for cell in cell.split(|byte| b";\t\r\n".contains(byte)) {
                prop_assert!(!matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@')));
                prop_assert!(!["＝", "＋", "－", "＠"].iter().any(|form| cell.starts_with(form.as_bytes())));
            }
        }
    }

    /// Each cell turns back, of any bytes, and different ones stay different.
    #[test]
    fn cells_turn_back(cell in prop_oneof![cell().prop_map(String::into_bytes), vec(any::<u8>(), 0..20)]) {
        let defused = export::defuse(&cell);
        prop_assert_eq!(export::restore(&defused), &cell[..]);
        // Twice there is twice back.
        let twice = export::defuse(&defused).into_owned();
        let once = export::restore(&twice).into_owned();
        prop_assert_eq!(export::restore(&once), &cell[..]);
    }

    /// Hashes are stable for a key, others for another key, and nothing of a cell is left.
    #[test]
    fn hashes(report in report(), key in vec(any::<u8>(), 1..40), other in vec(any::<u8>(), 1..40)) {
        // HMAC fills a short key up with zeros.
        let trimmed = |key: &[u8]| { let end = key.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1); key[..end].to_vec() };
        prop_assume!(trimmed(&key) != trimmed(&other));
        let redact = |key: &[u8]| to_csv(&report, &WriteOptions::new().redact(Redactor::new(key).unwrap()));
        let (first, again, other) = (records(&redact(&key)), records(&redact(&key)), records(&redact(&other)));
        prop_assert_eq!(&first, &again);
        for ((fault, row), other) in report.faults().zip(&first[1..]).zip(&other[1..]) {
            for (column, cell) in fault.raw_fields().enumerate() {
                let hash = &row[column];
                if column == report.reason_column() && fault.reason().slug() != "other" {
                    prop_assert_eq!(hash, &*cell);
                } else if !hash.is_empty() {
                    prop_assert_eq!(hash.len(), 33);
                    prop_assert!(hash[0] == b'h' && hash[1..].iter().all(u8::is_ascii_hexdigit));
                    prop_assert_ne!(hash, &other[column]);
                } else {
                    prop_assert!(String::from_utf8_lossy(&cell).trim().is_empty());
                }
            }
        }
    }

    /// Compared with itself, in any order of its rows, nothing has changed; the other way round is the mirror image.
    #[test]
    fn comparisons_are_mirror_images(old in town(), new in town()) {
        let itself = Comparison::new(&old, &old);
        prop_assert!(itself.is_empty());
        prop_assert!(itself.transitions().is_empty() && itself.contacts().len() == 0);
        let mut reversed = Vec::new();
        export::faults_to_csv(&old, old.faults().rev(), &WriteOptions::new(), &mut reversed).unwrap();
        prop_assert!(Comparison::new(&old, &FaultReport::from_bytes(reversed).unwrap()).is_empty());

        let (there, back) = (Comparison::new(&old, &new), Comparison::new(&new, &old));
        prop_assert_eq!(there.is_empty(), back.is_empty());
        prop_assert_eq!(there.unchanged(), back.unchanged());
        let (before, after) = there.without_email();
        prop_assert_eq!((after, before), back.without_email());
        let mirrored: Vec<_> = back.reasons().into_iter().map(|(reason, old, new)| (reason, new, old)).collect();
        prop_assert_eq!(there.reasons(), mirrored);
        let mirror = |change| match change {
            Change::NewlyFailing => Change::Recovered,
            Change::Recovered => Change::NewlyFailing,
            other => other,
        };
        for (contact, mirrored) in there.contacts().zip(back.contacts()) {
            prop_assert_eq!(contact.email(), mirrored.email());
            prop_assert_eq!(contact.change(), mirror(mirrored.change()));
            prop_assert_eq!((contact.before(), contact.after()), (mirrored.after(), mirrored.before()));
        }
        let transitions = |comparison: &Comparison, mirrored: bool| {
            let transitions = comparison.transitions().into_iter().map(|transition| {
                let (change, before, after) =
                    (transition.change(), transition.before().to_vec(), transition.after().to_vec());
                let key = if mirrored { (mirror(change), after, before) } else { (change, before, after) };
                (key, transition.contacts())
            });
            transitions.collect::<BTreeMap<_, _>>()
        };
        prop_assert_eq!(transitions(&there, false), transitions(&back, true));
        let debug = format!("{there:?} {:?}", there.contacts().collect::<Vec<_>>());
        prop_assert!(!debug.contains("x.example") && !debug.contains("bad"));
    }

    /// Each fault with an email, which has an `@`, belongs to one contact, changed or not.
    #[test]
    fn comparisons_count_everybody(old in town(), new in town()) {
        let comparison = Comparison::new(&old, &new);
        let emails = |report: &FaultReport| {
            let emails = report.faults().map(|fault| fault.email().trim().to_lowercase());
            sorted(emails.filter(|email| email.contains('@')).collect())
        };
        let (mut before, mut after) = (emails(&old), emails(&new));
        prop_assert_eq!(before.len() as u64 + comparison.without_email().0, old.len() as u64);
        prop_assert_eq!(after.len() as u64 + comparison.without_email().1, new.len() as u64);
        before.dedup();
        after.dedup();
        let both = before.iter().filter(|email| after.contains(email)).count() as u64;
        prop_assert_eq!(comparison.unchanged() + comparison.count(Change::Changed), both);
        prop_assert_eq!(comparison.count(Change::Recovered) + both, before.len() as u64);
        prop_assert_eq!(comparison.count(Change::NewlyFailing) + both, after.len() as u64);
        let contacts: u64 = comparison.transitions().iter().map(|transition| transition.contacts()).sum();
        prop_assert_eq!(contacts, comparison.contacts().len() as u64);
    }
}

/// Counts that were redacted are as many as before: unknown reasons have hashes in place of their words, and no other.
#[test]
fn counts_that_are_redacted() {
    let redactor = Redactor::new(b"a key of sixteen bytes").unwrap();
    let report = FaultReport::from_bytes("Reason,email\nBlocker,a@b\nMoon,c@d\nMoon,e@f\nSun,g@h\n").unwrap();
    let (plain, redacted) = (report.counts(), report.counts().redacted(&redactor));
    assert_eq!((redacted.total(), redacted.get(&FailureReason::Blocker), redacted.iter().count()), (4, 1, 3));
    for (reason, count) in plain.iter().skip(1) {
        assert_eq!((redacted.get(reason), redacted.get(&redactor.reason(reason))), (0, count));
    }
}
