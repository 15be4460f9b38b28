//! Finds and starts foreign programs, and says where one is missing.
//!
//! `.ci/peers` installs them. Where one is missing, its tests say so and pass; with `DOTDIGITAL_FAULTS_PEERS=required`
//! they fail instead.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use uuid::{Uuid, uuid};

use super::patience;

/// A file of this package.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Says that a peer is missing, so that it is seen even where the test's own output isn't.
#[track_caller]
pub fn skip(peer: &str) {
    let words = format!("{peer} is missing; .ci/peers installs it");
    assert!(std::env::var_os("DOTDIGITAL_FAULTS_PEERS").is_none_or(|value| value != "required"), "{words}");
    say(&format!("skipped: {words}"));
}

/// Says why a test is skipped; unlike `eprintln!`, this isn't captured.
pub fn say(words: &str) {
    _ = writeln!(std::io::stderr(), "{words}");
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

/// A Python that has zeep.
pub fn python_with_zeep() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_ZEEP", "zeep")
}

/// A Python that has DuckDB.
pub fn python_with_duckdb() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_DUCKDB", "duckdb")
}

/// A Python that has the engines that read an archive.
pub fn python_with_engines() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_ENGINES", "datafusion, duckdb, polars, pyspark")
}

/// Is there a Java?
pub fn has_java() -> bool {
    runs(Command::new("java").arg("-version"))
}

/// A Python that has schemathesis.
pub fn python_with_schemathesis() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_V3", "schemathesis")
}

/// A Python that has moto's server.
pub fn python_with_moto() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_MOTO", "moto, flask, flask_cors")
}

/// A Python that has Kubernetes' schemas.
pub fn python_with_kubernetes() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_KUBERNETES", "kubernetes_validate")
}

/// A Python that has Airflow.
pub fn python_with_airflow() -> Option<PathBuf> {
    python_with("DOTDIGITAL_FAULTS_AIRFLOW", "airflow.sdk")
}

/// Azurite's server of blobs.
pub fn azurite() -> Option<PathBuf> {
    let azurite = std::env::var_os("DOTDIGITAL_FAULTS_AZURITE").map_or_else(|| "azurite-blob".into(), PathBuf::from);
    runs(Command::new(&azurite).arg("--version")).then_some(azurite)
}

/// A Python that has modules: the one that `.ci/peers` has made, which a variable names, or the system's own.
fn python_with(variable: &str, modules: &str) -> Option<PathBuf> {
    let python = std::env::var_os(variable).map_or_else(|| "python3".into(), PathBuf::from);
    runs(Command::new(&python).args(["-c", &format!("import {modules}")])).then_some(python)
}

/// A Python that has openpyxl: the one that `.ci/peers` has made, or the system's own.
pub fn python_with_openpyxl() -> Option<PathBuf> {
    let python = std::env::var_os("DOTDIGITAL_FAULTS_OPENPYXL").map_or_else(|| "python3".into(), PathBuf::from);
    runs(Command::new(&python).args(["-c", "import openpyxl"])).then_some(python)
}

/// Vega-Lite's own JSON Schema.
pub fn vega_lite_schema() -> Option<PathBuf> {
    std::env::var_os("DOTDIGITAL_FAULTS_VEGA_LITE").map(PathBuf::from).filter(|path| path.is_file())
}

/// The script of axe-core, which judges whether everybody can read a page.
pub fn axe_core() -> Option<PathBuf> {
    std::env::var_os("DOTDIGITAL_FAULTS_AXE").map(PathBuf::from).filter(|path| path.is_file())
}

/// The JSON Schema of our dashboards, made of the types that Grafana publishes.
pub fn grafana_schema() -> Option<PathBuf> {
    std::env::var_os("DOTDIGITAL_FAULTS_GRAFANA").map(PathBuf::from).filter(|path| path.is_file())
}

/// Are Prometheus and its tool there?
pub fn has_prometheus() -> bool {
    runs(Command::new("promtool").arg("--version")) && runs(Command::new("prometheus").arg("--version"))
}

/// Is the exporter there whose textfile collector reads our metrics?
pub fn has_node_exporter() -> bool {
    runs(Command::new("prometheus-node-exporter").arg("--version"))
}

/// Is there a PHP with SOAP?
pub fn has_php() -> bool {
    runs(Command::new("php").args(["-r", "exit(extension_loaded('soap') ? 0 : 1);"]))
}

/// Is Chromium there?
pub fn has_chromium() -> bool {
    runs(Command::new("chromium").arg("--version"))
}

/// The description of v3 that is the tests' own.
pub const V3_DESCRIPTION: &str = "tests/peers/v3.openapi.json";

/// A v3 that Python's connexion makes of our description: nothing of ours is in it. It ends with the test.
///
/// It knows the imports that are examples in there.
pub struct V3Peer(Running);

impl V3Peer {
    pub const USERNAME: &str = "apiuser-peer@apiconnector.com";
    pub const PASSWORD: &str = "peer-password";

    /// Finished, with failures of one code and of several.
    pub const FINISHED: Uuid = uuid!("5b1f6a52-0c7e-4c1d-9a55-2f0b8d6a7e31");
    /// Finished, without figures, with a contact that was imported in part, an unknown code, and no code at all.
    pub const ODD: Uuid = uuid!("0f0e0d0c-1111-4222-8333-444455556666");
    /// It never finishes.
    pub const UNFINISHED: Uuid = uuid!("00000000-0000-4000-8000-000000000001");
    /// It was rejected by the watchdog.
    pub const REJECTED: Uuid = uuid!("00000000-0000-4000-8000-000000000002");
    /// There is none of this id.
    pub const UNKNOWN: Uuid = uuid!("00000000-0000-4000-8000-000000000009");

    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// The base address, as a client takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// Starts it; `None` where connexion is missing, which is said.
#[track_caller]
pub fn v3_peer() -> Option<V3Peer> {
    let Some(python) = python_with("DOTDIGITAL_FAULTS_V3", "connexion, uvicorn") else {
        skip("Python's connexion");
        return None;
    };
    Some(V3Peer(Running::start(|address| {
        let mut command = Command::new(&python);
        command.arg(file("tests/peers/v3_server.py")).arg(address.port().to_string());
        command.args([V3Peer::USERNAME, V3Peer::PASSWORD]).stderr(Stdio::null());
        command
    })))
}

/// A server that ends with the test.
pub struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    /// Starts it on a free port, and waits until it listens.
    #[track_caller]
    pub fn start(mut command: impl FnMut(SocketAddr) -> Command) -> Running {
        // Somebody else may take the port between our finding it and the server's; then another one.
        (0..5).find_map(|_| Running::try_start(&mut command)).expect("it listens on some port")
    }

    /// Starts it on a port that was free a moment ago; `None` if it has ended instead of listening.
    fn try_start(command: &mut impl FnMut(SocketAddr) -> Command) -> Option<Running> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = command(address).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let mut running = Running { child, address };
        let (mut has_ended, mut listens) = (false, false);
        patience::until("it neither listens nor ends", || {
            has_ended = running.child.try_wait().unwrap().is_some();
            listens = !has_ended && TcpStream::connect(address).is_ok();
            has_ended || listens
        });
        listens.then_some(running)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
