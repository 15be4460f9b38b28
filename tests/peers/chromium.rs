//! Chromium shows the page, and nothing in it runs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::helpers::pages::serve;
use crate::helpers::peers;
use crate::inputs::{hostile, summary, trends_as};

/// Chromium without a window, which can reach nothing but what is named, and with a profile of its own.
pub fn chromium(folder: &Path, proxy: SocketAddr) -> Command {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(format!("--proxy-server=http://{proxy}"))
        .arg("--proxy-bypass-list=<-loopback>")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Where the browser asks for things of its own.
const BROWSERS_OWN: [&str; 3] = ["google.com", "googleapis.com", "gvt1.com"];

/// The browser asks its maker for things of its own, whatever the page.
pub fn is_browsers_own(target: &str) -> bool {
    let host = target.trim_start_matches("http://").split(['/', ':']).next().unwrap_or_default();
    BROWSERS_OWN.iter().any(|own| host == *own || host.ends_with(&format!(".{own}")))
}

/// The page as it stands once everything in it has run, and what it has asked for.
fn run_page(page: &Path) -> (String, Vec<String>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let proxy = serve(move |target| {
        if !is_browsers_own(target) {
            seen.lock().unwrap().push(target.to_owned());
        }
        None
    });
    let profile = tempfile::tempdir().unwrap();
    let url = format!("file://{}", page.display());
    let output =
        chromium(profile.path(), proxy).args(["--virtual-time-budget=3000", "--dump-dom"]).arg(url).output().unwrap();
    assert!(output.status.success());
    (String::from_utf8(output.stdout).unwrap(), std::mem::take(&mut *requests.lock().unwrap()))
}

#[test]
fn chromium_runs_and_fetches_nothing() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let hostile = hostile(folder.path());
    for by in ["country", "domain"] {
        let page = folder.path().join(format!("{by}.html"));
        fs::write(&page, summary(&[hostile.to_str().unwrap(), "--by", by, "--format", "html"])).unwrap();
        let (dom, requests) = run_page(&page);
        assert!(dom.contains("<title>Why 4 contacts failed to import</title>"), "{dom}");
        assert!(dom.contains("&lt;script&gt;document.title='PWNED'&lt;/script&gt;"), "{dom}");
        assert!(!dom.contains("<script") && !dom.contains("<img"), "{dom}");
        assert!(requests.is_empty(), "{requests:?}");
    }
    // The same text, where nothing escapes it and nothing forbids it, runs and fetches.
    let page = folder.path().join("unsafe.html");
    fs::write(&page, "<title>safe</title><img src=http://peer.invalid/x><script>document.title='PWNED'</script>")
        .unwrap();
    let (dom, requests) = run_page(&page);
    assert!(dom.contains("<title>PWNED</title>"), "{dom}");
    assert_eq!(requests, ["http://peer.invalid/x"]);
}

#[test]
fn chromium_draws_it_light_dark_and_narrow() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    draw(&summary(&["fixtures/all-reasons.csv", "--by", "country", "--format", "html"]));
    draw(&trends_as("html")[1]);
}

/// Draws a page in each way in which it may be seen.
pub fn draw(html: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, html).unwrap();
    let proxy = serve(|_| None);
    let draw = |name: &str, arguments: &[&str], file: &str| {
        let path = folder.path().join(file);
        let profile = folder.path().join(name);
        let status = chromium(&profile, proxy)
            .args(arguments)
            .arg(match file.ends_with(".pdf") {
                true => format!("--print-to-pdf={}", path.display()),
                false => format!("--screenshot={}", path.display()),
            })
            .arg(format!("file://{}", page.display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        fs::read(path).unwrap()
    };
    let light = draw("light", &["--window-size=1200,2400", "--blink-settings=preferredColorScheme=1"], "light.png");
    let dark = draw("dark", &["--window-size=1200,2400", "--blink-settings=preferredColorScheme=0"], "dark.png");
    let narrow = draw("narrow", &["--window-size=500,3600"], "narrow.png");
    let print = draw("print", &["--no-pdf-header-footer"], "print.pdf");
    assert_ne!(light, dark);
    for picture in [light, dark, narrow] {
        // An empty page takes a few KiB.
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 50_000, "{} bytes", picture.len());
    }
    assert!(print.starts_with(b"%PDF") && print.len() > 20_000, "{} bytes", print.len());
}
