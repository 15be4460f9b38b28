//! What the formats hold, as independent readers see it.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use dotdigital_faults::{
    Anomaly, ErrorKind, FailureReason, FaultReport, GroupBy, GroupCounts, GroupKey, ReasonCounts, SourceCounts, Tally,
    export,
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use uuid::{Uuid, uuid};

const ID: Uuid = uuid!("842d81e8-c619-457f-bb77-ab6c4a17da39");

fn written(write: impl FnOnce(&mut Vec<u8>) -> dotdigital_faults::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn source(name: &str, text: &str, by: Option<&GroupBy>) -> SourceCounts {
    let report = FaultReport::from_bytes(text).unwrap();
    let source = SourceCounts::new(name, report.counts().clone());
    match by {
        Some(by) => source.with_groups(report.count_by(by).unwrap()),
        None => source,
    }
}

/// Every fixture that is a report, under its name.
fn fixtures() -> Vec<(String, FaultReport)> {
    let mut paths: Vec<_> = fs::read_dir("fixtures").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = paths
        .iter()
        .filter_map(|path| Some((path.display().to_string(), FaultReport::from_bytes(fs::read(path).unwrap()).ok()?)));
    read.collect()
}

/// All fixtures, grouped by domain and not, alone and together.
fn tallies() -> Vec<Tally> {
    let plain: Vec<_> =
        fixtures().into_iter().map(|(name, report)| SourceCounts::new(name, report.counts().clone())).collect();
    let grouped = fixtures().into_iter().map(|(name, report)| {
        SourceCounts::new(name, report.counts().clone()).with_groups(report.count_by(&GroupBy::Domain).unwrap())
    });
    let grouped: Vec<_> = grouped.collect();
    let mut tallies: Vec<Tally> = plain.iter().chain(&grouped).cloned().map(Tally::from).collect();
    tallies.extend([
        plain.into_iter().collect(),
        grouped.iter().cloned().collect(),
        grouped.into_iter().collect::<Tally>().top(3),
    ]);
    tallies.push(Tally::new());
    tallies
}

#[test]
fn json_fits_its_schema() {
    let schema: Value = serde_json::from_slice(&fs::read("fixtures/summary.schema.json").unwrap()).unwrap();
    let slugs = |pointer: &str| {
        let list = schema.pointer(pointer).unwrap().as_array().unwrap();
        list.iter().map(|slug| slug.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let reasons = FailureReason::iter().map(|reason| reason.slug()).chain(["other"]);
    assert!(
        slugs("/$defs/reasons/items/properties/reason/enum")
            .iter()
            .map(String::as_str)
            .eq(reasons.collect::<BTreeSet<_>>())
    );
    let anomalies = Anomaly::iter().map(Anomaly::slug).collect::<BTreeSet<_>>();
    assert!(slugs("/$defs/anomalies/propertyNames/enum").iter().map(String::as_str).eq(anomalies));

    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for tally in tallies() {
        let document: Value = serde_json::from_str(&written(|out| export::tally_to_json(&tally, out))).unwrap();
        if let Err(error) = validator.validate(&document) {
            panic!("{error} in {document:#}");
        }
        let sum = |list: &Value, member| {
            list.as_array().unwrap().iter().map(|entry: &Value| entry[member].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(sum(&document["reasons"], "count"), document["total"].as_u64().unwrap());
        if let Some(groups) = document.get("groups") {
            assert_eq!(sum(groups, "total"), document["total"].as_u64().unwrap());
        }
        if let Some(sources) = document.get("sources") {
            assert_eq!(sum(sources, "total"), document["total"].as_u64().unwrap());
        }
    }
    // What the schema is for: it refuses what isn't so.
    let mut wrong = serde_json::to_value(Tally::new()).unwrap();
    wrong["total"] = "4".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn one_source_is_the_document_of_its_counts() {
    for (_, report) in fixtures() {
        let tally = written(|out| export::tally_to_json(&Tally::from(&report), out));
        assert_eq!(tally, written(|out| export::counts_to_json(report.counts(), out)));
    }
}

#[test]
fn an_import_id_stays_where_all_are_of_that_import() {
    let counts = |id: Option<Uuid>| {
        let counts = ReasonCounts::from_iter([&FailureReason::Blocker]);
        SourceCounts::new("", id.map_or(counts.clone(), |id| counts.with_import_id(id)))
    };
    let empty = SourceCounts::new("", ReasonCounts::new());
    let id = |sources: &[&SourceCounts]| sources.iter().copied().cloned().collect::<Tally>().counts().import_id();
    assert_eq!(id(&[&counts(Some(ID))]), Some(ID));
    assert_eq!(id(&[&counts(Some(ID)), &counts(Some(ID))]), Some(ID));
    assert_eq!(id(&[&counts(Some(ID)), &counts(None)]), None);
    assert_eq!(id(&[&empty, &counts(Some(ID))]), None);
    assert_eq!(id(&[&counts(Some(ID)), &counts(Some(Uuid::nil())), &counts(Some(ID))]), None);
}

#[test]
fn csv_and_json_lines_hold_the_same_records() {
    for tally in tallies() {
        let csv = written(|out| export::tally_to_csv(&tally, out));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names = reader.headers().unwrap().clone();
        let is_grouped = tally.groups().is_some();
        assert_eq!(names.len(), if is_grouped { 11 } else { 7 });
        let lines = written(|out| export::tally_to_jsonl(&tally, out));
        let mut lines = lines.lines();
        let (mut total, mut shares) = (0, BTreeMap::new());
        for record in reader.records() {
            let record = record.unwrap();
            let line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
            for (name, cell) in names.iter().zip(&record) {
                let text = match &line[name] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                assert_eq!(cell, text, "{name}");
            }
            assert_eq!(line.as_object().unwrap().len(), names.len());
            total += line["count"].as_u64().unwrap();
            *shares.entry(line["source"].to_string()).or_insert(0.0) += line["share"].as_f64().unwrap();
        }
        assert_eq!(lines.next(), None);
        assert_eq!(total, tally.counts().total());
        assert!(shares.values().all(|sum: &f64| (sum - 1.0).abs() < 1e-9), "{shares:?}");
    }
}

#[test]
fn groups_of_several_reports_are_summed_up() {
    let by = GroupBy::column("Country");
    let may = source("may", "Reason,email,country\nBlocker,a,NL\nBlocker,b,PT\nDuplicate,c\n", Some(&by));
    let june = source("june", "Reason,email,COUNTRY\nBlocker,a,NL\nDuplicate,b,NL\nX,c,\n", Some(&by));
    let tally: Tally = [may.clone(), june].into_iter().collect();
    let sizes = |groups: &GroupCounts| {
        groups.by_size().map(|(key, counts)| (key.label().into_owned(), counts.total())).collect::<Vec<_>>()
    };
    let expected = [("NL", 3), ("(empty)", 1), ("PT", 1), ("(absent)", 1)];
    assert_eq!(sizes(tally.groups().unwrap()), expected.map(|(label, count)| (label.to_owned(), count)));
    let top = tally.top(1);
    assert_eq!(sizes(top.groups().unwrap()), [("NL".to_owned(), 3), ("other".to_owned(), 3)]);
    // Each report has the groups that are the largest of all.
    assert_eq!(sizes(top.sources()[0].groups().unwrap()), [("NL".to_owned(), 1), ("other".to_owned(), 2)]);
    assert_eq!(top.counts(), tally.counts());
    // The rest never passes for a value of that name.
    assert!(top.groups().unwrap().get(GroupKey::Value("other")).is_none());

    // Groups that miss a report would miss its faults.
    let plain = source("plain", "Reason,email\nBlocker,a\n", None);
    assert!([may.clone(), plain].into_iter().collect::<Tally>().groups().is_none());
    let other = source("other", "Reason,email\nBlocker,a\n", Some(&GroupBy::Domain));
    assert!([may, other].into_iter().collect::<Tally>().groups().is_none());
}

#[test]
fn a_column_has_to_be_there() {
    let report = FaultReport::from_bytes("Reason,email\nBlocker,a\n").unwrap();
    assert_eq!(report.count_by(&GroupBy::column("country")).unwrap_err().kind(), ErrorKind::NoSuchColumn);
    let nothing = FaultReport::from_bytes("").unwrap();
    assert_eq!(nothing.count_by(&GroupBy::column("country")).unwrap().iter().count(), 0);
}

#[test]
fn both_forms_of_a_domain_are_one() {
    let text = "Reason,email\nBlocker,a@Bücher.example\nBlocker,b@xn--bcher-kva.example\nX,c@c@\nX,invisible\n";
    let report = FaultReport::from_bytes(text).unwrap();
    let groups = report.count_by(&GroupBy::Domain).unwrap();
    let labels: Vec<_> = groups.by_size().map(|(key, counts)| (key.label().into_owned(), counts.total())).collect();
    assert_eq!(labels, [("bücher.example (xn--bcher-kva.example)".into(), 2), ("(invalid address)".into(), 2)]);
}

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

fn check_metrics(tally: &Tally, text: &str) {
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
        check_metrics(&tally, &written(|out| export::tally_to_prometheus(&tally, out)));
    }
}

#[test]
fn metrics_tell_imports_apart_and_sum_up_files() {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let counts = |text: &str| FaultReport::from_bytes(text).unwrap().counts().clone();
    let blocker = counts("Reason,email\nBlocker,a\n");
    let tally: Tally = [
        SourceCounts::new("a.csv", blocker.clone()).with_read_at(at(30)),
        SourceCounts::new("b.csv", counts("Reason,email\nSomething new,b\nBlocker,c\nAnother,c\n"))
            .with_read_at(at(20)),
        SourceCounts::new(ID.to_string(), blocker.with_import_id(ID)).with_read_at(at(40)),
    ]
    .into_iter()
    .collect();
    let text = written(|out| export::tally_to_prometheus(&tally, out));
    check_metrics(&tally, &text);
    for line in [
        r#"dotdigital_import_faults{import_id="",reason="blocker"} 2"#,
        r#"dotdigital_import_faults{import_id="",reason="other"} 2"#,
        r#"dotdigital_import_faults{import_id="",reason="failures"} 0"#,
        r#"dotdigital_import_faults{import_id="842d81e8-c619-457f-bb77-ab6c4a17da39",reason="blocker"} 1"#,
        r#"dotdigital_import_read_timestamp_seconds{import_id=""} 20"#,
        r#"dotdigital_import_cut_off{import_id=""} 0"#,
    ] {
        assert!(text.lines().any(|candidate| candidate == line), "{line} in {text}");
    }
    assert!(!text.contains("Something new") && !text.contains("a.csv"));
}

#[test]
fn no_address_gets_into_metrics() {
    let text = "Reason,email\nBlocker,jo@example.com\nBlocker,li@example.com\nX,invisible\n";
    let tally = Tally::from(source("x", text, Some(&GroupBy::column("email"))));
    let text = written(|out| export::tally_to_prometheus(&tally, out));
    check_metrics(&tally, &text);
    assert!(text.contains(r#"group_kind="rest",group="other",reason="blocker"} 2"#), "{text}");
}

/// The rows of the tables of a Markdown, each cell as its text, and the texts that are code.
fn rendered(markdown: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut rows, mut codes) = (Vec::new(), Vec::new());
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow | Tag::TableHead) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => rows.last_mut().unwrap().push(String::new()),
            Event::Code(text) => {
                codes.push(text.to_string());
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push_str(&text);
                }
            }
            Event::Text(text) => {
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push_str(&text);
                }
            }
            Event::Start(Tag::Table(_) | Tag::Paragraph | Tag::Strong | Tag::List(None) | Tag::Item)
            | Event::End(
                TagEnd::Table
                | TagEnd::TableRow
                | TagEnd::TableHead
                | TagEnd::TableCell
                | TagEnd::Paragraph
                | TagEnd::Strong
                | TagEnd::List(_)
                | TagEnd::Item,
            ) => {}
            other => panic!("{other:?} in {markdown}"),
        }
    }
    (rows, codes)
}

#[test]
fn markdown_of_the_fixtures() {
    for tally in tallies() {
        let (rows, _) = rendered(&written(|out| export::tally_to_markdown(&tally, out)));
        let total = tally.counts().total();
        assert!(total == 0 || rows.iter().any(|row| row[0] == "total" && row[1] == total.to_string()), "{rows:?}");
        assert!(rows.iter().all(|row| row.len() == 4 || row.len() == 2));
    }
}

#[test]
fn a_page_says_it_all() {
    let by = GroupBy::Domain;
    let tally = Tally::from(source("may.csv", &fs::read_to_string("fixtures/all-reasons.csv").unwrap(), Some(&by)));
    let page = written(|out| export::tally_to_html(&tally, out));
    for text in [
        "<html lang=\"en\">",
        "default-src 'none'",
        "<span class=\"number\">26</span> contacts failed to import",
        "<bdi>may.csv</bdi>",
        "Hard bounced",
        "Stop mailing it; remove it from your own lists.",
        "<bdi>Quarantined by moon phase</bdi>",
        "<bdi>rival.example</bdi>",
        "(invalid address)",
        "<th role=\"rowheader\" scope=\"row\">",
        "aria-hidden=\"true\"",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    for text in ["<script", "http://", "https://", "src=", "href=", "url(", "@import", "style=", "onerror"] {
        assert!(!page.contains(text), "{text}");
    }
    assert!(written(|out| export::tally_to_html(&Tally::new(), out)).contains("No</span> contact failed"));
    let dated =
        SourceCounts::new("", ReasonCounts::new()).with_read_at(UNIX_EPOCH + Duration::from_secs(1_763_868_722));
    let page = written(|out| export::tally_to_html(&dated.clone().into(), out));
    assert!(page.contains("read Sun, 23 Nov 2025 03:32:02 GMT"), "{page}");
    // Times that no date can tell are left out.
    for time in [UNIX_EPOCH - Duration::from_secs(1), UNIX_EPOCH + Duration::from_secs(253_402_300_800)] {
        let page = written(|out| export::tally_to_html(&dated.clone().with_read_at(time).into(), out));
        assert!(!page.contains("GMT"));
    }
}

#[test]
fn many_unknown_reasons_are_summed_up_where_they_are_drawn() {
    let mut text = "Reason,email\n".to_owned();
    for number in 0..500 {
        text += &format!("unknown {number},a\n");
    }
    text += &"Blocker,b\n".repeat(3);
    let tally = Tally::from(source("", &text, Some(&GroupBy::Domain)));
    let markdown = written(|out| export::tally_to_markdown(&tally, out));
    assert!(markdown.contains("| (462 further reasons) | 462 |"), "{markdown}");
    let page = written(|out| export::tally_to_html(&tally, out));
    assert!(page.contains("(462 further reasons)"));
    let chart: Value = serde_json::from_str(&written(|out| export::tally_to_vega_lite(&tally, out))).unwrap();
    let values = chart["data"]["values"].as_array().unwrap();
    let labels: BTreeSet<_> = values.iter().map(|value| value["label"].as_str().unwrap()).collect();
    assert_eq!(labels.len(), 40);
    assert_eq!(values.iter().map(|value| value["count"].as_u64().unwrap()).sum::<u64>(), 503);
}

/// Text that formats have to quote.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "B",
        " ",
        "|",
        "\\",
        "`",
        "``",
        "\"",
        "'",
        "<",
        ">",
        "&",
        "<script>",
        "<b>",
        "*",
        "_",
        "#",
        "[x](y)",
        "@jo",
        "\n",
        "\r",
        "\t",
        "\0",
        "\u{85}",
        "\u{202e}",
        "é",
        "花",
        "{",
        "}",
        "=",
        ",",
        "~",
        "!",
        "&amp;",
        "<!--",
        "-->",
        "]]>",
        "$$",
        "www.example.com",
        "-",
        "\\|",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn csv_cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn hostile_text_stays_text(rows in prop::collection::vec((hostile(), hostile()), 1..6), top in 0_usize..4) {
        let mut text = "Reason,email,country\n".to_owned();
        for (reason, country) in &rows {
            text += &format!("{},a@example.com,{}\n", csv_cell(reason), csv_cell(country));
        }
        let tally = Tally::from(source("may.csv", &text, Some(&GroupBy::column("country"))));
        prop_assert_eq!(tally.counts().total(), rows.len() as u64);
        for tally in [tally.top(top), tally] {
            check_metrics(&tally, &written(|out| export::tally_to_prometheus(&tally, out)));

            let lines = written(|out| export::tally_to_jsonl(&tally, out));
            let csv = written(|out| export::tally_to_csv(&tally, out));
            let records: Vec<_> = csv::Reader::from_reader(csv.as_bytes()).into_records().map(|record| record.unwrap()).collect();
            prop_assert_eq!(records.len(), lines.lines().count());
            for (line, record) in lines.lines().zip(&records) {
                let line: Value = serde_json::from_str(line).unwrap();
                prop_assert_eq!(line["label"].as_str(), record.get(7));
                prop_assert_eq!(line["group_label"].as_str(), record.get(5));
            }

            let markdown = written(|out| export::tally_to_markdown(&tally, out));
            let (cells, codes) = rendered(&markdown);
            let lines: usize = tally.counts().by_frequency().len() + tally.groups().unwrap().by_size().len();
            prop_assert_eq!(cells.len(), lines + 3, "{}", markdown);
            prop_assert!(cells.iter().all(|row| row.len() == 4), "{}", markdown);
            for (reason, _) in tally.counts().iter() {
                let label = reason.label();
                let plain = !label.contains("\\|") && !label.chars().any(|c| c.is_control() || c == '\u{202e}');
                if reason.slug() == "other" && !label.trim().is_empty() && plain {
                    prop_assert!(codes.iter().any(|code| code == label), "{:?} in {}", label, markdown);
                }
            }

            // Every `<` and `&` of the page is its own.
            let page = written(|out| export::tally_to_html(&tally, out));
            let body = page.split_once("</style>").unwrap().1;
            for tag in body.split('<').skip(1) {
                let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
                let known = ["main", "header", "h1", "h2", "h3", "p", "ul", "li", "section", "table", "thead", "tbody", "tr",
                    "th", "td", "span", "strong", "bdi", "em", "code", "svg", "rect", "title", "body", "html", "head", "footer"];
                prop_assert!(known.contains(&name.trim_start_matches('/')), "{} in {}", name, page);
            }
        }
    }
}
