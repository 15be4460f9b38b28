//! Text that formats have to quote, in all of them.

use dotdigital_faults::{GroupBy, Tally, export};
use proptest::prelude::*;
use serde_json::Value;

use super::metrics::check_metrics;
use super::pages::rendered;
use super::{source, written};

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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_stays_text(rows in prop::collection::vec((hostile(), hostile()), 1..6), top in 0_usize..4) {
        let mut text = "Reason,email,country\n".to_owned();
        for (reason, country) in &rows {
            text += &format!("{},a@example.com,{}\n", csv_cell(reason), csv_cell(country));
        }
        let tally = Tally::from(source("may.csv", &text, Some(&GroupBy::column("country"))));
        prop_assert_eq!(tally.counts().total(), rows.len() as u64);
        for tally in [tally.top(top), tally] {
            check_metrics(&tally, &written(|out| export::tally_to_prometheus(&tally, &export::Labels::new(), out)));

            let lines = written(|out| export::tally_to_jsonl(&tally, &export::WriteOptions::new(), out));
            let csv = written(|out| export::tally_to_csv(&tally, &export::WriteOptions::new(), out));
            let records: Vec<_> = csv::Reader::from_reader(csv.as_bytes()).into_records().map(|record| record.unwrap()).collect();
            prop_assert_eq!(records.len(), lines.lines().count());
            for (line, record) in lines.lines().zip(&records) {
                let line: Value = serde_json::from_str(line).unwrap();
                prop_assert_eq!(line["label"].as_str(), record.get(8));
                prop_assert_eq!(line["group_label"].as_str(), record.get(6));
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
