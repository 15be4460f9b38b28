//! A spreadsheet opens what we write: LibreOffice, without a window.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use dotdigital_faults::FaultReport;
use dotdigital_faults::export::{self, WriteOptions};

use crate::helpers::peers;

/// Formulas in each way that they may come, also for a spreadsheet that splits at semicolons.
const REPORT: &str = "Reason,email,note\n\
    Blocker,=1+1,\"=HYPERLINK(\"\"http://example.com\"\",\"\"x\"\")\"\n\
    Blocker,\"\t=1+2\",x;=1+3;y\n\
    Blocker,\"a\n=1+4\",'=1+5\n\
    Blocker,+31205550100,-5\n\
    Blocker,@SUM(1),＝1+6\n";

/// What LibreOffice makes of a CSV: its own document, as XML.
fn opened(csv: &[u8], separator: char) -> Option<String> {
    let filter = format!("--infilter=CSV:{},34,UTF-8", u32::from(separator));
    converted(csv, "faults.csv", &["--convert-to", "fods", &filter], "faults.fods")
}

/// What LibreOffice makes of a file, in another format.
fn converted(bytes: &[u8], name: &str, arguments: &[&str], converted: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let profile = |folder: &Path| format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let status = Command::new("soffice")
        .arg("--headless")
        .arg(profile(folder.path()))
        .args(arguments)
        .arg("--outdir")
        .arg(folder.path())
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) => {
            assert!(status.success(), "soffice: {status}");
            Some(fs::read_to_string(folder.path().join(converted)).unwrap())
        }
        Err(_) => {
            peers::skip("LibreOffice");
            None
        }
    }
}

/// How many cells of the document are formulas.
fn formulas(document: &str) -> usize {
    document.matches("table:formula=").count()
}

#[test]
fn a_spreadsheet_evaluates_what_is_faithful_and_nothing_that_is_safe() {
    let report = FaultReport::from_bytes(REPORT).unwrap();
    let csv = |options: &WriteOptions| {
        let mut csv = Vec::new();
        export::faults_to_csv(&report, report.faults(), options, &mut csv).unwrap();
        csv
    };
    let faithful = csv(&WriteOptions::new());
    let safe = csv(&WriteOptions::new().spreadsheet_safe(true));
    for separator in [',', ';'] {
        let Some(document) = opened(&faithful, separator) else { return };
        assert!(formulas(&document) >= 2, "what the option is for, split at {separator:?}");
        let document = opened(&safe, separator).unwrap();
        assert_eq!(formulas(&document), 0, "split at {separator:?}");
        assert!(document.contains("=HYPERLINK("), "the text is there all the same");
    }
    // A phone number stays one, too, where the faithful one becomes a number.
    let document = |csv: &[u8]| opened(csv, ',').unwrap();
    assert!(document(&faithful).contains("office:value=\"31205550100\""));
    assert!(!document(&safe).contains("office:value=\"31205550100\""));
}

/// What a spreadsheet would make something else of: numbers, dates, formulas, truths, white space, escapes of its own.
const CELLS: [&str; 30] = [
    "01234",
    "=1+1",
    "+31205550100",
    "-5",
    "@SUM(1)",
    "12345678901234567890",
    "1e5",
    "1/2",
    "2024-01-02",
    "TRUE",
    "zoë",
    "Ольга",
    "漢字😀",
    "'s-Hertogenbosch",
    "'=1",
    "  both  ",
    "\ttab\t",
    "two\nlines",
    "\n",
    "_x0041_",
    "_x005F_x0041_",
    "_x000D_ _x",
    "<b>&amp;</b>",
    "\"quoted\"",
    "a,b;c|d",
    "\u{202e}bidi\u{feff}",
    "\u{7f}\u{85}\u{a0}",
    "#REF!",
    "http://example.com",
    "{=1+1}",
];

/// A report with all of them, each in each of three columns.
fn hard_report() -> FaultReport {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["Reason", "email", "=name", "_x0041_"]).unwrap();
    for row in 0..CELLS.len() {
        let cell = |column: usize| CELLS[(row + 7 * column) % CELLS.len()];
        csv.write_record(["Blocker", cell(0), cell(1), cell(2)]).unwrap();
    }
    FaultReport::from_bytes(csv.into_inner().unwrap()).unwrap()
}

fn workbook(report: &FaultReport) -> Vec<u8> {
    let mut workbook = Vec::new();
    let cut = export::faults_to_xlsx(report, report.faults(), &WriteOptions::new(), &mut workbook).unwrap();
    assert_eq!(cut, 0);
    workbook
}

/// The cells of a report, the header among them.
fn cells(report: &FaultReport) -> Vec<Vec<String>> {
    let header = report.columns().map(str::to_owned).collect();
    let rows = report.faults().map(|fault| fault.fields().map(|cell| cell.into_owned()).collect());
    std::iter::once(header).chain(rows).collect()
}

#[test]
fn libreoffice_gets_every_cell_of_a_workbook_back() {
    let report = hard_report();
    // Every cell in quotes, and as it is shown.
    let filter = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,1";
    let Some(csv) = converted(&workbook(&report), "faults.xlsx", &["--convert-to", filter], "faults-faults.csv") else {
        return;
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let opened: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(opened, cells(&report));
}

#[test]
fn openpyxl_gets_every_cell_of_a_workbook_back() {
    const SCRIPT: &str = "\
import json, sys, openpyxl
from openpyxl.utils.escape import unescape
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.worksheets[0]
rows = [[unescape(cell.value) if cell.value is not None else '' for cell in row] for row in sheet.iter_rows()]
json.dump({
    'sheets': book.sheetnames,
    'rows': rows,
    'types': sorted({cell.data_type + cell.number_format for row in sheet.iter_rows() for cell in row}),
    'bold': [all(cell.font.b for cell in row) for row in sheet.iter_rows()].count(True),
    'frozen': sheet.freeze_panes,
    'filter': sheet.auto_filter.ref,
    'widths': [sheet.column_dimensions[name].width for name in 'AB'],
}, sys.stdout)
";
    let Some(python) = peers::python_with_openpyxl() else { return peers::skip("openpyxl") };
    let report = hard_report();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.xlsx");
    fs::write(&path, workbook(&report)).unwrap();
    let output = Command::new(python).args(["-c", SCRIPT]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let opened: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(opened["rows"], serde_json::json!(cells(&report)));
    assert_eq!(opened["sheets"], serde_json::json!(["faults"]));
    assert_eq!(opened["types"], serde_json::json!(["s@"]), "every cell is text, and stays so");
    assert_eq!((&opened["bold"], &opened["frozen"], &opened["filter"]), (&1.into(), &"A2".into(), &"A1:D31".into()));
    let width = |column: usize| opened["widths"][column].as_f64().unwrap();
    assert!(width(0) < width(1) && width(1) < 40.0, "{}", opened["widths"]);
}
