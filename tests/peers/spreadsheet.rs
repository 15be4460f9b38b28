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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.csv");
    fs::write(&path, csv).unwrap();
    let profile = |folder: &Path| format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let status = Command::new("soffice")
        .arg("--headless")
        .arg(profile(folder.path()))
        .args(["--convert-to", "fods"])
        .arg(format!("--infilter=CSV:{},34,UTF-8", u32::from(separator)))
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
            Some(fs::read_to_string(folder.path().join("faults.fods")).unwrap())
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
