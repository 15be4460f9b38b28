//! `--redact`: hashes in place of contact data.

use std::fs;

use dotdigital_faults::Redactor;
use serde_json::{Value, json};

use super::split::split;
use crate::helpers::program::{KEY, LEAST_KEY, command, failure, faults, out, with_input, with_key};

#[test]
fn redacted_cells() {
    let redactor = Redactor::new(LEAST_KEY).unwrap();
    let output = with_key(&["list", "fixtures/documented.csv", "--redact"]);
    let email = redactor.email("demo@apiconnector.com");
    let row = out(&output).lines().nth(2).unwrap();
    let cells: Vec<_> = row.split(',').collect();
    assert_eq!(cells[..3], ["Duplicate", &redactor.email("demo@example.com"), &redactor.cell("Demo")]);
    assert_eq!(cells[2], cells[3], "equal cells stay equal");
    assert_ne!(cells[1], email);

    let output = with_key(&["list", "fixtures/ragged.csv", "--redact", "--redact-keep-domains", "--format", "jsonl"]);
    for (line, plain) in out(&output).lines().zip(fs::read_to_string("fixtures/ragged.csv").unwrap().lines().skip(1)) {
        let line: Value = serde_json::from_str(line).unwrap();
        let email = line["email"].as_str();
        assert!(email.is_none_or(|email| email.starts_with('h') && email.ends_with("@example.com")), "{line}");
        for cell in plain.split(',').skip(1).filter(|cell| !cell.is_empty()) {
            assert!(!line.to_string().contains(cell), "{line} has {cell}");
        }
    }

    // An unknown reason may be anything, and so may a header that names nothing that we know.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.csv");
    fs::write(&path, "Ann,Example\nann@example.com,0612345678\nBlocker,ben\n").unwrap();
    let list = |format: &str| {
        let output = command(["list", "--redact", "--format", format]).arg(&path).env(KEY, LEAST_KEY).output().unwrap();
        out(&output).to_owned()
    };
    let (reason, cell) = (redactor.cell("ann@example.com"), redactor.email("0612345678"));
    let ben = redactor.email("ben");
    assert_eq!(list("csv"), format!("column_1,column_2\n{reason},{cell}\nBlocker,{ben}\n"));
    let line: Value = serde_json::from_str(list("jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(
        line,
        json!({"line": 2, "reason": "other", "label": reason, "remedy": "investigate", "email": cell,
               "columns": {"column_1": reason, "column_2": cell}})
    );
}

#[test]
fn redaction_needs_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, key: &str| {
        let path = folder.path().join(name);
        fs::write(&path, key).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let list = &["list", "fixtures/documented.csv", "--redact"];
    let expected = with_key(list);
    assert!(failure(&faults(list), 2).contains("--redact needs a key in DOTDIGITAL_REDACT_KEY, or in a file"));
    assert!(failure(&command(list).env(KEY, "").output().unwrap(), 2).contains("--redact needs a key"));
    for (name, mark, end) in [("plain", "", ""), ("lf", "", "\n"), ("crlf", "", "\r\n"), ("marked", "\u{feff}", "\r\n")]
    {
        let file = path(name, &format!("{mark}{LEAST_KEY}{end}"));
        let output = faults(list.iter().copied().chain(["--redact-key-file", &file]));
        assert_eq!(out(&output), out(&expected));
        // A file that is named counts, whatever the environment says.
        let output = command(list).args(["--redact-key-file", &file]).env(KEY, "other").output().unwrap();
        assert_eq!(out(&output), out(&expected));
    }
    let two = path("two", &format!("{LEAST_KEY}\n\n"));
    assert_ne!(out(&faults(list.iter().copied().chain(["--redact-key-file", &two]))), out(&expected));
    for key in ["", "\n"] {
        let file = path("empty", key);
        let output = command(list).args(["--redact-key-file", &file]).env(KEY, LEAST_KEY).output().unwrap();
        assert!(failure(&output, 2).contains("is empty"));
    }
    for key in ["key", &LEAST_KEY[1..]] {
        let file = path("short", key);
        for output in [
            faults(list.iter().copied().chain(["--redact-key-file", &file])),
            command(list).env(KEY, key).output().unwrap(),
        ] {
            let message = failure(&output, 2);
            assert!(message.contains("less than 16 bytes") && message.contains("\nhint: "), "{message}");
            assert!(!message.contains(&LEAST_KEY[1..]), "{message}");
        }
    }
    let output = faults(list.iter().copied().chain(["--redact-key-file", "no/such"]));
    assert!(failure(&output, 2).contains("No such file or directory"));
    failure(&faults(["list", "fixtures/documented.csv", "--redact-key-file", "x"]), 2);
    failure(&faults(["list", "fixtures/documented.csv", "--redact-keep-domains"]), 2);
    // Split, too, and before anything is written.
    let dir = folder.path().join("dir");
    assert!(failure(&split("fixtures/documented.csv", &dir, &["--redact"]), 2).contains("needs a key"));
    assert!(!dir.exists());
    let plain = path("plain", LEAST_KEY);
    out(&split("fixtures/documented.csv", &dir, &["--redact", "--redact-key-file", &plain]));
    let row = fs::read_to_string(dir.join("ignore.csv")).unwrap();
    assert!(row.contains(out(&expected).lines().nth(2).unwrap()));
}

#[test]
fn columns_that_are_kept() {
    let redactor = Redactor::new(LEAST_KEY).unwrap();
    let list = |arguments: &[&str]| {
        let output = with_key(&[&["list", "fixtures/documented.csv", "--redact"], arguments].concat());
        out(&output).to_owned()
    };
    // In any case of their letters, several, and ones that aren't there.
    let kept = ["--redact-keep", "POSTCODE", "--redact-keep", "gender", "--redact-keep", "country"];
    let (plain, redacted) = (out(&faults(["list", "fixtures/documented.csv"])).to_owned(), list(&kept));
    for (plain, redacted) in plain.lines().zip(redacted.lines()).skip(1) {
        let (plain, redacted): (Vec<_>, Vec<_>) = (plain.split(',').collect(), redacted.split(',').collect());
        assert_eq!((redacted[0], redacted[1]), (plain[0], &*redactor.email(plain[1])));
        assert_eq!((redacted[2], redacted[4]), (&*redactor.cell(plain[2]), plain[4]));
        assert_eq!(redacted[6], plain[6]);
    }
    let line: Value =
        serde_json::from_str(list(&["--format", "jsonl", kept[0], kept[1]]).lines().next().unwrap()).unwrap();
    assert_eq!((&line["columns"]["postcode"], &line["email"]), (&"123456".into(), &line["columns"]["email"]));
    // An unknown reason may be anything, and is never kept.
    let report = b"Reason,email,town\nann@example.com,b@example.com,Faro\n";
    let mut kept = command(["list", "-", "--redact", "--redact-keep", "reason", "--redact-keep", "town"]);
    let output = with_input(kept.env(KEY, LEAST_KEY), report);
    let expected = format!("{},{},Faro", redactor.cell("ann@example.com"), redactor.email("b@example.com"));
    assert_eq!(out(&output).lines().nth(1), Some(&*expected));
    // Groups, too.
    let groups = |keep: &[&str]| {
        let document = with_key(
            &[&["summary", "fixtures/documented.csv", "--by", "postcode", "--format", "json", "--redact"], keep]
                .concat(),
        );
        serde_json::from_str::<Value>(out(&document)).unwrap()["groups"][0]["group"].clone()
    };
    assert_eq!(groups(&[]), *redactor.cell("123456"));
    assert_eq!(groups(&["--redact-keep", "postcode"]), "123456");
    failure(&faults(["list", "fixtures/documented.csv", "--redact-keep", "postcode"]), 2);
}
