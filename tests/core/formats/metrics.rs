//! What a dashboard scrapes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use dotdigital_faults::export::Labels;
use dotdigital_faults::{FaultReport, GroupBy, SourceCounts, Tally, export};

use super::{source, tallies, written};
use crate::helpers::ID;

/// The samples of a text: name, labels, value.
fn samples(text: &str) -> Vec<(String, BTreeMap<String, String>, u64)> {
    let mut samples = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once('{').unwrap();
        let mut labels = BTreeMap::new();
        let mut rest = rest;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut characters = after.char_indices();
            let end = loop {
                match characters.next().unwrap() {
                    (_, '\\') => value.push(match characters.next().unwrap().1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (at, '"') => break at,
                    (_, other) => value.push(other),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none());
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(further) => rest = further,
                None => break,
            }
        }
        samples.push((name.to_owned(), labels, rest.strip_prefix("} ").unwrap().parse().unwrap()));
    }
    samples
}

pub fn check_metrics(tally: &Tally, text: &str) {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = samples(text);
    let mut series = BTreeSet::new();
    for (name, labels, _) in &samples {
        assert!(series.insert((name, labels)), "{name} {labels:?} is there twice");
        assert!(labels.values().all(|value| !value.contains('@')));
        assert!(text.contains(&format!("# HELP {name} ")) && text.contains(&format!("# TYPE {name} gauge\n")));
    }
    let sum = |metric: &str| samples.iter().filter(|(name, ..)| name == metric).map(|(.., value)| value).sum::<u64>();
    let total = tally.counts().total();
    assert_eq!(sum("dotdigital_import_faults"), total);
    assert_eq!(sum("dotdigital_import_all_faults"), total);
    assert_eq!(sum("dotdigital_import_group_faults"), if tally.groups().is_some() { total } else { 0 });
    let anomalies: u64 =
        tally.sources().iter().flat_map(|source| source.counts().anomalies().iter()).map(|(_, count)| count).sum();
    assert_eq!(sum("dotdigital_import_anomalies"), anomalies);
}

#[test]
fn metrics_of_the_fixtures() {
    for tally in tallies() {
        check_metrics(&tally, &written(|out| export::tally_to_prometheus(&tally, &Labels::new(), out)));
    }
}

#[test]
fn metrics_tell_imports_and_files_apart() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let counts = |text: &str| FaultReport::from_bytes(text).unwrap().counts().clone();
    let blocker = counts("Reason,email\nBlocker,a\n");
    let tally: Tally = [
        SourceCounts::new("a \"b\"\n.csv", blocker.clone()).with_read_at(at(30)),
        SourceCounts::new("b.csv", counts("Reason,email\nSomething new,b\nBlocker,c\nAnother,c\n"))
            .with_read_at(at(20)),
        SourceCounts::new("b.csv", blocker.clone()).with_read_at(at(30)),
        SourceCounts::new("c.csv", blocker.clone().with_import_id(ID)),
        SourceCounts::new(ID.to_string(), blocker.clone().with_import_id(ID)).with_read_at(at(40)),
        SourceCounts::new("", blocker),
    ]
    .into_iter()
    .collect();
    let labels = Labels::new().with("account", "EU \\ \"main\"\n").unwrap().with("team", "").unwrap();
    let text = written(|out| export::tally_to_prometheus(&tally, &labels, out));
    check_metrics(&tally, &text);
    let account = r#"account="EU \\ \"main\"\n",team="""#;
    for line in [
        r#"dotdigital_import_faults{import_id="",source="b.csv",reason="blocker",ACCOUNT} 2"#,
        r#"dotdigital_import_faults{import_id="",source="b.csv",reason="other",ACCOUNT} 2"#,
        r#"dotdigital_import_faults{import_id="",source="b.csv",reason="failures",ACCOUNT} 0"#,
        r#"dotdigital_import_all_faults{import_id="",source="a \"b\"\\n.csv",ACCOUNT} 1"#,
        r#"dotdigital_import_all_faults{import_id="",ACCOUNT} 1"#,
        r#"dotdigital_import_faults{import_id="842d81e8-c619-457f-bb77-ab6c4a17da39",reason="blocker",ACCOUNT} 2"#,
        r#"dotdigital_import_read_timestamp_seconds{import_id="",source="b.csv",ACCOUNT} 20"#,
        r#"dotdigital_import_cut_off{import_id="",source="b.csv",ACCOUNT} 0"#,
    ] {
        let line = line.replace("ACCOUNT", account);
        assert!(text.lines().any(|candidate| candidate == line), "{line} in {text}");
    }
    assert!(!text.contains("Something new") && !text.contains("c.csv"));
    assert!(text.lines().filter(|line| !line.starts_with('#')).all(|line| line.contains(account)));
}

#[test]
fn no_address_gets_into_metrics() {
    let text = "Reason,email\nBlocker,jo@example.com\nBlocker,li@example.com\nX,invisible\n";
    let tally = Tally::from(source("x", text, Some(&GroupBy::column("email"))));
    let text = written(|out| export::tally_to_prometheus(&tally, &Labels::new(), out));
    check_metrics(&tally, &text);
    assert!(text.contains(r#"group_kind="rest",group="other",reason="blocker"} 2"#), "{text}");
}
