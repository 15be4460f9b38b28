//! `faults demo` over each protocol.

use crate::helpers::program;

#[test]
fn it_shows_the_same_over_each_protocol() {
    let shown = |arguments: &[&str], over: &str| {
        let output = program::command(arguments.iter().copied()).env_clear().output().unwrap();
        let notes = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{notes}");
        let first = notes.lines().next().unwrap();
        assert!(first.contains("listens on http://127.0.0.1:"), "{notes}");
        assert_eq!(first.ends_with("/v2/api.svc"), over == "SOAP", "{notes}");
        assert!(notes.contains(&format!("fetching its report over {over}\n")), "{notes}");
        let shown = String::from_utf8(output.stdout).unwrap();
        let (shown, command) = shown.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(command.contains("--protocol"), over != "SOAP", "{command}");
        shown.to_owned()
    };
    let soap = shown(&["demo"], "SOAP");
    assert!(soap.starts_with("Why 26 contacts failed to import\n"), "{soap}");
    assert_eq!(shown(&["demo", "--protocol", "rest"], "REST"), soap);

    // The newer API rejects fewer of these contacts.
    let v3 = shown(&["demo", "--protocol", "v3"], "V3");
    assert!(
        v3.starts_with("Why 12 contacts failed to import\n") && v3.contains("Invalid Email               4 "),
        "{v3}"
    );

    let output = program::command(["demo", "--protocol", "moon"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A year of imports is collected and served; a signal ends it, and nothing is left.
#[cfg(unix)]
#[test]
fn a_year_of_imports_as_a_dashboard() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use serde_json::Value;

    use crate::helpers::{http, midnight, patience};

    midnight::keep_away();

    let folder = tempfile::tempdir().unwrap();
    let mut demo = program::command(["demo", "--serve", "--listen", "localhost:0"]);
    let mut demo = demo.env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said: Vec<String> = BufReader::new(demo.stderr.take().unwrap()).lines().map(Result::unwrap).take(2).collect();
    assert!(said[0].contains("a year of imports of five accounts"), "{said:?}");
    let address = said[1].strip_prefix("faults: listening on http://").unwrap().parse().unwrap();
    let text = |path: &str| http::send(address, &format!("GET {path}"), &[], b"").unwrap();
    patience::until("it is never ready", || text("/readyz").status == 200);
    let page = text("/");
    assert!(page.text().contains("of 5 accounts fails more than usual"), "{}", page.text());
    let weeks: Vec<Value> = serde_json::from_str(text("/api/trends.json?by=week&since=365d").text()).unwrap();
    let of = |series: &str| weeks.iter().filter(|week| week["series"] == series).count();
    assert!(of("v2") > 50 && of("v3") > 50, "{} and {} weeks", of("v2"), of("v3"));
    let imports: Vec<Value> = serde_json::from_str(text("/api/imports.json?since=400d").text()).unwrap();
    assert_eq!(imports.len(), 5 * 92);

    let kill = std::process::Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "nothing is left");

    let remote = program::faults(["demo", "--serve", "--listen", "0.0.0.0:0"]);
    assert!(program::failure(&remote, 2).contains("other machines"));
}
