//! Foreign programs to speak to: PHP's `SoapServer`, Python's zeep, libxml2's `xmllint`, LibreOffice, shells. A test uses
//! what it needs.
//!
//! `.ci/peers` installs them. Where one is missing, its tests say so and pass; with `DOTDIGITAL_FAULTS_PEERS=required`
//! they fail instead.
#![allow(dead_code)]

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A file of this package.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Says that a peer is missing, so that it is seen even where the test's own output isn't.
#[track_caller]
pub fn skip(peer: &str) {
    let words = format!("{peer} is missing; .ci/peers installs it");
    assert!(std::env::var_os("DOTDIGITAL_FAULTS_PEERS").is_none_or(|value| value != "required"), "{words}");
    // Unlike `eprintln!`, this isn't captured.
    _ = writeln!(std::io::stderr(), "skipped: {words}");
}

/// Does a command run, and well?
fn runs(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Is `xmllint` there?
pub fn has_xmllint() -> bool {
    runs(Command::new("xmllint").arg("--version"))
}

/// A Python that has zeep: the one that `.ci/peers` has made, or the system's own.
pub fn python_with_zeep() -> Option<PathBuf> {
    let python = std::env::var_os("DOTDIGITAL_FAULTS_ZEEP").map_or_else(|| "python3".into(), PathBuf::from);
    runs(Command::new(&python).args(["-c", "import zeep"])).then_some(python)
}

/// A Python that has DuckDB: the one that `.ci/peers` has made, or the system's own.
pub fn python_with_duckdb() -> Option<PathBuf> {
    let python = std::env::var_os("DOTDIGITAL_FAULTS_DUCKDB").map_or_else(|| "python3".into(), PathBuf::from);
    runs(Command::new(&python).args(["-c", "import duckdb"])).then_some(python)
}

/// Vega-Lite's own JSON Schema.
pub fn vega_lite_schema() -> Option<PathBuf> {
    std::env::var_os("DOTDIGITAL_FAULTS_VEGA_LITE").map(PathBuf::from).filter(|path| path.is_file())
}

/// Are Prometheus and its tool there?
pub fn has_prometheus() -> bool {
    runs(Command::new("promtool").arg("--version")) && runs(Command::new("prometheus").arg("--version"))
}

/// Is Chromium there?
pub fn has_chromium() -> bool {
    runs(Command::new("chromium").arg("--version"))
}

/// The service's operations on PHP's `SoapServer`, until it is dropped.
pub struct PhpServer {
    child: Child,
    address: SocketAddr,
}

impl PhpServer {
    pub const USERNAME: &str = "apiuser-php@apiconnector.com";
    pub const PASSWORD: &str = "php:pässword";
    /// The two as a header.
    pub const AUTHORIZATION: &str = "Authorization: Basic YXBpdXNlci1waHBAYXBpY29ubmVjdG9yLmNvbTpwaHA6cMOkc3N3b3Jk";

    /// Starts it on a free port, and waits until it listens; `None` where there is no PHP with SOAP, which is said.
    pub fn start() -> Option<PhpServer> {
        let has_soap = "exit(extension_loaded('soap') ? 0 : 1);";
        if !runs(Command::new("php").args(["-r", has_soap])) {
            skip("php with its SOAP extension");
            return None;
        }
        // Somebody else may take the port between our finding it and PHP's; then another one.
        (0..5).find_map(|_| PhpServer::try_start()).or_else(|| panic!("php doesn't listen on any port"))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn soap_url(&self) -> String {
        format!("http://{}/v2/api.svc", self.address)
    }

    fn try_start() -> Option<PhpServer> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new("php")
            .args(["-d", "memory_limit=-1", "-S", &address.to_string()])
            .arg(file("tests/peers/server.php"))
            .env("PEER_USERNAME", PhpServer::USERNAME)
            .env("PEER_PASSWORD", PhpServer::PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = PhpServer { child, address };
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && server.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(address).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for PhpServer {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
