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
