//! DuckDB reads the long form.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::helpers::peers;
use crate::inputs::{cases, summary_as};

#[test]
fn duckdb_reads_the_long_form() {
    let Some(python) = peers::python_with_duckdb() else {
        return peers::skip("DuckDB");
    };
    let script = "
import duckdb, json, sys
answers = []
for path in sys.argv[1:]:
    rows = duckdb.sql(f\"select count(*), sum(count)::bigint, round(sum(share), 6), count(distinct source) from '{path}'\")
    worst = duckdb.sql(f\"select label, sum(count)::bigint as n from '{path}' group by label order by n desc, label limit 1\")
    answers.append([list(rows.fetchall()[0]), list(worst.fetchall()[0]), duckdb.sql(f\"select * from '{path}'\").columns])
print(json.dumps(answers))
";
    let folder = tempfile::tempdir().unwrap();
    for (number, case) in cases(folder.path()).iter().enumerate().filter(|(_, case)| case[0] != "fixtures/empty.csv") {
        let document: Value = serde_json::from_slice(&summary_as("json", case)).unwrap();
        let paths = ["csv", "jsonl"].map(|format| {
            let path = folder.path().join(format!("{number}.{format}"));
            fs::write(&path, summary_as(format, case)).unwrap();
            path
        });
        let output = Command::new(&python).args(["-c", script]).args(&paths).output().unwrap();
        assert!(output.status.success(), "{case:?}: {}", String::from_utf8_lossy(&output.stderr));
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        // Both are read alike, to the names of the columns and the last count.
        assert_eq!(answers[0], answers[1], "{case:?}");
        let sources = case.iter().filter(|argument| argument.ends_with(".csv")).count();
        assert_eq!(answers[0][0][1], document["total"], "{case:?}");
        assert_eq!(answers[0][0][2].as_f64().unwrap().round(), sources as f64);
        assert_eq!(answers[0][0][3], sources);
        let most = document["reasons"].as_array().unwrap().iter().map(|reason| reason["count"].as_u64()).max().unwrap();
        assert_eq!(answers[0][1][1].as_u64(), most);
    }
}
