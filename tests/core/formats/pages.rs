//! Markdown, HTML and charts: what people look at.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use dotdigital_faults::{GroupBy, ReasonCounts, SourceCounts, Tally, export};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::{source, tallies, written};

/// The rows of the tables of a Markdown, each cell as its text, and the texts that are code.
pub fn rendered(markdown: &str) -> (Vec<Vec<String>>, Vec<String>) {
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
    // Its legend has words, not the slugs of the records.
    let color = &chart["encoding"]["color"];
    assert_eq!(color["field"], chart["transform"][0]["as"]);
    let names: Vec<_> =
        color["scale"]["domain"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.contains(&"ask consent") && names.iter().all(|name| !name.contains('_')), "{names:?}");
}
