//! Chromium shows the pages of the dashboard, and axe-core judges whether everybody can read them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use dotdigital_faults::ArchivedImport;
use serde_json::Value;

use crate::chromium::{chromium, draw};
use crate::helpers::archive::{self, days_ago};
use crate::helpers::http;
use crate::helpers::midnight;
use crate::helpers::pages::serve;
use crate::helpers::patience;
use crate::helpers::peers::{self, Running};
use crate::helpers::program;

/// Imports of three accounts over some months: one fails more than usual, for a reason that looks like a script.
fn imports() -> Vec<ArchivedImport> {
    midnight::keep_away();
    let each = (0..120_u64).map(|number| {
        let (account, base) = [("europe", 20), ("asia", 8), ("africa", 40)][number as usize % 3];
        let is_worse = number == 0;
        let bounced = base + number * 7 % 11 + if is_worse { 90 } else { 0 };
        let script = "<script>document.title='PWNED'</script>";
        let faults =
            [("Hard bounced", bounced), ("Invalid Email", base / 2), (script, number % 2 + u64::from(is_worse))];
        let contacts = (number % 7 < 6).then_some(1000 + 3 * number);
        archive::import(number.into(), account, days_ago(number), &faults, contacts)
    });
    each.collect()
}

/// `faults serve` of an archive of these, once it has read it. It ends with the test.
fn dashboard(root: &Path) -> Running {
    archive::make(root, &imports());
    let server = Running::start(|address| {
        let mut command = program::command(["serve", "--archive"]);
        command.arg(root).arg("--listen").arg(address.to_string()).stderr(Stdio::null());
        command
    });
    patience::until("it isn't ready", || {
        http::send(server.address(), "GET /readyz", &[], b"").is_ok_and(|answer| answer.status == 200)
    });
    server
}

/// The paths of some pages.
const PAGES: [&str; 4] = [
    "/",
    "/?since=365d&by=week&account=europe&reason=hard_bounced&reason=other",
    "/?by=account",
    "/imports/00000000-0000-0000-0000-000000000000",
];

fn page(server: &Running, path: &str) -> String {
    let answer = http::send(server.address(), &format!("GET {path}"), &[], b"").unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text().to_owned()
}

/// The page as it stands in the browser, what the browser says of it, and what it has asked others for.
fn shown(url: &str) -> (String, String, Vec<String>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let proxy = serve(move |target| {
        if !crate::chromium::is_browsers_own(target) {
            seen.lock().unwrap().push(target.to_owned());
        }
        None
    });
    let profile = tempfile::tempdir().unwrap();
    let output = chromium(profile.path(), proxy)
        // Loopback alone is asked without the proxy.
        .arg("--proxy-bypass-list=127.0.0.1")
        .args(["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", url])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), std::mem::take(&mut *requests.lock().unwrap()))
}

#[test]
fn chromium_asks_nobody_else_and_breaks_no_policy() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = dashboard(&folder.path().join("archive"));
    for path in PAGES {
        let (dom, said, requests) = shown(&format!("http://{}{path}", server.address()));
        assert!(dom.contains("<main>") && dom.contains("Why they failed"), "{dom}");
        assert!(!dom.contains("<script") && !dom.contains("PWNED</title>"), "{dom}");
        assert!(!said.contains("Content Security Policy"), "{path}: {said}");
        assert!(requests.is_empty(), "{path}: {requests:?}");
    }
    // A style that the policy doesn't know is told of.
    let odd = folder.path().join("odd.html");
    let policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">";
    fs::write(&odd, format!("{policy}<style>p {{ color: red }}</style><p>odd")).unwrap();
    let (_, said, _) = shown(&format!("file://{}", odd.display()));
    assert!(said.contains("Content Security Policy"), "{said}");
}

#[test]
fn chromium_draws_them_light_dark_narrow_and_in_print() {
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = dashboard(&folder.path().join("archive"));
    for path in [PAGES[0], PAGES[3]] {
        draw(page(&server, path).as_bytes());
    }
}

/// What axe-core says of a page, with all of its disclosures open; and where the window is as narrow as it gets, which
/// elements a page of 360 pixels can't hold.
const JUDGE: &str = "
    document.querySelectorAll('details').forEach(details => details.open = true);
    axe.run(document).then(found => {
        const told = rule => ({id: rule.id, nodes: rule.nodes.map(node => node.html)});
        document.documentElement.style.width = '360px';
        const leaves = element => element.getBoundingClientRect().right > 360.5 && !element.closest('.hidden, thead');
        const all = innerWidth > 500 ? [] : [...document.body.querySelectorAll('*')];
        const wide = all.filter(leaves).slice(0, 9).map(element => element.outerHTML.slice(0, 200));
        const judged = {violations: found.violations.map(told), unsure: found.incomplete.map(told),
            passes: found.passes.length, wide};
        document.body.textContent = 'JUDGED ' + JSON.stringify(judged) + ' JUDGED';
    });";

/// What it says of a page in a window of this width, in light (1) or in dark (0).
fn judged(axe: &Path, html: &str, width: u32, scheme: u32, proxy: SocketAddr) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let axe = fs::read_to_string(axe).unwrap();
    fs::write(&page, format!("{html}<script>{axe}</script><script>{JUDGE}</script>")).unwrap();
    let output = chromium(&folder.path().join("profile"), proxy)
        .arg(format!("--window-size={width},2000"))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .args(["--virtual-time-budget=30000", "--dump-dom"])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    let body = dom.split_once("<body>").map_or(dom.as_str(), |(_, body)| body);
    let judged = body.split("JUDGED ").nth(1).unwrap_or_else(|| panic!("axe-core hasn't judged: {body:.500}"));
    let text = judged
        .split(" JUDGED")
        .next()
        .unwrap_or_default()
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn axe_finds_nothing_that_keeps_anybody_out() {
    let Some(axe): Option<PathBuf> = peers::axe_core() else { return peers::skip("axe-core") };
    if !peers::has_chromium() {
        return peers::skip("chromium");
    }
    let folder = tempfile::tempdir().unwrap();
    let server = dashboard(&folder.path().join("archive"));
    let proxy = serve(|_| None);
    for path in PAGES {
        let html = page(&server, path);
        for (width, scheme) in [(1200, 1), (1200, 0), (500, 1)] {
            let judged = judged(&axe, &html, width, scheme, proxy);
            assert_eq!(judged["violations"], Value::Array(Vec::new()), "{path}, {width}, {scheme}");
            assert_eq!(judged["unsure"], Value::Array(Vec::new()), "{path}, {width}, {scheme}");
            assert!(judged["passes"].as_u64().unwrap() > 15, "{judged}");
            assert_eq!(judged["wide"], Value::Array(Vec::new()), "{path}, {width}, {scheme}");
        }
    }
    // What is wrong is found: a name that is missing, a colour that can't be seen, and what is too wide.
    let wrong = "<!DOCTYPE html><html lang=en><title>wrong</title><body><main><h1>wrong</h1><input>\
        <p style='color: #ccc; background: #fff; width: 480px'>pale</p></main>";
    let judged = judged(&axe, wrong, 500, 1, proxy);
    let found: Vec<_> =
        judged["violations"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(found, ["color-contrast", "label"], "{judged}");
    assert_eq!(judged["wide"].as_array().unwrap().len(), 1, "{judged}");
}
